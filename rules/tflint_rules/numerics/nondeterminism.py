"""TFL912 nondeterminism."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity
from tflint.analysis.flow import varying
from tflint.analysis.phrases import count, listed, named
from tflint_rules.numerics.judged import ran


class Nondeterminism(Rule):
    """The model gives another result for the same input.

    ## What it does

    With `--diff` the first input is run again after the others, in the same interpreter on one thread. The outputs
    have to be the same to the last bit. Nothing is said of models with ops that may give something new in each run:
    random numbers, variables and the state of recurrent ops, tables, calls of what does any of it.

    ## Why it is bad

    Something is read that was never written, or that an earlier run left behind. What comes out depends on what was
    asked before; tests pass or fail by chance.

    ## Example

    ```text
    warning TFL912 nondeterminism: tensor 4, 'probs'
      Run again on the same input, the model gives other values at 1 output ('probs'); no op of it is
      random or keeps a state.
      help: Run it with the builtin kernels alone, to see whether XNNPACK is at fault, and with
            another runtime.
    ```

    ## Fix

    Run the model with the builtin kernels alone: if it repeats then, XNNPACK is at fault, and a newer runtime may help.
    Where both do it, look for ops that work in place, and for two that write one tensor (TFL1).

    ## References

    - LiteRT f67457790, tflite/core/interpreter.cc, ResetVariableTensors: what outlives a run is the variable tensors
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL912", "nondeterminism", Severity.WARNING, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        if comparison is None or graph is None:
            return
        places = [int(each) for each in comparison.facts.get("repeat", "").split(",") if each.isdecimal()]
        found = [graph.outputs[place] for place in dict.fromkeys(places) if place < len(graph.outputs)]
        if not found or ctx.once(varying, ctx.model):
            return
        yield self.finding(
            found[0],
            f"Run again on the same input, the model gives other values at {count(len(found), 'output')} "
            f"({listed(map(named, found))}); no op of it is random or keeps a state.",
            help="Run it with the builtin kernels alone, to see whether XNNPACK is at fault, and with another runtime.",
            related=found[1:],
            evidence={"outputs": [each.index for each in found]},
        )
