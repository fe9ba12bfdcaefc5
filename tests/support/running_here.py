"""The worker in this process: for tests that run many models, all of them sound."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflint.compare import runs
from tflint.runners import worker
from tflint.workers import Ended

__all__ = ["stay_here"]


def stay_here(monkeypatch: Any) -> None:
    """Start no worker processes."""

    def run(_program: str, arguments: Sequence[str], **_more: Any) -> Ended:
        with warnings.catch_warnings():
            return Ended(worker.main(Path(arguments[0])), 0.01)

    monkeypatch.setattr(runs, "run_process", run)
