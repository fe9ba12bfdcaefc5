"""TFL914 edge-inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import cut, listed
from tflint_rules.numerics.judged import EDGES, Judged, judged
from tflint_rules.numerics.words import error, evidence, feed

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison


@dataclass(frozen=True)
class EdgeInputs(Rule):
    """An output is right for random inputs, and far from the source's for an edge case.

    ## What it does

    With `--diff` and made-up inputs, the model also runs on inputs that are one number everywhere: zeros, the ends and
    the middle of their range. Reports outputs that pass output-diff, as it is set by default, on all random inputs, and
    on an edge case do not, by at least `min_gap_db` more error than on the worst random one.

    ## Why it is bad

    Silence, black pictures, missing sensors and padding are inputs that happen. Where all elements are one number, a
    division by their deviation or their sum ends in rounding, and model and source go different ways.

    ## Example

    ```text
    warning TFL914 edge-inputs: tensor 4, 'probs'
      Output 'probs' is far from that of the source 'model.keras' on 'all high' and 'all zeros': the
      error is 40 % of the signal (SNR 8.0 dB) and 1.19 at most; on random inputs the ratio is 105 dB
      or more.
      help: Look for a division, a logarithm or a normalization of what is one number everywhere.
    ```

    ## Fix

    Add a small number to what is divided by, at its place in the source, and convert again. For quantized models give
    the calibration such inputs, too.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/post_training_quantization.md, on the representative dataset
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL914", "edge-inputs", Severity.WARNING, needs=frozenset({Need.RUN}))
    min_gap_db: float = option(
        20.0, "How much lower the signal-to-noise ratio of an edge case has to be, in dB; 20 is ten times the error."
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison = ctx.comparison
        if comparison is None:
            return
        found: list[tuple[float, Judged, list[int]]] = []
        for each in judged(ctx):
            usual = _usual(comparison, each)
            bad = [
                place for place in each.edges if usual is not None and usual - _ratio(each, place) >= self.min_gap_db
            ]
            if bad and not each.is_off and not each.is_collapsed:
                bad.sort(key=partial(_ratio, each))
                found.append((_ratio(each, bad[0]), each, bad))
        if not found:
            return
        found.sort(key=lambda one: one[0])
        _, first, places = found[0]
        figures = first.output.by_feed[places[0]]
        usual = _usual(comparison, first) or 0.0
        yield self.finding(
            first.tensor,
            f"Output '{cut(first.output.name)}' is far from that of the source '{cut(comparison.reference)}' on "
            f"{listed(feed(comparison, place) for place in places)}: {error(figures, first.step)}; on random inputs "
            f"the ratio is {usual:.0f} dB or more.",
            help="Look for a division, a logarithm or a normalization of what is one number everywhere.",
            related=[each.tensor for _, each, _ in found[1:]],
            evidence={"inputs": [comparison.feeds[place].label for place in places], **evidence(figures)},
        )


def _usual(comparison: Comparison, each: Judged) -> float | None:
    """The lowest ratio of the inputs that are no edge cases; None where there is none."""
    held = [each.output.by_feed[place].snr_db for place in comparison.counted
            if 0 <= place < min(len(comparison.feeds), len(each.output.by_feed))
            and comparison.feeds[place].kind not in EDGES]  # fmt: skip
    return min((one for one in held if one is not None), default=None)


def _ratio(each: Judged, place: int) -> float:
    found = each.output.by_feed[place].snr_db
    return -1e3 if found is None else found
