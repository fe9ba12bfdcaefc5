"""Settles which of two neighbours of the same kind is the new one: by the ops around that read them and are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from tflint.model import Graph, Op

__all__ = ["settled"]

_MOST_NEIGHBOURS = 8
_MOST_MOVES = 50_000


def settled(old: Graph, new: Graph, pairs: Sequence[tuple[Op, Op]], fixed: AbstractSet[Op]) -> list[tuple[Op, Op]]:
    """The pairs, where a neighbour that has no partner fits better with that instead.

    An op that was put before another of its kind, or taken out there, may be taken for the other one; what else reads
    them tells. `fixed` are ops of the old graph whose partners are certain.
    """
    work = _Settling(old, new, pairs, fixed)
    for side in (1, 0):
        waiting = [op for op in (old, new)[side].ops if op not in work.partner[side]]
        for _ in range(_MOST_MOVES):
            if not waiting:
                break
            freed = work.move(waiting.pop(), side)
            if freed is not None:
                waiting.append(freed)
    return list(work.partner[0].items())


class _Settling:
    """The pairs while they are being settled: the partner of each op, by its side."""

    def __init__(self, old: Graph, new: Graph, pairs: Sequence[tuple[Op, Op]], fixed: AbstractSet[Op]) -> None:
        self.partner: tuple[dict[Op, Op], dict[Op, Op]] = (dict(pairs), {there: here for here, there in pairs})
        self._graphs = (old, new)
        self._fixed = fixed

    def move(self, lone: Op, side: int) -> Op | None:
        """Give an op the partner of a neighbour, where both fit better then; the neighbour is returned."""
        other = 1 - side
        for neighbour in self._around(lone, side):
            across = self.partner[side].get(neighbour)
            if across is None or neighbour.kind != lone.kind or (across if side else neighbour) in self._fixed:
                continue
            before = self._fit(neighbour, across, side)
            del self.partner[side][neighbour]
            self.partner[side][lone], self.partner[other][across] = across, lone
            if self._fit(lone, across, side) > before:
                return neighbour
            del self.partner[side][lone]
            self.partner[side][neighbour], self.partner[other][across] = across, neighbour
        return None

    def _around(self, op: Op, side: int) -> Iterator[Op]:
        yield from self._makers(op, side)
        yield from self._readers(op, side)

    def _makers(self, op: Op, side: int) -> Iterator[Op]:
        for tensor in op.inputs[:_MOST_NEIGHBOURS]:
            maker = self._graphs[side].producer(tensor) if tensor is not None else None
            if maker is not None:
                yield maker

    def _readers(self, op: Op, side: int) -> Iterator[Op]:
        readers = (
            reader for tensor in op.outputs[:_MOST_NEIGHBOURS] for reader in self._graphs[side].consumers(tensor)
        )
        yield from islice(readers, _MOST_NEIGHBOURS)

    def _fit(self, op: Op, across: Op, side: int) -> int:
        """How many of the ops around an op have their partners around its own, less those that have them elsewhere."""
        fit = 0
        for around in (self._makers, self._readers):
            theirs = frozenset(around(across, 1 - side))
            for neighbour in around(op, side):
                partner = self.partner[side].get(neighbour)
                if partner is not None:
                    fit += 1 if partner in theirs else -1
            mine = frozenset(around(op, side))
            fit -= sum(
                partner is not None and partner not in mine
                for partner in (self.partner[1 - side].get(each) for each in theirs)
            )
        return fit
