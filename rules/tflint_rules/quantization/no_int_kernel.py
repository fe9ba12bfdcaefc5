"""TFL322 no-int-kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Format, Need, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint.forecast import left_in_float
from tflint_rules.quantization.cures import cure

if TYPE_CHECKING:  # start-up is a feature
    from tflint.forecast import Int8, OpForecast

_PRECISIONS = ("int8", "int16x8")


class NoIntKernel(Rule):
    """A layer becomes ops that quantization to integers leaves in float, or stops at.

    ## What it does

    Where `expect.precision` is `int8` or `int16x8`, works out what each layer of a Keras model becomes, and which of
    these ops the converter does not quantize. With `int8` they stay in float: a warning. With `int16x8` the conversion
    ends at some of them: an error. Layers with the same cause are one finding.

    ## Why it is bad

    The converter says nothing. The model has DEQUANTIZE and QUANTIZE around the ops, computes that part in float, and
    an NPU or a microcontroller without float kernels does not run it. *Quantization to 16x8-bit not yet supported for
    op* comes after the calibration, which takes minutes.

    ## Example

    ```text
    warning TFL322 no-int-kernel: layer 'layernormalization', layers/layernormalization, 'layernormalization'
      2 layers (LayerNormalization) become NEG, which has no kernel for 8-bit values; int8 was
      expected, and the converter leaves it in float.
      help: Write 0.0 - x or -1.0 * x instead of -x; instead of LayerNormalization or
            GroupNormalization use a layer that computes (x - mean) * rsqrt(variance + epsilon) *
            gamma + beta, or BatchNormalization.
      also: layer 'norm_2', layers/norm_2, 'norm_2'
    ```

    ## Fix

    Write the layer with ops that have integer kernels, as `help` says, or keep it outside of the model.

    ## References

    - LiteRT f67457790, tflite/converter/ir/tfl_ops.td and tflite/converter/tools/optimize/operator_property.cc
    - Tried with TensorFlow 2.21.0 and Keras 3.15.1
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL322",
        "no-int-kernel",
        Severity.WARNING,
        formats=frozenset({Format.KERAS, Format.KERAS_H5}),
        needs=frozenset({Need.EXPECT}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        precision = ctx.expectations.precision
        if precision not in _PRECISIONS:
            return
        groups: dict[tuple[Int8, tuple[str, ...]], list[Op]] = {}
        for each in left_in_float(ctx.model, int16=precision == "int16x8"):
            kinds = tuple(kind for kind in each.becomes if not kind.startswith("Flex"))  # tf-op-no-lowering says so
            if kinds and each.int8 in {"float", "fails"} and not _is_loop(each):
                groups.setdefault((each.int8, kinds), []).append(each.op)
        for (how, kinds), ops in groups.items():
            yield self._finding(ops, kinds, precision, stops=how == "fails")

    def _finding(self, ops: list[Op], kinds: tuple[str, ...], precision: str, *, stops: bool) -> Finding:
        one = len(ops) == 1
        first = f"{ops[0].kind} '{ops[0].layer or ops[0].name}'"
        others = sorted({op.kind for op in ops})
        names = first if one else f"{count(len(ops), 'layer')} ({listed(others)})"
        what = listed(kinds)
        effect = (
            "the conversion stops there"
            if stops
            else f"the converter leaves {'it' if len(kinds) == 1 else 'them'} in float"
        )
        number = "16-bit" if precision == "int16x8" else "8-bit"
        return self.finding(
            ops[0],
            f"{names} {'becomes' if one else 'become'} {what}, {'which has' if len(kinds) == 1 else 'which have'} no "
            f"kernel for {number} values; {precision} was expected, and {effect}.",
            help=cure(kinds) or "Write it with ops that have integer kernels, or compute it outside of the model.",
            related=ops[1:],
            severity=Severity.ERROR if stops else None,
            evidence={"ops": list(kinds), "layers": len(ops)},
        )


def _is_loop(each: OpForecast) -> bool:
    """Loops have findings of their own."""
    return "WHILE" in each.becomes
