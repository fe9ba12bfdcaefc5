"""What a file is, once read: Model, Graph, Op, Tensor and the values they are made of.

Everything here is immutable, made once by a reader and compared by identity.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # imported only where they are used: start-up is a feature
    import networkx
    import numpy
    from numpy.typing import NDArray

__all__ = [
    "Conversion",
    "DType",
    "Format",
    "Graph",
    "Location",
    "Model",
    "Op",
    "Problem",
    "ProblemKind",
    "QuantParams",
    "Shape",
    "Signature",
    "SparseDimension",
    "Sparsity",
    "Tensor",
]

Shape = tuple[int | None, ...]
"""The size of each dimension, outermost first; None where it is not known before the model runs."""

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Format(StrEnum):
    """What a file is by its content; its name plays no part."""

    TFLITE = "tflite"
    KERAS = "keras"
    KERAS_H5 = "keras-h5"
    SAVED_MODEL = "saved-model"
    UNKNOWN = "unknown"


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

    def __new__(cls, value: str, bits: int | None, numpy_name: str | None) -> Self:
        member = object.__new__(cls)
        member._value_ = value
        member.bits = bits
        member.numpy_name = numpy_name
        return member

    @property
    def is_float(self) -> bool:
        """True for real floating point types, of any width."""
        return str(self.value).startswith(("FLOAT", "BFLOAT"))

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers, packed ones included; False for BOOL."""
        return str(self.value).startswith(("INT", "UINT"))

    @property
    def integer_range(self) -> tuple[int, int] | None:
        """The smallest and the largest value, or None where it is not an integer type."""
        if not self.is_integer or self.bits is None:
            return None
        if self.value.startswith("U"):
            return 0, 2**self.bits - 1
        return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1


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
    `details` holds the schema's newer schemes (blockwise, multi-axis, custom) as name and fields; where it is set
    the runtime ignores the other fields.
    """

    scale: NDArray[numpy.float32]
    zero_point: NDArray[numpy.int64]
    axis: int | None = None
    stored_axis: int = 0
    details: tuple[str, Mapping[str, Any]] | None = None

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

    @property
    def location(self) -> Location:
        length = None if self.data is None else len(self.data)
        address = f"{self.graph_index}/t{self.index}"
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
            _give_back(self.data, self.byte_offset, start, step)


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


def _give_back(data: memoryview, byte_offset: int | None, start: int, length: int) -> None:
    """Tell the system that these bytes of a mapped file are not needed again soon."""
    source = data.obj
    if not isinstance(source, mmap.mmap) or byte_offset is None or not hasattr(source, "madvise"):
        return
    first = (byte_offset + start) // mmap.PAGESIZE * mmap.PAGESIZE
    source.madvise(mmap.MADV_DONTNEED, first, min(length + mmap.PAGESIZE, len(source) - first))


@dataclass(frozen=True, eq=False)
class Op:
    """One operation. `kind` is the field's name for it: `CONV_2D`, `Conv2D`, or a custom op's own code.

    `inputs` has None where an optional input is left out. `version` is the op's version in the file.
    `custom_options` are a custom op's own bytes.
    """

    path: str
    graph_index: int
    index: int
    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    version: int = 1
    is_custom: bool = False
    intermediates: tuple[Tensor, ...] = ()
    custom_options: memoryview | None = None
    byte_offset: int | None = None
    byte_length: int | None = None
    decode: Callable[[], Mapping[str, Any]] | None = field(default=None, repr=False)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """The op's attributes by the schema's names; enumerations as their names. Empty where it has none."""
        return _NO_OPTIONS if self.decode is None else self.decode()

    @property
    def location(self) -> Location:
        name = self.outputs[0].name if self.outputs else ""
        address = f"{self.graph_index}/{self.index}:{self.kind}"
        return Location(self.path, address, None, name, self.byte_offset, self.byte_length)

    def input(self, slot: int) -> Tensor | None:
        """The tensor in an input slot; None where the slot is left out or does not exist."""
        return self.inputs[slot] if slot < len(self.inputs) else None


@dataclass(frozen=True, eq=False)
class Graph:
    """A subgraph: its ops in the order the file runs them, and all its tensors."""

    path: str
    index: int
    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    intact: bool = True
    """False where a reference in it is broken: what is not known can't be judged."""

    @property
    def location(self) -> Location:
        return Location(self.path, str(self.index), None, self.name)

    def producer(self, tensor: Tensor) -> Op | None:
        """The first op that writes the tensor, or None."""
        return self._producers.get(tensor)

    def consumers(self, tensor: Tensor) -> tuple[Op, ...]:
        """The ops that read the tensor, in execution order, each once."""
        return tuple(self._consumers.get(tensor, ()))

    @cached_property
    def _producers(self) -> Mapping[Tensor, Op]:
        found: dict[Tensor, Op] = {}
        for op in self.ops:
            for tensor in op.outputs:
                found.setdefault(tensor, op)
        return found

    @cached_property
    def _consumers(self) -> Mapping[Tensor, list[Op]]:
        found: dict[Tensor, list[Op]] = {}
        for op in self.ops:
            for tensor in op.inputs:
                if tensor is None:
                    continue
                ops = found.setdefault(tensor, [])
                if not ops or ops[-1] is not op:
                    ops.append(op)
        return found

    @cached_property
    def nx(self) -> networkx.MultiDiGraph[Any]:
        """The graph as networkx has it: tensor -> op -> tensor; nodes are the objects, edge keys the slots."""
        import networkx

        graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
        graph.add_nodes_from(self.tensors)
        graph.add_nodes_from(self.ops)
        for op in self.ops:
            for slot, tensor in enumerate(op.inputs):
                if tensor is not None:
                    graph.add_edge(tensor, op, slot)
            for slot, tensor in enumerate(op.outputs):
                graph.add_edge(op, tensor, slot)
        return graph


@dataclass(frozen=True, eq=False)
class Signature:
    """A named way to call a model: its inputs and outputs by the names that callers use."""

    key: str
    graph_index: int
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class ProblemKind(Enum):
    """What is wrong with a file, as a reader met it."""

    EMPTY = "empty"
    LFS_POINTER = "lfs-pointer"
    UNSUPPORTED = "unsupported"
    """A model of a kind that is recognised and not read yet."""
    NOT_A_MODEL = "not-a-model"
    IDENTIFIER = "identifier"
    TRUNCATED = "truncated"
    BAD_OFFSET = "bad-offset"
    BAD_REFERENCE = "bad-reference"
    """An index into a table of the file that has no such entry."""
    NO_GRAPH = "no-graph"
    UNKNOWN_OP = "unknown-op"
    UNKNOWN_DTYPE = "unknown-dtype"
    SCHEMA_VERSION = "schema-version"
    TRAILING_BYTES = "trailing-bytes"
    OVERSIZED = "oversized"
    """More tables, or larger sizes, than a file of this size can mean."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with the file itself. `fatal` says that nothing of it could be read."""

    kind: ProblemKind
    location: Location
    message: str
    help: str = ""
    fatal: bool = False


@dataclass(frozen=True)
class Conversion:
    """What the converter wrote about itself into the file (its CONVERSION_METADATA)."""

    tensorflow_version: str = ""
    api_version: int = 0
    source: str = ""
    modes: tuple[str, ...] = ()
    """The optimization modes that were asked for, by the schema's names: `PTQ_FULL_INTEGER`, …"""
    allow_custom_ops: bool = False
    select_tf_ops: bool = False


@dataclass(frozen=True, eq=False)
class Model:
    """A model file. `graphs[0]` runs first; there are none where the file is unreadable."""

    path: str
    format: Format
    byte_size: int
    graphs: tuple[Graph, ...] = ()
    signatures: tuple[Signature, ...] = ()
    metadata: Mapping[str, memoryview] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    description: str = ""
    schema_version: int | None = None
    min_runtime: str | None = None
    """The file's own `min_runtime_version`; None where it says nothing."""
    conversion: Conversion | None = None

    @property
    def location(self) -> Location:
        return Location(self.path)

    @cached_property
    def sha256(self) -> str:
        """The digest of the file, read anew in pieces; of nothing where it is a folder."""
        import hashlib
        from pathlib import Path

        if not Path(self.path).is_file():
            return ""
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def find(self, address: str) -> Op | Tensor | Graph | None:
        """What stands at an address of this model, or None."""
        graph_part, _, rest = address.partition("/")
        if not graph_part.isdecimal() or int(graph_part) >= len(self.graphs):
            return None
        graph = self.graphs[int(graph_part)]
        if not rest:
            return graph
        number = rest.removeprefix("t").partition(":")[0]
        group: tuple[Tensor, ...] | tuple[Op, ...] = graph.tensors if rest.startswith("t") else graph.ops
        if not number.isdecimal():
            return None
        place = int(number)
        if place < len(group) and group[place].index == place:
            return group[place]
        return next((each for each in group if each.index == place), None)  # after ops that could not be read
