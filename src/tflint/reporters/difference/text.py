"""The report on a difference for people: changes by grade, then the figures of both builds side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tflint.analysis.phrases import size
from tflint.changes import Change, Difference, Figure, Grade
from tflint.reporters import Style
from tflint.reporters.difference import listed_changes, summary
from tflint.reporters.text import escape, place

__all__ = ["growth", "render", "shown"]

_COLOR = {Grade.BREAKING: "31", Grade.MINOR: "33", Grade.WEIGHTS: "36"}


def render(found: Difference, style: Style) -> str:
    """The report as text; escape sequences for colours only where the style says so."""
    heading = f"{escape(found.old.path)} -> {escape(found.new.path)}"
    parts = [_paint(heading, "1", style)]
    for change in listed_changes(found):
        parts += _change(change, found, style)
    parts += ["", *_table(found.figures)]
    parts += _numbers(found, style)
    for sentence in found.unknown:
        parts += _wrapped(f"not compared: {escape(sentence)}", "", "  ", style.width)
    parts.append(_paint(summary(found), "1", style))
    return "\n".join(parts) + "\n"


def _change(change: Change, found: Difference, style: Style) -> Iterator[str]:
    at = change.places[0] if change.places else None
    where = place(at) if at is not None else ""
    where = f"{where} (in the old build)" if at is not None and where and at.path != found.new.path else where
    yield f"  {_paint(change.grade.label, _COLOR[change.grade], style)} {change.what}" + (f": {where}" if where else "")
    yield from _wrapped(escape(change.message), "    ", "    ", style.width)
    if change.effect:
        yield from _wrapped(f"effect: {escape(change.effect)}", "    ", "            ", style.width)


def _numbers(found: Difference, style: Style) -> Iterator[str]:
    """What running both gave."""
    if found.numbers is None:
        return
    from tflint.reporters.comparisons import comparison_lines

    first, *more = comparison_lines(found.numbers)
    yield from _wrapped(escape(f"run: {first}"), "", "  ", style.width)
    for line in more:
        yield from _wrapped(escape(line), "  ", "    ", style.width)


def _table(figures: tuple[Figure, ...]) -> Iterator[str]:
    rows = [("", "old", "new", "")]
    rows += [(each.label, shown(each.old, each.unit), shown(each.new, each.unit), growth(each)) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        first, *rest = (text.rjust(width) for text, width in zip(row, widths, strict=True))
        yield f"  {row[0].ljust(len(first))}  {'  '.join(rest)}".rstrip()
    yield ""


def shown(value: int | None, unit: str) -> str:
    """A figure as people read it."""
    if value is None:
        return "unknown"
    return size(value) if unit else f"{value:,}"


def growth(figure: Figure) -> str:
    """By how much a figure grew, in percent; empty where it did not, or where that cannot be told."""
    ratio = figure.ratio
    if ratio is None or not ratio:
        return ""
    percent = 100 * ratio
    return f"{percent:+,.0f} %" if abs(percent) >= 9.95 else f"{percent:+.1f} %" if abs(percent) >= 0.05 else "± 0.0 %"


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.color else text
