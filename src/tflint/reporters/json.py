"""The report for programs: the schema `tflint-check/1`, described in docs/json.md."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tflint import __version__
from tflint.finding import Finding
from tflint.model import Location
from tflint.reporters import Style

if TYPE_CHECKING:
    from tflint.report import Report

__all__ = ["SCHEMA", "document", "plain", "render"]

SCHEMA = "tflint-check/1"

_SURROGATES = re.compile("[\ud800-\udfff]")


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - what a style says is for people
    """The report as a JSON document."""
    return json.dumps(plain(document(report)), indent=1, allow_nan=False) + "\n"


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
                **({"source": model.source} if model.source else {}),
                **({"converted_from": model.converted_from} if model.converted_from else {}),
                **({"comparison": asdict(model.comparison)} if model.comparison is not None else {}),
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
        "evidence": finding.evidence,
        "fingerprint": finding.fingerprint,
    }


def _related(place: Location) -> dict[str, Any]:
    return {"path": place.path, "address": place.address, "tensor": place.name or None}


def plain(value: Any) -> Any:
    """The value as JSON can hold it: numbers that are not finite become their names, halves of characters U+FFFD."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict | MappingProxyType):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value, key=str)]
    return plain(value.tolist() if hasattr(value, "tolist") else str(value))
