"""Layers that do something while a model learns, and what becomes of them where that is left on.

Source: tried with TensorFlow 2.21.0, Keras 3.15.1 and tf_keras 2.21.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.layers.trace import Call, Trace, Value

__all__ = ["ACTIVE", "TRAINING", "VANISHING", "in_training"]

ACTIVE = frozenset(
    """
    AlphaDropout AugMix BatchNormalization CutMix Dropout GaussianDropout GaussianNoise MixUp RandAugment
    RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomElasticTransform RandomErasing
    RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom SpatialDropout1D
    SpatialDropout2D SpatialDropout3D SyncBatchNormalization
    """.split()
)
"""Layers that compute something else while a model learns."""
VANISHING = (ACTIVE - {"BatchNormalization", "SyncBatchNormalization"}) | {
    "ActivityRegularization",
    "Identity",
    "InputLayer",
    "RandomCrop",
}
"""Layers of which nothing is left in a converted model."""


def in_training(call: Call, major: int) -> bool:
    """True where a call asks for what the layer does while the model learns, and the converter keeps that.

    Keras 3 calls the whole model without training, which counts for each layer of it.
    """
    return call.kind in ACTIVE and call.arguments.get("training") is True and major < 3


def _batch_normalization(trace: Trace, call: Call) -> Value:
    x = call.first
    if x.rank != 4:
        mean = trace.reduce("MEAN", x, [0], keep=True)
        variance = trace.reduce("MEAN", trace.binary("SQUARED_DIFFERENCE", x, mean), [0], keep=True)
        root = trace.unary("RSQRT", trace.binary("ADD", variance, trace.scalar()))
        scale = trace.binary("MUL", root, trace.constant(x.sizes[-1]))
        offset = trace.binary("SUB", trace.constant(x.sizes[-1]), trace.binary("MUL", mean, scale))
        return trace.binary("ADD", trace.binary("MUL", x, scale), offset)
    why = "it is called with training=True, so that it needs FlexFusedBatchNormV3"
    return trace.flex("FusedBatchNormV3", [x], x.shape, why)


TRAINING: Mapping[str, Callable[[Trace, Call], Value]] = {
    "BatchNormalization": _batch_normalization,
    "SyncBatchNormalization": _batch_normalization,
}
"""Class of a layer -> what it becomes where it is called with training=True."""
