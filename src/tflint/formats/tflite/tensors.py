"""Reads the tensors of a `.tflite` file: types, shapes, constants, quantization, sparsity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from tflint.formats.tflite.flat import BROKEN, Damage, Flat
from tflint.formats.tflite.problems import Problems
from tflint.formats.tflite.schema import ENUMS, UNIONS
from tflint.model import DType, Location, ProblemKind, QuantParams, Shape, SparseDimension, Sparsity, Tensor

__all__ = ["Buffer", "Tensors"]

_I8, _I32, _U32 = Struct("<b"), Struct("<i"), Struct("<I")
_F4, _I64 = np.dtype("<f4"), np.dtype("<i8")
_DTYPES = {number: DType[name] for number, name in ENUMS["TensorType"][1].items()}
_NEWEST = max(_DTYPES)
_DETAILS = UNIONS["QuantizationDetails"]
_MOST_DIMENSIONS = 254
"""Source: TensorFlow v2.21.0, tensorflow/core/framework/tensor_shape.h, TensorShapeRep::MaxDimensions."""
_MOST_ELEMENTS = 2**63 - 1
"""Runtimes count them in 64 bits. Source: LiteRT f67457790, tflite/util.cc, BytesRequired."""


class Buffer(NamedTuple):
    """Where the bytes of a constant stand; `is_constant` is False where the buffer says that there are none."""

    start: int
    size: int
    is_constant: bool


class Tensors:
    """Reads tensors one by one. An unknown element type is a problem once a file."""

    def __init__(self, flat: Flat, problems: Problems, buffers: Sequence[Buffer | None]) -> None:
        self.flat = flat
        self.problems = problems
        self.buffers = buffers
        self._unknown: set[int] = set()

    def read(self, graph: int, index: int, at: int) -> Tensor:
        """The tensor in the table at `at`; what is damaged in it stays at its default and is a problem."""
        flat, view = self.flat, self.flat.view
        name, dtype = "", DType.UNKNOWN
        shape: Shape = ()
        sizes: tuple[int, ...] = ()
        quant: QuantParams | None = None
        data: memoryview | None = None
        sparsity: Sparsity | None = None
        buffer, start, external = 0, None, 0
        variable, has_rank = False, True
        try:
            places = flat.slots(at)
            name = flat.string(at + places[3]) if places[3] else ""
            number = _I8.unpack_from(view, at + places[1])[0] if places[1] else 0
            dtype = _DTYPES.get(number, DType.UNKNOWN)
            if dtype is DType.UNKNOWN:
                self._unknown_dtype(graph, index, name, number)
            numbers = flat.ints(at + places[0]) if places[0] else ()
            signature = flat.ints(at + places[7]) if places[7] else ()
            shape, sizes = _shape(numbers, signature)
            if places[4]:
                quant = self._quant(flat.follow(at + places[4]))
            if places[5]:
                variable = bool(view[at + places[5]])
            if places[6]:
                sparsity = self._sparsity(flat.follow(at + places[6]))
            has_rank = bool(sizes or signature or not places[8] or view[at + places[8]])
            if places[9]:
                for place in flat.tables(at + places[9]):
                    flat.table("VariantSubType", place)
            external = _U32.unpack_from(view, at + places[10])[0] if places[10] else 0
            buffer = _U32.unpack_from(view, at + places[2])[0] if places[2] else 0
            stored = self._stored(graph, index, name, buffer) if buffer else None
            if stored is not None and stored.is_constant:
                start = stored.start
                data = view[start : start + stored.size]
        except BROKEN as reason:
            here = Location(self.problems.path, f"{graph}/t{index}", None, name)
            self.problems.damaged(f"Tensor {index} of graph {graph}", reason, here)
        return Tensor(
            self.problems.path, graph, index, name, dtype, shape, sizes, quant, data, buffer, start, variable, sparsity,
            has_rank, bool(external),
        )  # fmt: skip

    def _unknown_dtype(self, graph: int, index: int, name: str, number: int) -> None:
        if number in self._unknown:
            return
        self._unknown.add(number)
        self.problems.add(
            ProblemKind.UNKNOWN_DTYPE,
            f"Tensor {index} of graph {graph} has element type {number}; the newest that tflint knows is "
            f"{_NEWEST} ({_DTYPES[_NEWEST].value}).",
            Location(self.problems.path, f"{graph}/t{index}", None, name),
            hint="Check with a newer tflint: nothing that depends on this tensor's type was checked.",
        )

    def _stored(self, graph: int, index: int, name: str, number: int) -> Buffer | None:
        """The buffer of a tensor; None where it cannot be known."""
        if number >= len(self.buffers):
            self.problems.add(
                ProblemKind.BAD_REFERENCE,
                f"Tensor {index} of graph {graph} uses buffer {number}; the file has {len(self.buffers)} buffers.",
                Location(self.problems.path, f"{graph}/t{index}", None, name),
                hint="Convert the model again.",
            )
            return None
        stored = self.buffers[number]
        self.problems.breaks += stored is None  # it is a problem already
        return stored

    def _quant(self, at: int) -> QuantParams | None:
        """The quantization of a tensor; None where the table is there and says nothing."""
        flat, view = self.flat, self.flat.view
        places = flat.slots(at)
        for slot in (0, 1):  # min and max: for importing back into TensorFlow
            if places[slot]:
                flat.vector(at + places[slot], 4)
        details = self._details(at, places) if places[5] and places[4] else None
        scale = self._array(at + places[2], _F4) if places[2] else np.empty(0, np.float32)
        if not scale.size and details is None:
            return None
        axis = _I32.unpack_from(view, at + places[6])[0] if places[6] else 0
        zero = self._array(at + places[3], _I64) if places[3] else np.zeros(scale.size, np.int64)
        return QuantParams(
            scale, zero, axis if scale.size > 1 else None, axis, details, bool(scale.size and not places[3])
        )

    def _details(self, at: int, places: tuple[int, ...]) -> tuple[str, Mapping[str, Any]] | None:
        """The newer quantization scheme that is written beside the affine one."""
        number = self.flat.view[at + places[4]]
        if not number:
            return None
        if number > len(_DETAILS):
            return f"QuantizationDetails_{number}", {}
        kind = _DETAILS[number - 1]
        return kind, self.flat.table(kind, self.flat.follow(at + places[5]))

    def _array(self, at: int, dtype: np.dtype[Any]) -> Any:
        """A view of the numbers of a vector. (`numpy.frombuffer` would keep a memoryview of its own for each.)"""
        start, count = self.flat.vector(at, dtype.itemsize)
        self.flat.spend(count * dtype.itemsize)
        return np.ndarray(count, dtype, self.flat.view, start)

    def _sparsity(self, at: int) -> Sparsity:
        table = self.flat.table("SparsityParameters", at)
        dimensions = [
            SparseDimension(
                each["format"] == "DENSE",
                each["dense_size"],
                self._indices(each["array_segments"]),
                self._indices(each["array_indices"]),
            )
            for each in table["dim_metadata"]
        ]
        return Sparsity(table["traversal_order"], table["block_map"], tuple(dimensions))

    def _indices(self, union: tuple[str, Mapping[str, Any]] | None) -> tuple[int, ...]:
        values = () if union is None else union[1]["values"]
        if isinstance(values, memoryview):
            self.flat.spend(4 * len(values))
        return tuple(values)


def _shape(sizes: tuple[int, ...], signature: tuple[int, ...]) -> tuple[Shape, tuple[int, ...]]:
    """The sizes with None where they are dynamic, and those that are allocated before anybody resizes an input.

    Raises:
        Damage: no runtime can hold such a tensor.
    """
    shape: Shape = sizes
    if signature and len(signature) == len(sizes):
        shape = tuple([None if size < 0 else size for size in signature])
    if sizes and min(sizes) < 0:
        if min(sizes) < -1:
            raise Damage(ProblemKind.OVERSIZED, f"its shape is {_listed(sizes)}")
        shape = tuple([None if size is None or size < 0 else size for size in shape])
        sizes = tuple([abs(size) for size in sizes])
    if len(sizes) > 2 and (_too_large(sizes) or (shape != sizes and _too_large(shape))):
        raise Damage(ProblemKind.OVERSIZED, f"its shape is {_listed(sizes)}, more than any runtime can hold")
    return shape, sizes


def _too_large(shape: Shape) -> bool:
    """True where no runtime can count the elements, those of empty and dynamic dimensions taken as one."""
    return len(shape) > _MOST_DIMENSIONS or prod([size or 1 for size in shape]) > _MOST_ELEMENTS


def _listed(sizes: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, sizes[:8]))
    return f"[{shown}, …] with {len(sizes):,} dimensions" if len(sizes) > 8 else f"[{shown}]"
