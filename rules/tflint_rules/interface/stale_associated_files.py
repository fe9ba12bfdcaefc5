"""TFL612 stale-associated-files."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity

_HELP = "Write the metadata into the new file as well, with the labels of this model."


class StaleAssociatedFiles(Rule):
    """The TFLite Metadata of the previous build, or a file packed with it, is lost or says something else.

    ## What it does

    Compares the metadata of both builds: whether it is still there, the files that are packed into the model (labels,
    vocabularies) and how many lines they have, and the normalization of the inputs. Metadata that is new, and other
    names in it, are left out.

    ## Why it is bad

    The converter writes no metadata: whoever converts again and forgets the second step ships a model without labels.
    Task Library and generated code refuse it; apps that take the labels from it show numbers, or the wrong names.

    ## Example

    ```text
    warning TFL612 stale-associated-files
      The model has lost its TFLite Metadata, and with it 'labels.txt'.
      help: Programs that read it (Task Library, the code that Android Studio makes of it) have
            nothing to go by. Write the metadata into the new file as well, with the labels of this
            model.
    ```

    ## Fix

    Make writing the metadata (`tflite_support.metadata_writers`, MediaPipe Model Maker) part of the script that
    converts, not a step by hand.

    ## References

    - tflite-support dd3362ea6, tensorflow_lite_support/metadata/metadata_schema.fbs, AssociatedFile
    - https://github.com/tensorflow/tensorflow/issues/62620
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL612", "stale-associated-files", Severity.WARNING, needs=frozenset({Need.PREVIOUS})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        from tflint.analysis.descriptions import description_changes
        from tflint.changes import Grade

        if ctx.previous is None:
            return
        for change in description_changes(ctx.previous, ctx.model):
            if change.grade is Grade.BREAKING:
                yield self.finding(
                    ctx.model,
                    change.message,
                    help=f"{change.effect} {_HELP}",
                    evidence={"what": change.what, "old": change.old, "new": change.new},
                )
