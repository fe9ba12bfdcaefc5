"""The values of variables: checkpoints, their tables, and what restores which variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saved_models import Func, const, function, node, object_graph, saved_model, squeezed, table, varint, write
from tflint.formats import read
from tflint.formats.saved_model.bundle import Bundle, open_bundle
from tflint.formats.saved_model.files import Folder
from tflint.formats.saved_model.protos import Unreadable, new
from tflint.formats.saved_model.snappy import unpacked
from tflint.formats.saved_model.table import entries
from tflint.formats.tflite.problems import Problems
from tflint.model import DType, Model, Problem, ProblemKind, Tensor

F, R = DType.FLOAT32, DType.RESOURCE
X = node("x", "Placeholder", dtype=F)


def opened(folder: Path) -> tuple[Bundle, Problems]:
    problems = Problems(str(folder))
    bundle = open_bundle(Folder(str(folder), problems), problems)
    assert bundle is not None
    return bundle, problems


def checkpoint(tmp_path: Path, values: dict[Any, Any], **options: Any) -> tuple[Bundle, Problems]:
    return opened(write(tmp_path / "m", saved_model([X]), values, **options))


def said(problems: Problems) -> str:
    (problem,) = problems.all()
    return problem.message


@pytest.mark.parametrize("compress", [False, True])
def test_every_value_is_a_view_of_its_file(tmp_path: Path, compress: bool) -> None:
    values = {f"layer_{number}/kernel": np.full((number, 2), number, np.float32) for number in range(1, 6)}
    bundle, problems = checkpoint(tmp_path, {**values, "text": b"abc"}, compress=compress, shards=3)
    assert bundle.keys == (*values, "text")
    assert bundle.is_whole
    for key, value in values.items():
        entry = bundle.entry(key)
        assert entry is not None
        assert (entry.dtype, entry.shape) == (F, value.shape)
        found = bundle.value(key)
        assert found is not None
        assert bytes(found[0]) == value.tobytes()
    assert "text" in bundle
    assert "nothing" not in bundle
    assert bundle.entry("nothing") is None
    assert bundle.value("nothing") is None
    assert problems.all() == ()


def test_nothing_of_a_value_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", saved_model([X]), {"a": np.ones(2, np.float32)})
    (folder / "variables" / "variables.data-00000-of-00001").unlink()
    bundle, problems = opened(folder)
    assert bundle.entry("a") is not None
    assert problems.all() == ()
    assert bundle.value("a") is bundle.value("a") is None
    assert said(problems) == "'variables/variables.data-00000-of-00001' is not there."


def test_parts_of_a_partitioned_variable_are_found_by_their_slice(tmp_path: Path) -> None:
    whole = new("BundleEntryProto")
    whole.dtype = 1
    for size in (200, 2):
        whole.shape.dim.add(size=size)
    whole.slices.add()
    names = ["w\0\xff", "w\0\xff"]
    # the keys as TensorFlow writes them: 0, the name, the rank, and start and length of each dimension
    key = b"\0w\0\xff\xc3\xbf\0\1\1\2"
    values: dict[Any, Any] = {
        "w\0\xff": whole,
        key + b"\x80\x8a\x80\x7f": np.full((10, 2), 1, np.float32),
        key + b"\x8a\xc0\xbe\x80\x7f": np.full((190, 2), 2, np.float32),
    }
    nodes = [
        node("a", "VariableV2", dtype=F, shape=(10, 2)),
        node("b", "VariableV2", dtype=F, shape=(190, 2)),
        node("c", "VariableV2", dtype=F, shape=(5, 2)),
        node("all", "VariableV2", dtype=F, shape=(200, 2)),
        node("y", "ConcatV2", ["a", "b", "c", "all"], T=F, N=4),
        const("names", np.array([*names, *names])),
        const("slices", np.array(["200 2 0,10:-", "200 2 10,190:-", "200 2 0,5:-", "200 2 x:-"])),
        node("r", "RestoreV2", ["p", "names", "slices"], dtypes=[F] * 4),
        node("p", "Placeholder", dtype=DType.STRING),
        *(node(f"s{n}", "Assign", [name, f"r:{n}"]) for n, name in enumerate(("a", "b", "c", "all"))),
    ]
    model = read(write(tmp_path / "m", saved_model(nodes, [], {"f": ({}, {"y": "y:0"})}), values))
    a, b, c, everything = model.graphs[0].ops[0].inputs
    assert a.array().tolist() == [[1, 1]] * 10  # type: ignore[union-attr]
    assert b.array().tolist() == [[2, 2]] * 190  # type: ignore[union-attr]
    assert (c.shape, c.data, c.external) == ((5, 2), None, True)  # type: ignore[union-attr]
    assert (everything.shape, everything.is_constant) == ((200, 2), True)  # type: ignore[union-attr]
    assert model.problems == ()


def test_a_slice_that_is_the_whole_variable_is_its_value(tmp_path: Path) -> None:
    nodes = [
        node("a", "VariableV2", dtype=F, shape=(2,)),
        node("y", "Neg", ["a"], T=F),
        const("names", np.array(["a"])),
        const("slices", np.array(["2 -"])),
        node("r", "RestoreV2", ["p", "names", "slices"], dtypes=[F]),
        node("p", "Placeholder", dtype=DType.STRING),
        node("s", "Assign", ["a", "r"]),
    ]
    sides: dict[str, Any] = {"f": ({}, {"y": "y:0"})}
    model = read(write(tmp_path / "m", saved_model(nodes, [], sides), {"a": np.array([1, 2], np.float32)}))
    assert model.graphs[0].ops[0].inputs[0].array().tolist() == [1, 2]  # type: ignore[union-attr]


def variable(model: Model) -> Tensor:
    """What the last op of the first graph takes."""
    tensor = model.graphs[0].ops[-1].inputs[0]
    assert tensor is not None
    return tensor


def reading(handle: Any, *more: Any, restore: str = "restore") -> Any:
    nodes = [handle, node("read", "ReadVariableOp", [handle.name], dtype=F), node("y", "Neg", ["read"], T=F), *more]
    return saved_model(nodes, [], {"f": ({}, {"y": "y:0"})}, restore=restore)


HANDLE = node("w", "VarHandleOp", dtype=F, shape=(2,), shared_name="shared")
ONE_TWO = np.array([1, 2], np.float32)


@pytest.mark.parametrize(
    ("values", "restored"),
    [
        ({"shared": ONE_TWO}, False),
        ({"w": ONE_TWO}, False),
        ({"key": ONE_TWO, "_CHECKPOINTABLE_OBJECT_GRAPH": object_graph([("shared", "key"), ("a", "b")])}, False),
    ],
    ids=["shared name", "node name", "object"],
)
def test_a_variable_that_nothing_restores_has_its_value_and_stays_an_op(
    values: dict[str, Any], restored: bool, tmp_path: Path
) -> None:
    model = read(write(tmp_path / "m", reading(HANDLE), values))
    assert [op.kind for op in model.graphs[0].ops] == ["VarHandleOp", "Neg"]
    assert variable(model).array().tolist() == [1, 2]  # type: ignore[union-attr]
    assert variable(model) is model.graphs[0].ops[0].outputs[0]
    assert model.problems == ()


def test_two_variables_of_one_name_in_the_checkpoint_are_not_guessed_at(tmp_path: Path) -> None:
    values = {"key": ONE_TWO, "_CHECKPOINTABLE_OBJECT_GRAPH": object_graph([("shared", "key"), ("shared", "key")])}
    model = read(write(tmp_path / "m", reading(HANDLE), values))
    assert [op.kind for op in model.graphs[0].ops] == ["VarHandleOp", "ReadVariableOp", "Neg"]
    assert variable(model).data is None


def test_the_function_that_restores_tells_the_key(tmp_path: Path) -> None:
    restore = function(
        "restore_all",
        {"prefix": DType.STRING, "handle": R, "beyond": R},
        [
            const("names", np.array(["key", "other"])),
            const("slices", np.array(["", ""])),
            node("r", "RestoreV2", ["prefix", "names:output:0", "slices:output:0"], dtypes=[F, F]),
            node("i", "Identity", ["r:tensors:0"], T=F),
            node("a", "AssignVariableOp", ["handle", "i:output:0"], dtype=F),
            node("b", "AssignVariableOp", ["beyond", "r:tensors:1"], dtype=F),
            node("c", "AssignVariableOp", ["handle", "prefix"], dtype=F),
            node("d", "AssignVariableOp", ["handle"], dtype=F),
            node("e", "AssignVariableOp", ["handle", "r:tensors:5"], dtype=F),
            node("f", "AssignVariableOp", ["handle", "names:output:0"], dtype=F),
            node("g", "Identity", [], T=F),
            node("h", "AssignVariableOp", ["handle", "g:output:0"], dtype=F),
        ],
        {},
    )
    model = reading(HANDLE, node("p", "Placeholder", dtype=DType.STRING),
                    node("restore", "StatefulPartitionedCall", ["p", "w"], f=Func("restore_all")))  # fmt: skip
    model.meta_graphs[0].graph_def.library.function.append(restore)
    found = read(write(tmp_path / "m", model, {"key": ONE_TWO}))
    assert [op.kind for op in found.graphs[0].ops] == ["Neg"]
    assert variable(found).array().tolist() == [1, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize("packed", [False, True])
def test_names_of_keys_may_be_bytes_of_a_constant(tmp_path: Path, packed: bool) -> None:
    names = const("names", np.array(["key"]))
    if packed:
        proto = names.attr["value"].tensor
        del proto.string_val[:]
        proto.tensor_content = varint(3) + b"key"
    more = [names, node("p", "Placeholder", dtype=DType.STRING), node("r", "Restore", ["p", "names"], dt=F),
            node("a", "AssignVariableOp", ["w", "r"], dtype=F)]  # fmt: skip
    model = read(write(tmp_path / "m", reading(HANDLE, *more), {"key": ONE_TWO}))
    assert [op.kind for op in model.graphs[0].ops] == ["Neg"]
    names.attr["value"].tensor.tensor_content = b"\xff"
    del names.attr["value"].tensor.string_val[:]
    model = read(write(tmp_path / "n", reading(HANDLE, *more), {"key": ONE_TWO}))
    assert variable(model).data is None


def changing(*ops: Any, functions: tuple[Any, ...] = (), returns: str = "z:0") -> Any:
    nodes = [X, HANDLE, node("read", "ReadVariableOp", ["w"], dtype=F), node("y", "Neg", ["read"], T=F), *ops]
    sides = {"f": ({}, {"y": "y:0"}), "g": ({"x": "x:0"}, {"z": returns})}
    return saved_model(nodes, functions, sides)


ASSIGN = function("assign", {"w": R, "x": F}, [node("a", "AssignAddVariableOp", ["w", "x"], dtype=F)], {"r": ("x", F)})
READ = function("read", {"w": R, "x": F}, [node("a", "ReadVariableOp", ["w"], dtype=F)], {"r": ("a:value:0", F)})
NESTED = function(
    "nested", {"w": R, "x": F},
    [node("alias", "Identity", ["w"], T=R), node("c", "StatefulPartitionedCall", ["alias:output:0", "x"], f=Func("assign"))],
    {"r": ("x", F)},
)  # fmt: skip
ENDLESS = function("endless", {"w": R, "x": F}, [node("c", "endless", ["w", "x"])], {"r": ("x", F)})


@pytest.mark.parametrize(
    ("op", "changes"),
    [
        (node("z", "StatefulPartitionedCall", ["w", "x"], f=Func("assign"), Tout=[F]), True),
        (node("z", "StatefulPartitionedCall", ["w", "x"], f=Func("nested"), Tout=[F]), True),
        (node("z", "StatefulPartitionedCall", ["w", "x"], f=Func("read"), Tout=[F]), False),
        (node("z", "StatefulPartitionedCall", ["w", "x"], f=Func("endless"), Tout=[F]), False),
        (node("z", "If", ["x", "w", "x"], then_branch=Func("read"), else_branch=Func("assign"), Tout=[F]), True),
        (node("z", "If", ["x", "w", "x"], then_branch=Func("read"), else_branch=Func("lost"), Tout=[F]), False),
        (node("z", "Case", ["x", "w", "x"], branches=[Func("read"), Func("nested")], Tout=[F]), True),
        (node("z", "SomethingNew", ["w", "x"]), True),
        (node("z", "ResourceGather", ["w", "x"], dtype=F), False),
    ],
)
def test_what_a_signature_changes_is_no_constant(op: Any, changes: bool, tmp_path: Path) -> None:
    model = changing(op, functions=(ASSIGN, READ, NESTED, ENDLESS))
    found = read(write(tmp_path / "m", model, {"w": ONE_TWO}))
    kinds = [each.kind for each in found.graphs[0].ops]
    assert kinds == (["VarHandleOp", "ReadVariableOp", "Neg"] if changes else ["Neg"])
    handle = next(tensor for tensor in found.graphs[0].tensors if tensor.name == "shared")
    assert (handle.is_variable, handle.is_constant) == (changes, not changes)
    assert bytes(handle.data or b"") == ONE_TWO.tobytes()


def test_a_reference_variable_changes_where_an_op_writes_to_it(tmp_path: Path) -> None:
    nodes = [node("w", "VariableV2", dtype=F, shape=(2,)), node("alias", "RefIdentity", ["w"], T=F),
             node("y", "Neg", ["w"], T=F), node("z", "AssignAdd", ["alias", "y"], T=F)]  # fmt: skip
    for name, changes in (("y", False), ("z", True)):
        model = saved_model(nodes, [], {"f": ({}, {"out": f"{name}:0"})})
        found = read(write(tmp_path / name, model, {"w": ONE_TWO}))
        assert found.graphs[0].tensors[0].is_variable is changes


def test_calls_that_go_very_deep_are_taken_to_change_what_they_get(tmp_path: Path) -> None:
    chain = [
        function(f"f{n}", {"w": R, "x": F}, [node("c", f"f{n + 1}", ["w", "x"])], {"r": ("x", F)}) for n in range(80)
    ]
    last = function("f80", {"w": R, "x": F}, [], {"r": ("x", F)})
    model = changing(node("z", "f0", ["w", "x"]), functions=(*chain, last))
    found = read(write(tmp_path / "m", model, {"w": ONE_TWO}))
    assert found.graphs[0].ops[0].kind == "VarHandleOp"


def test_a_chain_of_ops_that_hand_a_variable_on_is_followed_so_far(tmp_path: Path) -> None:
    chain = [node(f"i{n}", "Identity", ["w" if not n else f"i{n - 1}"], T=R) for n in range(80)]
    restoring = [
        const("n", np.array(["key"])), const("s", np.array([""])), node("p", "Placeholder", dtype=DType.STRING),
        node("r", "RestoreV2", ["p", "n", "s"], dtypes=[F]), *(node(f"r{n}", "Identity", [f"r{n - 1}" if n else "r"], T=F)
        for n in range(9)), node("a", "AssignVariableOp", ["w", "r8"], dtype=F),
    ]  # fmt: skip
    model = changing(*chain, node("z", "SomethingNew", ["i79", "x"]), *restoring)
    assert read(write(tmp_path / "m", model, {"w": ONE_TWO})).problems == ()


def problems_of(tmp_path: Path, model: Any, values: dict[Any, Any], **options: Any) -> tuple[Problem, ...]:
    return read(write(tmp_path / "m", model, values, **options)).problems


RESTORED = reading(
    HANDLE, const("n", np.array(["key"])), const("s", np.array([""])), node("p", "Placeholder", dtype=DType.STRING),
    node("r", "RestoreV2", ["p", "n", "s"], dtypes=[F]), node("a", "AssignVariableOp", ["w", "r"], dtype=F),
)  # fmt: skip


def test_a_value_that_is_missing_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, RESTORED, {"other": ONE_TWO})
    assert problem.kind is ProblemKind.BAD_REFERENCE
    assert problem.message == "The checkpoint has no value for variable 'shared': it is restored from 'key'."


def test_a_folder_of_variables_that_is_missing_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", RESTORED)
    (problem,) = read(folder).problems
    assert problem.kind is ProblemKind.MISSING_FILE
    assert problem.message == (
        "The model has 1 variable, and no 'variables/variables.index': their values are missing."
    )
    (folder / "variables").mkdir()
    (folder / "variables" / "variables.index").mkdir()
    (problem,) = read(folder).problems
    assert problem.message == "'variables/variables.index' cannot be read: Is a directory."


def entry(**fields: Any) -> Any:
    made = new("BundleEntryProto")
    made.dtype = 1
    made.shape.dim.add(size=2)
    made.size = 8
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("broken", "kind", "message"),
    [
        (entry(offset=1), ProblemKind.BAD_OFFSET, "has 8 bytes from byte 1 on; 'variables/variables.data-00000-of-00001' ends at byte 0."),
        (entry(offset=-1), ProblemKind.BAD_OFFSET, "from byte -1 on"),
        (entry(size=2**40), ProblemKind.OVERSIZED, "has 1,099,511,627,776 bytes; its shape and type need 8."),
        (entry(shard_id=7), ProblemKind.BAD_REFERENCE, "refers to file 7 of its values; it says that there are 1."),
        (entry(shard_id=-1), ProblemKind.BAD_REFERENCE, "refers to file -1"),
    ],
)  # fmt: skip
def test_entries_that_lead_outside_are_told(broken: Any, kind: ProblemKind, message: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "m", RESTORED, {})
    write(folder, RESTORED, {"key": broken})
    (problem,) = read(folder).problems
    assert problem.kind is kind
    assert message in problem.message


def test_entries_that_say_no_shape_or_nothing_are_told(tmp_path: Path) -> None:
    unknown = entry()
    unknown.shape.unknown_rank = True
    bundle, problems = checkpoint(tmp_path, {"a": unknown})
    assert bundle.value("a") is None
    assert said(problems) == "'variables/variables.index' says no shape of 'a'."
    folder = tmp_path / "m"
    header = new("BundleHeaderProto")
    header.num_shards = 1
    (folder / "variables" / "variables.index").write_bytes(table({b"": header.SerializeToString(), b"a": b"\xff"}))
    bundle, problems = opened(folder)
    assert bundle.entry("a") is None
    assert "The entry of 'a' in 'variables/variables.index' is no protobuf message" in said(problems)


def test_objects_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for content, count in ((b"\xff\xff", 1), (b"", 0)):
        bundle, problems = checkpoint(tmp_path, {"_CHECKPOINTABLE_OBJECT_GRAPH": content})
        assert (bundle.objects() is None) is bool(count)
        assert len(problems.all()) == count
    bundle, _ = checkpoint(tmp_path, {"_CHECKPOINTABLE_OBJECT_GRAPH": entry(dtype=7, size=0, offset=0)})
    bundle.objects()
    bundle, _ = checkpoint(tmp_path, {})
    assert bundle.objects() is None


def test_a_big_endian_checkpoint_is_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", RESTORED, {"key": ONE_TWO})
    header = new("BundleHeaderProto")
    header.endianness = 1
    (folder / "variables" / "variables.index").write_bytes(table({b"": header.SerializeToString(), b"key": b""}))
    (problem,) = read(folder).problems
    assert (problem.kind, problem.message) == (
        ProblemKind.UNSUPPORTED, "'variables/variables.index' is big-endian, which tflint does not read."
    )  # fmt: skip


MANY = {f"key{number:03}".encode(): bytes(number) for number in range(50)}


@pytest.mark.parametrize("compress", [False, True])
def test_a_table_gives_its_entries_in_order(compress: bool) -> None:
    assert {key: bytes(value) for key, value in entries(memoryview(table(MANY, compress=compress)))} == MANY


def broken(content: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        list(entries(memoryview(content)))
    return caught.value


def test_a_table_that_is_damaged_is_told() -> None:
    whole = table(MANY)
    assert broken(whole[:-1]).kind is ProblemKind.TRUNCATED
    assert broken(b"").kind is ProblemKind.TRUNCATED
    assert broken(table(MANY, kind=4)).kind is ProblemKind.UNSUPPORTED
    assert broken(whole[:-48] + b"\xff" * 40 + whole[-8:]).kind is ProblemKind.BAD_OFFSET
    assert broken(whole[:-48] + bytes(40) + whole[-8:]).kind is ProblemKind.BAD_OFFSET
    assert broken(table(MANY, kind=1)).kind is ProblemKind.BAD_OFFSET
    first = b"".join([b"\0\4\0", b"key1", b"\0\4\0", b"key0"])
    assert broken(placed(first)).kind is ProblemKind.DAMAGED
    assert broken(placed(b"\5\1\0a")).kind is ProblemKind.BAD_OFFSET
    assert broken(placed(b"\0\x7f\0a")).kind is ProblemKind.BAD_OFFSET


def placed(content: bytes) -> bytes:
    """A table of one block with these bytes in place of its entries."""
    block = content + bytes(4) + (1).to_bytes(4, "little")
    handle = varint(0) + varint(len(block))
    index = b"\0\1" + varint(len(handle)) + b"z" + handle + bytes(4) + (1).to_bytes(4, "little")
    out = block + bytes(5)
    footer = varint(0) + varint(0) + varint(len(out)) + varint(len(index))
    return out + index + bytes(5) + footer.ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")


def test_keys_that_are_put_together_without_end_are_given_up_on() -> None:
    long = 1 << 20
    entries_of = [varint(0) + varint(long) + varint(0) + b"a" * long]
    entries_of += [varint(long + n) + varint(1) + varint(0) + b"b" for n in range(200)]
    assert broken(placed(b"".join(entries_of))).kind is ProblemKind.OVERSIZED


@pytest.mark.parametrize("content", [b"", b"abc", bytes(300), b"ab" * 40, b"x" + bytes(70) + b"y" * 100])
def test_snappy_gives_back_what_was_squeezed(content: bytes) -> None:
    assert bytes(unpacked(memoryview(squeezed(content)))) == content


def test_snappy_knows_long_literals_and_far_copies() -> None:
    data = bytes(range(256)) * 2
    literal = bytes([61 << 2]) + (511).to_bytes(2, "little") + data
    copy2 = bytes([(8 - 1) << 2 | 2]) + (512).to_bytes(2, "little")
    copy4 = bytes([(3 - 1) << 2 | 3]) + (1).to_bytes(4, "little")
    packed = varint(512 + 8 + 3) + literal + copy2 + copy4
    assert bytes(unpacked(memoryview(packed))) == data + data[:8] + bytes([7]) * 3


@pytest.mark.parametrize(
    "packed",
    [
        b"", b"\xff", varint(1 << 30), varint(3) + b"\0a", varint(1) + b"\4a", varint(4) + b"\0a\1\0",
        varint(4) + b"\0a\1\5", varint(4) + b"\0a\2", varint(2) + b"\0a\x1d\1", varint(1) + b"\xfc\xff\xff\xff\xff",
    ],
)  # fmt: skip
def test_snappy_that_is_damaged_is_an_error(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        unpacked(memoryview(packed))
