"""TFL119 subgraph-ref."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.calls import call_graph, called
from tflint.analysis.phrases import listed
from tflint_rules.structure.subgraph_fit import CALLERS, graph_name, misfit


class SubgraphReference(Rule):
    """Control-flow ops run graphs that do not exist, do not fit them, or run themselves without end.

    ## What it does

    Looks at the graphs that IF, WHILE, CALL, CALL_ONCE, STABLEHLO_COMPOSITE and their like name: whether the file has
    them, whether they take and return as many values as the op hands over and expects, whether a loop's condition
    returns one BOOL, whether its body and the branches of an IF return the types that are expected, and whether a
    graph comes to run itself.

    ## Why it is bad

    The runtime refuses to prepare such an op, with errors such as "cond_subgraph_index < subgraphs->size() was not
    true" or "num_inputs != subgraph->inputs().size()". A branch that returns another type than its IF declares is not
    noticed: the ops behind it read its bytes as numbers of the wrong type. A graph that runs itself kills the process.

    ## Example

    ```text
    error TFL119 subgraph-ref: op 0 WHILE, 'y0'
      Graph 2 'body', the body of WHILE, takes 3 values; 2 are handed to it.
      help: Convert the model again; where a script made or edited the file, correct its graph
            numbers.
    ```

    ## Fix

    Convert the model again. Where a script edited or merged the file, let it renumber the graphs in the options of
    control-flow ops together with the list of graphs.

    ## References

    - LiteRT f67457790, tflite/kernels/while.cc, if.cc, call_once.cc, stablehlo_composite.cc, stablehlo_case.cc,
      stablehlo_scatter.cc, stablehlo_reduce_window.cc: Prepare; control_flow_common.h, CopyTensorsShapeAndType
    - tried with LiteRT 2.3.0: a WHILE or CALL_ONCE that runs itself ends in a segmentation fault
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL119", "subgraph-ref", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        faults: dict[str, list[Op]] = {}
        callers = [op for graph in ctx.graphs for op in graph.ops if op.kind in CALLERS and not op.is_custom]
        for op in callers:
            fault = misfit(op, ctx.model.graphs)
            if fault is not None:
                faults.setdefault(fault, []).append(op)
        for fault, ops in faults.items():
            yield self.finding(
                ops[0],
                fault,
                help="Convert the model again; where a script made or edited the file, correct its graph numbers.",
                related=ops[1:],
                evidence={"graphs": [number for _, number in called(ops[0])]},
            )
        if callers:
            yield from self._recursion(ctx, callers, {op for ops in faults.values() for op in ops})

    def _recursion(self, ctx: Context, callers: list[Op], faulty: set[Op]) -> Iterator[Finding]:
        import networkx

        calls = ctx.once(call_graph, ctx.model)
        by_graph: dict[int, list[Op]] = {}
        for op in callers:
            by_graph.setdefault(op.graph_index, []).append(op)
        for component in networkx.strongly_connected_components(calls):
            circle = sorted(component)
            if len(circle) == 1 and not calls.has_edge(circle[0], circle[0]):
                continue
            ops = [
                op
                for number in circle
                for op in by_graph.get(number, ())
                if any(called_number in component for _, called_number in called(op))
            ]
            if not ops or faulty.intersection(ops):  # the wrong number may be what closes the circle
                continue
            first, *others = (graph_name(ctx.model.graphs[number]) for number in circle)
            way = f" by way of {listed(others)}" if others else ""
            yield self.finding(
                ops[0],
                f"{first[0].upper()}{first[1:]} runs itself{way}; the runtime knows no recursion, and crashes when it "
                f"follows it.",
                help="Unroll the recursion in the source model, or write it as a loop with tf.while_loop.",
                related=ops[1:],
                evidence={"graphs": circle},
            )
