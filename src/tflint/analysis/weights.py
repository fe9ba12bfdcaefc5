"""What the values of a constant are: one pass over its bytes, in pieces, for all the questions asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from tflint.model import DType, Model, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Statistics", "raw", "readable", "statistics"]

_PASSES = 4
"""Constants that overlap are read until so many times the file's size have been asked for."""


@dataclass(frozen=True)
class Statistics:
    """Figures of a constant. The positions count elements from 0; `minimum` and `maximum` are of the finite ones."""

    elements: int
    nans: int = 0
    infinities: int = 0
    first_nan: int | None = None
    first_infinity: int | None = None
    minimum: float | None = None
    maximum: float | None = None


def readable(model: Model) -> Mapping[Tensor, Tensor]:
    """The constants that may be read, each with the one that stands for it: the first that reads the same bytes alike.

    A file may let thousands of tensors share its bytes: what overlaps so often that reading it all would take many
    passes over the file is left out.
    """
    first: dict[tuple[int, int | None, int, DType, bool], Tensor] = {}
    found: dict[Tensor, Tensor] = {}
    left = _PASSES * model.byte_size
    for graph in model.graphs:
        for tensor in graph.tensors:
            if tensor.data is None or not tensor.is_constant or not graph.intact:
                continue
            file = id(tensor.data.obj)  # a SavedModel has several
            key = (file, tensor.byte_offset, tensor.elements, tensor.dtype, tensor.sparsity is None)
            if key not in first:
                left -= len(tensor.data)
                if left < 0:
                    continue
                first[key] = tensor
            found[tensor] = first[key]
    return found


def statistics(tensor: Tensor) -> Statistics | None:
    """The figures of a constant of real numbers; None where its values cannot be read.

    Ask for it with `ctx.once(statistics, constant)`, of the constant that stands for the tensor in `readable`.
    """
    found: Statistics | None = None
    for chunk in _values(tensor):
        part = _of_chunk(chunk)
        found = part if found is None else _joined(found, part)
    return found


def raw(tensor: Tensor) -> Iterator[NDArray[Any]]:
    """The stored bytes of a constant of any type, in pieces; those of a mapped file are given back after each."""
    size = 0 if tensor.data is None else len(tensor.data)
    return replace(tensor, dtype=DType.UINT8, shape=(size,), default_shape=(size,), sparsity=None).chunks()


def _values(tensor: Tensor) -> Iterator[NDArray[Any]]:
    """The numbers of a constant in pieces; half floats widened, for which numpy is ten times as fast."""
    import numpy as np

    if tensor.dtype is DType.BFLOAT16:
        for bits in replace(tensor, dtype=DType.UINT16).chunks():
            yield (bits.astype(np.uint32) << 16).view(np.float32)
    elif tensor.dtype is DType.FLOAT16:
        yield from (chunk.astype(np.float32) for chunk in tensor.chunks())
    elif tensor.dtype.is_float or tensor.dtype.is_integer:
        yield from tensor.chunks()


def _of_chunk(chunk: NDArray[Any]) -> Statistics:
    """The figures of a piece. Its extremes tell most often that all of it is finite: min and max hand NaN on."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        low, high = chunk.min().item(), chunk.max().item()
    if isfinite(low) and isfinite(high):
        return Statistics(chunk.size, minimum=low, maximum=high)
    nan, infinite = np.isnan(chunk), np.isinf(chunk)
    finite = chunk[~(nan | infinite)]
    return Statistics(
        elements=chunk.size,
        nans=int(nan.sum()),
        infinities=int(infinite.sum()),
        first_nan=int(nan.argmax()) if nan.any() else None,
        first_infinity=int(infinite.argmax()) if infinite.any() else None,
        minimum=finite.min().item() if finite.size else None,
        maximum=finite.max().item() if finite.size else None,
    )


def _joined(left: Statistics, right: Statistics) -> Statistics:
    """The figures of two pieces that follow each other."""
    return Statistics(
        elements=left.elements + right.elements,
        nans=left.nans + right.nans,
        infinities=left.infinities + right.infinities,
        first_nan=_position(left.first_nan, right.first_nan, left.elements),
        first_infinity=_position(left.first_infinity, right.first_infinity, left.elements),
        minimum=min((each.minimum for each in (left, right) if each.minimum is not None), default=None),
        maximum=max((each.maximum for each in (left, right) if each.maximum is not None), default=None),
    )


def _position(left: int | None, right: int | None, offset: int) -> int | None:
    if left is not None:
        return left
    return None if right is None else right + offset
