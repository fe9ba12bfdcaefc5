"""TFL902 first-divergence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity
from tflint_rules.numerics.blamed import credible, cure, evidence_of, is_clear, is_everywhere, told
from tflint_rules.numerics.judged import is_repeatable, judged
from tflint_rules.numerics.words import place, relative

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Blame, Comparison

_SHOWS = 1e-4


class FirstDivergence(Rule):
    """An op gives something else than the source for the same values, though the outputs hardly show it.

    ## What it does

    With `--diff` the ops between values that are known on both sides are run by themselves, on what the source has
    there, and compared with what the source makes of it. An op whose own error is more than the steps and ranges of
    what it reads and writes explain twice over is reported: the first in execution order. It is a warning where the
    outputs show nothing of it at all. Where most ops seem wrong and the outputs are right, nothing is said: values were
    taken for one another by mistake.

    Where an output is off by more than output-diff allows, as it is set by default, that finding names the op.

    ## Why it is bad

    The op is wrong, and the inputs that were tried happen not to carry it to the outputs: an activation that is missing
    and seldom acts, a branch of little weight, a range that is too narrow. Other inputs do.

    ## Example

    ```text
    error TFL902 first-divergence: op 0 FULLY_CONNECTED, 'dense_1'
      Fed with the source's values, op 0 FULLY_CONNECTED is by itself off by 35 % from the source's
      'dense_1', where rounding explains 1.2 %. The outputs are as near to the source's as they should
      be, on the inputs that were tried.
      help: Compare the op and its weights with what the source has there, and convert again.
    ```

    ## Fix

    Compare the op that the finding names with the layer of the source: its weights, its activation, its padding, the
    range that it was quantized to. Then convert again.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_debugger.md, which compares layers in the same way
    - https://github.com/tensorflow/tensorflow/issues/39572
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL902", "first-divergence", Severity.ERROR, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison = ctx.comparison
        blame = credible(ctx)
        if comparison is None or blame is None or not is_repeatable(comparison) or not is_clear(blame):
            return
        if any(each.is_off or each.is_collapsed for each in judged(ctx)):
            return
        if comparison.outputs and is_everywhere(ctx, blame):  # the values were taken for one another
            return
        if not all(each.figures.finite for each in comparison.outputs):
            return
        at = place(ctx, blame.op)
        text = told(ctx, blame)
        is_shown = _is_shown(comparison, blame)
        if not is_shown:
            text += " The outputs show nothing of it, on the inputs that were tried; they hardly depend on it."
        elif comparison.outputs:
            text += " The outputs are as near to the source's as they should be, on the inputs that were tried."
        yield self.finding(
            at or ctx.model,
            text,
            help=cure(ctx, blame),
            severity=None if is_shown else Severity.WARNING,
            related=[each for each in (place(ctx, one) for one in blame.ops) if each is not None and each != at],
            evidence=evidence_of(blame),
        )


def _is_shown(comparison: Comparison, blame: Blame) -> bool:
    """Whether at least a hundredth of a percent of the op's error arrives at the outputs, or there are none."""
    own = relative(blame.figures)
    shown = [part for each in comparison.outputs if (part := relative(each.figures)) is not None]
    return own is None or not shown or max(shown) >= _SHOWS * own
