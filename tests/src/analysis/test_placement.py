"""Where ops end up on a target: partitions, limits, borders, and what would help."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from made_up import DELEGATE, LARGEST, PREFIX
from tflint import Graph, Limits, Model, Verdict
from tflint.analysis.placement import Placement, cures, partitions, place, placed
from tflint.testing import GraphBuilder, model


def chain(*kinds: str) -> Model:
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2])
    for number, kind in enumerate(kinds):
        y = g.tensor(f"t{number}", [1, 4, 4, 2])
        if kind == "CONV_2D":
            w = g.constant(f"w{number}", np.ones((2, 1, 1, 2), np.float32))
            x = g.op(kind, [x, w, -1], y, {"padding": "SAME", "stride_w": 1, "stride_h": 1})
        else:
            x = g.op(kind, [x], y, {})
    g.output(x)
    return model(g)


def branches() -> Graph:
    """RELU and EXP on one input, then ABS on each: what is taken can be joined across the branches."""
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2])
    names = iter("abcd")
    relu, exp = (g.op(kind, [x], g.tensor(next(names), [1, 4, 4, 2]), {}) for kind in ("RELU", "EXP"))
    g.output(*(g.op("ABS", [y], g.tensor(next(names), [1, 4, 4, 2]), {}) for y in (relu, exp)))
    return model(g).graphs[0]


def on(found: Model) -> Placement:
    return place(DELEGATE, found.graphs[0])


def test_a_piece_takes_all_that_is_ready_not_only_what_is_adjacent() -> None:
    assert partitions(branches(), [True, False, True, True]) == [[0, 2], [1], [3]]


def test_pieces_alternate_along_a_chain() -> None:
    graph = chain("RELU", "EXP", "EXP", "ABS").graphs[0]
    assert partitions(graph, [True, False, False, True]) == [[0], [1, 2], [3]]


def test_ops_with_side_effects_keep_their_order() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    read, write = (g.op("VAR_HANDLE", [], g.tensor(name, [], "RESOURCE"), {"shared_name": name}) for name in "ab")
    g.op("ASSIGN_VARIABLE", [write, x], [])
    g.output(g.op("READ_VARIABLE", [read], g.tensor("y", [1, 4]), {}))
    assert partitions(model(g).graphs[0], [True, True, False, True]) == [[0, 1], [2], [3]]
    h = GraphBuilder()
    x = h.input("x", [1], "BOOL")
    options = {"then_subgraph_index": 1, "else_subgraph_index": 1}
    h.output(*(h.op("IF", [x], h.tensor(name, [1]), options) for name in "ab"))
    assert partitions(model(h).graphs[0], [False, True]) == [[0], [1]]


def test_a_graph_that_waits_for_itself_leaves_those_ops_out() -> None:
    g = GraphBuilder()
    a, b = g.tensor("a", [1]), g.tensor("b", [1])
    g.op("RELU", [b], a)
    g.op("RELU", [a], b)
    assert partitions(model(g).graphs[0], [True, True]) == []


def test_shares_borders_and_numbers_of_pieces_are_told() -> None:
    found = on(chain("RELU", "CONV_2D", "ABS"))
    assert found.placed == (True, False, True)
    assert found.partition == (0, None, 1)
    assert found.partitions == 2
    assert found.ops_placed == 2
    assert found.macs_placed == 0
    assert [tensor.name for tensor in found.boundary] == ["t0", "t1"]
    assert found.boundary_bytes == 256


def test_without_any_multiply_accumulates_there_is_no_share() -> None:
    assert on(chain("RELU")).macs_placed is None


def test_what_nobody_can_tell_is_neither_on_the_target_nor_off_it() -> None:
    assert on(chain("RELU", "NEG", "ABS")).placed == (True, None, True)


def test_a_gpu_keeps_the_largest_piece() -> None:
    graph = chain("RELU", "EXP", "ABS", "ABS").graphs[0]
    assert place(LARGEST, graph).placed == (False, False, True, True)


def test_an_edge_tpu_keeps_the_first_piece() -> None:
    graph = chain("RELU", "EXP", "ABS", "ABS").graphs[0]
    assert place(PREFIX, graph).placed == (True, False, False, False)
    assert place(PREFIX, branches()).placed == (True, False, True, False)
    assert place(PREFIX, chain("EXP", "RELU", "ABS").graphs[0]).placed == (False, True, True)


def test_where_an_op_is_in_doubt_so_is_what_depends_on_it() -> None:
    graph = chain("RELU", "NEG", "ABS", "EXP", "ABS").graphs[0]
    assert place(PREFIX, graph).placed == (True, None, None, False, False)
    assert place(DELEGATE, graph).placed == (True, None, True, False, True)


def test_pieces_that_are_too_small_stay_on_the_cpu() -> None:
    target = replace(DELEGATE, limits=Limits(min_ops=2))
    assert place(target, chain("RELU", "EXP", "ABS", "ABS").graphs[0]).placed == (False, False, True, True)


def test_a_target_may_revise_its_verdicts() -> None:
    target = replace(DELEGATE, revise=lambda graph, verdicts: (Verdict(False, "not today"),) * len(verdicts))
    assert place(target, chain("RELU").graphs[0]).placed == (False,)


def test_a_model_that_is_refused_whole_has_no_op_on_the_target() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2])
    g.output(g.op("RELU", [x], g.tensor("y", [1, 4, 4, 2]), {}))
    graph = model(g).graphs[0]
    assert placed(DELEGATE, graph, "it has variables").verdicts == (Verdict(False, "it has variables"),)
    assert placed(DELEGATE, graph, "").placed == (True,)


def test_the_cure_that_brings_the_most_work_comes_first() -> None:
    found = on(chain("RELU", "EXP", "ABS", "CONV_2D", "ABS"))
    first, second = cures(found)
    assert (first.kind, first.partitions, first.macs_placed) == ("CONV_2D", 2, 1.0)
    assert (second.kind, second.partitions, second.ops_placed) == ("EXP", 2, 4)


def test_a_cure_that_brings_nothing_is_not_told() -> None:
    assert cures(on(chain("EXP"))) == []
    assert cures(on(chain("RELU"))) == []
