"""TensorFlow Lite Micro: the reference kernels, as its Python interpreter has them, on models of any size.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/micro_mutable_op_resolver.h, python/tflite_micro/
python_ops_resolver.cc, tensorflow/lite/micro/kernels/*.cc and signal/micro/kernels/*.cc, Prepare and Eval of each
reference kernel. TFLM looks ops up by code or custom name only: an op's version plays no part.
"""

from __future__ import annotations

from tflint import Condition, DType, Kind, Source, Support, Target
from tflint_rules.targets.conditions import arity, same_type
from tflint_rules.targets.tables import tflm_ops as ask
from tflint_rules.targets.tables import tflm_shapes as shape
from tflint_rules.targets.tables import tflm_weights as heavy
from tflint_rules.targets.tables.tflm_conditions import (
    activation_range,
    constant,
    gives,
    holdable,
    inp,
    known_size,
    no_intermediates,
    one_element,
    out,
    plain_int32,
    plain_options,
    quantized,
    ranks,
    same_sizes,
    takes,
    zero_points,
)
from tflint_rules.targets.tables.tflm_custom import CUSTOM_OPS

__all__ = ["TARGET"]

_FLOAT = (DType.FLOAT32,)
_INT4 = (DType.INT8, DType.INT4)
_ONE = arity((1, 1), (1, 1))
_TWO = arity((2, 2), (1, 1))
_IN_AND_OUT = "input and output"
_INPUTS = ((inp(0), "input 0"), (inp(1), "input 1"))
_IMAGES = (ranks(inp(0), 4, 4, "input"), ranks(out(), 4, 4, "output"))
_COMPARED = "FLOAT32 INT32 INT64 INT8"
_NUMBERS = "FLOAT32 INT8 INT16 INT32"


def _unary(types: str, *more: Condition) -> Support:
    """One input and one output of one type."""
    return Support(None, (takes(0, types, "input"), gives(), same_type(0)), (_ONE, *more))


def _float_same_shape() -> Support:
    return _unary("FLOAT32", same_sizes(inp(0), out(), _IN_AND_OUT))


def _pair(types: str, *more: Condition) -> Support:
    """Two inputs, the first of one of these types; the other and the output are read as if they were."""
    return Support(None, (takes(0, types), takes(1), gives()), more)


def _into(types: str, *more: Condition) -> Support:
    """Two inputs that are read as the output's type."""
    return Support(None, (takes(0), takes(1), gives(types)), more)


def _sum(*more: Condition) -> Support:
    return _into("FLOAT32 INT32 INT8 INT16", *more, ask.sum_scales, activation_range, ask.as_many)


def _pool() -> Support:
    return Support(None, (takes(0, "FLOAT32 INT8 INT16", "input"), gives()), (ask.pool_scales,))


def _reduction(types: str, *more: Condition) -> Support:
    typed = (takes(0, types, "input"), takes(1, "INT32", "axis"), gives())
    return Support(None, typed, (_TWO, *more))


def _convolution(first: int, axis: int, *more: Condition, made_alike: bool = True) -> Support:
    """A convolution whose input is in slot `first`; `axis` is the filter's dimension of output channels."""
    int4 = () if first else (_INT4,)
    last = max(first, 1) + 1
    typed = heavy.weight_types(first, *int4, made_alike=made_alike)
    return Support(None, (typed,), (heavy.convolution(first, last, axis), *more))


def _padding() -> Support:
    typed = (takes(0, _NUMBERS, "input"), gives(), same_type(0))
    return Support(None, typed, (arity((2, 3), (1, 1)), constant(1, "amounts"), shape.pad))


def _batch_space() -> Support:
    typed = (
        takes(0, "FLOAT32 INT8", "input"),
        takes(1, "INT32", "block shape"),
        takes(2, "", "crops"),
        gives(),
        same_type(0),
    )
    shaped = (ranks(inp(0), 3, 4, "input"), ranks(out(), 3, 4, "output"))
    return Support(None, typed, (arity((3, 3), (1, 1)), *shaped, shape.blocks))


def _resize(types: str, *more: Condition) -> Support:
    typed = (takes(0, "", "input"), takes(1, "INT32", "size"), gives(types))
    shaped = (ranks(inp(0), 4, 4, "input"), ranks(inp(1), 1, 1, "size"), constant(1, "size"), shape.two_sizes)
    return Support(None, typed, (_TWO, *shaped, *more))


def _split(axis: int, source: int, *more: Condition) -> Support:
    typed = (takes(source, _NUMBERS, "input"), gives())
    return Support(None, typed, (constant(axis, "axis"), shape.axis(axis, source, scalar=False), *more))


_OPS = {
    **dict.fromkeys(("CEIL", "EXP", "ROUND"), _float_same_shape()),
    **dict.fromkeys(("COS", "LOG", "SIN", "SQRT", "SQUARE"), _unary("FLOAT32")),
    **dict.fromkeys(("FLOOR", "NEG"), Support(None, (takes(0, "FLOAT32", "input"), gives()))),
    "LOGICAL_NOT": _unary("BOOL"),
    **dict.fromkeys(("LOGICAL_AND", "LOGICAL_OR"), _pair("")),
    "ABS": _unary(
        "FLOAT32 INT8 INT16",
        *(quantized(take, role, "INT8") for take, role in ((inp(0), "input"), (out(), "output"))),
        ask.abs_scales,
    ),
    "RSQRT": _unary(
        "FLOAT32 INT8 INT16",
        *(quantized(take, role, "INT8") for take, role in ((inp(0), "input"), (out(), "output"))),
        ask.abs_scales,
    ),
    "ELU": _unary("FLOAT32 INT8"),
    "HARD_SWISH": Support(None, (takes(0, "FLOAT32 INT8", "input"), gives()), (_ONE, ask.hard_swish)),
    "LEAKY_RELU": _unary("FLOAT32 INT8 INT16"),
    "RELU": Support(
        None,
        (takes(0, "FLOAT32 INT8 INT16", "input"), gives()),
        (zero_points(0, "INT16", (inp(0), "input"), (out(), "output")),),
    ),
    "RELU6": Support(None, (takes(0, "FLOAT32 INT8 INT16", "input"), gives())),
    "LOGISTIC": Support(
        None,
        (takes(0, "FLOAT32 INT8 INT16", "input"), gives(), same_type(0)),
        (zero_points(-128, "INT8", (out(), "output")), ask.power_of_two),
    ),
    "TANH": _unary("FLOAT32 INT8 INT16", ask.power_of_two),
    "SOFTMAX": Support(None, (takes(0, "FLOAT32 INT8 INT16", "input"), gives()), (_ONE, ask.softmax)),
    "LOG_SOFTMAX": _unary("FLOAT32 INT8", same_sizes(inp(0), out(), _IN_AND_OUT), ask.log_softmax),
    "ADD": _sum(plain_int32(*_INPUTS), quantized(out(), "output", "INT8", "INT16")),
    "SUB": _sum(plain_int32(*_INPUTS, (out(), "output"))),
    "ADD_N": Support(None, (takes(0, "FLOAT32 INT8"), gives(), same_type(0)), (ask.add_n,)),
    "MUL": Support(
        None,
        (takes(0, "FLOAT32 INT8 INT16 INT32"), takes(1), gives(), same_type(0, 1, output=None)),
        (_TWO, zero_points(0, "INT16", *_INPUTS, (out(), "output")), activation_range, ask.as_many),
    ),
    "DIV": Support(
        None,
        (takes(0, "FLOAT32 INT32 INT8"), takes(1), gives(), same_type(0, 1)),
        (plain_int32(*_INPUTS), activation_range, ask.as_many, ask.no_zero_divisor),
    ),
    "FLOOR_DIV": Support(None, (takes(0, "FLOAT32"), takes(1), gives(), same_type(0, 1)), (_TWO, ask.no_zero_divisor)),
    "FLOOR_MOD": Support(None, (takes(0, "FLOAT32"), takes(1), gives(), same_type(0, 1)), (_TWO,)),
    "SQUARED_DIFFERENCE": Support(
        None,
        (takes(0), takes(1), gives(_NUMBERS), same_type(0, 1, output=None)),
        (_TWO, ask.difference_scales),
    ),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), _into("FLOAT32 INT8 INT16 INT32 INT64", ask.as_many)),
    **dict.fromkeys(("EQUAL", "NOT_EQUAL"), _pair(f"{_COMPARED} BOOL", ask.comparison_scales)),
    **dict.fromkeys(("GREATER_EQUAL", "LESS", "LESS_EQUAL"), _pair(_COMPARED, ask.comparison_scales)),
    "GREATER": _pair(f"{_COMPARED} INT16", ask.comparison_scales),
    "PRELU": Support(None, (takes(0, "FLOAT32 INT8 INT16", "input"), takes(1, "", "slope"), gives()), (ask.prelu,)),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pool()),
    "L2_POOL_2D": _unary("FLOAT32", *_IMAGES, shape.l2_pool),
    "L2_NORMALIZATION": _unary("FLOAT32 INT8", ranks(inp(0), 0, 4, "input"), ask.no_activation),
    "MEAN": _reduction("FLOAT32 INT8 INT16", shape.axis(1, 0, when=_FLOAT), ask.mean_4d),
    "SUM": _reduction("FLOAT32 INT8 INT16", same_type(0), shape.axis(1, 0, when=_FLOAT)),
    **dict.fromkeys(
        ("REDUCE_MAX", "REDUCE_MIN"),
        _reduction(
            "FLOAT32 INT8", same_type(0), shape.axis(1, 0), ask.equal_scales(inp(0), out(), _IN_AND_OUT, DType.INT8)
        ),
    ),
    "REDUCE_ALL": _reduction("BOOL", same_type(0), shape.axis(1, 0)),
    **dict.fromkeys(
        ("ARG_MAX", "ARG_MIN"),
        Support(None, (takes(0, "FLOAT32 INT8", "input"), takes(1, "INT32", "axis"), gives("INT32"))),
    ),
    "CUMSUM": Support(
        None,
        (takes(0, "FLOAT32 INT8", "input"), takes(1, "INT32", "axis"), gives(), same_type(0)),
        (
            *(_TWO, one_element(inp(1), "axis"), ranks(inp(0), 1, 99, "input"), shape.axis(1, 0, scalar=False)),
            *(same_sizes(inp(0), out(), _IN_AND_OUT), ask.cumsum_scales),
        ),
    ),
    "CONV_2D": _convolution(0, 0, heavy.groups),
    "DEPTHWISE_CONV_2D": _convolution(0, 3, made_alike=False),
    "TRANSPOSE_CONV": _convolution(2, 0),
    "FULLY_CONNECTED": Support(None, (heavy.weight_types(0, _INT4),), (heavy.fully_connected,)),
    "SVDF": Support(None, (), (heavy.svdf,)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Support(None, (), (heavy.lstm,)),
    "BATCH_MATMUL": Support(
        None,
        (takes(0, "FLOAT32 INT8 INT16"), takes(1), gives(), same_type(0, 1)),
        (
            _TWO,
            ranks(inp(0), 2, 5, "input 0"),
            ranks(inp(1), 2, 5, "input 1"),
            zero_points(0, "INT16", (inp(0), "input 0"), (inp(1), "input 1"), (out(), "output")),
            heavy.batch_matmul,
        ),
    ),
    "EMBEDDING_LOOKUP": Support(
        None, (takes(0, "INT32", "indices"), takes(1, "FLOAT32 INT8", "table"), gives()), (_TWO, heavy.embedding_lookup)
    ),
    "QUANTIZE": Support(None, (ask.quantize,), (_ONE,)),
    "DEQUANTIZE": Support(None, (takes(0, "INT8 INT16 UINT8", "input"), gives("FLOAT32")), (_ONE,)),
    "CAST": Support(
        None,
        (takes(0, "INT8 INT16 INT32 UINT32 FLOAT32 BOOL", "input"), gives("INT8 INT16 INT32 UINT32 FLOAT32 BOOL")),
        (_ONE,),
    ),
    "RESHAPE": Support(None, (shape.reshape,), (arity((1, 2), (1, 1)),)),
    "SQUEEZE": Support(None, (takes(0, "", "input"), gives()), (_ONE, shape.squeeze, shape.same_elements)),
    "EXPAND_DIMS": Support(
        None,
        (takes(0, "FLOAT32 INT16 INT8", "input"), takes(1, "INT32", "axis"), gives()),
        (_TWO, constant(1, "axis"), shape.expand_dims),
    ),
    "SHAPE": Support(None, (takes(0, "", "input"), gives("INT32")), (_ONE,)),
    "CONCATENATION": Support(
        None,
        (takes(0, "FLOAT32 INT8 INT16 INT32 INT64 BOOL"), gives(), same_type(0)),
        (shape.concatenation, ask.no_activation),
    ),
    "PACK": Support(None, (takes(0), gives("FLOAT32 INT8 INT16 INT32 INT64")), (shape.pack,)),
    "UNPACK": Support(None, (takes(0, _NUMBERS, "input"), gives())),
    "SPLIT": _split(0, 1),
    "SPLIT_V": _split(2, 0, arity((3, 3))),
    "SLICE": Support(
        None,
        (
            takes(0, f"{_NUMBERS} BOOL", "input"),
            takes(1, "INT32 INT64", "begin"),
            takes(2, "", "size"),
            gives(),
            same_type(1, 2, output=None),
        ),
        (arity((3, 3), (1, 1)), ranks(inp(0), 0, 5, "input")),
    ),
    "STRIDED_SLICE": Support(
        None,
        (takes(0, "", "input"), gives(f"{_NUMBERS} BOOL")),
        (
            arity((4, 4), (1, 1)),
            ranks(inp(0), 0, 4, "input"),
            *(constant(slot, role) for slot, role in enumerate(("begin", "end", "strides"), 1)),
            shape.strided_slice,
        ),
    ),
    "TRANSPOSE": Support(
        None,
        (takes(0, "FLOAT32 INT8 INT16", "input"), gives(), same_type(0)),
        (_TWO, ranks(inp(0), 0, 5, "input"), constant(1, "permutation"), shape.transpose),
    ),
    "PAD": _padding(),
    "PADV2": _padding(),
    "MIRROR_PAD": Support(
        None, (takes(0, "", "input"), takes(1, "", "amounts"), gives("FLOAT32 INT8")), (shape.mirror_pad,)
    ),
    "GATHER": Support(
        None, (takes(0, "FLOAT32 INT8", "input"), takes(1, "INT32", "indices"), gives()), (_TWO, shape.gather)
    ),
    "GATHER_ND": Support(
        None, (takes(0, "FLOAT32 INT8", "input"), takes(1, "INT32", "indices"), gives()), (_TWO, shape.gather_nd)
    ),
    "REVERSE_V2": Support(
        None,
        (takes(0, f"{_NUMBERS} UINT8 INT64 BOOL", "input"), takes(1, "INT32", "axis"), gives(), same_type(0)),
        (_TWO, shape.reverse),
    ),
    "SPACE_TO_DEPTH": _unary("FLOAT32 INT8", *_IMAGES, shape.space_to_depth),
    "DEPTH_TO_SPACE": _unary("FLOAT32 INT8", *_IMAGES, shape.depth_to_space),
    "SPACE_TO_BATCH_ND": _batch_space(),
    "BATCH_TO_SPACE_ND": _batch_space(),
    "RESIZE_BILINEAR": _resize("FLOAT32 INT8", shape.resize_flags),
    "RESIZE_NEAREST_NEIGHBOR": _resize("FLOAT32 INT8 INT16"),
    "SELECT_V2": Support(
        None,
        (
            takes(0, "BOOL", "condition"),
            takes(1, "FLOAT32 INT8 INT16"),
            takes(2),
            gives(),
            same_type(1, 2, output=None),
        ),
        (arity((3, 3), (1, 1)), shape.select),
    ),
    "BROADCAST_ARGS": Support(
        None,
        (takes(0, "INT32 INT64"), takes(1), gives(), same_type(0, 1)),
        (
            _TWO,
            *(ranks(take, 1, 1, role) for take, role in ((inp(0), "input 0"), (inp(1), "input 1"), (out(), "output"))),
            shape.broadcast_args,
        ),
    ),
    "BROADCAST_TO": Support(
        None,
        (takes(0, "", "input"), takes(1, "INT32 INT64", "shape"), gives(), same_type(0)),
        (_TWO, constant(1, "shape"), shape.broadcast_to),
    ),
    "FILL": Support(
        None,
        (takes(0, "INT8 INT16 INT32 INT64", "sizes"), takes(1, "FLOAT32 INT32 INT8", "value"), gives()),
        (constant(0, "sizes"), shape.fill),
    ),
    "ZEROS_LIKE": Support(None, (takes(0, "INT64 INT32 INT8 FLOAT32", "input"), gives()), (_ONE,)),
    "DYNAMIC_UPDATE_SLICE": Support(
        None,
        (
            takes(0, _NUMBERS, "operand"),
            takes(1, "", "update"),
            takes(2, "INT32 INT64", "start indices"),
            gives(),
            same_type(0, 1, output=None),
        ),
        (arity((3, 3), (1, 1)), shape.dynamic_update_slice),
    ),
    "VAR_HANDLE": Support(None, (gives(),)),
    "READ_VARIABLE": Support(None, (takes(0, "", "variable"), gives())),
    "ASSIGN_VARIABLE": Support(
        None,
        (takes(0, "RESOURCE INT32", "variable"), takes(1, "", "value")),
        (arity((2, 2), (0, 0)), one_element(inp(0), "variable")),
    ),
    "CALL_ONCE": Support(None, (), (arity((0, 0), (0, 0)),)),
    "IF": Support(None, (takes(0, "BOOL", "condition"),), (one_element(inp(0), "condition"),)),
    "WHILE": Support(),
    **CUSTOM_OPS,
}


TARGET = Target(
    name="tflm",
    summary="TensorFlow Lite Micro with its reference kernels, on microcontrollers",
    kind=Kind.RUNTIME,
    source=Source(
        "tflite-micro 90b983c2, tensorflow/lite/micro/kernels/*.cc and signal/micro/kernels/*.cc",
        "2026-08-20",
        "All that the reference kernels check when they are prepared and run. Not checked: the kernels of ports "
        "(CMSIS-NN, Xtensa, Ethos-U, ARC, CEVA), which take less; whether the arena is large enough; the options of "
        "custom ops, which are flexbuffers; values that are known only when the model runs.",
    ),
    ops=_OPS,
    types=(holdable,),
    conditions=(ask.registered, plain_options, no_intermediates, known_size),
)
