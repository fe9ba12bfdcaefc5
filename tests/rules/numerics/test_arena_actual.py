"""TFL913: what TFLite Micro takes of its arena, beside the plan and what the device has."""

from __future__ import annotations

from typing import Any

import pytest

from tflint import Severity
from tflint.analysis.tflm_memory import tflm_arena
from tflint.comparison import Comparison, Ended, EngineRun
from tflint.expectations import Expectations
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.numerics.arena_actual import ArenaActual

RULE = ArenaActual()


def ran(arena: int | None) -> Comparison:
    return Comparison(runs=(EngineRun("tflm", Ended.DONE, "TFLite Micro 0.1", arena=arena),))


def bad() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4096], "INT8", scale=0.1)
    g.output(g.op("RELU", [x], g.tensor("y", [1, 4096], "INT8", scale=0.1)))
    return g


def good() -> GraphBuilder:
    return bad()


PLANNED = tflm_arena(model(bad()))
assert PLANNED is not None
PLAN = PLANNED.arena_bytes
CONTEXT: dict[str, Any] = {"comparison": ran(20_000), "expectations": Expectations(arena_kib=12)}
GOOD_CONTEXT: dict[str, Any] = {"comparison": ran(PLAN), "expectations": Expectations(arena_kib=64)}


def test_an_arena_that_is_larger_than_planned_and_than_the_device_has_is_an_error() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.ERROR
    assert "takes 19.5 KiB of its arena" in found.message
    assert "the device has 12 KiB" in found.message


def test_what_the_plan_has_said_already_is_not_said_again() -> None:
    assert not findings(RULE, bad(), comparison=ran(20_000), expectations=Expectations(arena_kib=4))


def test_a_measure_that_is_far_from_the_plan_is_a_note() -> None:
    [found] = findings(RULE, bad(), comparison=ran(2 * PLAN))
    assert found.severity is Severity.NOTE
    assert not findings(RULE, bad(), comparison=ran(PLAN + PLAN // 20))


@pytest.mark.parametrize("comparison", [None, Comparison(), ran(None)])
def test_without_a_measure_nothing_is_said(comparison: Comparison | None) -> None:
    assert not findings(RULE, bad(), comparison=comparison, expectations=Expectations(arena_kib=1))


def test_where_nothing_could_be_planned_the_measure_alone_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint_rules.numerics.arena_actual.tflm_arena", lambda _model: None)
    [found] = findings(RULE, bad(), **CONTEXT)
    assert "planned" not in found.message
    assert not findings(RULE, bad(), comparison=ran(20_000))


def test_a_damaged_model_is_not_judged() -> None:
    g = bad()
    g.graph["operators"][0]["inputs"] = [99]
    assert not findings(RULE, g, **CONTEXT)
