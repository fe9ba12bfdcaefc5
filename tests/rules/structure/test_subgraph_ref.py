"""TFL119: ops that run graphs which do not exist, do not fit, or run themselves."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.subgraph_ref import SubgraphReference

RULE = SubgraphReference()


def caller(kind: str, options: dict[str, Any] | None, *before: tuple[str, list[int]], values: int = 1) -> GraphBuilder:
    """A graph whose one op takes the named inputs and so many values, and makes one output for each value."""
    g = GraphBuilder()
    first = [g.input(f"first {dtype}", shape, dtype) for dtype, shape in before]
    inputs = [g.input(f"x{number}", [4]) for number in range(values)]
    outputs = [g.tensor(f"y{number}", [4]) for number in range(values)]
    g.op(kind, first + inputs, outputs, options)
    g.output(*outputs)
    return g


def callee(g: GraphBuilder, name: str, takes: int = 1, returns: tuple[str, ...] = ("FLOAT32",)) -> GraphBuilder:
    """Another graph that takes and returns so much; a BOOL that it returns is a scalar."""
    s = g.subgraph(name)
    inputs = [s.input(f"{name}/in{number}", [4]) for number in range(takes)]
    for number, dtype in enumerate(returns):
        s.output(s.op("NEG", inputs[:1], s.tensor(f"{name}/out{number}", [] if dtype == "BOOL" else [4], dtype)))
    return s


def loop(cond: int = 1, body: int = 2, values: int = 2) -> GraphBuilder:
    return caller("WHILE", {"cond_subgraph_index": cond, "body_subgraph_index": body}, values=values)


def choice(dtype: str = "BOOL", shape: tuple[int, ...] = (1,)) -> GraphBuilder:
    return caller("IF", {"then_subgraph_index": 1, "else_subgraph_index": 2}, (dtype, list(shape)))


def bad() -> GraphBuilder:
    g = loop()
    callee(g, "cond", 2, ("BOOL",))
    callee(g, "body", 3, ("FLOAT32", "FLOAT32"))
    return g


def good() -> GraphBuilder:
    g = loop()
    callee(g, "cond", 2, ("BOOL",))
    callee(g, "body", 2, ("FLOAT32", "FLOAT32"))
    return g


def message(g: GraphBuilder) -> str:
    [found] = findings(RULE, g)
    assert found.severity is Severity.ERROR
    return found.message


def test_a_body_that_takes_more_than_the_loop_carries_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.location.address == "0/0:WHILE"
    assert found.message == "Graph 2 'body', the body of WHILE, takes 3 values; 2 are handed to it."
    assert found.evidence == {"graphs": [1, 2]}


def test_a_loop_that_fits_its_graphs_is_fine() -> None:
    assert findings(RULE, good()) == []


@pytest.mark.parametrize("number", [7, -1])
def test_a_graph_that_the_file_does_not_have_is_an_error(number: int) -> None:
    g = loop(cond=number)
    callee(g, "one")
    callee(g, "two")
    assert message(g) == f"WHILE names graph {number} as its condition; the file has 3 graphs."


def test_ops_with_the_same_fault_are_one_finding() -> None:
    g = GraphBuilder()
    x = g.input("x", [4])
    for number in range(3):
        x = g.op("CALL", [x], g.tensor(f"y{number}", [4]), {"subgraph": 9})
    [found] = findings(RULE, g)
    assert found.message == "CALL names graph 9 as its function; the file has 1 graph."
    assert len(found.related) == 2


def test_an_op_without_its_options_names_no_graph() -> None:
    assert message(caller("WHILE", None)) == "WHILE does not say which graph it runs."


def test_a_custom_op_of_that_name_is_not_judged() -> None:
    g = caller("WHILE", None)
    g.tables["operator_codes"][0] = {"deprecated_builtin_code": 32, "builtin_code": 32, "custom_code": "WHILE"}
    assert findings(RULE, g) == []


def test_condition_and_body_are_two_graphs() -> None:
    g = loop(cond=1, body=1)
    callee(g, "both", 2, ("BOOL",))
    assert message(g) == "WHILE names graph 1 as its condition and as its body; two graphs were expected."


def test_a_loop_hands_on_as_many_values_as_it_takes() -> None:
    g = good()
    g.graph["operators"][0]["outputs"] = [2]
    assert message(g) == "WHILE has 2 inputs and 1 output; it hands as many on as it takes."


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        (("BOOL", "BOOL"), "Graph 1 'cond', the condition of WHILE, returns 2 values; 1 is expected."),
        (("FLOAT32",), "Graph 1 'cond', the condition of WHILE, returns FLOAT32; BOOL was expected."),
    ],
)
def test_a_condition_returns_one_bool(returns: tuple[str, ...], expected: str) -> None:
    g = loop()
    callee(g, "cond", 2, returns)
    callee(g, "body", 2, ("FLOAT32", "FLOAT32"))
    assert message(g) == expected


@pytest.mark.parametrize(
    ("shape", "fits"), [([], True), ([1], True), ([2], False), ([1, 1], False), ([None], True), ([None, 2], True)]
)
def test_what_a_condition_returns_has_one_element_where_that_is_known(shape: list[int | None], fits: bool) -> None:
    g = good()
    table = g.tables["subgraphs"][1]["tensors"][2]
    table["shape"] = [1 if size is None else size for size in shape]
    if None in shape:
        table["shape_signature"] = [-1 if size is None else size for size in shape]
    assert (findings(RULE, g) == []) is fits


def test_a_body_returns_what_the_loop_carries() -> None:
    g = loop()
    callee(g, "cond", 2, ("BOOL",))
    callee(g, "body", 2, ("FLOAT32", "INT32"))
    assert message(g) == "Graph 2 'body', the body of WHILE, returns INT32 as output 1; FLOAT32 was expected."


def test_types_that_are_not_known_are_not_judged() -> None:
    g = good()
    for graph in g.tables["subgraphs"][1:]:
        for tensor in graph["tensors"]:
            tensor["type"] = 77
    assert findings(RULE, g) == []


def test_the_branches_of_an_if_return_what_it_declares() -> None:
    g = choice()
    callee(g, "then")
    callee(g, "else", 1, ("INT8",))
    assert message(g) == "Graph 2 'else', the else branch of IF, returns INT8 as output 0; FLOAT32 was expected."


def test_an_if_that_fits_its_branches_is_fine() -> None:
    g = choice()
    callee(g, "then")
    callee(g, "else")
    assert findings(RULE, g) == []


@pytest.mark.parametrize(
    ("dtype", "shape", "expected"),
    [
        ("INT32", (1,), "IF chooses its branch by a value of type INT32; BOOL was expected."),
        ("BOOL", (2,), "IF chooses its branch by a value of shape [2]; one element was expected."),
    ],
)
def test_an_if_chooses_by_one_bool(dtype: str, shape: tuple[int, ...], expected: str) -> None:
    g = choice(dtype, shape)
    callee(g, "then")
    callee(g, "else")
    assert message(g) == expected


def test_an_if_needs_a_condition() -> None:
    g = choice()
    callee(g, "then")
    callee(g, "else")
    g.graph["operators"][0]["inputs"][0] = -1
    assert message(g) == "IF has no input that chooses the branch; one BOOL was expected."


def test_a_choice_of_unknown_rank_is_not_judged() -> None:
    g = choice()
    callee(g, "then")
    callee(g, "else")
    g.graph["tensors"][0] |= {"shape": [], "has_rank": False, "type": 77}
    assert findings(RULE, g) == []


def test_a_case_chooses_by_an_int32_and_its_branches_take_the_rest() -> None:
    g = caller("STABLEHLO_CASE", {"branch_subgraph_indices": np.array([1, 2], np.int32)}, ("INT32", [1]))
    callee(g, "a")
    callee(g, "b", 2)
    assert message(g) == "Graph 2 'b', the branch of STABLEHLO_CASE, takes 2 values; 1 is handed to it."


def test_an_initialiser_takes_and_returns_nothing() -> None:
    g = caller("CALL_ONCE", {"init_subgraph_index": 1}, values=0)
    callee(g, "init", 1, ())
    assert message(g) == "Graph 1 'init', the initialiser of CALL_ONCE, takes 1 value; 0 are handed to it."


def test_call_once_takes_and_returns_nothing() -> None:
    g = caller("CALL_ONCE", {"init_subgraph_index": 1})
    callee(g, "init")
    assert message(g) == "CALL_ONCE has 1 input and 1 output; it can have none."


def test_a_composite_has_an_input() -> None:
    g = caller("STABLEHLO_COMPOSITE", {"name": "x", "decomposition_subgraph_index": 1}, values=0)
    callee(g, "body", 0, ())
    assert message(g) == "STABLEHLO_COMPOSITE has no input; it needs one at least."


def test_a_composite_that_fits_is_fine() -> None:
    g = caller("STABLEHLO_COMPOSITE", {"name": "x", "decomposition_subgraph_index": 1})
    callee(g, "body")
    assert findings(RULE, g) == []


def test_of_a_reduction_only_the_graph_has_to_be_there() -> None:
    options = {"dimensions": np.array([0], np.int64), "body_subgraph_index": 1}
    g = caller("STABLEHLO_REDUCE", options)
    callee(g, "adder", 2)
    assert findings(RULE, g) == []


def test_a_graph_without_a_name_is_named_by_its_number() -> None:
    g = caller("CALL", {"subgraph": 1})
    callee(g, "", 2)
    assert message(g).startswith("Graph 1, the function of CALL, takes 2 values")


def test_a_damaged_graph_is_not_compared() -> None:
    g = caller("CALL", {"subgraph": 1})
    callee(g, "damaged", 2).graph["outputs"].append(99)
    assert findings(RULE, g) == []


def test_a_graph_that_runs_itself_is_an_error() -> None:
    g = caller("CALL", {"subgraph": 0})
    assert message(g) == "Graph 0 'main' runs itself; the runtime knows no recursion, and crashes when it follows it."


def test_graphs_that_run_each_other_are_one_finding() -> None:
    g = caller("CALL", {"subgraph": 1})
    for number in (2, 3, 1):
        s = g.subgraph(f"g{number}")
        s.output(s.op("CALL", [s.input("x", [4])], s.tensor("y", [4]), {"subgraph": number}))
    [found] = findings(RULE, g)
    assert found.message.startswith("Graph 1 'g2' runs itself by way of graph 2 'g3' and graph 3 'g1';")
    assert found.location.address == "1/0:CALL"
    assert found.evidence == {"graphs": [1, 2, 3]}


def test_two_graphs_that_run_each_other_are_both_named() -> None:
    g = caller("CALL_ONCE", {"init_subgraph_index": 1}, values=0)
    for number in (2, 1):
        g.subgraph("").op("CALL_ONCE", [], [], {"init_subgraph_index": number})
    assert message(g).startswith("Graph 1 runs itself by way of graph 2;")


def test_a_wrong_number_that_closes_a_circle_is_one_finding() -> None:
    g = caller("CALL", {"subgraph": 0})
    g.graph["operators"][0]["inputs"] = [0, 0]
    assert message(g) == "Graph 0 'main', the function of CALL, takes 1 value; 2 are handed to it."


def test_a_circle_of_damaged_graphs_is_not_judged() -> None:
    g = caller("CALL", {"subgraph": 1})
    s = g.subgraph("damaged")
    s.output(s.op("CALL", [s.input("x", [4])], s.tensor("y", [4]), {"subgraph": 1}), 99)
    assert findings(RULE, g) == []
