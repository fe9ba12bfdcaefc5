"""TFL318: integers that stand for nothing."""

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.missing_quant_params import MissingQuantParams

RULE = MissingQuantParams()


def unary(kind: str, dtype: str = "INT8", *, scale: float | None = None) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4], dtype, scale=0.1)
    g.output(g.op(kind, [x], g.tensor("y", [1, 4], dtype, scale=scale)))
    return g


def bad() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    w = g.constant("offset", np.ones((1, 4), np.int8))
    g.output(g.op("ADD", [x, w], g.tensor("y", [1, 4], "INT8", scale=0.1)))
    return g


def good() -> GraphBuilder:
    return unary("RELU", scale=0.1)


def test_a_tensor_without_a_scale_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message == (
        "'offset' INT8[1, 4] has no scale; ADD, which reads it, needs one to know what its integers stand for."
    )
    assert [each.address for each in found.related] == ["0/0:ADD"]


def test_all_of_them_are_one_finding() -> None:
    g = bad()
    g.output(g.op("TANH", [2], g.tensor("z", [1, 4], "INT8")))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is wrong with 1 more tensor, of TANH.")


@pytest.mark.parametrize("kind", ["RELU", "LOGISTIC", "EXP", "L2_NORMALIZATION", "QUANTIZE"])
def test_an_output_needs_a_scale_too(kind: str) -> None:
    [found] = findings(RULE, unary(kind))
    assert f"{kind}, which writes it," in found.message


@pytest.mark.parametrize("kind", ["RESHAPE", "CAST", "MAXIMUM", "my_op"])
def test_ops_that_work_on_plain_integers_are_left_alone(kind: str) -> None:
    assert findings(RULE, unary(kind)) == []


@pytest.mark.parametrize(("kind", "dtype"), [("ABS", "INT16"), ("ABS", "INT32"), ("ELU", "UINT8")])
def test_so_are_the_types_that_a_kernel_takes_plain_or_not_at_all(kind: str, dtype: str) -> None:
    assert findings(RULE, unary(kind, dtype)) == []


def test_weights_of_a_float_op_need_a_scale() -> None:
    g = GraphBuilder()
    w = g.constant("kernel", np.ones((4, 4), np.int8))
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 4]), w, -1], g.tensor("y", [1, 4]), {}))
    [found] = findings(RULE, g)
    assert found.location.name == "kernel"
