"""TFL111: inputs that change nothing."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.unused_input import UnusedInput

RULE = UnusedInput()


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1, 4])], g.tensor("y", [1, 4])))
    return g


def bad() -> GraphBuilder:
    g = good()
    g.input("training", [], "BOOL")
    return g


def test_an_input_that_no_op_reads_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/t2"
    assert found.message == (
        "The input 'training' BOOL[] reaches no output and no state; whatever is passed changes nothing."
    )


def test_several_are_one_finding() -> None:
    g = bad()
    g.input("mask", [1, 4])
    [found] = findings(RULE, g)
    assert found.message.startswith("2 inputs reach no output and no state ('training' and 'mask');")


def test_an_input_that_only_dead_ops_read_is_unused() -> None:
    g = bad()
    g.op("LOGICAL_NOT", [2], g.tensor("dead", [], "BOOL"))
    assert len(findings(RULE, g)) == 1


def test_an_input_that_a_state_or_a_custom_op_takes_is_used() -> None:
    g = bad()
    g.op("mine", [2], g.tensor("log", [1]))
    assert findings(RULE, g) == []


def test_an_input_that_is_an_output_is_used() -> None:
    g = bad()
    g.output(2)
    assert findings(RULE, g) == []


def test_where_no_output_depends_on_any_input_that_is_told_instead() -> None:
    g = GraphBuilder()
    g.input("x", [1, 4])
    g.output(g.constant("c", np.ones((1, 4), np.float32)))
    assert findings(RULE, g) == []


def test_a_graph_without_outputs_is_left_to_another_rule() -> None:
    g = bad()
    g.graph["outputs"].clear()
    assert findings(RULE, g) == []


def test_a_graph_in_the_wrong_order_is_left_to_another_rule() -> None:
    g = bad()
    g.output(g.op("NEG", [1], g.tensor("z", [1, 4])))
    g.graph["operators"].reverse()
    assert findings(RULE, g) == []


def test_the_condition_of_a_loop_need_not_look_at_everything() -> None:
    g = good()
    condition = g.subgraph("condition")
    condition.input("x", [4])
    condition.output(
        condition.op("LOGICAL_NOT", [condition.input("go", [], "BOOL")], condition.tensor("stop", [], "BOOL"))
    )
    assert findings(RULE, g) == []
