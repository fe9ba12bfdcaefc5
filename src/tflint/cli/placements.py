"""How `tflint inspect --target` shows where the ops of a graph end up: a ribbon, the reasons, what would help."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from tflint.analysis.phrases import count, listed, share, size
from tflint.analysis.placement import Cure, Placement, cures
from tflint.reporters.text import escape

__all__ = ["LEGEND", "lines"]

_CELLS = 80
"""Ops on one line of the ribbon."""
_CURES = 5
_REASONS = 12
LEGEND = "each cell is an op in execution order: # on the target, o supported but left out, . refused, ? unknown"
_COLOR = {"#": "42;30", "o": "43;30", ".": "41;37", "?": "47;30"}


def lines(found: Placement, *, color: bool) -> Iterator[str]:
    """The placement of a graph on a target as text, each line indented by four."""
    ops = len(found.graph.ops)
    macs = found.macs_placed
    parts = [
        f"{found.ops_placed:,} of {count(ops, 'op')} on the target",
        count(found.partitions, "partition"),
        *([f"{macs:.1%} of the MACs".replace("%", " %")] if macs is not None else []),
    ]
    if found.boundary_bytes:
        parts.append(
            f"{size(found.boundary_bytes)} in {count(len(found.boundary), 'tensor')} cross between it and the CPU"
        )
    yield f"    {found.target.name}: {', '.join(parts)}"
    cells = "".join(_cell(found, index) for index in range(ops))
    for start in range(0, ops, _CELLS):
        yield f"      {start:6} {_painted(cells[start : start + _CELLS], color)}"
    yield from _reasons(found)
    for cure in cures(found)[:_CURES]:
        yield f"      would help: {_cure(found, cure)}"


def _cell(found: Placement, index: int) -> str:
    if found.placed[index] is not False:
        return "#" if found.placed[index] else "?"
    return "o" if found.verdicts[index].supported else "."


def _painted(cells: str, color: bool) -> str:
    if not color:
        return cells
    runs = ((mark, "".join(run)) for mark, run in groupby(cells))
    return "".join(f"\x1b[{_COLOR[mark]}m{run}\x1b[0m" for mark, run in runs)


def _reasons(found: Placement) -> Iterator[str]:
    """The reasons of refusal and doubt, the most frequent first, with the ops that they hold for."""
    groups: dict[tuple[bool, str], list[int]] = {}
    for index, verdict in enumerate(found.verdicts):
        if verdict.supported is not True:
            groups.setdefault((verdict.supported is None, verdict.reason), []).append(index)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1])))
    for (unknown, reason), places in ordered[:_REASONS]:
        word = "unknown" if unknown else "refused"
        where = f"op {places[0]}" if len(places) == 1 else f"ops {listed(map(str, places), 6)}"
        yield from textwrap.wrap(
            f"{word}: {escape(reason)} ({where})", 100, initial_indent="      ", subsequent_indent="        "
        )
    if len(ordered) > _REASONS:
        yield f"      and {count(len(ordered) - _REASONS, 'more reason')}"


def _cure(found: Placement, cure: Cure) -> str:
    before, after = found.macs_placed, cure.macs_placed
    where = f"{cure.kind} at {count(len(cure.ops), 'place')}"
    gains = [f"{found.partitions} → {count(cure.partitions, 'partition')}"]
    if before is not None and after is not None:
        gains.append(f"{share(before, 1)} → {share(after, 1)} of the MACs")
    gains.append(f"{found.ops_placed:,} → {cure.ops_placed:,} ops")
    return f"{where}: {', '.join(gains)}"
