"""TFL110 constant-output."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import entry_graphs, fixed_outputs, is_ordered, varying
from tflint.analysis.phrases import listed, named, typed


class ConstantOutput(Rule):
    """An output of the model depends on none of its inputs: it is the same in every run.

    ## What it does

    Follows the constants through the ops of each graph that callers run, the first one and those that signatures name.
    An output that comes from constants alone is reported. Random numbers, variables, hash tables and custom ops may
    give something new in each run, so what they reach is not judged. A single number, which may be a version or a
    setting that the model tells on purpose, is a note.

    A graph without any inputs has nothing that its outputs could depend on, and is left out.

    ## Why it is bad

    The model answers the same whatever it is asked. That happens when the function was traced with a sample instead of
    its argument, so that the sample's result was folded into the file, or when an edit cut the path from the input.

    ## Example

    ```text
    warning TFL110 constant-output: tensor 3, 'probabilities'
      The output 'probabilities' FLOAT32[1, 4] depends on no input; its value is the same in every
      run.
      help: Compute the output from the input and convert again; put what is constant into the
            metadata.
    ```

    ## Fix

    Compute the output from the function's argument, not from a tensor at hand when it was traced, and convert again.
    What is constant on purpose belongs into the metadata.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, InvokeImpl
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL110", "constant-output", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in entry_graphs(ctx.model):
            if not graph.inputs or not ctx.once(is_ordered, graph):
                continue
            found = dict.fromkeys(ctx.once(fixed_outputs, graph, ctx.once(varying, ctx.model)))
            settings = [tensor for tensor in found if not tensor.default_shape]
            for tensors, severity in (
                ([tensor for tensor in found if tensor.default_shape], Severity.WARNING),
                (settings, Severity.NOTE),
            ):
                if tensors:
                    yield self._finding(tensors, severity)

    def _finding(self, found: list[Tensor], severity: Severity) -> Finding:
        first, *others = found
        what, whose = f"The output {named(first)} {typed(first)} depends", "its value is"
        if others:
            what, whose = f"{len(found):,} outputs depend", "their values are"
        names = f" ({listed(map(named, found))})" if others else ""
        return self.finding(
            first,
            f"{what} on no input{names}; {whose} the same in every run.",
            help="Compute the output from the input and convert again; put what is constant into the metadata.",
            related=others,
            severity=severity,
            evidence={"outputs": [tensor.index for tensor in found]},
        )
