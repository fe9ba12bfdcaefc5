"""Looks into HDF5 files with h5py, in a process of its own: damaged ones make the library crash or hang.

Run as a script, with the file as standard input and a place and a length for each HDF5 file in it. Standard output is
the length of a JSON document (eight bytes, little-endian), the document, and the values that it refers to.

Values that lie in the file as they are in memory are not read: the document says where they lie. Links to other files,
values in other files and filters from other libraries are not followed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import RawIOBase
from math import prod
from struct import pack
from typing import IO, Any

__all__ = ["NO_LIBRARY", "look", "main"]

NO_LIBRARY = 70
"""The exit status that says that h5py cannot be imported."""
_MEMORY = 2 << 30
_SECONDS = (5, 60)
"""The least and the most time for the processor; a megabyte of a file is given two seconds."""
_LONGEST_ATTRIBUTE = 64 << 20
_LARGEST_VALUES = 256 << 20
"""So many bytes of values are copied in all: of those that are in pieces, compressed, or of another byte order."""
_EXPANSION = 1000
"""No values are so many times larger than what is stored of them, beyond the first mebibyte."""
_MOST_OBJECTS = 100_000
_DEEPEST = 64
_LONGEST_PATH = 4096
_MOST_FAULTS = 20
_FILTERS = frozenset({1, 2, 3, 4, 32000})
"""deflate, shuffle, fletcher32, szip, lzf: the filters that h5py itself has."""
_TOLD = ("attributes", "datasets", "faults", "error", "top")
_ASKED = re.compile(r"model_config|training_config|keras_version|backend|name|(layer|weight)_names\d*")
_OUTER = re.compile(r"\w[^(]*\((.*)\)")
"""What the library was about to do, and what was wrong, which is what counts."""
_LEFT_OUT = frozenset({"optimizer", "optimizer_weights"})
"""What training left behind says nothing of the model."""


class _Window:
    """A part of a file, as a file of its own."""

    def __init__(self, file: RawIOBase, start: int, length: int) -> None:
        self.file, self.start, self.length, self.place = file, start, length, 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.place = offset + (0, self.place, self.length)[whence]
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, size: int = -1) -> bytes:
        part = bytearray(self.length - self.place if size < 0 else size)
        self.readinto(part)
        return bytes(part)

    def readinto(self, part: bytearray | memoryview) -> int:
        """Fill `part`, or fail: what is left as it was would be taken for content."""
        if self.place < 0 or self.place + len(part) > self.length:
            message = f"it refers to byte {self.place + len(part):,}, and ends at byte {self.length:,}"
            raise OSError(message)
        self.file.seek(self.start + self.place)
        if self.file.readinto(part) != len(part):
            message = "it became shorter while it was read"
            raise OSError(message)
        self.place += len(part)
        return len(part)


class _Look:
    """What is found in one HDF5 file."""

    def __init__(self, values: list[bytes]) -> None:
        self.values = values
        self.attributes: dict[str, dict[str, Any]] = {}
        self.datasets: list[list[Any]] = []
        self.faults: list[str] = []
        self.error = ""
        self.top: list[str] = []
        self.count = 0
        self.copied = 0

    def fault(self, path: str, reason: object) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(f"'{path[-200:]}' {_said(reason)}")

    def walk(self, file: Any) -> None:
        """Go through all groups from an open one; what is damaged in one does not hide the others."""
        import h5py

        left: list[tuple[str, Any]] = [("", file)]
        seen: set[int] = set()
        while left:
            path, group = left.pop()
            try:
                address = h5py.h5o.get_info(group).addr
                if address in seen or path.count("/") >= _DEEPEST:
                    continue
                seen.add(address)
                if h5py.h5a.get_num_attrs(group):
                    self._attributes(path, h5py.Group(group))
                for name in group:
                    self.count += 1
                    if self.count > _MOST_OBJECTS:
                        self.fault(path, f"is one of more than {_MOST_OBJECTS:,} objects; the others were not read")
                        return
                    left.extend(self._child(path, group, name))
            except Exception as reason:  # the library fails in every way there is
                self.fault(path or "/", f"cannot be read: {_said(reason)}")

    def _child(self, above: str, group: Any, name: bytes) -> Iterator[tuple[str, Any]]:
        """Yield the group of that name with its path; what is something else is noted here."""
        import h5py

        path = f"{above}/{_text(name)}" if above else _text(name)
        if not above:
            self.top.append(path[:80])
        if len(path) > _LONGEST_PATH:
            self.fault(path, "has too long a name, and was not read")
        if len(path) > _LONGEST_PATH or path in _LEFT_OUT:
            return
        try:
            if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
                self.fault(path, "is a link to another place or another file, and was not followed")
                return
            found = h5py.h5o.open(group, name)
            if isinstance(found, h5py.h5g.GroupID):
                yield path, found
            elif isinstance(found, h5py.h5d.DatasetID):
                self._dataset(path, found)
        except Exception as reason:  # the library fails in every way there is
            self.fault(path, f"cannot be read: {_said(reason)}")

    def _attributes(self, path: str, group: Any) -> None:
        import h5py

        for name in group.attrs:
            if not _ASKED.fullmatch(name):
                continue
            try:
                held = h5py.h5a.open(group.id, name.encode())
                if prod(held.shape or ()) * held.get_type().get_size() > _LONGEST_ATTRIBUTE:
                    self.fault(path or "/", f"has an attribute '{name}' that is too long")
                    continue
                self.attributes.setdefault(path, {})[name] = _plain(group.attrs[name])
            except Exception as reason:  # the library fails in every way there is
                self.fault(path or "/", f"has an attribute '{name}' that cannot be read: {_said(reason)}")

    def _dataset(self, path: str, found: Any) -> None:
        import h5py

        dtype = found.dtype
        kind = f"{dtype.kind}{dtype.itemsize}"
        if found.get_space().get_simple_extent_type() == h5py.h5s.NULL:
            self.datasets.append([path, "", [], None, None])
            return
        shape = found.shape
        if dtype.kind not in "fiubcV" or dtype.names is not None:
            self.datasets.append([path, kind, list(shape), None, None])
            return
        size = prod(shape) * dtype.itemsize
        plan = found.get_create_plist()
        if plan.get_external_count() or plan.get_layout() == h5py.h5d.VIRTUAL:
            self.fault(path, "has its values in another file, and they were not read")
            self.datasets.append([path, kind, list(shape), None, None])
            return
        stored = found.get_storage_size()
        offset = found.get_offset() if plan.get_layout() == h5py.h5d.CONTIGUOUS else None
        if offset is not None and stored == size and _as_in_memory(found):
            self.datasets.append([path, kind, list(shape), offset, None])
            return
        place = None
        if any(plan.get_filter(index)[0] not in _FILTERS for index in range(plan.get_nfilters())):
            self.fault(path, "is stored with a filter that h5py does not have, and was not read")
        elif size > max(1 << 20, _EXPANSION * stored):
            self.fault(path, f"is {size:,} bytes large by its shape, and {stored:,} are stored; it was not read")
        elif size + self.copied > _LARGEST_VALUES:
            self.fault(path, f"is stored in pieces or compressed, and too large to copy: {size:,} bytes")
        else:
            place = len(self.values)
            self.copied += size
            array = h5py.Dataset(found)[()]
            self.values.append(array.astype(array.dtype.newbyteorder("<")).tobytes())
        self.datasets.append([path, kind, list(shape), None, place])


def _as_in_memory(found: Any) -> bool:
    """True where the bytes in the file are the elements as little-endian memory has them."""
    import h5py

    dtype = found.dtype
    if dtype.kind == "V" or dtype.itemsize == 1:
        return True
    return bool(found.get_type().equal(h5py.h5t.py_create(dtype.newbyteorder("<"))))


def _plain(value: Any) -> Any:
    """An attribute as JSON can have it: texts and lists of texts; None for everything else."""
    if isinstance(value, str | bytes):
        return _text(value)
    if getattr(value, "ndim", None) != 1:
        return [] if getattr(value, "size", None) == 0 else None
    return [_text(item) for item in value.tolist() if isinstance(item, str | bytes)]


def _text(value: str | bytes) -> str:
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return raw.decode("utf-8", "replace")


def _said(reason: object) -> str:
    if isinstance(reason, MemoryError):
        return "it asks for too much memory"
    said = reason.args[0] if isinstance(reason, KeyError) and reason.args else reason
    text = str(said).partition("\n")[0].rstrip(".")
    inner = _OUTER.fullmatch(text)
    return _text((inner[1] if inner else text)[:200]) or type(reason).__name__


def look(file: RawIOBase, windows: list[tuple[int, int]]) -> tuple[list[dict[str, Any]], list[bytes]]:
    """What is in the HDF5 files at some places of a file, and the values that had to be copied."""
    import h5py

    values: list[bytes] = []
    documents = []
    for start, length in windows:
        found = _Look(values)
        try:
            with h5py.File(_Window(file, start, length), "r") as opened:
                found.walk(opened.id)
        except Exception as reason:  # the library fails in every way there is
            found.error = _said(reason)
        documents.append({key: getattr(found, key) for key in _TOLD})
    return documents, values


def _limit(size: int) -> None:
    """Hold this process to its share for files of so many bytes, where the system can."""
    seconds = min(_SECONDS[0] + 2 * (size >> 20), _SECONDS[1])
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main(arguments: list[str], file: RawIOBase, out: IO[bytes]) -> None:
    """Write what is in the HDF5 files whose places and lengths are given."""
    numbers = [int(each) for each in arguments]
    documents, values = look(file, list(zip(numbers[::2], numbers[1::2], strict=True)))
    text = json.dumps({"files": documents, "sizes": [len(value) for value in values]}).encode("ascii")
    out.write(pack("<Q", len(text)))
    out.write(text)
    for value in values:
        out.write(value)
    out.flush()


if __name__ == "__main__":
    _limit(sum(map(int, sys.argv[2::2])))
    try:
        import h5py  # noqa: F401
    except ImportError:
        sys.exit(NO_LIBRARY)
    with open(0, "rb", buffering=0, closefd=False) as standard_input:
        main(sys.argv[1:], standard_input, sys.stdout.buffer)
