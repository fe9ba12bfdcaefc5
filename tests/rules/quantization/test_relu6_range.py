"""TFL325: codes behind an activation function that it never gives."""

import numpy as np
import pytest

from calibrated import parameters
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.relu6_range import Relu6Range

RULE = Relu6Range()


def convs(*ranges: tuple[float, float], act: str = "RELU6", dtype: str = "INT8") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8, 8, 2], "INT8", scale=0.05)
    for number, (low, high) in enumerate(ranges):
        kernel = g.constant(f"w{number}", np.eye(2, dtype=np.int8).reshape(2, 1, 1, 2), scale=0.01)
        y = g.tensor(f"y{number}", [1, 8, 8, 2], dtype, **parameters(low, high))
        x = g.op("CONV_2D", [x, kernel, -1], y, {"fused_activation_function": act})
    g.output(x)
    return g


def bad() -> GraphBuilder:
    return convs((0, 12), (0, 6))


def good() -> GraphBuilder:
    return convs((0, 6), (0, 4))


def test_codes_above_6_are_never_used() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.NOTE
    assert found.location.name == "y0"
    assert found.message == (
        "'y0' has codes for 0 to 12, but its CONV_2D gives 0 to 6 only; 50 % of the codes are never used."
    )


def test_codes_below_0_are_never_used() -> None:
    [found] = findings(RULE, convs((-4, 4), act="RELU"))
    assert "but its CONV_2D gives 0 and above only; 50 % of the codes are never used." in found.message
    assert findings(RULE, convs((-4, 4), act="NONE")) == []


def test_several_are_one_finding_at_the_worst() -> None:
    [found] = findings(RULE, convs((0, 12), (0, 6), (-10, 12), (0, 20)))
    assert found.location.name == "y2"
    assert found.message.endswith("73 % of the codes are never used. The same holds for 2 more ops.")
    assert [place.name for place in found.related] == ["y0", "y3"]


def test_an_activation_on_its_own_counts_too() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    g.output(g.op("RELU6", [x], g.tensor("y", [1, 4], "INT8", scale=0.1)))
    [found] = findings(RULE, g)
    assert found.message.startswith("'y' has codes for -12.8 to 12.7, but its RELU6 gives 0 to 6 only;")


@pytest.mark.parametrize("ranges", [(0.0, 8.0), (-1.0, 6.0), (-1e-6, 1e-6)])
def test_a_little_is_no_finding_and_nothing_is_another(ranges: tuple[float, float]) -> None:
    assert findings(RULE, convs(ranges)) == []


def test_the_share_is_an_option() -> None:
    assert len(findings(Relu6Range(max_unused=0.1), convs((0, 8)))) == 1


def test_wider_integers_are_not_looked_at() -> None:
    assert findings(RULE, convs((0, 12), dtype="INT16")) == []
