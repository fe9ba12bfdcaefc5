"""TFL110: outputs that depend on no input."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.constant_output import ConstantOutput

RULE = ConstantOutput()


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1, 4])], g.tensor("y", [1, 4])))
    return g


def bad() -> GraphBuilder:
    g = good()
    folded = g.constant("dense/BiasAdd", np.ones((1, 4), np.float32))
    g.output(g.op("SOFTMAX", [folded], g.tensor("probabilities", [1, 4])))
    return g


def test_an_output_that_comes_from_constants_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/t3"
    assert found.message == (
        "The output 'probabilities' FLOAT32[1, 4] depends on no input; its value is the same in every run."
    )


def test_several_are_one_finding() -> None:
    g = bad()
    g.output(2)
    [found] = findings(RULE, g)
    assert found.message.startswith("2 outputs depend on no input ('probabilities' and 'dense/BiasAdd');")


def test_a_single_number_may_be_meant_and_is_a_note() -> None:
    g = good()
    g.output(g.constant("version", np.int32(4)))
    [found] = findings(RULE, g)
    assert found.severity is Severity.NOTE


def test_random_numbers_states_and_custom_ops_are_not_judged() -> None:
    g = good()
    shape = g.constant("shape", np.ones(1, np.int32))
    g.output(g.op("RANDOM_UNIFORM", [shape], g.tensor("r", [1]), {}))
    g.output(g.op("mine", [shape], g.tensor("m", [1])))
    g.output(g.op("READ_VARIABLE", [g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"))], g.tensor("v", [1])))
    assert findings(RULE, g) == []


def test_a_graph_without_inputs_has_nothing_to_depend_on() -> None:
    g = GraphBuilder()
    g.output(g.constant("labels", np.ones(4, np.float32)))
    assert findings(RULE, g) == []


def test_the_body_of_a_loop_may_yield_constants() -> None:
    g = good()
    body = g.subgraph("body")
    body.input("x", [4])
    body.output(body.constant("c", np.ones(4, np.float32)))
    assert findings(RULE, g) == []


def test_a_graph_in_the_wrong_order_is_left_to_another_rule() -> None:
    g = bad()
    g.output(g.op("NEG", [g.op("ABS", [0], g.tensor("a", [1, 4]))], g.tensor("b", [1, 4])))
    g.graph["operators"].reverse()
    assert findings(RULE, g) == []
