"""Patterns of ops that move values: what the converter puts before them, behind them, or leaves out.

Source: LiteRT f67457790, tflite/converter/transforms/optimize_patterns.td, the patterns that are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tflint.forecast.layers.trace import Node, Value, broadcast
from tflint.forecast.tf.call import floats
from tflint.forecast.tf.rewriting import Pattern, View
from tflint.model import DType, Shape

__all__ = ["MOVES"]

_VALUE_OPS = ("CEIL", "EXP", "FLOOR", "NEG", "RELU", "RELU_N1_TO_1", "RELU6", "ROUND", "TANH", "SQRT", "SQUARE",
              "LOGISTIC")  # fmt: skip
_MOVE_OPS = frozenset({"DEPTH_TO_SPACE", "EXPAND_DIMS", "SQUEEZE", "RESHAPE", "TRANSPOSE"})
_FUSING = ("ADD", "SUB", "DIV", "MUL")
_COMPARING = ("FLOOR_DIV", "FLOOR_MOD", "MINIMUM", "MAXIMUM", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
_MOST_RANKS = 4


def _value_first(view: View, node: Node) -> Value | None:
    """ReorderElementwiseAndMoveOperations."""
    x = node.inputs[0]
    move = None if x is None or view.uses[x] != 1 else view.maker.get(x)
    if move is None or move.kind not in _MOVE_OPS or move.inputs[0] is None or len(move.outputs) != 1:
        return None
    given, made = move.inputs[0], node.outputs[0]
    if given.dtype is not made.dtype:
        return None
    first = view.emit(node.kind, [given], given.shape, given.dtype, node, **node.options)
    return view.emit(move.kind, [first, *move.inputs[1:]], made.shape, made.dtype, move, **move.options)


def _tail(one: Value, other: Value) -> bool:
    """Whether the shape of one is the end of the other's."""
    return one.rank <= other.rank and (not one.rank or one.sizes == other.sizes[-one.rank :])


def _reshape_of(view: View, value: Value | None, *, once: bool = True) -> Node | None:
    """The RESHAPE to a constant shape that makes a value."""
    node = view.only(value, "RESHAPE") if once else view.made(value, "RESHAPE")
    if node is None or node.inputs[1] is None or not node.inputs[1].is_constant or node.inputs[0] is None:
        return None
    return node


def _before_reshape(view: View, node: Node) -> Value | None:
    """MoveBinaryOpConstBeforeReshape."""
    move, other = _reshape_of(view, node.inputs[0]), node.inputs[1]
    if move is None or other is None or not other.is_constant or node.inputs[0] is None:
        return None
    x, shaped, made = move.inputs[0], node.inputs[0], node.outputs[0]
    assert x is not None
    if not _tail(other, shaped) or not _tail(other, x) or max(x.rank, shaped.rank, other.rank) > _MOST_RANKS:
        return None
    if x.dtype is not other.dtype:
        return None
    first = view.emit(node.kind, [x, other], x.shape, made.dtype, node, **node.options)
    return view.emit("RESHAPE", [first, move.inputs[1]], made.shape, made.dtype, move, **move.options)


def _both_before_reshape(view: View, node: Node) -> Value | None:
    """MoveBinaryOpBeforeReshape."""
    one, other = (_reshape_of(view, value, once=False) for value in node.inputs)
    if one is None or other is None:
        return None
    left, right, made = one.inputs[0], other.inputs[0], node.outputs[0]
    if left is None or right is None or left.sizes != right.sizes or left.dtype is not right.dtype:
        return None
    if one.outputs[0].sizes != other.outputs[0].sizes:
        return None
    uses = [view.uses[value] for value in node.inputs if value is not None]
    if node.kind in _FUSING and not (uses == [1, 1] or (node.inputs[0] is node.inputs[1] and uses[0] == 2)):
        return None
    first = view.emit(node.kind, [left, right], left.shape, made.dtype, node, **node.options)
    return view.emit("RESHAPE", [first, one.inputs[1]], made.shape, made.dtype, one, **one.options)


def _flat_before_reshape(view: View, node: Node) -> Value | None:
    """MoveBinaryOpFlattenConstBeforeReshape."""
    move, other = _reshape_of(view, node.inputs[0]), node.inputs[1]
    if move is None or other is None or not other.is_constant or node.inputs[0] is None:
        return None
    x, shaped, made = move.inputs[0], node.inputs[0], node.outputs[0]
    if x is None or not x.is_static or view.made(x, "FULLY_CONNECTED") is None:
        return None
    reduced = _reduced(other.sizes) if node.kind in _FUSING else other.sizes
    count = 1
    for size in other.sizes:
        count *= size or 1
    if reduced != shaped.sizes[shaped.rank - len(reduced) :] or x.sizes[-1] != count:
        return None
    if max(x.rank, shaped.rank, other.rank) > _MOST_RANKS:
        return None
    flat = Value((count,), other.dtype, True, other.data, is_splat=other.is_splat)
    first = view.emit(node.kind, [x, flat], x.shape, made.dtype, node, **node.options)
    return view.emit("RESHAPE", [first, move.inputs[1]], made.shape, made.dtype, move, **move.options)


def _reduced(shape: Shape) -> Shape:
    """A shape without the sizes of 1 that it begins with."""
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def _without_reshape(view: View, node: Node) -> Value | None:
    """RemoveRedundantReshapeUsedAsLhsTo and AsRhsTo."""
    for slot in (0, 1):
        value, other = node.inputs[slot], node.inputs[1 - slot]
        move = _reshape_of(view, value, once=False)
        if move is None or value is None or other is None or not other.is_static:
            continue
        x = move.inputs[0]
        if x is None or not x.is_static or not x.rank <= value.rank <= other.rank or other.rank > _MOST_RANKS:
            continue
        reduced = _reduced(value.sizes)
        if len(reduced) > x.rank or reduced != x.sizes[x.rank - len(reduced) :]:
            continue
        if broadcast(x.shape, other.shape) != node.outputs[0].shape or view.uses[value] != 1:
            continue
        inputs = [x, other] if slot == 0 else [other, x]
        made = node.outputs[0]
        return view.emit(node.kind, inputs, made.shape, made.dtype, node, **node.options)
    return None


def _kept_dimensions(view: View, node: Node) -> Value | None:
    """FoldReshapeTo: a reduction that is given back its dimensions."""
    x = node.inputs[0]
    reduction = None if x is None or view.uses[x] != 1 else view.maker.get(x)
    if reduction is None or reduction.kind not in _REDUCTIONS or reduction.options.get("keep_dims"):
        return None
    axes, given, made = floats(reduction.inputs[1]), reduction.inputs[0], node.outputs[0]
    if axes is None or given is None or node.inputs[1] is None or not node.inputs[1].is_constant:
        return None
    chosen = {int(axis) % given.rank for axis in axes}
    if made.sizes != tuple(1 if place in chosen else size for place, size in enumerate(given.sizes)):
        return None
    options = {**reduction.options, "keep_dims": True}
    return view.emit(reduction.kind, reduction.inputs, made.shape, made.dtype, reduction, **options)


_REDUCTIONS = frozenset({"MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM"})


def _same_shape(view: View, node: Node) -> Value | None:
    """A RESHAPE that changes nothing goes; two of them are one."""
    x, size, made = node.inputs[0], node.inputs[1], node.outputs[0]
    before = view.made(x, "RESHAPE")
    for given in (x, None if before is None else before.inputs[0]):
        if given is not None and given.shape == made.shape and made.is_static:
            return given
    if before is None or size is None or not size.is_constant:
        return None
    return view.emit("RESHAPE", [before.inputs[0], size], made.shape, made.dtype, node, **node.options)


def _two_transpositions(view: View, node: Node) -> Value | None:
    """FoldDoubleTranspose."""
    before = view.only(node.inputs[0], "TRANSPOSE")
    one, other = (None, None) if before is None else (floats(before.inputs[1]), floats(node.inputs[1]))
    if before is None or one is None or other is None:
        return None
    x, made = before.inputs[0], node.outputs[0]
    order = [int(one[int(place)]) for place in other]
    if x is not None and order == list(range(len(order))):
        return x
    return view.emit("TRANSPOSE", [x, view.trace.ints(order)], made.shape, made.dtype, node)


def _transposed_product(view: View, node: Node) -> Value | None:
    """FuseTransposeIntoBatchMatMulRHSAdjY, and the same for the first value."""
    made = node.outputs[0]
    for slot, name in ((1, "adj_y"), (0, "adj_x")):
        move = view.only(node.inputs[slot], "TRANSPOSE")
        order = None if move is None else floats(move.inputs[1])
        if move is None or order is None or node.options[name] or len(order) < 2:
            continue
        turned = [*range(len(order) - 2), len(order) - 1, len(order) - 2]
        if [int(place) for place in order] != turned:
            continue
        inputs = list(node.inputs)
        inputs[slot] = move.inputs[0]
        return view.emit(node.kind, inputs, made.shape, made.dtype, node, **{**node.options, name: True})
    return None


def _around_product(view: View, node: Node) -> Value | None:
    """FuseReshapesAroundBatchMatMulLHS, for what becomes a FULLY_CONNECTED."""
    product, made = view.made(node.inputs[0], "FULLY_CONNECTED"), node.outputs[0]
    if product is None or product.options["keep_num_dims"] or product.inputs[0] is None or node.inputs[1] is None:
        return None
    x = product.inputs[0]
    if not (x.is_static and made.is_static and node.inputs[1].is_constant) or x.rank < 3:
        return None
    if x.sizes[:-1] != made.sizes[:-1] or made.sizes[-1] != product.outputs[0].sizes[-1]:
        return None
    inputs = [x, *product.inputs[1:]]
    options = {**product.options, "keep_num_dims": x.rank > 2}
    return view.emit("FULLY_CONNECTED", inputs, made.shape, made.dtype, product, **options)


def _squeezed_rows(view: View, node: Node) -> Value | None:
    """FuseSqueezingLhsReshapeIntoFC_Output, RemoveReshapeBeforeFullyConnected."""
    move, made = _reshape_of(view, node.inputs[0], once=False), node.outputs[0]
    if move is None or move.inputs[0] is None:
        return None
    x, flat = move.inputs[0], move.outputs[0]
    if not x.is_static or not flat.is_static or x.rank < 3 or flat.rank != 2:
        return None
    if x.sizes[-1] != flat.sizes[-1]:
        return None
    options = {**node.options, "keep_num_dims": False}
    return view.emit(node.kind, [x, *node.inputs[1:]], made.shape, made.dtype, node, **options)


def _looked_up(view: View, node: Node) -> Value | None:
    """ReplaceOneHotFullyConnectedWithLookup."""
    hot, weights, made = view.made(node.inputs[0], "ONE_HOT"), node.inputs[1], node.outputs[0]
    if hot is None or weights is None or not weights.is_constant or node.inputs[2] is not None:
        return None
    index = hot.inputs[0]
    if index is None or index.dtype is not DType.INT32 or hot.options.get("axis") != -1:
        return None
    if floats(hot.inputs[2]) != (1.0,) or floats(hot.inputs[3]) != (0.0,) or (index.rank != 1 and not index.is_static):
        return None
    flat = view.trace.constant(*weights.sizes[::-1])
    if index.rank == 1:
        return view.emit("EMBEDDING_LOOKUP", [index, flat], made.shape, made.dtype, node)
    count = 1
    for size in index.sizes:
        count *= size or 1
    row = view.emit("RESHAPE", [index, view.trace.ints([count])], (count,), index.dtype, node)
    rows = view.emit("EMBEDDING_LOOKUP", [row, flat], (count, weights.sizes[0]), made.dtype, node)
    return view.emit(
        "RESHAPE", [rows, view.trace.ints([size or 1 for size in made.sizes])], made.shape, made.dtype, node
    )


def _dilated(view: View, node: Node) -> Value | None:
    """A convolution of blocks becomes a dilated one.

    Source: LiteRT f67457790, tflite/converter/transforms/dilated_conv.h.
    """
    made, x = node.outputs[0], node.inputs[0]
    row = view.only(x, "RESHAPE")  # of one dimension, which are made images of one line
    conv = next(
        (op for kind in _CONVOLUTIONS if (op := view.only(row.inputs[0] if row else x, kind)) is not None), None
    )
    line = view.only(conv.inputs[0], "RESHAPE") if conv is not None and row is not None else None
    source = None if conv is None else conv.inputs[0] if line is None else line.inputs[0]
    blocks = view.only(source, "SPACE_TO_BATCH_ND")
    if conv is None or blocks is None or conv.options["padding"] != "VALID" or blocks.inputs[0] is None:
        return None
    x, sizes, added = blocks.inputs[0], floats(blocks.inputs[1]), floats(blocks.inputs[2])
    if not x.is_static or sizes is None or added is None or len(sizes) != (2 if line is None else 1):
        return None
    if (conv.options["dilation_h_factor"], conv.options["dilation_w_factor"]) != (1, 1):
        return None
    padding = "SAME" if any(added) and made.sizes[1:-1] == x.sizes[1:-1] else "VALID"
    height, width = (1, *sizes)[-2:]
    options = {
        **conv.options, "padding": padding, "dilation_h_factor": int(height), "dilation_w_factor": int(width)
    }  # fmt: skip
    if line is None:
        return view.emit(conv.kind, [x, *conv.inputs[1:]], made.shape, made.dtype, conv, **options)
    if conv.outputs[0].sizes[1] != 1:
        return None
    shapes = [(each.sizes[0], 1, *each.sizes[1:]) for each in (x, made)]
    wide = view.emit("RESHAPE", [x, view.trace.ints([size or 1 for size in shapes[0]])], shapes[0], x.dtype, line)
    y = view.emit(conv.kind, [wide, *conv.inputs[1:]], shapes[1], made.dtype, conv, **options)
    return view.emit("RESHAPE", [y, view.trace.ints([size or 1 for size in made.sizes])], made.shape, made.dtype, node)


_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_BINARY: Sequence[Pattern] = (_before_reshape, _both_before_reshape, _flat_before_reshape)
MOVES: Mapping[str, Sequence[Pattern]] = {
    **dict.fromkeys(_VALUE_OPS, (_value_first,)),
    **dict.fromkeys(_FUSING, (*_BINARY, _without_reshape)),
    **dict.fromkeys(_COMPARING, _BINARY),
    "BATCH_TO_SPACE_ND": (_dilated,),
    "BATCH_MATMUL": (_transposed_product,),
    "FULLY_CONNECTED": (_squeezed_rows, _looked_up),
    "RESHAPE": (_same_shape, _kept_dimensions, _around_product),
    "TRANSPOSE": (_two_transpositions,),
}
"""Kind of op -> the patterns that end with it."""
