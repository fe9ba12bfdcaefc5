"""What ops compute with: the element types, sizes and quantization of their results."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.alignment import Alignment
from tflint.analysis.ends import shown
from tflint.changes import Change, Grade, Part
from tflint.difference.grouped import Groups, capital, many, places, verb, where
from tflint.model import DType, Model, Op, QuantParams, Tensor

__all__ = ["result_changes", "scheme"]

Words = tuple[str, str]


def result_changes(model: Model, found: Alignment) -> Iterator[Change]:
    """What the ops that both builds have give, where it is not what it was."""
    types: Groups[Words] = Groups()
    schemes: Groups[Words] = Groups()
    ranges: list[Op] = []
    ends = frozenset(tensor for _, graph in found.graphs for tensor in graph.outputs)
    for op, before, after in _results(found):
        schemas = scheme(before.quant), scheme(after.quant)
        if before.dtype is not after.dtype:
            types.add((before.dtype.value, after.dtype.value), op)
        elif schemas[0] != schemas[1]:
            schemes.add(schemas, op)
        elif after not in ends and _has_other_range(before, after):
            ranges.append(op)
    for (was, now), ops in types.found.items():
        message = f"{capital(many(model, ops))} {verb('give', ops)} {now} now; before {was}."
        yield Change(Grade.MINOR, Part.OPS, "op-dtype", message, "", was, now, places(ops))
    for (was, now), ops in schemes.found.items():
        message = f"The results of {many(model, ops)} are {now} now; they were {was}."
        yield Change(Grade.MINOR, Part.OPS, "op-quantization", message, "", was, now, places(ops))
    yield from _sizes(model, found)
    if ranges:
        message = f"The recorded ranges of what {many(model, ranges)} {verb('give', ranges)} are others."
        yield Change(Grade.WEIGHTS, Part.WEIGHTS, "ranges", message, places=places(ranges))


def _results(found: Alignment) -> Iterator[tuple[Op, Tensor, Tensor]]:
    for here, there in found.pairs:
        for before, after in zip(here.outputs, there.outputs, strict=False):
            if DType.UNKNOWN not in (before.dtype, after.dtype):
                yield there, before, after


def _sizes(model: Model, found: Alignment) -> Iterator[Change]:
    """Results of other sizes: most often one cause and all that follows from it, so one change."""
    sizes = [(op, before, after) for op, before, after in _results(found) if shown(before) != shown(after)]
    if not sizes:
        return
    ops = list(dict.fromkeys(op for op, _, _ in sizes))
    op, before, after = sizes[0]
    told = f"{where(op)} gives {shown(after)} now; before {shown(before)}."
    message = told if len(ops) == 1 else f"{many(model, ops)} give other sizes: first, {told}"
    was, now = list(before.shape), list(after.shape)
    yield Change(Grade.MINOR, Part.OPS, "op-shape", capital(message), "", was, now, places(ops))


def scheme(quant: QuantParams | None) -> str:
    """How something is quantized."""
    if quant is None or (not quant.scale.size and quant.details is None):
        return "not quantized"
    if quant.details is not None:
        return f"quantized by {quant.details[0]}"
    return "quantized per channel" if quant.is_per_axis else "quantized per tensor"


def _has_other_range(old: Tensor, new: Tensor) -> bool:
    if old.quant is None or new.quant is None or not old.dtype.is_integer:
        return False
    first, second = (
        (quant.scale.tobytes(), quant.zero_point.tobytes(), quant.stored_axis) for quant in (old.quant, new.quant)
    )
    return first != second
