"""How many bad calibrations of int8 models the rules find, and whether they are silent on good ones.

python benchmarks/calibration.py [--folder DIR] [--seeds 0 1 2] [--only NAME …] [--check]

Trains small networks on photographs, digits, tables, synthetic speech and motion; converts each to int8 with
representative data that are proper, random, too few, unnormalised or constant; and checks the results with the rules
TFL324 to TFL327. A cell of the table has the last digits of the rules that report, a seed each, (in brackets) where it
is a note. TUNING names the networks whose seed 0 the thresholds were set on; all else is held out. Models that
are already in --folder are not made again, and where all are, TensorFlow is not needed. To make them takes tensorflow,
scikit-learn and scikit-image. With --check the exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CODES = ("TFL324", "TFL325", "TFL326", "TFL327")
SAMPLES = 120
TUNING = ("mobilenet", "digits", "wine", "keywords", "autoencoder", "texture")
PROPER = ("proper", "proper_300", "proper_other")


@dataclass(frozen=True)
class Network:
    """A network with its data. `raw` undoes or repeats the normalisation, as somebody who forgets it does."""

    build: Callable[[Any, int | None], Any]
    data: Callable[[np.random.Generator], tuple[Array, Array]]
    loss: str
    raw: Callable[[Array], Array]
    epochs: int = 8
    float_io: bool = False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tflint-calibration")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--make", action="store_true", help="Only make the models.")
    parser.add_argument("--check", action="store_true", help="Exit with 1 where a bar is missed.")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.only:
        for seed in arguments.seeds:
            _make(arguments.folder, name, seed)
    return 0 if arguments.make else _evaluate(arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    """Print the table and the rates; return the exit code."""
    totals: dict[str, Counter[str]] = {"tuning": Counter(), "held out": Counter()}
    cells: dict[tuple[str, str], list[str]] = {}
    for name in arguments.only:
        for seed in arguments.seeds:
            part = "tuning" if name in TUNING and seed == 0 else "held out"
            for path in sorted((arguments.folder / f"{name}_{seed}").glob("*.tflite")):
                found = _findings(path)
                cells.setdefault((name, path.stem), []).append(_letters(found))
                good = path.stem in PROPER
                totals[part]["good" if good else "bad"] += 1
                if good:
                    totals[part]["alarms"] += any(level != "note" for _, level in found)
                    totals[part]["notes"] += any(level == "note" for _, level in found)
                else:
                    totals[part]["found"] += bool(found)
    _table(cells)
    for part, total in totals.items():
        print(
            f"{part}: {total['found']} of {total['bad']} bad ones found ({total['found'] / max(1, total['bad']):.1%}); "
            f"{total['alarms']} alarms and {total['notes']} notes on {total['good']} good ones"
        )
    held = totals["held out"]
    missed = held["found"] < 0.9 * held["bad"] or any(total["alarms"] for total in totals.values())
    return int(arguments.check and missed)


def _letters(found: list[tuple[str, str]]) -> str:
    """The last digits of the rules that report, in brackets where it is a note."""
    return "".join(code[-1] if level != "note" else f"({code[-1]})" for code, level in found) or "-"


def _table(cells: Mapping[tuple[str, str], list[str]]) -> None:
    kinds = list(dict.fromkeys(kind for _, kind in cells))
    print(f"{'':13}" + "".join(f"{kind:>15}" for kind in kinds))
    for name in dict.fromkeys(name for name, _ in cells):
        print(f"{name:13}" + "".join(f"{' '.join(cells.get((name, kind), [])):>15}" for kind in kinds))
    print(f"{'found':13}", end="")
    for kind in kinds:
        told = [each for (_, other), row in cells.items() if other == kind for each in row]
        print(f"{_share(told):>15}", end="")
    print("\n")


def _share(told: list[str]) -> str:
    return f"{sum(each != '-' for each in told)} of {len(told)}"


def _findings(path: Path) -> list[tuple[str, str]]:
    from tflint.testing import context, model
    from tflint_rules import PACK

    ctx = context(model(path.read_bytes(), str(path)))
    rules = [rule for rule in PACK.rules if rule.meta.code in CODES]
    return [(finding.code, finding.severity.label) for rule in rules for finding in rule().check(ctx)]


# --- what the networks are fed with


def calibrations(network: Network, x: Array, random: np.random.Generator) -> Mapping[str, Array]:
    """The representative data, good and bad."""
    shape = (SAMPLES, *x.shape[1:])
    other = random.permutation(len(x))
    return {
        "proper": x[:SAMPLES],
        "proper_300": x[:300],
        "proper_other": x[other[:200]],
        "rand": random.random(shape),
        "uniform": random.uniform(-1, 1, shape),
        "normal": random.standard_normal(shape),
        "rand_few": random.random((10, *x.shape[1:])),
        "one_sample": x[:1],
        "other_sample": x[other[-1:]],
        "two_samples": x[other[-3:-1]],
        "raw": network.raw(x[:SAMPLES]),
        "zeros": np.zeros(shape),
    }


def _make(folder: Path, name: str, seed: int) -> None:
    """Train a network and convert it with each of the calibrations, where that is not done yet."""
    out = folder / f"{name}_{seed}"
    if (out / "done").exists():
        return
    import keras
    import tensorflow

    print(f"training {name}, seed {seed} …", flush=True)
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    network = NETWORKS[name]
    random = np.random.default_rng(seed)
    x, y = network.data(random)
    x = x.astype(np.float32)
    order = random.permutation(len(x))
    x, y = x[order], y[order]
    trained = network.build(keras, None)
    metrics = ["accuracy"] if "crossentropy" in network.loss else ["mse"]
    trained.compile(keras.optimizers.Adam(2e-3), network.loss, metrics=metrics)
    held = max(60, len(x) // 5)
    trained.fit(x[held:], y[held:], batch_size=32, epochs=network.epochs, verbose=0)
    result = trained.evaluate(x[:held], y[:held], verbose=0)
    fixed = network.build(keras, 1)
    fixed.set_weights(trained.get_weights())
    (out / "trained.txt").write_text(f"{metrics[0]} {result[1]:.4f} on {held} held out\n")
    for kind, values in calibrations(network, x[held:], random).items():
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(fixed)
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        samples = values.astype(np.float32)
        converter.representative_dataset = lambda samples=samples: ([each[None]] for each in samples)
        converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if not network.float_io:
            converter.inference_input_type = converter.inference_output_type = tensorflow.int8
        (out / f"{kind}.tflite").write_bytes(converter.convert())
    (out / "done").touch()


# --- data


def photos(random: np.random.Generator, size: int = 32, number: int = 1500) -> tuple[Array, Array]:
    """Patches of photographs as bytes, and which of six photographs each is from."""
    import skimage.data
    from sklearn.datasets import load_sample_image

    images = [
        skimage.data.astronaut(),
        skimage.data.coffee(),
        skimage.data.chelsea(),
        load_sample_image("china.jpg"),
        load_sample_image("flower.jpg"),
        skimage.data.rocket(),
    ]
    x = np.empty((number, size, size, 3))
    y = random.integers(0, len(images), number)
    for index, label in enumerate(y):
        zoom = int(random.integers(1, 4))
        image = images[label][::zoom, ::zoom]
        top, left = (int(random.integers(0, image.shape[axis] - size)) for axis in (0, 1))
        x[index] = image[top : top + size, left : left + size]
    return x, y


def textures(random: np.random.Generator) -> tuple[Array, Array]:
    """Grey patches, of stone and of other things."""
    import skimage.data

    images = [skimage.data.brick(), skimage.data.gravel(), skimage.data.camera(), skimage.data.moon()]
    y = random.integers(0, 4, 1200)
    x = np.empty((1200, 40, 40, 1))
    for index, label in enumerate(y):
        top, left = random.integers(0, 512 - 40, 2)
        x[index, :, :, 0] = images[label][top : top + 40, left : left + 40]
    return x / 255, (y < 2).astype(np.float32)


def blobs(random: np.random.Generator) -> tuple[Array, Array]:
    """Photographs with bright discs laid over them, and where the discs are."""
    x, _ = photos(random, 32, 500)
    rows, columns = np.mgrid[:32, :32]
    mask = np.zeros((len(x), 32, 32, 1))
    for index in range(len(x)):
        for _ in range(int(random.integers(0, 3))):
            row, column, radius = random.uniform(4, 28), random.uniform(4, 28), random.uniform(3, 7)
            mask[index, (rows - row) ** 2 + (columns - column) ** 2 < radius**2] = 1
        colour = np.array([230, 60, 60]) + random.normal(0, 15, (32, 32, 3))
        x[index] = np.clip(np.where(mask[index] > 0, colour, x[index]), 0, 255).round()
    return x / 255, mask.astype(np.float32)


def digits(_: np.random.Generator) -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return np.kron(found.images / 16, np.ones((1, 2, 2)))[..., None], found.target


def table(name: str) -> Callable[[np.random.Generator], tuple[Array, Array]]:
    def made(_: np.random.Generator) -> tuple[Array, Array]:
        import sklearn.datasets

        x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
        x = (x - x.mean(0)) / x.std(0)
        repeated = np.concatenate([x] * max(1, 600 // len(x)))
        y = np.concatenate([y] * max(1, 600 // len(x)))
        return repeated, (y - y.mean()) / y.std() if name == "diabetes" else y

    return made


def _units(name: str) -> Callable[[Array], Array]:
    """Standardised columns of a table back in the units that they were measured in."""

    def made(x: Array) -> Array:
        import sklearn.datasets

        keywords = {"scaled": False} if name == "diabetes" else {}
        values = getattr(sklearn.datasets, f"load_{name}")(**keywords).data
        result: Array = x * values.std(0) + values.mean(0)
        return result

    return made


def unit_table(name: str) -> Callable[[np.random.Generator], tuple[Array, Array]]:
    """A table with each column scaled to 0 … 1."""

    def made(random: np.random.Generator) -> tuple[Array, Array]:
        x, y = table(name)(random)
        return (x - x.min(0)) / (x.max(0) - x.min(0)), y

    return made


def speech(random: np.random.Generator) -> tuple[Array, Array]:
    """Log-mel spectra, 49 by 20, of synthetic sounds: vowels, chirps up and down, clicks, hum, noise; standardised."""
    number, rate = 900, 8000
    time = np.arange(rate) / rate
    bank = _mel_bank(20, 257, rate)
    y = random.integers(0, 6, number)
    x = np.empty((number, 49, 20, 1))
    for index, label in enumerate(y):
        wave = _sound(int(label), time, random)
        start, length = random.uniform(0, 0.4), random.uniform(0.3, 0.6)
        wave *= np.exp(-(((time - start - length / 2) / (length / 2)) ** 4)) * random.uniform(0.1, 1)
        wave += random.normal(0, 10 ** random.uniform(-3.5, -1.5), rate)
        frames = np.stack([wave[at : at + 320] for at in range(0, 49 * 156, 156)]) * np.hanning(320)
        x[index, :, :, 0] = np.log(abs(np.fft.rfft(frames, 512)) ** 2 @ bank.T + 1e-6)
    return (x + 5) / 4, y


def waves(random: np.random.Generator) -> tuple[Array, Array]:
    """512 samples of the synthetic sounds themselves, from -1 to 1, of different loudness."""
    time = np.arange(512) / 8000
    y = random.integers(0, 6, 1200)
    x = np.stack([_sound(int(label), time, random) for label in y])
    x /= abs(x).max(1, keepdims=True) / 10 ** random.uniform(-1, 0, (len(x), 1))
    return (np.clip(x + random.normal(0, 0.005, x.shape), -1, 1))[..., None], y


def faces(_: np.random.Generator) -> tuple[Array, Array]:
    """Grey patches of 24 by 24, of faces and of other things, standardised."""
    import skimage.data

    found = skimage.data.lfw_subset()[:, :24, :24, None]
    y = np.repeat([1.0, 0.0], 100)
    mirrored = np.concatenate([found, found[:, :, ::-1], np.clip(found * 0.8, 0, 1)])
    return (mirrored - 0.45) / 0.25, np.tile(y, 3).astype(np.float32)


def _sound(label: int, time: Array, random: np.random.Generator) -> Array:
    pitch = random.uniform(80, 250)
    if label in {0, 1}:
        formants = ((700, 1200), (300, 2300))[label]
        harmonics = np.arange(1, 15) * pitch
        gain = np.sum([np.exp(-(((harmonics - each) / 150) ** 2)) for each in formants], axis=0)
        return np.asarray((gain[:, None] * np.sin(2 * np.pi * harmonics[:, None] * time)).sum(0))
    if label in {2, 3}:
        low, high = random.uniform(200, 600), random.uniform(1500, 3500)
        first, last = (low, high) if label == 2 else (high, low)
        return np.sin(2 * np.pi * (first * time + (last - first) * time**2 / 2))
    if label == 4:
        return np.sign(np.sin(2 * np.pi * random.uniform(4, 12) * time)) * random.normal(0, 1, time.size)
    return np.asarray(np.sin(2 * np.pi * pitch * time) + 0.3 * np.sin(6 * np.pi * pitch * time))


def _mel_bank(bands: int, bins: int, rate: int) -> Array:
    mel = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1) / (rate / 2) * (bins - 1)
    places = np.arange(bins)
    rise = (places - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - places) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(rise, fall), 0, None))


def machines(random: np.random.Generator) -> tuple[Array, Array]:
    """Frames of log spectra, 5 of 24 bands, of running machines: what an autoencoder learns to repeat."""
    bands = np.arange(24)
    x = np.empty((1500, 5, 24))
    for index in range(len(x)):
        level = random.normal(0, 3)
        spectrum = -30 - 0.8 * bands + level + 6 * np.sin(bands / 3 + random.choice([0.0, 1.5, 3.0]))
        for _ in range(3):
            spectrum = spectrum + random.uniform(3, 15) * np.exp(-((bands - random.uniform(0, 24)) ** 2))
        x[index] = spectrum + random.normal(0, 1.5, (5, 24))
    flat = (x.reshape(len(x), -1) + 37) / 8
    return flat, flat.astype(np.float32)


def motion(random: np.random.Generator) -> tuple[Array, Array]:
    """Three axes of an accelerometer in g, 64 readings: resting, walking, shaking, turning."""
    time = np.arange(64) / 50
    y = random.integers(0, 4, 1200)
    x = np.empty((1200, 64, 3))
    for index, label in enumerate(y):
        gravity = random.normal(0, 1, 3)
        gravity /= np.linalg.norm(gravity)
        wave = np.tile(gravity, (64, 1)) + random.normal(0, 0.02, (64, 3))
        phase, axis = random.uniform(0, 6.3), random.normal(0, 1, 3)
        axis /= np.linalg.norm(axis)
        if label == 1:
            beat = 2 * np.pi * random.uniform(1.5, 2.3) * time + phase
            wave += np.outer(0.35 * np.sin(beat) + 0.15 * np.sin(2 * beat), axis)
        elif label == 2:
            wave += np.outer(random.uniform(1, 2.5) * np.sin(2 * np.pi * random.uniform(4, 8) * time + phase), axis)
        elif label == 3:
            wave += np.outer(np.sin(np.pi * random.uniform(0.2, 0.6) * time + phase), axis)
        x[index] = np.clip(wave, -4, 4)
    return x, y


def angles(random: np.random.Generator) -> tuple[Array, Array]:
    """Patches of photographs, dimmed from one side to the other, and how steeply."""
    x, _ = photos(random, 24, 900)
    steepness = random.uniform(-1, 1, len(x))
    ramp = 0.6 + 0.4 * steepness[:, None] * np.linspace(-1, 1, 24)
    return np.round(x.mean(-1, keepdims=True) * ramp[:, None, :, None]) / 255, steepness.astype(np.float32)


# --- networks


def _conv(k: Any, x: Any, filters: int, size: int = 3, stride: int = 1, act: str | None = "relu") -> Any:
    """A convolution with batch normalisation."""
    x = k.layers.Conv2D(filters, size, stride, padding="same", use_bias=False)(x)
    return _normalised(k, x, act)


def _depthwise(k: Any, x: Any, stride: int = 1, act: str = "relu6") -> Any:
    return _normalised(k, k.layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x), act)


def _normalised(k: Any, x: Any, act: str | None) -> Any:
    x = k.layers.BatchNormalization(momentum=0.9)(x)
    return x if act is None else k.layers.ReLU(6 if act == "relu6" else None)(x)


def mobilenet(k: Any, batch: int | None) -> Any:
    x = i = k.Input((32, 32, 3), batch)
    x = _conv(k, x, 8, stride=2, act="relu6")
    for filters, stride in ((16, 1), (24, 2), (24, 1), (32, 2)):
        x = _conv(k, _depthwise(k, x, stride), filters, 1, act="relu6")
    return k.Model(i, k.layers.Dense(6, "softmax")(k.layers.GlobalAveragePooling2D()(x)))


def mobilenet_v2(k: Any, batch: int | None) -> Any:
    i = k.Input((32, 32, 3), batch)
    x = _conv(k, k.layers.Rescaling(1 / 127.5, -1)(i), 8, stride=2, act="relu6")
    for filters, stride in ((12, 1), (12, 1), (16, 2), (16, 1)):
        y = _conv(k, _depthwise(k, _conv(k, x, 4 * x.shape[-1], 1, act="relu6"), stride), filters, 1, act=None)
        x = k.layers.Add()([x, y]) if stride == 1 and x.shape[-1] == filters else y
    x = k.layers.GlobalAveragePooling2D()(_conv(k, x, 48, 1, act="relu6"))
    return k.Model(i, k.layers.Dense(6, "softmax")(x))


def resnet(k: Any, batch: int | None) -> Any:
    i = k.Input((32, 32, 3), batch)
    x = _conv(k, i, 12)
    for filters, stride in ((12, 1), (20, 2), (28, 2)):
        y = _conv(k, _conv(k, x, filters, stride=stride), filters, act=None)
        shortcut = x if stride == 1 else k.layers.Conv2D(filters, 1, stride)(x)
        x = k.layers.ReLU()(k.layers.Add()([y, shortcut]))
    x = k.layers.Flatten()(k.layers.AveragePooling2D(8)(x))
    return k.Model(i, k.layers.Dense(6, "softmax")(x))


def digits_net(k: Any, batch: int | None) -> Any:
    x = i = k.Input((16, 16, 1), batch)
    for filters in (8, 16):
        x = k.layers.MaxPooling2D()(k.layers.Conv2D(filters, 3, activation="relu")(x))
    x = k.layers.Dense(32, "relu")(k.layers.Flatten()(x))
    return k.Model(i, k.layers.Dense(10, "softmax")(x))


def texture_net(k: Any, batch: int | None) -> Any:
    x = i = k.Input((40, 40, 1), batch)
    for filters in (8, 12, 16):
        x = k.layers.MaxPooling2D()(k.layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    x = k.layers.Dense(16, "relu")(k.layers.GlobalAveragePooling2D()(x))
    return k.Model(i, k.layers.Dense(1, "sigmoid")(x))


def perceptron(features: int, units: tuple[int, ...], out: int, act: str | None) -> Callable[[Any, int | None], Any]:
    def made(k: Any, batch: int | None) -> Any:
        x = i = k.Input((features,), batch)
        for each in units:
            x = k.layers.Dense(each, "relu")(x)
        return k.Model(i, k.layers.Dense(out, act)(x))

    return made


def keywords(k: Any, batch: int | None) -> Any:
    i = k.Input((49, 20, 1), batch)
    x = _normalised(k, k.layers.Conv2D(16, (10, 4), 2, padding="same", use_bias=False)(i), "relu")
    for _ in range(3):
        x = _conv(k, _depthwise(k, x, act="relu"), 16, 1)
    return k.Model(i, k.layers.Dense(6, "softmax")(k.layers.GlobalAveragePooling2D()(x)))


def autoencoder(k: Any, batch: int | None) -> Any:
    x = i = k.Input((120,), batch)
    for units in (64, 64, 8, 64, 64):
        x = _normalised(k, k.layers.Dense(units, use_bias=False)(x), "relu")
    return k.Model(i, k.layers.Dense(120)(x))


def wave_net(k: Any, batch: int | None) -> Any:
    x = i = k.Input((512, 1), batch)
    for filters in (8, 16, 24):
        x = _normalised(k, k.layers.Conv1D(filters, 9, 4, padding="same", use_bias=False)(x), "relu")
    return k.Model(i, k.layers.Dense(6, "softmax")(k.layers.GlobalMaxPooling1D()(x)))


def face_net(k: Any, batch: int | None) -> Any:
    x = i = k.Input((24, 24, 1), batch)
    for filters in (8, 16):
        x = k.layers.AveragePooling2D(2)(_conv(k, x, filters))
    x = k.layers.Dense(16, "relu")(k.layers.Flatten()(x))
    return k.Model(i, k.layers.Dense(1, "sigmoid")(x))


def motion_net(k: Any, batch: int | None) -> Any:
    x = i = k.Input((64, 3), batch)
    for filters in (12, 16, 24):
        x = _normalised(k, k.layers.Conv1D(filters, 5, 2, padding="same", use_bias=False)(x), "relu")
    return k.Model(i, k.layers.Dense(4, "softmax")(k.layers.GlobalAveragePooling1D()(x)))


def unet(k: Any, batch: int | None) -> Any:
    x = i = k.Input((32, 32, 3), batch)
    skips = []
    for filters in (8, 16):
        skips.append(_conv(k, x, filters))
        x = k.layers.MaxPooling2D()(skips[-1])
    x = _conv(k, x, 24)
    for filters, skip in ((16, skips[1]), (8, skips[0])):
        x = _conv(k, k.layers.Concatenate()([k.layers.UpSampling2D()(x), skip]), filters)
    return k.Model(i, k.layers.Conv2D(1, 1, activation="sigmoid")(x))


def angle_net(k: Any, batch: int | None) -> Any:
    x = i = k.Input((24, 24, 1), batch)
    for filters in (8, 16):
        x = k.layers.Conv2D(filters, 3, 2, activation="relu")(x)
    return k.Model(i, k.layers.Dense(1)(k.layers.Dense(24, "relu")(k.layers.Flatten()(x))))


def _scaled(
    data: Callable[[np.random.Generator], tuple[Array, Array]], change: Callable[[Array], Array]
) -> Callable[[np.random.Generator], tuple[Array, Array]]:
    def made(random: np.random.Generator) -> tuple[Array, Array]:
        x, y = data(random)
        return change(x), y

    return made


_LOSS = "sparse_categorical_crossentropy"
NETWORKS = {
    "mobilenet": Network(mobilenet, _scaled(photos, lambda x: x / 127.5 - 1), _LOSS, lambda x: (x + 1) * 127.5),
    "digits": Network(digits_net, digits, _LOSS, lambda x: x * 16),
    "wine": Network(perceptron(13, (16, 16), 3, "softmax"), table("wine"), _LOSS, _units("wine"), 12),
    "keywords": Network(keywords, speech, _LOSS, lambda x: (x * 4 - 5) * 10, float_io=True),
    "autoencoder": Network(autoencoder, machines, "mse", lambda x: x * 8 - 37, 15),
    "texture": Network(texture_net, textures, "binary_crossentropy", lambda x: x * 255, 15),
    "resnet": Network(resnet, _scaled(photos, lambda x: (x - 120) / 60), _LOSS, lambda x: x * 60 + 120),
    "mobilenet_v2": Network(mobilenet_v2, photos, _LOSS, lambda x: x / 255, float_io=True),
    "motion": Network(motion_net, motion, _LOSS, lambda x: x * 8192),
    "unet": Network(unet, blobs, "binary_crossentropy", lambda x: x * 255),
    "cancer": Network(
        perceptron(30, (16, 8), 1, "sigmoid"), table("breast_cancer"), "binary_crossentropy", _units("breast_cancer")
    ),
    "diabetes": Network(perceptron(10, (24, 24), 1, None), table("diabetes"), "mse", _units("diabetes"), 20),
    "wine_unit": Network(perceptron(13, (16, 16), 3, "softmax"), unit_table("wine"), _LOSS, lambda x: x * 300, 25),
    "cancer_unit": Network(
        perceptron(30, (16, 8), 1, "sigmoid"), unit_table("breast_cancer"), "binary_crossentropy", lambda x: x * 300, 25
    ),
    "waves": Network(wave_net, waves, _LOSS, lambda x: x * 32768),
    "faces": Network(face_net, faces, "binary_crossentropy", lambda x: x * 63.75 + 114.75, 12),
    "angles": Network(angle_net, angles, "mse", lambda x: x * 255, 15),
}

if __name__ == "__main__":
    sys.exit(main())
