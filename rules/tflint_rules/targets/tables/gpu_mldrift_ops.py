"""What LiteRT's GPU accelerator asks of ops that compute, beyond the check that all GPU delegates share.

Its own check lets some constants pass at which it aborts later, and the program with it: they are refused here.

Source: LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc, IsSupported and Parse of each operation parser.
"""

from __future__ import annotations

from tflint import DType, Graph, Op
from tflint_rules.targets.tables.gpu_conditions import broadcasts, constants, is_constant, number, runtime_inputs, shape
from tflint_rules.targets.tables.gpu_graph import is_half_constant
from tflint_rules.targets.tables.gpu_mldrift_layout import named_axis
from tflint_rules.targets.tables.gpu_mldrift_reads import (
    as_float,
    as_integers,
    bhwc,
    bias_fault,
    constant_value,
    exactly,
    float_fault,
    flow_fault,
    fused,
    input_fault,
    is_affine,
    is_quantized,
    output_faults,
    scales,
)

__all__ = [
    "add_or_multiply",
    "arg_max",
    "batch_matmul",
    "binary",
    "conv_2d",
    "cumsum",
    "depthwise_conv_2d",
    "dequantize",
    "embedding_lookup",
    "fully_connected",
    "one_hot",
    "prelu",
    "quantize",
    "scaled",
    "transpose_conv",
]


def arg_max(op: Op, graph: Graph) -> str:
    """The axis is a constant scalar."""
    if fault := as_integers(op.input(1), "scalar", "axis"):
        return fault
    return named_axis(op, 0, 1)


def batch_matmul(op: Op, graph: Graph) -> str:
    """A constant on the right has two to four dimensions, and a type that is read as floats."""
    moving = runtime_inputs(op)
    if moving == 2:
        return input_fault(op, 0, "left input") or input_fault(op, 1, "right input")
    if moving != 1:
        return f"{moving} of its inputs are not constant; 1 or 2 are supported"
    right = op.input(1)
    if fault := input_fault(op, 0, "left input"):
        return fault
    if not is_constant(right):
        return "its left input is constant"
    if not 2 <= len(shape(right)) <= 4:
        return f"its right input is a constant of {len(shape(right))} dimensions; 2 to 4 are supported"
    return as_float(right, "any", "right input")


def cumsum(op: Op, graph: Graph) -> str:
    """The input is not constant."""
    return flow_fault(op, 0, "input")


def conv_2d(op: Op, graph: Graph) -> str:
    """The input is not constant; a filter that is not constant has one scale."""
    if fault := input_fault(op, 0, "input"):
        return fault
    if is_constant(op.input(0)):
        return "its input is constant"
    kernel = op.input(1)
    if kernel is None:
        return "it has no filter"
    fault = float_fault(kernel, "filter") if is_constant(kernel) else input_fault(op, 1, "filter")
    return fault or bias_fault(op, 2) or fused(op, graph)


def depthwise_conv_2d(op: Op, graph: Graph) -> str:
    """A constant filter has a type that is read as floats."""
    if fault := input_fault(op, 0, "input"):
        return fault
    kernel = op.input(1)
    fault = as_float(kernel, "OHWI", "filter") if runtime_inputs(op) == 1 else input_fault(op, 1, "filter")
    return fault or bias_fault(op, 2) or fused(op, graph)


def dequantize(op: Op, graph: Graph) -> str:
    """A constant has two to four dimensions; anything else has one scale."""
    if is_half_constant(op):
        return ""
    source = op.input(0)
    if runtime_inputs(op) == 0:
        found = len(shape(source))
        if not 2 <= found <= 4:
            return f"its input is a constant of {found} dimensions; 2 to 4 are supported"
        return as_float(source, ("HW", "HWC", "any")[found - 2], "input")
    if source is None or not is_quantized(source):
        return "its input has no scale"
    if source.dtype is DType.INT4:
        return "its input is INT4, at which the accelerator aborts"
    if scales(source) > 1:
        return f"its input has {scales(source)} scales; one is supported"
    return ""


def _pair(op: Op, graph: Graph, *, twice: bool) -> str:
    if constants(op) or runtime_inputs(op) != 2 or len(op.inputs) != 2 or len(op.outputs) != 1:
        return _with_constant(op, graph)
    first, second = op.inputs
    if first is second:
        return input_fault(op, 0, "input") if twice else "its two inputs are one tensor"
    if fault := input_fault(op, 0, "input") or input_fault(op, 1, "second input"):
        return fault
    a, b = shape(first), shape(second)
    if len(a) == len(b):
        return ""
    if not broadcasts(a, b):
        return f"its inputs have shapes {list(a)} and {list(b)}, which do not broadcast"
    for what, sizes in (("inputs", a), ("inputs", b), ("outputs", op.outputs[0].default_shape)):
        if not sizes:
            return f"one of its {what} is a scalar that is not constant"
    return ""


_ONE_OF_EACH = exactly(1, 1, outputs=1)

_QUANTIZED = frozenset({DType.INT8, DType.UINT8, DType.INT4})


def _with_constant(op: Op, graph: Graph) -> str:
    """A constant operand is read as floats, or as INT32; one of another type has more than one element."""
    if fault := _ONE_OF_EACH(op, graph):
        return fault
    first, second = op.inputs
    kept = first if is_constant(first) else second
    if kept is None:
        return "one of its inputs is left out"
    if kept.sparsity is not None:
        return "its constant input is sparse"
    floats = kept.dtype in (DType.FLOAT32, DType.FLOAT16) or (is_affine(kept) and kept.dtype in _QUANTIZED)
    if kept.elements == 1 and not floats and kept.dtype is not DType.INT32:
        return f"its constant input is one {kept.dtype.value}; a float or an INT32 is supported"
    return constant_value(kept, "second input" if kept is second else "first input")


def binary(op: Op, graph: Graph) -> str:
    """Two different tensors that broadcast, or one and a constant; no scalars but constant ones."""
    return _pair(op, graph, twice=False) or output_faults(op, graph)


def add_or_multiply(op: Op, graph: Graph) -> str:
    """As `binary`; the two tensors may be one."""
    return _pair(op, graph, twice=True) or output_faults(op, graph)


def scaled(op: Op, graph: Graph) -> str:
    """Inputs of 8 bits have a scale."""
    for tensor in op.inputs:
        if tensor is not None and tensor.dtype in (DType.INT8, DType.UINT8) and not is_affine(tensor):
            return f"an input is {tensor.dtype.value} without a scale, at which the accelerator aborts"
    return ""


def embedding_lookup(op: Op, graph: Graph) -> str:
    """A quantized table has scales, and two dimensions."""
    table = op.input(1)
    if table is None:
        return "it has no table"
    if table.dtype is not DType.FLOAT32:
        if not is_quantized(table):
            return "its table has no scale"
        if fault := _weights_fault(op, 1, "table"):
            return fault
    if len(table.default_shape) != 2:
        return f"its table has {len(table.default_shape)} dimensions; 2 are supported"
    if not is_constant(table):
        return "its table is not constant, at which the accelerator aborts"
    return flow_fault(op, 0, "index")


def _weights_fault(op: Op, slot: int, role: str) -> str:
    """Why an input cannot be read as quantized weights."""
    tensor = op.input(slot)
    if tensor is None or tensor.dtype not in (DType.INT8, DType.INT4, DType.INT2):
        return f"its {role} is {'left out' if tensor is None else tensor.dtype.value}; INT8, INT4 or INT2 is supported"
    sizes = tensor.default_shape
    if len(sizes) == 2 or (len(sizes) == 4 and sizes[1] == sizes[2] == 1):
        return ""
    return f"its {role} has shape {list(sizes)}; two dimensions are supported"


def fully_connected(op: Op, graph: Graph) -> str:
    """Quantized weights are INT8, INT4 or INT2 of two dimensions; others have one scale at most."""
    weights = op.input(1)
    if fault := input_fault(op, 0, "input"):
        return fault
    if weights is None:
        return "it has no filter"
    if is_affine(weights):
        fault = _weights_fault(op, 1, "filter")
        if not fault and not is_constant(weights) and scales(weights) > 1:
            fault = f"its filter is not constant and has {scales(weights)} scales; one is supported"
    elif not is_quantized(weights):
        fault = float_fault(weights, "filter") if is_constant(weights) else input_fault(op, 1, "filter")
    return fault or bias_fault(op, 2) or fused(op, graph)


def one_hot(op: Op, graph: Graph) -> str:
    """The axis is the last one; indices of four dimensions end in one of size 1."""
    sizes, axis = shape(op.input(0)), number(op, "axis")
    if axis != -1 and (not sizes or axis != sizes[-1]):
        return f"its axis is {axis}; -1 is supported"
    if len(sizes) > 3 and sizes[3] != 1:
        return f"its indices have {sizes[3]} channels; 1 is supported"
    for slot, role in ((2, "on value"), (3, "off value")):
        if not is_constant(op.input(slot)):
            return f"its {role} is not constant, at which the accelerator aborts"
    return flow_fault(op, 0, "index")


def prelu(op: Op, graph: Graph) -> str:
    """The slopes are constant: one for each channel, or for each element of the input but for the batch."""
    if fault := flow_fault(op, 0, "input"):
        return fault
    slopes, sizes, source = op.input(1), shape(op.input(1)), bhwc(op.input(0))
    if not as_float(slopes, "linear", "alpha"):
        fits = sizes[-1] == source[3]
    elif fault := as_float(slopes, "HWC", "alpha"):
        return fault
    else:
        fits = sizes[-3:] == source[1:]
    return "" if fits else f"its alpha has shape {list(sizes)} for an input of {list(shape(op.input(0)))}"


def quantize(op: Op, graph: Graph) -> str:
    """The output has a scale."""
    if fault := input_fault(op, 0, "input"):
        return fault
    return "" if is_quantized(op.outputs[0]) else "its output has no scale"


def transpose_conv(op: Op, graph: Graph) -> str:
    """A constant filter has a type that is read as floats."""
    if fault := input_fault(op, 2, "input"):
        return fault
    fault = as_float(op.input(1), "OHWI", "filter") if runtime_inputs(op) == 1 else input_fault(op, 1, "filter")
    return fault or bias_fault(op, 3)
