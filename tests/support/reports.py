"""Reports made by hand, for the tests of the reporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tflint import Finding, Format, Location, Severity
from tflint.report import Checked, Coverage, Report

OP = Location("models/kws.tflite", "0/12:NEG", None, "norm/neg", 4096, 20)
TENSOR = Location("models/kws.tflite", "0/t7", None, "norm/gamma", 8192, 64)


def finding(at: Location = OP, message: str = "NEG takes FLOAT32; INT8 was expected.", **more: Any) -> Finding:
    """A finding of a rule that does not exist."""
    values = {"code": "EVE001", "name": "float-island", "severity": Severity.WARNING, "fingerprint": "0123456789abcdef"}
    return Finding(**{**values, "location": at, "message": message, **more})


def report(*findings: Finding, models: Sequence[Checked] | None = None, **more: Any) -> Report:
    """A report on these findings, and on the models that they name unless others are given."""
    named = dict.fromkeys(each.location.path for each in findings)
    checked = [Checked(path, Format.TFLITE, 640, graphs=1, judged=1) for path in named] if models is None else models
    values = {"crashes": (), "coverage": Coverage(3, 2, {"runtime": 1, "expect": 0})}
    return Report(**{**values, "models": tuple(checked), "findings": findings, **more})
