"""TFL306: integers that are handed on to a tensor that gives them another meaning."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.same_scale_violation import SameScaleViolation

RULE = SameScaleViolation()
SAME: dict[str, Any] = {"scale": 0.1}


def reshaped(after: dict[str, Any], before: dict[str, Any] = SAME, dtype: str = "INT8") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("features", [1, 2, 4], dtype, **before)
    g.output(g.op("RESHAPE", [x], g.tensor("flat", [1, 8], dtype, **after), {"new_shape": [1, 8]}))
    return g


def joined(kind: str, *scales: float, dtype: str = "INT8", output: float = 0.1) -> GraphBuilder:
    g = GraphBuilder()
    xs = [g.input(f"x{number}", [1, 4], dtype, scale=scale) for number, scale in enumerate(scales)]
    g.output(g.op(kind, xs, g.tensor("y", [1, 8], dtype, scale=output), {} if kind == "CONCATENATION" else None))
    return g


def bad() -> GraphBuilder:
    return reshaped({"scale": 0.2})


def good() -> GraphBuilder:
    return reshaped(SAME)


def test_values_that_change_without_a_word_are_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:RESHAPE"
    assert found.message == (
        "RESHAPE hands its integers on as they are; its input 'features' INT8[1, 2, 4] has scale 0.1 and zero point 0, its "
        "output 'flat' scale 0.2 and zero point 0, so values come out 2 times as large."
    )
    assert found.evidence == {"kernel": "moves", "scale_ratio": 2.0, "zero_points": [0, 0], "ops": 1}
    assert [place.name for place in found.related] == ["features", "flat"]


@pytest.mark.parametrize(
    ("after", "effect"),
    [
        ({"scale": 0.1, "zero_point": 7}, "values are shifted by 0.7."),
        ({"scale": 0.05, "zero_point": -4}, "values come out 0.5 times as large and are shifted by 0.2."),
        ({"scale": 0.0}, "values are lost."),
    ],
)
def test_the_effect_is_told(after: dict[str, Any], effect: str) -> None:
    [found] = findings(RULE, reshaped(after))
    assert found.message.endswith(effect)


@pytest.mark.parametrize("scale", [0.0, np.nan, np.inf, -np.inf])
def test_what_is_no_scale_has_no_ratio(scale: float) -> None:
    [found] = findings(RULE, reshaped(SAME, {"scale": scale}))
    assert found.evidence["scale_ratio"] in {None, 0.0}
    [found] = findings(RULE, reshaped({"scale": scale}))
    assert found.evidence["scale_ratio"] in {None, 0.0}
    assert found.message.endswith("values are lost.")


def test_what_rounding_swallows_is_fine() -> None:
    assert findings(RULE, reshaped({"scale": 0.1001})) == []
    assert findings(RULE, reshaped({"scale": 0.1001}, dtype="UINT8")) == []
    assert len(findings(RULE, reshaped({"scale": 0.1001}, dtype="INT16"))) == 1
    assert findings(RULE, reshaped({"scale": 0.100001}, dtype="INT16")) == []
    assert len(findings(RULE, reshaped({"scale": 0.101}))) == 1


def test_a_kernel_that_compares_takes_no_difference_at_all() -> None:
    [found] = findings(RULE, joined("PACK", 0.1, 0.1000001))
    assert found.message == (
        "PACK takes one scale and zero point; its input 'x1' INT8[1, 4] has scale 0.1000001 and zero point 0, its output 'y' "
        "scale 0.1 and zero point 0, so the runtime refuses the model."
    )


def test_concatenation_depends_on_the_type() -> None:
    [found] = findings(RULE, joined("CONCATENATION", 0.1, 0.2))
    assert found.message.endswith("so the runtime refuses the model.")
    [found] = findings(RULE, joined("CONCATENATION", 0.1, 0.2, dtype="INT16"))
    assert found.message.endswith("so values come out 0.5 times as large.")
    assert findings(RULE, joined("CONCATENATION", 0.1, 0.2, dtype="UINT8")) == []


def test_a_refusal_is_told_before_what_would_go_wrong() -> None:
    g = GraphBuilder()
    x, value = g.input("x", [1, 4], "INT8", scale=0.3), g.constant("v", np.zeros(1, np.int8), scale=0.2)
    pads = g.constant("p", np.zeros((2, 2), np.int32))
    g.output(g.op("PADV2", [x, pads, value], g.tensor("y", [1, 4], "INT8", scale=0.1)))
    [found] = findings(RULE, g)
    assert "its input 'v' INT8[1]" in found.message


def test_ops_of_a_kind_are_one_finding() -> None:
    g = bad()
    g.op("RESHAPE", [0], g.tensor("again", [8], "INT8", scale=0.3), {"new_shape": [8]})
    g.op("SQUEEZE", [0], g.tensor("flatter", [8], "INT8", scale=0.3), {})
    first, second = findings(RULE, g)
    assert first.message.endswith("The same is wrong with 1 more RESHAPE.")
    assert [place.address for place in first.related] == ["0/1:RESHAPE", "0/t0", "0/t1"]
    assert second.location.address == "0/2:SQUEEZE"


@pytest.mark.parametrize("kind", ["ADD", "MEAN", "SUM", "RELU", "QUANTIZE", "my op"])
def test_ops_that_rescale_are_left_alone(kind: str) -> None:
    assert findings(RULE, joined(kind, 0.1, 0.2)) == []


def test_a_custom_op_of_the_same_name_is_none_of_these() -> None:
    g = bad()
    code = g.tables["operator_codes"][0]
    code |= {"builtin_code": 32, "deprecated_builtin_code": 32, "custom_code": "RESHAPE"}
    assert findings(RULE, g) == []


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"scale": [0.1, 0.2], "axis": 1},
        {"quantization": {"scale": np.ones(1, np.float32)}},
        {"quantization": {"scale": np.ones(1, np.float32), "zero_point": np.zeros(2, np.int64)}},
        {"quantization": {"scale": np.ones(1, np.float32), "details": ("CustomQuantization", {})}},
    ],
)
def test_only_one_scale_is_compared(after: dict[str, Any]) -> None:
    assert findings(RULE, reshaped(after)) == []


def test_types_that_are_not_quantized_are_left_alone() -> None:
    assert findings(RULE, reshaped({"scale": 0.2}, dtype="INT32")) == []
    g = GraphBuilder()
    g.output(g.op("RESHAPE", [-1, g.input("x", [4], "INT8", scale=0.1)], g.tensor("y", [4], "INT8", scale=0.2)))
    g.op("FILL", [1], g.tensor("z", [4], "INT16", scale=0.2))
    assert findings(RULE, g) == []


def test_what_is_wrong_with_a_tensor_by_itself_is_told_by_other_rules() -> None:
    assert findings(RULE, reshaped({"scale": 0.1, "zero_point": 300})) == []
    assert findings(RULE, reshaped({"scale": 0.1, "zero_point": 7}, dtype="INT16")) == []
    g = reshaped(SAME, {"scale": 0.0})
    g.op("RELU", [0], g.tensor("relu", [1, 2, 4], "INT8", scale=0.1))
    assert findings(RULE, g) == []
