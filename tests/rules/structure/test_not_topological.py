"""TFL106: ops in an order in which they cannot run."""

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.double_producer import DoubleProducer
from tflint_rules.structure.not_topological import NotTopological
from tflint_rules.structure.undefined_input import UndefinedInput

RULE = NotTopological()


def good() -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [4])
    for number, kind in enumerate(("ABS", "NEG", "SQRT")):
        last = g.op(kind, [last], g.tensor(f"y{number}", [4]))
    g.output(last)
    return g


def bad() -> GraphBuilder:
    g = good()
    g.graph["operators"].reverse()
    return g


def test_reversed_ops_are_one_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:SQRT"
    assert found.message == (
        "2 of 3 ops read what a later op writes: SQRT (op 0) reads 'y1' of NEG (op 1); "
        "ops run in the order of the file."
    )
    assert [place.address for place in found.related] == ["0/1:NEG"]


def test_the_same_cause_is_not_told_by_the_rules_beside() -> None:
    assert findings(DoubleProducer(), bad()) == []
    assert findings(UndefinedInput(), bad()) == []


def test_one_op_that_reads_twice_counts_once() -> None:
    g = good()
    late = g.tensor("late", [4])
    g.output(g.op("ADD", [late, late], g.tensor("z", [4]), {}))
    g.op("ABS", [0], late)
    [found] = findings(RULE, g)
    assert found.message.startswith("1 of 5 ops reads")


def test_a_cycle_is_left_to_another_rule() -> None:
    g = good()
    a, b = g.tensor("a", [4]), g.tensor("b", [4])
    g.op("ADD", [0, b], a, {})
    g.op("MUL", [0, a], b, {})
    assert findings(RULE, g) == []


def test_an_op_before_a_cycle_that_reads_from_it_stands_in_the_wrong_order() -> None:
    g = good()
    a, b, c, d = (g.tensor(name, [4]) for name in "abcd")
    g.op("NEG", [b], c)
    g.op("ADD", [0, b], a, {})
    g.op("MUL", [0, a], b, {})
    g.op("SUB", [0, d], d, {})
    [found] = findings(RULE, g)
    assert found.evidence == {"ops": [3]}


def test_a_tensor_with_two_writers_is_left_to_another_rule() -> None:
    g = good()
    a = g.tensor("a", [4])
    g.op("NEG", [a], g.tensor("b", [4]))
    g.op("ABS", [0], a)
    g.op("SQRT", [0], a)
    assert findings(RULE, g) == []


def test_a_variable_may_be_read_before_it_is_written() -> None:
    g = good()
    state = g.tensor("state", [4], is_variable=True)
    g.op("NEG", [state], g.tensor("a", [4]))
    g.op("ABS", [0], state)
    assert findings(RULE, g) == []


def test_a_tensor_that_nothing_writes_is_left_to_another_rule() -> None:
    g = good()
    g.op("NEG", [g.tensor("lost", [4])], g.tensor("a", [4]))
    assert findings(RULE, g) == []
