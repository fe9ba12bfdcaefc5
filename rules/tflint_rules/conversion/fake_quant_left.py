"""TFL213 fake-quant-left."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count

_MODES = frozenset({"QUANTIZATION_AWARE_TRAINING", "PTQ_FULL_INTEGER", "PTQ_INT16"})
"""The conversions that ought to leave integers. Source: LiteRT f67457790, conversion_metadata.fbs."""


class FakeQuantLeft(Rule):
    """FAKE_QUANT ops are left: the model was trained for integers, and computes in floating point.

    ## What it does

    Counts the FAKE_QUANT ops, in one finding a model. It is an error where the file's own metadata or
    `expect.precision` says that the model is quantized to integers.

    ## Why it is bad

    Quantization-aware training inserts these ops to learn the ranges; the converter turns them into scales and zero
    points. Where one is left, the layers around it run in float32: the file is as large and as slow as before, plus the
    rounding. XNNPACK, the GPU delegates and TFLite Micro have no kernel for the op.

    ## Example

    ```text
    warning TFL213 fake-quant-left: op 0 FAKE_QUANT, 'act_quant/0'
      2 FAKE_QUANT ops are left in a model that was trained for quantization; the layers around them
      compute in floating point.
      help: Convert the quantization-aware model again with converter.optimizations =
            [tf.lite.Optimize.DEFAULT].
      also: op 2 FAKE_QUANT, 'act_quant/2'
    ```

    ## Fix

    Convert the quantization-aware model, not a frozen or exported copy of the training graph, with a current converter
    and `converter.optimizations = [tf.lite.Optimize.DEFAULT]`. With TensorFlow 1's converter, pass
    `inference_type=QUANTIZED_UINT8` and `quantized_input_stats`.

    ## References

    - LiteRT f67457790, tflite/kernels/fake_quant.cc
    - https://github.com/tensorflow/tensorflow/issues/48007
    - https://github.com/tensorflow/model-optimization/issues/316
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL213", "fake-quant-left", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = [op for graph in ctx.graphs for op in graph.ops if op.kind == "FAKE_QUANT"]
        if not found:
            return
        modes = set(ctx.model.conversion.modes) if ctx.model.conversion is not None else set()
        claimed = ctx.expectations.precision in ("int8", "int16x8") or bool(modes & _MODES)
        says = "was to be quantized to integers" if claimed else "was trained for quantization"
        yield self.finding(
            found[0],
            f"{count(len(found), 'FAKE_QUANT op')} {'is' if len(found) == 1 else 'are'} left in a model that {says}; "
            f"the layers around {'it' if len(found) == 1 else 'them'} compute in floating point.",
            help="Convert the quantization-aware model again with converter.optimizations = "
            "[tf.lite.Optimize.DEFAULT].",
            related=found[1:],
            severity=Severity.ERROR if claimed else None,
            evidence={"ops": len(found)},
        )
