"""The report on a difference for code scanning: what breaks are errors, all else is a note, in the new build."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tflint.analysis.fingerprints import structural_key
from tflint.changes import Change, Difference, Grade, Part
from tflint.finding import Finding, Severity
from tflint.model import Location, Model
from tflint.packs import all_rules, load_packs
from tflint.report import Checked, Coverage, Report
from tflint.reporters import Style
from tflint.reporters.json import plain
from tflint.reporters.sarif import document as sarif_document
from tflint.reporters.sarif_places import working_tree

__all__ = ["document", "render", "report"]

_CONTRACT, _FILES = "TFL605", "TFL612"
_NAMES = {_CONTRACT: "contract-changed", _FILES: "stale-associated-files"}
_OTHER = ("TFD001", "model-changed")
"""What is no fault of the model, and so has no rule."""


def render(found: Difference, style: Style) -> str:  # noqa: ARG001 - what a style says is for people
    """The report as a SARIF log of one run; its paths are relative to the working tree of the current folder."""
    return json.dumps(plain(document(found, working_tree(Path.cwd()))), allow_nan=False) + "\n"


def document(found: Difference, root: Path) -> dict[str, Any]:
    """The SARIF log as lists and dictionaries, with paths relative to `root`."""
    return sarif_document(report(found), root)


def report(found: Difference) -> Report:
    """The difference as if it had been found by rules."""
    rules = tuple(rule for rule in all_rules(load_packs()) if rule.meta.code in _NAMES)
    return Report(
        models=tuple(_checked(model) for model in (found.new, found.old)),
        findings=tuple(_findings(found)),
        crashes=(),
        coverage=Coverage(len(rules), len(rules)),
        rules=tuple(rule.meta for rule in rules),
        rule_types=rules,
    )


def _checked(model: Model) -> Checked:
    judged = sum(graph.intact for graph in model.graphs)
    return Checked(model.path, model.format, model.byte_size, model.sha256, len(model.graphs), judged)


def _findings(found: Difference) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for change in found.changes:
        finding = _finding(change, found)
        key = f"{finding.code}|{change.what}|{structural_key(found.new, finding.location.address)}"
        seen[key] += 1
        digest = hashlib.sha256(f"{key}|{seen[key]}".encode("utf-8", "replace")).hexdigest()[:16]
        yield Finding(**{**vars(finding), "fingerprint": digest})
    if found.unknown:
        text = " ".join(found.unknown)
        yield Finding(*_OTHER, Severity.NOTE, Location(found.new.path), f"Not everything was compared: {text}")


def _finding(change: Change, found: Difference) -> Finding:
    code, name = _OTHER
    if change.part is Part.METADATA:
        code = _FILES
    elif change.grade is Grade.BREAKING:
        code = _CONTRACT
    at, *related = change.places or (found.new.location,)
    if at.path != found.new.path:  # what is gone is told at the file that lacks it
        at, related = found.new.location, [at, *related]
    severity = Severity.ERROR if change.grade is Grade.BREAKING else Severity.NOTE
    evidence = {"what": change.what, "grade": change.grade.label, "old": change.old, "new": change.new}
    return Finding(code, _NAMES.get(code, name), severity, at, change.message, change.effect, tuple(related), evidence)
