"""TFL410 deprecated-target."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity


class DeprecatedTarget(Rule):
    """A target that was named is on its way out.

    ## What it does

    Says so where the makers of a target that was named have declared it deprecated.

    ## Why it is bad

    New devices and systems come without it, and faults in it are not mended any more.

    ## Example

    ```text
    note TFL410 deprecated-target
      The target hexagon is deprecated: TFLite's documentation declares the Hexagon delegate
      deprecated and no longer supported (LiteRT f67457790,
      tflite/g3doc/android/delegates/hexagon.md).
      help: Choose another target; `tflint targets` lists them.
    ```

    ## Fix

    Choose another target; `tflint targets` lists them.

    ## References

    - `tflint targets NAME` names the source
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL410", "deprecated-target", Severity.NOTE, needs=frozenset({Need.TARGET}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        for target in ctx.targets:
            if target.deprecated and ctx.graphs:
                yield self.finding(
                    ctx.model,
                    f"The target {target.name} is deprecated: {target.deprecated}.",
                    help="Choose another target; `tflint targets` lists them.",
                    evidence={"target": target.name},
                )
