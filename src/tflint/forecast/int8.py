"""What full integer quantization makes of what a graph becomes."""

from __future__ import annotations

from collections.abc import Iterable

from tflint.forecast.status import Int8, OpForecast, Status

__all__ = ["INT8_KINDS", "of_op", "worst_int8"]

INT8_KINDS = frozenset(
    """
    ABS ADD ARG_MAX ARG_MIN AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_TO CONCATENATION CONV_2D
    DEPTHWISE_CONV_2D DEPTH_TO_SPACE DIV DYNAMIC_UPDATE_SLICE EQUAL EXP EXPAND_DIMS FILL FULLY_CONNECTED GATHER
    GATHER_ND GELU GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LESS_EQUAL LOG LOGISTIC
    LOG_SOFTMAX LSTM MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NOT_EQUAL ONE_HOT PACK PAD PADV2 PRELU QUANTIZE
    REDUCE_MAX REDUCE_MIN REDUCE_PROD RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR REVERSE_SEQUENCE REVERSE_V2 RSQRT SCATTER_ND SELECT SELECT_V2 SLICE SOFTMAX
    SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH
    TILE TOPK_V2 TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK
    """.split()
)
"""The ops that the converter quantizes to int8.

Source: LiteRT f67457790, tflite/converter/ir/tfl_ops.td (QI8 results) and
tflite/converter/tools/optimize/operator_property.cc; most of them tried with TensorFlow 2.21.0.
"""
_NO_FLOAT = frozenset(
    """
    ASSIGN_VARIABLE BROADCAST_ARGS CALL_ONCE DEQUANTIZE HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE
    LOGICAL_AND LOGICAL_NOT LOGICAL_OR RANGE RANK REDUCE_ALL REDUCE_ANY SHAPE VAR_HANDLE WHERE
    """.split()
)
"""Ops with nothing in them that could be quantized."""


def of_op(forecast: OpForecast) -> Int8:
    """What becomes of the op where its float values are asked to be int8."""
    if forecast.status is Status.FAILS:
        return Int8.FAILS
    if forecast.status is Status.UNKNOWN:
        return Int8.UNKNOWN
    tensors = (*forecast.op.inputs, *forecast.op.outputs)
    if not any(tensor is not None and tensor.dtype.is_float for tensor in tensors):
        return Int8.OK
    if forecast.status is not Status.BUILTIN:
        return Int8.FLOAT
    left = [kind for kind in forecast.becomes if kind not in INT8_KINDS and kind not in _NO_FLOAT]
    return Int8.FLOAT if left else Int8.OK


_ORDER = (Int8.OK, Int8.FLOAT, Int8.UNKNOWN, Int8.CRASHES, Int8.FAILS)


def worst_int8(found: Iterable[Int8]) -> Int8:
    """The worst of these; fine where there are none."""
    return max(found, key=_ORDER.index, default=Int8.OK)
