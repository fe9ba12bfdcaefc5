"""What an inference diff did and measured, in sentences: what was run, on what, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from tflint.analysis.phrases import count, cut
from tflint.comparison import Comparison, Ended, OutputDifference

__all__ = ["comparison_lines"]

_MOST_OUTPUTS = 8
_BROKEN = frozenset({Ended.FAILED, Ended.CRASHED, Ended.OUT_OF_TIME, Ended.OUT_OF_MEMORY})


def comparison_lines(found: Comparison) -> Iterator[str]:
    """Sentences on one comparison: the first says what was done."""
    yield _what(found)
    for each in found.outputs[:_MOST_OUTPUTS] if found.counted else ():
        yield _output(each)
    if len(found.outputs) > _MOST_OUTPUTS and found.counted:
        yield f"and {len(found.outputs) - _MOST_OUTPUTS} more outputs."
    if found.outputs and not found.counted:
        yield (
            "No made-up input stays inside the ranges that the model was calibrated for, so that none of them tells "
            "anything; give real ones with --inputs."
        )
    is_broken = any(run.ended in _BROKEN and run.engine != "source" for run in found.runs)
    said: set[str] = set()
    for run in found.runs:
        if run.ended in {Ended.REFUSED, Ended.LEFT_OUT} and not (is_broken or run.lacks_runtime):  # that is told apart
            what = "The model" if run.engine != "source" else "Its source"
            sentence = f"{what} was not run: {run.words}."
            if sentence not in said:
                yield sentence
            said.add(sentence)
        elif run.engine == "source" and run.ended is not Ended.DONE:
            yield f"Its source did not run: {run.words}."
    yield from found.left_out


def _what(found: Comparison) -> str:
    ran = [run for run in found.runs if run.ended is Ended.DONE]
    if not any(run.engine in {"xnnpack", "builtin"} for run in ran):
        is_broken = any(run.ended in _BROKEN for run in found.runs)
        return "it does not run to its end (TFL908)" if is_broken else "not run"
    on = f"on {found.inputs_from}" if found.inputs_from else f"on {count(len(found.feeds), 'input')}"
    beyond = len(found.feeds) - len(found.counted)
    uncounted = (
        f"; {beyond} of them do{'es' if beyond == 1 else ''} not count, being beyond the calibrated ranges"
        if beyond and found.counted
        else ""
    )
    mine = next(run for run in ran if run.engine in {"xnnpack", "builtin"})
    if any(run.engine == "source" for run in ran):
        source = next(run for run in ran if run.engine == "source")
        return f"{mine.runtime} beside {source.runtime}, {on}{uncounted}"
    return f"{mine.runtime} alone, {on}{uncounted}"


def _output(each: OutputDifference) -> str:
    error = each.figures
    names = f"'{cut(each.name)}'"
    if each.reference_name and each.reference_name != each.name:
        names += f" beside '{cut(each.reference_name)}' (by {each.matched_by})"
    if not error.finite:
        return f"output {names}: not finite where the other one is"
    if not error.max_abs:
        return f"output {names}: equal"
    parts = [] if error.snr_db is None or isinf(error.snr_db) else [f"signal to noise {error.snr_db:.1f} dB"]
    steps = "" if error.steps is None else f" ({error.steps:.1f} steps)"
    parts.append(f"largest error {error.max_abs:.3g}{steps}")
    if error.top1 is not None:
        parts.append(f"same class in {error.top1:.0%}")
    return f"output {names}: {', '.join(parts)}"
