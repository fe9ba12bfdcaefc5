"""`explain`, `rules`, `inspect`, and the program around them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner, Result

from models import healthy
from tflint import Context, Finding, Rule, RuleMeta, Severity, option
from tflint.cli import program
from tflint.docs import markdown
from tflint.testing import GraphBuilder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments, prog_name="tflint")


def test_the_version_says_which_tflint_it_is() -> None:
    assert run("--version").output.startswith("tflint 0.")
    assert "TFLite" in run("--version").output


def test_help_lists_the_commands_and_the_exit_codes() -> None:
    text = run("--help").output
    assert all(command in text for command in ("check", "explain", "inspect", "rules"))
    assert "1 findings" in text


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    result = run("chek", "x")
    assert result.exit_code == 2
    assert "There is no command 'chek'. Did you mean 'check'?" in result.output


def test_the_module_and_the_command_are_one_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tflint", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == run("--version").output


@pytest.mark.parametrize("name", ["TFL116", "tfl116", "variable-uninitialised"])
def test_explain_takes_a_code_or_a_name(name: str) -> None:
    result = run("explain", name)
    assert result.exit_code == 0
    assert result.output.startswith("TFL116 VARIABLE-UNINITIALISED")
    assert "WHY IT IS BAD" in result.output


def test_explain_shows_the_options_of_a_rule() -> None:
    text = run("explain", "oversized-tensor").output
    assert "In `[tool.tflint.rules.oversized-tensor]`:" in text
    assert "max_bytes = " in text


def test_explain_uses_bold_where_colours_are_wanted() -> None:
    assert "\x1b[1mWhy it is bad\x1b[0m" in run("explain", "TFL116", "--color", "always").output


def test_explain_answers_a_mistyped_name_with_the_nearest() -> None:
    result = run("explain", "variable-uninitialized")
    assert result.exit_code == 2
    assert "Did you mean 'variable-uninitialised'?" in result.stderr


def test_rules_are_listed_as_text_and_as_json() -> None:
    assert "TFL116  variable-uninitialised" in run("rules").output
    listed = json.loads(run("rules", "--format", "json").output)
    assert listed["schema"] == "tflint-rules/1"
    [rule] = [rule for rule in listed["rules"] if rule["code"] == "TFL116"]
    assert rule["severity"] == "error"
    assert rule["summary"].startswith("Variables are read")


def detailed() -> GraphBuilder:
    g = healthy()
    g.converted("PTQ_FULL_INTEGER")
    g.op("MyOp", [0], g.tensor("\x1b[31mred", [None, 4], "INT8", scale=0.5, zero_point=3), version=2)
    g.op("FlexErf", [0], g.tensor("erf", [], has_rank=False))
    g.constant("scales", np.zeros((2, 3), np.int8), scale=[0.1, 0.2], axis=0)
    return g


def test_inspect_shows_what_is_known(tmp_path: Path) -> None:
    path = str(detailed().save(tmp_path / "m.tflite"))
    text = run("inspect", path, "--tensors").output
    assert "converted by TensorFlow 2.21.0 from KERAS_MODEL, PTQ_FULL_INTEGER" in text
    assert "says that it needs runtime 1.5.0 or newer" in text
    assert "signature serving_default (graph 0): x -> y" in text
    assert "graph 0 main: 3 ops, 32 MACs and 2 ops of unknown cost" in text
    assert "INT8[?, 4] \\x1b[31mred" in text
    assert "FLOAT32[unknown rank] erf" in text
    assert "\x1b" not in text


def test_inspect_shows_the_memory_that_a_run_takes(tmp_path: Path) -> None:
    path = str(healthy().save(tmp_path / "m.tflite"))
    text = run("inspect", path).output
    assert "memory peaks at op 0 FULLY_CONNECTED with 48 bytes alive: 'x' 32 bytes, 'y' 16 bytes" in text
    assert "arena: 80 bytes in LiteRT, " in text
    assert "in TFLite Micro (48 of it for values; 64-bit host)" in text
    [graph] = json.loads(run("inspect", path, "--format", "json").output)["models"][0]["graphs"]
    memory = graph["memory"]
    assert (memory["peak_bytes"], memory["peak_op"]) == (48, 0)
    assert memory["litert"] == {"arena_bytes": 80}
    assert memory["tflm"]["head_bytes"] == 48
    assert memory["tflm"]["arena_bytes"] > 48 + 1000


def test_inspect_leaves_the_memory_of_a_damaged_graph_open(tmp_path: Path) -> None:
    g = healthy()
    g.graph["outputs"].append(99)
    path = str(g.save(tmp_path / "m.tflite"))
    assert "memory peaks" not in run("inspect", path).output
    [graph] = json.loads(run("inspect", path, "--format", "json").output)["models"][0]["graphs"]
    assert graph["memory"] is None


def test_inspect_shows_the_problems_of_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"")
    assert "problem: The file is empty." in run("inspect", str(path)).output


def test_inspect_gives_the_document_of_its_schema(tmp_path: Path) -> None:
    path = str(detailed().save(tmp_path / "m.tflite"))
    document = json.loads(run("inspect", path, "--format", "json", "--tensors").output)
    assert document["schema"] == "tflint-inspect/1"
    [model] = document["models"]
    assert model["requirements"] == {
        "min_runtime": "1.5.0", "min_runtime_claimed": "1.5.0", "flex_ops": ["FlexErf"], "custom_ops": ["MyOp"],
    }  # fmt: skip
    assert model["converter"]["modes"] == ["PTQ_FULL_INTEGER"]
    [graph] = model["graphs"]
    first, second, third = graph["ops"]
    assert first | {"outputs": None} == {
        "index": 0, "kind": "FULLY_CONNECTED", "version": 1, "dtype": "FLOAT32", "inputs": [0, 1, 2], "outputs": None,
        "macs": 32, "layer": None, "placement": None,
    }  # fmt: skip
    assert (second["kind"], second["version"], second["macs"]) == ("MyOp", 2, None)
    tensors = {tensor["name"]: tensor for tensor in graph["tensors"]}
    assert tensors["\x1b[31mred"]["shape"] == [None, 4]
    assert tensors["\x1b[31mred"]["quantization"] == {"scale": [0.5], "zero_point": [3], "axis": None}
    assert tensors["erf"]["shape"] is None
    assert tensors["scales"]["quantization"]["axis"] == 0
    assert tensors["dense/kernel"]["byte_length"] == 128
    offset = tensors["dense/kernel"]["byte_offset"]
    assert np.frombuffer(Path(path).read_bytes()[offset : offset + 4], "<f4")[0] == -1
    assert third["kind"] == "FlexErf"


def test_inspect_leaves_out_the_tensors_unless_they_are_asked_for(tmp_path: Path) -> None:
    path = str(healthy().save(tmp_path / "m.tflite"))
    document = json.loads(run("inspect", path, "--format", "json").output)
    assert document["models"][0]["graphs"][0]["tensors"] is None
    assert document["models"][0]["converter"] is None


def test_inspect_of_nothing_is_one_sentence() -> None:
    result = run("inspect", "gone.tflite")
    assert result.exit_code == 2
    assert "There is no file or folder 'gone.tflite'." in result.stderr


def test_a_command_that_does_not_exist_is_none_of_the_group() -> None:
    import click

    ctx = click.Context(program)
    assert program.get_command(ctx, "chek") is None
    assert program.list_commands(ctx) == ["check", "diff", "explain", "inspect", "rules", "targets"]


def test_inspect_gives_no_arena_where_only_a_run_tells(tmp_path: Path) -> None:
    g = healthy()
    h = g.subgraph("late")  # TFLite Micro plans it with the first graph
    y = h.op("WHERE", [h.input("x", [4], "BOOL")], h.tensor("y", [None, 1], "INT64"), {})
    h.output(h.op("RESHAPE", [y], h.tensor("z", [None], "INT64"), {"new_shape": [-1]}))
    first, late = run("inspect", str(g.save(tmp_path / "m.tflite"))).output.split("graph 1 late")
    assert "arena: " in first
    assert "memory peaks at" in late
    assert "arena: " not in late


def test_options_of_every_type_are_shown_as_toml() -> None:
    @dataclass(frozen=True)
    class Many(Rule):
        """It has options.

        ## Fix

        None.
        """

        meta: ClassVar[RuleMeta] = RuleMeta("ABC1", "many", Severity.NOTE)
        strict: bool = option(True, "Whether.")
        name: str = option("x", "Which.")

        def check(self, ctx: Context) -> Iterator[Finding]:
            yield self.finding(ctx.model, "It is.")

    page = markdown(Many)
    assert "- `strict = true`: Whether." in page
    assert '- `name = "x"`: Which.' in page
