"""TFL116: variables that are read and never written."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.variable_uninitialised import VariableUninitialised

RULE = VariableUninitialised()


def reading(g: GraphBuilder, name: str = "dense/kernel") -> None:
    handle = g.op("VAR_HANDLE", [], g.tensor("handle", [], "RESOURCE"), {"shared_name": name})
    weights = g.op("READ_VARIABLE", [handle], g.tensor(name, [4, 4]))
    x = g.input("x", [1, 4])
    g.output(g.op("FULLY_CONNECTED", [x, weights, -1], g.tensor("y", [1, 4]), {}))


def writing(g: GraphBuilder, name: str = "dense/kernel") -> None:
    handle = g.op("VAR_HANDLE", [], g.tensor("handle", [], "RESOURCE"), {"shared_name": name})
    g.op("ASSIGN_VARIABLE", [handle, g.constant("values", np.ones((4, 4), np.float32))], [])


def bad() -> GraphBuilder:
    g = GraphBuilder()
    reading(g)
    return g


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.op("CALL_ONCE", [], [], {"init_subgraph_index": 1})
    reading(g)
    writing(g.subgraph("init"))
    return g


def test_a_variable_that_nothing_writes_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/1:READ_VARIABLE"
    assert "'dense/kernel'" in found.message


def test_a_variable_that_the_initialiser_writes_is_fine() -> None:
    assert findings(RULE, good()) == []


def test_all_lost_variables_are_one_finding() -> None:
    g = GraphBuilder()
    for name in "abcd":
        reading(g, name)
    [found] = findings(RULE, g)
    assert found.message.startswith("4 variables are read and never written: 'a', 'b', 'c', …")
    assert len(found.related) == 3


def test_a_variable_that_only_another_signature_writes_is_a_warning_that_names_it() -> None:
    g = bad()
    other = g.subgraph("restore")
    writing(other)
    other.signature("restore", {}, {})
    [found] = findings(RULE, g)
    assert found.severity is Severity.WARNING
    assert "the signature 'restore'" in found.message


def test_a_graph_without_a_signature_is_named_by_its_number() -> None:
    g = bad()
    writing(g.subgraph("restore"))
    [found] = findings(RULE, g)
    assert "written only by graph 1" in found.message


def test_a_handle_from_outside_the_graph_is_not_judged() -> None:
    g = GraphBuilder()
    handle = g.input("handle", [], "RESOURCE")
    g.output(g.op("READ_VARIABLE", [handle], g.tensor("w", [4])))
    assert findings(RULE, g) == []


def test_a_write_to_an_unknown_variable_may_be_the_missing_one() -> None:
    g = bad()
    handle = g.input("handle", [], "RESOURCE")
    g.op("ASSIGN_VARIABLE", [handle, g.constant("values", np.ones(4, np.float32))], [])
    assert findings(RULE, g) == []


def test_a_broken_graph_may_hold_the_missing_write() -> None:
    g = bad()
    g.subgraph("broken").graph["outputs"].append(99)
    assert findings(RULE, g) == []


def test_a_lost_variable_is_told_apart_from_one_that_another_graph_writes() -> None:
    g = bad()
    reading(g, "other/kernel")
    writing(g.subgraph("restore"))
    lost, apart = findings(RULE, g)
    assert lost.severity is Severity.ERROR
    assert "'other/kernel'" in lost.message
    assert apart.severity is Severity.WARNING
    assert "'dense/kernel'" in apart.message
