"""TFL906 saturation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Graph, Need, Op, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count, named, share
from tflint_rules.numerics.judged import ran
from tflint_rules.numerics.words import feed

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Inside

_ENDING = frozenset(
    "LOGISTIC TANH SOFTMAX LOG_SOFTMAX HARD_SWISH RELU6 RELU_N1_TO_1 RELU_0_TO_1 MINIMUM MAXIMUM QUANTIZE".split()
)
"""Ops whose values lie at the ends of their range by nature."""
_CLAMPED = frozenset({"RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"})
_MOVES = frozenset(
    "RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE CONCATENATION MAX_POOL_2D PAD PADV2 MIRROR_PAD SLICE STRIDED_SLICE SPLIT "
    "SPLIT_V GATHER GATHER_ND PACK UNPACK TILE REVERSE_V2 SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND SPACE_TO_DEPTH "
    "DEPTH_TO_SPACE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REDUCE_MAX REDUCE_MIN "
    "BROADCAST_TO DYNAMIC_UPDATE_SLICE".split()
)
"""Ops that hand on what is cut off already."""


@dataclass(frozen=True)
class Saturation(Rule):
    """Values inside the model are cut off at the ends of their quantized range, for inputs of yours.

    ## What it does

    With `--diff` and `--inputs` counts for each quantized value the share of its elements that lie at the lowest or
    highest number of its type. One finding names all, the worst first. Made-up inputs are not judged, they leave the
    calibrated ranges by themselves; nor are values that end there by nature: behind RELU at zero, behind RELU6, TANH,
    LOGISTIC and SOFTMAX, and what ops only move.

    ## Why it is bad

    What is larger than the range was recorded for becomes its end. The largest values are most often those that decide.

    ## Example

    ```text
    warning TFL906 saturation: op 1 FULLY_CONNECTED, 'value_1'
      31 % of 'value_1' lie at an end of the range that it is quantized for, on the input 'sample 2';
      1 further value is cut off as well; at most 5.0 % were expected.
      help: Calibrate with inputs like these, prepared in the same way, and convert again.
      also: op 0 FULLY_CONNECTED, 'value_0'
    ```

    ## Fix

    Calibrate with inputs like these, prepared in the same way, and convert again. If the inputs are the unusual ones,
    check how they are normalized.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/post_training_quantization.md, on the representative dataset
    - https://github.com/tensorflow/tensorflow/issues/60903
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL906", "saturation", Severity.WARNING, needs=frozenset({Need.RUN}))
    max_share: float = option(
        0.05, "Largest share of the elements at one end that passes, 0 to 1; recorded ranges cut off far less than 1 %."
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        if comparison is None or graph is None:
            return
        given = {place for place, each in enumerate(comparison.feeds) if each.kind == "given"}
        seen = {each.address: each for each in comparison.inside
                if each.kind == "saturated" and each.share > self.max_share and each.feed in given}  # fmt: skip
        found = _cut(graph, seen) if seen else []
        if not found:
            return
        found.sort(key=lambda each: -each[1].share)
        op, worst = found[0]
        many = (
            ""
            if len(found) == 1
            else f"; {count(len(found) - 1, 'further value')} {'is' if len(found) == 2 else 'are'} cut off as well"
        )
        yield self.finding(
            op,
            f"{share(worst.share, 1.0)} of {named(op.outputs[0])} lie at an end of the range that it is quantized for, "
            f"on the input {feed(comparison, worst.feed)}{many}; at most {share(self.max_share, 1.0)} were expected.",
            help="Calibrate with inputs like these, prepared in the same way, and convert again.",
            related=[each for each, _ in found[1:]],
            evidence={"share": float(f"{worst.share:.4g}"), "values": len(found)},
        )


def _cut(graph: Graph, seen: dict[str, Inside]) -> list[tuple[Op, Inside]]:
    """The ops whose values are cut off, and not by nature."""
    found: list[tuple[Op, Inside]] = []
    for op in graph.ops:
        held = [seen[address] for tensor in op.outputs if (address := tensor.location.address) in seen]
        if not held or op.kind in _ENDING or op.kind in _MOVES:
            continue
        if op.options.get("fused_activation_function") not in _CLAMPED:
            found.append((op, max(held, key=lambda each: each.share)))
    return found
