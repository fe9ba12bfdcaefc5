"""What full integer quantization makes of what a graph becomes."""

from __future__ import annotations

from collections.abc import Iterable

from tflint.analysis.quantizable import INT8_KINDS
from tflint.forecast.status import Int8, OpForecast, Status

__all__ = ["of_op", "worst_int8"]

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
