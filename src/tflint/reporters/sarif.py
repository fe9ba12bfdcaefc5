"""The report for code scanning: SARIF 2.1.0, described in docs/sarif.md.

Everything in it follows from the report and from where the working tree begins: the same run twice gives the same
bytes.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflint import __version__
from tflint.analysis.phrases import count
from tflint.docs import doc, explain, markdown
from tflint.finding import Finding, Severity
from tflint.model import Location
from tflint.reporters import Style
from tflint.reporters.json import document as json_document
from tflint.reporters.json import plain
from tflint.reporters.sarif_places import BASE, Places, has_bytes, working_tree
from tflint.reporters.text import coverage, escape, unjudged

if TYPE_CHECKING:
    from tflint.report import Crash, Report
    from tflint.rule import Rule

__all__ = ["MOST_RESULTS", "document", "render"]

MOST_RESULTS = 5_000
"""GitHub keeps so many results of a run."""

_MOST_RELATED = 20
"""So many of the other places of one result are named."""
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NAME = "tflint-litert"
"""Another linter is called tflint, for Terraform; consumers file results by this name."""
_FULL_NAME = f"tflint {__version__} (the linter for TFLite, LiteRT, Keras and TensorFlow models)"
_HOME = "urn:tflint-litert"
_SECURITY_FAMILY = "TFL8"
_SECURITY_SEVERITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.NOTE: "2.0"}
"""CVSS scores. They make a security alert of a finding: only what may run code or leak secrets has one."""
_PROBLEM_SEVERITY = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_LONGEST_TEXT = 1024
"""GitHub takes so many characters of a description."""

_CRASHED, _CAPPED, _COVERAGE = range(3)
_NOTIFICATIONS = (
    (
        "TFN001",
        "CheckCrashed",
        "error",
        "A rule or reader failed on a model.",
        "A rule or reader raised an exception on a model. The other rules ran, and their results are in this report.",
        "This is a fault of tflint or of a rule pack, not of the model: report it with the text of the notification.",
    ),
    (
        "TFN002",
        "ResultsLeftOut",
        "warning",
        "The report holds not all results.",
        "There were more results than code scanning takes, so the report holds the most severe of them.",
        "Check fewer models at once, select fewer rules, or read the JSON report, which holds all results.",
    ),
    (
        "TFN003",
        "Coverage",
        "note",
        "How much was checked.",
        "How many rules ran, what the others wait for, and which models could not be judged.",
        "Give tflint what the rules that did not run need: a runtime version, or what the model is expected to be.",
    ),
)


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - what a style says is for people
    """The report as a SARIF log of one run; its paths are relative to the working tree of the current folder."""
    return json.dumps(plain(document(report, working_tree(Path.cwd()))), allow_nan=False) + "\n"


def document(report: Report, root: Path) -> dict[str, Any]:
    """The SARIF log as lists and dictionaries, with paths relative to `root`."""
    places = Places(root)
    places.add_models(report.models)
    rules = _rules(report)
    indices = {rule["id"]: index for index, rule in enumerate(rules)}
    results = [_result(group, places, indices) for group in _groups(_worst(report.findings))]
    notifications = list(_notifications(report, places, indices))
    figures = json_document(report)
    run = {
        "tool": {
            "driver": {
                "name": _NAME,
                "fullName": _FULL_NAME,
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": _HOME,
                "rules": rules,
                "notifications": [_notification_descriptor(*each) for each in _NOTIFICATIONS],
            }
        },
        "invocations": [
            {"executionSuccessful": not report.crashes, "toolExecutionNotifications": notifications},
        ],
        "originalUriBaseIds": {BASE: {"description": {"text": "The root of the working tree."}}},
        "artifacts": places.artifacts,
        "logicalLocations": places.logical,
        "columnKind": "utf16CodeUnits",
        "results": results,
        "properties": {"tflint": {key: figures[key] for key in ("coverage", "suppressed")}},
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(report: Report) -> list[dict[str, Any]]:
    """The descriptors of the rules that were on, and of what else reported something."""
    found = {rule.meta.code: _rule(rule) for rule in report.rule_types}
    for finding in report.findings:
        if finding.code not in found:
            text = f"{finding.name.replace('-', ' ').capitalize()}."
            found[finding.code] = _descriptor(finding.code, _pascal(finding.name), text, text, text)
    return list(found.values())


def _rule(rule: type[Rule]) -> dict[str, Any]:
    meta, found = rule.meta, doc(rule)
    summary = found.summary or f"{meta.name.replace('-', ' ').capitalize()}."
    descriptor = _descriptor(
        meta.code, _pascal(meta.name), summary, found.sections.get("What it does", summary), explain(rule)
    )
    descriptor["help"]["markdown"] = markdown(rule)
    descriptor["defaultConfiguration"] = {"level": meta.severity.label}
    tags = [*sorted(meta.formats), *_family(rule)]
    properties: dict[str, Any] = {
        "precision": "medium" if meta.preview else "high",
        "problem.severity": _PROBLEM_SEVERITY[meta.severity],
    }
    if meta.code.startswith(_SECURITY_FAMILY):
        properties["security-severity"] = _SECURITY_SEVERITY[meta.severity]
        tags = list(dict.fromkeys([*tags, "security"]))
    descriptor["properties"] = {"tags": tags, **properties}
    return descriptor


def _family(rule: type[Rule]) -> list[str]:
    """The package that a rule stands in, which says what it is about."""
    return rule.__module__.split(".")[-2:-1]


def _descriptor(code: str, name: str, short: str, full: str, help: str) -> dict[str, Any]:
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": textwrap.shorten(short, _LONGEST_TEXT, placeholder=" …")},
        "fullDescription": {"text": textwrap.shorten(full, _LONGEST_TEXT, placeholder=" …")},
        "help": {"text": help},
    }


def _notification_descriptor(code: str, name: str, level: str, short: str, full: str, help: str) -> dict[str, Any]:
    return {**_descriptor(code, name, short, full, help), "defaultConfiguration": {"level": level}}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"\W+", name))


def _worst(findings: tuple[Finding, ...]) -> Iterable[Finding]:
    """The findings, or the most severe of them where they are more than consumers take."""
    if len(findings) <= MOST_RESULTS:
        return findings
    return sorted(findings, key=lambda finding: -finding.severity)[:MOST_RESULTS]


def _groups(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """The findings that make one result: those of one rule at one Python line, each other one by itself.

    Code scanning takes all results of a rule at one line of text for the same alert.
    """
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        source = finding.location.source
        groups.setdefault(number if source is None else (finding.code, source), []).append(finding)
    return groups.values()


def _result(group: list[Finding], places: Places, indices: dict[str, int]) -> dict[str, Any]:
    first, *others = group
    at = first.location
    result: dict[str, Any] = {
        "ruleId": first.code,
        "ruleIndex": indices[first.code],
        "level": max(finding.severity for finding in group).label,
        "message": {"text": _message(first, others)},
        "locations": [places.primary(at)],
    }
    related = list(_related(group))
    if related:
        shown = enumerate(related[:_MOST_RELATED], 1)
        result["relatedLocations"] = [places.related(place, number) for number, place in shown]
    if first.fingerprint:
        if at.source is None:
            result["partialFingerprints"] = {"primaryLocationLineHash": f"{first.fingerprint}:1"}
        result["fingerprints"] = {"tflint/v1": first.fingerprint}
    figures: dict[str, Any] = {"address": at.address, "layer": at.layer, "tensor": at.name, "evidence": first.evidence}
    if len(related) > _MOST_RELATED:
        figures["related"] = len(related)
    result["properties"] = {"tflint": {key: value for key, value in figures.items() if value}}
    return result


def _related(group: list[Finding]) -> Iterator[Location]:
    """The model where a Python line stands for it, the bytes where they are known; then the other places."""
    for finding in group:
        if finding.location.source is not None or has_bytes(finding.location):
            yield finding.location
    yield from (place for finding in group for place in finding.related)


def _message(first: Finding, others: list[Finding]) -> str:
    """What is wrong, then what to do about it: where space is short, consumers show the first sentence."""
    parts = [_safe(first.message), _safe(first.help)]
    if first.location.source is not None:
        parts.append("See [the model](1).")
    if others:
        models = len({finding.location.path for finding in (first, *others)})
        parts.append(f"The same line is the cause of {count(len(others), 'more finding')} in {count(models, 'model')}.")
    return " ".join(part for part in parts if part)


def _safe(text: str) -> str:
    """A text that may come from a file, as SARIF's plain text: no control characters, links or placeholders of its own.

    A link is `[text](target)`, a placeholder `{0}`.
    """
    return re.sub(r"\{(\d+)\}", r"{{\1}}", escape(text).replace("](", "] ("))


def _notifications(report: Report, places: Places, indices: dict[str, int]) -> Iterator[dict[str, Any]]:
    for crash in report.crashes:
        yield {**_crash(crash, indices), "locations": [places.whole(crash.path)]}
    if len(report.findings) > MOST_RESULTS:
        text = f"The report holds the {MOST_RESULTS:,} most severe of {len(report.findings):,} findings."
        yield _notification(_CAPPED, text)
    hidden = f" {count(report.suppressed, 'accepted finding')} not shown." if report.suppressed else ""
    yield _notification(_COVERAGE, f"{coverage(report.coverage)}{unjudged(report)}{hidden}")


def _crash(crash: Crash, indices: dict[str, int]) -> dict[str, Any]:
    found = _notification(_CRASHED, f"{crash.rule or 'tflint'} failed: {_safe(crash.message)}")
    if crash.rule in indices:
        found["associatedRule"] = {"id": crash.rule, "index": indices[crash.rule]}
    return found


def _notification(index: int, text: str) -> dict[str, Any]:
    code, _, level, *_ = _NOTIFICATIONS[index]
    return {"descriptor": {"id": code, "index": index}, "level": level, "message": {"text": text}}
