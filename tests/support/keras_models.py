"""Saves models with Keras and TensorFlow in the folder that is given: run where these are installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(1)

    class Net(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    def save(name: str, inputs: object, outputs: object) -> None:
        keras.Model(inputs, outputs).save(folder / f"{name}.keras")

    x = keras.Input((8, 8, 3))
    save("conv", x, layers.Dense(4, name="head")(layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(x))))
    keras.models.load_model(folder / "conv.keras").export(folder / "exported", verbose=False)
    a, b = keras.Input((4,), name="b_first"), keras.Input((6,), name="a_second")
    save("two", [a, b], layers.Dense(3)(layers.Concatenate()([layers.Dense(5)(a), b])))
    x = keras.Input((8, 8, 8, 2))
    save("pool", x, layers.GlobalAveragePooling3D()(layers.MaxPooling3D(2, name="pool")(layers.Conv3D(2, 3)(x))))
    save("dynamic_lstm", x := keras.Input((6, 3)), layers.LSTM(4, name="memory")(x))
    save("lstm", x := keras.Input((6, 3), batch_size=1), layers.LSTM(4, name="memory")(x))
    save("lambda", x := keras.Input((4,)), layers.Lambda(lambda t: t * 2.0, name="twice", output_shape=(4,))(x))
    save("float64", x := keras.Input((4,), dtype="float64"), layers.Dense(2, dtype="float64", name="wide")(x))
    net = Net()
    net(tf.zeros([1, 4]))
    net.save(folder / "custom.keras")

    class Two(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, name="x")])  # type: ignore[untyped-decorator]
        def double(self, x: Any) -> Any:
            return {"y": x * 2.0}

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.int32, name="x")])  # type: ignore[untyped-decorator]
        def erf(self, x: Any) -> Any:
            return {"y": tf.math.betainc(tf.cast(x, tf.float32) + 1.0, 2.0, 0.5)}

    module = Two()
    tf.saved_model.save(module, folder / "double", signatures={"serving_default": module.double})
    tf.saved_model.save(module, folder / "betainc", signatures={"serving_default": module.erf})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
