"""What LiteRT's GPU delegates ask of an op before anything else: the check that all of them share.

Source: LiteRT f67457790, tflite/tools/versioning/gpu_compatibility.cc, and what it is called with:
tflite/converter/tools/versioning/op_signature.cc and tflite/converter/core/api/flatbuffer_conversions.cc (an op
without an options table has all its options at zero; LSTM cannot do without one).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from struct import Struct

from tflint import Condition, DType, Graph, Op, Tensor, Unknown

__all__ = [
    "FLOATS",
    "activation",
    "at_least",
    "axes",
    "bitcast",
    "block_size",
    "bounds",
    "branch",
    "broadcast",
    "broadcast_axes",
    "broadcasts",
    "constants",
    "convolution",
    "cumsum",
    "depthwise",
    "dtypes",
    "embedding",
    "fully_connected",
    "gather_indices",
    "inputs",
    "is_constant",
    "lstm",
    "number",
    "one_hot",
    "one_hot_values",
    "operands",
    "packed",
    "packed_pool",
    "packed_strides",
    "pair",
    "pool",
    "positive",
    "rank",
    "resampler",
    "runtime_inputs",
    "select",
    "shape",
    "shape_text",
    "size",
    "some_input",
    "strided_slice",
    "table",
    "update_slice",
]

FLOATS = (DType.FLOAT16, DType.FLOAT32)


def is_constant(tensor: Tensor | None) -> bool:
    """True where the file holds the value."""
    return tensor is not None and tensor.data is not None and len(tensor.data) > 0


def runtime_inputs(op: Op) -> int:
    """How many inputs are there and are not constant."""
    return sum(tensor is not None and not is_constant(tensor) for tensor in op.inputs)


def constants(op: Op) -> int:
    """How many inputs are constant."""
    return sum(map(is_constant, op.inputs))


def number(op: Op, name: str) -> int | float:
    """A numeric option; 0 where the op has none."""
    value = op.options.get(name, 0)
    return value if isinstance(value, int | float) else 0


def shape(tensor: Tensor | None) -> tuple[int, ...]:
    """The sizes of a tensor; none where it is left out."""
    return () if tensor is None else tensor.default_shape


def shape_text(sizes: Sequence[int]) -> str:
    """A shape in words: [1, 8], or scalar."""
    return str(list(sizes)) if sizes else "scalar"


def size(first: str, second: str, what: str) -> Condition:
    """Two options that have to be positive; `what` names them: strides, dilations, filter sizes."""

    def check(op: Op, graph: Graph) -> str:
        a, b = number(op, first), number(op, second)
        return "" if a > 0 and b > 0 else f"its {what} are {a} and {b}; positive ones are supported"

    return check


def table(op: Op, graph: Graph) -> str:
    """The op has options."""
    return "" if op.decode is not None else "it has no options"


def inputs(*numbers: int, outputs: int | None = None) -> Condition:
    """So many inputs, constant or not, and outputs."""

    def check(op: Op, graph: Graph) -> str:
        if len(op.inputs) not in numbers:
            return f"it has {_count(len(op.inputs), 'input')}; {_or(numbers)} {_are(numbers[-1])} supported"
        return _outputs(op, outputs)

    return check


def at_least(number_of: int) -> Condition:
    """So many inputs or more."""

    def check(op: Op, graph: Graph) -> str:
        if len(op.inputs) >= number_of:
            return ""
        return f"it has {_count(len(op.inputs), 'input')}; {number_of} or more are supported"

    return check


def operands(runtime: int, constant: int | None = None, outputs: int | None = 1) -> Condition:
    """So many inputs that are not constant, so many that are, and outputs."""

    def check(op: Op, graph: Graph) -> str:
        found = constants(op)
        if constant is not None and found != constant:
            return f"{found} of its inputs {_are(found)} constant; {constant} constant {_are(constant)} supported"
        found = runtime_inputs(op)
        if found != runtime:
            return f"{found} of its inputs {_are(found)} not constant; {runtime} {_are(runtime)} supported"
        return _outputs(op, outputs)

    return check


def _outputs(op: Op, wanted: int | None) -> str:
    if wanted is None or len(op.outputs) == wanted:
        return ""
    return f"it has {_count(len(op.outputs), 'output')}; {wanted} {_are(wanted)} supported"


_UNARY_PAIR, _BINARY_PAIR = operands(1, 1), operands(2, 0)


def pair(op: Op, graph: Graph) -> str:
    """Two operands, of which one may be constant, and one output."""
    if not _BINARY_PAIR(op, graph) or not _UNARY_PAIR(op, graph):
        return ""
    if len(op.outputs) != 1:
        return _outputs(op, 1)
    kept, moving = constants(op), runtime_inputs(op)
    return f"{kept} of its inputs {_are(kept)} constant and {moving} {_are(moving)} not; two, or one of each, are supported"


def convolution(op: Op, graph: Graph) -> str:
    """One output; one or two inputs that are not constant: the filter may be one, the bias may not."""
    found = runtime_inputs(op)
    if not 1 <= found <= 2:
        return f"{found} of its inputs {_are(found)} not constant; 1 or 2 are supported"
    if len(op.outputs) != 1:
        return _outputs(op, 1)
    return "" if found == 2 or len(op.inputs) > 1 else "it has no filter"


def activation(op: Op, graph: Graph) -> str:
    """The fused activation is not SIGN_BIT; the runtime takes one that it does not know as none."""
    value = op.options.get("fused_activation_function", "NONE")
    return "its fused activation is SIGN_BIT" if value == "SIGN_BIT" else ""


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
            return f"its {what} has {_count(len(sizes), 'dimension')}; 4 are supported"
    if source[0] != made[0]:
        return f"its output has batch {made[0]}, its input {source[0]}; equal ones are supported"
    if kernel[3] != made[3]:
        return f"its filter has {kernel[3]} channels, its output {made[3]}; equal ones are supported"
    multiplier = number(op, "depth_multiplier")
    if made[3] != source[3] * multiplier:
        return f"its output has {made[3]} channels, its input {source[3]} and its depth multiplier is {multiplier}"
    if len(op.inputs) > 2 and prod(shape(bias)) != made[3]:
        return f"its bias has {_count(prod(shape(bias)), 'element')}, its output {made[3]} channels"
    return ""


def rank(slot: int, *allowed: int, role: str = "input") -> Condition:
    """An input has so many dimensions."""

    def check(op: Op, graph: Graph) -> str:
        found = len(shape(op.input(slot)))
        return "" if found in allowed else f"its {role} has {_count(found, 'dimension')}; {_or(allowed)} are supported"

    return check


def dtypes(slot: int, *allowed: DType, role: str = "input") -> Condition:
    """An input has one of these element types; a left-out one has none of them."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None:
            return f"it has no {role}"
        if tensor.dtype is DType.UNKNOWN:
            return Unknown(f"its {role} has an element type that is newer than tflint")
        if tensor.dtype in allowed:
            return ""
        return f"its {role} is {tensor.dtype.value}; {_or([dtype.value for dtype in allowed])} is supported"

    return check


_AXES = dtypes(1, DType.INT32, role="axis")


def axes(op: Op, graph: Graph) -> str:
    """The second input is a constant of INT32."""
    return _AXES(op, graph) if is_constant(op.input(1)) else "its axis is not constant"


def broadcasts(a: Sequence[int], b: Sequence[int]) -> bool:
    """True where the sizes agree from the right, or one of them is 1."""
    return all(x == y or x == 1 or y == 1 for x, y in zip(reversed(a), reversed(b), strict=False))


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
        return f"its indices have {_count(len(ids), 'dimension')}; 1 is supported"
    if len(values) < 2:
        return f"its table has {_count(len(values), 'dimension')}; 2 or more are supported"
    if len(values) != len(made) or values[1:] != made[1:]:
        return f"its table has shape {list(values)} and its output {list(made)}; they may differ in the first size only"
    return ""


def update_slice(op: Op, graph: Graph) -> str:
    """Operand and update have one rank; the start indices are one-dimensional."""
    operand, update, starts = (shape(op.input(slot)) for slot in range(3))
    if len(starts) != 1:
        return f"its start indices have {_count(len(starts), 'dimension')}; 1 is supported"
    if len(operand) != len(update):
        return (
            f"its operand has {_count(len(operand), 'dimension')}, its update {len(update)}; equal ranks are supported"
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
    return "" if found == 1 else f"its indices have {_count(found, 'dimension')}; 1 is supported"


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
        return f"its condition has shape {list(condition)} and its output {list(made)}"
    for slot, role in ((1, "first branch"), (2, "second branch")):
        if problem := branch(op, slot, role):
            return problem
        if not is_constant(op.input(slot)) and len(shape(op.input(slot))) == 2:
            return f"its {role} is not constant and has 2 dimensions"
    return ""


def branch(op: Op, slot: int, role: str) -> str:
    """A branch of a selection has the shape of the output, or one element."""
    sizes, made = shape(op.input(slot)), op.outputs[0].default_shape
    if not sizes or sizes == made or (len(sizes) == 1 and sizes[0] <= 1):
        return ""
    return f"its {role} has shape {list(sizes)} and its output {list(made)}; equal ones, or a scalar, are supported"


def strided_slice(op: Op, graph: Graph) -> str:
    """None of the masks but those of begin and end; all four inputs; three or four dimensions."""
    for name in ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask"):
        if number(op, name):
            return f"its {name} is {number(op, name)}; 0 is supported"
    if len(op.inputs) < 4:
        return f"it has {_count(len(op.inputs), 'input')}; 4 are supported"
    return ""


def bounds(op: Op, graph: Graph) -> str:
    """The two bounds of a clamp have the operand's shape, or one element."""
    operand = shape(op.input(1))
    for slot, role in ((0, "lower bound"), (2, "upper bound")):
        found = shape(op.input(slot))
        if found != operand and prod(found) != 1:
            return f"its {role} has shape {list(found)} and its operand {list(operand)}; equal ones, or one element, are supported"
    return ""


def broadcast_axes(op: Op, graph: Graph) -> str:
    """One-dimensional axes, as many as the operand has dimensions."""
    operand, found = shape(op.input(0)), shape(op.input(1))
    if len(found) != 1:
        return f"its axes have {_count(len(found), 'dimension')}; 1 is supported"
    if len(operand) != found[0]:
        return f"it has {found[0]} axes for an operand of {_count(len(operand), 'dimension')}"
    return ""


_PACKED = Struct("<6i")
"""Source: tflite/core/c/builtin_op_data.h, TfLitePoolParams: padding, strides and filter sizes (width first), activation;
TfLiteTransposeConvParams begins in the same way."""


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
        return f"its inputs have {len(source)} and {_count(len(warp), 'dimension')}; 4 are supported"
    if source[0] != warp[0]:
        return f"its inputs have batches {source[0]} and {warp[0]}; equal ones are supported"
    return "" if warp[3] > 1 else f"its warp has {_count(warp[3], 'channel')}; 2 or more are supported"


def _are(number_of: int) -> str:
    return "is" if number_of == 1 else "are"


def _count(number_of: int, noun: str) -> str:
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"


def _or(values: Sequence[object]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last
