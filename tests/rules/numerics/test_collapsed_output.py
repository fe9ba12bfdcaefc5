"""TFL905: an output that does not change."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from comparisons import compared, dense, feeds, figures, output, real
from tflint import Context, Finding, Severity
from tflint.comparison import Comparison, Inside
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.collapsed_output import CollapsedOutput
from tflint_rules.numerics.first_divergence import FirstDivergence
from tflint_rules.numerics.output_diff import OutputDiff

RULE = CollapsedOutput()
FROZEN = (Inside("0/t4", "unchanging", 1.0),)
CHANGES = [figures(0.0, size) for size in (0.5, 1.0, 0.7, 0.9, 0.1, 0.2)]
COLLAPSED = compared(output(0.0, CHANGES), inside=FROZEN)
CONTEXT = {"comparison": COLLAPSED}
GOOD_CONTEXT = {"comparison": compared(output(110.0))}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def found(comparison: Comparison, built: GraphBuilder | None = None) -> list[Finding]:
    return findings(RULE, built or dense(), comparison=comparison)


def test_a_source_that_changes_makes_it_an_error() -> None:
    [one] = found(COLLAPSED)
    assert one.severity is Severity.ERROR
    assert one.message == (
        "Output 'probs' is the same for all of 4 random inputs; in the source 'model.keras' it changes with them."
    )
    for rule in (OutputDiff(), FirstDivergence()):
        assert findings(rule, dense(), comparison=COLLAPSED) == []


def test_what_is_one_number_inside_is_named() -> None:
    flat = tuple(Inside(address, "constant", 1.0) for address in ("0/t3", "0/t4"))
    [one] = found(replace(COLLAPSED, inside=FROZEN + flat))
    assert one.message.endswith("it changes with them. Before it, FULLY_CONNECTED (op 0) gives one number everywhere.")
    assert [each.name for each in one.related] == ["dense_1"]


def test_a_source_that_stays_the_same_is_no_finding() -> None:
    assert found(compared(output(0.0), inside=FROZEN)) == []
    assert found(compared(output(110.0), inside=FROZEN)) == []


def test_a_change_of_less_than_a_percent_or_a_few_steps_is_none() -> None:
    small = [figures(50.0, size) for size in (0.5, 1.0, 0.7, 0.9, 0.1, 0.2)]
    assert found(compared(output(50.0, small), inside=FROZEN)) == []
    g = GraphBuilder()
    x = g.input("x", [1, 8], "INT8", scale=0.1)
    g.output(g.op("ABS", [x], g.tensor("probs", [1, 8], "INT8", scale=2.0)))
    held = replace(compared(output(0.0, CHANGES), precision="int8"), inside=(Inside("0/t1", "unchanging", 1.0),))
    assert found(held, g) == []


GIVEN = feeds(randoms=0, given=4)


def test_without_a_source_it_is_a_warning_for_inputs_of_yours() -> None:
    [one] = found(compared(reference="", inside=FROZEN, feeds=GIVEN))
    assert one.severity is Severity.WARNING
    assert one.message == "Output 'probs' is the same for all of 4 given inputs."
    two = (*FROZEN, Inside("0/t3", "unchanging", 1.0))
    [one] = found(compared(reference="", inside=two, feeds=GIVEN), dense(outputs=2))
    assert one.message == "2 outputs ('probs' and 'dense_1') are the same for all of 4 given inputs."
    assert found(compared(reference="", inside=FROZEN)) == []


def test_without_a_source_choices_whole_numbers_and_constants_are_left_alone() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    flags = g.op("GREATER", [x, g.constant("zero", np.zeros(1, np.float32))], g.tensor("flags", [1, 8], "BOOL"))
    chosen = g.op("CAST", [flags], g.tensor("chosen", [1, 8]))
    whole = g.op("CAST", [x], g.tensor("whole", [1, 8], "INT32"))
    fixed = g.op("NEG", [g.constant("held", np.ones(8, np.float32))], g.tensor("fixed", [8]))
    g.output(chosen, whole, fixed)
    every = tuple(Inside(f"0/t{number}", "unchanging", 1.0) for number in range(8))
    assert found(compared(reference="", inside=every, feeds=GIVEN), g) == []


def test_nothing_is_said_without_a_run() -> None:
    assert findings(RULE, dense()) == []


def quantized(scale: float) -> GraphBuilder:
    """Two int8 layers between float ends; the first has this scale."""
    g = GraphBuilder()
    held: Any = g.input("x", [1, 8])
    held = g.op("QUANTIZE", [held], g.tensor("x_int8", [1, 8], "INT8", scale=0.03))
    for number, step in enumerate((scale, 0.1)):
        eye = np.eye(8, dtype=np.int8) * np.int8(100)
        weights = g.constant(f"w{number}", eye, scale=0.01)
        held = g.op(
            "FULLY_CONNECTED", [held, weights, -1], g.tensor(f"d{number}", [1, 8], "INT8", scale=step), {}, version=4
        )
    g.output(g.op("DEQUANTIZE", [held], g.tensor("y", [1, 8])))
    return g


def real_floats() -> GraphBuilder:
    g = GraphBuilder()
    held = g.input("x", [1, 8])
    for number in range(2):
        eye = np.eye(8, dtype=np.float32)
        held = g.op("FULLY_CONNECTED", [held, g.constant(f"w{number}", eye), -1], g.tensor(f"d{number}", [1, 8]), {})
    g.output(g.op("MUL", [held, g.constant("one", np.ones(1, np.float32))], g.tensor("y", [1, 8]), {}))
    return g


@pytest.fixture(scope="module")
def rounded_away(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return real(tmp_path_factory.mktemp("run"), quantized(1000.0), real_floats())


def test_a_range_that_rounds_all_values_to_one_is_found_by_running_it(rounded_away: Context) -> None:
    [one] = RULE.check(rounded_away)
    assert one.severity is Severity.ERROR
    assert "Before it, FULLY_CONNECTED (op 1) gives one number everywhere." in one.message
