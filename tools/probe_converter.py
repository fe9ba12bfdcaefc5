"""Ask TensorFlow's converter what it does with each op, and write what it says as a table.

    python tools/probe_converter.py CASES.jsonl [--op OP]... [--seed N] [--cases N] [--jobs N]   ask, and append
    python tools/probe_converter.py CASES.jsonl… --write                          write the table from all answers

Run with the Python of the TensorFlow to ask. Every op that is registered is built in several configurations
(tf_single_ops.py), saved as a SavedModel with one signature, and converted: with built-in ops only, and where that
fails with SELECT_TF_OPS too. That happens in worker processes; one that dies or hangs is replaced, and what it was
asked last counts as a crash. The table goes to src/tflint/forecast/tf_ops.py, with the version of TensorFlow.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

TIMEOUT = 90.0
"""Seconds that a worker may be silent."""


# ------------------------------------------------------------------------------------------------ in a worker


def convert(folder: str, select_ops: bool) -> dict[str, Any]:
    """What the converter makes of a SavedModel."""
    import tensorflow as tf
    from tensorflow.core.framework import graph_pb2
    from tensorflow.lite.python import lite
    from tensorflow.lite.python.convert import ConverterError

    converter = lite.TFLiteSavedModelConverterV2(folder, {"serve"}, ["serving_default"])
    if select_ops:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    try:  # convert() would load the model in Python too, for statistics
        model = converter._convert_from_saved_model(graph_pb2.GraphDef())  # noqa: SLF001
    except ConverterError as error:
        needs = {each.operator.name.removeprefix("tf."): each.error_code for each in error.errors}
        return {"ok": False, "needs": needs, "message": str(error)[:1500]}
    except Exception as error:  # whatever Python raises around it
        return {"ok": False, "needs": {}, "message": f"{type(error).__name__}: {error}"[:400]}
    return {"ok": True, "ops": kinds(model)}


def kinds(model: bytes) -> list[str]:
    """The ops of a `.tflite`, custom ones by their code."""
    from tensorflow.lite.python import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    root = schema.Model.GetRootAs(model, 0)
    found = []
    for graph in (root.Subgraphs(number) for number in range(root.SubgraphsLength())):
        for op in (graph.Operators(number) for number in range(graph.OperatorsLength())):
            code = root.OperatorCodes(op.OpcodeIndex())
            name = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            found.append(code.CustomCode().decode() if name == "CUSTOM" else name)
    return found


def verdict(folder: str) -> dict[str, Any]:
    """Builtin, flex, custom or fails, with the ops that it becomes or the message."""
    plain = convert(folder, select_ops=False)
    if plain["ok"]:
        return {"verdict": "builtin", "ops": plain["ops"]}
    chosen = convert(folder, select_ops=True)
    if chosen["ok"]:
        return {"verdict": "flex", "ops": chosen["ops"]}
    return {"verdict": "fails", "ops": [], "needs": chosen["needs"], "message": chosen["message"]}


def place(task: dict[str, Any]) -> AbstractContextManager[str]:
    """Where a case is saved: in the folder `keep` where the task names one, else for a moment only."""
    if "keep" not in task:
        return tempfile.TemporaryDirectory()
    return nullcontext(tempfile.mkdtemp(prefix=f"{task['op']}_", dir=task["keep"]))


def work() -> None:
    """Answer tasks from standard input, a line each, with a line for each case and one at the end."""
    real = os.dup(1)
    os.dup2(2, 1)
    from tf_single_ops import cases, op_defs, save

    definitions = op_defs()

    def say(answer: dict[str, Any]) -> None:
        os.write(real, json.dumps(answer, default=str).encode() + b"\n")

    for line in sys.stdin:
        task = json.loads(line)
        name = task["op"]
        rng = Random(f"{task['seed']}/{name}")
        for case in cases(name, definitions[name], rng, task["cases"], sweep=task["sweep"], run=task["run"]):
            say({"asked": asdict(case)})
            with place(task) as folder:
                try:
                    save(case, folder)
                    answer = verdict(folder)
                except Exception as error:  # a case that cannot be saved is none
                    answer = {"verdict": "unsaved", "message": f"{type(error).__name__}: {error}"[:300]}
            say({"case": asdict(case), "folder": folder, **answer})
        say({"done": name})


# ------------------------------------------------------------------------------------------------ around it


class Worker:
    """A process that converts; another one once it dies."""

    def __init__(self, python: str = sys.executable) -> None:
        self.python = python
        self.process: subprocess.Popen[bytes] | None = None
        self.rest = b""

    def answers(self, task: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What it says of a task; the last answer has `done`, or `died` with what it was asked."""
        if self.process is None:
            command = ["nice", "-n", "10", self.python, __file__, "--worker"]
            environment = os.environ | {
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "TF_NUM_INTRAOP_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            }
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
            self.rest = b""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        self.process.stdin.flush()
        asked: dict[str, Any] = {}
        while (line := self._line()) is not None:
            answer = json.loads(line)
            asked = answer.get("asked", asked)
            if "asked" not in answer:
                asked = {}
                yield answer
            if "done" in answer:
                return
        self.close()
        yield {"died": True, "case": asked}

    def _line(self) -> bytes | None:
        assert self.process is not None
        assert self.process.stdout is not None
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], TIMEOUT)[0]:
                return None
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                return None
            self.rest += part
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None


def _answered(worker: Worker, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers to a task; what a worker died of is a crash, and then it goes on with another seed, three times."""
    found: list[dict[str, Any]] = []
    for attempt in range(4):
        task = asked | {"seed": f"{asked['seed']}.{attempt}" if attempt else asked["seed"]}
        died = False
        for answer in worker.answers(task):
            if "died" in answer:
                died = True
                if answer["case"]:
                    found.append({"case": answer["case"], "verdict": "crash", "ops": []})
            elif "case" in answer and answer["verdict"] != "unsaved":
                found.append(answer)
        if not died:
            break
    return found


def ask(tasks: list[dict[str, Any]], jobs: int, python: str = sys.executable) -> Iterator[list[dict[str, Any]]]:
    """The answers to each task, in their order."""
    workers = [Worker(python) for _ in range(jobs)]

    free: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def take(task: dict[str, Any]) -> list[dict[str, Any]]:
        worker = free.get()
        try:
            return _answered(worker, task)
        finally:
            free.put(worker)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(take, tasks)
    for worker in workers:
        worker.close()


def registered(python: str = sys.executable) -> tuple[str, dict[str, bool]]:
    """The version of TensorFlow, and its ops and whether they have state; asked in a process of its own."""
    code = (
        "import json, tensorflow; from tf_single_ops import op_defs;"
        "print(json.dumps([tensorflow.__version__, {n: d.is_stateful for n, d in sorted(op_defs().items())}]))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    found: tuple[str, dict[str, bool]] = json.loads(done.stdout.splitlines()[-1])
    return found[0], found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="*", type=Path)
    parser.add_argument("--op", action="append", default=[])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--cases", type=int, default=12, help="of each op, beside the sweep over its types")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help="write the table from the answers in the file")
    given = parser.parse_args()
    if given.worker:
        work()
        return
    if given.write:
        from converter_table import write

        write(given.file, *registered())
        return
    tasks = [
        {"op": each, "seed": given.seed, "cases": given.cases, "sweep": given.sweep, "run": False}
        for each in given.op or registered()[1]
    ]
    with given.file[0].open("a", encoding="utf-8") as out:
        for found in ask(tasks, given.jobs):
            out.writelines(json.dumps(each) + "\n" for each in found)
            out.flush()


if __name__ == "__main__":
    main()
