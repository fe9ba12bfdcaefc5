"""Which files are models, by their content, and reading them.

A reader never gives up on the first fault: it returns what it could read, and `Model.problems` say what is wrong.
"""

from __future__ import annotations

import mmap
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tflint.errors import ReadError
from tflint.model import Format, Location, Model, Problem, ProblemKind

__all__ = ["discover", "read"]

MAP_FROM = 64 << 20
"""Files of at least so many bytes are mapped; smaller ones are read: a mapped file that shrinks kills the process."""

_HEAD = 512
_SUFFIXES = frozenset({".tflite", ".lite", ".keras", ".h5", ".hdf5"})
"""In a folder a file counts as a model for one of these names, or for its content."""
_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")
_LFS = b"version https://git-lfs.github.com/spec/"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_NAMED = {
    Format.KERAS: "a Keras v3 archive",
    Format.KERAS_H5: "an HDF5 file",
    Format.SAVED_MODEL: "a SavedModel folder",
}


def discover(path: Path) -> Iterator[Path]:
    """Yield the models at `path`: itself where it is a file or a SavedModel, else those in the folder, sorted.

    A file inside a SavedModel stands for the whole folder. Hidden folders are left out.

    Raises:
        ReadError: there is no such path.
    """
    if path.name in _SAVED_MODEL and path.is_file():
        yield path.parent
    elif not path.is_dir():
        if not os.path.lexists(path):
            raise ReadError(f"There is no file or folder '{path}'.")
        yield path
    elif any((path / name).is_file() for name in _SAVED_MODEL):
        yield path
    else:
        yield from _in_folder(path)


def _in_folder(path: Path) -> Iterator[Path]:
    try:
        entries = sorted(path.iterdir())
    except OSError as reason:
        raise ReadError(f"The folder '{path}' cannot be listed: {reason.strerror}.") from reason
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink():  # no loops
                yield from discover(entry)
        elif entry.suffix.lower() in _SUFFIXES or _head(entry)[4:8] == b"TFL3":
            yield entry


def read(path: str | os.PathLike[str]) -> Model:
    """Return the model at `path`. What is wrong inside it stands in its `problems`.

    Raises:
        ReadError: there is no such path, or the system does not let us read it.
    """
    name = os.fspath(path)
    try:
        status = os.stat(name)
        if stat.S_ISDIR(status.st_mode):
            return _folder(name)
        if not stat.S_ISREG(status.st_mode):
            return _unreadable(name, 0, ProblemKind.NOT_A_MODEL, "This is no regular file.", "Name a model file.")
        with open(name, "rb") as file:
            head = file.read(_HEAD)
            if head[4:8] != b"TFL3":
                return _not_tflite(name, status.st_size, head)
            from tflint.formats.tflite import reader

            if status.st_size >= MAP_FROM:
                return reader.read(name, memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
            file.seek(0)
            return reader.read(name, memoryview(file.read()))
    except FileNotFoundError as reason:
        raise ReadError(f"There is no file or folder '{name}'.") from reason
    except OSError as reason:
        raise ReadError(f"'{name}' cannot be read: {reason.strerror}.") from reason


def _folder(path: str) -> Model:
    if not any((Path(path) / name).is_file() for name in _SAVED_MODEL):
        raise ReadError(f"'{path}' is a folder, and no SavedModel.")
    size = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
    return _unsupported(path, size, Format.SAVED_MODEL)


def _not_tflite(path: str, size: int, head: bytes) -> Model:
    """The model of a file that is something else: each kind with its own sentence."""
    found = _container(path, head)
    named_tflite = Path(path).suffix.lower() in {".tflite", ".lite"}
    if isinstance(found, Format):
        if not named_tflite:
            return _unsupported(path, size, found)
        found = (
            ProblemKind.NOT_A_MODEL,
            f"The file is {_NAMED[found]} under a .tflite name.",
            "Give it its own suffix.",
        )
    kind, message, hint = found
    return _unreadable(path, size, kind, message, hint)


def _container(path: str, head: bytes) -> Format | tuple[ProblemKind, str, str]:
    """The format of a file that is no TFLite flatbuffer, or what is wrong with it and what to do."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return ProblemKind.EMPTY, "The file is empty.", "Convert or fetch the model again."
    if head.startswith(_LFS):
        return _lfs(head)
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return (
            ProblemKind.NOT_A_MODEL,
            "The file is a web page: most likely the answer of a download that failed.",
            "Open the address in a browser, and download the file itself.",
        )
    if head.startswith(_HDF5):
        return Format.KERAS_H5
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head.startswith(b"\x1f\x8b"):
        return ProblemKind.NOT_A_MODEL, "The file is compressed with gzip.", "Unpack it: gunzip FILE."
    if head[4:7] == b"TFL" and head[7:8].isalnum():
        return (
            ProblemKind.IDENTIFIER,
            f"The file's identifier is '{head[4:8].decode('ascii', 'replace')}'; TFLite and LiteRT read 'TFL3' only.",
            "Convert the model again with a released converter.",
        )
    if len(head) < 8:
        return ProblemKind.TRUNCATED, f"The file has {len(head)} bytes; no model is so short.", "Fetch the file again."
    if _is_text(head):
        return ProblemKind.NOT_A_MODEL, "The file is text, and no model.", "Name a model file."
    return (
        ProblemKind.NOT_A_MODEL,
        f"The file is no model that tflint knows: it begins with {head[:8].hex(' ')}; a TFLite file has 'TFL3' at byte 4.",
        "Name a .tflite, .keras or .h5 file, or a SavedModel folder.",
    )


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 32 for byte in head)


def _lfs(head: bytes) -> tuple[ProblemKind, str, str]:
    size = next((line[5:] for line in head.split(b"\n") if line.startswith(b"size ")), b"")
    what = f" of {int(size):,} bytes" if size.isdigit() and len(size) < 20 else ""
    return (
        ProblemKind.LFS_POINTER,
        f"The file is a git-LFS pointer; the model itself{what} was not fetched, and nothing of it was checked.",
        "Run: git lfs pull",
    )


def _zip(path: str) -> Format | tuple[ProblemKind, str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            if "config.json" in archive.namelist():
                return Format.KERAS
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as reason:
        return (
            ProblemKind.TRUNCATED,
            f"The file begins as a zip archive (a .keras file is one), and cannot be opened: {reason}.",
            "Save or fetch the file again.",
        )
    return (
        ProblemKind.NOT_A_MODEL,
        "The file is a zip archive without the config.json of a Keras model.",
        "Unpack it, and name the model inside.",
    )


def _unsupported(path: str, size: int, format: Format) -> Model:
    problem = Problem(
        ProblemKind.UNSUPPORTED,
        Location(path),
        f"This is {_NAMED[format]}; this version of tflint reads .tflite files only, and checked nothing in it.",
        "Name the .tflite file that was converted from it.",
        fatal=True,
    )
    return Model(path, format, size, problems=(problem,))


def _unreadable(path: str, size: int, kind: ProblemKind, message: str, hint: str) -> Model:
    problem = Problem(kind, Location(path), message, hint, fatal=True)
    return Model(path, Format.UNKNOWN, size, problems=(problem,))


def _head(path: Path) -> bytes:
    """The first bytes of a regular file; none where it cannot be read."""
    try:
        if not path.is_file():
            return b""
        with open(path, "rb") as file:
            return file.read(8)
    except OSError:
        return b""
