"""The files of a SavedModel's folder, each read when it is needed."""

from __future__ import annotations

import mmap
import os
import stat
from pathlib import Path

from tflint.formats import MAP_FROM
from tflint.formats.containers import HEAD, Other, identify
from tflint.formats.tflite.problems import Problems
from tflint.model import Location, ProblemKind

__all__ = ["Folder", "contents"]


class Folder:
    """A folder out of which nothing is read: a symbolic link that leads away from it is a problem."""

    def __init__(self, path: str, problems: Problems) -> None:
        self.path = Path(path)
        self.problems = problems
        self.root = self._root()

    def _root(self) -> Path:
        """The folder that links may lead to: in a Hugging Face cache the one that holds its blobs, too."""
        root = self.path.resolve()
        for parent in root.parents:
            if parent.name == "snapshots" and (parent.parent / "blobs").is_dir():
                return parent.parent
        return root

    def has(self, name: str) -> bool:
        return os.path.lexists(self.path / name)

    def view(self, name: str, hint: str = "") -> memoryview | None:
        """The bytes of a file of the folder; None where it cannot be read, which is a problem."""
        path = self.path / name
        at = Location(self.problems.path, "", None, name)
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.root):
                message = f"'{name}' is a symbolic link to '{real}', out of the folder of the model; it was not read."
                self.problems.add(ProblemKind.MISSING_FILE, message, at, hint="Put the file itself in its place.")
                return None
            view = contents(real)
        except (OSError, RuntimeError, ValueError) as reason:
            said = "is not there" if isinstance(reason, FileNotFoundError) else f"cannot be read: {_said(reason)}"
            self.problems.add(ProblemKind.MISSING_FILE, f"'{name}' {said}.", at, hint=hint)
            return None
        pointer = _pointer(real, view)
        if pointer is None:
            return view
        self.problems.add(pointer.kind, f"'{name}': {pointer.message}", at, hint=pointer.help)
        return None


def _pointer(path: Path, view: memoryview) -> Other | None:
    """What a file is that only stands for one that was not fetched."""
    if not 0 < len(view) <= HEAD:
        return None
    found = identify(str(path), len(view), bytes(view))
    return found if isinstance(found, Other) and found.kind is ProblemKind.LFS_POINTER else None


def contents(path: str | Path) -> memoryview:
    """The bytes of a regular file.

    Raises:
        OSError: the system does not let us read it.
        ValueError: it is something else, as a pipe.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        if status.st_size >= MAP_FROM:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return memoryview(file.read())


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to does not hold us up."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _said(reason: Exception) -> str:
    return reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
