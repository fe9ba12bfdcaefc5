"""Which op broke it: fed with the source's values, which op gives something else than the source.

The error of a value inside a model is its op's own, and what it inherits from the ops before. To tell them apart, the
ops between two values that are known on both sides are run by themselves, on what the source has there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.compare.alignment import Aligned
from tflint.compare.feeds import decoded, encoded
from tflint.compare.metrics import figures, relative
from tflint.compare.values import step_of
from tflint.comparison import Blame, Figures
from tflint.formats.tflite.piece import piece
from tflint.model import DType, Graph, Op, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Segment", "allowance", "blame", "clipped", "segments", "suspects"]

_FLOOR = {"float32": 1e-3, "float16": 1e-2, "dynamic": 0.05, "int8": 0.08, "int16x8": 0.04}
"""The error of its own, relative to the value, that an op of any such model may have: measured on true pairs."""
_TIMES = 3.0
"""What rounding explains is multiplied by this: it is not normally distributed, and adds up in long sums."""
_JUMP = 1.5
"""The error of a value is its op's own where it is so many times the errors that it inherits."""
_MOST_OPS = 1000
"""A piece has no more ops."""
_MOST_PIECES = 400
_AS_LARGE = 0.5
"""The first op is blamed whose excess is at least this share of the largest."""
_TWELVE = 12**0.5
_HEAVY = 64
"""Constants of fewer bytes are no weights."""

RunPieces = Callable[[Sequence[tuple[bytes, list["NDArray[Any]"]]]], Sequence["list[NDArray[Any]] | None"]]
"""Runs files on their inputs, and returns what each gives: None where it does not run."""


@dataclass(frozen=True, eq=False)
class Segment:
    """The ops between a value that is known on both sides and those before it that are."""

    at: Aligned
    ops: tuple[Op, ...]
    inputs: tuple[Tensor, ...]


def segments(graph: Graph, known: Mapping[Tensor, Aligned], fed: frozenset[Tensor]) -> list[Segment]:
    """A segment for each value that is known on both sides, in execution order."""
    order = {op: place for place, op in enumerate(graph.ops)}
    found: list[Segment] = []
    for at in known.values():
        ops: dict[Op, None] = {}
        inputs: dict[Tensor, None] = {}
        waiting = [at.op]
        while waiting and len(ops) <= _MOST_OPS:
            op = waiting.pop()
            if op in ops:
                continue
            ops[op] = None
            for tensor in op.inputs:
                if tensor is None or tensor.is_constant:
                    continue
                maker = graph.producer(tensor)
                if tensor in known or tensor in fed or maker is None:
                    inputs[tensor] = None
                else:
                    waiting.append(maker)
        if len(ops) <= _MOST_OPS:
            found.append(Segment(at, tuple(sorted(ops, key=order.__getitem__)), tuple(inputs)))
    return found


def allowance(segment: Segment, values: Mapping[Tensor, NDArray[Any]], precision: str) -> float:
    """The error of its own that rounding explains, relative to the value.

    The steps of what it reads and writes, and of its weights; and what the source has beyond the ranges of both.
    """
    theirs = segment.at.theirs
    parts = [_rounding(segment.at.tensor, theirs)]
    parts += [_rounding(tensor, values[tensor]) for tensor in segment.inputs if tensor in values]
    for op in segment.ops:
        parts += [_of_weights(tensor) for tensor in op.inputs if tensor is not None and tensor.is_constant]
    total = sum(min(part, 10.0) ** 2 for part in parts) ** 0.5
    layers = sum(_is_weighted(op) for op in segment.ops)  # each of them rounds what it gives to the next
    return float(max(_FLOOR.get(precision, 0.1), _TIMES * total) * max(layers, 1) ** 0.5)


def suspects(
    found: Sequence[Segment], values: Mapping[Tensor, NDArray[Any]], precision: str, errors: Mapping[Tensor, float]
) -> list[Segment]:
    """The segments whose error is more than rounding explains, and clearly more than what they inherit."""
    chosen: list[Segment] = []
    for segment in found:
        error = errors[segment.at.tensor]
        inherited = max((errors.get(tensor, 0.0) for tensor in segment.inputs), default=0.0)
        if error > _JUMP * inherited and error > allowance(segment, values, precision):
            chosen.append(segment)
    return chosen


def blame(
    tried: Sequence[Segment],
    values: Mapping[Tensor, NDArray[Any]],
    precision: str,
    run: RunPieces,
) -> Blame | None:
    """The op that broke it, None where each op does what rounding allows.

    Args:
        tried: the segments to run by themselves.
        values: the source's real values at the tensors that are known on both sides, and at the inputs.
        precision: of the model.
        run: runs pieces of the model on the builtin kernels.
    """
    pieces: list[tuple[Segment, bytes, list[NDArray[Any]]]] = []
    for segment in tried[:_MOST_PIECES]:
        content = piece(segment.ops, segment.inputs, (segment.at.tensor,))
        if content is not None and all(tensor in values for tensor in segment.inputs):
            fed = encoded([values[tensor] for tensor in segment.inputs], segment.inputs)
            pieces.append((segment, content, fed))
    results = run([(content, fed) for _, content, fed in pieces]) if pieces else ()
    excess: list[tuple[float, Segment, Figures, float]] = []
    for (segment, _, _), result in zip(pieces, results, strict=True):
        if result is None:
            continue
        [own] = decoded(result, (segment.at.tensor,))
        if own.size != segment.at.theirs.size:
            continue
        error = figures([own], [segment.at.theirs], step=step_of(segment.at.tensor))
        allowed = allowance(segment, values, precision)
        size = relative(error) if error.finite else float("inf")
        if size > allowed:
            excess.append((size / allowed, segment, error, allowed))
    if not excess:
        return None
    most = max(each[0] for each in excess)
    large = [each for each in excess if each[0] >= min(_AS_LARGE * most, 20.0)]
    _, segment, error, allowed = large[0]
    mine = figures([segment.at.mine], [segment.at.theirs], step=step_of(segment.at.tensor))
    return Blame(
        op=_address(_culprit(segment)),
        tensor=segment.at.tensor.location.address,
        reference=segment.at.name,
        figures=error,
        inherited=mine,
        allowed=allowed,
        ops=tuple(_address(op) for op in segment.ops) if len(segment.ops) > 1 else (),
        others=len(large) - 1,
    )


def _culprit(segment: Segment) -> Op:
    """The op of a segment that does the work: the one with the largest constants, else the last."""
    made = {tensor: op for op in segment.ops for tensor in op.outputs}

    def size(op: Op) -> int:
        total = 0
        for tensor in op.inputs:
            widened = None if tensor is None or tensor not in made else made[tensor].input(0)
            for held in (tensor, widened):
                total += 0 if held is None or held.data is None else len(held.data)
        return total

    working = [op for op in segment.ops if any(each is not None and not each.is_constant for each in op.inputs)]
    heaviest = max(working, key=size, default=segment.at.op)
    return heaviest if size(heaviest) >= _HEAVY else segment.at.op


def _is_weighted(op: Op) -> bool:
    weights = op.input(1)
    return weights is not None and weights.data is not None and len(weights.data) >= _HEAVY


def _address(op: Op) -> str:
    return op.location.address


def _rounding(tensor: Tensor, value: NDArray[Any]) -> float:
    """What the steps and the range of a tensor make of a value, relative to it."""
    step, size = step_of(tensor), _rms(value)
    return 0.0 if step is None or not size else step / _TWELVE / size + clipped(tensor, value)


def clipped(tensor: Tensor, value: NDArray[Any]) -> float:
    """How much of a value lies beyond the range that the model has for it, relative to the value."""
    import numpy as np

    step, limits, size = step_of(tensor), tensor.dtype.integer_range, _rms(value)
    if step is None or limits is None or tensor.quant is None or not size:
        return 0.0
    point = float(tensor.quant.zero_point[0]) if tensor.quant.zero_point.size else 0.0
    inside = np.clip(value, (limits[0] - point) * step, (limits[1] - point) * step)
    return _rms(inside - value) / size


def _of_weights(tensor: Tensor) -> float:
    """What the steps of weights make of them, relative to them."""
    quant, width = tensor.quant, tensor.dtype
    if quant is None or not width.is_integer or width in {DType.INT32, DType.INT64} or not quant.scale.size:
        return 0.0
    import numpy as np

    stored = tensor.array()
    if stored is None or not stored.size:
        return 0.0
    sample = stored.ravel()[:: max(1, stored.size // 65_536)]
    size = _rms(np.asarray(sample, np.float64) - float(np.mean(quant.zero_point)))
    return 1 / _TWELVE / size if size else 0.0


def _rms(value: NDArray[Any]) -> float:
    import numpy as np

    plain = np.asarray(value, np.float64).ravel()
    return float(np.sqrt(np.mean(plain * plain))) if plain.size else 0.0
