"""diff(): two builds of a model compared by structure; nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tflint.analysis.alignment import Alignment, aligned
from tflint.analysis.contract import contract_changes
from tflint.analysis.descriptions import description_changes
from tflint.analysis.phrases import count
from tflint.analysis.weights import readable
from tflint.changes import Change, Difference, Grade, Part, Sameness
from tflint.difference.figures import figure_changes, figures
from tflint.difference.holdings import holding_changes
from tflint.difference.ops import is_rebuilt, op_changes
from tflint.difference.placements import placement_changes
from tflint.difference.requirements import requirement_changes
from tflint.difference.results import result_changes
from tflint.difference.weights import weight_changes
from tflint.errors import ReadError
from tflint.model import Format, Model, Problem

if TYPE_CHECKING:
    from tflint.target import Target

__all__ = ["diff"]

_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
_NAMED = {
    Format.TFLITE: "a .tflite file",
    Format.KERAS: "a Keras model in a .keras file",
    Format.KERAS_H5: "a Keras model in an HDF5 file",
    Format.SAVED_MODEL: "a SavedModel",
}
_PARTS = {part: place for place, part in enumerate(Part)}
_MOST_PROBLEMS = 20


def diff(old: Model, new: Model, *, targets: Sequence[Target] = (), runtime: str | None = None) -> Difference:
    """All that differs between two builds of a model.

    Args:
        old: what is in use.
        new: what takes its place.
        targets: the deployment targets to place the ops of both on.
        runtime: the oldest runtime that has to load the model; None where nobody said.

    Raises:
        ReadError: one of them cannot be read at all, or one is a source and the other a .tflite file.
    """
    _refuse(old, new)
    measured = figures(old, new, targets)
    if old.sha256 and old.sha256 == new.sha256:
        return Difference(old, new, (), measured, same=Sameness.FILE)
    found = aligned(old, new)
    unknown = list(_unknown(old, new, targets))
    changes = [
        *_damage(old, new),
        *_format(old, new),
        *contract_changes(old, new, found),
        *description_changes(old, new),
        *requirement_changes(old, new, runtime),
        *_inside(old, new, found, unknown),
        *figure_changes(measured, old, new),
        *(placement_changes(old, new, found, targets) if old.format is Format.TFLITE else ()),
    ]
    ordered = sorted(changes, key=lambda change: (-change.grade, _PARTS[change.part]))
    same = Sameness.MODEL if not changes and not unknown else None
    return Difference(old, new, tuple(ordered), measured, tuple(dict.fromkeys(unknown)), same)


def _refuse(old: Model, new: Model) -> None:
    for model in (old, new):
        fault = next((problem.message for problem in model.problems if problem.fatal), None)
        if fault is None and not model.graphs:
            fault = "There is no graph in it."
        if fault is not None:
            raise ReadError(f"'{model.path}' cannot be compared. {fault}")
    if (old.format is Format.TFLITE) != (new.format is Format.TFLITE):
        source, made = (old, new) if new.format is Format.TFLITE else (new, old)
        raise ReadError(
            f"'{source.path}' is {_NAMED[source.format]} and '{made.path}' {_NAMED[made.format]}, which are no two "
            f"builds of the same kind; 'tflint check {made.path} --source {source.path}' compares a conversion with "
            f"its source."
        )


def _is_mixed(old: Model, new: Model) -> bool:
    """Whether one has layers and the other has nodes."""
    return (old.format in _KERAS) != (new.format in _KERAS)


def _inside(old: Model, new: Model, found: Alignment, unknown: list[str]) -> Iterator[Change]:
    """What changed in the graphs; what is not known of the weights joins `unknown`."""
    if _is_mixed(old, new):
        return
    yield from op_changes(new, found)
    if is_rebuilt(found):
        return
    yield from result_changes(new, found)
    stands_for = {**readable(old), **readable(new)}
    yield from holding_changes(new, found, stands_for)
    yield from weight_changes(found, stands_for, unknown)


def _unknown(old: Model, new: Model, targets: Sequence[Target]) -> Iterator[str]:
    """What cannot be compared, a sentence each."""
    if _is_mixed(old, new):
        yield "The layers of a Keras model and the nodes of a SavedModel have nothing in common that can be compared."
    for model, name in ((old, "old"), (new, "new")):
        broken = sum(not graph.intact for graph in model.graphs)
        if broken:
            graphs = "the only graph" if len(model.graphs) == 1 else f"{broken} of {count(len(model.graphs), 'graph')}"
            yield f"In {graphs} of the {name} build references are broken: its ops and weights are not compared."
        if model.described is not None and model.described.fault:
            yield f"The TFLite Metadata of the {name} build cannot be read: {model.described.fault}."
    if targets and old.format is not Format.TFLITE:
        yield "Where the ops of a source run is not known before it is converted."
    if old.format is not Format.TFLITE:
        ends = [tensor for model in (old, new) for tensor in (*model.graphs[0].inputs, *model.graphs[0].outputs)]
        if any(tensor.dtype.name == "UNKNOWN" for tensor in ends):
            yield "Types and shapes of some inputs or outputs do not stand in the file; these are not compared."


def _damage(old: Model, new: Model) -> Iterator[Change]:
    """What is wrong with the new file itself and was not with the old one."""
    left = Counter(problem.kind for problem in old.problems)
    fresh = []
    for problem in new.problems:  # the same kind as often as before is no news: places and numbers may be others
        left[problem.kind] -= 1
        if left[problem.kind] < 0:
            fresh.append(problem)
    if not fresh:
        return
    is_broken = any(not graph.intact for graph in new.graphs)
    first = fresh[0]
    more = (
        f" There {'is' if len(fresh) == 2 else 'are'} {count(len(fresh) - 1, 'more problem')}."
        if len(fresh) > 1
        else ""
    )
    yield Change(
        Grade.BREAKING if is_broken else Grade.MINOR,
        Part.FILE,
        "damaged",
        f"Something is wrong with the new file that was not with the old one: {_lower(first)}{more}",
        "What can be compared is compared; run tflint check on it for the rest.",
        None,
        [problem.kind.value for problem in fresh[:_MOST_PROBLEMS]],
        tuple(problem.location for problem in fresh[:_MOST_PROBLEMS]),
    )


def _format(old: Model, new: Model) -> Iterator[Change]:
    if old.format is not new.format:
        message = f"The model is {_NAMED[new.format]} now; it was {_NAMED[old.format]}."
        effect = "A program that loads it in the old way fails." if _is_mixed(old, new) else ""
        grade = Grade.BREAKING if effect else Grade.MINOR
        places = (new.location,)
        yield Change(grade, Part.FILE, "format", message, effect, old.format.value, new.format.value, places)


def _lower(problem: Problem) -> str:
    return problem.message[:1].lower() + problem.message[1:]
