"""A rule's documentation, taken from its docstring: what `tflint explain`, the reports and docs/rules.md show."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tflint.rule import Rule

__all__ = ["HEADINGS", "RuleDoc", "doc", "explain", "markdown"]

HEADINGS = ("What it does", "Why it is bad", "Example", "Fix", "References")
"""The sections of a rule's docstring, in their order; each begins with `## `."""


@dataclass(frozen=True)
class RuleDoc:
    """The parts of a rule's docstring: its first line, and its sections by their headings."""

    summary: str
    sections: Mapping[str, str]

    @property
    def example(self) -> str:
        """What the text report prints for the example, without the fence around it."""
        match = re.search(r"```text\n(.*?)```", self.sections.get("Example", ""), re.DOTALL)
        return match.group(1) if match else ""


def doc(rule: type[Rule]) -> RuleDoc:
    """The documentation of a rule; of one without a docstring, empty."""
    text = inspect.cleandoc(rule.__doc__ or "")
    summary, *parts = re.split(r"^## +", text, flags=re.MULTILINE)
    sections = {}
    for part in parts:
        heading, _, body = part.partition("\n")
        sections[heading.strip()] = body.strip("\n")
    return RuleDoc(" ".join(summary.split()), sections)


def markdown(rule: type[Rule]) -> str:
    """The page of a rule in Markdown."""
    meta, found = rule.meta, doc(rule)
    lines = [f"# {meta.code} {meta.name}", "", f"{found.summary} ({meta.severity.label})", ""]
    for heading, body in found.sections.items():
        lines += [f"## {heading}", "", body, ""]
    if rule.options():
        lines += ["## Options", "", f"In `[tool.tflint.rules.{meta.name}]`:", ""]
        lines += [f"- `{each.name} = {_toml(each.default)}`: {each.help}" for each in rule.options()]
    return "\n".join(lines).rstrip("\n") + "\n"


def explain(rule: type[Rule], *, color: bool = False) -> str:
    """The page of a rule for a terminal: the Markdown, its headings in bold where colours are wanted."""
    text = markdown(rule).replace("```text\n", "").replace("```python\n", "").replace("```\n", "")
    lines = []
    for line in text.split("\n"):
        heading = re.match(r"#+ +(.*)", line)
        lines.append(line if heading is None else f"\x1b[1m{heading[1]}\x1b[0m" if color else heading[1].upper())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(list(value) if isinstance(value, tuple) else value)
