"""TFL903 nan-inf-output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from tflint import Context, Finding, Graph, Need, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import listed, named, share
from tflint_rules.numerics.judged import EDGES, ran
from tflint_rules.numerics.words import inputs

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison, Inside

_HELP = (
    "Look for a division by zero, a logarithm or root of numbers that are not positive, or a value that float16 cannot "
    "hold, and keep the operand away from it."
)


class _Bad(NamedTuple):
    """An output with values that are not finite, the inputs that show it, and how bad it is."""

    tensor: Tensor
    feeds: tuple[int, ...]
    severity: Severity
    is_compared: bool
    is_ours: bool = True


class NanInfOutput(Rule):
    """An output has values that are infinite or not a number, where the source's are finite.

    ## What it does

    With `--diff` looks at the outputs for each input. Where there is a source, values count that are not finite while
    the source's are; without one each does. The finding stands at the first op on the way to the output whose values
    are not finite. Infinite values inside that end before the outputs, as those of attention masks do, are fine.

    It is a warning where only edge cases, or inputs that leave the calibrated ranges, show it; where there is no source
    and the inputs are made up without a known range, for the model may never see such inputs; and where it is the
    source that gives such values for inputs of yours.

    ## Why it is bad

    A value that is not a number spreads: every sum and product with it is none either. Comparisons with it are false,
    so the largest score is whichever comes first, and nothing crashes.

    ## Example

    ```text
    error TFL903 nan-inf-output: op 1 LOG, 'log'
      Output 'y' has values that are infinite or not a number on 2 random inputs of 6, where the
      source's are finite. The first such values are those of op 1 LOG: 25 % of them.
      help: Look for a division by zero, a logarithm or root of numbers that are not positive, or a
            value that float16 cannot hold, and keep the operand away from it.
      also: tensor 4, 'y'
    ```

    ## Fix

    Add a small number to what is divided by, clip what a logarithm or a root takes, keep what is exponentiated small.
    Weights in float16 end at 65,504. Then convert again.

    ## References

    - LiteRT f67457790, tflite/kernels/elementwise.cc and tflite/kernels/div.cc: no check of the domain of floats
    - https://github.com/tensorflow/tensorflow/issues/48671
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL903", "nan-inf-output", Severity.ERROR, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        if comparison is None or graph is None:
            return
        marked = {each.address: each for each in comparison.inside if each.kind == "not-finite"}
        found = [*_compared(comparison, graph, marked), *_alone(comparison, graph, marked)]
        ours = [each for each in found if each.is_ours]
        if ours:
            yield self._ours(comparison, graph, ours, marked)
        theirs = [each for each in found if not each.is_ours]
        if theirs:
            yield self.finding(
                theirs[0].tensor,
                f"The source gives values that are infinite or not a number at "
                f"{listed(named(each.tensor) for each in theirs)} for {inputs(comparison, theirs[0].feeds)}, and the "
                f"model does not.",
                help="Look at how the source computes the output, and whether the inputs are what it was trained with.",
                related=[each.tensor for each in theirs[1:]],
                severity=Severity.WARNING,
                evidence={"outputs": [each.tensor.index for each in theirs]},
            )

    def _ours(self, comparison: Comparison, graph: Graph, bad: Sequence[_Bad], marked: dict[str, Inside]) -> Finding:
        bad = sorted(bad, key=lambda each: -each.severity)
        first = bad[0]
        op = _first(graph, [each.tensor for each in bad], marked)
        what = (
            f"Output {named(first.tensor)} has"
            if len(bad) == 1
            else f"Outputs {listed(named(each.tensor) for each in bad)} have"
        )
        text = f"{what} values that are infinite or not a number on {inputs(comparison, first.feeds)}"
        text += f" of {len(comparison.feeds):,}, where the source's are finite." if first.is_compared else "."
        if op is not None:
            worst = max(
                (marked[each.location.address] for each in op.outputs if each.location.address in marked),
                key=lambda each: each.share,
            )
            text += f" The first such values are those of op {op.index} {op.kind}: {share(worst.share, 1.0)} of them."
        places = [each.tensor for each in bad]
        return self.finding(
            op if op is not None else places[0],
            text,
            help=_HELP,
            related=places if op is not None else places[1:],
            severity=first.severity,
            evidence={"outputs": [each.index for each in places], "inputs": len(first.feeds)},
        )


def _compared(comparison: Comparison, graph: Graph, marked: dict[str, Inside]) -> Iterator[_Bad]:
    """The outputs that are not finite where the source's are, or the other way round."""
    plain = comparison.run("builtin")
    is_looked_at = plain is not None and plain.is_done
    for output in comparison.outputs:
        feeds = [place for place, each in enumerate(output.by_feed[: len(comparison.feeds)]) if not each.finite]
        if not feeds or not 0 <= output.place < len(graph.outputs):
            continue
        tensor = graph.outputs[output.place]
        kinds = {comparison.feeds[place].kind for place in feeds if place in comparison.counted}
        if tensor.location.address in marked or (tensor.dtype.is_float and not is_looked_at):
            severity = Severity.ERROR if kinds - EDGES else Severity.WARNING
            yield _Bad(tensor, tuple(feeds), severity, is_compared=True)
        elif "given" in kinds:
            yield _Bad(tensor, tuple(feeds), Severity.WARNING, is_compared=True, is_ours=False)


def _alone(comparison: Comparison, graph: Graph, marked: dict[str, Inside]) -> Iterator[_Bad]:
    """The outputs that are not finite, and are compared with nothing."""
    known = {each.place for each in comparison.outputs}
    for place, tensor in enumerate(graph.outputs):
        seen = marked.get(tensor.location.address)
        if place in known or seen is None or seen.feed is None or not 0 <= seen.feed < len(comparison.feeds):
            continue
        kind = comparison.feeds[seen.feed].kind
        is_sure = kind == "given" or (kind == "random" and "no range is known" not in comparison.inputs_from)
        yield _Bad(tensor, (seen.feed,), Severity.ERROR if is_sure else Severity.WARNING, is_compared=False)


def _first(graph: Graph, outputs: Sequence[Tensor], marked: dict[str, Inside]) -> Op | None:
    """The first op, in execution order, from which values that are not finite lead to the outputs."""
    waiting, seen = list(outputs), set[Op]()
    while waiting:
        tensor = waiting.pop()
        op = graph.producer(tensor)
        if op is None or op in seen or tensor.location.address not in marked:
            continue
        seen.add(op)
        waiting += [each for each in op.inputs if each is not None]
    return min(seen, key=lambda op: op.index, default=None)
