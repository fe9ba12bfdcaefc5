"""Which source a model was converted from, where nobody said: in one folder, by what both take and give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tflint.analysis.compared import compared
from tflint.analysis.sites import PRODUCTS, sites
from tflint.formats import read
from tflint.model import DType, Format, Model, Tensor

__all__ = ["Reader", "is_plausible", "pair_up"]

_SOURCES = {".keras": 0, "": 1, ".h5": 2, ".hdf5": 2}
"""How a source's name ends, and which is preferred where a model was saved in several ways."""
_CONVERTED = frozenset({".tflite", ".lite"})
_WAYS = re.compile(r"[_-]?((keras)?saved_?model|keras|h5|tf|export(ed)?)$", re.IGNORECASE)
"""What is added to the name of a model for the way that it is saved."""
_ROUNDED = frozenset({DType.FLOAT32, DType.FLOAT16, DType.INT8, DType.UINT8, DType.INT16})
_MOST = 64
"""Among more sources in one folder nothing is guessed."""


class Reader:
    """Reads models, each once: what was read ahead waits until it is asked for, and sources stay."""

    def __init__(self, read: Callable[[str], Model] = read) -> None:
        self._read = read
        self._waiting: dict[str, Model] = {}
        self._kept: dict[str, Model] = {}

    def read(self, path: str) -> Model:
        """The model at a path.

        Raises:
            ReadError: it cannot be read.
        """
        if path in self._kept:
            return self._kept[path]
        return self._waiting.pop(path) if path in self._waiting else self._read(path)

    def ahead(self, path: str, *, keep: bool = False) -> Model | None:
        """The model at a path, which will be asked for again; None where it cannot be read, which is told then."""
        try:
            model = self.read(path)
        except Exception:
            return None
        (self._kept if keep else self._waiting)[path] = model
        return model


def pair_up(paths: Iterable[str], reader: Reader) -> Mapping[str, str]:
    """The source of each converted model that lies beside it, where it is the only one that fits."""
    folders: dict[Path, tuple[list[str], list[str]]] = {}
    for path in paths:
        at = Path(path)
        held = folders.setdefault(at.parent, ([], []))
        if at.suffix.lower() in _CONVERTED and not at.is_dir():
            held[1].append(path)
        elif at.is_dir() or at.suffix.lower() in _SOURCES.keys() - {""}:
            held[0].append(path)
    found: dict[str, str] = {}
    for sources, converted in folders.values():
        if not sources or not converted or len(sources) > _MOST:
            continue
        readable = {path: model for path in sources if (model := _source(path, reader)) is not None}
        for path in converted if readable else ():
            model = reader.ahead(path)
            fitting = [each for each, source in readable.items() if model is not None and _fits(model, source)]
            chosen = _only(path, fitting)
            if chosen is not None:
                found[path] = chosen
    return found


def is_plausible(model: Model, source: Model) -> bool:
    """Whether most weights of a model are of the sizes that those of a source have: a guess may be wrong."""
    known = compared(model, source)
    weights = {site.stored for site in sites(model) if site.op.kind in PRODUCTS}
    fitting = {each.twin.converted.stored for each in known.measured} | {
        twin.converted.stored for twin in (*known.strangers, *known.zeroed)
    }
    return 2 * len(weights & fitting) >= len(weights)


def _source(path: str, reader: Reader) -> Model | None:
    """A source with a graph that can be judged."""
    model = reader.ahead(path, keep=True)
    if model is None or model.format in {Format.TFLITE, Format.UNKNOWN} or not model.graphs:
        return None
    return model if model.graphs[0].intact and model.graphs[0].inputs else None


def _only(path: str, fitting: Sequence[str]) -> str | None:
    """The source that is meant: of several the one whose name the model's begins with, or one saved several times."""
    if len(fitting) > 1:
        stem = Path(path).stem
        named = [each for each in fitting if stem.startswith(_name(each))]
        longest = max((len(_name(each)) for each in named), default=0)
        fitting = [each for each in named if len(_name(each)) == longest] or fitting
    if len({_name(each) for each in fitting}) != 1:
        return None
    return min(fitting, key=lambda each: _SOURCES.get(Path(each).suffix.lower(), 1))


def _name(path: str) -> str:
    """The name of a source without what says how it was saved."""
    at = Path(path)
    stem = at.stem if at.suffix.lower() in _SOURCES else at.name
    return _WAYS.sub("", stem) or stem


def _fits(model: Model, source: Model) -> bool:
    """Whether a model takes and gives what a source does."""
    if model.format is not Format.TFLITE or not model.graphs or not model.graphs[0].intact:
        return False
    mine, theirs = model.graphs[0], source.graphs[0]
    if len(mine.outputs) != len(theirs.outputs):
        return False
    return _all_fit(mine.inputs, theirs.inputs) and _all_fit(mine.outputs, theirs.outputs)


def _all_fit(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> bool:
    """Whether each tensor finds one of its own on the other side, in whatever order."""
    left = list(theirs)
    for tensor in mine:
        fitting = next((each for each in left if _alike(tensor, each)), None)
        if fitting is None:
            return False
        left.remove(fitting)
    return not left


def _alike(mine: Tensor, theirs: Tensor) -> bool:
    same = mine.dtype is theirs.dtype or DType.UNKNOWN in (mine.dtype, theirs.dtype)
    integers = all(each.dtype.is_integer and each.dtype not in _ROUNDED for each in (mine, theirs))
    rounded = theirs.dtype in {DType.FLOAT32, DType.FLOAT16} and mine.dtype in _ROUNDED
    if not (same or integers or rounded):
        return False
    if not (mine.has_rank and theirs.has_rank):
        return True
    pairs = zip(mine.shape, theirs.shape, strict=False)
    return len(mine.shape) == len(theirs.shape) and all(
        size is None or wanted is None or size == wanted for size, wanted in pairs
    )
