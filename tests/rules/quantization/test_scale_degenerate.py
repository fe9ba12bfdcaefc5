"""TFL316: scales that nothing can be computed with."""

from collections.abc import Sequence
from math import inf, nan

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.scale_degenerate import ScaleDegenerate

RULE = ScaleDegenerate()


def conv(
    *,
    weights: float | Sequence[float] = 0.1,
    out: float = 0.1,
    bias: float = 0.01,
    act: str = "NONE",
    ones: int = 1,
    shape: Sequence[int] = (4, 1, 1, 4),
) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8, 8, 4], "INT8", scale=0.1)
    values = np.full(shape, ones, np.int8)
    w = g.constant("kernel", values, scale=weights)
    b = g.constant("bias", np.zeros(4, np.int32), scale=bias)
    y = g.tensor("y", [1, 8, 8, 4], "INT8", scale=out)
    g.output(g.op("CONV_2D", [x, w, b], y, {"fused_activation_function": act}))
    return g


def bad() -> GraphBuilder:
    return conv(weights=[0.1, nan, 0.1, 0.1])


def good() -> GraphBuilder:
    return conv(weights=[0.1, 0.2, 0.1, 0.1])


def test_a_channel_without_a_scale_is_dead() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.name == "kernel"
    assert found.message == (
        "1 of the 4 scales of 'kernel' INT8[4, 1, 1, 4], of channel 1, is not a number; a scale has to be a positive "
        "and finite number, at least 1.2e-38."
    )


@pytest.mark.parametrize(
    ("scale", "fault"), [(0.0, "0"), (nan, "not a number"), (inf, "infinite"), (-0.1, "negative"), (1e-40, "denormal")]
)
def test_the_fault_is_named(scale: float, fault: str) -> None:
    [found] = findings(RULE, conv(out=scale))
    assert found.message.startswith(f"The scale of 'y' INT8[1, 8, 8, 4] is {fault}; ")


def test_several_channels_and_tensors_with_the_same_fault_are_one_finding() -> None:
    g = conv(weights=[0.1, 0.0, 0.0, 0.1], out=0.0)
    [found] = findings(RULE, g)
    assert found.message.startswith("2 of the 4 scales of 'kernel' INT8[4, 1, 1, 4], from channel 1 on, are 0;")
    assert found.message.endswith("The same is wrong with 1 more tensor.")


@pytest.mark.parametrize("weights", [0.0, [0.1, 0.0, 0.1, 0.1]])
def test_a_scale_of_zero_on_weights_that_are_all_zero_changes_nothing(weights: float | Sequence[float]) -> None:
    assert findings(RULE, conv(weights=weights, ones=0)) == []
    assert len(findings(RULE, conv(weights=weights))) == 1


def test_zeros_are_not_looked_for_where_the_channels_cannot_be_told_apart() -> None:
    assert len(findings(RULE, conv(weights=[0.1, 0.0], ones=0))) == 1


def test_no_kernel_reads_the_scale_of_a_bias() -> None:
    assert findings(RULE, conv(bias=0.0)) == []


def test_no_op_that_only_moves_values_reads_their_scale() -> None:
    g = GraphBuilder()
    x = g.input("pixels", [4, 4], "UINT8", scale=0.0)
    g.output(g.op("RESHAPE", [x], g.tensor("flat", [16], "UINT8", scale=0.0)))
    assert findings(RULE, g) == []


def test_small_scales_are_fine_where_nothing_clips() -> None:
    assert findings(RULE, conv(weights=1e-30, out=1e-12)) == []
    assert findings(RULE, conv(out=1e-9, act="RELU")) == []


@pytest.mark.parametrize(
    ("act", "limit", "works"), [("RELU6", 2.793e-9, 2.795e-9), ("RELU_N1_TO_1", 4.65e-10, 4.66e-10)]
)
def test_a_clip_has_to_fit_32_bits(act: str, limit: float, works: float) -> None:
    assert findings(RULE, conv(out=works, act=act)) == []
    [found] = findings(RULE, conv(out=limit, act=act))
    assert found.location.address == "0/0:CONV_2D"
    assert "the runtime refuses the model" in found.message


def test_all_clips_that_do_not_fit_are_one_finding() -> None:
    g = conv(out=1e-12, act="RELU6")
    options = {"fused_activation_function": "RELU6"}
    g.output(g.op("ADD", [3, 3], g.tensor("z", [1, 8, 8, 4], "INT8", scale=1e-12), options))
    [found] = findings(RULE, g)
    assert found.message.startswith("The CONV_2D clips at 6, 6e+12 steps of 1e-12, the scale of its output 'y';")
    assert found.message.endswith("The same is wrong with 1 more op.")


def test_plain_integers_do_not_clip_at_a_scale() -> None:
    g = conv(weights=1e-12)
    options = {"fused_activation_function": "RELU6"}
    g.output(g.op("ADD", [2, 2], g.tensor("z", [4], "INT32", scale=1e-12), options))
    assert findings(RULE, g) == []


def test_constants_that_share_their_bytes_are_not_read_without_end() -> None:
    g = conv(weights=[0.0, 0.1, 0.1, 0.1])
    values = np.ones((4, 1024), np.int8)
    shared = g.buffer(values.tobytes())
    for number in range(40):
        w = g.tensor(f"w{number}", values.shape, "INT8", scale=0.0, buffer=shared)
        g.output(g.op("FULLY_CONNECTED", [0, w, -1], g.tensor(f"z{number}", [4], "INT8", scale=0.1)))
    [found] = findings(RULE, g)
    assert 0 < found.evidence["tensors"] < 40
