"""Chains of dense layers that run: a float original, and conversions, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.testing import GraphBuilder

__all__ = ["SIZE", "float_chain", "half_chain", "int8_chain", "spoiled", "weights"]

SIZE = 16
Floats = NDArray[np.float32]
Names = Callable[[int], str]


def _named(number: int) -> str:
    return f"dense_{number}"


def weights(count: int = 5) -> list[Floats]:
    """Weights that keep the size of values."""
    random = np.random.default_rng(7)
    return [(random.normal(size=(SIZE, SIZE)) * 1.3 / SIZE**0.5).astype(np.float32) for _ in range(count)]


def spoiled(of: Sequence[Floats], *places: int) -> list[Floats]:
    """The weights with the rows of some layers in reverse order."""
    return [each[::-1].copy() if place in places else each for place, each in enumerate(of)]


def float_chain(of: Sequence[Floats], names: Names = _named, *, fused: bool = True) -> GraphBuilder:
    """Layers with activations that are fused into them, or ops of their own, 'act_0' and so on."""
    g = GraphBuilder()
    x = g.input("x", [1, SIZE])
    for number, each in enumerate(of):
        w = g.constant(f"w{number}", each)
        y = g.tensor(names(number), [1, SIZE])
        x = g.op("FULLY_CONNECTED", [x, w, -1], y, {"fused_activation_function": "RELU"} if fused else {})
        if not fused:
            x = g.op("RELU", [x], g.tensor(f"act_{number}", [1, SIZE]))
    g.output(x)
    return g


def half_chain(of: Sequence[Floats], names: Names = _named) -> GraphBuilder:
    """Weights of half floats, widened when the model runs."""
    g = GraphBuilder()
    x = g.input("x", [1, SIZE])
    for number, each in enumerate(of):
        half = g.constant(f"w{number}_half", each.astype(np.float16))
        w = g.op("DEQUANTIZE", [half], g.tensor(f"w{number}", [SIZE, SIZE]))
        y = g.tensor(names(number), [1, SIZE])
        x = g.op("FULLY_CONNECTED", [x, w, -1], y, {"fused_activation_function": "RELU"})
    g.output(x)
    return g


def int8_chain(
    of: Sequence[Floats], calibrated: Sequence[Floats] | None = None, names: Names = _named,
    scales: Mapping[int, float] | None = None,
) -> GraphBuilder:  # fmt: skip
    """Integers: a scale for each row of the weights, ranges as the layers `calibrated` have them.

    `scales={2: 0.1}` multiplies the scale of what layer 2 gives.
    """
    factors = scales or {}
    g = GraphBuilder()
    x = g.input("x", [1, SIZE], "INT8", scale=1 / 32)
    values: Any = np.random.default_rng(3).uniform(-4, 4, (256, SIZE))
    step = 1 / 32
    for number, (each, real) in enumerate(zip(of, calibrated or of, strict=True)):
        values = np.maximum(values @ real.T.astype(np.float64), 0)
        rows = (abs(each).max(axis=1) / 127).astype(np.float32)
        w = g.constant(f"w{number}", np.round(each / rows[:, None]).astype(np.int8), scale=rows)
        b = g.constant(f"b{number}", np.zeros(SIZE, np.int32), scale=np.float32(step) * rows)
        step = float(values.max()) * 1.2 / 255 * factors.get(number, 1.0)
        y = g.tensor(names(number), [1, SIZE], "INT8", scale=step, zero_point=-128)
        x = g.op("FULLY_CONNECTED", [x, w, b], y, {"fused_activation_function": "RELU"}, version=5)
    g.output(x)
    return g
