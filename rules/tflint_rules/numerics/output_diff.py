"""TFL901 output-diff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Location, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count, cut
from tflint_rules.numerics.blamed import credible, cure, evidence_of, told
from tflint_rules.numerics.judged import MAX_STEPS, SNR_DB, Judged, is_of_kernels, judged
from tflint_rules.numerics.words import PRECISIONS, error, evidence, feed, inputs, place

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison, OutputDifference

_HELP = "Look at what the finding names in both models, and run them on inputs of your own: --inputs FILE."
_OF_ORDER = "Read outputs by their names in the signature, or convert again with named outputs."


@dataclass(frozen=True)
class OutputDiff(Rule):
    """An output of the model is further from its source's than the precision of the model explains.

    ## What it does

    With `--diff` the model and its source are run on the same inputs. For each output the error is set against the
    size of the source's values, both as root mean squares: a signal-to-noise ratio of 20 dB is an error of 10 %, one
    of 40 dB 1 %. Which ratio passes depends on the precision of the model, and can be set. Made-up inputs that leave
    the ranges a quantized model was calibrated for do not count; edge cases alone are for edge-inputs.

    A quantized output passes as well where its largest error is no more than `max_steps` steps of its scale: of a value
    near zero, rounding leaves nothing. Scores are given the 256 steps that eight bits have for them.

    Not judged are models that give something else in each run, quantized ones with loops or branches on made-up inputs,
    whole numbers of quantized models, and what such models choose by comparing (the order of boxes, the number of a
    class): rounding may change it at will. Scores of a quantized model on made-up inputs, which belong to no class,
    count where most rows have another class, or an op is clearly wrong by itself.

    Where kernels of the runtime disagree by as much, and no op is wrong by itself, kernel-disagreement reports it.

    Where a single op can be told that gives something else than the source *for the source's own values*, the finding
    stands at it; what follows it inherits its error.

    ## Why it is bad

    The file does not compute what was trained. A good conversion to float32 is right to about six digits; a bad one
    still runs, and answers with numbers that look like any others.

    ## Example

    ```text
    error TFL901 output-diff: op 0 FULLY_CONNECTED, 'dense_1'
      The output 'probs' differs from 'softmax' of its source 'model.keras': on 4 random inputs and 2
      edge cases the error is 31 % of the signal (SNR 10.2 dB) and 0.927 at most; a float32 model
      should have 60 dB or more. It is worst on 'random 3 (normal)'. Fed with the source's values, op
      0 FULLY_CONNECTED is by itself off by 35 % from the source's 'dense_1', where rounding explains
      1.2 %.
      help: Compare the op and its weights with what the source has there, and convert again.
      also: tensor 4, 'probs'
    ```

    ## Fix

    Compare the op that the finding names with the layer of the source: its weights, its activation, its padding, the
    range that it was quantized to. Where most layers differ, the file is no conversion of this source. Where no op
    stands out, quantization costs too much as a whole: more calibration data, weights per channel, or
    quantization-aware training help.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md: what a step is of each kind of value
    - LiteRT f67457790, tflite/g3doc/performance/quantization_debugger.md, which compares layers in the same way
    - https://github.com/tensorflow/tensorflow/issues/41608
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL901", "output-diff", Severity.ERROR, needs=frozenset({Need.RUN}))
    float32_snr_db: float = option(
        SNR_DB["float32"],
        "Lowest signal-to-noise ratio of a float32 model that passes, in dB; kernels leave 90 and more.",
    )
    float16_snr_db: float = option(SNR_DB["float16"], "The same with float16 weights, which have three digits.")
    dynamic_snr_db: float = option(SNR_DB["dynamic"], "The same with integer weights and float values.")
    int16x8_snr_db: float = option(SNR_DB["int16x8"], "The same with int16 values and int8 weights.")
    int8_snr_db: float = option(
        SNR_DB["int8"], "The same of an int8 model; made-up inputs are harder on it than those it was calibrated with."
    )
    max_steps: float = option(MAX_STEPS, "Largest error of a quantized output that passes in any case, in steps.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison = ctx.comparison
        limits = {name: getattr(self, f"{name}_snr_db") for name in SNR_DB}
        off = [each for each in judged(ctx, limits, self.max_steps) if each.is_off]
        if comparison is None or not off or is_of_kernels(comparison, off):
            return
        swapped = [each for each in off if each.output.fits_better is not None]
        if len(swapped) == len(off):
            yield self._swapped(swapped, comparison)
            return
        off.sort(key=lambda each: _ratio(each.output))
        yield self._off(ctx, comparison, off)

    def _off(self, ctx: Context, comparison: Comparison, off: list[Judged]) -> Finding:
        first, blame = off[0], credible(ctx)
        output = first.output
        at = None if blame is None else place(ctx, blame.op)
        what = _named(first, comparison, len(comparison.outputs))
        worst = feed(comparison, output.worst)
        text = f"{what}: on {inputs(comparison, comparison.counted)} {error(output.figures, first.step)}"
        text += f"; {PRECISIONS[comparison.precision]} should have {first.limit:g} dB or more."
        if len(off) > 1:
            text += f" So {'is' if len(off) == 2 else 'are'} {count(len(off) - 1, 'other output')}."
        if output.figures.top1 is not None:
            text += f" The largest entry is the same in {100 * output.figures.top1:.0f} % of the rows."
        text += f" It is worst on {worst}." if worst else ""
        text += f" {told(ctx, blame)}" if blame else " No single op is known to be wrong by itself beyond rounding."
        related = [each.tensor.location for each in off]
        found = {"outputs": [{"name": each.output.name, **evidence(each.output.figures)} for each in off]}
        return self.finding(
            at or related[0],
            text,
            help=cure(ctx, blame) if blame else _HELP,
            related=related if at else related[1:],
            evidence={**found, "precision": comparison.precision, **(evidence_of(blame) if blame else {})},
        )

    def _swapped(self, off: list[Judged], comparison: Comparison) -> Finding:
        """Outputs that are others of the source's."""
        names = {each.reference_place: each.reference_name for each in comparison.outputs}
        fits = [
            f"'{cut(each.output.name)}' gives the values of "
            f"'{cut(names.get(each.output.fits_better or 0, str(each.output.fits_better)))}'"
            for each in off[:3]
        ]
        more = f", and {count(len(off) - 3, 'other')} likewise" if len(off) > 3 else ""
        by = {each.output.matched_by for each in off}
        is_named = not by.isdisjoint({"signature", "name"})
        what = "by name" if is_named else "by shape and order, since their names tell nothing"
        places: list[Location] = [each.tensor.location for each in off]
        return self.finding(
            places[0],
            f"Outputs of the model are other outputs of its source: {', '.join(fits)}{more}; they were matched {what}.",
            help=_OF_ORDER,
            related=places[1:],
            severity=None if is_named else Severity.WARNING,
            evidence={"fits": {each.output.name: each.output.fits_better for each in off}},
        )


def _named(first: Judged, comparison: Comparison, outputs: int) -> str:
    output = first.output
    theirs = f"'{cut(output.reference_name)}'" if output.reference_name != output.name else "that"
    only = "The output" if outputs == 1 else "Output"
    return f"{only} '{cut(output.name)}' differs from {theirs} of its source '{cut(comparison.reference)}'"


def _ratio(output: OutputDifference) -> float:
    return -1e9 if output.figures.snr_db is None else output.figures.snr_db
