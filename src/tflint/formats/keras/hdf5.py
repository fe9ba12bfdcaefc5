"""What is in the HDF5 files of a model, as a worker process tells it.

The worker reads the structure; values that lie in the file as they are in memory are views of the file that this
process has open, never copies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import IO, Any, Self

from tflint.formats.keras.config import entries, mapping, text
from tflint.formats.keras.worker import NO_LIBRARY
from tflint.tensor import DType

__all__ = ["Dataset", "Look", "Stored", "Window"]

_WORKER = str(Path(__file__).with_name("worker.py"))
_SECONDS = 180
"""More than the worker may compute, however busy the system is."""
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}
"""One thread is faster to start than many, and a file cannot ask for a library as a filter."""
_DTYPES = {
    "f4": DType.FLOAT32, "f2": DType.FLOAT16, "f8": DType.FLOAT64, "c8": DType.COMPLEX64, "c16": DType.COMPLEX128,
    "i1": DType.INT8, "i2": DType.INT16, "i4": DType.INT32, "i8": DType.INT64, "b1": DType.BOOL,
    "u1": DType.UINT8, "u2": DType.UINT16, "u4": DType.UINT32, "u8": DType.UINT64,
    "V2": DType.BFLOAT16,
}  # fmt: skip
"""numpy's types; Keras writes bfloat16, which numpy does not know, as two bytes without a type."""


@dataclass(frozen=True)
class Window:
    """Where an HDF5 file lies in `content`: the bytes of the model's file, or of a temporary one that no user knows."""

    content: memoryview
    start: int
    length: int
    temporary: bool = False


@dataclass(frozen=True, eq=False)
class Dataset:
    """An array of an HDF5 file. `data` is None where its values were not read."""

    dtype: DType
    shape: tuple[int, ...]
    data: memoryview | None = None
    byte_offset: int | None = None


@dataclass(frozen=True)
class Stored:
    """What an HDF5 file, or several parts of one, hold, by path.

    `error` says why nothing could be read; `is_damaged` is False where the file is not to blame.
    """

    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    top: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    error: str = ""
    is_damaged: bool = True

    def attribute(self, path: str, name: str) -> str:
        """A text that a group has as an attribute; empty where it has none."""
        return text(mapping(self.attributes.get(path)).get(name))

    def names(self, path: str, name: str) -> list[str]:
        """A list of texts that a group has as an attribute, or as several where it is long."""
        held = mapping(self.attributes.get(path))
        parts = [name, *(f"{name}{number}" for number in range(len(held)))]
        return [text(each) for part in parts for each in entries(held.get(part))]


class Look:
    """A look into the HDF5 files at some windows, under way while this process does other things."""

    def __init__(self, file: IO[bytes], windows: Sequence[Window]) -> None:
        self.windows = windows
        self.process: subprocess.Popen[bytes] | None = None
        self.failed = ""
        numbers = [str(number) for window in windows for number in (window.start, window.length)]
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own program, and numbers
                [sys.executable, "-P", _WORKER, *numbers],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | _ENVIRONMENT,
            )
        except OSError as reason:
            self.failed = f"the process that reads HDF5 cannot be started: {reason.strerror or reason}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            with suppress(OSError):
                self.process.kill()
            self.process.communicate()

    def result(self) -> Stored:
        """What was found; called once."""
        if self.process is None:
            return Stored(error=self.failed, is_damaged=False)
        try:
            told, _ = self.process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            return Stored(error=f"it took more than {_SECONDS} s", is_damaged=False)
        status = self.process.returncode
        if status == NO_LIBRARY:
            return Stored(error="h5py cannot be imported", is_damaged=False)
        if status:
            return Stored(error=f"reading it ended the process with {_ended(status)}")
        try:
            return _merged(told, self.windows)
        except (ValueError, TypeError, LookupError, AttributeError):
            return Stored(error="what was read of it makes no sense")


def _ended(status: int) -> str:
    import signal

    with suppress(ValueError):
        name = signal.Signals(-status).name
        return f"{name}: it took too long" if name == "SIGXCPU" else name
    return f"status {status}"


def _merged(told: bytes, windows: Sequence[Window]) -> Stored:
    """What the worker told, checked against the windows it was to look into."""
    length = int.from_bytes(told[:8], "little")
    document = json.loads(told[8 : 8 + length])
    values = _values(memoryview(told)[8 + length :], document["sizes"])
    datasets: dict[str, Dataset] = {}
    attributes: dict[str, Mapping[str, Any]] = {}
    faults: list[str] = []
    top: list[str] = []
    for found, window in zip(document["files"], windows, strict=True):
        if found["error"]:
            return Stored(error=found["error"])
        for path, kind, shape, offset, place in found["datasets"]:
            datasets.setdefault(
                path, _dataset(window, kind, tuple(shape), offset, None if place is None else values[place])
            )
        for path, held in found["attributes"].items():
            attributes[path] = {**attributes.get(path, {}), **held}
        faults += found["faults"]
        top += found["top"]
    return Stored(datasets, attributes, tuple(top), tuple(faults))


def _values(rest: memoryview, sizes: Sequence[int]) -> list[memoryview]:
    found = []
    for size in sizes:
        found.append(rest[:size])
        rest = rest[size:]
    return found


def _dataset(
    window: Window, kind: str, shape: tuple[int, ...], offset: int | None, values: memoryview | None
) -> Dataset:
    dtype = _DTYPES.get(kind, DType.STRING if kind[:1] in {"O", "S"} else DType.UNKNOWN)
    size = prod(shape) * int(kind[1:] or 0)
    if offset is None:
        return Dataset(dtype, shape, values if values is not None and len(values) == size else None)
    if offset < 0 or offset + size > window.length:
        return Dataset(dtype, shape)
    place = window.start + offset
    return Dataset(dtype, shape, window.content[place : place + size], None if window.temporary else place)
