"""What layers become that move values, add to them or cut them off.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/reshaping, keras/src/backend/tensorflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.convolution import from_last, last, shape_of, to_last
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.layers.windows import amounts
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["SPACE", "repeat"]


def _reshape(trace: Trace, call: Call) -> Value:
    return trace.batched(call.first, shape_of(call))


def _flatten(trace: Trace, call: Call) -> Value:
    x, shape = call.first, shape_of(call)
    if call.channels_first and x.rank > 2:
        x = to_last(trace, x)
    if trace.major < 3:
        return trace.reshape(x, shape)
    return trace.batched(x, shape)


def _permute(trace: Trace, call: Call) -> Value:
    return trace.transpose(call.first, [0, *call.numbers("dims", call.first.rank - 1)])


def repeat(trace: Trace, x: Value, axis: int, times: int) -> Value:
    """Each element of a dimension several times, as tf.repeat does it."""
    if times == 1 and x.is_static:
        return x
    size = x.sizes[axis]
    shape = (*x.sizes[:axis], None if size is None else size * times, *x.sizes[axis + 1 :])
    wide = trace.expand(x, axis + 1)
    tiled = (*wide.sizes[: axis + 1], times, *wide.sizes[axis + 2 :])
    copies = trace.ints([times if place == axis + 1 else 1 for place in range(wide.rank)])
    y = trace.emit("TILE", [wide, copies], tiled, x.dtype) if times > 1 else wide
    if x.is_static:
        return trace.reshape(y, shape)
    sizes = trace.emit("SHAPE", [x], (x.rank,), DType.INT32, out_type="INT32")
    part = trace.strided(sizes, (axis,), begin_mask=1, end=[axis])
    whole = trace.emit(
        "CONCATENATION", [part, trace.constant(x.rank - axis, dtype=DType.INT32)], (x.rank,), DType.INT32, axis=0
    )
    return trace.emit("RESHAPE", [y, whole], shape, x.dtype)


def _repeat_vector(trace: Trace, call: Call) -> Value:
    x = call.first
    wide = trace.batched(x, (x.sizes[0], 1, *x.sizes[1:]))
    return repeat(trace, wide, 1, call.number("n", 1))


def _upsampling(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[-2])
    factors = call.numbers("size", rank, 2)
    how = str(call.config.get("interpolation", "nearest"))
    x = call.first
    if rank == 2 and how != "nearest":
        if None in (x.sizes[2:] if call.channels_first else x.sizes[1:3]):
            raise Cannot(Status.FAILS, f"Keras cannot trace interpolation '{how}' of an image of an open size")
        return resize(trace, x, call, how)
    moved = rank == 2 and call.channels_first
    x = to_last(trace, x) if moved else x
    first = 2 if call.channels_first and not moved else 1
    for place, factor in enumerate(factors):
        x = repeat(trace, x, first + place, factor)
    return from_last(trace, x) if moved else x


def resize(trace: Trace, x: Value, call: Call, how: str) -> Value:
    """An image of another size."""
    if how.startswith("lanczos"):
        raise Cannot(Status.FAILS, f"the converter has nothing for interpolation '{how}'")
    shape = last(shape_of(call), call)
    is_first = call.channels_first
    y = to_last(trace, x) if is_first else x
    size = trace.constant(2, dtype=DType.INT32)
    if how == "bicubic":
        y = trace.flex("ResizeBicubic", [y, size], shape, "interpolation 'bicubic' needs FlexResizeBicubic")
    elif how == "area":
        raise Cannot(Status.FAILS, "the converter has nothing for interpolation 'area'")
    else:
        kind = "RESIZE_BILINEAR" if how == "bilinear" else "RESIZE_NEAREST_NEIGHBOR"
        y = trace.emit(kind, [y, size], shape, align_corners=False, half_pixel_centers=True)
    return from_last(trace, y) if is_first else y


def _padding(trace: Trace, call: Call) -> Value:
    x = call.first
    pairs = amounts(call, "padding", int(call.kind[-2]))
    if not any(any(pair) for pair in pairs):
        return x
    first = 2 if call.channels_first else 1
    whole = [0, 0] * first + [amount for pair in pairs for amount in pair] + [0, 0] * (x.rank - first - len(pairs))
    added = trace.ints(whole)
    added.shape = (x.rank, 2)
    return trace.emit("PAD", [x, added], shape_of(call), x.dtype)


def _cropping(trace: Trace, call: Call) -> Value:
    x = call.first
    pairs = amounts(call, "cropping", int(call.kind[-2]))
    if not any(any(pair) for pair in pairs):
        return x
    begin, end = [0] * x.rank, [0] * x.rank
    first = 2 if call.channels_first else 1
    for place, (before, after) in enumerate(pairs):
        begin[first + place], end[first + place] = before, -after
    mask = sum(1 << place for place in range(x.rank) if end[place] == 0)
    return trace.strided(x, shape_of(call), begin=begin, end=end, begin_mask=0, end_mask=mask)


SPACE: Mapping[str, Callable[[Trace, Call], Value]] = {
    **{f"UpSampling{rank}D": _upsampling for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": _padding for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _cropping for rank in (1, 2, 3)},
    "Flatten": _flatten,
    "Permute": _permute,
    "RepeatVector": _repeat_vector,
    "Reshape": _reshape,
}
"""Class of a layer -> what it becomes."""
