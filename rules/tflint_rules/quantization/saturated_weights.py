"""TFL328 saturated-weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tflint import Context, Finding, Rule, RuleMeta, Severity, Tensor, option
from tflint.analysis.phrases import named, share, typed
from tflint_rules.quantization.weight_uses import SAMPLE, Extremes, WeightUse, also, extremes, several_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

_END = 127


class _Used(NamedTuple):
    """What values weights hold: how many distinct ones, and how many at the ends more than there have to be."""

    use: WeightUse
    levels: int
    excess: int
    others: int
    """The values that do not have to be at an end."""


@dataclass(frozen=True)
class SaturatedWeights(Rule):
    """INT8 weights pile up at the ends of their range, or use a handful of its 255 levels.

    ## What it does

    Counts the values of constant INT8 weights with at least `min_elements` elements. A sound scale puts one value of
    each channel, the largest, at -127 or 127: where more than `saturated` of the others are there too, the weights are
    clipped. Where fewer than `levels` distinct values are used, the scale is too large or the weights were quantized
    to fewer bits before.

    ## Why it is bad

    Clipped weights are wrong, and the largest ones, which matter most, are the most wrong. Weights on a handful of
    levels take the room of 8 bits and have the accuracy of 3 or 4. Both come from a scale that is not that of the
    tensor: written by a tool that mixed up channels, or of weights that were quantized twice.

    ## Example

    ```text
    warning TFL328 saturated-weights: tensor 1, 'kernel'
      32 % of the weights 'kernel' INT8[8, 3, 3, 32] of CONV_2D are clipped to -127 or 127; a sound
      scale leaves one value a channel there.
      help: Quantize the weights anew from the float model: their scale is too small.
    ```

    ## Fix

    Convert again from the float model, not from one that is quantized already, with a scale for each channel. Where
    the weights have few values by design, binary, ternary or of 4 bits, INT4 or INT2 store them in half the bytes or
    a quarter.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md: the scale maps the largest weight to 127
    - https://arxiv.org/abs/1806.08342: how the range of weights becomes their scale
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL328", "saturated-weights", Severity.WARNING)
    saturated: float = option(0.05, "Share of values at the ends, the largest of each channel apart, that passes.")
    levels: int = option(16, "Fewest distinct values that pass.")
    min_elements: int = option(256, "Fewest elements of weights that are judged.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        known = ctx.once(extremes, ctx)
        few: list[_Used] = []
        clipped: list[_Used] = []
        for index in self._suspects(known):
            used = _used(known, index)
            if 1 < used.levels < self.levels:
                few.append(used)
            elif used.excess > self.saturated * used.others:
                clipped.append(used)
        if few:
            yield self._few(few)
        if clipped:
            yield self._clipped(clipped)

    def _suspects(self, known: Extremes) -> Iterator[int]:
        """The weights that a look at some of their values leaves in doubt, as positions."""
        import numpy as np

        least = max(1, self.min_elements)
        for index, constant in enumerate(known.constants if least < SAMPLE else ()):
            if least <= constant.elements < SAMPLE:
                yield index
        looked, count = known.samples, len(known.sampled)
        present = np.zeros((count, 256), bool)
        present[np.arange(count)[:, None], looked.view(np.uint8)] = True
        forced = np.array([_forced(known, index) / known.constants[index].elements for index in known.sampled])
        ends = present[:, [_END, 256 - _END, 255 - _END]].any(axis=1)
        share = np.zeros(count)
        share[ends] = (abs(looked[ends].astype(np.int16)) >= _END).mean(axis=1)
        doubted = (present.sum(axis=1) < self.levels) | (share > forced + self.saturated / 2)
        for place in np.flatnonzero(doubted).tolist():
            if known.constants[known.sampled[place]].elements >= least:
                yield known.sampled[place]

    def _few(self, places: list[_Used]) -> Finding:
        first = min(places, key=lambda used: used.levels)
        weights = first.use.weights
        return self.finding(
            weights,
            f"The {weights.elements:,} weights {named(weights)} {typed(weights)} of {first.use.op.kind} hold "
            f"{first.levels} distinct values; INT8 has room for 255.{also(len(places))}",
            help="Convert again from the float model, or store weights that have few values by design as INT4.",
            related=[each.use.weights for each in places if each is not first],
            evidence={"levels": first.levels, "elements": weights.elements, "tensors": len(places)},
        )

    def _clipped(self, places: list[_Used]) -> Finding:
        first = max(places, key=lambda used: used.excess / used.others)
        weights = first.use.weights
        return self.finding(
            weights,
            f"{share(first.excess, first.others)} of the weights {named(weights)} {typed(weights)} of "
            f"{first.use.op.kind} are clipped to -127 or 127; a sound scale leaves one value a "
            f"{'channel' if several_scales(weights) else 'tensor'} there.{also(len(places))}",
            help="Quantize the weights anew from the float model: their scale is too small.",
            related=[each.use.weights for each in places if each is not first],
            evidence={"excess": first.excess, "of": first.others, "tensors": len(places)},
        )


def _used(known: Extremes, index: int) -> _Used:
    """What values weights hold, all of them counted."""
    use, constant = known.uses[index], known.constants[index]
    counts = _histogram(constant)
    at_ends = int(counts[_END] + counts[256 - _END] + counts[256 - _END - 1])
    forced = _forced(known, index)
    return _Used(use, int((counts > 0).sum()), at_ends - forced, max(1, constant.elements - forced))


def _forced(known: Extremes, index: int) -> int:
    """So many values have to be at an end: one for each scale."""
    return int(known.counts[index]) if several_scales(known.uses[index].weights) else 1


def _histogram(constant: Tensor) -> "NDArray[Any]":
    """How often each byte occurs in a constant."""
    import numpy as np

    counts = np.zeros(256, np.int64)
    for chunk in constant.chunks():
        counts += np.bincount(chunk.view(np.uint8), minlength=256)
    return counts
