"""Which op of one build is which of another."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from builds import BLOCKS, chain, detector, planned, rewritten
from tflint.analysis.alignment import Alignment, aligned
from tflint.testing import GraphBuilder, model

FC = "FULLY_CONNECTED"


def found(old: GraphBuilder | bytes, new: GraphBuilder | bytes) -> Alignment:
    return aligned(model(old, "old.tflite"), model(new, "new.tflite"))


def pairs(of: Alignment) -> list[tuple[int, int]]:
    return [(here.index, there.index) for here, there in of.pairs]


def numbers(of: Alignment) -> tuple[list[int], list[int]]:
    return [op.index for op in of.removed], [op.index for op in of.added]


def test_names_and_numbers_of_tensors_play_no_part() -> None:
    built = detector()
    for seed in range(5):
        assert pairs(found(built, rewritten(built.tables, seed))) == [(number, number) for number in range(8)]


def test_a_layer_that_was_put_among_its_like_is_told_by_the_weights_of_the_others() -> None:
    old = chain(*[(FC, seed) for seed in (1, 2, 3, 4)])
    new = chain(*[(FC, seed) for seed in (1, 2, 9, 3, 4)])
    assert numbers(found(old, new)) == ([], [2])
    assert numbers(found(new, old)) == ([2], [])


def test_a_layer_that_was_moved_is_not_a_new_one() -> None:
    of = found(chain((FC, 1), (FC, 2), (FC, 3)), chain((FC, 3), (FC, 1), (FC, 2)))
    assert pairs(of) == [(2, 0), (0, 1), (1, 2)]


def test_where_all_weights_are_others_the_order_of_kinds_tells() -> None:
    old = chain((FC, 1), ("RELU", 0), (FC, 2), ("TANH", 0), (FC, 3))
    new = chain((FC, 11), ("RELU", 0), ("NEG", 0), (FC, 12), ("TANH", 0), (FC, 13))
    assert numbers(found(old, new)) == ([], [2])


def test_quantizing_leaves_each_op_what_it_is() -> None:
    of = found(detector(), detector(quantized=True))
    assert pairs(of) == [(number, number) for number in range(8)]


def test_ops_of_one_kind_are_compared_where_both_ends_are_others() -> None:
    kinds = [("RELU", 0), ("TANH", 0), ("RELU", 0), ("NEG", 0)]
    of = found(chain(("ABS", 0), *kinds, ("ABS", 0)), chain(("EXP", 0), *kinds, kinds[1], ("EXP", 0)))
    assert len(of.pairs) == 4
    assert [op.kind for op in of.removed] == ["ABS", "ABS"]


def body(g: GraphBuilder, kind: str, name: str) -> int:
    inner = g.subgraph(name)
    x = inner.input("x", [4])
    inner.output(inner.op(kind, [x], inner.tensor("y", [4])))
    return inner.index


def branches(*kinds: str, swapped: bool = False) -> GraphBuilder:
    """An IF whose branches stand in the file in either order."""
    g = GraphBuilder()
    condition, x = g.input("c", [], "BOOL"), g.input("x", [4])
    order = (1, 0) if swapped else (0, 1)
    places = {which: body(g, kinds[which], f"branch_{order[which]}") for which in order}
    options = {"then_subgraph_index": places[0], "else_subgraph_index": places[1]}
    g.output(g.op("IF", [condition, x], g.tensor("y", [4]), options))
    return g


def test_graphs_that_ops_run_are_paired_as_they_are_run() -> None:
    of = found(branches("NEG", "ABS"), branches("NEG", "ABS", swapped=True))
    assert [(here.index, there.index) for here, there in of.graphs] == [(0, 0), (1, 2), (2, 1)]
    assert [here.kind for here, _ in of.pairs] == ["IF", "NEG", "ABS"]
    assert numbers(of) == ([], [])


def test_a_graph_that_nothing_runs_stands_alone() -> None:
    g = chain((FC, 1))
    body(g, "NEG", "more")
    of = found(chain((FC, 1)), g)
    assert ([graph.index for graph in of.lone_old], [graph.index for graph in of.lone_new]) == ([], [1])


@pytest.mark.parametrize("seed", range(40))
def test_what_came_and_went_is_no_more_than_what_was_edited(seed: int) -> None:
    random_ = random.Random(seed)
    plan = [
        (random_.choice(("res", "res", "conv", "RELU", "TANH", "LOGISTIC")), i) for i in range(random_.randint(3, 20))
    ]
    other, edited = list(plan), 0
    for number in range(random_.randint(1, 3)):
        place = random_.randrange(len(other) + 1)
        if random_.random() < 0.5:
            other.insert(place, (random_.choice(("NEG", "ABS", "res", "conv")), 1000 + number))
            edited += BLOCKS.get(other[place][0], 1)
        elif len(other) > 1 and place < len(other):
            edited += BLOCKS.get(other.pop(place)[0], 1)
    for weights in (1, 2):
        of = found(planned(plan, 1), planned(other, weights))
        assert len(of.removed) + len(of.added) <= edited


def test_a_layer_before_a_branch_is_told_from_its_like_by_what_reads_it() -> None:
    old = [("res", 1), ("res", 2)]
    of = found(planned(old, 1), planned([("res", 1), ("conv", 9), ("res", 2)], 2))
    assert numbers(of) == ([], [4])
    assert wiring_changes_of(of) == []
    back = found(planned([("res", 1), ("conv", 9), ("res", 2)], 2), planned(old, 1))
    assert numbers(back) == ([4], [])


def wiring_changes_of(of: Alignment) -> list[object]:
    from tflint.difference.wiring import wiring_changes

    return list(wiring_changes(of))


@pytest.mark.parametrize("kinds", [["RELU"], ["RELU", "TANH", "NEG", "ABS"]])
def test_thousands_of_ops_of_few_kinds_take_no_time_to_speak_of(kinds: list[str]) -> None:
    random_ = np.random.default_rng(3)
    ops = [(kinds[place], 0) for place in random_.integers(0, len(kinds), 4000)]
    other = list(ops)
    for place in range(0, len(ops), 41):
        other[place] = ("EXP", 0)
    old, new = (model(chain(*each)) for each in (ops, other))
    start = time.process_time()
    of = aligned(old, new)
    assert time.process_time() - start < 4
    assert len(of.pairs) >= 3900


def test_longer_runs_of_other_ops_are_laid_side_by_side() -> None:
    random_ = np.random.default_rng(5)
    kinds = ("RELU", "TANH", "NEG", "ABS", "EXP", "LOG")
    middle = [(kinds[place], 0) for place in random_.integers(0, 6, 150)]
    other = [each for place, each in enumerate(middle) if place % 7]
    of = found(chain(("SIN", 0), *middle, ("SIN", 0)), chain(("COS", 0), *other, ("COS", 0)))
    assert len(of.pairs) >= len(other) - 3


def test_ops_that_have_nothing_in_common_are_no_pairs() -> None:
    of = found(chain(*[("RELU", 0)] * 200), chain(*[("NEG", 0)] * 200))
    assert of.pairs == ()
    assert len(of.removed) == len(of.added) == 200
