"""What Vela asks of every op: element types, dimensions, scales and zero points.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite: tflite_supported_operators.cpp, tflite_supported_operators_u55.cpp,
tflite_supported_operators_u85.cpp; scales: common/scaling.cpp; activations: tflite_reader.cpp, UnFuseActivation.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from tflint import Condition, DType, Graph, Op, Tensor, Unknown
from tflint_rules.targets.tables.ethos_u_tensors import by_role, feature_maps, shape

__all__ = [
    "fused_activation",
    "map_types",
    "narrow",
    "one_scale",
    "parameters_constant",
    "quantized",
    "scale_range",
    "shaped",
    "sizes_fixed",
    "variable_types",
    "wants_activation",
    "zero_points_u55",
    "zero_points_u85",
]

_WIDTHS = {32: (DType.INT32, DType.UINT32, DType.FLOAT32), 64: (DType.INT64, DType.UINT64, DType.FLOAT64)}


_SCALE_LIMIT = 2.0**32
"""From here on a scale has no shift that the NPU knows. Source: common/scaling.cpp, QuantizedScale."""


def _connected(op: Op) -> Iterator[Tensor]:
    yield from (each for each in op.inputs if each is not None)
    yield from op.intermediates
    yield from op.outputs


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
