"""What ops hold: the types, sizes and quantization of weights, and the numbers that say what an op does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache

from tflint.analysis.alignment import Alignment
from tflint.analysis.ends import shown
from tflint.analysis.phrases import count
from tflint.changes import Change, Grade, Part
from tflint.difference.constants import Held, held
from tflint.difference.grouped import Groups, many, places, where
from tflint.difference.results import Words, scheme
from tflint.model import Model, Tensor

__all__ = ["holding_changes"]

_LONGEST = 16
_MOST = 20


def holding_changes(model: Model, found: Alignment, stands_for: Mapping[Tensor, Tensor]) -> Iterator[Change]:
    """What is different about constants, the values of weights apart; `stands_for` is what `readable` gives."""
    all_held = list(held(found))
    weights = [each for each in all_held if not each.is_setting]
    yield from _ways(model, [each for each in weights if not each.is_bias])
    yield from _sizes(model, [each for each in weights if each.old.shape != each.new.shape])
    yield from _settings([each for each in all_held if each.is_setting and not _follows(each)], stands_for)


def _ways(model: Model, weights: list[Held]) -> Iterator[Change]:
    """How weights are stored: their type, their quantization, dense or sparse."""
    types: Groups[Words] = Groups()
    schemes: Groups[Words] = Groups()
    layouts: Groups[Words] = Groups()
    for each in weights:
        old, new = each.old, each.new
        schemas = scheme(old.quant), scheme(new.quant)
        if old.dtype is not new.dtype:
            types.add((old.dtype.value, new.dtype.value), each.there)
        elif schemas[0] != schemas[1] and new.dtype.is_integer:
            schemes.add(schemas, each.there)
        if (old.sparsity is None) != (new.sparsity is None):
            words = ("dense", "sparse") if old.sparsity is None else ("sparse", "dense")
            layouts.add(words, each.there)
    for groups, what, stored in ((types, "dtype", True), (schemes, "quantization", False), (layouts, "layout", True)):
        for (was, now), ops in groups.found.items():
            told = f"are {'stored as ' if stored else ''}{now} now; they were {was}"
            message = f"The weights of {many(model, ops)} {told}."
            yield Change(Grade.MINOR, Part.WEIGHTS, f"weight-{what}", message, "", was, now, places(ops))


def _sizes(model: Model, sizes: list[Held]) -> Iterator[Change]:
    if not sizes:
        return
    ops = list(dict.fromkeys(each.there for each in sizes))
    first = next((each for each in sizes if not each.is_bias), sizes[0])
    was, now = shown(first.old), shown(first.new)
    message = f"The weights of {where(ops[0])} have the sizes {now} now; before {was}."
    if len(ops) > 1:
        message = f"The weights of {many(model, ops)} have other sizes: of {where(first.there)} {now}; before {was}."
    values = list(first.old.shape), list(first.new.shape)
    yield Change(Grade.MINOR, Part.WEIGHTS, "weight-shape", message, "", *values, places=places(ops))


def _settings(settings: list[Held], stands_for: Mapping[Tensor, Tensor]) -> Iterator[Change]:
    numbers = cache(_numbers)
    groups: Groups[tuple[str, int, str, str]] = Groups()
    for each in settings:
        pair = stands_for.get(each.old), stands_for.get(each.new)
        was, now = ("" if tensor is None else numbers(tensor) for tensor in pair)
        if was and now and was != now:
            groups.add((each.there.kind, each.slot, was, now), each.there)
    for (kind, slot, was, now), ops in list(groups.found.items())[:_MOST]:
        at = f" at {count(len(ops), 'place')}" if len(ops) > 1 else ""
        message = f"{kind}: its constant in place {slot} is {now} now{at}; it was {was}."
        yield Change(Grade.MINOR, Part.OPS, "op-constant", message, "", was, now, places(ops))
    rest = list(groups.found.values())[_MOST:]
    if rest:
        ops = [op for group in rest for op in group]
        message = f"Constants that say what ops do are others at {count(len(ops), 'more place')}."
        yield Change(Grade.MINOR, Part.OPS, "op-constant", message, places=places(ops))


def _follows(each: Held) -> bool:
    """Whether the op gives other sizes: numbers that say so are no news."""
    pairs = zip(each.here.outputs, each.there.outputs, strict=False)
    return any(shown(before) != shown(after) for before, after in pairs)


def _numbers(tensor: Tensor) -> str:
    """The values of a constant; of a long one a text that tells it from others. Empty where it is unreadable."""
    array = tensor.array()
    if array is None:
        return ""
    if array.size > _LONGEST:
        digest = hashlib.sha256(array.tobytes()).hexdigest()[:8]
        return f"{array.size:,} numbers (SHA-256 {digest}…)"
    numbers = [int(value) for value in array.reshape(-1)]
    return str(numbers[0]) if len(numbers) == 1 else str(numbers)
