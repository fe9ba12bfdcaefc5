"""The report for programs: the schema `tflint-check/1`, described in docs/json.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tflint import __version__
from tflint.finding import Finding
from tflint.model import Location
from tflint.reporters import Style

if TYPE_CHECKING:
    from tflint.engine import Report

__all__ = ["SCHEMA", "document", "render"]

SCHEMA = "tflint-check/1"


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - what a style says is for people
    """The report as a JSON document."""
    return json.dumps(document(report), indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as lists and dictionaries of the schema."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "models": [
            {
                "path": model.path,
                "format": model.format.value,
                "bytes": model.byte_size,
                "sha256": model.sha256 or None,
                "graphs": model.graphs,
                "judged": model.judged,
            }
            for model in report.models
        ],
        "findings": [_finding(finding) for finding in report.findings],
        "suppressed": report.suppressed,
        "crashes": [{"path": crash.path, "rule": crash.rule, "message": crash.message} for crash in report.crashes],
        "coverage": {
            "rules": report.coverage.rules,
            "ran": report.coverage.ran,
            "needs": dict(report.coverage.needs),
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    at = finding.location
    source = None if at.source is None else {"path": at.source[0], "line": at.source[1]}
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.label,
        "path": at.path,
        "address": at.address,
        "tensor": at.name or None,
        "layer": at.layer,
        "message": finding.message,
        "help": finding.help,
        "related": [_related(place) for place in finding.related],
        "source": source,
        "evidence": _finite(finding.evidence),
        "fingerprint": finding.fingerprint,
    }


def _related(place: Location) -> dict[str, Any]:
    return {"path": place.path, "address": place.address, "tensor": place.name or None}


def _finite(value: Any) -> Any:
    """Evidence that JSON can hold: numbers that are not finite become their names."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, bool | int | str) or value is None:
        return value
    return _finite(value.item()) if hasattr(value, "item") else str(value)
