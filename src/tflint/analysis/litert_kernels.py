"""The scratch memory that LiteRT's optimized CPU kernels take from the arena while an op runs, on one thread.

What they keep from run to run, and what they take from the heap, is not in it. Nor is the scratch memory of LSTM,
BIDIRECTIONAL_SEQUENCE_LSTM, BIDIRECTIONAL_SEQUENCE_RNN, STABLEHLO_REDUCE_WINDOW and of most custom ops.

Source: LiteRT f67457790, where the Prepare functions of tflite/kernels/*.cc set `temporaries` of kTfLiteArenaRw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isqrt, prod

from tflint.analysis.placing import rounded_up
from tflint.analysis.shape_rules import UnknownSizeError, View, padded_window
from tflint.analysis.sizing import Sizing
from tflint.model import DType, Op, Tensor

__all__ = ["temporaries"]

_QUANTIZED = frozenset({DType.INT8, DType.UINT8})
_HYBRID = _QUANTIZED | {DType.INT4}
_SUMS = {DType.INT32: 8, DType.INT64: 8, DType.BOOL: 1}
_PACKED_UNITS, _PACKED_DEPTH, _PACKED_ROWS = 4, 32, 4
"""The block of the 4-bit FULLY_CONNECTED kernel (tflite/kernels/internal/optimized/fully_connected_4bit.h)."""


def temporaries(op: Op, found: Sizing) -> tuple[int, ...] | None:
    """The bytes of each piece, in the order in which the kernel asks; None where a size is known only at run time."""
    rule = (_CUSTOM if op.is_custom else _RULES).get(op.kind)
    if rule is None:
        return ()
    try:
        return rule(found.shapes.view(op), found)
    except (UnknownSizeError, ValueError, IndexError, ZeroDivisionError):
        return None


def _tensor(view: View, slot: int) -> Tensor:
    found = view.op.input(slot)
    if found is None:
        raise UnknownSizeError
    return found


def _element(tensor: Tensor) -> int:
    return (tensor.dtype.bits or 0) // 8 or 1


def _is_hybrid(view: View, weights: int, of: frozenset[DType]) -> bool:
    return _tensor(view, 0).dtype is DType.FLOAT32 and _tensor(view, weights).dtype in of


def _conv_2d(view: View, _found: Sizing) -> tuple[int, ...]:
    x, kernel = view.shape(0), view.shape(1)
    filters = _tensor(view, 1)
    hybrid = _is_hybrid(view, 1, _HYBRID)
    rows = x[0] * prod(padded_window(view, x[1:3], kernel[1:3], "hw"))
    steps = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    sizes: list[int] = []
    if any(view.option(step, 1) != 1 for step in steps) or kernel[1:3] != (1, 1):
        sizes.append(rows * prod(kernel[1:]) * (1 if hybrid else _element(_tensor(view, 0))))
    if hybrid:
        height = prod(x) // kernel[3]
        sizes += [prod(x), 4 * height, 4 * kernel[0] * rows]
        scales = None if filters.quant is None or filters.dtype is DType.UINT8 else filters.quant.scale
        if scales is not None and bool((scales != scales[:1]).any()):
            sizes.append(4 * height)
    return tuple(sizes)


def _conv_3d(view: View, _found: Sizing) -> tuple[int, ...]:
    x, kernel = view.shape(0), view.shape(1)
    steps = [f"{what}_{axis}{end}" for what, end in (("stride", ""), ("dilation", "_factor")) for axis in "dhw"]
    if all(view.option(step, 1) == 1 for step in steps) and kernel[:3] == (1, 1, 1):
        return ()
    return (x[0] * prod(padded_window(view, x[1:4], kernel[:3], "dhw")) * prod(kernel[:4]) * 4,)


def _depthwise(view: View, _found: Sizing) -> tuple[int, ...]:
    if not _is_hybrid(view, 1, frozenset({DType.INT8})):
        return ()
    x = view.shape(0)
    return prod(x), 4 * x[0], 4 * x[0]


def _fully_connected(view: View, _found: Sizing) -> tuple[int, ...]:
    if not _is_hybrid(view, 1, _HYBRID | {DType.INT2}):
        return ()
    elements, (units, depth) = prod(view.shape(0)), view.shape(1)
    if not depth:
        return ()
    rows = elements // depth
    weights = _tensor(view, 1)
    columns = elements // rows if rows else 0
    is_packed = columns % 2 == 0 and columns >= _PACKED_DEPTH and units >= _PACKED_UNITS
    if weights.dtype is DType.INT4 and weights.is_constant and is_packed:
        block = next(size for size in (_PACKED_ROWS, 2, 1) if rows >= size)
        rows, units = rounded_up(rows, block), rounded_up(units, _PACKED_UNITS)
        return rows * rounded_up(columns, _PACKED_DEPTH), 4 * rows, 4 * rows * units, 4 * rows
    return elements, 4 * rows, 4 * units * rows, 4 * rows


def _batch_matmul(view: View, _found: Sizing) -> tuple[int, ...]:
    left, right = view.shape(0), view.shape(1)
    x, y = _tensor(view, 0), _tensor(view, 1)
    sizes = [prod(left) * _element(x)]
    if not y.is_constant:
        sizes.append(prod(right) * _element(y))
    if _is_hybrid(view, 1, frozenset({DType.INT8})):
        rows = left[-1] if view.option("adj_x", False) else left[-2]
        units = right[-2] if view.option("adj_y", False) else right[-1]
        batches = prod(left[:-2])
        sizes += [prod(left), 4 * batches * rows, 4 * units * rows, 4 * batches * rows]
    return tuple(sizes)


def _reduce(view: View, found: Sizing) -> tuple[int, ...]:
    x, axes, output = _tensor(view, 0), _tensor(view, 1), view.op.outputs[0]
    rank = 4 * len(x.default_shape)
    if found.is_known(x) and found.is_known(axes) and view.op.kind == "REDUCE_PROD" and found.is_known(output):
        return (rank,)  # the rest is on the heap
    sizes = [rank]
    if found.is_known(axes):
        sizes.append(4 * prod(view.shape(1)))
        if view.op.kind in ("MEAN", "SUM", "REDUCE_PROD"):
            shape = found.shapes.shape(output)
            if shape is None:
                raise UnknownSizeError
            sizes.append(prod(shape) * _SUMS.get(x.dtype, 4))
    if found.is_known(x):
        sizes.append(rank)
    return tuple(sizes)


def _add_n(view: View, _found: Sizing) -> tuple[int, ...]:
    return (prod(view.shape(0)) * _element(_tensor(view, 0)),)


def _svdf(view: View, _found: Sizing) -> tuple[int, ...]:
    x, filters = view.shape(0), view.shape(1)[0]
    scratch = 4 * x[0] * filters
    if _is_hybrid(view, 1, _QUANTIZED):
        return scratch, prod(x), 4 * x[0], 4 * x[0]
    if _tensor(view, 0).dtype is DType.INT8:
        return scratch, 4 * x[0] * (filters // max(view.option("rank", 1), 1))
    return (scratch,)


def _sequence_lstm(view: View, _found: Sizing) -> tuple[int, ...]:
    x, cells = view.shape(0), view.shape(4)[0]
    batch = x[1] if view.option("time_major", False) else x[0]
    if _tensor(view, 0).dtype is DType.INT8:
        return (*[2 * batch * cells] * 4, batch * cells, 4 * batch * cells)
    gates = 4 if view.op.input(1) is None else 5
    scratch = batch * (cells * gates + 16) * _element(_tensor(view, 0))
    if not _is_hybrid(view, 4, _QUANTIZED):
        return (scratch,)
    states = prod(view.shape(18)), prod(view.shape(19))
    return (scratch, prod(x), *states, *[4 * batch] * 3, 4 * cells, 4 * cells * batch, *[4 * batch] * 2)


def _rnn(view: View, _found: Sizing) -> tuple[int, ...]:
    if not _is_hybrid(view, 1, _QUANTIZED):
        return ()
    x, units = view.shape(0), view.shape(1)[0]
    batch = x[1] if view.option("time_major", False) else x[0]
    return prod(x), prod(view.shape(4)), 4 * batch, 4 * units * batch, 4 * batch


def _rfft_2d(view: View, found: Sizing) -> tuple[int, ...]:
    if not found.is_known(view.op.input(1)):
        return ()
    height, width = view.numbers(1)
    longest = max(height, width // 2)
    return 4 * (2 + isqrt(longest)), 8 * (longest // 2 + width // 4), 8 * height, 8 * height * (width + 2)


def _detection(view: View, _found: Sizing) -> tuple[int, ...]:
    return 16 * view.shape(0)[1], 4 * view.shape(1)[1] * view.shape(1)[2]


_RULES: Mapping[str, Callable[[View, Sizing], tuple[int, ...]]] = {
    "ADD_N": _add_n, "BATCH_MATMUL": _batch_matmul, "CONV_2D": _conv_2d, "CONV_3D": _conv_3d,
    "DEPTHWISE_CONV_2D": _depthwise, "FULLY_CONNECTED": _fully_connected, "MEAN": _reduce, "REDUCE_ALL": _reduce,
    "REDUCE_ANY": _reduce, "REDUCE_MAX": _reduce, "REDUCE_MIN": _reduce, "REDUCE_PROD": _reduce, "RFFT2D": _rfft_2d,
    "RNN": _rnn, "SUM": _reduce, "SVDF": _svdf, "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _rnn,
}  # fmt: skip
_CUSTOM: Mapping[str, Callable[[View, Sizing], tuple[int, ...]]] = {"TFLite_Detection_PostProcess": _detection}
