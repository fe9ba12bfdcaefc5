"""Make the example models anew: python examples/make.py

Needs TensorFlow 2.21 and Keras 3.15, and is run by hand; the models are part of the repository. All is seeded: on one
machine it writes the same bytes each time.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = Path(__file__).resolve().parent
SIZE = 32
SHAPES = ("disc", "ring", "bar", "cross", "checks")


def main() -> None:
    keras.utils.set_random_seed(7)
    tf.config.experimental.enable_op_determinism()
    for folder in ("good", "faulty"):
        (HERE / folder).mkdir(exist_ok=True)
    classifier(HERE / "good")
    for fault in (layernorm_int8, lost_weights, flex, dynamic_shape):
        keras.backend.clear_session()  # the numbers in names begin anew
        fault(HERE / "faulty" / f"{fault.__name__}.tflite")


def classifier(folder: Path) -> None:
    """A trained image classifier and its four usual conversions."""
    images, labels = drawings(2000, seed=1)
    trained = classifier_model(None)
    trained.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    trained.fit(images, labels, batch_size=50, epochs=12, verbose=0)
    print("accuracy:", trained.evaluate(*drawings(500, seed=2), verbose=0)[1])
    keras.backend.clear_session()  # the numbers in names begin anew
    model = classifier_model(1)
    model.set_weights(trained.get_weights())
    save_keras(model, folder / "classifier.keras")

    def convert(name: str, **settings: Any) -> None:
        write(folder / f"classifier_{name}.tflite", tf.lite.TFLiteConverter.from_keras_model(model), **settings)

    convert("float")
    convert("dynamic_range", optimizations=[tf.lite.Optimize.DEFAULT])
    convert("float16", optimizations=[tf.lite.Optimize.DEFAULT], types=[tf.float16])
    convert("int8", **full_int8(images[:200]))


def classifier_model(batch: int | None) -> keras.Model:
    x = image = keras.Input((SIZE, SIZE, 1), batch_size=batch, name="image")
    x = block(x, layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False))
    for filters in (16, 32, 64):
        x = block(x, layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False))
        x = block(x, layers.Conv2D(filters, 1, use_bias=False))
    x = layers.Flatten()(x)
    x = layers.Dense(len(SHAPES))(x)
    return keras.Model(image, layers.Softmax(name="shape")(x), name="classifier")


def block(x: Any, layer: keras.Layer) -> Any:
    return layers.ReLU(6.0)(layers.BatchNormalization()(layer(x)))


def drawings(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures of shapes, of random size, place and brightness, with noise; values from 0 to 1."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(SHAPES), count)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images = np.empty((count, SIZE, SIZE, 1), np.float32)
    for image, label in zip(images, labels, strict=True):
        y, x = rows - random.uniform(12, 20), columns - random.uniform(12, 20)
        radius = random.uniform(6, 11)
        inside = (abs(x) < radius) & (abs(y) < radius)
        drawn = {
            "disc": np.hypot(x, y) < radius,
            "ring": abs(np.hypot(x, y) - radius) < 2,
            "bar": inside & (abs(x) < 2),
            "cross": inside & ((abs(x) < 2) | (abs(y) < 2)),
            "checks": inside & ((rows // 3 + columns // 3) % 2 == 0),
        }[SHAPES[label]]
        ground, ink = random.uniform(0, 0.3), random.uniform(0.5, 1)
        image[..., 0] = np.clip(np.where(drawn, ink, ground) + random.normal(0, 0.05, drawn.shape), 0, 1)
    return images, labels


def layernorm_int8(path: Path) -> None:
    """Full integer quantization that is asked for strictly, and still keeps float ops: those of LayerNormalization."""
    x = features = keras.Input((16,), batch_size=1, name="features")
    x = layers.Dense(32, activation="relu")(x)
    x = layers.LayerNormalization()(x)
    x = layers.Dense(8)(x)
    model = keras.Model(features, x, name="layernorm")
    samples = np.random.default_rng(3).normal(0, 1, (200, 16)).astype(np.float32)
    write(path, tf.lite.TFLiteConverter.from_keras_model(model), **full_int8(samples))


def lost_weights(path: Path) -> None:
    """A Keras 3 model saved by tf.saved_model.save: its conversion holds no weights."""
    features = keras.Input((16,), batch_size=1, name="features")
    hidden = layers.Dense(32, activation="relu")(features)
    model = keras.Model(features, layers.Dense(8)(hidden), name="lost_weights")
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(model, folder)
        write(path, tf.lite.TFLiteConverter.from_saved_model(folder))


def flex(path: Path) -> None:
    """An op that TFLite does not have, taken from TensorFlow: it needs the Flex delegate."""
    features = keras.Input((16,), batch_size=1, name="features")
    x = keras.ops.erf(layers.Dense(16)(features))
    model = keras.Model(features, layers.Dense(8)(x), name="flex")
    sets = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    write(path, tf.lite.TFLiteConverter.from_keras_model(model), ops=sets)


def dynamic_shape(path: Path) -> None:
    """A batch size that nobody fixed: the output shape of the transposed convolution is computed at run time."""
    x = image = keras.Input((8, 8, 4), name="image")
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(1, 3, padding="same")(x)
    write(path, tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, x, name="dynamic_shape")))


def full_int8(samples: np.ndarray) -> dict[str, Any]:
    """The settings for integers only, inputs and outputs included; `samples` are what the model sees in its life."""

    def representative() -> Iterator[list[np.ndarray]]:
        for sample in samples:
            yield [sample[np.newaxis]]

    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": representative,
        "ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8],
        "inference_input_type": tf.int8,
        "inference_output_type": tf.int8,
    }


def write(path: Path, converter: Any, *, types: Sequence[Any] = (), ops: Sequence[Any] = (), **settings: Any) -> None:
    """Convert and write; `types` and `ops` are the target's supported types and op sets."""
    if types:
        converter.target_spec.supported_types = types
    if ops:
        converter.target_spec.supported_ops = ops
    for name, value in settings.items():
        setattr(converter, name, value)
    path.write_bytes(converter.convert())
    print(f"{path.relative_to(HERE)}: {path.stat().st_size:,} bytes")


def save_keras(model: keras.Model, path: Path) -> None:
    """Save a model, with nothing in the file that depends on when and where it was written."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in sorted(archive.namelist())}
    numbers: dict[bytes, int] = defaultdict(lambda: len(numbers))  # for addresses of objects in memory
    shared = re.compile(rb'(?<="shared_object_id": )\d+')
    parts["config.json"] = shared.sub(lambda found: str(numbers[found[0]]).encode(), parts["config.json"])
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": "2026-01-01@00:00:00"}
    parts["metadata.json"] = json.dumps(metadata).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    print(f"{path.relative_to(HERE)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
