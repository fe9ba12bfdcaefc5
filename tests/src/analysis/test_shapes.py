"""The shapes that values have while a model runs: by hand, and as the interpreter has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tflint.analysis.shapes import Shapes, Size
from tflint.testing import GraphBuilder, model

Input = list[int] | tuple[list[int], str] | np.ndarray | np.generic | None


def one_op(kind: str, inputs: Sequence[Input], ranks: Sequence[int | str], options: Mapping[str, Any]) -> GraphBuilder:
    """A model of one op whose outputs have these ranks, and types where that is not FLOAT32; lists are inputs."""
    g = GraphBuilder()
    numbers: list[int] = []
    for number, each in enumerate(inputs):
        if each is None:
            numbers.append(-1)
        elif isinstance(each, list):
            numbers.append(g.input(f"x{number}", each))
        elif isinstance(each, tuple):
            numbers.append(g.input(f"x{number}", each[0], each[1]))
        else:
            numbers.append(g.constant(f"c{number}", np.asarray(each)))
    outputs = []
    for number, rank in enumerate(ranks):
        size, _, dtype = str(rank).partition(" ")
        outputs.append(g.tensor(f"y{number}", [None] * int(size), dtype or "FLOAT32"))
    g.op(kind, numbers, outputs, options, version=2 if kind == "BROADCAST_TO" else 1)
    g.output(*outputs)
    return g


def shapes(built: GraphBuilder) -> list[Size | None]:
    """The shapes of the outputs of the first graph."""
    graph = model(built).graphs[0]
    found = Shapes(graph)
    for op in graph.ops:
        found.run(op)
    return [found.shape(tensor) for tensor in graph.outputs]


def ints(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


def scalar(value: float) -> np.generic:
    return np.int32(value) if isinstance(value, int) else np.float32(value)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


UNMEASURED = ("BROADCAST_ARGS", "SVDF")
"""Ops that want more than zeros: sizes that fit, a variable."""
WINDOW = {"stride_w": 2, "stride_h": 2}
SLICES = {"begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}
X = [2, 9, 7, 3]
CASES: list[tuple[str, list[Input], list[int | str], dict[str, Any], list[Size | None]]] = [
    ("NEG", [[2, 3]], [2], {}, [(2, 3)]),
    ("ADD", [[2, 1, 4], [3, 1]], [3], {}, [(2, 3, 4)]),
    ("CONV_2D", [X, ones(5, 3, 2, 3), ones(5)], [4], {"padding": "SAME", **WINDOW}, [(2, 5, 4, 5)]),
    ("CONV_2D", [X, ones(5, 3, 2, 3), ones(5)], [4], {"padding": "VALID", **WINDOW}, [(2, 4, 3, 5)]),
    ("DEPTHWISE_CONV_2D", [X, ones(1, 3, 2, 6), ones(6)], [4],
     {"padding": "VALID", "stride_w": 1, "stride_h": 1, "dilation_h_factor": 2, "depth_multiplier": 2}, [(2, 5, 6, 6)]),
    ("CONV_3D", [[1, 5, 9, 7, 3], ones(2, 3, 2, 3, 4), ones(4)], [5],
     {"padding": "VALID", "stride_d": 1, **WINDOW}, [(1, 4, 4, 3, 4)]),
    ("MAX_POOL_2D", [X], [4], {"padding": "VALID", "filter_width": 3, "filter_height": 2, **WINDOW}, [(2, 4, 3, 3)]),
    ("FULLY_CONNECTED", [[2, 3, 8], ones(5, 8), None], [2], {}, [(6, 5)]),
    ("FULLY_CONNECTED", [[2, 3, 8], ones(5, 8), None], [3], {"keep_num_dims": True}, [(2, 3, 5)]),
    ("BATCH_MATMUL", [[2, 1, 4, 5], [3, 5, 6]], [4], {}, [(2, 3, 4, 6)]),
    ("BATCH_MATMUL", [[5, 4], [6, 5]], [2], {"adj_x": True, "adj_y": True}, [(4, 6)]),
    ("RESHAPE", [[2, 3, 4], ints(-1, 6)], [2], {}, [(4, 6)]),
    ("RESHAPE", [[2, 3, 4]], [2], {"new_shape": [4, 6]}, [(4, 6)]),
    ("RESHAPE", [[1]], [1], {"new_shape": [0]}, [()]),
    ("SQUEEZE", [[1, 3, 1, 4]], [3], {"squeeze_dims": [-2]}, [(1, 3, 4)]),
    ("SQUEEZE", [[1, 3, 1, 4]], [2], {}, [(3, 4)]),
    ("EXPAND_DIMS", [[2, 3], scalar(-1)], [3], {}, [(2, 3, 1)]),
    ("TRANSPOSE", [[2, 3, 4], ints(2, 0, 1)], [3], {}, [(4, 2, 3)]),
    ("PACK", [[2, 3], [2, 3]], [3], {"values_count": 2, "axis": 1}, [(2, 2, 3)]),
    ("UNPACK", [[2, 2, 4]], [2, 2], {"num": 2, "axis": 1}, [(2, 4), (2, 4)]),
    ("CONCATENATION", [[2, 3], [2, 4]], [2], {"axis": -1}, [(2, 7)]),
    ("CONCATENATION", [scalar(1), scalar(2)], ["1 INT32"], {"axis": 0}, [(2,)]),
    ("SPLIT", [scalar(1), [2, 6]], [2, 2, 2], {"num_splits": 3}, [(2, 2)] * 3),
    ("SPLIT_V", [[2, 6], ints(1, -1), scalar(1)], [2, 2], {"num_splits": 2}, [(2, 1), (2, 5)]),
    ("SLICE", [[5, 6], ints(1, 2), ints(-1, 3)], [2], {}, [(4, 3)]),
    ("STRIDED_SLICE", [[5, 6], ints(0, 1), ints(4, 6), ints(2, 1)], [2], SLICES, [(2, 5)]),
    ("STRIDED_SLICE", [[5, 6], ints(-1, 0), ints(-9, 6), ints(-1, 2)], [2], SLICES | {"end_mask": 1}, [(5, 3)]),
    ("STRIDED_SLICE", [[5, 6], ints(1, 0), ints(2, 6), ints(1, 1)], [1], SLICES | {"shrink_axis_mask": 1}, [(6,)]),
    ("STRIDED_SLICE", [[5, 6], ints(0, 0), ints(0, 6), ints(1, 1)], [3], SLICES | {"new_axis_mask": 1}, [(1, 5, 6)]),
    ("STRIDED_SLICE", [[5, 6], ints(0, 1), ints(0, 3), ints(1, 1)], [2], SLICES | {"ellipsis_mask": 1}, [(5, 2)]),
    ("STRIDED_SLICE", [[5, 6], ints(1, 2), ints(2, 3), ints(1, 1)], [2], SLICES | {"offset": True}, [(2, 3)]),
    ("GATHER", [[2, 5, 4], ints([0, 1], [1, 0])], [4], {"axis": 1}, [(2, 2, 2, 4)]),
    ("GATHER", [[2, 5, 4], ints([0, 1, 2], [1, 0, 2])], [3], {"axis": 1, "batch_dims": -1}, [(2, 3, 4)]),
    ("GATHER_ND", [[2, 5, 4], ints([0, 1], [1, 0], [1, 1])], [2], {}, [(3, 4)]),
    ("TILE", [[2, 3], ints(2, 3)], [2], {}, [(4, 9)]),
    ("BROADCAST_TO", [[1, 3], ints(4, 2, 3)], [3], {}, [(4, 2, 3)]),
    ("PAD", [[2, 3], ints([1, 0], [2, 3])], [2], {}, [(3, 8)]),
    ("FILL", [ints(2, 3), []], [2], {}, [(2, 3)]),
    ("RANGE", [scalar(1), scalar(10), scalar(4)], ["1 INT32"], {}, [(3,)]),
    ("RANGE", [scalar(10), scalar(1), scalar(-4)], ["1 INT32"], {}, [(3,)]),
    ("RANGE", [scalar(1), scalar(1), scalar(4)], ["1 INT32"], {}, [(0,)]),
    ("ONE_HOT", [([2, 3], "INT32"), scalar(5), scalar(1.0), scalar(0.0)], [3], {"axis": -1}, [(2, 3, 5)]),
    ("ARG_MAX", [[2, 3, 4], scalar(1)], ["2 INT32"], {"output_type": "INT32"}, [(2, 4)]),
    ("MEAN", [[2, 3, 4], ints(0, -1)], [1], {}, [(3,)]),
    ("SUM", [[2, 3, 4], ints(0, -1)], [3], {"keep_dims": True}, [(1, 3, 1)]),
    ("SUM", [[], ints(0)], [1], {}, [()]),
    ("TOPK_V2", [[2, 6], scalar(3)], [2, "2 INT32"], {}, [(2, 3), (2, 3)]),
    ("RESIZE_BILINEAR", [[1, 4, 4, 3], ints(8, 6)], [4], {}, [(1, 8, 6, 3)]),
    ("SPACE_TO_DEPTH", [[1, 4, 4, 3]], [4], {"block_size": 2}, [(1, 2, 2, 12)]),
    ("DEPTH_TO_SPACE", [[1, 4, 4, 8]], [4], {"block_size": 2}, [(1, 8, 8, 2)]),
    ("SPACE_TO_BATCH_ND", [[1, 5, 6, 2], ints(2, 3), ints([1, 0], [0, 0])], [4], {}, [(6, 3, 2, 2)]),
    ("BATCH_TO_SPACE_ND", [[6, 3, 2, 2], ints(2, 3), ints([1, 0], [0, 2])], [4], {}, [(1, 5, 4, 2)]),
    ("TRANSPOSE_CONV", [ints(1, 8, 8, 3), ones(3, 2, 2, 4), [1, 4, 4, 4]], [4],
     {"padding": "SAME", **WINDOW}, [(1, 8, 8, 3)]),
    ("EMBEDDING_LOOKUP", [([4], "INT32"), ones(9, 8)], [2], {}, [(4, 8)]),
    ("SEGMENT_SUM", [[4, 3], ints(0, 0, 1, 2)], [2], {}, [(3, 3)]),
    ("UNSORTED_SEGMENT_MAX", [[4, 3], ints(0, 0, 1, 2), scalar(5)], [2], {}, [(5, 3)]),
    ("SCATTER_ND", [ints([1], [3]), [2, 4], ints(8, 4)], [2], {}, [(8, 4)]),
    ("SPARSE_TO_DENSE", [ints(1, 3), ints(8), [2], scalar(0.0)], [1], {}, [(8,)]),
    ("SELECT_V2", [([3], "BOOL"), [2, 1], [1, 3]], [2], {}, [(2, 3)]),
    ("SELECT", [([2], "BOOL"), [2, 3], [2, 3]], [2], {}, [(2, 3)]),
    ("NON_MAX_SUPPRESSION_V4", [[9, 4], [9], scalar(5), scalar(0.5), scalar(0.1)], ["1 INT32", "0 INT32"], {},
     [(5,), ()]),
    ("UNIQUE", [[7]], [1, "1 INT32"], {"idx_out_type": "INT32"}, [None, (7,)]),
    ("WHERE", [np.array([True, False, True])], ["2 INT64"], {}, [(2, 1)]),
    ("WHERE", [([3], "BOOL")], ["2 INT64"], {}, [None]),
    ("MATRIX_DIAG", [[2, 3]], [3], {}, [(2, 3, 3)]),
    ("RFFT2D", [[1, 8, 16], ints(8, 16)], ["3 COMPLEX64"], {}, [(1, 8, 9)]),
    ("SVDF", [[2, 8], ones(6, 8), ones(6, 4), ones(3), [2, 24]], [2], {"rank": 2}, [(2, 3)]),
    ("BROADCAST_ARGS", [([2], "INT32"), ([3], "INT32")], ["1 INT32"], {}, [(3,)]),
    ("SHAPE", [[2, 3]], ["1 INT32"], {"out_type": "INT32"}, [(2,)]),
    ("RANK", [[2, 3]], ["1 INT32"], {}, [()]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[4]}")
def test_shapes_follow_from_the_op(case: tuple[str, list[Input], list[int | str], dict[str, Any], list[Any]]) -> None:
    kind, inputs, ranks, options, expected = case
    built = one_op(kind, inputs, ranks, options)
    assert shapes(built) == expected
    if kind in UNMEASURED:
        return
    real = measured(built)
    assert [None if mine is None else found for mine, found in zip(expected, real, strict=True)] == expected


def measured(built: GraphBuilder) -> list[Size]:
    """The shapes of the outputs after a run of the interpreter."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=built.to_bytes(),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    return [tuple(int(size) for size in detail["shape"]) for detail in interpreter.get_output_details()]


def test_recurrent_layers_give_as_many_units_as_their_weights() -> None:
    lstm: list[Input] = [[1, 5, 8], *[ones(4, 8)] * 4, *[ones(4, 4)] * 4]
    assert shapes(one_op("UNIDIRECTIONAL_SEQUENCE_LSTM", lstm, [3], {})) == [(1, 5, 4)]
    rnn: list[Input] = [[1, 5, 8], ones(4, 8), ones(4, 4), ones(4), [1, 4]]
    assert shapes(one_op("UNIDIRECTIONAL_SEQUENCE_RNN", rnn, [3], {})) == [(1, 5, 4)]
    assert shapes(one_op("HASHTABLE_FIND", [[1], ([7], "STRING"), scalar(0)], ["1 INT64"], {})) == [(7,)]
    assert shapes(one_op("FULLY_CONNECTED", [[2, 3], ones(5, 0), None], [2], {})) == [(2, 5)]
    assert shapes(one_op("RESHAPE", [[0, 3], ints(-1, 0)], [2], {})) == [(0, 0)]
    assert shapes(one_op("SEGMENT_SUM", [[0, 3], ints()], [2], {})) == [(0, 3)]


@pytest.mark.parametrize(
    ("kind", "inputs", "options"),
    [
        ("RESHAPE", [[4], ([1], "INT32")], {}),  # what is read is not known
        ("RESHAPE", [[4], None], {"new_shape": [-2]}),  # no such shape
        ("TRANSPOSE", [[2, 3], ints(0, 5)], {}),
        ("ARG_MAX", [[2, 3], scalar(7)], {}),
        ("SLICE", [[2, 3], ints(0), ints(0, 1)], {}),
        ("CONV_2D", [None, ones(1, 1, 1, 1)], {}),
        ("BATCH_MATMUL", [[4], [4]], {}),
        ("RANGE", [scalar(0), scalar(1), scalar(0)], {}),
        ("SPACE_TO_DEPTH", [[1, 4, 4, 3]], {"block_size": 0}),
        ("UNPACK", [[2, 2]], {"axis": 5}),
        ("TOPK_V2", [[2], scalar(1)], {}),
        ("Mine", [[4]], {}),
        ("LSH_PROJECTION", [[4]], {}),
    ],
)
def test_what_cannot_be_told_is_unknown(kind: str, inputs: list[Input], options: dict[str, Any]) -> None:
    assert shapes(one_op(kind, inputs, [1], options)) in ([None], [(1,)])


def test_what_the_file_says_in_full_is_taken_from_it() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 4])
    g.output(g.op("RESHAPE", [x, g.input("s", [2], "INT32")], g.tensor("y", [2, 6]), {}))
    g.output(g.op("NEG", [x], g.tensor("z", [7, 7])))
    assert shapes(g) == [(2, 6), (7, 7)]
    graph = model(g).graphs[0]
    found = Shapes(graph, [(3, 4), (2,)])
    for op in graph.ops:
        found.run(op)
    assert [found.shape(tensor) for tensor in graph.outputs] == [(2, 6), (3, 4)]
    assert [found.nbytes(tensor) for tensor in graph.outputs] == [48, 48]
    found.set(graph.inputs[0], None)
    assert found.nbytes(graph.inputs[0]) is None
    found.set(graph.inputs[0], graph.inputs[0].default_shape)
    assert found.nbytes(graph.inputs[0]) == 16


def test_a_value_without_elements_of_fixed_width_has_no_size() -> None:
    g = GraphBuilder()
    g.input("x", [4], "STRING")
    graph = model(g).graphs[0]
    assert Shapes(graph).nbytes(graph.tensors[0]) is None


# the contents of small values


def told(kind: str, inputs: Sequence[Input], options: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """What the op makes of constants, as lists; None where that is unknown."""
    g = GraphBuilder()
    numbers = [g.constant(f"c{number}", np.asarray(each)) for number, each in enumerate(inputs)]
    made = [g.tensor(f"y{number}", [None], more.get("dtype", "INT32")) for number in range(more.get("outputs", 1))]
    g.op(kind, numbers, made, {} if options is None else options)
    graph = model(g).graphs[0]
    found = Shapes(graph)
    found.run(graph.ops[0])
    held = [found.content(tensor) for tensor in graph.ops[0].outputs]
    held = [None if each is None else each.tolist() for each in held]
    return held[0] if len(held) == 1 else held


def test_the_arithmetic_of_sizes_is_done() -> None:
    a, b = ints(7, -7), ints(2, 2)
    assert told("ADD", [a, b]) == [9, -5]
    assert told("FLOOR_DIV", [a, b]) == [3, -4]
    assert told("FLOOR_MOD", [a, b]) == [1, 1]
    assert told("DIV", [a, b]) == [3, -3]
    assert told("DIV", [ones(1), 2 * ones(1)], dtype="FLOAT32") == [0.5]
    assert told("DIV", [ones(1), 0 * ones(1)], dtype="FLOAT32") == [float("inf")]
    assert told("MAXIMUM", [a, b]) == [7, 2]
    assert told("LESS", [a, b], dtype="BOOL") == [False, True]
    assert told("REDUCE_PROD", [a, ints(0)]) == -49
    assert told("SUM", [a, ints(-1, 0)]) is None  # names a dimension twice
    assert told("CAST", [a], dtype="FLOAT32") == [7.0, -7.0]
    assert told("SELECT", [np.array([True, False]), a, b]) == [7, 2]


def test_sizes_are_put_together_and_taken_apart() -> None:
    a = ints(7, 8, 9)
    assert told("PACK", [scalar(1), scalar(2)], {"axis": 0}) == [1, 2]
    assert told("UNPACK", [ints(4, 5)], {"axis": 0}, outputs=2) == [4, 5]
    assert told("CONCATENATION", [a, ints(1)], {"axis": 0}) == [7, 8, 9, 1]
    assert told("CONCATENATION", [scalar(1), scalar(2)], {"axis": 0}) == [1, 2]
    assert told("SLICE", [a, ints(1), ints(-1)]) == [8, 9]
    assert told("STRIDED_SLICE", [a, ints(0), ints(1), ints(1)], SLICES | {"shrink_axis_mask": 1}) == 7
    assert told("GATHER", [a, ints(2, 0)], {"axis": 0}) == [9, 7]
    assert told("RESHAPE", [a, ints(3, 1)]) == [[7], [8], [9]]
    assert told("TILE", [ints(1, 2), ints(2)]) == [1, 2, 1, 2]
    assert told("FILL", [ints(2), scalar(5)]) == [5, 5]
    assert told("RANGE", [scalar(3), scalar(9), scalar(2)]) == [3, 5, 7]
    assert told("BROADCAST_TO", [ints(4), ints(2)]) == [4, 4]
    assert told("BROADCAST_ARGS", [ints(4, 1), ints(1, 3)]) == [4, 3]
    assert told("WHERE", [np.array([True, False, True])], dtype="INT64") == [[0], [2]]
    assert told("SHAPE", [ones(4, 5)], {"out_type": "INT32"}) == [4, 5]
    assert told("RANK", [ones(4, 5)]) == 2


def test_what_is_large_quantized_or_of_other_ops_is_left_alone() -> None:
    assert told("FILL", [ints(1000), scalar(5)]) is None
    assert told("NEG", [np.ones(1000, np.int32)]) is None
    assert told("SIN", [ones(2)], dtype="FLOAT32") is None
    assert told("ADD", [ints(1), ints(2)], {"fused_activation_function": "RELU"}) is None
    assert told("CAST", [ints(1)], dtype="INT8") is None
    assert told("RESHAPE", [ints(1, 2), ints(3)]) is None
    assert told("UNIQUE", [ints(1, 2)], outputs=2) == [None, None]
    assert told("UNIQUE", [ints(1, 2)]) is None
    assert told("TILE", [ints(1, 2), ints(1, 1, 1)]) is None


def test_contents_are_unknown_without_an_array() -> None:
    g = GraphBuilder()
    x = g.constant("x", [1, 2], "BFLOAT16", shape=[4])
    y = g.op("NEG", [x], g.tensor("y", [4]))
    g.op("NEG", [-1], g.tensor("z", [4]))
    graph = model(g).graphs[0]
    found = Shapes(graph)
    for op in graph.ops:
        found.run(op)
    assert found.content(graph.tensors[x]) is None
    assert found.content(graph.tensors[y]) is None


def test_the_size_of_a_value_may_follow_from_the_shape_of_another() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 6])
    shape = g.op("SHAPE", [x], g.tensor("s", [2], "INT32"), {"out_type": "INT32"})
    parts = [g.tensor("rows", [], "INT32"), g.tensor("columns", [], "INT32")]
    g.op("UNPACK", [shape], parts, {"num": 2, "axis": 0})
    twice = g.op("MUL", [parts[1], g.constant("two", np.array(2, np.int32))], g.tensor("twice", [], "INT32"), {})
    wanted = g.op("PACK", [parts[0], twice], g.tensor("wanted", [2], "INT32"), {"values_count": 2, "axis": 0})
    g.output(g.op("FILL", [wanted, g.constant("v", np.array(0, np.float32))], g.tensor("y", [None, None])))
    assert shapes(g) == [(1, 12)]
    assert measured(g) == [(1, 12)]
