"""TFL202 custom-op."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count
from tflint_rules.conversion.custom_ops import IN_EVERY_RUNTIME, runs_with
from tflint_rules.conversion.select_tf_op import is_flex
from tflint_rules.conversion.tally import tallied, tally

_UNNAMED = "CUSTOM"
"""The kind of a custom op whose operator code has no custom code."""


class CustomOp(Rule):
    """Ops have no kernel in a plain LiteRT: each app has to bring its own.

    ## What it does

    Lists the custom ops. Where it is known who runs them (an accelerator's runtime, MediaPipe, TFLite Micro, …) the
    finding names that runtime and is a warning; where it is not, an error. The custom ops that LiteRT registers itself,
    such as `TFLite_Detection_PostProcess`, are fine. With `expect.ops = "any"` named custom ops are wanted, and with
    `"builtin"` or `"select"` each of them is an error. `Flex…` ops are TFL201's.

    ## Why it is bad

    Without a kernel the runtime stops with "Encountered unresolved custom op" when it allocates tensors, or later where
    the op's input is dynamic.

    ## Example

    ```text
    error TFL202 custom-op: op 1 Betainc, 'head/1'
      LiteRT has no kernel for 3 custom ops: Erf (2) and Betainc; the model runs only in an app that
      registers its own.
      help: Convert without allow_custom_ops, and with SELECT_TF_OPS where these are TensorFlow ops,
            or register the ops in each app.
      also: op 2 Erf, 'head/2'; op 3 Erf, 'head/3'
    warning TFL202 custom-op: op 4 SignalRfft, 'head/4'
      2 custom ops run only with TFLite Micro and its own kernels for them, not in a plain LiteRT:
      SignalRfft and SignalEnergy.
      help: Ship the model together with that, or a model without these ops.
      also: op 5 SignalEnergy, 'head/5'
    ```

    ## Fix

    Ops with a TensorFlow name (`Erf`, `ResizeBicubic`) were left by `converter.allow_custom_ops = True`: convert
    without it, and with `SELECT_TF_OPS` where the converter then says so, or write the layer with other ops. Ops of
    your own need a kernel that each app registers (`resolver.AddCustom`, in Python
    `Interpreter(custom_op_registerers=…)`); say so with `expect.ops = "any"`. A file that a compiler made for an
    accelerator runs on that accelerator only: ship the file it was made from elsewhere.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, tflite/core/kernels/register.cc
    - https://github.com/tensorflow/tensorflow/issues/33231
    - https://github.com/google-ai-edge/LiteRT/issues/5141
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL202", "custom-op", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        unnamed: list[Op] = []
        unknown: list[Op] = []
        known: dict[str, list[Op]] = {}
        runtimes: dict[str, str | None] = {}
        for op in (op for graph in ctx.graphs for op in graph.ops if op.is_custom):
            if op.kind not in runtimes:
                runtimes[op.kind] = runs_with(op.kind)
            runtime = runtimes[op.kind]
            if op.kind == _UNNAMED:
                unnamed.append(op)
            elif runtime is not None:
                known.setdefault(runtime, []).append(op)
            elif op.kind not in IN_EVERY_RUNTIME and not is_flex(op):
                unknown.append(op)
        if unnamed:
            yield self._of_no_name(unnamed)
        if ctx.expectations.ops == "any":
            return
        expected = {"builtin": "; only builtin ops were expected", "select": "; no custom ops were expected"}
        more = expected.get(ctx.expectations.ops or "", "")
        if unknown:
            yield self._unknown(unknown, more)
        for runtime, ops in known.items():
            yield self._elsewhere(ops, runtime, more)

    def _of_no_name(self, ops: list[Op]) -> Finding:
        return self.finding(
            ops[0],
            f"{count(len(ops), 'custom op')} {'has' if len(ops) == 1 else 'have'} no name (custom code); no runtime "
            f"can tell what to run.",
            help="Convert the model again, or write the custom code into the file.",
            related=ops[1:],
            evidence={"ops": len(ops)},
        )

    def _unknown(self, ops: list[Op], more: str) -> Finding:
        return self.finding(
            ops[0],
            f"LiteRT has no kernel for {count(len(ops), 'custom op')}: {tallied(ops)}; the model runs only in an app "
            f"that registers its own{more}.",
            help="Convert without allow_custom_ops, and with SELECT_TF_OPS where these are TensorFlow ops, or register "
            "the ops in each app.",
            related=ops[1:],
            evidence={"ops": tally(ops)},
        )

    def _elsewhere(self, ops: list[Op], runtime: str, more: str) -> Finding:
        return self.finding(
            ops[0],
            f"{count(len(ops), 'custom op')} {'runs' if len(ops) == 1 else 'run'} only with {runtime}, not in a plain "
            f"LiteRT: {tallied(ops)}{more}.",
            help="Ship the model together with that, or a model without these ops.",
            related=ops[1:],
            severity=None if more else Severity.WARNING,
            evidence={"ops": tally(ops), "runtime": runtime},
        )
