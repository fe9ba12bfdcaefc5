"""Score the placement forecasts against what real software said.

    python benchmarks/placement.py ORACLES [--models DIR] [--target NAME]... [--differences] [--scale]

ORACLES is a folder with one JSON-lines file an oracle: xnnpack.jsonl, gpu.jsonl, ethos-u55.jsonl, …; each line has
`path` (relative to the models), `ops` as [graph, op index, kind, placed, reason(, supported)], `summary`, or `error`.
An answer of unknown counts as wrong where the oracle knows.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tflint.analysis.placement import Placement, place
from tflint.formats import read
from tflint.model import Model
from tflint.packs import load_packs, load_target
from tflint.target import Kind, Target

ORACLES = {
    "xnnpack": ("xnnpack.jsonl", "placed"),
    "gpu-compat": ("gpu.jsonl", "supported"),
    "gpu-mldrift": ("gpu_real.jsonl", "supported"),
    "ethos-u55": ("ethos-u55.jsonl", "placed"),
    "ethos-u65": ("ethos-u65.jsonl", "placed"),
    "ethos-u85": ("ethos-u85.jsonl", "placed"),
    "tflm": ("tflm.jsonl", "supported"),
    "cpu": ("xnnpack.jsonl", "plain"),
    "intel-openvino": ("intel.jsonl", "supported"),
    "edgetpu": ("edgetpu.jsonl", "placed"),
}
"""Target -> its oracle's file, and whether that tells where an op ended up, what it is by itself, or, in
`summary.plain_cpu`, whether the runtime prepares the model, and which op stops it."""


@dataclass
class Score:
    """How the ops of the models compare."""

    agree: int = 0
    differ: int = 0
    unknown: int = 0
    per_model: list[float] = field(default_factory=list)
    whole_agree: int = 0
    whole: int = 0
    partitions_agree: int = 0
    partitions: int = 0
    refused: int = 0
    refused_found: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, path: str, rows: Iterator[tuple[str, bool, bool | None, str, str]]) -> None:
        """Count one model's ops: place, the oracle's word, ours, their reason, ours."""
        agree = total = 0
        for where, wanted, found, theirs, ours in rows:
            total += 1
            self.refused += not wanted
            self.refused_found += not wanted and found is False
            if found is wanted:
                agree += 1
                continue
            self.unknown += found is None
            self.differ += found is not None
            self.differences.append(f"{path} {where}: they {wanted} ({theirs[:120]}), we {found} ({ours[:120]})")
        self.agree += agree
        if total:
            self.per_model.append(agree / total)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The answers of an oracle."""
    with open(path, encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def compare(target: Target, oracle: Path, kind: str, models: Path) -> Score:
    """Compare a target's forecasts with an oracle on all its models."""
    score = Score()
    for line in lines(oracle):
        model = read(models / line["path"])
        answer = plain(line, model) if kind == "plain" else line
        refusal = target.refusal(model)
        if model.graphs and not model.problems:
            judge_whole(score, answer, target, model, refusal)
        if "ops" not in answer:
            continue
        placements = [None if refusal and kind == "placed" else place(target, graph) for graph in model.graphs]
        score.add(answer["path"], rows(answer["ops"], placements, kind, refusal))
        wanted = answer.get("summary", {}).get("partitions")
        if isinstance(wanted, dict) and "0" in wanted and placements:
            score.partitions += 1
            first = placements[0]
            number = first.partitions if first is not None else 0
            score.partitions_agree += number == wanted["0"]
            if number != wanted["0"]:
                score.differences.append(f"{answer['path']} partitions: they {wanted['0']}, we {number}")
    return score


def runs(target: Target, model: Model, refusal: str) -> bool | None:
    """Whether a runtime runs all of a model; None where that is not known. What cannot be read does not run."""
    broken = any(problem.fatal for problem in model.problems) or not all(graph.intact for graph in model.graphs)
    if refusal or broken:
        return False
    found = {target.verdict(op, graph).supported for graph in model.graphs for op in graph.ops}
    return False if False in found else None if None in found else True


def plain(answer: dict[str, Any], model: Model) -> dict[str, Any]:
    """What the delegate-free runtime said: all ops of the first graph are fine, or one stops it."""
    said = answer.get("summary", {}).get("plain_cpu")
    accepted = said == "ok" and "error" not in answer
    failing = re.search(r"Node number (\d+) \((.+?)\) failed", str(said))
    ops: list[list[Any]] = []
    if accepted and model.graphs:
        ops = [[0, op.index, op.kind, True, ""] for op in model.graphs[0].ops]
    elif failing is not None:
        index, kind = int(failing[1]), failing[2]
        where = next((g for g in model.graphs if index < len(g.ops) and g.ops[index].kind == kind), None)
        ops = [[where.index if where else 0, index, kind, False, str(said)]]
    return answer | {"ops": ops, "summary": {"whole": {"accepted": accepted, "log": said}}}


def judge_whole(score: Score, answer: dict[str, Any], target: Target, model: Model, refusal: str) -> None:
    """Compare what is said of the model as a whole, where the oracle says something."""
    whole = answer.get("summary", {}).get("whole")
    if "error" in answer:
        rejected, why = True, answer["error"]
    elif isinstance(whole, dict):
        if "accepted" not in whole:
            return
        rejected, why = not whole["accepted"], str(whole)
    else:
        rejected, why = False, ""
    found: bool | None = bool(refusal)
    if target.kind is Kind.RUNTIME and not refusal:
        said = [target.verdict(op, graph).supported for graph in model.graphs for op in graph.ops]
        found = True if False in said else None if None in said else False
    score.whole += 1
    score.whole_agree += found is rejected
    if found is not rejected:
        score.differences.append(f"{answer['path']} whole: they {rejected} {why[:160]}, we {found} {refusal}")


def rows(
    ops: list[list[Any]], placements: list[Placement | None], kind: str, refusal: str
) -> Iterator[tuple[str, bool, bool | None, str, str]]:
    """The ops of a model that the oracle knows of, with both answers."""
    for graph, index, name, placed, reason, *rest in ops:
        wanted = rest[0] if rest and kind == "supported" else placed
        if wanted is None or graph >= len(placements):
            continue
        placement = placements[graph]
        if placement is None:
            yield f"{graph}/{index}:{name}", wanted, False, reason, refusal
        elif index < len(placement.verdicts):
            verdict = placement.verdicts[index]
            found = verdict.supported if kind != "placed" else placement.placed[index]
            yield f"{graph}/{index}:{name}", wanted, found, reason, verdict.reason


def ops(path: Path) -> int:
    """How many ops a model has."""
    return sum(len(graph.ops) for graph in read(path).graphs)


def main() -> int:
    """Print a line for each target, and every difference where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracles", type=Path)
    parser.add_argument("--models", type=Path, help="the folder of the models  [default: ORACLES/../corpus]")
    parser.add_argument("--target", action="append", help="only this target; repeatable")
    parser.add_argument("--differences", action="store_true", help="print every difference")
    parser.add_argument("--scale", action="store_true", help="measure how time grows with the model instead")
    arguments = parser.parse_args()
    models = arguments.models or arguments.oracles.parent / "corpus"
    if arguments.scale:
        import target_scale

        return target_scale.main(max(models.rglob("*.tflite"), key=ops, default=None))
    packs = load_packs()
    heads = ("ops", "agree", "differ", "unknown", "by model", "partitions", "whole", "refused found")
    print(f"{'target':15}" + "".join(f"{head:>14}" for head in heads))
    for name, (file, kind) in ORACLES.items():
        if (arguments.target and name not in arguments.target) or not (arguments.oracles / file).exists():
            continue
        score = compare(load_target(name, packs), arguments.oracles / file, kind, models)
        total = score.agree + score.differ + score.unknown
        mean = sum(score.per_model) / len(score.per_model) if score.per_model else 0
        parts = f"{score.partitions_agree}/{score.partitions}" if score.partitions else "-"
        cells = (
            *(str(total), f"{score.agree / max(total, 1):.2%}", str(score.differ), str(score.unknown), f"{mean:.2%}"),
            *(parts, f"{score.whole_agree}/{score.whole}", f"{score.refused_found}/{score.refused}"),
        )
        print(f"{name:15}" + "".join(f"{cell:>14}" for cell in cells))
        if arguments.differences:
            print(*(f"    {text}" for text in score.differences), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
