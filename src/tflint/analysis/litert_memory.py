"""How LiteRT plans the arena of a graph.

Source: LiteRT f67457790, tflite/arena_planner.cc; when it plans: Subgraph::PrepareOpsAndTensors and InvokeImpl in
tflite/core/subgraph.cc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tflint.analysis.placing import Layout
from tflint.analysis.sizing import Held, Sizing, held_at_first, sizing
from tflint.analysis.temporaries import temporaries
from tflint.model import Graph, Model, Op, Tensor

__all__ = ["litert_arena"]

_FOREVER = 1 << 40
_ALIGNMENT = 64
_LARGEST = 1 << 60
_SMALLEST_SHARED = 5
_UNCHANGED = frozenset({"BITCAST", "EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
"""Ops that only look at the same bytes in another way."""
_OVERWRITTEN: Mapping[str, int] = {"ADD": 2, "DIV": 2, "DYNAMIC_UPDATE_SLICE": 1, "MUL": 2, "SOFTMAX": 1, "SUB": 2}
"""How many of its first inputs an op may write over (inplace_operator in tflite/kernels/*.cc)."""


class _Wanted(NamedTuple):
    """Memory that is asked for; `number` is the tensor's, in the order in which tensors were made."""

    size: int
    first: int
    last: int
    number: int


@dataclass(eq=False)
class _Plan:
    """When the values of a graph are made and last used, and which share their memory."""

    first: dict[Tensor, int] = field(default_factory=dict)
    last: dict[Tensor, int] = field(default_factory=dict)
    owner: dict[Tensor, Tensor] = field(default_factory=dict)
    """Outputs that take the place of an input, and the value whose memory that is."""


def litert_arena(model: Model, graph: Graph) -> int | None:
    """The bytes of the arena that LiteRT plans for a graph's values and the scratch memory of its CPU kernels.

    That is at the default sizes of the inputs, on one thread, without a delegate. None where a size is known only when
    the model runs, and for a graph with broken references.
    """
    if not graph.intact:
        return None
    found = sizing(model, graph)
    plan = _plan(graph, found)
    layout = Layout(_ALIGNMENT, best_fit=True)
    start = 0
    for end in _stops(graph, found):
        wanted = _wanted(graph, found, plan, start, end)
        if wanted is None:
            return None
        for each in sorted(wanted, key=_order):
            if each.size:
                layout.place(each.size, each.first, each.last)
        _leave(graph, found, plan, end)
        start = end + 1
    return layout.byte_size


def _stops(graph: Graph, found: Sizing) -> list[int]:
    """The last op of each part that is planned at once."""
    last = max(len(graph.ops) - 1, 0)
    return [*(index for index in range(last) if found.waits[index]), last]


def _order(wanted: _Wanted) -> tuple[int, int, int]:
    """What lives all the time comes first, in the order of the file; then the largest, of equal ones the earliest."""
    if wanted.first == 0 and wanted.last == _FOREVER:
        return -1, wanted.number, 0
    return 0, -wanted.size, wanted.first


def _leave(graph: Graph, found: Sizing, plan: _Plan, index: int) -> None:
    """After a run of the op: a RESHAPE that could not work in place has moved its output to the heap."""
    for tensor in graph.ops[index].outputs if index < len(graph.ops) else ():
        if tensor in found.undecided and tensor not in plan.owner:
            found.held[tensor] = Held.HEAP


def _wanted(graph: Graph, found: Sizing, plan: _Plan, start: int, end: int) -> list[_Wanted] | None:
    """What is asked for when the ops from `start` to `end` are planned; None where a size is unknown.

    What an op asks for last comes first, as the C++ library keeps small sets of numbers.
    """
    wanted: list[_Wanted] = []
    for index in range(start, end + 1):
        outputs: tuple[Tensor, ...] = ()
        if graph.ops:
            op = graph.ops[index]
            outputs = op.outputs
            sizes = temporaries(op, found)
            if sizes is None:
                return None
            wanted += [_Wanted(size, index, index, len(graph.tensors)) for size in reversed(sizes)]
        new = (*graph.inputs, *outputs) if index == 0 else outputs
        for tensor in reversed(dict.fromkeys(new)):
            if plan.first.get(tensor) != index or found.place(tensor) is not Held.ARENA:
                continue
            if _is_shared(found, plan, tensor):
                continue
            size = found.shapes.nbytes(tensor)
            if size is None:
                return None
            wanted.append(_Wanted(size, index, plan.last.get(tensor, _FOREVER), tensor.index))
    return wanted if sum(each.size for each in wanted) < _LARGEST else None


def _is_shared(found: Sizing, plan: _Plan, tensor: Tensor) -> bool:
    """Whether the value still takes the place of another: both may have changed since that was planned."""
    owner = plan.owner.get(tensor)
    if owner is None:
        return False
    if found.place(owner) is Held.ARENA and found.shapes.nbytes(owner) == found.shapes.nbytes(tensor):
        return True
    del plan.owner[tensor]
    return False


def _plan(graph: Graph, found: Sizing) -> _Plan:
    """Who shares and how long values live, as it is planned when the ops of the first part are prepared."""
    plan = _Plan()
    kept: dict[Tensor, int] = {}
    for tensor in graph.outputs:
        kept[tensor] = kept.get(tensor, 0) + 1
    for tensor in graph.inputs:
        kept[tensor] = kept.get(tensor, 0) + 1
        plan.first[tensor] = 0
    for tensor in graph.tensors:
        if tensor.is_variable:
            kept[tensor] = kept.get(tensor, 0) + 1
            plan.first[tensor] = 0
    first_part = _stops(graph, found)[0]
    _share(graph, found, plan, kept, first_part)
    left = dict(kept)
    for op in graph.ops:
        for tensor in op.inputs:
            if tensor is not None:
                owner = plan.owner.get(tensor, tensor)
                left[owner] = left.get(owner, 0) + 1
    for index, op in enumerate(graph.ops):
        unused = found.unused.get(op, frozenset()) if index <= first_part else frozenset()
        for tensor in op.outputs:
            if tensor not in unused:
                plan.first.setdefault(tensor, index)
        for tensor in op.inputs:
            if tensor is None:
                continue
            owner = plan.owner.get(tensor, tensor)
            left[owner] -= 1
            if not left[owner] and owner in plan.first:
                plan.last[owner] = index
    return plan


def _share(graph: Graph, found: Sizing, plan: _Plan, kept: Mapping[Tensor, int], first_part: int) -> None:
    """Find the outputs that take the place of an input."""
    readers = dict(kept)
    for op in graph.ops:
        for tensor in op.inputs:
            if tensor is not None:
                readers[tensor] = readers.get(tensor, 0) + 1
    prepared = {tensor for op in graph.ops[: first_part + 1] for tensor in op.outputs}
    fixed_inputs, fixed_outputs = frozenset(graph.inputs), frozenset(graph.outputs)

    def state(tensor: Tensor) -> tuple[Held, int]:
        """Where a value is and how large, as far as it is prepared."""
        if tensor in prepared:
            return found.place(tensor), found.shapes.nbytes(tensor) or 0
        return held_at_first(tensor), tensor.nbytes or 0

    for op in graph.ops:
        unchanged = op.kind in _UNCHANGED
        count = 1 if unchanged else _OVERWRITTEN.get(op.kind, 0)
        if not count or op.is_custom or not op.outputs or op.outputs[0] in fixed_outputs:
            continue
        held, size = state(op.outputs[0])
        for tensor in op.inputs[:count]:
            if tensor is None or tensor in fixed_inputs:
                continue
            other_held, other_size = state(tensor)
            if other_held is not held and other_held is not Held.ARENA:
                continue
            if not unchanged and (other_size != size or size < _SMALLEST_SHARED or readers[tensor] > 1):
                continue
            owner = plan.owner.get(tensor, tensor)
            if unchanged or readers.get(owner, 0) <= 1:
                plan.owner[op.outputs[0]] = owner
            break
