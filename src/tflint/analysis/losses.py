"""How far the constants of a converted model are from those of its float original, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from tflint.analysis.twins import Twin, in_layout_of
from tflint.tensor import Tensor, give_back

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Loss", "counted", "loss"]

_CHANNELS: Mapping[str, int] = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 3,
    "TRANSPOSE_CONV": 0,
    "FULLY_CONNECTED": 0,
    "LSTM": 0,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 0,
}
"""Op -> the dimension of its weights that are its output channels.

Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,lstm,
unidirectional_sequence_lstm}.cc.
"""
_PIECE = 1 << 18
"""So many values are compared at once."""
_ROUNDED = 0.6
"""The root mean square of the errors of rounding, in steps: 0.29 to the nearest, up to 0.58 to either neighbour."""
_CLOSE = 0.1
_ENOUGH = 8
"""A channel of fewer values fits too much."""
_SMALL = 256
"""A channel whose largest value is so many times smaller than the largest of all gives values that 8 bits do not show,
where they share a scale with those of the others."""
_HALF = 2.0**-11
"""The relative error of rounding to float16."""


@dataclass(frozen=True, eq=False)
class Loss:
    """What the channels of a constant lost: sums over the values of each. Where channels are not known, it is one.

    The stored values are those less the zero point, the originals the real ones.
    """

    elements: int
    """The values of a channel."""
    levels: int
    """The largest value that the type holds, of floats 0."""
    steps: NDArray[numpy.float64]
    """The distances of neighbouring values, of floats 1."""
    energy: NDArray[numpy.float64]
    """The sum of the squares of the originals."""
    noise: NDArray[numpy.float64]
    """The sum of the squares of the differences."""
    clipped: NDArray[numpy.float64]
    """The part of `noise` at the smallest and the largest value that the type holds."""
    inside: NDArray[numpy.float64]
    """The number of values that are neither."""
    largest: NDArray[numpy.float64]
    """The largest absolute original."""
    products: NDArray[numpy.float64]
    """The sum of the products of originals and stored values."""
    squares: NDArray[numpy.float64]
    """The sum of the squares of the stored values."""
    originals: NDArray[numpy.float64]
    stored: NDArray[numpy.float64]

    @property
    def db(self) -> float:
        """The signal to noise ratio of the whole constant."""
        return float(_decibels(self.energy.sum(), self.noise.sum()))

    @property
    def channel_db(self) -> NDArray[numpy.float64]:
        """The signal to noise ratio of each channel."""
        return _decibels(self.energy, self.noise)

    @property
    def ideal_db(self) -> NDArray[numpy.float64]:
        """What rounding each channel to a scale of its own leaves: steps of its largest value over `levels`.

        Rounding to a step makes errors of step**2 / 12 in the mean.
        """
        return _decibels(12 * self.energy / self.elements, (self.largest / max(1, self.levels)) ** 2)

    @property
    def is_rounded(self) -> NDArray[numpy.bool_]:
        """For each channel, whether its values are what rounding the original gives, if need be clipped."""
        return self._is_within(_ROUNDED)

    @property
    def is_far(self) -> NDArray[numpy.bool_]:
        """For each channel, whether its values are further off than any way of rounding takes them.

        Rounding that makes up for the errors of the weights before stays within about a step.
        """
        return ~self._is_within(2 * _ROUNDED)

    @property
    def factors(self) -> NDArray[numpy.float64]:
        """By what each channel is multiplied: NaN where the values are not the original's times a factor, rounded."""
        import numpy as np

        with np.errstate(all="ignore"):
            fit = self.products / self.squares
            rest = self.energy - self.products * fit
            return np.where(self._fits(fit, rest), self.steps / fit, np.nan)

    @property
    def shifts(self) -> NDArray[numpy.float64]:
        """How far the zero point of each channel is off: NaN where that is not what its values differ by."""
        import numpy as np

        with np.errstate(all="ignore"):
            spread = self.squares - self.stored**2 / self.elements
            together = self.products - self.originals * self.stored / self.elements
            fit = together / spread
            rest = self.energy - self.originals**2 / self.elements - together * fit
            shift = self.stored / self.elements - self.originals / self.elements / fit
            is_fit = self._fits(fit, rest) & (abs(self.steps / fit - 1) < _CLOSE) & (self.elements >= _ENOUGH)
            return np.where(is_fit & (self.levels > 0), shift, np.nan)

    def _is_within(self, steps: float) -> NDArray[numpy.bool_]:
        """For each channel, whether its errors are so many steps in the root mean square, clipped values apart."""
        import numpy as np

        if not self.levels:
            return np.asarray(self.noise <= self.energy * _HALF**2 + self.elements * 2.0**-50)
        return np.asarray(self.noise - self.clipped <= self.inside * (steps * self.steps) ** 2)

    def _fits(self, fit: NDArray[numpy.float64], rest: NDArray[numpy.float64]) -> NDArray[numpy.bool_]:
        """Whether what remains of a fit is what rounding leaves."""
        import numpy as np

        step = fit if self.levels else 4 * _HALF * np.sqrt(self.energy / self.elements)
        return np.asarray((fit > 0) & (rest <= self.elements * (_ROUNDED * step) ** 2 + 1e-12 * self.energy))


def loss(twin: Twin) -> Loss | None:
    """What a converted constant lost; None where the values cannot be read, or are not finite."""
    tensor = twin.converted.tensor
    stored, original = tensor.array(), in_layout_of(twin)
    if stored is None or original is None:
        return None
    import numpy as np

    axis = _axis(twin)
    shape = stored.shape
    cut = (1, 1, stored.size) if axis is None else (prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))
    scale, point = _parameters(tensor, cut[1])
    levels = 0 if tensor.dtype.integer_range is None else tensor.dtype.integer_range[1]
    if levels and tensor.dtype.value.startswith("U"):
        levels //= 2
    sums = np.zeros((9, cut[1]))
    ends = _ends(tensor)
    with np.errstate(all="ignore"):
        for start, kept, real in _pieces(stored.reshape(cut), original.reshape(cut)):
            part = slice(start, start + kept.shape[1])
            _add(sums[:, part], kept, real, scale[part], point[part], ends)
    give_back(tensor, 0, stored.nbytes)
    give_back(twin.original.tensor, 0, original.nbytes)
    if not np.isfinite(sums[:2]).all() or not np.isfinite(scale).all():
        return None
    return Loss(stored.size // cut[1], levels, scale, *sums)


def counted(twin: Twin, of: Loss) -> NDArray[numpy.bool_]:
    """The channels whose loss can be seen in what the op gives: neither next to nothing, nor below half of its step.

    A sum of n products errs by at most the length of the errors times that of the inputs, their largest times sqrt(n).
    """
    import numpy as np

    seen = np.asarray(of.largest * _SMALL >= of.largest.max())
    op = twin.converted.op
    values = op.input(2 if op.kind == "TRANSPOSE_CONV" else 0)
    result = op.outputs[0] if op.outputs else None
    largest, step = _largest(values), _step(result)
    if op.kind in _CHANNELS and twin.converted.slot == 1 and largest is not None and step is not None:
        seen &= np.sqrt(of.noise * of.elements) * largest >= step / 2
    return seen


def _step(tensor: Tensor | None) -> float | None:
    """The distance of neighbouring values of a quantized tensor with one scale."""
    if tensor is None or tensor.quant is None or tensor.dtype.integer_range is None or tensor.quant.scale.size != 1:
        return None
    step = float(tensor.quant.scale[0])
    return step if 0 < step < float("inf") else None


def _largest(tensor: Tensor | None) -> float | None:
    """The largest absolute value that such a tensor can hold."""
    step = _step(tensor)
    if step is None or tensor is None or tensor.quant is None or tensor.dtype.integer_range is None:
        return None
    point = int(tensor.quant.zero_point[0]) if tensor.quant.zero_point.size else 0
    return step * max(abs(end - point) for end in tensor.dtype.integer_range)


def _axis(twin: Twin) -> int | None:
    tensor, op = twin.converted.tensor, twin.converted.op
    if tensor.quant is not None and tensor.quant.scale.size > 1:
        return tensor.quant.stored_axis
    axis = _CHANNELS.get(op.kind)
    return axis if axis is not None and axis < len(tensor.default_shape) else None


def _parameters(tensor: Tensor, channels: int) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64]]:
    """The scale and the zero point of each channel; 1 and 0 of floats."""
    import numpy as np

    if tensor.dtype.is_float or tensor.quant is None:
        return np.ones(channels), np.zeros(channels)
    scale, point = np.empty(channels), np.empty(channels)
    scale[:] = tensor.quant.scale
    point[:] = tensor.quant.zero_point if tensor.quant.zero_point.size else 0
    return scale, point


def _ends(tensor: Tensor) -> tuple[float, float]:
    """The values at which a type clips; converters leave the lowest of signed ones out."""
    span = tensor.dtype.integer_range
    if span is None:
        return float("-inf"), float("inf")
    return (0.0 if span[0] == 0 else -float(span[1])), float(span[1])


def _pieces(stored: NDArray[Any], original: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    """Both [before, channels, after] in pieces, each with the number of its first channel."""
    before, count, after = stored.shape
    row = count * after
    if row <= _PIECE:
        step = max(1, _PIECE // row)
        for start in range(0, before, step):
            yield 0, stored[start : start + step], original[start : start + step]
        return
    channels, within = max(1, _PIECE // after), max(1, min(after, _PIECE))
    for outer in range(before):
        for start in range(0, count, channels):
            for inner in range(0, after, within):
                index = (slice(outer, outer + 1), slice(start, start + channels), slice(inner, inner + within))
                yield start, stored[index], original[index]


def _add(
    sums: NDArray[numpy.float64],
    stored: NDArray[Any],
    original: NDArray[Any],
    scale: NDArray[Any],
    point: NDArray[Any],
    ends: tuple[float, float],
) -> None:
    """Add a piece to the sums of its channels, in the order of the fields of `Loss`."""
    import numpy as np

    raw = stored.astype(np.float64)
    real = original.astype(np.float64)
    is_end = (raw <= ends[0]) | (raw >= ends[1])
    raw -= point[:, None]
    squares = (raw * scale[:, None] - real) ** 2
    sums[0] += np.einsum("bca,bca->c", real, real)
    sums[1] += squares.sum(axis=(0, 2))
    sums[2] += np.where(is_end, squares, 0).sum(axis=(0, 2))
    sums[3] += (~is_end).sum(axis=(0, 2))
    sums[4] = np.maximum(sums[4], abs(real).max(axis=(0, 2)))
    sums[5] += np.einsum("bca,bca->c", raw, real)
    sums[6] += np.einsum("bca,bca->c", raw, raw)
    sums[7] += real.sum(axis=(0, 2))
    sums[8] += raw.sum(axis=(0, 2))


def _decibels(signal: Any, noise: Any) -> NDArray[numpy.float64]:
    """A ratio of energies in decibels: infinite where there is no noise."""
    import numpy as np

    with np.errstate(all="ignore"):
        return np.where(noise > 0, 10 * np.log10(signal / noise), np.inf)
