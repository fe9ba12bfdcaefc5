"""TFL303: float32 at the ends of a model of integers."""

import numpy as np

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.float_io import FloatIo

RULE = FloatIo()


def model(dtype: str = "INT8", *, before: str = "", behind: str = "") -> GraphBuilder:
    """Float in and out through conversions; `before` and `behind` are float ops at the ends."""
    g = GraphBuilder()
    x = g.input("image", [1, 8, 8, 3])
    if before:
        x = g.op(before, [x], g.tensor("before", [1, 8, 8, 3]))
    x = g.op("QUANTIZE", [x], g.tensor("q", [1, 8, 8, 3], dtype, scale=0.1))
    x = g.op("RELU", [x], g.tensor("r", [1, 8, 8, 3], dtype, scale=0.1))
    x = g.op("DEQUANTIZE", [x], g.tensor("scores", [1, 8, 8, 3]))
    g.output(g.op(behind, [x], g.tensor("behind", [1, 8, 8, 3])) if behind else x)
    return g


def bad() -> GraphBuilder:
    return model()


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("image", [1, 8, 8, 3], "INT8", scale=0.1)
    g.output(g.op("RELU", [x], g.tensor("r", [1, 8, 8, 3], "INT8", scale=0.1)))
    return g


def test_conversions_at_both_ends_are_one_note() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.NOTE
    assert found.location.name == "image"
    assert "2 conversions of 1.5 KiB in each run; int8 inputs and outputs need none." in found.message
    assert [each.name for each in found.related] == ["scores"]


def test_one_end_is_enough() -> None:
    g = good()
    g.output(g.op("DEQUANTIZE", [1], g.tensor("scores", [1, 8, 8, 3])))
    [found] = findings(RULE, g)
    assert found.message.startswith("The output 'scores' FLOAT32[1, 8, 8, 3] is converted by the model itself")


def test_int16_is_named_where_the_model_computes_in_it() -> None:
    [found] = findings(RULE, model("INT16"))
    assert "tf.int16" in found.help


def test_who_says_what_the_ends_are_is_answered_by_another_rule() -> None:
    assert findings(RULE, bad(), expectations=Expectations(io="float32")) == []


def test_float_work_at_an_end_needs_float_there() -> None:
    assert findings(RULE, model(before="ABS")) == []
    assert findings(RULE, model(behind="ABS")) == []


def test_a_shape_is_no_float_work() -> None:
    g = bad()
    g.op("SHAPE", [0], g.tensor("shape", [4], "INT32"))
    assert len(findings(RULE, g)) == 1


def test_a_model_that_computes_nothing_in_integers_is_no_quantized_one() -> None:
    g = GraphBuilder()
    x = g.op("QUANTIZE", [g.input("x", [4])], g.tensor("q", [4], "INT8", scale=0.1))
    g.output(g.op("DEQUANTIZE", [x], g.tensor("y", [4])))
    assert findings(RULE, g) == []


def test_a_constant_that_is_dequantized_is_no_end_of_the_integers() -> None:
    g = good()
    w = g.constant("w", np.ones(4, np.int8), scale=0.1)
    g.output(g.op("DEQUANTIZE", [w], g.tensor("y", [4])))
    assert findings(RULE, g) == []


def test_an_output_that_nothing_writes_is_not_judged() -> None:
    g = good()
    g.output(g.tensor("lost", [4]))
    assert findings(RULE, g) == []
