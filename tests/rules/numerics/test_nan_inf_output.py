"""TFL903: outputs that are no numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from comparisons import DONE, EXACT, compared, dense, feeds, figures, output, real
from tflint import Finding, Severity
from tflint.comparison import Comparison, Ended, EngineRun, Inside
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.nan_inf_output import NanInfOutput
from tflint_rules.numerics.output_diff import OutputDiff

RULE = NanInfOutput()
NOT = figures(50.0, finite=False)
FAR = output(50.0, [NOT, NOT, EXACT, EXACT, EXACT, EXACT], figures=NOT, name="y")
INSIDE = tuple(Inside(address, "not-finite", share, 0) for address, share in (("0/t3", 0.25), ("0/t4", 0.5)))


def logarithm(added: float = 0.0, dtype: str = "FLOAT32") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8], dtype)
    moved = g.op("ADD", [x, g.constant("added", np.full(8, added, np.float32))], g.tensor("moved", [1, 8], dtype), {})
    log = g.op("LOG", [moved], g.tensor("log", [1, 8], dtype))
    g.output(g.op("NEG", [log], g.tensor("y", [1, 8], dtype)))
    return g


LOGGED = tuple(Inside(address, "not-finite", share, 0) for address, share in (("0/t3", 0.25), ("0/t4", 0.5)))
CONTEXT = {"comparison": compared(FAR, inside=LOGGED)}
GOOD_CONTEXT = {"comparison": compared(output(110.0))}


def bad() -> GraphBuilder:
    return logarithm()


def good() -> GraphBuilder:
    return logarithm(100.0)


def found(comparison: Comparison, built: GraphBuilder | None = None) -> list[Finding]:
    return findings(RULE, built or logarithm(), comparison=comparison)


def test_it_stands_at_the_first_op_that_gives_such_values() -> None:
    [one] = found(compared(FAR, inside=LOGGED))
    assert one.severity is Severity.ERROR
    assert one.location.address == "0/1:LOG"
    assert [each.name for each in one.related] == ["y"]
    assert one.message == (
        "Output 'y' has values that are infinite or not a number on 2 random inputs of 6, where the source's are finite. "
        "The first such values are those of op 1 LOG: 25 % of them."
    )
    assert findings(OutputDiff(), logarithm(), comparison=compared(FAR, inside=LOGGED)) == []


def test_edge_cases_and_inputs_that_do_not_count_are_warnings() -> None:
    edges = output(50.0, [EXACT, EXACT, EXACT, EXACT, NOT, NOT], figures=NOT)
    [one] = found(compared(edges, inside=LOGGED))
    assert one.severity is Severity.WARNING
    assert "on 2 edge cases of 6" in one.message
    [one] = found(compared(FAR, inside=LOGGED, counted=(2, 3)))
    assert one.severity is Severity.WARNING


def test_infinite_values_that_end_inside_are_fine() -> None:
    assert found(compared(output(110.0), inside=LOGGED[:1])) == []
    assert found(compared(reference="", inside=LOGGED[:1])) == []


@pytest.mark.parametrize(
    ("kind", "severity"), [("random", Severity.ERROR), ("given", Severity.ERROR), ("zeros", Severity.WARNING)]
)
def test_without_a_source_each_such_output_counts(kind: str, severity: Severity) -> None:
    held = (replace(feeds()[0], kind=kind),)
    [one] = found(compared(reference="", inside=LOGGED, feeds=held))
    assert one.severity is severity
    assert "infinite or not a number on 1 " in one.message
    assert one.message.endswith("The first such values are those of op 1 LOG: 25 % of them.")


def test_made_up_inputs_of_no_known_range_are_a_warning() -> None:
    [one] = found(compared(reference="", inside=LOGGED, inputs_from="8 random inputs (no range is known)"))
    assert one.severity is Severity.WARNING


def test_all_outputs_are_one_finding_the_worst_first() -> None:
    other = replace(FAR, place=1, name="dense_1", by_feed=(EXACT,) * 5 + (NOT,))
    [one] = found(compared(other, replace(FAR, name="probs"), inside=INSIDE), dense(outputs=2))
    assert one.location.address == "0/0:FULLY_CONNECTED"
    assert one.severity is Severity.ERROR
    assert one.message.startswith("Outputs 'probs' and 'dense_1' have values that are infinite")


def test_a_source_that_gives_such_values_is_told_for_inputs_of_yours() -> None:
    held = feeds(randoms=0, given=6, edges=())
    [one] = found(compared(FAR, replace(FAR, place=1), feeds=held), dense(outputs=2))
    assert one.severity is Severity.WARNING
    assert one.message == (
        "The source gives values that are infinite or not a number at 'probs' and 'dense_1' for 2 given inputs, and the "
        "model does not."
    )
    assert found(compared(FAR)) == []


def test_where_nobody_looked_inside_float_outputs_are_taken_for_the_ones() -> None:
    crashed = (DONE[0], EngineRun("builtin", Ended.CRASHED))
    [one] = found(compared(FAR, runs=crashed))
    assert one.location.name == "y"
    assert found(compared(FAR, runs=crashed), logarithm(dtype="INT8")) == []


def test_places_that_do_not_exist_are_passed_over() -> None:
    assert found(compared(replace(FAR, place=9))) == []
    assert found(compared(reference="", inside=tuple(replace(each, feed=99) for each in LOGGED))) == []
    assert findings(RULE, logarithm()) == []


def test_the_logarithm_of_negative_numbers_is_found_by_running_it(tmp_path: Path) -> None:
    ctx = real(tmp_path, logarithm(), logarithm(100.0))
    [one] = RULE.check(ctx)
    assert one.location.address == "0/1:LOG"
    assert one.severity is Severity.ERROR
