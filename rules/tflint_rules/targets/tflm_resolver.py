"""TFL420 tflm-resolver."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count
from tflint_rules.targets.tables.tflm_methods import resolver_calls

_TARGET = "tflm"
_NEEDS_DRIVER = "ethos-u"


class TflmResolver(Rule):
    """TensorFlow Lite Micro has to be told which ops the model has.

    ## What it does

    For the target `tflm`, names the calls that register exactly the ops of the model with a `MicroMutableOpResolver`.
    It is silent on a model that the target does not run: there, that comes first.

    ## Why it is bad

    A microcontroller's program holds the kernels that it registers. One that is missing stops the interpreter when it
    is set up, with "Didn't find op for builtin opcode"; one too many takes flash that nobody uses.

    ## Example

    ```text
    note TFL420 tflm-resolver: graph 0, 'main'
      The model's 3 ops are of 2 kinds; TensorFlow Lite Micro runs those that the program registers.
      help: Register them: tflite::MicroMutableOpResolver<2> resolver; resolver.AddRelu();
            resolver.AddSoftmax();
    ```

    ## Fix

    Copy the calls into the program, and link no other kernels. Where several models share one resolver, it needs the
    calls of all of them, each once.

    ## References

    - tflite-micro 90b983c2, tensorflow/lite/micro/micro_mutable_op_resolver.h
    - tflite-micro 90b983c2, tensorflow/lite/micro/micro_interpreter.cc, PrepareNodeAndRegistrationDataFromFlatbuffer
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL420", "tflm-resolver", Severity.NOTE, needs=frozenset({Need.TARGET}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        target = next((each for each in ctx.targets if each.name == _TARGET), None)
        graphs = ctx.graphs
        if target is None or len(graphs) < len(ctx.model.graphs) or ctx.refusal(target):
            return
        for graph in graphs:
            for verdict, op in zip(ctx.placement(target, graph).verdicts, graph.ops, strict=True):
                if verdict.supported is False and op.kind != _NEEDS_DRIVER:
                    return
        calls = resolver_calls(ctx.model)
        if not calls:
            return
        lines = " ".join(f"resolver.{call}();" for call in calls)
        total = sum(len(graph.ops) for graph in graphs)
        yield self.finding(
            graphs[0],
            f"The model's {count(total, 'op')} {'is' if total == 1 else 'are'} of {count(len(calls), 'kind')}; "
            f"TensorFlow Lite Micro runs those that the program registers.",
            help=f"Register them: tflite::MicroMutableOpResolver<{len(calls)}> resolver; {lines}",
            evidence={"ops": total, "calls": list(calls)},
        )
