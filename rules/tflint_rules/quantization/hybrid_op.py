"""TFL304 hybrid-op."""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed, share
from tflint.analysis.precision import Precision, mac_share, profile
from tflint_rules.quantization.left_in_float import is_to_be_integer

_LOOKUP = frozenset({"EMBEDDING_LOOKUP"})
"""TFLite Micro looks up floats in integer tables, too."""


class HybridOp(Rule):
    """Ops multiply float values with integer weights: dynamic-range quantization.

    ## What it does

    Counts the convolutions, matrix products, recurrent cells and lookups that have 8-bit or 4-bit weights and float
    inputs. It is a note, once a model; a warning in a model that computes mostly in integers, where such an op was
    left over. Silent where `precision` is in `[tool.tflint.expect]` or the file says that it is full integer: TFL301
    compares with that, and names the ops.

    ## Why it is bad

    The weights shrink to a quarter, and the values stay float: the CPU kernels quantize them anew in each run.
    TFLite Micro refuses such ops ("Hybrid models are not supported on TFLite Micro"), and integer-only chips cannot
    take them. It is what a conversion with `Optimize.DEFAULT` and no representative dataset gives.

    ## Example

    ```text
    note TFL304 hybrid-op: op 0 FULLY_CONNECTED, 'dense_0'
      2 of 3 ops (67 % of the multiply-accumulates) have integer weights and float values
      (FULLY_CONNECTED); TFLite Micro and integer-only chips take none of that.
      help: Convert with a representative dataset, or say precision = 'dynamic' in
            [tool.tflint.expect].
      also: op 1 FULLY_CONNECTED, 'dense_1'
    ```

    ## Fix

    For a CPU of the size of a phone nothing: say `precision = "dynamic"` in `[tool.tflint.expect]`. For the rest
    convert with a representative dataset:

    ```python
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    ```

    ## References

    - LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,fully_connected,batch_matmul,lstm,svdf}.cc
    - tflite-micro 90b983c2, tensorflow/lite/micro/kernels/{conv,depthwise_conv,fully_connected,transpose_conv}.cc
    - https://github.com/tensorflow/tflite-micro/issues/2543
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL304", "hybrid-op", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.expectations.precision is not None or is_to_be_integer(ctx):
            return
        known = ctx.once(profile, ctx.model)
        hybrid = known.ops[Precision.HYBRID]
        if not hybrid:
            return
        integer = len(known.ops[Precision.INT8]) + len(known.ops[Precision.INT16])
        is_left_over = integer > len(hybrid) + len(known.ops[Precision.FLOAT])
        part = mac_share(hybrid, known.all_ops)
        macs = "" if part is None else f" ({share(part, 1)} of the multiply-accumulates)"
        refuse = (
            "integer-only chips"
            if _LOOKUP.issuperset(op.kind for op in hybrid)
            else "TFLite Micro and integer-only chips"
        )
        kinds = listed(kind for kind, _ in Counter(op.kind for op in hybrid).most_common())
        others = (
            f", while {count(integer, 'other op computes', 'other ops compute')} in integers" if is_left_over else ""
        )
        yield self.finding(
            hybrid[0],
            f"{len(hybrid):,} of {count(known.total, 'op')}{macs} {'has' if len(hybrid) == 1 else 'have'} integer "
            f"weights and float values ({kinds}){others}; {refuse} take none of that.",
            help="Convert with a representative dataset, or say precision = 'dynamic' in [tool.tflint.expect].",
            related=hybrid[1:],
            severity=Severity.WARNING if is_left_over else None,
            evidence={"ops": len(hybrid), "of": known.total, "macs_share": part},
        )
