"""TFL122: parts of a source that are damaged or missing."""

import json
from pathlib import Path

import pytest

from keras_files import archive, save, small
from tflint import Format, Location, Model, Problem, ProblemKind, Severity
from tflint.formats import read
from tflint.testing import findings
from tflint_rules.structure.damaged_source import DamagedSource

RULE = DamagedSource()


def source(*problems: Problem) -> Model:
    return Model("model.keras", Format.KERAS, 100, problems=problems)


def problem(kind: ProblemKind, message: str = "It is damaged.", *, address: str = "", fatal: bool = False) -> Problem:
    return Problem(kind, Location("model.keras", address), message, "Save it again.", fatal)


def bad() -> Model:
    message = "The archive has no model.weights.h5: the values of the weights are not in it."
    return source(problem(ProblemKind.MISSING_FILE, message))


def good() -> Model:
    return source()


def test_an_archive_without_its_weights_is_an_error(tmp_path: Path) -> None:
    parts = {"metadata.json": b'{"keras_version": "3.15.0"}', "config.json": json.dumps(small()).encode()}
    path = save(tmp_path / "model.keras", archive(parts))
    [found] = findings(RULE, read(path))
    assert found.severity is Severity.ERROR
    assert "the values of the weights are not in it" in found.message


def test_damage_of_one_kind_is_one_finding() -> None:
    kind = ProblemKind.BAD_REFERENCE
    two = [problem(kind, f"Layer {number} is not there.", address=f"layers/{number}") for number in (1, 2)]
    [found] = findings(RULE, source(*two))
    assert found.message == "Layer 1 is not there. One more of its parts is like that."
    assert [at.address for at in found.related] == ["layers/2"]
    [found] = findings(RULE, source(*two, problem(kind)))
    assert found.message.endswith("2 more of its parts are like that.")
    assert len(findings(RULE, source(two[0], problem(ProblemKind.DAMAGED)))) == 2


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (ProblemKind.UNSUPPORTED, Severity.NOTE),
        (ProblemKind.TRAILING_BYTES, Severity.WARNING),
        (ProblemKind.TRUNCATED, Severity.ERROR),
    ],
)
def test_what_can_be_loaded_all_the_same_is_less_than_an_error(kind: ProblemKind, severity: Severity) -> None:
    [found] = findings(RULE, source(problem(kind)))
    assert found.severity is severity


def test_a_file_of_which_nothing_can_be_read_is_left_to_unreadable_model() -> None:
    assert findings(RULE, source(problem(ProblemKind.TRUNCATED, fatal=True))) == []
