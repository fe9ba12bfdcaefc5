"""What the Core ML delegate takes."""

import pytest

from one_op import One, ints, k, says, t
from tflint.analysis.placement import place
from tflint.target import Kind, Limits
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.coreml import TARGET

F = "FLOAT32 is supported"
X, Y = t("f32", 1, 8, 8, 4), t("f32", 1, 8, 8, 4)
FILTER, BIAS = k("f32", 4, 3, 3, 4), k("f32", 4)


def test_it_keeps_pieces_of_two_ops() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits == Limits(min_ops=2)
    assert not TARGET.deprecated


@pytest.mark.parametrize("kind", ["HARD_SWISH", "LOGISTIC", "RELU", "RELU_N1_TO_1", "RELU6", "TANH"])
def test_activations_are_of_float32(kind: str) -> None:
    assert says(TARGET, kind, [X], Y) == ""
    assert says(TARGET, kind, [t("qi8", 4)], Y) == f"input is INT8; {F}"
    assert says(TARGET, kind, [X], Y, version=2) == f"{kind} has version 2; coreml knows version 1"
    assert says(TARGET, kind, [t("f32", 1, 1, 1, 1, 4)], Y) == "it reads or makes 5 dimensions; up to 4 are supported"
    assert says(TARGET, kind, [None], Y) == "it has no input"


@pytest.mark.parametrize("kind", ["ADD", "MUL"])
@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (X, X, ""),
        (X, k("f16", 1, 1, 1, 4), ""),
        (X, t("f32", 4), ""),
        (X, t("f32", 1, 8, 8, 1), ""),
        (t("f32", 2, 8, 8, 4), k("f32"), ""),
        (X, t("f16", 4), "input 1 is FLOAT16; FLOAT32, or a FLOAT16 constant, is supported"),
        (X, None, "it has no input 1"),
        (X, t("f32", 2, 8, 8, 4), "equal batches are supported"),
        (X, t("f32", 1, 8, 1, 4), "equal heights and widths, or 1 x 1, are supported"),
        (X, t("f32", 3), "equal numbers of channels, or one channel, are supported"),
        (k("f32", 1, 1, 1, 1, 1), X, "it reads or makes 5 dimensions; up to 4 are supported"),
    ],
)
def test_sums_and_products_broadcast_little(kind: str, first: One, second: One | None, fault: str) -> None:
    assert says(TARGET, kind, [first, second], Y).endswith(fault)
    assert bool(says(TARGET, kind, [first, second], Y)) == bool(fault)


def test_concatenation_joins_channels() -> None:
    assert says(TARGET, "CONCATENATION", [X, X], Y, {"axis": 3}) == ""
    assert says(TARGET, "CONCATENATION", [t("f32", 8, 8, 4)] * 2, Y, {"axis": -1}) == ""
    assert says(TARGET, "CONCATENATION", [X, X], Y, {"axis": 1}) == "axis is 1; -1 or 3, the channels, is supported"
    assert says(TARGET, "CONCATENATION", [t("f32", 8, 4)] * 2, Y) == "input has 2 dimensions; 3 or 4 are supported"
    assert says(TARGET, "CONCATENATION", [X], Y, {"axis": 3}).startswith("it has 1 inputs")


@pytest.mark.parametrize(("kind", "last"), [("CONV_2D", 1), ("DEPTHWISE_CONV_2D", 2)])
def test_convolutions_have_constants(kind: str, last: int) -> None:
    assert says(TARGET, kind, [X, FILTER, BIAS], Y, version=last) == ""
    assert says(TARGET, kind, [X, k("f16", 4, 3, 3, 4), k("f16", 4)], Y) == ""
    assert says(TARGET, kind, [X, FILTER, BIAS], Y, version=last + 1).startswith(f"{kind} has version {last + 1}")
    assert says(TARGET, kind, [X, t("f32", 4, 3, 3, 4), BIAS], Y) == "filter is not constant"
    assert says(TARGET, kind, [X, FILTER, t("f32", 4)], Y) == "bias is not constant"
    assert says(TARGET, kind, [X, FILTER, None], Y) == "it has no bias"
    assert says(TARGET, kind, [X, None, BIAS], Y) == "it has no filter"
    assert says(TARGET, kind, [X, k("qi8", 4, 3, 3, 4), BIAS], Y) == "filter is INT8; FLOAT32 or FLOAT16 is supported"
    assert "up to 16384" in says(TARGET, kind, [X, k("f32", 1, 16385, 1, 1), BIAS], Y)
    sign = {"fused_activation_function": "SIGN_BIT"}
    assert says(TARGET, kind, [X, FILTER, BIAS], Y, sign).startswith("fused_activation_function is SIGN_BIT")


def test_transposed_convolutions_have_no_bias() -> None:
    shape = ints(1, 8, 8, 4)
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER, X], Y) == ""
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER, t("qi8", 1, 8, 8, 4)], Y) == f"input is INT8; {F}"
    assert says(TARGET, "TRANSPOSE_CONV", [shape, FILTER, X, BIAS], Y) == "it has 4 inputs; 3 are supported"
    assert says(TARGET, "TRANSPOSE_CONV", [t("i32", 4), FILTER, X], Y) == "output shape is not constant"


def test_fully_connected_is_of_one_row() -> None:
    x, filters = t("f32", 1, 8), k("f32", 4, 8)
    assert says(TARGET, "FULLY_CONNECTED", [x, filters, BIAS], Y, version=6) == ""
    assert says(TARGET, "FULLY_CONNECTED", [x, filters], Y) == ""
    assert says(TARGET, "FULLY_CONNECTED", [x, filters, None], Y).startswith("its bias is an empty input")
    assert says(TARGET, "FULLY_CONNECTED", [x, filters, t("f32", 4)], Y) == "bias is not constant"
    assert (
        says(TARGET, "FULLY_CONNECTED", [x, filters, k("i32", 4)], Y)
        == "bias is INT32; FLOAT32 or FLOAT16 is supported"
    )
    assert (
        says(TARGET, "FULLY_CONNECTED", [t("f32", 2, 8), filters], Y)
        == "input has shape [2, 8]; a batch of 1 is supported"
    )
    assert says(TARGET, "FULLY_CONNECTED", [t("f32"), filters], Y) == "input has shape []; a batch of 1 is supported"
    shuffled = {"weights_format": "SHUFFLED4x16INT8"}
    assert says(TARGET, "FULLY_CONNECTED", [x, filters], Y, shuffled).startswith("weights_format is")


@pytest.mark.parametrize(
    ("axis", "fault"),
    [
        (ints(1, 2), ""),
        (ints(-3, -2), ""),
        (ints(3), "axis is 3; 1 and 2, height and width, are supported"),
        (t("i32", 1), "axis is not constant"),
        (None, "axis is not constant"),
        (k("i32", 17), "? axis cannot be read from the file"),
    ],
)
def test_mean_is_over_height_and_width(axis: One | None, fault: str) -> None:
    assert says(TARGET, "MEAN", [X, axis], Y, {"keep_dims": True}) == fault


def test_mean_keeps_four_dimensions() -> None:
    assert says(TARGET, "MEAN", [X, ints(1)], Y) == "keep_dims is False; True is supported"
    assert says(TARGET, "MEAN", [t("f32", 8, 4), ints(1)], Y, {"keep_dims": True}) == (
        "input has 2 dimensions; 4 are supported"
    )


@pytest.mark.parametrize(
    ("padding", "fault"),
    [
        (ints(0, 0, 1, 1, 2, 2, 0, 0, shape=(4, 2)), ""),
        (ints(1, 0, 1, 1, 2, 2, 0, 0, shape=(4, 2)), "it pads the batch; height and width are supported"),
        (ints(0, 0, 1, 1, 2, 2, 0, 3, shape=(4, 2)), "it pads the channels; height and width are supported"),
        (ints(0, 0, 1, 1, shape=(2, 2)), "padding has shape [2, 2]; [4, 2], for 4 dimensions, is supported"),
        (t("i32", 4, 2), "padding is not constant"),
        (k("f32", 4, 2), "? padding cannot be read from the file"),
    ],
)
@pytest.mark.parametrize("kind", ["PAD", "PADV2", "MIRROR_PAD"])
def test_padding_is_of_height_and_width(kind: str, padding: One, fault: str) -> None:
    assert says(TARGET, kind, [X, padding], Y) == fault


def test_other_options() -> None:
    window = {"fused_activation_function": "RELU"}
    assert says(TARGET, "MAX_POOL_2D", [X], Y) == ""
    assert says(TARGET, "AVERAGE_POOL_2D", [X], Y, window) == "fused_activation_function is RELU; NONE is supported"
    assert "REFLECT" in says(TARGET, "MIRROR_PAD", [X, ints(0)], Y, {"mode": "SYMMETRIC"})
    assert says(TARGET, "RESIZE_BILINEAR", [X, ints(16, 16)], Y) == ""
    assert says(TARGET, "RESIZE_BILINEAR", [X, t("i32", 2)], Y) == "size is not constant"
    assert says(TARGET, "SOFTMAX", [X], Y, {"beta": 1.0}) == ""
    assert says(TARGET, "SOFTMAX", [X], Y, {"beta": 2.0}) == "beta is 2.0; 1.0 is supported"
    assert says(TARGET, "RESHAPE", [X, ints(1, 8, 8, 4)], Y).startswith("the delegate takes it for Core ML 2 alone")
    assert says(TARGET, "DEQUANTIZE", [t("qi8", 4)], Y) == "its input is no FLOAT16 constant"


def half(*, then: str = "TANH", code: str = "FLOAT16") -> GraphBuilder:
    """A convolution whose filter is unpacked from FLOAT16, and one more op."""
    g = GraphBuilder()
    x, packed = g.input("x", (1, 8, 8, 4)), k(code.replace("FLOAT", "f"), 4, 3, 3, 4).add(g)
    filters, bias = g.tensor("filters", (4, 3, 3, 4)), k("f32", 4).add(g)
    g.op("DEQUANTIZE", [packed], filters)
    g.op("CONV_2D", [x, filters, bias], g.tensor("c", (1, 8, 8, 4)))
    g.op(then, [len(g.graph["tensors"]) - 1], g.tensor("y", (1, 8, 8, 4)))
    return g


def test_filters_of_float16_are_read_as_they_are() -> None:
    found = place(TARGET, model(half()).graphs[0])
    assert [verdict.supported for verdict in found.verdicts] == [True, True, True]
    assert found.partitions == 1


def test_where_an_op_stays_on_the_cpu_the_unpacking_stays_too() -> None:
    found = place(TARGET, model(half(then="SIN")).graphs[0])
    assert [verdict.supported for verdict in found.verdicts] == [False, True, False]
    assert found.verdicts[0].reason == "DEQUANTIZE: it stays on the CPU, since SIN does"


def test_where_an_op_is_unknown_the_unpacking_is_too() -> None:
    g = half()
    made = g.tensor("z", (1, 8, 8, 4))
    g.op("MEAN", [len(g.graph["tensors"]) - 2, k("i32", 17).add(g)], made, {"keep_dims": True})
    found = place(TARGET, model(g).graphs[0])
    assert [verdict.supported for verdict in found.verdicts] == [None, True, True, None]
    assert found.verdicts[0].reason == "DEQUANTIZE: it goes with MEAN"
