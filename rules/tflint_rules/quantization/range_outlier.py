"""TFL324 range-outlier."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity, option
from tflint.analysis.forward import real_bias, real_weights
from tflint.analysis.phrases import count, named
from tflint.analysis.replay import clip_of, ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_WORK = 2 << 20
"""So many bytes of weights are looked at, from the first op on."""
_LAYER = 1 << 13
"""What a layer costs beside its weights, in bytes of them."""

_NOTHING = 1e-5
"""What was always 0 gets a range of about this width from the converter: that is another fault."""


@dataclass(frozen=True)
class RangeOutlier(Rule):
    """The range of a layer's output is many times what its inputs and weights can give.

    ## What it does

    Adds up, for each output channel of the first layers with weights, the most and the least that inputs anywhere in
    their range can give (all positive weights at one end, all negative ones at the other, and the bias), and compares
    the widest channel with the range of the output. It looks at 2 MiB of weights.

    ## Why it is bad

    A range that nothing can fill spends its codes on values that never occur: four times too wide leaves 6 bits of 8.
    It comes from an op that shares the range, as CONCATENATION does for a narrow input beside a wide one, or from a
    scale that was written or edited by hand.

    ## Example

    ```text
    warning TFL324 range-outlier: op 0 CONV_2D, 'narrow'
      The range of 'narrow' is 64 wide, but its CONV_2D gives at most 4 for inputs in their range, so
      that 4.0 of the 8 bits are lost; CONCATENATION, which reads it, has one range for all its
      inputs.
      help: Scale the inputs of a CONCATENATION alike, or convert again from the trained model.
      also: op 1 CONCATENATION, 'both'
    ```

    ## Fix

    Scale the inputs of a CONCATENATION alike, with a batch normalisation before it. Otherwise convert again from the
    trained model, so that ranges and weights belong together.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md
    - LiteRT f67457790, tflite/kernels/concatenation.cc, Prepare, on the one scale that its 8-bit inputs have
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL324", "range-outlier", Severity.WARNING, of_ranges=True)
    max_factor: float = option(4.0, "How many times as wide as anything attainable a range may be.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: list[tuple[Graph, Op, float, float, float]] = []
        left = _WORK
        for graph in ctx.graphs:
            for op in graph.ops:
                weights = op.input(1) if op.kind in _WEIGHTED and not op.is_custom else None
                if weights is None or not op.outputs:
                    continue
                left -= len(weights.data or b"") + _LAYER
                if left < 0:
                    break
                bounds, most = ends(op.outputs[0]), attainable(op)
                if bounds is None or most is None or bounds[1] - bounds[0] < _NOTHING:
                    continue
                factor = (bounds[1] - bounds[0]) / most if most > 0 else 1.0
                if factor > self.max_factor:
                    found.append((graph, op, factor, most, bounds[1] - bounds[0]))
        if found:
            yield self._outlier(found)

    def _outlier(self, found: list[tuple[Graph, Op, float, float, float]]) -> Finding:
        graph, op, factor, most, width = max(found, key=lambda each: each[2])
        out = op.outputs[0]
        shared = [each for each in graph.consumers(out) if each.kind in {"CONCATENATION", "PACK"}]
        cause = f"; {shared[0].kind}, which reads it, has one range for all its inputs" if shared else ""
        more = f" The same holds for {count(len(found) - 1, 'more op')}." if len(found) > 1 else ""
        return self.finding(
            op,
            f"The range of {named(out)} is {width:.4g} wide, but its {op.kind} gives at most {most:.4g} for inputs in "
            f"their range, so that {log2(factor):.1f} of the 8 bits are lost{cause}.{more}",
            help="Scale the inputs of a CONCATENATION alike, or convert again from the trained model.",
            related=[*shared[:1], *(each[1] for each in found if each[1] is not op)],
            evidence={"width": width, "attainable": most, "factor": factor, "ops": len(found)},
        )


def attainable(op: Op) -> float | None:
    """The width of the values that an op can give for inputs in their range, 0 included; None where it is not known."""
    import numpy as np

    given = op.input(0)
    bounds = ends(given) if given is not None else None
    weights, bias = real_weights(op), real_bias(op)
    axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
    if bounds is None or bounds[1] - bounds[0] < _NOTHING or weights is None or bias is None or weights.ndim <= axis:
        return None
    others = tuple(each for each in range(weights.ndim) if each != axis)
    least, most = clip_of(op)
    with np.errstate(all="ignore"):
        up: NDArray[np.float32] = np.maximum(weights, 0).sum(others)
        down: NDArray[np.float32] = np.minimum(weights, 0).sum(others)
        high = np.clip((up * bounds[1] + down * bounds[0] + bias).max(), least if least is not None else 0, most)
        low = np.clip((up * bounds[0] + down * bounds[1] + bias).min(), least, 0)
        width = float(max(high, 0.0) - min(low, 0.0))
    return width if np.isfinite(width) else None
