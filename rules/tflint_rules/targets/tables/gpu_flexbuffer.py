"""The attributes of a composite op: a FlexBuffer map of numbers, and of what holds vectors of numbers.

Source: FlatBuffers 25.9.23, include/flatbuffers/flexbuffers.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import error, unpack_from

__all__ = ["Value", "attributes"]

Value = int | float | None | tuple[int | float, ...] | Mapping[str, "Value"]

_INTEGERS = {1: "<b", 2: "<h", 4: "<i", 8: "<q"}
_UNSIGNED = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_FLOATS = {2: "<e", 4: "<f", 8: "<d"}
_NULL, _INT, _UINT, _FLOAT = range(4)
_MAP, _VECTOR, _BOOL, _BOOLS = 9, 10, 26, 36
_INDIRECT = {6: _INT, 7: _UINT, 8: _FLOAT}
_TYPED = {11: _INT, 12: _UINT, 13: _FLOAT, _BOOLS: _BOOL}
_MOST = 64
"""More entries than any composite has."""
_DEEPEST = 3


def attributes(raw: memoryview | bytes | None) -> Mapping[str, Value] | None:
    """The map in a FlexBuffer; None where it holds none, or is damaged. A value of another kind is None."""
    data = bytes(raw or b"")
    try:
        width = data[-1]
        found = _value(data, len(data) - 2 - width, width, data[-2], 0)
    except (IndexError, KeyError, error, UnicodeDecodeError, OverflowError):
        return None
    return found if isinstance(found, Mapping) else None


def _number(data: bytes, at: int, width: int, kind: int) -> int | float:
    if at < 0:
        raise IndexError(at)
    formats = _FLOATS if kind == _FLOAT else _INTEGERS if kind == _INT else _UNSIGNED
    value: int | float = unpack_from(formats[width], data, at)[0]
    return value


def _follow(data: bytes, at: int, width: int) -> int:
    return at - int(_number(data, at, width, _UINT))


def _scalar(data: bytes, at: int, width: int, packed: int) -> int | float | None:
    """The number stored in `width` bytes at `at`, or where they point to; a packed type names its kind and width."""
    kind = packed >> 2
    if kind in (_INT, _UINT, _FLOAT, _BOOL):
        return _number(data, at, width, kind)
    return _number(data, _follow(data, at, width), 1 << (packed & 3), _INDIRECT[kind]) if kind in _INDIRECT else None


def _value(data: bytes, at: int, width: int, packed: int, depth: int) -> Value:
    """The value stored in `width` bytes at `at`."""
    kind, next_width = packed >> 2, 1 << (packed & 3)
    if kind == _MAP and depth < _DEEPEST:
        return _map(data, _follow(data, at, width), next_width, depth + 1)
    if kind == _VECTOR or kind in _TYPED:
        return _numbers(data, _follow(data, at, width), next_width, kind)
    return _scalar(data, at, width, packed)


def _length(data: bytes, at: int, width: int) -> int:
    return min(int(_number(data, at - width, width, _UINT)), _MOST)


def _numbers(data: bytes, at: int, width: int, kind: int) -> tuple[int | float, ...]:
    count = _length(data, at, width)
    places = [at + place * width for place in range(count)]
    if kind in _TYPED:
        return tuple(_number(data, place, width, _TYPED[kind]) for place in places)
    types = at + int(_number(data, at - width, width, _UINT)) * width
    values = (_scalar(data, place, width, data[types + slot]) for slot, place in enumerate(places))
    return tuple(value for value in values if value is not None)


def _map(data: bytes, at: int, width: int, depth: int) -> Mapping[str, Value]:
    keys = _follow(data, at - 3 * width, width)
    key_width = int(_number(data, at - 2 * width, width, _UINT))
    found: dict[str, Value] = {}
    types = at + int(_number(data, at - width, width, _UINT)) * width
    for slot in range(_length(data, at, width)):
        name = _follow(data, keys + slot * key_width, key_width)
        key = data[name : data.index(b"\0", name)].decode() if name >= 0 else ""
        found[key] = _value(data, at + slot * width, width, data[types + slot], depth)
    return found
