"""TFL909 delegated-ratio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count
from tflint_rules.numerics.judged import ran


@dataclass(frozen=True)
class DelegatedRatio(Rule):
    """XNNPACK takes fewer ops of the model than its table says.

    ## What it does

    With `--diff` and the target `xnnpack`, compares the number of ops that XNNPACK took when the model was loaded with
    the number that the target's table forecasts. More than `max_short` of the forecast missing is told; more ops than
    forecast are not. Models with ops that write no tensor, as those that assign variables, are left out.

    ## Why it is bad

    The ops that it does not take run on slower kernels, and each change between the two costs. The findings on the
    target, and figures of speed that rest on it, are too good for this model and this runtime.

    ## Example

    ```text
    note TFL909 delegated-ratio
      XNNPACK of LiteRT 2.3.0 takes 1 of 2 ops; by its table it should take 2.
      help: Run the model with the runtime that it ships with, and compare; a newer one may take more.
    ```

    ## Fix

    Run the model with the runtime that it ships with. `tflint inspect --target xnnpack` lists the ops that should be
    taken; a table that is wrong is a fault of tflint.

    ## References

    - LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, PrepareOpsToDelegate
    - https://github.com/google-ai-edge/LiteRT/issues/7891
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL909", "delegated-ratio", Severity.NOTE, needs=frozenset({Need.RUN, Need.TARGET})
    )
    max_short: float = option(
        0.1, "Largest share of the forecast ops that may be missing, 0 to 1; versions of the runtime differ a little."
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        target = next((each for each in ctx.targets if each.name == "xnnpack"), None)
        run = None if comparison is None else comparison.run("xnnpack")
        if graph is None or target is None or run is None or not run.is_done or run.delegated is None:
            return
        if any(not op.outputs for op in graph.ops):  # what a delegate takes is told by what its pieces give
            return
        forecast = ctx.placement(target, graph).ops_placed
        if run.delegated >= forecast * (1 - self.max_short):
            return
        yield self.finding(
            ctx.model,
            f"XNNPACK of {run.runtime or 'LiteRT'} takes {run.delegated:,} of {count(len(graph.ops), 'op')}; by its "
            f"table it should take {forecast:,}.",
            help="Run the model with the runtime that it ships with, and compare; a newer one may take more.",
            evidence={"delegated": run.delegated, "forecast": forecast, "ops": len(graph.ops)},
        )
