"""What the commands share: interruptions, and progress on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from models import lost_weights
from tflint.cli import program, terminal


def on_a_terminal(arguments: list[str], folder: Path, **environment: str) -> str:
    """What a process writes to standard error where that is a terminal."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=side,
        env=os.environ | {"TERM": "xterm"} | environment,
    )
    os.close(side)
    written = b""
    try:
        while piece := os.read(main, 4096):
            written += piece
    except OSError:  # the other side is closed
        pass
    process.wait(60)
    os.close(main)
    return written.decode()


_SLOW = """
import sys, time
from tflint import engine
from tflint.cli import program, terminal
terminal._SHOW_AFTER = 0.0
program(["check", "."], prog_name="tflint")
"""


def test_long_work_shows_a_bar_on_a_terminal(tmp_path: Path) -> None:
    for name in "abc":
        lost_weights().save(tmp_path / f"{name}.tflite")
    assert "3/3" in on_a_terminal(["-c", _SLOW], tmp_path)


def test_short_work_shows_none(tmp_path: Path) -> None:
    for name in "abc":
        lost_weights().save(tmp_path / f"{name}.tflite")
    assert on_a_terminal(["-m", "tflint", "check", "."], tmp_path) == ""


def test_the_bar_ends_with_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(terminal, "_SHOW_AFTER", 0.0)
    with terminal.progress(2) as finished:
        assert finished is not None
        finished("a/b.tflite")
        finished("a/c.tflite")
    with terminal.progress(1) as finished:
        assert finished is None


def test_an_interruption_is_one_line_and_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = str(lost_weights().save(tmp_path / "a.tflite"))
    monkeypatch.setattr("tflint.formats.read", interrupt)
    result = CliRunner().invoke(program, ["inspect", path])
    assert result.exit_code == 130
    assert "interrupted" in result.stderr


def test_a_terminal_gets_colours_unless_it_is_dumb(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.use_color("auto", Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.use_color("auto", Terminal())  # type: ignore[arg-type]
    assert not terminal.use_color("never", Terminal())  # type: ignore[arg-type]


def test_a_reader_that_has_gone_ends_the_program_quietly(tmp_path: Path) -> None:
    path = str(lost_weights().save(tmp_path / "a.tflite"))
    code = (
        "import tflint.formats, sys\n"
        "def broken(*_): raise BrokenPipeError\n"
        "tflint.formats.read = broken\n"
        "from tflint.cli import program\n"
        f"program(['inspect', {path!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, "")


def test_work_that_ends_before_the_bar_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with terminal.progress(2) as finished:
        assert finished is not None
        finished("a.tflite")
