"""TFL317: zero points that do not fit."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.zero_point_range import ZeroPointRange

RULE = ZeroPointRange()


def model(zero_point: int, dtype: str = "INT8") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("image", [1, 4], dtype, scale=0.1, zero_point=zero_point)
    g.output(g.op("RELU", [x], g.tensor("y", [1, 4], dtype, scale=0.1)))
    return g


def bad() -> GraphBuilder:
    return model(128)


def good() -> GraphBuilder:
    return model(-128)


def test_a_zero_point_that_the_type_does_not_hold_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message == "The zero point of 'image' INT8[1, 4] is 128; INT8 holds -128 to 127."


def test_each_type_has_its_own_range() -> None:
    assert findings(RULE, model(128, "UINT8")) == []
    assert len(findings(RULE, model(-1, "UINT8"))) == 1
    assert findings(RULE, model(300, "INT16")) == []
    assert len(findings(RULE, model(2**31, "INT32"))) == 1


def test_types_without_a_range_are_not_judged() -> None:
    assert findings(RULE, model(2**40, "INT64")) == []
    assert findings(RULE, model(2**40, "UINT64")) == []
    assert findings(RULE, model(2**40, "FLOAT32")) == []


def test_the_channel_is_named_and_the_other_tensors_counted() -> None:
    g = bad()
    g.graph["tensors"][0]["name"] = "first"
    g.tensor("second", [2], "INT8", scale=[0.1, 0.1], zero_point=[0, 999])
    [found] = findings(RULE, g)
    assert found.message.endswith("INT8 holds -128 to 127. The same is wrong with 1 more tensor.")
    g.graph["tensors"][0]["quantization"]["zero_point"] = np.zeros(1, np.int64)
    [found] = findings(RULE, g)
    assert found.message.startswith("The zero point of channel 1 of 'second' INT8[2] is 999;")


def test_each_scale_needs_its_zero_point() -> None:
    g = good()
    quantization = {"scale": np.full(2, 0.1, np.float32), "zero_point": np.zeros(1, np.int64)}
    g.tensor("kernel", [2], "INT8", quantization=quantization)
    [found] = findings(RULE, g)
    assert found.message == (
        "'kernel' INT8[2] has 2 scales and 1 zero point; as many of both are needed, and the runtime refuses to load "
        "the file."
    )


def test_scales_without_any_zero_point_are_told_too() -> None:
    g = good()
    g.tensor("kernel", [2], "INT8", quantization={"scale": np.full(2, 0.1, np.float32)})
    [found] = findings(RULE, g)
    assert found.message.startswith("'kernel' INT8[2] has 2 scales and no zero point; as many of both are needed,")
    assert found.evidence == {"scales": 2, "zero_points": 0, "tensors": 1}


def test_no_scales_need_no_zero_points() -> None:
    g = good()
    g.tensor("kernel", [2], "INT8", quantization={"zero_point": np.zeros(3, np.int64)})
    g.tensor("image", [2], "FLOAT32", quantization={"min": np.zeros(1, np.float32), "max": np.ones(1, np.float32)})
    assert findings(RULE, g) == []


def test_a_count_that_does_not_fit_is_told_before_what_is_in_it() -> None:
    g = good()
    quantization = {"scale": np.full(2, 0.1, np.float32), "zero_point": np.full(3, 999, np.int64)}
    g.tensor("kernel", [2], "INT8", quantization=quantization)
    assert len(findings(RULE, g)) == 1


def test_a_model_without_quantization_is_silent() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [4])], g.tensor("y", [4])))
    assert findings(RULE, g) == []
