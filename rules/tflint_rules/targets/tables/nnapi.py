"""The NNAPI delegate, on Android, at its best: NNAPI feature level 7, with an accelerator.

What the delegate takes is offered to the drivers of the phone, and they decide.

Source: LiteRT f67457790, tflite/delegates/nnapi/nnapi_delegate.cc, NNAPIDelegateKernel::Validate and
StatefulNnApiDelegate::DoPrepare.
"""

from __future__ import annotations

from tflint import Condition, Kind, Limits, Source, Support, Target
from tflint_rules.targets.conditions import activation, arity
from tflint_rules.targets.tables import nnapi_conditions as ask
from tflint_rules.targets.tables.delegates import computed_sizes, fixed, shaped
from tflint_rules.targets.tables.nnapi_conditions import FLOAT, FLOAT_OR_8BIT, NUMBERS, typed

__all__ = ["TARGET"]

_DECIDES = "the drivers of the phone decide"


def _support(last: int | None, *conditions: Condition, types: tuple[Condition, ...] = ()) -> Support:
    return Support(None if last is None else (1, last), types, conditions, _DECIDES)


def _one(last: int | None, allowed: str, *conditions: Condition) -> Support:
    """An op whose first input has one of these element types."""
    return _support(last, *conditions, types=(typed(0, allowed, "input"),))


_TWO_UP_TO_4 = (shaped(0, 0, 4, "input 0"), shaped(1, 0, 4, "input 1"))
_ARITHMETIC = (*_TWO_UP_TO_4, ask.plain_integers)
_EXTREME = (ask.constant_scalar(0), ask.constant_scalar(1))

_OPS = {
    **dict.fromkeys(("ABS", "COS", "EXP", "LOG", "POW", "SIN", "SQRT", "ELU", "LOG_SOFTMAX"), _one(1, FLOAT)),
    **dict.fromkeys(("LOGISTIC", "RELU", "RELU6", "RELU_N1_TO_1", "TANH"), _one(2, FLOAT_OR_8BIT)),
    **dict.fromkeys(("LEAKY_RELU", "PRELU"), _one(1, FLOAT_OR_8BIT)),
    **dict.fromkeys(("LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR"), _one(1, "BOOL")),
    **dict.fromkeys(
        ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"), _one(2, f"{NUMBERS} BOOL")
    ),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), _one(3, NUMBERS, *_EXTREME)),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), _one(2, f"FLOAT16 {NUMBERS}", ask.axis, ask.makes_int32)),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "STRIDED_SLICE"), _one(2, FLOAT_OR_8BIT)),
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN"), _one(2, FLOAT_OR_8BIT, shaped(0, 1, None, "input"))),
    **dict.fromkeys(("REDUCE_PROD", "SUM"), _one(1, FLOAT, ask.no_scalar)),
    **dict.fromkeys(("FLOOR", "LOCAL_RESPONSE_NORMALIZATION", "SQUEEZE"), _support(1)),
    **dict.fromkeys(("PAD", "PADV2"), _one(2, FLOAT_OR_8BIT, ask.not_empty, arity((2, 3)))),
    "ADD": _one(2, NUMBERS, *_ARITHMETIC),
    "BATCH_MATMUL": _one(2, "FLOAT32 INT32 INT8", ask.same_type, shaped(0, 2, 4, "left input"), ask.not_broadcast),
    "BATCH_TO_SPACE_ND": _support(2, ask.no_crops),
    "BIDIRECTIONAL_SEQUENCE_LSTM": _support(1, ask.not_hybrid(2)),
    "CAST": _support(1, types=(typed(0, NUMBERS, "input"), ask.makes(NUMBERS))),
    "CONCATENATION": _one(2, f"FLOAT16 {FLOAT_OR_8BIT}", activation(), shaped(0, 0, 4, "input")),
    "CONV_2D": _support(5, arity((3, 3))),
    "DENSIFY": _support(None, fixed(0, "input")),
    "DEPTHWISE_CONV_2D": _support(3),
    "DEPTH_TO_SPACE": _one(None, FLOAT_OR_8BIT),
    "DEQUANTIZE": Support(None, (ask.dequantized,), (), _DECIDES),
    "DIV": _one(1, FLOAT, *_TWO_UP_TO_4),
    "EMBEDDING_LOOKUP": _support(1, types=(typed(1, FLOAT, "table"),)),
    "EXPAND_DIMS": _one(1, f"FLOAT16 {NUMBERS}", ask.constant_int32(1, "axis")),
    "FILL": _support(1, fixed(0, "size"), ask.filled, types=(typed(1, "FLOAT32 INT32 INT64", "value"),)),
    "FULLY_CONNECTED": _support(5, types=(ask.not_int16,)),
    "GATHER": _one(2, f"FLOAT16 {NUMBERS}", typed(1, "INT32", "index"), shaped(1, 1, None, "index")),
    "HARD_SWISH": _one(None, FLOAT_OR_8BIT),
    "HASHTABLE_LOOKUP": _support(1, types=(ask.makes(FLOAT),)),
    "L2_NORMALIZATION": _support(2, activation()),
    "L2_POOL_2D": _one(1, FLOAT),
    "LSH_PROJECTION": _support(1, ask.sparse_projection),
    "LSTM": _support(3, ask.lstm),
    "MEAN": _one(2, FLOAT_OR_8BIT, ask.no_scalar, shaped(0, 0, 4, "input")),
    "MIRROR_PAD": _one(2, NUMBERS, ask.not_empty, arity((2, 2))),
    "MUL": _one(3, NUMBERS, *_ARITHMETIC),
    "NEG": _one(2, "FLOAT32 INT32"),
    "PACK": _one(2, NUMBERS),
    "QUANTIZE": _one(2, FLOAT_OR_8BIT, ask.makes("UINT8 INT8"), ask.scaled),
    "REDUCE_ANY": _support(2, ask.no_scalar),
    "RESHAPE": _one(1, NUMBERS, shaped(0, 0, 4, "input"), ask.reshaped),
    "RESIZE_BILINEAR": _one(3, FLOAT_OR_8BIT, shaped(0, 4, 4, "input"), fixed(1, "size")),
    "RESIZE_NEAREST_NEIGHBOR": _one(3, FLOAT_OR_8BIT, fixed(1, "size")),
    "REVERSE_V2": _one(3, NUMBERS, arity((2, 2))),
    "RNN": _support(1, arity((5, 5)), types=(typed(1, FLOAT, "filter"),)),
    "RSQRT": _one(2, FLOAT_OR_8BIT),
    "SELECT": _support(2, ask.alike, types=(typed(1, NUMBERS, "value"),)),
    "SLICE": _one(2, NUMBERS, typed(1, "INT32", "begin"), typed(2, "INT32", "size")),
    "SOFTMAX": _one(2, FLOAT_OR_8BIT, ask.makes(FLOAT_OR_8BIT), shaped(0, 0, 4, "input")),
    "SPACE_TO_BATCH_ND": _support(2),
    "SPACE_TO_DEPTH": _one(2, FLOAT_OR_8BIT),
    "SPLIT": _support(3, ask.constant_int32(0, "axis"), types=(typed(1, NUMBERS, "input"),)),
    "SPLIT_V": _one(2, NUMBERS, ask.split_sizes, ask.constant_int32(2, "axis")),
    "SQUARED_DIFFERENCE": _one(2, NUMBERS, *_TWO_UP_TO_4),
    "SUB": _one(3, NUMBERS, *_ARITHMETIC),
    "SVDF": _support(1, arity((5, 5)), types=(typed(1, FLOAT, "filter"),)),
    "TILE": _one(1, NUMBERS, typed(1, "INT32", "multiple")),
    "TOPK_V2": _one(2, NUMBERS, ask.constant_int32(1, "number of values")),
    "TRANSPOSE": _support(2, fixed(1, "permutation")),
    "TRANSPOSE_CONV": _support(4, fixed(0, "output shape"), fixed(1, "filter")),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _support(2, ask.not_hybrid(2), ask.twenty_or_twenty_four),
    "UNIDIRECTIONAL_SEQUENCE_RNN": _support(1, ask.not_hybrid(1)),
    "UNPACK": _one(2, FLOAT_OR_8BIT, shaped(0, 2, 4, "input"), ask.not_last),
}

TARGET = Target(
    name="nnapi",
    summary="NNAPI delegate of TFLite, for the accelerators of Android phones",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, tflite/delegates/nnapi/nnapi_delegate.cc",
        "2026-08-21",
        "What the delegate checks at NNAPI feature level 7 with an accelerator; older phones take less. All that it "
        "takes is unknown: the drivers of the phone decide.",
    ),
    ops=_OPS,
    limits=Limits(max_partitions=3),
    refuses=(computed_sizes,),
    deprecated="Android declares NNAPI deprecated since Android 15, and TFLite's documentation says that its delegate "
    "is no longer supported (LiteRT f67457790, tflite/g3doc/android/delegates/nnapi.md)",
)
