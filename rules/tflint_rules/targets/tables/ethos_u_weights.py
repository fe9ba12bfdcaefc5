"""What Vela asks of ops with weights and of pools: constants, kernels, strides.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite: tflite_supported_operators.cpp, tflite_supported_operators_u55.cpp;
kernels: tflite_reader.cpp, SetKernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.ethos_u_tensors import by_role, first_input, map_sizes, shape, sizes_of, values

__all__ = [
    "average_pool",
    "bias_channels",
    "bias_constant",
    "bias_range",
    "bias_types",
    "fully_connected_weights",
    "kernel",
    "kernel_stride",
    "matmul_sizes",
    "matmul_types",
    "max_pool",
    "transpose_conv_shape",
    "transpose_conv_stride",
    "unrolled_stride",
    "weight_sum",
    "weights_8bit",
]

_AXIS = 1 << 16


def weights_8bit(op: Op, graph: Graph) -> str:
    """Weights are 8 bits wide."""
    weights = by_role(op, "w")
    if not weights:
        return "it has no weights"
    dtype = weights[0].dtype
    return "" if dtype.bits == 8 else f"weights are {dtype.value}; INT8 or UINT8 is supported"


def weight_sum(most_8bit: int, most_16bit: int) -> Condition:
    """The weights of an output channel, without their sign and zero point, do not add up to more than this."""

    def check(op: Op, graph: Graph) -> str:
        weights, maps = by_role(op, "w"), by_role(op, "i")
        if not weights or not maps or not weights[0].is_constant:
            return ""
        tensor, sizes = weights[0], weights[0].default_shape
        most = most_8bit if maps[0].dtype.bits == 8 else most_16bit
        depthwise = op.kind == "DEPTHWISE_CONV_2D"
        channels = sizes[-1 if depthwise else 0] if sizes else 0
        if not channels or 255 * (prod(sizes) // channels) < most:
            return ""
        largest = _largest_sum(tensor, depthwise)
        return "" if largest <= most else f"weights of a channel add up to {largest}; {most} is supported"

    return check


@lru_cache(maxsize=64)
def _largest_sum(tensor: Tensor, depthwise: bool) -> int:
    """The largest sum over an output channel of |weight - zero point|; 0 where it cannot be read."""
    import numpy as np

    array = tensor.array()
    if array is None or not array.size:
        return 0
    channels = array.reshape(-1, array.shape[-1]).T if depthwise else array.reshape(array.shape[0], -1)
    points = np.zeros(1, np.int64) if tensor.quant is None else tensor.quant.zero_point
    each = len(points) == len(channels)
    sums = [
        int(np.abs(channel.astype(np.int64) - (points[at] if each else points[0] if len(points) else 0)).sum())
        for at, channel in enumerate(channels)
    ]
    return max(sums)


def _bias(op: Op) -> Tensor | None:
    found = by_role(op, "s")
    return found[0] if found else None


def bias_types(op: Op, graph: Graph) -> str:
    """A bias is INT32 or INT64."""
    bias = _bias(op)
    if bias is None or bias.dtype in (DType.INT32, DType.INT64):
        return ""
    return f"bias is {bias.dtype.value}; INT32 or INT64 is supported"


def bias_channels(op: Op, graph: Graph) -> str:
    """A bias has one dimension that is not 1, the last."""
    bias = _bias(op)
    sizes = shape(bias, graph) if bias is not None else ()
    return (
        "" if not sizes or prod(sizes) <= sizes[-1] else f"bias has shape {list(sizes)}; one for each channel is needed"
    )


def bias_constant(op: Op, graph: Graph) -> str:
    """A bias is constant."""
    bias = _bias(op)
    return "" if bias is None or bias.is_constant else "bias is not constant"


def bias_range(most: int) -> Condition:
    """The values of a 64-bit bias are not above this."""

    def check(op: Op, graph: Graph) -> str:
        bias = _bias(op)
        if bias is None or bias.dtype is not DType.INT64:
            return ""
        found = values(bias)
        if found is None or not found.size or int(found.max()) <= most:
            return ""
        return f"bias has value {int(found.max())}; up to {most} is supported"

    return check


@dataclass(frozen=True)
class Kernel:
    """The window of a convolution or pool; `padded` is True where SAME padding really adds something."""

    width: int
    height: int
    stride_w: int
    stride_h: int
    dilation_w: int
    dilation_h: int
    padded: bool


def kernel(op: Op, graph: Graph) -> Kernel:
    """The kernel of an op as Vela reads it."""
    options = op.options
    if "filter_width" in options:
        width, height = options["filter_width"], options.get("filter_height", 1)
    else:
        weights = by_role(op, "w")
        height, width = sizes_of(weights[0] if weights else None, graph, 4)[-3:-1]
    stride_w, stride_h = options.get("stride_w", 1), options.get("stride_h", 1)
    dilation_w, dilation_h = options.get("dilation_w_factor", 1), options.get("dilation_h_factor", 1)
    padded = False
    if options.get("padding", "SAME") == "SAME" and op.kind != "TRANSPOSE_CONV" and options:
        sizes = sizes_of(first_input(op), graph, 4)
        padded = _pads(sizes[-2], stride_w, dilation_w * (width - 1) + 1)
        padded = padded or _pads(sizes[-3], stride_h, dilation_h * (height - 1) + 1)
    return Kernel(width, height, stride_w, stride_h, dilation_w, dilation_h, padded)


def _pads(size: int, stride: int, window: int) -> bool:
    """True where the windows reach over the ends of a dimension."""
    return stride > 0 and (-(-size // stride) - 1) * stride + window > size


def average_pool(op: Op, graph: Graph) -> str:
    """With padding a window of up to 8x8, without a height of up to 256 and an area of up to 2^16."""
    found = kernel(op, graph)
    if not found.padded:
        return max_pool(op, graph)
    if 1 <= found.width <= 8 and 1 <= found.height <= 8:
        return ""
    return f"its padded window is {found.height}x{found.width}; up to 8x8 is supported"


def max_pool(op: Op, graph: Graph) -> str:
    """A window of a height of up to 256 and an area of up to 2^16."""
    found = kernel(op, graph)
    if 1 <= found.height <= 256 and found.height * found.width <= _AXIS:
        return ""
    return f"its window is {found.height}x{found.width}; a height of up to 256 and an area of up to 65536 is supported"


def kernel_stride(op: Op, graph: Graph) -> str:
    """Strides are up to 3."""
    found = kernel(op, graph)
    if found.stride_w <= 3 and found.stride_h <= 3:
        return ""
    return f"its stride is {found.stride_h}x{found.stride_w}; up to 3 is supported"


def unrolled_stride(op: Op, graph: Graph) -> str:
    """Strides above 3 move without padding and dilation, or do not move at all."""
    found, sizes = kernel(op, graph), map_sizes(op, graph)[1]
    if (found.stride_w <= 3 or sizes[-2] == 1) and (found.stride_h <= 3 or sizes[-3] == 1):
        return ""
    if not found.padded and found.dilation_w == found.dilation_h == 1:
        return ""
    what = "padding" if found.padded else "dilation"
    return f"its stride is {found.stride_h}x{found.stride_w}; with {what} up to 3 is supported"


def transpose_conv_stride(op: Op, graph: Graph) -> str:
    """Strides are 1x1 or 2x2, or 2 along one dimension where the other has size 1."""
    found, sizes = kernel(op, graph), map_sizes(op, graph)[0]
    stride = (found.stride_h, found.stride_w)
    fits = (
        *(stride in ((1, 1), (2, 2)), stride == (2, 1) and sizes[-2] == 1 and found.width == 1),
        stride == (1, 2) and sizes[-3] == 1 and found.height == 1,
    )
    return "" if any(fits) else f"its stride is {stride[0]}x{stride[1]}; 1x1 or 2x2 is supported"


def transpose_conv_shape(op: Op, graph: Graph) -> str:
    """The output is as large as strides and kernel make it."""
    found, (read, made) = kernel(op, graph), map_sizes(op, graph)
    more = (0, 0)
    if op.options.get("padding", "SAME") != "SAME":
        more = (max(found.height - found.stride_h, 0), max(found.width - found.stride_w, 0))
    wanted = (read[-3] * found.stride_h + more[0], read[-2] * found.stride_w + more[1])
    if wanted == made[-3:-1]:
        return ""
    return f"its output is {made[-3]}x{made[-2]}; {wanted[0]}x{wanted[1]} is supported"


def fully_connected_weights(op: Op, graph: Graph) -> str:
    """Weights have an output and an input dimension, all others are 1."""
    weights = by_role(op, "w")
    sizes = sizes_of(weights[0] if weights else None, graph)
    if len(sizes) >= 2 and prod(sizes) == sizes[0] * sizes[-1]:
        return ""
    return f"weights have shape {list(sizes)}; two dimensions are supported"


def _dynamic_weights(op: Op) -> bool:
    weights = by_role(op, "w")
    return op.kind == "BATCH_MATMUL" or not (weights and weights[0].is_constant)


def matmul_types(op: Op, graph: Graph) -> str:
    """A product with weights that are not constant is of INT8."""
    tensor = first_input(op)
    if tensor is None or not _dynamic_weights(op) or tensor.dtype is DType.INT8:
        return ""
    return f"input is {tensor.dtype.value}, and weights are not constant; INT8 is supported"


def matmul_sizes(op: Op, graph: Graph) -> str:
    """The inner dimension and the last of the output are up to 2^16 where weights are not constant."""
    if not _dynamic_weights(op):
        return ""
    read, made = map_sizes(op, graph)
    inner = read[-2] if op.options.get("adj_x") else read[-1]
    for name, size in (("inner dimension", inner), ("last dimension", made[-1])):
        if size > _AXIS:
            return f"its {name} is {size}; up to {_AXIS} is supported"
    return ""
