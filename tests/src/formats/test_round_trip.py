"""What is written is read, and other readers of the format see the same."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from other_readers import generated_code, refusal, same_as_generated_code, same_as_interpreter
from tflint.formats.tflite.flat import Field, fields
from tflint.formats.tflite.schema import ENUMS, OPERATORS, UNIONS
from tflint.formats.tflite.writer import options_table, write
from tflint.model import DType, Model, Op, ProblemKind, Tensor
from tflint.testing import GraphBuilder, model

OPTIONS = [(union, name) for union in ("BuiltinOptions", "BuiltinOptions2") for name in UNIONS[union]]


def seen_by_others(built: GraphBuilder | bytes, tmp_path: Path, *, runs: bool = True) -> Model:
    """The model as our reader has it, once every other reader that is installed sees the same."""
    data = built if isinstance(built, bytes) else built.to_bytes()
    ours = model(data)
    assert ours.problems == ()
    for schema in generated_code():
        same_as_generated_code(schema, data, ours)
    path = tmp_path / "model.tflite"
    path.write_bytes(data)
    if runs and importlib.util.find_spec("ai_edge_litert"):
        assert refusal(path) == ""
        same_as_interpreter(path, ours)
    return ours


def unlike_default(field: Field) -> Any:
    """A value that a reader could not have made up."""
    if field.is_vector and field.type == "uint8":
        return b"\x01\xff"
    if field.is_vector:
        return tuple([unlike_default(field._replace(is_vector=False))] * 3)
    if field.type == "bool":
        return not field.default
    if field.type == "string":
        return "wört"
    if field.type == "float32":
        return 0.25
    if field.type in ENUMS:
        return list(ENUMS[field.type][1].values())[-1]
    return 7


def one_op(union: str, name: str, values: dict[str, Any]) -> bytes:
    g = GraphBuilder()
    key = "builtin_options" if union == "BuiltinOptions" else "builtin_options_2"
    g.op("ADD", [g.input("x", [1])], g.tensor("y", [1]))
    g.graph["operators"][0][key] = (name, values)
    return g.to_bytes()


@pytest.mark.parametrize(("union", "name"), OPTIONS, ids=[name for _, name in OPTIONS])
def test_every_field_of_every_options_table_comes_back(union: str, name: str) -> None:
    values = {field.name: unlike_default(field) for field in fields(name)}
    data = one_op(union, name, values)
    ours = model(data)
    assert ours.problems == ()
    assert ours.graphs[0].ops[0].options == values
    for schema in generated_code():
        same_as_generated_code(schema, data, ours)


@pytest.mark.parametrize(("union", "name"), OPTIONS, ids=[name for _, name in OPTIONS])
def test_absent_options_are_at_the_defaults_of_the_schema(union: str, name: str) -> None:
    data = one_op(union, name, {})
    assert model(data).graphs[0].ops[0].options == {field.name: field.default for field in fields(name)}
    for schema in generated_code():
        same_as_generated_code(schema, data, model(data))


def test_every_kind_of_op_comes_back_with_its_version_and_options() -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    kinds = [kind for kind in OPERATORS if kind not in {"CUSTOM", "PLACEHOLDER_FOR_GREATER_OP_CODES"}]
    for number, kind in enumerate(kinds):
        g.op(kind, [x], g.tensor(f"y{number}", [1]), {}, version=1 + number % 5)
    ops = model(g).graphs[0].ops
    assert [op.kind for op in ops] == kinds
    assert [op.version for op in ops] == [1 + number % 5 for number in range(len(kinds))]
    assert [bool(op.decode) for op in ops] == [options_table(kind) is not None for kind in kinds]


@pytest.mark.parametrize("dtype", [each for each in DType if each is not DType.UNKNOWN], ids=lambda each: each.value)
def test_every_element_type_comes_back(dtype: DType) -> None:
    g = GraphBuilder()
    g.input("x", [2], dtype.value)
    assert model(g).graphs[0].tensors[0].dtype is dtype


@pytest.mark.parametrize(
    ("dtype", "packed", "values"),
    [
        ("INT4", b"\x21\x8f\x07", [1, 2, -1, -8, 7]),
        ("UINT4", b"\x21\x8f\x07", [1, 2, 15, 8, 7]),
        ("INT2", b"\xe4\x01", [0, 1, -2, -1, 1]),
    ],
)
def test_packed_integers_are_unpacked_low_bits_first(
    dtype: str, packed: bytes, values: list[int], tmp_path: Path
) -> None:
    g = GraphBuilder()
    g.constant("c", np.frombuffer(packed, np.uint8), dtype, shape=[5], scale=0.5)
    ours = seen_by_others(g, tmp_path, runs=dtype != "INT2")
    array = ours.graphs[0].tensors[0].array()
    assert array is not None
    assert array.tolist() == values
    assert array.dtype == (np.uint8 if dtype.startswith("U") else np.int8)


def test_packed_integers_are_those_that_the_interpreter_computes_with(tmp_path: Path) -> None:
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    g = GraphBuilder()
    c = g.constant("c", np.frombuffer(b"\x21\x8f\x07", np.uint8), "INT4", shape=[5], scale=1.0)
    g.output(g.op("CAST", [c], g.tensor("y", [5], "FLOAT32"), {"in_data_type": "INT4", "out_data_type": "FLOAT32"}))
    interpreter = interpreters.Interpreter(str(g.save(tmp_path / "model.tflite")))
    interpreter.allocate_tensors()
    interpreter.invoke()
    array = model(g).graphs[0].tensors[0].array()
    assert array is not None
    assert interpreter.get_tensor(1).tolist() == array.tolist()


def test_quantization_comes_back_whole_and_per_axis(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 2, 2, 3], "INT8", scale=0.5, zero_point=-3)
    w = g.constant("w", np.ones((4, 1, 1, 3), np.int8), scale=[0.1, 0.2, 0.3, 0.4], axis=0)
    v = g.constant("v", np.ones((1, 2), np.int8), scale=[0.1, 0.2], zero_point=[1, -1], axis=1)
    y = g.tensor("y", [1, 2, 2, 4], "INT8", scale=1.5, zero_point=7)
    g.output(g.op("CONV_2D", [x, w, -1], y, {"stride_w": 1, "stride_h": 1}))
    tensors = seen_by_others(g, tmp_path).graphs[0].tensors
    quants = [tensors[index].quant for index in (x, w, v, y)]
    assert [None if quant is None else quant.axis for quant in quants] == [None, 0, 1, None]
    assert [None if quant is None else quant.zero_point.tolist() for quant in quants] == [[-3], [0] * 4, [1, -1], [7]]


def test_newer_schemes_of_quantization_come_back() -> None:
    g = GraphBuilder()
    blocks = {"scales": 1, "zero_points": -1, "block_size": 32}
    g.tensor("a", [4], "INT8", quantization={"details": ("BlockwiseQuantization", blocks)})
    g.tensor("b", [4], "INT8", quantization={"details": ("CustomQuantization", {"custom": b"\x05"})})
    g.tensor("c", [4], "INT8", quantization={"min": [0.0], "max": [1.0]})
    first, second, third = model(g).graphs[0].tensors
    assert first.quant is not None
    assert first.quant.details == ("BlockwiseQuantization", blocks)
    assert first.quant.scale.size == first.quant.zero_point.size == 0
    assert not first.quant.is_per_axis
    assert second.quant is not None
    assert second.quant.details == ("CustomQuantization", {"custom": b"\x05"})
    assert third.quant is None  # a range alone quantizes nothing


@pytest.mark.parametrize("width", ["Int32Vector", "Uint16Vector", "Uint8Vector"])
def test_sparsity_comes_back_in_every_width(width: str, tmp_path: Path) -> None:
    g = GraphBuilder()
    segments = [
        {"format": "DENSE", "dense_size": 2},
        {
            "format": "SPARSE_CSR",
            "array_segments": (width, {"values": [0, 1, 3]}),
            "array_indices": (width, {"values": [1, 0, 2]}),
        },
    ]
    layout = {"traversal_order": [0, 1], "dim_metadata": segments}
    c = g.constant("c", np.array([1, 2, 3], np.float32), shape=[2, 3], sparsity=layout)
    g.output(g.op("DENSIFY", [c], g.tensor("y", [2, 3])))
    tensor = seen_by_others(g, tmp_path).graphs[0].tensors[c]
    assert tensor.sparsity is not None
    assert tensor.sparsity.traversal_order == (0, 1)
    dense, compressed = tensor.sparsity.dimensions
    assert (dense.is_dense, dense.dense_size, dense.segments) == (True, 2, ())
    assert (compressed.is_dense, compressed.segments, compressed.indices) == (False, (0, 1, 3), (1, 0, 2))
    assert tensor.array() is None  # its values stand in another order


def test_variables_signatures_and_metadata_come_back(tmp_path: Path) -> None:
    g = GraphBuilder("first")
    x = g.input("x", [None, 2])
    state = g.tensor("state", [1, 2], is_variable=True)
    y = g.op("ADD", [x, state], g.tensor("y", [None, 2]), {})
    g.output(y)
    g.signature("serve", {"in": x}, {"out": y})
    other = g.subgraph("second")
    other.output(other.input("z", []))
    other.signature("other", {"z": 0}, {"z": 0})
    g.metadata("min_runtime_version", b"2.3.0\0\0\0")
    g.metadata("notes", "größer".encode())
    ours = seen_by_others(g, tmp_path)
    assert [graph.name for graph in ours.graphs] == ["first", "second"]
    assert ours.graphs[0].tensors[state].is_variable
    assert ours.graphs[0].tensors[x].shape == (None, 2)
    assert ours.graphs[0].tensors[x].default_shape == (1, 2)
    assert [(each.key, each.graph_index) for each in ours.signatures] == [("serve", 0), ("other", 1)]
    assert ours.signatures[0].outputs["out"] is ours.graphs[0].tensors[y]
    assert ours.min_runtime == "2.3.0"
    assert bytes(ours.metadata["notes"]).decode() == "größer"


def test_what_the_converter_says_of_itself_comes_back() -> None:
    g = GraphBuilder()
    g.converted("PTQ_FULL_INTEGER", "PTQ_INT16", tensorflow="2.19.1", allow_custom_ops=True, force_select_tf_ops=True)
    told = model(g).conversion
    assert told is not None
    assert (told.tensorflow_version, told.api_version, told.source) == ("2.19.1", 2, "KERAS_MODEL")
    assert told.modes == ("PTQ_FULL_INTEGER", "PTQ_INT16")
    assert told.allow_custom_ops
    assert told.select_tf_ops


@pytest.mark.parametrize("data", [b"", b"\x00" * 8, b"\xff" * 40, b"CVNM"])
def test_what_the_converter_says_unreadably_is_not_known(data: bytes) -> None:
    g = GraphBuilder()
    g.metadata("CONVERSION_METADATA", data)
    assert model(g).conversion is None


def test_notes_of_a_converter_without_parts_are_empty() -> None:
    g = GraphBuilder()
    g.metadata("CONVERSION_METADATA", write({}, "ConversionMetadata", b"CVNM"))
    told = model(g).conversion
    assert told is not None
    assert (told.tensorflow_version, told.modes, told.select_tf_ops) == ("", (), False)


def strings(*values: bytes) -> bytes:
    """A string tensor's bytes: the count, where each begins and where the last ends, and the strings."""
    places = np.cumsum([4 * (len(values) + 2), *map(len, values)])
    return np.array([len(values), *places], np.int32).tobytes() + b"".join(values)


def test_strings_and_empty_constants_come_back(tmp_path: Path) -> None:
    g = GraphBuilder()
    text = strings(b"one", b"", b"three")
    g.constant("words", np.frombuffer(text, np.uint8), "STRING", shape=[3])
    g.constant("nothing", np.empty((0, 2), np.int32))
    words, nothing = seen_by_others(g, tmp_path).graphs[0].tensors
    assert held(words.data) == text
    assert words.array() is None
    assert words.nbytes is None
    assert nothing.is_constant
    assert held(nothing.data) == b""
    array = nothing.array()
    assert array is not None
    assert array.shape == (0, 2)
    assert list(nothing.chunks()) == []


def held(view: memoryview | None) -> bytes:
    """The bytes of a view, which there has to be."""
    assert view is not None
    return bytes(view)


def stored_after(g: GraphBuilder, place: dict[str, Any], keys: tuple[str, str], data: bytes) -> bytes:
    """The file with `data` behind the flatbuffer, and `place` saying where."""
    offset, size = keys
    place |= {offset: 2, size: len(data)}
    place[offset] = -(-len(g.to_bytes()) // 16) * 16
    return g.to_bytes().ljust(place[offset], b"\0") + data


def test_constants_stored_after_the_flatbuffer_come_back(tmp_path: Path) -> None:
    g = GraphBuilder()
    values = np.arange(6, dtype=np.float32)
    c = g.constant("c", values)
    g.output(g.op("ADD", [g.input("x", [6]), c], g.tensor("y", [6]), {}))
    place: dict[str, Any] = {}
    g.tables["buffers"][1] = place
    data = stored_after(g, place, ("offset", "size"), values.tobytes())
    tensor = seen_by_others(data, tmp_path).graphs[0].tensors[c]
    array = tensor.array()
    assert array is not None
    assert array.tolist() == values.tolist()
    assert tensor.byte_offset == len(data) - 24


def test_bytes_of_a_buffer_count_before_what_it_says_of_others() -> None:
    g = GraphBuilder()
    g.constant("c", np.array([1.0], np.float32))
    g.tables["buffers"][1] |= {"offset": 8, "size": 4}
    array = model(g).graphs[0].tensors[0].array()
    assert array is not None
    assert array.tolist() == [1.0]


def test_the_first_buffer_never_holds_a_constant(tmp_path: Path) -> None:
    g = GraphBuilder()
    g.tables["buffers"][0] = {"data": np.ones(2, np.float32).tobytes()}
    g.tensor("x", [2])
    ours = model(g)
    assert ours.graphs[0].tensors[0].data is None
    path = g.save(tmp_path / "model.tflite")
    pytest.importorskip("ai_edge_litert")
    same_as_interpreter(path, ours)


def test_custom_options_come_back_from_within_and_after_the_flatbuffer(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    g.op("Mine", [x], g.tensor("y", [1]), custom_options=b"\x01\x02")
    g.op("Mine", [x], g.tensor("z", [1]))
    place = g.graph["operators"][1]
    data = stored_after(g, place, ("large_custom_options_offset", "large_custom_options_size"), b"\x07" * 30)
    first, second = seen_by_others(data, tmp_path).graphs[0].ops
    assert (first.kind, first.is_custom, held(first.custom_options)) == ("Mine", True, b"\x01\x02")
    assert held(second.custom_options) == b"\x07" * 30
    assert first.options == {}


def test_a_custom_op_without_a_name_is_custom() -> None:
    g = GraphBuilder()
    g.op("Mine", [g.input("x", [1])], g.tensor("y", [1]))
    del g.tables["operator_codes"][0]["custom_code"]
    assert model(g).graphs[0].ops[0].kind == "CUSTOM"


def test_hidden_tensors_and_left_out_inputs_come_back(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 2])
    hidden = g.tensor("hidden", [1], "INT16")
    y = g.tensor("y", [1, 2])
    mutated = [False, True]
    g.op("UNIDIRECTIONAL_SEQUENCE_LSTM", [x, -1], y, {}, intermediates=[hidden], mutating_variable_inputs=mutated)
    op = seen_by_others(g, tmp_path).graphs[0].ops[0]
    assert [tensor and tensor.name for tensor in op.inputs] == ["x", None]
    assert [tensor.name for tensor in op.intermediates] == ["hidden"]


def test_tensors_in_other_files_and_of_unknown_rank_come_back() -> None:
    g = GraphBuilder()
    g.tensor("far", [4], external_buffer=3)
    g.tensor("loose", [], has_rank=False)
    g.tensor("scalar", [], has_rank=True)
    g.tensor("old", [])
    g.tensor("list", [], "VARIANT", variant_tensors=[{"shape": [2], "type": "INT8", "has_rank": True}])
    g.tables["external_buffer_groups"] = [{"name": "weights.bin"}]
    g.tables["external_buffers"] = [{"id": 3, "group": 0, "offset": 0, "length": 16, "packing": "none"}]
    g.tables["metadata_buffer"] = [0]
    ours = model(g)
    far, loose, scalar, old, _ = ours.graphs[0].tensors
    assert ours.problems == ()
    assert (far.external, far.is_constant, far.data) == (True, True, None)
    assert [tensor.has_rank for tensor in (loose, scalar, old)] == [False, True, True]
    assert [tensor.is_dynamic for tensor in (loose, scalar, old)] == [True, False, False]


def test_dynamic_sizes_are_those_of_the_signature_or_negative_ones() -> None:
    g = GraphBuilder()
    g.tensor("a", [None, 3, None])
    g.tensor("b", [-1, 3])
    g.tensor("c", [1, 3], shape_signature=[-1])
    g.tensor("d", [-1, 3], shape_signature=[-1, -1])
    tensors = model(g).graphs[0].tensors
    assert [tensor.shape for tensor in tensors] == [(None, 3, None), (None, 3), (1, 3), (None, None)]
    assert [tensor.default_shape for tensor in tensors] == [(1, 3, 1), (1, 3), (1, 3), (1, 3)]


def unknown_op(g: GraphBuilder) -> None:
    g.tables["operator_codes"][0]["builtin_code"] = 300


def unknown_dtype(g: GraphBuilder) -> None:
    for tensor in g.graph["tensors"]:
        tensor["type"] = 99


def negative_op(g: GraphBuilder) -> None:
    g.tables["operator_codes"][0] |= {"builtin_code": -7, "deprecated_builtin_code": -9}


def check_op(op: Op, tensor: Tensor) -> bool:
    return op.kind == "BUILTIN_300" and not op.is_custom and tensor.dtype is DType.FLOAT32


def check_negative(op: Op, tensor: Tensor) -> bool:
    return op.kind == "BUILTIN_-7" and tensor.dtype is DType.FLOAT32


def check_dtype(op: Op, tensor: Tensor) -> bool:
    return tensor.dtype is DType.UNKNOWN and tensor.nbytes is None and tensor.array() is None


@pytest.mark.parametrize(
    ("change", "kind", "check"),
    [
        (unknown_op, ProblemKind.UNKNOWN_OP, check_op),
        (negative_op, ProblemKind.UNKNOWN_OP, check_negative),
        (unknown_dtype, ProblemKind.UNKNOWN_DTYPE, check_dtype),
    ],
)
def test_what_is_newer_than_the_schema_is_unknown_once_and_leaves_the_graph_whole(
    change: Callable[[GraphBuilder], None], kind: ProblemKind, check: Callable[[Op, Tensor], bool]
) -> None:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1])], g.tensor("y", [1])))
    change(g)
    ours = model(g)
    assert [problem.kind for problem in ours.problems] == [kind]
    assert ours.graphs[0].intact
    assert check(ours.graphs[0].ops[0], ours.graphs[0].tensors[1])
