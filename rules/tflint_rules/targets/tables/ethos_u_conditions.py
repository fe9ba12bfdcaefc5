"""What Vela asks of the tensors of an op: feature maps, scales and zero points, weights and biases.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite: tflite_supported_operators.cpp, tflite_supported_operators_u55.cpp,
tflite_supported_operators_u85.cpp; roles of inputs: tflite_mapping.cpp; shapes: tflite_reader.cpp, ParseTensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from tflint import Condition, DType, Graph, Op, Tensor, Unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Role",
    "bias_channels",
    "bias_constant",
    "bias_range",
    "bias_types",
    "by_role",
    "feature_maps",
    "fused_activation",
    "map_types",
    "narrow",
    "one_scale",
    "parameters_constant",
    "quantized",
    "role",
    "scale_range",
    "shape",
    "shaped",
    "sizes_fixed",
    "values",
    "variable_types",
    "wants_activation",
    "weight_sum",
    "weights_8bit",
    "zero_points_u55",
    "zero_points_u85",
]

Role = str
"""What an input is to Vela: `i` a feature map, `w` weights, `s` a bias, `p` a parameter, `t` a state."""

_ROLES = {
    "ARG_MAX": "ip", "ARG_MIN": "ip", "ASSIGN_VARIABLE": "pi", "BATCH_TO_SPACE_ND": "ipp", "CONV_2D": "iws",
    "DEPTHWISE_CONV_2D": "iws", "FULLY_CONNECTED": "iws", "MEAN": "ip", "MIRROR_PAD": "ip", "PAD": "ip",
    "PADV2": "ipp", "PRELU": "ip", "READ_VARIABLE": "p", "REDUCE_ALL": "ip", "REDUCE_ANY": "ip", "REDUCE_MAX": "ip",
    "REDUCE_MIN": "ip", "RESHAPE": "ip", "RESIZE_BILINEAR": "ip", "RESIZE_NEAREST_NEIGHBOR": "ip",
    "REVERSE_V2": "ip", "SCATTER_ND": "iip", "SLICE": "ipp", "SPACE_TO_BATCH_ND": "ipp", "SPLIT": "pi",
    "SPLIT_V": "ipp", "STRIDED_SLICE": "ippp", "SUM": "ip", "TILE": "ip", "TRANSPOSE": "ip",
    "TRANSPOSE_CONV": "pwis", "UNIDIRECTIONAL_SEQUENCE_LSTM": "i" + 11 * "w" + 4 * "s" + "wstt" + 4 * "s",
}  # fmt: skip

_WIDTHS = {32: (DType.INT32, DType.UINT32, DType.FLOAT32), 64: (DType.INT64, DType.UINT64, DType.FLOAT64)}
_SCALE_LIMIT = 2.0**32
"""From here on a scale has no shift that the NPU knows. Source: common/scaling.cpp, QuantizedScale."""


def role(op: Op, slot: int) -> Role:
    """What the input in a slot is to Vela; what its map does not name is a feature map."""
    known = _ROLES.get(op.kind, "")
    return known[slot] if slot < len(known) else "i"


def by_role(op: Op, wanted: Role) -> list[Tensor]:
    """The inputs of one role, in their order; left-out ones are not among them."""
    return [each for slot, each in enumerate(op.inputs) if each is not None and role(op, slot) == wanted]


def feature_maps(op: Op) -> Iterator[tuple[str, Tensor]]:
    """The feature maps of an op, inputs first, with a name for each."""
    maps = by_role(op, "i")
    for number, tensor in enumerate(maps):
        yield ("input" if len(maps) == 1 else f"input {number}"), tensor
    for number, tensor in enumerate(op.outputs):
        yield ("output" if len(op.outputs) == 1 else f"output {number}"), tensor


def _connected(op: Op) -> Iterator[Tensor]:
    yield from (each for each in op.inputs if each is not None)
    yield from op.intermediates
    yield from op.outputs


def shape(tensor: Tensor, graph: Graph) -> tuple[int, ...]:
    """The sizes that Vela compiles for: a dynamic first dimension is 1, other dynamic ones are -1.

    Empty where it knows none: for scalars and tensors of unknown rank that are not constant.
    """
    sizes = tensor.shape
    if sizes:
        return tuple([(-1 if at else 1) if size is None else size for at, size in enumerate(sizes)])
    if tensor.data and not tensor.is_variable:
        bits = tensor.dtype.bits or 8
        return (8 * len(tensor.data) // max(bits, 1),)
    return _inferred(graph).get(tensor, ())


_ONE_MAP = frozenset("ABS ELU GELU LEAKY_RELU LOGICAL_NOT NEG QUANTIZE".split())
_TWO_MAPS = frozenset(
    "ADD DIV EQUAL GREATER GREATER_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM MINIMUM MUL NOT_EQUAL SUB".split()
)


@lru_cache(maxsize=4)
def _inferred(graph: Graph) -> dict[Tensor, tuple[int, ...]]:
    """Shapes of elementwise outputs for which the file has none, from their inputs."""
    found: dict[Tensor, tuple[int, ...]] = {}

    def known(tensor: Tensor) -> tuple[int, ...]:
        if tensor.shape or tensor.data:
            return shape(tensor, graph)
        return found.get(tensor, ())

    for op in graph.ops:
        if (op.kind not in _ONE_MAP and op.kind not in _TWO_MAPS) or not op.outputs or op.outputs[0].shape:
            continue
        sizes = [known(each) for each in by_role(op, "i")[:2]]
        if op.kind in _ONE_MAP and sizes and sizes[0]:
            found[op.outputs[0]] = sizes[0]
        elif op.kind in _TWO_MAPS and len(sizes) == 2 and all(sizes):
            longest = max(map(len, sizes))
            first, second = ((0,) * (longest - len(each)) + each for each in sizes)
            found[op.outputs[0]] = tuple(map(max, first, second))
    return found


def sizes_fixed(op: Op, graph: Graph) -> str:
    """No dimension but the first is dynamic."""
    for tensor in _connected(op):
        if None in tensor.shape and min(shape(tensor, graph)) < 0:
            return f"'{tensor.name}' has a dynamic dimension beside the first"
    return ""


def shaped(op: Op, graph: Graph) -> str:
    """Every tensor has at least one dimension; a constant scalar counts as one of size 1."""
    for tensor in _connected(op):
        if not tensor.shape and not shape(tensor, graph):
            return f"'{tensor.name}' has no dimensions; at least one is needed"
    return ""


def map_types(*allowed: DType) -> Condition:
    """The op has feature maps on both sides, and their element types are among these."""
    words = _or([each.value for each in allowed])

    def check(op: Op, graph: Graph) -> str:
        for name, tensor in feature_maps(op):
            if tensor.dtype is DType.UNKNOWN:
                return Unknown(f"{name} has an element type that is newer than tflint")
            if tensor.dtype not in allowed:
                return f"{name} is {tensor.dtype.value}; {words} is supported"
        if not op.outputs:
            return "it has no output"
        return "" if any(True for _ in by_role(op, "i")) else "it has no input"

    return check


def variable_types(*allowed: DType) -> Condition:
    """The value that is read from a variable or written to it has one of these element types."""
    words = _or([each.value for each in allowed])

    def check(op: Op, graph: Graph) -> str:
        value = [*by_role(op, "i"), *op.outputs]
        if not value:
            return "it has no value"
        if value[0].dtype is DType.UNKNOWN:
            return Unknown("its value has an element type that is newer than tflint")
        return "" if value[0].dtype in allowed else f"its value is {value[0].dtype.value}; {words} is supported"

    return check


def narrow(width: int) -> Condition:
    """No feature map is this many bits wide."""

    def check(op: Op, graph: Graph) -> str:
        for name, tensor in feature_maps(op):
            if tensor.dtype in _WIDTHS[width]:
                return f"{name} is {tensor.dtype.value}; {width}-bit feature maps are not supported here"
        return ""

    return check


def _or(words: list[str]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]


def quantized(op: Op, graph: Graph) -> str:
    """Feature maps of 8 or 16 bits and weights have a scale and a zero point."""
    exempt = (DType.INT32, DType.INT64, DType.BOOL)
    for name, tensor in (*feature_maps(op), *(("weights", each) for each in by_role(op, "w"))):
        if tensor.dtype in exempt and (name != "weights" or tensor.dtype is not DType.INT32):
            continue
        if tensor.quant is None or not len(tensor.quant.scale) or not len(tensor.quant.zero_point):
            return f"{name} has no scale and zero point"
    return ""


def scale_range(op: Op, graph: Graph) -> str:
    """No scale is too large to be a multiplier and a shift to the right."""
    for tensor in _connected(op):
        if tensor.quant is None or not len(tensor.quant.scale):
            continue
        largest = float(tensor.quant.scale.max())
        if isfinite(largest) and largest >= _SCALE_LIMIT:
            return f"'{tensor.name}' has scale {largest:g}; below 2^32 is supported"
    return ""


def one_scale(op: Op, graph: Graph) -> str:
    """No tensor has a scale for each channel."""
    for tensor in _connected(op):
        quant = tensor.quant
        if quant is not None and max(len(quant.scale), len(quant.zero_point)) > 1:
            return f"'{tensor.name}' has a scale for each channel; one scale is supported here"
    return ""


def zero_points_u55(op: Op, graph: Graph) -> str:
    """32-bit feature maps have zero point 0, unsigned ones none below 0."""
    for name, tensor in feature_maps(op):
        if tensor.quant is None or not len(tensor.quant.zero_point):
            continue
        if tensor.dtype in _WIDTHS[32] and tensor.quant.zero_point.any():
            return f"{name} is {tensor.dtype.value} with zero point {_first_not_0(tensor)}; 0 is supported"
        unsigned = not tensor.dtype.is_integer or tensor.dtype.value.startswith("U")
        if unsigned and tensor.quant.zero_point.min() < 0:
            return f"{name} has zero point {tensor.quant.zero_point.min()}; 0 or more is supported"
    return ""


_LIMITS_U85 = {DType.INT8: (-128, 127), DType.UINT8: (0, 255)}


def zero_points_u85(op: Op, graph: Graph) -> str:
    """Zero points are within 8 bits; of inputs that are wider they are 0."""
    for tensor in by_role(op, "i"):
        low, high = _LIMITS_U85.get(tensor.dtype, (0, 0))
        if fault := _outside(tensor, low, high, "input"):
            return fault
    for tensor in op.outputs:
        signed = tensor.dtype.is_integer and not tensor.dtype.value.startswith("U")
        low, high = (-128, 127) if signed else (0, 255)
        if fault := _outside(tensor, low, high, "output"):
            return fault
    return ""


def _outside(tensor: Tensor, low: int, high: int, name: str) -> str:
    if tensor.quant is None or not len(tensor.quant.zero_point):
        return ""
    least, most = int(tensor.quant.zero_point.min()), int(tensor.quant.zero_point.max())
    if low <= least and most <= high:
        return ""
    wanted = f"{low} to {high}" if low != high else f"{low}"
    return f"{name} is {tensor.dtype.value} with zero point {least if least < low else most}; {wanted} is supported"


def _first_not_0(tensor: Tensor) -> int:
    assert tensor.quant is not None
    return int(tensor.quant.zero_point[tensor.quant.zero_point.nonzero()[0][0]])


def parameters_constant(op: Op, graph: Graph) -> str:
    """What says where and how much - axes, sizes, paddings - is constant."""
    for tensor in by_role(op, "p"):
        if not tensor.is_constant:
            return f"'{tensor.name}' is not constant"
    return ""


@lru_cache(maxsize=1024)
def values(tensor: Tensor) -> NDArray[Any] | None:
    """A constant's elements, flat; None where there are none that can be read."""
    found = tensor.array()
    return None if found is None else found.reshape(-1)


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


def wants_activation(op: Op) -> str:
    """The activation that is fused to an op, as the schema names it; empty where there is none."""
    name = str(op.options.get("fused_activation_function") or "NONE")
    return "" if name == "NONE" else name


def fused_activation(*conditions: Condition) -> Condition:
    """A fused activation fits as an op of its own on the output: Vela takes it apart before it asks."""

    def check(op: Op, graph: Graph) -> str:
        name = wants_activation(op)
        if not name or not op.outputs:
            return ""
        if name not in ("RELU", "RELU6", "RELU_N1_TO_1", "TANH"):
            return f"fused activation {name} is not supported"
        output = op.outputs[0]
        alone = Op(op.path, op.graph_index, op.index, name, (output,), (output,))
        for condition in conditions:
            if reason := condition(alone, graph):
                return f"fused activation {name}: {reason}"
        return ""

    return check
