"""TFL109 passthrough-output."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import entry_graphs
from tflint.analysis.phrases import count, listed, named


class PassthroughOutput(Rule):
    """An output of the model is one of its inputs: nothing is computed for it.

    ## What it does

    Looks at the graphs that callers run, the first one and those that signatures name, for outputs that are inputs of
    the same graph. In the bodies of loops and branches that is normal, and not reported.

    ## Why it is bad

    The caller gets back what it passed in, and pays for a copy. It is seldom meant: the wrong tensor was named as the
    output, or a layer that should have done something does nothing outside of training.

    ## Example

    ```text
    warning TFL109 passthrough-output: tensor 2, 'mask'
      The output 'mask' is an input of the graph; its value comes back as it went in.
      help: Return the tensor that was meant to be the output, and convert again.
    ```

    ## Fix

    Return the tensor that was meant, and convert again. Where the value is to be handed on, let the caller keep it.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, PrepareOpsStartingAt (outputs that no op evaluates)
    - run with ai-edge-litert 2.3.0
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL109", "passthrough-output", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in entry_graphs(ctx.model):
            inputs = frozenset(graph.inputs)
            found = [tensor for tensor in dict.fromkeys(graph.outputs) if tensor in inputs]
            if found:
                yield self._finding(graph, found)

    def _finding(self, graph: Graph, found: list[Tensor]) -> Finding:
        first, *others = found
        empty = " The graph runs no op at all." if not graph.ops else ""
        what = f"The output {named(first)} is an input of the graph"
        if others:
            what = f"{count(len(found), 'output')} are inputs of the graph, {listed(map(named, found))}"
        return self.finding(
            first,
            f"{what}; its value comes back as it went in.{empty}",
            help="Return the tensor that was meant to be the output, and convert again.",
            related=others,
            evidence={"outputs": [tensor.index for tensor in found]},
        )
