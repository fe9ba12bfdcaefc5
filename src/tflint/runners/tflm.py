"""Loads a `.tflite` into TFLite Micro."""

from __future__ import annotations

import os
import re

from tflint.runners.run import Feeds, Run

__all__ = ["run_model", "version"]

_ARENA = re.compile(r"Arena allocation total (\d+) bytes")


def version() -> str:
    """The runtime and its version. Raises ImportError where it is not installed."""
    from importlib.metadata import version

    return f"TFLite Micro {version('tflite_micro')}"


def run_model(run: Run, feeds: Feeds) -> None:  # noqa: ARG001 - called as the others are
    """Load a `.tflite` into TFLite Micro, and tell the arena that it takes."""
    from tflite_micro.python.tflite_micro import runtime

    run.stage("allocate")
    interpreter = runtime.Interpreter.from_file(run.path)
    printed = run.folder / "allocations.txt"
    with printed.open("wb") as file:  # it prints, and returns nothing
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    found = _ARENA.search(printed.read_text(errors="replace"))
    run.tell(arena=None if found is None else int(found[1]))
