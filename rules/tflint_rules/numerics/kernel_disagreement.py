"""TFL907 kernel-disagreement."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Need, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import cut
from tflint.analysis.precision import Precision, profile
from tflint_rules.numerics.judged import SNR_DB, is_of_kernels, judged
from tflint_rules.numerics.words import ENGINES, error, evidence, place

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Disagreement

_BUILTIN = "create the interpreter with OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES"
_HYBRID_SNR_DB = 20.0
"""What engines leave of float values that they round before they multiply: 40 dB and more in common models."""
_CURES = {
    "xnnpack": f"Try another version of the runtime, or {_BUILTIN}; report the op to google/XNNPACK.",
    "builtin": "Try another version of the runtime, or run it with XNNPACK; report the op to google-ai-edge/LiteRT.",
    "": f"Try another version of the runtime; report the op to google-ai-edge/LiteRT. Without XNNPACK: {_BUILTIN}.",
}


class KernelDisagreement(Rule):
    """Two sets of kernels of the runtime compute something else from the same model and the same inputs.

    ## What it does

    With `--diff` the model runs with XNNPACK, which interpreters use on a CPU unless told otherwise, and with the
    runtime's builtin kernels. Where the outputs differ by more than 0.1 %, or four steps of a quantized output, each op
    is run by itself on both, on the same values. The finding names the first that differs, and which of the two is
    alone with its result, where the plain reference kernels tell.

    Where nothing differs before the outputs, rounding may add up to it: it is told where the difference is larger than
    output-diff allows between model and source. Ops with integer weights and float values, which each engine rounds in
    its own way, may differ by a tenth. It is an error where an output is that far from the source's, too, and
    the op explains it.

    ## Why it is bad

    Which answer users get depends on the device and on how the interpreter was made. Tests on one of them say nothing
    of the other.

    ## Example

    ```text
    warning TFL907 kernel-disagreement: op 1 FULLY_CONNECTED, 'probs'
      XNNPACK and the builtin kernels of LiteRT 2.3.0 give different values for op 1 FULLY_CONNECTED,
      fed with the same: the error is 10 % of the signal (SNR 20.0 dB) and 0.3 at most. The reference
      kernels agree with the builtin kernels. It is a fault of the runtime, not of the model.
      help: Try another version of the runtime, or create the interpreter with
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES; report the op to google/XNNPACK.
      also: tensor 4, 'probs'
    ```

    ## Fix

    It is a fault of the runtime, not of the model. Update the runtime, or run the model on the kernels that are right.
    Or write the layer with other ops.

    ## References

    - LiteRT f67457790, tflite/delegates/xnnpack/README.md
    - https://github.com/google-ai-edge/LiteRT/issues/8928 and
      https://github.com/tensorflow/tensorflow/issues/45237
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL907", "kernel-disagreement", Severity.WARNING, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison = ctx.comparison
        if comparison is None or comparison.disagreement is None:
            return
        found = comparison.disagreement
        known = ctx.model.find(found.op) if found.op else None
        op = known if isinstance(known, Op) else None  # None where only outputs are known to differ
        if found.figures.finite and (found.figures.snr_db or 0.0) >= _passes(ctx, comparison.precision, op):
            return
        at = place(ctx, found.tensor)
        off = [each for each in judged(ctx) if each.is_off]
        is_seen = is_of_kernels(comparison, off)
        text = _told(ctx, found, op)
        if is_seen:
            worst = min(off, key=lambda each: each.output.figures.snr_db or 0.0)
            text += f" Beside the source '{cut(comparison.reference)}', {error(worst.output.figures, worst.step)} at "
            text += f"output '{cut(worst.output.name)}'."
        yield self.finding(
            op or at or ctx.model,
            text,
            help=_CURES.get(found.kernel, _CURES[""]),
            severity=Severity.ERROR if is_seen else None,
            related=[at] if at is not None and op is not None else [],
            evidence={"engines": list(found.engines), "alone": found.kernel or None, **evidence(found.figures)},
        )


def _passes(ctx: Context, precision: str, op: Op | None) -> float:
    """The ratio of what two engines give from which on it is no fault, in dB."""
    if op is None:  # rounding adds up
        return SNR_DB.get(precision, 0.0)
    return _HYBRID_SNR_DB if op in ctx.once(profile, ctx.model).ops[Precision.HYBRID] else inf


def _told(ctx: Context, found: Disagreement, op: Op | None) -> str:
    one, other = (ENGINES.get(each, each) for each in found.engines)
    what = "at the outputs" if op is None else f"for op {op.index} {op.kind}, fed with the same"
    if op is not None and found.tensor not in {each.location.address for each in op.outputs}:
        what = f"at the outputs, and all ops agree but {op.kind}, which cannot be run by itself"
    text = f"{one} and {other} of {_runtime(ctx)} give different values {what}: "
    if found.figures.finite:
        text += error(found.figures).replace("the source gives", f"{other} give")
    else:
        text += "those of one of them are not finite"
    return f"{text}. {_alone(found.kernel)} It is a fault of the runtime, not of the model."


def _alone(kernel: str) -> str:
    if not kernel:
        return "Which of them is right is not known."
    others = "the builtin kernels" if kernel == "xnnpack" else "XNNPACK"
    return f"The reference kernels agree with {others}."


def _runtime(ctx: Context) -> str:
    run = None if ctx.comparison is None else ctx.comparison.run("xnnpack")
    return run.runtime if run is not None and run.runtime else "LiteRT"
