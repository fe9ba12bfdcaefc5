"""What is wrong with a file, kept as it is met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tflint.formats.tflite.flat import BROKEN, Damage, Exhausted
from tflint.model import Location, Problem, ProblemKind

__all__ = ["Problems", "cure"]

_EACH_KIND = 20
"""So many problems of one kind are kept one by one; the rest are counted."""
_HARMLESS = frozenset({ProblemKind.UNKNOWN_OP, ProblemKind.UNKNOWN_DTYPE})
"""Problems that leave every reference whole."""


class Problems:
    """The problems of one file. `breaks` counts those that leave a part of it unknown."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.breaks = 0
        self._kept: list[Problem] = []
        self._counts: Counter[ProblemKind] = Counter()

    def __bool__(self) -> bool:
        return bool(self._kept)

    def add(
        self, kind: ProblemKind, message: str, at: Location | None = None, *, fatal: bool = False, hint: str = ""
    ) -> None:
        """Keep a problem, or count it where there are many of its kind already."""
        self._counts[kind] += 1
        self.breaks += kind not in _HARMLESS
        if fatal or self._counts[kind] <= _EACH_KIND:
            self._kept.append(Problem(kind, at or Location(self.path), message, hint, fatal))

    def damaged(self, what: str, reason: Exception, at: Location | None = None, *, fatal: bool = False) -> None:
        """Keep the damage that stopped the reading of a part of the file.

        Raises:
            Exhausted: the damage is that the file asks for too much; nothing more of it is read.
        """
        if isinstance(reason, Exhausted) and not fatal:
            raise reason
        damage = Damage.of(reason)
        self.add(damage.kind, f"{what} cannot be read: {damage}.", at, fatal=fatal, hint=cure(damage.kind))

    @contextmanager
    def part(self, what: str, at: Location | None = None) -> Iterator[None]:
        """Turn damage met inside into a problem of `what`, so that the other parts are still read."""
        try:
            yield
        except BROKEN as reason:
            self.damaged(what, reason, at)

    def all(self) -> tuple[Problem, ...]:
        """The problems in the order they were met; that the file was cut off is one of them."""
        cut = [problem for problem in self._kept if problem.kind is ProblemKind.TRUNCATED]
        kept = [problem for problem in self._kept if problem not in cut]
        if cut:
            first = next((problem for problem in cut if problem.fatal), cut[0])
            count = self._counts[ProblemKind.TRUNCATED]
            if count > 1:
                message = f"{count:,} parts of the file cannot be read: it is cut off. {first.message}"
                first = replace(first, message=message)
            kept.insert(0, first)
        for kind, count in self._counts.items():
            if count > _EACH_KIND and kind is not ProblemKind.TRUNCATED:
                message = f"{count - _EACH_KIND:,} more parts of the file have a fault of this kind."
                kept.append(Problem(kind, Location(self.path), message, cure(kind)))
        return tuple(kept)


def cure(kind: ProblemKind) -> str:
    """What to do about damage of this kind."""
    if kind is ProblemKind.TRUNCATED:
        return "Fetch or copy the file again: most likely it was cut off."
    return "Fetch the file again, or convert the model again."
