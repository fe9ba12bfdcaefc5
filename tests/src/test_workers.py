"""Processes with limits."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tflint.workers import Ended, run


def ended(folder: Path, program: str, **more: float) -> Ended:
    path = folder / "program.py"
    path.write_text(program)
    return run(
        str(path), ["a"], seconds=more.get("seconds", 60.0), memory=int(more.get("memory", 1 << 30)),
        environment=os.environ, folder=folder,
    )  # fmt: skip


def test_a_program_runs_with_its_arguments_and_limits_and_without_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    program = "import sys, json, resource; print(sys.argv[1:], resource.getrlimit(resource.RLIMIT_DATA)); sys.exit(3)"
    found = ended(tmp_path, program)
    assert (found.status, found.how, found.where, found.is_late) == (3, "status 3", "", False)
    assert found.told == f"['a'] ({1 << 30}, {1 << 30})\n"
    assert not found.is_out_of_memory


def test_the_end_of_what_it_writes_is_kept(tmp_path: Path) -> None:
    found = ended(tmp_path, "print('x' * 300_000); print('end')")
    assert found.told.endswith("xx\nend\n")
    assert len(found.told) == 1 << 16


def test_its_children_end_with_it(tmp_path: Path) -> None:
    program = "import os, time\nif os.fork() == 0: time.sleep(300)\nopen('child', 'w').write('')"
    start = time.monotonic()
    assert ended(tmp_path, program).status == 0
    assert time.monotonic() - start < 60


def test_memory_that_runs_out_is_known_by_what_it_says_or_by_who_killed_it(tmp_path: Path) -> None:
    found = ended(tmp_path, "held = bytearray(3 << 30)")
    assert (found.status, found.is_out_of_memory) == (1, True)
    assert Ended(-9, 1.0).is_out_of_memory
    assert not Ended(-9, 1.0, is_late=True).is_out_of_memory
    assert not Ended(-11, 1.0).is_out_of_memory


def test_where_a_group_cannot_be_killed_the_program_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "killpg")
    found = ended(tmp_path, "import time; time.sleep(300)", seconds=2.0)
    assert found.is_late
    assert found.how == "SIGKILL"
