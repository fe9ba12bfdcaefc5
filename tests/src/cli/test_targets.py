"""`tflint targets`, and `--target` of the other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from made_up import DELEGATE, OLD, RUNTIME
from tflint import Pack, PackError
from tflint import packs as packs_module
from tflint.cli import program
from tflint.testing import GraphBuilder


@pytest.fixture(autouse=True)
def _made_up_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = packs_module.load_packs
    names = {"made-up": "made_up:DELEGATE", "made-up-runtime": "made_up:RUNTIME", "made-up-old": "made_up:OLD"}
    more = Pack("MADE", (), {**names, "gone": "made_up:GONE", "wrong": "made_up:Support"})
    monkeypatch.setattr(packs_module, "load_packs", lambda named=(): (*real(named), more))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tflint.toml").write_text("")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments, prog_name="tflint")


def saved(*kinds: str) -> str:
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2])
    for number, kind in enumerate(kinds):
        x = g.op(kind, [x], g.tensor(f"t{number}", [1, 4, 4, 2]), {})
    g.output(x)
    return str(g.save(Path("m.tflite")))


def test_a_target_is_listed_with_its_source_and_what_is_checked() -> None:
    text = run("targets", "made-up", "made-up-old").output
    assert "made-up  a delegate that nobody has" in text
    assert "3 ops; delegate; as of 2026-01-01" in text
    assert "source: imagination 1.0" in text
    assert "deprecated: nobody makes it any more" in text


def test_a_target_that_is_named_shows_its_table() -> None:
    text = run("targets", "made-up").output
    assert "    RELU  v1-2    Heights are even." in text
    assert "    NEG           its maker decides" in text


def test_the_list_is_a_document_too() -> None:
    document = json.loads(run("targets", "made-up", "--format", "json").output)
    [target] = document["targets"]
    assert document["schema"] == "tflint-targets/1"
    assert target["ops"]["RELU"] == {"versions": [1, 2], "conditions": ["Heights are even."], "decided_elsewhere": None}


def test_every_installed_target_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    document = json.loads(run("targets", "--format", "json").output)
    names = [target["name"] for target in document["targets"]]
    assert "xnnpack" in names
    assert names == sorted(names)
    assert all(target["source"]["date"] for target in document["targets"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("made-upp", "No target is called 'made-upp'. Did you mean 'made-up'?"),
        ("zzzzzz", "No target is called 'zzzzzz'. There are "),
        ("gone", "The target 'gone' cannot be loaded: AttributeError"),
        ("wrong", "The target 'wrong' is a type, not a tflint.Target."),
    ],
)
def test_a_name_that_is_no_target_is_one_sentence(name: str, sentence: str) -> None:
    path = saved("RELU")
    for command in (["targets", name], ["inspect", path, "--target", name], ["check", path, "--target", name]):
        result = run(*command)
        assert result.exit_code == 2
        assert sentence in result.stderr


def test_without_any_target_the_sentence_ends_there() -> None:
    with pytest.raises(PackError, match=r"^No target is called 'x'\.$"):
        packs_module.find_target("x", ())


def test_check_asks_the_targets_of_the_command_line_or_the_configuration() -> None:
    path = saved("RELU", "EXP")
    assert "need --target" in run("check", path).output
    assert "TFL401 refused-op" in run("check", path, "--target", "made-up").output
    Path("tflint.toml").write_text('targets = ["made-up-runtime"]')
    result = run("check", path)
    assert result.exit_code == 1
    assert "made-up-runtime refuses 1 op" in result.output


def test_inspect_shows_a_ribbon_the_reasons_and_what_would_help() -> None:
    path = saved("RELU", "EXP", "NEG", "ABS")
    text = run("inspect", path, "--target", "made-up").output
    assert "each cell is an op in execution order" in text
    assert "made-up: 2 of 4 ops on the target, 2 partitions" in text
    assert "       0 #.?#" in text
    assert "refused: EXP is not among the ops of made-up (op 1)" in text
    assert "unknown: its maker decides (op 2)" in text


def test_inspect_colours_the_ribbon_where_it_is_wanted() -> None:
    path = saved("RELU", "EXP")
    assert (
        "\x1b[42;30m#\x1b[0m\x1b[41;37m.\x1b[0m"
        in run("inspect", path, "--target", "made-up", "--color", "always").output
    )


def test_inspect_tells_what_each_cure_would_bring() -> None:
    text = run("inspect", saved("RELU", "EXP", "ABS"), "--target", "made-up").output
    assert "would help: EXP at 1 place: 2 → 1 partition, 2 → 3 ops" in text


def test_the_document_has_the_placement_of_each_op() -> None:
    path = saved("RELU", "EXP")
    document = json.loads(run("inspect", path, "--target", "made-up", "--format", "json").output)
    [graph] = document["models"][0]["graphs"]
    assert graph["placement"]["made-up"] == {
        "ops": 2, "placed": 1, "refused": 1, "unknown": 0, "partitions": 1, "macs_placed": None,
        "boundary_bytes": 128, "boundary_tensors": 1,
    }  # fmt: skip
    reason = "EXP is not among the ops of made-up"
    assert [op["placement"]["made-up"] for op in graph["ops"]] == [
        {"supported": True, "placed": True, "reason": None, "partition": 0},
        {"supported": False, "placed": False, "reason": reason, "partition": None},
    ]


def test_the_made_up_targets_are_what_the_tests_say() -> None:
    assert [target.name for target in (DELEGATE, RUNTIME, OLD)] == ["made-up", "made-up-runtime", "made-up-old"]


def test_inspect_tells_the_work_that_a_target_takes_and_the_first_of_many_reasons() -> None:
    import numpy as np

    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2])
    w = g.constant("w", np.ones((2, 1, 1, 2), np.float32))
    x = g.op("CONV_2D", [x, w, -1], g.tensor("t", [1, 4, 4, 2]), {"padding": "SAME", "stride_w": 1, "stride_h": 1})
    x = g.op("RELU", [x], g.tensor("u", [1, 4, 4, 2]), {})
    kinds = "EXP COS SIN LOG SQRT RSQRT SQUARE ROUND FLOOR CEIL TANH ELU LOGISTIC".split()
    for number, kind in enumerate(kinds):
        x = g.op(kind, [x], g.tensor(f"t{number}", [1, 4, 4, 2]), {})
    g.output(x)
    text = run("inspect", str(g.save(Path("m.tflite"))), "--target", "made-up").output
    assert "made-up: 1 of 15 ops on the target, 1 partition, 0.0 % of the MACs" in text
    assert "would help: CONV_2D at 1 place: 1 → 1 partition, 0 % → 100 % of the MACs, 1 → 2 ops" in text
    assert "and 2 more reasons" in text


def test_inspect_marks_what_is_left_out_although_it_could_run(monkeypatch: pytest.MonkeyPatch) -> None:
    more = Pack("LARGE", (), {"largest": "made_up:LARGEST"})
    loaded = packs_module.load_packs()
    monkeypatch.setattr(packs_module, "load_packs", lambda named=(): (*loaded, more))
    text = run("inspect", saved("RELU", "EXP", "ABS", "ABS"), "--target", "largest").output
    assert "       0 o.##" in text
