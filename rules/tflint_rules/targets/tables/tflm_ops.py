"""What the kernels of TensorFlow Lite Micro that compute ask of scales, zero points and types.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/kernels/*.cc, the Prepare and Eval functions of the reference
kernels, and what they call in tensorflow/lite/kernels/internal/.
"""

from __future__ import annotations

from math import isnan, log

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.tflm_conditions import (
    Take,
    affine,
    array_of,
    integers,
    is_type,
    multiplier_fault,
    out,
    scale,
    shape_of,
    single,
    type_name,
    zero_point,
)
from tflint_rules.targets.tables.tflm_custom import CUSTOM_OPS

__all__ = [
    "abs_scales",
    "add_n",
    "as_many",
    "comparison_scales",
    "cumsum_scales",
    "difference_scales",
    "equal_scales",
    "hard_swish",
    "log_softmax",
    "mean_4d",
    "no_activation",
    "no_zero_divisor",
    "pool_scales",
    "power_of_two",
    "prelu",
    "quantize",
    "registered",
    "softmax",
    "sum_scales",
]


def equal_scales(first: Take, second: Take, what: str, *when: DType) -> Condition:
    """Two tensors have one scale and zero point, where the first has one of these element types."""

    def check(op: Op, graph: Graph) -> str:
        a, b = first(op), second(op)
        if not is_type(a, *when) or b is None:
            return ""
        if scale(a) == scale(b) and zero_point(a) == zero_point(b):
            return ""
        found = f"{scale(a):g}, {zero_point(a)} and {scale(b):g}, {zero_point(b)}"
        return f"{what} have scales and zero points {found}; equal ones are supported"

    return check


def pool_scales(op: Op, graph: Graph) -> str:
    """Input and output of a quantized pool have one scale, to a millionth, and zero point."""
    a, b = op.input(0), out()(op)
    if not is_type(a, DType.INT8, DType.INT16) or b is None:
        return ""
    if abs(single(scale(a) - scale(b))) <= 1e-6 and zero_point(a) == zero_point(b):
        return ""
    found = f"{scale(a):g}, {zero_point(a)} and {scale(b):g}, {zero_point(b)}"
    return f"input and output have scales and zero points {found}; equal ones are supported"


def sum_scales(op: Op, graph: Graph) -> str:
    """The scales of a quantized sum can be brought to one."""
    made = out()(op)
    if not is_type(made, DType.INT8, DType.INT16):
        return ""
    left, right, target = scale(op.input(0)), scale(op.input(1)), scale(made)
    twice = 2 * max(left, right)
    bits = 15 if is_type(made, DType.INT16) else 20
    for value, what in ((left, "input 0's scale"), (right, "input 1's scale")):
        fault = multiplier_fault(value / twice if twice else 0.0, f"{what} over twice the larger one")
        if fault:
            return fault
    ratio = twice / (2**bits * target) if target else 2.0
    return multiplier_fault(ratio, f"twice the larger scale of an input over 2^{bits} times the output's")


def _one_input_sum(op: Op) -> str:
    source, target = scale(op.input(0)), scale(out()(op))
    fault = multiplier_fault(0.5 if source else 0.0, "half of the input's scale over itself")
    ratio = 2 * source / (2**20 * target) if target else 2.0
    return fault or multiplier_fault(ratio, "twice the input's scale over 2^20 times the output's")


def difference_scales(op: Op, graph: Graph) -> str:
    """The scales and zero points of a quantized squared difference are ones that its type can hold."""
    made = op.input(0)
    if not is_type(made, DType.INT8, DType.INT16):
        return ""
    span = range(-128, 128) if is_type(made, DType.INT8) else range(1)
    for tensor, role in ((made, "input 0"), (op.input(1), "input 1"), (out()(op), "output")):
        if zero_point(tensor) not in span:
            return f"{role} has zero point {zero_point(tensor)}; {span[0]} to {span[-1]} is supported"
    left, right = scale(made), scale(op.input(1))
    twice = 2 * max(left, right)
    faults = (
        multiplier_fault(each / twice if twice else 0.0, f"input {slot}'s scale over twice the larger one")
        for slot, each in enumerate((left, right))
    )
    return next(filter(None, faults), "")


def cumsum_scales(op: Op, graph: Graph) -> str:
    """The scales of a quantized running sum can be brought to one."""
    return _one_input_sum(op) if is_type(op.input(0), DType.INT8) else ""


def add_n(op: Op, graph: Graph) -> str:
    """Inputs of ADD_N have one type and shape and, of INT8, one scale and zero point."""
    first = op.input(0)
    if len(op.inputs) < 2 or first is None:
        return f"it has {len(op.inputs)} inputs; 2 or more are supported"
    for number, each in enumerate(op.inputs[1:], 1):
        if each is None:
            return f"it has no input {number}"
        if each.dtype is not first.dtype or each.default_shape != first.default_shape:
            return "its inputs differ in element type or shape"
        if is_type(first, DType.INT8) and (scale(each), zero_point(each)) != (scale(first), zero_point(first)):
            return "its inputs differ in scale or zero point"
    return _one_input_sum(op) if is_type(first, DType.INT8) else ""


def comparison_scales(op: Op, graph: Graph) -> str:
    """The scales of INT8 inputs are between 0 and 1."""
    if not is_type(op.input(0), DType.INT8):
        return ""
    faults = (multiplier_fault(scale(op.input(slot)), f"input {slot}'s scale") for slot in (0, 1))
    return next(filter(None, faults), "")


def as_many(op: Op, graph: Graph) -> str:
    """Inputs of one shape have an output of as many elements. Source: internal/types.h, MatchingElementsSize."""
    first, second, made = op.input(0), op.input(1), out()(op)
    if op.kind == "MUL" and not is_type(first, DType.INT8, DType.INT16):
        return ""
    if first is None or second is None or made is None or first.default_shape != second.default_shape:
        return ""
    if first.elements == made.elements:
        return ""
    return f"inputs have shape {list(first.default_shape)} and output {list(made.default_shape)}; the program stops"


def abs_scales(op: Op, graph: Graph) -> str:
    """A quantized INT16 has a scale on both sides, and zero points of 0."""
    a, b = op.input(0), out()(op)
    if not is_type(a, DType.INT16) or affine(a) is None:
        return ""
    if affine(b) is None:
        return "output is INT16 without a scale and a zero point"
    if zero_point(a) or zero_point(b):
        return f"zero points are {zero_point(a)} and {zero_point(b)}; 0 is supported for INT16"
    return ""


def prelu(op: Op, graph: Graph) -> str:
    """At most 4 dimensions, and an INT8 slope for an INT16 output."""
    slope = op.input(1)
    highest = max(len(shape_of(each)) for each in (op.input(0), slope, out()(op)))
    if highest > 4:
        return f"it has tensors of {highest} dimensions; at most 4 are supported"
    if slope is None or not is_type(out()(op), DType.INT16) or slope.dtype is DType.INT8:
        return ""
    return f"slope is {slope.dtype.value}; INT8 is supported for INT16"


def no_zero_divisor(op: Op, graph: Graph) -> str:
    """A constant divisor of a float or INT32 has no 0."""
    array = array_of(op.input(1))
    if op.kind == "DIV" and not is_type(op.input(1), DType.INT32):
        return ""
    return "" if array is None or bool(array.all()) else "divisor is a constant with a 0 in it"


def hard_swish(op: Op, graph: Graph) -> str:
    """The input's scale is less than 128 times the output's."""
    a, b = op.input(0), out()(op)
    if not is_type(a, DType.INT8) or not scale(b) or single(single(scale(a) / 128) / scale(b)) < 1:
        return ""
    return f"the scale of the input, {scale(a):g}, is 128 times that of the output, {scale(b):g}, or more"


def _exp_range(tensor: Tensor | None, beta: float = 1.0) -> str:
    """Why the input of an exponential function cannot be brought to fixed point.

    Source: quantization_util.cc, PreprocessSoftmaxScaling.
    """
    value = beta * scale(tensor) * 2**26
    return "" if value > 1 else f"the input's scale of {scale(tensor):g} is 2^-26 or less, where the program stops"


def log_softmax(op: Op, graph: Graph) -> str:
    """An INT8 output has scale 1/16 and zero point 127."""
    if not is_type(op.input(0), DType.INT8):
        return ""
    made = out()(op)
    if scale(made) != 0.0625 or zero_point(made) != 127:
        return f"output has scale {scale(made):g} and zero point {zero_point(made)}; 0.0625 and 127 are supported"
    return _exp_range(op.input(0))


_SOFTMAX = {
    ("INT16", "INT16"): (1 / 32768, 0, 0.001),
    ("INT8", "INT16"): (1 / 65536, -32768, 0.001),
    ("INT8", "INT8"): (1 / 256, -128, 0.0),
}
"""Types of input and output -> scale and zero point of the output, and how far off the scale may be."""


def softmax(op: Op, graph: Graph) -> str:
    """The output has the scale and zero point that its type needs."""
    a, b = op.input(0), out()(op)
    if not shape_of(a):
        return "input is a scalar"
    types = (type_name(a), type_name(b))
    if types == ("FLOAT32", "FLOAT32"):
        return ""
    if types not in _SOFTMAX:
        return f"it makes {types[1]} of {types[0]}; FLOAT32, INT8, or INT16 of INT16 or INT8 is supported"
    wanted, zero, off = _SOFTMAX[types]
    if zero_point(b) != zero or not abs(scale(b) - wanted) <= off * wanted:
        return f"output has scale {scale(b):g} and zero point {zero_point(b)}; {wanted:g} and {zero} are supported"
    if is_type(a, DType.INT16):
        return f"input has zero point {zero_point(a)}; 0 is supported" if zero_point(a) else ""
    return _exp_range(a, op.options.get("beta", 0.0))


def power_of_two(op: Op, graph: Graph) -> str:
    """An INT16 output has scale 2^-15, and both zero points are 0."""
    a, b = op.input(0), out()(op)
    if not is_type(a, DType.INT16):
        return ""
    if zero_point(a) or zero_point(b):
        return f"zero points are {zero_point(a)} and {zero_point(b)}; 0 is supported for INT16"
    step = scale(b)
    power = log(step) / log(2) if step > 0 and not isnan(step) else 0.0
    return "" if abs(power + 15) < 1e-3 else f"output has scale {step:g}; 2^-15 is supported for INT16"


def mean_4d(op: Op, graph: Graph) -> str:
    """A mean over height and width that keeps them leaves 1 of each."""
    source, made, axes = op.input(0), shape_of(out()(op)), integers(op.input(1))
    if not is_type(source, DType.FLOAT32) or len(shape_of(source)) != 4 or axes not in ([1, 2], [2, 1]):
        return ""
    wide = ((1,) * (4 - len(made)) + made)[1:3]
    if not op.options.get("keep_dims") or (len(made) <= 4 and wide == (1, 1)):
        return ""
    return f"output has shape {list(made)}; 1 row and 1 column are supported"


def no_activation(op: Op, graph: Graph) -> str:
    """No activation is fused."""
    found = op.options.get("fused_activation_function", "NONE")
    return "" if found == "NONE" else f"fused_activation_function is {found}; NONE is supported"


def registered(op: Op, graph: Graph) -> str:
    """A custom op is one of TFLM's, and a builtin op is none."""
    if op.is_custom is (op.kind in CUSTOM_OPS):
        return ""
    return f"it is a {'custom' if op.is_custom else 'builtin'} op of that name"


_QUANTIZES = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT32: (DType.INT8, DType.INT16),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
}


def quantize(op: Op, graph: Graph) -> str:
    """QUANTIZE makes one of these types of each, with one scale."""
    a, b = op.input(0), out()(op)
    if a is None or b is None:
        return f"it has no {'input' if a is None else 'output'}"
    if b.dtype not in _QUANTIZES.get(a.dtype, ()):
        return f"it makes {b.dtype.value} of {a.dtype.value}, which is not supported"
    quant = affine(b)
    return "" if quant is not None and len(quant.scale) == 1 else f"output is {b.dtype.value} without one scale"
