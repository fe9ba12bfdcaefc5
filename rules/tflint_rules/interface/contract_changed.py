"""TFL605 contract-changed."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Need, Rule, RuleMeta, Severity

_HELP = "Change the programs that run the model together with it, or keep to what they rely on."


class ContractChanged(Rule):
    """Programs that run the previous build do not get along with this one: inputs, outputs or signatures changed.

    ## What it does

    Finds for each input and output of the previous build the one of this build, by the ops that read and write them,
    then by names and positions. Reports another number, order, element type, shape or quantization, signatures and
    names in them that are gone or mean something else, and outputs whose last op (a softmax, say) is another.

    What harms nobody is left out: a size that may be chosen now, names of tensors, scales that are off by less than
    half a step.

    ## Why it is bad

    An app is built for one model, and most of what it assumes stands nowhere but in its code. Some of it fails at the
    first run; swapped outputs, another zero point or scores without their softmax give wrong results and no error.

    ## Example

    ```text
    error TFL605 contract-changed: tensor 2, 'y0'
      The outputs stand in another order: 'y0' is output 1 (before, 0) and 'y1' is output 0 (before,
      1).
      help: A program that takes outputs by number reads the wrong one, and where both have the same
            type and shape nothing fails. Change the programs that run the model together with it, or
            keep to what they rely on.
      also: tensor 4, 'y1'
    ```

    ## Fix

    Convert with the same `inference_input_type`, signature and order of outputs as before; return the outputs as a
    dictionary with fixed names. Where the contract has to change, change the app in the same release.

    ## References

    - LiteRT f67457790, tflite/core/signature_runner.h, tflite/core/interpreter.h
    - https://github.com/tensorflow/tensorflow/issues/33303
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL605", "contract-changed", Severity.ERROR, formats=frozenset(Format), needs=frozenset({Need.PREVIOUS})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        from tflint.analysis.alignment import aligned
        from tflint.analysis.contract import contract_changes
        from tflint.changes import Grade

        previous = ctx.previous
        if previous is None or (previous.format is Format.TFLITE) != (ctx.model.format is Format.TFLITE):
            return
        for change in contract_changes(previous, ctx.model, ctx.once(aligned, previous, ctx.model)):
            if change.grade is not Grade.BREAKING:
                continue
            here = [place for place in change.places if place.path == ctx.model.path]
            yield self.finding(
                here[0] if here else ctx.model,
                change.message,
                help=f"{change.effect} {_HELP}",
                related=here[1:],
                evidence={"what": change.what, "old": change.old, "new": change.new},
            )
