"""The report for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from models import lost_weights
from reports import TENSOR, finding, report
from tflint import Format, Location, __version__
from tflint.cli import program
from tflint.report import Checked, Crash
from tflint.reporters import render
from tflint.reporters.json import plain


def written(*arguments: Any, **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render("json", report(*arguments, **more)))
    return document


def test_the_document_has_the_keys_of_its_schema() -> None:
    found = written(finding())
    assert list(found) == ["schema", "version", "models", "findings", "suppressed", "crashes", "coverage"]
    assert (found["schema"], found["version"]) == ("tflint-check/1", __version__)
    assert found["coverage"] == {"rules": 3, "ran": 2, "needs": {"runtime": 1, "expect": 0}}


def test_a_finding_has_all_that_is_known_of_it() -> None:
    at = Location("m.tflite", "0/12:NEG", "layer_normalization", "norm/neg", 4, 8, ("src/model.py", 41))
    [found] = written(finding(at, help="Do it.", related=(TENSOR, Location("n")), evidence={"ops": 2}))["findings"]
    assert found == {
        "code": "EVE001",
        "name": "float-island",
        "severity": "warning",
        "path": "m.tflite",
        "address": "0/12:NEG",
        "tensor": "norm/neg",
        "layer": "layer_normalization",
        "message": "NEG takes FLOAT32; INT8 was expected.",
        "help": "Do it.",
        "related": [
            {"path": "models/kws.tflite", "address": "0/t7", "tensor": "norm/gamma"},
            {"path": "n", "address": "", "tensor": None},
        ],
        "source": {"path": "src/model.py", "line": 41},
        "evidence": {"ops": 2},
        "fingerprint": "0123456789abcdef",
    }


def test_what_is_not_known_is_null() -> None:
    [found] = written(finding(Location("m.tflite")))["findings"]
    assert (found["tensor"], found["layer"], found["source"], found["related"]) == (None, None, None, [])


def test_models_and_crashes_are_listed() -> None:
    models = [
        Checked("a.tflite", Format.TFLITE, 640, "ab" * 32, graphs=2, judged=1),
        Checked("b", Format.SAVED_MODEL, 9),
    ]
    found = written(models=models, crashes=(Crash("b", "EVE002", "KeyError: 1", "Traceback"),), suppressed=4)
    assert found["models"] == [
        {"path": "a.tflite", "format": "tflite", "bytes": 640, "sha256": "ab" * 32, "graphs": 2, "judged": 1},
        {"path": "b", "format": "saved-model", "bytes": 9, "sha256": None, "graphs": 0, "judged": 0},
    ]
    assert found["crashes"] == [{"path": "b", "rule": "EVE002", "message": "KeyError: 1"}]
    assert found["suppressed"] == 4


class Color(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (1.5, 1.5),
        (np.float32("inf"), "inf"),
        (np.float64(0.25), 0.25),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([[1.0, np.nan]]), [[1.0, "nan"]]),
        (True, True),
        (None, None),
        (Color.RED, 1),
        ((1, [2]), [1, [2]]),
        ({"b", "a"}, ["a", "b"]),
        (frozenset({3}), [3]),
        (MappingProxyType({1: {"deep": float("inf")}}), {"1": {"deep": "inf"}}),
        (b"raw", "b'raw'"),
        ("half \udcff of a character", "half \ufffd of a character"),
        ({"\ud800": 1}, {"\ufffd": 1}),
    ],
)
def test_evidence_becomes_what_json_can_hold(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    [found] = written(finding(evidence={"value": value}))["findings"]
    assert found["evidence"] == {"value": expected}


def test_names_from_files_give_valid_utf_8_and_no_control_characters() -> None:
    at = Location("caf\udce9.tflite", "0/1:\x1b[31m", None, "ü\u2028\x00\ud800")
    text = render("json", report(finding(at)))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["findings"][0]["tensor"] == "ü\u2028\x00\ufffd"


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "json.md").read_text("utf-8")
    at = Location("m", source=("m.py", 1))
    found = written(finding(at, related=(TENSOR,), evidence={}), crashes=(Crash("m", "EVE002", "KeyError: 1"),))
    section = page.partition("## tflint-check/1")[2].partition("## tflint-inspect/1")[0]
    for key in keys(found):
        assert f'"{key}"' in section or f"`{key}`" in section, key


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(item)


def test_the_same_report_gives_the_same_bytes() -> None:
    same = report(finding(evidence={"names": {"a", "b", "c"}}))
    assert render("json", same) == render("json", same)


def test_the_command_writes_it_with_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lost_weights().save(Path("bad.tflite"))
    result = CliRunner().invoke(program, ["check", "bad.tflite", "--format", "json", "--isolated"])
    found = json.loads(result.output)
    assert result.exit_code == 1
    assert len(found["models"][0]["sha256"]) == 64
    assert "TFL116" in {each["code"] for each in found["findings"]}
