"""What ops become that multiply matrices, or sum over dimensions.

Source: tried with TensorFlow 2.21.0; LiteRT f67457790, tflite/converter/transforms/optimize_batch_matmul_pass.cc;
TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/einsum.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tflint.forecast.layers.trace import Cannot, Trace, Value, product
from tflint.forecast.status import Status
from tflint.forecast.tf.call import Lowering, TfCall
from tflint.forecast.tf.shaping import reshaped
from tflint.model import Shape

__all__ = ["MATRICES"]


def _matmul(trace: Trace, call: TfCall) -> Value:
    adj_x, adj_y = bool(call.attr("transpose_a", False)), bool(call.attr("transpose_b", False))
    return multiplied(trace, call.x(0), call.x(1), adj_x=adj_x, adj_y=adj_y)


def _batch_matmul(trace: Trace, call: TfCall) -> Value:
    adj_x, adj_y = bool(call.attr("adj_x", False)), bool(call.attr("adj_y", False))
    return multiplied(trace, call.x(0), call.x(1), adj_x=adj_x, adj_y=adj_y)


def multiplied(trace: Trace, x: Value, y: Value, *, adj_x: bool = False, adj_y: bool = False) -> Value:
    """A product of matrices: a FULLY_CONNECTED of constant weights, else a BATCH_MATMUL."""
    rows = x.sizes[-1] if adj_x else x.sizes[-2]
    columns = y.sizes[-2] if adj_y else y.sizes[-1]
    if y.rank == 2 and (y.is_constant or (adj_y and x.rank == 2)):
        if adj_x:
            x = trace.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])
        depth = y.sizes[1] if adj_y else y.sizes[0]
        weights = trace.constant(columns, depth) if y.is_constant else y
        return trace.emit(
            "FULLY_CONNECTED", [x, weights, None], (*x.sizes[:-2], rows, columns), x.dtype,
            fused_activation_function="NONE", weights_format="DEFAULT", keep_num_dims=x.rank > 2,
            asymmetric_quantize_inputs=False,
        )  # fmt: skip
    if x.is_constant and x.rank == y.rank == 2 and not adj_x and not adj_y:
        turned = trace.transpose(y, [1, 0])
        return trace.transpose(multiplied(trace, turned, x, adj_y=True), [1, 0])
    lead = _broadcast(x.sizes[:-2], y.sizes[:-2])
    return trace.emit(
        "BATCH_MATMUL", [x, y], (*lead, rows, columns), x.dtype, adj_x=adj_x, adj_y=adj_y,
        asymmetric_quantize_inputs=False,
    )  # fmt: skip


def _broadcast(one: Shape, other: Shape) -> Shape:
    rank = max(len(one), len(other))
    left, right = (1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other
    return tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))


_REDUCTIONS = {
    "All": "REDUCE_ALL", "Any": "REDUCE_ANY", "Max": "REDUCE_MAX", "Mean": "MEAN", "Min": "REDUCE_MIN",
    "Prod": "REDUCE_PROD", "Sum": "SUM",
}  # fmt: skip


def _reduction(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        x, keep = call.x(), bool(call.attr("keep_dims", False))
        if not call.is_constant(1):
            return trace.emit(kind, call.values, call.shape(), call.dtype(), keep_dims=keep)
        chosen = {int(axis) % x.rank for axis in call.numbers(1)} if x.rank else set()
        shape = tuple(
            1 if place in chosen else size for place, size in enumerate(x.sizes) if keep or place not in chosen
        )
        if shape == x.sizes:
            return x
        return trace.emit(kind, [x, call.x(1)], call.shape(shape), call.dtype(), keep_dims=keep)

    return lower


def _arg(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        return trace.emit(kind, call.values, call.shape(), call.dtype(), output_type=call.dtype().value)

    return lower


def _top(trace: Trace, call: TfCall) -> Sequence[Value]:
    outputs = [Value(call.shape(None, slot), call.dtype(slot)) for slot in range(2)]
    return trace.several("TOPK_V2", call.values, outputs)


def _einsum(trace: Trace, call: TfCall) -> Value:
    """Two values: what each has of shared, kept and summed dimensions in order, a product, and the order of the result.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/einsum.cc.
    """
    one, other, result = _equation(call)
    x, y = call.x(0), call.x(1)
    sizes = {**dict(zip(other, y.sizes, strict=True)), **dict(zip(one, x.sizes, strict=True))}
    batch = [each for each in one if each in other and each in result]
    summed = [each for each in one if each in other and each not in result]
    left = [each for each in one if each not in other]
    right = [each for each in other if each not in one]
    if x.is_constant or not summed or any(each not in result for each in (*left, *right)):
        raise Cannot(Status.BUILTIN, f"the equation {one},{other}->{result} becomes products of matrices")
    x = trace.transpose(x, [one.index(each) for each in (*batch, *left, *summed)])
    if y.is_constant:
        y = trace.constant(*(sizes[each] for each in (*batch, *summed, *right)))
    else:
        y = trace.transpose(y, [other.index(each) for each in (*batch, *summed, *right)])
    lead, rows, columns, depth = ([sizes[each] for each in group] for group in (batch, left, right, summed))
    x = reshaped(trace, x, (*lead, *(rows if not lead else [product(rows)]), product(depth)))
    y_shape = (*lead, product(depth), product(columns))
    y = trace.constant(*y_shape) if y.is_constant else reshaped(trace, y, y_shape)
    made = multiplied(trace, x, y)
    whole = (*lead, *rows, *columns)
    if made.shape == whole and sum(size is None for size in whole) == 1:  # it stays, though it changes nothing
        made = trace.emit("RESHAPE", [made, trace.ints([-1 if size is None else size for size in whole])], whole)
    made = reshaped(trace, made, whole)
    order = [*batch, *left, *right]
    return trace.transpose(made, [order.index(each) for each in result])


def _equation(call: TfCall) -> tuple[str, str, str]:
    """The letters of the two values and of the result; what three dots stand for has letters of its own.

    Raises:
        Cannot: it is of one value or of three, or repeats a letter.
    """
    equation = str(call.attr("equation", "")).replace(" ", "")
    given, _, result = equation.partition("->")
    one, _, other = given.partition(",")
    if len(call.inputs) == 2 and "..." in one and "..." not in other:
        rest = "".join(chr(0x100 + place) for place in range(call.x(0).rank - len(one) + 3))
        one, result = one.replace("...", rest), result.replace("...", rest)
    repeats = any(len(set(each)) < len(each) for each in (one, other, result))
    if len(call.inputs) != 2 or "." in one + other + result or repeats:
        raise Cannot(Status.BUILTIN, f"the equation {equation[:60]} becomes products of matrices")
    return one, other, result


MATRICES: Mapping[str, Lowering] = {
    **{name: _reduction(kind) for name, kind in _REDUCTIONS.items()},
    "ArgMax": _arg("ARG_MAX"),
    "ArgMin": _arg("ARG_MIN"),
    "BatchMatMul": _batch_matmul,
    "BatchMatMulV2": _batch_matmul,
    "BatchMatMulV3": _batch_matmul,
    "Einsum": _einsum,
    "MatMul": _matmul,
    "TopKV2": _top,
}
"""Op of TensorFlow -> what it becomes."""
