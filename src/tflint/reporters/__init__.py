"""Reports: one module a format, imported when it is asked for. Each has `render(report, style) -> str`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tflint.report import Report

__all__ = ["FORMATS", "Style", "render"]

FORMATS = ("text", "json", "sarif")
"""The formats; each is a module of this package."""


@dataclass(frozen=True)
class Style:
    """How a report is shown. Only the text report heeds it."""

    color: bool = False
    statistics: bool = False
    """Count the findings of each rule instead of listing them."""
    width: int = 100


def render(format_: str, report: Report, style: Style | None = None) -> str:
    """The report in one of `FORMATS`."""
    text: str = import_module(f"tflint.reporters.{format_}").render(report, style or Style())
    return text
