"""The op that broke it, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chains import SIZE, float_chain, half_chain, int8_chain, spoiled, weights
from comparisons import real
from running_here import stay_here
from tflint.compare import blame as module
from tflint.compare.alignment import Aligned
from tflint.compare.blame import Segment, allowance, blame, clipped, segments, suspects
from tflint.comparison import Blame, Comparison
from tflint.model import Graph, Tensor
from tflint.testing import GraphBuilder, model

W = weights()
FLOOR, TIMES = module._FLOOR, module._TIMES


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a model beside the float chain, or what it is told to."""
    pytest.importorskip("ai_edge_litert")
    stay_here(monkeypatch)

    def run(built: GraphBuilder, of: GraphBuilder | None = None) -> Comparison:
        found = real(tmp_path, built, float_chain(W) if of is None else of).comparison
        assert found is not None
        assert found.outputs, (found.runs, found.left_out)
        return found

    return run


def at(found: Comparison) -> str:
    """What is blamed: the op, what the source calls its value, and how many others."""
    if found.blame is None:
        return ""
    return f"{found.blame.op} {found.blame.reference}" + (f" +{found.blame.others}" if found.blame.others else "")


def test_nothing_is_blamed_where_nothing_is_wrong(compared: Any) -> None:
    for built in (float_chain(W), half_chain(W), int8_chain(W)):
        assert compared(built).blame is None
    assert compared(float_chain(W), float_chain(W, fused=False)).blame is None
    assert compared(float_chain(W, fused=False)).blame is None


@pytest.mark.parametrize("place", range(5))
def test_weights_that_were_changed_are_blamed_and_nothing_that_inherits_it(compared: Any, place: int) -> None:
    found = compared(float_chain(spoiled(W, place)))
    assert at(found) == f"0/{place}:FULLY_CONNECTED dense_{place}"
    assert found.blame.ops == ()
    assert found.blame.allowed == FLOOR["float32"]
    assert found.blame.figures.snr_db < 10
    assert found.blame.inherited is not None


@pytest.mark.parametrize("place", [0, 2, 4])
def test_so_they_are_among_integers(compared: Any, place: int) -> None:
    found = compared(int8_chain(spoiled(W, place), W))
    assert at(found) == f"0/{place}:FULLY_CONNECTED dense_{place}"
    assert FLOOR["int8"] <= found.blame.allowed < 0.5
    assert found.blame.figures.steps > 1


def test_of_weights_that_are_widened_the_op_that_reads_them_is_blamed(compared: Any) -> None:
    found = compared(half_chain(spoiled(W, 3)))
    assert at(found) == "0/7:FULLY_CONNECTED dense_3"
    assert found.blame.ops == ("0/6:DEQUANTIZE", "0/7:FULLY_CONNECTED")
    assert found.blame.tensor == "0/t12"


def test_several_are_counted_and_the_first_is_blamed(compared: Any) -> None:
    found = compared(float_chain(spoiled(W, 1, 3)))
    assert at(found) == "0/1:FULLY_CONNECTED dense_1 +1"


def test_the_ops_between_two_known_values_are_told_and_the_heaviest_is_blamed(compared: Any) -> None:
    other = float_chain(spoiled(W, 2), lambda number: f"lost_{number}" if number == 2 else f"dense_{number}")
    found = compared(other)
    assert at(found) == "0/2:FULLY_CONNECTED dense_3"
    assert found.blame.ops == ("0/2:FULLY_CONNECTED", "0/3:FULLY_CONNECTED")


# By hand.


def value(seed: int, size: int = SIZE) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(1, size)).astype(np.float32)


def aligned(graph: Graph, place: int, theirs: NDArray[Any], error: float = 0.0) -> Aligned:
    op = graph.ops[place]
    return Aligned(op.outputs[0], op, theirs, theirs, f"layer_{place}", error)


def plain(count: int = 4) -> Graph:
    g = GraphBuilder()
    last = g.input("x", [1, SIZE])
    for number in range(count):
        last = g.op("RELU", [last], g.tensor(f"y{number}", [1, SIZE]))
    g.output(last)
    return model(g).graphs[0]


def cut(graph: Graph, *places: int) -> list[Segment]:
    known = {graph.ops[place].outputs[0]: aligned(graph, place, value(place)) for place in places}
    return segments(graph, known, frozenset(graph.inputs))


def shapes(found: Sequence[Segment]) -> list[tuple[list[int], list[str]]]:
    return [([op.index for op in each.ops], [tensor.name for tensor in each.inputs]) for each in found]


def test_a_segment_reaches_back_to_what_is_known() -> None:
    graph = plain()
    assert shapes(cut(graph, 1, 3)) == [([0, 1], ["x"]), ([2, 3], ["y1"])]
    assert shapes(cut(graph, 0)) == [([0], ["x"])]
    assert cut(graph) == []


def test_one_of_too_many_ops_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_OPS", 4)
    graph = plain(9)
    assert shapes(cut(graph, 3, 8)) == [([0, 1, 2, 3], ["x"])]
    assert len(cut(graph, 3)) == 1
    assert cut(graph, 4) == []


def test_values_that_are_read_twice_are_fed_once_and_constants_are_not() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    orphan = g.tensor("orphan", [1, 4])
    h = g.op("RELU", [x], g.tensor("h", [1, 4]))
    both = g.op("MUL", [h, h], g.tensor("m", [1, 4]), {})
    more = g.op("ADD", [both, g.constant("c", np.ones(4, np.float32))], g.tensor("a", [1, 4]), {})
    g.output(g.op("SELECT_V2", [orphan, more, h], g.tensor("y", [1, 4]), {}))
    graph = model(g).graphs[0]
    known = {graph.ops[3].outputs[0]: aligned(graph, 3, value(3, 4))}
    [found] = segments(graph, known, frozenset(graph.inputs))
    assert [op.index for op in found.ops] == [0, 1, 2, 3]
    assert {tensor.name for tensor in found.inputs} == {"orphan", "x"}


def quantized(scale: float = 0.1, zero_point: int = 0, dtype: str = "INT8", **more: Any) -> Tensor:
    g = GraphBuilder()
    g.input("x", [1, SIZE], dtype, scale=scale, zero_point=zero_point, **more)
    return model(g).graphs[0].inputs[0]


def test_what_lies_beyond_the_range_is_a_share_of_the_value() -> None:
    inside = np.linspace(-12.8, 12.7, SIZE, dtype=np.float32)
    assert clipped(quantized(), inside) == pytest.approx(0, abs=1e-6)
    assert clipped(quantized(), np.array([0, 25.4])) == pytest.approx(0.5)
    assert clipped(quantized(zero_point=-128), np.array([-5.0, 0])) == 1.0
    assert clipped(quantized(zero_point=0, dtype="UINT8"), np.array([-5.0, 0])) == 1.0
    assert clipped(quantized(), np.zeros(4)) == 0.0
    assert clipped(quantized(), np.zeros(0)) == 0.0
    assert clipped(plain().inputs[0], np.array([1e9])) == 0.0
    assert clipped(quantized(dtype="FLOAT32"), np.array([1e9])) == 0.0


def test_no_zero_point_is_one_of_zero() -> None:
    bare = {"scale": np.array([0.1], np.float32), "quantized_dimension": 0}
    g = GraphBuilder()
    g.input("x", [1, SIZE], "INT8", quantization=bare)
    tensor = model(g).graphs[0].inputs[0]
    assert clipped(tensor, np.array([0, 25.4])) == pytest.approx(0.5)


def test_rounding_explains_the_more_the_coarser_the_steps_are() -> None:
    graph = plain(1)
    theirs = np.full((1, SIZE), 1.0, np.float32)
    [segment] = segments(graph, {graph.outputs[0]: aligned(graph, 0, theirs)}, frozenset(graph.inputs))
    for precision, floor in FLOOR.items():
        assert allowance(segment, {}, precision) == floor
    assert allowance(segment, {}, "nobody knows") == 0.1
    step = 0.5 / 12**0.5
    coarse = replace(segment, at=replace(segment.at, tensor=quantized(0.5)))
    assert allowance(coarse, {}, "int8") == pytest.approx(TIMES * step)
    both = replace(coarse, inputs=(quantized(0.5), quantized(0.5)))
    assert allowance(both, {both.inputs[0]: theirs}, "int8") == pytest.approx(TIMES * step * 2**0.5)
    fine = replace(segment, at=replace(segment.at, tensor=quantized(0.01)))
    assert allowance(fine, {}, "int8") == FLOOR["int8"]
    nothing = replace(coarse, at=replace(coarse.at, theirs=np.zeros((1, SIZE), np.float32)))
    assert allowance(nothing, {}, "int8") == FLOOR["int8"]
    tiny = replace(coarse, at=replace(coarse.at, theirs=theirs * 1e-6))
    assert allowance(tiny, {}, "int8") == pytest.approx(TIMES * 10)


def test_so_do_the_steps_of_weights() -> None:
    def of(stored: NDArray[Any] | None, **more: Any) -> float:
        g = GraphBuilder()
        x = g.input("x", [1, SIZE])
        if stored is None:
            w = g.tensor("w", [SIZE, SIZE], "INT8", external_buffer=3, scale=0.1)
        else:
            w = g.constant("w", stored, **more)
        g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, SIZE]), {}))
        graph = model(g).graphs[0]
        [segment] = segments(graph, {graph.outputs[0]: aligned(graph, 0, value(1))}, frozenset(graph.inputs))
        return allowance(segment, {}, "float32")

    ones = np.ones((SIZE, SIZE), np.int8)
    assert of(ones * 10, scale=0.1) == pytest.approx(TIMES / 12**0.5 / 10)
    assert of(ones * 10, scale=0.1, zero_point=5) == pytest.approx(TIMES / 12**0.5 / 5)
    assert of(ones * 10, scale=[0.1] * SIZE) == pytest.approx(TIMES / 12**0.5 / 10)
    assert of(ones * 0, scale=0.1) == FLOOR["float32"]
    assert of(ones) == FLOOR["float32"]
    assert of(ones.astype(np.int32), scale=0.1) == FLOOR["float32"]
    assert of(np.zeros((0, SIZE), np.int8), scale=0.1) == FLOOR["float32"]
    assert of(ones.astype(np.float32)) == FLOOR["float32"]
    assert of(None) == FLOOR["float32"]


def test_suspect_is_what_is_more_than_it_inherits_and_than_rounding_explains() -> None:
    graph = plain(3)
    found = cut(graph, 0, 1, 2)
    y = [op.outputs[0] for op in graph.ops]

    def names(*errors: float) -> list[str]:
        held: Mapping[Tensor, float] = dict(zip(y, errors, strict=True))
        return [each.at.tensor.name for each in suspects(found, {}, "float32", held)]

    assert names(0.5, 0.5, 0.5) == ["y0"]
    assert names(0.0, 0.5, 0.7) == ["y1"]
    assert names(0.0, 0.1, 0.2) == ["y1", "y2"]
    assert names(0.0009, 0.0, 0.0) == []


def blamed(results: Sequence[list[Any] | None], **more: Any) -> Blame | None:
    """What is blamed where ops of a chain, run alone, give these values; the source has ones."""
    graph = plain(len(results))
    ones = np.ones((1, SIZE), np.float32)
    known = {op.outputs[0]: aligned(graph, place, ones) for place, op in enumerate(graph.ops)}
    tried = segments(graph, known, frozenset(graph.inputs))
    values = dict.fromkeys((*graph.inputs, *known), ones) if "values" not in more else more["values"]
    return blame(tried, values, "float32", lambda pieces: list(results)[: len(pieces)])


def ones(factor: float, size: int = SIZE) -> list[Any]:
    return [np.full((1, size), factor, np.float32)]


def test_the_first_whose_own_error_is_nearly_the_largest_is_blamed() -> None:
    found = blamed([ones(1.0), ones(1.004), ones(1.008), ones(1.009)])
    assert found is not None
    assert (found.op, found.reference, found.others) == ("0/2:RELU", "layer_2", 1)
    assert found.figures.max_abs == pytest.approx(0.008, rel=1e-3)
    assert found.inherited is not None
    assert found.inherited.max_abs == 0


def test_an_error_of_twenty_times_what_is_allowed_is_large_whatever_follows() -> None:
    found = blamed([ones(1.03), ones(9.0)])
    assert found is not None
    assert (found.op, found.others) == ("0/0:RELU", 1)


def test_what_is_not_finite_is_blamed() -> None:
    found = blamed([ones(1.0), ones(np.nan)])
    assert found is not None
    assert found.op == "0/1:RELU"


def test_nothing_is_blamed_where_ops_do_not_run_or_do_what_they_should() -> None:
    assert blamed([ones(1.0), ones(1.0005)]) is None
    assert blamed([None, None]) is None
    assert blamed([ones(9.0, 3)]) is None
    assert blamed([ones(9.0)], values={}) is None
    assert blamed([]) is None


def test_what_does_the_work_is_blamed() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, SIZE])
    w = g.constant("w", np.ones((SIZE, SIZE), np.float32))
    light = g.constant("light", np.ones(4, np.float32))
    h = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("h", [1, SIZE]), {})
    g.output(g.op("ADD", [h, light], g.tensor("y", [1, SIZE]), {}))
    graph = model(g).graphs[0]
    whole = Segment(aligned(graph, 1, value(1)), graph.ops, graph.inputs)
    assert module._culprit(whole).kind == "FULLY_CONNECTED"
    assert module._culprit(replace(whole, ops=graph.ops[1:])).kind == "ADD"
    assert module._culprit(replace(whole, ops=())).kind == "ADD"
