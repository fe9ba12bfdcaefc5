"""A baseline: the findings that a project knows of and has accepted for now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tflint.errors import ConfigError
from tflint.finding import Finding

__all__ = ["SCHEMA", "read_baseline", "write_baseline"]

SCHEMA = "tflint-baseline/1"


def read_baseline(path: Path) -> Counter[str]:
    """How often each fingerprint is accepted.

    Raises:
        ConfigError: the file is not there, or no baseline.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ConfigError(
                f"The baseline '{path}' has the schema '{document['schema']}'; this tflint reads {SCHEMA}."
            )
        return Counter(str(entry["fingerprint"]) for entry in document["findings"])
    except FileNotFoundError as reason:
        raise ConfigError(f"There is no baseline '{path}'; make one with --write-baseline.") from reason
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ConfigError(f"The baseline '{path}' cannot be read: {reason}.") from reason


def write_baseline(path: Path, findings: Iterable[Finding]) -> int:
    """Write the findings as accepted, in a form that diffs well; return how many they are.

    Raises:
        ConfigError: the file cannot be written.
    """
    entries = [
        {
            "fingerprint": finding.fingerprint,
            "code": finding.code,
            "path": finding.location.path,
            "address": finding.location.address,
            "message": finding.message,
        }
        for finding in findings
    ]
    try:
        path.write_text(json.dumps({"schema": SCHEMA, "findings": entries}, indent=1) + "\n", encoding="utf-8")
    except OSError as reason:
        raise ConfigError(f"The baseline '{path}' cannot be written: {reason.strerror}.") from reason
    return len(entries)
