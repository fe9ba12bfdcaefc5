"""TFL324: ranges that no input can fill."""

import numpy as np
import pytest

from calibrated import network, parameters, photographs
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.range_outlier import RangeOutlier

RULE = RangeOutlier()


def conv(width: float, *, low: float = 0.0, act: str = "NONE", joined: bool = False, bias: int = 0) -> GraphBuilder:
    """An input of 0 to 1 through weights of 1 and -1: 2 and -2 are the most and the least."""
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 4], "INT8", **parameters(0, 1))
    kernel = np.array([100, 100, -100, -100], np.int8).reshape(1, 1, 1, 4)
    w = g.constant("w", kernel, scale=0.01)
    b = g.constant("b", np.full(1, bias, np.int32), scale=0.01 / 255)
    y = g.tensor("narrow", [1, 4, 4, 1], "INT8", **parameters(low, low + width))
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "fused_activation_function": act}
    y = g.op("CONV_2D", [x, w, b], y, options)
    if joined:
        wide = g.input("wide", [1, 4, 4, 1], "INT8", **parameters(low, low + width))
        both = g.tensor("both", [1, 4, 4, 2], "INT8", **parameters(low, low + width))
        y = g.op("CONCATENATION", [y, wide], both, {"axis": -1})
    g.output(y)
    return g


def bad() -> GraphBuilder:
    return conv(64, low=-32, joined=True)


def good() -> GraphBuilder:
    return conv(4, low=-2, joined=True)


def test_the_range_of_a_wide_neighbour_costs_bits() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.name == "narrow"
    assert found.message == (
        "The range of 'narrow' is 64 wide, but its CONV_2D gives at most 4 for inputs in their range, so that 4.0 of "
        "the 8 bits are lost; CONCATENATION, which reads it, has one range for all its inputs."
    )
    assert [place.name for place in found.related] == ["both"]


def test_an_edited_scale_costs_them_too() -> None:
    [found] = findings(RULE, conv(64, low=-32))
    assert found.message.endswith("so that 4.0 of the 8 bits are lost.")


@pytest.mark.parametrize(("act", "width"), [("NONE", 15.9), ("RELU", 7.9), ("RELU6", 7.9)])
def test_up_to_four_times_is_fine(act: str, width: float) -> None:
    assert findings(RULE, conv(width, act=act)) == []
    assert len(findings(RULE, conv(1.05 * width, act=act))) == 1


def test_the_bias_counts() -> None:
    assert len(findings(RULE, conv(40))) == 1
    assert findings(RULE, conv(40, bias=9 * 25500)) == []


def test_several_are_one_finding() -> None:
    g = conv(64, low=-32)
    w = g.constant("v", np.ones((3, 1, 1, 1), np.int8), scale=0.01)
    y = g.tensor("z", [1, 4, 4, 3], "INT8", **parameters(0, 20))
    g.output(g.op("CONV_2D", [4, w, -1], y, {"padding": "SAME", "stride_w": 1, "stride_h": 1}))
    [found] = findings(RULE, g)
    assert found.location.name == "z"
    assert found.message.endswith("The same holds for 1 more op.")


def test_real_calibrations_have_none() -> None:
    assert findings(RULE, network(photographs())) == []
    assert findings(RULE, network(photographs() * 255, clip="RELU6")) == []


def test_what_is_always_0_or_not_known_is_left_alone() -> None:
    assert findings(RULE, network(np.zeros((4, 16, 16, 3)))) == []
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    w = g.constant("w", np.zeros((4, 4), np.int8), scale=0.01)
    unscaled = g.constant("u", np.zeros((4, 4), np.int8))
    flat = g.constant("f", np.zeros(4, np.int8), scale=0.01)
    for number, weights in enumerate((w, unscaled)):
        g.output(g.op("FULLY_CONNECTED", [x, weights, -1], g.tensor(f"y{number}", [1, 4], "INT8", scale=9.0), {}))
    g.output(g.op("DEPTHWISE_CONV_2D", [x, flat, -1], g.tensor("z", [1, 4], "INT8", scale=9.0), {}))
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("no_range", [1, 4], "INT8"), {}))
    g.op("FULLY_CONNECTED", [x, w, -1], [], {})
    assert findings(RULE, g) == []


def test_only_so_many_weights_are_looked_at() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 1024], "INT8", scale=0.1)
    w = g.constant("w", np.ones((3000, 1024), np.int8), scale=1e-3)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 3000], "INT8", scale=1000.0), {}))
    assert findings(RULE, g) == []
