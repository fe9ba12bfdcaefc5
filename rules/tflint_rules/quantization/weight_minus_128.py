"""TFL309 weight-minus-128."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from tflint import Context, DType, Finding, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, named, typed
from tflint_rules.quantization.weight_uses import WeightUse, also, extremes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOWEST = -128
_SOURCES = frozenset({DType.INT8, DType.FLOAT32})
_UNLIKE = frozenset({"BATCH_MATMUL", "EMBEDDING_LOOKUP"})
"""Ops whose constants are quantized like activations, or are not multiplied."""


class WeightMinus128(Rule):
    """INT8 weights hold the value -128, which the specification leaves out of their range.

    ## What it does

    Looks for -128 in the constant INT8 weights of convolutions, FULLY_CONNECTED and recurrent cells with INT8 or
    float activations. Beside INT16 activations, and in INT4 and INT2 weights, the lowest value does no harm. It is a
    note where no output channel has two of them.

    ## Why it is bad

    Kernels for ARM processors without dot product instructions add two products of 8-bit numbers in 16 bits. That
    holds for all weights from -127 to 127; where two weights of a channel are -128 and meet the input -128, which is
    what 0 is after a RELU, the sum is 32768, turns negative, and the result is off by 65536. Other processors compute
    it correctly, so that nothing shows on a desk.

    ## Example

    ```text
    warning TFL309 weight-minus-128: tensor 1, 'kernel'
      The weights 'kernel' INT8[8, 3, 3, 4] of CONV_2D hold -128 3 times, 2 of them in one channel;
      ARM processors without dot product instructions may compute wrong sums.
      help: Convert again, or write -127 where -128 stands.
    ```

    ## Fix

    Convert again with a current converter, which keeps weights within -127 to 127. Where a tool of your own writes
    them, divide by the largest absolute value of the channel, multiply by 127, and round. In a file as it is, -128
    can be replaced by -127: that changes those weights by less than 1 %.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md: weights are within -127 to 127
    - LiteRT f67457790, tflite/kernels/internal/optimized/neon_tensor_utils.cc, MatrixBatchVectorMultiplyAccumulate
    - XNNPACK 75db3c093, src/qs8-qc8w-gemm/gen/qs8-qc8w-gemm-1x8c8-minmax-fp32-neon-mlal.c, and the weights from -127 on
      in test/gemm-microkernel-tester.cc
    - ruy 39df743ce, ruy/validate.h, ValidateZeroPoints
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL309", "weight-minus-128", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        import numpy as np

        known = ctx.once(extremes, ctx)
        found: dict[bool, list[tuple[WeightUse, int, int]]] = {}
        for place in dict.fromkeys(np.searchsorted(known.starts, _places(known.minimum), side="right").tolist()):
            use = known.uses[place - 1]
            if use.op.kind in _UNLIKE or use.source is None or use.source.dtype not in _SOURCES:
                continue
            most, number = _counted(known.constants[place - 1], use.axis or 0)
            found.setdefault(most > 1, []).append((use, most, number))
        for pairs, places in found.items():
            yield self._found(pairs, places)

    def _found(self, pairs: bool, places: list[tuple[WeightUse, int, int]]) -> Finding:
        use, most, number = places[0]
        weights = use.weights
        share = f", {most:,} of them in one channel" if pairs else ", no two of them in one channel"
        consequence = (
            "ARM processors without dot product instructions may compute wrong sums"
            if pairs
            else "the specification allows -127 to 127"
        )
        return self.finding(
            weights,
            f"The weights {named(weights)} {typed(weights)} of {use.op.kind} hold -128 {count(number, 'time')}"
            f"{share if number > 1 else ''}; {consequence}.{also(len(places))}",
            help="Convert again, or write -127 where -128 stands.",
            related=[each.weights for each, _, _ in places[1:]],
            severity=Severity.WARNING if pairs else Severity.NOTE,
            evidence={"values": number, "most_in_a_channel": most, "tensors": len(places)},
        )


def _places(minimum: "NDArray[Any]") -> "NDArray[Any]":
    """The positions of the channels that hold the lowest value."""
    import numpy as np

    return np.flatnonzero(minimum == _LOWEST)


def _counted(constant: Tensor, axis: int) -> tuple[int, int]:
    """How often a constant holds the lowest value: the most in a slice along a dimension, and in all."""
    import numpy as np

    values = constant.array()
    assert values is not None, "its extremes are known"
    where = np.flatnonzero(values == _LOWEST)
    inner = 1
    for size in values.shape[axis + 1 :]:
        inner *= size
    return int(np.bincount(where // inner % values.shape[axis]).max()), where.size
