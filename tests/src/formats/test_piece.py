"""Pieces of models as models of their own: run by themselves they give what they give in the whole."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import activation_mutations
import quant_mutations
from chains import float_chain, half_chain, int8_chain, weights
from lstm_mutations import lstm
from other_readers import FOLDER
from tflint.formats import read
from tflint.formats.tflite import piece as module
from tflint.formats.tflite.piece import piece
from tflint.model import Graph, Op, Tensor
from tflint.testing import GraphBuilder, model
from twin_models import float_model, layers, quantized, rounded

Values = Mapping[int, NDArray[Any]]


def interpreter(content: bytes, feed: Callable[[Mapping[str, Any], int], Any]) -> Any:
    """LiteRT's builtin kernels, after they ran; `feed` gives the value of an input by its details and place."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = litert.Interpreter(
            model_content=content,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
            num_threads=1,
        )
    details = made.get_input_details()
    values = [feed(each, place) for place, each in enumerate(details)]
    for detail, value in zip(details, values, strict=True):
        if list(detail["shape"]) != list(value.shape):
            made.resize_tensor_input(detail["index"], value.shape)
    made.allocate_tensors()
    for detail, value in zip(details, values, strict=True):
        made.set_tensor(detail["index"], value)
    made.invoke()
    return made


def made_up(detail: Mapping[str, Any], place: int) -> Any:
    dtype = np.dtype(detail["dtype"])
    random = np.random.default_rng(place)
    if dtype.kind == "f":
        return random.uniform(-1, 1, detail["shape"]).astype(dtype)
    if dtype.kind == "b":
        return random.random(detail["shape"]) > 0.5
    low, high = (-100, 100) if dtype.kind == "i" else (10, 200)
    return random.integers(low, high, detail["shape"]).astype(dtype)


def whole(content: bytes, graph: Graph) -> Values:
    """All values inside a model, by the numbers of its tensors."""
    ran = interpreter(content, made_up)
    assert all(ran.get_tensor(each.index).size for each in graph.outputs)
    named = {*graph.inputs, *(each for op in graph.ops for each in op.outputs)}
    return {each.index: ran.get_tensor(each.index).copy() for each in named}


def given(ops: Sequence[Op]) -> tuple[Tensor, ...]:
    """What ops take and do not make."""
    made = {each for op in ops for each in op.outputs}
    read = [each for op in ops for each in op.inputs if each is not None and not each.is_constant]
    return tuple(dict.fromkeys(each for each in read if each not in made))


def check(ops: Sequence[Op], values: Values, *more: Tensor) -> None:
    """See that ops run alone give what they give in the whole: the last one's outputs, and those of others."""
    inputs, outputs = given(ops), (*ops[-1].outputs, *more)
    content = piece(ops, inputs, outputs)
    assert content is not None
    ran = interpreter(content, lambda _, place: values[inputs[place].index])
    for detail, tensor in zip(ran.get_output_details(), outputs, strict=True):
        own, wanted = ran.get_tensor(detail["index"]), values[tensor.index]
        assert own.dtype == wanted.dtype
        np.testing.assert_array_equal(own, wanted)


def conv_chain() -> GraphBuilder:
    """Float ops with options of all sorts, and weights of half floats that are widened."""
    g = GraphBuilder()
    x = g.input("x", [1, 8, 8, 3])
    half = g.constant("half", quant_mutations.real(4, 3, 3, 3).astype(np.float16))
    w = g.op("DEQUANTIZE", [half], g.tensor("w", [4, 3, 3, 3]))
    b = g.constant("b", np.ones(4, np.float32))
    options = {"padding": "SAME", "stride_w": 2, "stride_h": 2, "fused_activation_function": "RELU6"}
    y = g.op("CONV_2D", [x, w, b], g.tensor("conv", [1, 4, 4, 4]), options)
    left = g.tensor("left", [1, 4, 4, 2])
    right = g.tensor("right", [1, 4, 4, 2])
    g.op("SPLIT", [g.constant("axis", np.array(3, np.int32)), y], [left, right], {"num_splits": 2})
    z = g.op("MUL", [left, right], g.tensor("mul", [1, 4, 4, 2]), {"fused_activation_function": "RELU"})
    axes = g.constant("axes", np.array([1, 2], np.int32))
    g.output(g.op("MEAN", [z, axes], g.tensor("mean", [1, 2]), {"keep_dims": False}))
    return g


def with_dilate() -> GraphBuilder:
    """An op whose options stand in the second union, and one without any."""
    g = GraphBuilder()
    x = g.input("x", [2, 2])
    sizes = g.constant("sizes", np.array([2, 2], np.int32))
    y = g.op("DILATE", [x, sizes, g.constant("pad", np.array(0, np.float32))], g.tensor("y", [3, 3]), {})
    g.output(g.op("NEG", [y], g.tensor("z", [3, 3])))
    return g


def open_batch() -> GraphBuilder:
    """A model whose batch is open, and whose batch is four now."""
    g = GraphBuilder()
    x = g.input("x", [None, 16])
    w = g.constant("w", quant_mutations.real(8, 16))
    h = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("h", [None, 8]), {"keep_num_dims": True})
    g.output(g.op("SOFTMAX", [h], g.tensor("y", [None, 8]), {"beta": 1.0}))
    return g


CHAINS: Mapping[str, Callable[[], GraphBuilder]] = {
    "a float chain": lambda: float_chain(weights()),
    "a chain with ops of activations": lambda: float_chain(weights(), fused=False),
    "an INT8 chain": lambda: int8_chain(weights()),
    "half floats": lambda: half_chain(weights()),
    "dynamic range": lambda: quantized(layers(1), activations="FLOAT32", bias=lambda *_: None),
    "dynamic range by tensor": lambda: quantized(layers(1), _by_tensor, activations="FLOAT32", bias=lambda *_: None),
    "convolutions": conv_chain,
    "the second options": with_dilate,
    "an open batch": open_batch,
}
ONE_OP = {**quant_mutations.BASES, **activation_mutations.BASES}


def _by_tensor(layer: Any) -> Any:
    return rounded(layer, per_channel=False)


@pytest.mark.parametrize("name", CHAINS)
def test_each_op_alone_gives_what_it_gives_in_the_whole(name: str) -> None:
    g = CHAINS[name]()
    graph = model(g).graphs[0]
    values = whole(g.to_bytes(), graph)
    for op in graph.ops:
        if given([op]):
            check([op], values)


@pytest.mark.parametrize("name", CHAINS)
def test_so_do_several_ops_together(name: str) -> None:
    g = CHAINS[name]()
    graph = model(g).graphs[0]
    values = whole(g.to_bytes(), graph)
    check(graph.ops, values)
    last = [op for op in graph.ops if op.kind != "DEQUANTIZE"][-2:]
    check(last, values, *last[0].outputs)


@pytest.mark.parametrize("name", ONE_OP)
def test_quantized_ops_of_all_sorts_do(name: str) -> None:
    g = ONE_OP[name]()
    graph = model(g).graphs[0]
    check(graph.ops[:1], whole(g.to_bytes(), graph))


def test_values_that_were_resized_run_too() -> None:
    g = open_batch()
    graph = model(g).graphs[0]
    four = np.random.default_rng(1).normal(size=(4, 16)).astype(np.float32)
    ran = interpreter(g.to_bytes(), lambda *_: four)
    values = {each.index: ran.get_tensor(each.index).copy() for each in (*graph.inputs, *graph.outputs)}
    check(graph.ops, values)
    content = piece(graph.ops, graph.inputs, graph.outputs)
    assert content is not None
    assert model(content).graphs[0].inputs[0].shape == (None, 16)


@pytest.mark.parametrize(
    "path",
    ["generated/mobilenet_v1_025_96/float.tflite", "generated/transformer_encoder/dynamic.tflite"],
)
def test_each_op_of_a_real_model_does(path: str) -> None:
    if not (FOLDER / path).exists():
        pytest.skip("the models are not here")
    graph = read(FOLDER / path).graphs[0]
    values = whole(Path(FOLDER / path).read_bytes(), graph)
    for op in graph.ops:
        if given([op]):
            check([op], values)


def test_a_value_that_is_fed_is_no_constant() -> None:
    g = GraphBuilder()
    x = g.input("x", [2])
    c = g.constant("c", np.array([1, 2], np.float32))
    g.output(g.op("ADD", [x, c], g.tensor("y", [2]), {}))
    graph = model(g).graphs[0]
    fed = graph.tensors[c]
    content = piece(graph.ops, (graph.inputs[0], fed), graph.outputs)
    assert content is not None
    made = model(content).graphs[0]
    assert [each.is_constant for each in made.inputs] == [False, False]
    ran = interpreter(content, lambda _, place: np.array([10, 20], np.float32))
    assert ran.get_tensor(ran.get_output_details()[0]["index"]).tolist() == [20, 40]


def test_all_that_a_file_says_of_ops_and_tensors_is_kept() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, None], "INT8", scale=0.5, zero_point=3)
    w = g.constant("w", np.ones((2, 4), np.int8), scale=[0.1, 0.2], axis=0)
    y = g.op(
        "FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 2], "INT8", scale=1.0), {"keep_num_dims": True}, version=5
    )
    z = g.op("MyOp", [y], g.tensor("z", [1, 2]), custom_options=b"\x01\x02")
    g.output(g.op("FULLY_CONNECTED", [z, -1, -1], g.tensor("v", [1, 2]), {}, version=5))
    graph = model(g).graphs[0]
    content = piece(graph.ops, graph.inputs, graph.outputs)
    assert content is not None
    made = model(content).graphs[0]
    assert [(op.kind, op.version, op.is_custom, op.custom_options and bytes(op.custom_options)) for op in made.ops] == [
        (op.kind, op.version, op.is_custom, op.custom_options and bytes(op.custom_options)) for op in graph.ops
    ]
    assert [op.options for op in made.ops] == [op.options for op in graph.ops]
    assert [[each and each.name for each in op.inputs] for op in made.ops] == [
        ["x", "w", None],
        ["y"],
        ["z", None, None],
    ]
    for name in ("x", "w", "y"):
        [old] = [each for each in graph.tensors if each.name == name]
        [new] = [each for each in made.tensors if each.name == name]
        assert (new.dtype, new.shape, new.default_shape) == (old.dtype, old.shape, old.default_shape)
        assert new.quant is not None
        assert old.quant is not None
        assert new.quant.scale.tolist() == old.quant.scale.tolist()
        assert new.quant.zero_point.tolist() == old.quant.zero_point.tolist()
        assert new.quant.axis == old.quant.axis


def test_intermediates_are_kept() -> None:
    g = lstm()
    for each in g.graph["tensors"]:
        each.pop("is_variable", None)
    graph = model(g).graphs[0]
    content = piece(graph.ops, given(graph.ops), graph.outputs)
    assert content is not None
    [op] = model(content).graphs[0].ops
    assert [each.name for each in op.intermediates] == [each.name for each in graph.ops[0].intermediates]


def none(g: GraphBuilder) -> None:
    graph = model(g).graphs[0]
    assert graph.ops
    assert piece(graph.ops, given(graph.ops), graph.outputs) is None


def test_what_keeps_a_state_is_no_piece() -> None:
    none(lstm())


@pytest.mark.parametrize("kind", ["WHILE", "IF", "CALL", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_ADD"])
def test_what_runs_other_graphs_is_no_piece(kind: str) -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    g.output(g.op(kind, [x], g.tensor("y", [1])))
    none(g)


def test_constants_that_cannot_be_copied_are_no_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    g = GraphBuilder()
    x = g.input("x", [4])
    g.output(g.op("ADD", [x, g.tensor("far", [4], external_buffer=3)], g.tensor("y", [4]), {}))
    none(g)
    g = GraphBuilder()
    layout = {
        "traversal_order": [0, 1],
        "dim_metadata": [{"format": "DENSE", "dense_size": 1}, {"format": "DENSE", "dense_size": 4}],
    }
    w = g.constant("w", np.ones(4, np.float32), shape=[1, 4], sparsity=layout)
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 4]), w, -1], g.tensor("y", [1, 1]), {}))
    none(g)
    monkeypatch.setattr(module, "_LARGEST", 8 * 16 * 4 - 1)
    none(float_model(layers(1)))
