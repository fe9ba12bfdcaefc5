"""What LiteRT's built-in kernels ask of scales and zero points.

Source: LiteRT f67457790, tflite/kernels: the Prepare function of each kernel that is named, kernel_util.cc and
internal/quantization_util.cc. A kernel reads scale 0 and zero point 0 of a tensor with a scale for each channel.
"""

from __future__ import annotations

from math import inf, log2

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.tflm_conditions import affine, is_type, out, range_fault
from tflint_rules.targets.tables.tflm_weights import bias_fault

__all__ = [
    "activation_range",
    "convolution",
    "embedding_lookup",
    "fixed_output",
    "fully_connected",
    "hard_swish",
    "one_scale",
    "pad_value",
    "sum_scales",
    "zero_in_16_bits",
]

_SMALL = (DType.INT8, DType.UINT8)
_QUANTIZED = (*_SMALL, DType.INT16)
_BOTH_WIDE = ("ADD", "QUANTIZE")
"""Ops that ask for zero point 0 only where INT16 becomes INT16."""


def read(tensor: Tensor | None) -> tuple[float, int]:
    """The scale and zero point that a kernel reads. Source: core/subgraph.cc, GetLegacyQuantization."""
    quant = affine(tensor)
    return (0.0, 0) if quant is None or len(quant.scale) > 1 else (float(quant.scale[0]), int(quant.zero_point[0]))


def one_scale(first: int = 0, *types: DType, inputs: bool = False) -> Condition:
    """Outputs (and all inputs) have the scale and zero point of the input `first`, where it is of these types."""

    def check(op: Op, graph: Graph) -> str:
        source = op.input(first)
        if source is None or (types and source.dtype not in types):
            return ""
        wanted = read(source)
        for role, side in (("input", op.inputs if inputs else ()), ("output", op.outputs)):
            for slot, tensor in enumerate(side):
                if read(tensor) != wanted:
                    return f"{role} {slot} has {_written(read(tensor))}; input {first} has {_written(wanted)}"
        return ""

    return check


def _written(params: tuple[float, int]) -> str:
    return f"scale {params[0]:g} and zero point {params[1]}"


def zero_in_16_bits(op: Op, graph: Graph) -> str:
    """INT16 tensors have zero point 0."""
    alike = is_type(out()(op), DType.INT16) and affine(op.input(0)) is not None
    if not is_type(op.input(0), DType.INT16) or (op.kind in _BOTH_WIDE and not alike):
        return ""
    for role, side in (("input", op.inputs), ("output", op.outputs)):
        for slot, tensor in enumerate(side):
            if is_type(tensor, DType.INT16) and read(tensor)[1]:
                return f"{role} {slot} has zero point {read(tensor)[1]}; 0 is supported for INT16"
    return ""


def fixed_output(near: float = 0.0, **wanted: tuple[float, int | None]) -> Condition:
    """The output has the scale and zero point that belong to its type; None is any. `near` is how far off they may be.

    Source: activations.cc and l2norm.cc.
    """

    def check(op: Op, graph: Graph) -> str:
        made = out()(op)
        if made is None or made.dtype.value not in wanted or not is_type(op.input(0), made.dtype):
            return ""
        (size, zero), (scale, point) = read(made), wanted[made.dtype.value]
        if abs(size - scale) <= near * scale and point in (None, zero):
            return ""
        also = "" if point is None else f" and zero point {point}"
        return f"output has {_written((size, zero))}; scale {scale:g}{also} is supported for {made.dtype.value}"

    return check


def sum_scales(bits: int, *, squared: bool = False, above_one: bool = False) -> Condition:
    """Ratios of scales that a sum multiplies by are between 0 and 1: the program stops where they are not.

    `bits` is how far inputs are shifted. Source: add.cc, sub.cc and squared_difference.cc, Prepare.
    """

    def check(op: Op, graph: Graph) -> str:
        made = out()(op)
        first, second = op.input(0), op.input(1)
        wide = is_type(first, DType.INT16) and affine(first) is not None and not squared
        if not is_type(first, *_SMALL) and not wide:
            return ""
        one, two, result = read(first)[0], read(second)[0], read(made)[0]
        steps = [_log2(each) for each in (one, two, result)]
        if wide and None not in steps and op.options.get("pot_scale_int16", bool(op.options)):
            return _shift_fault(op, [step for step in steps if step is not None])
        largest = 2 * max(one, two)
        for slot, scale in ((0, one), (1, two)):
            if not (scale > 0 and 0 < scale / largest < 1):
                return f"input {slot} has scale {scale:g}; the program stops where it is not above 0"
        shifted = 2.0 ** (15 if wide else bits) * result
        ratio = (largest * largest if squared else largest) / shifted if shifted else float("inf")
        if 0 < ratio < 1 or (ratio > 1 and above_one):
            return ""
        return (
            f"output has scale {result:g} and inputs {one:g} and {two:g}; the program stops where it is so much smaller"
        )

    return check


def _log2(scale: float) -> int | None:
    """The exponent of a scale that is a power of two. Source: quantization_util.h, CheckedLog2."""
    found = log2(scale) if 0 < scale < inf else 0.5
    return round(found) if abs(found - round(found)) < 1e-3 else None


def _shift_fault(op: Op, steps: list[int]) -> str:
    """Why 16-bit numbers whose scales are powers of two cannot be added by shifts; empty where they can.

    Source: add.cc and sub.cc, Prepare; optimized_integer_ops::Add, which does not broadcast.
    """
    one, two, result = steps
    first, second = op.input(0), op.input(1)
    if max(one, two) != result:
        return f"inputs have scales 2^{one} and 2^{two}, output has 2^{result}; the output's is that of the larger one"
    if op.kind == "ADD" and first is not None and second is not None and first.default_shape != second.default_shape:
        return (
            "scales are powers of two, with which the program stops where shapes differ; set pot_scale_int16 to false"
        )
    return ""


def hard_swish(op: Op, graph: Graph) -> str:
    """The output's scale is more than a 128th of the input's. Source: activations.cc, HardSwishPrepare."""
    made = out()(op)
    if not is_type(made, *_SMALL):
        return ""
    (size, _), (scale, _) = read(op.input(0)), read(made)
    if not scale or size / 128 / scale < 1:
        return ""
    return f"output has scale {scale:g}; more than a 128th of the input's, {size:g}, is supported"


def pad_value(op: Op, graph: Graph) -> str:
    """A value for padding has the output's scale. Source: pad.cc, EvalInt."""
    value, made = op.input(2), out()(op)
    if value is None or not is_type(made, *_QUANTIZED) or read(value) == read(made):
        return ""
    if affine(op.input(0)) is None and not is_type(made, DType.UINT8):
        return ""
    return f"the value has {_written(read(value))}, output has {_written(read(made))}; one is supported"


def embedding_lookup(op: Op, graph: Graph) -> str:
    """A table of 8 bits or fewer has zero point 0 where the output is FLOAT32. Source: embedding_lookup.cc, Prepare."""
    table, made = op.input(1), out()(op)
    quant = affine(table)
    if quant is None or table is None or not is_type(made, DType.FLOAT32):
        return ""
    if is_type(table, *_SMALL, DType.INT4, DType.INT2) and int(quant.zero_point[0]):
        return f"the table has zero point {int(quant.zero_point[0])}; 0 is supported beside FLOAT32"
    return ""


def activation_range(op: Op, graph: Graph) -> str:
    """The bounds of the fused activation can be written in the output's 8 or 16 bits."""
    made = out()(op)
    if made is None or not is_type(made, *_QUANTIZED) or affine(made) is None:
        return ""
    return range_fault(op, made)


def fully_connected(op: Op, graph: Graph) -> str:
    """Scales of a quantized matrix product go together. Source: fully_connected.cc, PrepareImpl."""
    source, kernel, made = op.input(0), op.input(1), out()(op)
    if source is None or kernel is None or made is None or not is_type(source, *_QUANTIZED):
        return ""
    quant = affine(kernel)
    if quant is not None and len(quant.scale) > 1:
        if quant.stored_axis != 0:
            return f"filter has a scale for each slice of dimension {quant.stored_axis}; dimension 0 is supported"
        return range_fault(op, made)
    return bias_fault(source, kernel, op.input(2), made) or range_fault(op, made)


def convolution(slot: int, last: int, axis: int) -> Condition:
    """Scales of a convolution; its input is in `slot`, its bias in `last`, and `axis` the filter's output channels.

    Source: kernel_util.cc, PopulateConvolutionQuantizationParams.
    """

    def check(op: Op, graph: Graph) -> str:
        source, kernel, made = op.input(slot), op.input(1), out()(op)
        if source is None or kernel is None or made is None or not is_type(source, *_QUANTIZED):
            return ""
        quant, sizes = affine(kernel), kernel.default_shape
        count = 0 if quant is None else len(quant.scale)
        if quant is not None and count > 1 and len(sizes) == 4 and count != sizes[axis]:
            return f"filter has {count} scales; 1, or one for each of {sizes[axis]} channels, is supported"
        fault = bias_fault(source, kernel, op.input(last), made) if is_type(source, DType.UINT8) else ""
        return fault or range_fault(op, made)

    return check
