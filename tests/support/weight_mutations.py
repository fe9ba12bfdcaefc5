"""Sound models with constant weights, and changes to the weights, their zero points, and the bias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant_mutations import Base, Edit, Mutation, Outcome, both, change, fields, tensor, values
from tflint.testing import GraphBuilder

__all__ = ["BASES", "MUTATIONS"]


def wide() -> GraphBuilder:
    """A convolution of so many weights, each channel with its scale, that they can be counted."""
    g = GraphBuilder()
    w = ((np.arange(8 * 9 * 8) * 37 % 101 - 50) / 50).astype(np.float32).reshape(8, 3, 3, 8)
    scales = (abs(w).max(axis=(1, 2, 3)) / 127).astype(np.float32)
    x = g.input("x", [1, 6, 6, 8], "INT8", scale=1 / 127)
    stored = np.round(w / scales.reshape(-1, 1, 1, 1)).astype(np.int8)
    weights = g.constant("w", stored, scale=scales)
    b = g.constant("b", np.full(8, 500, np.int32), scale=np.float32(1 / 127) * scales)
    y = g.tensor("y", [1, 6, 6, 8], "INT8", scale=0.1)
    options: Mapping[str, Any] = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    g.output(g.op("CONV_2D", [x, weights, b], y, options, version=3))
    return g


def moved(by: int) -> Edit:
    """Move the weights and their zero point: the real weights stay as they are, but for what is clipped."""

    def shift(array: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.minimum(array.astype(int) + by, 127), np.int8)

    return both(values("w", shift), change("w", zero_point=by))


def lowest(array: NDArray[Any]) -> NDArray[Any]:
    """The first two weights of a channel become -128, whatever the dimension of channels is."""
    flat = array.reshape(len(array), -1) if array.shape[0] > 1 else array.reshape(-1, array.shape[-1]).T
    flat[0, :2] = -128
    return flat.reshape(array.shape) if array.shape[0] > 1 else flat.T.reshape(array.shape)


def bias(dtype: Any, value: int | None = None) -> Edit:
    """Store the bias in another type, or one value in it."""

    def edit(g: GraphBuilder) -> None:
        found = tensor(g, "b")
        buffer = g.tables["buffers"][found["buffer"]]
        array = np.frombuffer(buffer["data"], np.int64 if found["type"] == "INT64" else np.int32).copy()
        if value is not None:
            array[0] = value
        buffer["data"], found["type"] = array.astype(dtype).tobytes(), np.dtype(dtype).name.upper()

    return edit


def shared(g: GraphBuilder) -> None:
    """One scale for the weights of all channels, of which half are small."""
    factors = np.where(np.arange(8) % 2, 1 / 60, 1).reshape(-1, 1, 1, 1)
    values("w", lambda array: np.round(array * factors).astype(np.int8))(g)
    for name in ("w", "b"):
        scale = tensor(g, name)["quantization"]["scale"][:1]
        fields(name, scale=scale, zero_point=np.zeros(1, np.int64))(g)


BASES: dict[str, Base] = {"CONV_2D of many weights": wide}

R, W, S = Outcome.REFUSES, Outcome.WRONG, Outcome.SAME
_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
MUTATIONS: tuple[Mutation, ...] = (
    Mutation("CONV_2D INT8", "a weight zero point", moved(40), "TFL308", R, R),
    Mutation("CONV_2D INT8 by channel", "weight zero points", moved(40), "TFL308", R, R),
    Mutation("CONV_2D INT16", "a weight zero point", moved(40), "TFL308", R, R),
    Mutation("DEPTHWISE_CONV_2D INT8", "a weight zero point", moved(40), "TFL308", W, R),
    Mutation("DEPTHWISE_CONV_2D INT8 by channel", "weight zero points", moved(40), "TFL308", W, W),
    Mutation("DEPTHWISE_CONV_2D INT16", "a weight zero point", moved(40), "TFL308", W, W),
    Mutation("TRANSPOSE_CONV INT8", "a weight zero point", moved(40), "TFL308", W, W),
    Mutation("TRANSPOSE_CONV INT16 by channel", "weight zero points", moved(40), "TFL308", W, W),
    Mutation("FULLY_CONNECTED INT8", "a weight zero point", moved(3), "TFL308", S, S),
    Mutation("FULLY_CONNECTED INT8 by channel", "weight zero points", moved(40), "TFL308", S, R),
    Mutation("FULLY_CONNECTED INT16 by channel", "weight zero points", moved(40), "TFL308", W, W),
    Mutation("CONV_2D UINT8", "another weight zero point", change("w", zero_point=-20), "", W, W),
    Mutation("CONV_2D of many weights", "two weights of -128", values("w", lowest), "TFL309", S, S, steps=40),
    *(Mutation(f"{kind} INT8", "twice the bias scale", change("b", scale=2), "TFL310", S, S) for kind in _KINDS),
    *(Mutation(f"{kind} INT8 by channel", "twice the bias scales", change("b", scale=2), "TFL310", S, S) for kind in _KINDS),
    *(Mutation(f"{kind} INT16", "twice the bias scale", change("b", scale=2), "TFL310", S, S) for kind in _KINDS),
    *(Mutation(f"{kind} INT8 by channel", "bias zero points", change("b", zero_point=5), "TFL310", S, R) for kind in _KINDS),
    *(Mutation(f"{kind} INT8", "a bias zero point", change("b", zero_point=5), "TFL310", R, R) for kind in _KINDS[:3]),
    Mutation("FULLY_CONNECTED INT8", "a bias zero point", change("b", zero_point=5), "TFL310", S, S),
    Mutation("TRANSPOSE_CONV UINT8", "a bias zero point", change("b", zero_point=5), "TFL310", S, S),
    *(Mutation(f"{kind} INT16", "a bias zero point", change("b", zero_point=5), "TFL310", R, R) for kind in _KINDS[:3]),
    *(Mutation(f"{kind} UINT8", "1000 times the bias scale", change("b", scale=1000), "TFL310", R, S) for kind in _KINDS),
    Mutation("FULLY_CONNECTED INT8", "1000 times the bias scale", change("b", scale=1000), "TFL310", R, S),
    *(Mutation(f"{kind} INT8", "an INT64 bias", bias(np.int64), "TFL310", R, R) for kind in _KINDS[:3]),
    Mutation("FULLY_CONNECTED INT8", "an INT64 bias", bias(np.int64), "TFL310", W, W, steps=1),
    Mutation("CONV_2D INT16", "an INT32 bias", bias(np.int32), "TFL310", W, W),
    Mutation("TRANSPOSE_CONV INT16", "an INT32 bias", bias(np.int32), "TFL310", W, W),
    Mutation("DEPTHWISE_CONV_2D INT16", "an INT32 bias", bias(np.int32), "TFL310", R, R),
    Mutation("CONV_2D INT8", "an INT16 bias", bias(np.int16), "TFL310", R, R),
    Mutation("TRANSPOSE_CONV INT8", "a bias next to the limit", bias(np.int32, 2**31 - 1), "", W, W, also=("TFL311",)),
    Mutation("CONV_2D of many weights", "a scale for all channels", shared, "", W, W, also=("TFL315",)),
    Mutation(
        "CONV_2D of many weights",
        "clipped weights",
        values("w", lambda array: np.clip(array.astype(int) * 3, -127, 127).astype(np.int8)),
        "",
        W,
        W,
        also=("TFL328",),
    ),
    Mutation(
        "CONV_2D of many weights",
        "weights on 5 levels",
        values("w", lambda array: (np.round(array / 63.5) * 63).astype(np.int8)),
        "",
        W,
        W,
        also=("TFL328",),
    ),
)  # fmt: skip
