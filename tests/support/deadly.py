"""A rule that kills its process; in a module of its own, which worker processes can import."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity


@dataclass(frozen=True)
class Deadly(Rule):
    """Kills its process where the model's name says so."""

    meta: ClassVar[RuleMeta] = RuleMeta("EVE004", "deadly", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if "deadly" in ctx.model.path:
            os.kill(os.getpid(), signal.SIGKILL)
        yield self.finding(ctx.model, "It lives.")
