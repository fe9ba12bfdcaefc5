"""Which graph runs which."""

import numpy as np

from tflint.analysis.calls import call_graph, called
from tflint.testing import GraphBuilder, model


def calling(kind: str, options: dict[str, object]) -> list[tuple[str, int]]:
    g = GraphBuilder()
    g.op(kind, [], [], options)
    return list(called(model(g).graphs[0].ops[0]))


def test_a_loop_runs_its_condition_and_its_body() -> None:
    options: dict[str, object] = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    assert calling("WHILE", options) == [("cond_subgraph_index", 1), ("body_subgraph_index", 2)]


def test_a_call_names_its_function() -> None:
    assert calling("CALL", {"subgraph": 3}) == [("subgraph", 3)]


def test_a_case_runs_each_of_its_branches() -> None:
    options: dict[str, object] = {"branch_subgraph_indices": np.array([4, 5], np.int32)}
    assert calling("STABLEHLO_CASE", options) == [("branch_subgraph_indices", 4), ("branch_subgraph_indices", 5)]


def test_a_reduction_names_the_graph_that_says_what_it_reduces_by() -> None:
    assert calling("STABLEHLO_SCATTER", {"update_computation_subgraph_index": 1}) == [
        ("update_computation_subgraph_index", 1)
    ]


def test_other_ops_run_no_graph() -> None:
    assert calling("ADD", {}) == []
    assert calling("MyCustomOp", {}) == []


def test_a_custom_op_of_that_name_runs_none() -> None:
    g = GraphBuilder()
    g.op("CALL", [], [], {"subgraph": 0})
    g.tables["operator_codes"][0] = {"deprecated_builtin_code": 32, "builtin_code": 32, "custom_code": "CALL"}
    assert list(called(model(g).graphs[0].ops[0])) == []


def test_an_op_without_options_names_none() -> None:
    g = GraphBuilder()
    g.op("WHILE", [], [])
    assert list(called(model(g).graphs[0].ops[0])) == []


def test_the_graphs_of_a_model_and_who_runs_whom() -> None:
    g = GraphBuilder()
    g.op("IF", [], [], {"then_subgraph_index": 1, "else_subgraph_index": 2})
    g.subgraph("then")
    g.subgraph("else").op("CALL", [], [], {"subgraph": 3})
    g.subgraph("deep")
    g.subgraph("apart")
    calls = call_graph(model(g))
    assert sorted(calls.nodes) == [0, 1, 2, 3, 4]
    assert sorted(calls.edges) == [(0, 1), (0, 2), (2, 3)]


def test_graphs_that_do_not_exist_are_left_out() -> None:
    g = GraphBuilder()
    g.op("IF", [], [], {"then_subgraph_index": -1, "else_subgraph_index": 9})
    assert list(call_graph(model(g)).edges) == []


def test_a_graph_may_run_itself() -> None:
    g = GraphBuilder()
    g.op("CALL", [], [], {"subgraph": 0})
    assert list(call_graph(model(g)).edges) == [(0, 0)]
