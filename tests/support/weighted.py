"""Models of one op with quantized weights, in which everything can be written otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.testing import GraphBuilder

__all__ = ["ramp", "weighted"]

_SHAPES = {
    "CONV_2D": (8, 3, 3, 4),
    "DEPTHWISE_CONV_2D": (1, 3, 3, 8),
    "TRANSPOSE_CONV": (8, 3, 3, 4),
    "FULLY_CONNECTED": (8, 16),
    "BATCH_MATMUL": (16, 8),
    "EMBEDDING_LOOKUP": (8, 16),
    "SVDF": (8, 16),
    "RNN": (8, 16),
}
_STEP = 0.05
_BITS = {"INT4": 4, "UINT4": 4, "INT2": 2}


def ramp(*shape: int, most: int = 127) -> NDArray[np.int8]:
    """Integers from -most to most, over and over, each channel with one of the ends."""
    values = (np.arange(np.prod(shape)) * 37 + most) % (2 * most + 1) - most
    return values.astype(np.int8).reshape(shape)


def weighted(
    kind: str = "CONV_2D",
    values: NDArray[Any] | None = None,
    *,
    source: str = "INT8",
    weights: str = "",
    scale: float | Sequence[float] | NDArray[Any] = 0.01,
    axis: int = 0,
    zero_point: int | Sequence[int] = 0,
    bias: NDArray[Any] | None = None,
    bias_scale: float | Sequence[float] | NDArray[Any] | None = None,
    bias_zero_point: int | Sequence[int] = 0,
    made_scale: float = 0.1,
    made: str = "",
    point: int = 0,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> GraphBuilder:
    """A model whose one op, 'y', reads 'image' and 'kernel', and a 'bias' where there is one.

    The bias has the scale that belongs to it where none is given; `weights` names an element type that numpy lacks,
    `more` are fields of the kernel's tensor.
    """
    g = GraphBuilder()
    stored = ramp(*_SHAPES[kind]) if values is None else values
    if weights in _BITS:
        more |= {"shape": stored.shape}
        stored = _packed(stored, _BITS[weights])
    channels = _SHAPES[kind][-1 if kind == "DEPTHWISE_CONV_2D" else 0] if values is None else len(values)
    quant = {} if source in ("FLOAT32", "INT32") else {"scale": _STEP, "zero_point": point}
    x = g.input("image", _read(kind, values), source, **quant)
    kernel = more if "quantization" in more else {"scale": scale, "zero_point": zero_point, "axis": axis} | more
    w = g.constant("kernel", stored, weights or None, **kernel)
    b = -1
    if bias is not None:
        needed = np.float32(_STEP) * np.asarray(scale, np.float32) if bias_scale is None else bias_scale
        b = g.constant("bias", bias, scale=needed, zero_point=bias_zero_point)
    result = made or ("FLOAT32" if source == "INT32" else source)
    y = g.tensor("y", [1, 8, 8, channels], result, scale=None if result == "FLOAT32" else made_scale)
    inputs = [g.constant("sizes", np.array([1, 8, 8, channels], np.int32)), w, x, b]
    if kind != "TRANSPOSE_CONV":
        inputs = [x, w, b]
    g.op(kind, inputs, y, options)
    g.output(y)
    return g


def _read(kind: str, values: NDArray[Any] | None) -> list[int]:
    if kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
        return [1, 8, 8, (values.shape if values is not None else _SHAPES[kind])[-1]]
    return [1] if kind == "EMBEDDING_LOOKUP" else [1, 16]


def _packed(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Integers packed into bytes, low bits first; as many as there are bytes for."""
    flat = values.reshape(-1).astype(np.int64) & ((1 << bits) - 1)
    slots = np.append(flat, np.zeros(-flat.size % (8 // bits), np.int64)).reshape(-1, 8 // bits)
    return np.asarray((slots << (bits * np.arange(8 // bits))).sum(axis=1), np.uint8)
