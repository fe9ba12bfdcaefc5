"""What operations on Keras tensors become that stand in a model without a layer: `a + b`, `keras.ops.exp(x)`.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/ops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.activations import ACTIVATIONS, activate
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["operation"]

_BINARY = {
    "Add": "ADD", "Divide": "DIV", "FloorDivide": "FLOOR_DIV", "Maximum": "MAXIMUM", "Minimum": "MINIMUM",
    "Mod": "FLOOR_MOD", "Multiply": "MUL", "Power": "POW", "Subtract": "SUB", "TrueDivide": "DIV",
}  # fmt: skip
_COMPARISONS = {
    "Equal": "EQUAL", "Greater": "GREATER", "GreaterEqual": "GREATER_EQUAL", "Less": "LESS", "LessEqual": "LESS_EQUAL",
    "NotEqual": "NOT_EQUAL",
}  # fmt: skip
_UNARY = {
    "Abs": "ABS", "Absolute": "ABS", "Ceil": "CEIL", "Cos": "COS", "Exp": "EXP", "Floor": "FLOOR", "Log": "LOG",
    "Negative": "NEG", "Round": "ROUND", "Rsqrt": "RSQRT", "Sign": "SIGN", "Sin": "SIN", "Sqrt": "SQRT",
    "Square": "SQUARE", "Tanh": "TANH",
}  # fmt: skip
_FUNCTIONS = {
    "Elu": "elu", "Gelu": "gelu", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "LeakyRelu": "leaky_relu",
    "LogSoftmax": "log_softmax", "Relu": "relu", "Relu6": "relu6", "Selu": "selu", "Sigmoid": "sigmoid",
    "Silu": "silu", "Softmax": "softmax", "Softplus": "softplus", "Softsign": "softsign",
}  # fmt: skip
_REDUCTIONS = {
    "Amax": "REDUCE_MAX",
    "Amin": "REDUCE_MIN",
    "Max": "REDUCE_MAX",
    "Mean": "MEAN",
    "Min": "REDUCE_MIN",
    "Sum": "SUM",
}


def operation(trace: Trace, call: Call) -> Value:
    """What an operation becomes.

    Raises:
        Cannot: it is not known.
    """
    x = call.first
    kind = call.kind
    if kind in _BINARY or kind in _COMPARISONS:
        other = call.inputs[1] if len(call.inputs) > 1 else trace.scalar(x.dtype)
        if kind in _BINARY:
            return trace.binary(_BINARY[kind], x, other)
        return trace.binary(_COMPARISONS[kind], x, other, DType.BOOL)
    if kind in _UNARY:
        return trace.unary(_UNARY[kind], x)
    if kind in _FUNCTIONS:
        return activate(trace, x, _FUNCTIONS[kind])
    if kind in _REDUCTIONS:
        return _reduced(trace, call, _REDUCTIONS[kind])
    rule = _OTHERS.get(kind)
    if rule is None:
        raise Cannot(Status.UNKNOWN, "it is an operation that is not known")
    return rule(trace, call)


def _reduced(trace: Trace, call: Call, kind: str) -> Value:
    axis = call.config.get("axis")
    axes = list(range(call.first.rank)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    return trace.reduce(kind, call.first, axes, keep=bool(call.config.get("keepdims")))


def _concatenate(trace: Trace, call: Call) -> Value:
    return trace.concat(call.inputs, call.number("axis", -1) % call.first.rank)


_OTHERS: Mapping[str, Callable[[Trace, Call], Value]] = {
    "Concatenate": _concatenate,
    "Identity": lambda _trace, call: call.first,
    "StopGradient": lambda _trace, call: call.first,
}
assert set(_FUNCTIONS.values()) <= set(ACTIVATIONS)
