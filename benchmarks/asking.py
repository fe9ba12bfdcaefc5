"""A process of another Python that is asked one thing after the other, and may die of it."""

from __future__ import annotations

import json
import select
import subprocess
from typing import Any

__all__ = ["Worker"]


class Worker:
    """A process that runs `script --worker`: it reads tasks as lines of JSON, and answers each.

    One that dies is replaced. An answer may take `seconds`.
    """

    def __init__(self, python: str, script: str, seconds: float) -> None:
        self.command = ["nice", "-n", "10", python, script, "--worker"]
        self.seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a task; None where the process died of it, or took too long."""
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], self.seconds)
        line = process.stdout.readline() if ready else b""
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        process.kill()
        process.wait()
        self.process = None
        return None
