"""Pairs ops that stand between ops whose partners are known, by what they are, in the order in which they run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from tflint.model import Op, Tensor

__all__ = ["pair_between"]

_MOST_CELLS = 400_000
"""So many pairs are compared in all."""
_FEW_CELLS = 10_000
"""So many pairs between two known ones are compared one by one; of more, runs that occur once are looked for first."""
_RUNS = (8, 4, 2)
"""The lengths of these runs. Where there are none, the next op of the same kind is taken."""
_WINDOW = 64
_SAME_KIND, _SAME_SIZES, _SAME_SOURCE, _IN_A_ROW = 4, 2, 3, 1


def pair_between(
    old: Sequence[Op], new: Sequence[Op], known: Sequence[tuple[Op, Op]], labels: Sequence[Mapping[Op, int]]
) -> Iterator[tuple[Op, Op]]:
    """Yield further pairs of ops of two graphs; `labels` are what the ops of each are by themselves."""
    place_old = {op: place for place, op in enumerate(old)}
    place_new = {op: place for place, op in enumerate(new)}
    paired = dict(known)
    partners = {there: here for here, there in known}
    pillars = _rising(sorted((place_old[here], place_new[there]) for here, there in known))
    pillars.append((len(old), len(new)))
    work = _Work(paired, labels)
    start_old = start_new = 0
    for end_old, end_new in pillars:
        mine = [op for op in old[start_old:end_old] if op not in paired]
        theirs = [op for op in new[start_new:end_new] if op not in partners]
        for here, there in work.segment(mine, theirs):
            paired[here] = there
            partners[there] = here
            yield here, there
        start_old, start_new = end_old + 1, end_new + 1


def _rising(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs that stand in the same order on both sides."""
    tails: list[int] = []
    at: list[int] = []
    before: list[int] = [-1] * len(places)
    for number, (_, place) in enumerate(places):
        slot = bisect_left(tails, place)
        if slot:
            before[number] = at[slot - 1]
        if slot == len(tails):
            tails.append(place)
            at.append(number)
        else:
            tails[slot], at[slot] = place, number
    found = []
    number = at[-1] if at else -1
    while number >= 0:
        found.append(places[number])
        number = before[number]
    return found[::-1]


class _Work:
    """Compares ops one by one as long as there is not too much of it."""

    def __init__(self, paired: Mapping[Op, Op], labels: Sequence[Mapping[Op, int]]) -> None:
        self._paired = paired
        self._labels = labels
        self._left = _MOST_CELLS
        self._makers: dict[Tensor, Op] = {}
        for here, there in paired.items():
            for op in (here, there):
                self._makers.update(dict.fromkeys(op.outputs, op))

    def segment(self, old: Sequence[Op], new: Sequence[Op], level: int = 0) -> Iterator[tuple[Op, Op]]:
        """The pairs among some ops of both sides, in the same order on both."""
        mine, theirs = self._labels
        start, ends = 0, (len(old), len(new))
        while start < min(ends) and mine[old[start]] == theirs[new[start]]:
            yield old[start], new[start]
            start += 1
        while start < min(ends) and mine[old[ends[0] - 1]] == theirs[new[ends[1] - 1]]:
            ends = ends[0] - 1, ends[1] - 1
            yield old[ends[0]], new[ends[1]]
        old, new = old[start : ends[0]], new[start : ends[1]]
        cells = len(old) * len(new)
        if not cells:
            return
        if cells <= min(_FEW_CELLS, self._left):
            self._left -= cells
            yield from self._best(old, new)
        elif level < len(_RUNS):
            yield from self._split(old, new, level)
        else:
            yield from self._next(old, new)

    def _split(self, old: Sequence[Op], new: Sequence[Op], level: int) -> Iterator[tuple[Op, Op]]:
        """The pairs at and between runs of ops that occur once on either side."""
        places = [self._runs(side, ops, _RUNS[level]) for side, ops in enumerate((old, new))]
        shared = [(here, places[1][run]) for run, here in places[0].items() if run in places[1]]
        pillars = [*_rising(sorted(shared)), (len(old), len(new))]
        start_old = start_new = 0
        for end_old, end_new in pillars:
            yield from self.segment(old[start_old:end_old], new[start_new:end_new], level + 1)
            if end_old < len(old):
                yield old[end_old], new[end_new]
            start_old, start_new = end_old + 1, end_new + 1

    def _runs(self, side: int, ops: Sequence[Op], length: int) -> dict[tuple[int, ...], int]:
        """The runs of labels that occur once, and where each begins."""
        labels = [self._labels[side][op] for op in ops]
        seen: dict[tuple[int, ...], int] = {}
        for place in range(len(labels) - length + 1):
            run = tuple(labels[place : place + length])
            seen[run] = -1 if run in seen else place
        return {run: place for run, place in seen.items() if place >= 0}

    def _next(self, old: Sequence[Op], new: Sequence[Op]) -> Iterator[tuple[Op, Op]]:
        """For each op the next one of the same kind, best of the same sizes, within a window."""
        start = 0
        for op in old:
            ahead = range(start, min(start + _WINDOW, len(new)))
            same = [place for place in ahead if new[place].kind == op.kind]
            label = self._labels[0][op]
            place = next((each for each in same if self._labels[1][new[each]] == label), same[0] if same else None)
            if place is not None:
                yield op, new[place]
                start = place + 1

    def _best(self, old: Sequence[Op], new: Sequence[Op]) -> Iterator[tuple[Op, Op]]:
        """The pairs that have most in common in all; what follows on a pair is rather one than what stands alone."""
        rows = [[0] * (len(new) + 1)]
        pairs = [[False] * (len(new) + 1)]
        for here in old:
            above, above_pairs, row, row_pairs = rows[-1], pairs[-1], [0], [False]
            for column, there in enumerate(new):
                best = max(above[column + 1], row[column])
                score = self._score(here, there)
                whole = above[column] + score + (_IN_A_ROW if score and above_pairs[column] else 0)
                is_pair = bool(score) and whole > best
                row.append(whole if is_pair else best)
                row_pairs.append(is_pair)
            rows.append(row)
            pairs.append(row_pairs)
        found: list[tuple[Op, Op]] = []
        i, j = len(old), len(new)
        while i and j:
            if pairs[i][j]:
                i, j = i - 1, j - 1
                found.append((old[i], new[j]))
            elif rows[i][j] == rows[i - 1][j]:
                i -= 1
            else:
                j -= 1
        yield from reversed(found)

    def _score(self, here: Op, there: Op) -> int:
        if here.kind != there.kind:
            return 0
        score = _SAME_KIND
        if self._labels[0][here] == self._labels[1][there]:
            score += _SAME_SIZES
        first, second = here.input(0), there.input(0)
        if first is not None and second is not None:
            maker = self._makers.get(first)
            if maker is not None and self._paired.get(maker) is self._makers.get(second):
                score += _SAME_SOURCE
        return score
