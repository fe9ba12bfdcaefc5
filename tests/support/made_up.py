"""Made-up targets, to test rules and reports with."""

from __future__ import annotations

from dataclasses import replace

from tflint import Graph, Kind, Limits, Model, Op, Source, Support, Target, Unknown


def _odd_height(op: Op, graph: Graph) -> str:
    """Heights are even."""
    tensor = op.input(0)
    if tensor is not None and len(tensor.shape) == 4 and tensor.shape[1] == 99:
        return Unknown("nobody knows about a height of 99")
    return "its height is odd; an even one is supported" if tensor is not None and tensor.default_shape[1] % 2 else ""


def _no_variables(model: Model) -> str:
    return "it has variables" if any(t.is_variable for graph in model.graphs for t in graph.tensors) else ""


DELEGATE = Target(
    name="made-up",
    summary="a delegate that nobody has",
    kind=Kind.DELEGATE,
    source=Source("imagination 1.0", "2026-01-01", "all of it"),
    ops={
        "RELU": Support((1, 2), conditions=(_odd_height,)),
        "ABS": Support(),
        "NEG": Support(decided_elsewhere="its maker decides"),
    },
    refuses=(_no_variables,),
)
RUNTIME = replace(DELEGATE, name="made-up-runtime", kind=Kind.RUNTIME)
PREFIX = replace(DELEGATE, name="made-up-prefix", limits=Limits(prefix=True))
LARGEST = replace(DELEGATE, name="made-up-largest", limits=Limits(max_partitions=1))
OLD = replace(DELEGATE, name="made-up-old", deprecated="nobody makes it any more")
