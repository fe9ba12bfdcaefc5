"""Which graph of a model runs which other one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tflint.model import Model, Op

if TYPE_CHECKING:
    import networkx

__all__ = ["call_graph", "called"]

_CALLERS = frozenset(
    {"IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE"}
    | {"STABLEHLO_REDUCE", "STABLEHLO_REDUCE_WINDOW", "STABLEHLO_SORT", "STABLEHLO_SCATTER"}
)


def called(op: Op) -> Iterator[tuple[str, int]]:
    """Yield the graphs that an op runs, as the option that names them and their index.

    Source: LiteRT f67457790, tflite/converter/schema/schema.fbs: the options of IF, WHILE, CALL, CALL_ONCE and the
    STABLEHLO ops with regions.
    """
    if op.kind not in _CALLERS or op.is_custom:
        return  # the options of the many other ops need not be decoded
    for name, value in op.options.items():
        if name == "subgraph" or name.endswith("subgraph_index"):
            yield name, value
        elif name.endswith("subgraph_indices"):
            yield from ((name, number) for number in value)


def call_graph(model: Model) -> networkx.DiGraph[Any]:
    """The graphs of a model by their index, with an edge from each to those that its ops run."""
    import networkx

    found: networkx.DiGraph[Any] = networkx.DiGraph()
    found.add_nodes_from(range(len(model.graphs)))
    for graph in model.graphs:
        for op in graph.ops:
            found.add_edges_from((graph.index, number) for _, number in called(op) if 0 <= number < len(model.graphs))
    return found
