"""TFL307: outputs whose parameters their kernels are made for."""

import pytest

from activation_mutations import FIXED
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.fixed_output_params import FixedOutputParams

RULE = FixedOutputParams()


def model(kind: str, scale: float, zero_point: int, dtype: str = "INT8", source: str = "") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("logits", [1, 8], source or dtype, scale=0.1)
    y = g.tensor("scores", [1, 8], dtype, scale=scale, zero_point=zero_point)
    g.output(g.op(kind, [x], y, {} if kind == "SOFTMAX" else None))
    return g


def bad() -> GraphBuilder:
    return model("SOFTMAX", 1 / 128, 0)


def good() -> GraphBuilder:
    return model("SOFTMAX", 1 / 256, -128)


def test_what_the_kernel_refuses_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message == (
        "The output 'scores' INT8[1, 8] of SOFTMAX has scale 0.0078125 and zero point 0; the specification fixes 1/256 and "
        "-128, so the runtime refuses the model."
    )
    assert found.help.startswith("Write scale 0.00390625 and zero point -128,")


def test_what_only_other_runtimes_insist_on_is_a_warning() -> None:
    [found] = findings(RULE, model("TANH", 1 / 64, 0))
    assert found.severity is Severity.WARNING
    assert "TensorFlow Lite Micro writes whatever the file says" in found.message
    [found] = findings(RULE, model("LOGISTIC", 1 / 256, 0))
    assert found.severity is Severity.WARNING
    [found] = findings(RULE, model("SOFTMAX", 1 / 128, 0, "UINT8"))
    assert "64-bit ARM" in found.message


def test_the_worse_of_two_faults_is_told() -> None:
    [found] = findings(RULE, model("LOGISTIC", 1 / 128, 0))
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(("kind", "dtype"), FIXED)
def test_what_is_fixed_is_fine(kind: str, dtype: str) -> None:
    scale, zero_point = FIXED[kind, dtype]
    assert findings(RULE, model(kind, scale, zero_point, dtype)) == []


def test_a_difference_that_the_kernel_takes_is_fine() -> None:
    assert findings(RULE, model("SOFTMAX", 1.0005 / 256, -128)) == []
    assert len(findings(RULE, model("LOG_SOFTMAX", 1.0005 / 16, 127))) == 1


def test_zero_points_of_16_bits_are_for_another_rule() -> None:
    assert findings(RULE, model("SOFTMAX", 1 / 32768, 5, "INT16")) == []


def test_ops_of_a_kind_are_one_finding() -> None:
    g = bad()
    g.op("SOFTMAX", [0], g.tensor("more", [1, 8], "INT8", scale=0.1), {})
    g.op("TANH", [0], g.tensor("tanh", [1, 8], "INT8", scale=0.1))
    first, second = findings(RULE, g)
    assert first.message.endswith("The same is wrong with 1 more SOFTMAX.")
    assert second.location.address == "0/2:TANH"


def test_other_types_kinds_and_tensors_are_left_alone() -> None:
    assert findings(RULE, model("RELU", 0.1, 0)) == []
    assert findings(RULE, model("SOFTMAX", 0.1, 0, "INT16", source="INT8")) == []
    assert findings(RULE, model("my op", 0.1, 0)) == []
    g = good()
    del g.graph["tensors"][1]["quantization"]
    g.op("SOFTMAX", [0], [], {})
    g.op("TANH", [], g.tensor("y", [1], "INT8", scale=0.1))
    assert findings(RULE, g) == []


def test_a_scale_that_is_none_is_for_scale_degenerate() -> None:
    assert findings(RULE, model("SOFTMAX", 0.0, -128)) == []
