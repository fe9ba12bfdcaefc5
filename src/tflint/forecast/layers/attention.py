"""What layers of attention become.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.dense import fully_connected
from tflint.forecast.layers.merging import matmul
from tflint.forecast.layers.space import repeat
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["ATTENTION"]


def _attention(trace: Trace, call: Call) -> tuple[Value, ...]:
    if len(call.inputs) < 2:
        raise Cannot(Status.UNKNOWN, "it has one input")
    query, value = call.inputs[:2]
    key = call.inputs[2] if len(call.inputs) > 2 else value
    scaled = bool(call.config.get("use_scale", call.kind == "AdditiveAttention"))
    if call.kind == "AdditiveAttention" or call.config.get("score_mode", "dot") == "concat":
        y = trace.unary(
            "TANH", trace.binary("ADD", trace.expand(query, 2), key if key.sizes[0] == 1 else trace.expand(key, 1))
        )
        if call.kind == "AdditiveAttention":
            y = trace.binary("MUL", y, trace.constant(query.sizes[-1])) if scaled else y
            scores = trace.reduce("SUM", y, [-1], keep=False)
        else:
            y = trace.binary("MUL", y, trace.scalar()) if scaled else y
            scores = trace.binary("MUL", trace.reduce("SUM", y, [-1], keep=False), trace.scalar())
    else:
        scores = matmul(trace, query, key, adj_y=True)
        scores = trace.binary("MUL", scores, trace.scalar()) if scaled else scores
    if call.arguments.get("use_causal_mask") or any(each.is_masked for each in call.inputs):
        less = trace.binary("SUB", scores, trace.scalar())
        scores = trace.select(trace.constant(*(1 if size is None else size for size in scores.sizes)), scores, less)
    weights = trace.unary("SOFTMAX", scores, beta=1.0)
    result = matmul(trace, weights, value)
    return (result, weights) if call.arguments.get("return_attention_scores") else (result,)


def _heads(trace: Trace, x: Value, heads: int, depth: int, *, bias: bool) -> Value:
    """A projection, with its heads apart."""
    inside = bias and x.is_static
    y = fully_connected(trace, x, heads * depth, bias=inside)
    y = trace.reshape(y, (*x.sizes[:-1], heads, depth))
    return trace.binary("ADD", y, trace.constant(heads, depth)) if bias and not inside else y


def _kept(trace: Trace, x: Value, *, grouped: bool) -> Value:
    """The RESHAPE to the same shape that is left of products of an open batch."""
    if grouped or x.is_static:
        return x
    return trace.emit("RESHAPE", [x, trace.constant(x.rank, dtype=DType.INT32)], x.shape)


def _multi_head(trace: Trace, call: Call) -> tuple[Value, ...]:
    if (
        len(call.inputs) < 2
        or any(value.rank != 3 for value in call.inputs)
        or call.config.get("attention_axes") not in (None, [1], (1,))
    ):
        raise Cannot(Status.BUILTIN, "it becomes products of matrices and a SOFTMAX")
    query, value = call.inputs[:2]
    key = call.inputs[2] if len(call.inputs) > 2 else value
    grouped = call.kind == "GroupQueryAttention"
    heads = call.number("num_query_heads" if grouped else "num_heads", 1)
    pairs = call.number("num_key_value_heads", 1) if grouped else heads
    depth = call.number("head_dim" if grouped else "key_dim", 1)
    width = depth if grouped else call.number("value_dim", depth)
    bias = bool(call.config.get("use_bias", True))
    q = _heads(trace, query, heads, depth, bias=bias)
    k = _heads(trace, key, pairs, depth, bias=bias)
    v = _heads(trace, value, pairs, width, bias=bias)
    if grouped:
        k, v = (repeat(trace, each, 2, heads // max(1, pairs)) for each in (k, v))
    if not grouped and call.config.get("dropout"):
        q = trace.binary("MUL", q, trace.scalar()) if not bias or not q.is_static else q
        q, k = trace.transpose(q, [0, 2, 3, 1]), trace.transpose(k, [0, 2, 1, 3])
        scores = trace.transpose(matmul(trace, k, q), [0, 1, 3, 2])
    else:
        q, k = trace.transpose(q, [0, 2, 1, 3]), trace.transpose(k, [0, 2, 3, 1])
        scores = _kept(trace, trace.binary("MUL", matmul(trace, q, k), trace.scalar()), grouped=grouped)
    masked = None
    if call.arguments.get("use_causal_mask") or any(each.is_masked for each in call.inputs):
        masked = trace.constant(1, 1, *(1 if size is None else size for size in scores.sizes[2:]))
        scores = trace.select(masked, scores, trace.scalar())
    weights = trace.unary("SOFTMAX", scores, beta=1.0)
    if masked is not None and not grouped and call.config.get("dropout"):
        weights = trace.select(masked, weights, trace.scalar())
    mixed = matmul(trace, weights, trace.transpose(v, [0, 2, 1, 3]))
    if not call.config.get("dropout"):
        mixed = _kept(trace, mixed, grouped=grouped)
    joined = trace.transpose(mixed, [0, 2, 1, 3])
    flat = trace.reshape(joined, (*query.sizes[:-1], heads * width))
    given = call.config.get("output_shape")
    if given is not None and not isinstance(given, int):
        raise Cannot(Status.BUILTIN, "it becomes products of matrices and a SOFTMAX")
    result = fully_connected(trace, flat, query.sizes[-1] if given is None else given, bias=bias)
    return (result, weights) if call.arguments.get("return_attention_scores") else (result,)


ATTENTION: Mapping[str, Callable[[Trace, Call], tuple[Value, ...]]] = {
    "AdditiveAttention": _attention,
    "Attention": _attention,
    "GroupQueryAttention": _multi_head,
    "MultiHeadAttention": _multi_head,
}
"""Class of a layer -> what it becomes."""
