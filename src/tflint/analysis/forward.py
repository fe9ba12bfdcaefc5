"""The ops of a quantized graph on real numbers: what each makes of its inputs, before any rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from operator import add, mul, sub, truediv
from typing import TYPE_CHECKING, Any, NamedTuple

from tflint.model import DType, Op, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WEIGHTED", "forward", "real_bias", "real_weights"]

WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_BYTES = frozenset({DType.INT8, DType.UINT8})
_RANK = 6
_KERNEL = 32
"""Shapes of more dimensions, and kernels, strides and dilations of more places, are not followed."""


class _Given(NamedTuple):
    """What is known when an op runs: the values so far, and whether images are cut."""

    values: Mapping[Tensor, NDArray[Any]]
    cut: bool


def forward(op: Op, values: Mapping[Tensor, NDArray[Any]], cut: bool) -> NDArray[Any] | None:
    """The result of an op before its fused activation function; None where it is not known.

    The first dimension counts samples. `cut` says that images are not whole, so that nothing may depend on their size.
    """
    first = op.input(0)
    x = values.get(first) if first is not None else None
    if x is None or op.kind not in _FORWARD:
        return None
    return _FORWARD[op.kind](op, x, _Given(values, cut))


def real_weights(op: Op) -> NDArray[Any] | None:
    """The real values of the constant weights of an op; None where they can't be told."""
    import numpy as np

    tensor = op.input(1)
    quant = tensor.quant if tensor is not None else None
    if tensor is None or quant is None or not tensor.is_constant or tensor.dtype not in _BYTES or quant.details:
        return None
    values = tensor.array()
    if values is None or not values.size or not 0 < quant.scale.size == quant.zero_point.size:
        return None
    shape = [1] * values.ndim
    if quant.scale.size > 1:
        axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
        if axis >= values.ndim or values.shape[axis] != quant.scale.size:
            return None
        shape[axis] = -1
    points = quant.zero_point.astype(np.float32).reshape(shape)
    with np.errstate(all="ignore"):
        return np.asarray((values.astype(np.float32) - points) * quant.scale.reshape(shape))


def real_bias(op: Op) -> NDArray[Any] | None:
    """The real values of the bias of an op as its kernel scales it, zeros where it has none."""
    import numpy as np

    given, weights, bias = op.input(0), op.input(1), op.input(2)
    if given is None or given.quant is None or weights is None or weights.quant is None:
        return None
    axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
    channels = weights.default_shape[axis] if axis < len(weights.default_shape) else 0
    if bias is None:
        return np.zeros(channels) if channels <= 1 << 16 else None
    stored = bias.array() if bias.dtype is DType.INT32 else None
    if stored is None or stored.shape != (channels,) or given.quant.scale.size != 1:
        return None
    if weights.quant.scale.size not in {1, channels}:
        return None
    with np.errstate(all="ignore"):
        return np.asarray(stored * given.quant.scale.astype(np.float64) * weights.quant.scale)


def _same(_op: Op, x: NDArray[Any], _given: _Given) -> NDArray[Any]:
    return x


def _reshaped(op: Op, x: NDArray[Any], given: _Given) -> NDArray[Any] | None:
    shape = op.outputs[0].default_shape
    whole = not given.cut and 1 < len(shape) <= _RANK and shape[0] == 1 and prod(shape) == x[0].size
    return x.reshape(len(x), *shape[1:]) if whole else None


def _curved(op: Op, x: NDArray[Any], _: _Given) -> NDArray[Any]:
    import numpy as np

    if op.kind == "LOGISTIC":
        return np.asarray(1 / (1 + np.exp(-x)))
    return np.asarray(np.tanh(x) if op.kind == "TANH" else x * np.clip(x + 3, 0, 6) / 6)


def _joined(op: Op, x: NDArray[Any], given: _Given) -> NDArray[Any] | None:
    import numpy as np

    parts = [given.values[each] for each in op.inputs if each is not None and each in given.values]
    whole = len(parts) == len(op.inputs) and len({each.shape[:-1] for each in parts}) == 1
    return np.concatenate(parts, -1) if whole and op.options.get("axis") in {-1, x.ndim - 1} else None


def _paired(op: Op, x: NDArray[Any], given: _Given) -> NDArray[Any] | None:
    import numpy as np

    second = op.input(1)
    y = given.values.get(second) if second is not None else None
    if y is None and second is not None and second.elements in {1, x.shape[-1]}:
        y = real_weights(op)
        y = None if y is None else y.reshape(-1)
    if y is None or (y.ndim > 1 and y.shape != x.shape):
        return None
    made: dict[str, Callable[[Any, Any], Any]] = {"ADD": add, "SUB": sub, "MUL": mul, "DIV": truediv}
    return np.asarray(made[op.kind](x, y))


def _mean(op: Op, x: NDArray[Any], given: _Given) -> NDArray[Any] | None:
    axes = op.input(1)
    where = axes.array() if axes is not None and axes.is_constant else None
    if given.cut or where is None or not 0 < where.size < x.ndim:
        return None
    chosen = tuple({int(each) % x.ndim for each in where.reshape(-1)})
    kept = bool(op.options.get("keep_dims"))
    return None if {0, x.ndim - 1} & set(chosen) else x.mean(chosen, keepdims=kept)


def _padded(op: Op, x: NDArray[Any], _: _Given) -> NDArray[Any] | None:
    import numpy as np

    given = op.input(1)
    widths = given.array() if given is not None and given.is_constant else None
    if widths is None or widths.shape != (x.ndim, 2) or (widths < 0).any() or (widths > 8).any() or widths[0].any():
        return None
    return np.pad(x, [(int(before), int(after)) for before, after in widths])


def _tiled(op: Op, x: NDArray[Any], _: _Given) -> NDArray[Any] | None:
    import numpy as np

    given = op.input(1)
    times = given.array() if given is not None and given.is_constant else None
    if times is None or times.shape != (x.ndim,) or times[0] != 1 or (times < 1).any() or (times > 8).any():
        return None
    return np.tile(x, [int(each) for each in times]) if prod(times.tolist()) <= 64 else None


def _enlarged(op: Op, x: NDArray[Any], given: _Given) -> NDArray[Any] | None:
    shape = op.outputs[0].default_shape
    if (
        given.cut
        or x.ndim != 4
        or len(shape) != 4
        or shape[1] % x.shape[1]
        or shape[2] % x.shape[2]
        or shape[1] * shape[2] > 1 << 14
    ):
        return None
    return x.repeat(shape[1] // x.shape[1], 1).repeat(shape[2] // x.shape[2], 2)


def _weighted(op: Op, x: NDArray[Any], _: _Given) -> NDArray[Any] | None:
    import numpy as np

    w, b = real_weights(op), real_bias(op)
    if w is None or b is None:
        return None
    if op.kind == "FULLY_CONNECTED":
        if w.ndim != 2 or x[0].size % w.shape[1]:
            return None
        flat = x if x.shape[-1] == w.shape[1] else x.reshape(len(x), -1)
        return np.asarray(flat @ w.T + b.astype(np.float32)) if flat.shape[-1] == w.shape[1] else None
    if x.ndim != 4 or w.ndim != 4:
        return None
    grouped = op.kind == "DEPTHWISE_CONV_2D"
    if (w.shape[0] != 1 or w.shape[3] % x.shape[3]) if grouped else w.shape[3] != x.shape[3]:
        return None
    made: Any = b.astype(np.float32)
    seen = False
    for row, column, tap in _taps(op, x, (w.shape[1], w.shape[2])):
        seen = True
        if grouped:
            times = w.shape[3] // x.shape[3]
            made = made + (tap if times == 1 else tap.repeat(times, 3)) * w[0, row, column]
        else:
            made = made + tap @ w[:, row, column].T
    return np.asarray(made) if seen else None


def _taps(op: Op, x: NDArray[Any], size: tuple[int, int]) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """What each place of a kernel reads, as [samples, rows, columns, channels]. None where the kernel does not fit."""
    import numpy as np

    options = op.options
    strides = [int(options.get(name, 1)) for name in ("stride_h", "stride_w")]
    steps = [int(options.get(name, 1)) for name in ("dilation_h_factor", "dilation_w_factor")]
    if min(*strides, *steps, *size) < 1 or max(*strides, *steps, *size) > _KERNEL:
        return
    reach = [(each - 1) * step + 1 for each, step in zip(size, steps, strict=True)]
    if options.get("padding") == "SAME":
        pads = [(0, 0)]
        for axis in (0, 1):
            total = max(
                0, (-(-x.shape[axis + 1] // strides[axis]) - 1) * strides[axis] + reach[axis] - x.shape[axis + 1]
            )
            pads.append((total // 2, total - total // 2))
        x = np.pad(x, [*pads, (0, 0)], constant_values=-np.inf if op.kind == "MAX_POOL_2D" else 0)
    last = [x.shape[axis + 1] - reach[axis] for axis in (0, 1)]
    if min(last) < 0:
        return
    for row in range(size[0]):
        for column in range(size[1]):
            top, left = row * steps[0], column * steps[1]
            yield row, column, x[:, top : top + last[0] + 1 : strides[0], left : left + last[1] + 1 : strides[1]]


def _pooled(op: Op, x: NDArray[Any], given: _Given) -> NDArray[Any] | None:
    import numpy as np

    size = int(op.options.get("filter_height", 0)), int(op.options.get("filter_width", 0))
    if x.ndim != 4 or (given.cut and max(size) > 4):
        return None
    taps = [tap for _, _, tap in _taps(op, x, size)]
    if not taps:
        return None
    if op.kind == "MAX_POOL_2D":
        return np.asarray(np.maximum.reduce(taps))
    inside = [tap for _, _, tap in _taps(op, np.ones((1, *x.shape[1:3], 1), np.float32), size)]
    return np.asarray(sum(taps) / sum(inside))


_Forward = Callable[[Op, "NDArray[Any]", _Given], "NDArray[Any] | None"]
_FORWARD: Mapping[str, _Forward] = {
    **dict.fromkeys(WEIGHTED, _weighted),
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV"), _paired),
    **dict.fromkeys(("QUANTIZE", "RELU", "RELU6"), _same),
    **dict.fromkeys(("RESHAPE", "EXPAND_DIMS", "SQUEEZE"), _reshaped),
    **dict.fromkeys(("LOGISTIC", "TANH", "HARD_SWISH"), _curved),
    **dict.fromkeys(("MAX_POOL_2D", "AVERAGE_POOL_2D"), _pooled),
    **dict.fromkeys(("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"), _enlarged),
    "CONCATENATION": _joined,
    "MEAN": _mean,
    "PAD": _padded,
    "TILE": _tiled,
}
