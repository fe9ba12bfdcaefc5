"""TFL227 conversion-failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Format, Need, Rule, RuleMeta, Severity
from tflint_rules.conversion.converter_words import Cause, asked, cause, kinds, places

if TYPE_CHECKING:  # start-up is a feature
    from tflint import ConversionResult

_LONGEST = 1_000


class ConversionFailed(Rule):
    """TensorFlow's converter does not convert the model, or was not let near it.

    ## What it does

    With `--convert` each Keras model and SavedModel is loaded and converted by TensorFlow, in a process of its own and
    with limits of time and memory, to what `[tool.tflint.expect]` says (`precision`, `io`, `ops`), else to float with
    builtin ops. Reports what fails, in the converter's words: at the ops and layers that it names. That its process
    died, ran too long or took too much memory is reported the same way, and so is a model that was not converted since
    it is damaged (TFL1) or may run code (TFL8, and whatever loads other code).

    ## Why it is bad

    There is no `.tflite` file. The same conversion fails for everyone who has the model, most often at the end of a
    build that took minutes.

    ## Example

    ```text
    error TFL227 conversion-failed: layer 'pool', layers/pool, 'pool'
      TensorFlow 2.21.0 does not convert the model to float32 with builtin ops: TFLite has no kernel
      for MaxPool3D, only TensorFlow has.
      help: Write the layers with ops that have a builtin kernel, or allow TensorFlow's own:
            expect.ops = "select". 'tflint explain TFL215' tells more.
    ```

    ## Fix

    Change the layer that the finding names: a fixed batch for recurrent layers, `training=False` for batch
    normalization and dropout, ops with a builtin kernel. Or allow more: `expect.ops = "select"` converts with
    `SELECT_TF_OPS`, `"any"` with custom ops. `--convert-timeout` and `--convert-memory` raise the limits;
    `--allow-code` converts a model that brings code of its own, which then runs.

    ## References

    - LiteRT f67457790, tflite/converter/flatbuffer_export.cc and tflite/g3doc/guide/ops_select.md
    - TensorFlow v2.21.0, tensorflow/lite/python/convert.py, ConverterError
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL227",
        "conversion-failed",
        Severity.ERROR,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
        needs=frozenset({Need.CONVERSION}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        result = ctx.converted
        if result is None or result.outcome == "converted":
            return
        behind = Cause("", _CURES[result.outcome]) if result.outcome in _CURES else cause(result, ctx.model)
        found = places(result, ctx.model)
        evidence = {
            "outcome": result.outcome.value,
            "rule": behind.rule or None,
            "precision": result.recipe.precision,
            "ops": dict(Counter(each.kind for each in result.blamed)),
            "nodes": [each.node for each in result.blamed if each.node][:20],
            "tensorflow": result.tensorflow,
            "text": result.detail[:_LONGEST],
        }
        more = f" 'tflint explain {behind.rule}' tells more." if behind.rule else ""
        yield self.finding(
            found[0] if found else ctx.model,
            f"{_told(result)}.",
            help=behind.cure + more,
            related=found[1:],
            evidence=evidence,
        )


_CURES = {
    "refused": "Mend what is reported, or look at what the model brings before anybody loads it.",
    "out-of-time": "Give it more time with --convert-timeout, or convert a smaller model.",
    "out-of-memory": "Give it more memory with --convert-memory, or convert a smaller model.",
}


def _told(result: ConversionResult) -> str:
    """What happened, without the full stop."""
    to = f"to {asked(result.recipe)}"
    who = f"TensorFlow {result.tensorflow}".strip()
    if result.outcome == "refused":
        return f"The model was not converted, since {result.words}"
    if result.outcome == "not-loaded":
        loader = f"Keras {result.keras}" if result.keras else who
        return f"{loader} does not load the model, which a conversion begins with: {result.words}"
    if result.outcome != "failed":
        return f"{who} did not convert the model {to}: {result.words}"
    flex, custom = kinds(result.blamed, "flex"), kinds(result.blamed, "custom")
    if not (flex or custom):
        return f"{who} does not convert the model {to}: {result.words}"
    said = [f"TFLite has no kernel for {flex}, only TensorFlow has"] if flex else []
    said += [f"neither TFLite nor its Select TensorFlow ops have {custom}"] if custom else []
    return f"{who} does not convert the model {to}: {'; '.join(said)}"
