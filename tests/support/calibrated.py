"""A small network in numpy, calibrated on data that a test chooses: its ranges are what the converter would write."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.testing import GraphBuilder

Array = NDArray[Any]
SIZE = 16


def photographs(number: int = 24, seed: int = 0) -> Array:
    """Smooth images from 0 to 1 in 255 steps, as photographs are: what is near to each other is alike."""
    random = np.random.default_rng(seed)
    images = random.standard_normal((number, SIZE + 8, SIZE + 8, 3))
    for axis in (1, 2):
        images = np.sum([np.roll(images, step, axis) for step in range(8)], axis=0)
    images = images[:, 8:, 8:] + 4 * random.standard_normal((number, 1, 1, 3))
    images -= images.min((1, 2, 3), keepdims=True)
    return np.asarray(np.round(255 * images / images.max((1, 2, 3), keepdims=True)) / 255)


def network(
    data: Array,
    *,
    clip: str = "RELU",
    head: str = "SOFTMAX",
    classes: int = 4,
    gain: float = 1.0,
    logit_gain: float = 1.0,
    bias: float = 0.3,
    float_input: bool = False,
) -> GraphBuilder:
    """Three convolutions, a mean and a fully connected layer, converted with these images.

    `gain` multiplies the first weights and `logit_gain` the last ones; `bias` is the size of the biases.
    """
    random = np.random.default_rng(7)
    g = GraphBuilder()
    low, high = min(0.0, float(data.min())), max(0.0, float(data.max()))
    x = _tensor(g, "image", (1, SIZE, SIZE, 3), low, high, is_input=not float_input)
    if float_input:
        g.op("QUANTIZE", [g.input("pixels", [1, SIZE, SIZE, 3])], x)
    values, channels = data, 3
    for number in range(3):
        kernel = random.standard_normal((8, 3, 3, channels)) / np.sqrt(9 * channels)
        kernel += 0.3 * random.standard_normal((8, 1, 1, channels)) / np.sqrt(channels)
        kernel *= gain if number == 0 else 1.0
        offset = bias * random.standard_normal(8)
        values = _convolved(values, kernel) + offset
        if clip != "NONE":
            values = np.clip(values, 0, 6 if clip == "RELU6" else None)
        inputs = _layer(g, x, f"conv{number}", kernel, offset)
        x = _tensor(g, f"conv{number}", (1, *values.shape[1:]), float(values.min()), float(values.max()))
        options = {"padding": "VALID", "stride_w": 1, "stride_h": 1, "fused_activation_function": clip}
        g.op("CONV_2D", inputs, x, options, version=3)
        channels = 8
    values = values.mean((1, 2))
    axes = g.constant("axes", np.array([1, 2], np.int32))
    pooled = _tensor(g, "mean", (1, 8), float(values.min()), float(values.max()))
    x = g.op("MEAN", [x, axes], pooled, {"keep_dims": False})
    matrix = logit_gain * random.standard_normal((classes, 8))
    offset = bias * random.standard_normal(classes)
    values = values @ matrix.T + offset
    inputs = _layer(g, x, "logits", matrix, offset)
    x = g.op("FULLY_CONNECTED", inputs, _tensor(g, "logits", (1, classes), values.min(), values.max()), {}, version=4)
    if head != "NONE":
        x = g.op(head, [x], g.tensor("answer", [1, classes], "INT8", scale=1 / 256, zero_point=-128))
    g.output(x)
    return g


def parameters(low: float, high: float) -> dict[str, Any]:
    """The scale and zero point of a range; like the converter's, also where there is none."""
    low, high = min(0.0, low), max(0.0, high)
    if high - low < 2e-6:
        low, high = -1e-6, 1e-6
    scale = (high - low) / 255
    return {"scale": scale, "zero_point": int(np.clip(round(-128 - low / scale), -128, 127))}


def _tensor(
    g: GraphBuilder, name: str, shape: tuple[int, ...], low: float, high: float, *, is_input: bool = False
) -> int:
    return (g.input if is_input else g.tensor)(name, shape, "INT8", **parameters(low, high))


def _layer(g: GraphBuilder, x: int, name: str, weights: Array, bias: Array) -> list[int]:
    """The inputs of a layer: what it reads, its weights as integers with a scale a channel, its bias."""
    scales = np.maximum(abs(weights).max(tuple(range(1, weights.ndim))), 1e-9) / 127
    stored = np.round(weights / scales.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.int8)
    given = float(g.graph["tensors"][x]["quantization"]["scale"][0])
    integers = np.clip(np.round(bias / (scales * given)), -(2**31), 2**31 - 1).astype(np.int32)
    return [
        x,
        g.constant(f"{name}/kernel", stored, scale=scales),
        g.constant(f"{name}/bias", integers, scale=scales * given),
    ]


def _convolved(values: Array, kernel: Array) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(values, (3, 3), axis=(1, 2))
    return np.asarray(np.einsum("bhwcij,oijc->bhwo", windows, kernel, optimize=True))
