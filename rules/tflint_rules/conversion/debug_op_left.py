"""TFL214 debug-op-left."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count
from tflint.forecast import forecast
from tflint_rules.conversion.tally import tallied, tally

_VERIFY = "NumericVerify"
_DEBUG = frozenset(
    """
    Assert CheckNumerics CheckNumericsV2 DebugGradientIdentity DebugGradientRefIdentity DebugIdentity DebugIdentityV2
    DebugIdentityV3 DebugNanCount DebugNumericSummary DebugNumericSummaryV2 Print PrintV2
    """.split()
)
"""Ops that look at values and change none. The converter drops Assert and CheckNumerics, the others stay.

Source: TensorFlow v2.21.0, tensorflow/core/ops, array_ops.cc, debug_ops.cc and logging_ops.cc.
"""


class DebugOpLeft(Rule):
    """Ops that were there to debug the model are left in it.

    ## What it does

    In a `.tflite` file, looks for `NumericVerify`, which the quantization debugger inserts, and for TensorFlow's ops
    that print or check values, such as `FlexPrintV2`. In a SavedModel, looks for those of them that the converter does
    not drop; it drops `Assert` and `CheckNumerics`. TensorFlow's ops are a note: that they do not convert without
    `SELECT_TF_OPS`, or do not run in a plain runtime, is told by other rules.

    ## Why it is bad

    A model with `NumericVerify` keeps the float model beside the quantized one and runs both, to compare them. An op
    that prints or checks is all that some models need the Select TF ops for: some 22 MB of runtime for a message that
    no user reads.

    ## Example

    ```text
    note TFL214 debug-op-left: op 1 FlexCheckNumericsV2, 'head/1'
      3 ops look at values to print or check them, and change none: FlexPrint (2) and
      FlexCheckNumericsV2; that was for debugging.
      help: Take tf.print, tf.debugging and the like out of the model's code, and save it again.
      also: op 2 FlexPrint, 'head/2'; op 3 FlexPrint, 'head/3'
    ```

    ## Fix

    Convert again without the debugger: `debugger.get_nondebug_quantized_model()`. Take `tf.print` and
    `tf.debugging.enable_check_numerics()` out of the model's code, and save it again.

    ## References

    - LiteRT f67457790, tflite/kernels/numeric_verify.cc and tflite/converter/flatbuffer_export.cc
    - TensorFlow v2.21.0, tensorflow/lite/tools/optimize/debugging/python/debugger.py
    - tried with TensorFlow 2.21.0: tf.print becomes FlexStringFormat and FlexPrintV2, check_numerics nothing
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL214", "debug-op-left", Severity.WARNING, formats=frozenset({Format.TFLITE, Format.SAVED_MODEL})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = list(_converted(ctx) if ctx.model.format is Format.TFLITE else _kept(ctx))
        verify = [op for op in found if op.kind == _VERIFY]
        others = [op for op in found if op.kind != _VERIFY]
        if verify:
            one = len(verify) == 1
            yield self.finding(
                verify[0],
                f"{count(len(verify), 'NumericVerify op')} {'compares' if one else 'compare'} the quantized model with "
                f"the float one, which the file holds as well; this is a model for the quantization debugger.",
                help="Ship what debugger.get_nondebug_quantized_model() gives, or convert again without the debugger.",
                related=verify[1:],
                evidence={"ops": len(verify)},
            )
        if others:
            yield self.finding(
                others[0],
                f"{count(len(others), 'op')} {'looks' if len(others) == 1 else 'look'} at values to print or check "
                f"them, and {'changes' if len(others) == 1 else 'change'} none: {tallied(others)}; that was for "
                f"debugging.",
                help="Take tf.print, tf.debugging and the like out of the model's code, and save it again.",
                related=others[1:],
                severity=Severity.NOTE,
                evidence={"ops": tally(others)},
            )


def _converted(ctx: Context) -> Iterator[Op]:
    for graph in ctx.graphs:
        for op in graph.ops:
            if op.is_custom and (op.kind == _VERIFY or op.kind.removeprefix("Flex") in _DEBUG):
                yield op


def _kept(ctx: Context) -> Iterator[Op]:
    """The ops that the signatures of a source run and that do not vanish."""
    found = ctx.once(forecast, ctx.model)
    seen: set[Op] = set()
    for each in found.ops if found is not None else ():
        if each.op.kind in _DEBUG and each.status in {"flex", "fails"} and each.op not in seen:
            seen.add(each.op)
            yield each.op
