"""TFL105: tensors with two values, and cycles."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.double_producer import DoubleProducer

RULE = DoubleProducer()


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [4])
    g.output(g.op("ABS", [x], g.tensor("y", [4])))
    return g


def bad() -> GraphBuilder:
    g = good()
    g.op("NEG", [0], 1)
    return g


def test_two_ops_that_write_one_tensor_are_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/1:NEG"
    assert found.message == "'y' is written by 2 ops: ABS (op 0) and NEG (op 1); only one op may write it."
    assert [place.address for place in found.related] == ["0/0:ABS"]


def test_several_such_tensors_are_one_finding() -> None:
    g = bad()
    second = g.op("ABS", [0], g.tensor("z", [4]))
    g.op("NEG", [0], second)
    [found] = findings(RULE, g)
    assert found.message.endswith("The same holds for 'z'.")
    assert found.evidence == {"tensors": [1, 2]}


def test_a_write_to_a_constant_is_an_error() -> None:
    g = good()
    g.op("NEG", [0], g.constant("c", np.ones(4, np.float32)))
    [found] = findings(RULE, g)
    assert found.message == "NEG writes 'c', which is a constant and has a value already."


def test_a_write_to_an_input_is_an_error() -> None:
    g = good()
    g.op("NEG", [1], 0)
    [found] = findings(RULE, g)
    assert found.message == "NEG writes 'x', which is an input of the graph and has a value already."


def test_each_way_to_have_two_values_is_a_finding() -> None:
    g = bad()
    g.op("NEG", [1], 0)
    assert len(findings(RULE, g)) == 2


def test_variables_with_data_are_an_error() -> None:
    g = good()
    for name in "ab":
        g.constant(name, np.ones(4, np.float32), is_variable=True)
    [found] = findings(RULE, g)
    assert found.location.address == "0/t2"
    assert found.message.startswith("'a' is a variable and holds constant data")
    assert found.message.endswith("The same holds for 'b'.")


def test_one_variable_with_data_is_told_alone() -> None:
    g = good()
    g.constant("a", np.ones(4, np.float32), is_variable=True)
    [found] = findings(RULE, g)
    assert found.message.endswith("a variable begins without data.")


def test_a_cycle_is_one_error_with_its_ops() -> None:
    g = good()
    a, b = g.tensor("a", [4]), g.tensor("b", [4])
    g.op("ADD", [0, b], a, {})
    g.op("MUL", [0, a], b, {})
    g.output(b)
    [found] = findings(RULE, g)
    assert found.location.address == "0/1:ADD"
    assert found.message.startswith("2 ops wait for one another's outputs: ADD (op 1) and MUL (op 2);")
    assert [place.address for place in found.related] == ["0/2:MUL"]


def test_an_op_that_reads_its_own_output_is_an_error() -> None:
    g = good()
    a = g.tensor("a", [4])
    g.output(g.op("ADD", [0, a], a, {}))
    [found] = findings(RULE, g)
    assert found.message == "ADD reads its own output; no op can run before itself."


def test_variables_and_custom_ops_that_work_in_place_are_fine() -> None:
    g = good()
    state = g.tensor("state", [4], is_variable=True)
    g.op("ADD", [0, state], state, {})
    g.op("mine", [0], 0)
    assert findings(RULE, g) == []


def test_ops_in_the_wrong_order_are_no_cycle() -> None:
    g = good()
    g.op("NEG", [1], g.tensor("z", [4]))
    g.graph["operators"].reverse()
    assert findings(RULE, g) == []
