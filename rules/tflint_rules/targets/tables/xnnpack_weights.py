"""What the XNNPACK delegate asks of ops with weights, and of MediaPipe's custom ops, beyond their element types.

Source: LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, VisitConv2DNode and its like,
CalculateTransposeConvPaddings, CheckTensorFilterType and CheckMediaPipePoolParams.
"""

from __future__ import annotations

from struct import unpack

from tflint import DType, Graph, Op, Tensor
from tflint_rules.targets.tables.xnnpack_conditions import (
    WEIGHTS,
    affine,
    per_tensor,
    present,
    scale_fault,
    scheme,
    type_fault,
    values,
    words,
)
from tflint_rules.targets.tables.xnnpack_ops import SHORT

__all__ = [
    "batch_matmul",
    "convolution",
    "depthwise",
    "fully_connected",
    "fully_connected_filter",
    "max_pool",
    "max_unpool",
    "right_axis",
    "sparse_version",
    "transpose_conv",
    "transposed_bias",
]

_PACKED = (DType.INT8, DType.INT4, DType.INT2)
_PADDINGS = {1: "SAME", 2: "VALID"}
"""Source: LiteRT f67457790, tflite/core/c/builtin_op_data.h, TfLitePadding."""


def convolution(op: Op, graph: Graph) -> str:
    """The types go together, and the channels are there."""
    source, kernel = present(op, 0, 1)
    dynamic = source.dtype is DType.FLOAT32 and kernel.dtype is DType.INT8
    if source.dtype is not op.outputs[0].dtype or not (dynamic or source.dtype is kernel.dtype):
        return _mixed(op, " or FLOAT32 with an INT8 filter")
    channels, read = source.default_shape[3], kernel.default_shape[3]
    return "" if channels >= read else f"its filter reads {read} channels of the {channels} of its input"


def depthwise(op: Op, graph: Graph) -> str:
    """The types are one, and the depth multiplier divides the channels."""
    source, kernel = present(op, 0, 1)
    if source.dtype is not op.outputs[0].dtype or source.dtype is not kernel.dtype:
        return _mixed(op)
    by, channels = op.options.get("depth_multiplier", 0), kernel.default_shape[3]
    if by <= 0:
        return f"depth_multiplier is {by}; a positive number is supported"
    return f"depth_multiplier is {by}, which does not divide its {channels} channels" if channels % by else ""


def _mixed(op: Op, more: str = "") -> str:
    source, kernel = present(op, 0, 1)
    return (
        f"input is {source.dtype.value}, filter {kernel.dtype.value} and output {op.outputs[0].dtype.value}; "
        f"one type{more} is supported"
    )


def sparse_version(op: Op, graph: Graph) -> str:
    """Version 8 of FULLY_CONNECTED reads sparse weights."""
    return "version 8, with sparse weights, is not supported" if op.version == 8 else ""


def fully_connected_filter(op: Op, graph: Graph) -> str:
    """Weights are a float, 8-bit, 4-bit or 2-bit, in one of the ways to scale them."""
    tensor = op.input(1)
    if tensor is None or tensor.dtype not in _PACKED:
        return type_fault(tensor, WEIGHTS, "filter")
    quant = tensor.quant
    if quant is not None and quant.details is not None and scheme(tensor) == "BlockwiseQuantization":
        size = quant.details[1].get("block_size", 0)
        if quant.details[1].get("scales", -1) < 0:
            return "filter has blocks without scales"
        return f"filter has blocks of {size}; a multiple of 32 is supported" if size % 32 else ""
    quant = affine(tensor)
    if quant is None:
        return f"filter is {words(tensor)}; scales, of blocks in INT4, are supported"
    if len(quant.scale) > 1 and quant.stored_axis != 0:
        return f"filter has a scale for each slice of dimension {quant.stored_axis}; 0 is supported"
    if tensor.dtype is DType.INT2 and tensor.default_shape[:1] != (len(quant.scale),):
        return "filter is INT2 with one scale; one for each channel is supported"
    return ""


def fully_connected(op: Op, graph: Graph) -> str:
    """The types go together, the bias has a value for each channel, packed weights fill whole bytes."""
    source, kernel, *biases = present(op, 0, 1, 2)
    channels, read = kernel.default_shape
    if biases and biases[0].elements != channels:
        return f"bias has {biases[0].elements} values for {channels} channels"
    packed = kernel.dtype in _PACKED
    dynamic = packed and source.dtype in (DType.FLOAT32, DType.FLOAT16)
    alike = dynamic or source.dtype is kernel.dtype or (packed and source.dtype is DType.INT8)
    if source.dtype is not op.outputs[0].dtype or not alike:
        return _mixed(op, " or a float or INT8 with INT8, INT4 or INT2 weights")
    point = per_tensor(kernel)[1]
    if kernel.dtype is DType.INT8 and not dynamic and point:
        return f"filter has zero point {point}; 0 is supported"
    step = {DType.INT4: 2, DType.INT2: 4}.get(kernel.dtype, 1)
    if read % step:
        return f"its {kernel.dtype.value} filter reads {read} channels; a multiple of {step} is supported"
    return ""


def right_axis(op: Op) -> int:
    """The dimension of the right input that becomes the last of the output."""
    return len(present(op, 1)[0].default_shape) - (2 if op.options.get("adj_y") else 1)


def batch_matmul(op: Op, graph: Graph) -> str:
    """The types go together, or the left side is quantized while the model runs; both sides are matrices."""
    left, right = present(op, 0, 1)
    if not (left.dtype is DType.FLOAT32 and right.dtype is DType.INT8) and (fault := _same_sides(left, right)):
        return fault
    for side, tensor in (("left", left), ("right", right)):
        if len(tensor.default_shape) < 2:
            return f"{side} input has {len(tensor.default_shape)} dimensions; at least 2 are supported"
    return ""


def _same_sides(left: Tensor, right: Tensor) -> str:
    """Why two matrices of one type cannot be multiplied."""
    if left.dtype is not right.dtype:
        return f"it multiplies {left.dtype.value} by {right.dtype.value}; one type, or FLOAT32 by INT8, is supported"
    quant, point = affine(right), per_tensor(right)[1]
    if right.dtype is DType.INT8 and point:
        return f"right input has zero point {point}; 0 is supported"
    if quant is not None and len(quant.scale) > 1:
        return "right input has a scale for each channel; one scale is supported"
    other = affine(left)
    return "" if other is None else scale_fault(left, other, "left input")


def transpose_conv(op: Op, graph: Graph) -> str:
    """The channels and the geometry of the convolution whose gradient it is."""
    shape, kernel, source = present(op, 0, 1, 2)
    if shape.default_shape != (4,):
        return f"output shape has shape {list(shape.default_shape)}; [4] is supported"
    found = values(shape, 4)
    if found is None:
        return SHORT
    makes, _, _, reads = kernel.default_shape
    if makes != found[3]:
        return f"its filter makes {makes} channels and its output shape has {found[3]}"
    if reads != source.default_shape[3]:
        return f"its filter reads {reads} channels and its input has {source.default_shape[3]}"
    strides = (op.options.get("stride_h", 0), op.options.get("stride_w", 0))
    return _geometry(str(op.options.get("padding")), source, kernel, strides, (found[1], found[2]))


def _geometry(padding: str, source: Tensor, kernel: Tensor, strides: tuple[int, int], made: tuple[int, ...]) -> str:
    """Why an output of this height and width cannot come from its input."""
    reads, filters = source.default_shape[1:3], kernel.default_shape[1:3]
    if min(strides) <= 0:
        return f"its stride is {_by(strides)}; positive numbers are supported"
    if padding == "VALID":
        larger = filters[0] > made[0] or filters[1] > made[1]
        return f"its filter of {_by(filters)} is larger than its output of {_by(made)}" if larger else ""
    if padding != "SAME":
        return "its padding is neither SAME nor VALID"
    wanted = tuple((size + stride - 1) // stride for size, stride in zip(made, strides, strict=True))
    if wanted != reads:
        return f"its output of {_by(made)} belongs to an input of {_by(wanted)}; it has {_by(reads)}"
    larger = filters[0] < strides[0] or filters[1] < strides[1]
    return f"its stride of {_by(strides)} is larger than its filter of {_by(filters)}" if larger else ""


def _by(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def transposed_bias(op: Op, graph: Graph) -> str:
    """MediaPipe's Convolution2DTransposeBias: the geometry. Its options are a C struct."""
    padding, stride_w, stride_h = _struct(op, 3)
    source, kernel = present(op, 0, 1)
    made = op.outputs[0].default_shape[1:3]
    return _geometry(_PADDINGS.get(padding, ""), source, kernel, (stride_h, stride_w), made)


def max_pool(op: Op, graph: Graph) -> str:
    """MediaPipe's MaxPoolingWithArgmax2D: the filter is as large as the stride. Its options are a C struct."""
    padding, *numbers, activation = _struct(op, 6)
    stride_w, stride_h, filter_w, filter_h = numbers
    if min(numbers) <= 0:
        return "its stride or filter is not a positive number"
    if (filter_w, filter_h) != (stride_w, stride_h):
        return f"its filter is {filter_w}x{filter_h} and its stride {stride_w}x{stride_h}; equal ones are supported"
    if activation:
        return "it has a fused activation; none is supported"
    return "" if padding in _PADDINGS else "its padding is neither SAME nor VALID"


def max_unpool(op: Op, graph: Graph) -> str:
    """MediaPipe's MaxUnpooling2D: as its pooling, without padding."""
    if fault := max_pool(op, graph):
        return fault
    return "its padding is SAME; VALID is supported" if _PADDINGS[_struct(op, 1)[0]] == "SAME" else ""


def _struct(op: Op, count: int) -> tuple[int, ...]:
    """The first numbers of a custom op's options; 0 where there are none."""
    stored = bytes((op.custom_options or b"")[: 4 * count])
    return unpack(f"<{count}i", stored.ljust(4 * count, b"\0"))
