"""TFL101: files of which a part is damaged."""

from tflint import Severity
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.structure.invalid_flatbuffer import InvalidFlatbuffer

RULE = InvalidFlatbuffer()


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1, 8])], g.tensor("y", [1, 8])))
    return g


def bad() -> GraphBuilder:
    """A model whose weights lie beyond the end of the file, as in a download that stopped."""
    g = good()
    g.tables["buffers"].append({"offset": 1 << 20, "size": 4096})
    g.tensor("weights", [1024], buffer=1)
    return g


def test_weights_beyond_the_end_of_the_file_are_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert "4,096 bytes at byte 1,048,576" in found.message
    assert found.help


def test_damage_of_one_kind_is_one_finding_that_names_the_other_places() -> None:
    g = good()
    for number in range(3):
        g.tensor(f"odd{number}", [-3])
    [found] = findings(RULE, g)
    assert found.location.address == "0/t2"
    assert [place.address for place in found.related] == ["0/t3", "0/t4"]
    assert found.message.endswith("Other parts of the file are damaged in the same way.")
    assert len(found.evidence["places"]) == 3


def test_damage_of_two_kinds_is_two_findings() -> None:
    g = bad()
    g.tensor("odd", [-3])
    assert [found.evidence["problem"] for found in findings(RULE, g)] == ["truncated", "oversized"]


def test_bytes_after_the_model_are_a_warning() -> None:
    [found] = findings(RULE, good().to_bytes() + b"leftovers of a longer file that stood here " * 5)
    assert found.severity is Severity.WARNING
    assert "215 bytes follow" in found.message


def test_padding_and_an_archive_of_associated_files_are_fine() -> None:
    assert findings(RULE, good().to_bytes() + bytes(500)) == []
    assert findings(RULE, good().to_bytes() + b"PK\x03\x04" + b"labels" * 50) == []


def test_a_file_of_which_nothing_can_be_read_is_left_to_another_rule() -> None:
    g = bad()
    g.tables["subgraphs"].clear()
    assert any(not problem.fatal for problem in model(g).problems)
    assert findings(RULE, g) == []
