"""Sound quantized models, and what happens when one thing in their quantization is changed.

A mutation is a line of `MUTATIONS`, here for weights, in `activation_mutations` for what flows between ops.
`change("y", scale=2)` and its like are the edits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.testing import GraphBuilder

__all__ = [
    "BASES", "MUTATIONS", "Base", "Edit", "Mutation", "Outcome", "activation", "both", "change", "fields", "heavy", "light",
    "tensor", "unquantized", "values",
]  # fmt: skip

Base = Callable[[], GraphBuilder]
Edit = Callable[[GraphBuilder], None]


class Outcome(Enum):
    """What the runtime makes of a mutated model, compared with the sound one."""

    REFUSES = "refuses"
    """It does not load the model, does not run it, or the process ends."""
    WRONG = "wrong"
    """It computes other real values, without a word."""
    SAME = "same"
    """It computes the same real values, within some steps of the output's scale."""


@dataclass(frozen=True)
class Mutation:
    """A change to a sound model: the one code that the rules report, and what each interpreter does.

    `code` is empty where nothing is to be said. `also` are the codes of other errors that are true as well.
    """

    base: str
    name: str
    edit: Edit
    code: str
    builtin: Outcome
    xnnpack: Outcome
    also: tuple[str, ...] = ()
    steps: float = 3.0
    """So many steps of the output's scale may the results of `SAME` differ."""

    @property
    def label(self) -> str:
        return f"{self.base}: {self.name}"

    def build(self, g: GraphBuilder) -> GraphBuilder:
        """The mutated model, of a new one of its base."""
        self.edit(g)
        return g


# The edits.


def tensor(g: GraphBuilder, name: str) -> dict[str, Any]:
    """The table of a tensor."""
    return next(each for each in g.graph["tensors"] if each["name"] == name)


def change(name: str, *, scale: float = 1.0, zero_point: int = 0) -> Edit:
    """Multiply the scales of a tensor, and add to its zero points."""

    def edit(g: GraphBuilder) -> None:
        quantization = tensor(g, name)["quantization"]
        quantization["scale"] = np.asarray(quantization["scale"] * np.float32(scale), np.float32)
        quantization["zero_point"] = quantization["zero_point"] + zero_point

    return edit


def fields(name: str, **more: Any) -> Edit:
    """Set fields of the quantization of a tensor: `scale`, `zero_point`, `quantized_dimension`; None drops one."""

    def edit(g: GraphBuilder) -> None:
        quantization = tensor(g, name)["quantization"]
        for key, value in more.items():
            quantization[key] = value
            if value is None:
                del quantization[key]

    return edit


def unquantized(name: str) -> Edit:
    """Take the quantization of a tensor away."""

    def edit(g: GraphBuilder) -> None:
        del tensor(g, name)["quantization"]

    return edit


def values(name: str, function: Callable[[NDArray[Any]], NDArray[Any]], dtype: Any = np.int8) -> Edit:
    """Change the stored values of a constant."""

    def edit(g: GraphBuilder) -> None:
        found = tensor(g, name)
        buffer = g.tables["buffers"][found["buffer"]]
        array = np.frombuffer(buffer["data"], dtype).reshape(found["shape"]).copy()
        buffer["data"] = function(array).tobytes()

    return edit


def both(*edits: Edit) -> Edit:
    """Edits one after the other."""

    def edit(g: GraphBuilder) -> None:
        for each in edits:
            each(g)

    return edit


# The sound models. Their inputs are real numbers between -1 and 1.

_LIMITS = {"INT8": 127, "INT16": 32767, "UINT8": 127}
_OPTIONS: Mapping[str, Any] = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
_DILATION: Mapping[str, Any] = {"dilation_w_factor": 1, "dilation_h_factor": 1}


def activation(dtype: str, reach: float = 1.0) -> dict[str, Any]:
    """Symmetric parameters for values between -reach and reach."""
    return {"scale": reach / _LIMITS[dtype], "zero_point": 128 if dtype == "UINT8" else 0}


def real(*shape: int) -> NDArray[np.float32]:
    """Weights between -1 and 1, the same each time."""
    values: NDArray[np.float32] = np.sin(1.3 * np.arange(np.prod(shape)) + 0.4).astype(np.float32)
    return values.reshape(shape)


def heavy(kind: str, dtype: str = "INT8", *, axis: int | None = None) -> GraphBuilder:
    """A product with constant weights 'w' and a bias 'b'; a scale for each channel where `axis` says along which."""
    g = GraphBuilder()
    read, made, kernel = _HEAVY[kind]
    w = real(*kernel)
    rest = tuple(number for number in range(w.ndim) if number != axis)
    scales = np.atleast_1d(abs(w).max(axis=None if axis is None else rest) / 127).astype(np.float32)
    shape = [-1 if number == axis else 1 for number in range(w.ndim)]
    stored = np.round(w / scales.reshape(shape)).astype(np.int8)
    zero_point = 0
    if dtype == "UINT8":
        stored, zero_point = (stored.astype(np.int16) + 128).astype(np.uint8), 128
    source = activation(dtype)
    out_axis = {"DEPTHWISE_CONV_2D": 3}.get(kind, 0)
    totals = abs(w).sum(axis=tuple(number for number in range(w.ndim) if number != out_axis))
    x = g.input("x", read, dtype, **source)
    weights = g.constant("w", stored, scale=scales, zero_point=zero_point, axis=axis or 0)
    bias = np.zeros(kernel[out_axis], np.int64 if dtype == "INT16" else np.int32)
    bias[:] = np.round(0.1 / (source["scale"] * scales))
    b = g.constant("b", bias, scale=np.float32(source["scale"]) * scales)
    y = g.tensor("y", made, dtype, **activation(dtype, float(totals.max()) + 0.1))
    inputs = [x, weights, b]
    options = {**_OPTIONS, **_DILATION}
    if kind == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = 1
    if kind == "TRANSPOSE_CONV":
        options = dict(_OPTIONS)
        inputs = [g.constant("shape", np.array(made, np.int32)), weights, x, b]
    if kind == "FULLY_CONNECTED":
        options = {}
    g.op(kind, inputs, y, options, version=_HEAVY_VERSIONS[kind, dtype])
    g.output(y)
    return g


_HEAVY: Mapping[str, tuple[list[int], list[int], tuple[int, ...]]] = {
    "CONV_2D": ([1, 6, 6, 2], [1, 6, 6, 3], (3, 3, 3, 2)),
    "DEPTHWISE_CONV_2D": ([1, 6, 6, 3], [1, 6, 6, 3], (1, 3, 3, 3)),
    "TRANSPOSE_CONV": ([1, 6, 6, 2], [1, 6, 6, 3], (3, 3, 3, 2)),
    "FULLY_CONNECTED": ([1, 8], [1, 4], (4, 8)),
}
_HEAVY_VERSIONS = {
    **{(kind, dtype): 3 for kind in _HEAVY for dtype in _LIMITS},
    ("FULLY_CONNECTED", "INT8"): 5,
    **{(kind, "INT16"): 4 for kind in ("CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")},
    ("DEPTHWISE_CONV_2D", "INT16"): 5,
}


def light(
    kind: str,
    read: Sequence[int],
    made: Sequence[int],
    constants: Sequence[Any] = (),
    options: Mapping[str, Any] | None = None,
    *,
    dtype: str = "INT8",
    output: Mapping[str, Any] | None = None,
    inputs: int = 1,
    outputs: int = 1,
    constants_first: bool = False,
    version: int = 2,
) -> GraphBuilder:
    """An op on inputs 'x', 'x1', … and INT32 constants, that makes 'y', 'y1', …"""
    g = GraphBuilder()
    source = activation(dtype)
    xs = [g.input(f"x{number or ''}", read, dtype, **source) for number in range(inputs)]
    more = [g.constant(f"c{number}", np.array(each, np.int32)) for number, each in enumerate(constants)]
    ys = [g.tensor(f"y{number or ''}", made, dtype, **(output or source)) for number in range(outputs)]
    g.op(kind, [*more, *xs] if constants_first else [*xs, *more], ys, options, version=version)
    g.output(*ys)
    return g


def products() -> dict[str, Base]:
    """The ops with constant weights, by tensor and by channel, in all types."""
    found: dict[str, Base] = {}
    for kind in _HEAVY:
        for dtype in _LIMITS:
            found[f"{kind} {dtype}"] = partial(heavy, kind, dtype)
            if dtype != "UINT8":
                channel = 3 if kind == "DEPTHWISE_CONV_2D" else 0
                found[f"{kind} {dtype} by channel"] = partial(heavy, kind, dtype, axis=channel)
    return found


BASES: dict[str, Base] = {**products()}
"""The sound models by name: no rule of quantization has anything to say about them, and both interpreters run them."""

R, W, S = Outcome.REFUSES, Outcome.WRONG, Outcome.SAME
MUTATIONS: tuple[Mutation, ...] = (
    Mutation("CONV_2D INT8", "a filter scale of 0", change("w", scale=0), "TFL316", W, W),
    Mutation("CONV_2D INT8", "a filter without scale", unquantized("w"), "TFL318", R, R),
    Mutation("CONV_2D INT8 by channel", "another dimension", fields("w", quantized_dimension=3), "TFL312", R, R),
)
