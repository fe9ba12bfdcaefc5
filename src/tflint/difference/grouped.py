"""One cause, one change: what is alike at many ops is told once, with their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from tflint.analysis.phrases import count, cut, listed
from tflint.model import Location, Model, Op

__all__ = ["MOST_PLACES", "Groups", "capital", "kinds", "many", "places", "things", "verb", "where"]

_Key = TypeVar("_Key")
MOST_PLACES = 1000
"""So many places of a change are kept."""


class Groups(Generic[_Key]):
    """Ops by what is said of them, in the order in which that is first met."""

    def __init__(self) -> None:
        self.found: dict[_Key, list[Op]] = {}

    def add(self, key: _Key, op: Op) -> None:
        """Say the same of one more op, once."""
        ops = self.found.setdefault(key, [])
        if not ops or ops[-1] is not op:
            ops.append(op)


def things(model: Model, number: int) -> str:
    """`31 ops`; of a Keras model layers, of a SavedModel nodes."""
    return count(number, {"keras": "layer", "keras-h5": "layer", "saved-model": "node"}.get(model.format.value, "op"))


def kinds(ops: Sequence[Op], at_most: int = 4) -> str:
    """`12 CONV_2D, 11 RELU and 2 more`, the most frequent first; the name alone where there is one op."""
    numbers: dict[str, int] = {}
    for op in ops:
        numbers[op.kind] = numbers.get(op.kind, 0) + 1
    ordered = sorted(numbers.items(), key=lambda item: -item[1])
    if len(ops) == 1:
        return cut(ordered[0][0])
    shown = [f"{number:,} {cut(kind)}" for kind, number in ordered[:at_most]]
    left = sum(number for _, number in ordered[at_most:])
    return ", ".join(shown) + f" and {left:,} of other kinds" if left else listed(shown, at_most)


def where(op: Op) -> str:
    """An op in a message: `op 12 CONV_2D`, of a source the layer or node."""
    return f"'{cut(op.name)}' ({cut(op.kind)})" if op.name else f"op {op.index} {cut(op.kind)}"


def many(model: Model, ops: Sequence[Op]) -> str:
    """The ops that something holds for: one by name, several by number and kinds."""
    if len(ops) == 1:
        return where(ops[0])
    if len({op.kind for op in ops}) == 1:
        number, word = things(model, len(ops)).split(" ")
        return f"{number} {cut(ops[0].kind)} {word}"
    return f"{things(model, len(ops))} ({kinds(ops, 3)})"


def verb(word: str, ops: Sequence[Op]) -> str:
    """A verb as it follows one op, or several."""
    return f"{word}s" if len(ops) == 1 else word


def capital(text: str) -> str:
    """The beginning of a sentence."""
    return text[:1].upper() + text[1:]


def places(ops: Iterable[Op]) -> tuple[Location, ...]:
    """Where ops stand; not more than anybody reads."""
    return tuple(op.location for op, _ in zip(ops, range(MOST_PLACES), strict=False))
