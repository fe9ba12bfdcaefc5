"""The ops that hand integers on as they are, and what keeps those from meaning the same afterwards.

Source: LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md, tflite/converter/tools/optimize/
operator_property.cc (restrict_same_input_output_scale), tflite/converter/ir/tfl_ops.td (SameOperandsAndResultsScale).
What the kernels do is from tflite/kernels at that commit, and each entry was run with ai-edge-litert 2.3.0, on its
built-in kernels and with XNNPACK. Left out are SUM on INT16 and CONCATENATION on UINT8, whose kernels rescale;
DYNAMIC_UPDATE_SLICE, EMBEDDING_LOOKUP, REVERSE_SEQUENCE and TOPK_V2, which the specification forgets, do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from tflint import DType, Op, QuantParams, Tensor

__all__ = ["Handling", "Pair", "differs", "one", "pairs", "rounds_away"]

Affine = tuple[float, int]
"""The scale and zero point of a whole tensor."""

_I8, _U8, _I16 = DType.INT8, DType.UINT8, DType.INT16
_TYPES = frozenset({_I8, _U8, _I16})


class Handling(Enum):
    """What the built-in kernel does where two tensors that it moves integers between differ."""

    MOVES = "moves"
    """It does not look: the integers stay, and stand for other values."""
    REFUSES = "refuses"
    """It compares both exactly, and refuses the model."""


class Pair(NamedTuple):
    """An input and an output of an op, quantized with one scale each, of one type."""

    source: Tensor
    output: Tensor
    before: Affine
    after: Affine
    handling: Handling


_INPUTS: Mapping[str, tuple[int, ...] | None] = {
    **dict.fromkeys("AVERAGE_POOL_2D MAX_POOL_2D RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR".split(), (0,)),
    **dict.fromkeys("BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND DEPTH_TO_SPACE SPACE_TO_DEPTH".split(), (0,)),
    **dict.fromkeys("RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE BROADCAST_TO TILE".split(), (0,)),
    **dict.fromkeys("GATHER GATHER_ND SLICE STRIDED_SLICE SPLIT_V UNPACK TOPK_V2".split(), (0,)),
    **dict.fromkeys("PAD MIRROR_PAD REVERSE_V2 REVERSE_SEQUENCE REDUCE_MAX REDUCE_MIN".split(), (0,)),
    **dict.fromkeys("SPLIT FILL SCATTER_ND EMBEDDING_LOOKUP".split(), (1,)),
    **dict.fromkeys("MAXIMUM MINIMUM DYNAMIC_UPDATE_SLICE".split(), (0, 1)),
    **dict.fromkeys("SELECT SELECT_V2".split(), (1, 2)),
    "PADV2": (0, 2),
    **dict.fromkeys("CONCATENATION PACK".split()),
}
"""Op -> the inputs whose integers it hands on, None for all of them. Each of its outputs of their type is compared."""
_CHECKED = frozenset(
    "BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND EXPAND_DIMS FILL MIRROR_PAD PACK UNPACK REDUCE_MAX REDUCE_MIN".split()
)
"""The ops whose built-in kernels compare the parameters. XNNPACK, which takes REDUCE_MAX and REDUCE_MIN, does not."""


def pairs(op: Op) -> Iterator[Pair]:
    """Yield the inputs and outputs of an op that have to share their parameters and do not, exactly compared."""
    if op.is_custom or op.kind not in _INPUTS:
        return
    slots = _INPUTS[op.kind]
    for slot, source in enumerate(op.inputs):
        if source is None or source.dtype not in _TYPES or (slots is not None and slot not in slots):
            continue
        before = one(source.quant)
        handling = _handling(op.kind, slot, source.dtype)
        if before is None or handling is None:
            continue
        for output in op.outputs:
            after = one(output.quant)
            if output.dtype is source.dtype and after is not None and after != before:
                yield Pair(source, output, before, after, handling)


def differs(pair: Pair) -> bool:
    """True where the model is refused, or where integers would have to change to mean the same."""
    return pair.handling is Handling.REFUSES or not rounds_away(pair.before, pair.after, pair.source.dtype)


def rounds_away(before: Affine, after: Affine, dtype: DType) -> bool:
    """True where every integer stands for so nearly the same value that requantizing would not change one."""
    (scale, point), (other, other_point) = before, after
    if point != other_point or not other > 0 or dtype.integer_range is None:
        return False
    farthest = max(abs(limit - point) for limit in dtype.integer_range)
    return farthest * abs(scale / other - 1) < 0.5


def one(quant: QuantParams | None) -> Affine | None:
    """The scale and zero point of a whole tensor; None where it has none, or several."""
    if quant is None or quant.details is not None or quant.lacks_zero_point:
        return None
    if len(quant.scale) != 1 or len(quant.zero_point) != 1:
        return None
    return float(quant.scale[0]), int(quant.zero_point[0])


def _handling(kind: str, slot: int, dtype: DType) -> Handling | None:
    """None where the kernel rescales."""
    if kind == "CONCATENATION":
        return {_I8: Handling.REFUSES, _I16: Handling.MOVES}.get(dtype)
    if kind == "PADV2":
        return Handling.REFUSES if slot == 2 else Handling.MOVES
    return Handling.REFUSES if kind in _CHECKED else Handling.MOVES
