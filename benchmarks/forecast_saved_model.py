"""How often the forecast of a SavedModel's ops says what TensorFlow's converter makes of it.

    python benchmarks/forecast_saved_model.py make KEEP --python PYTHON [--parts expressions networks layers] [--int8]
    python benchmarks/forecast_saved_model.py convert FOLDER KEEP --python PYTHON [--int8]
    python benchmarks/forecast_saved_model.py score KEEP [NAME…]

`make` writes SavedModels into KEEP, of expressions, networks and single layers (saved_model_cases.py,
saved_model_networks.py, keras_cases.py), and converts them; `convert` converts those that a folder holds. PYTHON is one
that has TensorFlow. `score` compares what is foretold of each with its conversion: the kinds of op, each as often as it
is there; the types and shapes of what they make; their options and versions; which of them targets take; the memory
that the runtimes need. Every difference is printed. Exits with 1 where less than 90 % become the ops that were
foretold, or a difference is not told as unknown.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asking import Worker

if TYPE_CHECKING:
    from tflint.model import Model, Op

BAR = 0.9
TIMEOUT = 300.0
"""Seconds that a worker may be silent."""
TARGETS = {"float32": ("xnnpack", "tflm", "gpu", "gpu-mldrift"), "int8": ("xnnpack", "tflm", "ethos-u55")}


# ------------------------------------------------------------------------------------------------ in a worker


def _expression(task: dict[str, Any]) -> None:
    """Save the SavedModel of an expression."""
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(3)
    specs = []
    for number, text in enumerate(task["shapes"].split(";")):
        dtype, _, sizes = text.rpartition(":")
        shape = [None if size == "?" else int(size) for size in sizes.split(",") if size]
        specs.append(tf.TensorSpec(shape, dtype or "float32", name="xyzuv"[number]))
    code = compile(task["code"], "expression", "eval")
    shapes: list[Any] = []

    def weight(*shape: int) -> Any:
        shapes.append(shape)
        return tf.zeros(shape)

    with tf.Graph().as_default():
        given = [tf.compat.v1.placeholder(spec.dtype, spec.shape) for spec in specs]
        eval(code, {"tf": tf, "w": weight, **dict(zip("xyzuv", given, strict=False))})
    module = tf.Module()
    module.held = [tf.Variable(random.normal(size=shape).astype("float32")) for shape in shapes]

    def computed(*inputs: Any) -> Any:
        left = list(module.held)
        return eval(code, {"tf": tf, "w": lambda *_: left.pop(0), **dict(zip("xyzuv", inputs, strict=False))})

    module.f = tf.function(computed, input_signature=specs, autograph=False)
    tf.saved_model.save(module, task["saved"], module.f)


def _keras(task: dict[str, Any]) -> None:
    """Save the SavedModel of a network or a layer of Keras."""
    import keras
    import numpy as np

    keras.backend.clear_session()
    if "case" in task:
        from forecast_keras import made

        model = made(task["case"])
    else:
        model = eval(task["code"], {"A": keras.applications})
    random = np.random.default_rng(3)
    for weight in model.weights:
        if weight.dtype.startswith("float") and "variance" not in weight.path:
            weight.assign(random.normal(size=weight.shape) * 0.1)
    model.export(task["saved"], verbose=False)


def _samples(given: Mapping[str, Any]) -> Iterator[Any]:
    """Values to calibrate with."""
    import numpy as np

    random = np.random.default_rng(1)
    for _ in range(2):
        yield {
            name: random.normal(size=[size or 1 for size in spec.shape]).astype(spec.dtype.as_numpy_dtype)
            for name, spec in given.items()
        }


def _converted(saved: str, precision: str) -> tuple[str, bytes | None, str]:
    """What the converter makes of the default signature: builtin, flex or fails, the file, and what it said."""
    import tensorflow as tf

    function = tf.saved_model.load(saved).signatures
    key = "serving_default" if "serving_default" in function else min(function)
    said = ""
    for status, ops in (("builtin", ["TFLITE_BUILTINS"]), ("flex", ["TFLITE_BUILTINS", "SELECT_TF_OPS"])):
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[key])
        converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, name) for name in ops]
        if precision == "int8":
            if status == "flex":
                break
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = partial(_samples, function[key].structured_input_signature[1])
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
        answer = {"name": task["name"], "saved": task["saved"]}
        try:
            if "shapes" in task:
                _expression(task)
            elif "case" in task or "code" in task:
                _keras(task)
        except Exception as error:  # a case that TensorFlow does not take is none
            answer["message"] = f"not saved: {type(error).__name__}: {error}"[:300]
        else:
            for precision in task["precisions"]:
                status, data, said = _converted(task["saved"], precision)
                answer[precision] = status
                answer["message"] = said
                if data is not None:
                    Path(f"{task['keep']}.{precision}.tflite").write_bytes(data)
        os.write(real, json.dumps(answer).encode() + b"\n")


# ------------------------------------------------------------------------------------------------ around it


def tasks(parts: list[str], keep: Path, seed: str) -> Iterator[dict[str, Any]]:
    """What is to be made, by its kinds."""
    from saved_model_cases import EXPRESSIONS

    if "expressions" in parts:
        for name, (shapes, code) in EXPRESSIONS.items():
            yield {"name": name, "shapes": shapes, "code": code}
    if "layers" in parts:
        from keras_cases import KINDS, cases

        for kind in KINDS:
            for number, case in enumerate(cases(kind, seed, 2)):
                name = f"{kind}_{seed}_{number}"
                yield {"name": name, "case": {**asdict(case), "path": str(keep / name)}}
    if "networks" in parts:
        from saved_model_networks import NETWORKS

        for name, code in NETWORKS.items():
            yield {"name": name, "code": code}


def run(found: Iterator[dict[str, Any]], keep: Path, python: str, precisions: list[str]) -> None:
    """Make and convert; what is there already stays."""
    worker = Worker(python, __file__, TIMEOUT)
    log = keep / "answers.jsonl"
    done = {json.loads(line)["name"] for line in log.read_text("utf-8").splitlines()} if log.exists() else set()
    with log.open("a", encoding="utf-8") as file:
        for task in found:
            if task["name"] in done:
                continue
            place = str(keep / task["name"])
            whole = {"saved": place, **task, "keep": place, "precisions": precisions}
            died = {"name": whole["name"], "saved": whole["saved"], "message": "the process died"}
            file.write(json.dumps(worker.ask(whole) or died) + "\n")
            file.flush()


# ------------------------------------------------------------------------------------------------ scores


class Pair(NamedTuple):
    """What was foretold, and what the converter made."""

    name: str
    precision: str
    foretold: Model
    made: Model

    @property
    def unknown(self) -> list[str]:
        return [op.kind for graph in self.foretold.graphs for op in graph.ops if op.is_unknown]

    def counts(self, what: Callable[[Op], Any]) -> tuple[Counter[Any], Counter[Any]]:
        """How often something is there: foretold, and made."""
        mine, theirs = (Counter(what(op) for op in self.inner(model)) for model in (self.foretold, self.made))
        return mine, theirs

    def inner(self, model: Model) -> Iterator[Op]:
        """The ops of a model, without those at its ends that only turn integers into floats, or floats into these."""
        for graph in model.graphs:
            for op in graph.ops:
                turns = op.kind in ("QUANTIZE", "DEQUANTIZE")
                at_end = turns and (op.input(0) in graph.inputs or op.outputs[0] in graph.outputs)
                if self.precision == "float32" or not at_end:
                    yield op


def pairs(keep: Path, names: list[str]) -> Iterator[Pair | str]:
    """The SavedModels that convert with builtin ops; a text where nothing is foretold of one."""
    from tflint.forecast import predicted
    from tflint.formats import read

    for line in (keep / "answers.jsonl").read_text("utf-8").splitlines():
        answer = json.loads(line)
        for precision in ("float32", "int8"):
            file = keep / f"{answer['name']}.{precision}.tflite"
            if answer.get(precision) != "builtin" or not file.exists() or (names and answer["name"] not in names):
                continue
            foretold = predicted(read(answer["saved"]), precision)
            name = f"{answer['name']} {precision}"
            yield name if foretold is None else Pair(name, precision, foretold, read(file))


def _outputs(op: Op) -> Any:
    return op.kind, tuple((tensor.shape if tensor.has_rank else "?", tensor.dtype.value) for tensor in op.outputs)


_UNSAID = frozenset("asymmetric_quantize_inputs in_data_type out_data_type pot_scale_int16 quantized_bias_type".split())
"""Options that no target reads."""


def _options(op: Op) -> Any:
    said = sorted((name, str(value)[:12]) for name, value in op.options.items() if name not in _UNSAID)
    return op.kind, tuple(said)


def measures(pair: Pair) -> Iterator[tuple[str, bool, str]]:
    """What is compared, whether it is the same, and how it differs."""
    for what, function in (
        ("shapes and types", _outputs),
        ("options", _options),
        ("versions", lambda op: (op.kind, op.version)),
    ):
        mine, theirs = pair.counts(function)
        yield what, mine == theirs, f"more {list(mine - theirs)[:2]}, less {list(theirs - mine)[:2]}"
    from tflint.analysis.arena import litert_arena, tflm_arena

    if pair.precision == "float32":
        arenas = [litert_arena(model, model.graphs[0]) for model in (pair.foretold, pair.made)]
        yield "LiteRT arena", arenas[0] == arenas[1], f"{arenas}"
        heads = [
            None if (found := tflm_arena(model)) is None else found.head_bytes for model in (pair.foretold, pair.made)
        ]
        yield "TFLM head", heads[0] == heads[1], f"{heads}"
    yield from placements(pair)


def placements(pair: Pair) -> Iterator[tuple[str, bool, str]]:
    """Whether the targets take the same ops."""
    from tflint.packs import load_packs, load_target

    for name in TARGETS[pair.precision]:
        target = load_target(name, load_packs())
        found = []
        for model in (pair.foretold, pair.made):
            inner = set(pair.inner(model))
            verdicts = [
                (op.kind, target.verdict(op, graph).supported)
                for graph in model.graphs
                for op in graph.ops
                if op in inner
            ]
            found.append(Counter(verdicts))
        yield (
            f"on {name}",
            found[0] == found[1],
            f"more {list(found[0] - found[1])[:3]}, less {list(found[1] - found[0])[:3]}",
        )


def score(keep: Path, names: list[str]) -> bool:
    """Print the differences and the scores; True where the bar is met."""
    same: dict[str, Counter[bool]] = {}
    outcome: Counter[str] = Counter()
    for pair in pairs(keep, names):
        if isinstance(pair, str):
            print(f"nothing: {pair}")
            outcome["nothing"] += 1
            continue
        mine, theirs = pair.counts(lambda op: op.kind)
        result = "same" if mine == theirs else "unknown" if pair.unknown else "wrong"
        outcome[result] += 1
        if result != "same":
            print(f"{result}: {pair.name}: more {dict(mine - theirs)}, less {dict(theirs - mine)}")
            continue
        for what, is_same, difference in measures(pair):
            same.setdefault(what, Counter())[is_same] += 1
            if not is_same:
                print(f"{what}: {pair.name}: {difference}")
    for what, count in same.items():
        print(f"{count[True]:6} of {count.total()} have the same {what}")
    share = outcome["same"] / max(outcome.total(), 1)
    print(f"{outcome['same']} of {outcome.total()} become the ops that were foretold: {share:.1%}; {dict(outcome)}")
    return share >= BAR and not outcome["wrong"]


def main() -> None:
    if sys.argv[1:] == ["--worker"]:
        work()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make")
    convert = commands.add_parser("convert")
    convert.add_argument("folder", type=Path)
    for each in (make, convert):
        each.add_argument("keep", type=Path)
        each.add_argument("--python", required=True)
        each.add_argument("--int8", action="store_true")
    make.add_argument("--parts", nargs="*", default=["expressions", "networks", "layers"])
    scores = commands.add_parser("score")
    scores.add_argument("keep", type=Path)
    scores.add_argument("names", nargs="*")
    make.add_argument("--seed", default="benchmark")
    given = parser.parse_args()
    if given.command == "score":
        sys.exit(0 if score(given.keep, given.names) else 1)
    given.keep.mkdir(parents=True, exist_ok=True)
    precisions = ["float32", "int8"] if given.int8 else ["float32"]
    if given.command == "make":
        run(tasks(given.parts, given.keep, given.seed), given.keep, given.python, precisions)
    else:
        saved = sorted(path.parent for path in given.folder.rglob("saved_model.pb"))
        found = ({"name": str(path.relative_to(given.folder)).replace("/", "__"), "saved": str(path)} for path in saved)
        run(found, given.keep, given.python, precisions)


if __name__ == "__main__":
    main()
