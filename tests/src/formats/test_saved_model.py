"""Graphs, ops and signatures of SavedModels and of frozen graphs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saved_models import Func, attr, const, function, graph_def, info, node, saved_model, tensor, write
from tflint.formats import read
from tflint.formats.saved_model.protos import new
from tflint.model import DType, Format, Graph, Model, Op, ProblemKind

F, I32, R = DType.FLOAT32, DType.INT32, DType.RESOURCE


def by_name(graph: Graph) -> dict[str, Op]:
    return {op.name: op for op in graph.ops}


def only(tmp_path: Path, *args: Any, **kwargs: Any) -> Model:
    """The model of a SavedModel, as written and read."""
    return read(write(tmp_path / "model", saved_model(*args, **kwargs)))


def restored(*variables: str) -> list[Any]:
    """The nodes of TensorFlow 1 that restore variables of these names."""
    return [
        const("save/names", np.array(variables)),
        const("save/slices", np.array([""] * len(variables))),
        node("save/Const", "Placeholder", dtype=DType.STRING),
        node("save/RestoreV2", "RestoreV2", ["save/Const", "save/names", "save/slices"], dtypes=[F] * len(variables)),
        *(
            node(f"save/Assign_{number}", "AssignVariableOp", [name, f"save/RestoreV2:{number}"], dtype=F)
            for number, name in enumerate(variables)
        ),
        node("restore_all", "NoOp", [f"^save/Assign_{number}" for number in range(len(variables))]),
    ]


INNER = function(
    "inner",
    {"x": F, "w": R},
    [
        node("MatMul/ReadVariableOp", "ReadVariableOp", ["w"], dtype=F),
        node("MatMul", "MatMul", ["x", "MatMul/ReadVariableOp:value:0"], T=F, _output_shapes=[(None, 2)]),
        node("split_dim", "Const", dtype=I32, value=np.array(1, np.int32)),
        node("split", "Split", ["split_dim:output:0", "MatMul:product:0"], T=F, num_split=2),
        node("unused", "Igamma", ["x", "x"], T=F),
        node("Identity", "Identity", ["split:output:1", "^print"], T=F),
        node("print", "PrintV2", ["x"], output_stream="stdout"),
    ],
    {"out": ("Identity:output:0", F)},
)
OUTER = function(
    "outer",
    {"x": F, "w": R},
    [
        node("call", "StatefulPartitionedCall", ["x", "w"], f=Func("inner"), Tin=[F, R], Tout=[F]),
        node("again", "inner", ["call:output:0", "w"]),
    ],
    {"out": ("again:out:0", F)},
)
NODES = [
    node("x", "Placeholder", dtype=F, shape=(None, 4)),
    node("w", "VarHandleOp", dtype=F, shape=(4, 2), shared_name="dense/kernel"),
    node("Call", "StatefulPartitionedCall", ["x", "w"], f=Func("outer"), Tin=[F, R], Tout=[F]),
    *restored("w"),
]
SIGNATURES = {"serving_default": ({"x": "x:0"}, {"y": "Call:0"})}


def two_calls(tmp_path: Path) -> Model:
    kernel = np.arange(8, dtype=np.float32).reshape(4, 2)
    model = saved_model(NODES, [OUTER, INNER], SIGNATURES, restore="restore_all")
    return read(write(tmp_path / "model", model, {"w": kernel}))


def test_calls_are_replaced_by_what_they_call(tmp_path: Path) -> None:
    model = two_calls(tmp_path)
    assert (model.format, model.producer, model.problems) == (Format.SAVED_MODEL, "tensorflow 2.21.0", ())
    graph = model.graphs[0]
    assert graph.name == "serving_default"
    assert graph.intact
    assert [op.name for op in graph.ops] == [
        f"Call/{call}/{name}" for call in ("call", "again") for name in ("MatMul", "split", "print", "Identity")
    ]
    split = by_name(graph)["Call/again/split"]
    assert (split.kind, split.address) == ("Split", "serving_default/Call/again/split")
    assert [tensor.name for tensor in split.outputs] == ["Call/again/split:0", "Call/again/split:1"]
    assert [tensor.dtype for tensor in split.outputs] == [F, F]
    assert not split.outputs[0].has_rank
    assert model.find(split.address) is split
    assert graph.outputs == (by_name(graph)["Call/again/Identity"].outputs[0],)
    assert by_name(graph)["Call/call/MatMul"].outputs[0].shape == (None, 2)


def test_a_variable_is_a_constant_with_the_value_of_the_checkpoint(tmp_path: Path) -> None:
    model = two_calls(tmp_path)
    first, second = (op for op in model.graphs[0].ops if op.kind == "MatMul")
    kernel = first.inputs[1]
    assert kernel is not None
    assert kernel is second.inputs[1]
    assert (kernel.name, kernel.dtype, kernel.shape, kernel.is_constant) == ("dense/kernel", F, (4, 2), True)
    assert kernel.array().tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]  # type: ignore[union-attr]


def test_a_signature_gives_the_names_that_callers_use(tmp_path: Path) -> None:
    model = two_calls(tmp_path)
    (signature,) = model.signatures
    assert (signature.key, signature.graph_index) == ("serving_default", 0)
    assert signature.inputs["x"] is model.graphs[0].inputs[0]
    assert (signature.inputs["x"].name, signature.inputs["x"].shape) == ("x:0", (None, 4))
    assert signature.outputs["y"] is model.graphs[0].outputs[0]


def test_what_no_signature_needs_stands_in_a_graph_of_its_own(tmp_path: Path) -> None:
    model = two_calls(tmp_path)
    assert [graph.name for graph in model.graphs] == ["serving_default", "rest"]
    rest = model.graphs[1]
    assert [op.kind for op in rest.ops] == ["Placeholder", "RestoreV2", "AssignVariableOp", "NoOp"]
    assert [tensor.name for tensor in rest.inputs] == ["save/Const:0"]
    assert rest.ops[2].inputs[0].name == "dense/kernel"  # type: ignore[union-attr]
    assert rest.ops[3].options["^"] == ("save/Assign_0",)
    assert rest.intact


def test_functions_that_no_signature_calls_are_graphs_and_their_calls_stay(tmp_path: Path) -> None:
    model = only(tmp_path, [node("x", "Placeholder", dtype=F), node("y", "Neg", ["x"], T=F)], [OUTER, INNER],
                 {"f": ({"x": "x:0"}, {"y": "y:0"})})  # fmt: skip
    assert [graph.name for graph in model.graphs] == ["f", "outer", "inner"]
    outer, inner = model.graphs[1:]
    assert [op.kind for op in outer.ops] == ["StatefulPartitionedCall", "inner"]
    assert outer.ops[0].options["f"] == "inner"
    assert [tensor.name for tensor in outer.inputs] == ["x", "w"]
    assert {op.kind for op in inner.ops} >= {"Igamma", "ReadVariableOp", "PrintV2"}
    assert not outer.ops[1].is_custom
    assert model.problems == ()


def test_options_are_python_values_with_the_defaults_of_tensorflow(tmp_path: Path) -> None:
    placeholder = new("AttrValue")
    placeholder.placeholder = "T"
    odd = node(
        "y", "Conv2D", ["x", "x"], T=F, strides=[1, 2, 2, 1], padding="SAME", use_cudnn_on_gpu=False, _s=b"\xff", _f=0.5,
        _shape=(None, 3), _shapes=[(1,), (2, None)], _types=[F, I32], _texts=["a"], _floats=[0.5], _empty=[],
        _f1=Func("f"), _fs=[Func("g")], _tensor=np.array([1, 2], np.int32), _placeholder=placeholder,
        _nothing=new("AttrValue"),
    )  # fmt: skip
    model = only(tmp_path, [node("x", "Placeholder", dtype=F), odd], [], {"f": ({"x": "x:0"}, {"y": "y:0"})})
    options = dict(model.graphs[0].ops[0].options)
    held = options.pop("_tensor")
    assert (held.dtype, held.shape, held.array().tolist()) == (I32, (2,), [1, 2])
    assert options == {
        "T": F, "strides": (1, 2, 2, 1), "padding": "SAME", "use_cudnn_on_gpu": False, "data_format": "NHWC",
        "dilations": (1, 1, 1, 1), "explicit_paddings": (), "_s": b"\xff", "_f": 0.5, "_shape": (None, 3),
        "_shapes": ((1,), (2, None)), "_types": (F, I32), "_texts": ("a",), "_floats": (0.5,), "_empty": (),
        "_f1": "f", "_fs": ("g",), "_placeholder": None, "_nothing": None,
    }  # fmt: skip
    assert model.graphs[0].ops[0].options is model.graphs[0].ops[0].options


BODY = function(
    "body",
    {"n": I32, "w": R},
    [node("read", "ReadVariableOp", ["w"], dtype=F), node("cast", "Cast", ["read:value:0"], SrcT=F, DstT=I32)],
    {"n": ("cast:y:0", I32), "w": ("w", R)},
    n=(),
)
COND = function("cond", {"n": I32, "w": R}, [node("less", "Less", ["n", "n"], T=I32)], {"go": ("less:z:0", DType.BOOL)})


def test_branches_and_bodies_are_graphs_that_ops_name(tmp_path: Path) -> None:
    nodes = [
        node("n", "Placeholder", dtype=I32),
        node("w", "VarHandleOp", dtype=F, shape=(), shared_name="w"),
        node("loop", "While", ["n", "w"], T=[I32, R], body=Func("body"), cond=Func("cond")),
        *restored("w"),
    ]
    model = read(
        write(
            tmp_path / "m",
            saved_model(
                nodes, [BODY, COND], {"f": ({"n": info("n:0", I32, ())}, {"n": "loop:0"})}, restore="restore_all"
            ),
            {"w": np.array(3, np.float32)},
        )
    )
    assert model.problems == ()
    assert [graph.name for graph in model.graphs] == ["f", "cond", "body", "rest"] or [
        graph.name for graph in model.graphs
    ] == ["f", "body", "cond", "rest"]
    loop = model.graphs[0].ops[0]
    assert (loop.options["body"], loop.options["cond"]) == ("body", "cond")
    body = next(graph for graph in model.graphs if graph.name == "body")
    assert [op.kind for op in body.ops] == ["Cast"]
    assert body.ops[0].inputs[0].array() == 3  # type: ignore[union-attr]
    assert [tensor.name for tensor in body.inputs] == ["n"]
    assert body.inputs[0].shape == ()
    assert model.graphs[0].ops[0].outputs[1].dtype is R


def test_a_branch_whose_callers_do_not_agree_has_an_open_argument(tmp_path: Path) -> None:
    nodes = [
        node("n", "Placeholder", dtype=I32),
        *(node(name, "VarHandleOp", dtype=F, shape=(), shared_name=name) for name in "vw"),
        node("a", "While", ["n", "w"], T=[I32, R], body=Func("body"), cond=Func("cond")),
        node("b", "While", ["a", "v"], T=[I32, R], body=Func("body"), cond=Func("cond")),
        *restored("v", "w"),
    ]
    values = {"v": np.array(1, np.float32), "w": np.array(2, np.float32)}
    signatures = {"f": ({"n": info("n:0", I32, ())}, {"n": "b:0"})}
    model = read(write(tmp_path / "m", saved_model(nodes, [BODY, COND], signatures, restore="restore_all"), values))
    body = next(graph for graph in model.graphs if graph.name == "body")
    assert [op.kind for op in body.ops] == ["ReadVariableOp", "Cast"]
    assert [tensor.name for tensor in body.inputs] == ["n", "w"]


def test_a_loop_of_tensorflow_1_is_a_loop(tmp_path: Path) -> None:
    nodes = [
        node("x", "Placeholder", dtype=F),
        node("enter", "Enter", ["x"], T=F, frame_name="f"),
        node("merge", "Merge", ["enter", "next"], T=F, N=2),
        node("cond", "LoopCond", ["go"]),
        node("go", "Less", ["merge", "x"], T=F),
        node("switch", "Switch", ["merge", "cond"], T=F),
        node("next", "NextIteration", ["switch:1"], T=F),
        node("exit", "Exit", ["switch"], T=F),
    ]
    model = only(tmp_path, nodes, [], {"f": ({"x": "x:0"}, {"y": "exit:0"})})
    assert model.problems == ()
    ops = by_name(model.graphs[0])
    assert ops["merge"].inputs[1] is ops["next"].outputs[0]
    assert [tensor.dtype for tensor in ops["merge"].outputs] == [F, I32]
    assert model.graphs[0].intact


def test_a_frozen_graph_is_a_model_of_one_graph(tmp_path: Path) -> None:
    weights = np.arange(10_000, dtype=np.float32)
    nodes = [
        node("x", "Placeholder", dtype=F, shape=(2, 10_000)),
        const("w", weights),
        node("call", "PartitionedCall", ["x", "w"], f=Func("add"), Tin=[F, F], Tout=[F]),
    ]
    add = function("add", {"a": F, "b": F}, [node("sum", "AddV2", ["a", "b"], T=F)], {"c": ("sum:z:0", F)})
    path = tmp_path / "frozen.pb"
    path.write_bytes(graph_def(nodes, [add]).SerializeToString())
    model = read(path)
    assert (model.format, model.problems, model.signatures) == (Format.SAVED_MODEL, (), ())
    (graph,) = model.graphs
    assert [op.name for op in graph.ops] == ["x", "call/sum"]
    assert [tensor.name for tensor in graph.inputs] == ["x:0"]
    assert [tensor.name for tensor in graph.outputs] == ["call/sum:0"]
    held = graph.ops[1].inputs[1]
    assert held is not None
    assert held.byte_offset is not None
    assert path.read_bytes()[held.byte_offset :].startswith(weights.tobytes())
    assert held.array().tolist() == weights.tolist()  # type: ignore[union-attr]
    assert "tensorflow" not in sys.modules


def test_a_saved_model_file_of_any_name_is_read_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "model.pb"
    path.write_bytes(saved_model(NODES, [OUTER, INNER], SIGNATURES, restore="restore_all").SerializeToString())
    model = read(path)
    assert model.problems == ()
    assert [op.kind for op in model.graphs[0].ops if op.kind == "ReadVariableOp"] == ["ReadVariableOp"] * 2
    assert model.graphs[0].ops[0].kind == "VarHandleOp"


def test_a_model_in_text_form_is_read(tmp_path: Path) -> None:
    from google.protobuf import text_format

    text = text_format.MessageToString(saved_model(NODES, [OUTER, INNER], SIGNATURES))
    (tmp_path / "saved_model.pbtxt").write_text(text + "\nmade_up { field: 1 }\n")
    assert [op.kind for op in read(tmp_path).graphs[0].ops][-1] == "Identity"


def test_signatures_stand_in_order_and_may_share_nodes(tmp_path: Path) -> None:
    nodes = [node("x", "Placeholder", dtype=F), node("y", "Neg", ["x"], T=F), node("z", "Exp", ["y"], T=F)]
    sides = {
        "b": ({"x": "x:0"}, {"y": "y:0"}),
        "serving_default": ({"x": "x:0"}, {"z": "z:0", "y": "y:0"}),
        "a": ({"y": "y:0"}, {"z": "z:0"}),
        "__saved_model_init_op": ({}, {"__saved_model_init_op": "z"}),
        "echo": ({"x": "x:0"}, {"x": "x:0"}),
    }
    model = only(tmp_path, nodes, [], sides)
    assert [signature.key for signature in model.signatures] == ["serving_default", "a", "b", "echo"]
    assert [[op.name for op in graph.ops] for graph in model.graphs] == [["y", "z"], ["z"], ["y"], []]
    assert model.graphs[1].ops[0].inputs[0] is model.graphs[1].inputs[0]
    echo = model.signatures[3]
    assert echo.inputs["x"] is echo.outputs["x"]


def test_the_parts_of_sparse_and_composite_tensors_are_inputs_of_their_own(tmp_path: Path) -> None:
    sparse, composite = new("TensorInfo"), new("TensorInfo")
    for part, name in zip(("values", "indices", "dense_shape"), ("v:0", "i:0", "s"), strict=True):
        setattr(sparse.coo_sparse, f"{part}_tensor_name", name)
    composite.composite_tensor.components.extend([info("v:0"), info("i:0", DType.INT64)])
    nodes = [node("v", "Placeholder", dtype=F), node("i", "Placeholder", dtype=DType.INT64),
             node("s", "Placeholder", dtype=DType.INT64), node("y", "Neg", ["v"], T=F)]  # fmt: skip
    model = only(tmp_path, nodes, [], {"a": ({"x": sparse}, {"y": "y:0"}), "b": ({"x": composite}, {"y": "y:0"})})
    assert list(model.signatures[0].inputs) == ["x/values", "x/indices", "x/dense_shape"]
    assert list(model.signatures[1].inputs) == ["x/0", "x/1"]
    assert model.signatures[1].inputs["x/1"].dtype is DType.INT64


def test_the_graph_that_is_served_comes_first_and_others_keep_their_tags(tmp_path: Path) -> None:
    model = saved_model([node("t", "NoOp")], [], tags=["train", "gpu"])
    served = saved_model([node("x", "Placeholder", dtype=F), node("y", "Neg", ["x"], T=F)], [],
                         {"f": ({"x": "x:0"}, {"y": "y:0"})})  # fmt: skip
    untagged = saved_model([node("u", "NoOp")], [INNER], {"f": ({}, {"x": "u:0"})}, tags=[])
    model.meta_graphs.extend([*served.meta_graphs, *untagged.meta_graphs])
    found = read(write(tmp_path / "m", model))
    assert [graph.name for graph in found.graphs] == ["f", "train+gpu/graph", "2/graph", "2/inner"]
    assert [graph.index for graph in found.graphs] == [0, 1, 2, 3]
    assert found.graphs[1].ops[0].address == "train+gpu/graph/t"
    assert found.problems == ()


def test_without_signatures_the_functions_of_the_objects_come_first(tmp_path: Path) -> None:
    model = saved_model([NODES[1], *restored("w")], [INNER, OUTER, COND], restore="restore_all")
    objects = model.meta_graphs[0].object_graph_def
    objects.nodes.add().function.concrete_functions.extend(["outer", "inner", "not there"])
    objects.nodes.add().variable.name = "dense/kernel"
    objects.concrete_functions["outer"].bound_inputs.extend([1])
    objects.concrete_functions["inner"].bound_inputs.extend([0, 9])
    objects.concrete_functions["cond"].bound_inputs.extend([1, 1, 1])
    found = read(write(tmp_path / "m", model, {"w": np.ones((4, 2), np.float32)}))
    assert [graph.name for graph in found.graphs] == ["outer", "cond", "rest"]
    assert [tensor.name for tensor in found.graphs[0].inputs] == ["x"]
    assert found.graphs[0].ops[0].inputs[1].array().tolist() == [[1, 1]] * 4  # type: ignore[union-attr]
    assert found.graphs[1].inputs == ()


def test_a_custom_op_is_known_as_one_and_has_the_outputs_that_others_take(tmp_path: Path) -> None:
    nodes = [node("x", "Placeholder", dtype=F), node("c", "MyOp", ["x"], f=Func("cond")),
             node("y", "Neg", ["c:3"], T=F)]  # fmt: skip
    model = only(tmp_path, nodes, [COND], {"f": ({"x": "x:0"}, {"y": "y:0"})})
    custom = model.graphs[0].ops[0]
    assert custom.is_custom
    assert [(tensor.name, tensor.dtype) for tensor in custom.outputs] == [("c:3", DType.UNKNOWN)]
    assert [graph.name for graph in model.graphs] == ["f", "cond"]
    assert model.problems == ()


def test_outputs_after_a_list_are_found_by_their_names(tmp_path: Path) -> None:
    pair = function("pair", {"x": F}, [], {"first": ("x", F), "second": ("x:0", F)})
    lists = function(
        "lists",
        {"x": F},
        [
            node("topk", "TopKV2", ["x", "k:output:0"], T=F),
            const("k", np.int32(2)),
            node("pair", "pair", ["x"]),
            node("sum", "Add", ["pair:second:0", "pair:nothing:0"], T=F),
            node("fused", "FusedBatchNormV3", ["x"] * 5, T=DType.FLOAT16, U=F),
            node("custom", "Custom", ["x"]),
            node("odd", "Odd", ["topk:indices:0", "fused:reserve_space_1:0", "sum:z:0", "custom:any:0", "topk:none:0",
                                "topk:1"]),
        ],
        {"y": ("odd:0", F)},
    )  # fmt: skip
    nodes = [node("x", "Placeholder", dtype=F), node("y", "PartitionedCall", ["x"], f=Func("lists"))]
    model = only(tmp_path, nodes, [lists, pair], {"f": ({"x": "x:0"}, {"y": "y:0"})})
    ops = by_name(model.graphs[0])
    assert [tensor and tensor.name for tensor in ops["y/odd"].inputs] == [
        "y/topk:1", "y/fused:3", "y/sum:0", "y/custom:0", "y/topk:0", "y/topk:1",
    ]  # fmt: skip
    assert [tensor.dtype for tensor in ops["y/fused"].outputs] == [DType.FLOAT16, F, F, F, F, F]
    assert ops["y/topk"].outputs[1].dtype is I32
    assert [tensor and tensor.name for tensor in ops["y/sum"].inputs] == ["x:0", "x:0"]


def test_defaults_and_counts_tell_the_types_of_outputs(tmp_path: Path) -> None:
    nodes = [
        node("x", "Placeholder", dtype=F, shape=(3,)),
        node("shape", "Shape", ["x"], T=F),
        node("parts", "Unpack", ["x"], T=F, num=3),
        node("none", "Unpack", ["x"], T=F, num=-5),
        node("reader", "Restore", ["a", "b"]),
        node("a", "Const", dtype=DType.STRING, value=np.array("f")),
        node("b", "Const", dtype=DType.STRING, value=np.array("w")),
        node("list", "IdentityN", ["x"]),
        node("odd", "QuantizeV2", ["x", "x", "x"]),
    ]
    path = tmp_path / "g.pb"
    path.write_bytes(graph_def(nodes).SerializeToString())
    ops = by_name(read(path).graphs[0])
    assert [tensor.dtype for tensor in ops["shape"].outputs] == [I32]
    assert [tensor.name for tensor in ops["parts"].outputs] == ["parts:0", "parts:1", "parts:2"]
    assert ops["none"].outputs == ops["list"].outputs == ()
    assert [tensor.dtype for tensor in ops["reader"].outputs] == [DType.UNKNOWN]
    assert [tensor.dtype for tensor in ops["odd"].outputs] == [DType.UNKNOWN, F, F]
    assert ops["x"].outputs[0].shape == (3,)


def test_the_names_of_keras_layers_are_those_in_the_metadata(tmp_path: Path) -> None:
    inner = function(
        "layer_call",
        {"x": F},
        [node("block/dense/MatMul", "MatMul", ["x", "x"], T=F), node("tail/Neg", "Neg", ["x"], T=F)],
        {"y": ("block/dense/MatMul:product:0", F), "z": ("tail/Neg:y:0", F)},
    )
    nodes = [
        node("x", "Placeholder", dtype=F),
        node("Call", "PartitionedCall", ["x"], f=Func("layer_call"), Tout=[F, F]),
    ]
    model = saved_model(nodes, [inner], {"f": ({"x": "x:0"}, {"y": "Call:0", "z": "Call:1"})})
    for identifier, metadata in (
        ("_tf_keras_layer", '{"name": "dense"}'), ("_tf_keras_network", '{"name": "block"}'),
        ("_tf_keras_layer", "not json"), ("_tf_keras_layer", "[]"), ("_tf_keras_layer", '{"name": 3}'),
        ("_tf_keras_metric", '{"name": "tail"}'), ("_generic_user_object", '{"name": "tail"}'),
    ):  # fmt: skip
        user = model.meta_graphs[0].object_graph_def.nodes.add().user_object
        user.identifier, user.metadata = identifier, metadata
    found = read(write(tmp_path / "a", model))
    assert [(op.name, op.layer) for op in found.graphs[0].ops] == [
        ("Call/block/dense/MatMul", "dense"), ("Call/tail/Neg", None),
    ]  # fmt: skip
    del model.meta_graphs[0].object_graph_def.nodes[:]
    folder = write(tmp_path / "b", model)
    beside = new("SavedMetadata")
    beside.nodes.add(identifier="_tf_keras_layer", metadata='{"name": "tail"}')
    (folder / "keras_metadata.pb").write_bytes(beside.SerializeToString())
    assert [op.layer for op in read(folder).graphs[0].ops] == [None, "tail"]
    (folder / "keras_metadata.pb").write_bytes(b"\x0a\xff")
    found = read(folder)
    assert [problem.kind for problem in found.problems] == [ProblemKind.DAMAGED]
    assert [op.layer for op in found.graphs[0].ops] == [None, None]


def test_without_metadata_the_variables_that_are_read_tell_the_layers(tmp_path: Path) -> None:
    names = ["dense/kernel", "sequential/lstm/cell/kernel", "plain", "other/w", "net/kernel"]
    reads = [
        "functional_1/dense_2/MatMul/ReadVariableOp", "sequential_1/lstm_1/cell_1/Read", "Read", "far/away/Read",
        "net_1/Read",
    ]  # fmt: skip
    ops = {
        "functional_1/dense_2/MatMul": "dense", "functional_1/relu_1/Relu": "relu", "functional_1/Add": None,
        "sequential_1/lstm_1/while/x": "lstm", "sequential_1/drop/x/y": "drop", "else_1/a/b": None, "net_1/Mul": "net",
    }  # fmt: skip
    body = function(
        "f",
        dict.fromkeys([f"v{number}" for number in range(len(names))], R),
        [node(each, "ReadVariableOp", [f"v{number}"], dtype=F) for number, each in enumerate(reads)]
        + [node(name, "AddN", [f"{each}:value:0" for each in reads], T=F, N=len(reads)) for name in ops],
        {f"r{number}": (f"{name}:sum:0", F) for number, name in enumerate(ops)},
    )
    handles = [
        node(f"h{number}", "VarHandleOp", dtype=F, shape=(), shared_name=name) for number, name in enumerate(names)
    ]
    call = node("Call", "StatefulPartitionedCall", [each.name for each in handles], f=Func("f"), Tout=[F] * len(ops))
    sides: dict[str, Any] = {"f": ({}, {f"r{number}": f"Call:{number}" for number in range(len(ops))})}
    model = saved_model([*handles, call], [body], sides)
    found = read(write(tmp_path / "m", model, {name: np.array(1, np.float32) for name in names}))
    assert {op.name.removeprefix("Call/"): op.layer for op in found.graphs[0].ops} == ops


@pytest.mark.parametrize("old", [False, True])
def test_the_innermost_line_of_the_authors_own_is_the_source(tmp_path: Path, old: bool) -> None:
    debug = new("GraphDebugInfo")
    debug.files.extend(["/home/me/train.py", "/usr/lib/python3/site-packages/keras/layer.py", "<stdin>"])
    frames = [(0, 10), (0, 41), (1, 7), (2, 1), (9, 1), (0, 0)]
    if old:
        for key, kept in {"MatMul@inner": frames, "print@inner": frames[2:4]}.items():
            for file, line in kept:
                debug.traces[key].file_line_cols.add(file_index=file, line=line)
    else:
        for number, (file, line) in enumerate(frames):
            debug.frames_by_id[number].file_index = file
            debug.frames_by_id[number].line = line
        debug.traces_by_id[1].frame_id.extend([*range(len(frames)), 77])
        debug.traces_by_id[2].frame_id.extend([2, 3])
        debug.name_to_trace_id["MatMul@inner"] = 1
        debug.name_to_trace_id["print@inner"] = 2
        debug.name_to_trace_id["Identity@inner"] = 2
        debug.name_to_trace_id["split@inner"] = 3
    folder = write(tmp_path / "m", saved_model(NODES, [OUTER, INNER], SIGNATURES))
    (folder / "debug").mkdir()
    (folder / "debug" / "saved_model_debug_info.pb").write_bytes(debug.SerializeToString())
    ops = by_name(read(folder).graphs[0])
    assert ops["Call/call/MatMul"].source == ops["Call/again/MatMul"].source == ("/home/me/train.py", 41)
    assert ops["Call/call/MatMul"].location.source == ("/home/me/train.py", 41)
    assert ops["Call/call/print"].source is ops["Call/call/split"].source is ops["Call/call/Identity"].source is None


def test_debug_information_may_stand_in_the_graph_itself(tmp_path: Path) -> None:
    graph = graph_def([node("x", "Placeholder", dtype=F)])
    graph.debug_info.files.append("a.py")
    graph.debug_info.traces["x@"].file_line_cols.add(file_index=0, line=5)
    (tmp_path / "g.pb").write_bytes(graph.SerializeToString())
    assert read(tmp_path / "g.pb").graphs[0].ops[0].source == ("a.py", 5)


def test_attr_of_the_support_module_takes_messages() -> None:
    assert attr(attr(3)).i == 3
    assert tensor(np.zeros(2, np.int8)).dtype == 6
