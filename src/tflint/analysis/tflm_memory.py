"""What TFLite Micro keeps in its arena: the plan for values and scratch memory, and the tables that last.

The sizes are those of a 64-bit host and of the reference kernels, as the tflite-micro package for Python is built: with
support for compressed tensors, and with the allocator that records what it gives. A build for a device with 32-bit
pointers needs less for the tables, other kernels (CMSIS-NN, Xtensa) other scratch memory.

Source: tflite-micro 90b983c2, tensorflow/lite/micro: micro_allocation_info.cc, micro_allocator.cc,
micro_interpreter.cc, micro_interpreter_graph.cc, memory_planner/greedy_memory_planner.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import unpack_from
from typing import NamedTuple

from tflint.analysis.calls import called
from tflint.analysis.placing import Layout, rounded_up
from tflint.analysis.tflm_kernels import kept, options, scratch
from tflint.model import DType, Graph, Model, Op, Tensor

__all__ = ["TflmArena", "tflm_arena"]

_ALIGNMENT = 16
_LARGEST = 1 << 40
_MOST_STEPS = 2_000_000
"""Graphs may run one another more often than can be counted."""
_DEEPEST = 32
_ONLINE = -1
_ALLOCATORS = 448
"""The allocators and the planner themselves."""
_PER_GRAPH, _PER_TENSOR, _PER_OP, _PER_SCRATCH = 24, 24, 64, 8
_BUILTIN_ALLOCATOR, _IO_TENSOR, _IO_QUANTIZATION = 16, 64, 24
_REQUEST, _LIFETIME, _PLANNED, _SPARE_REQUESTS = 16, 32, 40, 12
"""What planning itself needs: per scratch request, per value, per planned value, and requests set aside."""


@dataclass(frozen=True)
class TflmArena:
    """The bytes of an arena of TFLite Micro."""

    head_bytes: int
    """The plan: values and scratch memory."""
    tail_bytes: int
    """What lasts: tables of tensors and ops, what kernels keep, variables. An estimate where a kernel is not known."""
    least_bytes: int
    """The smallest arena that works: making the plan takes memory of its own, which counts where the head is small."""

    @property
    def arena_bytes(self) -> int:
        """Head and tail: what the arena holds in the end."""
        return self.head_bytes + self.tail_bytes


class _Wanted(NamedTuple):
    size: int
    first: int
    last: int
    offset: int = _ONLINE


@dataclass(eq=False)
class _Clock:
    """When values and the ops' scratch memory are wanted, as counted while the graphs are gone through."""

    now: int = 0
    steps: int = 0
    values: dict[Tensor, list[int]] = field(default_factory=dict)
    ops: dict[Op, list[int]] = field(default_factory=dict)

    def made(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            span = self.values.setdefault(tensor, [-1, -1])
            if span[0] == -1:
                span[0] = self.now

    def used(self, tensors: Iterable[Tensor | None]) -> None:
        for tensor in tensors:
            if tensor is not None:
                self.values.setdefault(tensor, [-1, -1])[1] = self.now


def tflm_arena(model: Model) -> TflmArena | None:
    """What TFLite Micro needs for a model at the sizes in the file.

    None where a size is unknown, a graph is broken or runs itself, or the file's own plan does not fit its tensors.
    """
    if not model.graphs or not all(graph.intact for graph in model.graphs):
        return None
    clock = _Clock()
    planned = _plan_in_file(model)
    if planned is None or not _walk(model, 0, clock, frozenset()):
        return None
    wanted = _values(model, clock, planned)
    if wanted is None:
        return None
    requests = [
        _Wanted(rounded_up(size, _ALIGNMENT), *clock.ops.get(op, (-1, -1)))
        for graph in model.graphs
        for op in graph.ops
        for size in scratch(op)
    ]
    wanted += requests
    if sum(each.size + max(each.offset, 0) for each in wanted) > _LARGEST:
        return None
    tail = _Tail()
    tail.tables(model)
    tail.take(_PER_SCRATCH * len(requests), 8)
    tail.variables(model, planned)
    planning = _planning(model, len(requests), len(wanted)) + tail.byte_size
    tail.ends(model.graphs[0])
    head = _head(wanted)
    return TflmArena(head, tail.byte_size, max(head + tail.byte_size, planning))


def _head(wanted: Sequence[_Wanted]) -> int:
    """The bytes of the plan: what the file places, then the largest first, of equal ones the last."""
    layout = Layout(1, best_fit=False)
    for each in wanted:
        if each.offset != _ONLINE:
            layout.put(each.offset, each.size, each.first, each.last)
    online = [each for each in reversed(wanted) if each.offset == _ONLINE]
    for each in sorted(online, key=lambda each: -each.size):
        layout.place(each.size, each.first, each.last)
    return layout.byte_size


def _planning(model: Model, requests: int, planned: int) -> int:
    """The bytes in front of the tail that making the plan takes."""
    values = sum(len(graph.tensors) for graph in model.graphs) + requests
    lists = _REQUEST * (requests + _SPARE_REQUESTS) + 8 * len(model.graphs) + _LIFETIME * values
    return rounded_up(lists, _ALIGNMENT) + _PLANNED * planned


def _plan_in_file(model: Model) -> list[int] | None:
    """The offset of each tensor by the file's own plan, -1 where it leaves that open; None where it does not fit."""
    found = model.metadata.get("OfflineMemoryAllocation")
    count = sum(len(graph.tensors) for graph in model.graphs)
    if found is None:
        return [_ONLINE] * count
    if len(found) < 4 * (3 + count) or unpack_from("<I", found, 8)[0] != count:
        return None
    return list(unpack_from(f"<{count}i", found, 12))


def _values(model: Model, clock: _Clock, planned: Sequence[int]) -> list[_Wanted] | None:
    """The values that the plan holds; None where a size is unknown."""
    handles = {tensor for graph in model.graphs for op in graph.ops if op.kind == "VAR_HANDLE" for tensor in op.outputs}
    wanted: list[_Wanted] = []
    offsets = iter(planned)
    for graph in model.graphs:
        for tensor in graph.tensors:
            offset = next(offsets)
            if (tensor.is_constant and tensor.data) or tensor.external or tensor in handles:
                continue
            if tensor.is_variable and offset == _ONLINE:
                continue
            size = 4 if tensor.dtype is DType.RESOURCE else tensor.nbytes
            if size is None or offset < _ONLINE:
                return None
            if size:
                first, last = clock.values.get(tensor, (-1, -1))
                wanted.append(_Wanted(rounded_up(size, _ALIGNMENT), first, last, offset))
    return wanted


def _walk(model: Model, number: int, clock: _Clock, inside: frozenset[int]) -> bool:
    """Go through a graph, and those that it runs; False where it runs itself, or graphs run one another too often."""
    if number in inside or not 0 <= number < len(model.graphs) or len(inside) > _DEEPEST:
        return False
    graph = model.graphs[number]
    clock.made(graph.inputs)
    clock.used(graph.inputs)
    for op in graph.ops:
        clock.now += 1
        clock.steps += 1
        span = clock.ops.setdefault(op, [clock.now, clock.now])
        clock.made(op.outputs)
        for inner in _runs(op):
            clock.now += 1
            if clock.steps > _MOST_STEPS or not _walk(model, inner, clock, inside | {number}):
                return False
        clock.used(op.inputs)
        clock.used(op.outputs)
        span[1] = clock.now
    clock.made(graph.outputs)
    clock.used(graph.outputs)
    return True


def _runs(op: Op) -> Iterator[int]:
    """The graphs that TFLite Micro runs for an op."""
    if op.kind in ("IF", "WHILE", "CALL_ONCE"):
        yield from (number for _, number in called(op))


class _Tail:
    """The end of the arena, which grows towards its front."""

    def __init__(self) -> None:
        self.byte_size = 0

    def take(self, size: int, alignment: int = _ALIGNMENT) -> None:
        self.byte_size = rounded_up(self.byte_size + size, alignment) if size else self.byte_size

    def tables(self, model: Model) -> None:
        """What is made before the plan: the allocators, tables of tensors and ops, and what kernels keep."""
        self.take(_ALLOCATORS, 8)
        variables = {_name(op) for graph in model.graphs for op in graph.ops if op.kind == "VAR_HANDLE"}
        if variables:
            self.take(16)
            self.take(40 * len(variables))
        self.take(_BUILTIN_ALLOCATOR, 8)
        self.take(_PER_GRAPH * len(model.graphs), 8)
        for graph in model.graphs:
            self.take(_PER_TENSOR * len(graph.tensors), 8)
        for graph in model.graphs:
            self.take(_PER_OP * len(graph.ops), 8)
        ops = [op for graph in model.graphs for op in graph.ops]
        for op in ops:
            self.take(*options(op))
        needs = [kept(op) for op in ops]
        for at_first, _ in needs:
            self.take(at_first)
        for _, at_prepare in needs:
            for size in at_prepare:
                self.take(size)
        self._assigned(model)

    def _assigned(self, model: Model) -> None:
        """The memory of resource variables, each once."""
        seen: set[tuple[str, str]] = set()
        for graph in model.graphs:
            for op in graph.ops:
                handle, value = op.input(0), op.input(1)
                maker = None if handle is None else graph.producer(handle)
                if op.kind != "ASSIGN_VARIABLE" or maker is None or value is None or _name(maker) in seen:
                    continue
                seen.add(_name(maker))
                self.take(value.nbytes or 0)

    def variables(self, model: Model, planned: Sequence[int]) -> None:
        """The variable tensors that the plan leaves out."""
        offsets = iter(planned)
        for graph in model.graphs:
            for tensor in graph.tensors:
                if next(offsets) == _ONLINE and tensor.is_variable:
                    self.take(tensor.nbytes or 0)

    def ends(self, graph: Graph) -> None:
        """What callers get at: the inputs and outputs of the first graph, with their quantization."""
        for side in (graph.inputs, graph.outputs):
            self.take(8 * len(side))
            for tensor in side:
                self.take(_IO_TENSOR, 8)
                quant = tensor.quant
                if quant is not None and len(quant.scale) and len(quant.zero_point):
                    self.take(_IO_QUANTIZATION, 8)
                    self.take(4 + 4 * len(quant.scale), 4)


def _name(op: Op) -> tuple[str, str]:
    return op.options.get("container", ""), op.options.get("shared_name", "")
