"""TFL406 many-partitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Graph, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count, share, size

if TYPE_CHECKING:  # imported where a target is asked: start-up is a feature
    from tflint.analysis.placement import Placement


@dataclass(frozen=True)
class ManyPartitions(Rule):
    """A delegate takes the model in several pieces, or leaves out pieces that it could run.

    ## What it does

    Cuts each graph into the pieces that the runtime makes of it for a target that was named: runs of ops that the
    target takes, between ops that stay on the CPU. Reports more than `max_partitions` pieces, and pieces that the
    target leaves out although it could run them: a GPU keeps the largest one, an Edge TPU the first.

    ## Why it is bad

    At each border tensors are copied and one side waits for the other. Some NPUs also need memory for each piece.
    A model in many pieces is often slower than on the CPU alone.

    ## Example

    ```text
    warning TFL406 many-partitions: op 1 HARD_SWISH, 'hard_swish'
      xnnpack takes 2 ops of 3 in 2 pieces, 100 % of the multiply-accumulates; each run copies 4.0 KiB
      between it and the CPU.
      help: Start with HARD_SWISH at 1 place (2 → 1 piece): HARD_SWISH: input is INT8 with one scale;
            FLOAT32 or FLOAT16 is supported.
    ```

    ## Fix

    The help names the change that brings the most. `tflint inspect --target NAME` shows the pieces.

    ## References

    - LiteRT f67457790, tflite/graph_info.cc, PartitionGraphIntoIndependentNodeSubsets
    - https://github.com/tensorflow/tensorflow/issues/66677
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL406", "many-partitions", Severity.WARNING, needs=frozenset({Need.TARGET}), of_deployed=True
    )

    max_partitions: int = option(1, "The most pieces of one graph that pass.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        for target in ctx.targets:
            if target.is_runtime or ctx.refusal(target):
                continue
            for graph in ctx.graphs:
                found = ctx.placement(target, graph)
                left_out = sum(
                    verdict.supported is True and not placed
                    for verdict, placed in zip(found.verdicts, found.placed, strict=True)
                )
                if found.partitions > self.max_partitions or left_out:
                    yield self._finding(graph, found, left_out)

    def _finding(self, graph: Graph, found: Placement, left_out: int) -> Finding:
        macs = found.macs_placed
        crossing = found.boundary_bytes
        pieces = f"{found.target.name} takes {count(found.ops_placed, 'op')} of {len(graph.ops):,}"
        pieces += f" in {count(found.partitions, 'piece')}"
        work = f", {share(macs, 1)} of the multiply-accumulates" if macs is not None else ""
        rest = f"; it leaves out {count(left_out, 'op')} that it could run" if left_out else ""
        copies = f"; each run copies {size(crossing)} between it and the CPU" if crossing else ""
        first = next((op for op, place in zip(graph.ops, found.partition, strict=True) if place is None), graph.ops[0])
        return self.finding(
            first,
            f"{pieces}{work}{rest}{copies}.",
            help=_help(found),
            evidence={
                "target": found.target.name,
                "partitions": found.partitions,
                "ops_placed": found.ops_placed,
                "ops_left_out": left_out,
                "macs_placed": macs,
                "boundary_bytes": crossing,
            },
        )


def _help(found: Placement) -> str:
    from tflint.analysis.placement import cures

    best = next(iter(cures(found)), None)
    if best is None:
        return "Replace the ops that split the graph; `tflint inspect --target` shows them."
    where = f"{best.kind} at {count(len(best.ops), 'place')}"
    gain = f"{found.partitions} → {count(best.partitions, 'piece')}"
    if best.macs_placed is not None and found.macs_placed is not None and best.macs_placed != found.macs_placed:
        gain += f", {share(found.macs_placed, 1)} → {share(best.macs_placed, 1)} of the multiply-accumulates"
    return f"Start with {where} ({gain}): {best.reason}."
