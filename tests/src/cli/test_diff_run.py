"""`tflint check --diff`: models are run, whatever they do, and the report says what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import fatal_models
from chains import SIZE, float_chain, int8_chain, spoiled, weights
from conversions import FAKE, source
from keras_files import keras_file, small
from models import healthy, lost_weights
from running_here import stay_here
from tflint import convert
from tflint.cli import program, running
from tflint.cli.running import Running
from tflint.compare import runs, session
from tflint.convert import run as converting
from tflint.errors import RunError
from tflint.packs import all_rules, load_packs
from tflint.testing import GraphBuilder

W = weights()
OFF: dict[str, Any] = {
    "convert": False, "convert_timeout": 600.0, "convert_memory": 8.0, "keep_converted": None, "diff": False,
    "inputs": None, "budget": 60.0, "diff_memory": 8.0, "save_run": None, "from_run": None, "allow_code": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The current folder is the tests' own, and temporary ones are gone at the end."""
    pytest.importorskip("ai_edge_litert")
    models, temporary = tmp_path / "models", tmp_path / "temporary"
    models.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(models)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    (models / "tflint.toml").write_text("")
    yield
    assert list(temporary.iterdir()) == []


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers are this process."""
    stay_here(monkeypatch)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["check", *arguments], prog_name="tflint")


def said(result: Result) -> str:
    """What was printed, in one line."""
    return " ".join(result.output.split())


def save(name: str, built: GraphBuilder) -> str:
    return str(built.save(Path(f"{name}.tflite")))


def pair(*places: int) -> list[str]:
    """The arguments for a model beside its source, whose weights differ in these layers."""
    save("float", float_chain(W))
    return [save("model", float_chain(spoiled(W, *places))), "--source", "float.tflite", "--diff"]


def test_a_model_that_gives_what_its_source_gives_is_fine(here: None) -> None:
    result = run(*pair())
    assert result.exit_code == 0, result.output
    assert "diff model.tflite: LiteRT" in result.output
    assert "output 'dense_4': " in result.output


def test_one_that_does_not_is_an_error_and_its_op_is_named(here: None) -> None:
    result = run(*pair(2))
    assert result.exit_code == 1
    assert "error TFL901" in result.output
    assert "op 2 FULLY_CONNECTED" in said(result)
    assert "is reported at the same op, and is the likely cause." in said(result)


def test_a_conversion_to_integers_is_no_error(here: None) -> None:
    save("float", float_chain(W))
    result = run(save("model", int8_chain(W)), "--source", "float.tflite", "--diff", "--select", "TFL9")
    assert result.exit_code == 0, result.output
    assert "signal to noise" in said(result)


def test_nothing_is_run_unless_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "run_process", lambda *_, **__: pytest.fail("it ran"))
    arguments = [each for each in pair(2) if each != "--diff"]
    result = run(*arguments)
    assert "diff model.tflite" not in result.output
    assert "--diff" in result.output
    assert "TFL901" not in result.output


def test_json_has_what_was_measured(here: None) -> None:
    document = json.loads(run(*pair(2), "--format", "json").output)
    [model] = document["models"]
    assert model["comparison"]["blame"]["op"] == "0/2:FULLY_CONNECTED"
    assert [each["ended"] for each in model["comparison"]["runs"]] == ["done"] * 3
    [found] = [each for each in document["findings"] if each["code"] == "TFL901"]
    assert found["evidence"]["cause"].startswith("TFL3")


# Fatal models, in processes of their own.


def test_models_that_crash_or_hang_or_are_damaged_leave_the_others_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_LEAST_SECONDS", 3.0)
    names = [
        save("a_crash", fatal_models.aborting()),
        save("b_loop", fatal_models.looping()),
        save("c_lost", lost_weights()),
        save("d_steady", fatal_models.steady()),
    ]
    Path("e_broken.tflite").write_bytes(b"\x1c\0\0\0TFL3 and no more")
    result = run(*names, "e_broken.tflite", "--diff", "--budget", "30")
    assert result.exit_code == 1
    text = said(result)
    assert "error TFL908" in text
    assert "its process ended with SIGABRT" in text
    assert "it had given no answer after" in text
    assert "diff c_lost.tflite: not run The model was not run: TFL116 variable-uninitialised reports" in text
    assert "diff d_steady.tflite: LiteRT" in text
    assert "diff e_broken.tflite" not in text
    assert "error TFL0" in text or "error TFL1" in text


def test_the_program_itself_does(tmp_path: Path) -> None:
    """One real command: what it prints, its exit codes, and that nothing is left behind."""
    arguments = pair(2)
    crash = save("crash", fatal_models.aborting())
    command = [sys.executable, "-m", "tflint", "check", crash, *arguments, "--save-run", "run.npz", "--select", "TFL9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 1, done.stderr
    assert "TFL908" in done.stdout
    assert "TFL901" in done.stdout
    assert done.stderr == ""
    command[command.index("--diff")] = "--from-run"
    command[command.index("--save-run") : command.index("--save-run") + 2] = []
    command.insert(command.index("--from-run") + 1, "run.npz")
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert (again.returncode, again.stdout) == (done.returncode, done.stdout)


# What they are run on.


def test_inputs_are_those_that_are_named(here: None) -> None:
    np.save("x.npy", np.ones((2, SIZE), np.float32))
    assert "2 samples in 'x.npy'" in said(run(*pair(), "--inputs", "x.npy"))
    Path("folder").mkdir()
    np.save("folder/x.npy", np.ones((3, SIZE), np.float32))
    assert "3 samples in 'folder'" in said(run(*pair(), "--inputs", "folder"))


def test_inputs_that_do_not_fit_are_a_sentence_and_the_rules_still_ran(here: None) -> None:
    np.save("x.npy", np.ones((2, 7), np.float32))
    result = run(*pair(2), "--inputs", "x.npy")
    assert result.exit_code == 2
    assert "model.tflite: not checked: " in said(result)
    assert "x.npy" in said(result)
    assert "TFL335" in result.output
    assert "Traceback" not in result.output


def test_the_configuration_names_inputs_and_shapes_for_its_models(here: None) -> None:
    Path("sub").mkdir()
    g = GraphBuilder()
    g.output(g.op("NEG", [g.input("x", [1, None])], g.tensor("y", [1, None])))
    g.save(Path("sub/open.tflite"))
    save("float", g)
    save("model", g)
    np.save("sub/x.npy", np.ones((3, 1, 6), np.float32))
    Path("tflint.toml").write_text(
        '[[models]]\nsource = "float.tflite"\nconverted = ["model.tflite"]\nshapes = {x = [1, 5]}\n'
        '[[models]]\nsource = "float.tflite"\nconverted = ["sub/open.tflite"]\ninputs = "sub/x.npy"\n'
    )
    text = said(run("model.tflite", "sub/open.tflite", "--diff"))
    assert "diff model.tflite: LiteRT" in text
    assert "made up" not in text
    assert "3 samples in 'x.npy'" in text


def test_a_source_that_is_missing_leaves_the_model_its_run(here: None) -> None:
    Path("tflint.toml").write_text('[[models]]\nsource = "none.keras"\nconverted = ["model.tflite"]\n')
    result = run(save("model", float_chain(W)), "--diff")
    assert result.exit_code == 2
    assert "Its source cannot be read." in said(result)
    assert "diff model.tflite: LiteRT" in said(result)
    assert " alone, on " in said(result)


def test_without_tensorflow_a_keras_source_cannot_be_run_and_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stay_here(monkeypatch)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    Path("m.keras").write_bytes(keras_file(small()))
    g = GraphBuilder()
    w, v = (g.constant(name, np.ones(shape, np.float32)) for name, shape in (("w", (3, 4)), ("v", (2, 3))))
    h = g.op("FULLY_CONNECTED", [g.input("x", [1, 4]), w, -1], g.tensor("net/a/MatMul", [1, 3]), {})
    g.output(g.op("FULLY_CONNECTED", [h, v, -1], g.tensor("net/b/MatMul", [1, 2]), {}))
    result = run(save("m", g), "--source", "m.keras", "--diff", "--select", "TFL9")
    assert "Its source was not run: TensorFlow is not installed; pip install 'tflint[tensorflow]'" in said(result)
    assert "diff m.tflite: LiteRT" in said(result)
    assert result.exit_code == 2


# Runs that are kept.


def test_a_run_that_was_kept_is_judged_again_the_same_way(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = pair(2)
    first = run(*arguments, "--save-run", "run.npz")
    monkeypatch.setattr(runs, "run_process", lambda *_, **__: pytest.fail("it ran"))
    again = run(*arguments[:-1], "--from-run", "run.npz")
    assert (again.exit_code, again.output) == (first.exit_code, first.output)


def test_a_model_that_the_run_does_not_know_is_told_and_the_others_judged(here: None) -> None:
    arguments = pair(2)
    run(*arguments, "--save-run", "run.npz")
    other = save("other", healthy())
    result = run(other, *arguments[:-1], "--from-run", "run.npz")
    assert result.exit_code == 2
    assert "other.tflite: not checked: The saved run has nothing of 'other.tflite'" in said(result)
    assert "TFL901" in result.output
    save("model", float_chain(W))
    result = run(*arguments[:-1], "--from-run", "run.npz")
    assert "'model.tflite' has changed since the run was saved; --diff runs it anew." in said(result)


def test_a_file_that_is_no_run_is_one_sentence() -> None:
    save("model", healthy())
    Path("run.npz").write_bytes(b"no")
    for name, words in [("run.npz", "is no run that --save-run wrote."), ("none.npz", "No such file or directory.")]:
        result = run("model.tflite", "--from-run", name)
        assert result.exit_code == 2
        assert words in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_a_run_that_cannot_be_kept_is_one_sentence(here: None) -> None:
    result = run(*pair(), "--save-run", "none/run.npz")
    assert result.exit_code == 2
    assert "There is no folder for 'none/run.npz', which --save-run names" in result.stderr
    Path("folder.npz").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        running_as(diff=True, save_run=Path("folder.npz")).save(session.Session(None, 1.0, 1))  # type: ignore[arg-type]


# Options.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--inputs", "x.npy"], "it goes with --diff."),
        (["--save-run", "x"], "it goes with --diff."),
        (["--allow-code"], "it goes with --convert or --diff."),
        (["--keep-converted", "x", "--diff"], "it goes with --convert."),
        (
            ["--diff", "--from-run", "x"],
            "--from-run judges a run that was saved, and --diff runs anew; give one of them.",
        ),
        (["--diff", "--inputs", "none.npy"], "There is no file or folder 'none.npy', which --inputs names."),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(arguments: list[str], sentence: str) -> None:
    result = run(save("model", healthy()), *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert next(each for each in arguments if each.startswith("--") and each != "--diff") in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("option", ["--budget", "--diff-memory"])
@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_limits_are_numbers_above_zero(option: str, value: str) -> None:
    result = run(save("model", healthy()), "--diff", option, value)
    assert result.exit_code == 2
    assert option in result.stderr


def test_without_the_runtime_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "find_spec", lambda _: None)
    result = run(save("model", healthy()), "--diff")
    assert result.exit_code == 2
    assert "pip install 'tflint[run]' adds it." in result.stderr
    monkeypatch.setattr(convert, "is_installed", lambda: False)
    result = run("model.tflite", "--convert")
    assert "pip install 'tflint[tensorflow]' adds it." in result.stderr


def running_as(**more: Any) -> Running:
    return Running(**OFF | more)


def test_settings_are_those_of_the_options(tmp_path: Path) -> None:
    rules = all_rules(load_packs())
    assert not running_as().is_on
    assert running_as().session([], rules, None) is None
    assert running_as().conversions(rules) is None
    running_as().save(None)
    path = tmp_path / "x.npy"
    path.touch()
    how = running_as(diff=True, budget=7.0, diff_memory=0.5, allow_code=True, inputs=path)
    made = how.session(["a", "b"], rules, None)
    assert made is not None
    assert (made.budget, made.count, made.is_replay) == (7.0, 2, False)
    assert (made.settings.memory, made.settings.allow_code, made.settings.inputs) == (1 << 29, True, str(path))
    codes = {rule.meta.code[:4] for rule in made.settings.guards}
    assert codes == {"TFL1", "TFL8"}
    plain = running_as(diff=True).session(["a"], rules, None)
    assert plain is not None
    assert plain.settings.inputs is None


def test_the_shortest_budget_ends_in_time() -> None:
    result = run(save("model", fatal_models.looping()), "--diff", "--budget", "0.01", "--select", "TFL9")
    assert result.exit_code in (0, 1)
    assert "diff model.tflite: " in said(result)


def test_a_fault_of_ours_is_told_and_the_rules_still_ran(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "compare", lambda *_: 1 / 0)
    result = run(*pair(2))
    assert result.exit_code == 2
    assert "ZeroDivisionError: division by zero" in said(result)
    assert "TFL335" in result.output


def test_a_conversion_is_run_as_well(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stand-in of TensorFlow's converter makes has no file: it is run from its bytes."""
    monkeypatch.setattr(converting, "_WORKER", FAKE)
    monkeypatch.setattr(convert, "is_installed", lambda: True)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    source(Path(), "fine")
    result = run("fine.keras", "--convert", "--diff", "--save-run", "run.npz")
    assert "diff fine.keras (converted): LiteRT" in said(result)
    assert "Its source was not run: TensorFlow is not installed" in said(result)
    assert Path("run.npz").is_file()


def test_one_process_runs_all_models_whatever_jobs_says(here: None) -> None:
    names = [save(name, float_chain(W)) for name in ("a", "b", "c")]
    text = said(run(*names, "--diff", "--jobs", "3", "--select", "TFL9"))
    assert [f"diff {name}: LiteRT" in text for name in names] == [True] * 3
