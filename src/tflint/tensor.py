"""What values are made of: element types, quantization, tensors, and the places that they stand at."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # imported only where it is used: start-up is a feature
    import numpy
    from numpy.typing import NDArray

__all__ = ["DType", "Location", "QuantParams", "Shape", "SparseDimension", "Sparsity", "Tensor", "give_back", "unpack"]

Shape = tuple[int | None, ...]
"""The size of each dimension, outermost first; None where it is not known before the model runs."""


class DType(Enum):
    """An element type: the schema's name for it, its width in bits, and numpy's name for it.

    `bits` is None where elements have no fixed width; `numpy_name` is None where numpy has no such type
    (packed 4-bit and 2-bit integers, bfloat16, float8, strings, handles).
    """

    FLOAT32 = ("FLOAT32", 32, "<f4")
    FLOAT16 = ("FLOAT16", 16, "<f2")
    INT32 = ("INT32", 32, "<i4")
    UINT8 = ("UINT8", 8, "|u1")
    INT64 = ("INT64", 64, "<i8")
    STRING = ("STRING", None, None)
    BOOL = ("BOOL", 8, "|b1")
    INT16 = ("INT16", 16, "<i2")
    COMPLEX64 = ("COMPLEX64", 64, "<c8")
    INT8 = ("INT8", 8, "|i1")
    FLOAT64 = ("FLOAT64", 64, "<f8")
    COMPLEX128 = ("COMPLEX128", 128, "<c16")
    UINT64 = ("UINT64", 64, "<u8")
    RESOURCE = ("RESOURCE", None, None)
    VARIANT = ("VARIANT", None, None)
    UINT32 = ("UINT32", 32, "<u4")
    UINT16 = ("UINT16", 16, "<u2")
    INT4 = ("INT4", 4, None)
    BFLOAT16 = ("BFLOAT16", 16, None)
    INT2 = ("INT2", 2, None)
    UINT4 = ("UINT4", 4, None)
    FLOAT8_E4M3FN = ("FLOAT8_E4M3FN", 8, None)
    FLOAT8_E5M2 = ("FLOAT8_E5M2", 8, None)
    UNKNOWN = ("UNKNOWN", None, None)
    """A type that is newer than this program; the file's problems name its number."""

    bits: int | None
    numpy_name: str | None
    is_float: bool
    """True for real floating point types, of any width."""
    is_integer: bool
    """True for signed and unsigned integers, packed ones included; False for BOOL."""
    integer_range: tuple[int, int] | None
    """The smallest and the largest value; None where it is not an integer type."""
    __hash__ = object.__hash__  # types are looked up by the hundred thousand, and Enum's own hash runs in Python

    def __new__(cls, value: str, bits: int | None, numpy_name: str | None) -> Self:
        member = object.__new__(cls)
        member._value_ = value
        member.bits = bits
        member.numpy_name = numpy_name
        member.is_float = value.startswith(("FLOAT", "BFLOAT"))
        member.is_integer = value.startswith(("INT", "UINT"))
        member.integer_range = None
        if member.is_integer and bits is not None:
            member.integer_range = (0, 2**bits - 1) if value[0] == "U" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return member


@dataclass(frozen=True)
class Location:
    """A place in a model: the file, and where it stands in it.

    `address` is `0` for a graph, `0/12:CONV_2D` for an op, `0/t7` for a tensor, empty for the whole file.
    `name` is the name of the tensor or node as the file has it, `layer` the Keras layer it comes from.
    `byte_offset` and `byte_length` are the place in the file, None where there is none.
    `source` is the Python file and line that made it, where known.
    """

    path: str
    address: str = ""
    layer: str | None = None
    name: str = ""
    byte_offset: int | None = None
    byte_length: int | None = None
    source: tuple[str, int] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class QuantParams:
    """Affine quantization: real = scale * (q - zero_point).

    `scale` is float32[n] and `zero_point` int64[n], with n = 1 for the whole tensor, or n = the size of dimension
    `axis`. `axis` is None where n is 1. Both are as the file has them: of different lengths in a broken file.
    `lacks_zero_point` is True where the file has scales and nothing for zero points, which read as zeros then.
    `details` holds the schema's newer schemes (blockwise, multi-axis, custom) as name and fields; where it is set
    the runtime ignores the other fields.
    """

    scale: NDArray[numpy.float32]
    zero_point: NDArray[numpy.int64]
    axis: int | None = None
    stored_axis: int = 0
    details: tuple[str, Mapping[str, Any]] | None = None
    lacks_zero_point: bool = False

    @property
    def is_per_axis(self) -> bool:
        """True where each slice along `axis` has a scale of its own."""
        return self.axis is not None


@dataclass(frozen=True)
class SparseDimension:
    """How one dimension of a sparse tensor is stored: dense with `dense_size`, or compressed sparse rows."""

    is_dense: bool
    dense_size: int
    segments: Sequence[int]
    indices: Sequence[int]


@dataclass(frozen=True)
class Sparsity:
    """The layout of a sparse constant, in the schema's TACO form."""

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    dimensions: tuple[SparseDimension, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """A value that flows between ops, or a constant.

    `shape` has None for dynamic dimensions; `default_shape` are the sizes that a runtime allocates before anybody
    resizes an input (the file's `shape` field). `has_rank` is False where even the rank is unknown.
    `data` is a view of the file's bytes, None where the tensor holds no constant; `buffer` its index in the file.
    `byte_offset` and `byte_length` say where the constant's bytes stand; None where there are none.
    """

    path: str
    graph_index: int
    index: int
    name: str
    dtype: DType
    shape: Shape
    default_shape: tuple[int, ...]
    quant: QuantParams | None = None
    data: memoryview | None = None
    buffer: int = 0
    byte_offset: int | None = None
    is_variable: bool = False
    sparsity: Sparsity | None = None
    has_rank: bool = True
    external: bool = False
    """True where the constant lives in another file (the schema's external_buffer)."""
    address: str = ""
    """Where the weight of a layer stands, in a Keras source; empty where its number tells."""

    @property
    def location(self) -> Location:
        length = None if self.data is None else len(self.data)
        address = self.address or f"{self.graph_index}/t{self.index}"
        return Location(self.path, address, None, self.name, self.byte_offset, length)

    @property
    def is_constant(self) -> bool:
        """True where the value is stored in a file and cannot change while the model runs."""
        return (self.data is not None or self.external) and not self.is_variable

    @property
    def elements(self) -> int:
        """The number of elements at the default sizes."""
        return prod(self.default_shape)

    @property
    def nbytes(self) -> int | None:
        """The bytes that the value takes at the default sizes, packed; None where elements have no fixed width."""
        bits = self.dtype.bits
        return None if bits is None else (self.elements * bits + 7) // 8

    @property
    def is_dynamic(self) -> bool:
        """True where a dimension, or the rank, is not known before the model runs."""
        return not self.has_rank or None in self.shape

    def array(self) -> NDArray[Any] | None:
        """The constant as a numpy view of the file, in the tensor's shape.

        None where there is no constant, where it is sparse, where numpy has no such type and the elements are not
        packed integers, where it has more dimensions than numpy knows, or where the file holds fewer bytes than the
        shape needs. Packed 4-bit and 2-bit integers are unpacked into a new int8 or uint8 array, low bits first.
        """
        need = self.nbytes
        if self.data is None or self.sparsity is not None or need is None or len(self.data) < need:
            return None
        import numpy as np

        try:
            if self.dtype.numpy_name is not None:
                return np.ndarray(self.default_shape, self.dtype.numpy_name, self.data)
            if self.dtype.is_integer:
                return unpack(self.data[:need], self.dtype)[: self.elements].reshape(self.default_shape)
        except ValueError:  # numpy's limits on dimensions, and on the sizes beside an empty one
            return None
        return None

    def chunks(self, max_bytes: int = 1 << 20) -> Iterator[NDArray[Any]]:
        """The constant as consecutive flat numpy arrays of at most about `max_bytes` of the file each.

        The pages of a mapped file are given back after each, so that a pass over a large model keeps little in
        memory. Yields nothing where `array()` would be None.
        """
        bits = self.dtype.bits
        need = self.nbytes
        if self.data is None or self.sparsity is not None or need is None or bits is None or len(self.data) < need:
            return
        import numpy as np

        name = self.dtype.numpy_name
        if name is None and not self.dtype.is_integer:
            return
        step = max(16, max_bytes // 16 * 16)  # whole elements of every width
        for start in range(0, need, step):
            part = self.data[start : min(start + step, need)]
            if name is not None:
                yield np.frombuffer(part, dtype=name)
            else:
                yield unpack(part, self.dtype)[: self.elements - start * 8 // bits]
            give_back(self, start, step)


def unpack(packed: memoryview, dtype: DType) -> NDArray[Any]:
    """The integers of a packed 4-bit or 2-bit constant as int8 or uint8, low bits first.

    Source: LiteRT f67457790, tflite/kernels/internal/portable_tensor_utils.cc, UnpackPackedIntToInt8.
    """
    import numpy as np

    bits = dtype.bits or 8
    raw = np.frombuffer(packed, dtype=np.uint8)
    mask = (1 << bits) - 1
    out = np.empty((raw.size, 8 // bits), dtype=np.uint8)
    for slot in range(8 // bits):
        out[:, slot] = (raw >> (slot * bits)) & mask
    flat = out.reshape(-1)
    if dtype.value.startswith("U"):
        return flat
    sign = 1 << (bits - 1)
    return ((flat ^ sign).astype(np.int8) - np.int8(sign)).astype(np.int8)


def give_back(constant: Tensor, start: int, length: int) -> None:
    """Tell the system that these bytes of a constant in a mapped file are not needed again soon."""
    source = constant.data.obj if constant.data is not None else None
    if not isinstance(source, mmap.mmap) or constant.byte_offset is None or not hasattr(source, "madvise"):
        return
    first = (constant.byte_offset + start) // mmap.PAGESIZE * mmap.PAGESIZE
    source.madvise(mmap.MADV_DONTNEED, first, min(length + mmap.PAGESIZE, len(source) - first))
