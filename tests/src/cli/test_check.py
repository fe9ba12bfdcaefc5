"""`tflint check`: its options, exit codes and streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models import healthy, lost_weights
from tflint.cli import program


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "tflint.toml").write_text("")  # the nearest configuration


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["check", *arguments], prog_name="tflint")


def good(name: str = "good.tflite") -> str:
    return str(healthy().save(Path(name)))


def bad(name: str = "bad.tflite") -> str:
    return str(lost_weights().save(Path(name)))


def test_a_sound_model_gives_0_and_says_what_was_checked() -> None:
    result = run(good())
    assert result.exit_code == 0
    assert result.output.startswith("Nothing found in 1 model.\ncoverage: ")


def test_an_error_gives_1_and_names_the_op() -> None:
    result = run(good(), bad())
    assert result.exit_code == 1
    assert "error TFL116 variable-uninitialised: op 1 READ_VARIABLE, 'weights'" in result.output


def test_exit_zero_and_fail_on_change_the_code() -> None:
    assert run(bad(), "--exit-zero").exit_code == 0
    Path("tflint.toml").write_text('severity = { TFL116 = "warning" }')
    assert run(bad(), "--select", "TFL116").exit_code == 0
    assert run(bad(), "--select", "TFL116", "--fail-on", "warning").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone.tflite"], "There is no file or folder 'gone.tflite'."),
        (["good.tflite", "--select", "TFL999"], "No rule is called 'TFL999'"),
        (["good.tflite", "--select", "TFL1", "--ignore", "TFL1"], "No rule is on"),
        (["good.tflite", "--runtime", "new"], "--runtime is 'new'"),
        (["good.tflite", "--output", "sarif"], "FORMAT:PATH"),
        (["good.tflite", "--output", "pdf:x.pdf"], "a format of text, json, sarif"),
        (["good.tflite", "--output", "json:gone/x.json"], "'gone/x.json' cannot be written"),
        (["good.tflite", "--config", "gone.toml"], "There is no configuration file 'gone.toml'."),
        (["good.tflite", "--config", "tflint.toml", "--isolated"], "contradict"),
        (["good.tflite", "--source", "gone.tflite"], "There is no file or folder 'gone.tflite', which --source names."),
        (["good.tflite", "--baseline", "gone.json"], "There is no baseline 'gone.json'"),
        (["empty"], "There is no model to check in 'empty'."),
        (["*.gone"], "No file fits the pattern '*.gone'."),
        (["good.tflite", "--frmat", "json"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_gives_2(arguments: list[str], sentence: str) -> None:
    good()
    Path("empty").mkdir()
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_configuration_is_found_and_can_be_left_out() -> None:
    Path("tflint.toml").write_text('ignore = ["TFL116"]')
    assert run(bad()).exit_code == 0
    assert run(bad(), "--isolated").exit_code == 1
    Path("other.toml").write_text("")
    assert run(bad(), "--config", "other.toml").exit_code == 1


def test_the_targets_of_a_pair_stand_in_for_the_general_ones_and_those_of_the_command_line_for_both() -> None:
    models = '[[models]]\nsource = "gone.tflite"\nconverted = ["good.tflite"]\n'
    Path("tflint.toml").write_text(f'targets = ["gone"]\n{models}targets = ["cpu"]')
    assert "No target is called 'gone'" in run(good()).stderr
    Path("tflint.toml").write_text(f'{models}targets = ["gonne"]')
    assert "No target is called 'gonne'" in run(good()).stderr
    assert "gonne" not in run(good(), "--target", "cpu").stderr


def test_a_source_is_named_on_the_command_line() -> None:
    result = run(good(), "--source", good("float.tflite"))
    assert result.exit_code == 0
    assert "a source" not in result.output


def test_everything_excluded_gives_0_and_says_so() -> None:
    Path("tflint.toml").write_text('exclude = ["*.tflite"]')
    result = run(bad(), "--force-exclude")
    assert result.exit_code == 0
    assert "excludes everything" in result.stderr
    assert run(bad()).exit_code == 1


def test_standard_output_holds_the_report_alone() -> None:
    result = run(bad(), "--format", "json")
    assert json.loads(result.stdout)["findings"][0]["code"] == "TFL116"
    assert result.stderr == ""


def test_reports_are_written_beside_the_one_on_standard_output() -> None:
    result = run(bad(), "--output", "json:a.json", "--output", "sarif:a.sarif")
    assert "TFL116" in result.stdout
    assert json.loads(Path("a.json").read_text())["schema"] == "tflint-check/1"
    assert json.loads(Path("a.sarif").read_text())["version"] == "2.1.0"


def test_statistics_count_the_findings_of_each_rule() -> None:
    result = run(bad("a.tflite"), bad("b.tflite"), "--select", "TFL116", "--statistics")
    assert "     2  TFL116  error    variable-uninitialised" in result.output


def test_colours_are_for_those_who_ask() -> None:
    assert "\x1b[" not in run(bad()).output
    assert "\x1b[31merror\x1b[0m" in run(bad(), "--color", "always").output
    os.environ["FORCE_COLOR"] = "1"
    assert "\x1b[" in run(bad()).output
    os.environ["NO_COLOR"] = "1"
    assert "\x1b[" not in run(bad()).output
    del os.environ["FORCE_COLOR"], os.environ["NO_COLOR"]


def test_a_baseline_accepts_what_there_is_and_shows_what_is_new() -> None:
    written = run(bad("a.tflite"), "--select", "TFL116", "--write-baseline", "accepted.json")
    assert written.exit_code == 0
    assert "1 finding accepted in accepted.json." in written.stderr
    result = run("a.tflite", bad("b.tflite"), "--baseline", "accepted.json", "--select", "TFL116")
    assert result.exit_code == 1
    assert "b.tflite" in result.output
    assert "a.tflite" not in result.output
    assert "1 accepted finding not shown." in result.output
    Path("tflint.toml").write_text('baseline = "accepted.json"')
    assert run("a.tflite", "--select", "TFL116").exit_code == 0


_PACK = '''
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from tflint import Context, Finding, Pack, Rule, RuleMeta, Severity

@dataclass(frozen=True)
class Mine(Rule):
    """It."""
    meta: ClassVar[RuleMeta] = RuleMeta("MINE1", "mine", Severity.NOTE)
    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It is mine.")
        raise ValueError("by design")

PACK = Pack("MINE", (Mine,))
'''


def test_a_pack_of_the_configuration_is_loaded_only_with_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("my_own_lint.py").write_text(_PACK)
    Path("tflint.toml").write_text('packs = ["my_own_lint:PACK"]')
    refused = run(good())
    assert refused.exit_code == 2
    assert "Pass --allow-packs if you trust it." in refused.stderr
    assert "my_own_lint" not in sys.modules
    allowed = run(good(), "--allow-packs", "--select", "MINE1")
    assert "It is mine." in allowed.output
    assert allowed.exit_code == 2  # a rule that fails is a crash
    assert "MINE1 failed: ValueError: by design" in allowed.output
    assert run(good(), "--allow-packs", "--select", "MINE1", "--write-baseline", "b.json").exit_code == 2
    del sys.modules["my_own_lint"]


def test_worker_processes_find_the_packs_of_the_configuration() -> None:
    Path("my_shared_lint.py").write_text(_PACK)
    Path("tflint.toml").write_text('packs = ["my_shared_lint:PACK"]')
    result = run(good("a.tflite"), good("b.tflite"), "--allow-packs", "--select", "MINE1", "--jobs", "2")
    assert result.output.count("It is mine.") == 2
    assert result.output.count("MINE1 failed: ValueError: by design") == 2
    del sys.modules["my_shared_lint"]


def test_several_jobs_give_the_same_report() -> None:
    bad("a.tflite"), good("b.tflite")
    assert run(".", "--jobs", "2").output == run(".", "--jobs", "1").output


def test_a_real_process_reports_on_its_streams_and_by_its_code() -> None:
    bad()
    done = subprocess.run(
        [sys.executable, "-m", "tflint", "check", "."], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "TFL116" in done.stdout
    assert done.stderr == ""


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    for number in range(40):
        bad(f"{number}.tflite")
    command = f"{sys.executable} -m tflint check . --format json | head -c 10"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
