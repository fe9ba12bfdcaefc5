"""A walk over a flatbuffer that trusts nothing in it.

Every offset, length and count is checked against the file before it is used; what does not fit raises `Damage`.
The work is bounded too: a table may be referred to many times, so what is walked is counted, and a file that asks for
several times its own size is given up on.

Source: the encoding is described in flatbuffers' documentation, "FlatBuffer Internals".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from struct import Struct, error
from types import MappingProxyType
from typing import Any, NamedTuple

from tflint.formats.tflite.schema import ENUMS, OPERATORS, TABLES, UNIONS
from tflint.model import ProblemKind

__all__ = ["BROKEN", "Damage", "Exhausted", "Field", "Flat", "fields"]

_I32, _U32, _U16 = Struct("<i"), Struct("<I"), Struct("<H")
_SLOTS = 20
"""No table of the schema has more fields. Every table is read as having so many, the absent ones at place 0."""
_TABLE_COST = 40
"""What reading a table costs beside its bytes: the objects that are made of it."""
_AT_LEAST = 1 << 20
"""So much may always be walked: a small file cannot cost much."""
_LARGEST = 2**31
"""No flatbuffer is larger: its references are signed in places."""
_CUT = 4096
"""What refers to more than so many times the size of a file is no file that was cut off, but wrong."""
_SCALARS = {
    "bool": Struct("<?"), "int8": Struct("<b"), "uint8": Struct("<B"), "int16": Struct("<h"), "uint16": Struct("<H"),
    "int32": Struct("<i"), "uint32": Struct("<I"), "float32": Struct("<f"), "int64": Struct("<q"),
    "uint64": Struct("<Q"),
}  # fmt: skip
_ENUMS = ENUMS | {"BuiltinOperator": ("int32", dict(enumerate(OPERATORS)))}
_INTS = tuple(Struct(f"<{count}i") for count in range(9))
"""The forms of short int32 vectors: most shapes, inputs and outputs."""


class Damage(Exception):  # noqa: N818 - a state of the file, not an error of the program
    """Something of the file cannot be what it says it is."""

    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @classmethod
    def of(cls, reason: Exception) -> Damage:
        """The damage that an exception of `BROKEN` stands for."""
        if isinstance(reason, Damage):
            return reason
        return cls(ProblemKind.TRUNCATED, "a part of it lies beyond the end of the file")


class Exhausted(Damage):
    """The walk was given up: the file refers to its own parts too many times."""


BROKEN = (Damage, error)
"""What a step of the walk raises where the file is damaged; `error` where a number lies across the file's end."""


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
        return memoryview(b"") if kind == "uint8" else ()
    if kind == "bool":
        return text == "true"
    if kind == "string":
        return ""
    if kind in _ENUMS:
        return text or _ENUMS[kind][1].get(0, 0)
    if kind == "float32":
        return float(text or 0)
    return int(text or 0) if kind in _SCALARS else None


class Flat:
    """The bytes of a flatbuffer. `reach` is the end of the furthest part that was walked."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.end = len(view)
        self.reach = 8
        self._left = 4 * self.end + _AT_LEAST
        self._vtables: dict[int, tuple[int, tuple[int, ...]]] = {}

    def spend(self, size: int) -> None:
        """Count bytes that are walked; raise `Exhausted` where a file asks for many times its own size."""
        self._left -= size
        if self._left < 0:
            raise Exhausted(
                ProblemKind.OVERSIZED,
                f"its parts refer to one another so often that reading them all would take many times the "
                f"{self.end:,} bytes of the file",
            )

    def slots(self, at: int) -> tuple[int, ...]:
        """The place of each field of the table at `at`, relative to it; 0 where absent."""
        if not 0 <= at <= self.end - 4:
            raise self.outside(at, 4)
        vtable = at - _I32.unpack_from(self.view, at)[0]
        known = self._vtables.get(vtable)
        if known is None:
            known = self._vtables[vtable] = self._vtable(vtable)
        size, places = known
        end = at + size
        if end > self.end:
            raise self.outside(at, size)
        if end > self.reach:
            self.reach = end
        self._left -= size + _TABLE_COST
        if self._left < 0:
            self.spend(0)
        return places

    def table_size(self, at: int) -> int:
        """The bytes that the table at `at` takes, what it refers to left out; `slots` was called on it before."""
        return self._vtables[at - _I32.unpack_from(self.view, at)[0]][0]

    def _vtable(self, at: int) -> tuple[int, tuple[int, ...]]:
        """The size of the tables that share a vtable, and the places of their fields."""
        if not 0 <= at <= self.end - 4:
            raise self.outside(at, 4)
        length = _U16.unpack_from(self.view, at)[0]
        size = _U16.unpack_from(self.view, at + 2)[0]
        if length < 4 or length % 2 or at + length > self.end or size < 4:
            raise Damage(ProblemKind.BAD_OFFSET, f"what stands at byte {at:,} cannot be the list of a table's fields")
        count = min((length - 4) // 2, _SLOTS)
        places = Struct(f"<{count}H").unpack_from(self.view, at + 4)
        if max(places, default=0) >= size:
            raise Damage(
                ProblemKind.BAD_OFFSET, f"the list of a table's fields at byte {at:,} has a field outside its table"
            )
        self.spend(length)
        self.reach = max(self.reach, at + length)
        return size, places + (0,) * (_SLOTS - count)

    def follow(self, at: int) -> int:
        """The place that the reference stored at `at` points to."""
        offset: int = _U32.unpack_from(self.view, at)[0]
        if at + offset > self.end - 4:
            raise self.outside(at + offset, 4)
        if offset < 4:
            raise Damage(ProblemKind.BAD_OFFSET, f"the reference at byte {at:,} points to itself")
        return at + offset

    def vector(self, at: int, item_size: int) -> tuple[int, int]:
        """Where the items of the vector stored at `at` begin, and how many there are."""
        view = self.view
        start: int = at + _U32.unpack_from(view, at)[0] + 4
        if start > self.end or start < at + 8:
            self.follow(at)  # says what is wrong
        count: int = _U32.unpack_from(view, start - 4)[0]
        end = start + count * item_size
        if end > self.end:
            raise self.outside(start, count * item_size)
        if end > self.reach:
            self.reach = end
        return start, count

    def ints(self, at: int) -> tuple[int, ...]:
        """The numbers of the int32 vector stored at `at`."""
        start, count = self.vector(at, 4)
        self._left -= 4 * count
        if self._left < 0:
            self.spend(0)
        form = _INTS[count] if count < len(_INTS) else Struct(f"<{count}i")
        return form.unpack_from(self.view, start)

    def numbers(self, at: int, kind: str) -> tuple[Any, ...]:
        """The numbers of the vector stored at `at`, of a scalar type."""
        form = _SCALARS[kind]
        start, count = self.vector(at, form.size)
        self.spend(count * max(form.size, 4))  # a small number takes as much memory as a large one
        return Struct(f"<{count}{form.format[1:]}").unpack_from(self.view, start)

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
        start, count = self.vector(at, 1)
        self.spend(count)
        end = start + count
        if self.reach == end < self.end:
            self.reach += 1  # its closing zero
        return str(self.view[start:end], "utf-8", "replace")

    def scalar(self, kind: str, at: int) -> Any:
        """The number stored at `at`; an enumeration as its name, a number that it does not know as it is."""
        width, names = _ENUMS.get(kind, (kind, None))
        value = _SCALARS[width].unpack_from(self.view, at)[0]
        return value if names is None else names.get(value, value)

    def table(self, name: str, at: int) -> Mapping[str, Any]:
        """A table as a mapping, absent fields at their defaults, with what it refers to."""
        places = self.slots(at)
        found: dict[str, Any] = {}
        for slot, key, kind, is_vector, default in fields(name):
            found[key] = self._field(places, slot, at, kind, is_vector) if places[slot] else default
        return MappingProxyType(found)

    def scalars(self, name: str, at: int) -> Mapping[str, Any]:
        """A table that has only numbers, and that `slots` was called on before: nothing of it can fail or add up."""
        places = self._vtables[at - _I32.unpack_from(self.view, at)[0]][1]
        found: dict[str, Any] = {}
        for slot, key, kind, _, default in fields(name):
            found[key] = self.scalar(kind, at + places[slot]) if places[slot] else default
        return MappingProxyType(found)

    def _field(self, places: tuple[int, ...], slot: int, table: int, kind: str, is_vector: bool) -> Any:
        at = table + places[slot]
        if kind in UNIONS:
            number = self.scalar("uint8", table + places[slot - 1]) if places[slot - 1] else 0
            names = UNIONS[kind]
            known = 0 < number <= len(names)
            return (names[number - 1], self.table(names[number - 1], self.follow(at))) if known else None
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
        width, names = _ENUMS.get(kind, (kind, None))
        values = self.numbers(at, width)
        return values if names is None else tuple(names.get(value, value) for value in values)

    def outside(self, at: int, size: int, *, huge: bool = False) -> Damage:
        """The damage of a reference to bytes that the file does not have; `huge` where it may be beyond 2 GB."""
        what = f"{size:,} bytes at byte {at:,}" if size > 4 else f"byte {at:,}"
        if at < 0:
            what = "a place before the file's first byte"
        cut = at >= 0 and at + size > self.end and (huge or at + size <= min(_LARGEST, _CUT * self.end))
        return Damage(
            ProblemKind.TRUNCATED if cut else ProblemKind.BAD_OFFSET,
            f"it refers to {what}, and the file ends at byte {self.end:,}",
        )
