"""Where the ops of a graph end up on a target: verdicts, partitions, and what stays on the CPU.

Ops are taken in execution order into the current partition as long as all that they read is ready; where none fits, a
new partition of the other kind begins.

Source: LiteRT f67457790, tflite/graph_info.cc, PartitionGraphIntoIndependentNodeSubsets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import heappop, heappush

from tflint.analysis.cost import macs
from tflint.model import DType, Graph, Op, Tensor
from tflint.target import Limits, Target, Verdict

__all__ = ["Cure", "Placement", "cures", "partitions", "place", "placed"]


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the ops of one graph end up on one target.

    `verdicts` are those on each op, in execution order, once the target has revised them. `placed` says where each ends
    up once partitions are made and limits applied: True on the target, False not, None unknown. `partition` numbers
    the pieces that the target takes from 0; None for an op outside of them.
    """

    target: Target
    graph: Graph
    verdicts: tuple[Verdict, ...]
    placed: tuple[bool | None, ...]
    partition: tuple[int | None, ...]

    @property
    def partitions(self) -> int:
        """How many pieces the target takes."""
        return len({number for number in self.partition if number is not None})

    @cached_property
    def costs(self) -> tuple[int, ...]:
        """The multiply-accumulates of each op; an unknown cost counts as 0."""
        return tuple(macs(op) or 0 for op in self.graph.ops)

    @property
    def macs_placed(self) -> float | None:
        """The share of the multiply-accumulates that the target does, 0 to 1; None where the graph has none."""
        total = sum(self.costs)
        if not total:
            return None
        return sum(cost for cost, placed in zip(self.costs, self.placed, strict=True) if placed) / total

    @property
    def ops_placed(self) -> int:
        """How many ops end up on the target."""
        return sum(placed is True for placed in self.placed)

    @cached_property
    def boundary(self) -> tuple[Tensor, ...]:
        """The tensors that cross between the target and the CPU, in the order they are made."""
        return tuple(self._crossing())

    @property
    def boundary_bytes(self) -> int:
        """The bytes that cross in each run, at the default sizes."""
        return sum(tensor.nbytes or 0 for tensor in self.boundary)

    def _crossing(self) -> Iterator[Tensor]:
        where = dict(zip(self.graph.ops, self.partition, strict=True))
        for op in self.graph.ops:
            for tensor in op.outputs:
                if any(where[reader] != where[op] for reader in self.graph.consumers(tensor)):
                    yield tensor


def partitions(graph: Graph, taken: Sequence[bool]) -> list[list[int]]:
    """The pieces that the runtime cuts a graph into: op indices, alternately taken and not, in order of execution."""
    position = {op: index for index, op in enumerate(graph.ops)}
    waiting = [0] * len(graph.ops)
    readers: list[list[int]] = [[] for _ in graph.ops]
    before: int | None = None
    for index, op in enumerate(graph.ops):
        makers = {position[maker] for tensor in op.inputs if tensor is not None and (maker := graph.producer(tensor))}
        if _has_side_effect(op):
            makers |= set() if before is None else {before}
            before = index
        makers.discard(index)
        waiting[index] = len(makers)
        for maker_index in makers:
            readers[maker_index].append(index)
    ready: dict[bool, list[int]] = {True: [], False: []}
    for index, left in enumerate(waiting):
        if not left:
            heappush(ready[taken[index]], index)
    pieces: list[list[int]] = []
    while ready[True] or ready[False]:
        first = {kind: queue[0] for kind, queue in ready.items() if queue}
        kind = min(first, key=lambda each: first[each])
        piece: list[int] = []
        while ready[kind]:
            index = heappop(ready[kind])
            piece.append(index)
            for reader in readers[index]:
                waiting[reader] -= 1
                if not waiting[reader]:
                    heappush(ready[taken[reader]], reader)
        pieces.append(sorted(piece))
    return pieces


def _has_side_effect(op: Op) -> bool:
    """True for an op that the runtime keeps in its order among others of its kind.

    Source: LiteRT f67457790, tflite/core/subgraph.cc, OpMightHaveSideEffect.
    """
    if op.kind in ("IF", "WHILE", "CALL_ONCE"):
        return True
    return any(tensor is not None and tensor.dtype is DType.RESOURCE for tensor in (*op.inputs, *op.outputs))


def place(target: Target, graph: Graph) -> Placement:
    """Where the ops of a graph end up on a target."""
    verdicts = tuple(target.verdict(op, graph) for op in graph.ops)
    if target.revise is not None:
        verdicts = target.revise(graph, verdicts)
    return _placed(target, graph, verdicts)


def placed(target: Target, graph: Graph, refusal: str) -> Placement:
    """Where the ops of a graph end up; all of them elsewhere where `refusal` says why the model is refused whole."""
    if not refusal:
        return place(target, graph)
    return _placed(target, graph, (Verdict(False, refusal),) * len(graph.ops))


def _placed(target: Target, graph: Graph, verdicts: tuple[Verdict, ...]) -> Placement:
    # where limits choose among the pieces, an op that nobody can tell of may change the choice
    least = _numbered(_kept(graph, [verdict.supported is True for verdict in verdicts], target.limits))
    most = least
    if target.limits != Limits() and any(verdict.supported is None for verdict in verdicts):
        most = _numbered(_kept(graph, [verdict.supported is not False for verdict in verdicts], target.limits))
    placed = tuple(
        None if verdict.supported is None or (index in least) != (index in most) else index in least
        for index, verdict in enumerate(verdicts)
    )
    return Placement(target, graph, verdicts, placed, tuple(least.get(index) for index in range(len(verdicts))))


def _numbered(pieces: list[list[int]]) -> dict[int, int]:
    """The number of the piece that an op is in."""
    return {index: count for count, piece in enumerate(pieces) for index in piece}


def _kept(graph: Graph, taken: Sequence[bool], limits: Limits) -> list[list[int]]:
    """The pieces that a delegate really takes."""
    pieces = [piece for piece in partitions(graph, taken) if taken[piece[0]] and len(piece) >= limits.min_ops]
    if limits.prefix:
        return pieces[:1]
    if limits.max_partitions is not None and len(pieces) > limits.max_partitions:
        largest = sorted(range(len(pieces)), key=lambda number: (-len(pieces[number]), number))
        pieces = [pieces[number] for number in sorted(largest[: limits.max_partitions])]
    return pieces


@dataclass(frozen=True)
class Cure:
    """What would be won if one reason of refusal, at all its places, were gone."""

    kind: str
    reason: str
    ops: tuple[Op, ...]
    partitions: int
    macs_placed: float | None
    ops_placed: int


def cures(found: Placement, *, at_most: int = 20) -> list[Cure]:
    """For each kind of op that is refused, and reason, what its cure would bring, where it brings something.

    The best come first: by multiply-accumulates, then ops, then partitions. Only the `at_most` reasons with the most
    ops are tried.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for index, verdict in enumerate(found.verdicts):
        if verdict.supported is False:
            groups.setdefault((found.graph.ops[index].kind, verdict.reason), []).append(index)
    frequent = sorted(groups.items(), key=lambda item: -len(item[1]))[:at_most]
    tried = [_cure(found, kind, reason, places) for (kind, reason), places in frequent]
    before = found.macs_placed or 0
    tried = [cure for cure in tried if (cure.macs_placed or 0) > before or cure.partitions < found.partitions]
    return sorted(tried, key=lambda cure: (-(cure.macs_placed or 0), -cure.ops_placed, cure.partitions))


def _cure(found: Placement, kind: str, reason: str, places: list[int]) -> Cure:
    verdicts = list(found.verdicts)
    for index in places:
        verdicts[index] = replace(verdicts[index], supported=True, reason="")
    then = _placed(found.target, found.graph, tuple(verdicts))
    ops = tuple(found.graph.ops[index] for index in places)
    return Cure(kind, reason, ops, then.partitions, then.macs_placed, then.ops_placed)
