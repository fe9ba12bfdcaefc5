"""Draws configurations of Keras' built-in layers, as plain values: what to make, and of what inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

__all__ = ["KINDS", "Case", "cases"]


@dataclass(frozen=True)
class Case:
    """A call of a layer: its class and configuration, the shapes of its inputs with the batch, and their types."""

    kind: str
    config: Mapping[str, Any]
    shapes: tuple[tuple[int | None, ...], ...]
    dtypes: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    policy: str = "float32"


ACTIVATIONS = (
    "linear relu relu6 sigmoid tanh softmax elu selu gelu silu softplus softsign hard_sigmoid hard_silu exponential "
    "leaky_relu mish log_softmax celu glu hard_shrink hard_tanh log_sigmoid soft_shrink sparse_plus sparse_sigmoid "
    "sparsemax squareplus tanh_shrink threshold"
).split()
_COMMON = ["linear", "linear", "relu", "relu", "relu6", "tanh", "sigmoid", "elu", "silu", "gelu", "leaky_relu"]
_FORMATS = ["channels_last"] * 5 + ["channels_first"]
_Drawn = Case | None


def _batch(rng: Random) -> int | None:
    return rng.choice([1, 1, None, 2])


def _sizes(rng: Random, rank: int, low: int = 6, high: int = 11) -> list[int | None]:
    """Sizes of the space; now and then one of them is open."""
    sizes: list[int | None] = [rng.randint(low, high) for _ in range(rank)]
    if rng.random() < 0.08:
        sizes[rng.randrange(rank)] = None
    return sizes


def _image(rng: Random, rank: int, channels: int, data_format: str = "channels_last") -> tuple[int | None, ...]:
    sizes = _sizes(rng, rank)
    if data_format == "channels_first":
        return (_batch(rng), channels, *sizes)
    return (_batch(rng), *sizes, channels)


def _any(rng: Random, low: int = 2, high: int = 4) -> tuple[int | None, ...]:
    return (_batch(rng), *(rng.randint(2, 6) for _ in range(rng.randint(low, high) - 1)))


def _conv(rank: int, transposed: bool = False) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS)
        channels = rng.choice([2, 3, 4])
        mode = rng.choice(["strides", "dilation", "neither"])
        stride = rng.choice([2, 2, 3]) if mode == "strides" else 1
        strides: Any = [stride] * rank
        if mode == "strides" and rank > 1 and rng.random() < 0.25:
            strides[0] = 1
        config: dict[str, Any] = {
            "filters": rng.choice([1, 4, 6]),
            "kernel_size": [rng.choice([1, 2, 3, 3, 4]) for _ in range(rank)],
            "strides": strides,
            "padding": rng.choice(["valid", "same"] + (["causal"] if rank == 1 and not transposed else [])),
            "dilation_rate": [rng.choice([2, 3])] * rank if mode == "dilation" else [1] * rank,
            "data_format": data_format,
            "activation": rng.choice(_COMMON),
            "use_bias": rng.random() < 0.7,
        }
        if config["padding"] == "causal":
            config["data_format"] = data_format = "channels_last"
        if not transposed and rng.random() < 0.25:
            channels = 4
            config |= {"groups": 2, "filters": 6}
        if transposed and rng.random() < 0.2 and mode == "strides":
            config["output_padding"] = [1] * rank
        return Case(kind, config, (_image(rng, rank, channels, data_format),))

    return draw


def _depthwise(rank: int, separable: bool) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS)
        mode = rng.choice(["strides", "dilation", "neither"])
        config: dict[str, Any] = {
            "kernel_size": [rng.choice([1, 2, 3])] * rank,
            "strides": [2] * rank if mode == "strides" else [1] * rank,
            "padding": rng.choice(["valid", "same"]),
            "dilation_rate": [2] * rank if mode == "dilation" else [1] * rank,
            "data_format": data_format,
            "depth_multiplier": rng.choice([1, 1, 2]),
            "activation": rng.choice(_COMMON),
            "use_bias": rng.random() < 0.7,
        }
        if separable:
            config["filters"] = rng.choice([1, 4, 6])
        return Case(kind, config, (_image(rng, rank, rng.choice([1, 3, 4]), data_format),))

    return draw


def _pool(rank: int) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS)
        config: dict[str, Any] = {
            "pool_size": [rng.choice([2, 2, 3])] * rank,
            "padding": rng.choice(["valid", "same"]),
            "data_format": data_format,
        }
        if rng.random() < 0.5:
            config["strides"] = [rng.choice([1, 2, 3])] * rank
        return Case(kind, config, (_image(rng, rank, rng.choice([1, 3]), data_format),))

    return draw


def _global(rank: int) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS)
        config = {"keepdims": rng.random() < 0.4, "data_format": data_format}
        return Case(kind, config, (_image(rng, rank, 3, data_format),))

    return draw


def _adaptive(rank: int) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS)
        shape = list(_image(rng, rank, 3, data_format))
        shape = [shape[0], *(8 if size is None else size for size in shape[1:])]
        config = {"output_size": [rng.choice([1, 2, 3])] * rank, "data_format": data_format}
        return Case(kind, config, (tuple(shape),))

    return draw


def _upsampling(rank: int) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS) if rank > 1 else "channels_last"
        config: dict[str, Any] = {"size": [rng.choice([1, 2, 3]) for _ in range(rank)]}
        if rank > 1:
            config["data_format"] = data_format
        if rank == 1:
            config["size"] = config["size"][0]
        if rank == 2:
            config["interpolation"] = rng.choice(["nearest", "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
        return Case(kind, config, (_image(rng, rank, 3, data_format),))

    return draw


def _padding(rank: int, crop: bool) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        data_format = rng.choice(_FORMATS)
        amounts: Any = [[rng.randint(0, 2), rng.randint(0, 2)] for _ in range(rank)]
        if rank == 1:
            amounts = amounts[0]
        config = {"cropping" if crop else "padding": amounts, "data_format": data_format}
        if crop and rank == 1:
            del config["data_format"]
            data_format = "channels_last"
        return Case(kind, config, (_image(rng, rank, 3, data_format),))

    return draw


def _merge(rng: Random, kind: str) -> Case:
    count = 2 if kind in {"Subtract", "Dot"} else rng.choice([2, 2, 3])
    shape = _any(rng)
    shapes = [shape] * count
    config: dict[str, Any] = {}
    if kind == "Concatenate":
        axis = rng.randrange(1, len(shape))
        config = {"axis": rng.choice([axis, axis - len(shape)])}
        shapes = [tuple(rng.randint(1, 5) if place == axis else size for place, size in enumerate(shape))] * 1
        shapes += [tuple(rng.randint(1, 5) if place == axis else size for place, size in enumerate(shape))]
    elif kind == "Dot":
        shape = _any(rng, 2, 3)
        shapes = [shape, shape]
        axis = rng.randrange(1, len(shape))
        config = {"axes": axis, "normalize": rng.random() < 0.4}
    elif rng.random() < 0.3:
        shapes[1] = (shape[0], *(1 for _ in shape[2:]), shape[-1])
    return Case(kind, config, tuple(shapes))


def _rnn(rng: Random, kind: str) -> Case:
    config = _rnn_config(rng, kind)
    batch = rng.choice([1, 1, 1, None, 2])
    time = rng.choice([3, 5, 5, None]) if not config.get("unroll") else rng.choice([3, 4])
    return Case(kind, config, ((batch, time, rng.choice([2, 4])),))


def _rnn_config(rng: Random, kind: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "units": rng.choice([3, 4]),
        "return_sequences": rng.random() < 0.4,
        "go_backwards": rng.random() < 0.2,
        "unroll": rng.random() < 0.3,
        "use_bias": rng.random() < 0.8,
    }
    if kind in {"LSTM", "GRU", "SimpleRNN"} and rng.random() < 0.15:
        config["activation"] = rng.choice(["relu", "sigmoid"])
    if kind == "GRU":
        config["reset_after"] = rng.random() < 0.7
    return config


def _conv_lstm(rank: int) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        config = {
            "filters": 2,
            "kernel_size": [3] * rank,
            "padding": rng.choice(["valid", "same"]),
            "return_sequences": rng.random() < 0.4,
            "data_format": rng.choice(_FORMATS),
        }
        shape = _image(rng, rank, 2, config["data_format"])
        batch = rng.choice([1, 1, None])
        return Case(kind, config, ((batch, 3, *(6 if size is None else size for size in shape[1:])),))

    return draw


def _layer(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": class_name, "config": dict(config), "registered_name": None}


def _bidirectional(rng: Random, kind: str) -> Case:
    inner = rng.choice(["LSTM", "GRU", "SimpleRNN"])
    config = _rnn_config(rng, inner) | {"go_backwards": False}
    merge = rng.choice(["concat", "concat", "sum", "mul", "ave"])
    batch = rng.choice([1, 1, None])
    return Case(kind, {"layer": _layer(inner, config), "merge_mode": merge}, ((batch, 4, 3),))


def _time_distributed(rng: Random, kind: str) -> Case:
    time = rng.choice([3, 4])
    batch = _batch(rng)
    if rng.random() < 0.5:
        return Case(
            kind, {"layer": _layer("Dense", {"units": 3, "activation": rng.choice(_COMMON)})}, ((batch, time, 4),)
        )
    inner = _layer("Conv2D", {"filters": 2, "kernel_size": [3, 3], "padding": "same"})
    return Case(kind, {"layer": inner}, ((batch, time, 6, 6, 2),))


def _cells(rng: Random, _kind: str) -> Case:
    cells = [
        _layer(f"{name}Cell", {"units": rng.choice([2, 3])}) for name in rng.choices(["LSTM", "GRU", "SimpleRNN"], k=2)
    ]
    cell = cells[0] if rng.random() < 0.5 else _layer("StackedRNNCells", {"cells": cells})
    config = {"cell": cell, "return_sequences": rng.random() < 0.4, "unroll": rng.random() < 0.2}
    return Case("RNN", config, ((rng.choice([1, 1, None]), 4, 3),))


def _dense(rng: Random, kind: str) -> Case:
    activation = rng.choice([*_COMMON, "softmax"])
    return Case(
        kind,
        {"units": rng.choice([1, 4]), "activation": activation, "use_bias": rng.random() < 0.7},
        (_any(rng, 2, 4),),
    )


def _einsum_dense(rng: Random, kind: str) -> Case:
    equation, shape, output, bias = rng.choice(
        [
            ("ab,bc->ac", (4,), 3, "c"),
            ("abc,cd->abd", (3, 4), [None, 5], "d"),
            ("abc,cde->abde", (3, 4), [3, 2, 5], "de"),
            ("abcd,cde->abe", (3, 2, 4), [3, 5], "e"),
            ("...x,xy->...y", (3, 4), 6, "y"),
        ]
    )
    config = {
        "equation": equation,
        "output_shape": output,
        "bias_axes": rng.choice([None, bias]),
        "activation": rng.choice(_COMMON),
    }
    return Case(kind, config, ((_batch(rng), *shape),))


def _activation(rng: Random, kind: str) -> Case:
    shape = _any(rng)
    return Case(kind, {"activation": rng.choice(ACTIVATIONS)}, ((*shape[:-1], 6),))


def _softmax(rng: Random, kind: str) -> Case:
    shape = _any(rng)
    return Case(kind, {"axis": rng.choice([-1, -1, 1, len(shape) - 1])}, (shape,))


def _relu(rng: Random, kind: str) -> Case:
    config = {
        "max_value": rng.choice([None, None, 6.0, 1.0, 4.0]),
        "negative_slope": rng.choice([0.0, 0.0, 0.1]),
        "threshold": rng.choice([0.0, 0.0, 0.5]),
    }
    return Case(kind, config, (_any(rng),))


def _prelu(rng: Random, kind: str) -> Case:
    shape = _any(rng, 2, 4)
    return Case(kind, {"shared_axes": rng.choice([None, list(range(1, len(shape) - 1)) or None])}, (shape,))


def _simple(options: Mapping[str, list[Any]], low: int = 2, high: int = 4) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        return Case(kind, {key: rng.choice(values) for key, values in options.items()}, (_any(rng, low, high),))

    return draw


def _normalization(rng: Random, kind: str) -> Case:
    shape = _any(rng, 2, 4)
    config: dict[str, Any] = {"epsilon": 1e-3}
    axis = rng.choice([-1, -1, -1, 1])
    if kind in {"BatchNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"}:
        config["axis"] = axis
    if kind in {"BatchNormalization", "LayerNormalization", "GroupNormalization"}:
        config |= {"center": rng.random() < 0.8, "scale": rng.random() < 0.8}
    if kind == "UnitNormalization":
        del config["epsilon"]
    if kind == "LayerNormalization" and len(shape) == 4 and rng.random() < 0.4:
        config["axis"] = [1, 2, 3]
    if kind == "GroupNormalization":
        shape = (*shape[:-1], 4)
        config["groups"] = rng.choice([1, 2, 4, -1])
    return Case(kind, config, (shape,))


def _reshape(rng: Random, kind: str) -> Case:
    shape: tuple[int | None, ...] = (_batch(rng), *rng.choice([(12,), (3, 4), (2, 6), (2, 2, 3)]))
    return Case(kind, {"target_shape": rng.choice([[12], [4, 3], [-1, 2], [2, 3, 2], [-1]])}, (shape,))


def _permute(rng: Random, kind: str) -> Case:
    shape = _any(rng, 3, 4)
    dims = list(range(1, len(shape)))
    rng.shuffle(dims)
    return Case(kind, {"dims": dims}, (shape,))


def _attention(rng: Random, kind: str) -> Case:
    batch = _batch(rng)
    queries, keys = (batch, 4, 3), (batch, 5, 3)
    config = {"use_scale": rng.random() < 0.5, "dropout": rng.choice([0.0, 0.2])}
    shapes = rng.choice([(queries, keys), (queries, keys, keys)])
    if kind == "Attention" and rng.random() < 0.3:
        config["score_mode"] = "concat"
    return Case(kind, config, shapes, arguments={"use_causal_mask": True} if rng.random() < 0.2 else {})


def _multi_head(rng: Random, kind: str) -> Case:
    batch = _batch(rng)
    shapes = ((batch, 4, 6), (batch, rng.choice([4, 5]), 6))
    if kind == "MultiHeadAttention":
        config: dict[str, Any] = {
            "num_heads": 2,
            "key_dim": 3,
            "use_bias": rng.random() < 0.8,
            "dropout": rng.choice([0.0, 0.1]),
        }
        if rng.random() < 0.3:
            config["value_dim"] = 4
    else:
        config = {
            "head_dim": 3,
            "num_query_heads": 4,
            "num_key_value_heads": rng.choice([1, 2]),
            "use_bias": rng.random() < 0.8,
        }
    return Case(kind, config, shapes, arguments={"use_causal_mask": True} if rng.random() < 0.2 else {})


def _embedding(rng: Random, kind: str) -> Case:
    config = {"input_dim": 10, "output_dim": 4, "mask_zero": rng.random() < 0.2}
    return Case(
        kind, config, ((_batch(rng), *rng.choice([(5,), (3, 2)])),), (rng.choice(["int32", "float32", "int64"]),)
    )


def _random_image(options: Mapping[str, list[Any]]) -> Callable[[Random, str], _Drawn]:
    def draw(rng: Random, kind: str) -> Case:
        config = {key: rng.choice(values) for key, values in options.items()}
        return Case(kind, config, ((_batch(rng), 8, 10, 3),))

    return draw


def _resizing(rng: Random, kind: str) -> Case:
    config: dict[str, Any] = {"height": 6, "width": rng.choice([4, 12])}
    if kind == "CenterCrop":
        config["width"] = rng.choice([4, 10, 12])
    if kind == "Resizing":
        config |= {
            "interpolation": rng.choice(["bilinear", "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"]),
            "crop_to_aspect_ratio": rng.random() < 0.15,
            "pad_to_aspect_ratio": False,
        }
        if not config["crop_to_aspect_ratio"]:
            config["pad_to_aspect_ratio"] = rng.random() < 0.15
    config["data_format"] = rng.choice(_FORMATS)
    shape = _image(rng, 2, 3, config["data_format"])
    return Case(kind, config, (shape,))


def _lookup(rng: Random, kind: str) -> Case:
    words: list[Any] = ["a", "b", "c"] if kind != "IntegerLookup" else [3, 5, 7]
    config: dict[str, Any] = {"vocabulary": words}
    if kind != "TextVectorization":
        config |= {
            "output_mode": rng.choice(["int", "int", "multi_hot", "count"]),
            "num_oov_indices": rng.choice([1, 1, 2]),
        }
        return Case(kind, config, ((_batch(rng), 3),), ("string" if kind == "StringLookup" else "int64",))
    config["output_mode"] = rng.choice(["int", "multi_hot", "count"])
    if config["output_mode"] == "int":
        config["output_sequence_length"] = 4
    return Case(kind, config, ((_batch(rng), 1),), ("string",))


def _numbers(rng: Random, kind: str) -> Case:
    dtype = "float32"
    shape: tuple[int | None, ...] = (_batch(rng), 4)
    if kind == "Rescaling":
        config: dict[str, Any] = {"scale": 1 / 127.5, "offset": rng.choice([0.0, -1.0])}
        shape = _any(rng)
        dtype = rng.choice(["float32", "float32", "uint8", "int32"])
    elif kind == "Normalization":
        config = {
            "axis": -1,
            "mean": [0.5, 1.0, 2.0, 3.0],
            "variance": [1.0, 2.0, 1.0, 4.0],
            "invert": rng.random() < 0.3,
        }
    elif kind == "Discretization":
        config = {
            "bin_boundaries": [0.0, 0.5, 1.0],
            "output_mode": rng.choice(["int", "int", "one_hot", "multi_hot", "count"]),
        }
        if config["output_mode"] == "one_hot":
            shape = (shape[0], 1)
    elif kind == "CategoryEncoding":
        config = {"num_tokens": 5, "output_mode": rng.choice(["multi_hot", "one_hot", "count"])}
        dtype = "int32"
        if config["output_mode"] == "one_hot":
            shape = (shape[0], 1)
    else:  # Hashing
        config = {"num_bins": 7, "output_mode": rng.choice(["int", "multi_hot"])}
        dtype = rng.choice(["int32", "int64", "string"])
    return Case(kind, config, (shape,), (dtype,))


def _hashed_crossing(rng: Random, kind: str) -> Case:
    batch = _batch(rng)
    return Case(kind, {"num_bins": 5}, ((batch, 1), (batch, 1)), ("int32", "int32"))


def _spectral(rng: Random, kind: str) -> Case:
    inner = rng.choice([_layer("Conv2D", {"filters": 3, "kernel_size": [3, 3]}), _layer("Dense", {"units": 3})])
    return Case(kind, {"layer": inner}, ((_batch(rng), 6, 6, 2),))


def _pipeline(rng: Random, kind: str) -> Case:
    inner = [_layer("Rescaling", {"scale": 0.1}), _layer("RandomFlip", {})]
    return Case(kind, {"layers": inner}, ((_batch(rng), 6, 6, 3),))


def _spectrogram(rng: Random, kind: str) -> Case:
    batch = _batch(rng)
    if kind == "MelSpectrogram":
        return Case(
            kind, {"fft_length": 64, "sequence_stride": 32, "num_mel_bins": 8, "sampling_rate": 1000}, ((batch, 256),)
        )
    return Case(
        kind,
        {"mode": rng.choice(["log", "magnitude"]), "frame_length": 32, "frame_step": 16, "fft_length": 32},
        ((batch, 256, 1),),
    )


_RATE = {"rate": [0.2, 0.5]}
KINDS: Mapping[str, Callable[[Random, str], _Drawn]] = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Embedding": _embedding,
    "ReversibleEmbedding": _embedding,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _simple({"negative_slope": [0.1, 0.3]}),
    "PReLU": _prelu,
    "ELU": _simple({"alpha": [1.0, 2.0]}),
    "Softmax": _softmax,
    "Identity": _simple({}),
    "Masking": _simple({"mask_value": [0.0, -1.0]}, 3, 3),
    "ActivityRegularization": _simple({"l1": [0.1]}),
    "Dropout": _simple(_RATE),
    "AlphaDropout": _simple(_RATE),
    "GaussianDropout": _simple(_RATE),
    "GaussianNoise": _simple({"stddev": [0.1]}),
    "SpatialDropout1D": _simple(_RATE, 3, 3),
    "SpatialDropout2D": _simple(_RATE, 4, 4),
    "SpatialDropout3D": _simple(_RATE, 5, 5),
    "Flatten": _simple({"data_format": ["channels_last", "channels_last", "channels_first"]}),
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _simple({"n": [2, 3]}, 2, 2),
    **{f"Conv{rank}D": _conv(rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": _conv(rank, transposed=True) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": _depthwise(rank, separable=False) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": _depthwise(rank, separable=True) for rank in (1, 2)},
    **{f"{how}Pooling{rank}D": _pool(rank) for rank in (1, 2, 3) for how in ("Max", "Average")},
    **{f"Global{how}Pooling{rank}D": _global(rank) for rank in (1, 2, 3) for how in ("Max", "Average")},
    **{f"Adaptive{how}Pooling{rank}D": _adaptive(rank) for rank in (1, 2, 3) for how in ("Max", "Average")},
    **{f"UpSampling{rank}D": _upsampling(rank) for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": _padding(rank, crop=False) for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _padding(rank, crop=True) for rank in (1, 2, 3)},
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"), _merge),
    **{f"{kind}Normalization": _normalization for kind in ("Batch", "Layer", "Group", "RMS", "Unit")},
    "SpectralNormalization": _spectral,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _rnn),
    "RNN": _cells,
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    **{f"ConvLSTM{rank}D": _conv_lstm(rank) for rank in (1, 2, 3)},
    "Attention": _attention,
    "AdditiveAttention": _attention,
    "MultiHeadAttention": _multi_head,
    "GroupQueryAttention": _multi_head,
    "Rescaling": _numbers,
    "Normalization": _numbers,
    "Discretization": _numbers,
    "CategoryEncoding": _numbers,
    "Hashing": _numbers,
    "HashedCrossing": _hashed_crossing,
    "IntegerLookup": _lookup,
    "StringLookup": _lookup,
    "TextVectorization": _lookup,
    "Resizing": _resizing,
    "CenterCrop": _resizing,
    "RandomFlip": _random_image({"mode": ["horizontal", "vertical"]}),
    "RandomRotation": _random_image({"factor": [0.2]}),
    "RandomZoom": _random_image({"height_factor": [0.2]}),
    "RandomTranslation": _random_image({"height_factor": [0.2], "width_factor": [0.1]}),
    "RandomContrast": _random_image({"factor": [0.2]}),
    "RandomBrightness": _random_image({"factor": [0.2]}),
    "RandomCrop": _random_image({"height": [6, 8], "width": [6, 10]}),
    "RandomHue": _random_image({"factor": [0.2]}),
    "RandomSaturation": _random_image({"factor": [0.2]}),
    "RandomColorJitter": _random_image({"brightness_factor": [0.2]}),
    "RandomGrayscale": _random_image({"factor": [0.2]}),
    "RandomSharpness": _random_image({"factor": [0.2]}),
    "RandomShear": _random_image({"x_factor": [0.2]}),
    "RandomErasing": _random_image({"factor": [0.2]}),
    "RandomInvert": _random_image({"factor": [0.2]}),
    "RandomPosterization": _random_image({"factor": [4]}),
    "RandomPerspective": _random_image({"factor": [0.2]}),
    "RandomGaussianBlur": _random_image({"factor": [0.2]}),
    "RandomElasticTransform": _random_image({"factor": [0.2]}),
    "RandomColorDegeneration": _random_image({"factor": [0.2]}),
    "RandAugment": _random_image({}),
    "AugMix": _random_image({}),
    "MixUp": _random_image({}),
    "CutMix": _random_image({}),
    "AutoContrast": _random_image({}),
    "Equalization": _random_image({}),
    "Solarization": _random_image({"addition_factor": [0.1]}),
    "Pipeline": _pipeline,
    "MelSpectrogram": _spectrogram,
    "STFTSpectrogram": _spectrogram,
}
"""Class of a layer -> how a configuration of it is drawn."""


def cases(kind: str, seed: str, count: int) -> Iterator[Case]:
    """So many different cases of a kind of layer, or fewer where it has no more."""
    rng = Random(f"{seed}/{kind}")
    seen: set[str] = set()
    for _ in range(count * 4):
        case = KINDS[kind](rng, kind)
        if case is None or repr(case) in seen:
            continue
        seen.add(repr(case))
        yield case
        if len(seen) == count:
            return
