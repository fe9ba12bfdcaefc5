"""The parts of the SavedModel reader on their own: the wire, the table of ops, and what few models have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saved_models import Func, const, function, graph_def, node, object_graph, saved_model, varint, write
from tflint.collector import without_collector
from tflint.formats import read
from tflint.formats.saved_model import wire
from tflint.formats.saved_model.ops import Output, op_def
from tflint.formats.saved_model.protos import parse
from tflint.formats.saved_model.schema import DTYPES, MESSAGES
from tflint.formats.saved_model.wire import slim
from tflint.model import DType, ProblemKind

F, R = DType.FLOAT32, DType.RESOURCE
X = node("x", "Placeholder", dtype=F)


def large(message: Any) -> memoryview:
    return memoryview(message.SerializeToString())


def test_large_constants_are_taken_out_and_the_message_stays_what_it_is() -> None:
    weights = np.arange(20_000, dtype=np.float32)
    graph = graph_def([const("a", weights), X, const("small", np.ones(3, np.float32)), const("b", weights[::-1])])
    graph.node[1].attr["note"].s = b"s" * 20_000
    graph.library.function.append(function("f", {}, [const("c", weights)], {"y": ("c:output:0", F)}))
    view = large(graph)
    found = slim("GraphDef", view)
    assert len(found.content) < 25_000
    assert len(found.taken) == 3
    again = parse("GraphDef", found.content, "it")
    taken = [found.original(each.attr["value"].tensor.tensor_content) for each in again.node if each.op == "Const"]
    assert taken[1] is None
    assert [bytes(each.content) for each in taken if each is not None] == [weights.tobytes(), weights[::-1].tobytes()]
    for each in taken:
        assert each is None or view[each.offset : each.offset + 8] == each.content[:8]
    inner = again.library.function[0].node_def[0]
    for each in [inner, *(each for each in again.node if each.op == "Const")]:
        original = found.original(each.attr["value"].tensor.tensor_content)
        if original is not None:
            each.attr["value"].tensor.tensor_content = bytes(original.content)
    assert again == graph


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


@pytest.mark.parametrize(
    "content",
    [
        field(1, bytes(20_000))[:-1],
        field(1, field(5, b"\xff" * 20_000)),
        b"\x0b" + bytes(20_000),
        b"\x08" + b"\xff" * 20_000,
        field(100_000, bytes(20_000)) + b"\x0a",
    ],
    ids=["cut off", "no field", "group", "number without end", "no size"],
)
def test_what_does_not_follow_the_encoding_is_left_as_it_is(content: bytes) -> None:
    view = memoryview(content)
    assert slim("GraphDef", view).content is view


def test_fields_that_nobody_knows_are_kept() -> None:
    content = field(77, bytes(20_000)) + b"\x09" + bytes(8) + b"\x0d" + bytes(4) + b"\x98\x7d\x05"
    assert slim("GraphDef", memoryview(content)).content == content


def test_messages_that_are_nested_too_deeply_are_left_as_they_are() -> None:
    content = bytes(20_000)
    for _ in range(120):  # functions in attributes of functions
        content = field(2, field(1, b"k") + field(2, field(10, content)))
    view = memoryview(field(1, field(5, field(2, field(10, content)))))
    assert slim("GraphDef", view).content is view


def test_the_fields_that_are_looked_at_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_MOST_FIELDS", 100)
    view = large(graph_def([X] * 1000))
    assert slim("GraphDef", view).content is view


def test_the_table_tells_outputs_state_and_defaults() -> None:
    conv, split, loop, call = (op_def(kind) for kind in ("Conv2D", "Split", "While", "PartitionedCall"))
    assert conv is not None
    assert split is not None
    assert loop is not None
    assert call is not None
    assert conv.outputs == (Output("output", None, "T"),)
    assert (conv.defaults["data_format"], conv.defaults["dilations"]) == ("NHWC", (1, 1, 1, 1))
    assert split.outputs == (Output("output", None, "T", "num_split"),)
    assert loop.outputs == (Output("output", None, "T", is_list=True),)
    assert (loop.is_stateful, loop.functions, call.functions) == (True, ("cond", "body"), ("f",))
    assert op_def("MadeUp") is op_def("") is None


def test_defaults_may_be_types_and_shapes() -> None:
    shape, placeholder, sparse = op_def("Shape"), op_def("Placeholder"), op_def("VarHandleOp")
    assert shape is not None
    assert placeholder is not None
    assert sparse is not None
    assert shape.defaults["out_type"] is DType.INT32
    assert placeholder.defaults["shape"] is None
    assert sparse.defaults["allowed_devices"] == ()


def test_every_message_of_the_schema_is_described() -> None:
    known = {"string", "bytes", "int32", "int64", "uint32", "uint64", "fixed64", "bool", "float", "double", "DataType",
             "SaverDef.CheckpointFormatVersion", "BundleHeaderProto.Endianness"}  # fmt: skip
    for fields in MESSAGES.values():
        for each in fields:
            kind = each.split(":")[2].partition("|")[0].strip("[]{}").split(",")[-1]
            assert kind in known or kind in MESSAGES
    assert DTYPES[1] == "FLOAT32"


def test_the_collector_stays_off_where_it_was_off() -> None:
    import gc

    gc.disable()
    try:
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
    with without_collector():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_objects_of_the_checkpoint_tell_which_variable_a_function_is_bound_to(tmp_path: Path) -> None:
    names = function("f", {"a": R, "b": R, "c": R}, [
        node(f"r{each}", "ReadVariableOp", [each], dtype=F) for each in "abc"
    ] + [node("sum", "AddN", [f"r{each}:value:0" for each in "abc"], T=F, N=3)], {"y": ("sum:sum:0", F)})  # fmt: skip
    nodes = [
        *(node(f"v{n}", "VarHandleOp", dtype=F, shape=(), shared_name=name) for n, name in enumerate(("w", "w", "u"))),
        const("names", np.array(["k0", "k1"])), const("slices", np.array(["", ""])),
        node("p", "Placeholder", dtype=DType.STRING),
        node("r", "RestoreV2", ["p", "names", "slices"], dtypes=[F, F]),
        *(node(f"a{n}", "AssignVariableOp", [f"v{n}", f"r:{n}"], dtype=F) for n in range(2)),
    ]  # fmt: skip
    model = saved_model(nodes, [names])
    objects = model.meta_graphs[0].object_graph_def
    for name in ("w", "w", "u"):
        objects.nodes.add().variable.name = name
    objects.nodes.add().function.concrete_functions.append("f")
    objects.concrete_functions["f"].bound_inputs.extend([1, 0, 2])
    values = {
        "k0": np.array(0, np.float32), "k1": np.array(1, np.float32), "u": np.array(2, np.float32),
        "_CHECKPOINTABLE_OBJECT_GRAPH": object_graph([("w", "k0"), ("w", "k1"), ("no", "k0")]),
    }  # fmt: skip
    found = read(write(tmp_path / "m", model, values))
    assert [each.array().tolist() for each in found.graphs[0].ops[0].inputs] == [1, 0, 2]  # type: ignore[union-attr]
    objects.nodes[0].user_object.identifier = "x"
    found = read(write(tmp_path / "n", model, values))
    assert [tensor.name for tensor in found.graphs[0].inputs] == ["b"]
    assert found.problems == ()


def test_an_input_may_have_two_names(tmp_path: Path) -> None:
    model = saved_model([X, node("y", "Neg", ["x"], T=F)], [],
                        {"f": ({"a": "x:0", "b": "x:0"}, {"y": "y:0", "z": "y:9"})})  # fmt: skip
    found = read(write(tmp_path / "m", model))
    signature = found.signatures[0]
    assert signature.inputs["a"] is signature.inputs["b"]
    assert list(signature.outputs) == ["y"]
    assert len(found.graphs[0].inputs) == 1
    assert not found.graphs[0].intact


def test_a_loop_that_is_not_closed_by_a_merge_is_told(tmp_path: Path) -> None:
    nodes = [node("a", "Neg", ["n"], T=F), node("n", "NextIteration", ["a"], T=F)]
    found = read(write(tmp_path / "m", saved_model(nodes, [], {"f": ({}, {"y": "a:0"})})))
    assert [problem.message for problem in found.problems] == ["Node 'n' needs its own result."]
    assert {op.kind for op in found.graphs[0].ops} == {"Neg", "NextIteration"}


def test_metadata_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", saved_model([X]))
    (tmp_path / "outside").write_bytes(b"")
    (folder / "keras_metadata.pb").symlink_to(tmp_path / "outside")
    (problem,) = read(folder).problems
    assert problem.kind is ProblemKind.MISSING_FILE


def test_an_op_without_inputs_where_one_belongs_is_kept(tmp_path: Path) -> None:
    nodes = [node("r", "ReadVariableOp", dtype=F), node("i", "Identity", T=F), node("a", "AssignAdd", ["i", "r"], T=F),
             node("f", "If", ["i"], then_branch=Func("no"), else_branch=3)]  # fmt: skip
    path = tmp_path / "g.pb"
    path.write_bytes(graph_def(nodes).SerializeToString())
    assert [op.kind for op in read(path).graphs[0].ops] == ["ReadVariableOp", "Identity", "AssignAdd", "If"]
