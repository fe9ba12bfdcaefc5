"""What the engines of LiteRT show of a model by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chains import float_chain, int8_chain, weights
from comparisons import real
from quant_mutations import light
from running_here import stay_here
from tflint.compare.engines import delegated, disagreement, facts, inside, outside, readable, run_pieces, unchanging
from tflint.compare.runs import Clock, Limits, Ran, Wanted
from tflint.comparison import Comparison, Ended, EngineRun
from tflint.model import Graph
from tflint.testing import GraphBuilder, model

FAST, PLAIN = "xnnpack", "builtin"
Row = tuple[float, float, float, float]


def ran(folder: Path, engine: str = FAST, inside: Sequence[int] = (), *, ended: Ended = Ended.DONE, **more: Any) -> Ran:
    """A run without values; `more` are fields of what is told."""
    folder.mkdir(exist_ok=True)
    wanted = Wanted(engine, "m.tflite", [0], inside)
    return Ran(EngineRun(engine, ended, **more), wanted, folder, {FAST: 0, PLAIN: 1}.get(engine, 2), {})


def gives(of: Ran, feed: int | str, *outputs: Any, seen: Mapping[int, Row] | None = None, **more: Any) -> Ran:
    """The run with its outputs for an input, and what was seen inside."""
    held = {f"out_{place}": np.asarray(each) for place, each in enumerate(outputs)} | more
    if seen is not None:
        held |= {"watched": np.array(list(seen), np.int64), "seen": np.array(list(seen.values()), float).reshape(-1, 4)}
    np.savez(of.folder / f"{of.number}-{feed}.npz", **held)
    return of


def chain(*kinds: str, dtype: str = "FLOAT32", options: Mapping[str, Any] | None = None, **more: Any) -> Graph:
    """Ops one after the other, that read the value before and give tensors 1, 2, …"""
    g = GraphBuilder()
    last = g.input("x", [1, 256], dtype, **more)
    for number, kind in enumerate(kinds):
        last = g.op(kind, [last], g.tensor(f"y{number}", [1, 256], dtype, **more), options)
    g.output(last)
    return model(g).graphs[0]


def test_what_can_be_read_are_numbers() -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    for dtype in ("STRING", "RESOURCE", "VARIANT", "COMPLEX64", "BOOL", "INT8", "FLOAT16", "UINT32"):
        g.op("CUSTOM_THING", [x], g.tensor(dtype, [1], dtype))
    graph = model(g).graphs[0]
    assert [graph.tensors[number].name for number in readable(graph)] == ["BOOL", "INT8", "FLOAT16", "UINT32"]


# What is inside.


def told(found: Sequence[Any]) -> list[tuple[str, str, float, int | None]]:
    return [(each.address, each.kind, each.share, each.feed) for each in found]


def test_what_is_not_finite_or_at_the_end_of_its_range_is_told_where_it_is_most(tmp_path: Path) -> None:
    graph = chain("ABS", "ABS", dtype="INT8", scale=0.1)
    run = ran(tmp_path, PLAIN)
    gives(run, 0, seen={1: (0.25, 0, 0.1, 0), 2: (0, 0.3, 0.2, 0), 77: (1, 1, 1, 1)})
    gives(run, 1, seen={1: (0.5, 0, 0.05, 0), 2: (0, 0, 0, 0)})
    assert told(inside(graph, run, [0, 1])) == [
        ("0/t1", "not-finite", 0.5, 1),
        ("0/t1", "saturated", 0.1, 0),
        ("0/t2", "saturated", 0.3, 0),
    ]
    assert inside(graph, ran(tmp_path, PLAIN, ended=Ended.FAILED), [0, 1]) == ()


def test_the_low_end_counts_only_where_it_is_not_zero_itself(tmp_path: Path) -> None:
    run = gives(ran(tmp_path, PLAIN), 0, seen={1: (0, 0.5, 0.0, 0)})
    for dtype, point, counts in [
        ("INT8", -128, False),
        ("INT8", -126, False),
        ("INT8", -125, True),
        ("UINT8", 0, False),
    ]:
        graph = chain("ABS", dtype=dtype, scale=0.1, zero_point=point)
        assert bool(inside(graph, run, [0])) is counts
    assert inside(chain("ABS", dtype="INT8"), run, [0]) == ()
    bare = chain("ABS", dtype="INT8", quantization={"scale": np.array([0.1], np.float32)})
    assert bool(inside(bare, run, [0])) is (bare.tensors[1].quant.zero_point.size > 0)  # type: ignore[union-attr]


def test_a_value_that_is_one_number_for_each_input_is_told(tmp_path: Path) -> None:
    run = ran(tmp_path, PLAIN)
    for feed in (0, 1):
        gives(run, feed, seen={1: (0, 0, 0, 1), 2: (0, 0, 0, feed)})
    assert told(inside(chain("ABS", "ABS"), run, [0, 1])) == [("0/t1", "constant", 1.0, None)]
    assert inside(chain("ABS", "ABS"), run, [0]) == ()
    assert inside(chain("ABS", "ABS"), run, []) == ()


def test_an_output_that_is_always_the_same_is_told(tmp_path: Path) -> None:
    graph = chain("ABS")
    run = ran(tmp_path)
    for feed in range(5):
        gives(run, feed, [1.0, 2.0])
    assert told(unchanging(graph, run, range(4))) == [("0/t1", "unchanging", 1.0, None)]
    assert unchanging(graph, run, range(3)) == ()
    gives(run, 3, [1.0, 2.1])
    assert unchanging(graph, run, range(4)) == ()
    assert unchanging(replace(graph, inputs=()), run, [0, 1, 2, 4]) == ()


# What leaves the ranges.


def share(folder: Path, graph: Graph, low: float, high: float) -> float:
    """The share that lies outside, where so much of the last value is at the ends of its range."""
    run = gives(ran(folder, PLAIN), 0, seen={graph.outputs[0].index: (0, low, high, 0), 99: (0, 1, 1, 0)})
    return outside(graph, run, [0])[0]


def test_values_at_the_end_of_their_range_are_outside(tmp_path: Path) -> None:
    assert share(tmp_path, chain("ABS", dtype="INT8", scale=0.1), 0.25, 0.125) == 0.25
    assert share(tmp_path, chain("ABS", dtype="INT8", scale=0.1, zero_point=-128), 0.25, 0.125) == 0.125
    assert share(tmp_path, chain("ABS", dtype="FLOAT32", scale=0.1), 0.25, 0.125) == 0.0
    assert share(tmp_path, chain("ABS", dtype="INT8"), 0.25, 0.125) == 0.0
    assert outside(chain("ABS"), ran(tmp_path, ended=Ended.CRASHED), [0]) == {}


def test_a_few_values_weigh_little(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 64], "INT8", scale=0.1)
    g.output(g.op("ABS", [x], g.tensor("y", [1, 64], "INT8", scale=0.1)))
    assert share(tmp_path, model(g).graphs[0], 0.0, 0.5) == 0.125


@pytest.mark.parametrize(
    ("kinds", "options"),
    [
        (["LOGISTIC"], None),
        (["SOFTMAX"], {"beta": 1.0}),
        (["ABS", "RELU6"], None),
        (["LOGISTIC", "RESHAPE", "TRANSPOSE"], None),
        (["ADD"], {"fused_activation_function": "RELU6"}),
    ],
)
def test_values_that_end_there_by_themselves_are_not(
    kinds: list[str], options: Mapping[str, Any] | None, tmp_path: Path
) -> None:
    assert share(tmp_path, chain(*kinds, dtype="INT8", scale=0.1, options=options), 1.0, 1.0) == 0.0


def test_what_is_computed_from_them_is_again(tmp_path: Path) -> None:
    assert share(tmp_path, chain("LOGISTIC", "ABS", dtype="INT8", scale=0.1), 0, 0.5) == 0.5
    assert share(tmp_path, chain("ABS", "RESHAPE", dtype="INT8", scale=0.1), 0, 0.5) == 0.5


@pytest.mark.parametrize(("size", "is_natural"), [(1, True), (2, False)])
def test_what_is_only_scaled_ends_as_well(size: int, is_natural: bool, tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 256], "INT8", scale=0.1)
    y = g.op("LOGISTIC", [x], g.tensor("y", [1, 256], "INT8", scale=1 / 256))
    c = g.constant("c", np.ones(size, np.int8), scale=0.1)
    g.output(g.op("MUL", [y, c], g.tensor("z", [1, 256], "INT8", scale=0.1), {}))
    assert share(tmp_path, model(g).graphs[0], 0, 0.5) == (0.0 if is_natural else 0.5)


# What a delegate takes.


def answered(folder: Path, ops: Any) -> Ran:
    return replace(ran(folder), answer={"ops": ops})


def test_what_stands_between_the_ends_of_a_piece_was_taken(tmp_path: Path) -> None:
    graph = chain("ABS", "NEG", "EXP", "LOG")
    own = [[op.kind, [op.inputs[0].index], [op.outputs[0].index]] for op in graph.ops]  # type: ignore[union-attr]
    assert delegated(graph, answered(tmp_path, own)) == 0
    assert delegated(graph, answered(tmp_path, [*own, ["D", [1], [3]]])) == 2
    assert delegated(graph, answered(tmp_path, [*own, ["D", [0], [1]], ["D", [2], [4]]])) == 3
    assert delegated(graph, answered(tmp_path, [*own, ["D", [0], [0, 4]]])) == 4
    assert delegated(graph, answered(tmp_path, [*own, ["D", [], [4, 2]]])) == 4
    assert delegated(graph, answered(tmp_path, own[:3])) is None
    assert delegated(graph, answered(tmp_path, "none")) is None
    assert delegated(graph, ran(tmp_path)) is None


# Runs that are made again.


def again(folder: Path, outputs: Sequence[Any] = ([1.0, 2.0],), **values: Sequence[Any]) -> Mapping[str, str]:
    g = GraphBuilder()
    x = g.input("x", [1, 2])
    g.output(*(g.op("ABS", [x], g.tensor(f"y{place}", [1, 2])) for place in range(len(outputs))))
    run = gives(ran(folder), 0, *outputs)
    for name, held in values.items():
        gives(run, name, *held)
    return facts(model(g).graphs[0], {FAST: run})


def test_outputs_that_differ_when_a_model_runs_again_are_told_by_place(tmp_path: Path) -> None:
    one, two = [1.0, 2.0], [3.0, 4.0]
    assert again(tmp_path / "a") == {}
    assert again(tmp_path / "b", [one, two], repeat=[one, two], signature=[one, two]) == {"repeat": "", "signature": ""}
    assert again(tmp_path / "c", [one, two], signature=[two, one]) == {"signature": "0,1"}
    assert again(tmp_path / "d", [one, two], repeat=[one, [3.0, 5.0]]) == {"repeat": "1"}
    assert again(tmp_path / "e", [one], repeat=[[1.0]]) == {"repeat": "0"}
    assert again(tmp_path / "f", [[np.nan, 1]], repeat=[[np.nan, 1]]) == {"repeat": ""}
    assert again(tmp_path / "g", [[1, 2]], repeat=[[1, 2]]) == {"repeat": ""}
    assert facts(chain("ABS"), {FAST: ran(tmp_path, ended=Ended.FAILED)}) == {}


def test_a_signature_that_fails_is_told_in_a_line(tmp_path: Path) -> None:
    run = replace(gives(ran(tmp_path), 0, [1.0, 2.0]), answer={"signature": "It is not there.\nAnd more."})
    text = facts(chain("ABS"), {FAST: run})["signature"]
    assert text.startswith("failed: It is not there")
    assert "\n" not in text


def batched(folder: Path, one: Any, two: Any = None, **more: Any) -> str:
    run = gives(ran(folder), 0, np.asarray(one, np.float32))
    batch = ran(folder, "batch", **more)
    if two is not None:
        gives(batch, 0, np.asarray(two, np.float32))
    return facts(chain("ABS"), {FAST: run, "batch": batch})["batch"]


def test_two_in_one_batch_give_twice_the_same(tmp_path: Path) -> None:
    assert batched(tmp_path, [[1, 2]], [[1, 2], [1, 2]]) == ""
    assert batched(tmp_path, [[1, 2]], [[1, 2.001], [1, 2]]) == ""
    assert batched(tmp_path, [[1, 2]], [[1, 3], [1, 2]]) == "output 0 has other values for the same input"
    assert batched(tmp_path, [[1, 2]], [[1, 2]]) == "output 0 has the shape [1, 2], for one [1, 2]"
    assert batched(tmp_path, [[1, 2]], [1, 2]) == "output 0 has 1 dimensions instead of 2"
    assert batched(tmp_path, 1, 1) == "output 0 has 0 dimensions instead of 0"
    failed = {"ended": Ended.FAILED, "stage": "allocate", "words": "it does not fit"}
    assert batched(tmp_path, [[1, 2]], **failed) == "allocate: it does not fit"


def test_integers_of_a_batch_are_not_compared(tmp_path: Path) -> None:
    run = gives(ran(tmp_path), 0, np.array([[1]]))
    batch = gives(ran(tmp_path, "batch"), 0, np.array([[2], [3]]))
    assert facts(chain("ABS"), {FAST: run, "batch": batch}) == {"batch": ""}
    silent = replace(batch, told=EngineRun("batch", Ended.LEFT_OUT))
    assert facts(chain("ABS"), {FAST: run, "batch": silent}) == {}


# Where engines disagree.


def _fed(folder: Path, value: Any) -> None:
    """What the model was fed with."""
    held: dict[str, Any] = {"0_0": value}
    np.savez(folder / "feeds.npz", **held)


def runs_of(folder: Path, fast: Any, plain: Any, *, inside: Sequence[int] = (0,), first: int = 1) -> dict[str, Ran]:
    """Runs on one input: the last values of both engines; the builtin one has the values inside from one on."""
    _fed(folder, values(1))
    between: dict[str, Any] = {f"t_{number}": values(1) for number in range(first, 9)}
    return {
        FAST: gives(ran(folder), 0, np.asarray(fast)),
        PLAIN: gives(ran(folder, PLAIN, inside), 0, np.asarray(plain), **between),
    }


def values(value: float) -> NDArray[np.float32]:
    return np.full((1, 256), value, np.float32)


class Pieces:
    """Engines that give a number for each op: `fast`, `plain`, and `third` for the reference."""

    def __init__(self, fast: Sequence[float | None], plain: Sequence[float | None], third: float | None = None) -> None:
        self.held = {FAST: fast, PLAIN: plain, "reference": [third]}
        self.asked: list[tuple[str, int]] = []

    def __call__(self, pieces: Sequence[Any], engine: str) -> list[Any]:
        self.asked.append((engine, len(pieces)))
        return [None if each is None else [values(each)] for each in self.held[engine][: len(pieces)]]


NOBODY = Pieces([], [])


def test_engines_that_agree_are_not_looked_into(tmp_path: Path) -> None:
    graph = chain("ABS", "ABS")
    assert disagreement(graph, runs_of(tmp_path, values(1), values(1)), [0], NOBODY) is None
    assert disagreement(graph, runs_of(tmp_path, values(1), values(1.0001)), [0], NOBODY) is None
    assert disagreement(graph, runs_of(tmp_path, [1], [2]), [0], NOBODY) is None
    assert disagreement(graph, runs_of(tmp_path, values(1)[:, :4], values(2)), [0], NOBODY) is None
    assert disagreement(graph, runs_of(tmp_path, values(0), values(1e-6)), [0], NOBODY) is None
    assert disagreement(graph, runs_of(tmp_path, values(1), values(2)), [], NOBODY) is None
    failed = runs_of(tmp_path, values(1), values(2))
    failed[PLAIN] = replace(failed[PLAIN], told=EngineRun(PLAIN, Ended.FAILED))
    assert disagreement(graph, failed, [0], NOBODY) is None
    assert NOBODY.asked == []


def test_the_first_op_that_differs_is_told_and_who_is_alone(tmp_path: Path) -> None:
    graph = chain("ABS", "NEG", "EXP")
    runs = runs_of(tmp_path, values(1), values(2))
    pieces = Pieces([1, 5, 5], [1, 6, 6], third=6)
    found = disagreement(graph, runs, [0], pieces)
    assert found is not None
    assert (found.engines, found.op, found.tensor, found.kernel) == ((FAST, PLAIN), "0/1:NEG", "0/t2", FAST)
    assert found.figures.max_abs == 1.0
    assert pieces.asked == [(FAST, 3), (PLAIN, 3), ("reference", 1)]
    for third, alone in [(5, PLAIN), (9, ""), (None, "")]:
        found = disagreement(graph, runs, [0], Pieces([1, 5], [1, 6], third))
        assert found is not None
        assert found.kernel == alone


def test_pieces_that_do_not_run_tell_nothing(tmp_path: Path) -> None:
    graph = chain("ABS", "NEG", "EXP")
    found = disagreement(graph, runs_of(tmp_path, values(1), values(2)), [0], Pieces([None, 5, 7], [1, None, 8]))
    assert found is not None
    assert found.op == "0/2:EXP"


def test_where_no_op_differs_by_itself_nothing_is_told(tmp_path: Path) -> None:
    graph = chain("ABS", "NEG")
    assert disagreement(graph, runs_of(tmp_path, values(1), values(2)), [0], Pieces([1, 1], [1, 1])) is None
    blind = runs_of(tmp_path, values(1), values(2), inside=())
    assert disagreement(graph, blind, [0], NOBODY) is None
    assert not [each for each in NOBODY.asked if each[1]]


def test_ops_of_one_kind_that_cannot_be_run_alone_are_told_where_all_others_agree(tmp_path: Path) -> None:
    graph = chain("ABS", "NEG")
    found = disagreement(graph, runs_of(tmp_path, values(1), values(2)), [0], Pieces([None, 1], [1, 1]))
    assert found is not None
    assert (found.op, found.tensor, found.kernel) == ("0/0:ABS", "0/t2", "")
    both = Pieces([None, None], [1, 1])
    assert disagreement(graph, runs_of(tmp_path, values(1), values(2)), [0], both) is None


def test_rounding_that_adds_up_is_no_disagreement(tmp_path: Path) -> None:
    graph = chain("ABS", "NEG")
    pieces = Pieces([1, 1], [1, 1])
    assert disagreement(graph, runs_of(tmp_path, values(1), values(1.01)), [0], pieces) is None
    assert pieces.asked == [(FAST, 2), (PLAIN, 2)]


def test_what_is_not_finite_on_one_engine_alone_differs(tmp_path: Path) -> None:
    found = disagreement(chain("ABS"), runs_of(tmp_path, values(1), values(np.nan)), [0], Pieces([1], [1]))
    assert found is not None
    assert not found.figures.finite
    both = runs_of(tmp_path, values(np.nan), values(np.nan))
    assert disagreement(chain("ABS"), both, [0], NOBODY) is None


def test_integers_may_differ_by_steps(tmp_path: Path) -> None:
    graph = chain("ABS", dtype="INT8", scale=0.5)
    ten = np.full((1, 256), 10, np.int8)
    _fed(tmp_path, ten)
    assert disagreement(graph, runs_of(tmp_path, ten, ten + 4), [0], NOBODY) is None
    found = disagreement(graph, runs_of(tmp_path, ten, ten + 40), [0], Pieces([None], [1]))
    assert found is not None
    assert found.figures.steps == 40


def test_ops_that_are_no_pieces_or_whose_values_are_not_known_are_passed_over(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 256])
    text = g.tensor("text", [1], "STRING")
    a = g.op("CALL", [x], g.tensor("a", [1, 256]))
    lost = g.op("ABS", [text], g.tensor("lost", [1, 256]))
    b = g.op("ADD", [a, lost], g.tensor("b", [1, 256]), {})
    c = g.op("MUL", [b, g.constant("c", np.ones(1, np.float32))], g.tensor("d", [1, 256]), {})
    g.output(c)
    pieces = Pieces([1, 5], [1, 6], third=5)
    found = disagreement(model(g).graphs[0], runs_of(tmp_path, values(1), values(2), first=2), [0], pieces)
    assert found is not None
    assert (found.op, found.kernel) == ("0/3:MUL", PLAIN)
    assert pieces.asked[0] == (FAST, 2)


def test_ops_with_integer_weights_alone_may_differ_more(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 256])
    w = g.constant("w", np.ones((256, 256), np.int8), scale=0.1)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 256]), {}))
    graph = model(g).graphs[0]
    runs = runs_of(tmp_path, values(1), values(2))
    assert disagreement(graph, runs, [0], Pieces([1], [1.05])) is None
    found = disagreement(graph, runs, [0], Pieces([1], [1.5]))
    assert found is not None
    assert found.op == "0/0:FULLY_CONNECTED"


# Real ones.


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a model alone."""
    pytest.importorskip("ai_edge_litert")
    stay_here(monkeypatch)

    def run(built: GraphBuilder) -> Comparison:
        found = real(tmp_path, built).comparison
        assert found is not None
        return found

    return run


def test_a_sound_model_shows_nothing(alone: Any) -> None:
    for built in (float_chain(weights()), int8_chain(weights())):
        found = alone(built)
        assert [each.ended for each in found.runs] == [Ended.DONE, Ended.DONE]
        assert found.disagreement is None
        assert found.facts == {"repeat": ""}
        assert not [each for each in found.inside if each.kind in {"not-finite", "constant", "unchanging"}]
        assert [each.delegated for each in found.runs] == [5, 0]


def test_what_xnnpack_does_not_take_is_told(alone: Any) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    axis = g.constant("axis", np.array([1], np.int32))
    a = g.op("NEG", [x], g.tensor("a", [1, 8]))
    b = g.op("CUMSUM", [a, g.constant("k", np.array(1, np.int32))], g.tensor("b", [1, 8]), {})
    c = g.op("REVERSE_V2", [b, axis], g.tensor("c", [1, 8]))
    g.output(g.op("ABS", [c], g.tensor("d", [1, 8])))
    assert [each.delegated for each in alone(g).runs] == [2, 0]


def test_infinite_constant_and_unchanging_values_are_seen(alone: Any) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    zero = g.op("MUL", [x, g.constant("zero", np.array(0, np.float32))], g.tensor("nothing", [1, 8]), {})
    log = g.op("LOG", [zero], g.tensor("log", [1, 8]))
    g.output(log)
    found = {(each.address, each.kind): each.share for each in alone(g).inside}
    assert found["0/t3", "not-finite"] == 1.0
    assert ("0/t3", "unchanging") in found
    assert ("0/t2", "constant") in found


def test_a_signature_whose_outputs_are_called_wrongly_is_seen(alone: Any) -> None:
    def two(first: str, second: str) -> GraphBuilder:
        g = GraphBuilder()
        x, y = g.input("x", [1, 4]), g.input("y", [1, 4])
        a = g.op("NEG", [x], g.tensor("a", [1, 4]))
        b = g.op("ABS", [y], g.tensor("b", [1, 4]))
        g.output(a, b)
        g.signature("serving_default", {first: x, second: y}, {"a": a, "b": b})
        return g

    assert alone(two("x", "y")).facts == {"repeat": "", "signature": ""}
    assert alone(two("y", "x")).facts == {"repeat": "", "signature": ""}


def test_a_model_of_an_open_batch_is_given_two(alone: Any) -> None:
    def folded(shape: Sequence[int]) -> GraphBuilder:
        g = GraphBuilder()
        x = g.input("x", [None, 4])
        to = g.constant("shape", np.array(shape, np.int32))
        g.output(g.op("RESHAPE", [x, to], g.tensor("y", [None, 4]), {}))
        return g

    assert alone(folded([-1, 4])).facts == {"repeat": "", "batch": ""}
    assert alone(folded([4, -1])).facts["batch"] == "output 0 has the shape [4, 2], for one [4, 1]"
    assert alone(folded([1, 4])).facts["batch"].startswith("allocate: ")


def test_a_model_that_draws_lots_is_told(alone: Any) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    shape = g.constant("shape", np.array([1, 4], np.int32))
    noise = g.op("RANDOM_UNIFORM", [shape], g.tensor("noise", [1, 4]), {"seed": 0, "seed2": 0})
    g.output(g.op("ADD", [x, noise], g.tensor("y", [1, 4]), {}))
    assert alone(g).facts["repeat"] == "0"


def test_pieces_that_fail_give_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    stay_here(monkeypatch)
    good = light("ABS", [1, 4], [1, 4], dtype="INT8").to_bytes()
    value = np.array([[-1, 2, -3, 4]], np.int8)
    found = run_pieces([(good, [value]), (b"no model", [value]), (good, [value])], PLAIN, tmp_path, Clock(60), Limits())
    assert [None if each is None else each[0].tolist() for each in found] == [[[1, 2, 3, 4]], None, [[1, 2, 3, 4]]]
    assert run_pieces([], PLAIN, tmp_path / "none", Clock(60), Limits()) == []
