"""What the reference kernels of TFLite Micro ask for, on a 64-bit host: scratch memory, and memory that lasts.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/kernels/*.cc and *.h (with USE_TFLM_COMPRESSION), and
tensorflow/lite/core/api/flatbuffer_conversions.cc with builtin_op_data.h for the options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from tflint.model import DType, Op, Tensor

__all__ = ["kept", "options", "scratch"]

_INTEGERS = frozenset({DType.INT8, DType.INT16})
_OPTIONS: Mapping[str, int] = {
    "ADD": 8, "ARG_MAX": 4, "ARG_MIN": 4, "AVERAGE_POOL_2D": 40, "BATCH_MATMUL": 3, "CALL_ONCE": 4, "CAST": 8,
    "CONCATENATION": 8, "CONV_2D": 28, "CUMSUM": 2, "DEPTHWISE_CONV_2D": 28, "DEPTH_TO_SPACE": 4, "DIV": 4,
    "FULLY_CONNECTED": 16, "GATHER": 8, "IF": 8, "L2_NORMALIZATION": 4, "L2_POOL_2D": 40, "LEAKY_RELU": 4,
    "MAX_POOL_2D": 40, "MEAN": 1, "MIRROR_PAD": 4, "MUL": 4, "PACK": 8, "REDUCE_ALL": 1, "REDUCE_ANY": 1,
    "REDUCE_MAX": 1, "REDUCE_MIN": 1, "RESHAPE": 36, "RESIZE_BILINEAR": 2, "RESIZE_NEAREST_NEIGHBOR": 2, "SHAPE": 4,
    "SOFTMAX": 4, "SPACE_TO_DEPTH": 4, "SPLIT": 4, "SPLIT_V": 4, "SQUEEZE": 36, "STRIDED_SLICE": 24, "SUB": 8, "SUM": 1,
    "SVDF": 12, "TRANSPOSE_CONV": 20, "UNIDIRECTIONAL_SEQUENCE_LSTM": 16, "UNPACK": 8, "VAR_HANDLE": 16, "WHILE": 8,
}  # fmt: skip
"""Op -> the bytes of its options, decoded."""
_UNALIGNED = frozenset(
    {"BATCH_MATMUL", "CUMSUM", "MEAN", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN", "RESIZE_BILINEAR"}
    | {"RESIZE_NEAREST_NEIGHBOR", "SUM"}
)
"""Ops with options of single bytes."""
_KEPT: Mapping[str, int] = {
    "ABS": 28, "ADD": 60, "ASSIGN_VARIABLE": 4, "AVERAGE_POOL_2D": 32, "BATCH_MATMUL": 32, "CALL_ONCE": 8,
    "CIRCULAR_BUFFER": 8, "CONCATENATION": 80, "CONV_2D": 80, "DEPTHWISE_CONV_2D": 80, "DEQUANTIZE": 32, "DIV": 28,
    "ELU": 256, "EQUAL": 32, "FULLY_CONNECTED": 88, "GREATER": 32, "GREATER_EQUAL": 32, "HARD_SWISH": 20, "IF": 8,
    "L2_NORMALIZATION": 4, "LEAKY_RELU": 24, "LESS": 32, "LESS_EQUAL": 32, "LOGISTIC": 16, "MAX_POOL_2D": 32,
    "MEAN": 44, "MIRROR_PAD": 20, "MUL": 36, "NOT_EQUAL": 32, "PAD": 56, "PADV2": 56, "PRELU": 28, "QUANTIZE": 32,
    "REDUCE_ALL": 44, "REDUCE_ANY": 44, "REDUCE_MAX": 44, "REDUCE_MIN": 44, "RELU": 28, "RELU6": 8, "RSQRT": 28,
    "SELECT_V2": 1, "SOFTMAX": 80, "SPACE_TO_BATCH_ND": 4, "SQUARED_DIFFERENCE": 112, "STRIDED_SLICE": 84, "SUB": 52,
    "SUM": 44, "SVDF": 36, "TANH": 16, "TFLite_Detection_PostProcess": 112, "TRANSPOSE_CONV": 88,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 688, "VAR_HANDLE": 4, "WHILE": 8,
}  # fmt: skip
"""Op -> the bytes that its kernel keeps from the start."""
_OWN_SHAPE = frozenset({"BATCH_MATMUL", "DEPTH_TO_SPACE", "GATHER", "GATHER_ND", "L2_POOL_2D", "SPACE_TO_DEPTH"})
"""Ops that keep a shape of their output."""
_TABLE_16 = 2 * 513
"""The bytes of a lookup table of 16-bit integers."""


def options(op: Op) -> tuple[int, int]:
    """The bytes of the op's decoded options, and their alignment."""
    size = _OPTIONS.get(op.kind, 0)
    return size, 8 if op.kind == "VAR_HANDLE" else 1 if op.kind in _UNALIGNED else 4


def kept(op: Op) -> tuple[int, tuple[int, ...]]:
    """The bytes of what the op's kernel keeps from the start, and of what it keeps once it is prepared."""
    x, output = op.input(0), op.outputs[0] if op.outputs else None
    if x is None or output is None:
        return _KEPT.get(op.kind, 0), ()
    return _KEPT.get(op.kind, 0), tuple(_prepared(op, x, output))


def _prepared(op: Op, x: Tensor, output: Tensor) -> list[int]:
    other = op.input(1)
    shape = 4 + 4 * len(output.default_shape)
    if op.kind in _CHANNELS and other is not None and len(other.default_shape) == 4:
        return [4 * other.default_shape[_CHANNELS[op.kind]]] * 2
    if op.kind == "FULLY_CONNECTED" and other is not None and other.quant is not None and x.dtype in _INTEGERS:
        return [4 * len(other.quant.scale)] * 2 if len(other.quant.scale) > 1 else []
    if op.kind == "BATCH_MATMUL" and other is not None:
        return [*_transposed(op, x, other), shape]
    if op.kind == "EMBEDDING_LOOKUP":
        return [shape, 16]
    if op.kind == "SOFTMAX" and x.dtype is DType.INT16:
        return [_TABLE_16] * 2
    late = {"ADD_N": 40, "CUMSUM": 36, "LOG_SOFTMAX": 40}
    if op.kind in late and output.dtype is DType.INT8:
        return [late[op.kind]]
    return [shape] if op.kind in _OWN_SHAPE else []


_CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "TRANSPOSE_CONV": 0}
"""Op -> the dimension of its filter that has a scale for each place."""


def _transposed(op: Op, left: Tensor, right: Tensor) -> list[int]:
    """What BATCH_MATMUL keeps: the quantization, and the operands that it has to turn."""
    turned = [left] if op.options.get("adj_x", False) else []
    turned += [] if op.options.get("adj_y", False) else [right]
    sizes = [28] if left.dtype in _INTEGERS else []
    for tensor in turned:
        sizes += [24, 4 + 4 * len(tensor.default_shape), tensor.nbytes or 0]
    return sizes


def scratch(op: Op) -> tuple[int, ...]:
    """The scratch memory that the op's kernel asks for while it runs, in bytes; pieces of no bytes are planned, too."""
    rule = _SCRATCH.get(op.kind)
    x = op.input(0)
    return () if rule is None or x is None or not op.outputs else rule(op, x, op.outputs[0])


def _reduce(op: Op, x: Tensor, output: Tensor) -> tuple[int, ...]:
    axes = op.input(1)
    sums = (4 * output.elements,) if op.kind in ("MEAN", "SUM") and x.dtype in _INTEGERS else ()
    return (*sums, 4 * len(x.default_shape), 4 * axes.elements if axes is not None else 0)


def _transpose_conv(op: Op, _sizes: Tensor, output: Tensor) -> tuple[int, ...]:
    x, bias = op.input(2), op.input(3)
    if x is None or x.dtype not in _INTEGERS:
        return ()
    if x.dtype is DType.INT8:
        return (4 * output.elements,)
    widened = (8 * bias.elements,) if bias is not None and bias.dtype is DType.INT16 else ()
    return (*widened, 8 * output.elements)


def _add_n(op: Op, _x: Tensor, output: Tensor) -> tuple[int, ...]:
    return (8 * len(op.inputs),) if output.dtype in (DType.FLOAT32, DType.INT8) else ()


def _mirror_pad(_op: Op, x: Tensor, _output: Tensor) -> tuple[int, ...]:
    return (4 * len(x.default_shape),) * 2


def _lstm(op: Op, _x: Tensor, _output: Tensor) -> tuple[int, ...]:
    state = op.input(19)
    return (state.nbytes or 0,) * 4 if state is not None else ()


def _svdf(op: Op, x: Tensor, _output: Tensor) -> tuple[int, ...]:
    features = op.input(1)
    if features is None or not features.default_shape or not x.default_shape:
        return ()
    filters, batch = features.default_shape[0], x.default_shape[0]
    units = (4 * batch * (filters // max(op.options.get("rank", 1), 1)),) if x.dtype is DType.INT8 else ()
    return (4 * batch * filters, *units)


def _unpacked(op: Op, _x: Tensor, _output: Tensor) -> tuple[int, ...]:
    weights = op.input(1)
    return (weights.elements,) if weights is not None and weights.dtype is DType.INT4 else ()


def _rfft(_op: Op, _x: Tensor, output: Tensor) -> tuple[int, ...]:
    return (max(output.elements - 2, 0) * ((output.dtype.bits or 0) // 8),)


def _detection(op: Op, x: Tensor, _output: Tensor) -> tuple[int, ...]:
    """Without what depends on the options, which are in a format of their own."""
    classes = op.input(1)
    if classes is None or len(x.default_shape) != 3 or len(classes.default_shape) != 3:
        return ()
    boxes = x.default_shape[1]
    return boxes, 16 * boxes, 4 * prod(classes.default_shape[1:]), 4 * boxes, 4 * boxes, 4 * boxes


_SCRATCH: Mapping[str, Callable[[Op, Tensor, Tensor], tuple[int, ...]]] = {
    "ADD_N": _add_n, "CONV_2D": _unpacked, "DEPTHWISE_CONV_2D": _unpacked, "FULLY_CONNECTED": _unpacked,
    "MEAN": _reduce, "MIRROR_PAD": _mirror_pad, "REDUCE_ALL": _reduce, "REDUCE_ANY": _reduce, "REDUCE_MAX": _reduce,
    "REDUCE_MIN": _reduce, "SUM": _reduce, "SVDF": _svdf, "SignalRfft": _rfft,
    "TFLite_Detection_PostProcess": _detection, "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}  # fmt: skip
