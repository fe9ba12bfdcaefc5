"""What the NNAPI delegate asks of an op.

Source: LiteRT f67457790, tflite/delegates/nnapi/nnapi_delegate.cc, NNAPIDelegateKernel::Validate.
"""

from __future__ import annotations

from tflint import Condition, DType, Graph, Op, Tensor, Unknown
from tflint_rules.targets.tables.delegates import either, packed, whole

__all__ = [
    "FLOAT",
    "FLOAT_OR_8BIT",
    "NUMBERS",
    "alike",
    "axis",
    "constant_int32",
    "constant_scalar",
    "dequantized",
    "filled",
    "lstm",
    "makes",
    "makes_int32",
    "no_crops",
    "no_scalar",
    "not_broadcast",
    "not_empty",
    "not_hybrid",
    "not_int16",
    "not_last",
    "plain_integers",
    "reshaped",
    "same_type",
    "scaled",
    "sparse_projection",
    "split_sizes",
    "twenty_or_twenty_four",
    "typed",
]

FLOAT = "FLOAT32"
FLOAT_OR_8BIT = "FLOAT32 UINT8 INT8"
NUMBERS = "FLOAT32 UINT8 INT8 INT32"
_8BIT = frozenset({DType.UINT8, DType.INT8})
_INT32 = (-(2**31), 2**31 - 1)
_UNREADABLE = "cannot be read from the file"


def typed(slot: int, allowed: str, role: str) -> Condition:
    """An input that is there, of one of these element types."""
    names = allowed.split()

    def check(op: Op, graph: Graph) -> str:
        tensor = packed(op, slot, graph)
        if tensor is None:
            return f"it has no {role}"
        return "" if tensor.dtype.value in names else f"{role} is {tensor.dtype.value}; {either(names)} is supported"

    check.__doc__ = f"{role} is {either(names)}"
    return check


def makes(allowed: str) -> Condition:
    """The first output has one of these element types."""
    names = allowed.split()

    def check(op: Op, graph: Graph) -> str:
        output = _output(op)
        if output is None or output.dtype.value in names:
            return ""
        return f"output is {output.dtype.value}; {either(names)} is supported"

    check.__doc__ = f"output is {either(names)}"
    return check


def _output(op: Op) -> Tensor | None:
    return op.outputs[0] if op.outputs else None


def plain_integers(op: Op, graph: Graph) -> str:
    """ADD, MUL and SUB of INT32 have no fused activation."""
    source = op.input(0)
    activation = op.options.get("fused_activation_function", "NONE")
    if source is None or source.dtype is not DType.INT32 or activation == "NONE":
        return ""
    return f"fused_activation_function is {activation}; for INT32 NONE is supported"


def axis(op: Op, graph: Graph) -> str:
    """The axis of ARG_MAX is INT32, or a constant INT64 that fits into it."""
    tensor = op.input(1)
    if tensor is None:
        return "it has no axis"
    if tensor.dtype is not DType.INT64:
        return "" if tensor.dtype is DType.INT32 else f"axis is {tensor.dtype.value}; INT32 is supported"
    if not tensor.is_constant:
        return "axis is INT64 and not constant; INT32 is supported"
    return _fits(tensor, "axis")


def _fits(tensor: Tensor, role: str) -> str:
    values = whole(tensor)
    if values is None:
        return Unknown(f"{role} {_UNREADABLE}")
    return "" if all(_INT32[0] <= value <= _INT32[1] for value in values) else f"{role} does not fit into INT32"


def makes_int32(op: Op, graph: Graph) -> str:
    """ARG_MAX makes INT32."""
    made = op.options.get("output_type", "FLOAT32")
    return "" if made == "INT32" else f"output_type is {made}; INT32 is supported"


def not_hybrid(slot: int) -> Condition:
    """Weights in a slot are not of 8 bits where the input is a float."""

    def check(op: Op, graph: Graph) -> str:
        source, weights = op.input(0), op.input(slot)
        if source is None or source.dtype is not DType.FLOAT32 or weights is None or weights.dtype not in _8BIT:
            return ""
        return f"input is FLOAT32 and filter {weights.dtype.value}; one kind is supported"

    check.__doc__ = "filter does not have 8 bits where the input is FLOAT32"
    return check


def twenty_or_twenty_four(op: Op, graph: Graph) -> str:
    """A sequence LSTM has 20 inputs or 24."""
    return "" if len(op.inputs) in (20, 24) else f"it has {len(op.inputs)} inputs; 20 or 24 are supported"


def constant_scalar(slot: int) -> Condition:
    """An input without dimensions is a constant."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        loose = tensor is not None and not tensor.default_shape and not tensor.is_constant
        return f"input {slot} is a single number and not constant" if loose else ""

    check.__doc__ = f"input {slot} is constant where it is a single number"
    return check


def constant_int32(slot: int, role: str) -> Condition:
    """An input is a constant of INT32."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or not tensor.is_constant:
            return f"{role} is not constant"
        return "" if tensor.dtype is DType.INT32 else f"{role} is {tensor.dtype.value}; INT32 is supported"

    check.__doc__ = f"{role} is constant, INT32"
    return check


def no_scalar(op: Op, graph: Graph) -> str:
    """The output has dimensions."""
    output = _output(op)
    return "it makes a single number" if output is not None and not output.default_shape else ""


def not_empty(op: Op, graph: Graph) -> str:
    """The input has elements."""
    source = op.input(0)
    return "input has no elements" if source is not None and 0 in source.default_shape else ""


def same_type(op: Op, graph: Graph) -> str:
    """Both inputs have one element type."""
    first, second = packed(op, 0, graph), packed(op, 1, graph)
    if first is None or second is None or first.dtype is second.dtype:
        return "" if second is not None else "it has no right input"
    return f"its inputs are {first.dtype.value} and {second.dtype.value}; one element type is supported"


def not_broadcast(op: Op, graph: Graph) -> str:
    """Both inputs of BATCH_MATMUL have the same batches."""
    a, b = (tensor.default_shape for tensor in op.inputs[:2] if tensor is not None)
    same = len(a) == len(b) and a[:-2] == b[:-2]
    return "" if same else f"its inputs have shapes {list(a)} and {list(b)}; equal batches are supported"


def no_crops(op: Op, graph: Graph) -> str:
    """BATCH_TO_SPACE_ND crops nothing from height and width."""
    crops = op.input(2)
    if crops is None or not crops.is_constant:
        return "crop is not constant"
    if crops.nbytes != 16:
        return f"crop has {crops.elements} elements of {crops.dtype.value}; 4 of INT32 are supported"
    values = whole(crops)
    if values is None:
        return Unknown(f"crop {_UNREADABLE}")
    return "it crops; a crop of 0 is supported" if any(values) else ""


def dequantized(op: Op, graph: Graph) -> str:
    """DEQUANTIZE is of 8 bits, or of FLOAT16; constants of FLOAT16 go with their readers."""
    source = op.input(0)
    if source is None:
        return "it has no input"
    if source.dtype is DType.FLOAT16:
        return ""
    if op.version > 2:
        return f"it has version {op.version}; versions 1 to 2 are supported"
    return "" if source.dtype in _8BIT else f"input is {source.dtype.value}; UINT8, INT8 or FLOAT16 is supported"


def filled(op: Op, graph: Graph) -> str:
    """FILL makes dimensions, and no number of 64 bits that INT32 cannot hold."""
    dimensions, value = (tensor for tensor in op.inputs[:2] if tensor is not None)
    if dimensions.dtype not in (DType.INT32, DType.INT64):
        return f"size is {dimensions.dtype.value}; INT32 or INT64 is supported"
    if dimensions.default_shape[:1] == (0,):
        return "it makes a single number"
    fault = _fits(dimensions, "a dimension")
    return fault or (_fits(value, "value") if value.is_constant and value.dtype is DType.INT64 else "")


def not_int16(op: Op, graph: Graph) -> str:
    """FULLY_CONNECTED does not make INT16."""
    output = _output(op)
    return "output is INT16" if output is not None and output.dtype is DType.INT16 else ""


def sparse_projection(op: Op, graph: Graph) -> str:
    """A sparse LSH_PROJECTION has no weights."""
    sparse = op.options.get("type", "UNKNOWN") == "SPARSE"
    return "it is sparse and has weights" if sparse and len(op.inputs) != 2 else ""


def lstm(op: Op, graph: Graph) -> str:
    """The weights of LSTM; the basic kernel of five inputs is for 8 bits in fixed scales."""
    basic = len(op.inputs) == 5
    weights = op.input(2 if basic else 4)
    if weights is None:
        return "it has no filter"
    if not basic:
        fits = weights.dtype in _8BIT or weights.dtype is DType.FLOAT32
        return "" if fits else f"filter is {weights.dtype.value}; FLOAT32, UINT8 or INT8 is supported"
    if weights.dtype is not DType.UINT8:
        return f"filter is {weights.dtype.value}; UINT8 is supported"
    if not all((_scale(tensor) == (1 / 128, 128)) for tensor in (op.input(0), _output(op))):
        return "input or output is not quantized with scale 1/128 and zero point 128"
    state = op.outputs[1] if len(op.outputs) > 1 else None
    scale, point = _scale(state)
    if scale != 16 / 32768 and point != 0:
        return "cell state is not quantized with scale 16/32768"
    loose = next((role for slot, role in ((2, "filter"), (3, "bias")) if not _is_constant(op.input(slot))), "")
    return f"{loose} is not constant" if loose else ""


def _scale(tensor: Tensor | None) -> tuple[float, int]:
    if tensor is None or tensor.quant is None or not len(tensor.quant.scale) or not len(tensor.quant.zero_point):
        return 0.0, 0
    return float(tensor.quant.scale[0]), int(tensor.quant.zero_point[0])


def _is_constant(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.is_constant


def scaled(op: Op, graph: Graph) -> str:
    """QUANTIZE has scales above 0."""
    source, output = op.input(0), _output(op)
    if source is not None and source.dtype in _8BIT and _scale(source)[0] <= 0:
        return "input has no scale above 0"
    return "" if output is None or _scale(output)[0] > 0 else "output has no scale above 0"


def reshaped(op: Op, graph: Graph) -> str:
    """The shape of RESHAPE is known, and has one to four dimensions."""
    output, shape = _output(op), op.input(1)
    dimensions = 0 if output is None else len(output.default_shape)
    if dimensions > 4:
        return f"output has {dimensions} dimensions; up to 4 are supported"
    if len(op.inputs) > 1:
        return "" if shape is not None and shape.is_constant else "shape is not constant"
    wanted = list(op.options.get("new_shape", ()))
    return "" if wanted and wanted != [0] else "it makes a single number"


def alike(op: Op, graph: Graph) -> str:
    """Condition and value of SELECT have one shape."""
    condition, value = op.input(0), op.input(1)
    if condition is None or value is None or condition.default_shape == value.default_shape:
        return ""
    shapes = f"{list(condition.default_shape)} and {list(value.default_shape)}"
    return f"its condition and value have shapes {shapes}; equal ones are supported"


def split_sizes(op: Op, graph: Graph) -> str:
    """The sizes of SPLIT_V are a constant list of INT32, none of them 0."""
    sizes, whole_input, along = op.input(1), op.input(0), op.input(2)
    fault = constant_int32(1, "size")(op, graph)
    if fault or sizes is None or whole_input is None or along is None:
        return fault
    if len(sizes.default_shape) != 1:
        return f"size has {len(sizes.default_shape)} dimensions; 1 is supported"
    values, axes = whole(sizes, 1024), whole(along)
    if values is None or axes is None or len(axes) != 1:
        return Unknown(f"size or axis {_UNREADABLE}")
    number = axes[0] + (len(whole_input.default_shape) if axes[0] < 0 else 0)
    extent = whole_input.default_shape[number] if 0 <= number < len(whole_input.default_shape) else 0
    rest = extent - sum(value for value in values if value != -1)
    return "a piece has size 0" if 0 in values or (-1 in values and rest == 0) else ""


def not_last(op: Op, graph: Graph) -> str:
    """UNPACK is not along the last dimension."""
    source, number = op.input(0), op.options.get("axis", 0)
    last = source is not None and number in (-1, len(source.default_shape) - 1)
    return f"axis is {number}, the last dimension" if last else ""
