"""The values that a file becomes once it is read."""

from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
from numpy.typing import NDArray

from tflint.formats import read
from tflint.model import DType, Format, Graph, Model, Op, Tensor
from tflint.testing import GraphBuilder, model

NUMPY_TYPES = [each for each in DType if each.numpy_name is not None]


def constant(values: NDArray[Any], dtype: str | None = None, **more: Any) -> Tensor:
    g = GraphBuilder()
    g.constant("c", values, dtype, **more)
    return model(g).graphs[0].tensors[0]


def packed(data: bytes, dtype: str, elements: int) -> Tensor:
    return constant(np.frombuffer(data, np.uint8), dtype, shape=[elements])


def chain() -> Graph:
    """x -> RELU -> a -> ADD(a, a) -> y, where nothing reads `alone`."""
    g = GraphBuilder()
    x = g.input("x", [1])
    a = g.op("RELU", [x], g.tensor("a", [1]))
    g.output(g.op("ADD", [a, a], g.tensor("y", [1]), {"fused_activation_function": "RELU6"}))
    g.tensor("alone", [1])
    return model(g).graphs[0]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (DType.INT8, (-128, 127)),
        (DType.UINT8, (0, 255)),
        (DType.INT4, (-8, 7)),
        (DType.UINT4, (0, 15)),
        (DType.INT2, (-2, 1)),
        (DType.UINT64, (0, 2**64 - 1)),
        (DType.BOOL, None),
        (DType.FLOAT16, None),
        (DType.UNKNOWN, None),
    ],
)
def test_an_integer_type_knows_its_range(dtype: DType, expected: tuple[int, int] | None) -> None:
    assert dtype.integer_range == expected


def test_types_are_floats_integers_or_neither() -> None:
    floats = {"FLOAT16", "FLOAT32", "FLOAT64", "BFLOAT16", "FLOAT8_E4M3FN", "FLOAT8_E5M2"}
    neither = {"STRING", "BOOL", "COMPLEX64", "COMPLEX128", "RESOURCE", "VARIANT", "UNKNOWN"}
    assert {each.value for each in DType if each.is_float} == floats
    assert {each.value for each in DType if not each.is_float and not each.is_integer} == neither


@pytest.mark.parametrize("dtype", NUMPY_TYPES, ids=lambda each: each.value)
def test_a_constant_is_an_array_that_views_the_file(dtype: DType) -> None:
    values = np.arange(6).astype(dtype.numpy_name).reshape(2, 3)
    tensor = constant(values)
    array = tensor.array()
    assert array is not None
    assert np.array_equal(array, values)
    assert not array.flags.writeable
    assert tensor.nbytes == values.nbytes
    pieces = list(tensor.chunks(16))
    assert np.array_equal(np.concatenate(pieces), values.reshape(-1))


@pytest.mark.parametrize("elements", [1, 31, 32, 33, 64, 65, 127])
@pytest.mark.parametrize(("dtype", "per_byte"), [("INT4", 2), ("UINT4", 2), ("INT2", 4)])
def test_packed_integers_come_in_pieces_that_make_up_the_whole(dtype: str, per_byte: int, elements: int) -> None:
    data = bytes(range(1, 129))[: -(-elements // per_byte)]
    tensor = packed(data, dtype, elements)
    array = tensor.array()
    assert array is not None
    assert array.shape == (elements,)
    pieces = list(tensor.chunks(16))
    assert all(piece.size <= 16 * per_byte for piece in pieces)
    assert np.array_equal(np.concatenate(pieces), array)


@pytest.mark.parametrize(
    "tensor",
    [
        packed(b"\0\0\0\0", "BFLOAT16", 2),
        packed(b"\0\0", "FLOAT8_E5M2", 2),
        packed(b"abc", "STRING", 1),
        replace(constant(np.ones(4, np.float32)), default_shape=(5,)),
        replace(constant(np.ones(4, np.float32)), data=None),
        replace(constant(np.ones(4, np.float32)), default_shape=(2**62,)),
    ],
    ids=["bfloat16", "float8", "strings", "too short", "no constant", "far too short"],
)
def test_what_numpy_cannot_hold_or_the_file_lacks_is_no_array(tensor: Tensor) -> None:
    assert tensor.array() is None
    assert list(tensor.chunks()) == []


def test_more_dimensions_than_numpy_has_are_no_array_but_still_pieces() -> None:
    tensor = replace(constant(np.ones(1, np.float32)), default_shape=(1,) * 100)
    assert tensor.array() is None
    assert [piece.tolist() for piece in tensor.chunks()] == [[1.0]]
    assert replace(packed(b"\1", "INT4", 1), default_shape=(1,) * 100).array() is None


def test_a_tensor_says_where_it_stands_and_what_it_is() -> None:
    tensor = constant(np.ones((2, 3), np.int16))
    assert tensor.location.address == "0/t0"
    assert tensor.location.byte_length == 12
    assert (tensor.elements, tensor.nbytes, tensor.is_dynamic, tensor.is_constant) == (6, 12, False, True)
    assert not replace(tensor, is_variable=True).is_constant
    assert replace(tensor, data=None, external=True).is_constant
    assert replace(tensor, shape=(None, 3)).is_dynamic
    assert replace(tensor, dtype=DType.INT4).nbytes == 3
    assert replace(tensor, dtype=DType.RESOURCE).nbytes is None
    assert replace(tensor, data=None).location.byte_length is None


def test_what_was_read_cannot_be_changed() -> None:
    graph = chain()
    for value, name in ((graph, "name"), (graph.ops[0], "kind"), (graph.tensors[0], "name")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "other")
    with pytest.raises(TypeError):
        graph.ops[1].options["fused_activation_function"] = "NONE"  # type: ignore[index]


def test_an_op_decodes_its_options_once_and_has_none_where_the_file_has_none() -> None:
    relu, add = chain().ops
    assert relu.options == {}
    assert add.options["fused_activation_function"] == "RELU6"
    assert add.options is add.options


def test_an_op_knows_its_slots_and_its_place() -> None:
    _, add = chain().ops
    assert add.location.address == "0/1:ADD"
    assert add.location.name == "y"
    assert [getattr(add.input(slot), "name", None) for slot in range(3)] == ["a", "a", None]
    assert replace(add, outputs=()).location.name == ""


def test_a_graph_knows_who_makes_and_who_reads_a_tensor() -> None:
    graph = chain()
    relu, add = graph.ops
    x, a, y, alone = graph.tensors
    assert [graph.producer(tensor) for tensor in (x, a, y, alone)] == [None, relu, add, None]
    assert [graph.consumers(tensor) for tensor in (x, a, y, alone)] == [(relu,), (add,), (), ()]
    assert graph.location.address == "0"


def test_a_left_out_input_is_read_by_nobody() -> None:
    g = GraphBuilder()
    g.op("FULLY_CONNECTED", [g.input("x", [1, 2]), -1], g.tensor("y", [1, 2]))
    graph = model(g).graphs[0]
    assert [len(graph.consumers(tensor)) for tensor in graph.tensors] == [1, 0]
    assert len(graph.nx.edges) == 2


def test_networkx_has_every_tensor_op_and_slot() -> None:
    graph = chain()
    _, add = graph.ops
    _, a, y, alone = graph.tensors
    assert set(graph.nx) == {*graph.tensors, *graph.ops}
    assert {key for *_, key in graph.nx.edges(a, keys=True)} == {0, 1}
    assert set(graph.nx.successors(a)) == {add}
    assert networkx.has_path(graph.nx, graph.tensors[0], y)
    assert graph.nx.degree(alone) == 0
    assert graph.nx is graph.nx


def two_graphs() -> Model:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1])], g.tensor("y", [1])))
    g.subgraph("second").input("z", [1])
    return model(g)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("0", "main"),
        ("1", "second"),
        ("0/0:RELU", "RELU"),
        ("0/0:", "RELU"),
        ("0/0", "RELU"),
        ("0/t1", "y"),
        ("1/t0", "z"),
    ],
)
def test_an_address_leads_to_what_stands_there(address: str, name: str) -> None:
    found = two_graphs().find(address)
    assert found is not None
    assert (found.kind if isinstance(found, Op) else found.name) == name


@pytest.mark.parametrize("address", ["", "2", "x", "-1", "0/7:RELU", "0/t9", "0/tx", "0/:", "1/0:RELU", "0/t"])
def test_an_address_where_nothing_stands_leads_to_nothing(address: str) -> None:
    assert two_graphs().find(address) is None


def test_an_address_leads_past_ops_that_could_not_be_read() -> None:
    graph = chain()
    broken = replace(graph, ops=graph.ops[1:])
    found = Model("m", Format.TFLITE, 0, graphs=(broken,))
    assert found.find("0/1:ADD") is graph.ops[1]
    assert found.find("0/0:RELU") is None


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = GraphBuilder().save(tmp_path / "model.tflite")
    found = read(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.location.path == str(path)
    assert Model(str(tmp_path), Format.SAVED_MODEL, 0).sha256 == ""
    assert Model(str(tmp_path / "none"), Format.UNKNOWN, 0).sha256 == ""
