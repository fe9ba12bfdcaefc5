"""TFL806: a SavedModel as text."""

import tempfile
from pathlib import Path

from plain_sources import Nodes, saved
from tflint import Format, Model
from tflint.testing import findings
from tflint_rules.security.pbtxt_twin import PbtxtTwin

RULE = PbtxtTwin()
FOLDERS = []


def folder(*names: str) -> Model:
    """A SavedModel whose folder has files of these names."""
    made = tempfile.TemporaryDirectory()
    FOLDERS.append(made)  # it is there as long as the tests run
    for name in names:
        (Path(made.name) / name).write_bytes(b"")
    return saved(Nodes(), path=made.name)


def bad() -> Model:
    return folder("saved_model.pb", "saved_model.pbtxt")


def good() -> Model:
    return folder("saved_model.pb")


def test_a_text_beside_the_model_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.message.startswith("The folder has a 'saved_model.pbtxt' beside 'saved_model.pb'")
    assert found.location.name == "saved_model.pbtxt"


def test_a_text_in_its_place_is_a_warning() -> None:
    [found] = findings(RULE, folder("saved_model.pbtxt"))
    assert "scanners that look for 'saved_model.pb' do not see it" in found.message


def test_the_binary_file_alone_and_a_lone_graph_are_fine(tmp_path: Path) -> None:
    assert findings(RULE, good()) == []
    (tmp_path / "graph.pb").write_bytes(b"")
    assert findings(RULE, saved(Nodes(), path=str(tmp_path / "graph.pb"), format=Format.SAVED_MODEL)) == []
