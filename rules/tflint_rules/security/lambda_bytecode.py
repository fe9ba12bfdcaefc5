"""TFL801 lambda-bytecode."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.bytecode import words
from tflint.analysis.code_risks import Configured
from tflint.analysis.keras_config import owner, place
from tflint.analysis.phrases import count, listed

_LOADING = {
    Format.KERAS: "it runs when the model is loaded with safe_mode=False",
    Format.KERAS_H5: "Keras 2, tf_keras, and Keras 3 before 3.11.3 run it when the model is loaded, whatever safe_mode "
    "says",
    Format.SAVED_MODEL: "Keras 2 and tf_keras run it when load_model() makes the layer again",
}


class LambdaBytecode(Rule):
    """The file holds Python bytecode, which runs on the machine of whoever loads the model.

    ## What it does

    Looks through the whole configuration of a Keras model for functions that are stored as bytecode: in Lambda layers,
    also those within wrappers and models within the model, in losses and metrics, and in what a SavedModel keeps of its
    Keras layers. The bytecode is measured and its names are read as text; it is never decoded or run. The names that
    reach out of the model (processes, files, the network) are told: that there are none means nothing.

    ## Why it is bad

    Bytecode can do whatever the user may who loads the model, and nobody sees it. Loaders refuse it or run it:
    `safe_mode` guards `.keras` files only; for `.h5` files Keras 2, tf_keras, and Keras 3 before 3.11.3 ignore it
    (CVE-2025-9905), and before 2.13 there was no such guard (CVE-2024-3660). It also breaks by itself: bytecode of one
    Python version does not run in another one.

    ## Example

    ```text
    error TFL801 lambda-bytecode: layer 'scale', layers/scale, 'scale'
      Layer 'scale' holds 218 bytes of Python bytecode, which mentions '__import__', 'os' and
      'system'; it runs when the model is loaded with safe_mode=False.
      help: Write a registered Layer class in its place, and save the model again; do not load it
            where it comes from somebody you do not trust.
    ```

    ## Fix

    Write a class for the layer, `@keras.saving.register_keras_serializable()` and `class Scale(keras.layers.Layer)`,
    or use the layer or the function that Keras has for it, and save the model again. Do not load a model with bytecode
    that comes from somebody else.

    ## References

    - Keras 3.15.1, src/layers/core/lambda_layer.py and src/saving/serialization_lib.py
    - CVE-2024-3660; CVE-2025-9905, fixed in Keras 3.11.3: src/legacy/saving/legacy_h5_format.py heeds `safe_mode`
    - https://github.com/keras-team/keras/issues/7440
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL801", "lambda-bytecode", Severity.ERROR, formats=frozenset(_LOADING))

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = ctx.once(Configured, ctx.model).code
        if not found:
            return
        names = list(words(found))
        quoted = [f"'{name}'" for name in names]
        mentions = f", which mentions {listed(quoted, 4)}" if names else ""
        places = {(code.part.layer, code.part.address): place(ctx.model, code.part) for code in found}
        more = len(places) - 1
        others = f" and {count(more, 'other layer or setting', 'other layers or settings')} hold" if more else " holds"
        size = sum(code.size for code in found)
        yield self.finding(
            next(iter(places.values())),
            f"{owner(found[0].part)}{others} {count(size, 'byte')} of Python bytecode{mentions}; "
            f"{_LOADING[ctx.model.format]}.",
            help="Write a registered Layer class in its place, and save the model again; do not load it where it comes "
            "from somebody you do not trust.",
            related=list(places.values())[1:],
            evidence={
                "functions": len(found),
                "bytes": size,
                "names": names,
                "settings": [".".join(code.part.path) for code in found[:20]],
            },
        )
