"""How values flow through a graph: what gives them, what needs them, and what outlives a run.

Ops run in the order of the file; only a delegate moves those that it takes.

Source: LiteRT f67457790, tflite/core/subgraph.cc: AddNodeWithParameters, InvokeImpl.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tflint.analysis.calls import call_graph, called
from tflint.model import Graph, Model, Op, Tensor

__all__ = [
    "Unready",
    "cycles",
    "dead_ops",
    "effects",
    "entry_graphs",
    "fixed_outputs",
    "given",
    "is_ordered",
    "unready",
    "varying",
    "writers",
]

_LASTING = frozenset({"ASSIGN_VARIABLE", "CALL_ONCE", "HASHTABLE", "HASHTABLE_IMPORT", "VAR_HANDLE"})
_VARYING = frozenset(
    {"READ_VARIABLE", "HASHTABLE_FIND", "HASHTABLE_SIZE", "CALL_ONCE"}
    | {"RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL", "STABLEHLO_RNG_BIT_GENERATOR"}
)
_OPAQUE = frozenset({"DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES", "STABLEHLO_CUSTOM_CALL", "UNKNOWN"})


class Unready(NamedTuple):
    """A read of a tensor that has no value yet; `writer` is the op that gives it one later, None where none does."""

    op: Op
    slot: int
    tensor: Tensor
    writer: Op | None


def entry_graphs(model: Model) -> tuple[Graph, ...]:
    """The intact graphs that callers run: the first one, and those that signatures name."""
    numbers = {0} | {signature.graph_index for signature in model.signatures}
    return tuple(graph for graph in model.graphs if graph.index in numbers and graph.intact)


def given(graph: Graph) -> frozenset[Tensor]:
    """The tensors that have a value before the first op runs: inputs, constants and variables."""
    return frozenset(graph.inputs).union(
        tensor for tensor in graph.tensors if tensor.data is not None or tensor.is_variable or tensor.external
    )


def unready(graph: Graph) -> tuple[Unready, ...]:
    """The reads of tensors that no earlier op and nothing in the file has given a value."""
    ready = set(given(graph))
    found: list[Unready] = []
    for op in graph.ops:
        for slot, tensor in enumerate(op.inputs):
            if tensor is None or tensor in ready:
                continue
            writer = graph.producer(tensor)
            if writer is not op or not op.is_custom:  # a custom op may work in place
                found.append(Unready(op, slot, tensor, writer))
        ready.update(op.outputs)
    return tuple(found)


def is_ordered(graph: Graph) -> bool:
    """True where no op reads what only a later op, or itself, writes."""
    return all(read.writer is None for read in unready(graph))


def writers(graph: Graph) -> Mapping[Tensor, tuple[Op, ...]]:
    """The tensors that several ops write, or one that has a value already, with the ops that write them.

    A custom op may forward an input in place (LiteRT f67457790, tflite/core/subgraph.cc, AddNodeWithParameters), and
    variables are there to be written: neither counts. Nor does a constant without a single byte.
    """
    first: dict[Tensor, Op] = {}
    found: dict[Tensor, list[Op]] = {}
    before = {tensor for tensor in given(graph) if tensor.data is None or len(tensor.data)}
    for op in graph.ops:
        forwarded = frozenset(op.inputs) if op.is_custom else frozenset()
        for tensor in op.outputs:
            if tensor.is_variable or tensor in forwarded:
                continue
            known = first.setdefault(tensor, op)
            if known is not op:
                found.setdefault(tensor, [known]).append(op)
            elif tensor in before:
                found[tensor] = [op]
    return {tensor: tuple(ops) for tensor, ops in found.items()}


def cycles(graph: Graph) -> tuple[tuple[Op, ...], ...]:
    """The groups of ops that wait for one another's outputs, each in file order; a group of one waits for itself.

    Tensors with several writers are left out: what they carry depends on when they are read.
    """
    late = [read for read in unready(graph) if read.writer is not None]
    if not late:  # a cycle cannot do without such a read
        return ()
    import networkx

    unclear = writers(graph).keys() | given(graph)
    order: networkx.DiGraph[Op] = networkx.DiGraph()
    for op in graph.ops:
        for tensor in op.inputs:
            writer = graph.producer(tensor) if tensor is not None and tensor not in unclear else None
            if writer is not None and (writer is not op or not op.is_custom):
                order.add_edge(writer, op)
    groups = [
        sorted(group, key=lambda op: op.index)
        for group in networkx.strongly_connected_components(order)
        if len(group) > 1 or any(order.has_edge(op, op) for op in group)
    ]
    return tuple(tuple(group) for group in sorted(groups, key=lambda group: group[0].index))


def effects(model: Model) -> frozenset[Op]:
    """The ops that do more than write their outputs, or may: they keep state, or who knows what they do."""
    return _spread(model, lambda op: op.kind in _LASTING or not op.outputs or _is_opaque(op) or _keeps_state(op))


def varying(model: Model) -> frozenset[Op]:
    """The ops that may give other outputs for the same inputs: random, with a state, or who knows what they do."""
    return _spread(model, lambda op: op.kind in _VARYING or _is_opaque(op) or _keeps_state(op))


def dead_ops(graph: Graph, acting: frozenset[Op]) -> tuple[Op, ...]:
    """The ops that no output of an ordered graph and none of the `acting` ops depends on, in file order."""
    read = {tensor for op in graph.ops for tensor in op.inputs}.union(graph.outputs)
    if all(op in acting or not read.isdisjoint(op.outputs) for op in graph.ops):
        return ()  # a chain of dead ops ends in one whose outputs nothing reads
    import networkx

    ends = [*set(graph.outputs), *(op for op in graph.ops if op in acting)]
    needed = {node for layer in networkx.bfs_layers(graph.nx.reverse(copy=False), ends) for node in layer}
    return tuple(op for op in graph.ops if op not in needed)


def fixed_outputs(graph: Graph, moving: frozenset[Op]) -> tuple[Tensor, ...]:
    """The outputs of an ordered graph that come from constants alone, through none of the `moving` ops."""
    inputs = frozenset(graph.inputs)
    fixed = {tensor for tensor in graph.tensors if tensor.is_constant and tensor not in inputs}
    for op in graph.ops:
        if op not in moving and all(tensor is None or tensor in fixed for tensor in op.inputs):
            fixed.update(op.outputs)
        else:
            fixed.difference_update(op.outputs)
    return tuple(tensor for tensor in graph.outputs if tensor in fixed)


def _is_opaque(op: Op) -> bool:
    return op.is_custom or op.kind in _OPAQUE or op.kind.startswith("BUILTIN_")


def _keeps_state(op: Op) -> bool:
    """True for an op that reads or writes a variable tensor, as a recurrent cell does."""
    return any(tensor.is_variable for tensor in op.outputs) or any(
        tensor is not None and tensor.is_variable for tensor in op.inputs
    )


def _spread(model: Model, is_one: Callable[[Op], bool]) -> frozenset[Op]:
    """The ops that are one themselves, and those that run a graph that holds one, or that cannot be judged."""
    found = {op for graph in model.graphs for op in graph.ops if is_one(op)}
    callers = {op: runs for graph in model.graphs for op in graph.ops if (runs := [number for _, number in called(op)])}
    if not callers:
        return frozenset(found)
    import networkx

    marked = {op.graph_index for op in found} | {graph.index for graph in model.graphs if not graph.intact}
    calls = call_graph(model).reverse()
    reached = {number for layer in networkx.bfs_layers(calls, list(marked)) for number in layer}
    unknown = reached.union(n for runs in callers.values() for n in runs if not 0 <= n < len(model.graphs))
    return frozenset(found.union(op for op, runs in callers.items() if not unknown.isdisjoint(runs)))
