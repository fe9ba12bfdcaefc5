"""TFL909: XNNPACK takes less than forecast."""

from dataclasses import replace
from typing import Any

from comparisons import DONE, compared, dense
from tflint import Finding
from tflint.comparison import Ended
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.delegated_ratio import DelegatedRatio
from tflint_rules.targets.tables.cpu import TARGET as CPU
from tflint_rules.targets.tables.xnnpack import TARGET as XNNPACK

RULE = DelegatedRatio()


def of(delegated: int | None, **more: Any) -> dict[str, Any]:
    run = replace(DONE[0], delegated=delegated, **more)
    return {"comparison": compared(runs=(run, DONE[1])), "targets": (CPU, XNNPACK)}


CONTEXT = of(1)
GOOD_CONTEXT = of(2)


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def found(context: dict[str, Any]) -> list[Finding]:
    return findings(RULE, dense(), **context)


def test_it_tells_both_numbers() -> None:
    [one] = found(of(1))
    assert one.message == "XNNPACK of LiteRT 2.3.0 takes 1 of 2 ops; by its table it should take 2."
    assert one.evidence == {"delegated": 1, "forecast": 2, "ops": 2}
    assert findings(DelegatedRatio(max_short=0.5), dense(), **of(1)) == []


def test_nothing_is_said_of_more_ops_or_where_the_number_is_not_known() -> None:
    assert found(of(3)) == []
    assert found(of(None)) == []
    assert found(of(0, ended=Ended.FAILED)) == []


def test_ops_that_write_nothing_cannot_be_counted() -> None:
    g = dense()
    handle = g.op("VAR_HANDLE", [], g.tensor("handle", [], "RESOURCE"), {"shared_name": "v"})
    g.op("ASSIGN_VARIABLE", [handle, 3], [])
    assert findings(RULE, g, **of(0)) == []


def test_it_needs_the_target_and_a_run() -> None:
    assert found(of(1) | {"targets": (CPU,)}) == []
    assert found({"targets": (XNNPACK,)}) == []
