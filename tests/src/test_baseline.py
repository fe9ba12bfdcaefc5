"""The baseline: what a project has accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tflint import ConfigError, Finding, Location, Severity
from tflint.baseline import read_baseline, write_baseline


def finding(fingerprint: str) -> Finding:
    return Finding("TFL116", "x", Severity.ERROR, Location("m.tflite"), "It is.", fingerprint=fingerprint)


def test_what_is_written_is_read_and_repeated_fingerprints_count(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert write_baseline(path, [finding("a"), finding("b"), finding("a")]) == 3
    assert read_baseline(path) == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "There is no baseline"),
        ("{", "cannot be read"),
        ("{}", "cannot be read"),
        ("3", "cannot be read"),
        ('{"schema": "other/1"}', "has the schema 'other/1'"),
        ('{"schema": "tflint-baseline/1", "findings": [3]}', "cannot be read"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str | None, part: str) -> None:
    path = tmp_path / "baseline.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=part):
        read_baseline(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_baseline(tmp_path / "gone" / "baseline.json", [])
