"""What is known of the tensors of a TensorFlow graph before it runs: which are constant, and their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tflint.model import DType, Graph, Op, Tensor

if TYPE_CHECKING:  # imported only where it is used: start-up is a feature
    from numpy.typing import NDArray

__all__ = ["Known", "rank", "static"]

_SMALL = 4096
"""Values of more elements are not looked at."""
_FOLDED_BITS = 1 << 21
"""Results of so many bits are folded, and larger ones of at most twice the size of what is taken.

Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/constant_fold.cc, ShouldBeFolded.
"""


def rank(tensor: Tensor | None) -> int | None:
    """The number of dimensions; None where it is not known."""
    return len(tensor.shape) if tensor is not None and tensor.has_rank else None


def static(tensor: Tensor | None) -> tuple[int, ...] | None:
    """The sizes, where all are known."""
    if tensor is None or not tensor.has_rank:
        return None
    sizes = tuple(size for size in tensor.shape if size is not None)
    return sizes if len(sizes) == len(tensor.shape) else None


class Known:
    """Which tensors of a graph are constant once the converter has folded what it can, and their small values."""

    def __init__(
        self, graph: Graph, constant: Iterable[Tensor] = (), functions: Mapping[str, Graph] = MappingProxyType({})
    ) -> None:
        self.graph = graph
        self.functions = functions
        self.folded: set[Tensor] = set(constant)
        self._values: dict[Tensor, Any] = {}

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of ops in the graph; those on references by the names of the others."""
        return frozenset(op.kind.removeprefix("Ref") for op in self.graph.ops)

    def is_constant(self, tensor: Tensor | None) -> bool:
        """True for a constant of the file, and for what ops compute from constants alone."""
        return tensor is not None and (tensor.is_constant or tensor in self.folded)

    def value(self, tensor: Tensor | None) -> NDArray[Any] | None:
        """The value of a small constant; None where it is none, or its value is not at hand."""
        if tensor is None or not self.is_constant(tensor):
            return None
        if tensor not in self._values:
            small = tensor.data is not None and tensor.elements <= _SMALL
            self._values[tensor] = tensor.array() if small and tensor.dtype is not DType.STRING else None
        return self._values[tensor]  # type: ignore[no-any-return]

    def numbers(self, tensor: Tensor | None) -> list[Any] | None:
        """The elements of a small constant in a list."""
        value = self.value(tensor)
        return None if value is None else value.reshape(-1).tolist()

    def fold(self, op: Op, values: Iterable[Any] = ()) -> None:
        """Take an op's outputs for constants, with these values where they are known."""
        self.folded.update(op.outputs)
        self._values.update((output, None) for output in op.outputs)
        self._values.update(zip(op.outputs, values, strict=False))

    def hold(self, values: Mapping[Tensor, Any]) -> None:
        """Take tensors for constants, with these values where they are known."""
        self.folded.update(values)
        self._values.update(values)

    def folds(self, op: Op) -> bool:
        """True where all that an op takes is constant, and what it makes is of a size that is folded."""
        if not op.inputs or not all(self.is_constant(tensor) for tensor in op.inputs):
            return False
        made, taken = (_bits(tensors) for tensors in (op.outputs, op.inputs))
        return made is None or taken is None or made <= _FOLDED_BITS or made <= 2 * taken


def _bits(tensors: Iterable[Tensor | None]) -> int | None:
    """The size of tensors whose elements have a width; None where a shape is not known."""
    total = 0
    for tensor in tensors:
        if tensor is None or tensor.dtype.bits is None:
            continue
        sizes = static(tensor)
        if sizes is None:
            return None
        total += prod(sizes) * tensor.dtype.bits
    return total
