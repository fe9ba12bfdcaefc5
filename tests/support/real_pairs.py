"""Real conversions beside the sources that they were made from."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from other_readers import FOLDER
from tflint import Model
from tflint.formats import read

__all__ = ["LOST", "NOT_A_PAIR", "TRUE_PAIRS", "source_at"]


@cache
def source_at(path: Path) -> Model:
    """The source at a path, read once."""
    return read(path)


def _published(name: str) -> Iterator[tuple[Path, Path]]:
    folder = FOLDER / "pairs" / name
    for source in sorted(folder.glob("source*")):
        for path in sorted(folder.glob("*.tflite")):
            yield path, source


def _generated() -> Iterator[tuple[Path, Path]]:
    table = FOLDER / "generated" / "CONVERSIONS.csv"
    if not table.exists():
        return
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] == "ok" and row["path"].endswith(".tflite")]
    for row in rows:
        folder = FOLDER / "generated" / row["case"]
        path = folder / row["path"]
        if row["case"] in {"broken", "lost_weights"} or not path.exists():
            continue
        for source in sorted(folder.glob("source*")):
            yield path, source


TRUE_PAIRS = [
    *(pair for name in ("resnet", "vww", "strww") for pair in _published(f"mlperf-tiny-{name}")),
    *_published("serving-half-plus-two"),
    *_generated(),
]
NOT_A_PAIR = [*_published("mlperf-tiny-kws")]
"""Its weights have nothing in common with the source's, and its answers are others."""
LOST = [*_published("mlperf-tiny-toycar")]
