"""An op of a TensorFlow graph, as what it becomes is told: its values, its settings, and what is known of them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tflint.forecast.known import Known
from tflint.forecast.layers.trace import Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType, Op, Shape, Tensor

__all__ = ["Lowering", "TfCall", "constant", "floats", "merged"]


@dataclass(frozen=True, eq=False)
class TfCall:
    """An op of the graph, and the values that it is given."""

    op: Op
    inputs: tuple[Value | None, ...]
    known: Known
    value: Callable[[Tensor], Value]
    """What stands for a tensor of the graph."""
    measured: dict[Value, Value]
    """The shapes that are measured, and of what."""

    weak: set[Value] = field(default_factory=set)
    """What has open sizes for the converter that the graph tells."""

    @property
    def is_weak(self) -> bool:
        return any(value in self.weak for value in self.inputs)

    def x(self, slot: int = 0) -> Value:
        """What is given in a slot.

        Raises:
            Cannot: nothing is.
        """
        value = self.inputs[slot] if slot < len(self.inputs) else None
        if value is None:
            raise Cannot(Status.UNKNOWN, "an input of it is not told")
        return value

    @property
    def values(self) -> tuple[Value, ...]:
        """All that it is given."""
        return tuple(self.x(slot) for slot in range(len(self.inputs)))

    def attr(self, name: str, default: Any = None) -> Any:
        value = self.op.options.get(name, default)
        return default if value is None else value

    def is_constant(self, slot: int) -> bool:
        return self.known.is_constant(self.op.input(slot))

    def numbers(self, slot: int) -> list[Any]:
        """The elements of a small constant.

        Raises:
            Cannot: it is none.
        """
        found = self.known.numbers(self.op.input(slot))
        if found is None:
            raise Cannot(Status.UNKNOWN, f"input {slot} of it is only known when the model runs")
        return found

    def dtype(self, slot: int = 0) -> DType:
        return self.op.outputs[slot].dtype

    def shape(self, inferred: Shape | None = None, slot: int = 0) -> Shape | None:
        """The shape of an output: what the graph says of it, and what follows from what is given."""
        said = self.op.outputs[slot]
        if self.is_weak and inferred is not None:
            return inferred
        return merged(said.shape if said.has_rank else None, inferred)


Lowering = Callable[[Trace, TfCall], Value | Sequence[Value]]
"""Writes down what an op becomes, and returns its outputs."""


def merged(one: Shape | None, other: Shape | None) -> Shape | None:
    """What two descriptions of a shape tell together; the second counts where they differ."""
    if one is None or other is None or len(one) != len(other):
        return one if other is None else other
    return tuple(left if right is None else right for left, right in zip(one, other, strict=True))


_MOST_VALUES = 4096


def constant(tensor: Tensor, known: Known) -> Value:
    """A constant of the graph.

    Raises:
        Cannot: its shape is not known.
    """
    array = known.value(tensor)
    if array is None and (not tensor.has_rank or None in tensor.shape):
        raise Cannot(Status.UNKNOWN, "the size of a constant is not known")
    shape: Shape = tensor.shape if array is None else tuple(array.shape)
    dtype = tensor.dtype
    if array is None or dtype.numpy_name is None:
        data = bytes(tensor.data) if tensor.data is not None and len(tensor.data) <= _MOST_VALUES else None
        return Value(shape, dtype, is_constant=True, data=data)
    content = array.astype(dtype.numpy_name).tobytes()
    width = (dtype.bits or 8) // 8
    is_splat = bool(content) and content == content[:width] * (len(content) // width)
    return Value(shape, dtype, is_constant=True, data=content, is_splat=is_splat)


def floats(value: Value | None) -> tuple[float, ...] | None:
    """The elements of a small constant of float or 32-bit values; None where it is none."""
    if value is None or not value.is_constant or value.data is None:
        return None
    letter = {DType.FLOAT32: "f", DType.INT32: "i", DType.INT64: "q"}.get(value.dtype)
    if letter is None:
        return None
    width = struct.calcsize(letter)
    return struct.unpack(f"<{len(value.data) // width}{letter}", value.data)


def of_floats(shape: Shape, values: Iterable[float]) -> Value:
    """A constant of float values."""
    listed = list(values)
    splat = len(set(listed)) == 1
    return Value(shape, DType.FLOAT32, is_constant=True, data=struct.pack(f"<{len(listed)}f", *listed), is_splat=splat)
