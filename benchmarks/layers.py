"""Scores the layers that tflint names for the ops of a model, against the locations that the converter writes.

    python benchmarks/layers.py make FOLDER     # with TensorFlow: builds models, saves and converts them
    python benchmarks/layers.py score FOLDER    # without: the share of ops that carry the right layer

The converter writes the names of the nodes that became each op where `serialize_debug_metadata` is set. An op is right
where its layer is one of those that its nodes belong to.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODES = ("float", "int8")


def builders() -> dict[str, Any]:
    """The models to build, by name."""
    made = (*_images(), *_vectors(), *_sequences(), *_published())
    return {each.__name__: each for each in made}


def _images() -> tuple[Any, ...]:
    import keras
    from keras import layers as k

    def cnn() -> Any:
        i = x = keras.Input((32, 32, 3))
        for filters in (8, 16, 16):
            x = k.ReLU()(k.BatchNormalization()(k.Conv2D(filters, 3, padding="same", strides=2)(x)))
        return keras.Model(i, k.Dense(5, activation="softmax")(k.GlobalAveragePooling2D()(x)))

    def residual() -> Any:
        i = keras.Input((24, 24, 8), batch_size=1)
        x = i
        for _ in range(3):
            y = k.Conv2D(8, 3, padding="same", activation="relu")(x)
            x = k.Add()([x, k.Conv2D(8, 1)(y)])
        x = k.Flatten()(x)
        return keras.Model(i, k.Dense(5)(x))

    def separable() -> Any:
        i = keras.Input((24, 24, 3))
        x = k.Rescaling(1 / 127.5, -1)(i)
        x = k.SeparableConv2D(8, 3, activation="relu")(x)
        x = k.DepthwiseConv2D(3, padding="same")(k.ZeroPadding2D(1)(x))
        x = k.Activation("relu6")(k.BatchNormalization()(x))
        x = k.Conv2DTranspose(4, 3, strides=2, padding="same")(k.MaxPooling2D(2)(x))
        x = k.UpSampling2D(2)(x)
        return keras.Model(i, k.Conv2D(2, 1, activation="sigmoid")(x))

    def nested() -> Any:
        inner = keras.Sequential(
            [keras.Input((16, 16, 3)), k.Conv2D(8, 3), k.BatchNormalization(), k.ReLU(), k.Conv2D(8, 3)],
            name="backbone",
        )
        i = keras.Input((16, 16, 3))
        return keras.Model(i, k.Dense(5, activation="softmax")(k.GlobalMaxPooling2D()(inner(i))))

    def gated() -> Any:
        i = keras.Input((16, 16, 8), batch_size=1)
        x = k.Conv2D(8, 3, padding="same", activation="swish")(i)
        s = k.Dense(8, activation="sigmoid")(k.Dense(4, activation="relu")(k.GlobalAveragePooling2D()(x)))
        x = k.Multiply()([x, k.Reshape((1, 1, 8))(s)])
        x = k.AveragePooling2D(2)(k.Activation("hard_sigmoid")(x))
        return keras.Model(i, k.Softmax()(k.Dense(5)(k.Flatten()(x))))

    return cnn, residual, separable, nested, gated


def _vectors() -> tuple[Any, ...]:
    import keras
    from keras import layers as k

    def mlp() -> Any:
        return keras.Sequential([
            keras.Input((40,)), k.Dense(32, activation="relu"), k.BatchNormalization(), k.Dense(16, activation="tanh"),
            k.Dropout(0.2), k.Dense(16), k.LeakyReLU(), k.Dense(16), k.PReLU(), k.Dense(5, activation="softmax"),
        ])  # fmt: skip

    def several_outputs() -> Any:
        a, b = keras.Input((8,), name="left"), keras.Input((12,), name="right")
        x = k.Concatenate()([k.Dense(8, activation="relu", name="stem_left")(a), k.Dense(8, name="stem_right")(b)])
        x = k.Dense(16, activation="relu", name="trunk")(x)
        return keras.Model([a, b], [k.Dense(3, activation="softmax", name="kind")(x), k.Dense(2, name="box")(x)])

    def shared() -> Any:
        a, b = keras.Input((8,)), keras.Input((8,))
        twin = k.Dense(8, activation="relu", name="twin")
        return keras.Model([a, b], k.Dense(1, activation="sigmoid")(k.Subtract()([twin(a), twin(b)])))

    return mlp, several_outputs, shared


def _sequences() -> tuple[Any, ...]:
    import keras
    from keras import layers as k

    def one_dimension() -> Any:
        i = keras.Input((64, 4), batch_size=1)
        x = k.Conv1D(16, 5, padding="same", activation="relu")(i)
        x = k.Conv1D(16, 3, dilation_rate=2, padding="causal")(k.MaxPooling1D(2)(x))
        x = k.GlobalMaxPooling1D()(k.ReLU()(x))
        return keras.Model(i, k.Dense(5)(x))

    def transformer() -> Any:
        i = keras.Input((12,), dtype="int32", batch_size=1)
        x = k.Embedding(50, 24)(i)
        for _ in range(2):
            x = k.LayerNormalization()(k.Add()([x, k.MultiHeadAttention(3, 8)(x, x)]))
            x = k.LayerNormalization()(k.Add()([x, k.Dense(24)(k.Dense(48, activation="gelu")(x))]))
        return keras.Model(i, k.Dense(5, activation="softmax")(k.GlobalAveragePooling1D()(x)))

    def recurrent() -> Any:
        i = keras.Input((6, 10), batch_size=1)
        x = k.LSTM(16, unroll=True, return_sequences=True)(i)
        return keras.Model(i, k.Dense(5)(k.GRU(12, unroll=True)(x)))

    return one_dimension, transformer, recurrent


def _published() -> tuple[Any, ...]:
    import keras

    def mobilenet() -> Any:
        return keras.applications.MobileNet((96, 96, 3), 0.25, weights=None, classes=4)

    def mobilenet_v3() -> Any:
        return keras.applications.MobileNetV3Small((64, 64, 3), 0.35, weights=None, classes=4, minimalistic=False)

    return mobilenet, mobilenet_v3


def make(folder: Path, only: list[str]) -> None:
    """Build the models, save their sources and convert them."""
    import keras
    import numpy as np
    import tensorflow as tf

    for name, build in builders().items():
        if only and name not in only:
            continue
        keras.utils.set_random_seed(3)
        built = build()
        to = folder / name
        to.mkdir(parents=True, exist_ok=True)
        _shake(built)
        built.save(to / "source.keras")
        built.export(to / "source_savedmodel", verbose=False)
        for mode in MODES:
            converter = tf.lite.TFLiteConverter.from_keras_model(built)
            converter.serialize_debug_metadata = True
            if mode == "int8":
                inputs = built.inputs
                random = np.random.default_rng(0)

                def samples(inputs: Any = inputs, random: Any = random) -> Iterator[list[Any]]:
                    for _ in range(4):
                        yield [_sample(each, random) for each in inputs]

                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = samples
            (to / f"{mode}.tflite").write_bytes(converter.convert())
        print("made", name, flush=True)


def _shake(built: Any) -> None:
    """Give weights that training would have moved values of their own: equal ones would be shared."""
    import numpy as np

    random = np.random.default_rng(5)
    moved = [each + abs(random.normal(size=each.shape)) * 0.05 for each in built.get_weights()]
    built.set_weights(moved)


def _sample(tensor: Any, random: Any) -> Any:
    shape = [size or 1 for size in tensor.shape]
    if "int" in str(tensor.dtype):
        return random.integers(0, 50, shape).astype("int32")
    return random.normal(size=shape).astype("float32")


def score(folder: Path, verbose: bool) -> int:
    """Print how many ops carry the right layer; 1 where they are less than 95 %."""
    from tflint.analysis.layering import layering
    from tflint.formats import read

    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*/*.tflite")):
        model = read(path)
        sources = {"none": None} | {each.name: read(each) for each in sorted(path.parent.glob("source*"))}
        names = _layer_names(sources["source.keras"])
        truth = _wanted(path, model, names)
        for which, source in sources.items():
            placed = layering(model, source)
            right = wrong = silent = 0
            for op, wanted in zip(model.graphs[0].ops, truth, strict=False):
                if not wanted:
                    continue
                layer = None if placed is None else placed.layer(op)
                right += layer in wanted
                silent += layer is None
                wrong += layer is not None and layer not in wanted
                if verbose and layer not in wanted:
                    print("   ", which, op.index, op.kind, op.outputs[0].name, "|", layer, "| wanted", sorted(wanted))
            total.update({f"{which} right": right, f"{which} wrong": wrong, f"{which} silent": silent})
            print(f"{path.parent.name:16} {path.stem:6} {which:18} {right:4} right {wrong:3} wrong {silent:3} silent")
    shares = {}
    for which in ("none", "source.keras", "source_savedmodel"):
        count = sum(total[f"{which} {word}"] for word in ("right", "wrong", "silent"))
        shares[which] = total[f"{which} right"] / max(1, count)
        print(f"{which:18} {shares[which]:.1%} of {count} ops right, {total[f'{which} wrong']} wrong")
    return int(min(shares["source.keras"], shares["source_savedmodel"]) < 0.95)


def _wanted(path: Path, model: Any, names: dict[str, None]) -> list[set[str]]:
    """For each op the layers that are right; of a quantized model those of the float op that writes the same name."""
    from tflint.formats import read

    if "debug_metadata" in model.metadata:
        found = [_truth(each, names) for each in _locations(model.metadata["debug_metadata"])]
        return [found[index] if index < len(found) else set() for index in _indexes(path.read_bytes())]
    other = read(path.with_name("float.tflite"))
    found = _wanted(path.with_name("float.tflite"), other, names)
    by_name = {op.outputs[0].name: each for op, each in zip(other.graphs[0].ops, found, strict=False)}
    return [by_name.get(op.outputs[0].name, set()) for op in model.graphs[0].ops]


def _layer_names(source: Any) -> dict[str, None]:
    return dict.fromkeys(op.name for op in source.graphs[0].ops)


def _truth(names: list[str], layers: dict[str, None]) -> set[str]:
    """The layers that the nodes of these names belong to: Keras 3 appends a number to each."""
    found = set()
    for name in names:
        for segment in reversed(name.partition("@")[0].split("/")):
            plain = segment.rpartition("_")[0]
            if segment[len(plain) + 1 :].isdecimal() and plain in layers:
                found.add(plain)
                break
    return found


def _locations(data: memoryview) -> list[list[str]]:
    """The names of the nodes that each op of the first graph was made of."""
    root = _Table(bytes(data), struct.unpack_from("<I", data)[0])
    [conversion] = root.tables(6)
    attributes = conversion.tables(8)
    graph = conversion.tables(4)[0]
    found = []
    for op in graph.tables(4):
        names: list[str] = []
        for index in op.numbers(4):
            _names(attributes, index, names, set())
        found.append(names)
    return found


def _indexes(data: bytes) -> list[int]:
    """For each op of the first graph the number of its location."""
    root = _Table(data, struct.unpack_from("<I", data)[0])
    return [op.number(30) for op in root.tables(8)[0].tables(10)]


def _names(attributes: list[_Table], index: int, found: list[str], seen: set[int]) -> None:
    if index in seen or index >= len(attributes):
        return
    seen.add(index)
    attribute = attributes[index]
    kind, place = attribute.byte(4), attribute.table(6)
    if place is None:
        return
    if kind == 1:
        _names(attributes, place.number(4), found, seen)
        _names(attributes, place.number(6), found, seen)
    elif kind == 3:
        for each in place.numbers(4):
            _names(attributes, each, found, seen)
    elif kind == 4:
        name = place.text(4)
        if name.startswith("StatefulPartitionedCall"):
            return
        found.append(name)


class _Table:
    """A table of a FlatBuffer; fields are known by their place in the vtable."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self.vtable = at - struct.unpack_from("<i", data, at)[0]

    def _field(self, slot: int) -> int | None:
        if slot >= struct.unpack_from("<H", self.data, self.vtable)[0]:
            return None
        offset = struct.unpack_from("<H", self.data, self.vtable + slot)[0]
        return self.at + int(offset) if offset else None

    def _far(self, at: int) -> int:
        return at + int(struct.unpack_from("<I", self.data, at)[0])

    def byte(self, slot: int) -> int:
        at = self._field(slot)
        return self.data[at] if at is not None else 0

    def number(self, slot: int) -> int:
        at = self._field(slot)
        return int(struct.unpack_from("<I", self.data, at)[0]) if at is not None else 0

    def numbers(self, slot: int) -> list[int]:
        at = self._field(slot)
        if at is None:
            return []
        start = self._far(at)
        count = struct.unpack_from("<I", self.data, start)[0]
        return list(struct.unpack_from(f"<{count}I", self.data, start + 4))

    def table(self, slot: int) -> _Table | None:
        at = self._field(slot)
        return None if at is None else _Table(self.data, self._far(at))

    def tables(self, slot: int) -> list[_Table]:
        at = self._field(slot)
        if at is None:
            return []
        start = self._far(at)
        count = struct.unpack_from("<I", self.data, start)[0]
        return [_Table(self.data, self._far(start + 4 + 4 * number)) for number in range(count)]

    def text(self, slot: int) -> str:
        at = self._field(slot)
        if at is None:
            return ""
        start = self._far(at)
        count = struct.unpack_from("<I", self.data, start)[0]
        return self.data[start + 4 : start + 4 + count].decode("utf-8", "replace")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "score"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("only", nargs="*", help="the models to make")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the ops that are not right")
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.only)
        return 0
    return score(given.folder, given.verbose)


if __name__ == "__main__":
    sys.exit(main())
