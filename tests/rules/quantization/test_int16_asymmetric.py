"""TFL321: 16 bits with a zero point."""

import numpy as np
import pytest

from activation_mutations import softmax_in_16_bits
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.int16_asymmetric import Int16Asymmetric

RULE = Int16Asymmetric()


def unary(kind: str, before: int, after: int, types: tuple[str, str] = ("INT16", "INT16")) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8], types[0], scale=0.1, zero_point=before)
    g.output(g.op(kind, [x], g.tensor("y", [1, 8], types[1], scale=0.1, zero_point=after)))
    return g


def bad() -> GraphBuilder:
    return unary("RELU", 0, 300)


def good() -> GraphBuilder:
    return unary("RELU", 0, 0)


def test_a_kernel_that_refuses_makes_it_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.name == "y"
    assert found.message == (
        "The zero point of 'y' INT16[1, 8] is 300; 16-bit quantization is symmetric, with zero point 0: RELU, which writes "
        "it, refuses the model."
    )
    assert found.evidence == {"zero_point": 300, "tensors": 1}
    [found] = findings(RULE, unary("RELU", 300, 0))
    assert found.message.endswith("RELU, which reads it, refuses the model.")


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("RESHAPE", "hands its integers on with another."),
        ("UNPACK", "refuses the model."),
        ("GELU", "leaves it out."),
    ],
)
def test_so_does_one_that_computes_other_values(kind: str, effect: str) -> None:
    [found] = findings(RULE, unary(kind, 0, 300))
    assert found.severity is Severity.ERROR
    assert found.message.endswith(f"{kind}, which writes it, {effect}")


@pytest.mark.parametrize(
    "g",
    [
        unary("RESHAPE", 300, 300),
        unary("GELU", 300, 0),
        unary("my op", 300, 300),
        unary("QUANTIZE", 0, 300, ("FLOAT32", "INT16")),
        unary("QUANTIZE", 300, 0, ("INT16", "INT8")),
        unary("FULLY_CONNECTED", 300, 0, ("INT16", "INT32")),
    ],
)
def test_where_nobody_minds_it_is_a_warning(g: GraphBuilder) -> None:
    [found] = findings(RULE, g)
    assert found.severity is Severity.WARNING
    assert "LiteRT gets along with it here, other runtimes do not." in found.message


def test_an_lstm_leaves_out_what_its_peepholes_have() -> None:
    g = unary("LSTM", 300, 0)
    [found] = findings(RULE, g)
    assert found.severity is Severity.WARNING
    w = g.constant("peephole", np.ones(4, np.int16), scale=0.1, zero_point=4)
    g.graph["operators"][0]["inputs"] += [-1, w]
    error = findings(RULE, g)[0]
    assert error.severity is Severity.ERROR
    assert error.message.endswith("LSTM, which reads it, leaves it out. The same is wrong with 1 more tensor, of LSTM.")


def test_an_output_without_parameters_is_no_witness() -> None:
    g = unary("GELU", 300, 0)
    del g.graph["tensors"][1]["quantization"]
    [found] = findings(RULE, g)
    assert found.severity is Severity.WARNING


def test_tensors_with_the_same_consequence_are_one_finding() -> None:
    g = unary("RELU", 300, 300)
    g.op(
        "RESHAPE",
        [g.input("a", [4], "INT16", scale=0.1, zero_point=9)],
        g.tensor("b", [4], "INT16", scale=0.1, zero_point=9),
    )
    g.op("ABS", [0], g.tensor("c", [1, 8], "INT16", scale=0.1))
    first, second = findings(RULE, g)
    assert first.message.endswith("The same is wrong with 1 more tensor, of RELU.")
    assert [place.name for place in first.related] == ["y", "y"]
    assert second.evidence["tensors"] == 2


def test_the_16_bit_softmax_of_tensorflow_lite_micro_is_left_alone() -> None:
    g = softmax_in_16_bits()
    g.op("QUANTIZE", [1], g.tensor("q", [1, 8], "INT8", scale=0.1))
    assert findings(RULE, g) == []


def test_other_types_and_zero_points_are_left_alone() -> None:
    assert findings(RULE, unary("RELU", 5, 5, ("INT8", "INT8"))) == []
    assert findings(RULE, unary("RELU", 40000, 40000)) == []
    g = good()
    g.tensor("unused", [1], "INT16", scale=0.1, zero_point=3)
    g.op("SOFTMAX", [], g.tensor("z", [1], "INT16", scale=0.1), {})
    g.op("GELU", [g.tensor("plain", [1], "INT16")], [], {})
    assert findings(RULE, g) == []
