"""What the tables of delegates share that refuse dynamic sizes, and read constants when they choose ops.

Source: LiteRT f67457790, tflite/core/subgraph.cc, ModifyGraphWithDelegateImpl; tflite/delegates/utils.cc,
FP16GraphPartitionHelper.
"""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from tflint import Condition, DType, Graph, Model, Op, Tensor

__all__ = ["computed_sizes", "either", "fixed", "is_unpacked", "packed", "shaped", "whole"]

_DYNAMIC: WeakKeyDictionary[Model, str] = WeakKeyDictionary()


def computed_sizes(model: Model) -> str:
    """A value whose size is learnt at run time: such delegates are then not applied at all."""
    if model not in _DYNAMIC:
        _DYNAMIC[model] = next(
            (reason for graph in model.graphs if graph.intact and (reason := _late(model, graph))), ""
        )
    return _DYNAMIC[model]


def _late(model: Model, graph: Graph) -> str:
    from tflint.analysis.sizing import sizing

    for op, waits in zip(graph.ops, sizing(model, graph).waits, strict=True):
        if waits and not op.is_custom and op.outputs:  # of a custom op, only its own code knows
            return f"the size of '{op.outputs[0].name}', which {op.kind} makes, is known only when the model runs"
    return ""


def packed(op: Op, slot: int, graph: Graph) -> Tensor | None:
    """An input as such a delegate sees it: a FLOAT16 constant in place of what DEQUANTIZE makes of it."""
    tensor = op.input(slot)
    if tensor is None or tensor.dtype is not DType.FLOAT32 or tensor.is_constant:
        return tensor
    maker = graph.producer(tensor)
    return maker.inputs[0] if maker is not None and is_unpacked(maker) else tensor


def is_unpacked(op: Op) -> bool:
    """True for a DEQUANTIZE of a FLOAT16 constant."""
    source = op.input(0)
    return op.kind == "DEQUANTIZE" and source is not None and source.dtype is DType.FLOAT16 and source.is_constant


def whole(tensor: Tensor, most: int = 16) -> list[int] | None:
    """The values of a small constant of integers; None where there are more, or they cannot be read."""
    if not tensor.dtype.is_integer or tensor.elements > most or (values := tensor.array()) is None:
        return None
    return [int(value) for value in values.reshape(-1)]


def either(words: Iterable[str]) -> str:
    """Words as a choice: `INT8, UINT8 or FLOAT32`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def fixed(slot: int, role: str) -> Condition:
    """An input that is there, and a constant."""

    def check(op: Op, graph: Graph) -> str:
        tensor = packed(op, slot, graph)
        if tensor is None:
            return f"it has no {role}"
        return "" if tensor.is_constant else f"{role} is not constant"

    check.__doc__ = f"{role} is constant"
    return check


def shaped(slot: int, lowest: int, highest: int | None, role: str) -> Condition:
    """An input that is there has so many dimensions; no limit where `highest` is None."""
    wanted = f"{lowest} or more" if highest is None else f"{lowest} to {highest}" if lowest != highest else str(lowest)

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None:
            return f"it has no {role}"
        dimensions = len(tensor.default_shape)
        if lowest <= dimensions and (highest is None or dimensions <= highest):
            return ""
        return f"{role} has {dimensions} dimension{'' if dimensions == 1 else 's'}; {wanted} are supported"

    check.__doc__ = f"{role} has {wanted} dimensions"
    return check
