"""Ops that stayed and take their values from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.alignment import Alignment, origin
from tflint.analysis.ends import EITHER_WAY, ends
from tflint.analysis.labels import CARRYING
from tflint.analysis.phrases import count
from tflint.changes import Change, Grade, Part
from tflint.difference.grouped import Groups, kinds, places, where
from tflint.model import Graph, Op, Tensor

__all__ = ["wiring_changes"]


def wiring_changes(found: Alignment) -> Iterator[Change]:
    """What ops take from elsewhere than before, where no op that came or went explains it; inputs that came or went."""
    moved: list[tuple[Op, Op, int]] = []
    optional: Groups[tuple[str, int, bool]] = Groups()
    for mine, theirs in found.graphs:
        around = _Around(mine, theirs, found)
        for there in theirs.ops:
            here = found.old_of.get(there)
            if here is None or there.kind in CARRYING:
                continue
            for slot in range(max(len(here.inputs), len(there.inputs))):
                is_there = there.input(slot) is not None
                if (here.input(slot) is not None) != is_there:
                    optional.add((there.kind, slot, is_there), there)
            first_moved = around.moved(here, there)
            if first_moved is not None:
                moved.append((here, there, first_moved))
    for (kind, slot, is_there), ops in optional.found.items():
        at = f" at {count(len(ops), 'place')}" if len(ops) > 1 else ""
        name = "a bias" if slot == 2 and kind in _WITH_BIAS else f"an input in place {slot}"
        message = f"{kind} has {name} now{at}; before, it had none." if is_there else f"{kind} has lost {name}{at}."
        yield Change(Grade.MINOR, Part.OPS, "op-input", message, "", not is_there, is_there, places(ops))
    if moved:
        ops = [there for _, there, _ in moved]
        here, there, slot = moved[0]
        first = f"{where(there)} takes its input {slot} from {_source(there, slot, found, old=False)} now; "
        first += f"before, from {_source(here, slot, found, old=True)}"
        more = "" if len(moved) == 1 else f"; so do {kinds(ops[1:])}"
        message = f"Values are taken from elsewhere: {first}{more}."
        yield Change(Grade.MINOR, Part.OPS, "wiring", message, places=places(ops))


_WITH_BIAS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "CONV_3D"})


class _Around:
    """What leads to the ops of a graph, in both builds."""

    def __init__(self, old: Graph, new: Graph, found: Alignment) -> None:
        self._old, self._new, self._found = old, new, found
        inputs = ends(old, new, found)[0]
        self._partner: dict[Tensor, Tensor] = {
            inputs.old[here]: inputs.new[there] for here, there in inputs.partner.items()
        }
        self._inputs = frozenset(old.inputs), frozenset(new.inputs)
        for here in old.ops:
            there = found.new_of.get(here)
            if there is not None:
                self._partner.update(zip(here.outputs, there.outputs, strict=False))
        self._known = frozenset(self._partner.values())

    def moved(self, here: Op, there: Op) -> int | None:
        """The first slot of an op that takes another value than its partner did; None where there is none."""
        expected = [self._expected(tensor) for tensor in here.inputs]
        actual = [self._actual(tensor) for tensor in there.inputs]
        if here.kind in EITHER_WAY and set(expected) == set(actual):
            return None
        for slot, (before, after) in enumerate(zip(expected, actual, strict=False)):
            if before is not None and after is not None and before is not after:
                return slot
        return None

    def _expected(self, tensor: Tensor | None) -> Tensor | None:
        """What the partner should read; None where that is not known, or a constant."""
        return None if tensor is None or tensor.is_constant else self._partner.get(origin(self._old, tensor))

    def _actual(self, tensor: Tensor | None) -> Tensor | None:
        if tensor is None or tensor.is_constant:
            return None
        value = origin(self._new, tensor)
        return value if value in self._known else None


def _source(op: Op, slot: int, found: Alignment, *, old: bool) -> str:
    """Where an input comes from, in words."""
    graph = next(
        (pair[0 if old else 1] for pair in found.graphs if pair[0 if old else 1].index == op.graph_index), None
    )
    tensor = op.input(slot)
    if graph is None or tensor is None:
        return "nowhere"
    maker = graph.producer(origin(graph, tensor))
    return where(maker) if maker is not None else "an input of the model"
