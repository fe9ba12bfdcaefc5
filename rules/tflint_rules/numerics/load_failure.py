"""TFL908 load-failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Need, Op, Rule, RuleMeta, Severity, Tensor
from tflint_rules.numerics.judged import EDGES, ran
from tflint_rules.numerics.words import ENGINES, feed

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison, EngineRun

_NODE = r"Node number (\d{1,9}) \((\w{1,80})\)"
_GLUED = r"\.\s*(?=[A-Z])|\.\s+"
_TENSOR = r"\bTensor (\d{1,9}) has\b"
_ENDS = {
    "failed": "does not {}",
    "crashed": "crashes when it is to {}",
    "out-of-memory": "takes too much memory to {}",
    "out-of-time": "takes too long to {}",
}
_STAGES = {
    "load": "load the model",
    "allocate": "prepare the model",
    "invoke": "run the model",
    "repeat": "run the model a second time",
}
_BUILTIN = "create the interpreter with OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES"
_SIZES = "Name the shapes of its inputs in the configuration ([[tool.tflint.models]]), or give inputs: --inputs FILE."
_LONGEST = 2_000
_LONGEST_WORDS = 240


class LoadFailure(Rule):
    """LiteRT does not load, prepare or run the model.

    ## What it does

    With `--diff` the model is loaded and run by LiteRT, once with XNNPACK, which interpreters use unless told
    otherwise, and once with the builtin kernels alone, each in a process of its own with limits of time and memory.
    Reports what fails in the words of the runtime, at the op that it names; both together where both fail.

    It is a warning where both end while they run on made-up inputs, which the model may not take. It is a note where
    sizes of inputs are made up, and where it is the source that does not run, so that nothing could be compared.
    Models that were not run, because they are damaged, may run code or have custom ops, are told in the report.

    ## Why it is bad

    The model does not run for anyone, or for those only who leave XNNPACK out; what else was checked of it hardly
    matters then.

    ## Example

    ```text
    error TFL908 load-failure: op 1 FULLY_CONNECTED, 'probs'
      LiteRT 2.3.0 does not prepare the model: Node number 1 (FULLY_CONNECTED) failed to prepare.
      help: Mend the op that the runtime names, and convert again.
    ```

    ## Fix

    The runtime's words name the op; static rules tell more of most causes (TFL1, TFL2, TFL4). `--budget` and
    `--diff-memory` raise the limits.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, ReportOpError: *Node number … failed to prepare*
    - https://github.com/google/XNNPACK/issues/11036
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL908", "load-failure", Severity.ERROR, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison = ctx.comparison
        if comparison is None:
            return
        fast, plain = comparison.run("xnnpack"), comparison.run("builtin")
        bad = [each for each in (plain, fast) if each is not None and _is_bad(each)]
        if bad:
            yield self._model(ctx, comparison, bad, [fast, plain])
        source = comparison.run("source")
        if source is not None and source.ended in _ENDS:
            yield self.finding(
                ctx.model,
                f"The model could not be compared with its source '{comparison.reference}': {source.runtime} "
                f"{_told(source, comparison, 'source')}.",
                help="Mend the source, or name another form of it with --source: a SavedModel needs no code of yours.",
                severity=Severity.NOTE,
                evidence={"ended": source.ended.value, "stage": source.stage, "text": source.detail[:_LONGEST]},
            )

    def _model(
        self, ctx: Context, comparison: Comparison, bad: list[EngineRun], all_: list[EngineRun | None]
    ) -> Finding:
        """What became of the model."""
        first = bad[0]
        other = next((each for each in all_ if each is not None and each is not first), None)
        severity, more = _weight(comparison, bad, other)
        who = "" if len(bad) == 2 else f" with {ENGINES[first.engine]}"
        text = f"{first.runtime or 'LiteRT'}{who} {_told(first, comparison, 'model')}."
        if len(bad) == 2 and _key(bad[1]) != _key(first):
            text += f" With XNNPACK it {_told(bad[1], comparison, 'model')}."
        elif other is not None and other.is_done:
            text += " XNNPACK runs it." if other.engine == "xnnpack" else " The builtin kernels run it."
        return self.finding(
            _place(ctx, bad) or ctx.model,
            f"{text}{more}",
            help=_cure(bad, severity),
            severity=severity,
            evidence={
                "engines": {each.engine: each.ended.value for each in bad},
                "stage": first.stage,
                "text": first.detail[:_LONGEST],
            },
        )


def _is_bad(run: EngineRun) -> bool:
    """Whether a model did not run; one that ran on some inputs and was too slow for the others did."""
    if run.stage == "signature":
        return False
    return run.ended in _ENDS and (run.ended != "out-of-time" or not (run.feed or run.stage == "repeat"))


def _weight(comparison: Comparison, bad: list[EngineRun], other: EngineRun | None) -> tuple[Severity | None, str]:
    """How bad it is where the inputs may be to blame, and the sentence that says so."""
    if "made up" in comparison.inputs_from:
        return Severity.NOTE, f" The sizes that it was given may be none that it takes: {comparison.inputs_from}."
    is_alone = len(bad) == 1 and other is not None and other.is_done
    at = bad[0].feed
    kind = comparison.feeds[at].kind if at is not None and 0 <= at < len(comparison.feeds) else ""
    if bad[0].stage == "invoke" and bad[0].ended == "failed" and kind in EDGES | {"random"} and not is_alone:
        return Severity.WARNING, " The inputs are made up, and the model may not take such."
    return None, ""


def _told(run: EngineRun, comparison: Comparison, what: str) -> str:
    """How a run ended."""
    stage = _STAGES.get(run.stage, "run the model").replace("model", what)
    at = feed(comparison, run.feed) if run.stage == "invoke" else ""
    on = f" on the input {at}" if at else ""
    return f"{_ENDS[run.ended].format(stage)}{on}: {_words(run.words) or 'it says nothing'}"


def _words(text: str) -> str:
    """What the runtime says, its sentences parted, and no more than a few of them; without a full stop."""
    told = ""
    for part in re.split(_GLUED, text):
        if told and len(told) + len(part) > _LONGEST_WORDS:
            break
        told += f"{'. ' if told else ''}{part.strip().removesuffix('.')}"
    return told[:_LONGEST_WORDS].rstrip(" .…")


def _key(run: EngineRun) -> tuple[str, str, str]:
    return run.ended, run.stage, run.words


def _place(ctx: Context, bad: list[EngineRun]) -> Op | Tensor | None:
    """The op or tensor that the runtime names."""
    graph = ran(ctx)
    if graph is None:
        return None
    text = "\n".join(f"{run.words}\n{run.detail[:20_000]}" for run in bad)
    for number, kind in re.findall(_NODE, text):
        if int(number) < len(graph.ops) and graph.ops[int(number)].kind == kind:
            return graph.ops[int(number)]
    numbers = [int(each) for each in re.findall(_TENSOR, text)]
    return next((graph.tensors[each] for each in numbers if each < len(graph.tensors)), None)


def _cure(bad: list[EngineRun], severity: Severity | None) -> str:
    if severity is not None:
        return _SIZES
    if {each.ended for each in bad} <= {"out-of-memory", "out-of-time"}:
        return "Give it more with --budget or --diff-memory, or make the model smaller."
    if len(bad) == 1 and bad[0].engine == "xnnpack":
        return f"Mend the op that the runtime names, or {_BUILTIN}."
    return "Mend the op that the runtime names, and convert again."
