"""Programs that may crash, hang or take all memory: run in processes of their own, held to a share of time and memory.

Run as a script, this file sets the limits of its own process, and becomes the program that it is given.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Any

__all__ = ["Ended", "answer", "run", "too_much"]

_LARGEST_ANSWER = 64 << 20
_MOST_KEPT = 1 << 16
"""So many of the last bytes that a program writes are kept."""
_OUT_OF_MEMORY = re.compile(
    r"bad_alloc|MemoryError|[Cc]annot allocate memory|[Ff]ailed to allocate|[Mm]emory allocation|[Oo]ut of memory|"
    r"pthread_create|[Tt]hread.*resource unavailable|can't start new thread"
)
"""How libraries say that there is no more memory."""
_STOPPED = re.compile(r'Current thread[^\n]*\n(?:  File "(?:[^"\n]*/)?([^"\n/]+)", line \d+ in (\S+))')
"""Where Python was when a library crashed, as its faulthandler tells."""


@dataclass(frozen=True)
class Ended:
    """How a program ended. `status` is negative where a signal ended it."""

    status: int
    seconds: float
    is_late: bool = False
    """Its time was up, and it was killed."""
    told: str = ""
    """The end of what it wrote to its streams."""

    @property
    def how(self) -> str:
        """The signal or the status that it ended with."""
        import signal

        with suppress(ValueError):
            return signal.Signals(-self.status).name
        return f"status {self.status}"

    @property
    def where(self) -> str:
        """The function that it was in when it crashed, empty where it did not say."""
        found = _STOPPED.search(self.told)
        return f"{found[2]} of {found[1]}" if found else ""

    @property
    def words(self) -> str:
        """How it died, or that it ended without an answer: a line."""
        if not self.status:
            return "its process ended without an answer"
        return f"its process ended with {self.how}{f', in {self.where}' if self.where else ''}"

    @property
    def is_out_of_memory(self) -> bool:
        """True where it says so, or where the system killed it."""
        if self.is_late or not self.status:
            return False
        return self.how == "SIGKILL" or _OUT_OF_MEMORY.search(self.told) is not None


def answer(path: Path) -> Mapping[str, Any]:
    """What a worker wrote last, empty where that makes no sense."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_ANSWER:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def too_much(memory: int) -> str:
    """That a worker wanted more than these bytes: a line."""
    return f"it took more than the {memory / (1 << 30):.3g} GiB of memory that it had"


def run(
    program: str,
    arguments: Sequence[str],
    *,
    seconds: float,
    memory: int,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Ended:
    """Run a Python program until it ends or its time is up; what it started itself ends with it.

    Args:
        program: the file of the program; what lies beside it, or in the current folder, is not imported.
        arguments: what it gets.
        seconds: the time that it has.
        memory: the bytes that it may take, where the system can hold it to that.
        environment: all of its environment.
        folder: where it works; None for the current one.

    Raises:
        OSError: no process can be started.
    """
    start = time.monotonic()
    limits = [str(memory), str(int(seconds * (os.cpu_count() or 1)) + 60)]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", __file__, *limits, program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )
    assert process.stdout is not None
    tail = _Tail(process.stdout)
    is_late = False
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        is_late = True
    finally:
        _kill(process)
        tail.thread.join(timeout=5)  # what left its group may still hold the stream
    return Ended(process.returncode, time.monotonic() - start, is_late, tail.text)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started."""
    kill: Callable[[int, int], None] | None = getattr(os, "killpg", None)
    with suppress(OSError):
        if kill is None:
            process.kill()
        else:
            kill(process.pid, 9)
    process.wait()


class _Tail:
    """The end of a stream, read as it comes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.kept = b""
        self.thread = Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError), self.stream:
            while part := os.read(self.stream.fileno(), _MOST_KEPT):
                self.kept = (self.kept + part)[-_MOST_KEPT:]

    @property
    def text(self) -> str:
        return self.kept.decode("utf-8", "replace")


def _limit(memory: int, processor_seconds: int) -> None:
    """Hold this process to its share, where the system can.

    Of memory that is what is written to: TensorFlow reserves addresses by the gigabyte and never touches them.
    """
    with suppress(ImportError):
        import resource

        asked = ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, processor_seconds), (resource.RLIMIT_DATA, memory))
        for limit, most in asked:
            with suppress(ValueError, OSError):
                resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    import runpy

    _limit(int(sys.argv[1]), int(sys.argv[2]))
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
