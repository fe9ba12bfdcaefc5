"""Unpacks blocks that were compressed with Snappy, as older checkpoints have them.

Source of the format: google/snappy 1.2.2, format_description.txt.
"""

from __future__ import annotations

from tflint.formats.saved_model.wire import varint

__all__ = ["unpacked"]

_LARGEST = 16 << 20
"""No block that is in use is so large: they are closed at 256 KiB."""


def unpacked(view: memoryview) -> memoryview:
    """The bytes of a compressed block.

    Raises:
        ValueError: it does not follow the format, or says that it is larger than any in use.
    """
    size, at = varint(view, 0, len(view))
    if size > _LARGEST:
        raise ValueError("a block is too large")
    out = bytearray()
    while at < len(view):
        tag = view[at]
        at += 1
        if tag & 3 == 0:
            length, at = _literal(view, tag, at)
            out += view[at : at + length]
            at += length
            continue
        length, offset, at = _copy(view, tag, at)
        if not 0 < offset <= len(out):
            raise ValueError("a copy is outside")
        start = len(out) - offset
        part = bytes(out[start : start + length])
        out += (part * (length // len(part) + 1))[:length]  # a copy may run into itself
        if len(out) > size:
            break
    if len(out) != size:
        raise ValueError("a block has another size than it says")
    return memoryview(bytes(out))


def _literal(view: memoryview, tag: int, at: int) -> tuple[int, int]:
    """The length of bytes that stand there as they are, and where they begin."""
    length = tag >> 2
    if length >= 60:
        more = length - 59
        length = int.from_bytes(view[at : at + more], "little")
        at += more
    if length >= len(view) - at:
        raise ValueError("a literal is outside")
    return length + 1, at


def _copy(view: memoryview, tag: int, at: int) -> tuple[int, int, int]:
    """The length and the distance of bytes that stood before, and where the next element begins."""
    if tag & 3 == 1:
        return (tag >> 2 & 7) + 4, (tag >> 5) << 8 | int.from_bytes(view[at : at + 1], "little"), at + 1
    width = 2 if tag & 3 == 2 else 4
    return (tag >> 2) + 1, int.from_bytes(view[at : at + width], "little"), at + width
