"""What came of converting a source with TensorFlow's own converter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Blamed", "ConversionResult", "Outcome", "Recipe"]


class Outcome(StrEnum):
    """How a conversion ended."""

    CONVERTED = "converted"
    REFUSED = "refused"
    """It was not run: the model is damaged, or loading it may run code."""
    NOT_LOADED = "not-loaded"
    """TensorFlow or Keras did not load the model."""
    FAILED = "failed"
    CRASHED = "crashed"
    """The process died."""
    OUT_OF_TIME = "out-of-time"
    OUT_OF_MEMORY = "out-of-memory"


@dataclass(frozen=True)
class Recipe:
    """What was asked of the converter, in the words of `[tool.tflint.expect]`."""

    precision: str = "float32"
    io: str | None = None
    ops: str = "builtin"

    @property
    def is_calibrated(self) -> bool:
        """Whether the converter runs the model on data, to see the ranges of its values."""
        return self.precision in {"int8", "int16x8"}


@dataclass(frozen=True)
class Blamed:
    """An op that the converter names in its error.

    `kind` is TensorFlow's name, `node` that of the node, empty where it tells none; `need` is `flex` where the op takes
    SELECT_TF_OPS, `custom` where no kernel is there for it, else empty. `source` is the Python file and line, where the
    model has them.
    """

    kind: str
    node: str = ""
    need: str = ""
    source: tuple[str, int] | None = None


@dataclass(frozen=True)
class ConversionResult:
    """A conversion that was asked for, and what came of it."""

    outcome: Outcome
    recipe: Recipe = Recipe()
    words: str = ""
    """What the converter says, or why it did not run: a line, without a full stop; empty where it succeeded."""
    detail: str = ""
    """All that the converter says, cut where it is very long."""
    blamed: tuple[Blamed, ...] = ()
    stage: str = ""
    """What was done last: `load` or `convert`."""
    seconds: float = 0.0
    tensorflow: str = ""
    """The version that converted."""
    keras: str = ""
    """The version of the Keras that loaded the model; empty for a SavedModel."""
    is_made_up: bool = False
    """Ranges come from random values, since there was no data."""
