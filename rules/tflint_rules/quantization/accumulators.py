"""The sums of products that weights and bias can add up to, and the integers that they are added up in."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from tflint import Context, DType, Tensor
from tflint.analysis.weights import readable
from tflint_rules.quantization.weight_uses import BIASED, WeightUse, is_affine, uses

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ROOM", "Overflow", "overflows"]

ROOM = {32: 2**31 - 1, 48: 2**47 - 1}
"""Bits -> the largest sum: of a 64-bit sum, the kernels can scale 48 bits.

Source: LiteRT f67457790, tflite/kernels/internal/common.cc, MultiplyByQuantizedMultiplier.
"""
_SOURCES = (DType.INT8, DType.UINT8, DType.INT16)
_SPANS = {dtype: most - least for dtype in DType for least, most in (dtype.integer_range or (0, 1),)}
_PIECE = 1 << 20
_MOST_PHASES = 64


class Overflow(NamedTuple):
    """Sums that can leave their accumulator: between `low` and `high` in that output channel."""

    use: WeightUse
    bits: int
    channel: int
    low: int
    high: int

    @property
    def always(self) -> bool:
        """True where no input gives a sum that fits."""
        return self.low > ROOM[self.bits] or self.high < -ROOM[self.bits]

    @property
    def largest(self) -> int:
        """The sum that is furthest from 0."""
        return max(self.low, self.high, key=abs)


def overflows(ctx: Context) -> Iterator[Overflow]:
    """Yield the ops whose sums can overflow, each with its worst output channel."""
    stands = ctx.once(readable, ctx.model)
    for use in _suspects(ctx):
        weights, bias = stands.get(use.weights), None if use.bias is None else stands.get(use.bias)
        values = None if weights is None else weights.array()
        if values is None or not values.size:
            continue
        found = _overflow(use, values, None if bias is None else bias.array())
        if found is not None:
            yield found


def _suspects(ctx: Context) -> Iterator[WeightUse]:
    """The ops whose sums might overflow if every weight were the largest of its type."""
    large = _large_biases(ctx)
    for use in ctx.once(uses, ctx.model):
        if use.op.kind not in BIASED or use.source is None or use.source.dtype not in _SOURCES:
            continue
        sizes, axis = use.weights.default_shape, use.axis or 0
        if not _is_sound(use.source) or not _is_sound(use.weights) or axis >= len(sizes) or not sizes[axis]:
            continue
        room = ROOM[_bits(use)] // (2 * _SPANS[use.source.dtype] * _SPANS[use.weights.dtype])
        if prod(sizes) // sizes[axis] > room or use.bias in large:
            yield use


def _is_sound(tensor: Tensor) -> bool:
    """True where the first zero point is one of the type: other rules tell the rest."""
    if tensor.quant is None or not is_affine(tensor):
        return False
    point = tensor.quant.zero_point[0]
    if not point:
        return True
    least, most = tensor.dtype.integer_range or (0, 0)
    return bool(least <= point <= most)


def _bits(use: WeightUse) -> int:
    """The width of the sums.

    Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected}.cc, the paths of
    EvalQuantized for 16 bits: an INT64 bias is added up in 64 bits, and everything else in 32.
    """
    if use.source is None or use.source.dtype is not DType.INT16:
        return 32
    said = use.op.options.get("quantized_bias_type", "FLOAT32")
    if use.op.kind == "FULLY_CONNECTED":
        wide = said == "INT64" or (use.weights.dtype is not DType.INT16 and _is_wide(use.bias))
        return 48 if wide else 32
    return 32 if said == "INT32" else 48


def _is_wide(bias: Tensor | None) -> bool:
    return bias is not None and bias.dtype is DType.INT64


def _large_biases(ctx: Context) -> frozenset[Tensor]:
    """The biases with a value of at least 2^30: few models have any, so all are looked at in one go first."""
    import numpy as np

    stands, found = ctx.once(readable, ctx.model), set()
    biases = dict.fromkeys(use.bias for use in ctx.once(uses, ctx.model) if use.bias is not None)
    for dtype in (DType.INT32, DType.INT64):
        constants = {bias: stands[bias].array() for bias in biases if bias.dtype is dtype and bias in stands}
        known = {bias: values.reshape(-1) for bias, values in constants.items() if values is not None and values.size}
        whole = np.concatenate([*known.values(), np.zeros(1, np.int64)])
        if max(-int(whole.min()), int(whole.max())) >= 2**30:
            found |= {bias for bias, values in known.items() if max(-int(values.min()), int(values.max())) >= 2**30}
    return frozenset(found)


def _overflow(use: WeightUse, values: NDArray[Any], bias: NDArray[Any] | None) -> Overflow | None:
    """The worst output channel of an op, where its sums can overflow."""
    import numpy as np

    assert use.source is not None
    assert use.source.quant is not None
    least, most = use.source.dtype.integer_range or (0, 0)
    point, channels = int(use.source.quant.zero_point[0]), values.shape[use.axis or 0]
    fits = bias is not None and bias.size == channels
    offset = bias.reshape(-1).astype(object) if bias is not None and fits else np.zeros(channels, object)
    worst: Overflow | None = None
    for positive, negative in _sums(values, use):
        high = positive * (most - point) + negative * (least - point) + offset
        low = positive * (least - point) + negative * (most - point) + offset
        channel = int(np.maximum(high, -low).argmax())
        found = Overflow(use, _bits(use), channel, int(low[channel]), int(high[channel]))
        if worst is None or abs(found.largest) > abs(worst.largest):
            worst = found
    return worst if worst is not None and abs(worst.largest) > ROOM[worst.bits] else None


def _sums(values: NDArray[Any], use: WeightUse) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """For each output channel, the sums of the positive and of the negative weights, as Python integers.

    A TRANSPOSE_CONV adds every so many-th weight only: each phase of its stride is yielded.
    """
    import numpy as np

    assert use.weights.quant is not None
    point = int(use.weights.quant.zero_point[0]) if use.weights.dtype is DType.UINT8 else 0
    rows = np.moveaxis(values, use.axis or 0, 0)
    if use.op.kind != "TRANSPOSE_CONV" or rows.ndim != 4:
        yield _signed(rows.reshape(len(rows), -1), point)
        return
    down, across = (max(1, int(use.op.options.get(key, 1))) for key in ("stride_h", "stride_w"))
    tops, lefts = min(down, rows.shape[1]), min(across, rows.shape[2])
    for phase in range(tops * lefts if tops * lefts <= _MOST_PHASES else 0):
        part = rows[:, phase // lefts :: down, phase % lefts :: across]
        yield _signed(part.reshape(len(rows), -1), point)


def _signed(rows: NDArray[Any], point: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The sums of what is above a zero point and of what is below it, row by row, a few rows at a time."""
    import numpy as np

    above, below = np.zeros(len(rows), object), np.zeros(len(rows), object)
    step = max(1, _PIECE // rows.shape[1])
    for start in range(0, len(rows), step):
        piece = rows[start : start + step].astype(np.int32) - point
        above[start : start + step] = np.maximum(piece, 0).sum(axis=1, dtype=np.int64)
        below[start : start + step] = np.minimum(piece, 0).sum(axis=1, dtype=np.int64)
    return above, below
