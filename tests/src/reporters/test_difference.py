"""Reports on a difference: text, JSON, Markdown, SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from builds import Edit, chain, detector, rewritten
from tflint import Severity
from tflint.changes import Change, Difference, Figure, Grade, Part, Sameness
from tflint.difference import diff
from tflint.reporters import Style
from tflint.reporters.difference import FORMATS, render, summary
from tflint.reporters.difference.markdown import plain
from tflint.reporters.difference.sarif import document, report
from tflint.testing import GraphBuilder, model

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def compared(old: GraphBuilder | bytes, new: GraphBuilder | bytes) -> Difference:
    return diff(model(old, "old.tflite"), model(new, "new.tflite"))


def larger() -> Difference:
    edit = Edit()
    edit.tensor("image")["shape"] = [1, 32, 32, 3]
    edit.options("stem")["fused_activation_function"] = "RELU"
    edit.remove("less")
    return compared(detector(), edit.built)


def made(*changes: Change, **more: Any) -> Difference:
    both = model(detector(), "old.tflite"), model(detector(), "new.tflite")
    return Difference(*both, changes, **more)


def test_people_read_what_breaks_first_and_the_figures_last() -> None:
    changes, _, table = render("text", larger()).partition("\n\n")
    assert changes == (
        "old.tflite -> new.tflite\n"
        "  breaking input-shape: tensor 0, 'image'\n"
        "    Input 'image' has the shape [1, 32, 32, 3] now; it was [1, 16, 16, 3].\n"
        "    effect: A program that gives it values of the shape [1, 16, 16, 3] fails, or gives it wrong\n"
        "            ones.\n"
        "  minor ops-removed: op 2 SUB, 'less' (in the old build)\n"
        "    SUB was removed (op 2 of the old build).\n"
        "  minor op-option: op 0 CONV_2D, 'stem'\n"
        "    CONV_2D: fused_activation_function is RELU now (op 0); it was RELU6."
    )
    assert table.split("\n")[0].split() == ["old", "new"]
    assert table.endswith("\n\n1 breaking change, 2 minor changes.\n")


def test_the_figures_stand_side_by_side() -> None:
    figures = (
        Figure("file", "file", 2048, 1024, "bytes"),
        Figure("ops", "ops", 3, 3),
        Figure("macs", "MACs a run", None, 10_000),
        Figure("arena", "LiteRT arena", 100_000, 100_010, "bytes", Part.MEMORY),
    )
    assert render("text", made(figures=figures)).splitlines()[2:8] == [
        "                     old       new",
        "  file           2.0 KiB   1.0 KiB    -50 %",
        "  ops                  3         3",
        "  MACs a run     unknown    10,000",
        "  LiteRT arena  97.7 KiB  97.7 KiB  ± 0.0 %",
        "",
    ]


def test_colours_stand_only_where_the_style_says_so() -> None:
    assert "\x1b[31mbreaking\x1b[0m" in render("text", larger(), Style(color=True))
    assert "\x1b" not in render("text", larger())


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (made(same=Sameness.FILE), "The files are the same."),
        (made(same=Sameness.MODEL), "The same model, written differently."),
        (made(unknown=("One thing is not known.",)), "No change was found, and not everything could be compared."),
        (
            made(Change(Grade.WEIGHTS, Part.WEIGHTS, "weights", "x.")),
            "Only numbers changed: the model is built as before.",
        ),
        (made(Change(Grade.MINOR, Part.SIZE, "file-grew", "x.")), "Only size and memory changed."),
        (
            made(
                Change(Grade.MINOR, Part.OPS, "op-option", "x."), Change(Grade.WEIGHTS, Part.WEIGHTS, "weights", "x.")
            ),
            "Nothing breaks: 1 minor change, other weights.",
        ),
    ],
)
def test_the_verdict_is_a_sentence(found: Difference, sentence: str) -> None:
    assert summary(found) == sentence
    assert sentence in render("text", found)


def test_what_was_not_compared_is_said_in_every_format() -> None:
    found = made(unknown=("One thing is not known.",))
    for format_ in FORMATS:
        assert "One thing is not known." in render(format_, found)


def test_programs_get_a_versioned_document() -> None:
    found = json.loads(render("json", larger()))
    assert found["schema"] == "tflint-diff/1"
    assert set(found) == {
        "schema",
        "version",
        "old",
        "new",
        "verdict",
        "same",
        "changes",
        "figures",
        "unknown",
        "numbers",
    }
    assert (found["verdict"], found["same"], found["numbers"]) == ("breaking", None, None)
    assert found["changes"][0] == {
        "grade": "breaking",
        "part": "inputs",
        "what": "input-shape",
        "message": "Input 'image' has the shape [1, 32, 32, 3] now; it was [1, 16, 16, 3].",
        "effect": "A program that gives it values of the shape [1, 16, 16, 3] fails, or gives it wrong ones.",
        "old": "[1, 16, 16, 3]",
        "new": "[1, 32, 32, 3]",
        "places": [{"build": "new", "address": "0/t0", "tensor": "image", "layer": None}],
    }
    removed = next(each for each in found["changes"] if each["what"] == "ops-removed")
    assert removed["places"][0] == {"build": "old", "address": "0/2:SUB", "tensor": "less", "layer": None}
    assert found["figures"]["ops"] == {"old": 8, "new": 7, "unit": None}


def test_pull_requests_see_what_breaks_and_fold_the_rest() -> None:
    text = render("markdown", larger())
    assert text.startswith("### tflint diff: 1 breaking change, 2 minor changes.\n")
    assert "**What breaks**\n\n- Input 'image'" in text
    assert "<details><summary>2 minor changes</summary>" in text
    assert "| ops | 8 | 7 | -12 % |" in text
    weights = render("markdown", compared(chain(("FULLY_CONNECTED", 1)), chain(("FULLY_CONNECTED", 2))))
    assert "<summary>1 change of numbers</summary>" in weights


def test_long_lists_are_cut_in_markdown() -> None:
    many = [Change(Grade.BREAKING, Part.INPUTS, "input-dtype", f"Number {number}.") for number in range(60)]
    assert "- … and 10 more\n" in render("markdown", made(*many))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("conv_2d*", "conv\\_2d\\*"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("@someone closes #12", "&#64;someone closes &#35;12"),
        ("[x](https://a.b)", "\\[x\\](https:&#47;&#47;a.b)"),
        ("www.a.b | `c`", "www&#46;a.b \\| \\`c\\`"),
        ("a\nb\x1b", "a\\\\nb\\\\x1b"),
    ],
)
def test_names_from_a_model_are_no_markup(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_hostile_names_do_nothing_on_a_terminal_or_in_markdown() -> None:
    edit = Edit()
    edit.tensor("image")["name"] = "\x1b[31m<b>\n@all"
    found = compared(detector(), edit.built)
    assert "\x1b" not in render("text", found)
    assert "<b>" not in render("markdown", found)


def test_code_scanning_gets_errors_for_what_breaks_and_notes_for_the_rest() -> None:
    found = larger()
    log = document(found, Path.cwd())
    jsonschema.validate(log, SCHEMA)
    results = log["runs"][0]["results"]
    assert {(each["ruleId"], each["level"]) for each in results} == {("TFL605", "error"), ("TFD001", "note")}
    assert all(
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("new.tflite") for each in results
    )
    assert len({each["fingerprints"]["tflint/v1"] for each in results}) == len(results)
    assert render("sarif", found) == render("sarif", larger())


def test_lost_metadata_is_a_result_of_its_own_rule() -> None:
    edit = Edit()
    edit.built.tables["metadata"].clear()
    [finding] = report(compared(detector(), edit.built)).findings
    assert (finding.code, finding.severity) == ("TFL612", Severity.ERROR)


def test_a_fingerprint_stays_where_the_rest_is_written_otherwise() -> None:
    edit = Edit()
    edit.options("stem")["fused_activation_function"] = "RELU"
    one, other = (report(compared(detector(), new)).findings for new in (edit.built, rewritten(edit.built.tables, 4)))
    assert [each.fingerprint for each in one] == [each.fingerprint for each in other]
