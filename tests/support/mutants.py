"""Damaged copies of a file, the same ones for the same seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import suppress
from typing import Any

from tflint.formats.tflite.flat import Flat
from tflint.formats.tflite.schema import ENUMS, OPERATORS
from tflint.formats.tflite.writer import write

__all__ = ["editable", "edits", "mutants", "words"]


def mutants(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield copies of a file with one to four faults each; the identifier is left as it is."""
    random_ = random.Random(seed)
    for _ in range(count):
        copy = bytearray(data)
        for _ in range(random_.choice((1, 1, 1, 2, 4))):
            if len(copy) > 16:
                random_.choice(_FAULTS)(copy, random_)
        copy[4:8] = b"TFL3"
        yield bytes(copy)


def words(data: bytes, at: int) -> Iterator[bytes]:
    """Yield copies of a file with the four bytes at a place replaced by numbers that hurt."""
    for number in (0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, len(data), len(data) - at, at):
        yield data[:at] + number.to_bytes(4, "little") + data[at + 4 :]


def _flip(copy: bytearray, random_: random.Random) -> None:
    copy[random_.randrange(len(copy))] ^= 1 << random_.randrange(8)


def _byte(copy: bytearray, random_: random.Random) -> None:
    copy[random_.randrange(len(copy))] = random_.choice((0, 1, 127, 128, 255, random_.randrange(256)))


def _word(copy: bytearray, random_: random.Random) -> None:
    at = random_.randrange(len(copy) // 4) * 4
    number = random_.choice((0, 0xFFFFFFFF, 0x7FFFFFFF, len(copy), at, 4, random_.randrange(64), len(copy) - at))
    copy[at : at + 4] = number.to_bytes(4, "little")


def _half_word(copy: bytearray, random_: random.Random) -> None:
    at = random_.randrange(len(copy) // 2) * 2
    copy[at : at + 2] = random_.choice((0, 4, 0xFFFF, 0x7FFF, random_.randrange(64))).to_bytes(2, "little")


def _move_word(copy: bytearray, random_: random.Random) -> None:
    to, source = (random_.randrange(len(copy) // 4) * 4 for _ in range(2))
    copy[to : to + 4] = copy[source : source + 4]


def _copy_run(copy: bytearray, random_: random.Random) -> None:
    size = random_.randrange(4, 64)
    to, source = random_.randrange(len(copy)), random_.randrange(len(copy))
    run = copy[source : source + size]
    copy[to : to + len(run)] = run


def _cut(copy: bytearray, random_: random.Random) -> None:
    del copy[random_.randrange(8, len(copy)) :]


def _drop(copy: bytearray, random_: random.Random) -> None:
    at = random_.randrange(8, len(copy))
    del copy[at : at + random_.randrange(1, 32)]


def _insert(copy: bytearray, random_: random.Random) -> None:
    at = random_.randrange(8, len(copy))
    copy[at:at] = random_.randbytes(random_.randrange(1, 32))


_FAULTS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _byte, _byte, _word, _word, _word, _half_word, _move_word, _copy_run, _cut, _drop, _insert,
)  # fmt: skip


def editable(data: bytes) -> dict[str, Any]:
    """A file as the mapping that `write` takes; vectors without items are left out, as they are in most files."""
    flat = Flat(memoryview(data))
    found: dict[str, Any] = _editable(flat.table("Model", flat.follow(0)))
    return found


def _editable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _editable(item) for key, item in value.items() if not (isinstance(item, Sized) and not len(item))}
    if isinstance(value, tuple):
        return [_editable(item) for item in value] if not isinstance(value[0], str) else _union(value)
    return value


def _union(value: tuple[Any, ...]) -> Any:
    return (value[0], _editable(value[1])) if len(value) == 2 and isinstance(value[1], Mapping) else list(value)


def edits(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield whole files whose values are wrong: one to six numbers, lists, names or references each, or fields less."""
    random_ = random.Random(seed)
    for _ in range(count):
        tables = editable(data)
        for _ in range(random_.choice((1, 1, 2, 3, 6))):
            holder, key = random_.choice(list(_places(tables)))
            if isinstance(holder, dict) and random_.random() < 0.2:
                del holder[key]
            else:
                holder[key] = _other(holder[key], random_)
        tables["version"] = 3
        with suppress(*_UNWRITABLE):
            yield write(tables)


_UNWRITABLE = (KeyError, ValueError, TypeError, OverflowError, DeprecationWarning, struct.error)
"""What writing raises for values that the schema cannot hold."""


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested mappings and lists that holds a value, as what holds it and its key."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    elif isinstance(value, tuple):
        yield from _places(value[1])
    for key, item in items:
        yield value, key
        yield from _places(item)


def _other(value: Any, random_: random.Random) -> Any:
    """A value of the same type that no converter would write there."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random_.choice((-1, 0, 1, 2, 3, 5, 8, 100, 127, 2**31 - 1))
    if isinstance(value, float):
        return random_.choice((0.0, -1.0, 1e-45, 1e30, float("nan"), float("inf"), float("-inf")))
    if isinstance(value, str):
        names = _same_enum(value)
        return random_.choice([*names, 99] if names else ["", "Flex", "FlexErf", "é\x00\n", f"{value};{value}"])
    if isinstance(value, memoryview | bytes):
        return random_.choice((b"", bytes(value)[:-1], bytes(value) * 2, b"\xff" * len(value), bytes(len(value))))
    if isinstance(value, list) and value and isinstance(value[0], int | float):
        return _other_numbers(value, random_)
    if isinstance(value, list):
        return random_.choice((value[:-1], value[1:], [*value, *value[:1]], value[::-1]))
    return value


def _other_numbers(value: list[Any], random_: random.Random) -> list[Any]:
    number = random_.choice((-1, 0, 1, 2, 3, 2**15, 2**31 - 1, 127))
    at = random_.randrange(len(value))
    return random_.choice(
        ([], value[:-1], [*value, number], [number, *value], value[::-1], [*value[:at], number, *value[at + 1 :]])
    )


def _same_enum(value: str) -> list[str]:
    """The other names of the enumeration that has this name."""
    if value in OPERATORS:
        return [*OPERATORS]
    return next(([*names.values()] for _, names in ENUMS.values() if value in names.values()), [])
