"""Which input and output of a model is which of its source: by signature, by name, by shape and order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tflint.model import Graph, Model, Signature, Tensor

__all__ = ["End", "Matched", "ends", "match", "names_of", "signature_of"]

_PREFIX = "serving_default_"
_PLACE = re.compile(r":\d+$")
_COUNTED = re.compile(r"(?:output|args)_(\d+)")
_ORDER = ("signature", "name", "shape", "order")


@dataclass(frozen=True, eq=False)
class End:
    """An input or output: its tensor, and what it may be called."""

    tensor: Tensor
    alias: str
    """Its name in the signature, empty where there is none."""
    plain: str
    """The name of its tensor without what the converter puts around it."""


@dataclass(frozen=True)
class Matched:
    """For each end of a model the place of the source's that it is, and how the least certain of them was found."""

    places: tuple[int | None, ...]
    by: tuple[str, ...]

    @property
    def weakest(self) -> str:
        """How the ends were matched: of several ways the one that tells least."""
        return max((by for by in self.by if by), key=_ORDER.index, default="")


def ends(model: Model, graph: Graph, *, of_inputs: bool) -> tuple[End, ...]:
    """The inputs or outputs of a graph."""
    signature = signature_of(model, graph)
    aliases: dict[Tensor, str] = {}
    if signature is not None:
        table = signature.inputs if of_inputs else signature.outputs
        aliases = {tensor: name for name, tensor in table.items()}
    tensors = graph.inputs if of_inputs else graph.outputs
    return tuple(End(tensor, aliases.get(tensor, ""), _plain(tensor.name)) for tensor in tensors)


def names_of(end: End, place: int) -> tuple[str, ...]:
    """What an end may be called in a file of inputs, the best name first."""
    found = [end.alias, end.plain, end.tensor.name, f"input_{place}", str(place)]
    return tuple(dict.fromkeys(name for name in found if name))


def match(mine: Sequence[End], theirs: Sequence[End], makers: Mapping[Tensor, str] | None = None) -> Matched:
    """Find for each end of a model its own of the source.

    `makers` are the layers that make the source's outputs, whose names Keras gives to outputs.
    """
    places: dict[int, int] = {}
    by: dict[int, str] = {}
    for way, fitting in (("signature", _same_alias), ("name", _same_name)):
        for place, end in enumerate(mine):
            if place in places:
                continue
            found = [
                number for number, each in enumerate(theirs) if number not in places.values() and fitting(end, each)
            ]
            if len(found) == 1:
                places[place], by[place] = found[0], way
    for place, end in enumerate(mine):
        number = _counted(end, len(theirs)) if place not in places else None
        if number is not None and number not in places.values() and _fits(end.tensor, theirs[number].tensor):
            places[place], by[place] = number, "name"
    for place, end in enumerate(mine):
        maker = [number for number, each in enumerate(theirs) if (makers or {}).get(each.tensor) == end.alias]
        if place in places or not end.alias or len(maker) != 1 or maker[0] in places.values():
            continue
        if _fits(end.tensor, theirs[maker[0]].tensor):
            places[place], by[place] = maker[0], "name"
    _by_shape(mine, theirs, places, by)
    return Matched(
        tuple(places.get(place) for place in range(len(mine))), tuple(by.get(place, "") for place in range(len(mine)))
    )


def _by_shape(mine: Sequence[End], theirs: Sequence[End], places: dict[int, int], by: dict[int, str]) -> None:
    """Match what is left: where only one has the shape by that, else in order."""
    left = [place for place in range(len(mine)) if place not in places]
    free = [number for number in range(len(theirs)) if number not in places.values()]
    for place in list(left):
        fitting = [number for number in free if _fits(mine[place].tensor, theirs[number].tensor)]
        rivals = [
            other for other in left if any(_fits(mine[other].tensor, theirs[number].tensor) for number in fitting)
        ]
        if len(fitting) == 1 and rivals == [place]:
            places[place], by[place] = fitting[0], "shape"
            left.remove(place)
            free.remove(fitting[0])
    for place in left:
        number = next((each for each in free if _fits(mine[place].tensor, theirs[each].tensor)), None)
        if number is not None:
            only = len(mine) == len(theirs) == 1
            places[place], by[place] = number, "shape" if only else "order"
            free.remove(number)


def _same_alias(mine: End, theirs: End) -> bool:
    return bool(mine.alias) and mine.alias == theirs.alias and _fits(mine.tensor, theirs.tensor)


def _same_name(mine: End, theirs: End) -> bool:
    """Whether any of their names is the same."""
    own = {mine.alias, mine.plain} - {""}
    return bool(own & {theirs.alias, theirs.plain}) and _fits(mine.tensor, theirs.tensor)


def _counted(end: End, count: int) -> int | None:
    """The place in names that are only a count: `output_1`."""
    found = _COUNTED.fullmatch(end.alias or end.plain)
    return int(found[1]) if found is not None and int(found[1]) < count else None


def _fits(mine: Tensor, theirs: Tensor) -> bool:
    """Whether shapes agree, as far as they are known."""
    if not (mine.has_rank and theirs.has_rank):
        return True
    if len(mine.shape) != len(theirs.shape):
        return False
    pairs = zip(mine.shape, theirs.shape, strict=True)
    return all(
        size is None or wanted is None or size == wanted or place == 0 for place, (size, wanted) in enumerate(pairs)
    )


def _plain(name: str) -> str:
    return _PLACE.sub("", name).removeprefix(_PREFIX)


def signature_of(model: Model, graph: Graph) -> Signature | None:
    """The signature that calls a graph; None where none does, or several."""
    fitting = [each for each in model.signatures if each.graph_index == graph.index]
    return fitting[0] if len(fitting) == 1 else None
