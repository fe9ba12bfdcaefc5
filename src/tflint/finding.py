"""What a rule reports: a fact about a place, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from tflint.model import Location

__all__ = ["Finding", "Severity"]


class Severity(IntEnum):
    """How bad it is: an error breaks or falsifies the model, a warning costs, a note is worth knowing."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word in reports and configuration."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Severity:
        """The severity with this label. Raises KeyError where there is none."""
        return cls[label.upper()]


@dataclass(frozen=True)
class Finding:
    """One fault at one place.

    `message` is the fact with its numbers, `help` what to do about it, imperative. `related` are the other places
    that the same cause shows at, `evidence` figures that JSON can hold. `fingerprint` stays the same when the model
    is converted again; the engine sets it.
    """

    code: str
    name: str
    severity: Severity
    location: Location
    message: str
    help: str = ""
    related: tuple[Location, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
