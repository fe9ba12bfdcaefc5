"""A walk over a flatbuffer that trusts nothing in it.

Every offset, length and count is checked against the file before it is used; what does not fit raises `Damage`.
The work is bounded too: a table may be referred to many times, so the bytes walked are counted, and a file that asks
for several times its own size is given up on.

Source: the encoding is described in flatbuffers' documentation, "FlatBuffer Internals".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from struct import Struct, error
from types import MappingProxyType
from typing import Any, NamedTuple

from tflint.formats.tflite.schema import ENUMS, OPERATORS, TABLES, UNIONS
from tflint.model import ProblemKind

__all__ = ["Damage", "Exhausted", "Field", "Flat", "fields"]

_I32, _U32, _U16 = Struct("<i"), Struct("<I"), Struct("<H")
_SLOTS = 16
"""Tables read by position get at least so many slots, the absent ones as 0."""
_SCALARS = {
    "bool": Struct("<?"), "int8": Struct("<b"), "uint8": Struct("<B"), "int16": Struct("<h"), "uint16": Struct("<H"),
    "int32": Struct("<i"), "uint32": Struct("<I"), "float32": Struct("<f"), "int64": Struct("<q"),
    "uint64": Struct("<Q"),
}  # fmt: skip


class Damage(Exception):  # noqa: N818 - a state of the file, not an error of the program
    """Something of the file cannot be what it says it is."""

    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Exhausted(Damage):
    """The walk was given up: the file refers to its own parts too many times."""


class Field(NamedTuple):
    """A field of a table in the schema: its slot, name, element type, whether it is a vector, and its default."""

    slot: int
    name: str
    type: str
    is_vector: bool
    default: Any


@cache
def fields(table: str) -> tuple[Field, ...]:
    """The fields of a table of the schema, in slot order; unions stand at the slot of their value."""
    found: list[Field] = []
    slot = 0
    for text in TABLES[table].split():
        if text == "-":
            slot += 1
            continue
        declaration, _, default = text.partition("=")
        name, _, kind = declaration.partition(":")
        is_vector = kind.startswith("[")
        kind = kind.strip("[]")
        slot += kind in UNIONS
        found.append(Field(slot, name, kind, is_vector, _default(kind, is_vector, default)))
        slot += 1
    return tuple(found)


def _default(kind: str, is_vector: bool, text: str) -> Any:
    """The value of a field that is absent."""
    if is_vector:
        return ()
    if kind == "bool":
        return text == "true"
    if kind == "string":
        return ""
    if kind in ENUMS:
        names = ENUMS[kind][1]
        return text or names.get(0, 0)
    if kind == "float32":
        return float(text or 0)
    return int(text or 0) if kind in _SCALARS else None


class Flat:
    """The bytes of a flatbuffer. `reach` is the end of the furthest part that was walked."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.end = len(view)
        self.reach = 8
        self._left = 4 * self.end + 65_536
        self._vtables: dict[int, tuple[int, tuple[int, ...]]] = {}

    def spend(self, size: int) -> None:
        """Count bytes that are walked; raise `Exhausted` where a file asks for many times its own size."""
        self._left -= size
        if self._left < 0:
            raise Exhausted(
                ProblemKind.OVERSIZED,
                f"its tables refer to one another so often that reading them all would take over four times "
                f"the {self.end:,} bytes of the file",
            )

    def slots(self, at: int) -> tuple[int, ...]:
        """The place of each field of the table at `at`, relative to it; 0 where absent. At least 16 entries."""
        if not 0 <= at <= self.end - 4:
            raise self._outside(at, 4)
        vtable = at - _I32.unpack_from(self.view, at)[0]
        known = self._vtables.get(vtable)
        if known is None:
            known = self._vtables[vtable] = self._vtable(vtable)
        size, places = known
        if at + size > self.end:
            raise self._outside(at, size)
        if at + size > self.reach:
            self.reach = at + size
        self._left -= size + 8
        if self._left < 0:
            self.spend(0)
        return places

    def table_size(self, at: int) -> int:
        """The bytes that the table at `at` takes, what it refers to left out; `slots` was called on it before."""
        return self._vtables[at - _I32.unpack_from(self.view, at)[0]][0]

    def _vtable(self, at: int) -> tuple[int, tuple[int, ...]]:
        """The size of the tables that share a vtable, and the places of their fields."""
        if not 0 <= at <= self.end - 4:
            raise self._outside(at, 4)
        length = _U16.unpack_from(self.view, at)[0]
        size = _U16.unpack_from(self.view, at + 2)[0]
        if length < 4 or length % 2 or at + length > self.end or size < 4:
            raise Damage(ProblemKind.BAD_OFFSET, f"the table layout at byte {at:,} is not one: {length} and {size}")
        count = (length - 4) // 2
        places = Struct(f"<{count}H").unpack_from(self.view, at + 4)
        if any(place >= size for place in places):
            raise Damage(ProblemKind.BAD_OFFSET, f"the table layout at byte {at:,} has a field outside its table")
        self.spend(length)
        self.reach = max(self.reach, at + length)
        return size, places + (0,) * max(0, _SLOTS - count)

    def follow(self, at: int) -> int:
        """The place that the offset stored at `at` points to."""
        offset: int = _U32.unpack_from(self.view, at)[0]
        if at + offset > self.end - 4 or offset < 4:
            raise self._outside(at + offset, 4)
        return at + offset

    def vector(self, at: int, item_size: int) -> tuple[int, int]:
        """Where the items of the vector stored at `at` begin, and how many there are."""
        start = self.follow(at)
        count: int = _U32.unpack_from(self.view, start)[0]
        end = start + 4 + count * item_size
        if end > self.end:
            raise self._outside(start + 4, count * item_size)
        if end > self.reach:
            self.reach = end
        return start + 4, count

    def numbers(self, at: int, code: str, item_size: int) -> tuple[Any, ...]:
        """The numbers of the vector stored at `at`, of the struct type `code`."""
        start, count = self.vector(at, item_size)
        self.spend(count * item_size)
        return _numbers(code, count).unpack_from(self.view, start)

    def tables(self, at: int) -> list[int]:
        """The places of the tables in the vector stored at `at`; checked when they are read."""
        start, count = self.vector(at, 4)
        self.spend(4 * count)
        offsets = Struct(f"<{count}I").unpack_from(self.view, start)
        return [start + 4 * index + offset for index, offset in enumerate(offsets)]

    def bytes(self, at: int) -> memoryview:
        """A view of the byte vector stored at `at`."""
        start, count = self.vector(at, 1)
        return self.view[start : start + count]

    def string(self, at: int) -> str:
        """The string stored at `at`; bytes that are not UTF-8 become U+FFFD."""
        raw = self.bytes(at)
        self.spend(len(raw))
        self.reach = max(self.reach, min(self.end, self.follow(at) + 5 + len(raw)))  # and its closing zero
        return str(raw, "utf-8", "replace")

    def scalar(self, kind: str, at: int) -> Any:
        """The number stored at `at`; an enumeration as its name, a number that it does not know as it is."""
        width, names = ENUMS.get(kind, (kind, None))
        try:
            value = _SCALARS[width].unpack_from(self.view, at)[0]
        except error:
            raise self._outside(at, 4) from None
        return value if names is None else names.get(value, value)

    def table(self, name: str, at: int) -> Mapping[str, Any]:
        """A table as a mapping, absent fields at their defaults, with what it refers to."""
        places = self.slots(at)
        found: dict[str, Any] = {}
        for slot, key, kind, is_vector, default in fields(name):
            place = places[slot] if slot < len(places) else 0
            found[key] = default if not place else self._field(places, slot, at, kind, is_vector)
        return MappingProxyType(found)

    def _field(self, places: tuple[int, ...], slot: int, table: int, kind: str, is_vector: bool) -> Any:
        at = table + places[slot]
        if kind in UNIONS:
            number = self.scalar("uint8", table + places[slot - 1]) if places[slot - 1] else 0
            names = UNIONS[kind]
            known = 0 < number <= len(names)
            return (names[number - 1], self.table(names[number - 1], self.follow(at))) if known else None
        if kind == "BuiltinOperator":
            number = self.scalar("int32", at)
            return OPERATORS[number] if 0 <= number < len(OPERATORS) else number
        if is_vector:
            return self._vector_field(at, kind)
        if kind == "string":
            return self.string(at)
        return self.table(kind, self.follow(at)) if kind in TABLES else self.scalar(kind, at)

    def _vector_field(self, at: int, kind: str) -> Any:
        if kind == "uint8":
            return self.bytes(at)
        if kind in TABLES:
            return tuple(self.table(kind, place) for place in self.tables(at))
        width, names = ENUMS.get(kind, (kind, None))
        form = _SCALARS[width]
        values = self.numbers(at, form.format[1:], form.size)
        return values if names is None else tuple(names.get(value, value) for value in values)

    def _outside(self, at: int, size: int) -> Damage:
        past = at + size - self.end
        where = f"byte {at:,}" if at >= 0 else "a place before the file's first byte"
        kind = ProblemKind.TRUNCATED if past > 0 else ProblemKind.BAD_OFFSET
        return Damage(kind, f"it refers to {where}, and the file ends at byte {self.end:,}")


@cache
def _form(code: str, count: int) -> Struct:
    return Struct(f"<{count}{code}")


def _numbers(code: str, count: int) -> Struct:
    """The form of a vector; the small ones are kept."""
    return _form(code, count) if count <= 16 else Struct(f"<{count}{code}")


Decoder = Callable[[], Mapping[str, Any]]
