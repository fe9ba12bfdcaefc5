"""TFL902: an op that is wrong, behind outputs that are right."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from comparisons import BLAME, compared, dense, figures, normal, output, real
from tflint import Severity
from tflint.comparison import Inside
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.first_divergence import FirstDivergence
from tflint_rules.numerics.output_diff import OutputDiff

RULE = FirstDivergence()
CONTEXT = {"comparison": compared(output(75.0), blame=BLAME)}
GOOD_CONTEXT = {"comparison": compared(output(75.0))}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def test_it_names_the_op_and_says_that_the_outputs_hardly_show_it() -> None:
    [one] = findings(RULE, bad(), **CONTEXT)
    assert one.location.address == "0/0:FULLY_CONNECTED"
    assert one.message == (
        "Fed with the source's values, op 0 FULLY_CONNECTED is by itself off by 35 % from the source's 'dense_1', where "
        "rounding explains 1.2 %. The outputs are as near to the source's as they should be, on the inputs that were tried."
    )
    assert one.help == "Compare the op and its weights with what the source has there, and convert again."


def test_without_outputs_nothing_is_said_of_them() -> None:
    [one] = findings(
        RULE, bad(), comparison=compared(blame=replace(BLAME, ops=(BLAME.op, "0/1:FULLY_CONNECTED", "0/9:ADD")))
    )
    assert one.message.endswith("rounding explains 1.2 %.")
    assert [each.address for each in one.related] == ["0/1:FULLY_CONNECTED"]
    [one] = findings(RULE, bad(), comparison=compared(blame=replace(BLAME, op="7/7:ADD")))
    assert one.location.address == ""


def test_where_an_output_is_off_another_rule_reports_it() -> None:
    assert findings(RULE, bad(), comparison=compared(output(10.0), blame=BLAME)) == []
    infinite = output(75.0, figures=figures(75.0, finite=False))
    assert findings(RULE, bad(), comparison=compared(infinite, blame=BLAME)) == []


def test_what_contradicts_the_outputs_is_a_mistake_in_finding_the_values() -> None:
    everywhere = compared(output(75.0), blame=replace(BLAME, others=6))
    assert findings(RULE, bad(), comparison=everywhere) == []
    infinite = replace(BLAME, figures=figures(9.1, finite=False))
    assert findings(RULE, bad(), comparison=compared(output(75.0), blame=infinite)) == []
    seen = (Inside(BLAME.tensor, "not-finite", 0.5, 0),)
    assert len(findings(RULE, bad(), comparison=compared(output(75.0), blame=infinite, inside=seen))) == 1
    zeros = replace(BLAME, figures=figures(None))
    assert (
        len(findings(RULE, bad(), comparison=compared(output(None, figures=figures(None, max_abs=1e-4)), blame=zeros)))
        == 1
    )


def test_where_the_outputs_show_nothing_at_all_it_is_a_warning() -> None:
    [one] = findings(RULE, bad(), comparison=compared(output(140.0), blame=BLAME))
    assert one.severity is Severity.WARNING
    assert one.message.endswith(
        "The outputs show nothing of it, on the inputs that were tried; they hardly depend on it."
    )


def test_a_little_more_than_rounding_explains_is_no_finding() -> None:
    assert findings(RULE, bad(), comparison=compared(output(75.0), blame=replace(BLAME, allowed=0.2))) == []


def test_a_model_that_varies_by_itself_is_left_alone() -> None:
    assert findings(RULE, bad(), comparison=compared(output(75.0), blame=BLAME, facts={"repeat": "0"})) == []
    assert findings(RULE, bad()) == []


def branched(light: float) -> GraphBuilder:
    """Two layers on one input; the second weighs next to nothing."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    held = []
    for number, factor in enumerate((1.0, light)):
        weights = g.constant(f"w{number}", normal(8, 8, seed=number) * np.float32(factor))
        held.append(g.op("FULLY_CONNECTED", [x, weights, -1], g.tensor(f"branch_{number}", [1, 8]), {}))
    small = g.op("MUL", [held[1], g.constant("little", np.full(1, 3e-4, np.float32))], g.tensor("small", [1, 8]), {})
    g.output(g.op("ADD", [held[0], small], g.tensor("y", [1, 8]), {}))
    return g


def test_a_wrong_layer_on_a_branch_of_little_weight_is_found_by_running_it(tmp_path: Path) -> None:
    ctx = real(tmp_path, branched(2.0), branched(1.0))
    [one] = RULE.check(ctx)
    assert one.location.address == "0/1:FULLY_CONNECTED"
    assert "is by itself off by 100 % from the source's 'branch_1'" in one.message
    assert list(OutputDiff().check(ctx)) == []
