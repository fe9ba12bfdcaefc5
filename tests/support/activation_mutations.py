"""Sound models of ops on quantized values, and changes to the scales and zero points of what they read and write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from quant_mutations import Base, Mutation, Outcome, both, change, fields, unquantized
from tflint.testing import GraphBuilder

__all__ = ["BASES", "FIXED", "MUTATIONS", "moved"]

_REACH = 3.0
"""Values between -1 and 1 leave room to change scale and zero point without clipping."""
_ACTIVATIONS: Mapping[str, dict[str, Any]] = {
    "INT8": {"scale": _REACH / 127, "zero_point": 0},
    "UINT8": {"scale": _REACH / 127, "zero_point": 128},
    "INT16": {"scale": _REACH / 32767, "zero_point": 0},
}
_IMAGE = [1, 4, 4, 2]
_POOL = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}
_PADS = [[0, 0], [1, 1], [1, 1], [0, 0]]
_CROPS = [[0, 0], [0, 0]]
_VERSIONS = dict.fromkeys("EXPAND_DIMS RESHAPE SCATTER_ND SELECT SELECT_V2 UNPACK PRELU HARD_SWISH ELU".split(), 1)
_VERSIONS |= dict.fromkeys("REVERSE_SEQUENCE DYNAMIC_UPDATE_SLICE EMBEDDING_LOOKUP RELU_N1_TO_1".split(), 1)
_VERSIONS |= dict.fromkeys("BROADCAST_TO FILL TILE REVERSE_V2".split(), 3)

Part = tuple[str, Any]
"""An input: ("x", shape) a quantized value, ("q", shape) such a constant, ("k", values) INT32, ("b", shape) truth."""
_OPS: Mapping[str, tuple[list[Part], list[int], Mapping[str, Any] | None]] = {
    "AVERAGE_POOL_2D": ([("x", _IMAGE)], [1, 2, 2, 2], _POOL),
    "MAX_POOL_2D": ([("x", _IMAGE)], [1, 2, 2, 2], _POOL),
    "RESHAPE": ([("x", _IMAGE), ("k", [1, 32])], [1, 32], {}),
    "SQUEEZE": ([("x", [1, 8])], [8], {"squeeze_dims": [0]}),
    "RESIZE_BILINEAR": ([("x", _IMAGE), ("k", [8, 8])], [1, 8, 8, 2], {}),
    "RESIZE_NEAREST_NEIGHBOR": ([("x", _IMAGE), ("k", [8, 8])], [1, 8, 8, 2], {}),
    "SPACE_TO_DEPTH": ([("x", _IMAGE)], [1, 2, 2, 8], {"block_size": 2}),
    "DEPTH_TO_SPACE": ([("x", [1, 2, 2, 8])], [1, 4, 4, 2], {"block_size": 2}),
    "PAD": ([("x", _IMAGE), ("k", _PADS)], [1, 6, 6, 2], None),
    "PADV2": ([("x", _IMAGE), ("k", _PADS), ("q", [1])], [1, 6, 6, 2], None),
    "GATHER": ([("x", [4, 2]), ("k", [0, 2])], [2, 2], {"axis": 0}),
    "GATHER_ND": ([("x", [4, 2]), ("k", [[0], [2]])], [2, 2], None),
    "TRANSPOSE": ([("x", _IMAGE), ("k", [0, 3, 1, 2])], [1, 2, 4, 4], None),
    "MAXIMUM": ([("x", _IMAGE), ("x", _IMAGE)], _IMAGE, None),
    "MINIMUM": ([("x", _IMAGE), ("x", _IMAGE)], _IMAGE, None),
    "SLICE": ([("x", _IMAGE), ("k", [0, 1, 1, 0]), ("k", [1, 2, 2, 2])], [1, 2, 2, 2], None),
    "STRIDED_SLICE": ([("x", _IMAGE), ("k", [0, 1, 1, 0]), ("k", [1, 3, 3, 2]), ("k", [1] * 4)], [1, 2, 2, 2], {}),
    "SPLIT": ([("k", 3), ("x", _IMAGE)], [1, 4, 4, 1], {"num_splits": 2}),
    "SPLIT_V": ([("x", _IMAGE), ("k", [2]), ("k", 3)], _IMAGE, {"num_splits": 1}),
    "BROADCAST_TO": ([("x", [1, 8]), ("k", [2, 8])], [2, 8], None),
    "REVERSE_V2": ([("x", [2, 8]), ("k", [1])], [2, 8], None),
    "REVERSE_SEQUENCE": ([("x", [2, 8]), ("k", [4, 8])], [2, 8], {"seq_dim": 1, "batch_dim": 0}),
    "SCATTER_ND": ([("k", [[0], [2]]), ("x", [2, 4]), ("k", [3, 4])], [3, 4], None),
    "SELECT": ([("b", [1, 8]), ("x", [1, 8]), ("x", [1, 8])], [1, 8], None),
    "SELECT_V2": ([("b", [1, 8]), ("x", [1, 8]), ("x", [1, 8])], [1, 8], None),
    "TILE": ([("x", [1, 8]), ("k", [2, 1])], [2, 8], None),
    "TOPK_V2": ([("x", [1, 8]), ("k", 3)], [1, 3], None),
    "DYNAMIC_UPDATE_SLICE": ([("x", [2, 8]), ("x", [1, 4]), ("k", [0, 0])], [2, 8], None),
    "EMBEDDING_LOOKUP": ([("k", [0, 2]), ("q", [4, 8])], [2, 8], None),
    "BATCH_TO_SPACE_ND": ([("x", [4, 2, 2, 2]), ("k", [2, 2]), ("k", _CROPS)], _IMAGE, None),
    "SPACE_TO_BATCH_ND": ([("x", _IMAGE), ("k", [2, 2]), ("k", _CROPS)], [4, 2, 2, 2], None),
    "CONCATENATION": ([("x", _IMAGE), ("x", _IMAGE)], [1, 4, 4, 4], {"axis": 3}),
    "EXPAND_DIMS": ([("x", [8]), ("k", [0])], [1, 8], None),
    "FILL": ([("k", [2, 3]), ("x", [])], [2, 3], None),
    "MIRROR_PAD": ([("x", _IMAGE), ("k", _PADS)], [1, 6, 6, 2], {"mode": "REFLECT"}),
    "PACK": ([("x", [1, 8]), ("x", [1, 8])], [2, 1, 8], {"values_count": 2, "axis": 0}),
    "UNPACK": ([("x", [1, 8])], [8], {"num": 1, "axis": 0}),
    "REDUCE_MAX": ([("x", _IMAGE), ("k", [1, 2])], [1, 2], {}),
    "REDUCE_MIN": ([("x", _IMAGE), ("k", [1, 2])], [1, 2], {}),
    # These compute, with what they read and write.
    "ADD": ([("x", _IMAGE), ("x", _IMAGE)], _IMAGE, {}),
    "MUL": ([("x", _IMAGE), ("x", _IMAGE)], _IMAGE, {}),
    "SUB": ([("x", _IMAGE), ("x", _IMAGE)], _IMAGE, {}),
    "MEAN": ([("x", _IMAGE), ("k", [1, 2])], [1, 2], {}),
    "SUM": ([("x", [1, 4, 2]), ("k", [1])], [1, 2], {}),
    "REDUCE_PROD": ([("x", [1, 2, 2]), ("k", [1])], [1, 2], {}),
    "ABS": ([("x", [1, 8])], [1, 8], None),
    "RELU": ([("x", [1, 8])], [1, 8], None),
    "RELU6": ([("x", [1, 8])], [1, 8], None),
    "RELU_N1_TO_1": ([("x", [1, 8])], [1, 8], None),
    "LEAKY_RELU": ([("x", [1, 8])], [1, 8], {"alpha": 0.25}),
    "HARD_SWISH": ([("x", [1, 8])], [1, 8], None),
    "GELU": ([("x", [1, 8])], [1, 8], {}),
    "ELU": ([("x", [1, 8])], [1, 8], None),
    "EXP": ([("x", [1, 8])], [1, 8], None),
    "SQUARED_DIFFERENCE": ([("x", _IMAGE), ("x", _IMAGE)], _IMAGE, None),
    "BATCH_MATMUL": ([("x", [1, 2, 3]), ("x", [1, 3, 2])], [1, 2, 2], {}),
    "QUANTIZE": ([("x", [1, 8])], [1, 8], None),
    "LOGISTIC": ([("x", [1, 8])], [1, 8], None),
    "TANH": ([("x", [1, 8])], [1, 8], None),
    "SOFTMAX": ([("x", [1, 8])], [1, 8], {"beta": 1.0}),
    "LOG_SOFTMAX": ([("x", [1, 8])], [1, 8], None),
    "L2_NORMALIZATION": ([("x", [1, 8])], [1, 8], {}),
}
FIXED: Mapping[tuple[str, str], tuple[float, int]] = {
    ("LOGISTIC", "INT8"): (1 / 256, -128),
    ("LOGISTIC", "UINT8"): (1 / 256, 0),
    ("LOGISTIC", "INT16"): (1 / 32768, 0),
    ("TANH", "INT8"): (1 / 128, 0),
    ("TANH", "UINT8"): (1 / 128, 128),
    ("TANH", "INT16"): (1 / 32768, 0),
    ("SOFTMAX", "INT8"): (1 / 256, -128),
    ("SOFTMAX", "UINT8"): (1 / 256, 0),
    ("SOFTMAX", "INT16"): (1 / 32768, 0),
    ("LOG_SOFTMAX", "INT8"): (16 / 256, 127),
    ("LOG_SOFTMAX", "UINT8"): (16 / 256, 255),
    ("L2_NORMALIZATION", "INT8"): (1 / 128, 0),
    ("L2_NORMALIZATION", "UINT8"): (1 / 128, 128),
}
"""The parameters that the specification fixes for the output of an op."""
_ONLY: Mapping[str, str] = {
    **dict.fromkeys("SPACE_TO_DEPTH DEPTH_TO_SPACE SCATTER_ND HARD_SWISH LOG_SOFTMAX L2_NORMALIZATION".split(), "8"),
    **dict.fromkeys("RELU_N1_TO_1".split(), "8"),
    **dict.fromkeys("ABS REDUCE_PROD EXP BATCH_MATMUL".split(), "signed"),
    **dict.fromkeys("ELU SQUARED_DIFFERENCE".split(), "INT8"),
    "REVERSE_SEQUENCE": "not INT8",
}


def _types(kind: str) -> list[str]:
    """The types that the kernel has."""
    only = _ONLY.get(kind, "")
    known = {"8": ["INT8", "UINT8"], "signed": ["INT8", "INT16"], "INT8": ["INT8"], "not INT8": ["UINT8", "INT16"]}
    return known.get(only, list(_ACTIVATIONS))


def moved(kind: str, dtype: str = "INT8") -> GraphBuilder:
    """A sound model of one op, on inputs 'x0', … and constants 'q0', …, that makes 'y'."""
    parts, made, options = _OPS[kind]
    g = GraphBuilder()
    affine = _ACTIVATIONS[dtype]
    inputs, number = [], 0
    for what, value in parts:
        if what == "x":
            inputs.append(g.input(f"x{number}", value, dtype, **affine))
        elif what == "q":
            stored = np.arange(np.prod(value)).reshape(value) + affine["zero_point"] + 1
            inputs.append(g.constant(f"q{number}", stored.astype(dtype.lower()), **affine))
        elif what == "k":
            inputs.append(g.constant(f"k{len(inputs)}", np.array(value, np.int32)))
        else:
            inputs.append(g.input("choice", value, "BOOL"))
        number += what in "xq"
    scale, zero_point = FIXED.get((kind, dtype), (affine["scale"], affine["zero_point"]))
    if kind == "QUANTIZE":
        scale *= 1.5  # one that changes nothing is a finding
    y = g.tensor("y", made, dtype, scale=scale, zero_point=zero_point)
    outputs = [y, g.tensor("indices", made, "INT32")] if kind == "TOPK_V2" else [y]
    if kind == "SPLIT":
        outputs.append(g.tensor("y1", made, dtype, scale=scale, zero_point=zero_point))
    g.op(kind, inputs, outputs, options, version=_VERSIONS.get(kind, 2))
    g.output(*outputs)
    return g


def softmax_in_16_bits() -> GraphBuilder:
    """The SOFTMAX from 8 to 16 bits that TensorFlow Lite Micro has, with the zero point that it wants."""
    g = GraphBuilder()
    x = g.input("x0", [1, 8], "INT8", scale=0.1)
    y = g.tensor("y", [1, 8], "INT16", scale=1 / 65536, zero_point=-32768)
    g.output(g.op("SOFTMAX", [x], y, {"beta": 1.0}, version=2))
    return g


BASES: dict[str, Base] = {
    **{f"{kind} {dtype}": partial(moved, kind, dtype) for kind in _OPS for dtype in _types(kind)},
    "SOFTMAX from INT8 to INT16": softmax_in_16_bits,
}

R, W, S = Outcome.REFUSES, Outcome.WRONG, Outcome.SAME
_MOVES = (
    "AVERAGE_POOL_2D RESHAPE SQUEEZE RESIZE_NEAREST_NEIGHBOR GATHER GATHER_ND MAXIMUM MINIMUM SPLIT_V BROADCAST_TO "
    "REVERSE_V2 REVERSE_SEQUENCE SCATTER_ND SELECT SELECT_V2 TILE TOPK_V2 DYNAMIC_UPDATE_SLICE EMBEDDING_LOOKUP"
).split()
_XNNPACK_REFUSES = (
    "MAX_POOL_2D RESIZE_BILINEAR SPACE_TO_DEPTH DEPTH_TO_SPACE PAD TRANSPOSE SLICE STRIDED_SLICE SPLIT"
).split()
_CHECKED = "BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND EXPAND_DIMS FILL MIRROR_PAD PACK UNPACK".split()
_RESCALE = "ADD MUL SUB MEAN SUM REDUCE_PROD ABS RELU LEAKY_RELU HARD_SWISH GELU ELU QUANTIZE BATCH_MATMUL".split()


def _same_scale() -> list[Mutation]:
    """What becomes of an op that moves integers when its output is quantized otherwise."""
    found: list[Mutation] = []
    scale, point = change("y", scale=2), change("y", zero_point=7)
    for kind in (*_MOVES, *_XNNPACK_REFUSES, *_CHECKED, "PADV2", "REDUCE_MAX", "REDUCE_MIN", "CONCATENATION"):
        for dtype in _types(kind):
            builtin = xnnpack = R if kind in (*_CHECKED, "PADV2", "CONCATENATION") else W
            if kind in _XNNPACK_REFUSES and dtype != "INT16":
                xnnpack = R
            if kind.startswith("REDUCE_"):
                builtin, xnnpack = R, (R if dtype == "INT16" else W)
            code = "TFL306"
            if kind == "CONCATENATION" and dtype != "INT8":
                builtin = xnnpack = W if dtype == "INT16" else S
                code = "TFL306" if dtype == "INT16" else ""
            base = f"{kind} {dtype}"
            found.append(Mutation(base, "another output scale", scale, code, builtin, xnnpack))
            if dtype != "INT16":
                found.append(Mutation(base, "another output zero point", point, code, builtin, xnnpack))
    return found


def _second_inputs() -> list[Mutation]:
    found = [
        Mutation(f"{kind} INT8", "another scale of the second input", change("x1", scale=2), "TFL306", outcome, outcome)
        for kind, outcome in (
            ("MAXIMUM", W),
            ("SELECT_V2", W),
            ("DYNAMIC_UPDATE_SLICE", W),
            ("CONCATENATION", R),
            ("PACK", R),
        )
    ]
    return [
        *found,
        Mutation("PADV2 INT8", "another scale of what it pads with", change("q1", scale=2), "TFL306", R, R),
        Mutation("PADV2 INT8", "another scale of what is padded", change("x0", scale=2), "TFL306", W, W),
    ]


def _rounding() -> list[Mutation]:
    """Scales so near to each other that no integer would change."""
    near = change("y", scale=1 + 1e-6)
    return [
        Mutation("GATHER INT8", "a scale in the last digits", near, "", S, S),
        Mutation("GATHER INT16", "a scale in the last digits", near, "", S, S),
        Mutation("GATHER INT16", "a scale in the fourth digit", change("y", scale=1.001), "TFL306", W, W),
        Mutation("PAD INT8", "a scale in the last digits", near, "TFL408", S, R),
        Mutation("PACK INT8", "a scale in the last digits", near, "TFL306", R, R),
    ]


def _rescaled() -> list[Mutation]:
    return [
        Mutation(f"{kind} {dtype}", what, edit, "", S, S)
        for kind in _RESCALE
        for dtype in _types(kind)
        for what, edit in (("another scale", change("y", scale=2)), ("another zero point", change("y", zero_point=7)))
        if dtype != "INT16" or what == "another scale"
        if (kind, dtype) != ("GELU", "UINT8")
    ]


def _fixed() -> list[Mutation]:
    """Outputs whose parameters the specification fixes."""
    found = []
    scale, point = change("y", scale=1.25), change("y", zero_point=7)
    down = change("y", zero_point=-7)
    for kind, dtype in FIXED:
        base = f"{kind} {dtype}"
        builtin, xnnpack, code = R, R, "TFL307"
        if (kind, dtype) in {("TANH", "INT8"), ("TANH", "UINT8"), ("SOFTMAX", "UINT8")}:
            builtin, xnnpack, code = S, S, "TFL307" if (kind, dtype) != ("TANH", "UINT8") else ""
        if kind == "LOGISTIC" and dtype != "INT16":
            xnnpack = S
        found.append(Mutation(base, "another scale", scale, code, builtin, xnnpack))
        if dtype == "INT16":
            continue
        if kind in ("LOGISTIC", "TANH"):
            builtin, xnnpack, code = S, S, "TFL307" if dtype == "INT8" else ""
        if (kind, dtype) == ("SOFTMAX", "UINT8"):
            builtin, xnnpack = W, W
        found.append(
            Mutation(base, "another zero point", down if kind == "LOG_SOFTMAX" else point, code, builtin, xnnpack)
        )
    near = change("y", scale=1 + 5e-4)
    return [
        *found,
        Mutation("TANH INT16", "a scale that it takes", near, "", S, S, steps=20),
        Mutation("SOFTMAX INT16", "a scale that it takes", near, "", S, S, steps=20),
        Mutation("SOFTMAX INT8", "a scale that it takes", near, "", S, S),
        Mutation("L2_NORMALIZATION INT8", "a scale in the fourth digit", near, "TFL307", R, R),
    ]


def _asymmetric() -> list[Mutation]:
    """Zero points of INT16."""
    refusing = (
        "CONCATENATION EXPAND_DIMS MIRROR_PAD FILL BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND REDUCE_MAX REDUCE_PROD SUM MEAN ABS "
        "RELU LEAKY_RELU ADD SUB MUL LOGISTIC TANH SOFTMAX EXP QUANTIZE BATCH_MATMUL"
    ).split()
    found = [
        Mutation(f"{kind} INT16", "an output zero point", change("y", zero_point=3000), "TFL321", R, R)
        for kind in refusing
    ]
    found += [
        Mutation(f"{kind} INT16", "an output zero point", change("y", zero_point=3000), "TFL321", outcome, outcome)
        for kind, outcome in (("PAD", W), ("RESHAPE", W), ("PACK", R), ("GELU", W))
    ]
    points = both(change("x0", zero_point=3000), change("y", zero_point=3000))
    found += [
        Mutation(f"{kind} INT16", "one zero point all through", points, "TFL321", S, S)
        for kind in ("PAD", "RESHAPE", "AVERAGE_POOL_2D", "UNPACK")
    ]
    found += [
        Mutation(f"{kind} INT16", "an input zero point", change("x", zero_point=3000), "TFL321", R, R)
        for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
    ]
    return found


def _parameters() -> list[Mutation]:
    """What is wrong with the parameters of a tensor by themselves, told once."""
    return [
        Mutation("CONV_2D INT8", "an output scale of 0", change("y", scale=0), "TFL316", W, R),
        Mutation("MAX_POOL_2D INT8", "an output scale of 0", change("y", scale=0), "TFL306", W, R),
        Mutation("RELU INT8", "no zero point", fields("y", zero_point=None), "TFL317", R, R),
        Mutation("MAX_POOL_2D INT8", "no zero point", fields("y", zero_point=None), "TFL317", R, R),
        Mutation("MAX_POOL_2D INT8", "two zero points", fields("y", zero_point=np.zeros(2, np.int64)), "TFL317", R, R),
        Mutation(
            "MAX_POOL_2D INT8", "an empty zero point", fields("y", zero_point=np.zeros(0, np.int64)), "TFL317", R, R
        ),
        Mutation("SOFTMAX INT8", "no output scale", unquantized("y"), "TFL318", R, R),
    ]


MUTATIONS: tuple[Mutation, ...] = (
    *_same_scale(),
    *_second_inputs(),
    *_rounding(),
    *_rescaled(),
    *_fixed(),
    *_asymmetric(),
    *_parameters(),
)
