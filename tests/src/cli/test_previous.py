"""`tflint check --previous`: what callers of the last build rely on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tflint.cli import program
from tflint.testing import GraphBuilder


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def build(name: str, classes: int = 4) -> str:
    g = GraphBuilder()
    x = g.input("x", [1, classes])
    g.output(g.op("SOFTMAX", [x], g.tensor("scores", [1, classes]), {"beta": 1.0}))
    g.signature("serving_default", {"x": x}, {"scores": 1})
    return str(g.save(Path(name)))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["check", "--isolated", "--select", "TFL605,TFL612", *arguments])


def test_an_output_of_another_shape_breaks_the_contract() -> None:
    result = run(build("new.tflite", 5), "--previous", build("old.tflite"))
    assert result.exit_code == 1
    assert "TFL605 contract-changed" in result.output
    assert "coverage: 2 of 2 rules ran." in result.output


def test_the_same_contract_is_kept() -> None:
    result = run(build("new.tflite"), "--previous", build("old.tflite"))
    assert result.exit_code == 0
    assert "Nothing found in 1 model." in result.output


def test_without_a_previous_build_its_rules_wait() -> None:
    assert "2 need --previous" in run(build("new.tflite")).output


def test_a_build_that_is_not_there_is_one_sentence() -> None:
    result = run(build("new.tflite"), "--previous", "none.tflite")
    assert result.exit_code == 2
    assert "There is no file or folder 'none.tflite', which --previous names." in result.output
