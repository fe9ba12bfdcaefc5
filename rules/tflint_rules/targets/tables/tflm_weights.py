"""What the kernels of TensorFlow Lite Micro with weights ask of types, scales and shapes.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/kernels/{conv,depthwise_conv,fully_connected,transpose_conv}.cc
and their _common.cc, svdf_common.cc, unidirectional_sequence_lstm.cc, lstm_eval.cc, lstm_eval_common.cc;
tensorflow/lite/kernels/kernel_util.cc, PopulateConvolutionQuantizationParams and GetQuantizedConvolutionMultipler.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from tflint import Condition, DType, Graph, Op, Tensor, Unknown
from tflint_rules.targets.tables.tflm_conditions import (
    affine,
    integers,
    out,
    range_fault,
    scale,
    shape_of,
    single,
    type_name,
    zero_point,
)

__all__ = [
    "batch_matmul",
    "convolution",
    "detections",
    "embedding_lookup",
    "fully_connected",
    "groups",
    "lstm",
    "svdf",
    "weight_types",
]

_INTEGER = (DType.INT8, DType.INT16)


_Check = Callable[[Op, Tensor, Tensor, Tensor], str]


def _weighted(first: int, check: _Check) -> Condition:
    """A condition on an op with its input (in slot `first`), filter and output, which have to be there."""

    def checked(op: Op, graph: Graph) -> str:
        source, kernel, made = op.input(first), op.input(1), out()(op)
        if source is None or kernel is None or made is None:
            return "it has no input, no filter or no output"
        return check(op, source, kernel, made)

    return checked


def weight_types(first: int, *more: tuple[DType, DType], made_alike: bool = True) -> Condition:
    """The types of input (in slot `first`) and filter go together; with `made_alike`, output and input have one."""
    known = {(DType.FLOAT32, DType.FLOAT32), (DType.INT8, DType.INT8), (DType.INT16, DType.INT8), *more}

    def check(op: Op, source: Tensor, kernel: Tensor, made: Tensor) -> str:
        if DType.UNKNOWN in (source.dtype, kernel.dtype, made.dtype):
            return Unknown("an element type is newer than tflint")
        if (source.dtype, kernel.dtype) not in known:
            found = f"input is {source.dtype.value} and filter {kernel.dtype.value}"
            return f"{found}; weights of one type with the input, or INT8 beside INT16, are supported"
        if made_alike and source.dtype is not made.dtype:
            return f"input is {source.dtype.value} and output {made.dtype.value}; one type is supported"
        return ""

    return _weighted(first, check)


def convolution(first: int, last: int, axis: int) -> Condition:
    """Shapes and scales; `last` is the bias' slot, `axis` the filter's dimension of output channels."""

    def check(op: Op, source: Tensor, kernel: Tensor, made: Tensor) -> str:
        bias = op.input(last)
        if not last <= len(op.inputs) <= last + 1 or len(op.outputs) != 1:
            return f"it has {len(op.inputs)} inputs; {last} or {last + 1}, and 1 output, are supported"
        for tensor, role in ((source, "input"), (kernel, "filter"), (made, "output")):
            if len(tensor.default_shape) != 4:
                return f"{role} has {len(tensor.default_shape)} dimensions; 4 are supported"
        if op.kind == "DEPTHWISE_CONV_2D" and bias is None and len(op.inputs) > last:
            return "bias is left out with -1, where the program stops"
        wide = source.dtype is DType.INT16 and op.kind == "CONV_2D"
        if wide and bias is not None and bias.dtype not in (DType.INT32, DType.INT64):
            return f"bias is {bias.dtype.value}; INT32 or INT64 is supported for INT16"
        return _channel_scales(op, source, kernel, made, axis) if source.dtype in _INTEGER else ""

    return _weighted(first, check)


def _channel_scales(op: Op, source: Tensor, kernel: Tensor, made: Tensor, axis: int) -> str:
    if affine(source) is None:
        return f"input is {source.dtype.value} without a scale and a zero point"
    quant = affine(kernel)
    if quant is None:
        return f"filter is {kernel.dtype.value} without a scale and a zero point"
    count, channels, place = len(quant.scale), kernel.default_shape[axis], quant.stored_axis
    if count > 1 and count != channels:
        return f"filter has {count} scales; 1, or one for each of {channels} channels, is supported"
    if count > 1 and not (0 <= place < 4 and kernel.default_shape[place] == channels):
        return f"filter has a scale for each slice of dimension {place}; dimension {axis} is supported"
    return range_fault(op, made)


def _groups(op: Op, source: Tensor, kernel: Tensor, made: Tensor) -> str:
    have, read, make = source.default_shape[-1], kernel.default_shape[-1], made.default_shape[-1]
    if read and have // read and make // (have // read):
        return ""
    return f"filter reads {read} channels and makes {make} of the input's {have}; the program stops"


def _fully_connected(op: Op, source: Tensor, kernel: Tensor, made: Tensor) -> str:
    if source.dtype not in _INTEGER:
        return ""
    return _matrix_scales(source, kernel, op.input(2), made) or range_fault(op, made)


groups = _weighted(0, _groups)
"""Channels of the input can be shared out to the filters."""
fully_connected = _weighted(0, _fully_connected)
"""Scales of a quantized matrix product go together."""


def _matrix_scales(source: Tensor, kernel: Tensor, bias: Tensor | None, made: Tensor) -> str:
    quant = affine(kernel)
    count = 0 if quant is None else len(quant.scale)
    if quant is not None and count > 1:
        place, sizes = quant.stored_axis, kernel.default_shape
        if kernel.dtype is DType.INT4:
            return "filter is INT4 with a scale for each channel; one scale is supported"
        if not (0 <= place < len(sizes) and sizes[place] == count):
            return f"filter has {count} scales on dimension {place} of {list(sizes)}"
        return ""
    return bias_fault(source, kernel, bias, made)


def bias_fault(source: Tensor, kernel: Tensor, bias: Tensor | None, made: Tensor) -> str:
    """Why a bias' scale is too far from the product of those of input and filter; empty where it is not.

    Source: kernel_util.cc, GetQuantizedConvolutionMultipler.
    """
    product = scale(source) * scale(kernel)
    if not single(product) >= 0:
        return "the product of input's and filter's scale is below 0"
    if bias is None:
        return ""
    off = abs(product - scale(bias))
    if scale(made) and off / scale(made) <= 0.02:
        return ""
    return (
        f"bias has scale {scale(bias):g}, which is not the product of those of input and filter, {product:g}, "
        f"to 0.02 of the output's {scale(made):g}"
    )


def svdf(op: Op, graph: Graph) -> str:
    """Types and shapes of a SVDF: float throughout, or INT8 with INT8 or INT16 in time and state."""
    if len(op.inputs) != 5 or len(op.outputs) != 1:
        return f"it has {len(op.inputs)} inputs; 5 are supported"
    source, feature, time, bias, state = op.inputs
    made = op.outputs[0]
    if source is None or feature is None or time is None or bias is None or state is None:
        return "its input, weights, bias or state is left out"
    if any(len(each.default_shape) != 2 for each in (source, feature, time, state, made)):
        return "a tensor does not have 2 dimensions"
    rank, (batch, width), (filters, memory) = op.options.get("rank", 0), source.default_shape, time.default_shape
    if rank <= 0 or filters % rank:
        return f"rank is {rank}, which does not divide {filters} filters"
    if not state.is_variable:
        return "state is not a variable"
    wanted = ((filters, width), (batch, memory * filters), (batch, filters // rank))
    if (feature.default_shape, state.default_shape, made.default_shape) != wanted:
        return "its shapes do not fit each other"
    if bias.default_shape[:1] != (filters // rank,):
        return f"bias has shape {list(bias.default_shape)}; [{filters // rank}] is supported"
    return _svdf_types(source, feature, time, bias, state, made)


def _svdf_types(source: Tensor, feature: Tensor, time: Tensor, bias: Tensor, state: Tensor, made: Tensor) -> str:
    types = [each.dtype for each in (source, feature, time, state, made, bias)]
    if set(types) == {DType.FLOAT32}:
        return ""
    inner = set(types[2:4]) <= {DType.INT8, DType.INT16}
    if (types[0], types[1], *types[4:]) != (DType.INT8, DType.INT8, DType.INT8, DType.INT32) or not inner:
        named = ", ".join(each.value for each in types)
        return f"its types are {named}; FLOAT32 throughout, or INT8 with INT32 bias, is supported"
    off = abs(scale(bias) - single(scale(state) * scale(time)))
    return "" if off < 1e-5 else f"bias has scale {scale(bias):g}; the product of state's and time's is supported"


_GATES = range(1, 9)
_BIASES = range(12, 16)


def lstm(op: Op, graph: Graph) -> str:
    """An LSTM without peepholes, projection or layer normalization, all of its gates there."""
    if len(op.inputs) != 24 or len(op.outputs) != 1:
        return f"it has {len(op.inputs)} inputs; 24 are supported"
    for slots, what in (((9, 10, 11), "peepholes"), ((16, 17), "a projection"), (range(20, 24), "normalized layers")):
        if any(op.inputs[slot] is not None for slot in slots):
            return f"it has {what}, which are not supported"
    parts = [op.inputs[slot] for slot in (0, *_GATES, *_BIASES, 18, 19)]
    tensors = [each for each in parts if each is not None]
    if len(tensors) < len(parts):
        return "a gate's weights or bias, or a state, is left out"
    source, gates, biases, hidden, cell = tensors[0], tensors[1:9], tensors[9:13], tensors[13], tensors[14]
    if not hidden.is_variable or not cell.is_variable:
        return "a state is not a variable"
    return _lstm_types(op, source, gates, biases, hidden, cell) or _lstm_shapes(op, source, gates, biases, hidden, cell)


def _lstm_types(op: Op, source: Tensor, gates: list[Tensor], biases: list[Tensor], hidden: Tensor, cell: Tensor) -> str:
    weights = {each.dtype for each in gates}
    if hidden.dtype is not source.dtype or op.outputs[0].dtype is not source.dtype:
        return "input, output and output state differ in element type"
    if len(weights) > 1 or len({each.dtype for each in biases}) > 1:
        return "its weights, or its biases, differ in element type"
    if source.dtype is DType.FLOAT32 and cell.dtype is DType.FLOAT32:
        return ""
    if source.dtype not in _INTEGER or weights != {DType.INT8} or cell.dtype is not DType.INT16:
        found = f"{source.dtype.value} input, {gates[0].dtype.value} weights, {cell.dtype.value} cell state"
        return f"it has {found}; FLOAT32, or INT8 or INT16 with INT8 weights and INT16 cell state, is supported"
    for number, each in enumerate(gates):
        quant = affine(each)
        if quant is None or len(quant.scale) < 2:
            continue
        place, sizes = quant.stored_axis, each.default_shape
        if not (0 <= place < len(sizes) and sizes[place] == len(quant.scale)):
            return f"weights {number + 1} have {len(quant.scale)} scales on dimension {place} of {list(sizes)}"
    return ""


def _lstm_shapes(
    op: Op, source: Tensor, gates: list[Tensor], biases: list[Tensor], hidden: Tensor, cell: Tensor
) -> str:
    made = op.outputs[0].default_shape
    if len(source.default_shape) != 3 or len(made) != 3 or len(hidden.default_shape) != 2:
        return "input and output do not have 3 dimensions, or the output state does not have 2"
    first, second, width = source.default_shape
    batch, units = second if op.options.get("time_major") else first, hidden.default_shape[1]
    if any(each.default_shape != (units, width) for each in gates[:4]):
        return f"input weights do not have shape [{units}, {width}]"
    if any(each.default_shape != (units, units) for each in gates[4:]):
        return f"recurrent weights do not have shape [{units}, {units}]"
    if any(each.default_shape != (units,) for each in biases):
        return f"biases do not have shape [{units}]"
    if hidden.elements != batch * units or cell.elements != batch * units:
        return f"a state does not have {batch} x {units} elements"
    return "" if made == (first, second, units) else f"output has shape {list(made)}; {[first, second, units]} is made"


def batch_matmul(op: Op, graph: Graph) -> str:
    """The sizes of a product of matrices fit each other and the output."""
    left, right, made = shape_of(op.input(0)), shape_of(op.input(1)), shape_of(out()(op))
    rank = max(len(left), len(right))
    a, b = (1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right
    if any(x != y and 1 not in (x, y) for x, y in zip(a[:-2], b[:-2], strict=True)):
        return f"inputs have shapes {list(left)} and {list(right)}, which cannot be broadcast"
    rows, depth = (a[-1], a[-2]) if op.options.get("adj_x") else (a[-2], a[-1])
    columns, inner = (b[-2], b[-1]) if op.options.get("adj_y") else (b[-1], b[-2])
    if depth != inner:
        return f"inputs have shapes {list(left)} and {list(right)}: {depth} columns meet {inner} rows"
    batch = [y if x == 1 else x for x, y in zip(a[:-2], b[:-2], strict=True)]
    if rank > len(made) or prod([*batch, rows, columns]) != prod(made):
        return f"output has shape {list(made)}; {[*batch, rows, columns]} is computed"
    return ""


def embedding_lookup(op: Op, graph: Graph) -> str:
    """The output is large enough, and of the table's type or FLOAT32 from INT8 with zero point 0."""
    table, made = op.input(1), out()(op)
    ids, rows, sizes = shape_of(op.input(0)), shape_of(table), shape_of(made)
    if len(ids) != 1 or len(rows) < 2 or len(sizes) < len(rows):
        return "indices are not a list, or the table has fewer than 2 dimensions, or the output has fewer than it"
    if any(not 0 <= each < rows[0] for each in integers(op.input(0)) or ()):
        return f"an index is outside of the table's {rows[0]} rows"
    if type_name(made) not in (type_name(table), "FLOAT32"):
        return f"output is {type_name(made)}; FLOAT32 or the type of the table, {type_name(table)}, is supported"
    if type_name(made) != type_name(table) and zero_point(table):
        return f"table has zero point {zero_point(table)}; 0 is supported"
    wanted = (*ids, *rows[1:], *sizes[len(rows) :])
    return "" if prod(wanted) <= prod(sizes) else f"output has shape {list(sizes)}; {list(wanted)} is needed"


def detections(op: Op, graph: Graph) -> str:
    """Boxes, scores and anchors fit each other."""
    boxes, scores = shape_of(op.input(0)), shape_of(op.input(1))
    if len(boxes) != 3 or len(scores) != 3 or len(shape_of(op.input(2))) != 2:
        return "boxes, scores and anchors do not have 3, 3 and 2 dimensions"
    if boxes[0] != 1 or scores[:2] != boxes[:2] or boxes[2] < 4:
        return f"boxes have shape {list(boxes)} and scores {list(scores)}; batch 1 and as many of both are supported"
    return ""
