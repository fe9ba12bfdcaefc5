"""TFL228 made-up-ranges."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Need, Rule, RuleMeta, Severity


class MadeUpRanges(Rule):
    """The model was quantized on random values to see whether it can be: its ranges say nothing.

    ## What it does

    Says of a conversion to int8 or int16x8 with `--convert` that its ranges come from random inputs. The rules that
    judge ranges (outliers, clipping, the range of the input) are left out for it; what it consists of, where its ops
    run and what memory it takes does not depend on ranges and is checked.

    ## Why it is bad

    It is not; but the file is not one to ship. A quantized model answers as well as its ranges fit the data, and these
    fit normally distributed noise.

    ## Example

    ```text
    note TFL228 made-up-ranges
      The conversion to int8 was calibrated on random inputs, since there were no others; its ranges
      say nothing and were not checked.
      help: Convert the model with a representative dataset of real inputs, and check that file.
    ```

    ## Fix

    Convert the model in Python with a representative dataset of some hundred real inputs, prepared as in training, and
    check that file: `tflint check model.tflite --source model.keras`.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/post_training_quantization.md
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL228",
        "made-up-ranges",
        Severity.NOTE,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
        needs=frozenset({Need.CONVERSION}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        result = ctx.converted
        if result is None or result.outcome != "converted" or not result.is_made_up:
            return
        yield self.finding(
            ctx.model,
            f"The conversion to {result.recipe.precision} was calibrated on random inputs, since there were no others; "
            f"its ranges say nothing and were not checked.",
            help="Convert the model with a representative dataset of real inputs, and check that file.",
            evidence={"precision": result.recipe.precision},
        )
