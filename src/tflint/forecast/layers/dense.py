"""What layers become that multiply by a matrix, or look rows of it up.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/core/{dense,einsum_dense,embedding}.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.activations import activate, activation_of
from tflint.forecast.layers.convolution import shape_of
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value, product
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["DENSE", "fully_connected"]


def fully_connected(trace: Trace, x: Value, units: int | None, *, bias: bool, depth: int | None = None) -> Value:
    """A FULLY_CONNECTED with constant weights; `depth` where the last size of the value does not tell it."""
    new = (*x.sizes[:-1], units)
    return trace.emit(
        "FULLY_CONNECTED",
        [x, trace.constant(units, depth or x.sizes[-1]), trace.constant(units) if bias else None], new,
        fused_activation_function="NONE", weights_format="DEFAULT", keep_num_dims=len(new) > 2,
        asymmetric_quantize_inputs=False,
    )  # fmt: skip


def _dense(trace: Trace, call: Call) -> Value:
    x, units = call.first, call.number("units", 0)
    bias = bool(call.config.get("use_bias", True))
    if call.config.get("quantization_config") or call.config.get("lora_rank"):
        raise Cannot(Status.UNKNOWN, "its weights are quantized by Keras, or have a LoRA")
    if x.rank > 2 and None in x.sizes:
        y = _unfolded(trace, x, units)
        if bias:
            y = trace.binary("ADD", y, trace.constant(units))
    else:
        y = fully_connected(trace, x, units, bias=bias)
    return activate(trace, y, activation_of(call))


def _unfolded(trace: Trace, x: Value, units: int) -> Value:
    """A product whose rows are counted when the model runs."""
    rank = x.rank
    sizes = trace.emit("SHAPE", [x], (rank,), DType.INT32, out_type="INT32")
    index = trace.constant(rank - 1, dtype=DType.INT32)
    free = trace.emit("GATHER", [sizes, index], (rank - 1,), DType.INT32, axis=0, batch_dims=0)
    rows = trace.reduce("REDUCE_PROD", free, [0], keep=False)
    after = trace.emit("CONCATENATION", [free, trace.constant(1, dtype=DType.INT32)], (rank,), DType.INT32, axis=0)
    last = trace.emit("GATHER", [sizes, trace.constant(1, dtype=DType.INT32)], (1,), DType.INT32, axis=0, batch_dims=0)
    depth = trace.reduce("REDUCE_PROD", last, [0], keep=False)
    shape = trace.emit("PACK", [rows, depth], (2,), DType.INT32, values_count=2, axis=0)
    flat = trace.emit("RESHAPE", [x, shape], (None, None))
    made = fully_connected(trace, flat, units, bias=False, depth=x.sizes[-1])
    return trace.emit("RESHAPE", [made, after], (*x.sizes[:-1], units))


def _einsum_dense(trace: Trace, call: Call) -> Value:
    """The equations that are a product of matrices, with its dimensions made one and back."""
    shape = shape_of(call)
    equation = str(call.config.get("equation", "")).replace(" ", "")
    left, _, result = equation.partition("->")
    source, _, weights = left.partition(",")
    x = call.first
    if "..." in source:
        free = x.rank - len(source.replace("...", ""))
        filler = "".join(chr(0x100 + number) for number in range(free))
        source, result = source.replace("...", filler), result.replace("...", filler)
    summed = [letter for letter in source if letter in weights and letter not in result]
    made = [letter for letter in result if letter in weights and letter not in source]
    batch = [letter for letter in source if letter in weights and letter in result]
    kept = [letter for letter in source if letter not in weights]
    plain = source == "".join([*kept, *summed]) and result == "".join([*kept, *made])
    if batch or not plain or not summed or not made:
        raise Cannot(Status.BUILTIN, f"the equation {equation[:60]} becomes products of matrices")
    known = dict(zip(source, x.sizes, strict=True))
    depth = product(known[letter] for letter in summed)
    units = product(shape[len(kept) :])
    bias = call.config.get("bias_axes") is not None
    if len(summed) > 1:
        x = trace.reshape(x, (*x.sizes[: len(kept)], depth))
    inside = bias and (len(made) == 1 or x.is_static)
    y = fully_connected(trace, x, units, bias=inside)
    y = trace.reshape(y, shape)
    if bias and not inside:
        y = trace.binary("ADD", y, trace.constant(*shape[len(kept) :]))
    return activate(trace, y, activation_of(call))


def _embedding(trace: Trace, call: Call) -> Value:
    x = call.first
    if x.dtype not in (DType.INT32, DType.INT64):
        x = trace.unary("CAST", x, DType.INT32)
    below = trace.binary("LESS", x, trace.scalar(x.dtype), DType.BOOL)
    moved = trace.binary("ADD", x, trace.scalar(x.dtype))
    index = trace.select(below, moved, x)
    table = trace.constant(call.number("input_dim", 0), call.number("output_dim", 0))
    y = trace.emit("GATHER", [table, index], shape_of(call), axis=0, batch_dims=0)
    y.is_masked = bool(call.config.get("mask_zero"))
    return y


DENSE: Mapping[str, Callable[[Trace, Call], Value]] = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Embedding": _embedding,
    "ReversibleEmbedding": _embedding,
}
"""Class of a layer -> what it becomes."""
