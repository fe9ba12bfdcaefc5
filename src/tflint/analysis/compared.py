"""What a converted model made of the weights of its float original: rounded, rescaled, shifted, lost or replaced."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.analysis.kin import kin
from tflint.analysis.losses import Loss, counted, loss
from tflint.analysis.phrases import count
from tflint.analysis.sites import PRODUCTS, Site
from tflint.analysis.twins import Twin, twins
from tflint.model import Model, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["ENOUGH", "Compared", "Measured", "change", "compared", "figures", "reason", "values_of"]

_WEAK_DB = 20.0
"""A channel that keeps more is not taken for another: the errors are a tenth of its weights."""
_LOWEST_DB = -99.0
_OFF = 0.1
"""A factor this far from 1 is more than a fit errs by."""
ENOUGH = 64
"""Smaller constants that differ may have been folded otherwise."""
_FACTORS = frozenset({"MUL", "DIV", "ADD", "SUB"})
"""What a converter may fold into weights."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A pair, what was lost, and why, as masks over the channels."""

    twin: Twin
    loss: Loss
    counted: NDArray[numpy.bool_]
    """The channels whose loss can be seen in the results."""
    scaled: NDArray[numpy.bool_]
    """Those that are the original's times a factor."""
    shifted: NDArray[numpy.bool_]
    """Those whose zero point is wrong."""
    is_replaced: bool
    """Whether most of it are other values than the original's."""
    is_folded: bool
    """Whether the factors can be meant: the bias has them too, or something else was folded into the weights."""

    @property
    def is_wrong(self) -> bool:
        """Whether a scale or a zero point is."""
        return bool(self.scaled.any() or self.shifted.any())

    @property
    def tensor(self) -> Tensor:
        return self.twin.converted.tensor


@dataclass(frozen=True, eq=False)
class Compared:
    """The weights of a model, beside those of its original."""

    measured: tuple[Measured, ...]
    strangers: tuple[Twin, ...]
    """The weights that have nothing to do with those at the same place of the original."""
    moved: tuple[tuple[Twin, Site], ...]
    """The weights of another op of the original, each with those that the original has in its place."""
    zeroed: tuple[Twin, ...]
    """The weights that are all zeros, where the original's are not, and that can be seen in the results."""


def compared(model: Model, source: Model) -> Compared:
    """Pair the constants of a model with those of its original, and measure what was lost."""
    import numpy as np

    with np.errstate(all="ignore"):
        return _compared(model, source)


def _compared(model: Model, source: Model) -> Compared:
    paired = twins(model, source) if source.format is model.format else kin(model, source)
    as_folded = source.format is model.format and _foldable(model) == _foldable(source)
    measured = [found for twin in paired.pairs if (found := _measured(twin, as_folded)) is not None]
    zeroed = []
    for twin in paired.zeroed:
        lost = loss(twin)
        if lost is not None and counted(twin, lost).any():
            zeroed.append(twin)
    strangers = tuple(twin for twin in paired.strangers if _is_weight(twin.converted))
    return Compared(tuple(measured), strangers, paired.moved, tuple(zeroed))


def change(each: Measured) -> str:
    """By how much a wrong scale or zero point changes a constant."""
    if each.scaled.any():
        factors = each.loss.factors[each.scaled]
        low, high = float(factors.min()), float(factors.max())
        by = _number(low) if high - low < abs(low) / 20 else f"{_number(low)} to {_number(high)}"
        return f"times {by}{_part(int(each.scaled.sum()), each.scaled.size)}"
    shifts = abs(each.loss.shifts[each.shifted])
    return f"moved by up to {shifts.max():.0f} steps{_part(int(each.shifted.sum()), each.shifted.size)}"


def _number(factor: float) -> str:
    return f"{factor:.2g}" if factor < 99 else f"{factor:,.0f}"


def _part(some: int, of: int) -> str:
    return f", in {some:,} of {count(of, 'channel')}" if of > 1 else ""


def figures(each: Measured, weak: NDArray[numpy.bool_]) -> dict[str, Any]:
    """What a report says of a constant with some weak channels."""
    db = each.loss.channel_db[each.counted]
    return {
        "name": each.tensor.name,
        "address": each.tensor.location.address,
        "db": round(max(each.loss.db, _LOWEST_DB), 1),
        "worst_channel_db": round(max(float(db.min()), _LOWEST_DB), 1),
        "channels": each.counted.size,
        "channels_below": int(weak.sum()),
    }


def reason(each: Measured) -> str:
    """Why much was lost of a constant that was rounded."""
    import numpy as np

    lost, seen = each.loss, each.counted
    if 2 * lost.clipped[seen].sum() > lost.noise[seen].sum():
        return "its largest values are clipped"
    largest, steps = lost.largest[seen], lost.steps[seen]
    if steps.min() == steps.max() and largest.max() > 2 * largest.min():
        return f"one scale for channels that differ {largest.max() / largest.min():,.0f} times in size"
    width = float(np.median(steps * lost.levels / largest))
    return f"steps {width:,.0f} times as large as needed" if width > 2 else "a few values are far larger than the rest"


def values_of(tensor: Tensor | None) -> NDArray[numpy.float64] | None:
    """The real values of a bias, whatever it is stored as; None where they are not known."""
    values = None if tensor is None else tensor.array()
    if tensor is None or values is None or values.ndim > 2 or values.dtype.kind not in "if":
        return None
    import numpy as np

    with np.errstate(all="ignore"):
        return _real(tensor, values.reshape(-1).astype(np.float64))


def _real(tensor: Tensor, stored: NDArray[numpy.float64]) -> NDArray[numpy.float64] | None:
    """The real values of what is stored, which may be floats already."""
    if tensor.dtype.is_float:
        return stored
    scale = None if tensor.quant is None else tensor.quant.scale
    return stored * scale if scale is not None and scale.size in (1, stored.size) else None


def _measured(twin: Twin, as_folded: bool) -> Measured | None:
    import numpy as np

    lost = loss(twin)
    if lost is None:
        return None
    seen = counted(twin, lost)
    bad = seen & ~lost.is_rounded
    scaled = shifted = np.zeros_like(bad)
    if bad.any():
        scaled = bad & (abs(lost.factors - 1) > _OFF)  # NaN is no factor
        shifted = bad & ~scaled & (abs(lost.shifts) >= 1)
        if 2 * (scaled | shifted).sum() < bad.sum():  # by chance
            scaled = shifted = np.zeros_like(bad)
    changed = bad & ~scaled & ~shifted & lost.is_far & (lost.channel_db < _WEAK_DB)
    is_replaced = bool(2 * lost.energy[changed].sum() > lost.energy.sum())
    is_folded = bool(scaled.any()) and _is_folded(twin, lost, scaled, as_folded)
    return Measured(twin, lost, seen, scaled, shifted, is_replaced, is_folded)


def _is_folded(twin: Twin, lost: Loss, scaled: NDArray[Any], as_folded: bool) -> bool:
    """Whether other ops were folded into the weights, or the bias is multiplied alike."""
    import numpy as np

    if not as_folded:
        return True
    mine, theirs = values_of(twin.converted.bias), values_of(twin.original.bias)
    if mine is None or theirs is None or not mine.size == theirs.size == scaled.size:
        return False
    telling = scaled & (theirs != 0) & (mine != 0) & np.isfinite(theirs)
    expected = theirs[telling] * lost.factors[telling]
    return bool(telling.any() and (abs(mine[telling] - expected) <= _OFF / 2 * abs(expected)).all())


def _foldable(model: Model) -> Counter[str]:
    """How many ops there are that a converter may fold into weights."""
    kinds = Counter(op.kind for graph in model.graphs if graph.intact for op in graph.ops)
    return Counter({kind: kinds[kind] for kind in _FACTORS})


def _is_weight(site: Site) -> bool:
    return site.op.kind in PRODUCTS and site.tensor.elements >= ENOUGH
