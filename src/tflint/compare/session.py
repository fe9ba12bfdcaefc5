"""The comparisons of one run of tflint: what they share is the time that there is, and what was recorded before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tflint.compare.comparing import Settings, compare
from tflint.compare.runs import Clock
from tflint.comparison import Comparison
from tflint.errors import RunError
from tflint.model import Format
from tflint.rule import Context

__all__ = ["Session"]

_LEAST_SECONDS = 15.0
"""So much of the budget one model may take, however many wait: TensorFlow alone needs some seconds to be loaded."""


@dataclass
class Session:
    """Comparisons, one after the other.

    `budget` are the seconds for all of them; `count` the models that may have to be compared.
    """

    settings: Settings
    budget: float
    count: int
    recorded: Mapping[str, tuple[str, Comparison]] = field(default_factory=dict)
    """What came of each model, by its path, in a run that was saved: then nothing is run."""
    is_replay: bool = False
    done: dict[str, tuple[str, Comparison]] = field(default_factory=dict)
    """What came of each model, by its path, with the digest of its file."""

    def __post_init__(self) -> None:
        self._clock = Clock(self.budget)
        self._left = self.count

    def compare(
        self,
        ctx: Context,
        *,
        content: memoryview | None = None,
        inputs: str | None = None,
        sizes: Mapping[str, Sequence[int]] | None = None,
    ) -> Comparison | None:
        """What came of running the model of a context; None for what is not run.

        Raises:
            RunError: as `compare`.
        """
        if ctx.model.format is not Format.TFLITE:
            return None
        if self.is_replay:
            return self._recorded(ctx, content)
        left = max(self._clock.left, 0.0)
        share = max(left / max(self._left, 1), min(_LEAST_SECONDS, left))
        self._left -= 1
        settings = replace(
            self.settings, inputs=self.settings.inputs or inputs, sizes={**(sizes or {}), **self.settings.sizes}
        )
        found = compare(ctx, settings, self._clock.share(share), content)
        if found is not None:
            self.done[ctx.model.path] = (_digest(ctx, content), found)
        return found

    def _recorded(self, ctx: Context, content: memoryview | None) -> Comparison:
        """What was recorded of a model.

        Raises:
            RunError: nothing was, or of another file.
        """
        path = ctx.model.path
        if path not in self.recorded:
            raise RunError(f"The saved run has nothing of '{path}'; it has {', '.join(map(repr, self.recorded))}.")
        digest, found = self.recorded[path]
        if digest != _digest(ctx, content):
            raise RunError(f"'{path}' has changed since the run was saved; --diff runs it anew.")
        return found


def _digest(ctx: Context, content: memoryview | None) -> str:
    """The SHA-256 of the model's file, and that of its source's where that is a file."""
    own = ctx.model.sha256 if content is None else hashlib.sha256(content).hexdigest()
    return own if ctx.source is None else f"{own} {ctx.source.sha256}"
