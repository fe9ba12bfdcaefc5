"""What the check that LiteRT's GPU delegates share asks of each kind of op.

Source: LiteRT f67457790, tflite/tools/versioning/gpu_compatibility.cc, and what it is called with:
tflite/converter/tools/versioning/op_signature.cc and tflite/converter/core/api/flatbuffer_conversions.cc (LSTM cannot
do without options).
"""

from __future__ import annotations

from math import prod
from struct import Struct

from tflint import Condition, DType, Graph, Op
from tflint_rules.targets.tables.gpu_conditions import (
    activation,
    are,
    branch,
    broadcasts,
    counted,
    inputs,
    is_constant,
    number,
    operands,
    outputs_fault,
    runtime_inputs,
    shape,
    size,
)

__all__ = [
    "bitcast",
    "block_size",
    "bounds",
    "broadcast",
    "broadcast_axes",
    "convolution",
    "cumsum",
    "depthwise",
    "embedding",
    "fully_connected",
    "gather_indices",
    "lstm",
    "one_hot",
    "one_hot_values",
    "packed",
    "packed_pool",
    "packed_strides",
    "pool",
    "positive",
    "resampler",
    "select",
    "some_input",
    "strided_slice",
    "update_slice",
]


def convolution(op: Op, graph: Graph) -> str:
    """One output; one or two inputs that are not constant: the filter may be one, the bias may not."""
    found = runtime_inputs(op)
    if not 1 <= found <= 2:
        return f"{found} of its inputs {are(found)} not constant; 1 or 2 are supported"
    if len(op.outputs) != 1:
        return outputs_fault(op, 1)
    return "" if found == 2 or len(op.inputs) > 1 else "it has no filter"


_STRIDES = size("stride_h", "stride_w", "strides")

_DILATIONS = size("dilation_h_factor", "dilation_w_factor", "dilations")

_FILTER = size("filter_height", "filter_width", "filter sizes")


def positive(*, dilation: bool = False) -> Condition:
    """Positive strides, and dilations."""

    def check(op: Op, graph: Graph) -> str:
        return _STRIDES(op, graph) or (_DILATIONS(op, graph) if dilation else "")

    return check


def pool(op: Op, graph: Graph) -> str:
    """Filter sizes, strides and activation of a pooling op."""
    return _FILTER(op, graph) or _STRIDES(op, graph) or activation(op, graph)


def depthwise(op: Op, graph: Graph) -> str:
    """The shapes of a depthwise convolution agree."""
    source, kernel, bias = shape(op.input(0)), shape(op.input(1)), op.input(2)
    made = op.outputs[0].default_shape
    for what, sizes in (("input", source), ("filter", kernel), ("output", made)):
        if len(sizes) != 4:
            return f"its {what} has {counted(len(sizes), 'dimension')}; 4 are supported"
    if source[0] != made[0]:
        return f"its output has batch {made[0]}, its input {source[0]}; equal ones are supported"
    if kernel[3] != made[3]:
        return f"its filter has {kernel[3]} channels, its output {made[3]}; equal ones are supported"
    multiplier = number(op, "depth_multiplier")
    if made[3] != source[3] * multiplier:
        return f"its output has {made[3]} channels, its input {source[3]} and its depth multiplier is {multiplier}"
    if len(op.inputs) > 2 and prod(shape(bias)) != made[3]:
        return f"its bias has {counted(prod(shape(bias)), 'element')}, its output {made[3]} channels"
    return ""


def broadcast(*, enhanced: bool) -> Condition:
    """Operands of different ranks above 1 go together; how is up to the delegate."""

    def check(op: Op, graph: Graph) -> str:
        a, b = shape(op.input(0)), shape(op.input(1))
        if len(a) < 2 or len(b) < 2 or len(a) == len(b):
            return ""
        long, short = (a, b) if len(a) > len(b) else (b, a)
        if broadcasts(long, short) if enhanced else _plain(long, short):
            return ""
        return f"its inputs have shapes {list(a)} and {list(b)}, and it does not broadcast between them"

    return check


def _plain(long: tuple[int, ...], short: tuple[int, ...]) -> bool:
    if len(long) != 4:
        return False
    if len(short) == 3:
        return long[0] == 1
    return (long[0] == 1 and short == (1, 1)) or (long[0] == short[0] and long[3] == short[1])


def bitcast(op: Op, graph: Graph) -> str:
    """The last dimension makes up for the change of element size."""
    source, made = op.input(0), op.outputs[0]
    if source is None:
        return "it has no input"
    widths = [_bytes(each.dtype) for each in (source, made)]
    if 0 in widths:
        return f"its element types are {source.dtype.value} and {made.dtype.value}; ones of a fixed size are supported"
    before, after = source.default_shape, made.default_shape
    if widths[0] == widths[1]:
        return "" if before == after else f"its shape changes from {list(before)} to {list(after)}"
    long, short, ratio = (after, before, widths[0] / widths[1])
    if widths[0] < widths[1]:
        long, short, ratio = (before, after, widths[1] / widths[0])
    if len(long) == len(short) + 1 and long[:-1] == short and long[-1] == ratio:
        return ""
    return (
        f"it goes from {source.dtype.value} {list(before)} to {made.dtype.value} {list(after)}; "
        f"a last dimension of {ratio:g} on the side with the smaller elements is supported"
    )


def _bytes(dtype: DType) -> int:
    return 0 if dtype.bits is None else max(1, dtype.bits // 8)


def block_size(op: Op, graph: Graph) -> str:
    """The block size is above 1."""
    found = number(op, "block_size")
    return "" if found > 1 else f"its block size is {found}; above 1 is supported"


def cumsum(op: Op, graph: Graph) -> str:
    """The axis is constant; the types are asked before."""
    return "" if is_constant(op.input(1)) else "its axis is not constant"


def embedding(op: Op, graph: Graph) -> str:
    """One-dimensional indices; a table and an output that differ in their first dimension only."""
    ids, values, made = shape(op.input(0)), shape(op.input(1)), op.outputs[0].default_shape
    if len(ids) != 1:
        return f"its indices have {counted(len(ids), 'dimension')}; 1 is supported"
    if len(values) < 2:
        return f"its table has {counted(len(values), 'dimension')}; 2 or more are supported"
    if len(values) != len(made) or values[1:] != made[1:]:
        return f"its table has shape {list(values)} and its output {list(made)}; they may differ in the first size only"
    return ""


def update_slice(op: Op, graph: Graph) -> str:
    """Operand and update have one rank; the start indices are one-dimensional."""
    operand, update, starts = (shape(op.input(slot)) for slot in range(3))
    if len(starts) != 1:
        return f"its start indices have {counted(len(starts), 'dimension')}; 1 is supported"
    if len(operand) != len(update):
        return (
            f"its operand has {counted(len(operand), 'dimension')}, its update {len(update)}; equal ranks are supported"
        )
    return ""


def some_input(op: Op, graph: Graph) -> str:
    """It has an input."""
    return "" if op.inputs else "it has no input"


def fully_connected(op: Op, graph: Graph) -> str:
    """Plain weights, an input that is not constant, at most one more of those, and ranks that agree."""
    layout = op.options.get("weights_format", "DEFAULT")
    if layout not in ("DEFAULT", 0):
        return f"its weights have the format {layout}; DEFAULT is supported"
    found = runtime_inputs(op)
    if found > 2:
        return f"{found} of its inputs are not constant; up to 2 are supported"
    if is_constant(op.input(0)):
        return "its input is constant"
    if not number(op, "keep_num_dims"):
        return ""
    if not op.outputs:
        return "it has no output"
    before, after = len(shape(op.input(0))), len(op.outputs[0].default_shape)
    if before == after:
        return ""
    return f"it keeps the number of dimensions, but its input has {before} and its output {after}"


def gather_indices(op: Op, graph: Graph) -> str:
    """The indices have one dimension."""
    found = len(shape(op.input(1)))
    return "" if found == 1 else f"its indices have {counted(found, 'dimension')}; 1 is supported"


def lstm(op: Op, graph: Graph) -> str:
    """The kernel type, and what each of the two asks of inputs, outputs, activation and clipping."""
    kernel = op.options.get("kernel_type")
    if kernel not in ("FULL", "BASIC"):
        return (
            f"its kernel type is {kernel}; FULL or BASIC is supported" if op.decode is not None else "it has no options"
        )
    what = op.options.get("fused_activation_function", "NONE")
    reason = "" if what == "TANH" else f"its fused activation is {what}; TANH is supported"
    if kernel == "FULL":
        return _FULL(op, graph) or reason
    if problem := _BASIC(op, graph):
        return problem
    made = op.outputs[3].default_shape
    if made and made[-1] % 4:
        return f"its fourth output has {made[-1]} channels; a multiple of 4 is supported"
    clips = (name for name in ("cell_clip", "proj_clip") if number(op, name) != 0)
    return reason or next((f"its {name} is {number(op, name):g}; 0 is supported" for name in clips), "")


_FULL, _BASIC = inputs(20, 24, outputs=1), operands(3, 2, 4)


def one_hot(op: Op, graph: Graph) -> str:
    """The axis is the last one, and all of the indices' dimensions but the batch and the last are 1."""
    sizes = shape(op.input(0))
    axis = number(op, "axis")
    if axis != -1 and (not sizes or axis != sizes[-1]):
        return f"its axis is {axis}; -1 is supported"
    for place, each in enumerate(sizes[:-1]):
        if each != 1 and not (len(sizes) > 3 and place == 0):
            return f"its indices have {each} in dimension {place}; 1 is supported"
    return ""


def one_hot_values(op: Op, graph: Graph) -> str:
    """The two values are constants of one element."""
    for slot, role in ((2, "on value"), (3, "off value")):
        if not is_constant(op.input(slot)):
            return f"its {role} is not constant"
        sizes = shape(op.input(slot))
        if len(sizes) > 1 or (sizes and sizes[0] > 1):
            return f"its {role} has shape {list(sizes)}; a scalar is supported"
    return ""


def select(op: Op, graph: Graph) -> str:
    """The condition broadcasts to the output; the branches have its shape, or one element."""
    made = op.outputs[0].default_shape
    condition = shape(op.input(0))
    aligned = made[len(made) - len(condition) :]
    if len(condition) > len(made) or any(a not in (b, 1) for a, b in zip(condition, aligned, strict=True)):
        found = f"its condition has shape {list(condition)} and its output {list(made)}"
        return f"{found}; one that broadcasts to it is supported"
    for slot, role in ((1, "first branch"), (2, "second branch")):
        if problem := branch(op, slot, role):
            return problem
        if not is_constant(op.input(slot)) and len(shape(op.input(slot))) == 2:
            return f"its {role} is not constant and has 2 dimensions"
    return ""


def strided_slice(op: Op, graph: Graph) -> str:
    """None of the masks but those of begin and end; all four inputs; three or four dimensions."""
    for name in ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask"):
        if number(op, name):
            return f"its {name} is {number(op, name)}; 0 is supported"
    if len(op.inputs) < 4:
        return f"it has {counted(len(op.inputs), 'input')}; 4 are supported"
    return ""


def bounds(op: Op, graph: Graph) -> str:
    """The two bounds of a clamp have the operand's shape, or one element."""
    operand = shape(op.input(1))
    for slot, role in ((0, "lower bound"), (2, "upper bound")):
        found = shape(op.input(slot))
        if found != operand and prod(found) != 1:
            wanted = "equal ones, or one element, are supported"
            return f"its {role} has shape {list(found)} and its operand {list(operand)}; {wanted}"
    return ""


def broadcast_axes(op: Op, graph: Graph) -> str:
    """One-dimensional axes, as many as the operand has dimensions."""
    operand, found = shape(op.input(0)), shape(op.input(1))
    if len(found) != 1:
        return f"its axes have {counted(len(found), 'dimension')}; 1 is supported"
    if len(operand) != found[0]:
        return f"it has {found[0]} axes for an operand of {counted(len(operand), 'dimension')}"
    return ""


_PACKED = Struct("<6i")
"""Padding, strides, filter sizes (width first), activation; a transposed convolution begins in the same way.

Source: tflite/core/c/builtin_op_data.h, TfLitePoolParams and TfLiteTransposeConvParams.
"""


def packed(op: Op, graph: Graph) -> str:
    """A custom op has options."""
    return "" if op.custom_options is not None and len(op.custom_options) else "it has no options"


def _packed(op: Op) -> tuple[int, ...]:
    raw = bytes(op.custom_options or b"")[: _PACKED.size]
    found: tuple[int, ...] = _PACKED.unpack(raw.ljust(_PACKED.size, b"\0"))
    return found


def packed_strides(op: Op, graph: Graph) -> str:
    """The strides in a custom op's options are positive."""
    _, width, height, *_ = _packed(op)
    return "" if width > 0 and height > 0 else f"its strides are {height} and {width}; positive ones are supported"


def packed_pool(op: Op, graph: Graph) -> str:
    """The filter sizes and strides in a custom op's options are positive."""
    _, _, _, width, height, _ = _packed(op)
    if width <= 0 or height <= 0:
        return f"its filter sizes are {height} and {width}; positive ones are supported"
    return packed_strides(op, graph)


def resampler(op: Op, graph: Graph) -> str:
    """Source and warp have four dimensions and one batch; the warp has two channels or more."""
    source, warp = shape(op.input(0)), shape(op.input(1))
    if len(source) != 4 or len(warp) != 4:
        return f"its inputs have {len(source)} and {counted(len(warp), 'dimension')}; 4 are supported"
    if source[0] != warp[0]:
        return f"its inputs have batches {source[0]} and {warp[0]}; equal ones are supported"
    return "" if warp[3] > 1 else f"its warp has {counted(warp[3], 'channel')}; 2 or more are supported"
