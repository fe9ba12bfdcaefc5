"""Reads a checkpoint: the values of variables, each a view of the file that it stands in.

Source of the format: TensorFlow v2.21.0, tensorflow/core/util/tensor_bundle/tensor_bundle.cc and
tensorflow/core/util/saved_tensor_slice_util.cc (the keys of slices).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from tflint.formats.saved_model.files import Folder
from tflint.formats.saved_model.protos import Unreadable, parse
from tflint.formats.saved_model.table import entries
from tflint.formats.saved_model.values import dtype_of, shape_of
from tflint.formats.saved_model.wire import varint
from tflint.formats.tflite.problems import Problems
from tflint.model import DType, ProblemKind, Shape

__all__ = ["Bundle", "Entry", "open_bundle"]

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_MOST_SHARDS = 1 << 20
_SAVE_AGAIN = "Copy or save the model again, with all of its variables folder."


@dataclass(frozen=True)
class Entry:
    """Where the value of a key stands; that of a partitioned variable `is_sliced`, its parts have keys of their own."""

    dtype: DType
    shape: Shape
    shard: int
    offset: int
    size: int
    is_sliced: bool = False


class Bundle:
    """A checkpoint. Nothing of a value is read before somebody asks for it."""

    def __init__(self, folder: Folder, prefix: str, problems: Problems) -> None:
        self.folder = folder
        self.prefix = prefix
        self.problems = problems
        self.shards = 1
        self.is_whole = False
        """False where a part of the index cannot be read, so that nobody knows what else it has."""
        self._raw: dict[bytes, memoryview] = {}
        self._shards: dict[int, memoryview | None] = {}
        self._entries: dict[bytes, Entry | None] = {}

    def read_index(self, view: memoryview) -> None:
        """Take in the index; what cannot be read of it is a problem, and the rest is kept."""
        try:
            for key, value in entries(view):
                self._raw[key] = value
            header = parse("BundleHeaderProto", self._raw.pop(b"", b""), "the header")
        except Unreadable as reason:
            self.problems.add(reason.kind, f"'{self.prefix}.index' cannot be read: {reason}.", hint=_SAVE_AGAIN)
            return
        if header.endianness != 0:
            self.problems.add(
                ProblemKind.UNSUPPORTED, f"'{self.prefix}.index' is big-endian, which tflint does not read."
            )
            self._raw.clear()
            return
        self.shards = header.num_shards
        self.is_whole = True

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of whole variables, sorted."""
        return tuple(key.decode("utf-8", "replace") for key in self._raw if not key.startswith(b"\0"))

    def __contains__(self, key: str) -> bool:
        return key.encode() in self._raw

    def entry(self, key: str) -> Entry | None:
        """What the index says of a variable; None where there is no such key, or it cannot be read."""
        return self._entry(key.encode(), key)

    def _entry(self, key: bytes, name: str) -> Entry | None:
        if key not in self._entries:
            raw = self._raw.get(key)
            self._entries[key] = None if raw is None else self._parsed(raw, name)
        return self._entries[key]

    def _parsed(self, raw: memoryview, name: str) -> Entry | None:
        try:
            found = parse("BundleEntryProto", raw, f"The entry of '{name}' in '{self.prefix}.index'")
        except Unreadable as reason:
            self.problems.add(reason.kind, f"{reason}.", hint=_SAVE_AGAIN)
            return None
        shape = shape_of(found.shape)
        if shape is None or None in shape:
            self.problems.add(
                ProblemKind.DAMAGED, f"'{self.prefix}.index' says no shape of '{name}'.", hint=_SAVE_AGAIN
            )
            return None
        is_sliced = len(found.slices) > 0
        return Entry(dtype_of(found.dtype), shape, found.shard_id, found.offset, found.size, is_sliced)

    def value(self, key: str) -> tuple[memoryview, int] | None:
        """The bytes of a whole variable and where they stand in their file; None where they cannot be told."""
        found = self.entry(key)
        return None if found is None or found.is_sliced else self._bytes(found, key)

    def slice(self, key: str, extents: tuple[tuple[int, int], ...]) -> tuple[memoryview, int] | None:
        """The bytes of the part of a variable with these starts and lengths; None where no such part is stored."""
        found = self._entry(_slice_key(key, extents), key)
        return None if found is None else self._bytes(found, key)

    def _bytes(self, entry: Entry, name: str) -> tuple[memoryview, int] | None:
        bits = entry.dtype.bits
        if bits is not None and bits >= 8 and entry.size * 8 != bits * prod(size or 0 for size in entry.shape):
            self.problems.add(
                ProblemKind.OVERSIZED,
                f"'{self.prefix}.index' says that '{name}' has {entry.size:,} bytes; its shape and type need "
                f"{bits // 8 * prod(size or 0 for size in entry.shape):,}.",
                hint=_SAVE_AGAIN,
            )
            return None
        shard = self._shard(entry.shard)
        if shard is None:
            return None
        if entry.offset < 0 or entry.size < 0 or entry.offset + entry.size > len(shard):
            self.problems.add(
                ProblemKind.BAD_OFFSET,
                f"'{self.prefix}.index' says that '{name}' has {entry.size:,} bytes from byte {entry.offset:,} on; "
                f"'{self._shard_name(entry.shard)}' ends at byte {len(shard):,}.",
                hint=_SAVE_AGAIN,
            )
            return None
        return shard[entry.offset : entry.offset + entry.size], entry.offset

    def _shard_name(self, number: int) -> str:
        return f"{self.prefix}.data-{number:05}-of-{self.shards:05}"

    def _shard(self, number: int) -> memoryview | None:
        """The file of that number; None where it is not there, which is told once."""
        if number not in self._shards:
            view: memoryview | None = None
            if not 0 <= number < min(self.shards, _MOST_SHARDS):
                self.problems.add(
                    ProblemKind.BAD_REFERENCE,
                    f"'{self.prefix}.index' refers to file {number} of its values; it says that there are "
                    f"{self.shards}.",
                    hint=_SAVE_AGAIN,
                )
            else:
                view = self.folder.view(self._shard_name(number), _SAVE_AGAIN)
            self._shards[number] = view
        return self._shards[number]

    def objects(self) -> Any | None:
        """The TrackableObjectGraph of the checkpoint; None where it has none, or it cannot be read."""
        found = self.value(OBJECT_GRAPH)
        if found is None:
            return None
        content, _ = found
        try:
            size, at = varint(content, 0, len(content))  # of the one string; a checksum follows
            return parse("TrackableObjectGraph", content[at + 4 : at + 4 + size], "The objects of the checkpoint")
        except (Unreadable, ValueError) as reason:
            self.problems.add(
                ProblemKind.DAMAGED, f"The objects of '{self.prefix}.index' cannot be read: {reason}.", hint=_SAVE_AGAIN
            )
            return None


def open_bundle(folder: Folder, problems: Problems, prefix: str = "variables/variables") -> Bundle | None:
    """The checkpoint beside a SavedModel; None where there is none."""
    name = f"{prefix}.index"
    if not folder.has(name):
        return None
    view = folder.view(name, _SAVE_AGAIN)
    if view is None:
        return None
    bundle = Bundle(folder, prefix, problems)
    bundle.read_index(view)
    return bundle


def _slice_key(name: str, extents: tuple[tuple[int, int], ...]) -> bytes:
    """The key that a part of a variable is stored under.

    Source: tensorflow/core/lib/strings/ordered_code.cc.
    """
    text = re.sub(rb"[\0\xff]", lambda found: b"\0\xff" if found[0] == b"\0" else b"\xff\0", name.encode())
    rank = len(extents).to_bytes(1 if extents else 0, "big")
    numbers = b"".join(_signed(number) for extent in extents for number in extent)
    return b"\0" + text + b"\0\1" + bytes([len(rank)]) + rank + numbers


def _signed(value: int) -> bytes:
    """A number in a form that sorts: as many leading ones as bytes, a zero, and the value; inverted where negative."""
    if value < 0:
        return bytes(255 - byte for byte in _signed(~value))
    length = value.bit_length() // 7 + 1
    return (((1 << length) - 1) << 7 * length | value).to_bytes(length, "big")
