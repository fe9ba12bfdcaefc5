"""What the XNNPACK delegate asks of the tensors of an op: element types, constants, shapes, scales.

Source: LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, the Check… functions, GetXNNPackDatatype and
PrepareOpsToDelegate; XNNPACK 75db3c093, src/tensor.c, xnn_validate_quantized_tensor and
xnn_validate_channelwise_quantized_tensor. The runtime has read the quantization before it asks
(tflite/core/interpreter_builder.cc, ParseQuantization).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import copysign, inf, isfinite, isnan, nan
from struct import pack, unpack

from tflint import Condition, DType, Graph, Op, QuantParams, Tensor, Unknown, type_code

__all__ = [
    "EIGHT_BIT",
    "FLOAT",
    "FLOAT32",
    "FLOAT32_OR_8BIT",
    "FLOAT_OR_8BIT",
    "FLOAT_OR_INT8",
    "MOST_DIMENSIONS",
    "WEIGHTS",
    "Take",
    "activation",
    "affine",
    "bias",
    "filter_and_bias_types",
    "input_is",
    "inputs_are",
    "is_normal",
    "is_static",
    "output_is",
    "outputs_are",
    "padding",
    "per_tensor",
    "positive",
    "present",
    "quasi_static",
    "ratio",
    "scale_fault",
    "scheme",
    "shaped",
    "static",
    "type_fault",
    "unpacks",
    "values",
    "weights",
    "words",
]

MOST_DIMENSIONS = 6
"""Source: XNNPACK 75db3c093, include/xnnpack.h, XNN_MAX_TENSOR_DIMS."""

FLOAT32 = ("f32",)
FLOAT = ("f32", "f16")
FLOAT_OR_INT8 = ("f32", "f16", "qi8")
FLOAT32_OR_8BIT = ("f32", "qi8", "qu8")
FLOAT_OR_8BIT = ("f32", "f16", "qi8", "qu8")
EIGHT_BIT = ("qi8", "qu8")
WEIGHTS = ("f32", "f16", "qu8")

_WORDS = {
    FLOAT32: "FLOAT32",
    FLOAT: "FLOAT32 or FLOAT16",
    FLOAT_OR_INT8: "FLOAT32, FLOAT16, or INT8 with one scale",
    FLOAT32_OR_8BIT: "FLOAT32, or INT8 or UINT8 with one scale",
    FLOAT_OR_8BIT: "FLOAT32, FLOAT16, or INT8 or UINT8 with one scale",
    EIGHT_BIT: "INT8 or UINT8 with one scale",
    WEIGHTS: "FLOAT32, FLOAT16, INT8 with scales, or UINT8 with one scale",
}
_SMALLEST_NORMAL = 2.0**-126
_NEWER = "has an element type that is newer than tflint"

Take = Callable[[Op], Tensor | None]


def present(op: Op, *slots: int) -> list[Tensor]:
    """The inputs in these slots, which the conditions before have found there."""
    return [tensor for slot in slots if (tensor := op.input(slot)) is not None]


def scheme(tensor: Tensor) -> str:
    """How the runtime understands the quantization of a tensor; empty where it reads none."""
    quant = tensor.quant
    if quant is None:
        return ""
    if quant.details is not None and quant.details[0] in ("BlockwiseQuantization", "MultiAxisQuantization"):
        return quant.details[0]
    return "affine" if len(quant.scale) else ""


def affine(tensor: Tensor) -> QuantParams | None:
    """The scales and zero points that the runtime reads; None where it reads none, or a newer scheme instead."""
    return tensor.quant if scheme(tensor) == "affine" else None


def per_tensor(tensor: Tensor) -> tuple[float, int]:
    """The one scale and zero point of a tensor; 0 and 0 where it has none or many."""
    quant = affine(tensor)
    if quant is None or len(quant.scale) != 1:
        return 0.0, 0
    return float(quant.scale[0]), int(quant.zero_point[0]) if len(quant.zero_point) else 0


def is_normal(value: float) -> bool:
    """True for a number that is neither zero, subnormal, infinite nor none at all, in single precision."""
    return isfinite(value) and abs(value) >= _SMALLEST_NORMAL


def ratio(above: float, below: float) -> float:
    """One scale divided by another, in single precision."""
    if not below:
        return nan if not above or isnan(above) else copysign(inf, above)
    try:
        return float(unpack("<f", pack("<f", above / below))[0])
    except OverflowError:
        return copysign(inf, above / below)


def _code(tensor: Tensor) -> str:
    """The type code of a tensor; that of an 8-bit type ends in ! where its one scale is not one for the whole."""
    code = type_code(tensor)
    if code in ("qi8", "qu8"):
        quant = affine(tensor)
        return code if quant is not None and quant.stored_axis == 0 else f"{code}!"
    return code


def words(tensor: Tensor) -> str:
    """An element type in words, with its scales where it is an 8-bit type or narrower."""
    name, quant = str(tensor.dtype.value), affine(tensor)
    if not tensor.dtype.is_integer or (tensor.dtype.bits or 0) > 8:
        return name
    if quant is None:
        return f"{name} with {scheme(tensor)}" if scheme(tensor) else f"{name} without a scale"
    if quant.is_per_axis:
        return f"{name} with a scale for each slice of dimension {quant.axis}"
    return f"{name} with one scale" + (f" on dimension {quant.stored_axis}" if quant.stored_axis else "")


def type_fault(tensor: Tensor | None, allowed: tuple[str, ...], role: str) -> str:
    """Why a tensor is not there with one of these element types; empty where it is."""
    if tensor is None:
        return f"it has no {role}"
    if tensor.dtype is DType.UNKNOWN:
        return Unknown(f"{role} {_NEWER}")
    return "" if _code(tensor) in allowed else f"{role} is {words(tensor)}; {_WORDS[allowed]} is supported"


def input_is(slot: int, allowed: tuple[str, ...], role: str = "input") -> Condition:
    """An input is there, and its element type is one of these."""
    return lambda op, graph: type_fault(op.input(slot), allowed, role)


def output_is(allowed: tuple[str, ...], slot: int = 0) -> Condition:
    """An output is there, and its element type is one of these."""
    return lambda op, graph: type_fault(op.outputs[slot] if slot < len(op.outputs) else None, allowed, "output")


def inputs_are(allowed: tuple[str, ...]) -> Condition:
    """Every input is there, with one of these element types."""
    return lambda op, graph: _first_fault(op.inputs, allowed, "input")


def outputs_are(allowed: tuple[str, ...]) -> Condition:
    """Every output has one of these element types."""
    return lambda op, graph: _first_fault(op.outputs, allowed, "output")


def _first_fault(tensors: Sequence[Tensor | None], allowed: tuple[str, ...], role: str) -> str:
    faults = (type_fault(tensor, allowed, f"{role} {slot}") for slot, tensor in enumerate(tensors))
    return next(filter(None, faults), "")


def weights(slot: int, axis: Callable[[Op], int], role: str = "filter") -> Condition:
    """A float, or an 8-bit tensor with good scales: one, or for INT8 one for each slice of dimension `axis`."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        quant = None if tensor is None else affine(tensor)
        if tensor is None or quant is None or tensor.dtype is not DType.INT8:
            fault = type_fault(tensor, WEIGHTS, role)
            return fault if fault or tensor is None or quant is None else _held(tensor, quant, role)
        if len(quant.scale) > 1 and quant.stored_axis != axis(op):
            return f"{role} has a scale for each slice of dimension {quant.stored_axis}; {axis(op)} is supported"
        return _held(tensor, quant, role)

    return check


def _held(tensor: Tensor, quant: QuantParams, role: str) -> str:
    """Why XNNPACK cannot hold a quantized tensor."""
    count = len(tensor.default_shape)
    if count > MOST_DIMENSIONS:
        return f"{role} has {count} dimensions; at most {MOST_DIMENSIONS} are supported"
    return scale_fault(tensor, quant, role)


def scale_fault(tensor: Tensor, quant: QuantParams, role: str) -> str:
    """Why XNNPACK cannot read these scales, and this zero point."""
    if not bool(((quant.scale >= _SMALLEST_NORMAL) & (quant.scale < inf)).all()):
        return f"{role} has a scale that is not a positive number"
    span = tensor.dtype.integer_range if tensor.dtype.bits == 8 and len(quant.scale) == 1 else (0, 0)
    point = int(quant.zero_point[0]) if len(quant.zero_point) else 0
    if span is None or span[0] <= point <= span[1]:
        return ""
    return f"{role} has zero point {point}; {f'{span[0]} to {span[1]}' if any(span) else '0'} is supported"


def bias(slot: int) -> Condition:
    """A float, or INT32 with good scales on its first dimension; left out is up to others.

    Of many scales, the zero points are not looked at.
    """

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or tensor.dtype in (DType.FLOAT32, DType.FLOAT16):
            return ""
        if tensor.dtype is DType.UNKNOWN:
            return Unknown(f"bias {_NEWER}")
        quant = affine(tensor)
        if tensor.dtype is not DType.INT32 or quant is None or quant.stored_axis != 0:
            found = f"{tensor.dtype.value}{' without a scale' if quant is None else ''}"
            return f"bias is {found}; FLOAT32, FLOAT16, or INT32 with scales on dimension 0 is supported"
        if len(quant.scale) > 1:
            quant = replace(quant, zero_point=quant.zero_point[:0])
        return _held(tensor, quant, "bias")

    return check


def is_static(tensor: Tensor) -> bool:
    """True for a constant in the file itself."""
    return tensor.data is not None and not tensor.is_variable


def static(slot: int, role: str, *, unpacked: bool = False) -> Condition:
    """An input, where it is there, is a constant; with `unpacked`, or made from one when the delegate starts."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or is_static(tensor) or (unpacked and quasi_static(tensor, op, graph)):
            return ""
        return Unknown(f"{role} lives in another file") if tensor.external else f"{role} is not constant"

    return check


def unpacks(op: Op, graph: Graph) -> bool:
    """True for an op that turns a constant into another when the delegate starts, and then never runs.

    These are DEQUANTIZE to FLOAT32 of FLOAT16 or INT8 constants, and DENSIFY of sparse ones.
    """
    if op.kind not in ("DEQUANTIZE", "DENSIFY") or len(op.inputs) != 1 or len(op.outputs) != 1:
        return False
    source, made = op.inputs[0], op.outputs[0]
    if source is None:
        return False
    if op.kind == "DENSIFY":
        known = source.dtype in (DType.FLOAT32, DType.FLOAT16, DType.INT8)
        return known and is_static(source) and source.sparsity is not None and made.dtype is source.dtype
    known = source.dtype is DType.FLOAT16 or (source.dtype is DType.INT8 and scheme(source) != "")
    if not known or made.dtype is not DType.FLOAT32 or source.sparsity is not None:
        return False
    return is_static(source) or quasi_static(source, op, graph)


def quasi_static(tensor: Tensor, reader: Op, graph: Graph) -> bool:
    """True for a tensor that is unpacked from a constant before its reader runs."""
    producer = graph.producer(tensor)
    return producer is not None and producer.index < reader.index and unpacks(producer, graph)


def _is_half(tensor: Tensor, reader: Op, graph: Graph) -> bool:
    """True for FLOAT16, and for FLOAT32 weights that the delegate reads as the FLOAT16 that they are stored in."""
    if tensor.dtype is DType.FLOAT16:
        return True
    producer = graph.producer(tensor)
    if producer is None or producer.kind != "DEQUANTIZE" or not quasi_static(tensor, reader, graph):
        return False
    source = producer.inputs[0]
    return (
        source is not None
        and source.dtype is DType.FLOAT16
        and all(
            each.kind in ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D") and each.input(0) is not tensor
            for each in graph.consumers(tensor)
        )
    )


def filter_and_bias_types(op: Op, graph: Graph) -> str:
    """A float filter has a bias of its own type; one that is stored in FLOAT16 may have a FLOAT32 bias."""
    kernel, added = op.input(1), op.input(2)
    if kernel is None or added is None or kernel.dtype not in (DType.FLOAT32, DType.FLOAT16):
        return ""
    half = _is_half(kernel, op, graph)
    if _is_half(added, op, graph):
        return "" if half else "filter is stored in FLOAT32 and bias in FLOAT16; one type is supported"
    if added.dtype is DType.FLOAT32:
        return ""
    return f"filter is {kernel.dtype.value} and bias {added.dtype.value}; one type is supported"


def shaped(of: Take, lowest: int, highest: int, role: str) -> Condition:
    """A tensor, where it is there, has between so many dimensions, and none of size 0."""

    def check(op: Op, graph: Graph) -> str:
        tensor = of(op)
        if tensor is None:
            return ""
        sizes = tensor.default_shape
        if not lowest <= len(sizes) <= highest:
            wanted = str(highest) if lowest == highest else f"{lowest or 'at most'} {'to ' * (lowest > 0)}{highest}"
            return f"{role} has {len(sizes)} dimensions; {wanted} {'is' if wanted == '1' else 'are'} supported"
        return f"{role} has a dimension of size 0" if 0 in sizes else ""

    return check


def values(tensor: Tensor, at_most: int) -> list[int] | None:
    """The first numbers of a constant; None where the file does not hold them."""
    array = tensor.array()
    return None if array is None else [int(each) for each in array.reshape(-1)[:at_most]]


def activation(op: Op, graph: Graph) -> str:
    """A fused activation is none of those that only the built-in kernels know."""
    found = op.options.get("fused_activation_function", "NONE")
    if found in ("TANH", "SIGN_BIT"):
        return f"fused_activation_function is {found}; NONE, RELU, RELU_N1_TO_1 or RELU6 is supported"
    return ""


def padding(op: Op, graph: Graph) -> str:
    """The padding is one that the runtime knows."""
    return "" if op.options.get("padding") in ("SAME", "VALID") else "its padding is neither SAME nor VALID"


def positive(*names: str) -> Condition:
    """These options are above 0; one that the file leaves out is 0."""

    def check(op: Op, graph: Graph) -> str:
        wrong = next((name for name in names if not op.options.get(name, 0) > 0), None)
        return "" if wrong is None else f"{wrong} is {op.options.get(wrong, 0)}; a positive number is supported"

    return check
