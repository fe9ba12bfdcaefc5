"""TFL312: scales per channel and the dimension that they run along."""

from collections.abc import Sequence

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.per_axis_dim import PerAxisDimension

RULE = PerAxisDimension()
FOUR = (0.1, 0.2, 0.3, 0.4)


def conv(
    kind: str = "CONV_2D", shape: Sequence[int] = (4, 3, 3, 4), scale: Sequence[float] = FOUR, axis: int = 0
) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8, 8, 4], "INT8", scale=0.1)
    w = g.constant("kernel", np.ones(shape, np.int8), scale=scale, axis=axis)
    b = g.constant("bias", np.zeros(4, np.int32), scale=0.01)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    g.output(g.op(kind, [x, w, b], g.tensor("y", [1, 8, 8, 4], "INT8", scale=0.1), options))
    return g


def bad() -> GraphBuilder:
    return conv(axis=3)


def good() -> GraphBuilder:
    return conv()


def test_scales_along_a_dimension_that_the_kernel_does_not_read_are_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.name == "kernel"
    assert found.message == (
        "'kernel' INT8[4, 3, 3, 4] has 4 scales along dimension 3; CONV_2D takes them along dimension 0."
    )


@pytest.mark.parametrize(("kind", "axis"), [("CONV_2D", 0), ("DEPTHWISE_CONV_2D", 3)])
def test_each_kernel_has_its_own_dimension(kind: str, axis: int) -> None:
    assert findings(RULE, conv(kind, (4, 1, 1, 4), axis=axis)) == []
    assert len(findings(RULE, conv(kind, (4, 1, 1, 4), axis=3 - axis))) == 1


def test_weights_with_the_same_fault_are_one_finding() -> None:
    g = bad()
    w = g.constant("other", np.ones((4, 3, 3, 4), np.int8), scale=FOUR, axis=3)
    g.output(g.op("CONV_2D", [0, w, 2], g.tensor("z", [1, 8, 8, 4], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("dimension 0. The same is wrong with 1 more tensor.")
    assert [each.name for each in found.related] == ["other", "y"]


def test_a_dimension_that_is_not_there_is_an_error_even_of_one_scale() -> None:
    [found] = findings(RULE, conv(scale=[0.1], axis=7))
    assert found.message == (
        "The scale of 'kernel' INT8[4, 3, 3, 4] runs along dimension 7; it has dimensions 0 to 3, so the runtime "
        "refuses to load the file."
    )


def test_all_tensors_outside_of_their_dimensions_in_the_same_way_are_one_finding() -> None:
    g = good()
    for number in range(2):
        g.tensor(f"bias_{number}", [4], "INT32", scale=FOUR, axis=3)
    [found] = findings(RULE, g)
    assert found.message.startswith("The 4 scales of 'bias_0' INT32[4] run along dimension 3; it has dimension 0 only,")
    assert found.message.endswith("The same is wrong with 1 more tensor.")


def test_a_negative_dimension_is_nowhere() -> None:
    g = good()
    g.tensor("scalar", [], "INT8", scale=0.1, axis=-1)
    [found] = findings(RULE, g)
    assert "it has no dimensions" in found.message


def test_as_many_scales_are_needed_as_the_dimension_is_long() -> None:
    g = conv(scale=[0.1, 0.2])
    g.tensor("more", [4], "INT8", scale=[0.1, 0.2])
    [found] = findings(RULE, g)
    assert found.message == (
        "'kernel' INT8[4, 3, 3, 4] has 2 scales along dimension 0, which is 4 long; as many are needed, or one, and "
        "the runtime refuses to load the file. The same is wrong with 1 more tensor."
    )


def test_the_dimension_that_was_meant_is_named() -> None:
    [found] = findings(RULE, conv("DEPTHWISE_CONV_2D", (1, 3, 3, 4), axis=0))
    assert found.message.endswith("load the file. DEPTHWISE_CONV_2D takes them along dimension 3.")


def test_a_kernel_that_reads_one_scale_takes_several_for_none() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    w = g.constant("w", np.ones((4, 4), np.int8), scale=FOUR, axis=1)
    g.output(g.op("BATCH_MATMUL", [x, w], g.tensor("y", [1, 4], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g)
    assert found.message == (
        "'w' INT8[4, 4] has 4 scales along dimension 1; BATCH_MATMUL reads one for the whole tensor."
    )
    assert found.help == "Quantize the tensor with one scale, per tensor."


def test_an_unknown_rank_and_newer_schemes_are_not_judged() -> None:
    g = good()
    g.tensor("scalar", [], "INT8", scale=[0.1, 0.2], axis=3)
    details = ("BlockwiseQuantization", {"scales": 1, "zero_points": -1, "block_size": 32})
    g.tensor("blocks", [4], "INT4", quantization={"details": details, "quantized_dimension": 5})
    assert findings(RULE, g) == []


def test_a_recurrent_cell_reads_one_scale_for_all_of_its_weights() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    w = g.constant("w", np.ones((4, 4), np.int8), scale=FOUR)
    t = g.constant("t", np.ones((4, 4), np.int16), scale=0.1)
    g.output(g.op("SVDF", [x, w, t, -1, -1], g.tensor("y", [1, 4], "INT8", scale=0.1), {"rank": 1}))
    [found] = findings(RULE, g)
    assert found.message.startswith("'w' INT8[4, 4] has 4 scales along dimension 0; SVDF reads one for the whole")
