"""TFL803 unsafe-wrapper."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.code_risks import Configured, other_model
from tflint.analysis.keras_config import Part, clean, owner, place
from tflint.analysis.phrases import count, cut

_TABLES = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})
"""Layers whose vocabulary may be a file.

Source: Keras 3.15.1, src/layers/preprocessing/index_lookup.py, set_vocabulary.
"""


class UnsafeWrapper(Rule):
    """A layer loads something else when the model is loaded: a pickle, another model, a file.

    ## What it does

    Looks through the whole configuration of a Keras model for a TorchModuleWrapper, which holds a pickle (an error),
    for a TFSMLayer or a KerasLayer of TensorFlow Hub, which loads a SavedModel from a path or an address, and for
    lookup layers whose vocabulary is a file elsewhere (both warnings). What they load is not checked: it is not in the
    file.

    ## Why it is bad

    A TorchModuleWrapper is unpickled by `torch.load(weights_only=False)`, and a pickle runs whatever code it holds;
    Keras asks for `safe_mode=False` only since 3.11.3. A TFSMLayer runs the graph of a model that nobody has looked at,
    and that may lie on a share or on the web; a vocabulary may be any file of the reader, whose lines then stand in the
    model (CVE-2025-12058). And where the file is not there, the model does not load.

    ## Example

    ```text
    error TFL803 unsafe-wrapper: layer 'torch', layers/torch, 'torch'
      Layer 'torch' holds a pickle of 9 bytes; loading the model unpickles it, and that runs whatever
      code is in it.
      help: Do not load the model where it comes from somebody you do not trust.
    ```

    ## Fix

    Convert the PyTorch module itself, with litert-torch. Build the other model's layers into this one. Save a lookup
    layer with Keras 3.12 or newer, which puts the vocabulary into the `.keras` file.

    ## References

    - Keras 3.15.1, src/utils/torch_utils.py; guarded since 3.11.3
    - Keras 3.15.1, src/export/tfsm_layer.py; guarded since 3.13.2
    - Keras 3.15.1, src/layers/preprocessing/index_lookup.py; CVE-2025-12058, guarded since 3.12.0
    - tensorflow/hub 003869ea, tensorflow_hub/keras_layer.py
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL803",
        "unsafe-wrapper",
        Severity.ERROR,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        pickled: list[Part] = []
        models: list[Part] = []
        tables: list[Part] = []
        for part in ctx.once(Configured, ctx.model).parts:
            if other_model(part):
                (pickled if part.kind == "TorchModuleWrapper" else models).append(part)
            elif part.kind in _TABLES and _vocabulary(part):
                tables.append(part)
        if pickled:
            size = len(other_model(pickled[0])) * 3 // 4
            yield self._told(
                ctx, pickled, Severity.ERROR, "a PyTorch module",
                f"holds a pickle of {count(size, 'byte')}; loading the model unpickles it, and that runs whatever code "
                f"is in it", "Do not load the model where it comes from somebody you do not trust.",
            )  # fmt: skip
        if models:
            yield self._told(
                ctx, models, Severity.WARNING, "another model",
                f"is a {models[0].kind} that loads another model from '{cut(other_model(models[0]))}', which was not "
                f"checked", "Check that model too, or build its layers into this one.",
            )  # fmt: skip
        if tables:
            yield self._told(
                ctx, tables, Severity.WARNING, "a file",
                f"reads its vocabulary from '{cut(_vocabulary(tables[0]))}' when the model is loaded; that file is not "
                f"in the model", "Save the model with Keras 3.12 or newer: the vocabulary is then in the file.",
            )  # fmt: skip

    def _told(self, ctx: Context, found: list[Part], severity: Severity, what: str, fact: str, cure: str) -> Finding:
        more = len(found) - 1
        others = f" ({count(more, 'other layer', 'other layers')} {'loads' if more == 1 else 'load'} {what} too)"
        return self.finding(
            place(ctx.model, found[0]),
            f"{owner(found[0])} {fact}{others if more else ''}.",
            help=cure,
            related=[place(ctx.model, part) for part in found[1:20]],
            severity=severity,
            evidence={"layers": [part.layer for part in found[:20]]},
        )


def _vocabulary(part: Part) -> str:
    return clean(part.config.get("vocabulary"))
