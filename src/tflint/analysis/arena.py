"""How much memory a graph's values take while it runs: without a plan, and as LiteRT and TFLite Micro plan it.

Both place the largest value first, each where nothing lies that is alive at the same time. They differ in how long
values live, in alignment, in which gap they take, and in which ops write over what they read.

Source: LiteRT f67457790, tflite/arena_planner.cc; when it plans: Subgraph::PrepareOpsAndTensors and InvokeImpl in
tflite/core/subgraph.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tflint.analysis.litert_kernels import temporaries
from tflint.analysis.placing import Layout
from tflint.analysis.sizing import Held, Sizing, held_at_first, sizing
from tflint.analysis.tflm_memory import TflmArena, tflm_arena
from tflint.model import DType, Graph, Model, Op, Tensor

__all__ = ["Peak", "TflmArena", "litert_arena", "peak", "tflm_arena"]

_FOREVER = 1 << 40
_ALIGNMENT = 64
_LARGEST = 1 << 60
_SMALL = 4
"""Values of so few bytes are not written over: their size may not be known yet."""
_UNCHANGED = frozenset({"BITCAST", "EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
"""Ops that only look at the same bytes in another way."""
_OVERWRITTEN: Mapping[str, int] = {"ADD": 2, "DIV": 2, "DYNAMIC_UPDATE_SLICE": 1, "MUL": 2, "SOFTMAX": 1, "SUB": 2}
"""How many of its first inputs an op may write over (LiteRT f67457790, inplace_operator in tflite/kernels/*.cc)."""


class _Wanted(NamedTuple):
    """Memory that is asked for; `number` is the tensor's, in the order in which tensors were made."""

    size: int
    first: int
    last: int
    number: int


@dataclass(eq=False)
class _Plan:
    """When the values of a graph are made and last used, and which share their memory."""

    first: dict[Tensor, int]
    last: dict[Tensor, int]
    owner: dict[Tensor, Tensor]
    """Outputs that take the place of an input, and the value whose memory that is."""


@dataclass(frozen=True, eq=False)
class Peak:
    """The most bytes that are alive at once, where no op writes over what it reads: what any such plan needs."""

    byte_size: int
    op: Op
    alive: tuple[Tensor, ...]
    """What is alive then, the largest first."""


def peak(graph: Graph) -> Peak | None:
    """The op at which the most bytes are alive; None for a graph without ops, or one with sizes that are unknown."""
    spans = _spans(graph)
    sizes = {tensor: 4 if tensor.dtype is DType.RESOURCE else tensor.nbytes for tensor in spans}
    if not graph.ops or None in sizes.values():
        return None
    change = [0] * (len(graph.ops) + 1)
    for tensor, (first, last) in spans.items():
        change[first] += sizes[tensor] or 0
        change[last + 1] -= sizes[tensor] or 0
    most, at, now = -1, 0, 0
    for index in range(len(graph.ops)):
        now += change[index]
        if now > most:
            most, at = now, index
    alive = [tensor for tensor, (first, last) in spans.items() if first <= at <= last]
    return Peak(most, graph.ops[at], tuple(sorted(alive, key=lambda tensor: -(sizes[tensor] or 0))))


def _spans(graph: Graph) -> dict[Tensor, tuple[int, int]]:
    """From which op to which a value is alive; outputs to the end. Constants and variables are not among them."""
    end = max(len(graph.ops) - 1, 0)
    spans: dict[Tensor, tuple[int, int]] = dict.fromkeys(graph.inputs, (0, 0))
    for index, op in enumerate(graph.ops):
        for tensor in op.inputs:
            if tensor is not None and tensor in spans:
                spans[tensor] = (spans[tensor][0], index)
        for tensor in op.outputs:
            spans[tensor] = (spans.get(tensor, (index, index))[0], index)
    for tensor in graph.outputs:
        if tensor in spans:
            spans[tensor] = (spans[tensor][0], end)
    return {tensor: span for tensor, span in spans.items() if not tensor.is_constant and not tensor.is_variable}


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
    first_part = _stops(graph, found)[0]
    kept: dict[Tensor, int] = {}
    variables = [tensor for tensor in graph.tensors if tensor.is_variable]
    for tensor in (*graph.outputs, *graph.inputs, *variables):
        kept[tensor] = kept.get(tensor, 0) + 1
    plan = _Plan(dict.fromkeys((*graph.inputs, *variables), 0), {}, _owners(graph, found, kept, first_part))
    left = dict(kept)
    for op in graph.ops:
        for owner in _read(op, plan):
            left[owner] = left.get(owner, 0) + 1
    for index, op in enumerate(graph.ops):
        unused = found.unused.get(op, frozenset()) if index <= first_part else frozenset()
        for tensor in op.outputs:
            if tensor not in unused:
                plan.first.setdefault(tensor, index)
        for owner in _read(op, plan):
            left[owner] -= 1
            if not left[owner] and owner in plan.first:
                plan.last[owner] = index
    return plan


def _read(op: Op, plan: _Plan) -> Iterator[Tensor]:
    """The values whose memory an op reads, as often as it names them."""
    return (plan.owner.get(tensor, tensor) for tensor in op.inputs if tensor is not None)


def _owners(graph: Graph, found: Sizing, kept: Mapping[Tensor, int], first_part: int) -> dict[Tensor, Tensor]:
    """The outputs that take the place of an input, and the value whose memory that is."""
    prepared = {tensor for op in graph.ops[: first_part + 1] for tensor in op.outputs}
    fixed_inputs, fixed_outputs = frozenset(graph.inputs), frozenset(graph.outputs)
    readers = dict(kept)
    for op in graph.ops:
        for tensor in op.inputs:
            if tensor is not None:
                readers[tensor] = readers.get(tensor, 0) + 1

    def state(tensor: Tensor) -> tuple[Held, int]:
        """Where a value is and how large, as far as it is prepared."""
        if tensor in prepared:
            return found.place(tensor), found.shapes.nbytes(tensor) or 0
        return held_at_first(tensor), tensor.nbytes or 0

    owners: dict[Tensor, Tensor] = {}
    for op in graph.ops:
        unchanged = op.kind in _UNCHANGED
        count = 1 if unchanged else _OVERWRITTEN.get(op.kind, 0)
        if not count or op.is_custom or not op.outputs or op.outputs[0] in fixed_outputs:
            continue
        output, inputs = op.outputs[0], (tensor for tensor in op.inputs[:count] if tensor is not None)
        free = (tensor for tensor in inputs if tensor not in fixed_inputs and _fits(state(tensor), state(output)))
        if not unchanged:
            free = (tensor for tensor in free if _is_overwritable(state(tensor), state(output), readers[tensor]))
        taken = next(free, None)
        owner = owners.get(taken, taken) if taken is not None else None
        if owner is not None and (unchanged or readers.get(owner, 0) <= 1):
            owners[output] = owner
    return owners


def _fits(x: tuple[Held, int], output: tuple[Held, int]) -> bool:
    return x[0] in (output[0], Held.ARENA)


def _is_overwritable(x: tuple[Held, int], output: tuple[Held, int], readers: int) -> bool:
    return x[1] == output[1] > _SMALL and readers <= 1
