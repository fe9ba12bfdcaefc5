"""Reads TFLite Metadata: what a model says of its inputs and outputs, and the files that are packed behind it.

Source of the format: tflite-support dd3362ea6, tensorflow_lite_support/metadata/metadata_schema.fbs, and
metadata/cc/metadata_extractor.cc: a buffer with the identifier M001, and an archive at the end of the file.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from tflint.description import AssociatedFile, Description, TensorDescription
from tflint.formats.tflite.flat import BROKEN, Damage, Flat

__all__ = ["read_description"]

_LISTS = frozenset({"TENSOR_AXIS_LABELS", "TENSOR_VALUE_LABELS"})
_LONGEST = 4 << 20
"""So many bytes of a list are counted."""
_MOST_FILES = 1000


def read_description(view: memoryview, data: memoryview) -> Description:
    """What the metadata `data` of the file `view` says."""
    if bytes(data[4:8]) != b"M001":
        return Description(fault="it lacks the identifier M001")
    try:
        flat = Flat(data)
        table = flat.table("ModelMetadata", flat.follow(0))
    except BROKEN as reason:
        return Description(fault=str(Damage.of(reason)))
    packed = _Packed(view)
    for graph in table["subgraph_metadata"][:1]:
        return Description(
            _described(graph["input_tensor_metadata"], packed), _described(graph["output_tensor_metadata"], packed)
        )
    return Description()


def _described(tables: Sequence[Mapping[str, Any]], packed: _Packed) -> tuple[TensorDescription, ...]:
    found = []
    for table in tables:
        means: tuple[float, ...] = ()
        deviations: tuple[float, ...] = ()
        for unit in table["process_units"]:
            kind, options = unit["options"] or ("", None)
            if kind == "NormalizationOptions" and options is not None:
                means, deviations = tuple(map(float, options["mean"])), tuple(map(float, options["std"]))
        files = [packed.file(each["name"], str(each["type"])) for each in table["associated_files"]]
        found.append(TensorDescription(table["name"], means, deviations, tuple(files)))
    return tuple(found)


class _Packed:
    """The archive at the end of a model."""

    def __init__(self, view: memoryview) -> None:
        self._archive: zipfile.ZipFile | None = None
        self._names: dict[str, zipfile.ZipInfo] = {}
        try:
            self._archive = zipfile.ZipFile(io.BufferedReader(_Bytes(view)))
            self._names = {info.filename: info for info in self._archive.infolist()[:_MOST_FILES]}
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            return

    def file(self, name: str, kind: str) -> AssociatedFile:
        info = self._names.get(name)
        if info is None:
            return AssociatedFile(name, kind, is_packed=False)
        lines = self._lines(info) if kind in _LISTS else None
        return AssociatedFile(name, kind, is_packed=True, lines=lines, checksum=info.CRC)

    def _lines(self, info: zipfile.ZipInfo) -> int | None:
        assert self._archive is not None
        if info.file_size > _LONGEST:
            return None
        try:
            with self._archive.open(info) as file:
                text = file.read(_LONGEST + 1)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
            return None
        return len(text.rstrip(b"\r\n").split(b"\n")) if text.strip() and len(text) <= _LONGEST else None


class _Bytes(io.RawIOBase):
    """A file whose bytes are already here."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._at = view, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._view[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._view)}[whence])
        return self._at
