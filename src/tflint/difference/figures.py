"""How large, how costly and how hungry for memory both builds are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tflint.analysis.arena import litert_arena
from tflint.analysis.cost import macs
from tflint.analysis.phrases import size
from tflint.analysis.tflm_memory import tflm_arena
from tflint.changes import Change, Figure, Grade, Part
from tflint.difference.constants import is_setting
from tflint.model import Format, Graph, Location, Model, Tensor

if TYPE_CHECKING:
    from tflint.target import Target

__all__ = ["figure_changes", "figures"]

_LEAST = 0.01
"""A figure that moved by less, as a share of the old one, is no change."""
_LEAST_BYTES = 1024
"""Names and paddings make out as much."""
_MOST_WORK = 5_000_000
_MOST_VALUES = 20_000
_TFLM = "tflm"
_COMPILED = frozenset({"ethos-u", "edgetpu-custom-op", "DISPATCH_OP"})
"""What holds a part of a model as a program for an accelerator."""
_NO_CHANGE = frozenset({"ops"})


def figures(old: Model, new: Model, targets: Sequence[Target] = ()) -> tuple[Figure, ...]:
    """The figures of two builds of the same kind."""
    unit = {Format.TFLITE: "ops", Format.SAVED_MODEL: "nodes"}.get(new.format, "layers")
    unit = unit if old.format is new.format or unit == "layers" else "ops"
    numbers = [
        Figure("file", "file", old.byte_size, new.byte_size, "bytes"),
        Figure("ops", unit, _ops(old), _ops(new)),
        Figure("parameters", "parameters", _parameters(old), _parameters(new)),
    ]
    if new.format is not Format.TFLITE:
        return tuple(numbers)
    numbers.append(Figure("macs", "MACs a run", _macs(old), _macs(new)))
    numbers.append(Figure("arena", "LiteRT arena", _arena(old), _arena(new), "bytes", Part.MEMORY))
    if any(target.name == _TFLM for target in targets):
        numbers.append(Figure("tflm_arena", "TFLite Micro arena", _tflm(old), _tflm(new), "bytes", Part.MEMORY))
    return tuple(numbers)


def figure_changes(measured: Sequence[Figure], old_model: Model, new_model: Model) -> Iterator[Change]:
    """A change for each figure that moved; files of two formats have sizes that say nothing."""
    for each in measured:
        if each.name == "file" and old_model.format is not new_model.format:
            continue
        ratio = each.ratio
        if each.name in _NO_CHANGE or each.old == each.new or each.old is None or each.new is None:
            continue
        if (ratio is not None and abs(ratio) < _LEAST) or (each.unit and abs(each.new - each.old) < _LEAST_BYTES):
            continue
        verb = "grew" if each.new > each.old else "shrank"
        by = f" by {abs(ratio):.0%}".replace("%", " %") if ratio is not None else ""
        old, new = (size(value) if each.unit else f"{value:,}" for value in (each.old, each.new))
        subject = {"file": "The file", "arena": "The arena in LiteRT", "tflm_arena": "The arena in TFLite Micro"}.get(
            each.name, f"The number of {each.label}"
        )
        message = f"{subject} {verb}{by}, from {old} to {new}."
        places = (Location(new_model.path),)
        yield Change(Grade.MINOR, each.part, f"{each.name}-{verb}", message, "", each.old, each.new, places)


def _ops(model: Model) -> int:
    return sum(len(graph.ops) for graph in model.graphs)


def _arena(model: Model) -> int | None:
    graph = model.graphs[0]
    return litert_arena(model, graph) if graph.intact and _is_plannable(graph) else None


def _tflm(model: Model) -> int | None:
    if not all(_is_plannable(graph) for graph in model.graphs):
        return None
    plan = tflm_arena(model)
    return None if plan is None else plan.least_bytes


def _is_plannable(graph: Graph) -> bool:
    """Whether a plan is made in reasonable time: the planners look at all values that are alive with each new one."""
    if sum(len(op.outputs) for op in graph.ops) + len(graph.inputs) > _MOST_VALUES:
        return False
    last = {tensor: place for place, op in enumerate(graph.ops) for tensor in op.inputs if tensor is not None}
    last |= dict.fromkeys(graph.outputs, len(graph.ops))
    dies = Counter(last.values())
    alive, work = len(graph.inputs), 0
    for place, op in enumerate(graph.ops):
        alive += len(op.outputs)
        work += len(op.outputs) * alive
        alive -= dies[place]
    return work + len(graph.inputs) ** 2 <= _MOST_WORK


def _parameters(model: Model) -> int | None:
    """The numbers in a model that were learned, what is stored once counted once; None where it is compiled."""
    if any(op.kind in _COMPILED for graph in model.graphs for op in graph.ops):
        return None
    seen: set[object] = set()
    total = 0
    for graph in model.graphs:
        weights = (weight for op in graph.ops for weight in op.weights)
        for tensor in (*graph.tensors, *weights):
            if not tensor.is_constant or is_setting(tensor) or tensor in seen or not _is_number(tensor):
                continue
            stored = (id(tensor.data.obj), tensor.byte_offset) if tensor.data is not None else tensor
            if stored not in seen:
                total += tensor.elements
            seen.update((stored, tensor))
    return total


def _is_number(tensor: Tensor) -> bool:
    return tensor.dtype.is_float or tensor.dtype.is_integer


def _macs(model: Model) -> int | None:
    """The multiply-accumulates of all ops whose cost is known; None where none is."""
    costs = [macs(op) for graph in model.graphs for op in graph.ops]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
