"""How values flow through a graph."""

from __future__ import annotations

import numpy as np
import pytest

from tflint.analysis.flow import (
    cycles,
    dead_ops,
    effects,
    entry_graphs,
    fixed_outputs,
    given,
    is_ordered,
    unready,
    varying,
    writers,
)
from tflint.model import Graph, Model, Op
from tflint.testing import GraphBuilder, model


def chain(*kinds: str) -> tuple[GraphBuilder, list[int]]:
    """x -> op -> op -> …; the tensors in their order, the last one the output."""
    g = GraphBuilder()
    tensors = [g.input("x", [2])]
    for number, kind in enumerate(kinds):
        tensors.append(g.op(kind, [tensors[-1]], g.tensor(f"t{number}", [2])))
    g.output(tensors[-1])
    return g, tensors


def graph(g: GraphBuilder) -> Graph:
    return model(g).graphs[0]


def kinds(ops: frozenset[Op] | tuple[Op, ...]) -> list[str]:
    return sorted(op.kind for op in ops)


def test_callers_run_the_first_graph_and_those_with_a_signature() -> None:
    g, _tensors = chain("ABS")
    g.subgraph("body")
    named = g.subgraph("named")
    named.signature("f", {}, {})
    assert [each.index for each in entry_graphs(model(g))] == [0, 2]


def test_a_damaged_graph_is_no_entry() -> None:
    g, _ = chain("ABS")
    g.output(99)
    assert entry_graphs(model(g)) == ()


def test_inputs_constants_and_variables_have_values_before_the_first_op() -> None:
    g, _ = chain("ABS")
    g.constant("c", np.ones(2, np.float32))
    g.tensor("v", [2], is_variable=True)
    g.tensor("elsewhere", [2], external_buffer=1)
    g.tensor("nothing", [2])
    assert {tensor.name for tensor in given(graph(g))} == {"x", "c", "v", "elsewhere"}


def test_a_chain_is_ready_and_ordered() -> None:
    g, _ = chain("ABS", "NEG")
    assert unready(graph(g)) == ()
    assert is_ordered(graph(g))
    assert cycles(graph(g)) == ()
    assert writers(graph(g)) == {}


def test_a_read_of_nothing_has_no_writer_and_leaves_the_order_alone() -> None:
    g, (x, _y) = chain("ABS")
    g.op("ADD", [x, g.tensor("lost", [2])], g.tensor("z", [2]), {})
    [read] = unready(graph(g))
    assert (read.op.kind, read.slot, read.tensor.name, read.writer) == ("ADD", 1, "lost", None)
    assert is_ordered(graph(g))


def test_a_read_before_the_write_names_the_writer() -> None:
    g, _ = chain("ABS", "NEG")
    g.graph["operators"].reverse()
    [read] = unready(graph(g))
    assert read.op.kind == "NEG"
    assert read.writer is not None
    assert read.writer.kind == "ABS"
    assert not is_ordered(graph(g))
    assert cycles(graph(g)) == ()


def test_a_custom_op_may_work_in_place() -> None:
    g, (x, _y) = chain("ABS")
    scratch = g.tensor("scratch", [2])
    g.op("mine", [x, scratch], scratch)
    assert unready(graph(g)) == ()
    assert writers(graph(g)) == {}


def test_ops_that_wait_for_one_another_are_a_cycle() -> None:
    g, (x, _y) = chain("ABS")
    a, b = g.tensor("a", [2]), g.tensor("b", [2])
    g.op("ADD", [x, b], a, {})
    g.op("MUL", [x, a], b, {})
    g.op("NEG", [b], g.tensor("c", [2]))
    [group] = cycles(graph(g))
    assert [op.kind for op in group] == ["ADD", "MUL"]


def test_an_op_that_waits_for_itself_is_a_cycle_and_a_custom_one_is_not() -> None:
    g, (x, _y) = chain("ABS")
    a, b = g.tensor("a", [2]), g.tensor("b", [2])
    g.op("ADD", [x, a], a, {})
    g.op("mine", [x, b], b)
    assert [kinds(group) for group in cycles(graph(g))] == [["ADD"]]


def test_a_cycle_through_a_variable_is_a_state_and_no_cycle() -> None:
    g, (x, _y) = chain("ABS")
    state = g.tensor("state", [2], is_variable=True)
    g.op("ADD", [x, state], state, {})
    assert cycles(graph(g)) == ()
    assert writers(graph(g)) == {}


def test_tensors_with_several_writers_are_told_with_them() -> None:
    g, (x, y) = chain("ABS")
    for kind in ("NEG", "SQRT"):
        g.op(kind, [x], y)
    found = writers(graph(g))
    assert {tensor.name: [op.kind for op in ops] for tensor, ops in found.items()} == {"t0": ["ABS", "NEG", "SQRT"]}


def test_a_write_to_a_constant_or_an_input_is_one_too_many() -> None:
    g, (x, y) = chain("ABS")
    constant = g.constant("c", np.ones(2, np.float32))
    g.op("NEG", [y], [constant])
    g.op("SQRT", [y], [x])
    found = writers(graph(g))
    assert {tensor.name: [op.kind for op in ops] for tensor, ops in found.items()} == {"c": ["NEG"], "x": ["SQRT"]}


def test_a_constant_without_a_single_byte_may_be_written() -> None:
    g, (x, _y) = chain("ABS")
    g.op("NEG", [x], g.tensor("z", [2], buffer=g.buffer(b"")))
    assert writers(graph(g)) == {}


@pytest.mark.parametrize(
    ("kind", "acts", "varies"),
    [
        ("ABS", False, False),
        ("RANDOM_UNIFORM", False, True),
        ("READ_VARIABLE", False, True),
        ("HASHTABLE", True, False),
        ("VAR_HANDLE", True, False),
        ("mine", True, True),
        ("STABLEHLO_CUSTOM_CALL", True, True),
    ],
)
def test_what_an_op_may_do_beside_its_outputs(kind: str, acts: bool, varies: bool) -> None:
    g, _ = chain(kind)
    assert (kinds(effects(model(g))) == [kind]) is acts
    assert (kinds(varying(model(g))) == [kind]) is varies


def test_an_op_without_outputs_or_of_an_unknown_kind_acts() -> None:
    g, (x, _y) = chain("ABS")
    g.op("NEG", [x], [])
    g.tables["operator_codes"].append({"builtin_code": 4000})
    g.graph["operators"].append({"opcode_index": 2, "inputs": [x], "outputs": [g.tensor("z", [2])]})
    assert kinds(effects(model(g))) == ["BUILTIN_4000", "NEG"]


def test_an_op_with_a_state_acts_and_varies() -> None:
    g, (x, _y) = chain("ABS")
    state = g.tensor("state", [2], is_variable=True)
    g.op("SVDF", [x, state], g.tensor("z", [2]), {})
    g.op("DEQUANTIZE", [x], state)
    assert kinds(effects(model(g))) == kinds(varying(model(g))) == ["DEQUANTIZE", "SVDF"]


def calling(*body: str, number: int = 1) -> Model:
    """A WHILE around an IF around the ops of `body`."""
    g = GraphBuilder()
    x = g.input("x", [2])
    options = {"cond_subgraph_index": number, "body_subgraph_index": number}
    g.output(g.op("WHILE", [x], g.tensor("y", [2]), options))
    middle = g.subgraph("middle")
    x = middle.input("x", [2])
    middle.output(middle.op("IF", [x], middle.tensor("y", [2]), {"then_subgraph_index": 2, "else_subgraph_index": 2}))
    inner = g.subgraph("inner")
    x = inner.input("x", [2])
    for kind in body:
        x = inner.op(kind, [x], inner.tensor(kind, [2]))
    inner.output(x)
    return model(g)


def test_control_flow_does_what_the_graphs_it_runs_do() -> None:
    assert kinds(effects(calling("ABS"))) == []
    assert kinds(varying(calling("ABS", "RANDOM_UNIFORM"))) == ["IF", "RANDOM_UNIFORM", "WHILE"]
    assert kinds(effects(calling("mine"))) == ["IF", "WHILE", "mine"]


def test_control_flow_that_runs_a_graph_which_is_not_there_may_do_anything() -> None:
    assert kinds(effects(calling("ABS", number=9))) == ["WHILE"]


def test_control_flow_that_runs_a_damaged_graph_may_do_anything() -> None:
    g = GraphBuilder()
    x = g.input("x", [2])
    g.output(g.op("CALL", [x], g.tensor("y", [2]), {"subgraph": 1}))
    g.subgraph("broken").output(99)
    assert kinds(effects(model(g))) == ["CALL"]


def test_nothing_is_dead_in_a_chain() -> None:
    g, _ = chain("ABS", "NEG")
    assert dead_ops(graph(g), frozenset()) == ()


def test_a_branch_that_ends_nowhere_is_dead_up_to_where_it_begins() -> None:
    g, (_x, y) = chain("ABS")
    side = g.op("NEG", [y], g.tensor("side", [2]))
    g.op("SQRT", [side], g.tensor("end", [2]))
    assert kinds(dead_ops(graph(g), frozenset())) == ["NEG", "SQRT"]


def test_what_feeds_an_op_with_an_effect_is_alive() -> None:
    g, (_x, y) = chain("ABS")
    side = g.op("NEG", [y], g.tensor("side", [2]))
    g.op("mine", [side], g.tensor("end", [2]))
    g.op("SQRT", [y], g.tensor("dead", [2]))
    read = model(g)
    assert kinds(dead_ops(read.graphs[0], effects(read))) == ["SQRT"]


def test_outputs_that_come_from_constants_are_fixed() -> None:
    g, (x, _y) = chain("ABS")
    constant = g.constant("c", np.ones(2, np.float32))
    folded = g.op("NEG", [constant, -1], g.tensor("folded", [2]))
    g.output(constant, folded, g.op("ADD", [x, constant], g.tensor("sum", [2]), {}))
    assert [tensor.name for tensor in fixed_outputs(graph(g), frozenset())] == ["c", "folded"]


def test_what_varies_an_input_with_data_and_what_is_not_known_are_not_fixed() -> None:
    g, (x, _y) = chain("ABS")
    constant = g.constant("c", np.ones(2, np.float32))
    default = g.constant("default", np.ones(2, np.float32))
    g.graph["inputs"].append(default)
    g.output(g.op("RANDOM_UNIFORM", [constant], g.tensor("random", [2]), {}), g.tensor("lost", [2]), default)
    g.op("NEG", [x], constant)
    g.output(constant)
    read = model(g)
    assert fixed_outputs(read.graphs[0], varying(read)) == ()
