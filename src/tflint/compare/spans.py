"""Ranges of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["LARGEST", "LEVELS", "NEAR", "Span", "as_span", "is_near"]

LARGEST = 1e30
"""A range that reaches further is none: what is computed from it would overflow."""
LEVELS = (255.0, 256.0)
NEAR = 0.01
"""What differs less than that, as a share, is the same."""


@dataclass(frozen=True, eq=False)
class Span:
    """The range of an input: float64 ends, of no dimension or one for each entry of the last one.

    `by` is what tells it: `rescaled`, `normalized` (by layers of the source), `source` (by its ops), `quantized`,
    `metadata`, `ops` (the model's own), `bytes`.
    `deviations` is how many standard deviations lie between its middle and its ends.
    """

    low: NDArray[numpy.float64]
    high: NDArray[numpy.float64]
    by: str
    deviations: float = 3.5

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest value of all."""
        return float(self.low.min()), float(self.high.max())

    @property
    def is_image(self) -> bool:
        """Whether it is a range that images are brought to: 0 to 1, -1 to 1, 0 to 255, -128 to 127."""
        low, high = self.ends
        starts_at_zero = abs(low) <= NEAR * high
        is_symmetric = abs(low + high) <= NEAR * (high - low)
        return (starts_at_zero and is_near(high, 1.0, *LEVELS)) or (is_symmetric and is_near(high, 1.0, 127.5))

    @property
    def is_one_sided(self) -> bool:
        """Whether it begins at 0."""
        low, high = self.ends
        return abs(low) <= NEAR * high


def as_span(low: Any, high: Any, by: str, deviations: float = 3.5) -> Span | None:
    """A range, None where its ends are none."""
    import numpy as np

    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if not (low.size and np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        return None
    if max(float(abs(low).max()), float(abs(high).max())) > LARGEST or not (low < high).any():
        return None
    return Span(low, high, by, deviations)


def is_near(value: Any, *levels: float) -> bool:
    """Whether a value is one of these levels, to a hundredth of it."""
    return any(abs(value - level) <= NEAR * level for level in levels)
