"""The report for people: findings by model, a summary, and what was not checked."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from tflint.analysis.phrases import count, cut
from tflint.finding import Finding, Severity
from tflint.model import Location
from tflint.reporters import Style

if TYPE_CHECKING:
    from tflint.report import Coverage, Report

__all__ = ["coverage", "escape", "lines", "place", "render", "unjudged"]

_COLOR = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_RELATED = 4
"""So many of the other places of one finding are named."""
_NEEDS = {
    "runtime": "--runtime",
    "expect": "an [expect] table in the configuration",
    "target": "--target",
    "source": "the source model",
    "previous": "--previous",
    "run": "--diff",
    "conversion": "--convert",
}


def render(report: Report, style: Style) -> str:
    """The report as text; escape sequences for colours only where the style says so."""
    parts = [*_statistics(report)] if style.statistics else [*_findings(report, style)]
    parts += _comparisons(report, style)
    parts += _crashes(report, style)
    parts += _closing(report, style)
    return "\n".join(parts) + "\n"


def _findings(report: Report, style: Style) -> Iterator[str]:
    sources = {model.path: model.source for model in report.models if not model.converted_from}
    for path, group in groupby(report.findings, key=lambda finding: finding.location.path):
        yield _paint(escape(path), "1", style) + (
            f"  (compared with its source {escape(sources[path])})" if sources.get(path) else ""
        )
        for finding in group:
            yield from lines(finding, style)
        yield ""


def _comparisons(report: Report, style: Style) -> Iterator[str]:
    """What was run, and what came of it."""
    compared = [model for model in report.models if model.comparison is not None]
    if not compared:
        return
    from tflint.reporters.comparisons import comparison_lines

    for model in compared:
        assert model.comparison is not None
        first, *more = comparison_lines(model.comparison)
        yield from _wrapped(escape(f"diff {model.path}: {first}"), "", "    ", style.width)
        for line in more:
            yield from _wrapped(escape(line), "    ", "      ", style.width)
    yield ""


def lines(finding: Finding, style: Style) -> Iterator[str]:
    """A finding as it stands below its model: what and where, the fact, the cure, the other places."""
    label = _paint(finding.severity.label, _COLOR[finding.severity], style)
    where = place(finding.location)
    head = f"  {label} {_paint(finding.code, '1', style)} {finding.name}"
    yield f"{head}: {where}" if where else head
    if finding.location.source is not None:
        path, line = finding.location.source
        yield f"    at {escape(path)}:{line}"
    yield from _wrapped(escape(finding.message), "    ", "    ", style.width)
    if finding.help:
        yield from _wrapped(f"help: {escape(finding.help)}", "    ", "          ", style.width)
    if finding.related:
        names = [place(each) for each in finding.related[:_RELATED]]
        more = len(finding.related) - _RELATED
        also = "; ".join(names) + (f"; and {more:,} more" if more > 0 else "")
        yield from _wrapped(f"also: {also}", "    ", "          ", style.width)


def place(location: Location) -> str:
    """A place in words: `op 12 NEG, 'layer_norm/neg'`; empty for the whole file."""
    graph, _, rest = location.address.partition("/")
    name = f"'{escape(cut(location.name))}'" if location.name else ""
    where = "" if graph == "0" else f" of graph {graph}"
    if not graph.isdecimal():
        words = [escape(cut(location.address)), name]
    elif rest.startswith("t"):
        words = [f"tensor {rest[1:]}{where}", name]
    elif rest:
        number, _, kind = rest.partition(":")
        words = [f"op {number} {escape(cut(kind))}".rstrip() + where, name]
    else:
        words = [f"graph {graph}", name]
    if location.layer is not None:
        words.insert(0, f"layer '{escape(cut(location.layer))}'")
    return ", ".join(word for word in words if word)


def escape(text: str) -> str:
    """A text that may come from a file, safe to print: control and other invisible characters are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _statistics(report: Report) -> Iterator[str]:
    found = Counter((finding.code, finding.name, finding.severity) for finding in report.findings)
    for (code, name, severity), number in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        yield f"{number:6,}  {code}  {severity.label:7}  {name}"
    if found:
        yield ""


def _crashes(report: Report, style: Style) -> Iterator[str]:
    for crash in report.crashes:
        what = f"{crash.rule} failed" if crash.rule else "not checked"
        yield _paint(f"{escape(crash.path)}: {what}: {escape(crash.message)}", "35", style)
        if crash.rule:
            yield "  This is a fault of tflint or of a rule pack, not of the model; the other rules did run."
        yield from (f"    {escape(line)}" for line in crash.traceback.rstrip().split("\n") if line)
        yield ""


def _closing(report: Report, style: Style) -> Iterator[str]:
    models = count(len(report.models), "model")
    by_severity = Counter(finding.severity for finding in report.findings)
    counts = [count(by_severity[each], each.label) for each in reversed(Severity) if by_severity[each]]
    touched = len({finding.location.path for finding in report.findings})
    summary = f"{_joined(counts)} in {touched:,} of {models}." if counts else f"Nothing found in {models}."
    if report.suppressed:
        summary += f" {count(report.suppressed, 'accepted finding')} not shown."
    yield _paint(summary, "1", style)
    yield from _wrapped(f"coverage: {coverage(report.coverage)}{unjudged(report)}", "", "  ", style.width)


def coverage(found: Coverage) -> str:
    """What was checked, and what the rest of the rules wait for."""
    waiting = [
        f"{number} need{'s' if number == 1 else ''} {_NEEDS[need]}" for need, number in found.needs.items() if number
    ]
    return "; ".join([f"{found.ran} of {count(found.rules, 'rule')} ran", *waiting]) + "."


def unjudged(report: Report) -> str:
    """What could not be judged: sentences after a space, or nothing."""
    graphs = sum(model.graphs - model.judged for model in report.models)
    unread = sum(not model.graphs for model in report.models)
    parts = [f" {count(graphs, 'damaged graph')} not judged." if graphs else ""]
    parts.append(f" {count(unread, 'file')} not read." if unread else "")
    return "".join(parts)


def _joined(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.color else text
