"""Inputs that are given in files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflint.analysis.phrases import count, cut, listed, share, size
from tflint.compare.arrays import Held, opened
from tflint.compare.values import Fed, affine, decoded, on_grid
from tflint.comparison import Feed
from tflint.errors import RunError
from tflint.model import DType, Model, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["given"]

_MOST_SAMPLES = 64
_MOST_BYTES = 256 << 20
"""The samples that are taken hold no more."""
_MOST_UNPACKED = 1 << 30
"""So much of an archive is read."""
_PLACE = re.compile(r"(input_|arr_)?\d+")
"""A name that is only a number: files of samples have such, too."""
_CLIPPED = 0.05
"""Where more of the values than that share lie outside the range of a quantized input, it is told."""


class _Lies(Enum):
    """How samples lie in an array."""

    WHOLE = "one, as the input takes it"
    BARE = "one, without the dimension of the batch"
    ROWS = "behind each other along the first dimension"
    STACKED = "behind each other along a dimension of their own"


@dataclass(frozen=True, eq=False)
class _Part:
    """An array with samples of one input."""

    held: Held
    lies: _Lies
    count: int
    rows: int = 1
    """The first dimension of a sample."""

    def take(self, number: int) -> tuple[str, NDArray[Any]]:
        """What messages call a sample, and it."""
        values = self.held.values
        if self.lies in (_Lies.WHOLE, _Lies.BARE):
            return self.held.label, values if self.lies is _Lies.WHOLE else values[None]
        first = number * self.rows
        value = values[number] if self.lies is _Lies.STACKED else values[first : first + self.rows]
        return f"row {number} of {self.held.label}" if self.count > 1 else self.held.label, value


@dataclass(frozen=True, eq=False)
class _Samples:
    """What is there for one input."""

    tensor: Tensor
    name: str
    parts: Sequence[_Part]

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def nbytes(self) -> int:
        """The bytes of the largest sample once it is read."""
        least = max(4, (self.tensor.dtype.bits or 0) // 8)
        return max(prod(part.held.shape) // part.count * max(least, part.held.width) for part in self.parts)

    def take(self, number: int) -> tuple[str, NDArray[Any]]:
        """The sample of this number; the only one for any number."""
        number = number if self.count > 1 else 0
        for part in self.parts:
            if number < part.count:
                return part.take(number)
            number -= part.count
        raise AssertionError  # pragma: no cover - numbers are below the count


def given(path: Path, model: Model, names: Sequence[Sequence[str]]) -> tuple[tuple[Fed, ...], str]:
    """The inputs in a file or folder, and the words that say where they come from.

    A file is an `.npz` with an array for each input, or a `.npy` for a model with one input. A folder holds a `.npy`
    for each input; for a model with one input it may hold one for each sample. An array is one sample where it has the
    shape of the input, with or without a dimension of 1 for the batch, and several where its first dimension is larger
    than that or stands before the shape. Of many samples some are taken, evenly: rows are counted from 0.

    Numbers for a floating point or quantized input are real values. Only integers of the very type of a quantized
    input are what it stores: bytes for an input of INT8 are levels of grey from 0 to 255, not its integers.

    Args:
        path: the file or folder.
        model: the model.
        names: for each of its inputs what it may be called, the best name first.

    Raises:
        RunError: there is nothing to read, or it does not fit the model.
    """
    label = f"'{cut(path.name)}'"
    tensors = model.graphs[0].inputs if model.graphs else ()
    if not tensors:
        raise RunError(f"{label} is of no use: the model takes no inputs.")
    names = [own or (f"input {place}",) for place, own in enumerate(names)]
    chosen, files = _in_folder(path, names) if path.is_dir() else (_in_file(path, names), 0)
    inputs = [
        _Samples(tensor, own[0], [_part(held, tensor, own[0]) for held in parts])
        for tensor, own, parts in zip(tensors, names, chosen, strict=True)
    ]
    total = _total(inputs, label)
    picked = _picked(inputs, total, label)
    feds = [_fed(inputs, number, label) for number in picked]
    _check_shapes(feds, inputs)
    text = f"{count(total, 'sample')} in {label}"
    if files > _MOST_SAMPLES:
        text = f"{count(len(feds), 'sample')} of the {files:,} files in {label}, evenly chosen"
    elif total > len(feds):
        text = f"{count(len(feds), 'sample')} of the {total:,} in {label}, evenly chosen"
    return tuple(feds), text + _outside(feds, inputs)


def _fed(inputs: Sequence[_Samples], number: int, label: str) -> Fed:
    """The sample of this number of all inputs."""
    taken = [each.take(number) for each in inputs]
    values = [_fitting(value, each, where) for (where, value), each in zip(taken, inputs, strict=True)]
    where = next((where for (where, _), each in zip(taken, inputs, strict=True) if each.count > 1), label)
    if where.startswith("row "):
        where = f"{where.partition(' of ')[0]} of {label}"
    return Fed(Feed(where, "given"), tuple(values))


def _check_shapes(feds: Sequence[Fed], inputs: Sequence[_Samples]) -> None:
    """Raise a RunError where samples differ in shape: a model is brought to one."""
    for fed in feds[1:]:
        for value, first, samples in zip(fed.values, feds[0].values, inputs, strict=True):
            if value.shape != first.shape:
                raise RunError(
                    f"The samples for the input '{cut(samples.name)}' differ in shape: {feds[0].feed.label} has "
                    f"{_by(first.shape)} and {fed.feed.label} {_by(value.shape)}."
                )


def _in_file(path: Path, names: Sequence[Sequence[str]]) -> list[list[Held]]:
    """For each input the array of a file that is its own."""
    arrays = opened(path)
    chosen = [arrays[name] for name in _chosen(list(arrays), names, f"'{cut(path.name)}'")]
    packed = sum(held.nbytes for held in chosen if held.member)
    if packed > _MOST_UNPACKED:
        raise RunError(
            f"'{cut(path.name)}' has {size(packed)} for the inputs; no more than {size(_MOST_UNPACKED)} of an archive "
            "are read."
        )
    return [[held] for held in chosen]


def _in_folder(path: Path, names: Sequence[Sequence[str]]) -> tuple[list[list[Held]], int]:
    """For each input its arrays in the files of a folder, and of how many files with samples of the only input."""
    label = f"'{cut(path.name)}'"
    try:
        files = sorted(each for each in path.iterdir() if each.suffix.lower() == ".npy")
    except OSError as reason:
        raise RunError(f"{label} cannot be read: {reason.strerror or reason}.") from reason
    if not files:
        raise RunError(f"{label} holds no .npy files.")
    stems = {each.stem: each for each in files}
    if len(names) > 1 or any(name in stems and not _PLACE.fullmatch(name) for name in names[0]):
        return [[*opened(stems[stem]).values()] for stem in _chosen(list(stems), names, label)], 0
    taken = [files[number] for number in _evenly(len(files), _MOST_SAMPLES)]
    return [[held for each in taken for held in opened(each).values()]], len(files)


def _chosen(found: Sequence[str], names: Sequence[Sequence[str]], label: str) -> list[str]:
    """For each input the name of its array: one that it may be called by, or the only one for the only input.

    Raises:
        RunError: an input has none.
    """
    chosen: list[str | None] = []
    for place, own in enumerate(names):
        known = (name for name in (*own, f"arr_{place}") if name in found and name not in chosen)
        chosen.append(next(known, None))
    if chosen == [None] and len(found) == 1:
        return list(found)
    sure = [name for name in chosen if name is not None]
    if len(sure) < len(names):
        wanted = [f"'{cut(own[0])}'" for own in names]
        missing = [name for name, each in zip(wanted, chosen, strict=True) if each is None]
        held = listed((f"'{cut(name)}'" for name in found), 8)
        raise RunError(
            f"{label} has nothing for {listed(missing)}: it holds {held}, and the model takes {listed(wanted, 8)}."
        )
    return sure


def _part(held: Held, tensor: Tensor, name: str) -> _Part:
    """How the samples of an input lie in an array.

    Raises:
        RunError: its shape does not fit, or it has none.
    """
    shape, wanted = held.shape, tensor.shape
    found: _Part | None = None
    if not tensor.has_rank or (len(shape) == len(wanted) < 2 and _fits(shape, wanted)):
        found = _Part(held, _Lies.WHOLE, 1)
    elif len(shape) == len(wanted) > 0 and _fits(shape[1:], wanted[1:]):
        rows = wanted[0] or 1
        found = _Part(held, _Lies.ROWS, shape[0] // rows, rows) if shape[0] % rows == 0 else None
    elif len(shape) == len(wanted) + 1 and _fits(shape[1:], wanted):
        found = _Part(held, _Lies.STACKED, shape[0])
    elif len(shape) + 1 == len(wanted) and wanted[0] in (1, None) and _fits(shape, wanted[1:]):
        found = _Part(held, _Lies.BARE, 1)
    if found is None:
        raise RunError(
            f"{held.label} has the shape {_by(shape)}; the input '{cut(name)}' has {_by(wanted)}, and samples lie "
            "along its first dimension or one before it."
        )
    if not found.count or not prod(shape):
        raise RunError(f"{held.label} holds no samples: its shape is {_by(shape)}.")
    return found


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return all(each is None or each == size for size, each in zip(shape, wanted, strict=True))


def _by(shape: Sequence[int | None]) -> str:
    return f"[{', '.join('?' if each is None else str(each) for each in shape)}]"


def _total(inputs: Sequence[_Samples], label: str) -> int:
    """The number of samples, which inputs with more than one agree on."""
    counts = {each.count: each.name for each in inputs if each.count > 1}
    if len(counts) > 1:
        told = listed(f"{count(number, 'sample')} for '{cut(name)}'" for number, name in counts.items())
        raise RunError(f"{label} holds {told}; each input needs as many.")
    return next(iter(counts), 1)


def _picked(inputs: Sequence[_Samples], total: int, label: str) -> list[int]:
    """The numbers of the samples that are taken."""
    each = sum(one.nbytes for one in inputs)
    if each > _MOST_BYTES:
        raise RunError(f"A sample of {label} takes {size(each)}; no more than {size(_MOST_BYTES)} are read.")
    return _evenly(total, min(_MOST_SAMPLES, _MOST_BYTES // max(1, each)))


def _evenly(total: int, most: int) -> list[int]:
    if total <= most:
        return list(range(total))
    return [0] if most == 1 else [number * (total - 1) // (most - 1) for number in range(most)]


def _fitting(value: NDArray[Any], samples: _Samples, where: str) -> NDArray[Any]:
    """A sample as the comparison wants it: real values, or what the input holds.

    Raises:
        RunError: its values are none that the input takes.
    """
    tensor, name, kind = samples.tensor, cut(samples.name), value.dtype.kind
    if tensor.dtype is DType.STRING:
        if kind not in "SU":
            raise RunError(f"{where} holds {value.dtype}; the input '{name}' takes texts.")
        return _bytes(value)
    if kind in "SU" or tensor.dtype.numpy_name is None:
        found = "texts" if kind in "SU" else str(value.dtype)
        raise RunError(f"{where} holds {found}; the input '{name}' takes {tensor.dtype.value}.")
    if affine(tensor) is not None and value.dtype.newbyteorder("<") == tensor.dtype.numpy_name:
        return decoded([value], [tensor])[0]
    if affine(tensor) is not None or tensor.dtype.is_float:
        return _real(value, tensor, name, where)
    return _plain(value, tensor, name, where)


def _bytes(value: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.array(value if value.dtype.kind == "S" else np.char.encode(value, "utf-8"))


def _real(value: NDArray[Any], tensor: Tensor, name: str, where: str) -> NDArray[Any]:
    """Real values: float32, or float64 where the input is."""
    import numpy as np

    with np.errstate(all="ignore"):
        found = value.astype(np.float64 if tensor.dtype is DType.FLOAT64 else np.float32, order="C")
    bad = int(found.size - np.isfinite(found).sum())
    if bad:
        raise RunError(
            f"{where} has values that are not finite for the input '{name}', {bad:,} of them; what a model "
            "makes of such cannot be compared."
        )
    return found


def _plain(value: NDArray[Any], tensor: Tensor, name: str, where: str) -> NDArray[Any]:
    """Integers, truth values or complex numbers that stand for themselves."""
    import numpy as np

    dtype = np.dtype(tensor.dtype.numpy_name)
    if dtype.kind == "c":
        return value.astype(dtype)
    least, most = tensor.dtype.integer_range or (0, 1)
    with np.errstate(all="ignore"):
        is_whole = value.dtype.kind in "iub" or bool((value == np.floor(value)).all())
    if not is_whole:
        raise RunError(f"{where} holds fractions; the input '{name}' takes {tensor.dtype.value}.")
    lowest, highest = value.min().item(), value.max().item()
    if lowest < least or highest > most or (value.dtype.kind == "f" and abs(highest) >= 2**63):
        raise RunError(
            f"{where} holds values from {lowest:g} to {highest:g}; the input '{name}' takes {tensor.dtype.value}, "
            f"{least:,} to {most:,}."
        )
    return value.astype(dtype, order="C")


def _outside(feds: Sequence[Fed], inputs: Sequence[_Samples]) -> str:
    """What is to be said of the values that quantized inputs have no integers for."""
    found = ""
    for place, samples in enumerate(inputs):
        part = sum(_cut_off(fed.values[place], samples.tensor) for fed in feds) / len(feds)
        if part > _CLIPPED:
            found += (
                f"; {share(part, 1)} of the values of '{cut(samples.name)}' lie outside the range that it is quantized "
                "for"
            )
    return found


def _cut_off(value: NDArray[Any], tensor: Tensor) -> float:
    """The share of real values that lie further than a step from what a quantized input makes of them."""
    import numpy as np

    held = affine(tensor)
    if held is None:
        return 0.0
    error = abs(on_grid([value], [tensor])[0] - value)
    return float((error > held.scale.max()).mean(dtype=np.float64))
