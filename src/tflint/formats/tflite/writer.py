"""Writes a `.tflite` file from a mapping that mirrors the schema: the reader's description read backwards.

A table is a mapping of the schema's field names; a union a pair of its table's name and its mapping; an enumeration
its name or its number. Nothing is checked, so that tests can write what no converter would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from tflint.formats.tflite.flat import Field, fields
from tflint.formats.tflite.schema import ENUMS, OPERATORS, TABLES, UNIONS

__all__ = ["options_table", "write"]

_NUMPY = {
    "bool": np.bool_, "float32": np.float32, "int8": np.int8, "uint8": np.uint8, "int16": np.int16,
    "uint16": np.uint16, "int32": np.int32, "uint32": np.uint32, "int64": np.int64, "uint64": np.uint64,
}  # fmt: skip
_ADD = {
    "bool": "PrependBoolSlot", "float32": "PrependFloat32Slot", "int8": "PrependInt8Slot", "uint8": "PrependUint8Slot",
    "int16": "PrependInt16Slot", "uint16": "PrependUint16Slot", "int32": "PrependInt32Slot",
    "uint32": "PrependUint32Slot", "int64": "PrependInt64Slot", "uint64": "PrependUint64Slot",
}  # fmt: skip
_SHARED_OPTIONS = {
    "MAX_POOL_2D": "Pool2DOptions", "AVERAGE_POOL_2D": "Pool2DOptions", "L2_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions", "SUM": "ReducerOptions", "REDUCE_MAX": "ReducerOptions", "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions", "REDUCE_ANY": "ReducerOptions", "REDUCE_ALL": "ReducerOptions",
    "MAXIMUM": "MaximumMinimumOptions", "MINIMUM": "MaximumMinimumOptions", "L2_NORMALIZATION": "L2NormOptions",
    "SELECT_V2": "SelectV2Options", "CONV_3D_TRANSPOSE": "Conv3DOptions", "RNN": "RNNOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions", "RANDOM_UNIFORM": "RandomOptions",
    "RANDOM_STANDARD_NORMAL": "RandomOptions", "MULTINOMIAL": "RandomOptions",
}  # fmt: skip
"""The options of ops that share a table, or whose table is not named after them (LiteRT schema.fbs, BuiltinOptions)."""


def write(values: Mapping[str, Any], table: str = "Model", identifier: bytes = b"TFL3") -> bytes:
    """Return the file whose root table has these values.

    Raises:
        KeyError: a table has no such field, or an enumeration no such name.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, table, values), identifier)
    return bytes(builder.Output())


def options_table(kind: str) -> tuple[str, str] | None:
    """The union and the table that hold a builtin op's options; None where it has none."""
    wanted = _SHARED_OPTIONS.get(kind, kind.replace("_", "") + "Options").lower()
    for union in ("BuiltinOptions", "BuiltinOptions2"):
        for name in UNIONS[union]:
            if name.lower() == wanted:
                return union, name
    return None


def _table(builder: flatbuffers.Builder, name: str, values: Mapping[str, Any]) -> int:
    """Write a table, first all that it refers to; return its place."""
    declared = {field.name: field for field in fields(name)}
    unknown = set(values) - set(declared)
    if unknown:
        raise KeyError(f"{name} has no field {sorted(unknown)}; it has {sorted(declared)}")
    add: list[Callable[[], None]] = []
    for key, value in values.items():
        if value is None:
            continue
        add.extend(_field(builder, declared[key], value))
    builder.StartObject(declared[max(declared, key=lambda key: declared[key].slot)].slot + 1 if declared else 0)
    for each in add:
        each()
    place: int = builder.EndObject()
    return place


def _field(builder: flatbuffers.Builder, field: Field, value: Any) -> list[Callable[[], None]]:
    """Write what a field refers to; return what is to be called while the table is open."""
    slot, kind = field.slot, field.type
    if kind in UNIONS:
        table, inner = value
        number = UNIONS[kind].index(table) + 1
        place = _table(builder, table, inner)
        return [
            lambda: builder.PrependUint8Slot(slot - 1, number, 0),
            lambda: builder.PrependUOffsetTRelativeSlot(slot, place, 0),
        ]
    if field.is_vector or kind == "string" or kind in TABLES:
        place = _reference(builder, field, value)
        return [lambda: builder.PrependUOffsetTRelativeSlot(slot, place, 0)]
    width = "int32" if kind == "BuiltinOperator" else ENUMS[kind][0] if kind in ENUMS else kind
    number = _number(kind, value)
    add = getattr(builder, _ADD[width])
    absent = None  # written even where it is the default
    return [lambda: add(slot, number, absent)]


def _reference(builder: flatbuffers.Builder, field: Field, value: Any) -> int:
    kind = field.type
    place: int
    if not field.is_vector:
        place = builder.CreateString(value) if kind == "string" else _table(builder, kind, value)
        return place
    if kind in TABLES:
        places = [_table(builder, kind, item) for item in value]
        builder.StartVector(4, len(places), 4)
        for item in reversed(places):
            builder.PrependUOffsetTRelative(item)
        place = builder.EndVector()
        return place
    width = ENUMS[kind][0] if kind in ENUMS else kind
    array: NDArray[Any] = np.asarray(_numbers(kind, value), dtype=_NUMPY[width]).reshape(-1)
    if width == "uint8":
        builder.StartVector(1, array.size, 16)  # the schema aligns constants to 16 bytes
        builder.head = builder.head - array.size
        builder.Bytes[builder.head : builder.head + array.size] = array.tobytes()
        place = builder.EndVector()
        return place
    place = builder.CreateNumpyVector(array) if array.size else _empty(builder)
    return place


def _empty(builder: flatbuffers.Builder) -> int:
    builder.StartVector(4, 0, 4)
    place: int = builder.EndVector()
    return place


def _numbers(kind: str, value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return np.frombuffer(value, np.uint8)
    return [_number(kind, item) for item in value] if isinstance(value, Sequence) else value


def _number(kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    names = dict(enumerate(OPERATORS)) if kind == "BuiltinOperator" else ENUMS[kind][1]
    found = next((number for number, name in names.items() if name == value), None)
    if found is None:
        raise KeyError(f"{kind} has no '{value}'; it has {sorted(names.values())}")
    return found
