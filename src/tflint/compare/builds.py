"""Two builds of a model, run on the same inputs: what that adds to the difference between them."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from tflint.changes import Change, Difference, Grade, Part
from tflint.compare.session import Session
from tflint.comparison import Comparison, Ended, EngineRun, OutputDifference
from tflint.model import Format
from tflint.rule import Context

__all__ = ["with_numbers"]

_EQUAL_DB = 100.0
"""What is nearer to one another differs by no more than the order in which kernels add."""
_BROKEN = frozenset({Ended.FAILED, Ended.CRASHED, Ended.OUT_OF_TIME, Ended.OUT_OF_MEMORY})


def with_numbers(found: Difference, session: Session) -> Difference:
    """The difference with what running both builds gives.

    Raises:
        RunError: the inputs cannot be read, or no process can be started.
    """
    if not found.old.format is found.new.format is Format.TFLITE:
        return replace(found, unknown=(*found.unknown, "The outputs: only .tflite files are run here."))
    numbers = session.compare(Context(found.new, source=found.old))
    if numbers is None:
        return replace(found, unknown=(*found.unknown, "The outputs: a build has no graph that could be run."))
    changes = sorted((*found.changes, *_changes(found, numbers)), key=lambda each: -each.grade)
    return replace(found, changes=tuple(changes), numbers=numbers, same=None if changes else found.same)


def _changes(found: Difference, numbers: Comparison) -> list[Change]:
    """What is told by the run alone: a build that does not run, and outputs with other values."""
    old = numbers.run("source")
    broken = next((run for run in numbers.runs if run.engine != "source" and run.ended in _BROKEN), None)
    if broken is not None and (old is None or old.ended is Ended.DONE):
        return [_not_run(broken)]
    changed = [each for each in numbers.outputs if not _is_equal(each)]
    if not changed:
        return []
    worst = min(changed, key=lambda each: -inf if each.figures.snr_db is None else each.figures.snr_db)
    ratio = worst.figures.snr_db
    apart = "" if ratio is None else f", {100 * 10 ** (-ratio / 20):.2g} % of the signal"
    others = f", and {len(changed) - 1} more outputs differ" if len(changed) > 1 else ""
    message = (
        f"Output '{worst.name}' has other values on the same inputs: the largest error is {worst.figures.max_abs:.3g}"
        f"{apart}{others}."
    )
    place = found.new.graphs[0].outputs[worst.place].location
    return [Change(Grade.WEIGHTS, Part.OUTPUTS, "output-values", message, places=(place,))]


def _not_run(run: EngineRun) -> Change:
    words = f"The new build does not run on {run.runtime} ({run.engine}): {run.words}."
    return Change(Grade.BREAKING, Part.FILE, "does-not-run", words, "It fails on a device as well.", "done", run.ended)


def _is_equal(each: OutputDifference) -> bool:
    return each.figures.finite and (not each.figures.max_abs or (each.figures.snr_db or 0.0) >= _EQUAL_DB)
