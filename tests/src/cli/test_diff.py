"""`tflint diff`: its options, exit codes and streams, in processes of their own and in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builds import MUTATIONS, detector, mutated, rewritten
from keras_files import keras_file, small
from tflint.changes import Grade
from tflint.cli import program


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "tflint.toml").write_text("")
    detector().save(Path("old.tflite"))
    for grade in Grade:
        one = next(each for each in MUTATIONS if each.grade is grade and not each.quantized)
        mutated(one).save(Path(f"{grade.label}.tflite"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["diff", *arguments], prog_name="tflint")


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tflint", "diff", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_break_ends_with_1_and_says_what_breaks() -> None:
    done = process("old.tflite", "breaking.tflite")
    assert done.returncode == 1
    assert "effect: A program that gives it FLOAT32 values fails." in done.stdout
    assert done.stderr == ""


def test_the_same_model_ends_with_0() -> None:
    Path("again.tflite").write_bytes(rewritten(detector().tables, 5))
    done = process("old.tflite", "again.tflite", "--fail-on", "weights")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("The same model, written differently.\n")
    assert process("old.tflite", "old.tflite").stdout.endswith("The files are the same.\n")


@pytest.mark.parametrize("grade", list(Grade))
@pytest.mark.parametrize("limit", [*(each.label for each in Grade), "never"])
def test_fail_on_says_from_which_grade_on_it_fails(grade: Grade, limit: str) -> None:
    expected = 0 if limit == "never" else int(grade >= Grade.from_label(limit))
    assert run("old.tflite", f"{grade.label}.tflite", "--fail-on", limit).exit_code == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["old.tflite", "gone.tflite"], "There is no file or folder 'gone.tflite'."),
        (["old.tflite", "source.keras"], "'tflint check old.tflite --source source.keras' compares a conversion"),
        (["old.tflite", "broken.tflite"], "'broken.tflite' cannot be compared. "),
        (["old.tflite", "minor.tflite", "--output", "yaml:x"], "it takes FORMAT:PATH with a format of text, json"),
        (["old.tflite", "minor.tflite", "--output", "json:none/x.json"], "The report 'none/x.json' cannot be written"),
        (["old.tflite", "minor.tflite", "--target", "xnnpac"], "xnnpack"),
        (["old.tflite", "minor.tflite", "--runtime", "new"], "--runtime is 'new'; it takes a version like 2.14."),
        (["old.tflite", "minor.tflite", "--isolated", "--config", "tflint.toml"], "contradict one another"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_2(arguments: list[str], sentence: str) -> None:
    Path("source.keras").write_bytes(keras_file(small()))
    Path("broken.tflite").write_bytes(b"TFL3")
    done = process(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_reports_are_written_beside_the_one_that_is_shown() -> None:
    result = run(
        "old.tflite", "breaking.tflite", "--output", "json:d.json", "--output", "sarif:d.sarif", "--format", "markdown"
    )
    assert result.output.startswith("### tflint diff: ")
    assert json.loads(Path("d.json").read_text())["verdict"] == "breaking"
    assert json.loads(Path("d.sarif").read_text())["runs"][0]["results"]


def test_the_configuration_names_targets_and_the_runtime() -> None:
    Path("tflint.toml").write_text('targets = ["tflm"]\nruntime = "2.14"\n')
    assert "tflm_arena" in json.loads(run("old.tflite", "minor.tflite", "--format", "json").output)["figures"]
    isolated = run("old.tflite", "minor.tflite", "--isolated", "--format", "json").output
    assert "tflm_arena" not in json.loads(isolated)["figures"]
    assert run("old.tflite", "minor.tflite", "--target", "xnnpack").exit_code == 0


def test_colours_are_as_asked_for() -> None:
    assert "\x1b[31m" in run("old.tflite", "breaking.tflite", "--color", "always").output
    assert "\x1b" not in run("old.tflite", "breaking.tflite").output


def test_help_says_what_the_grades_mean() -> None:
    text = run("--help").output
    assert "breaking  a program that runs OLD fails with NEW, or misreads its results\n" in text
    assert "--fail-on [breaking|minor|weights|never]" in text
