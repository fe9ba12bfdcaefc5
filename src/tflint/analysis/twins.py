"""Which constant of a converted model was which of its float original, found without running either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.analysis.sites import LEAST, Site, sampled, sites
from tflint.model import Model, Op, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Twin", "Twins", "holds_values", "in_layout_of", "normal", "twins"]

_ALIKE = 0.9
"""The correlation from which constants at different places are taken for the same."""
_RELATED = 0.5
"""The correlation from which constants at the same place are: two that have nothing in common stay below 0.2."""
_SAME_SIGNS = 0.95
"""So many of the signs agree where only the scales are wrong."""
_CLEARLY = 4
"""By so many times the error of the next best has to be larger than that of the best."""
_MOST_TRIES = 4
"""A constant that many ops read is looked at in so many places."""
_MOST_ALIKE = 1000
"""Among more constants than this of one shape, nothing is looked for by value."""


@dataclass(frozen=True, eq=False)
class Twin:
    """A constant of the converted model, and the one of the original that it was made from."""

    converted: Site
    original: Site


@dataclass(frozen=True, eq=False)
class Twins:
    """The constants of two models, paired."""

    pairs: tuple[Twin, ...]
    strangers: tuple[Twin, ...]
    """Constants at the same place whose values have nothing in common."""
    moved: tuple[tuple[Twin, Site], ...]
    """Pairs whose constant stands where the original has another, with that: op and name are the same."""
    zeroed: tuple[Twin, ...]
    """Constants that are all zeros, where the one at the same place of the original is not."""
    unpaired: tuple[Site, ...]
    """Constants of the converted model of which nothing is known."""


def twins(model: Model, source: Model) -> Twins:
    """The constants of `model` and those of its original `source`, paired by place and name, and by value.

    Values decide: a pair is one only where they correlate, and what fits several alike is left out.
    """
    originals = [site for site in sites(source) if site.tensor.dtype.is_float]
    pairing = _Pairing(originals)
    for converted, candidates in _candidates(list(sites(model)), originals):
        pairing.settle(converted, candidates)
    pairing.search()
    return Twins(
        tuple(pairing.pairs.values()),
        tuple(pairing.strangers.values()),
        tuple(pairing.moved),
        tuple(pairing.zeroed.values()),
        tuple(pairing.open.values()),
    )


def in_layout_of(twin: Twin) -> NDArray[Any] | None:
    """The values of the original in the dimensions of the converted constant, where they can be read."""
    values = twin.original.in_order()
    if values is None:
        return None
    inverse = sorted(range(len(twin.converted.order)), key=twin.converted.order.__getitem__)
    wanted = [twin.converted.tensor.default_shape[axis] for axis in twin.converted.order]
    return values.reshape(wanted).transpose(inverse)


def _candidates(converted: list[Site], originals: list[Site]) -> Iterator[tuple[Site, list[Site]]]:
    """For each converted constant those that place and name suggest, the place first."""
    here, there = _grouped(converted), _grouped(originals)
    by_name = {(site.tensor.name, site.shape): site for site in reversed(originals) if site.tensor.name}
    numbers: dict[Hashable, int] = {}
    for site in converted:
        place = site.place
        number = numbers[place] = numbers.get(place, -1) + 1
        found = []
        if len(there.get(place, ())) == len(here[place]):
            found.append(there[place][number])
        named = by_name.get((site.tensor.name, site.shape))
        if named is not None and named not in found:
            found.append(named)
        yield site, found


def _grouped(all_sites: Iterable[Site]) -> dict[Hashable, list[Site]]:
    found: dict[Hashable, list[Site]] = {}
    for site in all_sites:
        found.setdefault(site.place, []).append(site)
    return found


class _Pairing:
    """What is known so far, by the stored constants of the converted model."""

    def __init__(self, originals: Sequence[Site]) -> None:
        self.pairs: dict[Tensor, Twin] = {}
        self.strangers: dict[Tensor, Twin] = {}
        self.moved: list[tuple[Twin, Site]] = []
        self.zeroed: dict[Tensor, Twin] = {}
        self.open: dict[Tensor, Site] = {}
        self._originals = originals
        self._tries: Counter[Tensor] = Counter()

    def settle(self, converted: Site, candidates: list[Site]) -> None:
        """Pair a constant with a candidate that its values agree with, or leave it open."""
        stored = converted.stored
        self._tries[stored] += 1
        if stored in self.pairs or stored in self.zeroed or self._tries[stored] > _MOST_TRIES:
            return
        mine = sampled(converted)
        theirs = [sampled(site) for site in candidates]
        likeness = [_correlation(mine, values) for values in theirs]
        best = max(range(len(candidates)), key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] < _RELATED:
            best = next((number for number, values in enumerate(theirs) if _share_signs(mine, values)), None)
        if best is not None:
            self._pair(converted, candidates[best])
            return
        self.open[stored] = converted
        if not candidates:
            return
        twin = Twin(converted, candidates[0])
        if not mine.any():
            if theirs[0].any() and not holds_values(converted):
                self.zeroed[stored] = twin
                del self.open[stored]
        elif _varies(mine) and _varies(theirs[0]):
            self.strangers[stored] = twin

    def search(self) -> None:
        """Look for what is open by its values, among all the originals of its shape.

        What is like one of them and cannot be told to be it is no stranger; nor is what there are too many of.
        """
        originals: dict[Hashable, dict[Tensor, Site]] = {}
        for site in self._originals:
            originals.setdefault(site.shape, {}).setdefault(site.stored, site)
        wanted: dict[Hashable, list[Site]] = {}
        for site in self.open.values():
            wanted.setdefault(site.shape, []).append(site)
        for shape, looking in wanted.items():
            among = list(originals.get(shape, {}).values())
            if max(len(looking), len(among)) > _MOST_ALIKE:
                for site in looking:
                    self.strangers.pop(site.stored, None)
            elif among:
                self._choose(looking, among)
        for stored in self.strangers:
            self.open.pop(stored, None)

    def _choose(self, looking: list[Site], among: list[Site]) -> None:
        """Pair what correlates with one of the originals, and far less with the next."""
        import numpy as np

        mine, theirs = (np.stack([normal(sampled(site)) for site in group]) for group in (looking, among))
        likeness = mine @ theirs.T
        best = likeness.argmax(axis=1)
        rows = np.arange(len(looking))
        top = likeness[rows, best]
        likeness[rows, best] = -1
        is_clear = (top >= _ALIKE) & (1 - likeness.max(axis=1) > _CLEARLY * (1 - top) + 1e-6)
        for row, converted in enumerate(looking):
            if is_clear[row]:
                self._found(converted, among[best[row]])
            elif top[row] >= _RELATED:
                self.strangers.pop(converted.stored, None)

    def _found(self, converted: Site, original: Site) -> None:
        """Pair what was found by value, and see whether it was expected elsewhere."""
        expected = self.strangers.get(converted.stored)
        self._pair(converted, original)
        if expected is None:
            return
        name, there, here = (_name(site.op) for site in (converted, expected.original, original))
        if name and name == there and name != here:
            self.moved.append((self.pairs[converted.stored], expected.original))

    def _pair(self, converted: Site, original: Site) -> None:
        self.pairs[converted.stored] = Twin(converted, original)
        self.open.pop(converted.stored, None)
        self.strangers.pop(converted.stored, None)


def _name(op: Op) -> str:
    return op.outputs[0].name if op.outputs else ""


def normal(values: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """The values without their mean, of length 1; zeros where they do not vary."""
    import numpy as np

    with np.errstate(all="ignore"):
        centred = values - values.mean()
        length = np.sqrt(centred @ centred)
    if not np.isfinite(length) or length <= 1e-9 * abs(values).max():
        return np.zeros_like(values)
    return np.asarray(centred / length)


def _varies(values: NDArray[numpy.float64]) -> bool:
    return bool(normal(values).any())


def _correlation(left: NDArray[numpy.float64], right: NDArray[numpy.float64]) -> float:
    return float(normal(left) @ normal(right))


def _share_signs(left: NDArray[numpy.float64], right: NDArray[numpy.float64]) -> bool:
    """Whether the values have the same signs, and both signs occur."""
    used = left != 0
    if used.sum() < 2 * LEAST:
        return False
    positive = left[used] > 0
    both = 0.1 < positive.mean() < 0.9
    return bool(both and (positive == (right[used] > 0)).mean() >= _SAME_SIGNS)


def holds_values(site: Site) -> bool:
    """Whether any value of a constant is not zero."""
    import numpy as np

    points = site.tensor.quant.zero_point if site.tensor.quant is not None else None
    zero = int(points[0]) if points is not None and points.size == 1 else 0
    return any(bool(np.any(chunk != zero)) for chunk in site.tensor.chunks())
