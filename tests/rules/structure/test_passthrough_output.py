"""TFL109: outputs that are inputs."""

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.passthrough_output import PassthroughOutput

RULE = PassthroughOutput()


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1, 4])], g.tensor("y", [1, 4])))
    return g


def bad() -> GraphBuilder:
    g = good()
    g.output(g.input("mask", [1, 4]))
    return g


def test_an_output_that_is_an_input_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/t2"
    assert found.message == "The output 'mask' is an input of the graph; its value comes back as it went in."


def test_several_are_one_finding() -> None:
    g = bad()
    g.output(0, 0)
    [found] = findings(RULE, g)
    assert found.message.startswith("2 outputs are inputs of the graph, 'mask' and 'x';")


def test_a_graph_without_ops_is_told_to_be_one() -> None:
    g = GraphBuilder()
    g.output(g.input("x", [4]))
    [found] = findings(RULE, g)
    assert found.message.endswith("The graph runs no op at all.")


def test_the_body_of_a_loop_may_pass_values_through_and_a_signature_may_not() -> None:
    g = good()
    body = g.subgraph("body")
    body.output(body.input("x", [4]))
    assert findings(RULE, g) == []
    body.signature("body", {"x": 0}, {"y": 0})
    assert [found.location.address for found in findings(RULE, g)] == ["1/t0"]
