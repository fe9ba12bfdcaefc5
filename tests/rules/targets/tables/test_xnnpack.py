"""What the table of xnnpack says of single ops, and of ops that depend on each other."""

import struct
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from tflint.analysis.placement import Placement, place
from tflint.model import DType, Format, Graph, Model, Op, QuantParams, Tensor
from tflint.target import Kind, Layer
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.xnnpack import TARGET

FLOATS = "FLOAT32, FLOAT16, or INT8 or UINT8 with one scale is supported"
SLICED = "input is INT8 with a scale for each slice of dimension 1"
ONE: dict[str, Any] = {"scale": 0.1}
PER_CHANNEL: dict[str, Any] = {"scale": [0.1] * 4, "axis": 0}


class Single(GraphBuilder):
    """A model of one op: inputs, constants and outputs are added as they come."""

    def x(self, shape: Sequence[int | None] = (1, 4), dtype: str = "FLOAT32", **more: Any) -> int:
        return self.input(f"x{len(self.graph['tensors'])}", shape, dtype, **more)

    def c(self, shape: Sequence[int], dtype: str = "FLOAT32", **more: Any) -> int:
        size = (int(np.prod(shape, dtype=int)) * (DType(dtype).bits or 8) + 7) // 8  # type: ignore[call-arg]
        return self.constant(
            f"c{len(self.graph['tensors'])}", np.zeros(size, np.uint8), dtype, shape=tuple(shape), **more
        )

    def ints(self, *values: int, shape: tuple[int, ...] | None = None, dtype: str = "int32") -> int:
        array = np.array(values, dtype)
        return self.constant(f"s{len(self.graph['tensors'])}", array if shape is None else array.reshape(shape))

    def y(self, shape: Sequence[int] = (1, 4), dtype: str = "FLOAT32", **more: Any) -> int:
        made = self.tensor(f"y{len(self.graph['tensors'])}", shape, dtype, **more)
        self.output(made)
        return made


def placed(g: GraphBuilder) -> Placement:
    return place(TARGET, model(g).graphs[0])


def said(
    g: Single, kind: str, inputs: Sequence[int], outputs: int | Sequence[int], options: Any = None, **more: Any
) -> str:
    """What the table says of an op that is added last; nothing where it takes it, ? before it where it cannot tell."""
    g.op(kind, inputs, outputs, options, **more)
    verdict = placed(g).verdicts[-1]
    prefix = {True: "", False: "", None: "? "}[verdict.supported]
    assert (verdict.supported is True) == (verdict.reason == "")
    return prefix + verdict.reason.removeprefix(f"{kind}: ")


def test_it_is_a_delegate_with_a_source_and_without_limits() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert "f67457790" in TARGET.source.text
    assert TARGET.limits.max_partitions is None


def test_an_op_that_is_not_listed_is_refused() -> None:
    g = Single()
    g.op("EXPAND_DIMS", [g.x(), g.ints(0)], g.y())
    verdict = placed(g).verdicts[0]
    assert (verdict.layer, verdict.reason) == (Layer.LISTED, "EXPAND_DIMS is not among the ops of xnnpack")


@pytest.mark.parametrize(
    ("dtype", "more", "expected"),
    [
        ("FLOAT16", {}, ""),
        ("INT8", ONE, "input is INT8 with one scale; FLOAT32 or FLOAT16 is supported"),
        ("INT16", ONE, "input is INT16; FLOAT32 or FLOAT16 is supported"),
        ("BOOL", {}, "input is BOOL; FLOAT32 or FLOAT16 is supported"),
    ],
)
def test_float_ops_take_no_integers(dtype: str, more: dict[str, Any], expected: str) -> None:
    g = Single()
    assert said(g, "RELU", [g.x(dtype=dtype, **more)], g.y(dtype=dtype, **more)) == expected


@pytest.mark.parametrize(
    ("dtype", "more", "expected"),
    [
        ("INT8", ONE, ""),
        ("UINT8", {"scale": 0.1, "zero_point": 128}, ""),
        ("INT8", {}, f"input is INT8 without a scale; {FLOATS}"),
        (
            "INT8",
            {"scale": [0.1] * 4, "axis": 1},
            f"input is INT8 with a scale for each slice of dimension 1; {FLOATS}",
        ),
        ("INT8", {"scale": 0.1, "axis": 1}, f"input is INT8 with one scale on dimension 1; {FLOATS}"),
        (
            "INT8",
            {"quantization": {"details": ("BlockwiseQuantization", {"scales": 0, "block_size": 32})}},
            f"input is INT8 with BlockwiseQuantization; {FLOATS}",
        ),
    ],
)
def test_8_bit_tensors_have_one_scale_for_the_whole(dtype: str, more: dict[str, Any], expected: str) -> None:
    g = Single()
    assert said(g, "TANH", [g.x(dtype=dtype, **more)], g.y(dtype="INT8", **ONE)) == expected


def test_an_element_type_that_nobody_knows_is_unknown() -> None:
    g = Single()
    x = g.x()
    g.graph["tensors"][x]["type"] = 99
    assert said(g, "TANH", [x], g.y()) == "? input has an element type that is newer than tflint"


def test_a_tensor_has_at_most_six_dimensions_and_none_of_size_0() -> None:
    g = Single()
    assert said(g, "ABS", [g.x([1] * 6)], g.y([1] * 6)) == ""
    g = Single()
    assert said(g, "ABS", [g.x([1] * 7)], g.y([1] * 7)) == "input has 7 dimensions; at most 6 are supported"
    g = Single()
    assert said(g, "ABS", [g.x([1, 0])], g.y([1, 0])) == "input has a dimension of size 0"
    g = Single()
    assert said(g, "TRANSPOSE", [g.x([]), g.ints()], g.y([])) == "input has 0 dimensions; 1 to 6 are supported"


def test_dynamic_dimensions_are_taken() -> None:
    g = Single()
    assert said(g, "ABS", [g.x([None, 4])], g.y()) == ""


def test_what_is_not_there_is_refused() -> None:
    g = Single()
    assert said(g, "ABS", [-1], g.y()) == "it has no input"
    g = Single()
    assert said(g, "ABS", [g.x()], []) == "it has no output"
    g = Single()
    assert said(g, "ABS", [g.x(), g.x()], g.y()) == "it has 2 inputs; 1 is supported"
    g = Single()
    assert said(g, "MEAN", [g.x(), -1], g.y(), {}) == "it has no axis"


def test_two_inputs_and_the_output_have_one_type() -> None:
    g = Single()
    assert said(g, "ADD", [g.x(), g.x()], g.y(), {}) == ""
    g = Single()
    mixed = said(g, "ADD", [g.x(), g.x(dtype="FLOAT16")], g.y(), {})
    assert mixed == "its element types differ: FLOAT16, FLOAT32"


def test_a_fused_activation_is_a_clamp() -> None:
    g = Single()
    assert said(g, "ADD", [g.x(), g.x()], g.y(), {"fused_activation_function": "RELU6"}) == ""
    g = Single()
    assert (
        said(g, "ADD", [g.x(), g.x()], g.y(), {"fused_activation_function": "TANH"})
        == "fused_activation_function is TANH; NONE, RELU, RELU_N1_TO_1 or RELU6 is supported"
    )


def test_scales_of_a_sum_are_near_each_other() -> None:
    def add(first: float, second: float, out: float) -> str:
        g = Single()
        inputs = [g.x(dtype="INT8", scale=first), g.x(dtype="INT8", scale=second)]
        return said(g, "ADD", inputs, g.y(dtype="INT8", scale=out), {})

    assert add(0.1, 0.2, 0.3) == ""
    assert add(0.1, 256, 1) == "scale of input 1 is 256 times that of the output; 1/1024 to less than 256 is supported"
    assert add(0.0005, 1, 1).startswith("scale of input 0 is 0.0005 times that of the output")
    assert add(1, 1, 0).startswith("scale of input 0 is inf times")
    assert add(0, 0, 0) == ""  # no number is not too small
    assert add(3e38, 1, 1e-30).startswith("scale of input 0 is inf times")


def test_scales_of_a_product_are_near_that_of_the_output() -> None:
    def mul(first: float, out: float) -> str:
        g = Single()
        inputs = [g.x(dtype="INT8", scale=first), g.x(dtype="INT8", scale=1)]
        return said(g, "MUL", inputs, g.y(dtype="INT8", scale=out), {})

    assert mul(1, 1) == ""
    assert (
        mul(300, 1)
        == "product of the input scales is 300 times that of the output; 1/65536 to less than 256 is supported"
    )


def test_the_slope_of_prelu_is_constant() -> None:
    g = Single()
    assert said(g, "PRELU", [g.x(), g.x([4])], g.y()) == "slope is not constant"
    g = Single()
    assert said(g, "PRELU", [g.x(), g.c([4])], g.y()) == ""


def test_a_constant_of_another_file_is_unknown() -> None:
    g = Single()
    slope = g.tensor("slope", [4], external_buffer=1)
    assert said(g, "PRELU", [g.x(), slope], g.y()) == "? slope lives in another file"


def test_leaky_relu_has_a_slope_that_its_scales_fit() -> None:
    def leaky(alpha: float, scale: float | None = None) -> str:
        g = Single()
        more: dict[str, Any] = {} if scale is None else {"dtype": "INT8", "scale": 1.0}
        made: dict[str, Any] = {} if scale is None else {"dtype": "INT8", "scale": scale}
        return said(g, "LEAKY_RELU", [g.x(**more)], g.y(**made), {"alpha": alpha})

    assert leaky(0.1) == ""
    assert leaky(0.0) == "alpha is 0; a number other than 0 is supported"
    assert leaky(0.5, 1.0) == ""
    assert leaky(0.5, 1000.0) == "scale of the input is 0.001 times that of the output; 1/256 to 128 is supported"
    assert leaky(1000.0, 1.0) == "alpha times the ratio of its scales is 1e+03; 1/256 to 128 in size is supported"
    assert leaky(0.5, 0.0) == ""


def test_quantize_starts_from_a_float_or_its_own_type() -> None:
    def quantize(source: tuple[str, float], made: tuple[str, float]) -> str:
        g = Single()
        inputs = [g.x(dtype=source[0], scale=source[1] or None)]
        return said(g, "QUANTIZE", inputs, g.y(dtype=made[0], scale=made[1]))

    assert quantize(("FLOAT32", 0), ("INT8", 0.1)) == ""
    assert quantize(("INT8", 0.1), ("INT8", 0.2)) == ""
    assert quantize(("INT8", 0.1), ("UINT8", 0.2)) == (
        "it turns INT8 into UINT8; the same type, or from a float, is supported"
    )
    assert quantize(("INT8", 0.1), ("INT8", -0.2)) == "output has a scale that is not a positive number"
    assert quantize(("INT8", 1.0), ("INT8", 1e-3)).startswith("scale of the input is 1e+03 times")


def test_dequantize_reads_8_bits() -> None:
    g = Single()
    assert said(g, "DEQUANTIZE", [g.x(dtype="INT8", **ONE)], g.y()) == ""
    g = Single()
    refused = said(g, "DEQUANTIZE", [g.x(dtype="FLOAT16")], g.y())
    assert refused == "input is FLOAT16; INT8 or UINT8 with one scale is supported"


def pool(kind: str = "MAX_POOL_2D", **options: Any) -> str:
    g = Single()
    window = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2} | options
    return said(g, kind, [g.x([1, 4, 4, 2])], g.y([1, 2, 2, 2]), window)


def test_the_stride_of_pooling_is_not_larger_than_its_window() -> None:
    assert pool() == ""
    assert pool(stride_h=3) == "stride_h is 3 and filter_height 2; a stride that is not larger is supported"
    assert pool(stride_w=0) == "stride_w is 0; a positive number is supported"
    g = Single()
    assert (
        said(g, "MAX_POOL_2D", [g.x([1, 4, 4, 2])], g.y([1, 2, 2, 2]))
        == "stride_w is 0; a positive number is supported"
    )
    assert pool(padding=7) == "its padding is neither SAME nor VALID"


def test_average_pooling_of_8_bits_stays_on_the_cpu() -> None:
    g = Single()
    refused = said(g, "AVERAGE_POOL_2D", [g.x(dtype="INT8", **ONE)], g.y(dtype="INT8", **ONE))
    assert refused == "input is INT8 with one scale; FLOAT32 or FLOAT16 is supported"


def conv(
    kind: str = "CONV_2D",
    *,
    source: tuple[str, dict[str, Any]] = ("FLOAT32", {}),
    kernel: tuple[str, dict[str, Any]] | None = ("FLOAT32", {}),
    bias: tuple[str, dict[str, Any]] | None = ("FLOAT32", {}),
    shape: Sequence[int] = (4, 1, 1, 4),
    channels: int = 4,
    **options: Any,
) -> str:
    g = Single()
    x = g.x([1, 8, 8, channels], source[0], **source[1])
    f = g.x(shape) if kernel is None else g.c(shape, kernel[0], **kernel[1])
    b = -1 if bias is None else g.c([4], bias[0], **bias[1])
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1} | options
    return said(g, kind, [x, f, b], g.y([1, 8, 8, 4], source[0], **source[1]), options)


def test_convolutions_of_one_type_or_with_8_bit_weights() -> None:
    assert conv() == ""
    assert conv(source=("INT8", ONE), kernel=("INT8", PER_CHANNEL), bias=("INT32", PER_CHANNEL)) == ""
    assert conv(source=("INT8", ONE), kernel=("INT8", ONE), bias=("INT32", ONE)) == ""
    assert conv(kernel=("INT8", PER_CHANNEL)) == ""
    assert conv(source=("UINT8", ONE), kernel=("UINT8", ONE), bias=("INT32", ONE)) == ""
    assert conv(kernel=("FLOAT16", {})) == (
        "input is FLOAT32, filter FLOAT16 and output FLOAT32; one type or FLOAT32 with an INT8 filter is supported"
    )


def test_the_weights_of_a_convolution() -> None:
    assert conv(kernel=None) == "filter is not constant"
    assert conv(kernel=("INT16", ONE)).startswith("filter is INT16; FLOAT32, FLOAT16, INT8 with scales")
    assert conv(kernel=("INT8", {})).startswith("filter is INT8 without a scale")
    assert conv(kernel=("INT8", {"scale": [0.1] * 4, "axis": 3})) == (
        "filter has a scale for each slice of dimension 3; 0 is supported"
    )
    assert conv(kernel=("INT8", {"scale": [0.1, 0.1, 0.1, 0.0]})) == "filter has a scale that is not a positive number"
    assert conv(kernel=("INT8", {"scale": [0.1] * 4, "zero_point": 1})) == "filter has zero point 1; 0 is supported"
    assert conv(kernel=("INT8", {"scale": 0.1, "zero_point": 300})) == (
        "filter has zero point 300; -128 to 127 is supported"
    )
    assert conv(kernel=("INT8", ONE), shape=[1] * 7) == "filter has 7 dimensions; at most 6 are supported"
    assert conv(shape=(4, 1, 4)) == "filter has 3 dimensions; 4 are supported"


def test_the_bias_of_a_convolution() -> None:
    assert conv(bias=None) == "it has no bias"
    assert conv(bias=("INT32", {})) == (
        "bias is INT32 without a scale; FLOAT32, FLOAT16, or INT32 with scales on dimension 0 is supported"
    )
    assert conv(kernel=("INT8", ONE), bias=("INT32", {"scale": 0.1, "zero_point": 1})) == (
        "bias has zero point 1; 0 is supported"
    )
    assert conv(kernel=("INT8", ONE), bias=("INT32", {"scale": [0.1] * 4, "zero_point": 1})) == ""
    assert conv(bias=("INT32", ONE)) == "filter is FLOAT32 and bias INT32; one type is supported"
    assert conv(bias=("FLOAT16", {})) == "filter is stored in FLOAT32 and bias in FLOAT16; one type is supported"
    assert conv(source=("FLOAT16", {}), kernel=("FLOAT16", {})) == ""
    assert conv(source=("FLOAT16", {}), kernel=("FLOAT16", {}), bias=("FLOAT16", {})) == ""


def test_a_bias_of_a_newer_element_type_is_unknown() -> None:
    g = Single()
    x, f, b = g.x([1, 8, 8, 4]), g.c([4, 1, 1, 4], "INT8", **ONE), g.c([4], "INT8")
    g.graph["tensors"][b]["type"] = 99
    options = {"stride_w": 1, "stride_h": 1}
    assert said(g, "CONV_2D", [x, f, b], g.y([1, 8, 8, 4]), options) == (
        "? bias has an element type that is newer than tflint"
    )


def test_the_options_and_channels_of_a_convolution() -> None:
    assert conv(stride_w=0) == "stride_w is 0; a positive number is supported"
    assert conv(dilation_h_factor=0) == "dilation_h_factor is 0; a positive number is supported"
    assert conv(channels=2) == "its filter reads 4 channels of the 2 of its input"
    assert conv(fused_activation_function="SIGN_BIT").startswith("fused_activation_function is SIGN_BIT")


def depthwise(**more: Any) -> str:
    return conv("DEPTHWISE_CONV_2D", shape=(1, 1, 1, 4), **{"depth_multiplier": 1, **more})


def test_depthwise_convolutions_have_one_type_and_whole_channels() -> None:
    assert depthwise() == ""
    assert depthwise(kernel=("INT8", {"scale": [0.1] * 4, "axis": 3})) == (
        "input is FLOAT32, filter INT8 and output FLOAT32; one type is supported"
    )
    assert depthwise(depth_multiplier=0) == "depth_multiplier is 0; a positive number is supported"
    assert depthwise(depth_multiplier=3) == "depth_multiplier is 3, which does not divide its 4 channels"


def dense(
    *,
    source: tuple[str, dict[str, Any]] = ("FLOAT32", {}),
    kernel: tuple[str, dict[str, Any]] = ("FLOAT32", {}),
    bias: int | None = 4,
    read: int = 8,
    version: int = 1,
    **options: Any,
) -> str:
    g = Single()
    x, f = g.x([1, read], source[0], **source[1]), g.c([4, read], kernel[0], **kernel[1])
    b = -1 if bias is None else g.c([bias])
    return said(g, "FULLY_CONNECTED", [x, f, b], g.y([1, 4], source[0], **source[1]), options, version=version)


def test_fully_connected_of_one_type_or_with_small_weights() -> None:
    assert dense() == ""
    assert dense(bias=None) == ""
    assert dense(kernel=("INT8", PER_CHANNEL)) == ""
    assert dense(kernel=("INT4", ONE)) == ""
    assert dense(kernel=("INT2", PER_CHANNEL)) == ""
    assert dense(source=("INT8", ONE), kernel=("INT4", PER_CHANNEL)) == ""
    assert dense(kernel=("UINT8", ONE)).startswith(
        "input is FLOAT32, filter UINT8 and output FLOAT32; one type or a float"
    )


def test_the_weights_of_fully_connected() -> None:
    def blocks(size: int, scales: int = 0) -> tuple[str, dict[str, Any]]:
        details = ("BlockwiseQuantization", {"scales": scales, "zero_points": -1, "block_size": size})
        return "INT4", {"quantization": {"details": details}}

    assert dense(kernel=blocks(32)) == ""
    assert dense(kernel=blocks(16)) == "filter has blocks of 16; a multiple of 32 is supported"
    assert dense(kernel=blocks(32, -1)) == "filter has blocks without scales"
    assert dense(kernel=("INT8", {})) == "filter is INT8 without a scale; scales, of blocks in INT4, are supported"
    assert dense(kernel=("INT8", {"scale": [0.1] * 8, "axis": 1})) == (
        "filter has a scale for each slice of dimension 1; 0 is supported"
    )
    assert dense(kernel=("INT2", ONE)) == "filter is INT2 with one scale; one for each channel is supported"
    assert dense(kernel=("BOOL", {})).startswith("filter is BOOL; FLOAT32, FLOAT16")
    assert dense(kernel=("INT4", ONE), read=7) == "its INT4 filter reads 7 channels; a multiple of 2 is supported"
    assert dense(kernel=("INT2", PER_CHANNEL), read=6) == (
        "its INT2 filter reads 6 channels; a multiple of 4 is supported"
    )
    assert dense(source=("INT8", ONE), kernel=("INT8", {"scale": 0.1, "zero_point": 3})) == (
        "filter has zero point 3; 0 is supported"
    )


def test_the_rest_of_fully_connected() -> None:
    assert dense(version=8) == "version 8, with sparse weights, is not supported"
    assert dense(weights_format="SHUFFLED4x16INT8") == "weights_format is SHUFFLED4x16INT8; DEFAULT is supported"
    assert dense(bias=1) == "bias has 1 values for 4 channels"


def matmul(left: tuple[str, dict[str, Any]], right: tuple[str, dict[str, Any]], shapes: Any = ([2, 4], [4, 4])) -> str:
    g = Single()
    inputs = [g.x(shapes[0], left[0], **left[1]), g.x(shapes[1], right[0], **right[1])]
    return said(g, "BATCH_MATMUL", inputs, g.y([2, 4], left[0], **left[1]), {"adj_y": shapes[1] == [4]})


def test_matrices() -> None:
    eight = ("INT8", ONE)
    assert matmul(("FLOAT32", {}), ("FLOAT32", {})) == ""
    assert matmul(eight, eight) == ""
    assert matmul(("FLOAT32", {}), ("INT8", {"scale": [0.1] * 4, "axis": 1})) == ""
    assert matmul(eight, ("FLOAT32", {})) == (
        "it multiplies INT8 by FLOAT32; one type, or FLOAT32 by INT8, is supported"
    )
    assert matmul(eight, ("INT8", {"scale": 0.1, "zero_point": 3})) == "right input has zero point 3; 0 is supported"
    assert matmul(eight, ("INT8", {"scale": [0.1] * 4, "axis": 1})) == (
        "right input has a scale for each channel; one scale is supported"
    )
    assert matmul(("INT8", {"scale": 0.0}), eight) == "left input has a scale that is not a positive number"
    assert matmul(("FLOAT32", {}), ("FLOAT32", {}), ([4], [4, 4])) == (
        "left input has 1 dimensions; at least 2 are supported"
    )
    assert matmul(("FLOAT32", {}), ("FLOAT32", {}), ([4, 4], [4])) == (
        "right input has 1 dimensions; at least 2 are supported"
    )


def test_transposed_convolution() -> None:
    def turned(made: Sequence[int] = (1, 8, 8, 4), kernel: Sequence[int] = (4, 3, 3, 4), **options: Any) -> str:
        g = Single()
        inputs = [g.ints(*made), g.c(kernel), g.x([1, 4, 4, 4])]
        return said(
            g, "TRANSPOSE_CONV", inputs, g.y([1, 8, 8, 4]), {"padding": "SAME", "stride_w": 2, "stride_h": 2} | options
        )

    assert turned() == ""
    assert turned(padding="VALID") == ""
    assert turned((1, 2, 2, 4), padding="VALID") == "its filter of 3x3 is larger than its output of 2x2"
    assert turned((1, 9, 9, 4)) == "its output of 9x9 belongs to an input of 5x5; it has 4x4"
    assert turned(kernel=(4, 1, 1, 4)) == "its stride of 2x2 is larger than its filter of 1x1"
    assert turned(stride_w=0) == "its stride is 2x0; positive numbers are supported"
    assert turned(padding=9) == "its padding is neither SAME nor VALID"
    assert turned((1, 8, 8, 5)) == "its filter makes 4 channels and its output shape has 5"
    assert turned(kernel=(4, 3, 3, 5)) == "its filter reads 5 channels and its input has 4"
    assert turned((8, 8)) == "output shape has shape [2]; [4] is supported"


def short(g: Single, index: int) -> int:
    """The same constant with no bytes."""
    g.graph["tensors"][index]["buffer"] = g.buffer(b"")
    return index


def test_constants_that_are_too_short_are_unknown() -> None:
    why = "? the file holds fewer bytes than its constant needs"
    g = Single()
    inputs = [short(g, g.ints(1, 8, 8, 4)), g.c([4, 3, 3, 4]), g.x([1, 4, 4, 4])]
    assert said(g, "TRANSPOSE_CONV", inputs, g.y([1, 8, 8, 4]), {}) == why
    g = Single()
    assert said(g, "PAD", [g.x([4]), short(g, g.ints(0, 0, shape=(1, 2)))], g.y([4])) == why
    g = Single()
    assert said(g, "RESHAPE", [g.x([4]), short(g, g.ints(4))], g.y([4])) == why
    g = Single()
    assert said(g, "RESIZE_BILINEAR", [g.x([1, 2, 2, 1]), short(g, g.ints(4, 4))], g.y([1, 4, 4, 1]), {}) == why
    g = Single()
    assert said(g, "SLICE", [g.x([4]), g.ints(0), short(g, g.ints(1))], g.y([1])) == why
    g = Single()
    assert said(g, "STRIDED_SLICE", [g.x([4]), g.ints(0), g.ints(1), short(g, g.ints(1))], g.y([1]), {}) == why


def test_concatenation() -> None:
    def joined(count: int, axis: int = 1, **second: Any) -> str:
        g = Single()
        more: dict[str, Any] = {"dtype": "UINT8", "scale": 0.1, "zero_point": 3}
        inputs = [g.x(**more) for _ in range(count - 1)] + [g.x(**(more | second))]
        return said(g, "CONCATENATION", inputs, g.y([1, 4 * count], **more), {"axis": axis})

    assert joined(5) == ""
    assert joined(6) == "it has 6 inputs; 2 to 5 are supported"
    assert joined(2, axis=2) == "axis is 2 and an input has 2 dimensions"
    assert joined(2, zero_point=4) == "its inputs differ from its output in scale or zero point; UINT8 needs the same"
    assert joined(2, dtype="INT16") == f"input 1 is INT16; {FLOATS}"


def test_blocks() -> None:
    def blocks(kind: str, size: int, shape: Sequence[int]) -> str:
        g = Single()
        return said(g, kind, [g.x(shape)], g.y(), {"block_size": size})

    assert blocks("DEPTH_TO_SPACE", 2, [1, 2, 2, 4]) == ""
    assert blocks("DEPTH_TO_SPACE", 1, [1, 2, 2, 4]) == "block_size is 1; 2 or more is supported"
    assert blocks("SPACE_TO_DEPTH", 2, [1, 4, 4, 1]) == ""
    assert blocks("SPACE_TO_DEPTH", 2, [1, 4, 5, 1]) == "block_size is 2, which does not divide 5"
    assert blocks("SPACE_TO_DEPTH", 2, [4, 4]) == "input has 2 dimensions; 4 are supported"


def test_reductions() -> None:
    def mean(axes: Sequence[int], source: Sequence[int] = (1, 4), shape: Any = None, dtype: str = "int32") -> str:
        g = Single()
        return said(g, "MEAN", [g.x(source), g.ints(*axes, shape=shape, dtype=dtype)], g.y([1]), {})

    assert mean([1]) == ""
    assert mean([]) == "it has 0 axes; 1 to 6 are supported"
    assert mean([0] * 7) == "it has 7 axes; 1 to 6 are supported"
    assert mean([1], shape=(1, 1)) == "axis has 2 dimensions; at most 1 is supported"
    assert mean([0], source=[]) == "it reduces a scalar"
    assert mean([-1], source=[]) == ""
    assert mean([1], dtype="int64") == "axis is INT64; INT32 is supported"
    g = Single()
    assert said(g, "MEAN", [g.x(), g.x([1], "INT32")], g.y(), {}) == "axis is not constant"
    g = Single()
    axis = g.ints(1)
    g.graph["tensors"][axis]["type"] = 99
    assert said(g, "MEAN", [g.x(), axis], g.y(), {}) == "? axis has an element type that is newer than tflint"


def test_padding() -> None:
    def pad(amounts: Sequence[int], shape: tuple[int, ...]) -> str:
        g = Single()
        return said(g, "PAD", [g.x(), g.ints(*amounts, shape=shape)], g.y([1, 6]))

    assert pad([0, 0, 1, 1], (2, 2)) == ""
    assert pad([0, 0, 1, -1], (2, 2)) == "it pads by -1; 0 or more is supported"
    assert pad([0, 0], (1, 2)) == "amounts are not two numbers for each dimension"


def test_reshape() -> None:
    def reshape(shape: Sequence[int] | None = (4,), form: tuple[int, ...] | None = None, **options: Any) -> str:
        g = Single()
        inputs = [g.x([4])] + ([] if shape is None else [g.ints(*shape, shape=form)])
        return said(g, "RESHAPE", inputs, g.y([4]), options)

    assert reshape() == ""
    assert reshape([2, 2]) == ""
    assert reshape([1, 4], (1, 2)) == ""
    assert reshape([1, 4], (2, 1)) == "shape is not a list"
    assert reshape([-1]) == "its new shape is the old way to say scalar"
    assert reshape(None, new_shape=[0]) == "its new shape is the old way to say scalar"
    assert reshape(None, new_shape=[4]) == ""
    g = Single()
    changed = said(g, "RESHAPE", [g.x([4], "INT8", **ONE), g.ints(4)], g.y([4], "INT8", scale=0.2), {})
    assert changed == "its input and output differ in scale or zero point"


def test_resizing_and_slices() -> None:
    g = Single()
    assert said(g, "RESIZE_BILINEAR", [g.x([1, 2, 2, 1]), g.ints(4, 4)], g.y([1, 4, 4, 1]), {}) == ""
    g = Single()
    assert said(g, "RESIZE_BILINEAR", [g.x([1, 2, 2, 1]), g.ints(4)], g.y([1, 4, 4, 1]), {}) == (
        "size has shape [1]; [2] is supported"
    )
    g = Single()
    assert said(g, "RESIZE_BILINEAR", [g.x([1, 2, 2, 1]), g.ints(0, 4)], g.y([1, 4, 4, 1]), {}) == (
        "its new height is 0; a positive number is supported"
    )

    def sliced(begin: Sequence[int], size: Sequence[int]) -> str:
        g = Single()
        return said(g, "SLICE", [g.x([4]), g.ints(*begin), g.ints(*size, dtype="int64")], g.y([1]))

    assert sliced([0], [1]) == ""
    assert sliced([0], [-1]) == "size has -1; positive numbers are supported"
    assert sliced([-2], [1]) == "begin has -2; 0 or more is supported"
    assert sliced([0], [1, 1]) == "begin and size are not lists of one length"
    assert sliced([0] * 7, [1] * 7) == "it has 7 dimensions; at most 6 are supported"


def test_strided_slices_take_one_step_and_keep_their_dimensions() -> None:
    def strided(strides: Sequence[int] = (1,), rank: int = 1, **options: Any) -> str:
        g = Single()
        inputs = [g.x([1] * rank), g.ints(*[0] * rank), g.ints(*[1] * rank), g.ints(*strides)]
        return said(g, "STRIDED_SLICE", inputs, g.y([1]), options)

    assert strided(begin_mask=1) == ""
    assert strided([2]) == "it has a stride of 2; 1 is supported"
    assert strided(shrink_axis_mask=1) == "shrink_axis_mask is 1; 0 is supported"
    assert strided([1, 1]) == "begin, end and strides are not a number for each dimension"
    assert strided([1] * 7, 7) == "it has 7 dimensions; at most 6 are supported"


def test_splits_transposes_and_softmax() -> None:
    def parts(count: int, said_count: int) -> str:
        g = Single()
        outputs = [g.y([1]) for _ in range(count)]
        return said(g, "SPLIT", [g.ints(0), g.x([count])], outputs, {"num_splits": said_count})

    assert parts(4, 4) == ""
    assert parts(5, 5) == "it has 5 outputs; 2 to 4 are supported"
    assert parts(2, 3) == "num_splits is 3 and it has 2 outputs"
    g = Single()
    assert said(g, "TRANSPOSE", [g.x(), g.ints(1, 0)], g.y()) == ""
    g = Single()
    assert said(g, "TRANSPOSE", [g.x(), g.ints(*range(7))], g.y()) == (
        "permutation has 7 numbers; at most 6 are supported"
    )
    g = Single()
    assert said(g, "SOFTMAX", [g.x()], g.y(), {"beta": 1.0}) == ""
    g = Single()
    assert said(g, "SOFTMAX", [g.x()], g.y(), {"beta": 2.0}) == "beta is 2; 1 is supported"


@pytest.mark.parametrize("custom", [False, True])
def test_attention(custom: bool) -> None:
    def attention(value: Sequence[int], mask: Sequence[int] | None = None, **more: Any) -> str:
        g = Single()
        inputs = [g.x([1, 2, 4, 8]), g.x([1, 2, 4, 8]), g.x(value)] + ([] if mask is None else [g.x(mask, **more)])
        name = "odml.scaled_dot_product_attention"
        if custom:
            return said(g, name, inputs, g.y([1, 2, 4, 8]))
        return said(g, "STABLEHLO_COMPOSITE", inputs, g.y([1, 2, 4, 8]), {"name": name})

    assert attention([1, 2, 4, 8]) == ""
    assert attention([1, 2, 4, 8], [1, 1, 2, 2]) == ""
    assert attention([1, 2, 4, 4]) == "query, key and value end in sizes 8, 8 and 4; one size is supported"
    assert attention([1, 2, 4, 8], [1, 1, 2, 3]) == "the last size of its mask is not the number of its keys and values"
    assert attention([1, 2, 4, 8], [1, 1, 2, 2], dtype="INT32") == "mask is INT32; FLOAT32 is supported"
    assert attention([]) == "its query, key or value is a scalar"


def test_other_composites_are_refused() -> None:
    g = Single()
    refused = said(g, "STABLEHLO_COMPOSITE", [g.x()], g.y(), {"name": "odml.rms_norm"})
    assert refused == "composite 'odml.rms_norm' is not among those that are supported"


def custom(kind: str, shapes: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]], *options: int) -> str:
    g = Single()
    inputs = [g.c(shape) if slot and kind.endswith("Bias") else g.x(shape) for slot, shape in enumerate(shapes)]
    stored = struct.pack(f"<{len(options)}i", *options)
    return said(g, kind, inputs, [g.y(shape) for shape in outputs], custom_options=stored)


def test_the_custom_ops_of_mediapipe() -> None:
    small, large = [1, 2, 2, 3], [1, 4, 4, 3]
    turned = ("Convolution2DTransposeBias", [small, [3, 2, 2, 3], [3]], [large])
    assert custom(*turned, 1, 2, 2) == ""
    assert custom(*turned, 2, 2, 2) == ""
    assert custom(*turned, 0, 2, 2) == "its padding is neither SAME nor VALID"
    assert custom(*turned) == "its stride is 0x0; positive numbers are supported"
    pooled = ("MaxPoolingWithArgmax2D", [large], [small, small])
    assert custom(*pooled, 1, 2, 2, 2, 2, 0) == ""
    assert custom(*pooled, 1, 2, 2, 2, 2, 1) == "it has a fused activation; none is supported"
    assert custom(*pooled, 1, 2, 2, 3, 2) == "its filter is 3x2 and its stride 2x2; equal ones are supported"
    assert custom(*pooled, 1, 2, 2, 0, 2) == "its stride or filter is not a positive number"
    unpooled = ("MaxUnpooling2D", [small, small], [large])
    assert custom(*unpooled, 2, 2, 2, 2, 2) == ""
    assert custom(*unpooled, 1, 2, 2, 2, 2) == "its padding is SAME; VALID is supported"
    assert custom(*unpooled, 0, 2, 2, 2, 2) == "its padding is neither SAME nor VALID"


def test_the_options_of_moe_are_not_read() -> None:
    g = Single()
    assert said(g, "moe", [g.x()], g.y()) == "? its options are a flexbuffer, which tflint does not read"


def unpacked(code: str = "FLOAT16", *, out: str = "FLOAT32", **more: Any) -> tuple[Single, int]:
    """A graph that begins with weights [4, 4] that are unpacked."""
    g = Single()
    made = g.tensor("weights", [4, 4], out)
    g.op("DEQUANTIZE", [g.c([4, 4], code, **more)], made)
    return g, made


def reasons(g: Single) -> list[str]:
    return [verdict.reason for verdict in placed(g).verdicts]


def test_weights_are_unpacked_for_a_reader_that_is_taken() -> None:
    for code, more in (("FLOAT16", {}), ("INT8", ONE), ("INT8", PER_CHANNEL)):
        g, weights = unpacked(code, **more)
        g.op("FULLY_CONNECTED", [g.x(), weights], g.y(), {})
        assert reasons(g) == ["", ""]
        assert placed(g).partitions == 1


def test_weights_are_not_unpacked_for_a_reader_on_the_cpu() -> None:
    g, weights = unpacked()
    g.op("FULLY_CONNECTED", [g.x(), weights], g.y(), {})
    g.op("FLOOR_MOD", [g.x(), weights], g.y())
    assert reasons(g) == [
        "DEQUANTIZE: its output is read by FLOOR_MOD, which stays on the CPU",
        "",
        "FLOOR_MOD is not among the ops of xnnpack",
    ]


def test_weights_with_a_reader_that_nobody_can_tell_of_are_unknown() -> None:
    g, weights = unpacked()
    g.op("FULLY_CONNECTED", [g.x(), weights, g.tensor("b", [4], external_buffer=1)], g.y(), {})
    assert [verdict.supported for verdict in placed(g).verdicts] == [None, None]


def test_what_is_not_unpacked() -> None:
    for code, out, more in (("INT8", "FLOAT32", {}), ("FLOAT16", "FLOAT16", {}), ("UINT8", "FLOAT32", ONE)):
        g, weights = unpacked(code, out=out, **more)
        g.op("FULLY_CONNECTED", [g.x(dtype=out), weights], g.y(dtype=out), {})
        assert reasons(g)[1] == "FULLY_CONNECTED: filter is not constant"
    g = Single()
    weights = g.tensor("w", [4, 4])
    g.op("DEQUANTIZE", [-1], weights)
    g.op("FULLY_CONNECTED", [g.x(), weights], g.y(), {})
    assert reasons(g) == ["DEQUANTIZE: it has no input", "FULLY_CONNECTED: filter is not constant"]


SPARSE = {
    "traversal_order": [0, 1],
    "block_map": [],
    "dim_metadata": [
        {"format": "DENSE", "dense_size": 4},
        {
            "format": "SPARSE_CSR",
            "array_segments": ("Int32Vector", {"values": [0, 1, 2, 3, 4]}),
            "array_indices": ("Int32Vector", {"values": [0, 1, 2, 3]}),
        },
    ],
}


def test_sparse_weights_are_unpacked_in_two_steps() -> None:
    g = Single()
    dense_weights, weights = g.tensor("d", [4, 4], "FLOAT16"), g.tensor("w", [4, 4])
    g.op("DENSIFY", [g.c([4, 4], "FLOAT16", sparsity=SPARSE)], dense_weights)
    g.op("DEQUANTIZE", [dense_weights], weights)
    g.op("FULLY_CONNECTED", [g.x(), weights, g.c([4])], g.y(), {})
    assert reasons(g) == ["", "", ""]
    g = Single()
    assert said(g, "DENSIFY", [g.c([4, 4])], g.y([4, 4])) == (
        "its input is not a sparse FLOAT32, FLOAT16 or INT8 constant"
    )


def test_a_bias_that_is_stored_in_float16_goes_with_such_a_filter() -> None:
    g, weights = unpacked()
    added = g.op("DEQUANTIZE", [g.c([4], "FLOAT16")], g.tensor("b", [4]))
    g.op("FULLY_CONNECTED", [g.x(), weights, added], g.y(), {})
    assert reasons(g) == ["", "", ""]
    g.op("ADD", [g.x([4, 4]), weights], g.y([4, 4]), {})  # now the filter is unpacked to FLOAT32
    why = "filter is stored in FLOAT32 and bias in FLOAT16; one type is supported"
    assert reasons(g)[2] == f"FULLY_CONNECTED: {why}"


def test_a_filter_that_is_multiplied_from_the_left_is_unpacked() -> None:
    g, weights = unpacked()
    g.op("FULLY_CONNECTED", [weights, g.c([4, 4]), g.c([4])], g.y([4, 4]), {})
    assert reasons(g) == ["", ""]


def handle(g: Single) -> int:
    return g.op("VAR_HANDLE", [], g.tensor("v", [], "RESOURCE"), {"container": "", "shared_name": "v"})


def test_a_variable_is_taken_with_its_first_value() -> None:
    g = Single()
    held = handle(g)
    g.op("READ_VARIABLE", [held], g.y([1, 4]))
    g.op("ASSIGN_VARIABLE", [held, g.x([1, 4])], [])
    assert reasons(g) == ["", "", ""]
    g.op("ASSIGN_VARIABLE", [held, g.x([2, 4])], [])
    assert reasons(g)[3] == "ASSIGN_VARIABLE: its variable is used with another type or shape before"


def test_a_variable_without_a_value_that_is_supported_stays_on_the_cpu() -> None:
    g = Single()
    held = handle(g)
    g.op("READ_VARIABLE", [held], g.y([1, 4], "INT32"))
    g.op("READ_VARIABLE", [held], g.y([]))
    name = g.graph["tensors"][-1]["name"]
    assert reasons(g) == [
        "VAR_HANDLE: no read or write of its variable is supported",
        f"READ_VARIABLE: output is INT32; {FLOATS}",
        f"READ_VARIABLE: '{name}' is a scalar",
    ]


def test_a_variable_of_another_graph_stays_on_the_cpu() -> None:
    g = Single()
    assert said(g, "READ_VARIABLE", [g.input("v", [], "RESOURCE")], g.y()) == "its variable is not made in this graph"


def test_a_handle_without_an_output_stays_on_the_cpu() -> None:
    g = Single()
    assert said(g, "VAR_HANDLE", [], []) == "no read or write of its variable is supported"


def test_validation_graphs_are_left_alone() -> None:
    g = Single("VALIDATION:main")
    g.op("ABS", [g.x()], g.y())
    g.op("SIGN", [g.x()], g.y())
    assert reasons(g) == [
        "the runtime keeps delegates off graphs whose name begins with VALIDATION:",
        "SIGN is not among the ops of xnnpack",
    ]


def test_nothing_makes_a_verdict_fail() -> None:
    dtypes = (DType.FLOAT32, DType.INT8, DType.UINT8, DType.INT32, DType.INT4, DType.RESOURCE, DType.UNKNOWN)
    shapes: tuple[tuple[int, ...], ...] = ((), (0,), (4,), (1, 4, 4, 4), (2**31 - 1,) * 7)
    quant = QuantParams(np.array([0.1], np.float32), np.array([0]))
    odd = QuantParams(np.array([], np.float32), np.array([0, 1]))
    tensors: list[Tensor | None] = [None]
    tensors += [
        Tensor("m", 0, 0, "t", dtype, shape, shape, how, data)
        for dtype, shape, how in product(dtypes, shapes, (quant, odd))
        for data in (None, memoryview(b"12345678"))
    ]
    for kind, tensor, count in product(TARGET.ops, tensors, (0, 3, 4)):
        outputs = () if tensor is None or count == 4 else (tensor,) * (count // 2)
        op = Op("m", 0, 0, kind, (tensor,) * count, outputs, is_custom=kind.islower())
        graph = Graph("m", 0, "g", (), (op,), (), ())
        assert len(place(TARGET, graph).verdicts) == 1


def test_options_of_another_op_do_no_harm() -> None:
    tensor = Tensor("m", 0, 0, "t", DType.FLOAT32, (1, 4), (1, 4), data=memoryview(bytes(16)))
    for kind in TARGET.ops:
        op = Op("m", 0, 0, kind, (tensor,) * 3, (tensor,), decode=lambda: {"axis": 9, "block_size": -2})
        graph = Graph("m", 0, "g", (tensor,), (op,), (), ())
        assert isinstance(TARGET.verdict(op, graph).reason, str)
    assert TARGET.refusal(Model("m", Format.TFLITE, 0)) == ""
