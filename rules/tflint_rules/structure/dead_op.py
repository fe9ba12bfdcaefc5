"""TFL107 dead-op."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity
from tflint.analysis.cost import macs
from tflint.analysis.flow import dead_ops, effects, is_ordered
from tflint.analysis.phrases import count, listed, share


class DeadOp(Rule):
    """Ops compute what nothing uses.

    ## What it does

    Follows the graph back from its outputs, and from the ops that keep a state or may have an effect: those that write
    variables, hash tables and recurrent states, custom ops, control flow whose graphs hold such an op. What is not
    reached is dead; all dead ops of a graph are one finding.

    Graphs without outputs, and graphs whose ops stand in the wrong order (TFL105, TFL106), are left out.

    ## Why it is bad

    The interpreter runs every op of the file: dead ones cost time, memory and flash, count for the support of a
    target, and can stop the model with an error. They are often the sign of an output that got lost.

    ## Example

    ```text
    warning TFL107 dead-op: op 1 FULLY_CONNECTED, 'head'
      2 of the graph's 3 ops (50 % of its multiply-accumulates) compute what no output and no state
      depends on: FULLY_CONNECTED (op 1) and SOFTMAX (op 2).
      help: Convert from a function that computes only what it returns, or return what these ops
            compute.
      also: op 2 SOFTMAX, 'probabilities'
    ```

    ## Fix

    Convert from a function or model that computes only what it returns, or return what was meant to be an output.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, InvokeImpl (walks the whole execution plan)
    - tflite-micro 90b983c2, tensorflow/lite/micro/micro_interpreter_graph.cc, InvokeSubgraph (likewise)
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL107", "dead-op", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            if not graph.outputs or not ctx.once(is_ordered, graph):
                continue
            found = ctx.once(dead_ops, graph, ctx.once(effects, ctx.model))
            if found:
                yield self._finding(graph, found)

    def _finding(self, graph: Graph, found: tuple[Op, ...]) -> Finding:
        lost = sum(macs(op) or 0 for op in found)
        total = sum(macs(op) or 0 for op in graph.ops)
        cost = f" ({share(lost, total)} of its multiply-accumulates)" if lost else ""
        compute = "computes" if len(found) == 1 else "compute"
        return self.finding(
            found[0],
            f"{len(found):,} of the graph's {count(len(graph.ops), 'op')}{cost} {compute} what no output and no state "
            f"depends on: {listed(f'{op.kind} (op {op.index})' for op in found)}.",
            help="Convert from a function that computes only what it returns, or return what these ops compute.",
            related=found[1:],
            evidence={"ops": [op.index for op in found], "macs": lost},
        )
