"""Which op of one model is which op of another build of it, whatever tensors are called and how they are numbered.

Ops with the same weights are the same. From there on what an op is, and what stands before and behind it, tells: first
in every detail, then without element types, then by the kinds of ops alone. What is left between ops that are known is
laid side by side. All of it takes time in proportion to the ops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tflint.analysis.between import pair_between
from tflint.analysis.calls import called
from tflint.analysis.labels import CARRYING, content, exact, loose
from tflint.analysis.settling import settled
from tflint.analysis.weights import readable
from tflint.model import Graph, Model, Op, Tensor

__all__ = ["Alignment", "aligned", "origin", "values"]

_ROUNDS = 3
_MOST_STEPS = 64
"""So many ops in a row that only carry a value are passed."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """The ops of two models, paired; in the order of the new one."""

    graphs: tuple[tuple[Graph, Graph], ...]
    pairs: tuple[tuple[Op, Op], ...]
    removed: tuple[Op, ...]
    added: tuple[Op, ...]
    new_of: Mapping[Op, Op]
    old_of: Mapping[Op, Op]
    lone_old: tuple[Graph, ...] = ()
    lone_new: tuple[Graph, ...] = ()


def aligned(old: Model, new: Model) -> Alignment:
    """The ops of two builds paired, in those graphs of both whose references are whole."""
    graphs, pairs = _graph_pairs(old, new)
    of_old = dict(pairs)
    of_new = {there: here for here, there in pairs}
    old_graphs = {here for here, _ in graphs}
    new_graphs = {there for _, there in graphs}
    return Alignment(
        tuple(graphs),
        tuple((of_new[op], op) for _, graph in graphs for op in graph.ops if op in of_new),
        tuple(op for graph, _ in graphs for op in graph.ops if op not in of_old),
        tuple(op for _, graph in graphs for op in graph.ops if op not in of_new),
        of_old,
        of_new,
        tuple(graph for graph in old.graphs if graph.intact and graph not in old_graphs),
        tuple(graph for graph in new.graphs if graph.intact and graph not in new_graphs),
    )


def origin(graph: Graph, tensor: Tensor) -> Tensor:
    """The value that a tensor holds under another type: what stands before ops that only carry it."""
    for _ in range(_MOST_STEPS):
        maker = graph.producer(tensor)
        source = maker.input(0) if maker is not None and maker.kind in CARRYING else None
        if source is None:
            return tensor
        tensor = source
    return tensor


def values(op: Op) -> tuple[Tensor | None, ...]:
    """The inputs of an op, and the weights that a layer holds."""
    return (*op.inputs, *op.weights)


def _graph_pairs(old: Model, new: Model) -> tuple[list[tuple[Graph, Graph]], list[tuple[Op, Op]]]:
    """The graphs of both that belong together: those that signatures name, then what their ops run, then the rest."""
    contents = {**content(readable(old)), **content(readable(new))}
    waiting = list(_entries(old, new))
    graphs: list[tuple[Graph, Graph]] = []
    pairs: list[tuple[Op, Op]] = []
    seen_old: set[int] = set()
    seen_new: set[int] = set()
    rest = False
    while waiting or not rest:
        if not waiting:
            rest = True
            waiting = list(_left(old, new, seen_old, seen_new))
            continue
        here, there = waiting.pop(0)
        if not (here < len(old.graphs) and there < len(new.graphs)) or here in seen_old or there in seen_new:
            continue
        seen_old.add(here)
        seen_new.add(there)
        mine, theirs = old.graphs[here], new.graphs[there]
        if not mine.intact or not theirs.intact:
            continue
        found = _Matching(mine, theirs, contents).pairs()
        graphs.append((mine, theirs))
        pairs += found
        for first, second in found:
            inner = ([number for _, number in called(op)] for op in (first, second))
            waiting += [pair for pair in zip(*inner, strict=False) if min(pair) >= 0]
    return graphs, pairs


def _entries(old: Model, new: Model) -> Iterator[tuple[int, int]]:
    keys = {signature.key: signature.graph_index for signature in new.signatures}
    for signature in old.signatures:
        if signature.key in keys:
            yield signature.graph_index, keys[signature.key]
    yield 0, 0


def _left(old: Model, new: Model, seen_old: set[int], seen_new: set[int]) -> Iterator[tuple[int, int]]:
    """Graphs that nothing has paired: by their names, then in order."""
    mine = [graph for graph in old.graphs if graph.index not in seen_old]
    theirs = [graph for graph in new.graphs if graph.index not in seen_new]
    named = {graph.name: graph.index for graph in theirs if graph.name}
    yield from ((graph.index, named[graph.name]) for graph in mine if graph.name in named)
    names = {graph.name for graph in mine} & named.keys()
    unnamed = ([graph.index for graph in side if graph.name not in names] for side in (mine, theirs))
    yield from zip(*unnamed, strict=False)


class _Matching:
    """The ops of two graphs while they are being paired."""

    def __init__(self, old: Graph, new: Graph, contents: Mapping[Tensor, int]) -> None:
        self._sides = (old, new)
        self._contents = contents
        self._pair: tuple[dict[Op, int], dict[Op, int]] = ({}, {})
        """The ops that are paired, by the number of the pair."""
        self._found: list[tuple[Op, Op]] = []
        self._labelled: dict[Callable[[Op], int], Sequence[Mapping[Op, int]]] = {}

    def pairs(self) -> list[tuple[Op, Op]]:
        """All pairs."""
        self._by_key(self._weighed(self._sides[0]), self._weighed(self._sides[1]))
        certain = frozenset(self._pair[0])
        for _ in range(_ROUNDS):
            before = len(self._found)
            for label in (exact, loose, _kind):
                if not self._is_done():
                    self._around(self._labels(label), is_exact=label is exact)
            if len(self._found) == before:
                break
        old, new = self._sides
        if not self._is_done():
            for first, second in list(pair_between(old.ops, new.ops, self._found, self._labels(loose))):
                self._join(first, second)
        return settled(old, new, self._found, certain)

    def _labels(self, label: Callable[[Op], int]) -> Sequence[Mapping[Op, int]]:
        """What the ops of both sides are by themselves, worked out once."""
        if label not in self._labelled:
            self._labelled[label] = [{op: label(op) for op in graph.ops} for graph in self._sides]
        return self._labelled[label]

    def _is_done(self) -> bool:
        return any(len(self._found) == len(graph.ops) for graph in self._sides)

    def _join(self, old: Op, new: Op) -> None:
        self._pair[0][old] = self._pair[1][new] = len(self._found)
        self._found.append((old, new))

    def _weighed(self, graph: Graph) -> dict[Op, int]:
        """The ops with weights, by what these are."""
        found = {}
        for op in graph.ops:
            parts = [self._contents[tensor] for tensor in values(op) if tensor is not None and tensor in self._contents]
            if parts:
                found[op] = hash((op.kind, *parts))
        return found

    def _by_key(self, old: Mapping[Op, int], new: Mapping[Op, int]) -> None:
        """Pair what has a key that as many ops have on either side, in order."""
        groups: tuple[dict[int, list[Op]], dict[int, list[Op]]] = ({}, {})
        for side, keys in enumerate((old, new)):
            for op, key in keys.items():
                if op not in self._pair[side]:
                    groups[side].setdefault(key, []).append(op)
        for key, ops in groups[0].items():
            others = groups[1].get(key, ())
            if len(others) == len(ops):
                for first, second in zip(ops, others, strict=True):
                    if first.kind == second.kind:
                        self._join(first, second)

    def _around(self, labels: Sequence[Mapping[Op, int]], *, is_exact: bool) -> None:
        """Pair what has the same before and behind it, then what has the same on one side."""
        before = [self._before(side, labels[side], is_exact) for side in (0, 1)]
        behind = [self._behind(side, labels[side], is_exact) for side in (0, 1)]
        both = [{op: hash((before[side][op], behind[side][op])) for op in before[side]} for side in (0, 1)]
        for keys in (both, before, behind):
            self._by_key(keys[0], keys[1])

    def _before(self, side: int, labels: Mapping[Op, int], is_exact: bool) -> dict[Op, int]:
        """A key of each op and all that leads to it, back to ops that are paired."""
        graph, paired = self._sides[side], self._pair[side]
        known: dict[Tensor, int] = {tensor: hash(("in", number)) for number, tensor in enumerate(graph.inputs)}
        found: dict[Op, int] = {}
        for op in graph.ops:
            first = op.input(0)
            if not is_exact and op.kind in CARRYING and first is not None:
                key = known.get(first, 0)
                known.update(dict.fromkeys(op.outputs, key))
                continue
            if op in paired:
                key = hash(("pair", paired[op]))
            else:
                key = hash((labels[op], *(known.get(tensor, 0) if tensor is not None else 1 for tensor in op.inputs)))
            found[op] = key
            for slot, tensor in enumerate(op.outputs):
                known[tensor] = hash((key, slot))
        return found

    def _behind(self, side: int, labels: Mapping[Op, int], is_exact: bool) -> dict[Op, int]:
        """A key of each op and all that it leads to, up to ops that are paired."""
        graph, paired = self._sides[side], self._pair[side]
        known: dict[Tensor, int] = {}
        for number, tensor in enumerate(graph.outputs):
            known[tensor] = known.get(tensor, 0) + hash(("out", number))
        found: dict[Op, int] = {}
        for op in reversed(graph.ops):
            reached = [known.get(tensor, 0) for tensor in op.outputs]
            first = op.input(0)
            if not is_exact and op.kind in CARRYING and first is not None and reached:
                known[first] = known.get(first, 0) + reached[0]
                continue
            key = hash(("pair", paired[op])) if op in paired else hash((labels[op], *reached))
            found[op] = key
            for slot, read in enumerate(op.inputs):
                if read is not None and not read.is_constant:
                    known[read] = (known.get(read, 0) + hash((key, slot))) & 0xFFFFFFFFFFFFFFF
        return found


def _kind(op: Op) -> int:
    return hash(op.kind)
