"""What the converter makes of an op, and of a graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tflint.model import Graph, Op

__all__ = ["Forecast", "Int8", "OpForecast", "Refusal", "Status", "worst"]


class Status(StrEnum):
    """What becomes of an op in a float conversion; from the best to the worst."""

    BUILTIN = "builtin"
    """It becomes ops of the runtime, or nothing at all."""
    CUSTOM = "custom"
    """It becomes an op that is not among the runtime's own."""
    FLEX = "flex"
    """It converts with SELECT_TF_OPS only, and needs TensorFlow's kernels when it runs."""
    FAILS = "fails"
    """The model does not convert."""
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 is the best; what is not known is better than what fails: one that fails decides."""
        return _RANKS[self]


_RANKS = {Status.BUILTIN: 0, Status.CUSTOM: 1, Status.FLEX: 2, Status.UNKNOWN: 3, Status.FAILS: 4}


class Int8(StrEnum):
    """What full integer quantization makes of an op or a model."""

    OK = "ok"
    FLOAT = "float"
    """It stays in float."""
    FAILS = "fails"
    CRASHES = "crashes"
    """The converter's process dies."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Refusal:
    """Why an op does not get the best that its kind may get; `status` is what it gets, None what its kind gets then."""

    reason: str
    status: Status | None = None


@dataclass(frozen=True)
class OpForecast:
    """What becomes of one op. `becomes` are ops of the runtime; nothing where the op vanishes or is not converted."""

    op: Op
    status: Status
    reason: str = ""
    becomes: tuple[str, ...] = ()
    int8: Int8 = Int8.OK


@dataclass(frozen=True)
class Forecast:
    """What becomes of a graph: the worst of its ops, and why.

    `reasons` are those of the ops with the worst status, each once; `ops` are the ops that reach an output or have an
    effect, those of loops and branches after the op that has them.
    """

    graph: Graph
    verdict: Status
    reasons: tuple[str, ...] = ()
    ops: tuple[OpForecast, ...] = ()
    int8: Int8 = Int8.OK


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of these; builtin where there are none."""
    return max(statuses, key=lambda each: each.rank, default=Status.BUILTIN)
