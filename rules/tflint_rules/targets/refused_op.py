"""TFL401 refused-op."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Kind, Need, Op, Rule, RuleMeta, Severity, Target
from tflint.analysis.phrases import count, listed


class RefusedOp(Rule):
    """A target does not run an op of the model.

    ## What it does

    Asks each target that was named about each op: is it on the target's list, in this version; do its element types
    fit; do shapes, attributes and constants. A runtime without the op cannot run the model: an error. A delegate or a
    compiler leaves it to the CPU: a warning. What cannot be told from the file is not reported.

    ## Why it is bad

    On a microcontroller the interpreter stops when it is set up. On a phone or an NPU the op runs on the CPU, and each
    change between the two copies tensors and waits: one op in the middle can cost more than all the others.

    ## Example

    ```text
    warning TFL401 refused-op: op 1 HARD_SWISH, 'hard_swish1'
      xnnpack refuses 2 ops (HARD_SWISH), so they run on the CPU instead: input is INT8 with one
      scale; FLOAT32 or FLOAT16 is supported.
      help: Replace what makes the op; `tflint inspect --target` shows what each change would bring.
      also: op 3 HARD_SWISH, 'hard_swish2'
    ```

    ## Fix

    The reason says what would be taken. Replace the layer that makes the op, or change its configuration; `tflint
    inspect --target NAME model.tflite` shows where every op runs, and which change would bring the most.

    ## References

    - `tflint targets NAME` names the source of the target's table
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL401", "refused-op", Severity.ERROR, needs=frozenset({Need.TARGET}), of_deployed=True
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        for target in ctx.targets:
            if ctx.refusal(target):
                continue  # refused-model says so
            refused: dict[str, list[Op]] = {}
            for graph in ctx.graphs:
                for op, verdict in zip(graph.ops, ctx.placement(target, graph).verdicts, strict=True):
                    if verdict.supported is False:
                        refused.setdefault(verdict.reason.removeprefix(f"{op.kind}: "), []).append(op)
            for reason, ops in refused.items():
                yield self._finding(target, reason, ops)

    def _finding(self, target: Target, reason: str, ops: list[Op]) -> Finding:
        stops = target.kind is Kind.RUNTIME
        they = "it runs" if len(ops) == 1 else "they run"
        effect = "the model does not run there" if stops else f"{they} on the CPU instead"
        kinds = "" if ops[0].kind in reason else f" ({listed(op.kind for op in ops)})"
        return self.finding(
            ops[0],
            f"{target.name} refuses {count(len(ops), 'op')}{kinds}, so {effect}: {reason}.",
            help="Replace what makes the op; `tflint inspect --target` shows what each change would bring.",
            related=ops[1:],
            severity=Severity.ERROR if stops else Severity.WARNING,
            evidence={"target": target.name, "ops": len(ops), "reason": reason},
        )
