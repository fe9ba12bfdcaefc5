"""TFL105 double-producer."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import cycles, writers
from tflint.analysis.phrases import count, cut, listed, named

_HELP = "Convert the model again; where a script edits the graph, give each op's output a tensor of its own."


class DoubleProducer(Rule):
    """A tensor gets its value from two places, or ops wait for one another's outputs.

    ## What it does

    Looks for tensors that two ops write, for ops that write a constant or an input of the graph, and for variables that
    hold constant data. Looks for cycles: ops none of which can run first, because each reads what another one writes.

    Ops may write variables, and custom ops may hand one of their inputs on in place.

    ## Why it is bad

    The runtime looks for nothing of this but variables with data and ops that read their own output; those it refuses.
    Of two values, a reader gets the one that was written last before it, and the other is lost. A write to a constant
    overwrites it, or stops the model under XNNPACK. In a cycle the first op reads what is left in memory from the run
    before, and the result changes from run to run.

    ## Example

    ```text
    error TFL105 double-producer: op 1 NEG, 'y'
      'y' is written by 2 ops: ABS (op 0) and NEG (op 1); only one op may write it.
      help: Convert the model again; where a script edits the graph, give each op's output a tensor of
            its own.
      also: op 0 ABS, 'y'
    ```

    ## Fix

    Convert the model again. Such files come from scripts that join or edit graphs: there, each output needs a tensor
    of its own.

    ## References

    - LiteRT f67457790, tflite/core/tools/verifier.cc, VerifySubGraphConsistency (the four cases)
    - LiteRT f67457790, tflite/core/subgraph.cc, CheckInputAndOutputForOverlap
    - LiteRT f67457790, tflite/core/interpreter_builder.cc, ParseTensors (a variable with data)
    - each case run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL105", "double-producer", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            yield from self._clashes(graph, ctx)
            yield from self._stored_variables(graph)
            for group in ctx.once(cycles, graph):
                yield self._cycle(group)

    def _clashes(self, graph: Graph, ctx: Context) -> Iterator[Finding]:
        inputs = frozenset(graph.inputs)
        groups: dict[str, list[tuple[Tensor, tuple[Op, ...]]]] = {}
        for tensor, ops in ctx.once(writers, graph).items():
            kind = "constants" if tensor.is_constant else "inputs of the graph" if tensor in inputs else ""
            groups.setdefault(kind, []).append((tensor, ops))
        for kind, found in groups.items():
            (tensor, ops), *others = found
            if kind:
                what = "a constant" if tensor.is_constant else "an input of the graph"
                fact = f"{cut(ops[0].kind)} writes {named(tensor)}, which is {what} and has a value already."
            else:
                fact = (
                    f"{named(tensor)} is written by {count(len(ops), 'op')}: {_listed(ops)}; only one op may write it."
                )
            more = f" The same holds for {listed(named(other) for other, _ in others)}." if others else ""
            yield self.finding(
                ops[-1],
                fact + more,
                help=_HELP,
                related=[*ops[:-1], *(op for _, each in others for op in each)],
                evidence={"tensors": [tensor.index for tensor, _ in found]},
            )

    def _stored_variables(self, graph: Graph) -> Iterator[Finding]:
        found = [tensor for tensor in graph.tensors if tensor.is_variable and tensor.data is not None]
        if found:
            more = f" The same holds for {listed(map(named, found[1:]))}." if found[1:] else ""
            yield self.finding(
                found[0],
                f"{named(found[0])} is a variable and holds constant data; a variable begins without data.{more}",
                help="Convert the model again; a value that does not change is a constant, not a variable.",
                related=found[1:],
                evidence={"tensors": [tensor.index for tensor in found]},
            )

    def _cycle(self, ops: tuple[Op, ...]) -> Finding:
        if len(ops) == 1:
            message = f"{cut(ops[0].kind)} reads its own output; no op can run before itself."
        else:
            message = f"{len(ops):,} ops wait for one another's outputs: {_listed(ops)}; none of them can run first."
        return self.finding(ops[0], message, help=_HELP, related=ops[1:], evidence={"ops": [op.index for op in ops]})


def _listed(ops: tuple[Op, ...]) -> str:
    return listed(f"{cut(op.kind)} (op {op.index})" for op in ops)
