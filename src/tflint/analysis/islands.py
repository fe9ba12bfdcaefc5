"""Where a quantized graph leaves its integers and comes back to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tflint.analysis.precision import Precision, floats
from tflint.model import DType, Graph, Op, Tensor

if TYPE_CHECKING:
    import networkx

__all__ = ["Island", "islands"]

_Node = TypeVar("_Node", Op, Tensor)
_COMPLEX = frozenset({DType.COMPLEX64, DType.COMPLEX128})


@dataclass(frozen=True, eq=False)
class Island:
    """Float ops that hang together, with integer ops before and after them."""

    ops: tuple[Op, ...]
    entering: tuple[Tensor, ...]
    """The values that are dequantized for it."""
    leaving: tuple[Tensor, ...]
    """Its values that are quantized again."""
    scheme: Precision
    """The precision around it: INT8 or INT16."""


def islands(graph: Graph, groups: Mapping[Precision, tuple[Op, ...]]) -> tuple[Island, ...]:
    """The float islands of a graph, in execution order; `groups` are its ops by their precision.

    What touches a float input or output of the graph is its head or its tail, and no island. Constants that are
    dequantized, as float16 weights are, make none either. Ops on complex numbers join the float ops around them.
    """
    integer = groups[Precision.INT8] + groups[Precision.INT16]
    if not integer or not groups[Precision.CONVERSION] or not groups[Precision.FLOAT] + groups[Precision.HYBRID]:
        return ()
    import networkx

    real = floats(graph)
    entering, leaving = _crossings(groups[Precision.CONVERSION], real)
    made = {tensor for op in integer for tensor in op.outputs}
    edge = real.intersection((*graph.inputs, *graph.outputs))
    scheme = Precision.INT16 if len(groups[Precision.INT16]) > len(groups[Precision.INT8]) else Precision.INT8
    found = []
    for part in networkx.connected_components(_joined(graph, groups, real)):
        ops = [node for node in part if isinstance(node, Op) and not real.isdisjoint((*node.inputs, *node.outputs))]
        ins, outs = entering & part, leaving & part
        is_fed = ins or any(not made.isdisjoint(op.inputs) for op in ops)
        if is_fed and outs and edge.isdisjoint(part):
            found.append(Island(_in_order(ops), _in_order(ins), _in_order(outs), scheme))
    return tuple(sorted(found, key=lambda island: island.ops[0].index))


def _crossings(conversions: Iterable[Op], real: frozenset[Tensor]) -> tuple[set[Tensor], set[Tensor]]:
    """The values that come out of integers, and those that go into them; constants do not cross at each run."""
    entering: set[Tensor] = set()
    leaving: set[Tensor] = set()
    for op in conversions:
        given = op.input(0)
        if given is None or given.is_constant:
            continue
        if given in real:
            leaving.add(given)
        else:
            entering.update(real.intersection(op.outputs))
    return entering, leaving


def _joined(
    graph: Graph, groups: Mapping[Precision, tuple[Op, ...]], real: frozenset[Tensor]
) -> networkx.Graph[Op | Tensor]:
    """The float ops and the values that they hand on: float, complex, and the variables that they share."""
    import networkx

    complex_ones = {tensor for tensor in graph.tensors if tensor.dtype in _COMPLEX}
    handles = {tensor for tensor in graph.tensors if tensor.dtype is DType.RESOURCE}
    between = real | complex_ones | handles
    ops = [*groups[Precision.FLOAT], *groups[Precision.HYBRID]]
    ops += [op for op in groups[Precision.PLAIN] if not complex_ones.isdisjoint((*op.inputs, *op.outputs))]
    joined: networkx.Graph[Op | Tensor] = networkx.Graph()
    joined.add_nodes_from(ops)
    for op in ops:
        for tensor in (*op.inputs, *op.outputs):
            if tensor is not None and tensor in between and not tensor.is_constant:
                joined.add_edge(op, tensor)
    return joined


def _in_order(nodes: Iterable[_Node]) -> tuple[_Node, ...]:
    return tuple(sorted(nodes, key=lambda node: node.index))
