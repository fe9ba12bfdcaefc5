"""TFL904 top1-flip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import cut
from tflint_rules.numerics.judged import HALF, Judged, is_given, judged
from tflint_rules.numerics.words import evidence, inputs


@dataclass(frozen=True)
class Top1Flip(Rule):
    """The class with the largest score is often another than the source's.

    ## What it does

    With `--diff` looks at outputs that are the scores of classes: rows of numbers from zero on that sum up to one.
    Counts the rows in which the largest entry of model and source is the same. Only rows count in which it leads in the
    source by more than two steps of the output, or two 256ths: rounding alone does not change those.

    Made-up inputs belong to no class and lie between them: of a quantized model half of them may change it.

    Nothing is said of an output that output-diff reports, as it is set by default.

    ## Why it is bad

    The scores are near those of the source, and the answer is another one: what users see is the class.

    ## Example

    ```text
    warning TFL904 top1-flip: tensor 4, 'probs'
      The largest score of output 'probs' is that of another class than in the source 'model.keras' in
      25 % of the rows in which the source is clear, on 6 given inputs; at most 2 % were expected.
      help: Count again on inputs of your own (--inputs FILE); if it stays, calibrate with more of
            them.
    ```

    ## Fix

    Run both models on inputs of your own (`--inputs`) and count there. If the classes still change, calibrate with more
    data, quantize weights per channel, or train with quantization.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md: the scale of SOFTMAX is 1/256
    - https://github.com/tensorflow/tensorflow/issues/60903
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL904", "top1-flip", Severity.WARNING, needs=frozenset({Need.RUN}))
    min_agreement: float = option(
        0.98, "Least share of the clear rows with the same class that passes; quantization costs classifiers 1 to 2 %."
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison = ctx.comparison
        if comparison is None:
            return
        least = self.min_agreement
        if not (comparison.precision.startswith("float") or is_given(comparison)):
            least = min(least, HALF)
        found = [each for each in judged(ctx) if not (each.is_off or each.is_collapsed) and _flips(each, least)]
        if not found:
            return
        first = min(found, key=lambda each: each.output.figures.top1_clear or 0.0)
        figures = first.output.figures
        clear = figures.top1_clear or 0.0
        yield self.finding(
            first.tensor,
            f"The largest score of output '{cut(first.output.name)}' is that of another class than in the source "
            f"'{cut(comparison.reference)}' in {100 * (1 - clear):.0f} % of the rows in which the source is clear, on "
            f"{inputs(comparison, comparison.counted)}; at most {100 * (1 - least):.2g} % were expected.",
            help="Count again on inputs of your own (--inputs FILE); if it stays, calibrate with more of them.",
            related=[each.tensor for each in found if each is not first],
            evidence={"top1_clear": float(f"{clear:.4g}"), **evidence(figures)},
        )


def _flips(each: Judged, least: float) -> bool:
    clear = each.output.figures.top1_clear
    return clear is not None and clear < least
