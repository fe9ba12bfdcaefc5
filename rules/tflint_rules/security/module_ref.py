"""TFL802 module-ref."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.code_risks import Configured
from tflint.analysis.keras_config import clean, owner, place
from tflint.analysis.module_refs import Origin, Reference, judged
from tflint.analysis.phrases import cut, listed

_TRAINING = frozenset({"compile_config", "training_config"})


class ModuleRef(Rule):
    """The configuration asks for Python code that is no part of a model.

    ## What it does

    Looks at every class and function that the configuration of a Keras model names, wherever it stands. Two are errors:
    code of Python's standard library and of packages that start processes or reach files and the network, and the
    functions of Keras and TensorFlow that load models, fetch files or switch protection off. Classes of a package of
    one's own are a note: to load the model takes their source.

    ## Why it is bad

    Keras imports what the configuration names, and calls it with arguments from the same file. Keras 3.0 to 3.8 import
    any module, `os` and `subprocess` too, with `safe_mode` on (CVE-2025-1550); later ones could be led by functions of
    Keras itself: `get_file` to write a file (CVE-2025-8747), `enable_unsafe_deserialization` to turn `safe_mode` off
    (CVE-2025-9906). Keras never writes such names: somebody wrote them by hand.

    ## Example

    ```text
    error TFL802 module-ref: layer 'run', layers/run, 'run'
      Layer 'run' refers to 'os.system', which is code of Python or its packages and no part of a
      model; Keras 3.0 to 3.8 and tf_keras import it when the model is loaded, whatever safe_mode
      says.
      help: Do not load the model, and ask where it comes from: Keras does not write such names.
    ```

    ## Fix

    Do not load the model, and ask where it comes from. Keras 3.15 refuses all of these names. For classes of one's own,
    ship their source with the model, under `@keras.saving.register_keras_serializable()`.

    ## References

    - Keras 3.8.0 and 3.15.1, src/saving/serialization_lib.py: _retrieve_class_or_fn, NON_MODELING_APIS
    - CVE-2025-1550, fixed in Keras 3.9.0; CVE-2025-8747 and CVE-2025-9906, fixed in Keras 3.11.0
    - https://github.com/keras-team/tf-keras/pull/910: tf_keras imports any module
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL802",
        "module-ref",
        Severity.ERROR,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[Origin, list[Reference]] = {}
        for reference in ctx.once(Configured, ctx.model).references:
            found.setdefault(judged(reference), []).append(reference)
        bad = found.get(Origin.SYSTEM, []) + found.get(Origin.GADGET, [])
        own = [each for each in found.get(Origin.OWN, []) if not _TRAINING & set(each.part.path)]
        if bad:
            yield self._bad(ctx, bad)
        if own:
            yield self._own(ctx, own)

    def _bad(self, ctx: Context, found: list[Reference]) -> Finding:
        first = found[0]
        if judged(first) is Origin.SYSTEM:
            fact = "which is code of Python or its packages and no part of a model; Keras 3.0 to 3.8 and tf_keras"
            rest = "import it when the model is loaded, whatever safe_mode says"
        else:
            fact = "which computes nothing in a model; Keras calls it"
            rest = "while the model is loaded, unless it is new enough to refuse"
        return self.finding(
            place(ctx.model, first.part),
            f"{owner(first.part)} refers to '{cut(first.full)}'{_others(found)}, {fact} {rest}.",
            help="Do not load the model, and ask where it comes from: Keras does not write such names.",
            related=[place(ctx.model, each.part) for each in found[1:20]],
            evidence={"references": sorted({each.full[:200] for each in found})[:20]},
        )

    def _own(self, ctx: Context, found: list[Reference]) -> Finding:
        names = dict.fromkeys(f"'{cut(_called(each))}'" for each in found)
        needed, are = listed(names), "which is"
        if len(names) > 1:
            needed, are = f"{len(names)} classes and functions, {needed}", "which are"
        return self.finding(
            place(ctx.model, found[0].part),
            f"The model needs {needed}, {are} neither Keras' nor in the file; whoever loads it needs the source.",
            help="Ship the source with the model; look through it before you load a model with it.",
            related=[place(ctx.model, each.part) for each in found[1:20]],
            severity=Severity.NOTE,
            evidence={"references": sorted({_called(each)[:200] for each in found})[:20]},
        )


def _others(found: list[Reference]) -> str:
    names = list(dict.fromkeys(f"'{cut(each.full)}'" for each in found))[1:]
    return f" (and there are {listed(names)} beside it)" if names else ""


def _called(reference: Reference) -> str:
    """The name of a class of one's own: as it was registered, else with its module."""
    registered = clean(reference.part.value.get("registered_name"))
    return registered if ">" in registered else reference.full
