"""Models that are well formed, and fatal to the process that runs them."""

from __future__ import annotations

import numpy as np

from tflint.testing import GraphBuilder

__all__ = ["aborting", "hungry", "looping", "refused", "steady"]


def steady() -> GraphBuilder:
    """A model that runs."""
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    g.output(g.op("NEG", [x], g.tensor("y", [1, 4])))
    return g


def aborting() -> GraphBuilder:
    """An addition of integers that tell no scale: the kernel's check ends the process."""
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8")
    g.output(g.op("ADD", [x, x], g.tensor("y", [1, 4], "INT8"), {}))
    return g


def looping() -> GraphBuilder:
    """A loop whose condition is always true."""
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    condition, body = g.subgraph("condition"), g.subgraph("body")
    condition.input("x", [1, 4])
    condition.output(condition.constant("true", np.array(True)))
    value = body.input("x", [1, 4])
    body.output(body.op("NEG", [value], body.tensor("y", [1, 4])))
    options = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
    g.output(g.op("WHILE", [x], g.tensor("y", [1, 4]), options))
    return g


def hungry(gib: float = 50) -> GraphBuilder:
    """A value that takes so much memory, and is written to."""
    g = GraphBuilder()
    x = g.input("x", [1])
    rows = int(gib * 256)
    shape = g.constant("shape", np.array([rows, 1 << 20], np.int32))
    big = g.op("BROADCAST_TO", [x, shape], g.tensor("big", [rows, 1 << 20]), version=2)
    axes = g.constant("axes", np.array([0, 1], np.int32))
    g.output(g.op("SUM", [big, axes], g.tensor("y", []), {"keep_dims": False}))
    return g


def refused() -> GraphBuilder:
    """Two values that cannot be added."""
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    g.output(g.op("ADD", [x, g.constant("c", np.ones(3, np.float32))], g.tensor("y", [1, 4]), {}))
    return g
