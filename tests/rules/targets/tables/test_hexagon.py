"""What the Hexagon delegate takes."""

import pytest

from one_op import One, ints, k, says, t
from tflint.analysis.placement import place
from tflint.target import Kind, Limits
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.hexagon import TARGET

A8 = "UINT8 or INT8 is supported"
X, Y = t("qi8", 1, 8, 8, 4), t("qi8", 1, 8, 8, 4)
FILTER, BIAS = k("qi8", 4, 3, 3, 4), k("qi32", 4)
STRIDE = {"stride_w": 1, "stride_h": 1}
CONV = {**STRIDE, "dilation_w_factor": 1, "dilation_h_factor": 1}


def test_it_is_deprecated_and_keeps_the_four_largest_pieces_of_two_ops() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits == Limits(max_partitions=4, min_ops=2)
    assert "deprecated" in TARGET.deprecated


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH", "SOFTMAX", "HARD_SWISH", "NEG", "RELU6", "QUANTIZE"])
@pytest.mark.parametrize("code", ["qi8", "qu8", "i8"])
def test_ops_of_one_input_are_of_8_bits(kind: str, code: str) -> None:
    assert says(TARGET, kind, [t(code, 1, 4)], t(code, 1, 4)) == ""
    assert says(TARGET, kind, [t("f32", 1, 4)], t(code, 1, 4)) == f"input 0 is FLOAT32; {A8}"


def test_each_op_has_its_versions() -> None:
    assert says(TARGET, "RELU", [X], Y, version=2) == ""
    assert says(TARGET, "RELU", [X], Y, version=1) == "RELU has version 1; hexagon knows version 2"
    assert says(TARGET, "HARD_SWISH", [X], Y, version=2) == "HARD_SWISH has version 2; hexagon knows version 1"
    assert says(TARGET, "TANH", [X], Y, version=3) == "TANH has version 3; hexagon knows versions 1 to 2"
    assert says(TARGET, "CAST", [X], Y) == "CAST is not among the ops of hexagon"


def test_nothing_has_five_dimensions() -> None:
    assert says(TARGET, "TANH", [t("qi8", 1, 1, 1, 1, 4)], Y) == "it reads or makes 5 dimensions; up to 4 are supported"


@pytest.mark.parametrize("kind", ["ADD", "MUL", "SUB"])
def test_arithmetic_has_two_inputs_and_a_relu_at_most(kind: str) -> None:
    assert says(TARGET, kind, [X, k("qi8", 4)], Y, {"fused_activation_function": "RELU6"}) == ""
    assert "TANH" in says(TARGET, kind, [X, X], Y, {"fused_activation_function": "TANH"})
    assert says(TARGET, kind, [X], Y) == "it has 1 inputs; 2 are supported"
    assert says(TARGET, kind, [X, t("qi16", 4)], Y) == f"input 1 is INT16; {A8}"


@pytest.mark.parametrize(
    ("kind", "inputs", "fault"),
    [
        ("MEAN", [X, ints(1, 2)], ""),
        ("MEAN", [X, t("i32", 2)], "axis or padding is not constant"),
        ("PAD", [X, ints(0, 0, 1, 1, 1, 1, 0, 0, shape=(4, 2))], ""),
        ("PAD", [X, ints(0), k("qi8")], "it has 3 inputs; 2 are supported"),
        ("MIRROR_PAD", [X, ints(0, code="i64")], "input 1 is INT64; INT32 is supported"),
        ("ARG_MAX", [X, ints(3)], ""),
        ("TRANSPOSE", [X, t("i32", 4)], ""),
        ("RESIZE_BILINEAR", [X, ints(16, 16)], ""),
        ("RESIZE_BILINEAR", [X, ints(16)], "size does not have 2 elements"),
        ("RESIZE_NEAREST_NEIGHBOR", [X, t("i32", 2)], "size is not constant"),
        ("SPLIT", [ints(3), X], ""),
        ("SPLIT", [t("i32"), X], "axis is not constant"),
        ("SLICE", [X, ints(0, code="i64"), ints(1)], ""),
        ("SLICE", [X, ints(0), t("i32", 1)], "size is not constant"),
        ("STRIDED_SLICE", [X, ints(0), ints(1), ints(1)], ""),
        ("STRIDED_SLICE", [X, ints(0), ints(1), t("i32", 1)], "stride is not constant"),
        ("MAXIMUM", [X, X], ""),
        ("RESHAPE", [X], ""),
        ("RESHAPE", [X, t("i32", 2)], ""),
        ("RESHAPE", [t("f32", 4)], f"input 0 is FLOAT32; {A8}"),
        ("RESHAPE", [None], "it has 1 inputs; 1 or 2 are supported"),
        ("CONCATENATION", [X, X, X], ""),
        ("CONCATENATION", [X, None], f"input 1 is left out; {A8}"),
        ("CONCATENATION", [X, t("f32", 4)], f"input 1 is FLOAT32; {A8}"),
        ("PACK", [], "it has no input or no output"),
        ("AVERAGE_POOL_2D", [X], ""),
        ("L2_NORMALIZATION", [X], ""),
    ],
)
def test_other_ops(kind: str, inputs: list[One], fault: str) -> None:
    assert says(TARGET, kind, inputs, Y) == fault


def test_rsqrt_and_squared_difference_are_of_signed_8_bits() -> None:
    assert says(TARGET, "RSQRT", [X], Y, version=2) == ""
    assert says(TARGET, "RSQRT", [t("qu8", 4)], Y, version=2) == "input 0 is UINT8; INT8 is supported"
    assert says(TARGET, "SQUARED_DIFFERENCE", [X, X], Y, version=2) == ""


def test_masks_of_strided_slice_are_plain() -> None:
    inputs = [X, ints(0), ints(1), ints(1)]
    assert says(TARGET, "STRIDED_SLICE", inputs, Y, {"new_axis_mask": 1}) == "new_axis_mask is 1; 0 is supported"


def test_convolutions() -> None:
    assert says(TARGET, "CONV_2D", [X, FILTER, BIAS], Y, CONV) == ""
    assert says(TARGET, "CONV_2D", [X, FILTER, None], Y, CONV) == ""
    assert (
        says(TARGET, "CONV_2D", [X, FILTER, BIAS], Y, CONV | {"stride_h": 4}) == "stride_h is 4; up to 3 is supported"
    )
    dilated = CONV | {"dilation_w_factor": 2}
    assert says(TARGET, "CONV_2D", [X, FILTER, BIAS], Y, dilated) == "dilation_w_factor is 2; 1 is supported"


def test_depthwise_convolutions() -> None:
    plain, one = CONV | {"depth_multiplier": 1}, t("qi8", 1, 8, 8, 1)
    kernel = k("qi8", 1, 3, 3, 4)
    dilated = plain | {"dilation_h_factor": 2}

    def depthwise(options: dict[str, int], x: One = X, kernel: One = kernel) -> str:
        return says(TARGET, "DEPTHWISE_CONV_2D", [x, kernel, BIAS], Y, options)

    assert depthwise(plain) == ""
    assert depthwise(dilated) == ""
    assert "stride 1 is supported" in depthwise(dilated | {"stride_w": 2})
    assert depthwise(plain | {"depth_multiplier": 4}, one) == ""
    assert depthwise(dilated | {"depth_multiplier": 4}, one).startswith("depth_multiplier is 4; 1 is supported")
    assert depthwise(plain | {"depth_multiplier": 4}).startswith("depth_multiplier is 4; 1 is supported")
    assert depthwise(plain, X, k("qi8", 1, 1, 3, 4)) == "filter has height 1; 2 or more is supported"


def test_fully_connected_has_one_scale_and_a_constant_bias() -> None:
    x, filters = t("qi8", 1, 8), k("qi8", 4, 8)
    assert says(TARGET, "FULLY_CONNECTED", [x, filters, BIAS], Y) == ""
    assert says(TARGET, "FULLY_CONNECTED", [x, filters, None], Y, version=4) == ""
    assert says(TARGET, "FULLY_CONNECTED", [x, k("i8", 4, 8), None], Y) == ""
    assert says(TARGET, "FULLY_CONNECTED", [x, filters, t("i32", 4)], Y) == "bias is not constant"
    assert "for each channel" in says(TARGET, "FULLY_CONNECTED", [x, k("qi8c", 4, 8), BIAS], Y)
    assert "keep_num_dims" in says(TARGET, "FULLY_CONNECTED", [x, filters, BIAS], Y, {"keep_num_dims": True})
    blocks = {"quantization": {"details": ("BlockwiseQuantization", {"scales": 0, "block_size": 4})}}
    assert "in blocks" in says(TARGET, "FULLY_CONNECTED", [x, k("i8", 4, 8, **blocks), None], Y)


def test_transposed_convolutions_may_have_a_bias() -> None:
    shape = ints(1, 16, 16, 4)
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER, X], Y, STRIDE) == ""
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER, X, BIAS], Y, STRIDE, version=3) == ""
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER], Y, STRIDE) == "it has 2 inputs; 4 are supported"


def test_a_padded_window_is_small() -> None:
    window = {**STRIDE, "filter_width": 13, "filter_height": 2, "padding": "SAME"}
    assert says(TARGET, "MAX_POOL_2D", [X], Y, window | {"padding": "VALID"}) == ""
    assert says(TARGET, "MAX_POOL_2D", [X], Y, window | {"filter_width": 12}) == ""
    assert "up to 12" in says(TARGET, "MAX_POOL_2D", [X], Y, window)


def test_models_with_computed_sizes_are_refused_whole() -> None:
    g = GraphBuilder()
    x, shape, y = g.input("x", (1, 4), "INT8", scale=0.1), g.input("s", (2,), "INT32"), g.tensor("y", (2, 2), "INT8")
    g.op("RESHAPE", [x, shape], y)
    g.output(y)
    built = model(g)
    assert (
        TARGET.refusal(built)
        == TARGET.refusal(built)
        == ("the size of 'y', which RESHAPE makes, is known only when the model runs")
    )
    assert place(TARGET, built.graphs[0]).verdicts[0].supported is True
