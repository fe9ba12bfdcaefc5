"""TFL212 training-mode-layer."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint_rules.conversion.layer_walk import KERAS, is_keras_3, layers, named_layer

_ACTIVE = frozenset(
    """
    AlphaDropout BatchNormalization Dropout GaussianDropout GaussianNoise RandomBrightness RandomContrast RandomCrop
    RandomFlip RandomRotation RandomTranslation RandomZoom SpatialDropout1D SpatialDropout2D SpatialDropout3D
    SyncBatchNormalization
    """.split()
)
"""Layers that do something else while a model learns. Source: Keras 3.15.1, src/layers; tf_keras 2.21.0, src/layers."""
_NORMALIZATIONS = frozenset({"BatchNormalization", "SyncBatchNormalization"})


class TrainingModeLayer(Rule):
    """A layer is called with training=True, and does in use what it does while the model learns.

    ## What it does

    Looks for layers that drop values, add noise or normalize with the statistics of the batch, and that are called
    with `training=True` in a model of Keras 2. Keras 3 converts the whole model without training, whatever its layers
    are called with: there it is a note.

    ## Why it is bad

    Dropout and noise make each answer another one. A batch normalization needs the op FusedBatchNormV3, which the
    converter takes with `SELECT_TF_OPS` only, and computes with the mean of one sample.

    ## Example

    ```text
    error TFL212 training-mode-layer: layer 'batchnormalization', layers/batchnormalization, 'batchnormalization'
      BatchNormalization 'batchnormalization' is called with training=True; the converted model goes
      on to learn, and needs the Select TF ops.
      help: Call it with training=False, or leave the argument out, and save the model again.
    ```

    ## Fix

    Leave `training=True` out where the model is made: `keras.layers.Dropout(0.2)(x)`. Where the dropout is wanted in
    use (Monte Carlo dropout), do it outside of the model.

    ## References

    - tf_keras 2.21.0, src/engine/base_layer.py; Keras 3.15.1, src/models/functional.py
    - https://github.com/tensorflow/tensorflow/issues/44203
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL212", "training-mode-layer", Severity.ERROR, formats=KERAS)

    def check(self, ctx: Context) -> Iterator[Finding]:
        ops = [op for op in layers(ctx) if op.kind in _ACTIVE and _is_training(op)]
        if not ops:
            return
        kept = not is_keras_3(ctx)
        one = len(ops) == 1
        names = named_layer(ops[0]) if one else f"{count(len(ops), 'layer')} ({listed(map(named_layer, ops))})"
        flex = " and needs the Select TF ops" if any(op.kind in _NORMALIZATIONS for op in ops) else ""
        effect = (
            f"the converted model goes on to learn,{flex}" if flex else "the converted model drops or adds at random"
        )
        if not kept:
            effect = "in Python the layer learns, and in the converted model it does not"
        yield self.finding(
            ops[0],
            f"{names} {'is' if one else 'are'} called with training=True; {effect}.",
            help="Call it with training=False, or leave the argument out, and save the model again.",
            related=ops[1:],
            severity=Severity.ERROR if kept else Severity.NOTE,
            evidence={"layers": len(ops)},
        )


def _is_training(op: Op) -> bool:
    arguments = op.options.get("call_arguments")
    return isinstance(arguments, dict) and arguments.get("training") is True
