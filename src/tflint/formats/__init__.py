"""Which files are models, by their content, and reading them.

A reader never gives up on the first fault: it returns what it could read, and `Model.problems` say what is wrong.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tflint.errors import ReadError
from tflint.formats.containers import HEAD, NAMED, Other, annexed, identify
from tflint.model import Format, Location, Model, Problem, ProblemKind

__all__ = ["discover", "read"]

MAP_FROM = 64 << 20
"""Files of at least so many bytes are mapped; smaller ones are read: a mapped file that shrinks kills the process."""

_SUFFIXES = frozenset({".tflite", ".lite", ".keras", ".h5", ".hdf5"})
"""In a folder a file counts as a model for one of these names, or for its content."""
_TFLITE_SUFFIXES = frozenset({".tflite", ".lite"})
_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")


def discover(path: Path) -> Iterator[Path]:
    """Yield the models at `path`: itself where it is a file or a SavedModel, else those in the folder, sorted.

    A file inside a SavedModel stands for the whole folder. Hidden folders are left out.

    Raises:
        ReadError: there is no such path, or the system does not let us look.
    """
    try:
        if path.name in _SAVED_MODEL and path.is_file():
            yield path.parent
        elif not path.is_dir():
            os.lstat(path)
            yield path
        elif _is_saved_model(path):
            yield path
        else:
            yield from _in_folder(path)
    except (OSError, ValueError) as reason:
        raise _read_error(str(path), reason) from reason


def _in_folder(path: Path) -> Iterator[Path]:
    for entry in sorted(path.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink():  # no loops
                yield from discover(entry)
        elif entry.suffix.lower() in _SUFFIXES or _begins_as_tflite(entry):
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
            return _unreadable(name, 0, _special(status.st_mode))
        with open(name, "rb") as file:
            head = file.read(HEAD)
            if head[4:8] != b"TFL3":
                return _other(name, status.st_size, head)
            from tflint.formats.tflite import reader

            if status.st_size >= MAP_FROM:
                return reader.read(name, memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
            file.seek(0)
            return reader.read(name, memoryview(file.read()))
    except (OSError, ValueError) as reason:
        if isinstance(reason, OSError) and reason.errno in {errno.ENOENT, errno.ELOOP} and Path(name).is_symlink():
            return _unreadable(name, 0, _dangling(Path(name)))
        raise _read_error(name, reason) from reason


def _read_error(path: str, reason: Exception) -> ReadError:
    """What to say of a path that the system does not let us read."""
    if isinstance(reason, FileNotFoundError | NotADirectoryError):
        return ReadError(f"There is no file or folder '{path}'.")
    said = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return ReadError(f"'{path}' cannot be read: {said}.")


def _is_saved_model(path: Path) -> bool:
    return any((path / name).is_file() for name in _SAVED_MODEL)


def _folder(path: str) -> Model:
    if not _is_saved_model(Path(path)):
        raise ReadError(f"'{path}' is a folder, and no SavedModel.")
    size = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
    from tflint.formats.saved_model import reader

    return reader.read(path, size)


def _other(path: str, size: int, head: bytes) -> Model:
    """The model of a file that is something else: each kind with its own sentence."""
    found = identify(path, size, head)
    named_tflite = Path(path).suffix.lower() in _TFLITE_SUFFIXES
    if isinstance(found, Format):
        if not named_tflite and found in _KERAS:
            from tflint.formats.keras import reader

            return reader.read(path, found)
        if not named_tflite:
            from tflint.formats.saved_model import reader as saved_model

            return saved_model.read(path, size)
        message = f"The file is {NAMED[found]}, under the name of a TFLite file."
        found = Other(ProblemKind.NOT_A_MODEL, message, "Give it its own suffix, or put the .tflite file in its place.")
    elif named_tflite and found.bundle:
        found = found._replace(kind=ProblemKind.NOT_A_MODEL)
    return _unreadable(path, size, found)


def _special(mode: int) -> Other:
    """What stands at a path that is neither a file nor a folder."""
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    what = next((text for test, text in kinds if test(mode)), "a device")
    return Other(ProblemKind.NOT_A_MODEL, f"This is {what}, and no file.", "Name a model file.")


def _dangling(path: Path) -> Other:
    """What a symbolic link is that leads to no file."""
    target = str(path.readlink())
    if "/annex/objects/" in target:
        return annexed()
    return Other(
        ProblemKind.NOT_A_MODEL,
        f"This is a symbolic link to '{target}', which leads to no file.",
        "Fetch the file that it stands for, or make the link again.",
    )


def _unreadable(path: str, size: int, what: Other, format: Format = Format.UNKNOWN) -> Model:
    problem = Problem(what.kind, Location(path), what.message, what.help, fatal=True)
    return Model(path, format, size, problems=(problem,))


def _begins_as_tflite(path: Path) -> bool:
    """True for a regular file with the identifier of TFLite; False where it cannot be read."""
    try:
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            return file.read(8)[4:] == b"TFL3"
    except OSError:
        return False
