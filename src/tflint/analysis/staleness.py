"""Whether the weights of a converted model are what a conversion makes of its source's, or were trained since."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.analysis.compared import Compared, Measured
from tflint.analysis.origins import Origin
from tflint.analysis.sites import LEAST, PRODUCTS, sites
from tflint.analysis.twins import Twin, in_layout_of
from tflint.model import DType, Model

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Drift", "Drifted", "drift"]

_HALF = 0.52
"""In steps: rounding to the nearest stays within half of one, and arithmetic in 32 bits errs a little."""
_RELATIVE = 2e-5
"""The largest relative error of folding in 32-bit arithmetic."""
_LEAST = 2e-6
"""The same, of the largest value of a constant."""
_HALF_FLOAT = 2.0**-11
_SMALLEST_HALF = 2.0**-25
_SHARE = 0.001
"""More of the values than this have to be off."""
_OTHER = 0.1
"""What is multiplied by more than this had something else folded into it."""
_ROUNDING = re.compile(r"FakeQuant|^Quantize|^QuantizeAndDequantize|Quantizer")
"""What rounds weights in a source that was trained to be quantized."""
_SEVERAL = 2
"""A model with fewer weights may have had them folded away."""
_LEVELS = 127
_SCALED = 0.01
"""Scales that differ by more were made of something else than the largest value."""
_PIECE = 1 << 18
_MOST = 1 << 22
"""So many values of a constant are looked at."""


@dataclass(frozen=True, eq=False)
class Drifted:
    """A constant that is near a weight of the source, and not what a conversion makes of it."""

    twin: Twin
    off: float
    """The share of its values that are off."""
    relative: float
    """The root of the mean square of the differences, over that of the source's values."""


@dataclass(frozen=True, eq=False)
class Drift:
    """The weights of a model: those that are the source's, those that are near them, and those that are others."""

    same: int
    near: tuple[Drifted, ...]
    other: tuple[Twin, ...]
    """Weights of which the source has another with the same sizes."""
    is_foreign: bool = False
    """Whether both have several weights, and not even their sizes fit."""


def drift(model: Model, known: Compared, source: Model) -> Drift:
    """Judge the pairs of a model and its source. Weights that are quantized while training are near by nature."""
    near: list[Drifted] = []
    other = list(known.strangers)
    same = 0
    is_rounding = any(_ROUNDING.search(op.kind) for graph in source.graphs for op in graph.ops)
    for each in known.measured:
        if not isinstance(each.twin.original, Origin):
            continue
        found = _drifted(each)
        if found is not None and is_rounding:
            continue
        if found is not None:
            near.append(found)
        else:
            same += 1
    is_foreign = not (same or near or other or known.measured) and _are_foreign(model, source)
    return Drift(same, tuple(near), tuple(other), is_foreign)


def _are_foreign(model: Model, source: Model) -> bool:
    """Whether both have several weights, and none of the one has as many elements as any of the other, or its parts."""
    mine = [site.tensor.elements for site in sites(model) if site.op.kind in PRODUCTS]
    theirs = [
        tensor.elements
        for graph in source.graphs
        for tensor in graph.tensors
        if tensor.data is not None and tensor.dtype.is_float and len(tensor.default_shape) > 1
    ]
    theirs = [elements for elements in theirs if elements >= LEAST]
    parts = {elements / gates for elements in theirs for gates in (1, 3, 4)}
    return min(len(mine), len(theirs)) >= _SEVERAL and parts.isdisjoint(mine)


def _drifted(each: Measured) -> Drifted | None:
    """How far a constant is off; None where it is what a conversion makes of the source's, or that is not known."""
    import numpy as np

    twin = each.twin
    with np.errstate(all="ignore"):
        off, looked_at = _off(twin, None)
        if not looked_at or _are_few(twin, off, looked_at) or _is_a_variant(twin):
            return None
        if _is_multiplied(each):
            off, _ = _off(twin, each.loss.factors)
            untold = 1 - float(np.isfinite(each.loss.factors).mean())  # channels whose factor is not known
            if off <= max(1, (_SHARE + untold) * looked_at):
                return None
    energy, noise = float(each.loss.energy.sum()), float(each.loss.noise.sum())
    return Drifted(twin, off / looked_at, (noise / energy) ** 0.5 if energy else 1.0)


def _is_a_variant(twin: Twin) -> bool:
    """Whether the constant is what the weight becomes with other factors: rounded, they may look alike."""
    original = twin.original
    others = [each for each in original.variants if each is not original] if isinstance(original, Origin) else []
    twins = [Twin(twin.converted, other) for other in others]
    return any(_are_few(each, *_off(each, None)) for each in twins)


def _are_few(twin: Twin, off: int, looked_at: int) -> bool:
    """Whether a constant is what the source's becomes, rounded to scales that its largest values ask for."""
    return off <= max(1, _SHARE * looked_at) and not _is_scaled_otherwise(twin)


def _is_scaled_otherwise(twin: Twin) -> bool:
    """Whether most scales are near those that the source's largest values ask for, and not the same.

    Source: LiteRT f67457790, tflite/tools/optimize/quantization_utils.cc, SymmetricPerChannelQuantization.
    """
    import numpy as np

    tensor = twin.converted.tensor
    original = in_layout_of(twin)
    if tensor.dtype is not DType.INT8 or tensor.quant is None or original is None or original.size > _MOST:
        return False
    axis = tensor.quant.stored_axis
    many = tensor.quant.scale.size > 1
    others = tuple(number for number in range(original.ndim) if not many or number != axis)
    largest = abs(original).max(axis=others).astype(np.float64)
    ratio = tensor.quant.scale.astype(np.float64) * _LEVELS / largest - 1
    judged = np.isfinite(ratio) & (abs(ratio) < _SCALED)
    return bool(judged.any() and 2 * (abs(ratio[judged]) > _RELATIVE).sum() > judged.size)


def _is_multiplied(each: Measured) -> bool:
    """Whether the channels are the source's times numbers of their own: something that is not known was folded in."""
    import numpy as np

    factors = each.loss.factors[each.counted] if each.counted.any() else each.loss.factors
    known = factors[np.isfinite(factors)]
    return bool(2 * known.size > factors.size and 2 * (abs(known - 1) > _OTHER).sum() > known.size)


def _off(twin: Twin, factors: NDArray[numpy.float64] | None) -> tuple[int, int]:
    """How many values are not what the source's become, and how many were looked at."""
    tensor = twin.converted.tensor
    stored, original = tensor.array(), in_layout_of(twin)
    if stored is None or original is None or stored.size == 0:
        return 0, 0
    axis = _axis(twin, factors)
    scale, point = _by_channel(twin, stored.ndim, axis, factors)
    off = seen = 0
    step = max(1, _PIECE // max(1, stored[0].size)) if stored.ndim else 1
    flat = stored.reshape(1) if not stored.ndim else stored
    real = original.reshape(1) if not original.ndim else original
    for start in range(0, flat.shape[0], step):
        part = slice(start, start + step)
        off += _count(tensor.dtype, flat[part], real[part], _cut(scale, part), _cut(point, part))
        seen += flat[part].size
        if seen >= _MOST:
            break
    return off, seen


def _axis(twin: Twin, factors: NDArray[numpy.float64] | None) -> int:
    """The dimension that the channels stand along."""
    shape = twin.converted.tensor.default_shape
    quant = twin.converted.tensor.quant
    if quant is not None and quant.scale.size > 1:
        return quant.stored_axis
    if factors is not None and factors.size > 1:
        return 3 if twin.converted.op.kind == "DEPTHWISE_CONV_2D" and len(shape) == 4 else 0
    return 0


def _by_channel(twin: Twin, rank: int, axis: int, factors: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The scales, over the factors, and the zero points, in a shape that goes with the values."""
    import numpy as np

    quant = twin.converted.tensor.quant
    is_float = twin.converted.tensor.dtype.is_float or quant is None
    scale = np.ones(1) if is_float or quant is None else quant.scale.astype(np.float64)
    point = np.zeros(1) if is_float or quant is None or not quant.zero_point.size else quant.zero_point.astype(float)
    if factors is not None:
        scale = scale / np.where(np.isfinite(factors), factors, 1)

    def along(values: NDArray[Any]) -> NDArray[Any]:
        sizes = [-1 if number == axis else 1 for number in range(max(1, rank))]
        return values.reshape(sizes) if values.size > 1 else values.reshape([1] * max(1, rank))

    return along(scale), along(point)


def _cut(values: NDArray[Any], part: slice) -> NDArray[Any]:
    return values[part] if values.shape[0] > 1 else values


def _count(dtype: DType, stored: NDArray[Any], real: NDArray[Any], scale: NDArray[Any], point: NDArray[Any]) -> int:
    """How many of the stored values are not what the real ones round to."""
    import numpy as np

    raw = stored.astype(np.float64)
    wanted = real.astype(np.float64) / scale
    if dtype.is_float:
        largest = float(abs(wanted).max(initial=0))
        allowed = _RELATIVE * abs(wanted) + _LEAST * largest
        exact = abs(raw - wanted) <= allowed
        if exact.all():
            return 0
        halves = stored.astype(np.float16).astype(stored.dtype) == stored
        if halves.all():
            allowed = allowed + 1.01 * _HALF_FLOAT * abs(wanted) + _SMALLEST_HALF
            exact = abs(raw - wanted) <= allowed
        return int((~exact).sum())
    low, high = dtype.integer_range or (0, 0)
    wanted = wanted + point
    clipped = ((raw <= low + 1) & (wanted < raw)) | ((raw >= high) & (wanted > raw))
    return int(((abs(raw - wanted) > _HALF) & ~clipped).sum())
