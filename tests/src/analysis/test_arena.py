"""What a graph's values take: by hand, and as the interpreter places them."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tflint.analysis.arena import litert_arena, peak
from tflint.testing import GraphBuilder, model


def arena(built: GraphBuilder) -> int | None:
    made = model(built)
    return litert_arena(made, made.graphs[0])


def chain(*kinds: str, size: int = 16, **more: Any) -> GraphBuilder:
    """A graph of ops of one input each; the values x, y0, y1 … are of 64 bytes, or of `size` floats."""
    g = GraphBuilder()
    value = g.input("x", [1, size], **more)
    for number, kind in enumerate(kinds):
        value = g.op(kind, [value], g.tensor(f"y{number}", [1, size], **more), {})
    g.output(value)
    return g


def dense(*sizes: int) -> GraphBuilder:
    """A graph of layers; the values x, y0, y1 … have as many floats."""
    g = GraphBuilder()
    value = g.input("x", [1, sizes[0]])
    for number, (before, after) in enumerate(pairwise(sizes)):
        weights = g.constant("w", np.ones((after, before), np.float32))
        value = g.op("FULLY_CONNECTED", [value, weights, -1], g.tensor(f"y{number}", [1, after]), {})
    g.output(value)
    return g


def late(g: GraphBuilder, values: Sequence[int]) -> int:
    """A value that LiteRT learns only when the model runs, though it follows from constants."""
    array = np.asarray(values, np.int32)
    made = g.tensor(f"late{len(g.graph['tensors'])}", array.shape, "INT32")
    return g.op("ADD", [g.constant("a", array), g.constant("b", np.zeros_like(array))], made, {})


# the peak


def test_the_peak_is_where_most_bytes_are_alive() -> None:
    found = peak(model(dense(10, 100, 20)).graphs[0])
    assert found is not None
    assert (found.byte_size, found.op.index) == (480, 1)
    assert [tensor.name for tensor in found.alive] == ["y0", "y1"]


def test_the_first_of_equal_peaks_counts() -> None:
    found = peak(model(dense(4, 8, 8, 2)).graphs[0])
    assert found is not None
    assert (found.byte_size, found.op.index) == (64, 1)


def test_outputs_stay_and_constants_and_variables_do_not_count() -> None:
    g = GraphBuilder()
    x = g.input("x", [4])
    state = g.tensor("state", [100], is_variable=True)
    first = g.op("ADD", [x, g.constant("c", np.ones(4, np.float32))], g.tensor("first", [4]), {})
    g.output(first, x, state)
    g.op("NEG", [first], g.tensor("second", [4]))
    g.op("NEG", [-1], g.tensor("third", [8]))
    found = peak(model(g).graphs[0])
    assert found is not None
    assert (found.byte_size, found.op.index) == (16 + 16 + 32, 2)


def test_a_handle_is_a_number() -> None:
    g = GraphBuilder()
    g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"), {"shared_name": "v"})
    found = peak(model(g).graphs[0])
    assert found is not None
    assert found.byte_size == 4


def test_there_is_no_peak_without_ops_or_with_sizes_that_nobody_knows() -> None:
    assert peak(model(chain()).graphs[0]) is None
    assert peak(model(chain("CAST", dtype="STRING")).graphs[0]) is None


# LiteRT's plan, by hand


def test_inputs_and_outputs_stay_for_good() -> None:
    assert arena(chain("RELU")) == 64 + 64
    assert arena(chain("RELU", "TANH")) == 3 * 64
    assert arena(chain("RELU", "TANH", "RELU", "TANH")) == 3 * 64


def test_places_are_multiples_of_64_bytes() -> None:
    assert arena(dense(1, 1)) == 64 + 4


def test_a_graph_without_ops_holds_its_inputs() -> None:
    assert arena(chain()) == 64
    assert arena(GraphBuilder()) == 0


def test_the_largest_is_placed_first_and_gaps_are_filled() -> None:
    assert arena(dense(16, 256, 16, 16)) == 64 + 1024 + 64


def test_what_nobody_reads_stays_too() -> None:
    g = chain("RELU", "TANH", "RELU", "TANH")
    assert arena(g) == 192
    g.op("NEG", [2], g.tensor("unread", [1, 16]))
    assert arena(g) == 256


def test_an_op_may_write_over_what_nobody_else_reads() -> None:
    assert arena(chain("TANH", "SOFTMAX", "TANH")) == 3 * 64
    g = chain("TANH", "SOFTMAX", "TANH")
    g.op("NEG", [1], g.tensor("more", [1, 16]))
    assert arena(g) == 4 * 64


def test_what_only_looks_at_the_same_bytes_needs_no_place() -> None:
    g = chain("TANH", "SQUEEZE", "NEG")
    g.op("NEG", [1], g.tensor("more", [1, 16]))
    assert arena(g) == 4 * 64


def test_the_second_operand_may_be_the_one_that_is_written_over() -> None:
    g = GraphBuilder()
    x = g.input("x", [16])
    y = g.op("TANH", [x], g.tensor("y", [16]))
    z = g.op("ADD", [g.constant("c", np.ones(16, np.float32)), y], g.tensor("z", [16]), {})
    g.output(g.op("NEG", [z], g.tensor("w", [16])))
    assert arena(g) == 3 * 64


def test_a_value_of_four_bytes_is_not_written_over() -> None:
    assert arena(chain("TANH", "SOFTMAX", "NEG", size=1)) == 128 + 4


def test_a_custom_op_and_one_without_operands_share_nothing() -> None:
    g = chain("TANH", "RELU")
    g.op("RESHAPE", [-1], g.tensor("r", [16]), {"new_shape": [16]})
    g.op("Mine", [2], g.tensor("m", [16]))
    g.op("SOFTMAX", [2], [], {})
    assert arena(g) == 3 * 64


def test_an_output_of_the_graph_shares_no_place() -> None:
    assert arena(chain("TANH", "SOFTMAX")) == 3 * 64


def test_a_value_of_no_bytes_takes_no_place() -> None:
    assert arena(chain("RELU", "TANH", size=0)) == 0


def test_state_lives_elsewhere() -> None:
    g = chain("RELU")
    state = g.tensor("state", [1, 1000], is_variable=True)
    g.op("NEG", [state], g.tensor("y", [1, 1000]))
    assert arena(g) == 2 * 64 + 4000


def test_no_figure_for_sizes_that_only_a_run_tells() -> None:
    g = GraphBuilder()
    x = g.input("x", [16], "BOOL")
    where = g.op("WHERE", [x], g.tensor("where", [None, 1], "INT64"))
    g.output(g.op("NEG", [where], g.tensor("y", [None, 1], "INT64")))
    assert arena(g) is None
    g.graph["operators"].pop()
    g.op("SUM", [where, g.constant("axis", np.array(0, np.int32))], g.tensor("s", [1], "INT64"), {})
    assert arena(g) == 4 * 64 + 4  # the input, the output, and three of what the kernel needs itself
    g.op("CONV_2D", [where, g.constant("w", np.ones((1, 1, 1, 1), np.float32))], g.tensor("s", [1]), {})
    assert arena(g) is None


def test_no_figure_for_broken_graphs_and_for_sizes_beyond_all_memory() -> None:
    g = chain("RELU")
    g.graph["operators"][0]["inputs"] = [99]
    assert arena(g) is None

    g = chain("RELU")
    g.graph["tensors"][1]["shape"] = [1 << 30, 1 << 30]
    assert arena(g) is None


def test_a_loop_that_only_hands_on_what_nobody_reads_gives_it_no_place() -> None:
    g = loop(lambda body, x: x)
    assert arena(g) == 64 + 4
    g.output(g.graph["tensors"].index(next(t for t in g.graph["tensors"] if t["name"] == "y")))
    assert arena(g) == 3 * 64


# LiteRT's plan, as the interpreter makes it


def loop(make: Callable[[GraphBuilder, int], int], *, steps: int = 2, reads: bool = False) -> GraphBuilder:
    """A WHILE that counts, and changes a value of 64 bytes as `make` says."""
    g = GraphBuilder()
    x = g.input("x", [4, 4])
    condition, body = g.subgraph("condition"), g.subgraph("body")
    count = condition.input("i", [1], "INT32")
    condition.input("x", [4, 4])
    limit = condition.constant("limit", np.array([steps], np.int32))
    condition.output(condition.op("LESS", [count, limit], condition.tensor("go", [1], "BOOL")))
    count, inner = body.input("i", [1], "INT32"), body.input("x", [4, 4])
    one = body.constant("one", np.array([1], np.int32))
    body.output(body.op("ADD", [count, one], body.tensor("next", [1], "INT32"), {}), make(body, inner))
    zero = g.constant("zero", np.array([0], np.int32))
    outputs = [g.tensor("n", [1], "INT32"), g.tensor("y", [4, 4])]
    graphs = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
    g.op("WHILE", [zero, x], outputs, graphs)
    if reads:
        g.output(g.op("NEG", [outputs[1]], g.tensor("z", [4, 4])))
    else:
        g.output(outputs[0])
    return g


def branches(*kinds: str) -> GraphBuilder:
    """An IF that gives what an op of either kind makes of a value."""
    g = GraphBuilder()
    x, small = g.input("x", [4, 4]), g.constant("c", np.array([1], np.int32))
    which = g.op("LESS", [small, small], g.tensor("which", [1], "BOOL"))
    indices = []
    for kind in kinds:
        inner = g.subgraph(kind)
        operands = [inner.input("x", [4, 4])]
        if kind == "TRANSPOSE":
            operands.append(late(inner, [0, 1]))
        inner.output(inner.op(kind, operands, inner.tensor("y", [4, 4])))
        indices.append(inner.index)
    graphs = dict(zip(("then_subgraph_index", "else_subgraph_index"), indices, strict=True))
    y = g.op("IF", [which, x], g.tensor("y", [4, 4]), graphs)
    g.output(g.op("NEG", [y], g.tensor("z", [4, 4])))
    return g


def transposed(body: GraphBuilder, x: int) -> int:
    return body.op("TRANSPOSE", [x, late(body, [1, 0])], body.tensor("t", [4, 4]))


def negated(body: GraphBuilder, x: int) -> int:
    return body.op("NEG", [x], body.tensor("t", [4, 4]))


def ties() -> GraphBuilder:
    g = GraphBuilder()
    x = g.op("NEG", [g.input("x", [4, 25])], g.tensor("y", [4, 25]))
    parts = [g.tensor(f"part{number}", [1, 25]) for number in range(4)]
    g.op("SPLIT", [g.constant("axis", np.array(0, np.int32)), x], parts, {"num_splits": 4})
    ends = [g.op("NEG", [part], g.tensor(f"end{number}", [1, 25])) for number, part in enumerate(parts)]
    g.output(g.op("CONCATENATION", ends, g.tensor("z", [4, 25]), {"axis": 0}))
    return g


def reshaped(shape: Callable[[GraphBuilder], int], *, first: str = "NEG") -> GraphBuilder:
    """A RESHAPE of 1600 bytes, and ops before and after it."""
    g = GraphBuilder()
    x = g.input("x", [20, 20])
    y = g.op(first, [x], g.tensor("y", [20, 20]))
    z = g.op("RESHAPE", [y, shape(g)], g.tensor("z", [10, 40]), {})
    w = g.op("NEG", [z], g.tensor("w", [10, 40]))
    g.output(g.op("RELU", [w], g.tensor("v", [10, 40])))
    return g


def of_an_input() -> GraphBuilder:
    g = reshaped(lambda g: late(g, [10, 40]))
    g.graph["operators"][2]["inputs"][0] = 0
    return g


def tiled() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [None, 8])
    y = g.op("TILE", [x, late(g, [6, 2])], g.tensor("y", [None, None]))
    z = g.op("EXPAND_DIMS", [g.op("NEG", [y], g.tensor("n", [None, 16])), late(g, [0])], g.tensor("z", [1, None, 16]))
    g.output(g.op("MUL", [z, z], g.tensor("w", [1, None, 16]), {}))
    return g


def stateful() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [4, 4])
    h = g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"), {"container": "", "shared_name": "v"})
    g.op("ASSIGN_VARIABLE", [h, g.op("NEG", [x], g.tensor("y", [4, 4]))], [], {})
    g.output(g.op("RELU", [g.op("READ_VARIABLE", [h], g.tensor("v", [4, 4]), {})], g.tensor("z", [4, 4])))
    return g


def residual() -> GraphBuilder:
    g = GraphBuilder()
    value = g.input("x", [8, 8])
    for number in range(4):
        left = g.op("TANH", [value], g.tensor(f"l{number}", [8, 8]))
        right = g.op("MUL", [left, value], g.tensor(f"r{number}", [8, 8]), {})
        value = g.op("ADD", [left, right], g.tensor(f"a{number}", [8, 8]), {})
    g.output(g.op("NEG", [value], g.tensor("end", [8, 8])))
    return g


def boxes() -> GraphBuilder:
    g = GraphBuilder()
    b, s = g.input("boxes", [100, 4]), g.input("scores", [100])
    limits = [
        g.constant("n", np.array(10, np.int32)),
        g.constant("iou", np.array(0.5, np.float32)),
        g.constant("score", np.array(0.1, np.float32)),
    ]
    kept = [g.tensor("kept", [None], "INT32"), g.tensor("count", [], "INT32")]
    g.op("NON_MAX_SUPPRESSION_V4", [b, s, *limits], kept)
    g.output(g.op("GATHER", [b, kept[0]], g.tensor("y", [None, 4]), {"axis": 0}))
    return g


def undone() -> GraphBuilder:
    """A RESHAPE whose output was to take the place of a value that turns out to be kept elsewhere."""
    g = GraphBuilder()
    x = g.input("x", [20, 20])
    y = g.op("TRANSPOSE", [x, late(g, [1, 0])], g.tensor("y", [20, 20]))
    t = g.op("TRANSPOSE", [y, late(g, [1, 0])], g.tensor("t", [20, 20]))
    z = g.op("RESHAPE", [t, g.constant("s", np.array([10, 40], np.int32))], g.tensor("z", [10, 40]), {})
    g.output(g.op("NEG", [z], g.tensor("w", [10, 40])))
    return g


def composite() -> GraphBuilder:
    g = GraphBuilder()
    inner = g.subgraph("inner")
    inner.output(negated(inner, inner.input("x", [4, 4])))
    graphs = {"name": "mine", "decomposition_subgraph_index": inner.index, "composite_attributes": [0]}
    y = g.op("STABLEHLO_COMPOSITE", [g.input("x", [4, 4])], g.tensor("y", [4, 4]), graphs)
    g.output(g.op("NEG", [y], g.tensor("z", [4, 4])))
    return g


MODELS: dict[str, tuple[Callable[[], GraphBuilder], int, str]] = {
    "layers": (lambda: dense(16, 300, 20, 150, 8), 1360, "x y0 y1 y2 y3"),
    "in place": (residual, 1024, "x l0 r0 a0 l1 r1 a1 l2 r2 a2 l3 r3 a3 end"),
    "ties": (ties, 1508, "x y part0 part1 part2 part3 end0 end1 end2 end3 z"),
    "reshape by a constant": (
        lambda: reshaped(lambda g: g.constant("s", np.array([10, 40], np.int32))),
        4800,
        "x y z w v",
    ),
    "reshape by a value, in place": (lambda: reshaped(lambda g: late(g, [10, 40])), 4800, "x y z w v"),
    "reshape by a value, of an input": (of_an_input, 6400, "x y w v"),
    "sizes that a run tells": (tiled, 832, "x n w"),
    "a loop": (lambda: loop(negated, reads=True), 256, "x n y z"),
    "a loop of unknown sizes": (lambda: loop(transposed, reads=True), 128, "x z"),
    "branches": (lambda: branches("NEG", "RELU"), 192, "x y z"),
    "branches of unknown sizes": (lambda: branches("NEG", "TRANSPOSE"), 128, "x z"),
    "a variable": (stateful, 192, "x y v z"),
    "sharing undone": (undone, 4800, "x z w"),
    "boxes": (boxes, 2344, "boxes scores kept y"),
    "a composite": (composite, 192, "x y z"),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_interpreter_takes_as_much(name: str) -> None:
    build, expected, visible = MODELS[name]
    assert arena(build()) == expected
    assert measured(build(), visible.split()) == expected


def measured(built: GraphBuilder, names: Sequence[str]) -> int:
    """The bytes from the first to the last of the named tensors, which all lie in the arena, after a run."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=built.to_bytes(),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    numbers = {table["name"]: number for number, table in enumerate(built.graph["tensors"])}
    arrays = [interpreter.tensor(numbers[name])() for name in names]
    spans = [(each.__array_interface__["data"][0], each.nbytes) for each in arrays]
    return int(max(begin + size for begin, size in spans) - min(begin for begin, _ in spans))
