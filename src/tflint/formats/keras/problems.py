"""What is wrong with a Keras file, kept as it is met."""

from __future__ import annotations

from collections import Counter

from tflint.model import Location, Problem, ProblemKind

__all__ = ["AGAIN", "Problems"]

AGAIN = "Fetch the file again, or save the model again: model.save('model.keras')"
"""What to do about damage."""
_EACH_KIND = 20
"""So many problems of one kind are kept one by one; the rest are counted."""


class Problems:
    """The problems of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._kept: list[Problem] = []
        self._counts: Counter[ProblemKind] = Counter()

    def add(
        self, kind: ProblemKind, message: str, address: str = "", *, hint: str = AGAIN, fatal: bool = False
    ) -> None:
        """Keep a problem, or count it where there are many of its kind already."""
        self._counts[kind] += 1
        if fatal or self._counts[kind] <= _EACH_KIND:
            self._kept.append(Problem(kind, Location(self.path, address), message, hint, fatal))

    def all(self) -> tuple[Problem, ...]:
        """The problems in the order they were met; alone those that nothing could be read for, where there are any."""
        if fatal := tuple(problem for problem in self._kept if problem.fatal):
            return fatal
        rest = [
            Problem(
                kind, Location(self.path), f"{count - _EACH_KIND:,} more parts of the file have a fault of this kind."
            )
            for kind, count in self._counts.items()
            if count > _EACH_KIND
        ]
        return (*self._kept, *rest)
