"""What Keras' activation functions become.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["ACTIVATIONS", "ACTIVATION_LAYERS", "activate", "activation_of"]

_Function = Callable[[Trace, Value], Value]


def activation_of(call: Call, key: str = "activation", default: str = "linear") -> str:
    """The name of an activation function.

    Raises:
        Cannot: it is somebody's own.
    """
    value = call.config.get(key, default)
    if isinstance(value, Mapping):
        config = value.get("config")
        if value.get("registered_name") and ">" in str(value["registered_name"]):
            raise Cannot(Status.UNKNOWN, f"its activation, {value['registered_name']}, is somebody's own")
        if isinstance(config, str):
            value = config
        elif str(value.get("module")).startswith("keras"):
            value = _LAYER_NAMES.get(str(value.get("class_name")), value.get("class_name"))
    if value is None:
        return "linear"
    if not isinstance(value, str):
        raise Cannot(Status.UNKNOWN, "its activation is not told")
    return value


_LAYER_NAMES = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "Softmax": "softmax"}


def activate(trace: Trace, x: Value, name: str) -> Value:
    """What an activation function becomes.

    Raises:
        Cannot: it is somebody's own.
    """
    function = ACTIVATIONS.get(name)
    if function is None:
        raise Cannot(Status.UNKNOWN, f"its activation, {name[:60]}, is somebody's own")
    return function(trace, x)


def chain(*steps: str) -> _Function:
    """Ops one after the other; those on two values take a constant."""

    def function(trace: Trace, x: Value) -> Value:
        for step in steps:
            x = trace.binary(step, x, trace.scalar()) if step in _BINARY else trace.unary(step, x)
        return x

    return function


_BINARY = frozenset({"ADD", "SUB", "MUL", "DIV", "MINIMUM", "MAXIMUM"})


def _softmax(trace: Trace, x: Value) -> Value:
    return softmax(trace, x, [-1])


def softmax(trace: Trace, x: Value, axes: Sequence[int], kind: str = "SOFTMAX") -> Value:
    """A softmax over some dimensions: one that is not the last is moved there, several are made one."""
    rank = x.rank
    places = sorted(axis % rank for axis in axes)
    options: dict[str, Any] = {"beta": 1.0} if kind == "SOFTMAX" else {}
    if places == [rank - 1]:
        return trace.unary(kind, x, **options)
    if len(places) > 1:
        raise Cannot(Status.UNKNOWN, "its softmax is over several dimensions")
    order = [place for place in range(rank) if place not in places] + places
    order = list(range(rank))
    order[places[0]], order[-1] = order[-1], order[places[0]]
    return trace.transpose(trace.unary(kind, trace.transpose(x, order), **options), order)


def _log_softmax(trace: Trace, x: Value) -> Value:
    return softmax(trace, x, [-1], "LOG_SOFTMAX")


def _silu(trace: Trace, x: Value) -> Value:
    return trace.binary("MUL", x, trace.unary("LOGISTIC", x))


def _softplus(trace: Trace, x: Value) -> Value:
    return chain("EXP", "ADD", "LOG")(trace, x)


def _mish(trace: Trace, x: Value) -> Value:
    return trace.binary("MUL", x, trace.unary("TANH", _softplus(trace, x)))


def _softsign(trace: Trace, x: Value) -> Value:
    return trace.binary("DIV", x, trace.binary("ADD", trace.unary("ABS", x), trace.scalar()))


def _selu(trace: Trace, x: Value) -> Value:
    above = trace.binary("GREATER", x, trace.scalar(), DType.BOOL)
    below = chain("EXP", "SUB", "MUL")(trace, x)
    return trace.select(above, trace.binary("MUL", x, trace.scalar()), below)


def _hard_sigmoid(trace: Trace, x: Value) -> Value:
    return chain("ADD", "RELU6", "MUL")(trace, x)


def _compared(trace: Trace, x: Value, kind: str = "GREATER") -> Value:
    return trace.binary(kind, x, trace.scalar(), DType.BOOL)


def _zeros(trace: Trace, x: Value) -> Value:
    """Zeros of the same shape; where that is open they are made when the model runs."""
    return trace.constant(*x.sizes, splat=True) if x.is_static else trace.unary("ZEROS_LIKE", x)


def _threshold(_trace: Trace, _x: Value) -> Value:
    raise Cannot(Status.FAILS, "the activation 'threshold' needs values that a name does not give it")


def _hard_shrink(trace: Trace, x: Value) -> Value:
    large = trace.binary("GREATER", trace.unary("ABS", x), trace.scalar(), DType.BOOL)
    return trace.select(large, x, _zeros(trace, x))


def _soft_shrink(trace: Trace, x: Value) -> Value:
    above, below = _compared(trace, x), _compared(trace, x, "LESS")
    less, more = trace.binary("SUB", x, trace.scalar()), trace.binary("ADD", x, trace.scalar())
    return trace.select(above, less, _mixed(trace, below, more, x))


def _mixed(trace: Trace, condition: Value, y: Value, x: Value) -> Value:
    """A value, or zeros."""
    if x.is_static:
        return trace.emit("SELECT_V2", [condition, y, trace.scalar()], x.shape)
    return trace.select(condition, y, _zeros(trace, x))


def _sparse_plus(trace: Trace, x: Value) -> Value:
    below, inside = _compared(trace, x, "LESS_EQUAL"), _compared(trace, x, "LESS")
    moved = trace.binary("ADD", x, trace.scalar())
    squared = chain("MUL")(trace, trace.binary("MUL", moved, moved))
    middle = trace.select(inside, squared, x)
    zero = trace.scalar() if x.is_static else _zeros(trace, x)
    return trace.select(below, zero, middle)


def _celu(trace: Trace, x: Value) -> Value:
    low = chain("MINIMUM", "EXP", "SUB")(trace, x)
    return trace.binary("ADD", trace.unary("RELU", x), low)


def _log_sigmoid(trace: Trace, x: Value) -> Value:
    return trace.unary("NEG", _softplus(trace, trace.unary("NEG", x)))


def _squareplus(trace: Trace, x: Value) -> Value:
    root = chain("ADD", "SQRT")(trace, trace.unary("SQUARE", x))
    return trace.binary("MUL", trace.binary("ADD", x, root), trace.scalar())


def _tanh_shrink(trace: Trace, x: Value) -> Value:
    return trace.binary("SUB", x, trace.unary("TANH", x))


def _glu(trace: Trace, x: Value) -> Value:
    one, other = trace.split(x, 2, x.rank - 1)
    return trace.binary("MUL", one, trace.unary("LOGISTIC", other))


def _elu(trace: Trace, x: Value) -> Value:
    return trace.unary("ELU", x)


def _sparse_sigmoid(trace: Trace, x: Value) -> Value:
    above, below = _compared(trace, x, "GREATER_EQUAL"), _compared(trace, x, "LESS_EQUAL")
    line = chain("ADD", "MUL")(trace, x)
    return trace.select(below, trace.scalar(), trace.select(above, trace.scalar(), line))


def _sparsemax(trace: Trace, x: Value) -> Value:
    size = x.sizes[-1]
    values, _ = trace.several("TOPK_V2", [x, trace.scalar(DType.INT32)], [Value(x.shape), Value(x.shape, DType.INT32)])
    summed = trace.emit("CUMSUM", [values, trace.scalar(DType.INT32)], x.shape, exclusive=False, reverse=False)
    shifted = trace.binary("SUB", summed, trace.scalar())
    less = shifted
    ranged = trace.binary("MUL", values, trace.constant(size))
    chosen = trace.unary("CAST", trace.binary("GREATER", ranged, less, DType.BOOL), DType.FLOAT32)
    count = trace.reduce("SUM", chosen, [-1], keep=True)
    kept = trace.select(trace.binary("GREATER", ranged, less, DType.BOOL), values, trace.scalar())
    top = chain("SUB")(trace, trace.reduce("SUM", kept, [-1], keep=True))
    tau = trace.binary("DIV", top, count)
    return trace.unary("RELU", trace.binary("SUB", x, tau))


ACTIVATIONS: Mapping[str, _Function] = {
    "linear": lambda _trace, x: x,
    "relu": chain("RELU"),
    "relu6": chain("RELU6"),
    "sigmoid": chain("LOGISTIC"),
    "tanh": chain("TANH"),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "elu": _elu,
    "celu": _celu,
    "selu": _selu,
    "gelu": chain("GELU"),
    "silu": _silu,
    "swish": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": chain("HARD_SWISH"),
    "hard_swish": chain("HARD_SWISH"),
    "exponential": chain("EXP"),
    "leaky_relu": lambda trace, x: trace.unary("LEAKY_RELU", x, alpha=0.2),
    "mish": _mish,
    "threshold": _threshold,
    "squareplus": _squareplus,
    "tanh_shrink": _tanh_shrink,
    "glu": _glu,
    "hard_tanh": chain("RELU_N1_TO_1"),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
    "sparsemax": _sparsemax,
    "log_sigmoid": _log_sigmoid,
    "soft_shrink": _soft_shrink,
    "hard_shrink": _hard_shrink,
}
"""Name of a function -> the ops that it becomes."""


def _activation(trace: Trace, call: Call) -> Value:
    return activate(trace, call.first, activation_of(call))


def _number(call: Call, keys: Sequence[str], default: float | None) -> float | None:
    """A setting by one of its names; None where it is none."""
    for key in keys:
        if key in call.config:
            value: Any = call.config[key]
            if isinstance(value, Mapping):  # Keras 3 may write an array so
                value = value.get("config", {}).get("value") if isinstance(value.get("config"), Mapping) else None
            return float(value) if isinstance(value, int | float) else None
    return default


def _relu_layer(trace: Trace, call: Call) -> Value:
    return relu(
        trace,
        call.first,
        _number(call, ["max_value"], None),
        _number(call, ["negative_slope"], 0.0) or 0.0,
        _number(call, ["threshold", "theta"], 0.0) or 0.0,
    )


def relu(trace: Trace, x: Value, most: float | None, slope: float, threshold: float) -> Value:
    """ReLU with all that it can be given.

    Source: Keras 3.15.1, keras/src/activations/activations.py, ReLU.static_call.
    """
    below = None
    if slope:
        if most is None and not threshold:
            return trace.unary("LEAKY_RELU", x, alpha=slope)
        below = trace.unary("RELU", trace.binary("SUB", trace.scalar(), x) if threshold else trace.unary("NEG", x))
    clipped = most is not None
    if threshold:
        y = trace.select(_compared(trace, x), x, trace.scalar())
        if most == 6:
            y, clipped = trace.unary("RELU6", y), False
    elif most == 6:
        y, clipped = trace.unary("RELU6", x), False
    else:
        y = trace.unary("RELU", x)
    if clipped:
        y = chain("MINIMUM", "RELU")(trace, y)
    if below is not None:
        y = trace.binary("SUB", y, trace.binary("MUL", below, trace.scalar()))
    return y


def _leaky_relu(trace: Trace, call: Call) -> Value:
    return trace.unary("LEAKY_RELU", call.first, alpha=_number(call, ["negative_slope", "alpha"], 0.3) or 0.0)


def _elu_layer(trace: Trace, call: Call) -> Value:
    x = call.first
    made = trace.unary("ELU", x)
    if _number(call, ["alpha"], 1.0) == 1.0:
        return made
    scaled = trace.binary("MUL", made, trace.scalar())
    return trace.select(_compared(trace, x), made, scaled)


def _prelu(trace: Trace, call: Call) -> Value:
    x = call.first
    shared = call.config.get("shared_axes") or []
    axes = [shared] if isinstance(shared, int) else shared
    alpha = trace.constant(*(1 if place + 1 in axes else size for place, size in enumerate(x.sizes[1:])))
    return trace.emit("PRELU", [x, alpha], x.shape)


def _softmax_layer(trace: Trace, call: Call) -> Value:
    axis = call.config.get("axis", -1)
    return softmax(trace, call.first, [axis] if isinstance(axis, int) else list(axis))


ACTIVATION_LAYERS: Mapping[str, Callable[[Trace, Call], Value]] = {
    "Activation": _activation,
    "ELU": _elu_layer,
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "ReLU": _relu_layer,
    "Softmax": _softmax_layer,
    "ThresholdedReLU": lambda trace, call: trace.binary(
        "MUL", call.first, trace.unary("CAST", _compared(trace, call.first), DType.FLOAT32)
    ),
}
"""Class of a layer -> what it becomes."""
