"""Small models that many tests share."""

from __future__ import annotations

import numpy as np

from tflint.testing import GraphBuilder


def healthy() -> GraphBuilder:
    """A float model that no rule has anything to say about."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    w = g.constant("dense/kernel", np.linspace(-1, 1, 32, dtype=np.float32).reshape(4, 8))
    b = g.constant("dense/bias", np.linspace(0, 1, 4, dtype=np.float32))
    g.output(g.op("FULLY_CONNECTED", [x, w, b], g.tensor("y", [1, 4]), {}))
    g.signature("serving_default", {"x": x}, {"y": g.graph["outputs"][0]})
    g.metadata("min_runtime_version", b"1.5.0\0")
    return g


def lost_weights(name: str = "dense/kernel") -> GraphBuilder:
    """A model whose weights are read from a variable that nothing writes: TFL116, an error."""
    g = GraphBuilder()
    handle = g.op("VAR_HANDLE", [], g.tensor("handle", [], "RESOURCE"), {"shared_name": name})
    weights = g.op("READ_VARIABLE", [handle], g.tensor("weights", [4, 8]), {})
    x = g.input("x", [1, 8])
    g.output(g.op("FULLY_CONNECTED", [x, weights, -1], g.tensor("y", [1, 4]), {}))
    return g
