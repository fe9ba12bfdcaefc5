"""What layers become that pool.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/backend/tensorflow/nn.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.convolution import from_last, last, shape_of, to_last
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType, Shape

__all__ = ["POOLINGS"]


def _pool(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[-2])
    is_max = "Max" in call.kind
    shape = last(shape_of(call), call)
    x = to_last(trace, call.first) if call.channels_first else call.first
    size = call.numbers("pool_size", rank, 2)
    strides = call.numbers("strides", rank, list(size))
    padding = "SAME" if call.config.get("padding") == "same" else "VALID"
    if rank == 3:
        name = "MaxPool3D" if is_max else "AvgPool3D"
        y = trace.flex(name, [x], shape, f"pooling over three dimensions needs Flex{name}")
    elif rank == 1:
        wide = trace.expand(x, 1)
        pooled = _pool_2d(trace, wide, (shape[0], 1, *shape[1:]), (1, size[0]), (1, strides[0]), padding, is_max=is_max)
        y = trace.reshape(pooled, shape)
    else:
        y = _pool_2d(trace, x, shape, (size[0], size[1]), (strides[0], strides[1]), padding, is_max=is_max)
    return from_last(trace, y) if call.channels_first else y


def _pool_2d(
    trace: Trace, x: Value, shape: Shape, size: tuple[int, int], strides: tuple[int, int], padding: str, *, is_max: bool
) -> Value:
    return trace.emit(
        "MAX_POOL_2D" if is_max else "AVERAGE_POOL_2D", [x], shape, x.dtype, padding=padding,
        filter_height=size[0], filter_width=size[1], stride_h=strides[0], stride_w=strides[1],
        fused_activation_function="NONE",
    )  # fmt: skip


def _global(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[-2])
    axes = list(range(2, rank + 2)) if call.channels_first else list(range(1, rank + 1))
    keep = bool(call.config.get("keepdims"))
    if call.first.rank != rank + 2:
        raise Cannot(Status.UNKNOWN, f"what it reads has {call.first.rank} dimensions")
    return trace.reduce("REDUCE_MAX" if "Max" in call.kind else "MEAN", call.first, axes, keep=keep)


def _adaptive(trace: Trace, call: Call) -> Value:
    """Two poolings with windows of neighbouring sizes in each dimension, of which places are gathered."""
    rank = int(call.kind[-2])
    is_max = "Max" in call.kind
    sizes = call.numbers("output_size", rank)
    if rank == 3:
        name = "MaxPool3D" if is_max else "AvgPool3D"
        trace.tell(Status.FLEX, f"pooling over three dimensions needs Flex{name}")
    if 1 in sizes:
        raise Cannot(Status.FAILS, "with an output_size of 1 one of its windows is larger than what it reads")
    x = to_last(trace, call.first) if call.channels_first else call.first
    for axis, size in enumerate(sizes, 1):
        given = x.sizes[axis]
        if given is None:
            raise Cannot(Status.UNKNOWN, "it pools over a dimension of a size that is open")
        x = _adaptive_axis(trace, x, axis, given, size, is_max=is_max)
    return from_last(trace, x) if call.channels_first else x


def _adaptive_axis(trace: Trace, x: Value, axis: int, given: int, size: int, *, is_max: bool) -> Value:
    window = -(-given // size)
    parts = []
    for length in (window, window + 1):
        places = given - length + 1
        shape = (*x.sizes[:axis], max(0, places), *x.sizes[axis + 1 :])
        parts.append(_window(trace, x, axis, length, shape, is_max=is_max))
    joined = trace.concat(parts, axis)
    shape = (*x.sizes[:axis], size, *x.sizes[axis + 1 :])
    return trace.emit("GATHER", [joined, trace.constant(size, dtype=DType.INT32)], shape, axis=axis, batch_dims=0)


def _window(trace: Trace, x: Value, axis: int, length: int, shape: Shape, *, is_max: bool) -> Value:
    rank = x.rank - 2
    if rank == 3:
        return trace.emit(
            "FlexMaxPool3D" if is_max else "FlexAvgPool3D", [x], shape, custom=True, window=(axis, length)
        )
    if rank == 1:
        wide = trace.expand(x, 1)
        row = (shape[0], 1, *shape[1:])
        return trace.reshape(_pool_2d(trace, wide, row, (1, length), (1, 1), "VALID", is_max=is_max), shape)
    size = (length, 1) if axis == 1 else (1, length)
    return _pool_2d(trace, x, shape, size, (1, 1), "VALID", is_max=is_max)


POOLINGS: Mapping[str, Callable[[Trace, Call], Value]] = {
    f"{prefix}{how}Pooling{rank}D": lower
    for rank in (1, 2, 3)
    for how in ("Max", "Average")
    for prefix, lower in (("", _pool), ("Global", _global), ("Adaptive", _adaptive))
}
"""Class of a layer -> what it becomes."""
