"""The pre-commit hook, as pre-commit itself runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_files import keras_file, save, small
from models import healthy, lost_weights
from saved_models import const, saved_model, write

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="pre-commit works in git repositories"
)


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def try_repo(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    git(folder, "add", "-A")
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "tflint", "--all-files", "--verbose"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"PRE_COMMIT_HOME": str(home)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def test_the_hook_installs_and_finds_what_is_wrong_in_the_models_of_a_commit(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("pre-commit")
    git(tmp_path, "init", "-q")
    (tmp_path / "tflint.toml").write_text('exclude = ["vendored/**"]')
    (tmp_path / "vendored").mkdir()
    lost_weights().save(tmp_path / "vendored" / "theirs.tflite")
    (tmp_path / "readme.txt").write_text("no model")
    healthy().save(tmp_path / "good.tflite")
    save(tmp_path / "good.keras", keras_file(small()))
    write(tmp_path / "served", saved_model([const("one", np.ones(4, np.float32))]))
    passed = try_repo(tmp_path, home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Nothing found in 3 models." in passed.stdout
    lost_weights().save(tmp_path / "bad.tflite")
    failed = try_repo(tmp_path, home)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "TFL116 variable-uninitialised" in failed.stdout
    assert "theirs.tflite" not in failed.stdout
