"""TFL121 no-output."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity
from tflint.analysis.flow import effects, entry_graphs
from tflint.analysis.phrases import count


class NoOutput(Rule):
    """A graph has no outputs and leaves nothing behind: running it is of no use.

    ## What it does

    Looks at the graphs that callers run, the first one and those that signatures name. One without outputs is an error,
    unless it holds an op with an effect: one that writes a variable or a hash table, keeps a recurrent state, or is a
    custom op, of which that is not known. So a signature that restores variables is fine.

    ## Why it is bad

    The model loads and runs without a message, and there is no tensor to take the result from.

    ## Example

    ```text
    error TFL121 no-output: graph 0, 'main'
      The graph has no outputs; what its 2 ops compute cannot be read.
      help: Convert from a function that returns its result, or name the graph's outputs.
    ```

    ## Fix

    Convert from a function that returns its result. Where a script edits the graph, name its outputs again.

    ## References

    - LiteRT f67457790, tflite/core/interpreter_builder.cc (an empty list of outputs is accepted)
    - run with ai-edge-litert 2.3.0
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL121", "no-output", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in entry_graphs(ctx.model):
            if graph.outputs:
                continue
            acting = ctx.once(effects, ctx.model)
            if any(op in acting for op in graph.ops):
                continue
            lost = (
                f"what its {count(len(graph.ops), 'op')} compute cannot be read"
                if graph.ops
                else "it runs no op either"
            )
            yield self.finding(
                graph,
                f"The graph has no outputs; {lost}.",
                help="Convert from a function that returns its result, or name the graph's outputs.",
                evidence={"ops": len(graph.ops)},
            )
