"""TFL308: signed weights with a zero point."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.weight_zero_point import WeightZeroPoint
from weighted import weighted

RULE = WeightZeroPoint()
SEVERAL = np.linspace(0.01, 0.02, 8)


def bad() -> GraphBuilder:
    return weighted(zero_point=5, bias=np.ones(8, np.int32))


def good() -> GraphBuilder:
    return weighted(bias=np.ones(8, np.int32))


def test_a_zero_point_that_the_kernel_refuses_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.name == "kernel"
    assert found.message == (
        "The zero point of the weights 'kernel' INT8[8, 3, 3, 4] is 5, where 0 is needed; CONV_2D refuses the model."
    )
    assert found.evidence["fate"] == "REFUSED"


def test_the_channel_is_named_where_there_are_several() -> None:
    [found] = findings(RULE, weighted("TRANSPOSE_CONV", scale=SEVERAL, zero_point=[0, 0, 0, 7, 0, 0, 0, 2]))
    assert found.message == (
        "The zero point of channel 3 of the weights 'kernel' INT8[8, 3, 3, 4] is 7, where 0 is needed; "
        "TRANSPOSE_CONV computes as if it were 0, so that its results are wrong."
    )


@pytest.mark.parametrize(
    ("kind", "more", "fate"),
    [
        ("CONV_2D", {"source": "INT16"}, "REFUSED"),
        ("CONV_2D", {"source": "FLOAT32"}, "IGNORED"),
        ("DEPTHWISE_CONV_2D", {}, "IGNORED"),
        ("DEPTHWISE_CONV_2D", {"scale": SEVERAL, "axis": 3}, "IGNORED"),
        ("TRANSPOSE_CONV", {}, "IGNORED"),
        ("FULLY_CONNECTED", {"scale": SEVERAL}, "IGNORED"),
        ("FULLY_CONNECTED", {"source": "FLOAT32"}, "IGNORED"),
        ("FULLY_CONNECTED", {"weights": "INT4"}, "REFUSED"),
        ("FULLY_CONNECTED", {"weights": "INT2", "source": "FLOAT32"}, "REFUSED"),
        ("BATCH_MATMUL", {"source": "FLOAT32"}, "IGNORED"),
        ("BATCH_MATMUL", {"source": "INT16"}, "REFUSED"),
        ("SVDF", {}, "IGNORED"),
        ("RNN", {"source": "FLOAT32"}, "IGNORED"),
        ("EMBEDDING_LOOKUP", {"source": "INT32"}, "REFUSED"),
        ("EMBEDDING_LOOKUP", {"source": "INT32", "scale": SEVERAL, "zero_point": [0, 1] * 4}, "IGNORED"),
    ],
)
def test_what_a_kernel_refuses_or_ignores_is_an_error(kind: str, more: dict[str, Any], fate: str) -> None:
    [found] = findings(RULE, weighted(kind, **{"zero_point": 1, **more}))
    assert found.evidence["fate"] == fate
    assert found.severity is Severity.ERROR


def test_what_the_kernel_computes_with_is_a_warning() -> None:
    [found] = findings(RULE, weighted("FULLY_CONNECTED", zero_point=3))
    assert found.severity is Severity.WARNING
    assert "computes with it" in found.message


def test_weights_of_a_kind_are_one_finding() -> None:
    g = bad()
    w = g.constant("second", np.ones((8, 3, 3, 4), np.int8), scale=0.1, zero_point=-1)
    g.output(g.op("CONV_2D", [0, w, 2], g.tensor("z", [1, 8, 8, 8], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is true of 1 more tensor.")
    assert [each.name for each in found.related] == ["second", "y"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("CONV_2D", {"values": np.ones((8, 3, 3, 4), np.uint8), "source": "UINT8", "zero_point": 128}),
        ("FULLY_CONNECTED", {"weights": "UINT4", "zero_point": 8}),
        ("BATCH_MATMUL", {"zero_point": 3}),
        ("EMBEDDING_LOOKUP", {"source": "INT32", "zero_point": 3, "made": "INT8"}),
        ("CONV_2D", {"source": "INT32", "zero_point": 3}),
        ("CONV_2D", {"zero_point": 300}),
        ("CONV_2D", {"quantization": {"scale": np.ones(1, np.float32), "zero_point": np.array([3, 4])}}),
    ],
    ids=["unsigned", "unsigned and packed", "a factor", "handed on", "plain", "out of range", "uneven"],
)
def test_what_is_right_or_told_by_another_rule_is_silent(kind: str, more: dict[str, Any]) -> None:
    assert findings(RULE, weighted(kind, **more)) == []


def test_other_ops_and_custom_ones_have_no_weights() -> None:
    g = bad()
    for kind in ("PRELU", "Convolution2DTransposeBias"):
        g.output(g.op(kind, [0, 1], g.tensor(kind, [1, 8, 8, 8], "INT8", scale=0.1)))
    [found] = findings(RULE, g)
    assert found.evidence["tensors"] == 1


def test_a_matrix_that_is_computed_may_have_one_and_a_left_out_input_is_unknown() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 16], "INT8", scale=0.1)
    w = g.input("w", [8, 16], "INT8", scale=0.1, zero_point=4)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 8], "INT8", scale=0.1), {}))
    g.output(g.op("CONV_2D", [-1, w, -1], g.tensor("z", [1, 8], "INT8", scale=0.1), {}))
    assert findings(RULE, g) == []
