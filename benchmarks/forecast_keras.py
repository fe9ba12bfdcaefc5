"""How often the forecast of conversions says what TensorFlow's converter does with Keras models.

    python benchmarks/forecast_keras.py sources FOLDER                      whole models against recorded outcomes
    python benchmarks/forecast_keras.py layers --python PYTHON [--seed N]   single layers, made and converted now
    python benchmarks/forecast_keras.py layers --answers FOLDER             the same again, from what was kept

FOLDER holds MANIFEST.csv with `path` and `converter_outcome` (`float=ok; select=…`). PYTHON is one that has TensorFlow.
The single layers are drawn by keras_cases.py, saved as `.keras`, converted in a worker process that may die, and
forecast from the files; `--keep` says where they stay. Scored are what becomes of the model (builtin, flex, fails), and
the kinds of op that it becomes, each as often as it is there. Every miss is printed; where the forecast says unknown
and the converter answers, that is a miss. Exits with 1 below 97 %, or where a source that fails is called convertible.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from asking import Worker

BAR = 0.97
TIMEOUT = 150.0
"""Seconds that a worker may be silent."""


class Judged(NamedTuple):
    """One model: what the forecast says and why, what the converter does, and whether the ops are the same."""

    name: str
    said: str
    reasons: tuple[str, ...]
    is_: str
    same_ops: bool | None = None
    difference: str = ""


# ------------------------------------------------------------------------------------------------ in a worker


def made(task: dict[str, Any]) -> Any:
    """The model of one layer that a task describes, with weights that were drawn."""
    import keras
    import numpy as np

    keras.backend.clear_session()
    dtypes = task["dtypes"] or ["float32"] * len(task["shapes"])
    inputs = [keras.Input(batch_shape=shape, dtype=dtype) for shape, dtype in zip(task["shapes"], dtypes, strict=True)]
    config = task["config"] if task["policy"] == "float32" else {**task["config"], "dtype": task["policy"]}
    described = {"module": "keras.layers", "class_name": task["kind"], "config": config, "registered_name": None}
    layer = keras.layers.deserialize(described)
    if task["kind"] in ("MultiHeadAttention", "GroupQueryAttention"):
        output = layer(*inputs, **task["arguments"])
    else:
        output = layer(inputs if len(inputs) > 1 else inputs[0], **task["arguments"])
    model = keras.Model(inputs, output)
    random = np.random.default_rng(3)
    for weight in model.weights:
        if weight.dtype.startswith("float") and "variance" not in weight.path:
            weight.assign(random.normal(size=weight.shape) * 0.3)
    return model


def convert(model: Any) -> tuple[str, bytes | None, str]:
    """What the converter makes of a model: builtin, flex or fails, the file, and what it said."""
    import tensorflow as tf

    said = ""
    for status, ops in (("builtin", ["TFLITE_BUILTINS"]), ("flex", ["TFLITE_BUILTINS", "SELECT_TF_OPS"])):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, name) for name in ops]
        try:
            return status, converter.convert(), said
        except Exception as error:  # whatever it raises
            said = str(error)[:400]
    return "fails", None, said


def work() -> None:
    """Answer tasks from standard input, a line each, with a line each."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    real = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        task = json.loads(line)
        answer = {"path": task["path"], "part": "float", "saved": True}
        try:
            model = made(task)
            model.save(f"{task['path']}.keras")
        except Exception as error:  # a case that Keras does not take is none
            answer |= {"saved": False, "message": f"{type(error).__name__}: {error}"[:300]}
        else:
            answer["status"], data, answer["message"] = convert(model)
            if data is not None:
                Path(f"{task['path']}.float.tflite").write_bytes(data)
        os.write(real, json.dumps(answer).encode() + b"\n")


# ------------------------------------------------------------------------------------------------ around it


def answers(python: str, seed: str, count: int, keep: Path, kinds: list[str]) -> Iterator[tuple[dict[str, Any], Any]]:
    """The cases, and what the converter does with each."""
    from keras_cases import KINDS, cases

    worker = Worker(python, __file__, TIMEOUT)
    with (keep / "answers.jsonl").open("a", encoding="utf-8") as log:
        for kind in kinds or list(KINDS):
            for number, case in enumerate(cases(kind, seed, count)):
                task = {**asdict(case), "path": str(keep / f"{kind}_{number}")}
                answer = worker.ask(task) or {"path": task["path"], "saved": False, "message": "the process died"}
                log.write(json.dumps({"task": task}) + "\n" + json.dumps(answer) + "\n")
                yield task, answer


def kept(folder: Path) -> Iterator[tuple[dict[str, Any], Any]]:
    """The cases of an earlier run, and their answers."""
    task: dict[str, Any] = {}
    for line in (folder / "answers.jsonl").read_text("utf-8").splitlines():
        answer = json.loads(line)
        task = answer.get("task", task)
        if "status" in answer and answer.get("part") == "float":
            yield task, answer


def layers(asked: Iterator[tuple[dict[str, Any], Any]]) -> Iterator[Judged]:
    """What the forecast says of the cases."""
    from tflint.forecast import forecast, predicted
    from tflint.formats import read

    for task, answer in asked:
        if not answer["saved"]:
            continue  # there is nothing to compare
        model = read(f"{answer['path']}.keras")
        found = forecast(model)
        name = f"{Path(answer['path']).name} {task['config']} {task['shapes']} {task['arguments']}"
        said, reasons = ("unknown", ()) if found is None else (found.verdict.value, found.reasons)
        real = Path(f"{answer['path']}.float.tflite")
        same, difference = None, ""
        if real.exists() and (ours := predicted(model)) is not None:
            mine, theirs = (
                Counter(op.kind for graph in each.graphs for op in graph.ops) for each in (ours, read(real))
            )
            same, difference = mine == theirs, f"more {dict(mine - theirs)}, less {dict(theirs - mine)}"
        yield Judged(name, said, tuple(reasons), answer["status"], same, difference)


def recorded(outcome: str) -> str:
    """What the converter did, by the manifest's words."""
    modes = dict(part.strip().partition("=")[::2] for part in outcome.split("; "))
    if modes.get("float", "").startswith("ok"):
        return "builtin"
    return "flex" if modes.get("select", "").startswith("ok") else "fails"


def sources(folder: Path) -> Iterator[Judged]:
    """The Keras models of a folder; one that cannot be read does not convert."""
    from tflint.forecast import forecast
    from tflint.formats import read

    with (folder / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = folder / row["path"]
            if path.suffix not in {".keras", ".h5", ".hdf5"} or not row["converter_outcome"]:
                continue
            model = read(path)
            found = forecast(model)
            broken = tuple(problem.message for problem in model.problems if problem.fatal)
            if broken:
                yield Judged(row["path"], "fails", broken, recorded(row["converter_outcome"]))
            elif found is None:
                yield Judged(row["path"], "unknown", (), recorded(row["converter_outcome"]))
            else:
                yield Judged(row["path"], found.verdict.value, found.reasons, recorded(row["converter_outcome"]))


def report(judged: Iterator[Judged], *, strict: bool) -> bool:
    """Print the misses and the scores; True where the bar is met."""
    table: Counter[tuple[str, str]] = Counter()
    ops: Counter[bool] = Counter()
    for each in judged:
        table[each.said, each.is_] += 1
        if each.said != each.is_:
            print(f"miss: {each.name}: says {each.said}, is {each.is_}; {'; '.join(each.reasons[:2])}")
        elif each.same_ops is False:
            print(f"ops: {each.name}: {each.difference}")
        if each.same_ops is not None:
            ops[each.same_ops] += 1
    for (one, other), count in sorted(table.items()):
        print(f"{count:6}  says {one}, is {other}")
    right = sum(count for (one, other), count in table.items() if one == other)
    wrong = sum(count for (one, other), count in table.items() if other == "fails" and one not in {"fails", "unknown"})
    share = right / max(table.total(), 1)
    print(f"{right} of {table.total()} agree: {share:.1%}; {wrong} that fail are called convertible")
    if ops:
        print(f"{ops[True]} of {ops.total()} become the ops that were foretold: {ops[True] / ops.total():.1%}")
    return table.total() > 0 and share >= BAR and not (strict and wrong)


def main() -> None:
    if sys.argv[1:] == ["--worker"]:
        work()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("sources")
    whole.add_argument("folder", type=Path)
    single = commands.add_parser("layers")
    single.add_argument("kinds", nargs="*")
    single.add_argument("--python")
    single.add_argument("--answers", type=Path)
    single.add_argument("--keep", type=Path)
    single.add_argument("--seed", default="benchmark")
    single.add_argument("--cases", type=int, default=3)
    given = parser.parse_args()
    if given.command == "sources":
        sys.exit(0 if report(sources(given.folder), strict=True) else 1)
    if given.answers is not None:
        sys.exit(0 if report(layers(kept(given.answers)), strict=True) else 1)
    with tempfile.TemporaryDirectory() as folder:
        keep = given.keep or Path(folder)
        keep.mkdir(parents=True, exist_ok=True)
        asked = answers(given.python, given.seed, given.cases, keep, given.kinds)
        met = report(layers(asked), strict=True)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
