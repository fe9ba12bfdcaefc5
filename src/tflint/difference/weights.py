"""The values of the weights: which are others, how many of them, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.analysis.alignment import Alignment
from tflint.analysis.phrases import count, listed, share
from tflint.analysis.weights import raw
from tflint.changes import Change, Grade, Part
from tflint.difference.constants import Held, held
from tflint.difference.grouped import places, where
from tflint.model import DType, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["weight_changes"]

_NAMED = 3
_MOST = 16 << 20
"""The real values of constants of more elements are not worked out."""
_PASSES = 4
_STEP = 0.51
"""By so many steps may a number be off that was rounded."""
_HALF_PRECISION = 2.0**-10


@dataclass(frozen=True, eq=False)
class _Moved:
    """A weight with other values. `relative` is the size of the difference, in that of the old values."""

    held: Held
    changed: int
    relative: float | None


def weight_changes(found: Alignment, stands_for: Mapping[Tensor, Tensor], unknown: list[str]) -> Iterator[Change]:
    """The weights with other values, as one change; and those that became others when their type changed.

    `stands_for` is what `readable` gives, of both builds. What cannot be read joins `unknown`.
    """
    pairs, unread = _pairs(found, stands_for)
    moved: list[_Moved] = []
    requantized: list[tuple[Held, bool | None]] = []
    total = elements = 0
    for each in pairs:
        if each.old.dtype is not each.new.dtype or _is_requantized(each):
            if not each.is_bias or each.old.dtype is each.new.dtype:
                requantized.append((each, _is_rounded(each.old, each.new)))
            continue
        total += 1
        elements += each.new.elements
        number = _changed(each.old, each.new)
        if number:
            moved.append(_Moved(each, number, _relative(each.old, each.new)))
    if unread:
        unknown.append(f"The values of {count(unread, 'constant')} cannot be read, and are not compared.")
    if moved:
        yield _values(moved, total, elements)
    yield from _rounding(requantized, unknown)


def _pairs(found: Alignment, stands_for: Mapping[Tensor, Tensor]) -> tuple[list[Held], int]:
    """The weights of the same sizes, each stored pair once; and how many cannot be read."""
    left = _PASSES * sum(tensor.nbytes or 0 for tensor in set(stands_for.values()))
    seen: set[tuple[Tensor, Tensor]] = set()
    pairs: list[Held] = []
    unread = 0
    for each in held(found):
        old, new = stands_for.get(each.old), stands_for.get(each.new)
        if each.is_setting or each.old.shape != each.new.shape or (old, new) in seen:
            continue
        left -= each.new.nbytes or 0
        if old is None or new is None or left < 0:  # tensors may share their bytes in every way there is
            unread += 1
            continue
        seen.add((old, new))
        pairs.append(each)
    return pairs, unread


def _values(moved: list[_Moved], total: int, elements: int) -> Change:
    """One change for all weights with other values; the largest are named."""
    changed = sum(each.changed for each in moved)
    largest = sorted(moved, key=lambda each: -(each.relative or 0))
    told = [f"{where(each.held.there)} by {_far(each.relative)}" for each in largest[:_NAMED] if each.relative]
    most = f"; furthest off {'are' if len(told) > 1 else 'is'} {', '.join(told)}" if told else ""
    weights = count(total, "weight tensor")
    return Change(
        Grade.WEIGHTS,
        Part.WEIGHTS,
        "weights",
        f"{len(moved):,} of {weights} {'has' if len(moved) == 1 else 'have'} other values, {count(changed, 'number')} "
        f"in all ({share(changed, elements)}){most}.",
        "",
        None,
        {
            "tensors": total,
            "changed": len(moved),
            "numbers": elements,
            "numbers_changed": changed,
            "largest": [
                {"address": each.held.there.location.address, "tensor": each.held.new.name, "relative": each.relative}
                for each in largest[:20]
            ],
        },
        places(each.held.there for each in largest),
    )


def _far(relative: float) -> str:
    return share(relative, 1) if relative <= 1 else "more than 100 %"


def _rounding(requantized: list[tuple[Held, bool | None]], unknown: list[str]) -> Iterator[Change]:
    """Whether weights of another type are the old ones rounded; only those that are not are a change."""
    others = [each for each, is_rounded in requantized if is_rounded is False]
    silent = sum(is_rounded is None for _, is_rounded in requantized)
    if silent:
        subject = "1 weight tensor is" if silent == 1 else f"{count(silent, 'weight tensor')} are"
        unknown.append(f"Whether {subject} the old one{'s' * (silent > 1)} stored otherwise is not told.")
    if others:
        ops = [each.there for each in others]
        names = listed(map(where, ops))
        has = "has" if len(others) == 1 else "have"
        subject = f"Of {count(len(requantized), 'weight tensor')} stored in another way, {len(others):,}"
        message = f"{subject} {has} other numbers than the old ones rounded: {names}."
        effect = "They were trained again, or rounded in another way than to the nearest."
        yield Change(Grade.WEIGHTS, Part.WEIGHTS, "weights-requantized", message, effect, places=places(ops))


def _is_requantized(each: Held) -> bool:
    """Whether weights are quantized in another way, or a bias that follows them."""
    sizes = (0 if tensor.quant is None else tensor.quant.scale.size for tensor in (each.old, each.new))
    return each.new.dtype.is_integer and len(set(sizes)) > 1


def _changed(old: Tensor, new: Tensor) -> int:
    """How many numbers differ: all of them where the scales do."""
    import numpy as np

    if _scales_differ(old, new):
        return new.elements
    if old.data is None or new.data is None:
        return 0
    if old.dtype.bits is None or old.dtype.bits % 8 or len(old.data) != len(new.data) or old.sparsity is not None:
        pieces = zip(raw(old), raw(new), strict=False)
        same = len(old.data) == len(new.data) and all(np.array_equal(a, b) for a, b in pieces)
        return 0 if same else new.elements
    width = old.dtype.bits // 8
    number = 0
    for before, after in zip(raw(old), raw(new), strict=True):
        if not np.array_equal(before, after):
            differing = before != after
            number += int(differing[: differing.size // width * width].reshape(-1, width).any(axis=1).sum())
    return min(number, new.elements)


def _scales_differ(old: Tensor, new: Tensor) -> bool:
    if old.quant is None or new.quant is None or not old.dtype.is_integer:
        return False
    first, second = ((quant.scale.tobytes(), quant.zero_point.tobytes()) for quant in (old.quant, new.quant))
    return first != second


def _relative(old: Tensor, new: Tensor) -> float | None:
    """The size of the difference in that of the old values; None where it cannot be told."""
    import numpy as np

    before, after = _real(old), _real(new)
    if before is None or after is None or not before.size:
        return None
    with np.errstate(all="ignore"):
        size = float(np.linalg.norm(before.reshape(-1)))
        off = float(np.linalg.norm((after - before).reshape(-1)))
        found = off / size if size else float("inf")
    return found if np.isfinite(found) else None


def _is_rounded(old: Tensor, new: Tensor) -> bool | None:
    """Whether numbers that are stored otherwise are the same but for rounding; None where that cannot be told."""
    import numpy as np

    before, after = _real(old), _real(new)
    if before is None or after is None:
        return None
    step: Any = 1e-12
    with np.errstate(all="ignore"):
        for tensor, values in ((old, before), (new, after)):
            if not tensor.dtype.is_float:
                step = step + _STEP * _spread(tensor, "scale")
            elif tensor.dtype.bits != 32:
                step = step + np.maximum(abs(values) * _HALF_PRECISION, 1e-7)
        return bool((abs(after - before) <= step).all())


def _real(tensor: Tensor) -> NDArray[Any] | None:
    """The real numbers that a constant stands for; None where they cannot be told."""
    import numpy as np

    values = tensor.array() if 0 < tensor.elements <= _MOST else None
    quant = tensor.quant
    if values is None or tensor.dtype in (DType.BOOL, DType.COMPLEX64, DType.COMPLEX128):
        return None
    if tensor.dtype.is_float:
        with np.errstate(all="ignore"):
            return values.astype(np.float32, copy=False)
    if quant is None or quant.details is not None or not quant.scale.size:
        return None
    if quant.scale.size > 1:
        axis = quant.stored_axis
        if not 0 <= axis < values.ndim or values.shape[axis] != quant.scale.size:
            return None
    if quant.zero_point.size not in (1, quant.scale.size):
        return None
    with np.errstate(all="ignore"):
        return np.asarray((values.astype(np.float32) - _spread(tensor, "zero_point")) * _spread(tensor, "scale"))


def _spread(tensor: Tensor, name: str) -> NDArray[Any]:
    """The scale or zero point of a constant, in a shape that fits its values."""
    import numpy as np

    assert tensor.quant is not None
    found: NDArray[Any] = getattr(tensor.quant, name).astype(np.float32)
    if found.size == 1:
        return found.reshape(())
    shape = [1] * len(tensor.default_shape)
    shape[tensor.quant.stored_axis] = found.size
    return found.reshape(shape)
