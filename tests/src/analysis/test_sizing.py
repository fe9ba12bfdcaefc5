"""Where LiteRT keeps values, and where it waits for a run before it goes on."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tflint.analysis.sizing import Held, Sizing, held_at_first, sizing
from tflint.model import Op
from tflint.testing import GraphBuilder, model


def prepared(built: GraphBuilder) -> tuple[Sizing, tuple[Op, ...]]:
    made = model(built)
    return sizing(made, made.graphs[0]), made.graphs[0].ops


def places(built: GraphBuilder) -> list[Held]:
    """Where the outputs of the last op are."""
    found, ops = prepared(built)
    return [found.place(tensor) for tensor in ops[-1].outputs]


def op(kind: str, inputs: Sequence[Any], outputs: int = 1, options: dict[str, Any] | None = None) -> GraphBuilder:
    """A model of one op; a list is an input of that shape, anything else a constant, "late" what only a run tells."""
    g = GraphBuilder()
    numbers = []
    for number, each in enumerate(inputs):
        if isinstance(each, list):
            numbers.append(g.input(f"x{number}", each))
        elif isinstance(each, str):
            numbers.append(g.input(f"x{number}", [2], "INT32"))
        else:
            numbers.append(g.constant(f"c{number}", np.asarray(each)))
    made = [g.tensor(f"y{number}", [4]) for number in range(outputs)]
    g.op(kind, numbers, made, {} if options is None else options)
    return g


def ints(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


def test_values_start_in_the_arena_and_constants_in_the_file() -> None:
    g = GraphBuilder()
    tensors = [
        g.tensor("a", [1]),
        g.constant("b", ints(1)),
        g.tensor("c", [1], "STRING"),
        g.tensor("d", [], "RESOURCE"),
        g.tensor("e", [1], is_variable=True),
    ]
    found = [held_at_first(model(g).graphs[0].tensors[tensor]) for tensor in tensors]
    assert found == [Held.ARENA, Held.FILE, Held.HEAP, Held.HEAP, Held.STATE]


@pytest.mark.parametrize(
    ("kind", "known", "unknown"),
    [
        ("TRANSPOSE", [[2, 2], ints(0, 1)], [[2, 2], "late"]),
        ("WHERE", [ints(0, 1)], ["late"]),
        ("TILE", [[2], ints(2)], [[2], "late"]),
        ("FILL", [ints(4), np.float32(0)], ["late", np.float32(0)]),
        ("STRIDED_SLICE", [[4], ints(0), ints(4), ints(1)], [[4], ints(0), "late", ints(1)]),
        ("TRANSPOSE_CONV", [ints(1, 1, 1, 1), [1, 1, 1, 1], [1, 1, 1, 1]], ["late", [1, 1, 1, 1], [1, 1, 1, 1]]),
        ("DILATE", [[4], ints(1), np.float32(0)], [[4], "late", np.float32(0)]),
        ("PAD", [[4], ints([0, 0])], [[], ints([0, 0])]),
        ("UNSORTED_SEGMENT_SUM", [[4], ints(0, 1, 2, 3), np.int32(4)], [[4], "late", np.int32(4)]),
        ("NEG", [[4]], None),
        ("MULTINOMIAL", [ints([1, 1]), np.int32(4)], [[1, 2], np.int32(4)]),
    ],
)
def test_an_op_has_to_know_what_makes_its_size(kind: str, known: list[Any], unknown: list[Any] | None) -> None:
    assert places(op(kind, known)) == [Held.ARENA]
    if unknown is not None:
        assert places(op(kind, unknown)) == [Held.HEAP]


def test_some_ops_never_know() -> None:
    assert places(op("EMBEDDING_LOOKUP_SPARSE", [[4]])) == [Held.HEAP]
    assert places(op("UNIQUE", [[4]], 2)) == [Held.HEAP, Held.ARENA]
    late = [[4, 4], [4], "late", np.float32(0), np.float32(0)]
    assert places(op("NON_MAX_SUPPRESSION_V4", late, 2)) == [Held.HEAP, Held.ARENA]
    assert places(op("NON_MAX_SUPPRESSION_V5", late, 3)) == [Held.HEAP, Held.HEAP, Held.ARENA]
    assert places(op("TRANSPOSE", [], 1)) == [Held.ARENA]
    assert places(op("TRANSPOSE", [[2], "late"], 0)) == []


def test_segments_of_unknown_values_are_of_unknown_size() -> None:
    g = op("TRANSPOSE", [[2], "late"])
    g.op(
        "UNSORTED_SEGMENT_SUM",
        [2, g.constant("ids", ints(0, 1)), g.constant("n", np.array(2, np.int32))],
        g.tensor("s", [2]),
    )
    assert places(g) == [Held.HEAP]


def test_a_slice_of_an_offset_and_a_size_needs_its_steps_alone() -> None:
    inputs = [[4], "late", "late", ints(1)]
    assert places(op("STRIDED_SLICE", inputs, options={"offset": True})) == [Held.ARENA]
    assert places(op("STRIDED_SLICE", inputs)) == [Held.HEAP]


def test_a_slice_takes_the_file_at_its_word() -> None:
    assert places(op("SLICE", [[4], "late", "late"])) == [Held.ARENA]
    g = op("SLICE", [[4], "late", "late"])
    g.graph["tensors"][3]["shape_signature"] = [-1]
    assert places(g) == [Held.HEAP]
    g = op("SLICE", [[None], ints(0), ints(1)])
    g.graph["tensors"][3]["shape_signature"] = [-1]
    assert places(g) == [Held.HEAP]
    assert places(op("TOPK_V2", [[None], np.int32(1)], 2)) == [Held.HEAP, Held.HEAP]
    assert places(op("TOPK_V2", [[4], np.int32(1)], 2)) == [Held.ARENA, Held.ARENA]


def test_what_depends_on_constants_and_shapes_is_worked_out_before() -> None:
    assert places(op("SHAPE", [[4]])) == [Held.EARLY]
    assert places(op("GATHER", [ints(1, 2), ints(0)])) == [Held.EARLY]
    assert places(op("RANGE", [np.int32(0), np.int32(4), np.int32(1)])) == [Held.EARLY]
    assert places(op("RANGE", [np.int32(0), "late", np.int32(1)])) == [Held.HEAP]
    assert places(op("ADD", [ints(1), ints(2)])) == [Held.ARENA]
    assert places(op("MUL", [ints(1), ints(2)])) == [Held.EARLY]
    assert places(op("MUL", [ints(1), ints(2)], 0)) == []
    assert places(op("REDUCE_PROD", [ints([1, 2]), ints(1)])) == [Held.EARLY]
    g = op("REDUCE_PROD", [np.ones((9, 9), np.int32), ints(1)])
    g.graph["tensors"][2]["shape"] = [9]
    assert places(g) == [Held.ARENA]
    g = op("MUL", [ints(1), ints(2)])
    g.graph["tensors"][2]["type"] = "STRING"
    assert places(g) == [Held.HEAP]


def test_a_product_of_unknown_size_is_not_worked_out_before() -> None:
    g = op("REDUCE_PROD", [ints([1, 2]), ints(7)])
    g.graph["tensors"][2]["shape_signature"] = [-1]
    assert places(g) == [Held.ARENA]


def test_what_lasts_from_run_to_run_is_kept_apart() -> None:
    g = GraphBuilder()
    h = g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"), {"shared_name": "v"})
    assert places(g) == [Held.STATE]
    g.op("READ_VARIABLE", [h], g.tensor("v", [4]), {})
    assert places(g) == [Held.ARENA]
    g.op("READ_VARIABLE", [h], g.tensor("w", []), {})
    assert places(g) == [Held.HEAP]
    assert places(op("DEQUANTIZE", [np.ones(4, np.float16)])) == [Held.STATE]
    assert places(op("DEQUANTIZE", [[4]])) == [Held.ARENA]
    assert places(op("DENSIFY", [ints(1)])) == [Held.STATE]


def test_a_basic_lstm_keeps_its_states() -> None:
    g = op("LSTM", [[1, 4], [1, 4], [16, 8], [16], [1, 4]], 4, {"kernel_type": "BASIC"})
    found, ops = prepared(g)
    assert [found.place(tensor) for tensor in ops[0].inputs if tensor is not None] == [
        Held.ARENA, Held.STATE, Held.ARENA, Held.ARENA, Held.STATE,
    ]  # fmt: skip
    found, ops = prepared(op("LSTM", [[1, 4]], 4, {"kernel_type": "BASIC"}))
    assert found.place(ops[0].outputs[0]) is Held.ARENA


def test_a_custom_op_gives_what_it_says() -> None:
    assert places(op("Mine", [[4]])) == [Held.ARENA]
    g = op("Mine", [[4]])
    g.graph["tensors"][1]["shape_signature"] = [-1]
    assert places(g) == [Held.HEAP]


def test_a_reshape_by_a_value_is_decided_when_it_runs() -> None:
    found, ops = prepared(op("RESHAPE", [[4], "late"]))
    assert (found.waits, found.undecided) == ([True], {ops[0].outputs[0]})
    found, _ = prepared(op("RESHAPE", [[4], ints(2, 2)]))
    assert (found.waits, found.undecided) == ([False], set())
    g = op("RESHAPE", [[4], "late"])
    g.graph["tensors"][2]["type"] = "STRING"
    found, _ = prepared(g)
    assert (found.waits, found.undecided) == ([True], set())


def test_ops_after_one_of_unknown_size_wait() -> None:
    g = op("WHERE", ["late"])
    g.op("NEG", [1], g.tensor("z", [4]))
    assert prepared(g)[0].waits == [True, False]


# graphs that run others


def loop(
    make: Callable[[GraphBuilder, int], int], *, shape: Sequence[int] = (4,), dtype: str = "FLOAT32"
) -> GraphBuilder:
    """A WHILE over one value, with what `make` does to it as its body."""
    g = GraphBuilder()
    x = g.input("x", shape, dtype)
    condition, body = g.subgraph("condition"), g.subgraph("body")
    condition.input("x", shape, dtype)
    condition.output(condition.constant("go", np.array([False])))
    body.output(make(body, body.input("x", shape, dtype)))
    y = g.tensor("y", shape, dtype)
    g.op("WHILE", [x], y, {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index})
    g.output(y)
    return g


def negated(body: GraphBuilder, x: int) -> int:
    return body.op("NEG", [x], body.tensor("y", [4]))


def test_a_loop_that_keeps_its_shape_has_a_place() -> None:
    assert places(loop(negated)) == [Held.ARENA]


def test_a_loop_that_grows_is_of_unknown_size() -> None:
    def grown(body: GraphBuilder, x: int) -> int:
        return body.op("PAD", [x, body.constant("p", ints([1, 1]))], body.tensor("y", [6]))

    built = loop(grown)
    assert places(built) == [Held.HEAP]
    found, ops = prepared(built)
    assert found.shapes.shape(ops[0].outputs[0]) is None


def test_a_loop_of_unknown_values_that_keeps_its_shape_has_that_shape() -> None:
    def turned(body: GraphBuilder, x: int) -> int:
        zeros = [body.constant("a", ints(0)), body.constant("b", ints(0))]
        order = body.op("ADD", zeros, body.tensor("p", [1], "INT32"), {})
        return body.op("TRANSPOSE", [x, order], body.tensor("y", [4]))

    found, ops = prepared(loop(turned))
    assert found.place(ops[0].outputs[0]) is Held.HEAP
    assert found.shapes.shape(ops[0].outputs[0]) == (4,)


def test_a_loop_does_not_tell_a_number_from_a_list_of_one() -> None:
    def listed(body: GraphBuilder, x: int) -> int:
        return body.op("RESHAPE", [x, body.constant("s", ints(1))], body.tensor("y", [1]), {})

    assert places(loop(listed, shape=[])) == [Held.ARENA]


def test_a_loop_over_a_handle_or_text_is_of_unknown_size() -> None:
    def passed(body: GraphBuilder, x: int) -> int:
        return x

    assert places(loop(passed, shape=[], dtype="RESOURCE")) == [Held.HEAP]
    assert places(loop(passed, dtype="STRING")) == [Held.HEAP]


def test_what_a_loop_hands_on_for_nobody_has_no_place() -> None:
    g = loop(lambda body, x: x)
    found, ops = prepared(g)
    assert found.unused[ops[0]] == frozenset()
    g.graph["outputs"] = []
    found, ops = prepared(g)
    assert found.unused[ops[0]] == frozenset(ops[0].outputs)


def test_a_loop_of_an_unknown_shape_is_unknown() -> None:
    g = loop(negated)
    g.graph["operators"][0]["inputs"] = [-1]
    assert places(g) == [Held.HEAP]
    found, _ = prepared(g)
    assert found.waits == [True]


@pytest.mark.parametrize("body", [7, -1, 0])
def test_a_loop_without_a_body_or_over_itself_is_unknown(body: int) -> None:
    g = loop(negated)
    g.graph["operators"][0]["builtin_options"] = ("WhileOptions", {"body_subgraph_index": body})
    assert places(g) == [Held.HEAP]


def test_a_loop_whose_body_takes_something_else_is_unknown() -> None:
    g = loop(negated)
    g.graph["operators"][0]["outputs"] = []
    assert places(g) == []
    assert prepared(g)[0].waits == [False]


def test_graphs_that_run_one_another_end_somewhere() -> None:
    g = GraphBuilder()
    graphs = [g, *(g.subgraph(f"g{number}") for number in range(60))]
    for number, inner in enumerate(graphs):
        x, y = inner.input("x", [4]), inner.tensor("y", [4])
        nested = {"cond_subgraph_index": 0, "body_subgraph_index": min(number + 1, 60)}
        inner.op("WHILE", [x], inner.op("WHILE", [x], inner.tensor("z", [4]), nested), nested)
        inner.op("NEG", [x], y)
        inner.output(y)
    found, _ = prepared(g)
    assert found.is_dynamic


def test_graphs_that_are_run_with_ever_other_shapes_end_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.analysis.sizing._MOST_STEPS", 2)
    g = GraphBuilder()
    which = g.input("which", [1], "BOOL")
    inner = g.subgraph("inner")
    inner.output(inner.op("NEG", [inner.input("x", [4])], inner.tensor("y", [4])))
    graphs = {"then_subgraph_index": inner.index, "else_subgraph_index": inner.index}
    for size in range(1, 6):
        g.op("IF", [which, g.input("x", [size])], g.tensor("y", [size]), graphs)
    found, ops = prepared(g)
    assert [found.place(each.outputs[0]) for each in ops] == [Held.ARENA] * 3 + [Held.HEAP] * 2


def branches(*shapes: Sequence[int], kind: str = "IF") -> GraphBuilder:
    """An op that runs one of several graphs, which reshape a value."""
    g = GraphBuilder()
    which, x = g.input("which", [1], "BOOL" if kind == "IF" else "INT32"), g.input("x", [4])
    indices = []
    for shape in shapes:
        inner = g.subgraph("inner")
        operands = [inner.input("x", [4]), inner.constant("s", np.array(shape, np.int32))]
        inner.output(inner.op("RESHAPE", operands, inner.tensor("y", shape), {}))
        indices.append(inner.index)
    options: dict[str, Any] = {"branch_subgraph_indices": indices}
    if kind == "IF":
        options = dict(zip(("then_subgraph_index", "else_subgraph_index"), indices, strict=True))
    elif kind == "STABLEHLO_COMPOSITE":
        options = {"name": "mine", "decomposition_subgraph_index": indices[0]}
    g.op(kind, [x] if kind == "STABLEHLO_COMPOSITE" else [which, x], g.tensor("y", shapes[0]), options)
    return g


@pytest.mark.parametrize("kind", ["IF", "STABLEHLO_CASE"])
def test_branches_that_agree_have_a_place(kind: str) -> None:
    assert places(branches([2, 2], [2, 2], kind=kind)) == [Held.ARENA]
    assert places(branches([2, 2], [4], kind=kind)) == [Held.HEAP]


def test_a_composite_is_what_its_graph_makes() -> None:
    assert places(branches([2, 2], kind="STABLEHLO_COMPOSITE")) == [Held.ARENA]


def test_branches_that_are_missing_or_give_something_else_are_unknown() -> None:
    g = branches([2, 2], [2, 2])
    g.graph["operators"][0]["builtin_options"] = ("IfOptions", {"then_subgraph_index": 9, "else_subgraph_index": 1})
    assert places(g) == [Held.HEAP]
    g = branches([2, 2], [2, 2])
    g.tables["subgraphs"][1]["outputs"] = []
    assert places(g) == [Held.HEAP]
    g = branches([2, 2], [2, 2])
    g.graph["operators"][0]["builtin_options"] = ("CallOptions", {})
    assert places(g) == [Held.HEAP]


def test_a_custom_op_of_that_name_runs_nothing() -> None:
    g = op("Mine", [[4]])
    g.tables["operator_codes"][0]["custom_code"] = "WHILE"
    assert places(g) == [Held.ARENA]
