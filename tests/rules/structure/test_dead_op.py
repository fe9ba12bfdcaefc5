"""TFL107: ops that compute what nothing uses."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.dead_op import DeadOp

RULE = DeadOp()


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    w = g.constant("dense/kernel", np.ones((4, 4), np.float32))
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4])))
    return g


def bad() -> GraphBuilder:
    g = good()
    w = g.constant("head/kernel", np.ones((4, 4), np.float32))
    head = g.op("FULLY_CONNECTED", [0, w, -1], g.tensor("head", [1, 4]))
    g.op("SOFTMAX", [head], g.tensor("probabilities", [1, 4]))
    return g


def test_a_branch_that_ends_nowhere_is_a_warning_with_its_cost() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/1:FULLY_CONNECTED"
    assert found.message == (
        "2 of the graph's 3 ops (50 % of its multiply-accumulates) compute what no output and no state depends on: "
        "FULLY_CONNECTED (op 1) and SOFTMAX (op 2)."
    )
    assert [place.address for place in found.related] == ["0/2:SOFTMAX"]


def test_one_dead_op_without_products_is_told_without_them() -> None:
    g = good()
    g.op("ABS", [0], g.tensor("z", [1, 4]))
    [found] = findings(RULE, g)
    assert found.message == "1 of the graph's 2 ops computes what no output and no state depends on: ABS (op 1)."


def test_an_op_with_one_used_output_is_alive() -> None:
    g = good()
    halves = [g.tensor("low", [1, 2]), g.tensor("high", [1, 2])]
    g.op("SPLIT", [g.constant("axis", np.int32(1)), 0], halves, {"num_splits": 2})
    g.output(halves[0])
    assert findings(RULE, g) == []


def test_ops_with_effects_and_what_feeds_them_are_alive() -> None:
    g = good()
    handle = g.op("VAR_HANDLE", [], g.tensor("handle", [], "RESOURCE"), {"shared_name": "v"})
    g.op("ASSIGN_VARIABLE", [handle, g.op("ABS", [0], g.tensor("z", [1, 4]))], [])
    g.op("mine", [0], g.tensor("log", [1]))
    assert findings(RULE, g) == []


def test_a_random_op_that_nothing_uses_is_dead() -> None:
    g = good()
    g.op("RANDOM_UNIFORM", [g.constant("shape", np.ones(1, np.int32))], g.tensor("r", [1]), {})
    assert len(findings(RULE, g)) == 1


def test_a_graph_without_outputs_is_left_to_another_rule() -> None:
    g = bad()
    g.graph["outputs"].clear()
    assert findings(RULE, g) == []


def test_a_graph_in_the_wrong_order_is_left_to_another_rule() -> None:
    g = bad()
    g.graph["operators"].reverse()
    assert findings(RULE, g) == []
