"""TFL408 xnnpack-load-failure."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity
from tflint.analysis.calls import called
from tflint.analysis.flow import entry_graphs
from tflint.analysis.phrases import count, listed
from tflint_rules.targets.xnnpack_faults import Cause, fault

_BUILTIN = "create the interpreter with OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES"


class XnnpackLoadFailure(Rule):
    """XNNPACK takes an op that it cannot prepare, so the default interpreter does not load the model.

    ## What it does

    Looks at the ops that XNNPACK takes, by the table of the target `xnnpack`, for what it notices only when it makes
    its kernels: an op that moves bytes (PAD, SLICE, MAX_POOL_2D, …) whose output has not to the last digit the scale of
    its input; more than six dimensions; an output scale 256 times finer than what is summed; a depth multiplier that
    contradicts the shapes; a permutation of INT64; an output of another element type. Scales and zero points that no
    kernel can read are for scale-degenerate and zero-point-range, those of weights and biases for weight-zero-point
    and bias-params, and those with which moved bytes mean other values for same-scale-violation.

    ## Why it is bad

    TFLite and LiteRT interpreters use XNNPACK on every CPU unless they are told otherwise, and they do not fall back:
    `allocate_tensors` fails with *TfLiteXNNPackDelegate failed to prepare*. The built-in kernels accept the same file,
    and so do tests that run on them.

    ## Example

    ```text
    error TFL408 xnnpack-load-failure: op 0 PAD, 'pad'
      XNNPACK, which runs models on a CPU by default, takes PAD but cannot prepare it, so the
      interpreter does not load the model: its input has scale 0.1 and zero point 0, its output scale
      0.1000001 and zero point 0; XNNPACK moves the bytes as they are.
      help: Give its input and its output one scale and zero point, or put a QUANTIZE between them.
    ```

    ## Fix

    The help says what to change. Without XNNPACK the model loads, but a variable that is read with another scale than
    it was written with then gives wrong values, without a word.

    ## References

    - LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, Subgraph::Create, and tflite/core/interpreter.cc,
      ApplyLazyDelegateProviders: the delegate's kernels are prepared only by AllocateTensors
    - XNNPACK 75db3c093, src/subgraph/validation.c; seen with ai-edge-litert 2.3.0 and TensorFlow 2.21
    - https://github.com/google/XNNPACK/issues/11036
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL408", "xnnpack-load-failure", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[Cause, list[tuple[Op, str]]] = {}
        for graph in _loaded(ctx):
            for op in graph.ops:
                known = None if op.is_custom else fault(op, graph)
                if known is not None and _is_taken(op, graph):
                    found.setdefault(known[0], []).append((op, known[1]))
        for cause, faults in found.items():
            yield self._finding(cause, faults)

    def _finding(self, cause: Cause, faults: list[tuple[Op, str]]) -> Finding:
        ops = [op for op, _ in faults]
        first, reason = faults[0]
        what, it, of = first.kind, "it", ""
        if len(ops) > 1:
            what, it, of = f"{count(len(ops), 'op')} ({listed(op.kind for op in ops)})", "them", f"{first.kind}: "
        return self.finding(
            first,
            f"XNNPACK, which runs models on a CPU by default, takes {what} but cannot prepare {it}, so the interpreter "
            f"does not load the model: {of}{reason}.",
            help=cause.value.format(builtin=_BUILTIN),
            related=ops[1:],
            evidence={"cause": cause.name.lower(), "ops": len(ops), "reason": reason},
        )


def _loaded(ctx: Context) -> list[Graph]:
    """The graphs that callers run, and those that their ops run; XNNPACK is kept off graphs named VALIDATION:."""
    graphs = {graph.index: graph for graph in ctx.graphs}
    waiting = [graph.index for graph in entry_graphs(ctx.model)]
    found: dict[int, Graph] = {}
    while waiting:
        number = waiting.pop()
        if number in found or number not in graphs:
            continue
        found[number] = graphs[number]
        ops = (op for op in graphs[number].ops if op.kind != "STABLEHLO_COMPOSITE")
        waiting += [inner for op in ops for _, inner in called(op)]
    return [graph for _, graph in sorted(found.items()) if not graph.name.startswith("VALIDATION:")]


def _is_taken(op: Op, graph: Graph) -> bool:
    from tflint_rules.targets.tables.xnnpack import TARGET  # few models need the table

    return TARGET.verdict(op, graph).supported is True
