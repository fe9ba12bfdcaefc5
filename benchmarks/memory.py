"""Score the memory forecasts against what real software took.

    python benchmarks/memory.py ORACLE.jsonl [--models DIR] [--quiet]

Each line of the oracle has `path` (relative to the models) and `summary` with what was measured: `tflite_arena` and
`temporary_bytes` (LiteRT's arena for the first graph, without delegates, on one thread, after a run, and how much of it
was kernels' scratch memory), or `tflite_arena_range`, the least and the most that it can be; `tflm_head` and
`tflm_total` (TFLite Micro's plan, and head and tail together). No forecast counts as wrong where the oracle knows.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tflint.analysis.arena import litert_arena, tflm_arena
from tflint.formats import read
from tflint.model import Model


@dataclass
class Score:
    """How forecasts of one kind compare."""

    exact: int = 0
    close: int = 0
    near: int = 0
    total: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, path: str, found: int | None, low: int, high: int) -> None:
        """Count one forecast for what lies between `low` and `high`."""
        self.total += 1
        off = float("inf") if found is None else max(low - found, found - high, 0) / max(high, 1)
        self.exact += off == 0
        self.close += off <= 0.02
        self.near += off <= 0.05
        if off > 0.02:
            self.differences.append(f"{path}: they {low if low == high else f'{low} to {high}'}, we {found}")

    def __str__(self) -> str:
        shares = (f"{count / self.total:6.1%}" for count in (self.exact, self.close, self.near))
        return " ".join(shares) + f"  of {self.total}" if self.total else "nothing measured"


def answers(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The models of an oracle, with what was measured."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            answer = json.loads(line)
            yield answer["path"], answer.get("summary", {})


def score(model: Model, path: str, measured: dict[str, Any], scores: dict[str, Score]) -> None:
    """Count the forecasts for one model."""
    arena = measured.get("tflite_arena")
    span = measured.get("tflite_arena_range", None if arena is None else [arena, arena])
    if span is not None:
        kind = "LiteRT arena, with scratch" if measured.get("temporary_bytes") else "LiteRT arena"
        scores[kind].add(path, litert_arena(model, model.graphs[0]), *span)
    if measured.get("tflm_head") is None:
        return
    found = tflm_arena(model)
    for kind, key, ours in (
        ("TFLM head", "tflm_head", None if found is None else found.head_bytes),
        ("TFLM head and tail", "tflm_total", None if found is None else found.arena_bytes),
    ):
        scores[kind].add(path, ours, measured[key], measured[key])


def main() -> int:
    """Print the share of forecasts that are exact, within 2 % and within 5 %, and each that is not within 2 %."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--models", type=Path, help="where the paths start; default: corpus beside the oracle's folder")
    parser.add_argument("--quiet", action="store_true", help="leave the differences out")
    options = parser.parse_args()
    models = options.models or options.oracle.resolve().parent.parent / "corpus"
    scores = {
        kind: Score() for kind in ("LiteRT arena", "LiteRT arena, with scratch", "TFLM head", "TFLM head and tail")
    }
    for path, measured in answers(options.oracle):
        if not measured or not (models / path).is_file():
            continue
        model = read(str(models / path))
        if model.graphs:
            score(model, path, measured, scores)
    print(f"{'':28} exact    2 %    5 %")
    for kind, each in scores.items():
        print(f"{kind:28}{each}")
        for difference in () if options.quiet else each.differences:
            print(f"    {difference}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
