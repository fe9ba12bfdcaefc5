"""Where requests for memory go in one block, one after the other, each among those that are alive with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

__all__ = ["Layout", "rounded_up"]

_BUCKET = 64
_MANY = 16
"""What lives longer than so many buckets of ops is kept apart."""
_ENDLESS = 1 << 62


def rounded_up(size: int, alignment: int) -> int:
    """The next multiple of `alignment`."""
    return (size + alignment - 1) // alignment * alignment


class Layout:
    """A block of memory that grows with what is placed in it.

    `best_fit` takes the smallest gap that is large enough, as LiteRT does; else it is the first, as in TFLite Micro.
    Times are op numbers, of any sign; all numbers have to fit in 62 bits.

    Source: LiteRT f67457790, SimpleMemoryArena::Allocate in tflite/simple_memory_arena.cc; tflite-micro 90b983c2,
    GreedyMemoryPlanner::CalculateOffsetsIfNeeded in tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc.
    """

    def __init__(self, alignment: int, *, best_fit: bool) -> None:
        self.byte_size = 0
        """The end of what reaches farthest."""
        self._alignment = alignment
        self._best_fit = best_fit
        self._long = _Spans()
        self._buckets: dict[int, _Spans] = {}
        """What lives for few ops, by those: most of a large graph, and each op meets little of it."""

    def place(self, size: int, first: int, last: int) -> int:
        """Take room from one op to another, both included, and return its offset."""
        offset = self._gap(self._alive(first, last), size)
        self.put(offset, size, first, last)
        return offset

    def put(self, offset: int, size: int, first: int, last: int) -> None:
        """Take room at a fixed offset."""
        self.byte_size = max(self.byte_size, offset + size)
        span = (offset, offset + size, first, last)
        if last // _BUCKET - first // _BUCKET >= _MANY:
            self._long.add(span)
            return
        for bucket in range(first // _BUCKET, last // _BUCKET + 1):
            self._buckets.setdefault(bucket, _Spans()).add(span)

    def _alive(self, first: int, last: int) -> numpy.ndarray:
        """Offsets and ends of all that is alive then, in the order of offsets; some of it more than once."""
        import numpy as np

        low, high = first // _BUCKET, last // _BUCKET
        if high - low >= len(self._buckets):
            near = [spans for bucket, spans in self._buckets.items() if low <= bucket <= high]
        else:
            near = [self._buckets[bucket] for bucket in range(low, high + 1) if bucket in self._buckets]
        found = np.concatenate([spans.columns for spans in (self._long, *near)], axis=1)
        found = found[:2, (found[2] <= last) & (found[3] >= first)]
        return found[:, np.argsort(found[0], kind="stable")]  # fast on what is sorted in parts

    def _gap(self, alive: numpy.ndarray, size: int) -> int:
        """The offset for a request among what is alive with it.

        The gaps are compared as LiteRT does: each by its aligned size with the one before by its full size.
        """
        import numpy as np

        if not alive.shape[1]:
            return 0
        ends = np.maximum.accumulate(alive[1])
        reached = np.concatenate(([0], ends[:-1]))
        begins = (reached + self._alignment - 1) // self._alignment * self._alignment
        room = alive[0] - begins
        chosen, best, start = -1, _ENDLESS, 0
        fitting = np.flatnonzero(room >= size)
        while (better := np.flatnonzero(room[fitting[start:]] < best)).size:
            start += int(better[0]) + 1
            chosen = int(fitting[start - 1])
            best = int(alive[0][chosen] - reached[chosen])
            if not self._best_fit:
                break
        return int(begins[chosen]) if chosen >= 0 else rounded_up(int(ends[-1]), self._alignment)


class _Spans:
    """Offsets, ends, and first and last ops, in the order of offsets."""

    def __init__(self) -> None:
        import numpy as np

        self._count = 0
        self._room = np.empty((4, 16), dtype=np.int64)

    @property
    def columns(self) -> numpy.ndarray:
        return self._room[:, : self._count]

    def add(self, span: tuple[int, int, int, int]) -> None:
        import numpy as np

        if self._count == self._room.shape[1]:
            self._room = np.concatenate((self._room, np.empty_like(self._room)), axis=1)
        place = int(np.searchsorted(self.columns[0], span[0], side="right"))
        self._room[:, place + 1 : self._count + 1] = self._room[:, place : self._count].copy()
        self._room[:, place] = span
        self._count += 1
