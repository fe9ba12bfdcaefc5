"""Reads the index of a checkpoint: a table of sorted keys in the format of LevelDB.

Source of the format: LevelDB 1.23, doc/table_format.md; TensorFlow v2.21.0, tensorflow/core/lib/io/format.h (the same,
with no filter). The sums of the blocks are not verified.
"""

from __future__ import annotations

from collections.abc import Iterator

from tflint.formats.saved_model.protos import Unreadable
from tflint.formats.saved_model.snappy import unpacked
from tflint.formats.saved_model.wire import varint
from tflint.model import ProblemKind

__all__ = ["entries"]

_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57
_TRAILER = 5
"""A block is followed by its kind of compression and its checksum."""
_MOST_BYTES = 64 << 20
"""So many bytes of keys are put together: each may be made of the one before it."""
_ENTRY = 16
"""What an entry costs beside its key."""


def entries(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The keys of a table and their values, in the order of the file.

    Raises:
        Unreadable: the table, or the rest of it, cannot be read.
    """
    if len(view) < _FOOTER or int.from_bytes(view[-8:], "little") != _MAGIC:
        raise Unreadable(
            ProblemKind.TRUNCATED,
            f"its {len(view):,} bytes do not end as an index of variables ends: it was cut off, or is of the first "
            f"version of checkpoints",
        )
    left = [_MOST_BYTES]
    last = b""
    try:
        footer = len(view) - _FOOTER
        place = footer
        for _ in range(2):  # the place of the filters, which is not used
            _, place = varint(view, place, len(view))
        for _, handle in _block(view, *_handle(view, place, len(view)), footer, left):
            for key, value in _block(view, *_handle(handle, 0, len(handle)), footer, left):
                if key <= last and key:  # or a block stands there twice
                    raise Unreadable(ProblemKind.DAMAGED, "its keys are not sorted")
                last = key
                yield key, value
    except ValueError:
        raise Unreadable(ProblemKind.BAD_OFFSET, "an entry of it leads outside of it") from None


def _handle(view: memoryview, at: int, end: int) -> tuple[int, int]:
    offset, at = varint(view, at, end)
    size, _ = varint(view, at, end)
    return offset, size


def _block(view: memoryview, offset: int, size: int, limit: int, left: list[int]) -> Iterator[tuple[bytes, memoryview]]:
    """The entries of the block at `offset`. A key begins with so many bytes of the one before it."""
    end = offset + size
    if size < 4 or end + _TRAILER > limit:
        raise ValueError("a block is outside")
    if view[end] > 1:
        raise Unreadable(ProblemKind.UNSUPPORTED, f"it is compressed in a way (number {view[end]}) that is not known")
    if view[end] == 1:
        view = unpacked(view[offset:end])
        offset, end = 0, len(view)
        left[0] -= end
    end -= 4 + 4 * int.from_bytes(view[max(end - 4, 0) : end], "little")
    key = b""
    at = offset
    while at < end:
        shared, at = varint(view, at, end)
        own, at = varint(view, at, end)
        length, at = varint(view, at, end)
        if shared > len(key) or own + length > end - at:
            raise ValueError("an entry is outside")
        left[0] -= shared + own + _ENTRY
        if left[0] < 0:
            raise Unreadable(ProblemKind.OVERSIZED, "it has more, or longer, keys than any that is in use")
        key = key[:shared] + bytes(view[at : at + own])
        yield key, view[at + own : at + own + length]
        at += own + length
