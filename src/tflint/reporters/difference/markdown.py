"""The report on a difference for the comments of a pull request: what breaks and a table; the rest is folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tflint.analysis.phrases import count
from tflint.changes import Change, Difference, Grade
from tflint.reporters import Style
from tflint.reporters.difference import listed_changes, summary
from tflint.reporters.difference.text import growth, shown
from tflint.reporters.text import escape

__all__ = ["plain", "render"]

_SPECIAL = re.compile(r"([\\`*_\[\]|~])")
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "@": "&#64;",
    "#": "&#35;",
    "://": ":&#47;&#47;",
    "www.": "www&#46;",
}
_ENTITY = re.compile("|".join(map(re.escape, _ENTITIES)))
_MOST = 50
"""So many changes of one grade are listed; services cut long comments."""


def render(found: Difference, style: Style) -> str:  # noqa: ARG001 - what a style says is for terminals
    """The report as Markdown; nothing that stands in a model becomes markup, a link or a mention."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Difference) -> Iterator[str]:
    yield f"### tflint diff: {plain(summary(found))}"
    yield ""
    yield f"{plain(found.old.path)} → {plain(found.new.path)}"
    yield ""
    changes = listed_changes(found)
    breaking = [change for change in changes if change.grade is Grade.BREAKING]
    if breaking:
        yield "**What breaks**"
        yield ""
        yield from _items(breaking)
    yield "| | old | new | |"
    yield "|:--|--:|--:|--:|"
    for each in found.figures:
        cells = (each.label, shown(each.old, each.unit), shown(each.new, each.unit), growth(each))
        yield f"| {' | '.join(cells)} |"
    yield ""
    for grade, what in ((Grade.MINOR, "minor change"), (Grade.WEIGHTS, "change of numbers")):
        group = [change for change in changes if change.grade is grade]
        many = "changes of numbers" if grade is Grade.WEIGHTS else ""
        yield from _folded(count(len(group), what, many), [*_items(group)] if group else [])
    if found.numbers is not None:
        from tflint.reporters.comparisons import comparison_lines

        yield from _folded(
            "Run on the same inputs", [*(f"- {plain(line)}" for line in comparison_lines(found.numbers)), ""]
        )
    notes = [f"- {plain(sentence)}" for sentence in found.unknown]
    yield from _folded("Not compared", [*notes, ""] if notes else [])


def _items(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes[:_MOST]:
        yield f"- {plain(change.message)}" + (f" *{plain(change.effect)}*" if change.effect else "")
    if len(changes) > _MOST:
        yield f"- … and {len(changes) - _MOST:,} more"
    yield ""


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from lines
    yield "</details>"
    yield ""


def plain(text: str) -> str:
    """A text that may come from a model, as Markdown that shows it and does nothing else."""
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], _SPECIAL.sub(r"\\\1", escape(text)))
