"""TFL213: FAKE_QUANT ops that the converter did not turn into scales."""

import pytest

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.fake_quant_left import FakeQuantLeft

RULE = FakeQuantLeft()


def chain(*kinds: str) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, kind in enumerate(kinds):
        last = g.op(kind, [last], g.tensor(f"act_quant/{number}", [1, 8]))
    g.output(last)
    return g


def bad() -> GraphBuilder:
    return chain("FAKE_QUANT", "RELU", "FAKE_QUANT")


def good() -> GraphBuilder:
    return chain("QUANTIZE", "RELU", "DEQUANTIZE")


def test_the_ops_are_one_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/0:FAKE_QUANT"
    assert found.message.startswith("2 FAKE_QUANT ops are left in a model that was trained for quantization;")
    assert len(found.related) == 1


def test_a_model_without_them_is_fine() -> None:
    assert findings(RULE, good()) == []


@pytest.mark.parametrize("precision", ["int8", "int16x8"])
def test_it_is_an_error_where_integers_were_expected(precision: str) -> None:
    [found] = findings(RULE, bad(), expectations=Expectations(precision=precision))
    assert found.severity is Severity.ERROR
    assert "was to be quantized to integers" in found.message


def test_it_is_an_error_where_the_file_says_that_it_is_quantized() -> None:
    g = chain("FAKE_QUANT")
    g.converted("QUANTIZATION_AWARE_TRAINING")
    [found] = findings(RULE, g)
    assert found.severity is Severity.ERROR
    assert found.message.startswith("1 FAKE_QUANT op is left")


def test_it_stays_a_warning_where_only_the_weights_were_to_shrink() -> None:
    g = bad()
    g.converted("PTQ_FLOAT16")
    [found] = findings(RULE, g, expectations=Expectations(precision="float16"))
    assert found.severity is Severity.WARNING
