"""Where the ops of both builds run on a target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.analysis.alignment import Alignment
from tflint.analysis.phrases import count, listed, share
from tflint.analysis.placement import Placement, placed
from tflint.changes import Change, Grade, Part
from tflint.difference.grouped import kinds, places
from tflint.model import Model, Op
from tflint.target import Kind, Target

__all__ = ["placement_changes"]

_MOST_REASONS = 3


def placement_changes(old: Model, new: Model, found: Alignment, targets: Sequence[Target]) -> Iterator[Change]:
    """A change for each target that takes more or less of the model than before."""
    if not old.graphs[0].intact or not new.graphs[0].intact:
        return
    for target in targets:
        refusals = target.refusal(old), target.refusal(new)
        if all(refusals):
            continue
        both = tuple(placed(target, model.graphs[0], no) for model, no in zip((old, new), refusals, strict=True))
        yield from _compared(target, both[0], both[1], found, refusals[1])


def _compared(target: Target, old: Placement, new: Placement, found: Alignment, refusal: str) -> Iterator[Change]:
    where_old = dict(zip(old.graph.ops, old.placed, strict=True))
    where_new = dict(zip(new.graph.ops, new.placed, strict=True))
    verdicts = dict(zip(new.graph.ops, new.verdicts, strict=True))
    lost = [op for op, on in where_new.items() if on is False and where_old.get(found.old_of.get(op)) is True]  # type: ignore[arg-type]
    fresh = [op for op, on in where_new.items() if on is False and op not in found.old_of]
    won = [op for op, on in where_new.items() if on is True and where_old.get(found.old_of.get(op)) is False]  # type: ignore[arg-type]
    before, after = _summary(old), _summary(new)
    all_on = [all(found.placed) and found.partitions <= 1 for found in (old, new)]
    if all(all_on) or (before == after and not lost and not fresh and not won):
        return
    stops = target.kind is Kind.RUNTIME and _is_refused(new) and not _is_refused(old)
    gone = lost + fresh
    reasons = _reasons(gone, {op: verdicts[op].reason for op in gone})
    parts = [f"On {target.name} {after[0]} run{after[1]}; before, {''.join(before)}"]
    if refusal:
        parts.append(f"it takes nothing of the model any more: {refusal}")
    elif gone:
        parts.append(f"not on it any more: {reasons}" if lost else f"new and not on it: {reasons}")
    elif won:
        parts.append(f"on it now: {kinds(won)}")
    yield Change(
        Grade.BREAKING if stops else Grade.MINOR,
        Part.PLACEMENT,
        "placement",
        f"{'. '.join(part[:1].upper() + part[1:] for part in parts)}.",
        f"{target.name} does not run the model any more." if stops else "",
        _figures(target, old),
        _figures(target, new),
        places(gone or won),
    )


def _is_refused(found: Placement) -> bool:
    return any(verdict.supported is False for verdict in found.verdicts)


def _summary(found: Placement) -> tuple[str, str]:
    """How much a target takes, in words: how many ops, and details in parentheses."""
    macs = found.macs_placed
    details = [count(found.partitions, "partition")] if found.target.kind is Kind.DELEGATE else []
    details += [f"{share(macs, 1)} of the MACs"] if macs is not None and macs < 1 else []
    unknown = sum(on is None for on in found.placed)
    details += [f"{unknown:,} unknown"] if unknown else []
    told = f" ({', '.join(details)})" if details else ""
    return f"{found.ops_placed:,} of {count(len(found.placed), 'op')}", told


def _figures(target: Target, found: Placement) -> dict[str, object]:
    return {
        "target": target.name,
        "ops": len(found.placed),
        "placed": found.ops_placed,
        "partitions": found.partitions,
        "macs_placed": found.macs_placed,
    }


def _reasons(ops: Sequence[Op], reasons: dict[Op, str]) -> str:
    """Kinds of ops with the reason, the most frequent first."""
    groups: dict[str, list[Op]] = {}
    for op in ops:
        groups.setdefault(reasons[op], []).append(op)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))

    told = []
    for reason, group in ordered:
        why = reason.removeprefix(f"{group[0].kind}: ") or "left out of its pieces"
        told.append(f"{kinds(group)} ({why})")
    return listed(told, _MOST_REASONS)
