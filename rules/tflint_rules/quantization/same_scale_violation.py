"""TFL306 same-scale-violation."""

from collections.abc import Iterator
from math import inf, isfinite
from typing import ClassVar

from tflint import Context, DType, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, named, typed
from tflint_rules.quantization.same_scale import Handling, Pair, differs, pairs
from tflint_rules.quantization.told import told


class SameScaleViolation(Rule):
    """An op that hands integers on as they are has another scale or zero point behind it than before it.

    ## What it does

    Compares the scale and zero point of what goes in and what comes out of ops that move INT8, UINT8 and INT16 values:
    pooling, RESHAPE, TRANSPOSE, PAD, GATHER, SLICE, SPLIT, CONCATENATION, MAXIMUM, resizing and 27 more. A difference
    so small that no integer would have to change is let pass where the kernel lets it pass. Ops that rescale are left
    alone: ADD, MEAN, SUM, RELU, QUANTIZE, CONCATENATION on UINT8. Zero points of INT16 are for int16-asymmetric.

    ## Why it is bad

    Most of the kernels do not look: the same integers stand for other values from there on, and nothing says so. Of
    8-bit PAD, SLICE, SPLIT, TRANSPOSE, MAX_POOL_2D and others the default interpreter does not load the model
    (*TfLiteXNNPackDelegate failed to prepare*). CONCATENATION, PACK, UNPACK, MIRROR_PAD, EXPAND_DIMS and a few more
    refuse it on the built-in kernels too.

    ## Example

    ```text
    error TFL306 same-scale-violation: op 0 RESHAPE, 'flat'
      RESHAPE hands its integers on as they are; its input 'features' INT8[1, 2, 4] has scale 0.1 and
      zero point 0, its output 'flat' scale 0.2 and zero point 0, so values come out 2 times as large.
      help: Give its input and its output one scale and zero point, or put a QUANTIZE between them.
      also: tensor 0, 'features'; tensor 1, 'flat'
    ```

    ## Fix

    Give both tensors the same parameters, or put a QUANTIZE between them. The converter does either of itself: look at
    the tool that wrote or changed the parameters, and at scales copied by hand.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md, and
      tflite/converter/tools/optimize/operator_property.cc
    - LiteRT f67457790, the kernels in tflite/kernels: pooling.cc, reshape.cc, pad.cc, concatenation.cc, pack.cc, …
    - each op run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL306", "same-scale-violation", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        wrong = {op: pair for graph in ctx.graphs for op in graph.ops if (pair := _worst(op)) is not None}
        others = told(ctx) if wrong else frozenset()
        found: dict[tuple[str, Handling], dict[Op, Pair]] = {}
        for op, pair in wrong.items():
            if others.isdisjoint((pair.source, pair.output)):
                found.setdefault((op.kind, pair.handling), {})[op] = pair
        for (kind, handling), ops in found.items():
            yield self._finding(kind, handling, ops)

    def _finding(self, kind: str, handling: Handling, ops: dict[Op, Pair]) -> Finding:
        op, pair = next(iter(ops.items()))
        (scale, point), (other, other_point) = pair.before, pair.after
        ends = (
            f"its input {named(pair.source)} {typed(pair.source)} has {_affine(*pair.before)}, its output "
            f"{named(pair.output)} {_affine(*pair.after)}"
        )
        what = f"{kind} hands its integers on as they are; {ends}, so {_effect(pair)}."
        if handling is Handling.REFUSES:
            what = f"{kind} takes one scale and zero point; {ends}, so the runtime refuses the model."
        more = f" The same is wrong with {count(len(ops) - 1, f'more {kind}')}." if len(ops) > 1 else ""
        return self.finding(
            op,
            what + more,
            help="Give its input and its output one scale and zero point, or put a QUANTIZE between them.",
            related=[*list(ops)[1:], pair.source, pair.output],
            evidence={
                "kernel": handling.value,
                "scale_ratio": other / scale if scale and isfinite(other / scale) else None,
                "zero_points": [point, other_point],
                "ops": len(ops),
            },
        )


def _worst(op: Op) -> Pair | None:
    """The first two tensors for which the model is refused, else the first that mean something else."""
    found = [pair for pair in pairs(op) if differs(pair) and not _is_asymmetric(pair)]
    return next((pair for pair in found if pair.handling is Handling.REFUSES), found[0] if found else None)


def _is_asymmetric(pair: Pair) -> bool:
    """True where a zero point is the fault, which int16-asymmetric reports."""
    return pair.source.dtype is DType.INT16 and (pair.before[1] != 0 or pair.after[1] != 0)


def _affine(scale: float, point: int) -> str:
    """The parameters in words, the scale with as many digits as tell it from its neighbours."""
    import numpy as np

    return f"scale {np.float32(scale)!s} and zero point {point}"


def _effect(pair: Pair) -> str:
    """What becomes of the values, in words."""
    (scale, point), (other, other_point) = pair.before, pair.after
    parts = []
    if scale != other:
        is_finite = 0 < scale < inf and 0 < other < inf
        parts.append(f"come out {other / scale:.3g} times as large" if is_finite else "are lost")
    if point != other_point:
        parts.append(f"are shifted by {abs(point - other_point) * other:.3g}")
    return f"values {' and '.join(parts)}"
