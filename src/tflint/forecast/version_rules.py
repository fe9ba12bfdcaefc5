"""Which version an op needs by itself, where more than one type decides: by its types, ranks and options.

Source: LiteRT f67457790, tflite/converter/tools/versioning/op_version.cc and op_signature.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.forecast.version_table import BY_TYPE, SLOT
from tflint.model import DType, Op, Tensor

__all__ = ["needed"]

_F8 = (DType.FLOAT8_E4M3FN, DType.FLOAT8_E5M2)


def needed(op: Op) -> int | None:
    """The version by the types, ranks and options of an op."""
    special = _SPECIAL.get(op.kind)
    found = special(op) if special is not None else 0
    if found or op.kind not in BY_TYPE:
        return found or 1
    dtype = _type(op, SLOT.get(op.kind, 0))
    if dtype is None:
        return None
    table = dict(part.split("=") for part in BY_TYPE[op.kind].split())
    name = "FLOAT8" if dtype in _F8 else dtype.value
    return int(table.get(name, table.get("*", "1")))


def _type(op: Op, slot: int) -> DType | None:
    tensor = op.input(slot)
    return None if tensor is None else tensor.dtype


def _types(op: Op) -> tuple[DType | None, DType | None, DType | None]:
    """The types of the input, the weights and the output."""
    return _type(op, 0), _type(op, 1), op.outputs[0].dtype if op.outputs else None


def _rank(op: Op, slot: int = 0) -> int:
    tensor = op.input(slot)
    return 0 if tensor is None else len(tensor.shape)


def _scales(tensor: Tensor | None) -> int:
    """How many scales a tensor has."""
    return 0 if tensor is None or tensor.quant is None else tensor.quant.scale.size


def _has_each(tensor: Tensor | None, axis: int) -> bool:
    """Whether a tensor has a scale for each slice along a dimension."""
    if tensor is None or not -len(tensor.default_shape) <= axis < len(tensor.default_shape):
        return False
    return 0 < _scales(tensor) == tensor.default_shape[axis]


def _integers(op: Op, weights: DType) -> bool:
    """Whether an op takes and gives 8-bit integers, with weights of a type."""
    return _types(op) == (DType.INT8, weights, DType.INT8)


def _hybrid(op: Op) -> bool:
    """Whether an op of floats has weights of 8-bit integers."""
    return _types(op) == (DType.FLOAT32, DType.INT8, DType.FLOAT32)


def _wide(op: Op, weights: DType) -> bool:
    return _types(op) == (DType.INT16, weights, DType.INT16)


def _wide_bias(op: Op) -> bool:
    """Whether an op of 16-bit integers says what type its bias has."""
    return _wide(op, DType.INT8) and op.options.get("quantized_bias_type", "FLOAT32") not in ("FLOAT32", 0)


def _channels(tensor: Tensor | None) -> int | None:
    return tensor.default_shape[3] if tensor is not None else None


def _conv_2d(op: Op) -> int:
    values, filters = op.input(0), op.input(1)
    if _wide_bias(op):
        return 8
    if _rank(op, 0) == _rank(op, 1) == 4 and _channels(values) != _channels(filters):
        return 6
    if _integers(op, DType.INT8):
        return 3
    if _integers(op, DType.INT4):
        return 7
    if _hybrid(op):
        return 5 if _has_each(filters, 0) else 2
    return 1


def _depthwise(op: Op) -> int:
    if _hybrid(op):
        return 6 if _has_each(op.input(1), 3) else 4
    if _integers(op, DType.INT8):
        return 3
    if _integers(op, DType.INT4):
        return 7
    dilated = any(op.options.get(f"dilation_{side}_factor", 1) != 1 for side in "wh")
    return 2 if dilated else 1


def _embedding(op: Op) -> int:
    table = op.input(1)
    if _type(op, 1) is DType.INT4 or (_scales(table) > 1 and _has_each(table, 0)):
        return 4
    return 5 if _type(op, 1) is DType.INT2 else 1


def _dense(op: Op) -> int:
    weights = op.input(1)
    ordered = (
        (14, _type(op, 1) is DType.INT2),
        (13, _wide(op, DType.INT4)),
        (12, _hybrid(op) and _has_each(weights, 0)),
        (11, _wide_bias(op)),
        (8, weights is not None and weights.sparsity is not None),
        (7, _wide(op, DType.INT16)),
        (6, len(op.inputs) == 2),
        (5, bool(op.options.get("keep_num_dims"))),
        (4, _integers(op, DType.INT8)),
        (10, _integers(op, DType.INT4)),
        (9, _hybrid(op) and bool(op.options.get("asymmetric_quantize_inputs"))),
        (3, _hybrid(op)),
        (2, op.options.get("weights_format", "DEFAULT") == "SHUFFLED4x16INT8"),
    )
    return next((number for number, holds in ordered if holds), 1)


def _gather(op: Op) -> int:
    if _type(op, 0) in (*_F8, DType.INT4):
        return 0
    if _type(op, 1) is DType.INT16:
        return 6
    return 5 if op.options.get("batch_dims") else 0


def _mul(op: Op) -> int:
    if _type(op, 0) is not DType.INT8 and _type(op, 0) is not DType.UINT8:
        return 0
    tensors = (op.input(0), op.input(1), op.outputs[0] if op.outputs else None)
    first, second, result = (
        float(tensor.quant.scale[0]) if tensor is not None and tensor.quant is not None and _scales(tensor) else 0.0
        for tensor in tensors
    )
    return 3 if result and first * second / result >= 1 else 0


def _transpose(op: Op) -> int:
    if _type(op, 0) is DType.FLOAT16:
        return 9
    if _rank(op) > 6:
        return 8
    if _type(op, 0) in (DType.BFLOAT16, DType.INT4):
        return 0
    if _rank(op) > 5:
        return 6
    return 4 if _rank(op) > 4 and _type(op, 0) is not DType.INT16 else 0


def _transpose_conv(op: Op) -> int:
    if _wide_bias(op):
        return 5
    if op.options.get("fused_activation_function", "NONE") != "NONE":
        return 4
    return 3 if len(op.inputs) == 4 and op.input(3) is not None else 0


def _lstm(op: Op) -> int:
    if op.options.get("kernel_type", "FULL") == "BASIC":
        return 2
    result = op.outputs[0].dtype if op.outputs else None
    types = (_type(op, 0), _type(op, 2), result)
    if types == (DType.INT16, DType.INT8, DType.INT16):
        return 5
    if types == (DType.FLOAT32, DType.INT8, DType.FLOAT32):
        return 4 if op.options.get("asymmetric_quantize_inputs") else 3
    return 1


def _sequence_lstm(op: Op) -> int:
    result = op.outputs[0].dtype if op.outputs else None
    types = (_type(op, 0), _type(op, 2), result)
    if types == (DType.INT16, DType.INT8, DType.INT16):
        return 5
    if op.options.get("diagonal_recurrent_tensors"):
        return 4
    if types == (DType.FLOAT32, DType.INT8, DType.FLOAT32):
        return 3 if op.options.get("asymmetric_quantize_inputs") else 2
    return 1


def _recurrent(op: Op) -> int:
    _, weights, result = _types(op)
    if weights is not DType.INT8 or result is not DType.FLOAT32:
        return 1
    return 3 if op.options.get("asymmetric_quantize_inputs") else 2


def _svdf(op: Op) -> int:
    if _hybrid(op):
        return 4 if op.options.get("asymmetric_quantize_inputs") else 2
    return 0


def _slice(op: Op) -> int:
    if _type(op, 0) in (DType.FLOAT16, DType.INT4, DType.UINT32):
        return 0
    return 5 if _rank(op) > 4 else 0


def _strided_slice(op: Op) -> int:
    if op.options.get("offset"):
        return 8
    if _type(op, 0) is DType.UINT32:
        return 7
    if op.options.get("ellipsis_mask") or op.options.get("new_axis_mask"):
        return 6
    return 4 if _rank(op) > 4 and _type(op, 0) is not DType.STRING else 0


def _dequantize(op: Op) -> int:
    tensor = op.input(0)
    if tensor is None or tensor.quant is None or tensor.dtype is not DType.INT8 or _scales(tensor) < 2:
        return 0
    return 5 if _has_each(tensor, tensor.quant.stored_axis) else 0


def _quantize(op: Op) -> int:
    given, result = _type(op, 0), op.outputs[0] if op.outputs else None
    if result is None:
        return 0
    types = (given, result.dtype)
    if DType.UINT4 in types:
        return 5
    if DType.INT4 in types:
        return 4
    if result.quant is not None and _scales(result) > 1 and _has_each(result, result.quant.stored_axis):
        return 3
    return 2 if result.dtype is DType.INT16 else 1


def _resize_bilinear(op: Op) -> int:
    return 3 if op.options.get("half_pixel_centers") and _type(op, 0) is not DType.INT16 else 0


def _resize_nearest(op: Op) -> int:
    moved = op.options.get("half_pixel_centers") or op.options.get("align_corners")
    return 3 if moved and _type(op, 0) is not DType.INT16 else 0


def _is_broadcast_wide(op: Op) -> bool:
    first, second = op.input(0), op.input(1)
    if first is None or second is None or len(op.inputs) < 2:
        return False
    return first.default_shape != second.default_shape and max(len(first.shape), len(second.shape)) > 4


def _extreme(op: Op) -> int:
    given, _, result = _types(op)
    if given is DType.INT16 and result is DType.INT16:
        return 4
    return 3 if _is_broadcast_wide(op) else 0


def _sub(op: Op) -> int:
    given, _, result = _types(op)
    if given is DType.INT16 and result is DType.INT16 and not op.options.get("pot_scale_int16", False):
        return 5
    return 3 if _is_broadcast_wide(op) and given is not DType.INT64 else 0


def _add(op: Op) -> int:
    given, _, result = _types(op)
    exact = not op.options.get("pot_scale_int16", False)
    return 3 if given is DType.INT16 and result is DType.INT16 and exact else 0


def _batch_space(op: Op) -> int:
    return 3 if _rank(op) != 4 and _type(op, 0) is not DType.INT16 else 0


def _gather_nd(op: Op) -> int:
    return 4 if _type(op, 1) is DType.INT16 and _type(op, 0) not in (*_F8, DType.BOOL) else 0


def _batch_matmul(op: Op) -> int:
    return 4 if _hybrid(op) and op.options.get("asymmetric_quantize_inputs") else 0


def _pad(op: Op) -> int:
    return 4 if _rank(op) > 4 and _type(op, 0) not in (*_F8, DType.BOOL) else 0


def _select(op: Op) -> int:
    five = any(_rank(op, slot) == 5 for slot in range(3))
    return 3 if five and _type(op, 0) is not DType.UINT32 else 0


def _top_k(op: Op) -> int:
    types = (_type(op, 0), _type(op, 1), op.outputs[1].dtype if len(op.outputs) > 1 else None)
    return 3 if DType.INT16 in types else 0


def _cast(op: Op) -> int:
    given, _, result = _types(op)
    pair = (given, result)
    if (given, result) == (DType.INT4, DType.FLOAT32):
        return 6
    return next((number for number, types in _CASTS if any(dtype in pair for dtype in types)), 1)


_CASTS = (
    (9, _F8),
    (8, (DType.INT2, DType.UINT4)),
    (7, (DType.BFLOAT16,)),
    (5, (DType.FLOAT64, DType.FLOAT16)),
    (4, (DType.UINT16,)),
    (3, (DType.INT8,)),
    (2, (DType.UINT32,)),
)

_SPECIAL: Mapping[str, Callable[[Op], int]] = {
    "ADD": _add,
    "BATCH_MATMUL": _batch_matmul,
    "BATCH_TO_SPACE_ND": _batch_space,
    "BIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
    "BIDIRECTIONAL_SEQUENCE_RNN": _recurrent,
    "CAST": _cast,
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _dequantize,
    "DIV": lambda op: 2 if _is_broadcast_wide(op) else 1,
    "EMBEDDING_LOOKUP": _embedding,
    "FAKE_QUANT": lambda op: 2 if op.options.get("narrow_range") else 1,
    "FULLY_CONNECTED": _dense,
    "GATHER": _gather,
    "GATHER_ND": _gather_nd,
    "L2_NORMALIZATION": lambda op: 2 if op.outputs and op.outputs[0].dtype is DType.INT8 else 1,
    "LSTM": _lstm,
    "MAXIMUM": _extreme,
    "MINIMUM": _extreme,
    "MUL": _mul,
    "PAD": _pad,
    "PADV2": _pad,
    "QUANTIZE": _quantize,
    "RESIZE_BILINEAR": _resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
    "RNN": _recurrent,
    "SELECT": _select,
    "SLICE": _slice,
    "SPACE_TO_BATCH_ND": _batch_space,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _sub,
    "SVDF": _svdf,
    "TOPK_V2": _top_k,
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _recurrent,
    "WHERE": lambda op: 1 if _type(op, 0) is DType.BOOL else 2,
}
"""Kind -> the version by more than one type; 0 where the type of one input decides after all."""
