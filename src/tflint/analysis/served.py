"""Which graphs of a model a caller can run: a SavedModel holds many that nobody calls."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.model import Graph, Model, Op

__all__ = ["served"]

_CALLERS = frozenset({
    "If", "StatelessIf", "While", "StatelessWhile", "Case", "StatelessCase", "For", "PartitionedCall",
    "StatefulPartitionedCall", "RemoteCall", "TPUPartitionedCall", "BatchFunction", "XlaLaunch", "SymbolicGradient",
})  # fmt: skip
"""Ops of TensorFlow whose options name functions; those of datasets, which never reach a TFLite model, left out."""


def served(model: Model) -> tuple[Graph, ...]:
    """The graphs that the signatures run, and those that their ops name, in the order of the model.

    Where there are no signatures these are the first graph and what it names.
    """
    by_name = {graph.name: graph for graph in reversed(model.graphs)}
    numbers = [signature.graph_index for signature in model.signatures] or [0]
    waiting = [graph for graph in model.graphs if graph.index in numbers]
    found: set[Graph] = set()
    while waiting:
        graph = waiting.pop()
        if graph in found:
            continue
        found.add(graph)
        waiting += [by_name[name] for op in graph.ops for name in _named(op) if name in by_name]
    return tuple(graph for graph in model.graphs if graph in found)


def _named(op: Op) -> Iterator[str]:
    """The texts among the options of an op that may be functions."""
    if op.kind not in _CALLERS and not op.is_custom:
        return
    for value in op.options.values():
        yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, str))
