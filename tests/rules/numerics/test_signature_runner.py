"""TFL911: the signature gives other values."""

from pathlib import Path
from typing import Any

import pytest

from comparisons import compared, normal, real
from tflint import Finding
from tflint.comparison import Ended, EngineRun
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.load_failure import LoadFailure
from tflint_rules.numerics.signature_runner import SignatureRunner

RULE = SignatureRunner()
CONTEXT = {"comparison": compared(facts={"signature": "1,0"})}
GOOD_CONTEXT = {"comparison": compared(facts={"signature": ""})}


def bad() -> GraphBuilder:
    g = GraphBuilder()
    x, z = g.input("x", [1, 8]), g.input("z", [1, 8])
    y = g.op("SUB", [x, z], g.tensor("y", [1, 8]), {})
    h = g.op("FULLY_CONNECTED", [y, g.constant("w", normal(8, 8)), -1], g.tensor("h", [1, 8]), {})
    g.output(y, h)
    g.signature("serving_default", {"a": z, "b": x}, {"second": h, "first": y})
    return g


def good() -> GraphBuilder:
    return bad()


def found(text: str, **more: str) -> list[Finding]:
    return findings(RULE, bad(), comparison=compared(facts={"signature": text, **more}))


def test_it_names_the_outputs() -> None:
    [one] = found("1,0")
    assert one.message == (
        "Called through its signature 'serving_default', the model gives other values at 2 outputs ('h' and 'y') than "
        "called by position, for the same input."
    )
    assert [each.name for each in one.related] == ["y"]


def test_a_model_that_varies_by_itself_is_left_alone() -> None:
    assert found("0", repeat="0") == []
    assert found("7,x") == []
    assert findings(RULE, bad()) == []


@pytest.mark.parametrize(
    "more",
    [
        {"facts": {"signature": "failed: Tensor data is null"}},
        {"runs": (EngineRun("xnnpack", Ended.CRASHED, "LiteRT 2.3.0", "signature", words="Tensor data is null"),)},
    ],
)
def test_a_call_that_fails_is_told_in_the_words_of_the_runtime(more: dict[str, Any]) -> None:
    [one] = findings(RULE, bad(), comparison=compared(**more))
    assert one.message == (
        "Called through its signature 'serving_default', the model fails, and called by position it runs: Tensor data is "
        "null."
    )
    assert findings(LoadFailure(), bad(), comparison=compared(**more)) == []


def test_a_signature_that_is_broken_is_for_another_rule() -> None:
    g = bad()
    g.tables["signature_defs"][0]["outputs"][0]["tensor_index"] = 0
    assert findings(RULE, g, comparison=compared(facts={"signature": "0"})) == []
    assert findings(RULE, GraphBuilder(of=None), comparison=compared(facts={"signature": "0"})) == []


def test_another_order_of_names_is_no_difference(tmp_path: Path) -> None:
    ctx = real(tmp_path, bad())
    assert ctx.comparison is not None
    assert ctx.comparison.facts["signature"] == ""
    assert list(RULE.check(ctx)) == []
