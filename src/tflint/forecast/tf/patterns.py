"""Patterns of arithmetic that the converter knows as one op.

Source: LiteRT f67457790, tflite/converter/transforms/optimize_patterns.td, the patterns that are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tflint.forecast.layers.trace import Node, Value, broadcast
from tflint.forecast.tf.call import floats, of_floats
from tflint.forecast.tf.gelu import gelu
from tflint.forecast.tf.rewriting import Pattern, View, equals
from tflint.model import DType

__all__ = ["PATTERNS"]

_SIXTH = 1 / 6
_SMALL = 1e-3


def _like(view: View, kind: str, node: Node, x: Value, **options: object) -> Value:
    return view.emit(kind, [x], node.outputs[0].shape, x.dtype, node, **options)


# ------------------------------------------------------------------------------------------------ activations


def _shifted(view: View, value: Value | None) -> Value | None:
    """The x of relu6(x + 3)."""
    outer = view.made(value, "RELU6")
    inner = None if outer is None else view.only(outer.inputs[0], "ADD")
    if inner is None or not equals(inner.inputs[1], 3.0):
        return None
    return inner.inputs[0]


def _hard_swish(view: View, node: Node) -> Value | None:
    """MatchHardSwishPattern1 to 6."""
    one, other = node.inputs
    if equals(other, _SIXTH):
        product = view.made(one, "MUL")
        pairs = () if product is None else ((0, 1), (1, 0))
        for left, right in pairs:
            assert product is not None
            x = _shifted(view, product.inputs[right])
            if x is not None and x is product.inputs[left]:
                return _like(view, "HARD_SWISH", node, x)
        return None
    for x, rest in ((one, other), (other, one)):
        part = view.made(rest, "MUL")
        is_sixth = part is not None and equals(part.inputs[1], _SIXTH)
        if x is not None and part is not None and is_sixth and _shifted(view, part.inputs[0]) is x:
            return _like(view, "HARD_SWISH", node, x)
    return None


def _relu(view: View, node: Node) -> Value | None:
    """MatchReluPattern, MatchRelu1Pattern2."""
    x, other = node.inputs
    if x is None or x.dtype is not DType.FLOAT32:
        return None
    low = view.made(x, "MINIMUM")
    if equals(other, -1.0) and low is not None and equals(low.inputs[1], 1.0) and low.inputs[0] is not None:
        return _like(view, "RELU_N1_TO_1", node, low.inputs[0])
    return _like(view, "RELU", node, x) if equals(other, 0.0) else None


def _bounded_relu(view: View, node: Node) -> Value | None:
    """MinimumOfReluAnd6ToRelu6, MatchRelu1Pattern1."""
    x, other = node.inputs
    inner = view.made(x, "RELU")
    if inner is not None and equals(other, 6.0) and inner.inputs[0] is not None:
        return _like(view, "RELU6", node, inner.inputs[0])
    inner = view.made(x, "MAXIMUM")
    if inner is not None and equals(other, 1.0) and equals(inner.inputs[1], -1.0) and inner.inputs[0] is not None:
        return _like(view, "RELU_N1_TO_1", node, inner.inputs[0])
    return None


def _relu_of(view: View, node: Node) -> Value | None:
    """MinimumOfReluAnd6ToRelu62, OptimizeReluSquaredDifference; one of one is one."""
    x = node.inputs[0]
    inner = view.made(x, "MINIMUM")
    if inner is not None and equals(inner.inputs[1], 6.0) and inner.inputs[0] is not None:
        return _like(view, "RELU6", node, inner.inputs[0])
    if view.made(x, "RELU") or view.made(x, "SQUARED_DIFFERENCE"):
        return x
    return None


def _shared_dense(view: View, node: Node) -> Value | None:
    """FuseFullyConnectedAndReluX: where others read it too there are two of the op."""
    y, made = node.inputs[0], node.outputs[0]
    if y is None or view.uses[y] < 2:
        return None
    added = view.made(y, "ADD")
    dense = view.only(added.inputs[0], "FULLY_CONNECTED") if added is not None else view.made(y, "FULLY_CONNECTED")
    if dense is None or dense.options["fused_activation_function"] != "NONE":
        return None
    inputs = list(dense.inputs)
    if added is not None:
        bias = added.inputs[1]
        if bias is None or not bias.is_constant or bias.shape != made.sizes[-1:] or inputs[2] is not None:
            return None
        inputs[2] = bias
    options = {**dense.options, "fused_activation_function": node.kind}
    return view.emit("FULLY_CONNECTED", inputs, made.shape, made.dtype, node, **options)


def _leaky(view: View, node: Node) -> Value | None:
    """MatchLeakyRelu."""
    product, x = view.only(node.inputs[0], "MUL"), node.inputs[1]
    if product is None or x is None or product.inputs[0] is not x:
        return None
    alpha = floats(product.inputs[1])
    if alpha is None or len(alpha) != 1 or abs(alpha[0]) >= 1:
        return None
    return _like(view, "LEAKY_RELU", node, x, alpha=alpha[0])


def _prelu(view: View, node: Node) -> Value | None:
    """MatchPRelu."""
    one, two = view.only(node.inputs[0], "RELU"), view.only(node.inputs[1], "MUL")
    if one is None or two is None:
        return None
    x, alpha = one.inputs[0], two.inputs[1]
    inner = view.made(two.inputs[0], "RELU")
    negative = None if inner is None else view.only(inner.inputs[0], "NEG")
    if negative is None or negative.inputs[0] is not x or x is None or alpha is None or not alpha.is_constant:
        return None
    if alpha.rank != x.rank - 1:
        return None
    constant = Value(alpha.shape, alpha.dtype, is_constant=True)
    return view.emit("PRELU", [x, constant], node.outputs[0].shape, x.dtype, node)


def _sigmoid(view: View, node: Node) -> Value | None:
    """FuseSigmoid."""
    if not equals(node.inputs[0], 1.0):
        return None
    added = view.only(node.inputs[1], "ADD")
    raised = view.only(added.inputs[0], "EXP") if added is not None and equals(added.inputs[1], 1.0) else None
    negative = None if raised is None else view.only(raised.inputs[0], "NEG")
    x = None if negative is None else negative.inputs[0]
    return None if x is None else _like(view, "LOGISTIC", node, x)


# ------------------------------------------------------------------------------------------------ arithmetic


def _identity(_view: View, node: Node) -> Value | None:
    """Nothing is left of x · 1, x + 0 and x - 0, where the shape stays."""
    x, other = node.inputs
    neutral = 1.0 if node.kind in ("MUL", "DIV") else 0.0
    found = floats(other)
    if x is None or not found or any(each != neutral for each in found):
        return None
    return x if x.shape == node.outputs[0].shape else None


def _over_a_root(view: View, node: Node) -> Value | None:
    """It is x · 1/√y instead of x / √y.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/canonicalize.td, RealDivWithSqrtDivisor.
    """
    x, root, made = node.inputs[0], view.only(node.inputs[1], "SQRT"), node.outputs[0]
    if x is None or root is None or root.inputs[0] is None or made.dtype is not DType.FLOAT32:
        return None
    inverse = view.emit("RSQRT", root.inputs, root.outputs[0].shape, made.dtype, root)
    inputs = [inverse, x] if x.is_constant else [x, inverse]
    return view.emit("MUL", inputs, made.shape, made.dtype, node, fused_activation_function="NONE")


def _squared_difference(view: View, node: Node) -> Value | None:
    """(x - y)².

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/canonicalize.td, SquareOfSub.
    """
    less, made = view.made(node.inputs[0], "SUB"), node.outputs[0]
    if (
        less is None
        or made.dtype not in (DType.FLOAT32, DType.INT32)
        or any(each is None or each.rank > _MOST_RANKS for each in less.inputs)
    ):
        return None
    return view.emit("SQUARED_DIFFERENCE", less.inputs, made.shape, made.dtype, node)


_MOST_RANKS = 4


def _division(view: View, node: Node) -> Value | None:
    """RealDivWithF32ConstDivisor."""
    x, other = node.inputs
    if x is None or other is None or not other.is_constant or other.dtype is not DType.FLOAT32:
        return None
    found = floats(other)
    inverse = Value(other.shape, other.dtype, is_constant=True, is_splat=other.is_splat)
    if found is not None and all(found):
        inverse = of_floats(other.sizes, [1 / each for each in found])
    return view.emit(
        "MUL", [x, inverse], node.outputs[0].shape, x.dtype, node, fused_activation_function="NONE"
    )  # fmt: skip


def _twice_added(view: View, node: Node) -> Value | None:
    """ReorderAddToAllowConstFold."""
    inner = view.only(node.inputs[0], "ADD")
    other = node.inputs[1]
    if inner is None or other is None or not other.is_constant:
        return None
    x, first = inner.inputs
    if x is None or first is None or not first.is_constant or max(x.rank, first.rank, other.rank) > 4:
        return None
    both = Value(broadcast(first.shape, other.shape), first.dtype, is_constant=True)
    return view.emit("ADD", [x, both], node.outputs[0].shape, x.dtype, node, fused_activation_function="NONE")


def _power(view: View, node: Node) -> Value | None:
    """OptimizePow1ToIdentity, OptimizePow2ToSquare, OptimizePow2ToSqrt, OptimizePow2ToRsqrt."""
    x, other = node.inputs
    if x is None or x.dtype is not DType.FLOAT32:
        return None
    if equals(other, 1.0, scalar=True):
        return x
    if equals(other, 2.0, scalar=True):
        return view.emit("MUL", [x, x], node.outputs[0].shape, x.dtype, node, fused_activation_function="NONE")
    if equals(other, 0.5, scalar=True):
        return _like(view, "SQRT", node, x)
    return _like(view, "RSQRT", node, x) if equals(other, -0.5, scalar=True) else None


_OPPOSITE = {"LESS": "GREATER_EQUAL", "LESS_EQUAL": "GREATER", "GREATER": "LESS_EQUAL", "GREATER_EQUAL": "LESS",
             "EQUAL": "NOT_EQUAL", "NOT_EQUAL": "EQUAL"}  # fmt: skip


def _opposite(view: View, node: Node) -> Value | None:
    """Not less is greater or equal, and so on."""
    before = None if node.inputs[0] is None else view.maker.get(node.inputs[0])
    if before is None or before.kind not in _OPPOSITE:
        return None
    return view.emit(_OPPOSITE[before.kind], before.inputs, node.outputs[0].shape, DType.BOOL, node)


def _normalized(view: View, node: Node) -> Value | None:
    """L2NormalizePattern1 to 3."""
    x, root = node.inputs[0], view.made(node.inputs[1], "RSQRT" if node.kind == "MUL" else "SQRT")
    if root is None or x is None:
        return None
    inside = root.inputs[0]
    for kind in ("ADD", "MAXIMUM"):
        bounded = view.made(inside, kind)
        if bounded is not None:
            epsilon = floats(bounded.inputs[1])
            if epsilon is None or len(epsilon) != 1 or abs(epsilon[0]) >= _SMALL:
                return None
            inside = bounded.inputs[0]
            break
    summed = view.made(inside, "SUM")
    squared = None if summed is None else view.made(summed.inputs[0], "SQUARE")
    if summed is None or squared is None or squared.inputs[0] is not x or not _is_last(summed.inputs[1], x):
        return None
    return _like(view, "L2_NORMALIZATION", node, x, fused_activation_function="NONE")


def _is_last(axes: Value | None, x: Value) -> bool:
    found = floats(axes)
    return found is not None and len(found) == 1 and int(found[0]) in (-1, x.rank - 1)


# ------------------------------------------------------------------------------------------------ softmax


def _softmax_by_hand(view: View, node: Node) -> Value | None:
    """OptimizeToSoftmax."""
    raised, summed = view.made(node.inputs[0], "EXP"), view.only(node.inputs[1], "SUM")
    if raised is None or summed is None or summed.inputs[0] is not node.inputs[0] or node.inputs[0] is None:
        return None
    x = raised.inputs[0]
    if x is None or view.uses[node.inputs[0]] != 2 or not summed.options.get("keep_dims"):
        return None
    return _like(view, "SOFTMAX", node, x, beta=1.0) if _is_last(summed.inputs[1], x) else None


def _softmax_of_less(view: View, node: Node) -> Value | None:
    """FoldNormalizationIntoSoftmax."""
    less = view.only(node.inputs[0], "SUB")
    most = None if less is None else view.only(less.inputs[1], "REDUCE_MAX")
    if less is None or most is None or less.inputs[0] is None or most.inputs[0] is not less.inputs[0]:
        return None
    if not most.options.get("keep_dims") or not _is_last(most.inputs[1], less.inputs[0]):
        return None
    return _like(view, "SOFTMAX", node, less.inputs[0], **node.options)


def _arg_of_softmax(view: View, node: Node) -> Value | None:
    """RemoveSoftmaxOpBefore, RemoveLogSoftmaxOpBefore."""
    for kind in ("SOFTMAX", "LOG_SOFTMAX"):
        inner = view.only(node.inputs[0], kind)
        if inner is not None and inner.inputs[0] is not None and _is_last(node.inputs[1], inner.inputs[0]):
            made = node.outputs[0]
            return view.emit(node.kind, [inner.inputs[0], node.inputs[1]], made.shape, made.dtype, node, **node.options)
    return None


def _chosen_the_other_way(view: View, node: Node) -> Value | None:
    """select(not c, a, b) is select(c, b, a)."""
    inverted = view.made(node.inputs[0], "LOGICAL_NOT")
    if inverted is None:
        return None
    made = node.outputs[0]
    return view.emit(node.kind, [inverted.inputs[0], *node.inputs[:0:-1]], made.shape, made.dtype, node)


def _one_hot_floats(view: View, node: Node) -> Value | None:
    """FuseOneHotAndCastToFloat."""
    inner = view.made(node.inputs[0], "ONE_HOT")
    made = node.outputs[0]
    if (
        inner is None
        or made.dtype is not DType.FLOAT32
        or not all(each and each.is_constant for each in inner.inputs[2:])
    ):
        return None
    on, off = of_floats((), [1.0]), of_floats((), [0.0])
    return view.emit("ONE_HOT", [*inner.inputs[:2], on, off], made.shape, made.dtype, node, **inner.options)


PATTERNS: Mapping[str, Sequence[Pattern]] = {
    "ADD": (_identity, _prelu, _twice_added),
    "ARG_MAX": (_arg_of_softmax,),
    "ARG_MIN": (_arg_of_softmax,),
    "CAST": (_one_hot_floats,),
    "DIV": (_identity, _sigmoid, _normalized, _over_a_root, _softmax_by_hand, _division),
    "LOGICAL_NOT": (_opposite,),
    "MAXIMUM": (_relu, _leaky),
    "MINIMUM": (_bounded_relu,),
    "MUL": (_identity, _hard_swish, gelu, _normalized),
    "POW": (_power,),
    "RELU": (_relu_of, _shared_dense),
    "RELU6": (_shared_dense,),
    "RELU_N1_TO_1": (_shared_dense,),
    "SELECT": (_chosen_the_other_way,),
    "SELECT_V2": (_chosen_the_other_way,),
    "SOFTMAX": (_softmax_of_less,),
    "SQUARE": (_squared_difference,),
    "SUB": (_identity,),
}
"""Kind of op -> the patterns that end with it."""
