"""What the converter joins: activations and constants go into the op beside them.

Source: LiteRT f67457790, tflite/converter/transforms/optimize.cc and optimize_patterns.td; tried with TensorFlow
2.21.0.
"""

from __future__ import annotations

import struct

from tflint.forecast.layers.trace import HOLE, Node, Trace, Value

__all__ = ["fuse", "key_of"]

_WITH_ACTIVATION = frozenset(
    {
        "ADD",
        "AVERAGE_POOL_2D",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "DIV",
        "FULLY_CONNECTED",
        "MAX_POOL_2D",
        "MUL",
        "SUB",
        "TRANSPOSE_CONV",
    }
)
_ACTIVATIONS = {"RELU": "RELU", "RELU6": "RELU6", "RELU_N1_TO_1": "RELU_N1_TO_1"}
_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_AFFINE = frozenset({"ADD", "DIV", "MUL", "SUB"})


def fuse(trace: Trace, *, rows: bool = True) -> None:
    """Join what can be joined, in place; `rows` says that rows which are added like biases are made such."""
    replaced: dict[Value, Value] = {}
    readers = _readers(trace)
    maker: dict[Value, Node] = {}
    kept: list[Node | None] = []
    places: dict[Node, int] = {}
    seen: dict[tuple[object, ...], Node] = {}
    for node in _rows_as_vectors(trace) if rows else trace.nodes:
        node.inputs = [replaced.get(value, value) if value is not None else None for value in node.inputs]
        key = key_of(node)
        if key in seen and node.kind not in _WITH_EFFECT:
            replaced.update(zip(node.outputs, seen[key].outputs, strict=True))
            for one, other in zip(node.outputs, seen[key].outputs, strict=True):
                readers[other] = readers.get(other, 0) + readers.get(one, 0)
            for value in node.inputs:
                if value is not None:
                    readers[value] = readers.get(value, 0) - 1
            continue
        seen[key] = node
        before = maker.get(node.inputs[0]) if node.inputs and node.inputs[0] is not None else None
        if before is not None and readers.get(before.outputs[0], 0) == 1 and _joins(before, node):
            replaced[node.outputs[0]] = before.outputs[0]
            readers[before.outputs[0]] = readers.get(node.outputs[0], 0)
            kept[places[before]] = None  # it stands where the last op of it did
            places[before] = len(kept)
            kept.append(before)
            continue
        if before is not None and node.kind == before.kind == "RESHAPE":  # one after the other is one
            node.inputs[0] = before.inputs[0]
        places[node] = len(kept)
        kept.append(node)
        maker.update(dict.fromkeys(node.outputs, node))
    trace.outputs = [replaced.get(value, value) for value in trace.outputs]
    trace.nodes = [node for node in kept if node is not None]
    _before(trace)
    trace.nodes = _needed(trace, trace.nodes)


_WITH_EFFECT = frozenset({"WHILE"})


def key_of(node: Node) -> tuple[object, ...]:
    """What two ops have in common that compute the same."""
    inputs = tuple(
        value if value is None or value.data is None else (value.shape, value.dtype, value.data)
        for value in node.inputs
    )
    return node.kind, inputs, repr(sorted(node.options.items())), len(node.outputs)


def _rows_as_vectors(trace: Trace) -> list[Node]:
    """The ops, with a RESHAPE before each ADD whose second value is a row that could be a bias."""
    maker: dict[Value, Node] = {}
    found: list[Node] = []
    for node in trace.nodes:
        if node.kind == "ADD" and len(node.inputs) == 2 and _is_like_a_bias(node, maker):
            row = node.inputs[1]
            assert row is not None
            flat = Value(row.sizes[-1:], row.dtype)
            size = trace.ints([row.sizes[-1] or 0])
            found.append(Node("RESHAPE", [row, size], [flat], {}, node.layer))
            node.inputs[1] = flat
        found.append(node)
        maker.update(dict.fromkeys(node.outputs, node))
    return found


def _is_like_a_bias(node: Node, maker: dict[Value, Node]) -> bool:
    one, row = node.inputs
    if one is None or row is None or row.is_constant or one.is_constant or not row.is_static or row.rank < 2:
        return False
    if any(size != 1 for size in row.sizes[:-1]) or row.dtype.is_integer:
        return False
    first, second = maker.get(one), maker.get(row)
    if first is not None and (first.kind != "FULLY_CONNECTED" or first.inputs[2] is not None):
        return False
    return second is None or second.kind == "FULLY_CONNECTED"


def _before(trace: Trace) -> None:
    """Let ops with weights take in what comes before them: a padding that SAME would add, one number for all values."""
    maker = {value: node for node in trace.nodes for value in node.outputs}
    for node in trace.nodes:
        if node.kind not in _TAKING:
            continue
        while (x := node.inputs[0]) is not None and (before := maker.get(x)) is not None:
            padding = node.options.get("padding", "VALID")
            if before.kind == "PAD" and "padding" in node.options and padding == "VALID" and _is_same(before, node):
                node.options["padding"] = "SAME"
            elif not (_is_of_one_number(before) and (before.kind in ("DIV", "MUL") or padding == "VALID")):
                break
            elif node.kind == "FULLY_CONNECTED" and before.kind in ("ADD", "SUB"):
                _take_bias(node, before, before.inputs[1] or x)
            node.inputs[0] = before.inputs[0]


_TAKING = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})


def _is_of_one_number(node: Node) -> bool:
    """Whether an op computes each value with the same number."""
    other = node.inputs[1] if node.kind in _AFFINE and len(node.inputs) == 2 else None
    if other is None or not other.is_constant or any(size != 1 for size in other.shape or ()):
        return False
    return node.options.get("fused_activation_function") == "NONE" and other.dtype.is_float


def _is_same(pad: Node, conv: Node) -> bool:
    """Whether a PAD adds what the padding SAME would."""
    x, amounts, weights = pad.inputs[0], pad.inputs[1], conv.inputs[1]
    if x is None or amounts is None or amounts.data is None or weights is None or len(x.shape or ()) != 4:
        return False
    added = struct.unpack(f"<{len(amounts.data) // 4}i", amounts.data)
    for place, side in ((1, "h"), (2, "w")):
        size, kernel = x.sizes[place], weights.sizes[place]
        stride, dilation = conv.options[f"stride_{side}"], conv.options[f"dilation_{side}_factor"]
        if size is None or kernel is None:
            return False
        whole = (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size
        if (added[2 * place], added[2 * place + 1]) != (whole // 2, whole - whole // 2):
            return False
    return any(added) and not any(added[:2]) and not any(added[6:])


def _readers(trace: Trace) -> dict[Value, int]:
    """How often each value is read; an output of the graph counts as read once more."""
    found: dict[Value, int] = {}
    for node in trace.nodes:
        for value in node.inputs:
            if value is not None:
                found[value] = found.get(value, 0) + 1
    for value in trace.outputs:
        found[value] = found.get(value, 0) + 1
    return found


def _joins(before: Node, node: Node) -> bool:
    """Whether an op becomes a part of the one before it, which is changed to that."""
    if before.options.get("fused_activation_function", "") != "NONE":
        return False
    if node.kind in _ACTIVATIONS and before.kind in _WITH_ACTIVATION:
        before.options["fused_activation_function"] = _ACTIVATIONS[node.kind]
        return True
    if before.kind not in _WEIGHTED or node.kind not in _AFFINE or len(node.inputs) != 2:
        return False
    if before.kind == "TRANSPOSE_CONV" and node.kind not in ("ADD", "MUL"):
        return False
    other = node.inputs[1]
    if other is None or not other.is_constant or not _per_channel(other, before.outputs[0]):
        return False
    _take_bias(before, node, other)
    return True


def _take_bias(before: Node, node: Node, other: Value) -> None:
    """Give an op that has no bias what is added to it."""
    channels = (before.outputs[0].shape or (None,))[-1]
    if channels is None or node.kind not in ("ADD", "SUB"):
        return
    bias = Value((channels,), other.dtype, is_constant=True)
    if before.kind == "FULLY_CONNECTED":
        before.inputs[2] = before.inputs[2] or bias
    elif before.kind == "TRANSPOSE_CONV" and len(before.inputs) == 3:
        before.inputs.append(bias)


def _per_channel(constant: Value, made: Value) -> bool:
    """Whether a constant has one value, or one for each channel."""
    shape = constant.shape or ()
    while shape and shape[0] == 1:
        shape = shape[1:]
    return not shape or (len(shape) == 1 and bool(made.shape) and shape[0] == (made.shape or (None,))[-1])


def _needed(trace: Trace, nodes: list[Node]) -> list[Node]:
    """The ops that an output needs, in their order."""
    wanted = set(trace.outputs)
    found = []
    for node in reversed(nodes):
        if any(value in wanted for value in node.outputs) or HOLE in node.options:
            wanted.update(value for value in node.inputs if value is not None)
            found.append(node)
    return found[::-1]
