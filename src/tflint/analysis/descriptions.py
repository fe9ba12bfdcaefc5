"""TFLite Metadata in two builds of a model: what is said of inputs and outputs, and the files packed with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.analysis.phrases import count, cut, listed
from tflint.changes import Change, Grade, Part
from tflint.description import AssociatedFile, Description, TensorDescription
from tflint.model import Location, Model

__all__ = ["description_changes"]

_EFFECT = "Programs that read it (Task Library, the code that Android Studio makes of it) have nothing to go by."


def description_changes(old: Model, new: Model) -> Iterator[Change]:
    """What changed in the metadata, each cause once."""
    before, after = old.described, new.described
    if before is None or before.fault:
        if after is not None and not after.fault:
            yield _change(new, Grade.MINOR, "metadata-new", "The model has TFLite Metadata now; it had none.")
        return
    if after is None or after.fault:
        lost = listed(f"'{cut(each.name)}'" for each in _files(before))
        message = f"The model has lost its TFLite Metadata{f', and with it {lost}' if lost else ''}."
        if after is not None:
            with_it = f"; lost with it {lost}" if lost else ""
            message = f"The TFLite Metadata cannot be read any more: {after.fault}{with_it}."
        names = [each.name for each in _files(before)]
        yield _change(new, Grade.BREAKING, "metadata-gone", message, _EFFECT, names)
        return
    yield from _packed(before, after, new)
    for side, mine, theirs in (("input", before.inputs, after.inputs), ("output", before.outputs, after.outputs)):
        for number, (here, there) in enumerate(zip(mine, theirs, strict=False)):
            yield from _tensor(f"{side} {number}", here, there, new)
        if len(mine) != len(theirs):
            message = f"The metadata describes {count(len(theirs), side)}; it described {len(mine)}."
            grade = Grade.BREAKING if len(theirs) < len(mine) else Grade.MINOR
            effect = "A program that reads them from there finds nothing." if grade is Grade.BREAKING else ""
            yield _change(new, grade, f"metadata-{side}s", message, effect, len(mine), len(theirs))


def _packed(before: Description, after: Description, model: Model) -> Iterator[Change]:
    """Files that came, went or have other lines."""
    mine, theirs = ({each.name: each for each in _files(description)} for description in (before, after))
    gone = [name for name, each in mine.items() if each.is_packed and not _has(theirs.get(name))]
    added = [name for name, each in theirs.items() if each.is_packed and not _has(mine.get(name))]
    if gone:
        names = listed(f"'{cut(name)}'" for name in gone)
        message = f"{names} {'is' if len(gone) == 1 else 'are'} not packed into the model any more."
        what = "labels" if any("LABELS" in mine[name].kind for name in gone) else "file"
        effect = f"A program that takes the {what} from the model has none."
        yield _change(model, Grade.BREAKING, "associated-file-gone", message, effect, gone, added or None)
    if added:
        names = listed(f"'{cut(name)}'" for name in added)
        message = f"{names} {'is' if len(added) == 1 else 'are'} packed into the model now."
        yield _change(model, Grade.MINOR, "associated-file-new", message, "", None, added)
    for name, each in mine.items():
        other = theirs.get(name)
        if other is None or each.checksum is None or other.checksum in {None, each.checksum}:
            continue
        if each.lines is None or other.lines is None:
            message = f"'{cut(name)}' has another content."
            yield _change(model, Grade.MINOR, "associated-file-content", message)
            continue
        message = f"'{cut(name)}' has {count(other.lines, 'line')}; it had {each.lines:,}."
        if each.lines == other.lines:
            message = f"'{cut(name)}' has other lines, or the same ones in another order."
        effect = "Labels stand for other classes than before, or some have none."
        yield _change(model, Grade.BREAKING, "associated-file-lines", message, effect, each.lines, other.lines)


def _tensor(where: str, before: TensorDescription, after: TensorDescription, model: Model) -> Iterator[Change]:
    """What is said of one input or output."""
    if (before.means, before.deviations) != (after.means, after.deviations):
        old, new = (_normalization(each.means, each.deviations) for each in (before, after))
        effect = "A program that normalizes its values itself feeds the model other numbers than it expects."
        message = f"The metadata asks for another normalization of {where}: {new}; before {old}."
        values = [[*each.means, *each.deviations] for each in (before, after)]
        yield _change(model, Grade.BREAKING, "metadata-normalization", message, effect, *values)
    if before.name != after.name:
        message = f"The metadata calls {where} '{cut(after.name)}'; before '{cut(before.name)}'."
        yield _change(model, Grade.MINOR, "metadata-name", message, "", before.name, after.name)


def _normalization(means: Sequence[float], deviations: Sequence[float]) -> str:
    if not means and not deviations:
        return "none"
    texts = [" ".join(f"{value:g}" for value in values[:4]) for values in (means, deviations)]
    return f"mean {texts[0]}, deviation {texts[1]}"


def _files(description: Description) -> Iterator[AssociatedFile]:
    for tensor in (*description.inputs, *description.outputs):
        yield from tensor.files


def _has(file: AssociatedFile | None) -> bool:
    return file is not None and file.is_packed


def _change(
    model: Model, grade: Grade, what: str, message: str, effect: str = "", old: object = None, new: object = None
) -> Change:
    return Change(grade, Part.METADATA, what, message, effect, old, new, (Location(model.path),))
