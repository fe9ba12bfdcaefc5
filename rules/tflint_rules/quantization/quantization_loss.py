"""TFL335 quantization-loss."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from tflint import Context, Finding, Format, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.compared import Compared, Measured, change, compared, figures, reason
from tflint.analysis.phrases import count, listed, named

_SIGNED_BYTES = 127
_BIT_DB = 6.0
_MOST = 20
"""So many tensors stand in the evidence."""


@dataclass(frozen=True)
class QuantizationLoss(Rule):
    """Quantized weights are far from those of the float source: a wrong scale, clipped, too coarse, or replaced.

    ## What it does

    Finds for each constant the one of the float source that it was made from, by place, name and value, and compares
    their channels in decibels: 10 log10 of the sum of the squares of the source's values over that of the errors.

    It is an error where weights are the source's times a factor, or moved by a wrong zero point, and the bias is not;
    where the weights of two layers are mixed up; and where none of the weights is the source's. It is a warning where
    some weights are not the source's (both of a `.tflite` source; TFL613 tells it of others), and where a constant
    keeps less than `min_db`, or more than `max_channels` of its channels keep less than `min_channel_db`. What has
    less than 8 bits has to lose more than one bit beyond what rounding each channel to a scale of its own does.

    Left out are constants of which no twin is found for certain, channels so small that the others hide them, and
    errors that cannot reach half a step of the op's output: the converter coarsens weights where a large bias would
    not fit into its 32 bits.

    ## Why it is bad

    Rounding to 8 bits leaves 40 to 50 dB with a scale for each channel, 20 to 45 dB with one scale for all; 4 bits
    leave about 20 dB. At 20 dB the errors are a tenth of the weights, at 10 dB a third. A model whose weights are off
    by a factor loads, runs, and answers wrongly.

    ## Example

    ```text
    error TFL335 quantization-loss: tensor 4, 'dense_1/kernel'
      'dense_1/kernel' holds the weights of the source times 2, in 8 of 8 channels; rounded they were
      expected, and the results are wrong.
      help: Convert the source again, or write the scales and zero points of these weights anew.
    ```

    ## Fix

    Convert again from the source. Where one scale serves channels of very different sizes, quantize per channel,
    which is what the converter does unless it is told otherwise. Where single values are large, train with a limit
    on the weights, or quantize while training.

    ## References

    - LiteRT f67457790, tflite/tools/optimize/quantization_utils.cc, SymmetricPerChannelQuantization
    - LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/tfl_quantization_driver.cc, kBiasMax
    - https://arxiv.org/abs/1806.08342
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL335", "quantization-loss", Severity.WARNING, needs=frozenset({Need.SOURCE}))
    min_db: float = option(20.0, "The signal to noise ratio of a weight tensor that passes, in decibels.")
    min_channel_db: float = option(10.0, "The signal to noise ratio of a channel that passes, in decibels.")
    max_channels: float = option(0.1, "The share of the channels of a tensor that may have less.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.source is None:
            return
        known = ctx.once(compared, ctx.model, ctx.source)
        if ctx.source.format is Format.TFLITE:  # TFL613 tells of other sources
            yield from self._replaced(known)
            yield from self._moved(known)
        kept = [each for each in known.measured if not each.is_replaced]
        if wrong := [each for each in kept if each.is_wrong and not each.is_folded]:
            yield self._wrong(wrong)
        low = [each for each in kept if not each.is_wrong and self._is_low(each)]
        if low:
            yield self._low(low, len(known.measured))

    def _replaced(self, known: Compared) -> Iterator[Finding]:
        other = [each.tensor for each in known.measured if each.is_replaced]
        other += [twin.converted.tensor for twin in known.strangers]
        alike = len(known.measured) + len(known.strangers) - len(other)
        if not other:
            return
        have = "has" if len(other) == 1 else "have"
        yield self.finding(
            other[0],
            f"{len(other):,} of {count(len(other) + alike, 'constant')} {have} other values than the source has in the "
            f"same place ({listed(map(named, other))}); the file was converted from another source, from another "
            f"state of it, or changed since.",
            help="Convert the source again, or name the source that the file was converted from.",
            related=other[1:],
            severity=None if alike else Severity.ERROR,
            evidence={"different": len(other), "alike": alike},
        )

    def _moved(self, known: Compared) -> Iterator[Finding]:
        if not known.moved:
            return
        twin, there = known.moved[0]
        tensors = [each.converted.tensor for each, _ in known.moved]
        more = f" So it is with {count(len(tensors) - 1, 'more constant')}." if len(tensors) > 1 else ""
        yield self.finding(
            tensors[0],
            f"{named(tensors[0])} holds what the source has in {named(twin.original.tensor)}; the weights of "
            f"{named(there.tensor)} were expected there.{more}",
            help="Convert the source again.",
            related=tensors[1:],
            severity=Severity.ERROR,
            evidence={"constants": len(tensors)},
        )

    def _wrong(self, found: list[Measured]) -> Finding:
        first = max(found, key=lambda each: int((each.scaled | each.shifted).sum()))
        more = f" The same is wrong with {count(len(found) - 1, 'more constant')}." if len(found) > 1 else ""
        return self.finding(
            first.tensor,
            f"{named(first.tensor)} holds the weights of the source {change(first)}; rounded they were expected, and "
            f"the results are wrong.{more}",
            help="Convert the source again, or write the scales and zero points of these weights anew.",
            related=[each.tensor for each in found if each is not first],
            severity=Severity.ERROR,
            evidence={"tensors": [figures(each, self._weak(each)) for each in found[:_MOST]]},
        )

    def _low(self, found: list[Measured], of: int) -> Finding:
        found = sorted(found, key=lambda each: each.loss.db)
        tensors = [each.tensor for each in found]
        worst = "; ".join(f"{named(each.tensor)} {self._lost(each)}" for each in found[:3])
        more = f"; and {len(found) - 3:,} more" if len(found) > 3 else ""
        return self.finding(
            tensors[0],
            f"{len(found):,} of {count(of, 'constant')} {'has' if len(found) == 1 else 'have'} lost much of the "
            f"source's values: {worst}{more}. {self.min_db:.0f} dB are expected, and "
            f"{self.min_channel_db:.0f} dB of a channel.",
            help="Quantize with a scale for each channel, or leave these layers in float or 16 bits.",
            related=tensors[1:],
            evidence={"tensors": [figures(each, self._weak(each)) for each in found[:_MOST]]},
        )

    def _is_low(self, each: Measured) -> bool:
        loss, seen = each.loss, each.counted
        if not loss.levels or not seen.any():
            return False
        gap = loss.ideal_db - loss.channel_db
        in_vain = seen if loss.levels >= _SIGNED_BYTES else seen & (gap > _BIT_DB)
        if loss.db < self.min_db and in_vain.any():
            return True
        return bool((self._weak(each) & in_vain).sum() > self.max_channels * seen.sum())

    def _weak(self, each: Measured) -> Any:
        """A mask of the channels that are below the limit."""
        return each.counted & (each.loss.channel_db < self.min_channel_db)

    def _lost(self, each: Measured) -> str:
        weak = int(self._weak(each).sum())
        kept = f"keeps {each.loss.db:.1f} dB" if each.loss.db < self.min_db else "keeps"
        less = f"less than {self.min_channel_db:.0f} dB in {weak:,} of {count(each.counted.size, 'channel')}"
        parts = [kept, less] if weak and each.counted.size > 1 else [kept]
        return f"{(', ' if each.loss.db < self.min_db else ' ').join(parts)} ({reason(each)})"
