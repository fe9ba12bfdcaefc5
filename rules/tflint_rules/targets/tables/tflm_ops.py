"""What single kernels of TensorFlow Lite Micro ask beyond the element types of one tensor.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/kernels/*.cc, the Prepare and Eval functions of the reference
kernels, and what they call in tensorflow/lite/kernels/internal/.
"""

from __future__ import annotations

from math import isnan, log, prod

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.tflm_conditions import (
    Take,
    affine,
    inp,
    integers,
    is_constant,
    multiplier_fault,
    out,
    scale,
    single,
    words,
    zero_point,
)

__all__ = [
    "abs_scales",
    "add_n",
    "as_many",
    "axis",
    "batch_matmul",
    "broadcast",
    "broadcast_args",
    "broadcast_to",
    "circular_buffer",
    "comparison_scales",
    "concatenation",
    "cumsum_scales",
    "difference_scales",
    "depth_to_space",
    "detections",
    "dynamic_update_slice",
    "embedding_lookup",
    "equal_scales",
    "expand_dims",
    "fill",
    "gather",
    "gather_nd",
    "hard_swish",
    "l2_pool",
    "log_softmax",
    "mean_4d",
    "mirror_pad",
    "no_activation",
    "no_zero_divisor",
    "one_element",
    "pack",
    "pad",
    "pool_scales",
    "power_of_two",
    "prelu",
    "quantize",
    "registered",
    "reshape",
    "resize_flags",
    "reverse",
    "same_elements",
    "select",
    "softmax",
    "space_to_depth",
    "squeeze",
    "strided_slice",
    "sum_scales",
    "transpose",
    "two_sizes",
]


def _sizes(tensor: Tensor | None) -> tuple[int, ...]:
    return () if tensor is None else tensor.default_shape


def _is(tensor: Tensor | None, *types: DType) -> bool:
    return tensor is not None and tensor.dtype in types


def one_element(take: Take, role: str) -> Condition:
    """A tensor has one element."""

    def check(op: Op, graph: Graph) -> str:
        tensor = take(op)
        if tensor is None or tensor.elements == 1:
            return ""
        return f"{role} has {tensor.elements} elements; 1 is supported"

    return check


def same_elements(op: Op, graph: Graph) -> str:
    """Input and output have as many bytes, packed integers taken as whole bytes."""
    a, b = op.input(0), out()(op)
    if a is None or b is None or _held_bytes(a) == _held_bytes(b):
        return ""
    return f"input has {_held_bytes(a)} bytes and output {_held_bytes(b)}; as many are supported"


def _held_bytes(tensor: Tensor) -> int:
    return tensor.elements * max((tensor.dtype.bits or 32) // 8, 1)


def equal_scales(first: Take, second: Take, what: str, *when: DType) -> Condition:
    """Two tensors have one scale and zero point, where the first has one of these element types."""

    def check(op: Op, graph: Graph) -> str:
        a, b = first(op), second(op)
        if not _is(a, *when) or b is None:
            return ""
        if scale(a) == scale(b) and zero_point(a) == zero_point(b):
            return ""
        found = f"{scale(a):g}, {zero_point(a)} and {scale(b):g}, {zero_point(b)}"
        return f"{what} have scales and zero points {found}; equal ones are supported"

    return check


def pool_scales(op: Op, graph: Graph) -> str:
    """Input and output of a quantized pool have one scale, to a millionth, and zero point."""
    a, b = op.input(0), out()(op)
    if not _is(a, DType.INT8, DType.INT16) or b is None:
        return ""
    if abs(single(scale(a) - scale(b))) <= 1e-6 and zero_point(a) == zero_point(b):
        return ""
    found = f"{scale(a):g}, {zero_point(a)} and {scale(b):g}, {zero_point(b)}"
    return f"input and output have scales and zero points {found}; equal ones are supported"


def sum_scales(op: Op, graph: Graph) -> str:
    """The scales of a quantized sum can be brought to one."""
    made = out()(op)
    if not _is(made, DType.INT8, DType.INT16):
        return ""
    left, right, target = scale(op.input(0)), scale(op.input(1)), scale(made)
    twice = 2 * max(left, right)
    bits = 15 if _is(made, DType.INT16) else 20
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
    if not _is(made, DType.INT8, DType.INT16):
        return ""
    span = range(-128, 128) if _is(made, DType.INT8) else range(1)
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
    return _one_input_sum(op) if _is(op.input(0), DType.INT8) else ""


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
        if _is(first, DType.INT8) and (scale(each), zero_point(each)) != (scale(first), zero_point(first)):
            return "its inputs differ in scale or zero point"
    return _one_input_sum(op) if _is(first, DType.INT8) else ""


def comparison_scales(op: Op, graph: Graph) -> str:
    """The scales of INT8 inputs are between 0 and 1."""
    if not _is(op.input(0), DType.INT8):
        return ""
    faults = (multiplier_fault(scale(op.input(slot)), f"input {slot}'s scale") for slot in (0, 1))
    return next(filter(None, faults), "")


def broadcast(op: Op, graph: Graph) -> str:
    """Tensors that are broadcast have at most 8 dimensions. Source: reference/broadcast_loop.h."""
    shapes = [_sizes(op.input(0)), _sizes(op.input(1)), _sizes(out()(op))]
    highest = max(map(len, shapes))
    if shapes[0] == shapes[1] or highest <= 8:
        return ""
    return f"it broadcasts tensors of {highest} dimensions; at most 8 are supported"


def as_many(op: Op, graph: Graph) -> str:
    """Inputs of one shape have an output of as many elements. Source: internal/types.h, MatchingElementsSize."""
    first, second, made = op.input(0), op.input(1), out()(op)
    if first is None or second is None or made is None or first.default_shape != second.default_shape:
        return ""
    if first.elements == made.elements:
        return ""
    return f"inputs have shape {list(first.default_shape)} and output {list(made.default_shape)}; the program stops"


def abs_scales(op: Op, graph: Graph) -> str:
    """A quantized INT16 has a scale on both sides, and zero points of 0."""
    a, b = op.input(0), out()(op)
    if not _is(a, DType.INT16) or affine(a) is None:
        return ""
    if affine(b) is None:
        return "output is INT16 without a scale and a zero point"
    if zero_point(a) or zero_point(b):
        return f"zero points are {zero_point(a)} and {zero_point(b)}; 0 is supported for INT16"
    return ""


def batch_matmul(op: Op, graph: Graph) -> str:
    """The sizes of a product of matrices fit each other and the output."""
    left, right, made = _sizes(op.input(0)), _sizes(op.input(1)), _sizes(out()(op))
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


def broadcast_to(op: Op, graph: Graph) -> str:
    """The constant shape is the output's, and the input fits it."""
    source, made, wanted = _sizes(op.input(0)), _sizes(out()(op)), integers(op.input(1))
    if len(_sizes(op.input(1))) != 1:
        return "shape is not a list"
    if max(len(source), len(made)) > 5:
        return f"it has tensors of {max(len(source), len(made))} dimensions; at most 5 are supported"
    if wanted is None or tuple(wanted) != made:
        return f"output has shape {list(made)}; {wanted} is asked for"
    offset = len(made) - len(source)
    if offset < 0 or any(size not in (1, made[offset + place]) for place, size in enumerate(source)):
        return f"input has shape {list(source)}, which cannot be broadcast to {list(made)}"
    return ""


def circular_buffer(op: Op, graph: Graph) -> str:
    """Input and output are 4-dimensional and differ in dimension 1 only, of which the input has 1."""
    a, b = _sizes(op.input(0)), _sizes(out()(op))
    if len(a) == len(b) == 4 and a[1] == 1 and (a[0], *a[2:]) == (b[0], *b[2:]):
        return ""
    return f"input has shape {list(a)} and output {list(b)}; 4 dimensions that differ in the second are supported"


def concatenation(op: Op, graph: Graph) -> str:
    """At most 10 inputs of up to 6 dimensions, of one type; of INT8, with the output's scale."""
    first, made = op.input(0), out()(op)
    if first is None or made is None:
        return ""
    if len(op.inputs) > 10:
        return f"it has {len(op.inputs)} inputs; at most 10 are supported"
    for number, each in enumerate(op.inputs):
        if each is None:
            return f"it has no input {number}"
        if each.dtype is not first.dtype:
            return "its inputs differ in element type"
        if len(each.default_shape) > 6:
            return f"input {number} has {len(each.default_shape)} dimensions; at most 6 are supported"
        if _is(first, DType.INT8) and (scale(each), zero_point(each)) != (scale(made), zero_point(made)):
            return f"input {number} differs from the output in scale or zero point"
        if _is(first, DType.INT16) and (zero_point(each) or zero_point(made)):
            return "a zero point is not 0, which INT16 needs"
    return ""


def axis(slot: int, of: int, *, when: tuple[DType, ...] = (), scalar: bool = True) -> Condition:
    """A constant axis, read as INT32, is a dimension of an input, of one of these types; of any where none is named.

    `scalar` says that an input without dimensions takes any axis.
    """

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        found, rank = words(tensor) if is_constant(tensor) else None, len(_sizes(op.input(of)))
        if (when and not _is(op.input(of), *when)) or (scalar and not rank):
            return ""
        wrong = next((each for each in found or () if not -rank <= each < rank), None)
        return "" if wrong is None else f"axis is {wrong}; its input has {rank} dimensions"

    return check


def broadcast_args(op: Op, graph: Graph) -> str:
    """Constant shapes can be broadcast to one another."""
    first, second = integers(op.input(0)), integers(op.input(1))
    if first is None or second is None:
        return ""
    pairs = zip(reversed(first), reversed(second), strict=False)
    return "" if all(a == b or 1 in (a, b) for a, b in pairs) else f"{first} and {second} cannot be broadcast"


def pack(op: Op, graph: Graph) -> str:
    """There are as many inputs as the op says."""
    number = op.options.get("values_count", 0)
    if number <= len(op.inputs) and None not in op.inputs[:number]:
        return ""
    return f"values_count is {number}, and inputs are left out; the program stops"


def l2_pool(op: Op, graph: Graph) -> str:
    """Window and strides leave an output."""
    sizes = _sizes(op.input(0))
    if len(sizes) != 4:
        return ""
    for size, side in ((sizes[1], "height"), (sizes[2], "width")):
        stride, window = op.options.get(f"stride_{side[0]}", 0), op.options.get(f"filter_{side}", 0)
        left = size if op.options.get("padding", "SAME") == "SAME" else size - window + 1
        if stride <= 0 or left <= 0:
            return f"a window of {window} with stride {stride} leaves nothing of a {side} of {size}"
    return ""


def prelu(op: Op, graph: Graph) -> str:
    """An INT16 output has an INT8 slope."""
    slope = op.input(1)
    if slope is None or not _is(out()(op), DType.INT16) or slope.dtype is DType.INT8:
        return ""
    return f"slope is {slope.dtype.value}; INT8 is supported for INT16"


def depth_to_space(op: Op, graph: Graph) -> str:
    """The block size divides the channels."""
    size, channels = op.options.get("block_size", 0), (_sizes(op.input(0)) or (0,))[-1]
    if size > 0 and channels % (size * size) == 0:
        return ""
    return f"its block size is {size}, whose square does not divide {channels} channels"


def space_to_depth(op: Op, graph: Graph) -> str:
    """The block size divides height and width."""
    size, sizes = op.options.get("block_size", 0), _sizes(op.input(0))
    if size > 0 and all(each % size == 0 for each in sizes[1:3]):
        return ""
    return f"its block size is {size}, which does not divide {list(sizes[1:3])}"


def detections(op: Op, graph: Graph) -> str:
    """Boxes, scores and anchors fit each other."""
    boxes, scores = _sizes(op.input(0)), _sizes(op.input(1))
    if len(boxes) != 3 or len(scores) != 3 or len(_sizes(op.input(2))) != 2:
        return "boxes, scores and anchors do not have 3, 3 and 2 dimensions"
    if boxes[0] != 1 or scores[:2] != boxes[:2] or boxes[2] < 4:
        return f"boxes have shape {list(boxes)} and scores {list(scores)}; batch 1 and as many of both are supported"
    return ""


def dynamic_update_slice(op: Op, graph: Graph) -> str:
    """One start for each dimension, and an update no larger than the operand."""
    operand, update, start = (_sizes(op.input(slot)) for slot in range(3))
    if len(start) != 1 or start[0] != len(operand) or len(update) != len(operand):
        return "operand, update and start indices do not have the same number of dimensions"
    return "update is larger than the operand" if any(a > b for a, b in zip(update, operand, strict=True)) else ""


def embedding_lookup(op: Op, graph: Graph) -> str:
    """The output is large enough, and of the table's type or FLOAT32 from INT8 with zero point 0."""
    table, made = op.input(1), out()(op)
    if table is None or made is None:
        return ""
    ids, rows = _sizes(op.input(0)), table.default_shape
    if any(not 0 <= each < rows[0] for each in integers(op.input(0)) or ()) if rows else False:
        return f"an index is outside of the table's {rows[0]} rows"
    if len(ids) != 1 or len(rows) < 2 or len(made.default_shape) < len(rows):
        return "indices are not a list, or the table has fewer than 2 dimensions, or the output has fewer than it"
    if made.dtype is not table.dtype and not _is(made, DType.FLOAT32):
        return f"output is {made.dtype.value}; FLOAT32 or the type of the table, {table.dtype.value}, is supported"
    if made.dtype is not table.dtype and zero_point(table):
        return f"table has zero point {zero_point(table)}; 0 is supported"
    wanted = (*ids, *rows[1:], *made.default_shape[len(rows) :])
    return "" if prod(wanted) <= made.elements else f"output has shape {list(made.default_shape)}; it needs {wanted}"


def expand_dims(op: Op, graph: Graph) -> str:
    """The output has the input's sizes and a 1 at the constant axis."""
    found, source, made = words(op.input(1)), _sizes(op.input(0)), _sizes(out()(op))
    if len(_sizes(op.input(1))) > 1 or not found:
        return "axis is not one number"
    place = found[0] + len(source) + 1 if found[0] < 0 else found[0]
    if 0 <= place <= len(source) and made == (*source[:place], 1, *source[place:]):
        return ""
    return f"input has shape {list(source)} and output {list(made)}, which is no 1 at axis {found[0]}"


def fill(op: Op, graph: Graph) -> str:
    """The value is a scalar of the output's type, and the constant sizes are the output's."""
    value, made = op.input(1), out()(op)
    if value is None or made is None:
        return ""
    if value.default_shape or value.dtype is not made.dtype:
        return "value is not a scalar of the output's element type"
    found = integers(op.input(0))
    if len(_sizes(op.input(0))) == 1 and found is not None and tuple(found) == made.default_shape:
        return ""
    return f"output has shape {list(made.default_shape)}; {found} is asked for"


def no_zero_divisor(op: Op, graph: Graph) -> str:
    """A constant divisor of a float or INT32 has no 0."""
    divisor = op.input(1)
    if not is_constant(divisor) or divisor is None or (op.kind == "DIV" and divisor.dtype is not DType.INT32):
        return ""
    array = divisor.array()
    return "" if array is None or bool(array.all()) else "divisor is a constant with a 0 in it"


def gather(op: Op, graph: Graph) -> str:
    """Axis and batch dimensions exist, and constant indices are within the axis."""
    source, places = op.input(0), op.input(1)
    sizes, rank, places_rank = _sizes(source), len(_sizes(source)), len(_sizes(places))
    place, batch = op.options.get("axis", 0), op.options.get("batch_dims", 0)
    place, batch = place + rank if place < 0 else place, batch + places_rank if batch < 0 else batch
    if not 0 <= place < rank:
        return f"axis is {op.options.get('axis', 0)}; input has {rank} dimensions"
    if not 0 <= batch <= min(place, places_rank) or sizes[:batch] != _sizes(places)[:batch]:
        return f"batch_dims is {op.options.get('batch_dims', 0)}, which does not fit the indices"
    found = places.array() if places is not None and is_constant(places) else None
    if found is None or not found.size or (int(found.min()) >= 0 and int(found.max()) < sizes[place]):
        return ""
    return f"indices are {int(found.min())} to {int(found.max())}; dimension {place} has {sizes[place]}"


def gather_nd(op: Op, graph: Graph) -> str:
    """The indices are at most 5 deep, and no deeper than the input."""
    rank, places = len(_sizes(op.input(0))), _sizes(op.input(1))
    if not rank or not places:
        return "input or indices are a scalar"
    if places[-1] > min(rank, 5):
        return f"indices are {places[-1]} deep; at most {min(rank, 5)} is supported"
    return _outside(op.input(1), _sizes(op.input(0)))


def _outside(indices: Tensor | None, sizes: tuple[int, ...]) -> str:
    """Why constant indices reach outside of a tensor of these sizes."""
    found = indices.array() if indices is not None and is_constant(indices) else None
    if found is None or not found.size:
        return ""
    depth = found.shape[-1]
    steps = [prod(sizes[place + 1 :]) for place in range(depth)]
    first = (found.reshape(-1, depth).astype("int64") * steps).sum(axis=1)
    if int(first.min()) >= 0 and int(first.max()) + prod(sizes[depth:]) <= prod(sizes):
        return ""
    return f"constant indices reach outside of {list(sizes)}"


def hard_swish(op: Op, graph: Graph) -> str:
    """The input's scale is less than 128 times the output's."""
    a, b = op.input(0), out()(op)
    if not _is(a, DType.INT8) or not scale(b) or single(single(scale(a) / 128) / scale(b)) < 1:
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
    if not _is(op.input(0), DType.INT8):
        return ""
    made = out()(op)
    if scale(made) != 0.0625 or zero_point(made) != 127:
        return f"output has scale {scale(made):g} and zero point {zero_point(made)}; 0.0625 and 127 are supported"
    return _exp_range(op.input(0))


_SOFTMAX = {
    (DType.INT16, DType.INT16): (1 / 32768, 0, 0.001),
    (DType.INT8, DType.INT16): (1 / 65536, -32768, 0.001),
    (DType.INT8, DType.INT8): (1 / 256, -128, 0.0),
}
"""Types of input and output -> scale and zero point of the output, and how far off the scale may be."""


def softmax(op: Op, graph: Graph) -> str:
    """The output has the scale and zero point that its type needs."""
    a, b = op.input(0), out()(op)
    if a is None or b is None:
        return ""
    if not a.default_shape:
        return "input is a scalar"
    if _is(a, DType.FLOAT32) and _is(b, DType.FLOAT32):
        return ""
    if (a.dtype, b.dtype) not in _SOFTMAX:
        return f"it makes {b.dtype.value} of {a.dtype.value}; FLOAT32, INT8, or INT16 of INT16 or INT8 is supported"
    wanted, zero, off = _SOFTMAX[a.dtype, b.dtype]
    if zero_point(b) != zero or not abs(scale(b) - wanted) <= off * wanted:
        return f"output has scale {scale(b):g} and zero point {zero_point(b)}; {wanted:g} and {zero} are supported"
    if _is(a, DType.INT16):
        return f"input has zero point {zero_point(a)}; 0 is supported" if zero_point(a) else ""
    return _exp_range(a, op.options.get("beta", 0.0))


def power_of_two(op: Op, graph: Graph) -> str:
    """An INT16 output has scale 2^-15, and both zero points are 0."""
    a, b = op.input(0), out()(op)
    if not _is(a, DType.INT16):
        return ""
    if zero_point(a) or zero_point(b):
        return f"zero points are {zero_point(a)} and {zero_point(b)}; 0 is supported for INT16"
    step = scale(b)
    power = log(step) / log(2) if step > 0 and not isnan(step) else 0.0
    return "" if abs(power + 15) < 1e-3 else f"output has scale {step:g}; 2^-15 is supported for INT16"


def mean_4d(op: Op, graph: Graph) -> str:
    """A mean over height and width that keeps them leaves 1 of each."""
    source, made, axes = op.input(0), _sizes(out()(op)), integers(op.input(1))
    if not _is(source, DType.FLOAT32) or len(_sizes(source)) != 4 or axes not in ([1, 2], [2, 1]):
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
    """A name that TFLM knows as a builtin op is one, and not a custom op's; or the other way round."""
    custom = op.kind.startswith(("Signal", "TFL")) or op.kind == "CIRCULAR_BUFFER"
    return "" if custom is op.is_custom else f"it is a {'custom' if op.is_custom else 'builtin'} op of that name"


def two_sizes(op: Op, graph: Graph) -> str:
    """The size is two numbers, above 0 where they are constant, and the output has at most 4 dimensions."""
    sizes, made, found = _sizes(op.input(1)), _sizes(out()(op)), integers(op.input(1))
    if sizes != (2,) or len(made) > 4:
        return f"size has shape {list(sizes)} and output {len(made)} dimensions; [2] and 4 are supported"
    return f"size is {found}; numbers above 0 are supported" if found and min(found) <= 0 else ""


def mirror_pad(op: Op, graph: Graph) -> str:
    """There is a row of amounts for each dimension."""
    amounts, rank = _sizes(op.input(1)), len(_sizes(op.input(0)))
    return (
        ""
        if len(amounts) == 2 and amounts[0] == rank
        else f"amounts have shape {list(amounts)}; [{rank}, 2] is supported"
    )


def pad(op: Op, graph: Graph) -> str:
    """The constant amounts, read as INT32, make the output's sizes."""
    source, made, amounts = _sizes(op.input(0)), _sizes(out()(op)), words(op.input(1))
    if len(source) > 5:
        return f"input has {len(source)} dimensions; at most 5 are supported"
    if amounts is None or len(amounts) != 2 * len(made) or len(made) != len(source):
        return f"amounts are {len(amounts or ())} numbers; two for each of {len(made)} dimensions are supported"
    wanted = tuple(size + amounts[2 * n] + amounts[2 * n + 1] for n, size in enumerate(source))
    if wanted != made:
        return f"output has shape {list(made)}; {list(wanted)} is computed from the amounts as INT32"
    value = op.input(2)
    if value is None:
        return ""
    if value.dtype is not (op.input(0) or value).dtype or value.elements != 1:
        return "the value to pad with is not one element of the input's type"
    if _is(value, DType.INT8) and (scale(value), zero_point(value)) != (scale(out()(op)), zero_point(out()(op))):
        return "the value to pad with differs from the output in scale or zero point"
    return ""


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


def reshape(op: Op, graph: Graph) -> str:
    """Output and input have one element type and number of elements; TFLM reads the output's stored shape only."""
    a, b = op.input(0), out()(op)
    if a is None or b is None:
        return f"it has no {'input' if a is None else 'output'}"
    if a.dtype is not b.dtype:
        return f"input is {a.dtype.value} and output {b.dtype.value}; one type is supported"
    wanted = 1 if len(op.inputs) == 1 and b.default_shape == (0,) else b.elements
    if a.elements == wanted:
        return ""
    return f"input has shape {list(a.default_shape)} and output {list(b.default_shape)}, which hold unlike numbers of elements"


def resize_flags(op: Op, graph: Graph) -> str:
    """Corners are aligned, or pixels have their centre at a half, not both."""
    both = op.options.get("align_corners") and op.options.get("half_pixel_centers")
    return "align_corners and half_pixel_centers are both set" if both else ""


def reverse(op: Op, graph: Graph) -> str:
    """The axes are a list, no longer than the input's, and constant ones follow each other."""
    source, axes = _sizes(op.input(0)), _sizes(op.input(1))
    rank = len(source)
    if len(axes) != 1 or rank > 6 or not 1 <= axes[0] <= rank:
        return f"input has {rank} dimensions and axes have shape {list(axes)}; up to 6, and no more axes, are supported"
    found = integers(op.input(1)) or []
    if any(not -rank <= each < rank for each in found):
        return f"axes are {found}; input has {rank} dimensions"
    found = sorted(each + rank if each < 0 else each for each in found)
    if any(b != a + 1 for a, b in zip(found, found[1:], strict=False)):
        return f"axes are {found}; ones that follow each other are supported"
    return ""


def select(op: Op, graph: Graph) -> str:
    """Condition and values can be broadcast to the output."""
    shapes, made = [_sizes(op.input(slot)) for slot in range(3)], _sizes(out()(op))
    if len(set(shapes)) == 1 or all(prod(shape) == 1 for shape in (*shapes, made)):
        return ""
    rank = max(map(len, shapes))
    if rank > 5:
        return f"it broadcasts tensors of {rank} dimensions; at most 5 are supported"
    wide = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    largest = tuple(0 if 0 in sizes else max(sizes) for sizes in zip(*wide, strict=True))
    if made == largest and all(size in (1, most) for shape in wide for size, most in zip(shape, largest, strict=True)):
        return ""
    return f"its inputs have shapes {', '.join(str(list(shape)) for shape in shapes)}, and its output {list(made)}"


def squeeze(op: Op, graph: Graph) -> str:
    """The dimensions that go have size 1, and the others are the output's."""
    sizes, made, asked = _sizes(op.input(0)), _sizes(out()(op)), op.options.get("squeeze_dims") or ()
    if len(sizes) > 8 or len(asked) > 8:
        return f"input has {len(sizes)} dimensions; at most 8 are supported"
    gone = {each + len(sizes) if each < 0 else each for each in asked}
    if any(not 0 <= each < len(sizes) or sizes[each] != 1 for each in gone):
        return f"squeeze_dims are {list(asked)}, which are not all of size 1 in {list(sizes)}"
    gone = gone or {place for place, size in enumerate(sizes) if size == 1}
    kept = [size for place, size in enumerate(sizes) if place not in gone]
    if len(kept) <= len(made) and all(b >= a for a, b in zip(kept, made, strict=False)):
        return ""
    return f"output has shape {list(made)}; {kept} is computed, and the program stops"


def strided_slice(op: Op, graph: Graph) -> str:
    """Constant begin, end and strides make the output's sizes; new axes and an ellipsis are not looked at."""
    source, made = _sizes(op.input(0)), _sizes(out()(op))
    begin, end, strides = (words(op.input(slot)) for slot in (1, 2, 3))
    if begin is None or end is None or strides is None or min(map(len, (begin, end, strides))) < len(source):
        return f"begin, end or strides have fewer numbers than the input's {len(source)} dimensions"
    wanted = []
    for place, size in enumerate(source):
        if not strides[place]:
            return "a stride is 0"
        first, last = _span(op, place, size, begin[place], end[place], strides[place])
        if not op.options.get("shrink_axis_mask", 0) >> place & 1:
            wanted.append(max(0, -((first - last) // strides[place])))
    return "" if tuple(wanted) == made else f"output has shape {list(made)}; {wanted} is computed"


def _span(op: Op, place: int, size: int, begin: int, end: int, stride: int) -> tuple[int, int]:
    """Where a slice of one dimension begins and ends. Source: internal/strided_slice_logic.h, StartForAxis."""
    if not size:
        return 0, 0
    low, high = (0, size) if stride > 0 else (-1, size - 1)
    start = begin + size if begin < 0 else begin
    if op.options.get("begin_mask", 0) >> place & 1:
        start = low if stride > 0 else high
    start = min(max(start, low), high)
    stop = end + size if end < 0 else end
    if op.options.get("end_mask", 0) >> place & 1:
        stop = high if stride > 0 else low
    return start, min(max(stop, low), high)


def transpose(op: Op, graph: Graph) -> str:
    """The constant permutation, read as INT32, names dimensions of the input."""
    rank, sizes, order = len(_sizes(op.input(0))), _sizes(op.input(1)), words(op.input(1))
    if len(sizes) == 1 and sizes[0] == rank and order and all(0 <= each < rank for each in order[:rank]):
        return ""
    return f"permutation is {order} for {rank} dimensions"
