"""TFL320 legacy-uint8."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count

_WEIGHED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""The ops whose input 1 are weights."""


class LegacyUint8(Rule):
    """Weights are UINT8, as TensorFlow 1 quantized them: one scale and zero point a tensor.

    ## What it does

    Counts the convolutions and matrix products that have UINT8 weights, in one finding a model. UINT8 at the inputs and
    outputs of a model whose weights are INT8 is what converters write today, and is no matter.

    ## Why it is bad

    It works: LiteRT, XNNPACK and the Edge TPU compute with it. But UINT8 weights have one scale for all channels, so
    that channels with small weights lose what channels with large ones need, depthwise convolutions most of all. The
    kernels of TFLite Micro for these ops take no UINT8, and tools that came later know INT8 alone.

    ## Example

    ```text
    note TFL320 legacy-uint8: op 0 CONV_2D, 'conv_0'
      2 ops have UINT8 weights, with one scale and zero point for all channels, as TensorFlow 1 wrote
      them; converters write INT8 today, with a scale for each channel.
      help: Convert the float model again with TensorFlow 2, where accuracy or TFLite Micro matter.
      also: op 1 CONV_2D, 'conv_1'
    ```

    ## Fix

    Convert the float model again, with a representative dataset or after quantization-aware training, with TensorFlow
    2.3 or later: weights become INT8 with a scale for each channel. `inference_input_type = tf.uint8` keeps the inputs
    as they are. Where the model is as it should be, ignore the rule for it: `per-file-ignores` in `[tool.tflint]`.

    ## References

    - LiteRT f67457790, tflite/kernels/kernel_util.cc, PopulateConvolutionQuantizationParams
    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md
    - tflite-micro 90b983c2, tensorflow/lite/micro/kernels/{conv,depthwise_conv,fully_connected}.cc
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL320", "legacy-uint8", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = [op for graph in ctx.graphs for op in graph.ops if _has_legacy_weights(op)]
        if not found:
            return
        have = "has" if len(found) == 1 else "have"
        yield self.finding(
            found[0],
            f"{count(len(found), 'op')} {have} UINT8 weights, with one scale and zero point for all channels, as "
            "TensorFlow 1 wrote them; converters write INT8 today, with a scale for each channel.",
            help="Convert the float model again with TensorFlow 2, where accuracy or TFLite Micro matter.",
            related=found[1:],
            evidence={"ops": len(found)},
        )


def _has_legacy_weights(op: Op) -> bool:
    weights = op.input(1) if op.kind in _WEIGHED and not op.is_custom else None
    if weights is None or weights.dtype is not DType.UINT8 or weights.quant is None:
        return False
    return any(tensor.dtype is DType.UINT8 for tensor in op.outputs)
