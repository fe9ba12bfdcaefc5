"""TFL111 unused-input."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import dead_ops, effects, entry_graphs, fixed_outputs, is_ordered, varying
from tflint.analysis.phrases import listed, named, typed


class UnusedInput(Rule):
    """An input of the model changes none of its outputs.

    ## What it does

    Looks at the inputs of the graphs that callers run, the first one and those that signatures name, and reports those
    from which no output and no op with an effect (a variable, a hash table, a custom op) can be reached. The inputs of
    loops and branches are not judged.

    It is silent where no output depends on any input (TFL110), where there are no outputs (TFL121), and where the ops
    stand in the wrong order (TFL105, TFL106).

    ## Why it is bad

    Callers must prepare and pass a value that makes no difference. Often it should: the converter folded the input
    away, as it does with a mask or a training flag that was fixed when the function was traced.

    ## Example

    ```text
    warning TFL111 unused-input: tensor 2, 'training'
      The input 'training' BOOL[] reaches no output and no state; whatever is passed changes nothing.
      help: Remove the input from the function's signature and convert again, or use it.
    ```

    ## Fix

    Remove the input from the function's signature and convert again, or use it.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, InvokeImpl
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL111", "unused-input", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in entry_graphs(ctx.model):
            if not graph.outputs or not ctx.once(is_ordered, graph):
                continue
            found = _unused(graph, ctx)
            if found:
                yield self._finding(found)

    def _finding(self, found: list[Tensor]) -> Finding:
        first, *others = found
        what = f"The input {named(first)} {typed(first)} reaches"
        if others:
            what = f"{len(found):,} inputs reach"
        names = f" ({listed(map(named, found))})" if others else ""
        return self.finding(
            first,
            f"{what} no output and no state{names}; whatever is passed changes nothing.",
            help="Remove the input from the function's signature and convert again, or use it.",
            related=others,
            evidence={"inputs": [tensor.index for tensor in found]},
        )


def _unused(graph: Graph, ctx: Context) -> list[Tensor]:
    fixed = ctx.once(fixed_outputs, graph, ctx.once(varying, ctx.model))
    if len(fixed) == len(graph.outputs):
        return []
    dead = frozenset(ctx.once(dead_ops, graph, ctx.once(effects, ctx.model)))
    used = {tensor for op in graph.ops if op not in dead for tensor in op.inputs}.union(graph.outputs)
    return [tensor for tensor in dict.fromkeys(graph.inputs) if tensor not in used]
