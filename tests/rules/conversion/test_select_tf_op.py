"""TFL201: ops that run on TensorFlow's own kernels."""

import pytest

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.select_tf_op import SelectTfOp

RULE = SelectTfOp()


def chain(*kinds: str) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, kind in enumerate(kinds):
        last = g.op(kind, [last], g.tensor(f"head/{number}", [1, 8]))
    g.output(last)
    return g


def bad() -> GraphBuilder:
    g = chain("RELU", "FlexErf", "FlexErf", "FlexCumprod")
    g.converted(enable_select_tf_ops=True)
    return g


def good() -> GraphBuilder:
    return chain("RELU", "TFLite_Detection_PostProcess", "CUMSUM")


def test_the_ops_are_one_warning_that_counts_them() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/1:FlexErf"
    assert found.location.name == "head/1"
    assert [place.address for place in found.related] == ["0/2:FlexErf", "0/3:FlexCumprod"]
    assert found.message.startswith("3 of 4 ops need TensorFlow's own kernels: FlexErf (2) and FlexCumprod;")
    assert found.evidence == {"ops": {"FlexErf": 2, "FlexCumprod": 1}, "tensorflow_text": []}


def test_builtin_and_other_custom_ops_are_fine() -> None:
    assert findings(RULE, good()) == []


def test_it_is_an_error_where_only_builtin_ops_were_expected() -> None:
    [found] = findings(RULE, bad(), expectations=Expectations(ops="builtin"))
    assert found.severity is Severity.ERROR
    assert found.message.endswith("; only builtin ops were expected.")


@pytest.mark.parametrize("ops", ["select", "any"])
def test_it_is_silent_where_the_ops_are_wanted(ops: str) -> None:
    assert findings(RULE, bad(), expectations=Expectations(ops=ops)) == []


def test_ops_of_tensorflow_text_are_named() -> None:
    [found] = findings(RULE, chain("FlexSentencepieceOp"))
    assert "1 of 1 op needs" in found.message
    assert "FlexSentencepieceOp needs TensorFlow Text as well" in found.message
    [found] = findings(RULE, chain("FlexSentencepieceOp", "FlexRougeL", "FlexErf"))
    assert "FlexSentencepieceOp and FlexRougeL need TensorFlow Text as well" in found.message


def test_a_known_cure_comes_first() -> None:
    [found] = findings(RULE, chain("FlexTensorListReserve", "FlexTensorListStack", "FlexFusedBatchNormV3"))
    assert found.help.startswith("Fix the batch of the recurrent layer")
    assert "training=False" in found.help
