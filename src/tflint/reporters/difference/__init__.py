"""Reports on a difference: one module a format, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

from tflint.analysis.phrases import count
from tflint.changes import Change, Difference, Grade, Part, Sameness
from tflint.reporters import Style

__all__ = ["FORMATS", "listed_changes", "render", "summary"]

FORMATS = ("text", "json", "markdown", "sarif")
"""The formats; each is a module of this package."""

_IN_TABLE = frozenset({Part.SIZE, Part.MEMORY})


def render(format_: str, found: Difference, style: Style | None = None) -> str:
    """The report in one of `FORMATS`."""
    text: str = import_module(f"tflint.reporters.difference.{format_}").render(found, style or Style())
    return text


def listed_changes(found: Difference) -> tuple[Change, ...]:
    """The changes but those of size and memory, which people read from the table of figures."""
    return tuple(change for change in found.changes if change.part not in _IN_TABLE)


def summary(found: Difference) -> str:
    """The verdict as a sentence."""
    if found.same is Sameness.FILE:
        return "The files are the same."
    if found.same is Sameness.MODEL:
        return "The same model, written differently."
    if found.verdict is None:
        return "No change was found, and not everything could be compared."
    if found.verdict is Grade.WEIGHTS:
        return "Only numbers changed: the model is built as before."
    listed = listed_changes(found)
    if not listed:
        return "Only size and memory changed."
    parts = []
    for grade, one in ((Grade.BREAKING, "breaking change"), (Grade.MINOR, "minor change")):
        number = sum(change.grade is grade for change in listed)
        if number:
            parts.append(count(number, one))
    if any(change.grade is Grade.WEIGHTS for change in listed):
        parts.append("other weights")
    told = ", ".join(parts)
    return f"{told}." if found.verdict is Grade.BREAKING else f"Nothing breaks: {told}."
