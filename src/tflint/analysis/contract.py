"""What a program that runs a model relies on, in two builds of it: inputs, outputs and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tflint.analysis.alignment import Alignment
from tflint.analysis.ends import Ends, Moved, differences, ends, shown
from tflint.analysis.phrases import count, cut, listed
from tflint.changes import Change, Grade, Part
from tflint.model import Format, Graph, Location, Model, Signature, Tensor

__all__ = ["contract_changes"]

_PARTS = {"input": Part.INPUTS, "output": Part.OUTPUTS}
_GIVES = {"input": "gives it", "output": "reads"}


def contract_changes(old: Model, new: Model, found: Alignment) -> Iterator[Change]:
    """What changed for those who call the model, each cause once."""
    titles = _Titles(old, new)
    seen: dict[tuple[int, int], tuple[Ends, Ends]] = {}
    for here, there in _entries(old, new):
        mine, theirs = old.graphs[here], new.graphs[there]
        if not (mine.intact and theirs.intact) and not (mine.outputs and theirs.outputs):
            continue  # nothing is known of them
        is_paired = any(pair == (mine, theirs) for pair in found.graphs)
        seen[here, there] = ends(mine, theirs, found if is_paired else None)
    reported: set[Tensor] = set()
    for (here, there), sides in seen.items():
        graphs = old.graphs[here], new.graphs[there]
        for side in sides:
            yield from _numbers(side, titles, reported)
            yield from _order(side, titles, old, new, reported)
            yield from _each(side, titles, graphs, old.format)
    known = {(mine.index, theirs.index) for mine, theirs in found.graphs}
    if Format.SAVED_MODEL not in (old.format, new.format):  # nobody gets at the tensors of a SavedModel
        yield from _names([side for place, sides in seen.items() if place in known for side in sides])
    yield from _signatures(old, new, seen, reported)


def _entries(old: Model, new: Model) -> Iterator[tuple[int, int]]:
    """The graphs that callers get at, in both builds."""
    found: dict[tuple[int, int], None] = {}
    by_signature = old.format is Format.SAVED_MODEL or new.format is Format.SAVED_MODEL
    if old.graphs and new.graphs and not (by_signature and old.signatures and new.signatures):
        found[0, 0] = None
    keys = {signature.key: signature for signature in new.signatures}
    lone = [each for each in old.signatures if each.key not in keys]
    partners = [(each, keys[each.key]) for each in old.signatures if each.key in keys]
    others = [each for each in new.signatures if each.key not in {key.key for key in old.signatures}]
    if len(lone) == len(others) == 1:
        partners.append((lone[0], others[0]))
    for first, second in partners:
        if first.graph_index < len(old.graphs) and second.graph_index < len(new.graphs):
            found[first.graph_index, second.graph_index] = None
    yield from found


class _Titles:
    """What inputs and outputs are called in messages: as the signature has it, else by the tensor's name."""

    def __init__(self, old: Model, new: Model) -> None:
        self._names: dict[Tensor, str] = {}
        for model in (new, old):
            for signature in model.signatures:
                for names in (signature.outputs, signature.inputs):
                    for name, tensor in names.items():
                        self._names.setdefault(tensor, name)

    def of(self, tensor: Tensor) -> str:
        name = self._names.get(tensor, tensor.name)
        return f"'{cut(name)}'" if name else f"number {tensor.index}"


def _numbers(side: Ends, titles: _Titles, reported: set[Tensor]) -> Iterator[Change]:
    """More inputs or outputs than before, or fewer."""
    if not side.gone and not side.added:
        return
    reported.update(side.gone, side.added)
    parts = [f"{listed(map(titles.of, side.added))} {_is(side.added)} new"] if side.added else []
    if side.gone:
        parts.append(f"{listed(map(titles.of, side.gone))} {_is(side.gone)} gone")
    if side.side == "input":
        effect = "A program that gives the old inputs does not run the model any more."
    elif side.gone:
        effect = "A program that reads what is gone fails."
    else:
        effect = "What was there before still is; a program that asks for a fixed number of outputs fails."
    shifted = [here for here, there in side.partner.items() if here != there]
    grade = Grade.BREAKING if side.side == "input" or side.gone or shifted else Grade.MINOR
    yield Change(
        grade,
        _PARTS[side.side],
        f"{side.side}-count",
        f"The model has {count(len(side.new), side.side)}; it had {len(side.old)}: {' and '.join(parts)}.",
        effect if grade is Grade.BREAKING else "What was there before still is, under the same number.",
        [tensor.name for tensor in side.old],
        [tensor.name for tensor in side.new],
        tuple(tensor.location for tensor in side.added or side.gone),
    )


def _order(side: Ends, titles: _Titles, old: Model, new: Model, reported: set[Tensor]) -> Iterator[Change]:
    """The same inputs or outputs in another order."""
    moved = side.moved
    if not moved:
        return
    told = [f"{titles.of(side.old[here])} is {side.side} {side.partner[here]} (before, {here})" for here in moved]
    alike = len({(side.old[here].dtype, shown(side.old[here])) for here in moved}) < len(moved)
    verb = "fills" if side.side == "input" else "reads"
    effect = f"A program that takes {side.side}s by number {verb} the wrong one"
    effect += ", and where both have the same type and shape nothing fails" if alike else ""
    callers = _named_callers(side, moved, old, new)
    if callers is not None:
        reported.update(side.new[side.partner[here]] for here in moved)
        effect += "; names of the signature " + ("still mean what they did" if callers else "are mixed up, too")
    yield Change(
        Grade.BREAKING,
        _PARTS[side.side],
        f"{side.side}-order",
        f"The {side.side}s stand in another order: {listed(told, 4)}.",
        f"{effect}.",
        list(range(len(side.old))),
        [side.partner.get(here) for here in range(len(side.old))],
        tuple(side.new[side.partner[here]].location for here in moved),
    )


def _named_callers(side: Ends, moved: Sequence[int], old: Model, new: Model) -> bool | None:
    """Whether the names in signatures went with what moved; None where there are no such names."""
    names = [
        {tensor: name for each in model.signatures for name, tensor in _side(each, side.side).items()}
        for model in (old, new)
    ]
    both = [(names[0].get(side.old[here]), names[1].get(side.new[side.partner[here]])) for here in moved]
    if any(name is None for pair in both for name in pair):
        return None
    return all(before == after for before, after in both)


def _each(side: Ends, titles: _Titles, graphs: tuple[Graph, Graph], format: Format) -> Iterator[Change]:
    """What is different about single inputs or outputs; those with the same difference are one change."""
    groups: dict[Moved, list[tuple[Tensor, Tensor]]] = {}
    for old, new in side.pairs:
        for each in differences(old, new, side.side, graphs, format):
            groups.setdefault(each, []).append((old, new))
    for each, members in groups.items():
        names = listed(titles.of(new) for _, new in members)
        subject = f"{side.side.capitalize()}{'s' if len(members) > 1 else ''} {names}"
        message, effect = _sentence(each, subject, side.side, many=len(members) > 1)
        places = tuple(new.location for _, new in members)
        yield Change(
            each.grade,
            _PARTS[side.side],
            f"{side.side}-{each.what}",
            message,
            effect if each.grade is Grade.BREAKING else "",
            each.old,
            each.new,
            places,
        )


def _sentence(each: Moved, subject: str, side: str, *, many: bool) -> tuple[str, str]:
    """The message on a difference, and what it breaks."""
    it, is_, was, has = ("they", "are", "were", "have") if many else ("it", "is", "was", "has")
    program = f"A program that {_GIVES[side]}"
    if each.what == "dtype":
        message = f"{subject} {is_} {each.new} now; {it} {was} {each.old}."
        or_else = "" if side == "input" else ", or reads wrong ones"
        return message, f"{program} {each.old.partition(' ')[0]} values fails{or_else}."
    if each.what == "shape":
        message = f"{subject} {has} the shape {each.new} now; {it} {was} {each.old}."
        if each.detail:
            return message, "A program that resizes it to other sizes fails."
        or_else = "gives it" if side == "input" else "reads"
        return message, f"{program} values of the shape {each.old} fails, or {or_else} wrong ones."
    if each.what == "meaning":
        before, after = (f"comes out of {name}" if name else "is taken as it is" for name in (each.old, each.new))
        message = f"{subject} {_many(after, many)} now; before, {it} {_many(before, many).replace('comes', 'came')}."
        if not each.new:
            message = f"{subject} {_many('comes', many)} without {each.old} now."
        elif not each.old:
            message = f"{subject} {_many('comes', many)} out of {each.new} now."
        return message, "Its numbers mean something else: what a program makes of them is wrong, and nothing fails."
    message = f"{subject} {is_} quantized with {each.new} now; before with {each.old}."
    off = f" by up to {each.detail}" if each.detail else ""
    return message, f"A program that has the old numbers built in, and does not ask the model, is off{off}."


def _many(text: str, many: bool) -> str:
    return text.replace("comes", "come").replace("is taken", "are taken") if many else text


def _names(sides: Sequence[Ends]) -> Iterator[Change]:
    """Other names of tensors at the ends; one change for all."""
    by_side = [[(old, new) for old, new in side.pairs if old.name != new.name] for side in sides]
    renamed = [pair for pairs in by_side for pair in pairs]
    if not renamed:
        return
    told = listed(f"'{cut(new.name)}' was '{cut(old.name)}'" for old, new in renamed)
    inputs = sum(len(pairs) for side, pairs in zip(sides, by_side, strict=True) if side.side == "input")
    part = Part.INPUTS if inputs else Part.OUTPUTS
    parts = [count(inputs, "input")] if inputs else []
    parts += [count(len(renamed) - inputs, "output")] if len(renamed) > inputs else []
    has = "has another name" if len(renamed) == 1 else "have other names"
    yield Change(
        Grade.MINOR,
        part,
        "tensor-name",
        f"{' and '.join(parts).capitalize()} {has}: {told}.",
        "Only programs that look inputs and outputs up by the tensor's name notice.",
        [old.name for old, _ in renamed],
        [new.name for _, new in renamed],
        tuple(new.location for _, new in renamed),
    )


def _signatures(
    old: Model, new: Model, seen: Mapping[tuple[int, int], tuple[Ends, Ends]], reported: set[Tensor]
) -> Iterator[Change]:
    """Keys that are gone, new or renamed, and the names within."""
    there = {each.key: each for each in new.signatures}
    here = {each.key: each for each in old.signatures}
    gone = [each for key, each in here.items() if key not in there]
    added = [each for key, each in there.items() if key not in here]
    pairs = [(each, there[key]) for key, each in here.items() if key in there]
    if len(gone) == len(added) == 1:
        pairs.append((gone[0], added[0]))
        message = f"The signature '{cut(gone[0].key)}' is called '{cut(added[0].key)}' now."
        effect = "A program that asks for the old name fails."
        yield _signature(Grade.BREAKING, "signature-renamed", message, effect, gone[0].key, added[0].key, new)
    else:
        for group, what, grade, effect in (
            (gone, "gone", Grade.BREAKING, "A program that runs the model by it fails."),
            (added, "new", Grade.MINOR, ""),
        ):
            if group:
                names = [each.key for each in group]
                quoted = listed(f"'{cut(name)}'" for name in names)
                subject = f"The signature{'s' if len(names) > 1 else ''} {quoted}"
                verb = "are" if len(names) > 1 else "is"
                lost = " Nothing is left that names inputs and outputs." if group is gone and not there else ""
                before, after = (names, None) if group is gone else (None, names)
                text = f"{subject} {verb} {what}.{lost}"
                yield _signature(grade, f"signature-{what}", text, effect, before, after, new)
    for first, second in pairs:
        sides = seen.get((first.graph_index, second.graph_index))
        for side in sides or ():
            yield from _entry(side, first, second, reported, new)


class _Names(NamedTuple):
    """What became of the names of the inputs or outputs of a signature: before and now, or those of one build."""

    mixed: list[tuple[str, str]]
    renamed: list[tuple[str, str]]
    gone: list[str]
    added: list[str]


def _fates(side: Ends, old: Signature, new: Signature, reported: set[Tensor]) -> _Names:
    """What became of the names, apart from what `reported` has already."""
    before, after = _side(old, side.side), _side(new, side.side)
    partner = {side.old[here]: side.new[there] for here, there in side.partner.items()}
    sure = {side.old[here] for here in side.is_sure}
    now_called = {tensor: name for name, tensor in after.items()}
    was_called = {partner[tensor]: name for name, tensor in before.items() if tensor in partner}
    found = _Names([], [], [], [])
    for name, tensor in before.items():
        now = now_called.get(partner[tensor]) if tensor in partner else None
        if name in after:
            if tensor in sure and after[name] is not partner[tensor] and after[name] not in reported:
                found.mixed.append((name, was_called.get(after[name], "another")))
        elif now is not None and now not in before:
            found.renamed.append((name, now))
        elif tensor not in reported and partner.get(tensor) not in reported:
            found.gone.append(name)
    known = {now for _, now in found.renamed} | before.keys()
    found.added.extend(name for name, tensor in after.items() if name not in known and tensor not in reported)
    return found


def _entry(side: Ends, old: Signature, new: Signature, reported: set[Tensor], model: Model) -> Iterator[Change]:
    """The names of the inputs or outputs of one signature."""
    names = _fates(side, old, new, reported)
    where = f"of the signature '{cut(old.key)}'"
    one, many = side.side.capitalize(), f"{side.side.capitalize()}s"
    if names.mixed:
        told = listed(f"'{cut(name)}' is what '{cut(was)}' was" for name, was in names.mixed)
        message = f"Names of {side.side}s {where} mean something else: {told}."
        effect = "A program that uses them gets other values, and where type and shape are the same nothing fails."
        what, (is_called, meant) = "signature-meaning", zip(*names.mixed, strict=True)
        yield _signature(Grade.BREAKING, what, message, effect, list(meant), list(is_called), model)
    if names.renamed:
        told = listed(f"'{cut(name)}' is called '{cut(now)}' now" for name, now in names.renamed)
        effect = f"A program that uses the old name{'s' if len(names.renamed) > 1 else ''} fails."
        message = f"{many if len(names.renamed) > 1 else one} {where}: {told}."
        what, (was_called, is_called) = f"signature-{side.side}-renamed", zip(*names.renamed, strict=True)
        yield _signature(Grade.BREAKING, what, message, effect, list(was_called), list(is_called), model)
    for group, what in ((names.gone, "gone"), (names.added, "new")):
        if not group:
            continue
        grade = Grade.BREAKING if what == "gone" or side.side == "input" else Grade.MINOR
        quoted = listed(f"'{cut(name)}'" for name in group)
        message = f"{many if len(group) > 1 else one} {quoted} {where} {_is(group)} {what}."
        effect = "A program that runs the model by this signature fails." if grade is Grade.BREAKING else ""
        olds, news = (group, None) if what == "gone" else (None, group)
        yield _signature(grade, f"signature-{side.side}-{what}", message, effect, olds, news, model)


def _signature(grade: Grade, what: str, message: str, effect: str, old: object, new: object, model: Model) -> Change:
    return Change(grade, Part.SIGNATURES, what, message, effect, old, new, (Location(model.path),))


def _side(signature: Signature, side: str) -> Mapping[str, Tensor]:
    return signature.inputs if side == "input" else signature.outputs


def _is(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"
