"""TFL310 bias-params."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import named, typed
from tflint_rules.quantization import biases
from tflint_rules.quantization.biases import Cause, Fault
from tflint_rules.quantization.weight_uses import also

_HELP = {
    Cause.TYPE: "Write the bias as {wanted}: convert again, or store its values anew.",
    Cause.READ: "Write the bias as {wanted}: convert again, or store its values anew.",
    Cause.POINT: "Write zero point 0 for the bias.",
    Cause.COUNT: "Write as many scales for the bias as for the weights.",
    Cause.SCALE: "Quantize the bias with input scale times weight scale, and write that as its scale.",
}


@dataclass(frozen=True)
class BiasParams(Rule):
    """A bias has another type, zero point or scale than the specification and the kernels ask for.

    ## What it does

    Compares the bias of CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED on quantized inputs with what
    it has to be: INT32, INT64 beside INT16 inputs, zero point 0, and scale input scale times weight scale, channel by
    channel. What a kernel refuses or misreads is an error; a zero point or a scale that it ignores, a warning. A bias
    that is 0 throughout means 0 with any scale.

    ## Why it is bad

    Kernels add the stored integers to sums of products, whatever scale the file gives them. A bias that was quantized
    with another scale is added as a wrong number; one whose scale alone is wrong is right on LiteRT and wrong in every
    tool that reads the scale. A bias of the wrong width is refused, or its neighbours are read as the upper half of
    each value.

    ## Example

    ```text
    warning TFL310 bias-params: tensor 2, 'bias'
      The bias 'bias' INT32[8] of CONV_2D has scale 0.001; input scale times weight scale is 0.0005,
      which the kernels use, and other tools may not.
      help: Quantize the bias with input scale times weight scale, and write that as its scale.
      also: op 0 CONV_2D, 'y'
    ```

    ## Fix

    Convert again with a current converter. Where a tool of your own writes the file, quantize the bias with
    input scale times weight scale of its channel, to INT32 (INT64 beside INT16 inputs), with zero point 0. A bias of
    INT32 beside INT16 inputs needs `quantized_bias_type` INT32 in the options of the op.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md
    - LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected}.cc, Prepare and Eval
    - LiteRT f67457790, tflite/kernels/kernel_util.cc, GetQuantizedConvolutionMultipler
    - each case run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL310", "bias-params", Severity.ERROR)
    tolerance: float = option(0.001, "Relative difference of a bias' scale from the product that passes.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, Cause, bool], list[Fault]] = {}
        for fault in biases.faults(ctx, self.tolerance):
            found.setdefault((fault.use.op.kind, fault.cause, fault.harms), []).append(fault)
        for (_, cause, harms), places in found.items():
            first = places[0]
            assert first.use.bias is not None
            yield self.finding(
                first.use.bias,
                f"The bias {named(first.use.bias)} {typed(first.use.bias)} of {first.use.op.kind} {first.text}."
                f"{also(len(places), 'bias').replace('biass', 'biases')}",
                help=_HELP[cause].format(wanted=first.wanted),
                related=[*(each.use.bias for each in places[1:] if each.use.bias is not None), first.use.op],
                severity=Severity.ERROR if harms else Severity.WARNING,
                evidence={"cause": cause.name, "ops": len(places), **first.evidence},
            )
