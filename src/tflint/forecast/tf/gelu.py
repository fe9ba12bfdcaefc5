"""The ways in which GELU is written down, exactly and by tanh.

Source: LiteRT f67457790, tflite/converter/transforms/optimize_patterns.td, the patterns that are named.
"""

from __future__ import annotations

from tflint.forecast.layers.trace import Node, Value
from tflint.forecast.tf.rewriting import View, equals

__all__ = ["gelu"]

_ROOT_HALF, _ROOT_2_PI = 0.70710678, 0.79788458


def _made(view: View, node: Node, x: Value, *, approximate: bool) -> Value:
    return view.emit("GELU", [x], node.outputs[0].shape, x.dtype, node, approximate=approximate)


def gelu(view: View, node: Node) -> Value | None:
    """MatchGelu, MatchGeluWithErfc, MatchGeluApproximate and their other orders."""
    for one, other in (node.inputs, node.inputs[::-1]):
        half = view.only(one, "MUL")
        if half is not None and equals(half.inputs[1], 0.5):
            x = half.inputs[0]
            if x is None:
                continue
            if _error_term(view, other, x):
                return _made(view, node, x, approximate=False)
            if _tanh_term(view, other, x):
                return _made(view, node, x, approximate=True)
        is_half = half is not None and equals(half.inputs[1], 0.5)
        if half is not None and is_half and other is not None and _tanh_term(view, half.inputs[0], other):
            return _made(view, node, other, approximate=True)
    return None


def _error_term(view: View, value: Value | None, x: Value) -> bool:
    """1 + erf(x / √2), or erfc(-x / √2)."""
    added = view.only(value, "ADD")
    if added is not None and equals(added.inputs[1], 1.0):
        error = view.only(added.inputs[0], "TENSORFLOW_ERF")
        scaled = None if error is None else view.only(error.inputs[0], "MUL")
        return scaled is not None and scaled.inputs[0] is x and equals(scaled.inputs[1], _ROOT_HALF)
    error = view.only(value, "TENSORFLOW_ERFC")
    scaled = None if error is None else view.only(error.inputs[0], "MUL")
    if scaled is None or not equals(scaled.inputs[1], _ROOT_HALF):
        return False
    negative = view.made(scaled.inputs[0], "NEG")
    return negative is not None and negative.inputs[0] is x


def _tanh_term(view: View, value: Value | None, x: Value) -> bool:
    """1 + tanh(√(2/π) (x + 0.044715 x³))."""
    added = view.only(value, "ADD")
    bent = view.only(added.inputs[0], "TANH") if added is not None and equals(added.inputs[1], 1.0) else None
    scaled = None if bent is None else view.only(bent.inputs[0], "MUL")
    if scaled is None or not equals(scaled.inputs[1], _ROOT_2_PI):
        return False
    inner = view.only(scaled.inputs[0], "ADD")
    if inner is None or x not in inner.inputs:
        return False
    cubed = view.only(inner.inputs[1] if inner.inputs[0] is x else inner.inputs[0], "MUL")
    return cubed is not None and equals(cubed.inputs[1], 0.044715) and _is_cube(view, cubed.inputs[0], x)


def _is_cube(view: View, value: Value | None, x: Value) -> bool:
    power = view.only(value, "POW")
    if power is not None:
        return power.inputs[0] is x and equals(power.inputs[1], 3.0)
    product = view.only(value, "MUL")
    if product is None:
        return False
    one, other = product.inputs
    squared = view.only(other if one is x else one, "MUL")
    return squared is not None and x in (one, other) and squared.inputs[0] is x and squared.inputs[1] is x
