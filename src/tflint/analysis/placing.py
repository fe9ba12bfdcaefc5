"""Where requests for memory go in one block, one after the other, each among those that are alive with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

__all__ = ["Layout", "rounded_up"]

_BUCKET = 64
_FEW = 4


def rounded_up(size: int, alignment: int) -> int:
    """The next multiple of `alignment`."""
    return (size + alignment - 1) // alignment * alignment


class Layout:
    """A block of memory that grows with what is placed in it.

    `best_fit` takes the smallest gap that is large enough, as LiteRT does, else it is the first one, as in TFLite Micro.
    Times are op numbers, of any sign.

    Source: LiteRT f67457790, SimpleMemoryArena::Allocate in tflite/simple_memory_arena.cc; tflite-micro 90b983c2,
    GreedyMemoryPlanner::CalculateOffsetsIfNeeded in tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc.
    """

    def __init__(self, alignment: int, *, best_fit: bool) -> None:
        self.byte_size = 0
        """The end of what reaches farthest."""
        self._alignment = alignment
        self._best_fit = best_fit
        self._long = _Spans()
        self._short = _Spans()
        self._buckets: dict[int, list[tuple[int, int, int, int]]] = {}
        """What lives for few ops, by those: most of a large graph, and each op meets little of it."""

    def place(self, size: int, first: int, last: int) -> int:
        """Take room from one op to another, both included, and return its offset."""
        offset = self._gap(self._alive(first, last), size)
        self.put(offset, size, first, last)
        return offset

    def put(self, offset: int, size: int, first: int, last: int) -> None:
        """Take room at a fixed offset."""
        span = (offset, offset + size, first, last)
        self.byte_size = max(self.byte_size, offset + size)
        if last // _BUCKET - first // _BUCKET >= _FEW:
            self._long.add(span)
            return
        self._short.add(span)
        for bucket in range(first // _BUCKET, last // _BUCKET + 1):
            self._buckets.setdefault(bucket, []).append(span)

    def _alive(self, first: int, last: int) -> list[tuple[int, int]]:
        """Offset and end of all that is alive then, in the order of offsets."""
        found = self._long.alive(first, last)
        if last // _BUCKET - first // _BUCKET >= _FEW:
            found += self._short.alive(first, last)
        else:
            found += self._near(first, last)
        return sorted(found)

    def _near(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        lowest = first // _BUCKET
        for bucket in range(lowest, last // _BUCKET + 1):
            for offset, end, begins, ends in self._buckets.get(bucket, ()):
                is_first_sight = bucket == max(begins // _BUCKET, lowest)
                if is_first_sight and begins <= last and ends >= first:
                    yield offset, end

    def _gap(self, alive: list[tuple[int, int]], size: int) -> int:
        """The offset for a request among what is alive with it.

        The gaps are compared as LiteRT does: each by its aligned size with the one before by its full size.
        """
        chosen, room = -1, 1 << 62
        reached = 0
        for offset, end in alive:
            begin = rounded_up(reached, self._alignment)
            if begin + size <= offset and offset - begin < room:
                chosen, room = begin, offset - reached
                if not room or not self._best_fit:
                    break
            reached = max(reached, end)
        return chosen if chosen >= 0 else rounded_up(reached, self._alignment)


class _Spans:
    """Offsets, ends, and first and last ops, in columns that numpy can search."""

    def __init__(self) -> None:
        self._count = 0
        self._columns: numpy.ndarray | None = None

    def add(self, span: tuple[int, int, int, int]) -> None:
        import numpy as np

        if self._columns is None:
            self._columns = np.empty((4, 64), dtype=np.int64)
        elif self._count == self._columns.shape[1]:
            self._columns = np.concatenate((self._columns, np.empty_like(self._columns)), axis=1)
        self._columns[:, self._count] = span
        self._count += 1

    def alive(self, first: int, last: int) -> list[tuple[int, int]]:
        if self._columns is None:
            return []
        columns = self._columns[:, : self._count]
        chosen = columns[:2, (columns[2] <= last) & (columns[3] >= first)]
        return list(zip(*chosen.tolist(), strict=True))
