"""The shapes that a graph's values have while it runs, at given shapes of its inputs.

The file says most of them; what it leaves open follows from the op that makes the value, or is known only at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tflint.analysis.contents import contents, is_worked_out
from tflint.analysis.shape_rules import ONE, SEVERAL, Size, UnknownSizeError, View
from tflint.model import Graph, Op, Tensor

if TYPE_CHECKING:
    import numpy

__all__ = ["Shapes", "Size"]

_CANNOT = (UnknownSizeError, ValueError, IndexError, ZeroDivisionError, OverflowError, TypeError)
"""What a rule raises where it lacks a fact, or where the op makes no sense."""
_SMALL = 256


class Shapes:
    """Shapes, and the contents of small values, as far as the ops that were run tell them."""

    def __init__(self, graph: Graph, inputs: Sequence[Size | None] | None = None) -> None:
        self._shapes: dict[Tensor, Size | None] = {}
        self._contents: dict[Tensor, numpy.ndarray] = {}
        if inputs is not None:
            for tensor, shape in zip(graph.inputs, inputs, strict=False):
                self.set(tensor, shape)

    def set(self, tensor: Tensor, shape: Size | None) -> None:
        """Say what shape a value has; None where only a run tells."""
        if shape != tensor.default_shape:
            self._shapes[tensor] = shape
        else:
            self._shapes.pop(tensor, None)

    def shape(self, tensor: Tensor) -> Size | None:
        """The shape; None where only a run tells."""
        return self._shapes.get(tensor, tensor.default_shape) if self._shapes else tensor.default_shape

    def nbytes(self, tensor: Tensor) -> int | None:
        """The bytes that a value takes, packed; None where they are unknown, or the runtime's own affair."""
        shape, bits = self.shape(tensor), tensor.dtype.bits
        if shape is None or bits is None:
            return None
        elements = 1
        for size in shape:
            elements *= size
        return (elements * bits + 7) // 8

    def content(self, tensor: Tensor | None) -> numpy.ndarray | None:
        """What a small value holds, None where that is unknown."""
        if tensor is None:
            return None
        if tensor in self._contents:
            return self._contents[tensor]
        if not tensor.is_constant or tensor.elements > _SMALL:
            return None
        found = tensor.array()
        if found is not None:
            self._contents[tensor] = found
        return found

    def view(self, op: Op) -> View:
        """The op as rules see it."""
        shapes = [None if tensor is None else self.shape(tensor) for tensor in op.inputs]
        return View(op, shapes, lambda slot: self.content(op.input(slot)))

    def run(self, op: Op) -> None:
        """Work out the shapes of an op's outputs, and what they hold."""
        moved = bool(self._shapes) and any(tensor in self._shapes for tensor in op.inputs)
        if moved or any(tensor.is_dynamic for tensor in op.outputs):
            for tensor, shape in zip(op.outputs, self._made(op), strict=True):
                self.set(tensor, shape)
        if op.kind in ("SHAPE", "RANK") or (
            op.inputs and all(self.content(tensor) is not None for tensor in op.inputs)
        ):
            self._fill(op)

    def _made(self, op: Op) -> list[Size | None]:
        """The shapes of an op's outputs; where they are unknown, what the file says if it says all."""
        unknown = [None if tensor.is_dynamic else tensor.default_shape for tensor in op.outputs]
        if op.is_custom or not (op.kind in ONE or op.kind in SEVERAL):
            return unknown
        try:
            view = self.view(op)
            found = [ONE[op.kind](view)] if op.kind in ONE else SEVERAL[op.kind](view)
        except _CANNOT:
            return unknown
        if len(found) != len(op.outputs) or any(size < 0 for shape in found if shape is not None for size in shape):
            return unknown
        return [shape if shape is not None else other for shape, other in zip(found, unknown, strict=True)]

    def _fill(self, op: Op) -> None:
        made = [self.shape(tensor) for tensor in op.outputs]
        known = [shape for shape in made if shape is not None]
        if not known or len(known) != len(made) or not is_worked_out(op):
            return
        try:
            found = contents(self.view(op), known)
        except _CANNOT:
            return
        for tensor, content in zip(op.outputs, found or (), strict=False):
            self._contents[tensor] = content
