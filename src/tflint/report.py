"""What a check found: everything that reporters need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tflint.finding import Finding
from tflint.model import Format
from tflint.rule import Rule, RuleMeta

if TYPE_CHECKING:
    from tflint.comparison import Comparison

__all__ = ["Checked", "Coverage", "Crash", "Report"]


@dataclass(frozen=True)
class Checked:
    """A model that was checked. `sha256` is empty where it was not asked for, or for a folder."""

    path: str
    format: Format
    byte_size: int
    sha256: str = ""
    graphs: int = 0
    judged: int = 0
    """So many of its graphs could be judged; the references of the others are broken."""
    converted_from: str = ""
    """The path of the source that `--convert` made it of; empty for a model that is there."""
    source: str = ""
    """The path of the source that it was compared with."""
    comparison: Comparison | None = None
    """What came of running it; None where it was not run."""


@dataclass(frozen=True)
class Crash:
    """A model that could not be checked, or not by every rule.

    `rule` is the code of a rule that failed, or `reader`: a fault of tflint or of a pack, with a traceback. It is empty
    where the file could not be read at all, or its process was killed.
    """

    path: str
    rule: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Coverage:
    """How much was checked: of `rules` that are on, `ran` ran; `needs` says what the others wait for."""

    rules: int
    ran: int
    needs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything a reporter needs. Findings stand by model, in the order of the models, the worst first."""

    models: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    crashes: tuple[Crash, ...]
    coverage: Coverage
    rules: tuple[RuleMeta, ...] = ()
    suppressed: int = 0
    """So many findings were left out by suppressions and the baseline."""
    rule_types: tuple[type[Rule], ...] = ()
