"""Takes the large constants out of a message before it is parsed, so that they stay views of the file.

Source of the encoding: protobuf's documentation, "Encoding"; the field numbers are those of `schema`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tflint.formats.saved_model.schema import MESSAGES

__all__ = ["Slim", "Taken", "slim", "varint", "whole"]

_LARGE = 16 << 10
"""Fields of at least so many bytes are looked into."""
_MOST_FIELDS = 4_000_000
"""So many fields of large messages are looked at; a file that has more is parsed as it is, or refused."""
_DEEPEST = 100
"""Protobuf itself follows messages no deeper."""
_MARK = 16
_SPARE = 64 << 20


class Taken(NamedTuple):
    """A constant's bytes that stay in the file."""

    offset: int
    content: memoryview


class Slim(NamedTuple):
    """A message whose large constants are marks: a random prefix, and a number in `taken`.

    `spare` is how many bytes constants that repeat one value may still be written out to.
    """

    content: bytes | memoryview
    prefix: bytes
    taken: list[Taken]
    spare: list[int]

    def original(self, content: bytes) -> Taken | None:
        """What a mark stands for; None where `content` is no mark."""
        if len(content) != _MARK + 4 or not content.startswith(self.prefix):
            return None
        return self.taken[int.from_bytes(content[_MARK:], "little")]


def slim(name: str, view: memoryview) -> Slim:
    """The message `name` in `view` without its large constants; as it is where it does not follow the encoding."""
    found = whole(view)
    if len(view) < _LARGE:
        return found
    work = _Work(view, found)
    try:
        content = work.rebuilt(name, 0, len(view))
    except (IndexError, ValueError):
        return whole(view)
    return found._replace(content=content)


def whole(view: bytes | memoryview) -> Slim:
    """A message as it is."""
    return Slim(view, secrets.token_bytes(_MARK), [], [_SPARE])


def varint(view: memoryview, at: int, end: int) -> tuple[int, int]:
    """The number at `at`, and where it ends.

    Raises:
        ValueError: it does not end before `end`, or is too long.
    """
    value = shift = 0
    while at < end and shift < 64:
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("a number does not end")


@cache
def _inner(name: str) -> dict[int, str]:
    """The fields of a message that hold messages: number -> message; `{M}` is a pair of a map with values M."""
    if name.startswith("{"):
        return {2: name[1:-1]}
    found: dict[int, str] = {}
    for field in MESSAGES[name]:
        _, number, kind = field.split(":")
        kind = kind.partition("|")[0]
        if kind.startswith("{"):
            value = kind[1:-1].split(",")[1]
            if value in MESSAGES:
                found[int(number)] = "{" + value + "}"
        elif kind.strip("[]") in MESSAGES:
            found[int(number)] = kind.strip("[]")
    return found


class _Work:
    """The walk over one message."""

    def __init__(self, view: memoryview, found: Slim) -> None:
        self.view = view
        self.found = found
        self.fields = 0

    def rebuilt(self, name: str, start: int, end: int, depth: int = 0) -> bytes:
        """The message between two places, with marks."""
        if depth > _DEEPEST:
            raise ValueError("messages are nested too deeply")
        inner = _inner(name)
        parts: list[bytes | memoryview] = []
        kept = start
        for number, head, at, size in self._large(start, end):
            if name == "TensorProto" and number == 4:
                mark = self.found.prefix + len(self.found.taken).to_bytes(4, "little")
                self.found.taken.append(Taken(at, self.view[at : at + size]))
                new: bytes = mark
            elif number in inner:
                new = self.rebuilt(inner[number], at, at + size, depth + 1)
            else:
                continue
            parts += [self.view[kept:head], _tag(number), _encoded(len(new)), new]
            kept = at + size
        parts.append(self.view[kept:end])
        return b"".join(parts)

    def _large(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """The large fields between two places: number, where the field and where its content begin, and its size."""
        view = self.view
        while at < end:
            head = at
            self.fields += 1
            if self.fields > _MOST_FIELDS:
                raise ValueError("too many fields")
            tag = view[at]
            at += 1
            if tag >= 128:
                tag, at = varint(view, head, end)
            wire = tag & 7
            if wire == 2:
                size = view[at]
                at += 1
                if size >= 128:
                    size, at = varint(view, at - 1, end)
                if size > end - at:
                    raise ValueError("a field is longer than its message")
                if size >= _LARGE:
                    yield tag >> 3, head, at, size
                at += size
            elif wire == 0:
                _, at = varint(view, at, end)
            elif wire in {1, 5}:
                at += 8 if wire == 1 else 4
            else:
                raise ValueError("groups are not in use")


def _tag(number: int) -> bytes:
    return _encoded(number << 3 | 2)


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
