"""What TFLite Micro needs: by hand, and as its interpreter for Python says (tflite-micro 0.dev20261023182759)."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tflint.analysis.tflm_memory import TflmArena, tflm_arena
from tflint.testing import GraphBuilder, model

INT8: dict[str, Any] = {"scale": 0.1}


def arena(built: GraphBuilder) -> TflmArena:
    found = tflm_arena(model(built))
    assert found is not None
    return found


def head(built: GraphBuilder) -> int:
    return arena(built).head_bytes


def chain(*kinds: str, size: int = 16) -> GraphBuilder:
    """A graph of ops of one input each, with `size` floats a value."""
    g = GraphBuilder()
    value = g.input("x", [1, size])
    for number, kind in enumerate(kinds):
        value = g.op(kind, [value], g.tensor(f"y{number}", [1, size]))
    g.output(value)
    return g


def one(kind: str, inputs: Sequence[Any], outputs: Sequence[tuple[list[int], str]], **options: Any) -> GraphBuilder:
    """A model of one op: a pair is an input of a shape and a type, an array a constant."""
    g = GraphBuilder()
    numbers = []
    for number, each in enumerate(inputs):
        if each is None:
            numbers.append(-1)
        elif isinstance(each, tuple):
            numbers.append(g.input(f"x{number}", *each, **(INT8 if each[1] in ("INT8", "INT16") else {})))
        elif isinstance(each, dict):
            numbers.append(g.constant(f"c{number}", **each))
        else:
            numbers.append(g.constant(f"c{number}", np.asarray(each)))
    made = [
        g.tensor(f"y{n}", *each, **(INT8 if each[1] in ("INT8", "INT16") else {})) for n, each in enumerate(outputs)
    ]
    g.op(kind, numbers, made, options)
    g.output(*made)
    return g


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def i8(*shape: int, channels: int = 1, axis: int = 0) -> dict[str, Any]:
    return {"values": np.ones(shape, np.int8), "scale": [0.1] * channels, "axis": axis}


def ints(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


# the plan, by hand


def test_a_value_lives_from_the_op_that_makes_it_to_the_last_that_reads_it() -> None:
    assert head(chain("ABS")) == 2 * 64
    assert head(chain("ABS", "NEG", "ABS", "NEG")) == 2 * 64


def test_sizes_are_multiples_of_16_bytes() -> None:
    assert head(chain("ABS", size=5)) == 2 * 32


def test_what_nothing_touches_has_a_place_as_well() -> None:
    g = chain("ABS")
    g.tensor("lost", [100])
    assert head(g) == 400
    g.tensor("empty", [0])
    assert head(g) == 400


def test_of_equal_sizes_the_last_one_is_placed_first() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    a, b = g.tensor("a", [1, 8]), g.tensor("b", [1, 8])
    g.op("CONCATENATION", [x, x], a, {"axis": 1})
    g.op("ABS", [a], b)
    g.output(g.op("ABS", [b], g.tensor("c", [1, 8])))
    assert head(g) == 64


def test_an_op_that_comes_before_what_it_reads_keeps_nothing_alive() -> None:
    g = chain("ABS", "NEG", "ABS")
    g.graph["operators"].reverse()
    assert head(g) == 3 * 64


def test_scratch_memory_is_part_of_the_plan() -> None:
    g = one("MEAN", [([1, 4, 4, 8], "FLOAT32"), ints(1, 2)], [([1, 8], "FLOAT32")])
    assert head(g) == 512 + 32 + 16 + 16


def test_a_handle_that_an_op_makes_points_elsewhere() -> None:
    g = GraphBuilder()
    h = g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"), {"container": "", "shared_name": "v"})
    g.output(g.op("READ_VARIABLE", [h], g.tensor("y", [4]), {}))
    assert head(g) == 16
    assert head(one("READ_VARIABLE", [([], "RESOURCE")], [([4], "FLOAT32")])) == 16 + 16


def test_state_is_no_part_of_the_plan() -> None:
    g = chain("ABS")
    before = arena(g)
    g.tensor("state", [1000], is_variable=True)
    assert head(g) == before.head_bytes
    assert arena(g).tail_bytes >= before.tail_bytes + 4000


def test_the_file_may_bring_a_plan_of_its_own() -> None:
    g = chain("ABS", "NEG", "ABS")
    g.metadata("OfflineMemoryAllocation", struct.pack("<7i", 1, 0, 4, 0, 64, -1, 1000))
    assert head(g) == 1000 + 64
    g = chain("ABS", "NEG")
    g.tensor("state", [16], is_variable=True)
    g.metadata("OfflineMemoryAllocation", struct.pack("<7i", 1, 0, 4, -1, -1, -1, 640))
    assert head(g) == 704


@pytest.mark.parametrize(
    "plan",
    [b"", struct.pack("<3i", 1, 0, 9), struct.pack("<5i", 1, 0, 2, 0, 64), struct.pack("<6i", 1, 0, 3, -5, 0, 0)],
)
def test_a_plan_for_other_tensors_is_refused(plan: bytes) -> None:
    g = chain("ABS", "NEG")
    g.metadata("OfflineMemoryAllocation", plan)
    assert tflm_arena(model(g)) is None


def test_no_figure_where_sizes_are_unknown_or_beyond_all_memory() -> None:
    g = chain("ABS")
    g.tensor("text", [1], "STRING")
    assert tflm_arena(model(g)) is None
    g.graph["tensors"][2] = {"name": "huge", "shape": [1 << 30, 1 << 30]}
    assert tflm_arena(model(g)) is None


def test_no_figure_for_broken_models() -> None:
    g = chain("ABS")
    g.graph["operators"][0]["inputs"] = [99]
    assert tflm_arena(model(g)) is None
    assert tflm_arena(model(b"TFL3")) is None


# graphs that run others


def branches(g: GraphBuilder, *, then: int | None = None) -> GraphBuilder:
    """Add an IF that runs one of two graphs of an op each; `then` is another one."""
    which, x = g.input("which", [1], "BOOL"), g.input("x", [1, 16])
    inner = []
    for kind in ("ABS", "NEG"):
        each = g.subgraph(kind)
        each.output(each.op(kind, [each.input("x", [1, 16])], each.tensor("y", [1, 16])))
        inner.append(each.index)
    graphs = {"then_subgraph_index": inner[0] if then is None else then, "else_subgraph_index": inner[1]}
    g.output(g.op("IF", [which, x], g.tensor("y", [1, 16]), graphs))
    return g


def test_graphs_that_an_op_runs_are_alive_meanwhile() -> None:
    assert head(branches(GraphBuilder())) == 16 + 64 + 64 + 64 + 64  # which, x, y; and x and y of either branch


def test_a_graph_that_is_run_twice_is_alive_all_the_time_between() -> None:
    g = branches(GraphBuilder())
    y = g.graph["outputs"][0]
    g.op("IF", [0, y], g.tensor("z", [1, 16]), {"then_subgraph_index": 1, "else_subgraph_index": 2})
    assert head(g) == 16 + 6 * 64


@pytest.mark.parametrize("then", [0, 9, -1])
def test_no_figure_for_graphs_that_run_themselves_or_do_not_exist(then: int) -> None:
    assert tflm_arena(model(branches(GraphBuilder(), then=then))) is None


def test_no_figure_for_graphs_that_run_one_another_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def nested(depth: int) -> GraphBuilder:
        g = GraphBuilder()
        graphs = [g, *(g.subgraph(f"g{number}") for number in range(depth))]
        for number, inner in enumerate(graphs[:-1]):
            which = inner.input("which", [1], "BOOL")
            inner.op("IF", [which], [], {"then_subgraph_index": number + 1, "else_subgraph_index": number + 1})
        return g

    assert tflm_arena(model(nested(10))) is not None
    assert tflm_arena(model(nested(40))) is None
    monkeypatch.setattr("tflint.analysis.tflm_memory._MOST_STEPS", 100)
    assert tflm_arena(model(nested(10))) is None


# what the interpreter says


def lstm() -> GraphBuilder:
    g = GraphBuilder()
    weights = [g.constant("w", f32(4, 8)) for _ in range(4)] + [g.constant("r", f32(4, 4)) for _ in range(4)]
    biases = [g.constant("b", f32(4)) for _ in range(4)]
    states = [g.tensor("s", [1, 4], is_variable=True) for _ in range(2)]
    x = g.input("x", [1, 5, 8])
    inputs = [x, *weights, -1, -1, -1, *biases, -1, -1, *states, -1, -1, -1, -1]
    options = {"fused_activation_function": "TANH", "cell_clip": 10.0}
    g.output(g.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, g.tensor("y", [1, 5, 4]), options))
    return g


def svdf() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8], "INT8", **INT8)
    weights = [g.constant("f", **i8(4, 8)), g.constant("t", np.ones((4, 3), np.int16), **INT8)]
    bias = g.constant("b", ints(1, 1), scale=0.01)
    state = g.tensor("s", [1, 12], "INT16", is_variable=True, **INT8)
    y = g.tensor("y", [1, 2], "INT8", **INT8)
    g.output(g.op("SVDF", [x, *weights, bias, state], y, {"rank": 2, "fused_activation_function": "RELU"}))
    return g


def softmax() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 32], "INT16", **INT8)
    g.output(g.op("SOFTMAX", [x], g.tensor("y", [1, 32], "INT16", scale=1 / 32768), {"beta": 1.0}))
    return g


def stateful() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    h = g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"), {"container": "", "shared_name": "v"})
    g.op("ASSIGN_VARIABLE", [h, x], [], {})
    g.op("ASSIGN_VARIABLE", [h, x], [], {})
    g.output(g.op("READ_VARIABLE", [h], g.tensor("y", [1, 16]), {}))
    return g


SQUARE = [1, 4, 4, 8]
STEP = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
INTERPRETED: dict[str, tuple[Callable[[], GraphBuilder], int, int]] = {
    "chain": (lambda: chain("ABS", "RELU", "TANH", "LOGISTIC", "NEG"), 128, 1216),
    "conv": (lambda: one("CONV_2D", [(SQUARE, "FLOAT32"), f32(8, 1, 1, 8), f32(8)], [(SQUARE, "FLOAT32")],
             **STEP), 1024, 992),
    "int8 conv": (lambda: one("CONV_2D", [(SQUARE, "INT8"), i8(8, 1, 1, 8, channels=8), {"values": np.ones(8, np.int32),
                  "scale": [0.01] * 8}], [(SQUARE, "INT8")], **STEP), 256, 1056),
    "depthwise": (lambda: one("DEPTHWISE_CONV_2D", [(SQUARE, "INT8"), i8(1, 1, 1, 8, channels=8, axis=3),
                  {"values": np.ones(8, np.int32), "scale": [0.01] * 8}], [(SQUARE, "INT8")], **STEP,
                  depth_multiplier=1), 256, 1056),
    "layer": (lambda: one("FULLY_CONNECTED", [([1, 8], "FLOAT32"), f32(4, 8), f32(4)], [([1, 4], "FLOAT32")]), 48, 912),
    "int8 layer": (lambda: one("FULLY_CONNECTED", [([1, 8], "INT8"), i8(4, 8, channels=4), None],
                   [([1, 4], "INT8")]), 32, 992),
    "int4 layer": (lambda: one("FULLY_CONNECTED", [([1, 8], "INT8"), {"values": np.zeros(16, np.uint8),
                   "dtype": "INT4", "shape": [4, 8], "scale": 0.1}, None], [([1, 4], "INT8")]), 64, 960),
    "product": (lambda: one("BATCH_MATMUL", [([2, 3, 4], "INT8"), ([2, 4, 5], "INT8")],
                [([2, 3, 5], "INT8")]), 112, 1136),
    "turned product": (lambda: one("BATCH_MATMUL", [([2, 4, 3], "FLOAT32"), ([2, 5, 4], "FLOAT32")],
                       [([2, 3, 5], "FLOAT32")], adj_x=True, adj_y=True), 384, 1056),
    "mean": (lambda: one("MEAN", [(SQUARE, "INT8"), ints(1, 2)], [([1, 8], "INT8")]), 208, 912),
    "sum of many": (lambda: one("ADD_N", [([1, 32], "INT8")] * 3, [([1, 32], "INT8")]), 160, 1120),
    "float sum of many": (lambda: one("ADD_N", [([1, 32], "FLOAT32")] * 3, [([1, 32], "FLOAT32")]), 544, 960),
    "running sum": (lambda: one("CUMSUM", [([1, 32], "INT8"), np.int32(1)], [([1, 32], "INT8")]), 64, 896),
    "mirror": (lambda: one("MIRROR_PAD", [([1, 32], "FLOAT32"), ints([0, 0], [1, 1])], [([1, 34], "FLOAT32")],
               mode="REFLECT"), 304, 832),
    "upsample": (lambda: one("TRANSPOSE_CONV", [ints(*SQUARE), i8(8, 1, 1, 8, channels=8), (SQUARE, "INT8")],
                 [(SQUARE, "INT8")], **STEP), 768, 1056),
    "softmax": (lambda: one("SOFTMAX", [([1, 32], "FLOAT32")], [([1, 32], "FLOAT32")], beta=1.0), 256, 848),
    "int16 softmax": (softmax, 128, 2992),
    "lookup": (lambda: one("EMBEDDING_LOOKUP", [([4], "INT32"), f32(10, 8)], [([4, 8], "FLOAT32")]), 144, 816),
    "gather": (lambda: one("GATHER", [([4, 16], "FLOAT32"), ints(1, 2)], [([2, 16], "FLOAT32")], axis=0), 384, 816),
    "resize": (lambda: one("RESIZE_BILINEAR", [(SQUARE, "FLOAT32"), ints(8, 8)],
               [([1, 8, 8, 8], "FLOAT32")]), 2560, 784),
    "lstm": (lstm, 304, 1872),
    "svdf": (svdf, 64, 1024),
    "branches": (lambda: branches(GraphBuilder()), 272, 1168),
    "variable": (stateful, 64, 1168),
}  # fmt: skip
"""Models with the head and the tail that the interpreter reports."""


@pytest.mark.parametrize("name", INTERPRETED)
def test_the_interpreter_takes_as_much(name: str) -> None:
    build, head_bytes, tail_bytes = INTERPRETED[name]
    found = arena(build())
    assert (found.head_bytes, found.tail_bytes) == (head_bytes, tail_bytes)
    assert found.arena_bytes == head_bytes + tail_bytes


def test_making_the_plan_takes_memory_which_counts_in_small_models() -> None:
    found = arena(chain("ABS"))
    assert (found.arena_bytes, found.least_bytes) == (928, 992)
    large = arena(chain("ABS", size=4000))
    assert large.least_bytes == large.arena_bytes


# what kernels ask for, where no interpreter was asked


def test_kernels_ask_for_nothing_where_operands_are_missing() -> None:
    floats = ([1, 8], "FLOAT32")
    assert head(one("CONV_2D", [(SQUARE, "INT8"), None], [(SQUARE, "INT8")])) == 256
    assert head(one("SVDF", [floats, None], [floats])) == 64
    assert head(one("MEAN", [floats, None], [([1], "FLOAT32")])) == 32 + 16 + 16
    assert head(one("UNIDIRECTIONAL_SEQUENCE_LSTM", [floats], [floats])) == 64
    assert head(one("TRANSPOSE_CONV", [ints(1), None, None], [floats])) == 32
    assert head(one("TRANSPOSE_CONV", [ints(1), None, floats], [floats])) == 64
    assert head(one("ADD_N", [([4], "INT32")] * 2, [([4], "INT32")])) == 48
    assert head(one("NEG", [None], [floats])) == 32
    assert head(one("BATCH_MATMUL", [floats, None], [floats])) == 64
    assert head(one("TFLite_Detection_PostProcess", [floats, None], [floats])) == 64


def test_more_of_what_kernels_ask_for() -> None:
    x = ([1, 4, 4, 2], "INT16")
    narrow = {"values": np.ones(2, np.int16), "scale": 0.1}
    upsample = one("TRANSPOSE_CONV", [ints(1, 4, 4, 2), i8(2, 1, 1, 2), x, narrow], [x], **STEP)
    assert head(upsample) == 64 + 64 + 16 + 256
    plain = one("TRANSPOSE_CONV", [ints(1, 4, 4, 2), i8(2, 1, 1, 2), x], [x], **STEP)
    assert head(plain) == 64 + 64 + 256
    floats = [([2, 8], "FLOAT32"), f32(4, 8), f32(4, 3), f32(2), ([2, 12], "FLOAT32")]
    assert head(one("SVDF", floats, [([2, 2], "FLOAT32")], rank=2)) == 64 + 96 + 16 + 32
    assert head(one("SignalRfft", [([512], "INT16")], [([514], "INT16")])) == 1024 + 1040 + 1024
    found = [([1, 100, 4], "FLOAT32"), ([1, 100, 5], "FLOAT32"), f32(100, 4)]
    boxes = one("TFLite_Detection_PostProcess", found, [([1, 10, 4], "FLOAT32")])
    assert head(boxes) == 1600 + 2000 + 160 + 112 + 1600 + 2000 + 3 * 400
    log = one("LOG_SOFTMAX", [([1, 8], "INT8")], [([1, 8], "INT8")])
    assert arena(log).tail_bytes > arena(one("NEG", [([1, 8], "INT8")], [([1, 8], "INT8")])).tail_bytes
