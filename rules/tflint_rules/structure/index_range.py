"""TFL102 index-range."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Problem, ProblemKind, Rule, RuleMeta, Severity


class IndexRange(Rule):
    """An index points to a tensor, buffer, operator code or graph that the file does not have.

    ## What it does

    Compares every index in the file with the number of things it counts: the tensors that ops and graphs list, the
    buffers of tensors and metadata, the operator codes of ops, the graphs and tensors of signatures. All broken
    indices of one graph are one finding. Graphs that control-flow ops run are left to TFL119.

    ## Why it is bad

    LiteRT refuses to load or to allocate such a model ("Invalid tensor index", "Missing registration for
    opcode_index", "specifies out of range buffer"). The graph cannot be judged: what its ops really read is not
    known, so the other rules leave it out.

    ## Example

    ```text
    error TFL102 index-range: op 0 ABS
      Op 0 (ABS) of graph 0 refers to tensor 9999; the graph has 2 tensors.
      help: Convert the model again.
    ```

    ## Fix

    Convert the model again. Where a script edits the file, give tensors, buffers and operator codes their new indices
    in every list after adding or removing one.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, CheckTensorIndices
    - LiteRT f67457790, tflite/core/interpreter_builder.cc, ParseNodes and ParseTensors
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL102", "index-range", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if any(problem.fatal for problem in ctx.model.problems):
            return
        by_graph: dict[str, list[Problem]] = {}
        for problem in ctx.model.problems:
            if problem.kind is ProblemKind.BAD_REFERENCE:
                by_graph.setdefault(problem.location.address.partition("/")[0], []).append(problem)
        for found in by_graph.values():
            first, *others = found
            more = " Other references nearby are broken as well." if others else ""
            yield self.finding(
                first.location,
                first.message + more,
                help=first.help or "Convert the model again.",
                related=[problem.location for problem in others if problem.location.address],
                evidence={"references": [problem.message for problem in found]},
            )
