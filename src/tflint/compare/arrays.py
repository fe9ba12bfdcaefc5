"""Reads arrays from `.npy` and `.npz` files: sizes are checked before anything is read, and nothing is unpickled."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tflint.analysis.phrases import cut, size
from tflint.errors import RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Held", "opened"]

_MAGIC, _ZIP = b"\x93NUMPY", b"PK"
_LONGEST_HEADER = 1 << 16
_MOST_MEMBERS = 10_000
_KINDS = "fiubSU"


@dataclass(frozen=True, eq=False)
class Held:
    """An array of a file, not read yet. `label` is how messages call it."""

    label: str
    path: Path
    member: str
    """Its name in an archive; empty where the file is the array."""
    shape: tuple[int, ...]
    dtype: Any

    @property
    def width(self) -> int:
        """The bytes of an entry."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.width

    @cached_property
    def values(self) -> NDArray[Any]:
        """The array; a view of the file where it is one by itself.

        Raises:
            RunError: it cannot be read.
        """
        import numpy as np

        if not self.nbytes:
            return np.zeros(self.shape, self.dtype)
        with _reading(self.label):
            if self.member:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                    found = np.lib.format.read_array(file, allow_pickle=False)
            else:
                found = np.load(self.path, mmap_mode="r", allow_pickle=False)
            if found.shape != self.shape or found.dtype != self.dtype:
                raise RunError(f"{self.label} has changed while it was read.")
        return np.asarray(found)


def opened(path: Path) -> Mapping[str, Held]:
    """The arrays of a file, by their names: those of an `.npz`, or the one of a `.npy` by the name of the file.

    Raises:
        RunError: it holds none, or what it holds cannot be read.
    """
    label = f"'{cut(path.name)}'"
    with _reading(label):
        if not path.is_file():
            raise RunError(f"{label} holds no inputs: it is no file.")
        with open(path, "rb") as file:
            start = file.read(len(_MAGIC))
            if start.startswith(_MAGIC):
                file.seek(0)
                shape, dtype = _header(file, label, path.stat().st_size)
                return {path.stem: Held(label, path, "", shape, dtype)}
        if not start.startswith(_ZIP):
            raise RunError(f"{label} is neither a .npy nor an .npz file.")
        with zipfile.ZipFile(path) as archive:
            return _members(archive, path, label)
    raise AssertionError  # pragma: no cover - it has returned or raised


def _members(archive: zipfile.ZipFile, path: Path, label: str) -> Mapping[str, Held]:
    infos = archive.infolist()
    if len(infos) > _MOST_MEMBERS:
        raise RunError(f"{label} holds {len(infos):,} files; no more than {_MOST_MEMBERS:,} are looked at.")
    found: dict[str, Held] = {}
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            continue
        own = f"'{cut(name)}' of {label}"
        with archive.open(info) as file:
            shape, dtype = _header(file, own, info.file_size)
        found[name] = Held(own, path, info.filename, shape, dtype)
    if not found:
        raise RunError(f"{label} holds no arrays.")
    return found


def _header(file: IO[bytes], label: str, length: int) -> tuple[tuple[int, ...], Any]:
    """The shape and type of an array in a file of so many bytes."""
    import numpy as np

    start = io.BytesIO(file.read(_LONGEST_HEADER))  # a header may claim to be of any length
    version = np.lib.format.read_magic(start)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise RunError(f"{label} is of version {version[0]}.{version[1]} of numpy's format; 1.0 and 2.0 are read.")
    shape, _, dtype = readers[version](start)
    if dtype.hasobject:
        raise RunError(f"{label} holds Python objects, which are not read; save numbers or texts.")
    if dtype.kind not in _KINDS:
        raise RunError(f"{label} holds {cut(str(dtype))}; numbers, truth values or texts were expected.")
    if any(each < 0 for each in shape) or len(shape) > 32:
        raise RunError(f"{label} has a shape that no array can have.")
    if prod(shape) * dtype.itemsize > length:
        raise RunError(
            f"{label} says that it holds {size(prod(shape) * dtype.itemsize)}; there are {size(length)} in the file."
        )
    return tuple(shape), dtype


@contextmanager
def _reading(label: str) -> Iterator[None]:
    """Turn whatever goes wrong into a RunError."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RunError:
        raise
    except Exception as reason:  # damaged archives and headers fail in every way there is
        told = getattr(reason, "strerror", None) or str(reason).partition("\n")[0]
        raise RunError(f"{label} cannot be read: {cut(told) or type(reason).__name__}.") from reason
