"""Damaged and malicious files: reading ends soon, in little memory, without an exception, and so does every rule."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from mutants import edits, mutants, words
from rule_cases import RULES
from tflint.engine import Settings, check
from tflint.formats.tflite.flat import fields
from tflint.formats.tflite.writer import _table, write
from tflint.model import Model, ProblemKind
from tflint.packs import load_packs, load_target, target_names
from tflint.testing import GraphBuilder, context, model

PACKS = load_packs()
TARGETS = tuple(load_target(name, PACKS) for name in target_names(PACKS))


def varied() -> bytes:
    """A small file with a part of every kind: control flow, sparsity, strings, custom ops, variables, signatures."""
    g = GraphBuilder()
    x = g.input("x", [None, 4], "INT8", scale=0.5, zero_point=3)
    w = g.constant("w", np.arange(12, dtype=np.int8).reshape(3, 4), scale=[0.1, 0.2, 0.3])
    b = g.constant("b", np.arange(3, dtype=np.int32), scale=[0.05, 0.1, 0.15])
    y = g.op("FULLY_CONNECTED", [x, w, b], g.tensor("y", [None, 3], "INT8", scale=1.0), {}, version=4)
    text = np.frombuffer(np.array([1, 12, 15], np.int32).tobytes() + b"one", np.uint8)
    g.constant("s", text, "STRING", shape=[1])
    segments = {
        "array_segments": ("Uint8Vector", {"values": [0, 1]}),
        "array_indices": ("Int32Vector", {"values": [0]}),
    }
    layout = {"traversal_order": [0, 1], "dim_metadata": [{"dense_size": 1}, {"format": "SPARSE_CSR", **segments}]}
    g.constant("sparse", np.ones(1, np.float32), shape=[1, 2], sparsity=layout)
    h = g.op("VAR_HANDLE", [], g.tensor("h", [], "RESOURCE"), {"container": "", "shared_name": "v"})
    g.op("READ_VARIABLE", [h], g.tensor("v", [2], "FLOAT32"))
    g.op("RESHAPE", [y], g.tensor("r", [3, 1], "INT8", scale=1.0), {"new_shape": [3, 1]})
    z = g.op("Mine", [y, -1], g.tensor("z", [3], "INT8", scale=1.0), custom_options=b"\1\2\3\4")
    body = g.subgraph("body")
    body.output(body.op("RELU", [body.input("i", [3])], body.tensor("o", [3])))
    g.op("WHILE", [z], g.tensor("last", [3]), {"cond_subgraph_index": 1, "body_subgraph_index": 1})
    g.output(z)
    g.signature("serving_default", {"x": x}, {"z": z})
    g.converted("PTQ_FULL_INTEGER")
    return g.to_bytes()


def judged(data: bytes) -> Model:
    """The model of a file, read in less than a second, after every rule has seen it."""
    begin = time.process_time()
    read = model(data)
    assert time.process_time() - begin < 1
    ctx = context(read, runtime="2.14", targets=TARGETS)
    for rule in RULES:
        for finding in rule().check(ctx):
            assert finding.message
    return read


def test_a_file_cut_off_anywhere_is_damaged() -> None:
    data = varied()
    for size in range(len(data) - 64):
        read = judged(data[:size]) if size % 64 == 0 else model(data[:size])
        assert read.problems, size
        assert {problem.kind for problem in read.problems} <= {ProblemKind.TRUNCATED, ProblemKind.BAD_OFFSET}


def test_any_four_bytes_may_be_wrong() -> None:
    data = varied()
    for at in range(0, len(data) - 3, 4):
        for number, copy in enumerate(words(data, at)):
            if (at // 4 + number) % 60 == 0:
                judged(copy)
            elif (at // 4 + number) % 3 == 0:
                model(copy)


@pytest.mark.parametrize("damage", [mutants, edits])
def test_no_rule_and_no_reader_fails_on_a_damaged_file(damage: Callable[[bytes, int, int], Iterator[bytes]]) -> None:
    whole = [judged(copy) for copy in damage(varied(), 100, 1)]
    assert any(read.problems for read in whole)
    assert any(graph.intact for read in whole for graph in read.graphs)


def test_the_engine_crashes_on_no_damaged_file(tmp_path: Path) -> None:
    paths = []
    for number, copy in enumerate(mutants(varied(), 30, 2)):
        paths.append(str(tmp_path / f"{number}.tflite"))
        Path(paths[-1]).write_bytes(copy)
    report = check(paths, Settings(rules=tuple(rule() for rule in RULES)))
    assert report.crashes == ()
    assert report.findings


@pytest.mark.parametrize("data", [b"", b"\0", b"\0" * 64, b"\xff" * 64, b"\x08\0\0\0TFL3", b"\4\0\0\0TFL3\0\0\0\0"])
def test_a_file_that_is_hardly_one_is_unreadable(data: bytes) -> None:
    read = model(data)
    assert [problem.fatal for problem in read.problems] == [True]
    assert read.graphs == ()


class Sharing:
    """Writes tables that refer to the same part over and over."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def vector(self, place: int, count: int) -> int:
        """A vector of references to one place."""
        b = self.builder
        b.StartVector(4, count, 4)
        offsets = b.Offset() - place + 4 * np.arange(count, 0, -1)  # each is counted from where it stands
        b.head -= 4 * count
        b.Bytes[b.head : b.head + 4 * count] = offsets.astype("<u4").tobytes()
        return int(b.EndVector())

    def table(self, table: str, /, **places: int) -> int:
        """A table of references only."""
        slots = {field.name: field.slot for field in fields(table)}
        self.builder.StartObject(max(slots.values()) + 1)
        if table == "Model":
            self.builder.PrependUint32Slot(0, 3, 0)
        for key, place in places.items():
            self.builder.PrependUOffsetTRelativeSlot(slots[key], place, 0)
        return int(self.builder.EndObject())

    def whole(self, table: str, /, **values: Any) -> int:
        return _table(self.builder, table, values)

    def file(self, **places: int) -> bytes:
        self.builder.Finish(self.table("Model", **places), b"TFL3")
        return bytes(self.builder.Output())


MANY = 100_000


def tensors() -> bytes:
    s = Sharing()
    tensor = s.whole("Tensor", name="x" * 50, shape=[1] * 200, quantization={"scale": [1.0] * 500})
    return s.file(subgraphs=s.vector(s.table("SubGraph", tensors=s.vector(tensor, MANY)), 1))


def small_tensors() -> bytes:
    s = Sharing()
    tensor = s.whole("Tensor", name="")
    return s.file(subgraphs=s.vector(s.table("SubGraph", tensors=s.vector(tensor, MANY)), 1))


def graphs() -> bytes:
    s = Sharing()
    graph = s.table("SubGraph", tensors=s.vector(s.whole("Tensor", name="x"), 1000))
    return s.file(subgraphs=s.vector(graph, MANY))


def ops() -> bytes:
    s = Sharing()
    op = s.whole("Operator", inputs=[-1] * 1000, outputs=[-1] * 1000)
    return s.file(subgraphs=s.vector(s.table("SubGraph", operators=s.vector(op, MANY)), 1))


def options() -> bytes:
    s = Sharing()
    op = s.whole("Operator", builtin_options=("ReshapeOptions", {"new_shape": [1] * 1000}))
    return s.file(subgraphs=s.vector(s.table("SubGraph", operators=s.vector(op, MANY)), 1))


def layouts() -> bytes:
    s = Sharing()
    vector = s.whole("Uint8Vector", values=b"\7" * 1_000_000)
    s.builder.StartObject(6)
    s.builder.PrependUint8Slot(2, 3, 0)
    s.builder.PrependUOffsetTRelativeSlot(3, vector, 0)
    dimension = s.builder.EndObject()
    sparsity = s.table("SparsityParameters", dim_metadata=s.vector(dimension, 1000))
    tensor = s.table("Tensor", sparsity=sparsity)
    return s.file(subgraphs=s.vector(s.table("SubGraph", tensors=s.vector(tensor, 1)), 1))


def codes() -> bytes:
    s = Sharing()
    return s.file(operator_codes=s.vector(s.whole("OperatorCode", custom_code="x" * 1000), MANY))


def buffers() -> bytes:
    s = Sharing()
    return s.file(buffers=s.vector(s.whole("Buffer", data=b"x"), MANY))


def signatures() -> bytes:
    s = Sharing()
    entries = s.vector(s.whole("TensorMap", name="x" * 50), 1000)
    graph = s.vector(s.table("SubGraph", tensors=s.vector(s.whole("Tensor", name="x"), 1)), 1)
    return s.file(subgraphs=graph, signature_defs=s.vector(s.table("SignatureDef", inputs=entries), MANY))


def metadata() -> bytes:
    s = Sharing()
    graph = s.vector(s.table("SubGraph"), 1)
    return s.file(subgraphs=graph, metadata=s.vector(s.whole("Metadata", name="x" * 1000), MANY))


@pytest.mark.parametrize(
    "build",
    [tensors, small_tensors, graphs, ops, options, layouts, codes, buffers, signatures, metadata],
    ids=lambda build: build.__name__,
)
def test_a_file_that_repeats_itself_is_given_up_on_soon_and_cheaply(build: Callable[[], bytes]) -> None:
    data = build()
    begin = time.process_time()
    read = model(data)
    assert time.process_time() - begin < 5
    assert [problem.kind for problem in read.problems if problem.fatal] == [ProblemKind.OVERSIZED]
    tracemalloc.start()
    model(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * len(data) + (64 << 20)


def test_a_file_whose_parts_are_shared_a_little_is_read() -> None:
    s = Sharing()
    tensor = s.whole("Tensor", name="x", shape=[1, 2], quantization={"scale": [1.0], "zero_point": [0]})
    read = model(s.file(subgraphs=s.vector(s.table("SubGraph", tensors=s.vector(tensor, 5000)), 1)))
    assert read.problems == ()
    assert len(read.graphs[0].tensors) == 5000


@pytest.mark.parametrize("shape", [[2**31 - 1] * 3, [1] * 255, [0, *[2**31 - 1] * 9], [-2, 4], [1, 1, *[-2] * 9]])
def test_a_tensor_that_no_runtime_can_hold_breaks_its_graph_only(shape: list[int]) -> None:
    g = GraphBuilder()
    g.tensor("huge", shape)
    g.subgraph("fine").input("x", [2**31 - 1, 2**31 - 1])
    read = judged(g.to_bytes())
    assert [problem.kind for problem in read.problems] == [ProblemKind.OVERSIZED]
    assert [graph.intact for graph in read.graphs] == [False, True]
    assert read.graphs[0].tensors[0].shape == ()


def test_a_signature_cannot_make_a_tensor_huge_either() -> None:
    g = GraphBuilder()
    g.tensor("huge", [1] * 9, shape_signature=[2**31 - 1] * 9)
    assert [problem.kind for problem in model(g).problems] == [ProblemKind.OVERSIZED]


def test_a_root_table_that_is_its_own_list_of_fields_ends() -> None:
    data = bytearray(write({"version": 3}))
    root = int.from_bytes(data[:4], "little")
    data[root : root + 4] = bytes(4)
    assert [problem.fatal for problem in model(bytes(data)).problems] == [True]
