"""Ops that came and went, and what those that stayed are told to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tflint.analysis.alignment import Alignment
from tflint.analysis.labels import CARRYING, settings
from tflint.analysis.phrases import count, cut, listed
from tflint.changes import Change, Grade, Part
from tflint.difference.grouped import Groups, kinds, places, things
from tflint.difference.wiring import wiring_changes
from tflint.model import Format, Model, Op

__all__ = ["is_rebuilt", "op_changes"]

_MOST_GROUPS = 12
"""So many kinds of places with other ops are told of one by one."""
_MOST_KINDS = 6
_FEW = 6
_LONGEST = 60
_MOST_BYTES = 256 << 20
"""So many bytes of the own options of ops are compared: a file may let all ops share the same."""
_MISSING = object()
_SHAPE_ONLY = frozenset({"new_shape", "squeeze_dims"})
"""What follows from the sizes of an op's result."""


class _Gap(NamedTuple):
    """What stands between two ops that both builds have: the kinds of ops, as they were and as they are."""

    old: tuple[str, ...]
    new: tuple[str, ...]


def is_rebuilt(found: Alignment) -> bool:
    """Whether less than half of the ops are what they were: nothing is gained by telling of each."""
    removed, added = (sum(op.kind not in CARRYING for op in ops) for ops in (found.removed, found.added))
    return removed + added > _FEW and len(found.pairs) < max(removed, added)


def op_changes(new: Model, found: Alignment) -> Iterator[Change]:
    """What is built otherwise."""
    if found.lone_old or found.lone_new:
        yield _graphs(found, new)
    if is_rebuilt(found):
        yield _rebuilt(found, new)
        return
    yield from _gaps(found, new)
    yield from _versions(found)
    yield from _settings(found, new)
    yield from wiring_changes(found)


def _graphs(found: Alignment, model: Model) -> Change:
    parts = []
    for graphs, verb in ((found.lone_new, "new"), (found.lone_old, "gone")):
        if graphs:
            ops = things(model, sum(len(graph.ops) for graph in graphs))
            is_are = "is" if len(graphs) == 1 else "are"
            parts.append(f"{count(len(graphs), 'graph')} with {ops} {is_are} {verb}")
    was, now = (len(found.graphs) + len(side) for side in (found.lone_old, found.lone_new))
    locations = tuple(graph.location for graph in found.lone_new or found.lone_old)
    return Change(Grade.MINOR, Part.OPS, "graphs", f"{' and '.join(parts).capitalize()}.", "", was, now, locations)


def _rebuilt(found: Alignment, model: Model) -> Change:
    total = len(found.pairs) + len(found.removed)
    parts = [f"{what} {kinds(ops)}" for what, ops in (("new are", found.added), ("gone are", found.removed)) if ops]
    return Change(
        Grade.MINOR,
        Part.OPS,
        "ops-rebuilt",
        f"The model is built otherwise: {len(found.pairs):,} of the {things(model, total)} of the old build "
        f"{'is' if len(found.pairs) == 1 else 'are'} found in it; {', '.join(parts)}.",
        "What is different about single ops and weights is not told.",
        dict(Counter(op.kind for op in found.removed)),
        dict(Counter(op.kind for op in found.added)),
        places(found.added or found.removed),
    )


def _gaps(found: Alignment, model: Model) -> Iterator[Change]:
    """Ops that came and went, by the places between those that stayed; the same at many places is one change."""
    olds: dict[tuple[int, int], list[Op]] = {}
    news: dict[tuple[int, int], list[Op]] = {}
    numbers = {pair: number for number, pair in enumerate(found.pairs)}
    for graph_number, (mine, theirs) in enumerate(found.graphs):
        before = -1
        for op in mine.ops:
            partner = found.new_of.get(op)
            if partner is not None:
                before = numbers[op, partner]
            else:
                olds.setdefault((graph_number, before), []).append(op)
        before = -1
        for op in theirs.ops:
            partner = found.old_of.get(op)
            if partner is not None:
                before = numbers[partner, op]
            else:
                news.setdefault((graph_number, before), []).append(op)
    groups: dict[_Gap, list[tuple[int, int]]] = {}
    for place in sorted({*olds, *news}):
        gap = _Gap(*(tuple(op.kind for op in side.get(place, ())) for side in (olds, news)))
        groups.setdefault(gap, []).append(place)
    for gap, at in list(groups.items())[:_MOST_GROUPS]:
        ops = [op for side in (news, olds) for place in at for op in side.get(place, ())]
        yield _gap(gap, len(at), ops, model)
    rest = [place for at in list(groups.values())[_MOST_GROUPS:] for place in at]
    if rest:
        came = [op for place in rest for op in news.get(place, ())]
        went = [op for place in rest for op in olds.get(place, ())]
        parts = [f"{kinds(ops)} {word}" for ops, word in ((came, "came"), (went, "went")) if ops]
        message = f"At {count(len(rest), 'more place')} there are other ops: {', '.join(parts)}."
        yield Change(Grade.MINOR, Part.OPS, "ops-changed", message, places=places(came or went))


def _gap(gap: _Gap, number: int, ops: list[Op], model: Model) -> Change:
    """One way in which ops came or went, and at how many places."""
    old, new = (_run(side, model) for side in gap)
    build = "" if gap.new else " of the old build"
    at = f" at {count(number, 'place')}" if number > 1 else f" ({_named(ops[0])}{build})"
    if not gap.old:
        what, message = "ops-added", f"{new} {_was(gap.new)} added{at}."
    elif not gap.new:
        what, message = "ops-removed", f"{old} {_was(gap.old)} removed{at}."
    else:
        what, message = "ops-replaced", f"{new} took the place of {old}{at}."
    was, now = (list(side[:1000]) or None for side in gap)
    return Change(Grade.MINOR, Part.OPS, what, message, "", was, now, places(ops))


def _named(op: Op) -> str:
    return f"'{cut(op.name)}'" if op.name else f"op {op.index}"


def _run(of: tuple[str, ...], model: Model) -> str:
    """Ops that follow one another: by their names where they are few, else by their number."""
    if len(of) <= _MOST_KINDS and len(set(of)) == len(of):
        return listed(map(cut, of), _MOST_KINDS)
    numbers = Counter(of).most_common()
    told = listed((f"{number:,} {cut(kind)}" for kind, number in numbers), 4)
    return told if len(numbers) <= 3 else f"{things(model, len(of))} ({told})"


def _was(of: tuple[str, ...]) -> str:
    return "was" if len(of) == 1 else "were"


def _versions(found: Alignment) -> Iterator[Change]:
    """Ops in other versions: most often all for one reason, so one change."""
    groups: Groups[tuple[str, int, int]] = Groups()
    for here, there in found.pairs:
        if here.version != there.version:
            groups.add((there.kind, here.version, there.version), there)
    if not groups.found:
        return
    told = [f"{cut(kind)} in {after} (before {before})" for kind, before, after in groups.found]
    ops = [op for group in groups.found.values() for op in group]
    message = f"{count(len(ops), 'op')} {'is' if len(ops) == 1 else 'are'} in another version: {listed(told, 4)}."
    was, now = ({key[0]: key[side] for key in groups.found} for side in (1, 2))
    yield Change(Grade.MINOR, Part.OPS, "op-version", message, "", was, now, places(ops))


def _settings(found: Alignment, model: Model) -> Iterator[Change]:
    """Options with other values: one change for each option of a kind of op."""
    is_source = model.format is not Format.TFLITE
    left = _MOST_BYTES
    groups: dict[tuple[str, str], dict[tuple[str, str], list[Op]]] = {}
    values: dict[tuple[str, str], tuple[Any, Any]] = {}
    for here, there in found.pairs:
        for name, before, after in _different(settings(here), settings(there), is_source=is_source):
            key = there.kind, name
            groups.setdefault(key, {}).setdefault((_shown(before), _shown(after)), []).append(there)
            values.setdefault(key, (before, after))
        left -= len(here.custom_options or b"")
        if _are_other(here.custom_options, there.custom_options, whole=left >= 0):
            groups.setdefault((there.kind, "its own options"), {}).setdefault(("", ""), []).append(there)
    for (kind, name), variants in groups.items():
        ops = [op for group in variants.values() for op in group]
        at = f" at {count(len(ops), 'place')}" if len(ops) > 1 else f" ({_named(ops[0])})"
        was, now = next(iter(variants))
        if len(variants) > 1:
            told = listed((f"{after} (before {before})" for before, after in variants), 4)
            message = f"{kind}: {name} has other values{at}: {told}."
        elif was or now:
            message = f"{kind}: {name} is {now} now{at}; it was {was}."
        else:
            message = f"{kind}: {name} have other bytes{at}."
        both = values.get((kind, name), (None, None))
        yield Change(Grade.MINOR, Part.OPS, "op-option", message, "", *both, places=places(ops))


def _are_other(old: memoryview | None, new: memoryview | None, *, whole: bool) -> bool:
    """Whether the own options of a custom op differ: in length, or in a byte where they are looked at `whole`."""
    if old is None or new is None:
        return bool(old or new)
    return len(old) != len(new) or (whole and old != new)


def _different(old: Mapping[str, Any], new: Mapping[str, Any], *, is_source: bool) -> Iterator[tuple[str, Any, Any]]:
    """The options that both have with other values; one that a TFLite file leaves out has its default."""
    for name in {**old, **new}:
        before, after = old.get(name, _MISSING), new.get(name, _MISSING)
        if name in _SHAPE_ONLY:
            continue
        if before is _MISSING or after is _MISSING:
            given = after if before is _MISSING else before
            if is_source or not given or given == "NONE":
                continue
            before, after = (None if value is _MISSING else value for value in (before, after))
        if before != after and not (before != before and after != after):  # noqa: PLR0124 - NaN
            yield name, before, after


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else "not set" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
