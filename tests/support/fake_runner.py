"""Stands in for the worker process that runs models: what the name of a model says, it does."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(sys.argv[1])
REQUEST = json.loads((FOLDER / "request.json").read_text())
ERRORS = {"failing": ("RuntimeError", "It does not fit."), "starved": ("MemoryError", "")}
STATUS = {"missing": 70, "quiet": 0}
ODD = {"runs": [1], "stage": 7, "feed": "x"}
ANSWERS = {"garbage": b"\xff{no", "list": b"[1]", "deep": b"[" * 100_000, "odd": json.dumps(ODD).encode()}
TOLD: dict[str, Any] = {"runs": {}}


def tell(number: int, stage: str, **more: object) -> None:
    TOLD.update(run=number, stage=stage, feed=0 if stage == "invoke" else None)
    TOLD["runs"].setdefault(str(number), {}).update(more)
    (FOLDER / "result.json").write_text(json.dumps(TOLD))


def die(how: str) -> None:
    """End as the name says; return where it says nothing of that."""
    if how == "crash":
        os.kill(os.getpid(), 11)
    elif how == "hang":
        time.sleep(600)
    elif how == "eat":
        held = []
        while True:
            held.append(bytearray(64 << 20))
    elif how == "abort":
        sys.stdout.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
        sys.stdout.flush()
        os.abort()
    elif how in STATUS:
        sys.exit(STATUS[how])


def spoil(how: str) -> None:
    """Leave an answer that makes no sense, and end, where the name says so."""
    target = FOLDER / "result.json"
    if how in ANSWERS:
        target.write_bytes(ANSWERS[how])
    elif how == "nothing":
        target.unlink()
    elif how == "large":
        os.truncate(target, 1 << 30)
    else:
        return
    sys.exit(3)


for number in range(REQUEST["first"], len(REQUEST["runs"])):
    run = REQUEST["runs"][number]
    name = Path(run["path"]).stem
    tell(number, "invoke", runtime="Fake 1.0")
    die(name)
    spoil(name)
    if name in ERRORS:
        kind, text = ERRORS[name]
        tell(number, "invoke", error={"type": kind, "text": text}, failed="invoke", at=0)
    elif name == "vague":
        tell(number, "invoke", error={"type": None, "text": None}, failed=None, at="x")
    else:
        for feed in run["feeds"]:
            np.savez(FOLDER / f"{number}-{feed}.npz", out_0=np.array([feed, REQUEST["first"]]))
    tell(number, "done", ended=True)
