"""Two builds of a model are run: what that adds to the difference between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import fatal_models
from chains import float_chain, half_chain, spoiled, weights
from keras_files import keras_file, save, small
from running_here import stay_here
from tflint.changes import Difference, Grade
from tflint.cli import program
from tflint.compare import Session, Settings
from tflint.compare.builds import with_numbers
from tflint.difference import diff
from tflint.formats import read
from tflint.testing import GraphBuilder

W = weights()


def found(folder: Path, old: GraphBuilder, new: GraphBuilder) -> Difference:
    paths = old.save(folder / "old.tflite"), new.save(folder / "new.tflite")
    return with_numbers(diff(*map(read, paths)), Session(Settings(looks_inside=False), 30, 1))


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    stay_here(monkeypatch)


@pytest.mark.usefixtures("_here")
def test_other_weights_give_other_values(tmp_path: Path) -> None:
    made = found(tmp_path, float_chain(W), float_chain(spoiled(W, 2)))
    assert made.verdict is Grade.WEIGHTS
    [change] = [each for each in made.changes if each.what == "output-values"]
    assert change.message.startswith("Output 'dense_4' has other values on the same inputs: the largest error is ")
    assert change.places[0].address == "0/t10"
    assert made.numbers is not None
    assert made.numbers.blame is None


@pytest.mark.usefixtures("_here")
def test_the_same_build_gives_the_same_values(tmp_path: Path) -> None:
    made = found(tmp_path, float_chain(W), float_chain(W))
    assert made.changes == ()
    assert made.same is not None
    assert made.numbers is not None
    assert made.numbers.outputs[0].figures.max_abs == 0


@pytest.mark.usefixtures("_here")
def test_rounded_weights_give_other_values_too(tmp_path: Path) -> None:
    made = found(tmp_path, float_chain(W), half_chain(W))
    assert "output-values" in {each.what for each in made.changes}


def test_a_build_that_does_not_run_any_more_breaks(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    made = found(tmp_path, float_chain(W), fatal_models.aborting())
    [change] = [each for each in made.changes if each.what == "does-not-run"]
    assert change.grade is Grade.BREAKING
    assert made.changes[0].grade is Grade.BREAKING


def test_sources_are_not_run(tmp_path: Path) -> None:
    paths = [save(tmp_path / name, keras_file(small())) for name in ("a.keras", "b.keras")]
    made = with_numbers(diff(*map(read, paths)), Session(Settings(), 30, 1))
    assert made.numbers is None
    assert "The outputs: only .tflite files are run here." in made.unknown


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "sarif"])
@pytest.mark.usefixtures("_here")
def test_each_report_shows_what_running_gave(tmp_path: Path, format_: str) -> None:
    float_chain(W).save(tmp_path / "old.tflite")
    float_chain(spoiled(W, 2)).save(tmp_path / "new.tflite")
    arguments = ["diff", *map(str, (tmp_path / "old.tflite", tmp_path / "new.tflite"))]
    result = CliRunner().invoke(program, [*arguments, "--run", "--isolated", "--format", format_])
    assert result.exit_code == 0, result.output
    assert "has other values on the same inputs" in result.output
    if format_ == "json":
        assert json.loads(result.output)["numbers"]["outputs"][0]["figures"]["max_abs"] > 0
    elif format_ != "sarif":
        assert "signal to noise" in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--inputs", "x.npz"], "--inputs says how to run models; it goes with --run."),
        (["--allow-code"], "--allow-code says how to run models; it goes with --run."),
        (["--run", "--inputs", "none.npz"], "There is no file or folder 'none.npz', which --inputs names."),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    path = str(float_chain(W).save(tmp_path / "m.tflite"))
    result = CliRunner().invoke(program, ["diff", path, path, "--isolated", *options])
    assert result.exit_code == 2
    assert words in result.output


def test_without_litert_nothing_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.cli.running.find_spec", lambda _name: None)
    path = str(float_chain(W).save(tmp_path / "m.tflite"))
    result = CliRunner().invoke(program, ["diff", path, path, "--isolated", "--run"])
    assert result.exit_code == 2
    assert "pip install 'tflint[run]' adds it." in result.output
