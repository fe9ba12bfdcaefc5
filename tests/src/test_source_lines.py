"""The Python line of a finding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tflint import Finding, Location, Severity
from tflint import source_lines as module
from tflint.source_lines import SourceLines

BUILD = 'def build(x):\n    x = layers.Dense(\n        4, name="head")(x)\n    return x\n'


def placed(
    root: Path, files: Mapping[str, str], layer: str | None = "head", source: tuple[str, int] | None = None
) -> Finding:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    at = Location("m.tflite", "0/1:ADD", layer, source=source)
    [found] = SourceLines(root).placed([Finding("TFL1", "rule", Severity.ERROR, at, "A fault.")])
    return found


def test_the_only_call_with_the_name_of_the_layer_is_its_line(tmp_path: Path) -> None:
    found = placed(tmp_path, {"src/net.py": BUILD, "other.py": "x = 'head'\n"})
    assert found.location.source == (str(tmp_path / "src" / "net.py"), 2)
    assert found.message == "A fault. Its line is a guess: the only call with name='head'."


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": BUILD, "b.py": BUILD},
        {"a.py": "head = name\n"},
        {"a.py": 'layers.Dense(4, name=f"head")\nlayers.Dense("head", name=3)\n'},
        {"a.py": 'def broken(: name="head"'},
        {".hidden/a.py": BUILD, "venv/a.py": BUILD, "env311/a.py": BUILD, "env311/pyvenv.cfg": ""},
        {"a.txt": BUILD},
        {},
    ],
)
def test_where_there_is_not_exactly_one_nothing_is_guessed(tmp_path: Path, files: Mapping[str, str]) -> None:
    found = placed(tmp_path, files)
    assert found.location.source is None
    assert found.message == "A fault."


@pytest.mark.parametrize("layer", [None, "dense", "conv2d_3", "re_lu_12"])
def test_names_that_keras_gave_are_not_looked_for(tmp_path: Path, layer: str | None) -> None:
    assert placed(tmp_path, {"a.py": f'f(name="{layer}")\n'}, layer).location.source is None


def test_a_file_that_is_too_large_or_no_text_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.py").write_bytes(b'f(name="head")\xff')
    monkeypatch.setattr(module, "_LARGEST", 100)
    assert placed(tmp_path, {"a.py": BUILD + "#" * 100}).location.source is None


@pytest.mark.parametrize(("limit", "value"), [("_MOST_FILES", 0), ("_MOST_FOLDERS", 0), ("_MOST_BYTES", 5)])
def test_a_large_tree_is_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(module, limit, value)
    assert placed(tmp_path, {"a.py": BUILD}).location.source is None


def test_a_folder_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert placed(tmp_path / "gone", {}).location.source is None


def test_a_recorded_line_is_found_in_the_checkout(tmp_path: Path) -> None:
    found = placed(tmp_path, {"src/net.py": BUILD}, None, ("/home/someone/project/src/net.py", 2))
    assert found.location.source == (str(tmp_path / "src" / "net.py"), 2)
    assert found.message == "A fault."


@pytest.mark.parametrize("line", [1, 4, 99])
def test_a_recorded_line_on_which_nothing_is_computed_now_is_stale(tmp_path: Path, line: int) -> None:
    assert placed(tmp_path, {"src/net.py": BUILD}, None, ("/a/src/net.py", line)).location.source is None


def test_a_recorded_file_that_is_not_here_has_no_line(tmp_path: Path) -> None:
    assert placed(tmp_path, {}, None, ("/a/src/net.py", 2)).location.source is None
    assert placed(tmp_path, {}, None, (__file__, 20)).location.source is None
