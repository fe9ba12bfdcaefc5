"""TFL325 relu6-range."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count, named, share
from tflint.analysis.replay import clip_of, ends

_FUSED = frozenset("ADD CONV_2D DEPTHWISE_CONV_2D DIV FULLY_CONNECTED MUL RELU RELU6 SUB".split())
_MANY = 1_000
"""So many ops of a model are looked at."""

_NOTHING = 1e-5
"""What was always 0 gets a range of about this width from the converter: that is another fault."""


@dataclass(frozen=True)
class Relu6Range(Rule):
    """The range of an output goes far beyond what its RELU or RELU6 lets through: codes that are never used.

    ## What it does

    Compares the real values of the lowest and the highest code of an 8-bit output with the bounds of the activation
    function of its op, fused or on its own: 0 for RELU, 0 and 6 for RELU6.

    ## Why it is bad

    A code beyond a bound never occurs. An output of 0 to 12 behind a RELU6 has 7 bits, not 8. The range comes from
    an op that shares it, as CONCATENATION does, from observers that looked before the activation function, or from
    another model.

    ## Example

    ```text
    note TFL325 relu6-range: op 0 CONV_2D, 'y0'
      'y0' has codes for 0 to 12, but its CONV_2D gives 0 to 6 only; 50 % of the codes are never used.
      help: Calibrate after the activation function, and look for a CONCATENATION that shares the
            range.
    ```

    ## Fix

    Calibrate after the activation function, where a tool places its own observers. Where a CONCATENATION forces the
    range, scale its inputs alike, or put the activation function behind it.

    ## References

    - LiteRT f67457790, tflite/kernels/kernel_util.cc, CalculateActivationRangeQuantized
    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md, on ops whose inputs and outputs share a scale
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL325", "relu6-range", Severity.NOTE, of_ranges=True)
    max_unused: float = option(0.3, "Largest share of the codes beyond the activation function's bounds that passes.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        ops = [op for graph in ctx.graphs for op in graph.ops if op.kind in _FUSED and not op.is_custom][:_MANY]
        wasted = [(op, unused) for op in ops if (unused := _unused(op)) > self.max_unused]
        if not wasted:
            return
        op, unused = max(wasted, key=lambda each: each[1])
        out = op.outputs[0]
        low, high = ends(out) or (0.0, 0.0)
        more = f" The same holds for {count(len(wasted) - 1, 'more op')}." if len(wasted) > 1 else ""
        least, most = clip_of(op)
        bounds = f"{least:g} and above" if most is None else f"{least:g} to {most:g}"
        yield self.finding(
            op,
            f"{named(out)} has codes for {low:.4g} to {high:.4g}, but its {op.kind} gives {bounds} only; "
            f"{share(unused, 1)} of the codes are never used.{more}",
            help="Calibrate after the activation function, and look for a CONCATENATION that shares the range.",
            related=[each for each, _ in wasted if each is not op],
            evidence={"low": low, "high": high, "unused": unused, "ops": len(wasted)},
        )


def _unused(op: Op) -> float:
    """The share of the codes of an op's output that its activation function never gives."""
    bounds = ends(op.outputs[0]) if op.outputs else None
    if bounds is None or bounds[1] - bounds[0] < _NOTHING:
        return 0.0
    low, high = bounds
    if low >= 0 and high <= 6.01:  # most are: their options need not be read
        return 0.0
    least, most = clip_of(op)
    beyond = max(0.0, (least if least is not None else low) - low)
    beyond += max(0.0, high - most) if most is not None else 0.0
    return min(1.0, beyond / (high - low))
