"""What `tflint` offers to rules, packs and scripts."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tflint


@pytest.mark.parametrize("name", tflint.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(tflint, name) is not None


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        tflint.Nothing  # noqa: B018


def test_names_are_imported_when_they_are_first_used() -> None:
    code = (
        "import sys, tflint; assert 'tflint.rule' not in sys.modules; tflint.Rule; assert 'tflint.rule' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_module_starts_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tflint.__main__ import main

    monkeypatch.setattr(sys, "argv", ["tflint", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("tflint ")
