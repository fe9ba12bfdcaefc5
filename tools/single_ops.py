"""Models of one op each, for asking a runtime what it makes of an op with these element types.

A template names the tensors of an op by their roles, with their shapes: `x[1,4,4,2] w[3,2,2,2]! > x[1,4,4,3]`. What
bears one letter has one element type; a name of the schema stands for itself: `INT32[2]=1,2` holds these numbers. A
`!` is a constant, a `*` a variable, `@3` says along which dimension it has scales, `-` is a tensor that is left out.
Options follow after `|`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tflint.testing import GraphBuilder

__all__ = ["CODES", "TEMPLATES", "Slot", "Template", "build", "parse", "single", "typed"]

_SHORT = {
    "f32": "FLOAT32", "f16": "FLOAT16", "bf16": "BFLOAT16", "f64": "FLOAT64", "i2": "INT2", "i4": "INT4", "i8": "INT8",
    "i16": "INT16", "i32": "INT32", "i64": "INT64", "u4": "UINT4", "u8": "UINT8", "u16": "UINT16", "u32": "UINT32",
    "u64": "UINT64", "bool": "BOOL", "str": "STRING", "c64": "COMPLEX64", "c128": "COMPLEX128", "f8": "FLOAT8_E4M3FN",
    "res": "RESOURCE", "variant": "VARIANT",
}  # fmt: skip
CODES = (*_SHORT, *(f"q{each}" for each in ("i2", "i4", "i8", "i16", "i32", "u4", "u8")))
"""The codes of `tflint.type_code` that a tensor can have, but for those with a scale for each channel."""
_WIDTH = {"INT2": 0.25, "INT4": 0.5, "UINT4": 0.5, "BFLOAT16": 2, "FLOAT8_E4M3FN": 1, "COMPLEX128": 16, "RESOURCE": 4}


@dataclass(frozen=True)
class Slot:
    """A tensor of a template: its role, shape, and where its value comes from."""

    role: str
    shape: tuple[int, ...]
    values: tuple[float, ...] = ()
    constant: bool = False
    variable: bool = False
    code: str = ""
    scale: float | tuple[float, ...] = 0.0
    zero: int = 0
    axis: int = 0


@dataclass(frozen=True)
class Template:
    """An op: its tensors (None is left out), and options."""

    kind: str
    inputs: tuple[Slot | None, ...]
    outputs: tuple[Slot, ...]
    options: Mapping[str, Any]


def _slot(text: str) -> Slot | None:
    if text == "-":
        return None
    found = re.fullmatch(r"(\w+)(?:\(([-\d.e,/]+)\))?\[([\d,]*)\]([!*]?)(?:@(\d))?(?:=([-\d.,]+))?", text)
    assert found, text
    role, steps, sizes, mark, axis, values = found.groups()
    scale, zero = (*(steps or "0").split(","), "0")[:2]
    shape = tuple(int(size) for size in sizes.split(",") if size)
    numbers = tuple(float(value) for value in values.split(",")) if values else ()
    place = int(axis) if axis else next((place for place, size in enumerate(shape) if size > 1), 0)
    constant, variable = mark == "!" or bool(values), mark == "*"
    return Slot(role, shape, numbers, constant, variable, scale=float(scale), zero=int(zero), axis=place)


def _value(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    if text.startswith("["):
        return [int(each) for each in text[1:-1].split(",") if each]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def parse(kind: str, text: str) -> Template:
    """The template of a line of `TEMPLATES`."""
    tensors, _, options = text.partition("|")
    ins, _, outs = tensors.partition(">")
    pairs = (each.split("=", 1) for each in options.split())
    inputs = tuple(_slot(each) for each in ins.split())
    outputs = tuple(slot for each in outs.split() if (slot := _slot(each)) is not None)
    return Template(kind, inputs, outputs, {name: _value(value) for name, value in pairs})


def typed(slot: Slot, code: str) -> Slot:
    """The slot with an element type: with a scale where its code begins with q, one a channel where it ends in c."""
    name = code.removeprefix("q").removesuffix("c")
    plain = name if name in _SHORT else code
    if not code.startswith("q"):
        return replace(slot, code=_SHORT[plain], scale=0.0)
    scale = slot.scale or 0.25
    if code.endswith("c"):
        return replace(slot, code=_SHORT[plain], scale=(scale,) * (slot.shape[slot.axis] if slot.shape else 1))
    return replace(slot, code=_SHORT[plain], scale=scale)


def single(kind: str, text: str, *, version: int = 1) -> bytes:
    """The model of an op whose roles are type codes: `qi8(0.5,3)[1,4] qi8[3,4]! > qi8[1,3]`; scale and zero point."""
    template = parse(kind, text)
    inputs = tuple(None if slot is None else typed(slot, slot.role) for slot in template.inputs)
    outputs = tuple(typed(slot, slot.role) for slot in template.outputs)
    return build(replace(template, inputs=inputs, outputs=outputs), version=version)


def _bytes(slot: Slot) -> bytes:
    """The constant of a slot: its values, or ones."""
    count = int(np.prod(slot.shape, dtype=np.int64))
    values = np.resize(np.array(slot.values or (1.0,)), count)
    if slot.code == "STRING":
        offsets = [4 * (count + 2) + number for number in range(count + 1)]
        return np.array([count, *offsets], "<i4").tobytes() + b"a" * count
    if slot.code == "BFLOAT16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    if slot.code in _WIDTH:
        return b"\x11" * max(1, int(np.ceil(count * _WIDTH[slot.code])))
    return values.astype(np.dtype(slot.code.lower())).tobytes()


def build(template: Template, *, version: int = 1) -> bytes:
    """The model of a template whose slots are typed."""
    builder = GraphBuilder()
    inputs = [
        -1 if slot is None else _tensor(builder, slot, f"i{number}") for number, slot in enumerate(template.inputs)
    ]
    outputs = [
        _tensor(builder, replace(slot, constant=False), f"o{n}", made=True) for n, slot in enumerate(template.outputs)
    ]
    builder.op(template.kind, inputs, outputs, template.options, version=version)
    builder.output(*outputs)
    return builder.to_bytes()


def _tensor(builder: GraphBuilder, slot: Slot, name: str, *, made: bool = False) -> int:
    more: dict[str, Any] = {}
    if slot.scale:
        more = {"scale": slot.scale, "zero_point": slot.zero, "axis": slot.axis}
    if slot.variable:
        return builder.tensor(name, slot.shape, slot.code, is_variable=True, **more)
    if slot.constant:
        return builder.tensor(name, slot.shape, slot.code, buffer=builder.buffer(_bytes(slot)), **more)
    return (
        builder.tensor(name, slot.shape, slot.code, **more)
        if made
        else builder.input(name, slot.shape, slot.code, **more)
    )


_UNARY = "x[2,4] > x[2,4]"
_BINARY = "x[2,4] x[2,4] > x[2,4]"
_COMPARE = "x[2,4] x[2,4] > o[2,4]"
_REDUCE = "x[2,4] i[1]=1 > x[2,1] | keep_dims=True"
_POOL = "x[1,4,4,2] > x[1,4,4,2] | padding=SAME stride_w=1 stride_h=1 filter_width=2 filter_height=2"
_SEGMENT = "x[2,4] i[2]=0,1 j[1]=2 > x[2,4]"
_GATES = f"{' '.join(['w[4,3]!'] * 4)} {' '.join(['w[4,4]!'] * 4)} - - - {' '.join(['b[4]!'] * 4)}"

TEMPLATES: dict[str, str] = {
    **dict.fromkeys(
        "ABS CEIL COS ELU EXP FLOOR GELU HARD_SWISH LOG LOGICAL_NOT LOGISTIC LOG_SOFTMAX NEG RELU RELU6 RELU_0_TO_1 "
        "RELU_N1_TO_1 ROUND RSQRT SIGN SIN SQRT SQUARE TANH ZEROS_LIKE L2_NORMALIZATION".split(),
        _UNARY,
    ),
    **dict.fromkeys(
        "ADD ATAN2 BITWISE_XOR DIV FLOOR_DIV FLOOR_MOD LOGICAL_AND LOGICAL_OR MAXIMUM MINIMUM MUL POW RIGHT_SHIFT "
        "SQUARED_DIFFERENCE STABLEHLO_ADD STABLEHLO_AND STABLEHLO_MAXIMUM STABLEHLO_MINIMUM STABLEHLO_MULTIPLY "
        "STABLEHLO_SHIFT_LEFT SUB".split(),
        _BINARY,
    ),
    **dict.fromkeys("EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL NOT_EQUAL".split(), _COMPARE),
    **dict.fromkeys("MEAN REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD SUM".split(), _REDUCE),
    **dict.fromkeys("AVERAGE_POOL_2D L2_POOL_2D MAX_POOL_2D".split(), _POOL),
    **{f"UNSORTED_SEGMENT_{each}": _SEGMENT for each in ("MAX", "MIN", "PROD", "SUM")},
    "ADD_N": "x[2,4] x[2,4] x[2,4] > x[2,4]",
    "ARG_MAX": "x[2,4] i[]=1 > o[2] | output_type=INT32",
    "ARG_MIN": "x[2,4] i[]=1 > o[2] | output_type=INT32",
    "BATCH_MATMUL": "x[2,3,4] w[2,4,5] > x[2,3,5] | adj_x=False",
    "BATCH_TO_SPACE_ND": "x[4,2,2,1] i[2]=2,2 j[2,2]=0,0,0,0 > x[1,4,4,1]",
    "BITCAST": "x[2,4] > o[2,4]",
    "BROADCAST_ARGS": "x[2]=2,4 x[1]=4 > x[2]",
    "BROADCAST_TO": "x[1,4] i[2]=2,4 > x[2,4]",
    "BUCKETIZE": "x[2,4] > o[2,4] | boundaries=[1,2]",
    "CAST": "x[2,4] > o[2,4]",
    "COMPLEX_ABS": "x[2,4] > o[2,4]",
    "REAL": "x[2,4] > o[2,4]",
    "IMAG": "x[2,4] > o[2,4]",
    "CONCATENATION": "x[2,4] x[2,4] > x[4,4] | axis=0",
    "CONV_2D": "x[1,4,4,2] w[3,2,2,2]! b[3]! > x[1,4,4,3] | padding=SAME stride_w=1 stride_h=1",
    "CONV_3D": "x[1,4,4,4,2] w[2,2,2,2,3]! b[3]! > x[1,4,4,4,3] | padding=SAME stride_d=1 stride_w=1 stride_h=1",
    "CONV_3D_TRANSPOSE": (
        "i[5]=1,4,4,4,3 w[2,2,2,3,2]! x[1,4,4,4,2] b[3]! > x[1,4,4,4,3] | padding=SAME stride_d=1 stride_w=1 stride_h=1"
    ),
    "CUMSUM": "x[2,4] i[]=1 > x[2,4]",
    "DEPTHWISE_CONV_2D": (
        "x[1,4,4,2] w[1,2,2,2]!@3 b[2]! > x[1,4,4,2] | padding=SAME stride_w=1 stride_h=1 depth_multiplier=1"
    ),
    "DEPTH_TO_SPACE": "x[1,2,2,4] > x[1,4,4,1] | block_size=2",
    "DEQUANTIZE": "x[2,4] > o[2,4]",
    "DILATE": "x[2,4] i[2]=2,2 x[]! > x[3,7]",
    "DYNAMIC_UPDATE_SLICE": "x[2,4] x[1,2] i[2]=0,1 > x[2,4]",
    "EMBEDDING_LOOKUP": "i[2]=0,1 x[3,4]! > o[2,4]",
    "EXPAND_DIMS": "x[2,4] i[]=0 > x[1,2,4]",
    "FAKE_QUANT": "x[2,4] > x[2,4] | min=-1.0 max=1.5 num_bits=8",
    "FILL": "i[2]=2,4 x[]! > x[2,4]",
    "FULLY_CONNECTED": "x[2,4] w[3,4]! b[3]! > o[2,3]",
    "GATHER": "x[2,4] i[2]=0,1 > x[2,4] | axis=0",
    "GATHER_ND": "x[2,4] i[2,1]=0,1 > x[2,4]",
    "LEAKY_RELU": "x[2,4] > x[2,4] | alpha=0.5",
    "LOCAL_RESPONSE_NORMALIZATION": "x[1,2,2,4] > x[1,2,2,4] | radius=2 bias=1.0 alpha=1.0 beta=0.5",
    "MATRIX_DIAG": "x[2,4] > x[2,4,4]",
    "MATRIX_SET_DIAG": "x[2,4,4] x[2,4] > x[2,4,4]",
    "MIRROR_PAD": "x[2,4] i[2,2]=0,0,1,1 > x[2,6] | mode=REFLECT",
    "MULTINOMIAL": "x[2,4] i[]=3 > o[2,3]",
    "NON_MAX_SUPPRESSION_V4": ("x[3,4] k[3] i[]=2 k[]=0.5 k[]=0.1 > INT32[2] INT32[]"),
    "NON_MAX_SUPPRESSION_V5": ("x[3,4] k[3] i[]=2 k[]=0.5 k[]=0.1 k[]=0.0 > INT32[2] FLOAT32[2] INT32[]"),
    "ONE_HOT": "i[2]=0,1 j[]=3 x[]! x[]! > x[2,3] | axis=-1",
    "PACK": "x[2,4] x[2,4] > x[2,2,4] | values_count=2 axis=0",
    "PAD": "x[2,4] i[2,2]=0,0,1,1 > x[2,6]",
    "PADV2": "x[2,4] i[2,2]=0,0,1,1 x[]! > x[2,6]",
    "PRELU": "x[1,2,2,4] a[1,1,4]! > x[1,2,2,4]",
    "QUANTIZE": "x[2,4] > o[2,4]",
    "RANDOM_STANDARD_NORMAL": "i[2]=2,4 > x[2,4]",
    "RANDOM_UNIFORM": "i[2]=2,4 > x[2,4]",
    "RANGE": "x[]=0 x[]=4 x[]=1 > x[4]",
    "RANK": "x[2,4] > o[]",
    "RESHAPE": "x[2,4] i[2]=4,2 > x[4,2] | new_shape=[4,2]",
    "RESIZE_BILINEAR": "x[1,2,2,1] i[2]=4,4 > x[1,4,4,1]",
    "RESIZE_NEAREST_NEIGHBOR": "x[1,2,2,1] i[2]=4,4 > x[1,4,4,1]",
    "REVERSE_SEQUENCE": "x[2,4] i[2]=1,2 > x[2,4] | seq_dim=1 batch_dim=0",
    "REVERSE_V2": "x[2,4] i[1]=1 > x[2,4]",
    "RFFT2D": "x[4,4] i[2]=4,4 > o[4,3]",
    "SCATTER_ND": "i[2,1]=0,1 x[2,4] i[2]=2,4 > x[2,4]",
    "SEGMENT_SUM": "x[2,4] i[2]=0,1 > x[2,4]",
    "SELECT": "c[2,4] x[2,4] x[2,4] > x[2,4]",
    "SELECT_V2": "c[2,4] x[2,4] x[2,4] > x[2,4]",
    "SHAPE": "x[2,4] > o[2] | out_type=INT32",
    "SLICE": "x[2,4] i[2]=0,1 i[2]=2,2 > x[2,2]",
    "SOFTMAX": "x[2,4] > o[2,4] | beta=1.0",
    "SPACE_TO_BATCH_ND": "x[1,4,4,1] i[2]=2,2 j[2,2]=0,0,0,0 > x[4,2,2,1]",
    "SPACE_TO_DEPTH": "x[1,4,4,1] > x[1,2,2,4] | block_size=2",
    "SPARSE_TO_DENSE": "i[2]=0,1 i[1]=4 x[2]! x[]! > x[4]",
    "SPLIT": "i[]=1 x[2,4] > x[2,2] x[2,2] | num_splits=2",
    "SPLIT_V": "x[2,4] i[2]=1,3 j[]=1 > x[2,1] x[2,3] | num_splits=2",
    "SQUEEZE": "x[2,1,4] > x[2,4] | squeeze_dims=[1]",
    "STABLEHLO_PAD": ("x[2,4] x[]! > x[2,6] | edge_padding_low=[0,1] edge_padding_high=[0,1] interior_padding=[0,0]"),
    "STRIDED_SLICE": "x[2,4] i[2]=0,1 i[2]=2,3 i[2]=1,1 > x[2,2]",
    "SVDF": "x[2,3] w[4,3]! t[4,5]! b[4]! s[2,20]* > o[2,4] | rank=1",
    "TILE": "x[2,4] i[2]=1,2 > x[2,8]",
    "TOPK_V2": "x[2,4] i[]=2 > x[2,2] o[2,2]",
    "TRANSPOSE": "x[2,4] i[2]=1,0 > x[4,2]",
    "TRANSPOSE_CONV": "i[4]=1,4,4,3 w[3,2,2,2]! x[1,4,4,2] b[3]! > x[1,4,4,3] | padding=SAME stride_w=1 stride_h=1",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        f"x[1,2,3] {_GATES} - - s[1,4]* c[1,4]* - - - - > o[1,2,4] | fused_activation_function=TANH"
    ),
    "UNIDIRECTIONAL_SEQUENCE_RNN": "x[1,2,3] w[4,3]! w[4,4]! b[4]! s[1,4]* > x[1,2,4]",
    "UNIQUE": "x[4] > x[4] o[4] | idx_out_type=INT32",
    "UNPACK": "x[2,4] > x[4] x[4] | num=2 axis=0",
    "BIDIRECTIONAL_SEQUENCE_RNN": (
        "x[1,2,3] w[4,3]! w[4,4]! b[4]! s[1,4]* w[4,3]! w[4,4]! b[4]! s[1,4]* - - - > x[1,2,4] x[1,2,4]"
    ),
    "EMBEDDING_LOOKUP_SPARSE": ("i[2]=0,1 j[2,1]=0,1 j[1]=2 x[2] x[3,4]! > x[2,4] | combiner=SUM"),
    "HASHTABLE_LOOKUP": "i[2]=0,1 i[3]=0,1,2 x[3,4]! > x[2,4] UINT8[2]",
    "LSH_PROJECTION": "k[2,4]! x[4,2] k[4] > INT32[2] | type=SPARSE",
    "LSTM": f"x[1,3] {_GATES} - - s[1,4]* c[1,4]* - - - - > o[1,4] | fused_activation_function=TANH",
    "REDUCE_WINDOW": "x[2,4] x[]! i[2]=1,2 i[2]=1,1 i[2]=1,1 > x[2,3] | reduce_function=ADD",
    "RNN": "x[1,3] w[4,3]! w[4,4]! b[4]! s[1,4]* > x[1,4]",
    "SKIP_GRAM": "x[1]! > x[1] | ngram_size=2 max_skip_size=1 include_all_ngrams=True",
    "STABLEHLO_GATHER": (
        "x[2,4] i[2,1]=0,1 > x[2,4] | offset_dims=[1] collapsed_slice_dims=[0] start_index_map=[0] index_vector_dim=1 "
        "slice_sizes=[1,4]"
    ),
    "STABLEHLO_RNG_BIT_GENERATOR": "r[2] > r[2] x[2,4] | algorithm=PHILOX",
    "WHERE": "x[2,4] > o[8,2]",
}
