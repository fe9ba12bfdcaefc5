"""SavedModels that are damaged, or made to hurt: problems, never an exception, in bounded time and memory."""

from __future__ import annotations

import os
import random
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saved_models import Func, attr, const, function, graph_def, info, node, saved_model, varint, write
from tflint.formats import discover, read
from tflint.formats.saved_model import body, metagraph, protos, sheet
from tflint.formats.saved_model.protos import new
from tflint.model import DType, Format, Model, Problem, ProblemKind

F, R = DType.FLOAT32, DType.RESOURCE
X = node("x", "Placeholder", dtype=F, shape=(2,))
Y = node("y", "Neg", ["x"], T=F)
SIDES: dict[str, Any] = {"f": ({"x": "x:0"}, {"y": "y:0"})}


def model_of(tmp_path: Path, *args: Any, **kwargs: Any) -> Model:
    return read(write(tmp_path / "m", saved_model(*args, **kwargs)))


def the_problem(model: Model) -> Problem:
    (problem,) = model.problems
    return problem


def fatal(path: Path) -> Problem:
    model = read(path)
    problem = the_problem(model)
    assert problem.fatal
    assert (model.format, model.graphs) == (Format.SAVED_MODEL, ())
    return problem


def test_what_is_no_message_is_told(tmp_path: Path) -> None:
    whole = saved_model([X, Y], [], SIDES).SerializeToString()
    path = tmp_path / "saved_model.pb"
    for content in (whole[:-3], whole[:40], b"\x08\1\x12\xff", b"\xff" * 30):
        path.write_bytes(content)
        problem = fatal(tmp_path)
        assert problem.kind is ProblemKind.DAMAGED
        assert problem.message == "'saved_model.pb' is no protobuf message SavedModel, or it was cut off or damaged."
        assert problem.help == "Copy the file again, or save the model again."
    path.write_bytes(b"\x08\1")
    assert fatal(tmp_path).kind is ProblemKind.NO_GRAPH
    path.write_bytes(b"")
    assert {problem.kind for problem in read(tmp_path).problems} == {ProblemKind.SCHEMA_VERSION, ProblemKind.NO_GRAPH}


def test_what_is_no_text_of_a_message_is_told(tmp_path: Path) -> None:
    path = tmp_path / "saved_model.pbtxt"
    for content in (b"meta_graphs {", b"\xff", b"meta_graphs: 3", b"saved_model_schema_version: 'a'"):
        path.write_bytes(content)
        problem = fatal(tmp_path)
        assert problem.kind is ProblemKind.DAMAGED
        assert problem.message.startswith("'saved_model.pbtxt' is no message SavedModel in text form: ")
    nested = b"meta_graphs { graph_def { library { function { arg_attr { key: 0 value { " + b"x { " * 2000
    path.write_bytes(nested)
    assert fatal(tmp_path).kind is ProblemKind.DAMAGED


def test_files_that_are_too_large_are_not_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "m", saved_model([X, Y], [], SIDES))
    monkeypatch.setattr(protos, "LARGEST", 10)
    monkeypatch.setattr(protos, "LARGEST_TEXT", 10)
    assert "more than any that is in use" in fatal(folder).message
    (folder / "saved_model.pb").rename(folder / "saved_model.pbtxt")
    assert "at most 10 bytes of text are read" in fatal(folder).message


def test_nesting_without_end_is_told(tmp_path: Path) -> None:
    content = b""
    for _ in range(3000):
        content = b"\x0a" + varint(len(content)) + content
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\1\x12" + varint(len(content)) + content)
    read(tmp_path)  # unknown fields may nest as they like


def test_another_version_is_told_and_read(tmp_path: Path) -> None:
    model = saved_model([X, Y], [], SIDES)
    model.saved_model_schema_version = 2
    found = read(write(tmp_path / "m", model))
    assert the_problem(found).kind is ProblemKind.SCHEMA_VERSION
    assert found.graphs[0].ops[0].kind == "Neg"


def test_references_to_nothing_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    broken = function(
        "broken", {"x": F},
        [node("a", "Neg", ["lost", "^lost", "^x"], T=F), node("b", "Neg", ["a:y:z", "a:7", "a:"], T=F)],
        {"y": ("b:y:0", F), "z": ("nowhere", F), "none": ("", F)},
    )  # fmt: skip
    del broken.ret["none"]
    nodes = [X, Y, node("z", "Neg", ["lost:1", "^lost", "y:4"], T=F), node("w", "Exp", ["x"], T=F),
             node("c", "PartitionedCall", ["x", "x"], f=Func("broken"), Tout=[F]),
             node("d", "PartitionedCall", ["x"], f=Func("not there"), Tout=[F]),
             node("e", "PartitionedCall", ["x"], Tout=[F])]  # fmt: skip
    sides = {name: ({"x": "x:0"}, {"y": f"{name}:0"}) for name in "yzwcde"}
    sides["bad"] = ({"x": "x:0", "u": "no:0"}, {"y": ""})
    model = model_of(tmp_path, nodes, [broken], sides)
    assert {problem.kind for problem in model.problems} == {ProblemKind.BAD_REFERENCE}
    assert {graph.name: graph.intact for graph in model.graphs} == {
        "bad": False, "c": False, "d": False, "e": True, "w": True, "y": True, "z": False,
    }  # fmt: skip
    messages = [problem.message for problem in model.problems]
    for message in (
        "Node 'z' takes 'lost:1', and there is no such node.",
        "Node 'z' takes '^lost', and there is no such node.",
        "Node 'y' (Neg) has no output 4, which another node takes.",
        "Node 'a' in function 'broken' takes 'lost', and there is no such node.",
        "Function 'broken' returns 'nowhere', and there is no such node.",
        "Function 'broken' returns '', and there is no such node.",
        "Function 'broken' takes 1 values, and is called with 2.",
        "Node 'd' calls function 'not there', which the file does not hold.",
        "Signature 'bad' has 'u' at node 'no:0', which does not exist.",
    ):
        assert message in messages
    z = next(graph for graph in model.graphs if graph.name == "z").ops[-1]
    assert z.inputs == (None, None)


def test_names_that_stand_twice_are_told(tmp_path: Path) -> None:
    twice = function("g", {"x": F}, [Y, Y], {"y": ("y:y:0", F)})
    model = model_of(tmp_path, [X, Y, node("y", "Exp", ["x"], T=F)], [twice, twice], SIDES)
    assert [problem.message for problem in model.problems] == [
        "There are two functions 'g'; the first counts.",
        "There are two nodes 'y'.",
        "There are two nodes 'y' in function 'g'.",
    ]
    assert model.graphs[0].ops[0].kind == "Neg"
    assert not model.graphs[0].intact


def test_a_node_that_needs_its_own_result_is_told(tmp_path: Path) -> None:
    nodes = [X, node("a", "Add", ["x", "b"], T=F), node("b", "Neg", ["c"], T=F), node("c", "Neg", ["a"], T=F),
             node("me", "Neg", ["me"], T=F), node("k", "Const", ["k"]), node("y", "Add", ["a", "k"], T=F)]  # fmt: skip
    model = model_of(tmp_path, nodes, [], SIDES)
    kinds = {problem.kind for problem in model.problems}
    assert kinds == {ProblemKind.DAMAGED}
    assert any(problem.message == "Node 'c' needs its own result." for problem in model.problems)
    assert any(problem.message == "Constant 'k:0' has no value." for problem in model.problems)
    assert not model.graphs[0].intact


def test_names_without_end_are_cut(tmp_path: Path) -> None:
    name = "n" * 3000
    model = model_of(tmp_path, [X, node(name, "Neg", ["x"], T=F)], [], {"k" * 2000: ({"x": "x:0"}, {"y": name[:1024]})})
    assert the_problem(model).message == f"The name '{'n' * 20}…' has 3,000 characters."
    assert len(model.graphs[0].name) == 256
    assert len(model.graphs[0].ops[0].address) < 1400


def calls(name: str, other: str, count: int = 2) -> Any:
    nodes = [node(f"c{n}", other, ["x" if not n else f"c{n - 1}:y:0"]) for n in range(count)]
    return function(name, {"x": F}, nodes, {"y": (f"c{count - 1}:y:0", F)})


LEAF = function("leaf", {"x": F}, [Y], {"y": ("y:y:0", F)})


def test_calls_that_multiply_are_not_followed_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metagraph, "_ALWAYS", 2000)
    levels = [calls(f"f{n}", f"f{n + 1}" if n < 50 else "leaf") for n in range(51)]
    started = time.monotonic()
    model = model_of(tmp_path, [X, node("y", "f0", ["x"])], [*levels, LEAF], SIDES)
    assert time.monotonic() - started < 20
    assert the_problem(model).kind is ProblemKind.OVERSIZED
    assert "not all of the calls were followed" in the_problem(model).message
    assert not model.graphs[0].intact
    assert sum(len(graph.ops) for graph in model.graphs) < 10_000


def test_calls_that_go_without_end_into_the_deep_are_not_followed(tmp_path: Path) -> None:
    levels = [calls(f"f{n}", f"f{n + 1}" if n < 5000 else "leaf", 1) for n in range(5001)]
    model = model_of(tmp_path, [X, node("y", "f0", ["x"])], [*levels, LEAF], SIDES)
    assert the_problem(model).kind is ProblemKind.OVERSIZED
    assert model.graphs[0].ops[0].kind == "f64"
    assert {op.kind for graph in model.graphs for op in graph.ops} >= {"Neg", "f4999"}


def test_a_function_that_calls_itself_is_told(tmp_path: Path) -> None:
    model = model_of(tmp_path, [X, node("y", "f", ["x"])], [calls("f", "g", 2), calls("g", "f", 1)], SIDES)
    assert the_problem(model).message == "Function 'f' calls itself, without an end."


def test_a_chain_of_branches_is_followed_to_its_end(tmp_path: Path) -> None:
    chain = [
        function(f"f{n}", {"x": F}, [node("i", "If", ["x", "x"], then_branch=Func(f"f{n + 1}"),
                                          else_branch=Func("f0"), Tout=[F])], {"y": ("i:output:0", F)})
        for n in range(3000)
    ]  # fmt: skip
    start = node("y", "If", ["x", "x"], then_branch=Func("f0"), else_branch=Func("lost"), Tout=[F])
    model = model_of(tmp_path, [X, start], chain, SIDES)
    assert len(model.graphs) == 3001
    assert model.problems == ()


def test_more_than_any_model_has_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "_MOST", 50)
    folder = write(tmp_path / "m", saved_model([X, *(node(f"n{n}", "NoOp") for n in range(60))], [], SIDES))
    assert fatal(folder).message.startswith("It has more than 50 nodes and references in its graphs")


def test_the_objects_that_graphs_are_made_of_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "_MOST", 50)
    nodes = [X, *(node(f"n{n}", "Neg", ["x" if not n else f"n{n - 1}"], T=F) for n in range(60))]
    model = model_of(tmp_path, nodes, [], {"f": ({"x": "x:0"}, {"y": "n59:0"})})
    assert the_problem(model).message == "The graphs have more than 50 ops and tensors; the rest of them was not read."
    assert not model.graphs[0].intact
    assert len(model.graphs[0].ops) == 25


def test_many_graphs_with_tags_are_not_all_read(tmp_path: Path) -> None:
    model = saved_model([X, Y], [], SIDES)
    for number in range(40):
        model.meta_graphs.extend(saved_model([node("n", "NoOp")], [], tags=[str(number)]).meta_graphs)
    found = read(write(tmp_path / "m", model))
    assert the_problem(found).message == "The file has 41 graphs with tags of their own; 16 were read."
    assert len(found.graphs) == 16


def claiming(shape: tuple[int, ...], dtype: DType = F, **values: Any) -> Any:
    made = const("k", np.zeros(1, np.float32))
    proto = made.attr["value"].tensor
    proto.Clear()
    proto.dtype = attr(dtype).type
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    for name, value in values.items():
        if isinstance(value, bytes):
            setattr(proto, name, value)
        else:
            getattr(proto, name).extend(value)
    return made


@pytest.mark.parametrize(
    ("constant", "values"),
    [
        (claiming((2, 2), float_val=[1.5]), [[1.5, 1.5], [1.5, 1.5]]),
        (claiming((3,), int_val=[1, -2], dtype=DType.INT8), [1, -2, -2]),
        (claiming((2,), half_val=[0x3C00], dtype=DType.FLOAT16), [1, 1]),
        (claiming((2,), int64_val=[2**40, 1], dtype=DType.INT64), [2**40, 1]),
        (claiming((1,), scomplex_val=[1, 2], dtype=DType.COMPLEX64), [1 + 2j]),
        (claiming((2,), bool_val=[True], dtype=DType.BOOL), [True, True]),
        (claiming((2,)), [0, 0]),
        (claiming((), uint64_val=[2**63], dtype=DType.UINT64), 2**63),
        (claiming((0,)), []),
        (claiming((2,), int_val=[300], dtype=DType.INT8), None),
        (claiming((2,), float_val=[1, 2, 3]), None),
        (claiming((2,), tensor_content=b"abc"), None),
        (claiming((2,), float8_val=b"ab", dtype=DType.FLOAT8_E5M2), None),
        (claiming((2,), string_val=[b"a"], dtype=DType.STRING), None),
        (claiming((2,), int_val=[1], dtype=DType.INT4), None),
        (claiming((2,), dtype=DType.VARIANT), None),
        (claiming((2**40,), float_val=[1]), None),
        (claiming((2**62, 2**62, 2**62), float_val=[1]), None),
        (claiming((-1,), float_val=[1]), None),
        (claiming((1,) * 300, float_val=[1]), None),
    ],
)
def test_a_constant_is_as_large_as_its_values(tmp_path: Path, constant: Any, values: Any) -> None:
    tracemalloc.start()
    model = model_of(tmp_path, [constant, node("y", "Neg", ["k"], T=F)], [], {"f": ({}, {"y": "y:0"})})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    held = model.graphs[0].ops[0].inputs[0]
    assert held is not None
    assert held.is_constant
    array = held.array()
    if values is None:
        assert array is None
    else:
        assert array is not None
        assert array.tolist() == values
    assert model.problems == ()


def test_constants_that_repeat_one_value_share_a_limit(tmp_path: Path) -> None:
    many = []
    for number in range(200):
        many.append(claiming((1 << 18,), float_val=[1]))
        many[-1].name = f"k{number}"
    y = node("y", "AddN", [each.name for each in many], T=F, N=200)
    model = model_of(tmp_path, [*many, y], [], {"f": ({}, {"y": "y:0"})})
    held = [tensor for tensor in model.graphs[0].ops[0].inputs if tensor is not None and tensor.data is not None]
    assert 60 <= len(held) <= 64


def test_counts_that_are_only_claimed_cost_nothing(tmp_path: Path) -> None:
    nodes = [X, node("y", "Unpack", ["x"], T=F, num=2**62), node("z", "Neg", ["y:999999999"], T=F),
             node("w", "Neg", ["y:99999999999"], T=F)]  # fmt: skip
    model = model_of(tmp_path, nodes, [], {"f": ({"x": "x:0"}, {"y": "z:0"})})
    assert len(model.graphs[0].ops[0].outputs) == 10_000
    assert {problem.kind for problem in model.problems} == {ProblemKind.BAD_REFERENCE}


def test_marks_of_constants_cannot_be_forged(tmp_path: Path) -> None:
    forged = claiming((5,), tensor_content=bytes(20))
    model = model_of(tmp_path, [forged, node("y", "Neg", ["k"], T=F)], [], {"f": ({}, {"y": "y:0"})})
    assert model.graphs[0].ops[0].inputs[0].array().tolist() == [0] * 5  # type: ignore[union-attr]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", saved_model([X, Y], [], SIDES), {"w": np.ones(2, np.float32)})
    outside = tmp_path / "outside"
    (folder / "variables" / "variables.index").rename(outside)
    (folder / "variables" / "variables.index").symlink_to(outside)
    problem = the_problem(read(folder))
    assert problem.kind is ProblemKind.MISSING_FILE
    assert problem.message.startswith("'variables/variables.index' is a symbolic link to ")
    (folder / "variables" / "variables.index").unlink()
    (folder / "saved_model.pb").rename(tmp_path / "pb")
    (folder / "saved_model.pb").symlink_to(tmp_path / "pb")
    assert fatal(folder).kind is ProblemKind.MISSING_FILE
    assert fatal(folder).help == "Put the file itself in its place."


def test_links_to_the_blobs_of_a_cache_are_followed(tmp_path: Path) -> None:
    made = write(tmp_path / "made", saved_model([X, Y], [], SIDES))
    folder = tmp_path / "hub" / "snapshots" / "abc" / "model"
    folder.mkdir(parents=True)
    (tmp_path / "hub" / "blobs").mkdir()
    (made / "saved_model.pb").rename(tmp_path / "hub" / "blobs" / "1234")
    (folder / "saved_model.pb").symlink_to(Path("../../../blobs/1234"))
    assert read(folder).problems == ()


def test_what_was_not_fetched_is_told(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    (tmp_path / "saved_model.pb").write_bytes(pointer)
    problem = fatal(tmp_path)
    assert problem.kind is ProblemKind.LFS_POINTER
    assert (problem.message.startswith("'saved_model.pb': The file is a git-LFS pointer"), problem.help) == (
        True, "Run: git lfs pull",
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")
def test_a_pipe_or_a_loop_in_the_folder_does_not_hold_us_up(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", saved_model([X, Y], [], SIDES))
    (folder / "variables").mkdir()
    os.mkfifo(folder / "variables" / "variables.index")
    assert the_problem(read(folder)).message == "'variables/variables.index' cannot be read: it is no regular file."
    (folder / "variables" / "variables.index").unlink()
    (folder / "variables" / "variables.index").symlink_to("variables.index")
    assert the_problem(read(folder)).kind is ProblemKind.MISSING_FILE


def test_a_large_file_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tflint.formats.saved_model.files as module

    monkeypatch.setattr(module, "MAP_FROM", 100)
    weights = np.arange(10_000, dtype=np.float32)
    model = model_of(tmp_path, [const("k", weights), node("y", "Neg", ["k"], T=F)], [], {"f": ({}, {"y": "y:0"})})
    held = model.graphs[0].ops[0].inputs[0]
    assert held is not None
    assert b"".join(chunk.tobytes() for chunk in held.chunks(4096)) == weights.tobytes()


def test_hundred_thousand_nodes_are_read_in_seconds(tmp_path: Path) -> None:
    nodes = [X, *(node(f"n{n}", "Neg", ["x" if not n else f"n{n - 1}"], T=F) for n in range(100_000))]
    folder = write(tmp_path / "m", saved_model(nodes, [], {"f": ({"x": "x:0"}, {"y": "n99999:0"})}))
    started = time.process_time()
    model = read(folder)
    assert time.process_time() - started < 20
    assert len(model.graphs[0].ops) == 100_000
    assert model.graphs[0].ops[-1].name == "n99999"


SEEDS = range(60)


def sample() -> Any:
    """A model with something of everything."""
    inner = function(
        "inner", {"x": F, "w": R},
        [node("read", "ReadVariableOp", ["w"], dtype=F), node("m", "MatMul", ["x", "read:value:0"], T=F,
         _output_shapes=[(None, 2)]), const("axis", np.int32(1)), node("s", "Split", ["axis:output:0", "m:product:0"],
         T=F, num_split=2), node("i", "If", ["x", "x"], then_branch=Func("leaf"), else_branch=Func("leaf"), Tout=[F])],
        {"out": ("s:output:1", F), "branch": ("i:output:0", F)},
    )  # fmt: skip
    nodes = [
        node("x", "Placeholder", dtype=F, shape=(None, 4)), node("w", "VarHandleOp", dtype=F, shape=(4, 2)),
        node("Call", "StatefulPartitionedCall", ["x", "w"], f=Func("inner"), Tout=[F, F]), const("big", np.zeros(5000, np.float32)),
        node("sum", "AddV2", ["Call:1", "big"], T=F), const("names", np.array(["key"])), const("slices", np.array([""])),
        node("p", "Placeholder", dtype=DType.STRING), node("r", "RestoreV2", ["p", "names", "slices"], dtypes=[F]),
        node("a", "AssignVariableOp", ["w", "r"], dtype=F),
    ]  # fmt: skip
    sides = {"serving_default": ({"x": info("x:0")}, {"y": "Call:0", "z": "sum:0"})}
    model = saved_model(nodes, [inner, LEAF], sides, restore="a")
    objects = model.meta_graphs[0].object_graph_def
    objects.nodes.add().user_object.identifier = "_tf_keras_layer"
    objects.nodes[0].user_object.metadata = '{"name": "inner"}'
    objects.concrete_functions["inner"].bound_inputs.append(0)
    return model


def use(model: Model) -> None:
    """Look at everything of a model."""
    for graph in model.graphs:
        assert graph.location.path == model.path
        for op in graph.ops:
            assert isinstance(dict(op.options), dict)
            assert model.find(op.address) is not None
            for tensor in op.outputs:
                graph.consumers(tensor)
        for tensor in graph.tensors:
            tensor.array() if tensor.elements < 1 << 20 else None
    assert all(problem.message.endswith(".") for problem in model.problems)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Some bytes with a few of them changed, moved, left out or put in."""
    out = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out)) if out else 0
        match chance.randrange(5):
            case 0:
                out[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                out[at : at + 1] = bytes([out[at] ^ 1 << chance.randrange(8)]) if out else b""
            case 2:
                del out[at : at + chance.randint(1, 8)]
            case 3:
                start = chance.randrange(len(out)) if out else 0
                out[at:at] = out[start : start + chance.randint(1, 40)]
            case 4:
                out[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\x80\x80\x80\x01", bytes(4)])
    return bytes(out)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
def test_damage_is_a_problem_and_never_an_exception(name: str, seed: int, tmp_path: Path) -> None:
    folder = write(tmp_path / "m", sample(), {"key": np.ones((4, 2), np.float32), "other": np.ones(3, np.float32)})
    path = folder / name
    path.write_bytes(mutated(path.read_bytes(), random.Random(seed)))
    use(read(folder))


def test_the_sample_itself_is_sound(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", sample(), {"key": np.ones((4, 2), np.float32)})
    model = read(folder)
    assert model.problems == ()
    use(model)
    assert list(discover(folder / "saved_model.pb")) == [folder]
    path = tmp_path / "graph"
    path.write_bytes(graph_def([node("n", "NoOp")]).SerializeToString())
    assert read(path).graphs[0].ops[0].kind == "NoOp"
    assert new("NodeDef").name == ""


def rearranged(model: Any, chance: random.Random) -> Any:
    """A model with some of its parts changed for others, so that it still is one to protobuf."""
    for _ in range(chance.randint(1, 8)):
        graph = chance.choice(model.meta_graphs).graph_def
        groups = [graph.node, *(each.node_def for each in graph.library.function)]
        nodes = chance.choice([each for each in groups if len(each)])
        if chance.random() < 0.2 and len(graph.library.function):
            rearrange_functions(graph, nodes, chance)
        else:
            rearrange_nodes(nodes, chance)
    return model


def rearrange_nodes(nodes: Any, chance: random.Random) -> None:
    one, other = chance.choice(nodes), chance.choice(nodes)
    kinds = [other.op, "Const", "If", "VarHandleOp", "Merge", "Split", "ReadVariableOp", ""]
    texts = [
        other.name,
        "x",
        f"^{other.name}",
        f"{other.name}:{chance.randrange(9)}",
        f"{other.name}:y:0",
        ":",
        "",
        "a:b:c:d",
    ]
    values = [attr(-1), attr(2**62), attr((None, 2**62)), attr([DType.INT32] * 5), attr(Func(other.op)), attr([(2,)] * 3),
              new("AttrValue"), *other.attr.values()]  # fmt: skip
    match chance.randrange(6):
        case 0:
            one.name = other.name
        case 1:
            one.op = chance.choice(kinds)
        case 2:
            one.input.append(chance.choice(texts))
        case 3 if len(one.input):
            one.input[chance.randrange(len(one.input))] = chance.choice(texts)
        case 4 if len(one.attr):
            one.attr[chance.choice(sorted(one.attr))].CopyFrom(chance.choice(values))
        case _:
            nodes.remove(one)
            nodes.add().CopyFrom(other)


def rearrange_functions(graph: Any, nodes: Any, chance: random.Random) -> None:
    function_, one, other = chance.choice(graph.library.function), chance.choice(nodes), chance.choice(nodes)
    match chance.randrange(4):
        case 0:
            one.op = function_.signature.name
        case 1:
            one.op = "PartitionedCall"
            one.attr["f"].func.name = chance.choice([function_.signature.name, "lost"])
        case 2:
            graph.library.function.remove(function_)
        case 3:
            for key in list(function_.ret)[:1]:
                function_.ret[key] = chance.choice([other.name, f"{other.name}:y:0", ""])


@pytest.mark.parametrize("seed", range(120))
def test_models_that_make_no_sense_are_read_without_an_exception(seed: int, tmp_path: Path) -> None:
    model = rearranged(sample(), random.Random(seed))
    use(read(write(tmp_path / "m", model, {"key": np.ones((4, 2), np.float32)})))
