"""Which ops stay in float where a model is quantized."""

from __future__ import annotations

from tflint.analysis.quantizable import INT8_KINDS
from tflint.forecast.layers.trace import Node
from tflint.model import DType

__all__ = ["FLOAT_KINDS", "is_float", "stays"]

_MEASURING = frozenset({"SHAPE", "RANK", "WHERE"})
FLOAT_KINDS = frozenset({"CAST", "NOT_EQUAL"})
"""Ops with values that int8 would hold, and that are left in float. Source: tried with TensorFlow 2.21.0."""


def is_float(node: Node) -> bool:
    """Whether an op computes float values."""
    values = (*node.inputs, *node.outputs)
    return any(value is not None and value.dtype is DType.FLOAT32 and not value.is_constant for value in values)


def stays(node: Node) -> bool:
    """Whether an op has float values that stay so."""
    return (node.kind not in INT8_KINDS or node.kind in FLOAT_KINDS) and node.kind not in _MEASURING and is_float(node)
