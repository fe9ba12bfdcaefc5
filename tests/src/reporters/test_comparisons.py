"""What was run, and what came of it, in the report."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from comparisons import BLAME, DONE, EXACT, compared, feeds, figures, output
from reports import report
from tflint import Format
from tflint.comparison import Comparison, Ended, EngineRun
from tflint.report import Checked
from tflint.reporters import Style, render
from tflint.reporters.comparisons import comparison_lines

SOURCE = EngineRun("source", Ended.DONE, "Keras 3.15.0")
BESIDE = (*DONE, SOURCE)


def lines(*outputs: Any, **more: Any) -> list[str]:
    return list(comparison_lines(compared(*outputs, **{"runs": BESIDE} | more)))


def one(**more: Any) -> str:
    """The line of an output."""
    return lines(output(20.0, **more))[1]


def test_the_first_line_says_what_ran_beside_what_on_what() -> None:
    text = "4 random inputs in the range of the bytes of 'x'"
    assert lines() == [f"LiteRT 2.3.0 beside Keras 3.15.0, on {text}"]
    assert lines(runs=DONE) == [f"LiteRT 2.3.0 alone, on {text}"]
    assert lines(runs=DONE, inputs_from="") == ["LiteRT 2.3.0 alone, on 6 inputs"]
    assert lines(runs=DONE, inputs_from="", feeds=feeds(1, ())) == ["LiteRT 2.3.0 alone, on 1 input"]


def test_inputs_that_do_not_count_are_told() -> None:
    assert lines(counted=(0, 1, 2, 3))[0].endswith("; 2 of them do not count, being beyond the calibrated ranges")
    assert lines(counted=(0, 1, 2, 3, 4))[0].endswith("; 1 of them does not count, being beyond the calibrated ranges")


def test_where_none_counts_there_are_no_figures() -> None:
    found = lines(output(20.0), counted=())
    assert "do not count" not in found[0]
    [text] = found[1:]
    assert text.startswith("No made-up input stays inside the ranges that the model was calibrated for")
    assert text.endswith("; give real ones with --inputs.")


def test_an_output_is_told_with_its_figures() -> None:
    assert one(reference_name="probs") == "output 'probs': signal to noise 20.0 dB, largest error 0.3"
    assert one() == "output 'probs' beside 'softmax' (by name): signal to noise 20.0 dB, largest error 0.3"
    assert one(reference_name="") == "output 'probs': signal to noise 20.0 dB, largest error 0.3"
    stepped = figures(20.0, steps=2.34, top1=0.996)
    assert one(reference_name="", figures=stepped).endswith("largest error 0.3 (2.3 steps), same class in 100%")
    assert one(reference_name="", figures=figures(None)) == "output 'probs': largest error 3"
    assert one(reference_name="", figures=replace(figures(20.0), snr_db=inf)) == "output 'probs': largest error 0.3"
    assert one(reference_name="", figures=EXACT) == "output 'probs': equal"


def test_a_long_name_is_cut() -> None:
    assert len(one(name="n" * 1000, reference_name="r" * 1000)) < 500


def test_no_more_than_some_outputs_are_told() -> None:
    found = lines(*(output(20.0, name=f"o{number}") for number in range(11)))
    assert len(found) == 10
    assert found[-1] == "and 3 more outputs."
    assert len(lines(*(output(20.0) for _ in range(8)))) == 9


@pytest.mark.parametrize("ended", [Ended.REFUSED, Ended.LEFT_OUT])
def test_why_a_model_was_not_run_is_told(ended: Ended) -> None:
    found = list(comparison_lines(Comparison(runs=(EngineRun("xnnpack", ended, words="it is damaged"),))))
    assert found == ["not run", "The model was not run: it is damaged."]
    assert lines(runs=(*DONE, EngineRun("source", ended, words="it is damaged")))[1:] == [
        "Its source was not run: it is damaged."
    ]


@pytest.mark.parametrize("ended", [Ended.FAILED, Ended.CRASHED, Ended.OUT_OF_TIME, Ended.OUT_OF_MEMORY])
def test_a_source_that_did_not_run_is_told_and_a_model_is_a_finding(ended: Ended) -> None:
    assert lines(runs=(*DONE, EngineRun("source", ended, words="it died")))[1:] == ["Its source did not run: it died."]
    broken = (EngineRun("xnnpack", ended, words="it died"), EngineRun("builtin", Ended.LEFT_OUT, words="no time"))
    [first] = lines(runs=broken)
    assert first.startswith("it does not run to its end")


def test_what_was_left_out_follows() -> None:
    assert lines(left_out=("It is late.", "It is dark."))[1:] == ["It is late.", "It is dark."]


def test_one_engine_is_enough() -> None:
    runs = (EngineRun("xnnpack", Ended.CRASHED, words="it died"), DONE[1])
    assert lines(runs=runs)[0].startswith("LiteRT 2.3.0 alone, on")


def whole(name: str, *found: Comparison | None, **style: Any) -> str:
    models = [
        Checked(f"m{number}.tflite", Format.TFLITE, 1, graphs=1, judged=1, comparison=each)
        for number, each in enumerate(found)
    ]
    return render(name, report(models=models), Style(**style))


def test_the_report_for_people_has_them_behind_the_findings() -> None:
    text = whole("text", compared(output(20.0), runs=BESIDE), None, Comparison(), width=200)
    assert text.splitlines()[:4] == [
        "diff m0.tflite: LiteRT 2.3.0 beside Keras 3.15.0, on 4 random inputs in the range of the bytes of 'x'",
        "    output 'probs' beside 'softmax' (by name): signal to noise 20.0 dB, largest error 0.3",
        "diff m2.tflite: not run",
        "",
    ]
    assert "diff" not in whole("text", None)
    assert "diff m0.tflite: " in whole("text", compared(), statistics=True)


def test_names_of_files_reach_the_terminal_escaped() -> None:
    evil = compared(output(20.0, name="\x1b[31mred\n"), left_out=("\x1b[0m",), inputs_from="\x07")
    assert whole("text", evil).replace("\n", "").isprintable()


def test_lines_are_as_wide_as_the_style_says() -> None:
    text = whole("text", compared(output(20.0), runs=BESIDE), width=40)
    assert max(map(len, text.splitlines()[:4])) <= 40


def test_the_report_for_programs_has_all_that_was_measured() -> None:
    found = compared(output(inf), output(None), blame=BLAME, facts={"repeat": ""})
    document = json.loads(whole("json", found, None), parse_constant=pytest.fail)
    held = document["models"][0]["comparison"]
    assert held["runs"][0]["ended"] == "done"
    assert held["outputs"][1]["figures"]["snr_db"] is None
    assert held["blame"]["op"] == "0/0:FULLY_CONNECTED"
    assert held["counted"] == [0, 1, 2, 3, 4, 5]
    assert "comparison" not in document["models"][1]


def test_an_output_that_is_not_finite_is_not_equal() -> None:
    odd = replace(EXACT, finite=False, snr_db=None)
    assert "equal" not in one(reference_name="", figures=odd)


def test_the_same_reason_of_both_engines_is_told_once() -> None:
    runs = tuple(
        EngineRun(engine, Ended.LEFT_OUT, words="LiteRT is not installed") for engine in ("xnnpack", "builtin")
    )
    assert list(comparison_lines(Comparison(runs=runs))) == [
        "not run",
        "The model was not run: LiteRT is not installed.",
    ]


def test_outputs_that_are_not_told_are_not_counted() -> None:
    found = lines(*(output(20.0, name=f"o{number}") for number in range(11)), counted=())
    assert not [each for each in found if each.endswith("more outputs.")]
