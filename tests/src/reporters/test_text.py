"""The report for people."""

from __future__ import annotations

import pytest

from reports import OP, TENSOR, finding, report
from tflint import Format, Location, Severity
from tflint.report import Checked, Coverage, Crash
from tflint.reporters import FORMATS, Style, render
from tflint.reporters.text import coverage, escape, lines, place

EVIL = "a\x1b[31mred\x1b[0m\r\n\u202ebidi\x07\udcff"
ESCAPED = r"a\x1b[31mred\x1b[0m\r\n\u202ebidi\x07\udcff"


def test_a_report_in_full() -> None:
    error = finding(severity=Severity.ERROR, help="Convert with INT8 kernels.", related=(TENSOR,))
    note = finding(Location("models/kws.tflite"), "The file has no metadata.", severity=Severity.NOTE)
    other = finding(Location("b.tflite", "1"), "The graph has no outputs.", severity=Severity.ERROR)
    assert render("text", report(error, note, other)).splitlines() == [
        "models/kws.tflite",
        "  error EVE001 float-island: op 12 NEG, 'norm/neg'",
        "    NEG takes FLOAT32; INT8 was expected.",
        "    help: Convert with INT8 kernels.",
        "    also: tensor 7, 'norm/gamma'",
        "  note EVE001 float-island",
        "    The file has no metadata.",
        "",
        "b.tflite",
        "  error EVE001 float-island: graph 1",
        "    The graph has no outputs.",
        "",
        "2 errors and 1 note in 2 of 2 models.",
        "coverage: 2 of 3 rules ran; 1 needs --runtime.",
    ]


def test_every_format_ends_with_one_newline() -> None:
    for name in FORMATS:
        text = render(name, report(finding()))
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_colours_are_there_only_where_the_style_says_so() -> None:
    found = report(finding(severity=Severity.ERROR), crashes=(Crash("x.tflite", "EVE002", "KeyError: 1"),))
    assert "\x1b" not in render("text", found)
    text = render("text", found, Style(color=True))
    assert "\x1b[1mmodels/kws.tflite\x1b[0m" in text
    assert "  \x1b[31merror\x1b[0m \x1b[1mEVE001\x1b[0m float-island" in text
    assert "\x1b[35mx.tflite: EVE002 failed: KeyError: 1\x1b[0m" in text
    assert "\x1b[1m1 error in 1 of 1 model.\x1b[0m" in text


@pytest.mark.parametrize("severity", Severity)
def test_each_severity_has_a_colour(severity: Severity) -> None:
    [head, *_] = lines(finding(severity=severity), Style(color=True))
    assert f"m{severity.label}\x1b[0m" in head


def test_nothing_of_a_file_reaches_the_terminal_unescaped() -> None:
    at = Location(EVIL, f"0/12:{EVIL}", EVIL, EVIL, source=(EVIL, 3))
    crash = Crash(EVIL, "EVE002", EVIL, f"Traceback\n  {EVIL}")
    text = render("text", report(finding(at, EVIL, help=EVIL, related=(at,)), crashes=(crash,)))
    assert text.replace("\n", "").isprintable()
    assert text.count(ESCAPED.split("\\r", maxsplit=1)[0]) >= 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain ü 名", "plain ü 名"), (EVIL, ESCAPED), ("a\u200bb\x7f", r"a\u200bb\x7f"), ("\U000e0001", r"\U000e0001")],
)
def test_characters_that_cannot_be_seen_are_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (Location("m"), ""),
        (Location("m", "0"), "graph 0"),
        (Location("m", "2", name="body"), "graph 2, 'body'"),
        (OP, "op 12 NEG, 'norm/neg'"),
        (Location("m", "0/3"), "op 3"),
        (Location("m", "1/3:ADD"), "op 3 ADD of graph 1"),
        (TENSOR, "tensor 7, 'norm/gamma'"),
        (Location("m", "2/t7"), "tensor 7 of graph 2"),
        (Location("m", "0/3:ADD", "dense_1"), "layer 'dense_1', op 3 ADD"),
        (Location("m", "", "dense_1"), "layer 'dense_1'"),
        (Location("m", "layers/dense_1"), "layers/dense_1"),
        (Location("m", "0/3:" + "K" * 99, name="n" * 99), f"op 3 {'K' * 28}…{'K' * 31}, '{'n' * 28}…{'n' * 31}'"),
    ],
)
def test_a_place_in_words(at: Location, words: str) -> None:
    assert place(at) == words


def test_a_python_line_stands_below_the_head() -> None:
    at = Location("m.tflite", "0/1:ADD", source=("src/model.py", 41))
    assert list(lines(finding(at), Style()))[1] == "    at src/model.py:41"


def test_long_messages_are_wrapped_between_words() -> None:
    found = finding(message="word " * 60 + "x" * 120, help="tip " * 40)
    text = list(lines(found, Style(width=60)))
    assert all(len(line) <= 60 for line in text if "x" * 120 not in line)
    assert f"    {'x' * 120}" in text
    assert any(line.startswith("          tip") for line in text)


@pytest.mark.parametrize(("number", "end"), [(4, "op 3 ADD"), (5, "; and 1 more"), (1204, "; and 1,200 more")])
def test_four_other_places_are_named_and_the_rest_counted(number: int, end: str) -> None:
    others = tuple(Location("m", f"0/{index}:ADD") for index in range(number))
    text = " ".join(lines(finding(related=others), Style(width=1000)))
    assert text.endswith(end)
    assert "op 4 ADD" not in text


def test_statistics_count_the_findings_of_each_rule_the_most_frequent_first() -> None:
    found = report(
        finding(code="EVE002", name="lost", severity=Severity.ERROR), *(finding() for _ in range(1200)), suppressed=1
    )
    assert render("text", found, Style(statistics=True)).splitlines() == [
        " 1,200  EVE001  warning  float-island",
        "     1  EVE002  error    lost",
        "",
        "1 error and 1,200 warnings in 1 of 1 model. 1 accepted finding not shown.",
        "coverage: 2 of 3 rules ran; 1 needs --runtime.",
    ]


def test_statistics_of_nothing_are_empty() -> None:
    text = render("text", report(models=[Checked("a", Format.TFLITE, 1, graphs=1, judged=1)]), Style(statistics=True))
    assert text.startswith("Nothing found in 1 model.\n")


def test_three_kinds_of_findings_are_summed_up_the_worst_first() -> None:
    text = render("text", report(*(finding(severity=each) for each in Severity)))
    assert "1 error, 1 warning and 1 note in 1 of 1 model." in text


def test_a_crash_is_told_apart_from_the_findings_with_its_traceback() -> None:
    crashes = (
        Crash("m.tflite", "EVE002", "ZeroDivisionError: by design", "Traceback:\n  line 1\n\nZeroDivisionError\n"),
        Crash("n.tflite", "", "The process that checked the model was killed."),
    )
    assert render("text", report(crashes=crashes)).splitlines()[:8] == [
        "m.tflite: EVE002 failed: ZeroDivisionError: by design",
        "  This is a fault of tflint or of a rule pack, not of the model; the other rules did run.",
        "    Traceback:",
        "      line 1",
        "    ZeroDivisionError",
        "",
        "n.tflite: not checked: The process that checked the model was killed.",
        "",
    ]


def test_the_coverage_names_what_each_rule_waits_for() -> None:
    needs = {"runtime": 1, "expect": 2, "target": 3, "source": 4, "previous": 5, "run": 6}
    assert coverage(Coverage(22, 1, needs)) == (
        "1 of 22 rules ran; 1 needs --runtime; 2 need an [expect] table in the configuration; 3 need --target; "
        "4 need the source model; 5 need --previous; 6 need --diff."
    )


def test_the_coverage_says_what_could_not_be_judged() -> None:
    models = [
        Checked("a", Format.TFLITE, 1, graphs=3, judged=1),
        Checked("b", Format.TFLITE, 1, graphs=1, judged=1),
        Checked("c", Format.UNKNOWN, 0),
    ]
    text = render("text", report(models=models, coverage=Coverage(1, 1)))
    assert text.endswith("coverage: 1 of 1 rule ran. 2 damaged graphs not judged. 1 file not read.\n")
