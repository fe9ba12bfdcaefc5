"""TFL121: graphs that give nothing back."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.no_output import NoOutput

RULE = NoOutput()


def bad() -> GraphBuilder:
    g = GraphBuilder()
    y = g.op("ABS", [g.input("x", [1, 4])], g.tensor("y", [1, 4]))
    g.op("SOFTMAX", [y], g.tensor("z", [1, 4]))
    return g


def good() -> GraphBuilder:
    g = bad()
    g.output(2)
    return g


def test_a_graph_without_outputs_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0"
    assert found.message == "The graph has no outputs; what its 2 ops compute cannot be read."


def test_a_graph_without_outputs_and_ops_is_one_too() -> None:
    g = GraphBuilder()
    g.input("x", [4])
    [found] = findings(RULE, g)
    assert found.message == "The graph has no outputs; it runs no op either."


def test_a_signature_that_restores_variables_needs_no_outputs() -> None:
    g = good()
    restore = g.subgraph("restore")
    handle = restore.op("VAR_HANDLE", [], restore.tensor("handle", [], "RESOURCE"), {"shared_name": "v"})
    restore.op("ASSIGN_VARIABLE", [handle, restore.constant("v", np.ones(4, np.float32))], [])
    restore.signature("restore", {}, {})
    assert findings(RULE, g) == []


def test_a_graph_that_only_other_graphs_run_is_not_judged() -> None:
    g = good()
    body = g.subgraph("body")
    body.op("ABS", [body.input("x", [4])], body.tensor("y", [4]))
    assert findings(RULE, g) == []
