"""TFL402 refused-model."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity


class RefusedModel(Rule):
    """A target takes nothing of the model, whatever its ops are.

    ## What it does

    Asks each target that was named whether something about the whole model keeps it from taking any of it: sizes that
    are known only at run time, variables, an op at which its compiler stops instead of leaving it to the CPU.

    ## Why it is bad

    A compiler that stops gives no model at all; a delegate that takes nothing leaves everything to the CPU, mostly
    without a word.

    ## Example

    ```text
    warning TFL402 refused-model
      edgetpu takes nothing of this model: no op makes a quantized value of 8 bits; the compiler says
      'Model not quantized'.
      help: Remove what the reason names, or choose another target.
    ```

    ## Fix

    Remove what the reason names, or choose another target.

    ## References

    - `tflint targets NAME` names the source of the target's table
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL402", "refused-model", Severity.ERROR, needs=frozenset({Need.TARGET}), of_deployed=True
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        for target in ctx.targets:
            reason = ctx.refusal(target) if ctx.graphs else ""
            if not reason:
                continue
            stops = target.is_runtime
            yield self.finding(
                ctx.model,
                f"{target.name} takes nothing of this model: {reason}.",
                help="Remove what the reason names, or choose another target.",
                severity=Severity.ERROR if stops else Severity.WARNING,
                evidence={"target": target.name, "reason": reason},
            )
