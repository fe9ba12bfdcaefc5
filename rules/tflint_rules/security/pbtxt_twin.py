"""TFL806 pbtxt-twin."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from tflint import Context, Finding, Format, Location, Rule, RuleMeta, Severity

_BINARY = "saved_model.pb"
_TEXT = "saved_model.pbtxt"


class PbtxtTwin(Rule):
    """The SavedModel is written as text, which scanners pass over, or is there twice.

    ## What it does

    Looks for a `saved_model.pbtxt` in the folder of a SavedModel: beside `saved_model.pb`, or in its place.

    ## Why it is bad

    TensorFlow loads `saved_model.pb` where there is one, else the text. Scanners that look at `.pb` files only find
    nothing in a folder with the text alone, and TensorFlow runs it. Where both are there they can be different models:
    whoever reads the text, or loses the binary file, has another model than the one that runs. `tf.saved_model.save`
    and Keras write the binary file only.

    ## Example

    ```text
    warning TFL806 pbtxt-twin: 'saved_model.pbtxt'
      The folder has a 'saved_model.pbtxt' beside 'saved_model.pb'; TensorFlow loads 'saved_model.pb',
      and whether the text is the same model was not checked.
      help: Delete 'saved_model.pbtxt'.
    ```

    ## Fix

    Delete the text where the binary file is the model. Where there is only the text, load the model and save it again
    with `tf.saved_model.save`.

    ## References

    - TensorFlow v2.21.0, tensorflow/python/saved_model/loader_impl.py, parse_saved_model
    - TensorFlow v2.21.0, tensorflow/cc/saved_model/reader.cc, ReadSavedModel
    - https://github.com/protectai/modelscan/pull/351
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL806", "pbtxt-twin", Severity.WARNING, formats=frozenset({Format.SAVED_MODEL})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        folder = Path(ctx.model.path)
        if not (folder / _TEXT).is_file():
            return
        if (folder / _BINARY).is_file():
            yield self.finding(
                Location(ctx.model.path, name=_TEXT),
                f"The folder has a '{_TEXT}' beside '{_BINARY}'; TensorFlow loads '{_BINARY}', and whether the text is "
                f"the same model was not checked.",
                help=f"Delete '{_TEXT}'.",
                evidence={"loaded": _BINARY},
            )
            return
        yield self.finding(
            Location(ctx.model.path, name=_TEXT),
            f"The model is written as text, in '{_TEXT}'; TensorFlow loads it, and scanners that look for '{_BINARY}' "
            f"do not see it.",
            help="Load it and save it again with tf.saved_model.save, and check that.",
            evidence={"loaded": _TEXT},
        )
