"""TFL106 not-topological."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity
from tflint.analysis.flow import Unready, cycles, unready, writers
from tflint.analysis.phrases import count, cut, named


class NotTopological(Rule):
    """An op reads a tensor that only a later op writes: the ops stand in the wrong order.

    ## What it does

    Goes through the ops in the order of the file, which is the order they run in, and reports those that read a tensor
    before it is written. One finding a graph. Ops that wait for one another in a circle are TFL105.

    ## Why it is bad

    The model loads and runs without a message, and each such op computes with what was left in memory: the first
    run's result is arbitrary, later ones mix in values of the run before. XNNPACK sorts the ops that it takes, so the
    same file can be right with it and wrong without it, or on a device that has another delegate.

    ## Example

    ```text
    error TFL106 not-topological: op 0 SQRT, 'y2'
      2 of 3 ops read what a later op writes: SQRT (op 0) reads 'y1' of NEG (op 1); ops run in the
      order of the file.
      help: Convert the model again, or write the ops in an order in which each follows those it reads
            from.
      also: op 1 NEG, 'y1'
    ```

    ## Fix

    Convert the model again. Where a script edits the graph, write the ops in an order in which each comes after those
    it reads from (`networkx.topological_sort`).

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, InvokeImpl (runs the ops as they stand)
    - LiteRT f67457790, tflite/core/tools/verifier.cc, VerifySubGraphConsistency
    - run with ai-edge-litert 2.3.0: the same file gives different results with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL106", "not-topological", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            early = _too_early(graph, ctx)
            if early:
                yield self._finding(graph, early)

    def _finding(self, graph: Graph, early: list[tuple[Unready, Op]]) -> Finding:
        ops = list(dict.fromkeys(read.op for read, _ in early))
        read, writer = early[0]
        how_many = f"{len(ops):,} of {count(len(graph.ops), 'op')} {'reads' if len(ops) == 1 else 'read'}"
        return self.finding(
            read.op,
            f"{how_many} what a later op writes: {cut(read.op.kind)} (op {read.op.index}) reads {named(read.tensor)} "
            f"of {cut(writer.kind)} (op {writer.index}); ops run in the order of the file.",
            help="Convert the model again, or write the ops in an order in which each follows those it reads from.",
            related=ops[1:],
            evidence={"ops": [op.index for op in ops]},
        )


def _too_early(graph: Graph, ctx: Context) -> list[tuple[Unready, Op]]:
    """The reads before the write, with the writer, but for those that a cycle or a second writer accounts for."""
    late = [(read, read.writer) for read in ctx.once(unready, graph) if read.writer is not None]
    if not late:
        return []
    rewritten = ctx.once(writers, graph)
    group = {op: number for number, ops in enumerate(ctx.once(cycles, graph)) for op in ops}
    return [
        (read, writer)
        for read, writer in late
        if read.tensor not in rewritten and (read.op not in group or group.get(writer) != group[read.op])
    ]
