"""What the tables of ethos-u55, ethos-u65 and ethos-u85 say of single ops."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from ethos_u_ops import IMAGE, NARROW, Spec, build, c, t
from tflint.model import DType, Op, QuantParams, Tensor
from tflint.target import Kind, Layer, Target
from tflint.testing import model
from tflint_rules.targets.tables.ethos_u import ETHOS_U55, ETHOS_U65, ETHOS_U85


def said(
    target: Target,
    kind: str,
    ins: Sequence[Spec | None],
    outs: Sequence[Spec] = (t(),),
    options: Mapping[str, Any] | None = None,
) -> str:
    """What a target says of an op by itself; nothing where it takes it, ? before it where it cannot tell."""
    graph = model(build(kind, ins, outs, options)).graphs[0]
    verdict = target.verdict(graph.ops[0], graph)
    assert (verdict.supported is True) == (verdict.reason == "")
    return ("? " if verdict.supported is None else "") + verdict.reason.removeprefix(f"{kind}: ")


def test_the_three_are_delegates_with_a_source() -> None:
    for target in (ETHOS_U55, ETHOS_U65, ETHOS_U85):
        assert target.kind is Kind.DELEGATE
        assert "5.2.0" in target.source.text
    assert ETHOS_U55.ops is ETHOS_U65.ops
    assert set(ETHOS_U55.ops) < set(ETHOS_U85.ops)
    assert (len(ETHOS_U55.ops), len(ETHOS_U85.ops)) == (56, 75)  # and what Vela made before


def test_an_op_that_is_not_listed_is_left_to_the_cpu() -> None:
    graph = model(build("SVDF", [t()], [t()])).graphs[0]
    verdict = ETHOS_U85.verdict(graph.ops[0], graph)
    assert (verdict.supported, verdict.layer) == (False, Layer.LISTED)
    assert verdict.reason == "SVDF is not among the ops of ethos-u85"


@pytest.mark.parametrize("dtype", NARROW)
def test_8_and_16_bit_feature_maps_are_taken(dtype: str) -> None:
    for target in (ETHOS_U55, ETHOS_U85):
        assert said(target, "RELU", [t(dtype)], [t(dtype)]) == ""


def test_element_types_of_feature_maps() -> None:
    listed = "UINT8, INT8, INT16, INT32 or INT64 is supported"
    assert said(ETHOS_U55, "RELU", [t("FLOAT32")], [t("FLOAT32")]) == f"input is FLOAT32; {listed}"
    assert said(ETHOS_U55, "RELU", [t()], [t("BOOL")]) == f"output is BOOL; {listed}"
    assert said(ETHOS_U55, "ADD", [t(), t("BOOL")], [t()], {}) == f"input 1 is BOOL; {listed}"
    assert said(ETHOS_U85, "LOGICAL_NOT", [t("BOOL")], [t("BOOL")]) == ""
    assert said(ETHOS_U55, "RELU", [t()], []) == "it has no output"
    assert said(ETHOS_U55, "RELU", [None], [t()]) == "it has no input"
    assert said(ETHOS_U55, "UNPACK", [t()], [t(), t("FLOAT32")]) == f"output 1 is FLOAT32; {listed}"


def test_wide_feature_maps_are_taken_of_some_ops_on_u55() -> None:
    wide = [t("INT32"), t("INT32")]
    assert said(ETHOS_U55, "ADD", wide, [t("INT32")], {}) == ""
    assert said(ETHOS_U55, "RELU", [t("INT32")]) == "input is INT32; 32-bit feature maps are not supported here"
    assert said(ETHOS_U55, "ADD", [t("INT64")] * 2) == "input 0 is INT64; 64-bit feature maps are not supported here"
    assert said(ETHOS_U85, "RELU", [t("INT64")], [t("INT64")]) == ""


def test_a_type_that_nobody_knows_is_unknown() -> None:
    one = QuantParams(np.array([0.5], np.float32), np.zeros(1, np.int64))
    odd = Tensor("m", 0, 0, "odd", DType.UNKNOWN, (1, 4), (1, 4), one)
    known = Tensor("m", 0, 1, "y", DType.INT8, (1, 4), (1, 4), one)
    graph = model(build("RELU", [t()], [t()])).graphs[0]
    for op in (Op("m", 0, 0, "RELU", (odd,), (known,)), Op("m", 0, 0, "READ_VARIABLE", (known,), (odd,))):
        verdict = ETHOS_U85.verdict(op, graph)
        assert verdict.supported is None
        assert "newer than tflint" in verdict.reason


def test_only_the_first_dimension_may_be_dynamic() -> None:
    assert said(ETHOS_U55, "RELU", [t(shape=(None, 4))], [t(shape=(None, 4))]) == ""
    assert said(ETHOS_U55, "RELU", [t(shape=(1, None))], [t(shape=(1, 4))]) == (
        "'x0' has a dynamic dimension beside the first"
    )


def test_every_tensor_has_dimensions() -> None:
    assert said(ETHOS_U55, "RELU", [t(shape=())], [t(shape=())]) == "'x0' has no dimensions; at least one is needed"
    assert said(ETHOS_U55, "ADD", [t(), c(1, "int8")], [t()], {}) == ""
    assert said(ETHOS_U55, "ABS", [t()], [t(shape=())]) == ""  # from the input
    assert said(ETHOS_U55, "ADD", [t(), c([1] * 8, "int8")], [t(shape=())], {}) == ""
    assert "'x1' has no dimensions" in said(ETHOS_U55, "ADD", [t(), t(shape=())], [t(shape=())], {})
    assert "'x0' has no dimensions" in said(ETHOS_U55, "ABS", [t(shape=())], [t(shape=())])
    assert "'y0' has no dimensions" in said(ETHOS_U55, "RELU", [t()], [t(shape=())])


def test_scales_and_zero_points_are_there() -> None:
    assert said(ETHOS_U55, "RELU", [t(scale=None)], [t()]) == "input has no scale and zero point"
    assert said(ETHOS_U55, "RELU", [t()], [t(scale=None)]) == "output has no scale and zero point"
    assert said(ETHOS_U55, "TRANSPOSE", [t(scale=None), c([0, 2, 1, 3])], [t(scale=None)], {}) == ""
    assert said(ETHOS_U55, "RELU", [t(scale=2.0**32)], [t()]) == "'x0' has scale 4.29497e+09; below 2^32 is supported"
    assert said(ETHOS_U55, "RELU", [t(scale=float("inf"))], [t()]) == ""  # the model is refused
    assert said(ETHOS_U55, "RELU", [t(scale=[0.5] * 8, axis=3)], [t()]) == (
        "'x0' has a scale for each channel; one scale is supported here"
    )


def test_zero_points_on_u55() -> None:
    wide = t("INT32", scale=0.5, zero_point=3)
    assert said(ETHOS_U55, "ADD", [wide, t("INT32")], [t("INT32")], {}) == (
        "input 0 is INT32 with zero point 3; 0 is supported"
    )
    assert said(ETHOS_U55, "RELU", [t("UINT8", zero_point=-1)], [t("UINT8")]) == (
        "input has zero point -1; 0 or more is supported"
    )
    assert said(ETHOS_U55, "RELU", [t("UINT8", zero_point=300)], [t(zero_point=-300)]) == ""


def test_zero_points_on_u85() -> None:
    assert said(ETHOS_U85, "RELU", [t("INT16", zero_point=3)], [t("INT16")]) == (
        "input is INT16 with zero point 3; 0 is supported"
    )
    assert said(ETHOS_U85, "RELU", [t(zero_point=-129)], [t()]) == (
        "input is INT8 with zero point -129; -128 to 127 is supported"
    )
    assert said(ETHOS_U85, "RELU", [t()], [t("UINT8", zero_point=256)]) == (
        "output is UINT8 with zero point 256; 0 to 255 is supported"
    )
    pool = {"padding": "VALID", "stride_w": 1, "stride_h": 1, "filter_width": 1, "filter_height": 1}
    assert said(ETHOS_U85, "MAX_POOL_2D", [t("INT16", zero_point=3)], [t("INT16")], pool) != ""
    assert said(ETHOS_U85, "AVERAGE_POOL_2D", [t("INT16", zero_point=3)], [t("INT16")], pool) == ""


CONV = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}


def conv(target: Target, weights: Spec, bias: Spec | None = None, out: Spec | None = None, **options: Any) -> str:
    return said(target, "CONV_2D", [t(), weights, bias], [out or t()], {**CONV, **options})


WEIGHTS = c(np.ones((8, 3, 3, 8)), "int8")


def test_a_convolution_with_constant_weights_and_bias_is_taken() -> None:
    for target in (ETHOS_U55, ETHOS_U85):
        assert conv(target, WEIGHTS) == ""
        assert conv(target, WEIGHTS, c([0] * 8)) == ""
        assert conv(target, WEIGHTS, c([5] * 8, "int64")) == ""
        assert conv(target, c(np.ones((8, 3, 3, 8)), "int8", scale=[0.1] * 8)) == ""


def test_weights_have_8_bits() -> None:
    assert conv(ETHOS_U55, c(np.ones((8, 1, 1, 8)), "int16")) == "weights are INT16; INT8 or UINT8 is supported"
    assert said(ETHOS_U55, "CONV_2D", [t()], [t()], CONV) == "it has no weights"
    assert conv(ETHOS_U55, c(np.ones((8, 1, 1, 8)), "int8", scale=None)) == "weights has no scale and zero point"


def test_a_bias_is_constant_and_has_32_or_64_bits() -> None:
    assert conv(ETHOS_U55, WEIGHTS, c([0] * 8, "float32")) == "bias is FLOAT32; INT32 or INT64 is supported"
    assert conv(ETHOS_U55, WEIGHTS, t("INT32", (8,))) == "bias is not constant"
    assert conv(ETHOS_U55, WEIGHTS, c([[0] * 4] * 2)) == "bias has shape [2, 4]; one for each channel is needed"
    assert conv(ETHOS_U55, WEIGHTS, c([1 << 40] * 8, "int64")) == (
        "bias has value 1099511627776; up to 1099511627775 is supported"
    )
    assert conv(ETHOS_U85, WEIGHTS, c([1 << 40] * 8, "int64")) == ""


def test_the_weights_of_a_channel_do_not_add_up_to_too_much() -> None:
    deep = t(shape=(1, 1, 1, 80000))
    heavy = c(np.full((1, 1, 1, 80000), -128), "int8", zero_point=0)
    made = t(shape=(1, 1, 1, 1))
    reason = "weights of a channel add up to 10240000; 8323072 is supported"
    assert said(ETHOS_U55, "CONV_2D", [deep, heavy], [made], CONV) == reason
    assert said(ETHOS_U85, "CONV_2D", [deep, heavy], [made], CONV) == reason
    wide = t("INT16", (1, 1, 1, 80000))
    assert said(ETHOS_U55, "CONV_2D", [wide, heavy], [made], CONV) == reason
    assert said(ETHOS_U85, "CONV_2D", [wide, heavy], [made], CONV) == ""
    light = c(np.ones((1, 1, 1, 80000)), "int8")
    assert said(ETHOS_U55, "CONV_2D", [deep, light], [made], CONV) == ""
    none = c(np.full((1, 1, 1, 80000), 100), "int8", zero_point=100)
    assert said(ETHOS_U55, "CONV_2D", [deep, none], [made], CONV) == ""


def test_the_weights_of_a_depthwise_channel_are_added_up_over_its_window() -> None:
    x = t(shape=(1, 300, 300, 2))
    kernel = np.zeros((1, 300, 300, 2))
    kernel[..., 1] = -100
    made = t(shape=(1, 1, 1, 2))
    options = {**CONV, "depth_multiplier": 1, "padding": "VALID"}
    weights = c(kernel, "int8", scale=[0.1, 0.1], zero_point=[0, 0], axis=3)
    assert said(ETHOS_U55, "DEPTHWISE_CONV_2D", [x, weights], [made], options) == (
        "weights of a channel add up to 9000000; 8323072 is supported"
    )
    same = c(kernel, "int8", scale=[0.1, 0.1], zero_point=[0, -100], axis=3)
    assert said(ETHOS_U55, "DEPTHWISE_CONV_2D", [x, same], [made], options) == ""


def test_weights_that_cannot_be_read_say_nothing() -> None:
    short = {"array": np.ones(8, np.int8), "shape": (1, 1, 1, 80000), "scale": 0.5}
    assert said(ETHOS_U55, "CONV_2D", [t(shape=(1, 1, 1, 80000)), short], [t()], CONV) == ""
    assert conv(ETHOS_U55, t(shape=(8, 3, 3, 8))) == ""
    empty = {"array": np.ones(8, np.int8), "shape": (0, 1, 1, 8), "scale": 0.5}
    assert conv(ETHOS_U55, empty) == ""


def test_a_fused_activation_is_asked_as_an_op_of_its_own() -> None:
    assert conv(ETHOS_U55, WEIGHTS, fused_activation_function="RELU6") == ""
    assert conv(ETHOS_U55, WEIGHTS, fused_activation_function="SIGN_BIT") == (
        "fused activation SIGN_BIT is not supported"
    )
    channels = t(scale=[0.5] * 8, axis=3)
    assert conv(ETHOS_U55, WEIGHTS, out=channels) == ""
    assert conv(ETHOS_U55, WEIGHTS, out=channels, fused_activation_function="RELU") == (
        "fused activation RELU: 'y0' has a scale for each channel; one scale is supported here"
    )
    wide = [t("INT32"), t("INT32")]
    assert said(ETHOS_U55, "ADD", wide, [t("INT32")], {"fused_activation_function": "RELU"}) == (
        "fused activation RELU: input is INT32; 32-bit feature maps are not supported here"
    )


def test_large_strides_on_u55_move_without_padding_and_dilation() -> None:
    x, w = t(shape=(1, 32, 32, 8)), c(np.ones((8, 5, 5, 8)), "int8")
    made = t(shape=(1, 8, 8, 8))

    def asked(**options: Any) -> str:
        return said(ETHOS_U55, "CONV_2D", [x, w], [made], {**CONV, "stride_w": 4, "stride_h": 4, **options})

    assert asked() == "its stride is 4x4; with padding up to 3 is supported"
    assert asked(padding="VALID") == ""
    assert asked(padding="VALID", dilation_h_factor=2) == "its stride is 4x4; with dilation up to 3 is supported"
    assert said(ETHOS_U55, "CONV_2D", [x, w], [t(shape=(1, 1, 1, 8))], {**CONV, "stride_w": 9, "stride_h": 9}) == ""
    assert said(ETHOS_U85, "CONV_2D", [x, w], [made], {**CONV, "stride_w": 4, "stride_h": 4}) == ""
    fits = c(np.ones((8, 4, 4, 8)), "int8")  # SAME adds nothing
    assert said(ETHOS_U55, "CONV_2D", [x, fits], [made], {**CONV, "stride_w": 4, "stride_h": 4}) == ""


def test_depthwise_strides_on_u55_are_up_to_3() -> None:
    w = c(np.ones((1, 3, 3, 8)), "int8")
    options = {**CONV, "stride_w": 4, "depth_multiplier": 1}
    assert said(ETHOS_U55, "DEPTHWISE_CONV_2D", [t(), w], [t()], options) == "its stride is 1x4; up to 3 is supported"
    assert said(ETHOS_U55, "DEPTHWISE_CONV_2D", [t(), w], [t()], {**options, "stride_w": 3}) == ""


def pool(target: Target, kind: str, window: tuple[int, int], padding: str, size: int = 512) -> str:
    options = {"padding": padding, "stride_w": 1, "stride_h": 1, "filter_height": window[0], "filter_width": window[1]}
    x = t(shape=(1, size, size, 8))
    return said(target, kind, [x], [x], options)


def test_windows_of_pools() -> None:
    for target in (ETHOS_U55, ETHOS_U85):
        assert pool(target, "AVERAGE_POOL_2D", (8, 8), "SAME") == ""
        assert pool(target, "AVERAGE_POOL_2D", (9, 8), "SAME") == "its padded window is 9x8; up to 8x8 is supported"
        assert pool(target, "AVERAGE_POOL_2D", (256, 256), "VALID") == ""
        assert pool(target, "MAX_POOL_2D", (9, 9), "SAME") == ""
        assert pool(target, "MAX_POOL_2D", (257, 1), "VALID") == (
            "its window is 257x1; a height of up to 256 and an area of up to 65536 is supported"
        )
    assert said(ETHOS_U55, "MAX_POOL_2D", [t()], [t()], None) == ""


TCONV = {"padding": "SAME", "stride_w": 2, "stride_h": 2}


def tconv(target: Target, read: Sequence[int], window: tuple[int, int], made: Sequence[int], **options: Any) -> str:
    weights = c(np.ones((4, *window, 8)), "int8")
    ins = [c(made), weights, t(shape=read)]
    return said(target, "TRANSPOSE_CONV", ins, [t(shape=made)], {**TCONV, **options})


def test_transposed_convolutions() -> None:
    assert tconv(ETHOS_U55, IMAGE, (2, 2), (1, 8, 8, 4)) == ""
    assert tconv(ETHOS_U55, IMAGE, (3, 3), (1, 9, 9, 4), padding="VALID") == ""
    assert tconv(ETHOS_U55, IMAGE, (3, 3), (1, 8, 8, 4), padding="VALID") == "its output is 8x8; 9x9 is supported"
    assert tconv(ETHOS_U55, IMAGE, (2, 2), (1, 7, 8, 4)) == "its output is 7x8; 8x8 is supported"
    assert tconv(ETHOS_U55, IMAGE, (2, 2), (1, 12, 12, 4), stride_w=3, stride_h=3) == (
        "its stride is 3x3; 1x1 or 2x2 is supported"
    )
    assert tconv(ETHOS_U85, IMAGE, (2, 2), (1, 12, 12, 4), stride_w=3, stride_h=3) == ""
    assert tconv(ETHOS_U55, (1, 1, 4, 8), (1, 2), (1, 1, 8, 4), stride_h=1) == ""
    assert tconv(ETHOS_U55, (1, 4, 1, 8), (2, 1), (1, 8, 1, 4), stride_w=1) == ""
    assert "its stride is 1x2" in tconv(ETHOS_U55, IMAGE, (1, 2), (1, 4, 8, 4), stride_h=1)


def fully(target: Target, x: Spec, weights: Spec) -> str:
    return said(target, "FULLY_CONNECTED", [x, weights], [t(shape=(1, 4))], {})


def test_fully_connected_weights_have_two_dimensions() -> None:
    x = t(shape=(1, 8))
    assert fully(ETHOS_U55, x, c(np.ones((4, 8)), "int8")) == ""
    assert fully(ETHOS_U55, x, c(np.ones((4, 1, 1, 8)), "int8")) == ""
    assert fully(ETHOS_U55, x, c(np.ones((4, 2, 1, 8)), "int8")) == (
        "weights have shape [4, 2, 1, 8]; two dimensions are supported"
    )


def test_products_with_two_variables_on_u55() -> None:
    assert fully(ETHOS_U55, t(shape=(1, 8)), t(shape=(4, 8))) == ""
    reason = "input is INT16, and weights are not constant; INT8 is supported"
    assert fully(ETHOS_U55, t("INT16", (1, 8)), t(shape=(4, 8))) == reason
    assert said(ETHOS_U55, "BATCH_MATMUL", [t("INT16"), t("INT16")], [t("INT16")], {}) == reason
    assert said(ETHOS_U85, "BATCH_MATMUL", [t("INT16"), t("INT16")], [t("INT16")], {}) == ""
    deep, out = t(shape=(1, 1, 70000)), t(shape=(1, 1, 4))
    assert said(ETHOS_U55, "BATCH_MATMUL", [deep, t(shape=(1, 70000, 4))], [out], {}) == (
        "its inner dimension is 70000; up to 65536 is supported"
    )
    assert said(ETHOS_U55, "BATCH_MATMUL", [t(shape=(1, 1, 4)), t(shape=(1, 4, 70000))], [deep], {}) == (
        "its last dimension is 70000; up to 65536 is supported"
    )
    tall = t(shape=(1, 70000, 4))
    assert "inner dimension" in said(ETHOS_U55, "BATCH_MATMUL", [tall, t()], [out], {"adj_x": True})


def test_types_of_single_ops() -> None:
    assert said(ETHOS_U55, "ELU", [t("INT16")], [t("INT16")]) == "input is INT16; INT8 is supported"
    assert said(ETHOS_U55, "GELU", [t()], [t("UINT8")], {}) == (
        "input is INT8 and output UINT8; equal types are supported"
    )
    assert said(ETHOS_U55, "LOG", [t("INT16")], [t("INT16")]) == ""
    assert said(ETHOS_U55, "RSQRT", [t("UINT8")], [t("UINT8")]) == "input is UINT8; INT8 or INT16 is supported"
    assert said(ETHOS_U55, "ELU", [t(shape=(1, 8))], [t(shape=(8,))]) == (
        "input has shape [1, 8] and output [8]; equal ones are supported"
    )


def test_minimum_and_maximum_want_one_scale() -> None:
    assert said(ETHOS_U55, "MAXIMUM", [t(), t()], [t()]) == ""
    assert said(ETHOS_U55, "MAXIMUM", [t(), t(scale=0.25)], [t()]) == "inputs and output differ in scale or zero point"
    assert said(ETHOS_U85, "MINIMUM", [t("INT32"), t("INT32")], [t("INT32")]) == ""


def test_softmax_is_limited_in_rows() -> None:
    assert said(ETHOS_U55, "SOFTMAX", [t()], [t()], {"beta": 1.0}) == ""
    wide = t(shape=(1, 300, 300, 2))
    assert said(ETHOS_U55, "SOFTMAX", [wide], [wide], {"beta": 1.0}) == "it has 90000 rows; up to 65536 are supported"


def test_paddings_are_constant_integers() -> None:
    amounts, made = [[0, 0], [1, 1], [1, 1], [0, 0]], t(shape=(1, 6, 6, 8))
    assert said(ETHOS_U55, "PAD", [t(), c(amounts)], [made], {}) == ""
    assert said(ETHOS_U55, "PAD", [t(), c(amounts, "int16")], [made], {}) == (
        "paddings are INT16; INT32 or INT64 is supported"
    )
    assert said(ETHOS_U55, "PAD", [t(), t("INT32", (4, 2))], [made], {}) == "'x1' is not constant"
    assert said(ETHOS_U55, "PAD", [t()], [made], {}) == "it has no paddings"


def mean(dtype: str, shape: Sequence[int], *axes: int, axis_tensor: Spec | None = None) -> str:
    made = t(dtype, [1 if at in axes else size for at, size in enumerate(shape)])
    return said(ETHOS_U55, "MEAN", [t(dtype, shape), axis_tensor or c(axes)], [made], {"keep_dims": True})


def test_mean() -> None:
    assert mean("INT8", IMAGE, 1, 2) == ""
    assert mean("INT8", (2, 4, 4, 8), 1, 2) == "its batch is 2; 1 is supported"
    assert mean("INT8", IMAGE, -1) == (
        "it reduces the last dimension of [1, 4, 4, 8]; with a height, width or depth of 1 that is supported"
    )
    assert mean("INT8", (1, 1, 4, 8), 3) == ""
    assert mean("INT8", (1, 5000, 4, 8), 1) == "it reduces a dimension of 5000; up to 4096 is supported"
    assert mean("INT16", (1, 300, 300, 8), 1, 2) == "it reduces 90000 elements; up to 65536 is supported"
    assert mean("INT8", (1, 300, 300, 8), 1, 2) == ""
    assert mean("INT32", IMAGE, 1) == "input is INT32; 32-bit feature maps are not supported here"
    assert mean("INT8", IMAGE, 7) == "? its axes cannot be read"
    short = {"array": np.zeros(1, np.int32), "shape": (9,)}
    assert mean("INT8", IMAGE, axis_tensor=short) == "? its axes cannot be read"
    assert mean("INT8", (4, 8), 0) == ""


def sliced(shape: Sequence[int], begin: Any, end: Any, strides: Any, **options: Any) -> str:
    ins = [t(shape=shape), c(begin), c(end), c(strides)]
    return said(ETHOS_U55, "STRIDED_SLICE", ins, [t()], options)


def test_strided_slices_take_a_box() -> None:
    assert sliced(IMAGE, [0, 1, 0, 0], [1, 3, 4, 8], [1, 1, 1, 1]) == ""
    assert sliced(IMAGE, [0, 0, 0, 0], [1, 4, 4, 8], [1, 2, 2, 1]) == ""
    assert sliced(IMAGE, [0, 0, 0, 0], [1, 4, 4, 8], [1, 1, 1, 2]) == (
        "its strides are [1, 1, 1, 2]; along height and width alone they may differ from 1"
    )
    assert sliced(IMAGE, [0, 3, 0, 0], [1, 0, 4, 8], [1, -1, 1, 1]) == (
        "its strides are [1, -1, 1, 1]; 0 or more is supported"
    )
    assert sliced((8,), [-3], [-1], [1]) == ""
    assert sliced((8,), [5], [2], [1]) == "what it takes has shape [-3]"
    assert sliced(IMAGE, [0, 1], [1, 2], [1, 1], shrink_axis_mask=2) == ""
    assert sliced(IMAGE, [0, 1], [0, 3], [1, 1], begin_mask=1, end_mask=3) == ""
    assert sliced(IMAGE, [0, 2], [0, 4], [1, 1], ellipsis_mask=1) == ""
    assert sliced((8,), [0] * 3, [1] * 3, [1] * 3) == "? its begin, end and strides are more than its dimensions"
    short = {"array": np.zeros(1, np.int32), "shape": (9,)}
    assert said(ETHOS_U55, "STRIDED_SLICE", [t(), short, c([1]), c([1])], [t()], {}) == (
        "? its begin, end or strides cannot be read"
    )
    assert said(ETHOS_U55, "STRIDED_SLICE", [t(), c([0])], [t()], {}) == "? its begin, end or strides cannot be read"


def test_splits_make_as_many_parts_as_they_say() -> None:
    half = t(shape=(1, 4, 4, 4))
    assert said(ETHOS_U55, "SPLIT", [c(3), t()], [half, half], {"num_splits": 2}) == ""
    assert said(ETHOS_U55, "SPLIT", [c(3), t()], [half, half], {"num_splits": 4}) == (
        "num_splits is 4, and it has 2 outputs"
    )


def test_lstms_are_plain() -> None:
    weights, bias = c(np.ones((4, 4)), "int8"), c([0] * 4)
    state = t(shape=(1, 4), is_variable=True)
    full: list[Spec | None] = [t(shape=(1, 2, 4)), *[weights] * 8, *[None] * 3, *[bias] * 4, *[None] * 2]
    full += [state, state, *[None] * 4]
    made = [t(shape=(1, 2, 4))]

    def asked(slot: int, tensor: Spec | None) -> str:
        return said(ETHOS_U55, "UNIDIRECTIONAL_SEQUENCE_LSTM", [*full[:slot], tensor, *full[slot + 1 :]], made, {})

    assert asked(0, full[0]) == ""
    assert asked(1, None) == "a gate has no weights (CIFG)"
    assert asked(9, weights) == "it has peephole tensors"
    assert asked(17, bias) == "it has projection tensors"
    assert asked(20, bias) == "it has layer normalization tensors"


def test_argmax_on_u55_looks_along_a_short_last_dimension() -> None:
    index = t("INT32", (1, 4, 4))
    assert said(ETHOS_U55, "ARG_MAX", [t(), c(3)], [index], {}) == ""
    assert said(ETHOS_U55, "ARG_MAX", [t(), c(-1, "int64")], [t("INT64", (1, 4, 4))], {}) == ""
    assert (
        said(ETHOS_U55, "ARG_MAX", [t(), c(1)], [index], {}) == "its axis is 1 of 4 dimensions; the last is supported"
    )
    assert said(ETHOS_U55, "ARG_MAX", [t(shape=(1, 200)), c(1)], [t("INT32", (1,))], {}) == (
        "its last dimension is 200; up to 127 is supported"
    )
    assert said(ETHOS_U55, "ARG_MAX", [t(), t("INT32", (1,))], [index], {}) == "? its axis cannot be read"
    assert said(ETHOS_U85, "ARG_MAX", [t(), c(1)], [index], {}) == ""


def test_reverse_is_taken_on_u85_alone() -> None:
    assert said(ETHOS_U85, "REVERSE_V2", [t(), c([1, 2])], [t()], {}) == ""
    assert said(ETHOS_U55, "REVERSE_V2", [t(), c([1, 2])], [t()], {}) == (
        "it reverses dimensions [1, 2]; none is supported"
    )
    none = {"array": np.zeros(1, np.int32), "shape": (0,)}
    assert said(ETHOS_U55, "REVERSE_V2", [t(), none], [t()], {}) == ""


def transposed(shape: Sequence[int], *order: int, dtype: str = "INT8", target: Target = ETHOS_U55) -> str:
    made = t(dtype, [shape[each] for each in order if -len(shape) <= each < len(shape)])
    return said(target, "TRANSPOSE", [t(dtype, shape), c(order)], [made], {})


def test_transposes() -> None:
    assert transposed(IMAGE, 0, 3, 1, 2) == ""
    assert transposed(IMAGE, 3, 0, 1, 2) == ""
    assert transposed((1, 70000, 2, 2), 0, 1, 2, 3) == ""
    assert transposed((1, 70000, 2, 2), 0, 2, 1, 3) == "it permutes a dimension of 70000; up to 65536 is supported"
    assert transposed((2, 70000, 2, 2), 0, 2, 1, 3) == (
        "it permutes [2, 70000, 2, 2]; without any two dimensions up to 65536 elements are supported"
    )
    assert transposed((0, 4, 4, 4), 3, 0, 1, 2) == ""
    assert transposed((2, 3), 1, 0, target=ETHOS_U85) == ""
    assert transposed([1] * 9, *range(9)) == "it permutes 9 dimensions; up to 8 are supported"
    assert said(ETHOS_U55, "TRANSPOSE", [t(), {"array": np.zeros(1, np.int32), "shape": (4,)}], [t()], {}) == (
        "? its permutation cannot be read"
    )
    assert said(ETHOS_U55, "TRANSPOSE", [t()], [t()], {}) == "it permutes 0 dimensions; up to 8 are supported"


def test_transposes_of_32_bits_on_u55() -> None:
    assert transposed(IMAGE, 0, 2, 1, 3, dtype="INT32") == ""
    assert transposed(IMAGE, 0, 1, 3, 2, dtype="INT32") == ""
    assert transposed(IMAGE, 0, 1, 2, 3, dtype="INT32") == ""
    assert "in an order that is not supported" in transposed(IMAGE, 0, 3, 1, 2, dtype="INT32")
    assert transposed((1, 1, 1, 40000), 0, 1, 2, 3, dtype="INT32").startswith("it permutes INT32 of shape")
    assert transposed((2, 4, 4, 4), 0, 2, 1, 3, dtype="INT32").startswith("it permutes INT32 of shape [2, 4, 4, 4]")
    assert transposed([1] * 5, 0, 1, 2, 3, 4, dtype="INT32") == (
        "it permutes 5 dimensions of INT32; up to 4 are supported"
    )


def resized(
    target: Target, read: tuple[int, int], made: tuple[int, int], kind: str = "RESIZE_BILINEAR", **options: Any
) -> str:
    x, y = t(shape=(1, *read, 8)), t(shape=(1, *made, 8))
    return said(target, kind, [x, c(made)], [y], options)


def test_resizes_on_u55() -> None:
    for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        assert resized(ETHOS_U55, (4, 4), (8, 8), kind) == ""
        assert resized(ETHOS_U55, (1, 1), (7, 9), kind) == ""
        assert resized(ETHOS_U55, (4, 4), (13, 13), kind, align_corners=True) == ""
        assert resized(ETHOS_U55, (4, 4), (12, 12), kind) == "scale 3x; 2x, 4x or 8x is supported"
        assert resized(ETHOS_U55, (4, 4), (8, 16), kind) == (
            "it scales 2x in height and 4x in width; equal factors are supported"
        )
        assert resized(ETHOS_U55, (1, 4), (1, 8), kind) == ""
    assert resized(ETHOS_U55, (4, 4), (4, 4)) == ""
    centers: dict[str, Any] = {"half_pixel_centers": True}
    assert resized(ETHOS_U55, (4, 4), (4, 4), **centers) == "it keeps the size with half_pixel_centers"
    assert resized(ETHOS_U55, (4, 4), (16, 16), **centers) == "scale 4x; 2x is supported"
    assert resized(ETHOS_U55, (4, 4), (16, 16), "RESIZE_NEAREST_NEIGHBOR", **centers) == ""
    assert resized(ETHOS_U55, (1, 4), (1, 8), **centers).startswith("it scales 1x in height")
    assert resized(ETHOS_U55, (4, 1), (4, 2), align_corners=True).startswith("it scales 1x in height and infx")
    assert resized(ETHOS_U55, (1, 4), (1, 7), align_corners=True) == ""


def test_resizes_on_u85() -> None:
    assert resized(ETHOS_U85, (4, 4), (16, 8)) == ""
    assert resized(ETHOS_U85, (4, 4), (12, 12)) == "it scales width by 12/4; powers of two are supported"
    assert resized(ETHOS_U85, (4, 4), (12, 12), "RESIZE_NEAREST_NEIGHBOR") == ""
    assert resized(ETHOS_U85, (1, 1), (7, 9)) == ""
    assert resized(ETHOS_U85, (3, 3), (5, 5), align_corners=True) == ""
    assert resized(ETHOS_U85, (4, 4), (8, 8), align_corners=True, half_pixel_centers=True) == (
        "it has both align_corners and half_pixel_centers"
    )
    assert resized(ETHOS_U85, (1, 1), (1, 3000)) == "it scales width by 3000/1; up to 2048 is supported"
    assert resized(ETHOS_U85, (1, 1), (1, 1500), "RESIZE_NEAREST_NEIGHBOR") == (
        "it scales width by 1500/1; up to 1024 is supported"
    )


def test_gather_follows_the_batch_dimensions() -> None:
    places = c([0, 1])
    assert said(ETHOS_U85, "GATHER", [t(), places], [t()], {"axis": 0}) == ""
    assert said(ETHOS_U85, "GATHER", [t(), places], [t()], {"axis": -4}) == ""
    assert said(ETHOS_U85, "GATHER", [t(), places], [t()], {"axis": 1}) == (
        "its axis is 1 and its batch_dims 0; equal ones are supported"
    )


def test_scatter_has_constant_places_that_occur_once() -> None:
    def asked(places: Spec, shape: Spec) -> str:
        return said(ETHOS_U85, "SCATTER_ND", [places, t(shape=(2, 4)), shape], [t(shape=(3, 4))], {})

    assert asked(c([[1], [0]]), c([3, 4])) == ""
    assert asked(c([[1], [1]]), c([3, 4])) == "an index occurs twice"
    assert asked(c([[0, 1], [1, 0]]), c([3, 4])) == "indices have shape [2, 2]; a last dimension of 1 is supported"
    assert asked(t("INT32", (2, 1)), c([3, 4])) == "indices or shape are not constant"
    assert asked(c([[1], [0]]), t("INT32", (2,))) == "indices or shape are not constant"
    short = {"array": np.zeros(1, np.int32), "shape": (2, 1)}
    assert asked(short, c([3, 4])) == "? its indices cannot be read"


def test_variables_on_u85() -> None:
    handle = t("RESOURCE", (1,))
    assert said(ETHOS_U85, "READ_VARIABLE", [handle], [t()], {}) == ""
    assert said(ETHOS_U85, "ASSIGN_VARIABLE", [handle, t()], [], {}) == ""
    assert said(ETHOS_U85, "ASSIGN_VARIABLE", [handle], [], {}) == "it has no value"
    assert said(ETHOS_U85, "READ_VARIABLE", [handle], [t("FLOAT32")], {}).startswith("its value is FLOAT32")
    assert "not among the ops" in said(ETHOS_U55, "READ_VARIABLE", [handle], [t()], {})
