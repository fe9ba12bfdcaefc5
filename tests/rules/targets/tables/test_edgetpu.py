"""What the Edge TPU compiler takes, as far as that is published."""

import pytest

from one_op import One, build, ints, k, says, t, verdict
from tflint.analysis.placement import place
from tflint.target import Kind
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.edgetpu import TARGET

A8 = "8 bits with one scale are supported"
X, Y = t("qi8", 1, 8, 8, 4), t("qi8", 1, 8, 8, 4)
ROW = t("qi8", 1, 16)
FILTER, BIAS = k("qi8c", 4, 3, 3, 4), k("qi32c", 4)
CONV = {"stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}


def test_it_takes_what_comes_first() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits.prefix
    g = GraphBuilder()
    (a,) = build(g, "RELU", [X], Y)
    (b,) = build(g, "ELU", [a], Y)
    build(g, "RELU", [b], Y)
    assert place(TARGET, model(g).graphs[0]).placed == (True, False, False)


@pytest.mark.parametrize("kind", ["LOGISTIC", "RELU", "RELU6", "QUANTIZE", "TANH", "L2_NORMALIZATION", "RSQRT"])
def test_ops_of_one_input_have_8_bits_and_a_scale(kind: str) -> None:
    assert says(TARGET, kind, [X], Y, version=2) == ""
    assert says(TARGET, kind, [t("qu8", 1, 4)], t("qu8", 1, 4)) == ""
    assert says(TARGET, kind, [t("f32", 1, 4)], Y) == f"input 0 is FLOAT32; {A8}"
    assert says(TARGET, kind, [t("u8", 1, 4)], Y) == f"input 0 is UINT8 without a scale; {A8}"
    assert says(TARGET, kind, [X], t("qi8c", 4)) == f"output 0 is INT8 with a scale for each channel; {A8}"
    assert says(TARGET, kind, [X], Y, version=3).startswith("? whether the compiler maps version 3 is not published")
    assert says(TARGET, kind, [None], Y) == "it has no input 0"


def test_values_have_three_dimensions() -> None:
    assert says(TARGET, "RELU", [t("qi8", 2, 8, 8, 4)], Y) == (
        "it reads or makes shape [2, 8, 8, 4]; sizes before the last 3 must be 1"
    )
    assert says(TARGET, "RELU", [t("qi8", None, 8, 8, 4)], Y).startswith("? whether the compiler takes an open size")
    assert says(TARGET, "ADD", [X, k("qi8", 2, 1, 1, 4)], Y) == "", "constants are none"


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"])
def test_arithmetic(kind: str) -> None:
    assert says(TARGET, kind, [X, k("qi8", 1)], Y, version=2) == ""
    assert says(TARGET, kind, [t("i32", 4), t("i32", 4)], t("i32", 4)) == f"input 0 is INT32 without a scale; {A8}"


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions_have_constants_and_one_dilation(kind: str) -> None:
    assert says(TARGET, kind, [X, FILTER, BIAS], Y, CONV, version=3) == ""
    assert says(TARGET, kind, [X, FILTER, None], Y, CONV) == ""
    assert says(TARGET, kind, [X, t("qi8", 4, 3, 3, 4), BIAS], Y, CONV).startswith(
        "it reads or makes shape [4, 3, 3, 4]"
    )
    assert says(TARGET, kind, [X, t("qi8", 1, 3, 3, 4), BIAS], Y, CONV) == "filter is not constant"
    assert says(TARGET, kind, [X, FILTER, t("i32", 4)], Y, CONV) == "bias is not constant"
    assert says(TARGET, kind, [X, FILTER, k("i64", 4)], Y, CONV) == "bias is INT64 without a scale; INT32 is supported"
    assert says(TARGET, kind, [X, None, BIAS], Y, CONV) == "it has no filter"
    assert "dilations are 2 and 1" in says(TARGET, kind, [X, FILTER, BIAS], Y, CONV | {"dilation_h_factor": 2})


def test_fully_connected_is_of_one_row() -> None:
    filters = k("qi8", 4, 16)
    assert says(TARGET, "FULLY_CONNECTED", [ROW, filters, k("i32", 4)], t("qi8", 1, 4), version=4) == ""
    assert says(TARGET, "FULLY_CONNECTED", [ROW, filters, None], t("qi8", 2, 4)) == (
        "output has shape [2, 4]; one row is supported"
    )
    shuffled = {"weights_format": "SHUFFLED4x16INT8"}
    assert "weights_format" in says(TARGET, "FULLY_CONNECTED", [ROW, filters, None], t("qi8", 4), shuffled)


def test_transposed_convolutions() -> None:
    shape = ints(1, 16, 16, 4)
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER, X, BIAS], Y, version=3) == ""
    assert says(TARGET, "TRANSPOSE_CONV", [t("i32", 4), FILTER, X], Y) == "output shape is not constant"


def test_pools_have_no_activation() -> None:
    assert says(TARGET, "MAX_POOL_2D", [X], Y) == ""
    assert "RELU" in says(TARGET, "AVERAGE_POOL_2D", [X], Y, {"fused_activation_function": "RELU"})


def test_softmax_is_of_one_short_row() -> None:
    assert says(TARGET, "SOFTMAX", [ROW], ROW) == ""
    assert says(TARGET, "SOFTMAX", [t("qi8", 2, 4)], t("qi8", 2, 4)).startswith("output has shape [2, 4]")
    assert (
        says(TARGET, "SOFTMAX", [t("qi8", 16001)], t("qi8", 16001))
        == "input has 16001 elements; up to 16000 are supported"
    )


@pytest.mark.parametrize(
    ("kind", "inputs", "fault"),
    [
        ("MEAN", [X, ints(1, 2)], ""),
        ("MEAN", [X, ints(0)], "it reduces the batch; other dimensions are supported"),
        ("MEAN", [X, ints(-4)], "it reduces the batch; other dimensions are supported"),
        ("MEAN", [t("qi8", 8, 4), ints(0)], "? it reduces dimension 0 of 2, which may count as the batch"),
        ("MEAN", [X, ints(3)], ""),
        ("MEAN", [t("qi8", 1, 8, 8, 3), ints(-1)], "it is over 3 channels; a multiple of 4 is supported"),
        ("MEAN", [t("qi8", 1, 8, 8, 3), ints(1)], ""),
        ("MEAN", [X, t("i32", 2)], "axis is not constant"),
        ("MEAN", [X], "? its axes cannot be read from the file"),
        ("SUM", [t("qi8", 1, 8, 8, 3), ints(3)], ""),
        ("REDUCE_MAX", [X, k("i32", 20)], "? its axes cannot be read from the file"),
        ("SPLIT", [ints(3), X], ""),
        ("SPLIT", [ints(0), X], "it splits the batch; other dimensions are supported"),
        ("SPLIT", [t("i32"), X], "axis is not constant"),
        ("PACK", [X, X], "it packs the batch; other dimensions are supported"),
        ("PAD", [X, ints(0, 0, 1, 1, 1, 1, 2, 2, shape=(4, 2))], ""),
        ("PAD", [X, ints(1, 0, 1, 1, 1, 1, 2, 2, shape=(4, 2))], "it pads the batch; other dimensions are supported"),
        ("PAD", [X], "? its padding cannot be read from the file"),
        ("PRELU", [X, k("qi8", 1, 1, 4)], ""),
        ("PRELU", [X, k("qi8", 8, 8, 4)], "alpha has shape [8, 8, 4]; one value for each channel is supported"),
        ("STRIDED_SLICE", [X, ints(0), ints(1), ints(1, 1)], ""),
        ("STRIDED_SLICE", [X, ints(0), ints(1), ints(1, 2)], "its strides are [1, 2]; 1 is supported"),
        ("STRIDED_SLICE", [X, ints(0), ints(1), t("i32", 1)], "stride is not constant"),
        ("STRIDED_SLICE", [X, ints(0), ints(1)], "? its strides cannot be read from the file"),
        ("RESHAPE", [X, ints(8, 32)], ""),
        ("RESHAPE", [X, t("i32", 2)], "shape is not constant"),
        ("CONCATENATION", [X, X], ""),
        ("CONCATENATION", [X, k("qi8", 1, 8, 8, 4)], ""),
        (
            "CONCATENATION",
            [X, k("qi8", 1, 8, 8, 4, zero=1)],
            "it joins a constant that is not zero; zeros are supported",
        ),
        ("CONCATENATION", [X, X, k("qi8", 4)], "it has 3 inputs and one of them is constant; 2 are supported then"),
        ("CONCATENATION", [X, k("qi8", 4, data=b"")], "? its constant cannot be read from the file"),
        ("CONCATENATION", [X, None], "it has no input 1"),
        ("EXPAND_DIMS", [X, ints(0)], ""),
        ("SQUEEZE", [X], ""),
        ("SLICE", [X, ints(0), t("i32", 1)], "size is not constant"),
        ("TILE", [X, ints(1)], "? it is not among the published operations, but a published model has one mapped"),
        ("LEAKY_RELU", [X], "LEAKY_RELU is not among the ops of edgetpu"),
    ],
)
def test_other_ops(kind: str, inputs: list[One], fault: str) -> None:
    assert says(TARGET, kind, inputs, Y) == fault


def test_large_reshapes_may_be_left_out() -> None:
    assert says(TARGET, "RESHAPE", [t("qi8", 1, 512, 512), ints(1)], Y).startswith("? from which size on")
    assert says(TARGET, "RESHAPE", [t("qi8", 1, 512, 512), None], Y).startswith("? from which size on")


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("RESIZE_NEAREST_NEIGHBOR", [X, ints(16, 16)]),
        ("TRANSPOSE", [X, ints(0, 2, 1, 3)]),
    ],
)
def test_what_the_compiler_keeps_to_itself_is_unknown(kind: str, inputs: list[One]) -> None:
    found = verdict(TARGET, kind, inputs, Y)
    assert found.supported is None
    assert "not published" in found.reason
    assert says(TARGET, kind, [X, t("i32", 2)], Y).endswith("is not constant")


@pytest.mark.parametrize(
    ("x", "y", "known"),
    [
        (X, t("qi8", 1, 16, 16, 4), True),
        (X, X, True),
        (X, t("qi8", 1, 24, 24, 4), False),
        (t("qi8", 1, 256, 256, 32), t("qi8", 1, 512, 512, 32), False),
        (t("qi8", 8, 4), t("qi8", 16, 8), False),
    ],
)
def test_small_resizes_are_mapped(x: One, y: One, known: bool) -> None:
    said = says(TARGET, "RESIZE_BILINEAR", [x, ints(16, 16)], y, version=3)
    assert said == (
        "" if known else "? whether the compiler maps a resize depends on its sizes, in a way that is not published"
    )


def test_an_lstm_has_constant_weights() -> None:
    weights = [k("qi8", 4, 4)] * 8
    assert says(TARGET, "UNIDIRECTIONAL_SEQUENCE_LSTM", [X, *weights], Y) == ""
    assert says(TARGET, "UNIDIRECTIONAL_SEQUENCE_LSTM", [X, None, *weights[:7]], Y) == ""
    loose = [X, t("qi8", 4, 4), *weights[:7]]
    assert says(TARGET, "UNIDIRECTIONAL_SEQUENCE_LSTM", loose, Y) == "input 1 is not constant"
    floats = [X, k("f32", 4, 4)]
    assert says(TARGET, "UNIDIRECTIONAL_SEQUENCE_LSTM", floats, Y) == f"input 1 is FLOAT32; {A8}"


def refusal(kind: str, x: One, y: One, version: int = 1) -> str:
    g = GraphBuilder()
    build(g, kind, [x], y, version=version)
    return TARGET.refusal(model(g))


def test_models_of_floats_are_refused_whole() -> None:
    assert refusal("RELU", X, Y) == ""
    assert "Model not quantized" in refusal("RELU", t("f32", 4), t("f32", 4))


def test_models_that_are_newer_than_the_compiler_are_refused_whole() -> None:
    assert refusal("EXP", X, Y) == ""
    assert refusal("Mine", X, Y, version=9) == ""
    assert refusal("EXP", X, Y, version=2) == (
        "EXP has version 2, which came with TFLite 2.12; the compiler of 2021 reads no such model"
    )
    assert refusal("EXP", X, Y, version=99) == "EXP has version 99; the compiler of 2021 reads no such model"
