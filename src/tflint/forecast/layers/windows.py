"""The shapes that layers give which look at images, or sequences, through windows, or resize them.

Source: Keras 3.15.1, keras/src/ops/operation_utils.py, compute_conv_output_shape and compute_pooling_output_shape;
keras/src/backend/common/backend_utils.py, compute_conv_transpose_output_shape; keras/src/layers/{pooling,reshaping}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.trace import Call, Cannot
from tflint.forecast.status import Status
from tflint.model import Shape

__all__ = ["WINDOWS", "amounts", "transposed", "window"]


def _space(call: Call, rank: int) -> tuple[int | None, tuple[int | None, ...], int | None]:
    """The batch, the sizes of the space, and the channels.

    Raises:
        Cannot: it has another number of dimensions.
    """
    sizes = call.first.sizes
    if len(sizes) != rank + 2:
        raise Cannot(Status.UNKNOWN, f"what it reads has {len(sizes)} dimensions, not {rank + 2}")
    if call.channels_first:
        return sizes[0], sizes[2:], sizes[1]
    return sizes[0], sizes[1:-1], sizes[-1]


def _shape(call: Call, batch: int | None, space: tuple[int | None, ...], channels: int | None) -> Shape:
    return (batch, channels, *space) if call.channels_first else (batch, *space, channels)


def window(size: int | None, kernel: int, stride: int, dilation: int, padding: str) -> int | None:
    """So many places a window has in a dimension."""
    if size is None:
        return None
    if padding == "valid":
        return max(0, (size - dilation * (kernel - 1) - 1) // stride + 1)
    return (size - 1) // stride + 1


def transposed(
    size: int | None, kernel: int, stride: int, dilation: int, padding: str, extra: int | None
) -> int | None:
    """The size that a transposed convolution gives a dimension."""
    if size is None:
        return None
    kernel = (kernel - 1) * dilation + 1
    if padding == "valid":
        return (size - 1) * stride + kernel + (max(kernel, stride) - kernel if extra is None else extra)
    return size * stride if extra is None else (size - 1) * stride + kernel % 2 + extra


def _conv(rank: int, channels: Callable[[Call, int | None], int | None]) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, space, depth = _space(call, rank)
        kernel, strides = call.numbers("kernel_size", rank), call.numbers("strides", rank)
        dilation = call.numbers("dilation_rate", rank)
        padding = str(call.config.get("padding", "valid"))
        new = tuple(window(*each, padding) for each in zip(space, kernel, strides, dilation, strict=True))
        return (_shape(call, batch, new, channels(call, depth)),)

    return rule


def _transpose(rank: int) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, space, _ = _space(call, rank)
        kernel, strides = call.numbers("kernel_size", rank), call.numbers("strides", rank)
        dilation = call.numbers("dilation_rate", rank)
        padding = str(call.config.get("padding", "valid"))
        given = call.config.get("output_padding")
        extra = [None] * rank if given is None else list(call.numbers("output_padding", rank))
        new = tuple(
            transposed(*each[:4], padding, each[4])
            for each in zip(space, kernel, strides, dilation, extra, strict=True)
        )
        return (_shape(call, batch, new, call.number("filters", 0)),)

    return rule


def _pool(rank: int) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, space, depth = _space(call, rank)
        size = call.numbers("pool_size", rank, 2)
        strides = call.numbers("strides", rank, list(size))
        padding = str(call.config.get("padding", "valid"))
        new = tuple(
            window(place, kernel, step, 1, padding) for place, kernel, step in zip(space, size, strides, strict=True)
        )
        return (_shape(call, batch, new, depth),)

    return rule


def _global(rank: int) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, _, depth = _space(call, rank)
        if call.config.get("keepdims"):
            return (_shape(call, batch, (1,) * rank, depth),)
        return ((batch, depth),)

    return rule


def _adaptive(rank: int) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, _, depth = _space(call, rank)
        return (_shape(call, batch, call.numbers("output_size", rank), depth),)

    return rule


def _upsampling(rank: int) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, space, depth = _space(call, rank)
        factors = call.numbers("size", rank, 2)
        new = tuple(None if size is None else size * factor for size, factor in zip(space, factors, strict=True))
        return (_shape(call, batch, new, depth),)

    return rule


def amounts(call: Call, key: str, rank: int) -> tuple[tuple[int, int], ...]:
    """What is added to, or cut from, both ends of each dimension of the space.

    Raises:
        Cannot: the setting is something else.
    """
    value = call.config.get(key, 1)
    if isinstance(value, int):
        return ((value, value),) * rank
    if isinstance(value, list | tuple):
        pairs = [value] if rank == 1 and len(value) == 2 and isinstance(value[0], int) else value
        pairs = [(each, each) if isinstance(each, int) else tuple(each) for each in pairs]
        if len(pairs) == rank and all(len(pair) == 2 and all(isinstance(one, int) for one in pair) for pair in pairs):
            return tuple((pair[0], pair[1]) for pair in pairs)
    raise Cannot(Status.UNKNOWN, f"its {key} is {str(value)[:40]!r}")


def _moved(rank: int, key: str, sign: int) -> Callable[[Call], tuple[Shape]]:
    def rule(call: Call) -> tuple[Shape]:
        batch, space, depth = _space(call, rank)
        pairs = amounts(call, key, rank)
        new = tuple(None if size is None else size + sign * sum(pair) for size, pair in zip(space, pairs, strict=True))
        return (_shape(call, batch, new, depth),)

    return rule


def _resized(call: Call) -> tuple[Shape]:
    sizes = call.first.sizes
    new = (call.number("height", 0), call.number("width", 0))
    if len(sizes) == 3:
        return ((sizes[0], *new) if call.channels_first else (*new, sizes[-1]),)
    batch, _, depth = _space(call, 2)
    return (_shape(call, batch, new, depth),)


def _filters(call: Call, _depth: int | None) -> int | None:
    return call.number("filters", 0)


def _multiplied(call: Call, depth: int | None) -> int | None:
    return None if depth is None else depth * call.number("depth_multiplier", 1)


WINDOWS: Mapping[str, Callable[[Call], tuple[Shape, ...]]] = {
    **{f"Conv{rank}D": _conv(rank, _filters) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": _transpose(rank) for rank in (1, 2, 3)},
    **{f"SeparableConv{rank}D": _conv(rank, _filters) for rank in (1, 2)},
    **{f"DepthwiseConv{rank}D": _conv(rank, _multiplied) for rank in (1, 2)},
    **{f"{how}Pooling{rank}D": _pool(rank) for rank in (1, 2, 3) for how in ("Max", "Average")},
    **{f"Global{how}Pooling{rank}D": _global(rank) for rank in (1, 2, 3) for how in ("Max", "Average")},
    **{f"Adaptive{how}Pooling{rank}D": _adaptive(rank) for rank in (1, 2, 3) for how in ("Max", "Average")},
    **{f"UpSampling{rank}D": _upsampling(rank) for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": _moved(rank, "padding", 1) for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _moved(rank, "cropping", -1) for rank in (1, 2, 3)},
    "CenterCrop": _resized,
    "RandomCrop": _resized,
    "Resizing": _resized,
}
"""Class of a layer -> the shape that it gives."""
