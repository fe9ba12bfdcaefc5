"""How often the forecast of conversions says what TensorFlow's converter does.

    python benchmarks/forecast.py sources FOLDER [--python PYTHON]      whole SavedModels against recorded outcomes
    python benchmarks/forecast.py ops --python PYTHON [--seed N]        single ops, made and converted now

FOLDER holds MANIFEST.csv with `path` and `converter_outcome` (`float=ok; select=…`). PYTHON is one that has TensorFlow;
with it the converter is asked where the record disagrees, as some records are of the model before it was saved.
The single ops are drawn with other seeds than those that the table was made with, run once by TensorFlow, saved as
SavedModels, converted in worker processes, and forecast from the files. Every miss is printed; where the forecast says
unknown and the converter answers, that is a miss. Exits with 1 below 97 %, or where a source that fails is called
convertible.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

BAR = 0.97


class Judged(NamedTuple):
    """One source or case: what it is, what the forecast says and why, what the converter does."""

    name: str
    said: str
    reasons: tuple[str, ...]
    is_: str


def said(path: Path) -> tuple[str, tuple[str, ...]]:
    """The forecast of a SavedModel, and its reasons."""
    from tflint.forecast import forecast_model
    from tflint.formats.saved_model.reader import read

    found = forecast_model(read(str(path), 0))
    return ("unknown", ()) if found is None else (found.verdict.value, found.reasons)


def recorded(outcome: str) -> str:
    """What the converter did, by the manifest's words."""
    modes = dict(part.strip().partition("=")[::2] for part in outcome.split("; "))
    if modes.get("float", "").startswith("ok"):
        return "builtin"
    return "flex" if modes.get("select", "").startswith("ok") else "fails"


CONVERT = """
import sys
import tensorflow as tf

def converts(sets):
    try:
        converter = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1])
        converter.target_spec.supported_ops = sets
        converter.convert()
    except Exception:
        return False
    return True

builtin, more = tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS
print("builtin" if converts([builtin]) else "flex" if converts([builtin, more]) else "fails")
"""


def asked(python: str, path: Path) -> str:
    """What the converter does with a SavedModel now."""
    done = subprocess.run([python, "-c", CONVERT, str(path)], capture_output=True, text=True, check=False, timeout=900)
    return done.stdout.split()[-1] if done.returncode == 0 and done.stdout else "fails"


def sources(folder: Path, python: str | None) -> Iterator[Judged]:
    """The SavedModels of a folder."""
    with (folder / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = folder / row["path"]
            if not path.is_dir() or not row["converter_outcome"]:
                continue
            judged = Judged(row["path"], *said(path), recorded(row["converter_outcome"]))
            if judged.said != judged.is_ and python is not None:
                now = asked(python, path)
                print(f"the record of {judged.name} says {judged.is_}, the converter {now}")
                judged = judged._replace(is_=now)
            yield judged


def ops(python: str, seed: str, count: int, others: int, jobs: int) -> Iterator[Judged]:
    """Cases of all ops with a recipe, and of some others, converted."""
    from probe_converter import ask, registered
    from tf_single_ops import RECIPES

    _, known = registered(python)
    rest = [name for name in known if name not in RECIPES and not name.startswith(("Xla", "TPU", "_"))]
    chosen = sorted({*RECIPES, *random.Random(seed).sample(rest, others)})
    with tempfile.TemporaryDirectory() as folder:
        task = {"seed": seed, "cases": count, "sweep": False, "run": True, "keep": folder}
        for answers in ask([task | {"op": name} for name in chosen], jobs, python):
            for answer in answers:
                if answer["verdict"] == "crash":
                    continue  # it was not saved, or not converted: there is nothing to compare
                yield Judged(_name(answer["case"]), *said(Path(answer["folder"])), answer["verdict"])


def _name(case: dict[str, Any]) -> str:
    feeds = [feed for arg in case["args"].values() for feed in (arg if isinstance(arg, list) else [arg])]
    fed = " ".join(f"{feed['dtype']}{feed['shape']}{'' if feed['value'] is None else '='}" for feed in feeds)
    return f"{case['op']} {fed} {case['attrs']}{' first' if case['first_only'] else ''}"


def report(judged: Iterator[Judged], *, quiet: bool) -> bool:
    """Print the misses and the score; True where the bar is met."""
    table: Counter[tuple[str, str]] = Counter()
    for each in judged:
        table[each.said, each.is_] += 1
        if each.said != each.is_ and not quiet:
            print(f"miss: {each.name}: says {each.said}, is {each.is_}; {'; '.join(each.reasons[:2])}")
    total = table.total()
    right = sum(count for (one, other), count in table.items() if one == other)
    wrong = sum(
        count for (one, other), count in table.items() if other == "fails" and one in {"builtin", "flex", "custom"}
    )
    for (one, other), count in sorted(table.items()):
        print(f"{count:6}  says {one}, is {other}")
    print(f"{right} of {total} agree: {right / max(total, 1):.1%}; {wrong} that fail are called convertible")
    return total > 0 and right / total >= BAR


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("sources")
    whole.add_argument("folder", type=Path)
    whole.add_argument("--python")
    single = commands.add_parser("ops")
    single.add_argument("--python", required=True)
    single.add_argument("--seed", default="benchmark")
    single.add_argument("--cases", type=int, default=5)
    single.add_argument("--others", type=int, default=150)
    single.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    if given.command == "sources":
        judged = list(sources(given.folder, given.python))
        met = report(iter(judged), quiet=False)
        met = met and not any(each.is_ == "fails" and each.said not in {"fails", "unknown"} for each in judged)
    else:
        met = report(ops(given.python, given.seed, given.cases, given.others, given.jobs), quiet=False)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
