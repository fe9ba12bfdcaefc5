"""The extremes of each channel of quantized weights: one pass over their bytes, in pieces, for all rules that ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from tflint.tensor import Tensor, give_back

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Channels", "channels"]

_PIECE = 4 << 20
"""So many bytes are looked at together, so that they stay in the processor's cache between two questions."""
_WORTH = 1 << 18
"""From so many bytes on a constant is looked at in pieces, whose pages are given back: that costs a call each time."""


@dataclass(frozen=True, eq=False)
class Channels:
    """The smallest and the largest stored value of each slice along a dimension, each of `elements` values."""

    axis: int
    minimum: NDArray[Any]
    maximum: NDArray[Any]
    elements: int

    @property
    def magnitude(self) -> NDArray[Any]:
        """The largest absolute stored value of each channel, as int64 or float64."""
        import numpy as np

        wide = np.float64 if self.minimum.dtype.kind == "f" else np.int64
        return np.maximum(abs(self.minimum.astype(wide)), abs(self.maximum.astype(wide)))


def channels(tensor: Tensor, axis: int) -> Channels | None:
    """The extremes of a constant along a dimension; NaN where a channel of floats holds one.

    None where the values cannot be read, where there is no such dimension, or where a channel is empty. Ask for it with
    `ctx.once(channels, constant, axis)`, of the constant that stands for the tensor in `weights.readable`.
    """
    values = tensor.array()
    if values is None or not 0 <= axis < values.ndim or not values.size or values.dtype.kind not in "iuf":
        return None
    import numpy as np

    shape = values.shape
    if values.nbytes < _WORTH and axis in (0, values.ndim - 1) and values.dtype.kind != "f":
        table = values.reshape(shape[0], -1) if axis == 0 else values.reshape(-1, shape[axis])
        along = 1 if axis == 0 else 0
        low, high = np.minimum.reduce(table, axis=along), np.maximum.reduce(table, axis=along)
        return Channels(axis, low, high, values.size // shape[axis])
    rows = values.reshape(prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))
    low = np.full(shape[axis], _highest(values.dtype), values.dtype)
    high = np.full(shape[axis], _lowest(values.dtype), values.dtype)
    with np.errstate(invalid="ignore"):
        position = 0
        for start, piece in _pieces(rows):
            part = slice(start, start + piece.shape[1])
            np.minimum(low[part], _reduced(np.minimum, piece), out=low[part])
            np.maximum(high[part], _reduced(np.maximum, piece), out=high[part])
            give_back(tensor, position, piece.nbytes)
            position += piece.nbytes
    return Channels(axis, low, high, values.size // shape[axis])


def _pieces(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """The values [before, channels, after] in pieces, each with the number of its first channel."""
    before, count, after = values.shape
    row = max(1, count * after * values.itemsize)
    if row <= _PIECE:
        step = max(1, _PIECE // row)
        for start in range(0, before, step):
            yield 0, values[start : start + step]
        return
    step = max(1, _PIECE // max(1, after * values.itemsize))
    for outer in range(before):
        for start in range(0, count, step):
            yield start, values[outer : outer + 1, start : start + step]


def _reduced(function: Any, piece: NDArray[Any]) -> NDArray[Any]:
    """The extremes of a piece, by channel. Long rows first: numpy is fast along memory."""
    if piece.shape[2] > 1:
        piece = function.reduce(piece, axis=2)
        return function.reduce(piece, axis=0)  # type: ignore[no-any-return]
    return function.reduce(piece[:, :, 0], axis=0)  # type: ignore[no-any-return]


def _highest(dtype: Any) -> Any:
    import numpy as np

    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def _lowest(dtype: Any) -> Any:
    import numpy as np

    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
