"""How far values are from those that they should be."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log10
from typing import TYPE_CHECKING, Any

from tflint.comparison import Figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["figures", "is_scores", "relative"]

_MOST_CLASSES = 100_000
_LARGE = 1e100


def figures(
    mine: Sequence[NDArray[Any]],
    reference: Sequence[NDArray[Any]],
    *,
    step: float | None = None,
    scores: bool = False,
) -> Figures:
    """The figures of an output over inputs.

    Args:
        mine: for each input its value, real numbers.
        reference: for each input what it should be, as many elements.
        step: the scale of the output, where it is quantized.
        scores: whether its last dimension holds the scores of classes.

    Sums are over all elements of all inputs. Values that are not finite on both sides alike count as equal.
    """
    import numpy as np

    ours = np.concatenate([np.asarray(each, np.float64).ravel() for each in mine] or [np.zeros(0)])
    theirs = np.concatenate([np.asarray(each, np.float64).ravel() for each in reference] or [np.zeros(0)])
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    whole = np.isfinite(ours) & np.isfinite(theirs)
    finite = bool(np.all(whole | same))
    ours, theirs = ours[whole], theirs[whole]
    if not ours.size:
        return Figures(0.0, 0.0, 0.0, None, None, finite=finite)
    unit = float(max(np.max(np.abs(ours)), np.max(np.abs(theirs))))
    unit = unit if unit > _LARGE else 1.0
    ours, theirs = ours / unit, theirs / unit  # so that no square is too large for a number
    error = ours - theirs
    noise, signal = float(np.dot(error, error)), float(np.dot(theirs, theirs))
    length = signal * float(np.dot(ours, ours))
    cosine = float(np.dot(ours, theirs)) / length**0.5 if length > 0 else None
    top1, clear = _agreement(mine, reference, step) if scores else (None, None)
    return Figures(
        max_abs=float(np.max(np.abs(error))) * unit,
        mean_abs=float(np.mean(np.abs(error))) * unit,
        rmse=(noise / error.size) ** 0.5 * unit,
        snr_db=_decibels(signal, noise),
        cosine=cosine,
        steps=None if not step else float(np.max(np.abs(error))) * unit / step,
        top1=top1,
        top1_clear=clear,
        finite=finite,
    )


def relative(error: Figures) -> float:
    """The error relative to the value, by root mean squares: 0.1 at 20 dB. Infinite where the value is zero."""
    if error.snr_db is None:
        return inf if error.rmse else 0.0
    return float(10 ** (-error.snr_db / 20))


def is_scores(values: Sequence[NDArray[Any]]) -> bool:
    """Whether the rows of a value look like the scores of classes: they are not negative, and sum up to one."""
    import numpy as np

    if not values or any(each.ndim != 2 or not 2 <= each.shape[-1] <= _MOST_CLASSES for each in values):
        return False
    rows = np.concatenate([np.asarray(each, np.float64) for each in values])
    return bool(
        rows.size and np.all(np.isfinite(rows)) and rows.min() >= 0 and np.allclose(rows.sum(axis=-1), 1, atol=0.02)
    )


def _decibels(signal: float, noise: float) -> float | None:
    if signal <= 0:
        return inf if noise <= 0 else None
    return inf if noise <= 0 else 10 * log10(signal / noise)


def _agreement(
    mine: Sequence[NDArray[Any]], reference: Sequence[NDArray[Any]], step: float | None
) -> tuple[float | None, float | None]:
    """The share of rows with the same largest entry: of all, and of those in which it leads by more than two steps."""
    import numpy as np

    ours, theirs = np.concatenate(list(mine)), np.concatenate(list(reference))
    same = np.argmax(ours, axis=-1) == np.argmax(theirs, axis=-1)
    two = np.sort(theirs, axis=-1)[:, -2:]
    clear = two[:, 1] - two[:, 0] > 2 * (step or 1 / 256)
    return float(np.mean(same)), float(np.mean(same[clear])) if clear.any() else None
