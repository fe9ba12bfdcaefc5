"""What layers become that make one value of several, and those that normalize.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/{merging,normalization}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tflint.forecast.layers.convolution import shape_of
from tflint.forecast.layers.shapes import dot_axes
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["MERGING", "matmul"]

_KINDS = {
    "Add": "ADD",
    "Average": "ADD",
    "Maximum": "MAXIMUM",
    "Minimum": "MINIMUM",
    "Multiply": "MUL",
    "Subtract": "SUB",
}


def _merge(trace: Trace, call: Call) -> Value:
    y = call.first
    for value in call.inputs[1:]:
        if value.rank != y.rank:
            raise Cannot(Status.UNKNOWN, "it merges values with different numbers of dimensions")
        y = trace.binary(_KINDS[call.kind], y, value)
    return trace.binary("MUL", y, trace.scalar()) if call.kind == "Average" else y


def _concatenate(trace: Trace, call: Call) -> Value:
    if len(call.inputs) == 1:
        return call.first
    axis = call.number("axis", -1) % call.first.rank
    shape_of(call)
    return trace.concat(call.inputs, axis)


def matmul(trace: Trace, x: Value, y: Value, *, adj_x: bool = False, adj_y: bool = False) -> Value:
    """A BATCH_MATMUL."""
    rows = x.sizes[-1] if adj_x else x.sizes[-2]
    columns = y.sizes[-2] if adj_y else y.sizes[-1]
    lead = tuple(one if other in (1, None) else other for one, other in zip(x.sizes[:-2], y.sizes[:-2], strict=True))
    return trace.emit(
        "BATCH_MATMUL", [x, y], (*lead, rows, columns), adj_x=adj_x, adj_y=adj_y, asymmetric_quantize_inputs=False
    )


def _dot(trace: Trace, call: Call) -> Value:
    one, other = call.inputs[:2]
    left, right = dot_axes(call)
    if call.config.get("normalize"):
        one, other = (normalized(trace, value, axis) for value, axis in ((one, left), (other, right)))
    shape = shape_of(call)
    if one.rank == other.rank == 2:
        return trace.reshape(matmul(trace, trace.expand(one, 1), trace.expand(other, 2)), shape)
    if one.rank == other.rank == 3:
        return matmul(trace, one, other, adj_x=left == 1, adj_y=right == 2)
    return trace.emit("BATCH_MATMUL", [one, other], shape, adj_x=False, adj_y=False)


def normalized(trace: Trace, x: Value, axis: int) -> Value:
    """A value over its length, as keras.ops.normalize does it."""
    squared = trace.unary("SQUARE", x)
    summed = trace.reduce("SUM", squared, [axis], keep=True)
    bounded = trace.binary("MINIMUM", trace.unary("RSQRT", summed), trace.scalar())
    return trace.binary("MUL", x, bounded)


def _batch_normalization(trace: Trace, call: Call) -> Value:
    x = call.first
    axis = _axes(call, -1)[0] % x.rank
    size = x.sizes[axis]
    shape: Sequence[int | None] = [size] if axis == x.rank - 1 else [size, *[1] * (x.rank - 1 - axis)]
    return trace.binary("ADD", trace.binary("MUL", x, trace.constant(*shape)), trace.constant(*shape))


def _axes(call: Call, default: int) -> list[int]:
    axis = call.config.get("axis", default)
    if isinstance(axis, Mapping):
        axis = axis.get("items", default)
    return [axis] if isinstance(axis, int) else [int(each) for each in axis]


def _layer_normalization(trace: Trace, call: Call) -> Value:
    if call.config.get("rms_scaling"):
        raise Cannot(Status.BUILTIN, "it becomes a mean, a root and products")
    x = call.first
    axes = sorted(axis % x.rank for axis in _axes(call, -1))
    gamma = bool(call.config.get("scale", True))
    beta = bool(call.config.get("center", True))
    shape = tuple(size if place in axes else 1 for place, size in enumerate(x.sizes))
    return moments(trace, x, axes, shape if gamma else None, shape if beta else None)


def moments(
    trace: Trace, x: Value, axes: Sequence[int], gamma: Sequence[int | None] | None, beta: Sequence[int | None] | None
) -> Value:
    """A value without its mean and over its deviation, times gamma and plus beta."""
    mean = _mean(trace, x, axes)
    negative = trace.unary("NEG", mean)
    if x.rank > _BROADCAST_RANK:
        squared = trace.unary("SQUARE", trace.binary("SUB", x, mean))
    else:
        squared = trace.binary("SQUARED_DIFFERENCE", x, mean)
    variance = _mean(trace, squared, axes)
    scale = trace.unary("RSQRT", trace.binary("ADD", variance, trace.scalar()))
    if gamma is not None:
        scale = trace.binary("MUL", scale, trace.constant(*gamma))
    offset = trace.binary("MUL", negative, scale)
    if beta is not None:
        offset = trace.binary("ADD", offset, trace.constant(*beta))
    return trace.binary("ADD", trace.binary("MUL", x, scale), offset)


_BROADCAST_RANK = 4
"""SQUARED_DIFFERENCE is made of values with at most so many dimensions."""


def _mean(trace: Trace, x: Value, axes: Sequence[int]) -> Value:
    """A MEAN; of dimensions of size 1 there is none."""
    if all(x.sizes[axis] == 1 for axis in axes):
        return x
    return trace.reduce("MEAN", x, axes, keep=True)


def _group_normalization(trace: Trace, call: Call) -> Value:
    x = call.first
    axis = _axes(call, -1)[0] % x.rank
    channels = x.sizes[axis]
    groups = call.number("groups", 32)
    groups = channels or 0 if groups == -1 else groups
    if channels is None or not groups:
        raise Cannot(Status.UNKNOWN, "the number of its channels is not known")
    split = (*x.sizes[:axis], groups, channels // groups, *x.sizes[axis + 1 :])
    y = trace.reshape(x, split)
    shape = tuple(size if place in (axis, axis + 1) else 1 for place, size in enumerate(split))
    gamma = shape if call.config.get("scale", True) else None
    beta = shape if call.config.get("center", True) else None
    y = moments(trace, y, [place for place in range(1, len(split)) if place != axis], gamma, beta)
    if x.is_static:
        return trace.reshape(y, x.sizes)
    size = trace.emit("SHAPE", [x], (x.rank,), DType.INT32, out_type="INT32")
    return trace.emit("RESHAPE", [y, size], x.sizes, x.dtype)


def _rms(trace: Trace, call: Call) -> Value:
    x = call.first
    axes = [axis % x.rank for axis in _axes(call, -1)]
    mean = trace.reduce("MEAN", trace.unary("SQUARE", x), axes, keep=True)
    root = trace.unary("RSQRT", trace.binary("ADD", mean, trace.scalar()))
    shape = [size if place in axes else 1 for place, size in enumerate(x.sizes)]
    return trace.binary("MUL", trace.binary("MUL", x, root), trace.constant(*shape))


def _unit(trace: Trace, call: Call) -> Value:
    x = call.first
    axes = [axis % x.rank for axis in _axes(call, -1)]
    summed = trace.reduce("SUM", trace.unary("SQUARE", x), axes, keep=True)
    bounded = trace.binary("MINIMUM", trace.unary("RSQRT", summed), trace.scalar())
    return trace.binary("MUL", x, bounded)


def _masking(trace: Trace, call: Call) -> Value:
    x = call.first
    differs = trace.binary("NOT_EQUAL", x, trace.scalar(), DType.BOOL)
    kept = trace.reduce("REDUCE_ANY", differs, [-1], keep=True)
    y = trace.select(kept, x, trace.scalar())
    y.is_masked = True
    return y


MERGING: Mapping[str, Callable[[Trace, Call], Value]] = {
    **dict.fromkeys(_KINDS, _merge),
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Dot": _dot,
    "GroupNormalization": _group_normalization,
    "LayerNormalization": _layer_normalization,
    "Masking": _masking,
    "RMSNormalization": _rms,
    "SyncBatchNormalization": _batch_normalization,
    "UnitNormalization": _unit,
}
"""Class of a layer -> what it becomes."""
