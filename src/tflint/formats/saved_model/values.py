"""What messages say in plain values: element types, shapes, attributes, and the bytes of constants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import accumulate
from math import prod
from struct import pack
from typing import Any, NamedTuple

from tflint.formats.saved_model.schema import DTYPES
from tflint.formats.saved_model.wire import Slim, varint
from tflint.model import DType, Shape

__all__ = ["Constant", "attribute", "constant", "dtype_of", "shape_of", "strings", "text_of"]

_REFERENCE = 100
_MOST_DIMENSIONS = 254
"""Source: TensorFlow v2.21.0, tensorflow/core/framework/tensor_shape.h, TensorShapeRep::MaxDimensions."""
_MOST_ELEMENTS = 2**63 - 1
_KNOWN = {number: DType[name] for number, name in DTYPES.items() if name in DType.__members__}
_KNOWN |= {number + _REFERENCE: dtype for number, dtype in _KNOWN.items()}
_VALUES = {
    DType.FLOAT32: "float_val", DType.FLOAT64: "double_val", DType.INT32: "int_val", DType.UINT8: "int_val",
    DType.INT16: "int_val", DType.INT8: "int_val", DType.UINT16: "int_val", DType.COMPLEX64: "scomplex_val",
    DType.INT64: "int64_val", DType.BOOL: "bool_val", DType.BFLOAT16: "half_val", DType.FLOAT16: "half_val",
    DType.COMPLEX128: "dcomplex_val", DType.UINT32: "uint32_val", DType.UINT64: "uint64_val",
    DType.FLOAT8_E5M2: "float8_val", DType.FLOAT8_E4M3FN: "float8_val",
}  # fmt: skip
"""Element type -> the field that holds its values where they are not bytes. Others are texts, handles, or packed."""
_MOST_REPEATED = 1 << 20
"""A constant that repeats one value is written out up to so many bytes."""


class Constant(NamedTuple):
    """A constant: its type, its sizes, and its bytes where they are at hand."""

    dtype: DType
    shape: tuple[int, ...] | None
    data: memoryview | None
    offset: int | None = None


def dtype_of(number: int) -> DType:
    """The element type of that number, of a reference type the type that it refers to."""
    return _KNOWN.get(number, DType.UNKNOWN)


def shape_of(shape: Any) -> Shape | None:
    """The sizes of a TensorShapeProto; None where its rank is not known, or no runtime could hold it."""
    if shape.unknown_rank or len(shape.dim) > _MOST_DIMENSIONS:
        return None
    sizes: Shape = tuple([None if (size := each.size) < 0 else size for each in shape.dim])
    return sizes if len(sizes) < 3 or _fits(sizes) else None


@lru_cache(4096)
def _fits(sizes: Shape) -> bool:
    """True where a runtime can count the elements."""
    return prod(size or 1 for size in sizes) <= _MOST_ELEMENTS


def text_of(content: bytes) -> str | bytes:
    """The text of an attribute; the bytes themselves where they are none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content


def attribute(value: Any, tensor: Callable[[Any], Any]) -> Any:
    """The value of an attribute as Python has it.

    Types are `DType`, shapes tuples (None where the rank is unknown), functions their names, and lists tuples of these.
    A placeholder is None: it stands for what the caller of a function says. `tensor` makes what stands for a tensor.
    """
    kind = value.WhichOneof("value")
    if kind == "list":
        for field, items in ((name, getattr(value.list, name)) for name in _PLAIN):
            if items:
                return tuple([_plain(field, item, tensor) for item in items])
        return ()
    return None if kind is None else _plain(kind, getattr(value, kind), tensor)


_PLAIN = ("s", "i", "f", "b", "type", "shape", "tensor", "func")


def _plain(kind: str, value: Any, tensor: Callable[[Any], Any]) -> Any:
    match kind:
        case "s":
            return text_of(value)
        case "type":
            return dtype_of(value)
        case "shape":
            return shape_of(value)
        case "func":
            return value.name
        case "tensor":
            return tensor(value)
        case "placeholder":
            return None
    return value


def constant(proto: Any, slim: Slim) -> Constant:
    """The constant in a TensorProto. Nothing is allocated in proportion to a size that it only claims."""
    dtype = dtype_of(proto.dtype)
    shape = shape_of(proto.tensor_shape)
    if shape is None or None in shape:
        return Constant(dtype, None, None)
    sizes = tuple([size or 0 for size in shape])
    if dtype is DType.STRING:
        return Constant(dtype, sizes, _as_strings(proto))
    if dtype not in _VALUES:
        return Constant(dtype, sizes, None)
    need = prod(sizes) * (dtype.bits or 8) // 8
    content = proto.tensor_content
    if content:
        taken = slim.original(content)
        data = memoryview(content) if taken is None else taken.content
        fits = len(data) == need
        return Constant(dtype, sizes, data if fits else None, None if taken is None or not fits else taken.offset)
    return Constant(dtype, sizes, _written_out(proto, dtype, need, slim))


def _as_strings(proto: Any) -> memoryview | None:
    """The texts of a constant as TFLite has them: how many, where each begins and the last ends, the texts.

    Source: LiteRT f67457790, tflite/string_util.h.
    """
    texts = list(proto.string_val)
    if proto.tensor_content or sum(map(len, texts)) > _MOST_REPEATED:
        return None
    places = accumulate(map(len, texts), initial=4 * (len(texts) + 2))
    return memoryview(pack(f"<{len(texts) + 2}i", len(texts), *places) + b"".join(texts))


def strings(proto: Any) -> list[str]:
    """The texts of a constant, as many as are written."""
    texts = list(proto.string_val)
    content = memoryview(proto.tensor_content)
    at, sizes = 0, []
    try:
        for _ in range(len(content) and prod(each.size for each in proto.tensor_shape.dim)):
            size, at = varint(content, at, len(content))
            sizes.append(size)
    except ValueError:
        return []
    for size in sizes:
        texts.append(bytes(content[at : at + size]))
        at += size
    return [text.decode("utf-8", "replace") for text in texts]


def _written_out(proto: Any, dtype: DType, need: int, slim: Slim) -> memoryview | None:
    """The bytes of values that stand one by one, the last of them for all that follow.

    Source: TensorFlow v2.21.0, tensorflow/core/framework/tensor.cc, FromProtoField.
    """
    packed = _packed(getattr(proto, _VALUES[dtype]), dtype)
    size = (dtype.bits or 8) // 8
    if packed is None or len(packed) > need:
        return None
    missing = need - len(packed)
    if missing > min(_MOST_REPEATED, slim.spare[0]):
        return None
    slim.spare[0] -= missing
    last = packed[-size:] if packed else bytes(size)
    return memoryview(packed + last * (missing // size)) if missing else memoryview(packed)


def _packed(values: Iterable[Any], dtype: DType) -> bytes | None:
    """Values as little-endian bytes; None where they do not fit the type."""
    if isinstance(values, bytes):
        return values
    import numpy as np

    bits = dtype in {DType.BFLOAT16, DType.FLOAT16}
    name = "<u2" if bits else {DType.COMPLEX64: "<f4", DType.COMPLEX128: "<f8"}.get(dtype, dtype.numpy_name)
    try:
        return np.array(list(values), dtype=name).tobytes()
    except (OverflowError, ValueError):
        return None
