"""Which values of a graph get their size only while the model runs, and what that goes back to."""

from __future__ import annotations

from dataclasses import dataclass, field

from tflint import Graph, Model, Op, Tensor
from tflint.analysis.sizing import Held, Sizing, sizing
from tflint_rules.conversion.computed_sizes import computed_sizes, size_operands

__all__ = ["LateSizes", "Root", "Source", "late_sizes"]

_ARITHMETIC = frozenset(
    """
    ADD BROADCAST_ARGS CAST CONCATENATION DIV EXPAND_DIMS FILL FLOOR_DIV FLOOR_MOD GATHER MAXIMUM MINIMUM MUL NEG PACK
    RANGE REDUCE_MAX REDUCE_MIN REDUCE_PROD RESHAPE SELECT SELECT_V2 SLICE SQUEEZE STRIDED_SLICE SUB SUM UNPACK
    """.split()
)
"""Ops that compute one size from others."""
_MEASURING = frozenset({"RANK", "SHAPE"})
_INHERITING = frozenset({"IF", "SLICE", "TOPK_V2", "WHILE"})
"""Ops whose result has no size before the model runs where an input has none."""
_LARGEST_WALK = 64

Root = Op | Tensor
"""An op whose result is as large as values say, or an input that was left open."""


@dataclass(frozen=True, eq=False)
class Source:
    """What a size is computed from."""

    ops: tuple[Op, ...]
    """The ops that compute it, in their order."""
    values: tuple[Tensor, ...]
    """The values that it depends on."""
    measured: tuple[Tensor, ...]
    """The values whose own size it depends on."""


@dataclass(eq=False)
class LateSizes:
    """The sizes of a graph that are not known before the model runs."""

    graph: Graph
    held: Sizing
    late: dict[Root, list[Op]] = field(default_factory=dict)
    """By what decides it, the ops with a result of unknown size; of open inputs, those too that no op waits for."""
    root: dict[Tensor, Root] = field(default_factory=dict)
    """What the size of a value goes back to."""

    def source(self, op: Op) -> Source:
        """What the operands of an op that say how large its result is are computed from, as far as that is unknown."""
        ops, values, measured = set[Op](), dict[Tensor, None](), dict[Tensor, None]()
        waiting = [tensor for tensor in size_operands(op) if not self.held.is_known(tensor)]
        seen: set[Tensor] = set()
        while waiting and len(seen) < _LARGEST_WALK:
            tensor = waiting.pop()
            if tensor in seen or tensor.is_constant:
                continue
            seen.add(tensor)
            maker = self.graph.producer(tensor)
            if maker is None or (maker.kind not in _ARITHMETIC and maker.kind not in _MEASURING):
                values[tensor] = None
                continue
            ops.add(maker)
            read = [each for each in maker.inputs if each is not None]
            if maker.kind in _MEASURING:
                measured.update(dict.fromkeys(read))
            else:
                waiting += read
        return Source(tuple(sorted(ops, key=lambda each: each.index)), tuple(values), tuple(measured))

    def behind(self) -> dict[Root, int]:
        """How many values have no size because of each root."""
        found: dict[Root, int] = {}
        for root in self.root.values():
            found[root] = found.get(root, 0) + 1
        return found


def late_sizes(model: Model, graph: Graph) -> LateSizes:
    """Follow the sizes that are unknown before the model runs through a graph.

    Ops that wait only for sizes which the open batch decides are left out.
    """
    held = sizing(model, graph)
    found = LateSizes(graph, held, root={tensor: tensor for tensor in graph.inputs if tensor.is_dynamic})
    found.late.update((tensor, []) for tensor in found.root.values())
    batch = computed_sizes(graph) if any(held.waits) else set()
    for op, waits in zip(graph.ops, held.waits, strict=True):
        inherited = next((found.root[each] for each in op.inputs if each is not None and each in found.root), None)
        if waits and not op.is_custom and not any(size in batch for size in size_operands(op)):
            root = _root(graph, op, found, inherited)
            found.late.setdefault(root, []).append(op)
            found.root.update((each, root) for each in op.outputs if held.place(each) is Held.HEAP)
        if inherited is not None:
            found.root.update((each, inherited) for each in op.outputs if each.is_dynamic and each not in found.root)
    return found


def _root(graph: Graph, op: Op, found: LateSizes, inherited: Root | None) -> Root:
    """What decides the size that an op makes: the op itself, or what the sizes were computed from."""
    source = found.source(op)
    if not source.ops and not source.values:
        return inherited if inherited is not None and op.kind in _INHERITING else op
    return op if source.values else next((found.root[each] for each in source.measured if each in found.root), op)
