"""TFL311 accumulator-overflow."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity
from tflint.analysis.phrases import named
from tflint_rules.quantization.accumulators import ROOM, Overflow, overflows
from tflint_rules.quantization.weight_uses import also


class AccumulatorOverflow(Rule):
    """The sum of products of an output channel can leave the integer that it is added up in.

    ## What it does

    Adds up, with the stored weights, zero points and bias, the largest and the smallest sum that any input can give
    each output channel of CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED, and compares them with the
    accumulator: 32 bits beside INT8 and UINT8 inputs and beside INT16 inputs with an INT32 bias, else the 48 bits that
    can be scaled. Where every input overflows it is an error.

    ## Why it is bad

    Sums wrap around without a word: a large positive result becomes the most negative one. It happens where the input
    is strongest, so that tests on ordinary data may never show it.

    ## Example

    ```text
    warning TFL311 accumulator-overflow: op 0 CONV_2D, 'y'
      The sums of output channel 5 of CONV_2D with the weights 'kernel' can reach 2,147,768,292; 32
      bits hold up to 2,147,483,647.
      help: Check the scales of its weights and bias and convert again, or split the op along its
            input channels.
    ```

    ## Fix

    Look at the bias first: one near the limits of 32 bits was quantized with too small a scale, of weights or input
    that are next to 0; repair those and convert again. With INT16 activations take the INT64 bias that the converter
    writes by default. Else split the op in two along its input channels and add the results.

    ## References

    - LiteRT f67457790, tflite/kernels/internal/reference/integer_ops/{conv,depthwise_conv,transpose_conv,
      fully_connected}.h: the types of the sums
    - LiteRT f67457790, tflite/kernels/internal/common.cc, MultiplyByQuantizedMultiplier
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL311", "accumulator-overflow", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[int, bool], list[Overflow]] = {}
        for overflow in overflows(ctx):
            found.setdefault((overflow.bits, overflow.always), []).append(overflow)
        for (bits, always), places in found.items():
            first = places[0]
            sums = {"least": first.low, "most": first.high, "bits": bits}
            yield self.finding(
                first.use.op,
                f"The sums of output channel {first.channel} of {first.use.op.kind} with the weights "
                f"{named(first.use.weights)} {'are always beyond' if always else 'can reach'} "
                f"{ROOM[bits] if always else first.largest:,}; {bits} bits hold up to {ROOM[bits]:,}."
                f"{also(len(places), 'op')}",
                help="Check the scales of its weights and bias and convert again, or split the op along its input "
                "channels.",
                related=[each.use.op for each in places[1:]],
                severity=Severity.ERROR if always else Severity.WARNING,
                evidence={"channel": first.channel, **sums, "ops": len(places)},
            )
