"""What ops become that compute each element by itself.

Source: tried with TensorFlow 2.21.0; LiteRT f67457790, tflite/converter/transforms/legalize_patterns.td.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tflint.forecast.layers.activations import chain, softmax
from tflint.forecast.layers.trace import Cannot, Trace, Value, broadcast
from tflint.forecast.status import Status
from tflint.forecast.tf.call import Lowering, TfCall, of_floats
from tflint.model import DType

__all__ = ["ELEMENTWISE", "binary"]

_UNARY = {
    "Abs": "ABS", "Ceil": "CEIL", "Cos": "COS", "Elu": "ELU", "Exp": "EXP", "Floor": "FLOOR", "Log": "LOG",
    "LogicalNot": "LOGICAL_NOT", "Neg": "NEG", "Relu": "RELU", "Relu6": "RELU6", "Round": "ROUND", "Rsqrt": "RSQRT",
    "Sigmoid": "LOGISTIC", "Sign": "SIGN", "Sin": "SIN", "Sqrt": "SQRT", "Square": "SQUARE", "Tanh": "TANH",
}  # fmt: skip
_BINARY = {
    "Add": "ADD", "AddV2": "ADD", "Atan2": "ATAN2", "BitwiseXor": "BITWISE_XOR", "Equal": "EQUAL", "FloorDiv":
    "FLOOR_DIV", "FloorMod": "FLOOR_MOD", "Greater": "GREATER", "GreaterEqual": "GREATER_EQUAL", "Less": "LESS",
    "LessEqual": "LESS_EQUAL", "LogicalAnd": "LOGICAL_AND", "LogicalOr": "LOGICAL_OR", "Maximum": "MAXIMUM",
    "Minimum": "MINIMUM", "Mul": "MUL", "NotEqual": "NOT_EQUAL", "Pow": "POW", "RealDiv": "DIV", "RightShift":
    "RIGHT_SHIFT", "SquaredDifference": "SQUARED_DIFFERENCE", "Sub": "SUB", "Div": "DIV", "TruncateDiv": "DIV",
}  # fmt: skip
_COMMUTES = frozenset({"ADD", "MUL", "MAXIMUM", "MINIMUM", "LOGICAL_AND", "LOGICAL_OR", "EQUAL", "NOT_EQUAL"})
_MOST_RANKS = 4
"""SQUARED_DIFFERENCE is made of values with at most so many dimensions."""


def _unary(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        x = call.x()
        return trace.emit(kind, [x], call.shape(x.shape), call.dtype())

    return lower


def _binary(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        return binary(trace, kind, call.x(0), call.x(1), call)

    return lower


def binary(trace: Trace, kind: str, x: Value, y: Value, call: TfCall) -> Value:
    """An op on two values; a constant stands second where it may."""
    if kind in _COMMUTES and x.is_constant and not y.is_constant:
        x, y = y, x
    shape = call.shape(broadcast(x.shape, y.shape))
    if kind == "SQUARED_DIFFERENCE" and max(x.rank, y.rank) > _MOST_RANKS:
        return trace.unary("SQUARE", trace.binary("SUB", x, y))
    options: dict[str, Any] = {"fused_activation_function": "NONE"} if kind in ("ADD", "SUB", "MUL", "DIV") else {}
    return trace.emit(kind, [x, y], shape, call.dtype(), **options)


def _steps(*steps: tuple[str, float | None]) -> Lowering:
    """Ops one after the other, each with the constant that it takes second, or None where it takes one value."""

    def lower(trace: Trace, call: TfCall) -> Value:
        x = call.x()
        for kind, other in steps:
            x = trace.unary(kind, x) if other is None else trace.binary(kind, x, of_floats((), [other]))
        return x

    return lower


def _inverse(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    one = of_floats((), [1.0])
    return trace.emit("DIV", [one, x], call.shape(x.shape), x.dtype, fused_activation_function="NONE")


def _bias_add(trace: Trace, call: TfCall) -> Value:
    if call.attr("data_format", "NHWC") != "NCHW":
        return binary(trace, "ADD", call.x(0), call.x(1), call)
    x = trace.transpose(call.x(), (0, *range(2, call.x().rank), 1))
    y = trace.binary("ADD", x, call.x(1))
    return trace.transpose(y, (0, y.rank - 1, *range(1, y.rank - 1)))


def _leaky(trace: Trace, call: TfCall) -> Value:
    return trace.emit("LEAKY_RELU", [call.x()], call.shape(call.x().shape), alpha=float(call.attr("alpha", 0.2)))


def _softmax(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        return softmax(trace, call.x(), [-1], kind)

    return lower


def _selu(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    above = trace.binary("GREATER", x, of_floats((), [0.0]), DType.BOOL)
    scaled = trace.binary("MUL", x, trace.scalar())
    below = chain("EXP", "SUB", "MUL")(trace, x)
    return trace.emit("SELECT_V2", [above, scaled, below], x.shape)


def _cast(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    return trace.emit("CAST", [x], call.shape(x.shape), call.dtype(), in_data_type=x.dtype.value,
                      out_data_type=call.dtype().value)  # fmt: skip


def _select(trace: Trace, call: TfCall) -> Value:
    condition, x, y = call.x(0), call.x(1), call.x(2)
    if call.op.kind == "SelectV2":
        return trace.select(condition, x, y)
    if condition.shape != x.shape:
        raise Cannot(Status.BUILTIN, "its condition is broadcast")
    return trace.emit("SELECT", [condition, x, y], call.shape(x.shape), call.dtype())


def _add_n(trace: Trace, call: TfCall) -> Value:
    return trace.emit("ADD_N", call.values, call.shape(call.x().shape), call.dtype())


def _is_nan(trace: Trace, call: TfCall) -> Value:
    return trace.emit("NOT_EQUAL", [call.x(), call.x()], call.shape(call.x().shape), DType.BOOL)


def _is_finite(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    return trace.binary("EQUAL", trace.binary("SUB", x, x), of_floats((), [0.0]), DType.BOOL)


def _softsign(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    return trace.binary("DIV", x, trace.binary("ADD", trace.unary("ABS", x), of_floats((), [1.0])))


ELEMENTWISE: Mapping[str, Lowering] = {
    **{name: _unary(kind) for name, kind in _UNARY.items()},
    **{name: _binary(kind) for name, kind in _BINARY.items()},
    "AddN": _add_n,
    "BiasAdd": _bias_add,
    "Cast": _cast,
    "Expm1": _steps(("EXP", None), ("SUB", 1.0)),
    "Inv": _inverse,
    "LeakyRelu": _leaky,
    "Log1p": _steps(("ADD", 1.0), ("LOG", None)),
    "IsFinite": _is_finite,
    "IsNan": _is_nan,
    "LogSoftmax": _softmax("LOG_SOFTMAX"),
    "Reciprocal": _inverse,
    "Select": _select,
    "SelectV2": _select,
    "Selu": _selu,
    "Softmax": _softmax("SOFTMAX"),
    "Softsign": _softsign,
    "Softplus": _steps(("EXP", None), ("ADD", 1.0), ("LOG", None)),
    "ZerosLike": _unary("ZEROS_LIKE"),
}
"""Op of TensorFlow -> what it becomes."""
