"""Which constant of a converted model was which weight of its Keras or SavedModel source: by their values alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from tflint.analysis.origins import Origin, origins
from tflint.analysis.sites import PRODUCTS, Site, sampled, sites
from tflint.analysis.twins import Twin, Twins, holds_values, normal
from tflint.model import Model, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["kin"]

_ALIKE = 0.9
"""The correlation from which a constant is a weight of the source."""
_RELATED = 0.5
_NEAR = 0.03
"""What correlates so much less is judged by its size, too: channels that are multiplied correlate as well."""
_APART = 0.25
"""By so much the next best has to be worse where the best is only related."""
_MOST_ALIKE = 2000
_ROWS, _COLUMNS = 16, 64
"""So much of a constant is compared channel by channel."""


def kin(model: Model, source: Model) -> Twins:
    """The constants of `model` and the weights of its `source`, paired by value whatever their layout."""
    converted: dict[Tensor, Site] = {}
    for site in sites(model):
        converted.setdefault(site.stored, site)
    by_form: dict[tuple[int, ...], list[Site]] = {}
    for site in converted.values():
        by_form.setdefault(site.form, []).append(site)
    theirs: dict[tuple[int, ...], list[Origin]] = {}
    for origin in origins(source, by_form.keys()):
        theirs.setdefault(origin.shape, []).append(origin)
    found = _Found()
    for form, group in by_form.items():
        among = theirs.get(form, [])
        if among and max(len(among), len(group)) <= _MOST_ALIKE:
            found.add(group, among)
        else:
            found.unpaired += group
    return Twins(tuple(found.pairs), tuple(found.strangers), (), tuple(found.zeroed), tuple(found.unpaired))


class _Found:
    """What is known so far."""

    def __init__(self) -> None:
        self.pairs: list[Twin] = []
        self.strangers: list[Twin] = []
        self.zeroed: list[Twin] = []
        self.unpaired: list[Site] = []

    def add(self, group: Sequence[Site], among: Sequence[Origin]) -> None:
        """Pair the constants of one form with weights of it."""
        import numpy as np

        mine = [sampled(site) for site in group]
        theirs = np.stack([origin.some() for origin in among])
        directions = np.stack([normal(values) for values in theirs])
        likeness = np.stack([normal(values) for values in mine]) @ directions.T
        left: list[tuple[Site, NDArray[numpy.float64]]] = []
        for row, site in enumerate(group):
            best = _best(likeness[row], mine[row], theirs, among)
            if best is None:
                left.append((site, mine[row]))
            else:
                self.pairs.append(Twin(site, among[best]))
        if left:
            self._rest(left, among, theirs)

    def _rest(
        self, left: list[tuple[Site, NDArray[Any]]], among: Sequence[Origin], theirs: NDArray[numpy.float64]
    ) -> None:
        """What is like nothing: multiplied by channel, all zeros, or something else than the source has."""
        taken = {twin.original.tensor for twin in self.pairs}
        rows: dict[int, NDArray[numpy.float64]] = {}
        for site, values in left:
            channel = None if not values.any() else _by_channel(site, among, rows)
            if channel is not None:
                self.pairs.append(Twin(site, channel))
                taken.add(channel.tensor)
                continue
            free = [number for number, origin in enumerate(among) if origin.tensor not in taken]
            varied = [number for number in free if normal(theirs[number]).any()]
            if not varied:
                self.unpaired.append(site)
            elif not values.any() and site.op.kind in PRODUCTS and site.slot and not holds_values(site):
                self.zeroed.append(Twin(site, among[varied[0]]))
                taken.add(among[varied[0]].tensor)
            elif normal(values).any():
                self.strangers.append(Twin(site, among[varied[0]]))
                taken.add(among[varied[0]].tensor)
            else:
                self.unpaired.append(site)


def _best(
    likeness: NDArray[numpy.float64],
    mine: NDArray[numpy.float64],
    theirs: NDArray[numpy.float64],
    among: Sequence[Origin],
) -> int | None:
    """The number of the weight that a constant was made from, None where none is clearly it."""
    import numpy as np

    top = float(likeness.max())
    if top < _RELATED:
        return None
    near = np.flatnonzero(likeness >= top - _NEAR * (1 if top >= _ALIKE else 0) - 1e-9)
    errors = ((theirs[near] - mine) ** 2).sum(axis=1)
    best = int(near[errors.argmin()])
    if top >= _ALIKE:
        return best
    others = [value for value, origin in zip(likeness, among, strict=True) if origin.tensor is not among[best].tensor]
    return best if not others or max(others) < top - _APART else None


def _by_channel(site: Site, among: Sequence[Origin], rows: dict[int, NDArray[numpy.float64]]) -> Origin | None:
    """The weight whose channels are a constant's, each times some number."""
    import numpy as np

    found: list[tuple[float, int]] = []
    for number, origin in enumerate(among):
        axis = origin.view.axis
        if axis is None or origin.factor is not None:
            continue
        mine = _rows(site, origin.shape, axis)
        if number not in rows:
            rows[number] = _unit(np.moveaxis(_read(origin), axis, 0).reshape(origin.shape[axis], -1))
        if mine is None or mine.shape[1] < 4:
            continue
        found.append((float(abs((mine * rows[number]).sum(axis=1)).mean()), number))
    if not found:
        return None
    found.sort(reverse=True)
    clear = len(found) == 1 or found[1][0] < found[0][0] - _APART
    same = len(found) > 1 and among[found[1][1]].tensor is among[found[0][1]].tensor
    return among[found[0][1]] if found[0][0] >= 0.97 and (clear or same) else None


def _read(origin: Origin) -> NDArray[Any]:
    values = origin.in_order()
    assert values is not None
    return values


def _rows(site: Site, form: tuple[int, ...], axis: int) -> NDArray[numpy.float64] | None:
    """The first values of the first channels of a converted constant, each channel of length 1."""
    import numpy as np

    stored = site.in_order()
    if stored is None or stored.size != prod(form):
        return None
    values = stored.reshape(form)
    values = np.moveaxis(values, axis, 0).reshape(form[axis], -1)[:_ROWS, :_COLUMNS].astype(np.float64)
    quant = site.tensor.quant
    if not site.tensor.dtype.is_float and quant is not None and quant.zero_point.size == 1:
        values = values - float(quant.zero_point[0])
    return _unit(values)


def _unit(values: NDArray[Any]) -> NDArray[numpy.float64]:
    import numpy as np

    cut = values[:_ROWS, :_COLUMNS].astype(np.float64)
    length = np.sqrt((cut * cut).sum(axis=1, keepdims=True))
    with np.errstate(all="ignore"):
        return np.where(length > 0, cut / length, 0)
