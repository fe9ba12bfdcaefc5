"""Networks of Keras that forecast_saved_model.py makes SavedModels of."""

from __future__ import annotations

__all__ = ["NETWORKS"]

NETWORKS: dict[str, str] = {
    "mobilenet": "A.MobileNet(weights=None, input_shape=(64, 64, 3), alpha=0.25, classes=10)",
    "mobilenet_v2": "A.MobileNetV2(weights=None, input_shape=(64, 64, 3), alpha=0.35, classes=10)",
    "mobilenet_v3_small": "A.MobileNetV3Small(weights=None, input_shape=(64, 64, 3), classes=10)",
    "mobilenet_v3_large": "A.MobileNetV3Large(weights=None, input_shape=(64, 64, 3), classes=10, minimalistic=True)",
    "efficientnet_b0": "A.EfficientNetB0(weights=None, input_shape=(64, 64, 3), classes=10)",
    "efficientnet_v2_b0": "A.EfficientNetV2B0(weights=None, input_shape=(64, 64, 3), classes=10)",
    "nasnet_mobile": "A.NASNetMobile(weights=None, input_shape=(64, 64, 3), classes=10)",
    "densenet": "A.DenseNet121(weights=None, input_shape=(64, 64, 3), classes=10)",
    "resnet50": "A.ResNet50(weights=None, input_shape=(64, 64, 3), classes=10)",
    "resnet50_v2": "A.ResNet50V2(weights=None, input_shape=(64, 64, 3), classes=10)",
    "inception_v3": "A.InceptionV3(weights=None, input_shape=(96, 96, 3), classes=10)",
    "xception": "A.Xception(weights=None, input_shape=(80, 80, 3), classes=10)",
    "convnext_tiny": "A.ConvNeXtTiny(weights=None, input_shape=(64, 64, 3), classes=10)",
    "vgg16": "A.VGG16(weights=None, input_shape=(32, 32, 3), include_top=False)",
}
"""Name -> the network, where `A` is keras.applications."""
