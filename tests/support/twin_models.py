"""A float model of a few layers, and its conversions: right ones, and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from other_readers import FOLDER
from tflint.testing import GraphBuilder

AXES = {"DEPTHWISE_CONV_2D": 3}
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """An op with weights; `activations` is the slot of the values that it works on."""

    name: str
    weights: Floats
    bias: Floats | None = None
    kind: str = "FULLY_CONNECTED"


@dataclass(frozen=True)
class Stored:
    """Quantized weights and what they mean."""

    values: NDArray[Any]
    scale: Floats
    zero_point: int = 0
    axis: int = 0
    dtype: str = "INT8"


def normal(*shape: int, seed: int = 0) -> Floats:
    """Weights as training leaves them."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layers(number: int = 3) -> list[Layer]:
    """Dense layers that differ in all but their shapes."""
    return [Layer(f"dense_{i}", normal(8, 16, seed=i), normal(8, seed=100 + i)) for i in range(number)]


def float_model(of: Sequence[Layer]) -> GraphBuilder:
    """The original."""
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    for layer in of:
        w = g.constant(f"{layer.name}/kernel", layer.weights)
        b = -1 if layer.bias is None else g.constant(f"{layer.name}/bias", layer.bias)
        x = _op(g, layer, x, w, b, g.tensor(f"{layer.name}/out", [1, 8]))
    g.output(x)
    return g


def rounded(layer: Layer, levels: int = 127, *, per_channel: bool = True) -> Stored:
    """The weights of a layer as a converter rounds them."""
    axis = AXES.get(layer.kind, 0)
    others = tuple(each for each in range(layer.weights.ndim) if each != axis)
    largest = abs(layer.weights).max(axis=others if per_channel else None, keepdims=True)
    scale = (largest / levels).astype(np.float32)
    values = np.round(layer.weights / scale).astype(np.int8)
    return Stored(values, scale.reshape(-1), axis=axis)


def quantized(
    of: Sequence[Layer],
    store: Callable[[Layer], Stored] = rounded,
    *,
    scale: float = 0.05,
    bias: Callable[[Layer, Stored], Floats | None] = lambda layer, _: layer.bias,
    activations: str = "INT8",
) -> GraphBuilder:
    """A conversion: weights as `store` makes them, biases as `bias` wants them, activations of one scale."""
    g = GraphBuilder()
    more: dict[str, Any] = {} if activations == "FLOAT32" else {"scale": scale}
    x = g.input("x", [1, 16], activations, **more)
    for layer in of:
        kept = store(layer)
        w = _constant(g, f"{layer.name}/kernel", kept)
        real, b = bias(layer, kept), -1
        if real is not None:
            step = (scale * kept.scale).astype(np.float32)
            b = g.constant(f"{layer.name}/bias", np.round(real / step).astype(np.int32), scale=step)
        x = _op(g, layer, x, w, b, g.tensor(f"{layer.name}/out", [1, 8], activations, **more))
    g.output(x)
    return g


def _constant(g: GraphBuilder, name: str, kept: Stored) -> int:
    if kept.dtype == "INT4":
        low, high = (kept.values.reshape(-1)[side::2].astype(np.uint8) & 15 for side in (0, 1))
        raw = (low | high << 4).astype(np.uint8)
        return g.constant(
            name, raw, "INT4", shape=kept.values.shape, scale=kept.scale, zero_point=kept.zero_point, axis=kept.axis
        )
    return g.constant(name, kept.values, scale=kept.scale, zero_point=kept.zero_point, axis=kept.axis)


def _op(g: GraphBuilder, layer: Layer, x: int, w: int, b: int, out: int) -> int:
    if layer.kind == "TRANSPOSE_CONV":
        sizes = g.constant(f"{layer.name}/sizes", np.array([1, 8, 8, 4], np.int32))
        return g.op(layer.kind, [sizes, w, x, b], out, {})
    if layer.kind in ("EMBEDDING_LOOKUP", "GATHER", "BATCH_MATMUL", "MUL"):
        return g.op(layer.kind, [x, w], out, {})
    return g.op(layer.kind, [x, w, b], out, {})


def conversions() -> list[tuple[Path, Path]]:
    """Real conversions, each with its float original."""
    folders = [*(FOLDER / "generated").glob("*"), *(FOLDER / "pairs").glob("*")]
    found = []
    for folder in sorted(set(folders) - {FOLDER / "generated" / "broken", FOLDER / "generated" / "lost_weights"}):
        for path in sorted(folder.glob("*.tflite")):
            part = path.stem.rpartition("_")[0]
            original = folder / (f"{part}_float.tflite" if part in ("nchw", "part1", "part2") else "float.tflite")
            if original.exists() and original != path:
                found.append((path, original))
    return found
