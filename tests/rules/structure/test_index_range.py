"""TFL102: indices of things that the file does not have."""

import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.index_range import IndexRange

RULE = IndexRange()


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    y = g.op("ABS", [x], g.tensor("y", [1, 8]))
    g.output(y)
    g.signature("serving_default", {"x": x}, {"y": y})
    return g


def bad() -> GraphBuilder:
    g = good()
    g.graph["operators"][0]["inputs"] = [9999]
    return g


def test_an_op_that_reads_a_tensor_which_is_not_there_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:ABS"
    assert "refers to tensor 9999; the graph has 2 tensors" in found.message


@pytest.mark.parametrize(
    ("table", "key", "value", "words"),
    [
        ("operators", "opcode_index", 77, "uses operator code 77; the file has 1"),
        ("tensors", "buffer", 5000, "uses buffer 5000; the file has 1 buffers"),
    ],
)
def test_operator_codes_and_buffers_are_counted_too(table: str, key: str, value: int, words: str) -> None:
    g = good()
    g.graph[table][0][key] = value
    [found] = findings(RULE, g)
    assert words in found.message


def test_all_broken_references_of_a_graph_are_one_finding() -> None:
    g = bad()
    g.output(98, 99)
    [found] = findings(RULE, g)
    assert found.message.endswith("Other references nearby are broken as well.")
    assert len(found.evidence["references"]) == 3
    assert [place.address for place in found.related] == ["0", "0/0:ABS"]


def test_a_signature_that_names_a_tensor_which_is_not_there_has_a_cure_too() -> None:
    g = good()
    g.tables["signature_defs"][0]["outputs"][0]["tensor_index"] = 50
    [found] = findings(RULE, g)
    assert "maps 'y' to tensor 50" in found.message
    assert found.help == "Convert the model again."


def test_left_out_inputs_are_no_references() -> None:
    g = good()
    g.graph["operators"][0]["inputs"].append(-1)
    assert findings(RULE, g) == []


def test_a_file_of_which_nothing_can_be_read_is_left_to_another_rule() -> None:
    g = bad()
    g.metadata("odd", b"")
    g.tables["metadata"][0]["buffer"] = 70
    g.tables["subgraphs"].clear()
    assert findings(RULE, g) == []


def test_damage_of_another_kind_is_left_to_another_rule() -> None:
    g = good()
    g.tensor("odd", [-3])
    assert findings(RULE, g) == []
