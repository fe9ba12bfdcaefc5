"""Runs models on given inputs, in a process of its own.

Run as a script, with a folder that holds `request.json` and `feeds.npz`. It writes `result.json` there, with what is
being done while it is done, and one `.npz` for each run and input, so that what came before a crash is not lost.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tflint.runners.run import LONGEST, Run

__all__ = ["NO_LIBRARY", "RUNTIMES", "main"]

NO_LIBRARY = 70
"""The exit status that says that the runtime cannot be imported."""
RUNTIMES = {"keras": "keras_model", "litert": "litert", "tensorflow": "saved_model", "tflm": "tflm"}
"""Each runtime and the module that runs models on it."""
_OF_ALL = ("run", "stage", "feed", "done")
"""What is told of the process; all else is told of a run."""


def main(folder: Path) -> int:
    """Run what the request asks for, and return the exit status."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    told: dict[str, Any] = {"run": request["first"], "stage": "import", "runs": {}}

    def tell(**more: Any) -> None:
        told.update({key: value for key, value in more.items() if key in _OF_ALL})
        of_run = {key: value for key, value in more.items() if key not in _OF_ALL}
        told["runs"].setdefault(str(told["run"]), {}).update(of_run)
        target = folder / "result.json"
        target.with_suffix(".new").write_text(json.dumps(told), encoding="utf-8")
        target.with_suffix(".new").replace(target)

    def failed(reason: Exception) -> dict[str, str]:
        return {"type": type(reason).__name__, "text": str(reason)[:LONGEST]}

    tell()
    runtime = import_module(f"tflint.runners.{RUNTIMES[request['runtime']]}")
    try:
        tell(runtime=runtime.version())
    except ImportError as reason:
        tell(error=failed(reason))
        return NO_LIBRARY
    feeds = _feeds(folder, request)
    for number in range(request["first"], len(request["runs"])):
        tell(run=number, stage="load", feed=None)
        try:
            runtime.run_model(Run(folder, number, request["runs"][number], tell), feeds)
        except Exception as reason:  # libraries fail in every way there is
            tell(error=failed(reason), failed=told["stage"], at=told["feed"])
        tell(ended=True)
    tell(done=True)
    return 0


def _feeds(folder: Path, request: dict[str, Any]) -> list[list[Any]]:
    """The inputs: for each the values of the model's inputs, in its order."""
    import numpy

    most = max((feed for each in request["runs"] for feed in each["feeds"]), default=-1)
    with numpy.load(folder / "feeds.npz", allow_pickle=False) as held:
        places = sorted((*map(int, name.split("_")), name) for name in held.files)
        found: list[list[Any]] = [[] for _ in range(max([most, *(feed for feed, _, _ in places)]) + 1)]
        for feed, _, name in places:
            found[feed].append(held[name])
        return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
