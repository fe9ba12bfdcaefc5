"""Runs models in worker processes, and reads what they gave: a crash ends one run, and the next ones go on."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflint.comparison import Ended, EngineRun
from tflint.convert.run import environment
from tflint.convert.words import line
from tflint.errors import RunError
from tflint.runners import worker
from tflint.runners.worker import NO_LIBRARY
from tflint.workers import Ended as ProcessEnd
from tflint.workers import answer as told_by
from tflint.workers import run as run_process
from tflint.workers import too_much

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Clock", "Limits", "Ran", "Wanted", "run"]

_WORKER = str(Path(worker.__file__))
_LONGEST = 20_000
_MEMORY_ERRORS = ("MemoryError", "ResourceExhaustedError")
_NAMES = {"keras": "Keras", "litert": "LiteRT", "tensorflow": "TensorFlow", "tflm": "TFLite Micro"}
_CURES = {
    "keras": "TensorFlow is not installed; pip install 'tflint[tensorflow]' adds it",
    "litert": "LiteRT is not installed; pip install 'tflint[run]' adds it",
    "tensorflow": "TensorFlow is not installed; pip install 'tflint[tensorflow]' adds it",
    "tflm": "TFLite Micro is not installed; pip install tflite-micro adds it",
}


class Clock:
    """The time that is left, in seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def share(self, seconds: float) -> Clock:
        """A clock that stops after so many seconds, or when this one does."""
        return Clock(min(seconds, max(self.left, 0.0)))


@dataclass(frozen=True)
class Limits:
    """What a worker process may take. `memory` is in bytes; `program` is what runs in it, empty for the real one."""

    memory: int = 8 << 30
    allow_code: bool = False
    program: str = ""


@dataclass(frozen=True)
class Wanted:
    """A run of a model.

    `feeds` are the inputs to run it on, by their numbers, `inside` those for which the values inside it are kept.
    `more` is what its runtime wants to be told beside.
    """

    engine: str
    path: str
    feeds: Sequence[int]
    inside: Sequence[int] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Ran:
    """What came of a run. Its values wait in files until the folder is deleted."""

    told: EngineRun
    wanted: Wanted
    folder: Path
    number: int
    answer: Mapping[str, Any]

    @property
    def is_done(self) -> bool:
        return self.told.ended is Ended.DONE

    def has(self, feed: int | str) -> bool:
        """Whether there are values for an input; `repeat` and `signature` name further runs of the first."""
        return self._path(feed).is_file()

    def outputs(self, feed: int | str) -> list[NDArray[Any]]:
        """The outputs for an input, in the order of the model."""
        values = self._values(feed)
        return [values[f"out_{place}"] for place in range(sum(name.startswith("out_") for name in values))]

    def tensors(self, feed: int) -> Mapping[int, NDArray[Any]]:
        """The values inside a `.tflite`, by the numbers of its tensors."""
        return {int(name[2:]): value for name, value in self._values(feed).items() if name.startswith("t_")}

    def seen(self, feed: int) -> Mapping[int, tuple[float, float, float, float]]:
        """Of the values inside a `.tflite` the shares that are not finite, at the low and the high end; constant."""
        values = self._values(feed)
        if "watched" not in values:
            return {}
        rows = values["seen"].tolist()
        return {int(number): tuple(row) for number, row in zip(values["watched"], rows, strict=True)}

    def nodes(self, feed: int) -> Sequence[tuple[str, NDArray[Any]]]:
        """The values inside a source, each with the name of its layer or node, as they came."""
        values = self._values(feed)
        names = json.loads(str(values["names"])) if "names" in values else []
        return [(name, values[f"node_{place}"]) for place, name in enumerate(names) if f"node_{place}" in values]

    def _path(self, feed: int | str) -> Path:
        return self.folder / f"{self.number}-{feed}.npz"

    def _values(self, feed: int | str) -> Mapping[str, NDArray[Any]]:
        import numpy as np

        try:
            with open(self._path(feed), "rb") as file, np.load(file, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as reason:
            raise RunError(f"What a worker process wrote cannot be read: {reason}.") from reason


def run(
    runtime: str,
    wanted: Sequence[Wanted],
    feeds: Sequence[Sequence[NDArray[Any]]],
    folder: Path,
    clock: Clock,
    limits: Limits,
) -> list[Ran]:
    """Run models one after the other on one runtime: `litert`, `keras` or `tensorflow`.

    Args:
        runtime: which one.
        wanted: the runs.
        feeds: the inputs: for each the values of the model's inputs, in its order.
        folder: an empty folder for what passes between the processes.
        clock: the time that there is for all of them.
        limits: what each process may take.

    Raises:
        RunError: no process can be started.
    """
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    held: dict[str, Any] = {
        f"{number}_{place}": value for number, feed in enumerate(feeds) for place, value in enumerate(feed)
    }
    np.savez(folder / "feeds.npz", **held)
    found: list[Ran] = []
    while len(found) < len(wanted):
        if clock.left <= 0:
            left = EngineRun("", Ended.LEFT_OUT, words="there was no time left for it")
            found.append(_ran(left, wanted[len(found)], folder, len(found), {}))
            continue
        ended, answer = _process(runtime, wanted, len(found), folder, clock, limits)
        found += _results(runtime, wanted, len(found), folder, ended, answer, limits)
    return found


def _process(
    runtime: str, wanted: Sequence[Wanted], first: int, folder: Path, clock: Clock, limits: Limits
) -> tuple[ProcessEnd, Mapping[str, Any]]:
    """Start a process for the runs from the first on, and wait for its end."""
    is_legacy = any(each.more.get("is_legacy") for each in wanted)
    request = {
        "runtime": runtime,
        "first": first,
        "runs": [
            {"path": each.path, "engine": each.engine, "feeds": list(each.feeds), "inside": list(each.inside)}
            | dict(each.more)
            for each in wanted
        ],
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    (folder / "result.json").unlink(missing_ok=True)
    try:
        ended = run_process(
            limits.program or _WORKER,
            [str(folder)],
            seconds=max(clock.left, 0.1),
            memory=limits.memory,
            environment=environment(folder, is_legacy=is_legacy),
            folder=None if limits.allow_code else folder,
        )
    except OSError as reason:
        raise RunError(f"The process that runs a model cannot be started: {reason.strerror or reason}.") from reason
    return ended, told_by(folder / "result.json")


def _results(
    runtime: str,
    wanted: Sequence[Wanted],
    first: int,
    folder: Path,
    ended: ProcessEnd,
    answer: Mapping[str, Any],
    limits: Limits,
) -> list[Ran]:
    """The runs that a process finished, and the one that it died of."""
    told_runs = answer.get("runs")
    runs = (
        {key: each for key, each in told_runs.items() if isinstance(each, dict)} if isinstance(told_runs, dict) else {}
    )
    found: list[Ran] = []
    for number in range(first, len(wanted)):
        mine = runs.get(str(number), {})
        name = str(mine.get("runtime") or runs.get(str(first), {}).get("runtime") or _NAMES[runtime])[:40]
        if ended.status == NO_LIBRARY:
            told = EngineRun("", Ended.LEFT_OUT, name, words=_CURES[runtime])
        elif mine.get("ended"):
            told = _told(mine, name, limits)
        else:  # it died of this one
            stage, feed = str(answer.get("stage") or "")[:20], answer.get("feed")
            told = _died(name, stage, feed if isinstance(feed, int) else None, ended, limits)
        found.append(_ran(told, wanted[number], folder, number, mine, ended.seconds))
        if ended.status != NO_LIBRARY and not mine.get("ended"):
            break
    return found


def _told(mine: Mapping[str, Any], name: str, limits: Limits) -> EngineRun:
    """A run whose end the worker tells."""
    error = mine.get("error")
    if not isinstance(error, dict):
        return EngineRun("", Ended.DONE, name)
    kind, text = str(error.get("type")), str(error.get("text"))
    stage, feed = str(mine.get("failed") or "")[:20], mine.get("at")
    is_silent = kind == "RuntimeError" and not text.strip() and mine.get("failed") == "allocate"  # as LiteRT says it
    if kind in _MEMORY_ERRORS or is_silent:
        return EngineRun("", Ended.OUT_OF_MEMORY, name, stage, words=too_much(limits.memory), detail=text[:_LONGEST])
    words = line(kind, text).removeprefix("RuntimeError: ")
    at = feed if isinstance(feed, int) else None
    return EngineRun("", Ended.FAILED, name, stage, at, words, text[:_LONGEST])


def _died(name: str, stage: str, feed: int | None, ended: ProcessEnd, limits: Limits) -> EngineRun:
    """A run that its process died of."""
    detail = ended.told[-_LONGEST:]
    if ended.is_late:
        words = f"it had given no answer after {ended.seconds:.0f} s, and was stopped"
        return EngineRun("", Ended.OUT_OF_TIME, name, stage, feed, words, detail)
    if ended.is_out_of_memory:
        return EngineRun("", Ended.OUT_OF_MEMORY, name, stage, feed, too_much(limits.memory), detail)
    return EngineRun("", Ended.CRASHED, name, stage, feed, ended.words, detail)


def _ran(
    told: EngineRun, wanted: Wanted, folder: Path, number: int, answer: Mapping[str, Any], seconds: float = 0.0
) -> Ran:
    from dataclasses import replace

    return Ran(replace(told, engine=wanted.engine, seconds=seconds), wanted, folder, number, answer)
