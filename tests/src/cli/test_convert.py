"""`tflint check --convert`: who may turn it on, what the report says, and where its places are."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from conversions import ALL, FAKE, checked, source
from keras_files import functional, layer
from models import healthy
from tflint import Context, Finding, Rule, RuleMeta, convert
from tflint.cli import program
from tflint.cli.terminal import conversions as bar
from tflint.config import Config, load_config
from tflint.convert import run as module
from tflint.errors import ConfigError
from tflint.expectations import Expectations
from tflint.finding import Severity


@pytest.fixture(autouse=True)
def _with_the_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_WORKER", FAKE)
    monkeypatch.setattr(convert, "is_installed", lambda: True)
    (tmp_path / "tflint.toml").write_text("")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["check", *arguments], prog_name="tflint")


def test_the_result_is_checked_as_a_model_of_its_own() -> None:
    source(Path(), "fine")
    result = run("fine.keras", "--convert")
    assert "fine.keras (converted)\n  warning TFL107 dead-op: op 0 NEG" in result.output
    assert "2 models" in result.output


def test_json_says_what_it_was_converted_from() -> None:
    source(Path(), "fine")
    document = json.loads(run("fine.keras", "--convert", "--format", "json").output)
    first, second = document["models"]
    assert "converted_from" not in first
    assert (second["path"], second["converted_from"]) == ("fine.keras (converted)", "fine.keras")
    assert {each["path"] for each in document["findings"]} == {"fine.keras (converted)"}


def test_sarif_shows_it_at_the_file_that_is_there() -> None:
    source(Path(), "fine")
    [run_] = json.loads(run("fine.keras", "--convert", "--format", "sarif").output)["runs"]
    assert [each["location"]["uri"] for each in run_["artifacts"]] == ["fine.keras"]
    for result in run_["results"]:
        for place in (*result["locations"], *result.get("relatedLocations", [])):
            assert place["physicalLocation"]["artifactLocation"]["uri"] == "fine.keras"
            assert "byteOffset" not in place["physicalLocation"].get("region", {})
            assert place["logicalLocations"][0]["fullyQualifiedName"].startswith("fine.keras (converted)/0/")


def test_a_failure_is_an_error_at_the_source() -> None:
    source(Path(), "failing")
    result = run("failing.keras", "--convert")
    assert result.exit_code == 1
    assert "TFLite has no kernel for Erf" in " ".join(result.output.split())


def test_the_options_reach_the_conversion() -> None:
    source(Path(), "hang")
    result = run("hang.keras", "--convert", "--convert-timeout", "2")
    assert "it took more than the 2 s that it had" in " ".join(result.output.split())
    source(Path(), "eat")
    result = run("eat.keras", "--convert", "--convert-memory", "0.5")
    assert "more than the 0.5 GiB of memory" in " ".join(result.output.split())
    source(Path(), "fine")
    run("fine.keras", "--convert", "--keep-converted", "kept")
    assert Path("kept/fine.keras.tflite").read_bytes()[4:8] == b"TFL3"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fine.keras", "--allow-code"], "--allow-code says how that is done; it goes with --convert or --diff."),
        (["fine.keras", "--keep-converted", "x"], "--keep-converted says how that is done; it goes with --convert."),
        (["good.tflite", "--convert"], "There is no Keras model and no SavedModel to convert in 'good.tflite'."),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_gives_2(arguments: list[str], sentence: str) -> None:
    source(Path(), "fine")
    healthy().save(Path("good.tflite"))
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_without_tensorflow_it_is_one_sentence_and_gives_2(monkeypatch: pytest.MonkeyPatch) -> None:
    source(Path(), "fine")
    monkeypatch.setattr(convert, "is_installed", lambda: False)
    result = run("fine.keras", "--convert")
    assert result.exit_code == 2
    assert "pip install 'tflint[tensorflow]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_where_tensorflow_does_not_work_it_gives_2_and_the_rules_still_ran() -> None:
    source(Path(), "missing")
    result = run("missing.keras", "--convert")
    assert result.exit_code == 2
    assert "not checked: --convert runs TensorFlow's converter" in result.output


def test_a_fault_of_ours_is_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_signatures", lambda model: 1 / 0)
    [crash] = checked(source(tmp_path, "fine")).crashes
    assert (crash.rule, crash.message) == ("converter", "ZeroDivisionError: division by zero")


def test_a_configuration_turns_neither_conversions_nor_code_on(tmp_path: Path) -> None:
    for key in ("convert", "allow-code", "allow_code", "convert-timeout", "keep-converted"):
        path = tmp_path / "tflint.toml"
        path.write_text(f"{key} = true")
        with pytest.raises(ConfigError, match="Unknown key"):
            load_config(path)
    (tmp_path / "tflint.toml").write_text("")


def test_a_configuration_does_not_open_the_gate(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    path = source(tmp_path, "fine", functional([layer("Lambda", "scale", function=code)], [], []))
    Path("tflint.toml").write_text('ignore = ["TFL8"]\nseverity = {TFL801 = "note"}')
    result = run(path, "--convert")
    assert result.exit_code == 1
    assert "The model was not converted, since TFL801 lambda-bytecode reports an error in it" in " ".join(
        result.output.split()
    )
    assert "2 models" in run(path, "--convert", "--allow-code").output


@dataclass(frozen=True)
class OfRanges(Rule):
    """Reports each model."""

    meta: ClassVar[RuleMeta] = RuleMeta("EVE001", "of-ranges", Severity.NOTE, of_ranges=True)

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It has ranges.")


def test_what_was_quantized_on_noise_says_so_and_its_ranges_are_not_judged(tmp_path: Path) -> None:
    path = source(tmp_path, "fine")
    rules = (*ALL, OfRanges())
    report = checked(path, Config(root=tmp_path, expect=Expectations(precision="int8")), rules)
    assert {each.code for each in report.findings} >= {"TFL228"}
    assert not {each.code for each in report.findings} & {"EVE001"}
    assert {each.code for each in checked(path, rules=rules).findings} >= {"EVE001"}


def test_its_targets_are_those_of_the_pair(tmp_path: Path) -> None:
    path = tmp_path / "tflint.toml"
    path.write_text('targets = ["cpu"]\n[[models]]\nsource = "a.keras"\nconverted = ["a.tflite"]\ntargets = ["tflm"]')
    config = load_config(path)
    assert config.targets_of(str(tmp_path / "a.keras")) == ("tflm",)
    assert config.targets_of(str(tmp_path / "b.keras")) == ("cpu",)
    path.write_text("")


_SLOW = f"""
from tflint import convert
from tflint.convert import run
from tflint.cli import program
run._WORKER = {FAKE!r}
convert.is_installed = lambda: True
program(["check", "fine.keras", "--convert"], prog_name="tflint")
"""


def test_a_terminal_shows_which_model_is_being_converted(tmp_path: Path) -> None:
    source(tmp_path, "fine")
    main, side = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    command: list[Any] = [sys.executable, "-c", _SLOW]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=side, env=environment, cwd=tmp_path)
    os.close(side)
    written = b""
    try:
        while piece := os.read(main, 4096):
            written += piece
    except OSError:  # the other side is closed
        pass
    process.wait(60)
    os.close(main)
    assert b"converting fine.keras" in written


def test_elsewhere_nothing_is_shown() -> None:
    with bar(1) as (finished, converting, doing):
        assert finished is None
        assert converting is None
        assert doing is None
