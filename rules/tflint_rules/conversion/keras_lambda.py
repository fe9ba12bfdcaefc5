"""TFL216 keras-lambda."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.code_risks import Configured
from tflint.analysis.keras_config import Part, clean, owner, place
from tflint.analysis.module_refs import Origin, judged
from tflint.analysis.phrases import count

_ACTIVATIONS = frozenset(
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear "
    "log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign "
    "sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold".split()
)
"""Functions that Keras finds by their name alone.

Source: Keras 3.15.1, src/activations/__init__.py.
"""


class KerasLambda(Rule):
    """A Lambda layer calls a function by its name, and the function is not in the file.

    ## What it does

    Looks for Lambda layers everywhere in a Keras model, in wrappers and in models within the model too, that name the
    function they call. A function that is stored as bytecode is TFL801, one of the standard library TFL802. A function
    of Keras itself is a note: an Activation layer, or the operation itself, says the same without a Lambda. So is any
    in a SavedModel, which has the graph of the layer.

    ## Why it is bad

    Who has the file cannot load the model, and a converter cannot either: it needs the Python source with that
    function, the same one that the model was trained with, and `custom_objects` to hand it over. What the function
    computes is not known to any tool that reads the file.

    ## Example

    ```text
    warning TFL216 keras-lambda: layer 'scale', layers/scale, 'scale'
      Layer 'scale' is a Lambda that calls the function 'scale_shift' by its name, and the function is
      not in the file; it takes the author's source to load the model.
      help: Write a registered Layer class in its place, and save the model again.
    ```

    ## Fix

    Write a class for the layer, with `@keras.saving.register_keras_serializable()`, or use the layers and operations
    of Keras: `keras.layers.Rescaling`, `keras.layers.Activation`, `keras.ops`. Then save the model again.

    ## References

    - Keras 3.15.1, src/layers/core/lambda_layer.py and src/saving/serialization_lib.py
    - https://github.com/keras-team/keras/issues/14875
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL216",
        "keras-lambda",
        Severity.WARNING,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        held = ctx.once(Configured, ctx.model)
        reported = {code.part.layer for code in held.code}
        reported |= {
            reference.part.layer for reference in held.references if judged(reference) in {Origin.SYSTEM, Origin.GADGET}
        }
        own: dict[str, Part] = {}
        known: dict[str, Part] = {}
        for part in held.parts:
            if part.kind == "Lambda" and part.layer not in reported:
                (known if _is_of_keras(part) else own).setdefault(part.layer, part)
        is_graph = ctx.model.format is Format.SAVED_MODEL
        yield from self._told(ctx, list(own.values()), Severity.NOTE if is_graph else Severity.WARNING, is_own=True)
        yield from self._told(ctx, list(known.values()), Severity.NOTE, is_own=False)

    def _told(self, ctx: Context, found: list[Part], severity: Severity, *, is_own: bool) -> Iterator[Finding]:
        if not found:
            return
        name = _function(found[0])[1]
        called = f"the function '{name}'" if name else "a function"
        more = f", and {count(len(found) - 1, 'more Lambda layer does', 'more Lambda layers do')} the like"
        if not is_own:
            rest = "of Keras; a Lambda is not needed for it, and tools refuse models with one"
            cure = "Use keras.layers.Activation, or call the function on the tensor itself."
        else:
            rest = "by its name, and the function is not in the file; it takes the author's source to load the model"
            if severity is Severity.NOTE:
                rest = "by its name; its graph is in the file, and to make the layer again takes the author's source"
            cure = "Write a registered Layer class in its place, and save the model again."
        yield self.finding(
            place(ctx.model, found[0]),
            f"{owner(found[0])} is a Lambda that calls {called} {rest}{more if len(found) > 1 else ''}.",
            help=cure,
            related=[place(ctx.model, part) for part in found[1:]],
            severity=severity,
            evidence={"functions": sorted({_function(part)[1] for part in found})},
        )


def _function(part: Part) -> tuple[str, str]:
    """The module and the name of the function of a Lambda, as far as it says."""
    function = part.config.get("function")
    module = ""
    if isinstance(function, dict):
        module, function = str(function.get("module") or ""), function.get("config")
    return module, clean(function)[:60]


def _is_of_keras(part: Part) -> bool:
    module, name = _function(part)
    return module.partition(".")[0] in {"keras", "tf_keras", "tensorflow"} or (
        module in {"", "builtins"} and name in _ACTIVATIONS
    )
