"""What the difference between two builds of a model is made of: changes, each with a grade, and figures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from tflint.model import Location, Model

if TYPE_CHECKING:
    from tflint.comparison import Comparison

__all__ = ["Change", "Difference", "Figure", "Grade", "Part", "Sameness"]


class Grade(IntEnum):
    """What a change means for whoever uses the model.

    Breaking: a program that runs the old build fails with the new one, or reads its results wrongly. Minor: the model
    is built otherwise inside. Weights: it computes the same with other numbers.
    """

    WEIGHTS = 1
    MINOR = 2
    BREAKING = 3

    @property
    def label(self) -> str:
        """The word in reports and options."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Grade:
        """The grade with this label. Raises KeyError where there is none."""
        return cls[label.upper()]


class Part(StrEnum):
    """The part of a model that a change is in."""

    FILE = "file"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    SIGNATURES = "signatures"
    METADATA = "metadata"
    REQUIREMENTS = "requirements"
    OPS = "ops"
    WEIGHTS = "weights"
    SIZE = "size"
    MEMORY = "memory"
    PLACEMENT = "placement"


class Sameness(StrEnum):
    """How far two builds without a change are the same."""

    FILE = "file"
    """The same bytes."""
    MODEL = "model"
    """The same model, written differently."""


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was.

    `what` names it for programs (`input-dtype`), `message` for people: a sentence. `effect` is what breaks, or what to
    do, a sentence or nothing. `old` and `new` are values that JSON can hold, None where there is none. `places` are
    where it shows in the new build, of what is gone in the old one: the first is where to look.
    """

    grade: Grade
    part: Part
    what: str
    message: str
    effect: str = ""
    old: Any = None
    new: Any = None
    places: tuple[Location, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A measure of both builds; None where it cannot be told. `unit` is `bytes`, or empty for a plain number."""

    name: str
    label: str
    old: int | None
    new: int | None
    unit: str = ""
    part: Part = Part.SIZE

    @property
    def ratio(self) -> float | None:
        """The growth as a share of the old value, so that 0.1 is 10 % more; None where that cannot be told."""
        if self.old is None or self.new is None or (not self.old and self.new):
            return None
        return (self.new - self.old) / self.old if self.old else 0.0


@dataclass(frozen=True, eq=False)
class Difference:
    """All that differs between two builds, the gravest first; `unknown` are sentences on what was not compared."""

    old: Model
    new: Model
    changes: tuple[Change, ...]
    figures: tuple[Figure, ...] = ()
    unknown: tuple[str, ...] = ()
    same: Sameness | None = None
    """None where there is a change, and where too much is unknown to say."""
    numbers: Comparison | None = None
    """What running both gave; None where they were not run."""

    @property
    def verdict(self) -> Grade | None:
        """The grade of the gravest change; None where there is no change."""
        return max((change.grade for change in self.changes), default=None)
