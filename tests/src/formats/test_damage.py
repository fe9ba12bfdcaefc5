"""What is wrong inside a file is told part by part, and the rest is still read."""

from __future__ import annotations

import gc
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tflint.formats.tflite.flat import Flat
from tflint.formats.tflite.schema import UNIONS
from tflint.model import Model, Problem, ProblemKind
from tflint.testing import GraphBuilder, model

DAMAGED = {ProblemKind.TRUNCATED, ProblemKind.BAD_OFFSET}


def small() -> GraphBuilder:
    """Two graphs: x + c -> y, and z -> z."""
    g = GraphBuilder()
    x = g.input("x", [2])
    c = g.constant("c", np.ones(2, np.float32))
    y = g.op("ADD", [x, c], g.tensor("y", [2]), {"fused_activation_function": "RELU"})
    g.output(y)
    g.signature("serve", {"x": x}, {"y": y})
    g.metadata("min_runtime_version", b"1.5.0\0")
    second = g.subgraph("second")
    second.output(second.input("z", [1]))
    return g


def changed(change: Callable[[GraphBuilder], object]) -> Model:
    g = small()
    change(g)
    return model(g)


def only(read: Model) -> Problem:
    (found,) = read.problems
    return found


class Places:
    """Where the parts of a file stand, for damage that no writer would write."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.flat = Flat(memoryview(data))
        self.root = self.flat.follow(0)

    def field(self, table: int, slot: int) -> int:
        """The place of a field of a table."""
        place = self.flat.slots(table)[slot]
        assert place, "the file has no such field"
        return table + place

    def items(self, table: int, slot: int) -> list[int]:
        """The tables of a vector that a field refers to."""
        return self.flat.tables(self.field(table, slot))

    def graph(self, index: int = 0) -> int:
        return self.items(self.root, 2)[index]

    def tensor(self, index: int) -> int:
        return self.items(self.graph(), 0)[index]

    def op(self) -> int:
        return self.items(self.graph(), 3)[0]

    def put(self, at: int, number: int, size: int = 4) -> Model:
        """The model of the file with another number at a place."""
        self.data[at : at + size] = (number % 2 ** (8 * size)).to_bytes(size, "little")
        return model(bytes(self.data))


@pytest.fixture
def places() -> Places:
    return Places(small().to_bytes())


REFERENCES: dict[str, tuple[Callable[[GraphBuilder], Any], str, str]] = {
    "buffer": (
        lambda g: g.graph["tensors"][1].update(buffer=99),
        "Tensor 1 of graph 0 uses buffer 99; the file has 3 buffers.",
        "0/t1",
    ),
    "op code": (
        lambda g: g.graph["operators"][0].update(opcode_index=7),
        "Op 0 of graph 0 uses operator code 7; the file has 1.",
        "0/0:",
    ),
    "op input": (
        lambda g: g.graph["operators"][0].update(inputs=[0, 9]),
        "Op 0 (ADD) of graph 0 refers to tensor 9; the graph has 3 tensors.",
        "0/0:ADD",
    ),
    "op output": (
        lambda g: g.graph["operators"][0].update(outputs=[-2]),
        "Op 0 (ADD) of graph 0 refers to tensor -2; the graph has 3 tensors.",
        "0/0:ADD",
    ),
    "hidden tensor": (
        lambda g: g.graph["operators"][0].update(intermediates=[3]),
        "Op 0 (ADD) of graph 0 refers to tensor 3; the graph has 3 tensors.",
        "0/0:ADD",
    ),
    "graph input": (
        lambda g: g.graph.update(inputs=[0, 50]),
        "The list of inputs of graph 0 refers to tensor 50; the graph has 3 tensors.",
        "0",
    ),
    "graph output": (
        lambda g: g.graph.update(outputs=[-5]),
        "The list of outputs of graph 0 refers to tensor -5; the graph has 3 tensors.",
        "0",
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_to_nothing_breaks_its_graph_and_no_other(name: str) -> None:
    change, message, address = REFERENCES[name]
    read = changed(change)
    found = only(read)
    assert (found.kind, found.message, found.location.address) == (ProblemKind.BAD_REFERENCE, message, address)
    assert found.help
    assert [graph.intact for graph in read.graphs] == [False, True]
    assert len(read.graphs[0].tensors) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda g: g.tables["signature_defs"][0].update(subgraph_index=5),
            "'serve' uses graph 5; the file has 2 graphs.",
        ),
        (lambda g: g.tables["signature_defs"][0]["inputs"][0].update(tensor_index=8), "'serve' maps 'x' to tensor 8;"),
        (lambda g: g.tables["metadata"][0].update(buffer=40), "'min_runtime_version' uses buffer 40; the file has 3"),
        (lambda g: g.tables["signature_defs"][0].update(signature_key="k" * 999, subgraph_index=5), "'kkk"),
    ],
)
def test_a_name_for_nothing_leaves_the_graphs_whole(change: Callable[[GraphBuilder], Any], message: str) -> None:
    read = changed(change)
    found = only(read)
    assert found.kind is ProblemKind.BAD_REFERENCE
    assert message in found.message
    assert len(found.message) < 200
    assert all(graph.intact for graph in read.graphs)


@pytest.mark.parametrize("version", [0, 2, 4])
def test_another_version_of_the_schema_is_told_and_the_file_still_read(version: int) -> None:
    read = changed(lambda g: g.tables.update(version=version or None))
    assert only(read).kind is ProblemKind.SCHEMA_VERSION
    assert f"schema version {version}" in only(read).message
    assert read.schema_version == version
    assert len(read.graphs) == 2


@pytest.mark.parametrize("graphs", [[], None])
def test_a_file_without_a_graph_has_nothing_to_run(graphs: list[Any] | None) -> None:
    g = GraphBuilder()
    g.tables["subgraphs"] = graphs
    found = only(model(g))
    assert (found.kind, found.fatal) == (ProblemKind.NO_GRAPH, True)


def test_an_empty_graph_is_a_graph() -> None:
    g = GraphBuilder()
    g.tables["subgraphs"][0] = {}
    for key in ("operator_codes", "buffers", "metadata", "signature_defs", "description"):
        g.tables[key] = None
    read = model(g)
    assert read.problems == ()
    graph = read.graphs[0]
    assert (graph.name, graph.tensors, graph.ops, graph.inputs, graph.outputs) == ("", (), (), (), ())
    assert (read.description, dict(read.metadata), read.signatures, read.min_runtime) == ("", {}, (), None)


def test_a_damaged_tensor_leaves_the_others(places: Places) -> None:
    read = places.put(places.field(places.tensor(1), 0), 1 << 30)  # its shape
    found = only(read)
    assert found.message.startswith("Tensor 1 of graph 0 cannot be read: ")
    assert (found.location.address, found.location.name) == ("0/t1", "c")
    assert [graph.intact for graph in read.graphs] == [False, True]
    assert [tensor.name for tensor in read.graphs[0].tensors] == ["x", "c", "y"]


def test_a_damaged_op_is_left_out(places: Places) -> None:
    read = places.put(places.field(places.op(), 1), 1 << 30)  # its inputs
    assert only(read).message.startswith("Op 0 of graph 0 cannot be read: ")
    assert only(read).location.address == "0/0:"
    assert read.graphs[0].ops == ()
    assert not read.graphs[0].intact


def test_a_damaged_buffer_breaks_the_graphs_that_use_it(places: Places) -> None:
    read = places.put(places.field(places.items(places.root, 4)[1], 0), 1 << 30)
    assert only(read).message.startswith("Buffer 1 cannot be read: ")
    assert [graph.intact for graph in read.graphs] == [False, True]
    assert read.graphs[0].tensors[1].data is None


def test_a_damaged_buffer_that_metadata_uses_breaks_no_graph(places: Places) -> None:
    read = places.put(places.field(places.items(places.root, 4)[2], 0), 1 << 30)
    assert only(read).kind in DAMAGED
    assert all(graph.intact for graph in read.graphs)
    assert read.min_runtime is None


def test_a_damaged_operator_code_breaks_the_graphs_that_use_it(places: Places) -> None:
    code = places.items(places.root, 1)[0]
    read = places.put(code, 1 << 20)  # its list of fields
    assert only(read).message.startswith("Operator code 0 cannot be read: ")
    assert read.graphs[0].ops[0].kind == "UNKNOWN"
    assert [graph.intact for graph in read.graphs] == [False, True]


@pytest.mark.parametrize(
    ("slot", "what"),
    [
        (3, "The description"),
        (6, "The list of metadata"),
        (7, "The list of signatures"),
    ],
)
def test_a_damaged_list_leaves_the_rest(slot: int, what: str, places: Places) -> None:
    read = places.put(places.field(places.root, slot), 1 << 30)
    assert only(read).message.startswith(f"{what} cannot be read: ")
    assert len(read.graphs) == 2
    assert read.graphs[1].intact


@pytest.mark.parametrize("slot", [1, 2, 4])
def test_without_operator_codes_graphs_or_buffers_nothing_can_be_read(slot: int, places: Places) -> None:
    found = only(places.put(places.field(places.root, slot), 1 << 30))
    assert found.fatal
    assert found.message.startswith("The file cannot be read: ")


@pytest.mark.parametrize(("slot", "what"), [(1, "inputs"), (2, "outputs"), (4, "name")])
def test_a_damaged_part_of_a_graph_leaves_its_tensors(slot: int, what: str, places: Places) -> None:
    read = places.put(places.field(places.graph(), slot), 1 << 30)
    assert what in only(read).message
    assert "of graph 0 cannot be read: " in only(read).message
    assert len(read.graphs[0].tensors) == 3
    assert [graph.intact for graph in read.graphs] == [False, True]


def test_a_damaged_graph_is_empty(places: Places) -> None:
    read = places.put(places.graph(), 1 << 20)
    assert only(read).message.startswith("Graph 0 cannot be read: ")
    assert (read.graphs[0].tensors, read.graphs[0].intact) == ((), False)
    assert read.graphs[1].intact


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (2, ProblemKind.BAD_OFFSET, "points to itself"),
        (3000, ProblemKind.TRUNCATED, "it refers to byte "),
        (2**32 - 1, ProblemKind.BAD_OFFSET, "it refers to byte "),
    ],
)
def test_a_reference_that_leads_out_of_the_file_is_told_from_one_that_leads_nowhere(
    number: int, kind: ProblemKind, message: str, places: Places
) -> None:
    found = only(places.put(places.field(places.tensor(0), 3), number))
    assert found.kind is kind
    assert message in found.message
    assert ("cut off" in found.help) == (kind is ProblemKind.TRUNCATED)


def test_a_count_that_the_file_cannot_hold_is_told_in_bytes(places: Places) -> None:
    shape = places.flat.follow(places.field(places.tensor(0), 0))
    assert "it refers to 2,000 bytes at byte " in only(places.put(shape, 500)).message


def test_a_table_before_the_file_is_told(places: Places) -> None:
    assert "a place before the file's first byte" in only(places.put(places.tensor(0), 0x7FFFFFFF)).message


def test_a_list_of_fields_that_cannot_be_one_is_told(places: Places) -> None:
    table = places.tensor(0)
    fields = table - int.from_bytes(places.data[table : table + 4], "little", signed=True)
    assert "cannot be the list of a table's fields" in places.put(fields, 3, 2).problems[0].message
    places = Places(small().to_bytes())
    assert "has a field outside its table" in places.put(fields + 4, 0x7000, 2).problems[0].message


def test_options_of_an_unknown_kind_are_none(places: Places) -> None:
    read = places.put(places.field(places.op(), 3), 200, 1)
    assert read.problems == ()
    assert read.graphs[0].ops[0].options == {}


@pytest.mark.parametrize(("options", "whole"), [("AddOptions", True), ("SoftmaxOptions", False)])
def test_options_at_the_very_end_of_the_file_are_read_or_are_damage(options: str, whole: bool, places: Places) -> None:
    fields = len(places.data)
    table = fields + 8
    places.data += struct.pack("<3Hxx", 6, 5, 4)  # one field, at byte 4 of a table of 5 bytes: one byte is left for it
    places.data += struct.pack("<ib", table - fields, 3)
    places.put(places.field(places.op(), 3), UNIONS["BuiltinOptions"].index(options) + 1, 1)
    read = places.put(places.field(places.op(), 4), table - places.field(places.op(), 4))
    if whole:
        assert read.problems == ()
        assert read.graphs[0].ops[0].options["fused_activation_function"] == "RELU6"
    else:
        assert only(read).kind is ProblemKind.TRUNCATED
        assert only(read).message == "Op 0 of graph 0 cannot be read: a part of it lies beyond the end of the file."


def test_newer_details_of_quantization_are_named_by_their_number() -> None:
    g = GraphBuilder()
    g.tensor("x", [1], "INT8", quantization={"scale": [1.0], "details": ("CustomQuantization", {})})
    places = Places(g.to_bytes())
    quant = places.flat.follow(places.field(places.tensor(0), 4))
    read = places.put(places.field(quant, 4), 77, 1)
    assert read.problems == ()
    found = read.graphs[0].tensors[0].quant
    assert found is not None
    assert found.details == ("QuantizationDetails_77", {})
    read = places.put(places.field(quant, 4), 0, 1)
    found = read.graphs[0].tensors[0].quant
    assert found is not None
    assert found.details is None


@pytest.mark.parametrize("key", ["offset", "large"])
def test_what_is_stored_behind_the_end_of_the_file_was_cut_off(key: str) -> None:
    g = small()
    if key == "offset":
        g.tables["buffers"][1] = {"offset": 1 << 40, "size": 1 << 33}
    else:
        g.graph["operators"][0] |= {"large_custom_options_offset": 1 << 40, "large_custom_options_size": 1 << 33}
    found = only(model(g))
    assert found.kind is ProblemKind.TRUNCATED
    assert "it refers to 8,589,934,592 bytes at byte 1,099,511,627,776" in found.message


def test_a_very_long_custom_code_is_damage_and_cut() -> None:
    g = GraphBuilder()
    g.op("Flex" + "x" * 10_000, [g.input("x", [1])], g.tensor("y", [1]))
    read = model(g)
    assert only(read).kind is ProblemKind.OVERSIZED
    assert len(read.graphs[0].ops[0].location.address) < 300


def test_a_file_that_was_cut_off_has_one_problem() -> None:
    data = small().to_bytes()
    for size in range(len(data) // 2, len(data) - 8):
        found = model(data[:size]).problems
        assert sum(problem.kind is ProblemKind.TRUNCATED for problem in found) <= 1
    several = next(
        problem
        for size in range(len(data) - 8, 0, -1)
        for problem in model(data[:size]).problems
        if "parts of the file" in problem.message
    )
    assert several.message.endswith(".")
    assert " parts of the file cannot be read: it is cut off. " in several.message


def test_many_faults_of_one_kind_are_counted() -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    for _ in range(50):
        g.op("RELU", [77], [x])
    found = model(g).problems
    assert len(found) == 21
    assert found[-1].message == "30 more parts of the file have a fault of this kind."
    assert found[-1].help


def test_an_unknown_type_in_one_graph_does_not_hide_a_fault_in_another() -> None:
    g = small()
    g.graph["tensors"][0]["type"] = 88
    g.tables["subgraphs"][1]["outputs"] = [5]
    read = model(g)
    assert [problem.kind for problem in read.problems] == [ProblemKind.UNKNOWN_DTYPE, ProblemKind.BAD_REFERENCE]
    assert [graph.intact for graph in read.graphs] == [True, False]


def test_a_custom_op_may_have_anything_behind_the_file() -> None:
    g = GraphBuilder()
    g.op("Mine", [g.input("x", [1])], g.tensor("y", [1]))
    assert model(g.to_bytes() + b"\7" * 200).problems == ()


def test_signatures_at_the_end_of_a_file_are_part_of_it() -> None:
    """A writer may put the signatures last: move their table there."""
    g = small()
    places = Places(g.to_bytes())
    field = places.field(places.root, 7)
    at = len(places.data)
    text = b"\4\0\0\0\1\0\0\0" + b"\0" * 400
    places.data += text
    read = places.put(field, at - field)
    assert ProblemKind.TRAILING_BYTES not in {problem.kind for problem in read.problems}


def test_reading_leaves_the_collector_as_it_was() -> None:
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            model(small())
            assert gc.isenabled() is enabled
        finally:
            gc.enable()
