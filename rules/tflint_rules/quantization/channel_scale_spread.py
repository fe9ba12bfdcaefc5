"""TFL315 channel-scale-spread."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from tflint import Context, Finding, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import named, share, typed
from tflint_rules.quantization.weight_uses import BIASED, Extremes, WeightUse, also, extremes, several_scales

_FEWEST_CHANNELS = 4


class _Tally(NamedTuple):
    """The output channels of weights: all, those that are 0 throughout, and those with few steps."""

    use: WeightUse
    channels: int
    dead: int
    coarse: int
    largest: int
    """The largest stored value of the channel that uses the fewest steps."""


@dataclass(frozen=True)
class ChannelScaleSpread(Rule):
    """Output channels are left with next to no steps by a scale that they share, or are 0 throughout.

    ## What it does

    Looks at the largest stored value of each output channel of constant INT8 weights of CONV_2D, DEPTHWISE_CONV_2D,
    TRANSPOSE_CONV and FULLY_CONNECTED. Where one scale serves all channels, it reports the channels whose weights
    reach at most `steps` of 127; of FULLY_CONNECTED as a note, whose small rows give small results. Where each
    channel has its own scale, channels that are 0 throughout are dead: a note where they are at least `dead_share` of
    all, a warning where all of them are.

    ## Why it is bad

    Folding a batch normalization into a convolution makes the ranges of its channels differ by factors of 100. The
    one scale is that of the widest channel, and weights of the narrow ones are rounded to -1, 0 and 1: the accuracy
    of the quantized model collapses, and most of all after DEPTHWISE_CONV_2D. A dead channel gives its bias whatever
    the input is: its multiplications and bytes are spent for nothing.

    ## Example

    ```text
    warning TFL315 channel-scale-spread: tensor 1, 'kernel'
      2 of the 8 output channels of the weights 'kernel' INT8[8, 3, 3, 4] of CONV_2D reach at most 3
      of 127 steps, the smallest 1; one scale serves all of them.
      help: Quantize the weights with a scale for each channel.
    ```

    ## Fix

    Quantize the weights with a scale for each channel: convert again with TFLiteConverter from TensorFlow 2.x, without
    `_experimental_disable_per_channel`. Where one scale is needed, equalize the ranges of the channels before
    (cross-layer equalization) or train with quantization. Dead channels: prune them, or look at why training left
    them, often a dead RELU.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md, "Per-axis vs per-tensor"
    - https://arxiv.org/abs/1806.08342: weights quantized per layer and per channel
    - https://arxiv.org/abs/1906.04721: ranges of the channels of depthwise convolutions
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL315", "channel-scale-spread", Severity.WARNING)
    steps: int = option(3, "Largest stored value, of 127, of a channel that is reported under a shared scale.")
    coarse_share: float = option(0.05, "Share of such channels from which on weights are reported.")
    dead_share: float = option(0.5, "Share of dead channels from which on weights are reported.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        spread: dict[Severity, list[_Tally]] = {}
        dead: dict[Severity, list[_Tally]] = {}
        for tally in self._tallies(ctx.once(extremes, ctx)):
            alive = tally.channels - tally.dead
            if tally.coarse:
                if tally.coarse < alive and tally.coarse >= self.coarse_share * tally.channels:
                    dense = tally.use.op.kind == "FULLY_CONNECTED"
                    spread.setdefault(Severity.NOTE if dense else Severity.WARNING, []).append(tally)
            elif not alive or (several_scales(tally.use.weights) and tally.dead >= self.dead_share * tally.channels):
                dead.setdefault(Severity.NOTE if alive else Severity.WARNING, []).append(tally)
        for severity, places in spread.items():
            yield self._spread(severity, places)
        for severity, places in dead.items():
            yield self._dead(severity, places)

    def _tallies(self, known: Extremes) -> Iterator[_Tally]:
        """The weights with dead channels, or with few steps under a shared scale."""
        import numpy as np

        if not known.uses:
            return
        magnitude = known.magnitude
        small = np.add.reduceat(magnitude <= self.steps, known.starts)
        for index in np.flatnonzero(small).tolist():
            use, start, channels = known.uses[index], int(known.starts[index]), int(known.counts[index])
            if use.op.kind not in BIASED or channels < _FEWEST_CHANNELS:
                continue
            part = magnitude[start : start + channels]
            living = part[part > 0]
            coarse = 0 if several_scales(use.weights) else int((living <= self.steps).sum())
            yield _Tally(use, channels, channels - living.size, coarse, int(living.min()) if living.size else 0)

    def _spread(self, severity: Severity, places: list[_Tally]) -> Finding:
        first = max(places, key=lambda tally: tally.coarse / tally.channels)
        weights = first.use.weights
        return self.finding(
            weights,
            f"{first.coarse:,} of the {first.channels:,} output channels of the weights {named(weights)} "
            f"{typed(weights)} of {first.use.op.kind} reach at most {self.steps} of 127 steps, the smallest "
            f"{first.largest}; one scale serves all of them.{also(len(places))}",
            help="Quantize the weights with a scale for each channel.",
            related=[each.use.weights for each in places if each is not first],
            severity=severity,
            evidence={"coarse": first.coarse, "channels": first.channels, "tensors": len(places)},
        )

    def _dead(self, severity: Severity, places: list[_Tally]) -> Finding:
        first = max(places, key=lambda tally: tally.dead / tally.channels)
        weights = first.use.weights
        which = (
            f"All {first.channels:,} output channels"
            if severity is Severity.WARNING
            else f"{first.dead:,} of the {first.channels:,} output channels ({share(first.dead, first.channels)})"
        )
        return self.finding(
            weights,
            f"{which} of the weights {named(weights)} {typed(weights)} of {first.use.op.kind} are 0 throughout; they "
            f"give the same result whatever the input is.{also(len(places))}",
            help="Prune the channels, or look at why training left their weights at 0.",
            related=[each.use.weights for each in places if each is not first],
            severity=severity,
            evidence={"dead": first.dead, "channels": first.channels, "tensors": len(places)},
        )
