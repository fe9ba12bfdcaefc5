"""What the converter makes of Keras layers: as TensorFlow 2.21.0 with Keras 3.15.1 does it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from layered import Step, layered, step
from tflint.forecast import Int8, Status, forecast, left_in_float, predicted
from tflint.formats import read
from tflint.model import DType, Format, Model, Shape

CORPUS = Path(os.environ.get("TFLINT_CORPUS", "../shared/corpus"))


def ops(model: Model, precision: str = "float32") -> list[str]:
    made = predicted(model, precision)
    assert made is not None
    found = []
    for op in made.graphs[0].ops:
        fused = op.options.get("fused_activation_function", "NONE")
        found.append(op.kind if fused == "NONE" else f"{op.kind}+{fused}")
    return found


BUILTIN: list[tuple[Shape, list[Step], list[str]]] = [
    ((1, 8), [step("Dense", units=4, activation="relu")], ["FULLY_CONNECTED+RELU"]),
    ((None, 8), [step("Dense", units=4, activation="gelu")], ["FULLY_CONNECTED", "GELU"]),
    (
        (1, 8, 8, 3),
        [step("Conv2D", filters=4, kernel_size=3), step("BatchNormalization"), step("ReLU", max_value=6.0)],
        ["CONV_2D+RELU6"],
    ),
    (
        (1, 8, 8, 3),
        [step("Conv2D", filters=4, kernel_size=3, activation="relu"), step("BatchNormalization")],
        ["CONV_2D+RELU", "MUL", "ADD"],
    ),
    (
        (1, 9, 9, 3),
        [step("ZeroPadding2D", padding=1), step("Conv2D", filters=4, kernel_size=3, strides=2)],
        ["CONV_2D"],
    ),
    ((1, 8, 8, 3), [step("Rescaling", scale=0.1), step("Conv2D", filters=4, kernel_size=3)], ["CONV_2D"]),
    ((1, 8, 3), [step("Conv1D", filters=4, kernel_size=3, activation="relu")], ["RESHAPE", "CONV_2D+RELU", "RESHAPE"]),
    (
        (1, 3, 8, 8),
        [step("Conv2D", filters=4, kernel_size=3, data_format="channels_first")],
        ["TRANSPOSE", "CONV_2D", "TRANSPOSE"],
    ),
    ((1, 8, 8, 3), [step("SeparableConv2D", filters=4, kernel_size=3)], ["DEPTHWISE_CONV_2D", "CONV_2D"]),
    ((1, 4, 4, 3), [step("Conv2DTranspose", filters=4, kernel_size=3)], ["TRANSPOSE_CONV"]),
    ((1, 8, 8, 3), [step("MaxPooling2D"), step("Flatten")], ["MAX_POOL_2D", "RESHAPE"]),
    ((None, 4, 3), [step("Flatten")], ["SHAPE", "STRIDED_SLICE", "PACK", "RESHAPE"]),
    ((1, 8), [step("Dropout", rate=0.2), step("Activation", activation="softmax")], ["SOFTMAX"]),
    ((1, 8), [step("UnitNormalization")], ["SQUARE", "SUM", "RSQRT", "MINIMUM", "MUL"]),
    ((1, 4, 4, 3), [step("UpSampling2D", interpolation="bilinear")], ["RESIZE_BILINEAR"]),
]


@pytest.mark.parametrize(("shape", "steps", "expected"), BUILTIN)
def test_layers_become_the_ops_that_the_converter_makes(shape: Shape, steps: list[Step], expected: list[str]) -> None:
    model = layered(shape, *steps)
    found = forecast(model)
    assert found is not None
    assert found.verdict is Status.BUILTIN
    assert ops(model) == expected


@pytest.mark.parametrize(
    ("shape", "layer", "status"),
    [
        ((1, 8, 8, 8, 3), step("MaxPooling3D"), Status.FLEX),
        ((None, 5, 3), step("LSTM", units=3), Status.FLEX),
        ((1, 5, 3), step("LSTM", units=3), Status.BUILTIN),
        ((1, 9, 9, 3), step("Conv2DTranspose", filters=2, kernel_size=3, dilation_rate=2), Status.FLEX),
        ((1, 9, 9, 3), step("Resizing", height=3, width=3, interpolation="bicubic"), Status.FLEX),
        ((1, 9, 9, 3), step("Resizing", height=3, width=3, interpolation="lanczos5"), Status.FAILS),
        ((1, 3, 9), step("DepthwiseConv1D", kernel_size=3, data_format="channels_first"), Status.FAILS),
        ((1, None, 9, 3), step("UpSampling2D", interpolation="bilinear"), Status.FAILS),
        ((1, 9, 3), step("AdaptiveMaxPooling1D", output_size=1), Status.FAILS),
        ((1, 3), step("Dense", units=2, dtype="float64"), Status.FLEX),
        ((1, 3), step("Mine", is_custom=True), Status.UNKNOWN),
        ((1, 3), step("Lambda"), Status.UNKNOWN),
        ((1, 3), step("Dense", units="many"), Status.UNKNOWN),
        ((1, 3), step("Conv2D", filters=2, kernel_size=3), Status.UNKNOWN),
        ((1, 3), step("Activation", activation={"registered_name": "my>swish"}), Status.UNKNOWN),
    ],
)
def test_a_layer_gets_the_status_that_the_converter_gives_it(shape: Shape, layer: Step, status: Status) -> None:
    found = forecast(layered(shape, layer))
    assert found is not None
    assert found.verdict is status
    assert [each.status for each in found.ops] == [status]


@pytest.mark.parametrize(
    ("shape", "layer", "int8"),
    [
        ((1, 8), step("Dense", units=2), Int8.OK),
        ((1, 8), step("LayerNormalization"), Int8.FLOAT),
        ((1, 8), step("ELU"), Int8.FLOAT),
        ((1, 5, 3), step("GRU", units=2), Int8.CRASHES),
        ((1, 5, 3), step("GRU", units=2, unroll=True), Int8.OK),
        ((None, 5, 3), step("GRU", units=2), Int8.FAILS),
        ((1, 8), step("Lambda"), Int8.UNKNOWN),
    ],
)
def test_what_quantization_makes_of_a_model(shape: Shape, layer: Step, int8: Int8) -> None:
    found = forecast(layered(shape, layer))
    assert found is not None
    assert found.int8 is int8


def test_what_stays_in_float_stands_between_ops_that_change_the_type() -> None:
    model = layered((1, 8), step("Dense", units=4), step("ELU"), step("Dense", "head", units=2))
    assert ops(model, "int8") == ["FULLY_CONNECTED", "DEQUANTIZE", "ELU", "QUANTIZE", "FULLY_CONNECTED"]
    made = predicted(model, "int8")
    assert made is not None
    weights = made.graphs[0].ops[0].inputs[1]
    assert weights is not None
    assert (weights.dtype, weights.shape, weights.quant is not None and weights.quant.axis) == (DType.INT8, (4, 8), 0)
    assert weights.is_constant
    assert weights.array() is None


def test_a_model_that_does_not_convert_becomes_nothing() -> None:
    assert predicted(layered((1, 9, 9, 3), step("Resizing", height=3, width=3, interpolation="lanczos3"))) is None
    assert predicted(layered((1, 5, 3), step("LSTM", units=2)), "int8") is None
    assert predicted(layered((1, 3), step("Mine", is_custom=True))) is None


def test_a_layer_of_which_nothing_is_known_is_an_op_that_nobody_refuses() -> None:
    made = predicted(layered((1, 20, 20, 3), step("AutoContrast")))
    assert made is not None
    [op] = made.graphs[0].ops
    assert op.is_unknown
    assert op.outputs[0].shape == (1, 20, 20, 3)


def test_int16_stops_at_what_has_no_kernel() -> None:
    [found] = left_in_float(layered((1, 8), step("Activation", activation="hard_silu")), int16=True)
    assert (found.int8, found.becomes) == (Int8.FAILS, ("HARD_SWISH",))
    assert left_in_float(layered((1, 8), step("Activation", activation="hard_silu"))) == ()


def test_an_lstm_of_keras_2_is_one_op() -> None:
    model = layered((1, 5, 3), step("LSTM", units=4), producer="keras 2.15.0", format=Format.KERAS_H5, path="m.h5")
    assert ops(model) == ["UNIDIRECTIONAL_SEQUENCE_LSTM+TANH", "STRIDED_SLICE"]


def test_ops_stand_where_their_layers_do() -> None:
    made = predicted(layered((1, 8), step("Dense", "head", units=4)))
    assert made is not None
    [op] = made.graphs[0].ops
    assert (op.address, op.layer, op.outputs[0].location.address) == ("layers/head", "head", "layers/head")


@pytest.mark.parametrize("value", [-1, 0, 1 << 62, "x", None, [], [1 << 50], {}, True, 1.5])
@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "LSTM", "Reshape", "UpSampling2D", "ZeroPadding2D", "Embedding"])
def test_strange_settings_are_unknown_at_worst(kind: str, value: Any) -> None:
    keys = ("units", "filters", "kernel_size", "target_shape", "size", "padding", "output_dim", "strides")
    for shape in ((1, 8), (1, 8, 3), (1, 8, 8, 3), (0, 0, 0, 0), (1 << 40, 1 << 40)):
        model = layered(shape, step(kind, **dict.fromkeys(keys, value)))
        assert forecast(model) is not None
        predicted(model)
        predicted(model, "int8")


def test_wrappers_in_wrappers_have_an_end() -> None:
    held: dict[str, Any] = {"class_name": "Dense", "config": {"units": 1}}
    for _ in range(8):
        held = {"class_name": "TimeDistributed", "config": {"layer": held}}
    found = forecast(layered((1, *[500] * 9), step("TimeDistributed", layer=held)))
    assert found is not None
    assert found.verdict is Status.UNKNOWN


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the models")
@pytest.mark.parametrize("name", ["mobilenet_v1_025_96", "mobilenet_v3_small_slim", "lstm_keras3_batch1", "gru_rolled"])
def test_whole_models_become_the_ops_that_their_conversions_have(name: str) -> None:
    source, converted = read(CORPUS / f"generated/{name}/source.keras"), read(CORPUS / f"generated/{name}/float.tflite")
    made = predicted(source)
    assert made is not None
    kinds = [sorted(op.kind for graph in each.graphs for op in graph.ops) for each in (made, converted)]
    assert kinds[0] == kinds[1]
