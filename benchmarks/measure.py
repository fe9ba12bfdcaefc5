"""Runs commands as processes of their own, and says how long they take and how much memory they need.

A process that starts another one hands down the figure of its own peak memory: keep the caller small.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(sys.executable).parent / "tflint"
TFLINT = (sys.executable, "-m", "tflint")
FLOOR = (sys.executable, "-c", "import numpy, networkx, flatbuffers")
"""What a program of this kind pays before its first line."""

_PACKAGES = ("tflint", "tflint_rules", "numpy", "networkx", "flatbuffers", "click", "rich")


@dataclass(frozen=True)
class Run:
    """What a process took. `peak` is its largest resident size in bytes, pages of mapped files included."""

    seconds: float
    processor: float
    """Seconds of processor time, of all its threads."""
    peak: int
    code: int
    anonymous: int = 0
    """The largest part of it that is no file's, in bytes; 0 where nobody watched."""


def compile_all() -> None:
    """Byte-compile everything that is imported."""
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None, f"{name} is not installed"
        for folder in spec.submodule_search_locations or ():
            compileall.compile_dir(folder, quiet=2)


def run(command: Sequence[str], *, watch: bool = False) -> Run:
    """Run a command, its output thrown away; `watch` looks at its memory every 10 ms, which costs a little time."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    anonymous = _watched(process.pid) if watch else 0
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, process.returncode, anonymous)


def _watched(pid: int) -> int:
    """The largest RssAnon of a process, in bytes, until it ends; 0 where the system does not tell."""
    largest = 0
    while True:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return largest
        found = next((line for line in lines if line.startswith("RssAnon:")), None)
        if found is None:  # it has ended
            return largest
        largest = max(largest, int(found.split()[1]) * 1024)
        time.sleep(0.01)
