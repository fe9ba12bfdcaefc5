"""TFL402: models that a target takes nothing of."""

from made_up import DELEGATE, RUNTIME
from tflint_rules.targets.refused_model import RefusedModel

from tflint import Severity
from tflint.testing import GraphBuilder, findings

RULE = RefusedModel()
CONTEXT = {"targets": (DELEGATE,)}


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1, 4])], g.tensor("y", [1, 4])))
    return g


def bad() -> GraphBuilder:
    g = good()
    g.tensor("state", [1], is_variable=True)
    return g


def test_a_delegate_that_takes_nothing_is_a_warning_with_the_reason() -> None:
    [found] = findings(RULE, bad(), targets=(DELEGATE,))
    assert found.severity is Severity.WARNING
    assert found.message == "made-up takes nothing of this model: it has variables."


def test_a_runtime_that_takes_nothing_is_an_error() -> None:
    [found] = findings(RULE, bad(), targets=(RUNTIME,))
    assert found.severity is Severity.ERROR


def test_a_file_without_a_graph_that_can_be_judged_is_not_asked_about() -> None:
    g = bad()
    g.graph["outputs"].append(99)
    assert findings(RULE, g, targets=(DELEGATE,)) == []
