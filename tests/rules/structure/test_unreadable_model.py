"""TFL001: files of which nothing can be read."""

import pytest

from tflint import Format, Location, Model, Problem, ProblemKind, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.unreadable_model import UnreadableModel

RULE = UnreadableModel()


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1, 8])], g.tensor("y", [1, 8])))
    return g


def bad() -> bytes:
    return b"\xf0\xff\xff\x7fTFL3" + bytes(56)


def problem(kind: ProblemKind, *, fatal: bool = True) -> Model:
    found = Problem(kind, Location("model.tflite"), "The file is odd.", "Fetch it again.", fatal)
    return Model("model.tflite", Format.UNKNOWN, 0, problems=(found,))


def test_a_file_whose_first_table_lies_outside_of_it_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message.startswith("The file cannot be read:")
    assert found.help


def test_a_file_without_a_graph_is_an_error() -> None:
    g = GraphBuilder()
    g.tables["subgraphs"].clear()
    [found] = findings(RULE, g)
    assert found.severity is Severity.ERROR
    assert "no graph" in found.message


@pytest.mark.parametrize("kind", [ProblemKind.LFS_POINTER, ProblemKind.UNSUPPORTED])
def test_what_was_not_there_to_check_is_a_note(kind: ProblemKind) -> None:
    [found] = findings(RULE, problem(kind))
    assert found.severity is Severity.NOTE
    assert (found.message, found.help) == ("The file is odd.", "Fetch it again.")


def test_damage_to_a_part_is_left_to_other_rules() -> None:
    assert findings(RULE, problem(ProblemKind.TRUNCATED, fatal=False)) == []


def test_files_of_every_format_are_checked() -> None:
    assert RULE.meta.formats == set(Format)
