"""What the kernels of TensorFlow Lite Micro that move data ask of shapes and constants.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/kernels/*.cc, the Prepare and Eval functions of the reference
kernels, and what they call in tensorflow/lite/kernels/internal/.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.tflm_conditions import (
    array_of,
    integers,
    is_constant,
    is_type,
    out,
    scale,
    shape_of,
    type_name,
    words,
    zero_point,
)

__all__ = [
    "axis",
    "blocks",
    "broadcast_args",
    "broadcast_to",
    "circular_buffer",
    "concatenation",
    "depth_to_space",
    "dynamic_update_slice",
    "expand_dims",
    "fill",
    "gather",
    "gather_nd",
    "l2_pool",
    "mirror_pad",
    "pack",
    "pad",
    "reshape",
    "resize_flags",
    "reverse",
    "same_elements",
    "select",
    "space_to_depth",
    "squeeze",
    "strided_slice",
    "transpose",
    "two_sizes",
]


def same_elements(op: Op, graph: Graph) -> str:
    """Input and output have as many bytes, packed integers taken as whole bytes."""
    a, b = op.input(0), out()(op)
    if a is None or b is None or _held_bytes(a) == _held_bytes(b):
        return ""
    return f"input has {_held_bytes(a)} bytes and output {_held_bytes(b)}; as many are supported"


def _held_bytes(tensor: Tensor) -> int:
    return tensor.elements * max((tensor.dtype.bits or 32) // 8, 1)


def broadcast_to(op: Op, graph: Graph) -> str:
    """The constant shape is the output's, and the input fits it."""
    source, made, wanted = shape_of(op.input(0)), shape_of(out()(op)), integers(op.input(1))
    if len(shape_of(op.input(1))) != 1:
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
    a, b = shape_of(op.input(0)), shape_of(out()(op))
    if len(a) == len(b) == 4 and a[1] == 1 and (a[0], *a[2:]) == (b[0], *b[2:]):
        return ""
    return f"input has shape {list(a)} and output {list(b)}; 4 dimensions that differ in the second are supported"


def concatenation(op: Op, graph: Graph) -> str:
    """At most 10 inputs of up to 6 dimensions, of one type; of INT8, with the output's scale."""
    first, made = op.input(0), out()(op)
    if len(op.inputs) > 10:
        return f"it has {len(op.inputs)} inputs; at most 10 are supported"
    for number, each in enumerate(op.inputs):
        if each is None:
            return f"it has no input {number}"
        if type_name(each) != type_name(first):
            return "its inputs differ in element type"
        if len(each.default_shape) > 6:
            return f"input {number} has {len(each.default_shape)} dimensions; at most 6 are supported"
        if is_type(first, DType.INT8) and (scale(each), zero_point(each)) != (scale(made), zero_point(made)):
            return f"input {number} differs from the output in scale or zero point"
        if is_type(first, DType.INT16) and (zero_point(each) or zero_point(made)):
            return "a zero point is not 0, which INT16 needs"
    return ""


def axis(slot: int, of: int, *, when: tuple[DType, ...] = (), scalar: bool = True) -> Condition:
    """A constant axis, read as INT32, is a dimension of an input, of one of these types; of any where none is named.

    `scalar` says that an input without dimensions takes any axis.
    """

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        found, rank = words(tensor) if is_constant(tensor) else None, len(shape_of(op.input(of)))
        if (when and not is_type(op.input(of), *when)) or (scalar and not rank):
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
    sizes = shape_of(op.input(0))
    for size, side in ((sizes[1], "height"), (sizes[2], "width")):
        stride, window = op.options.get(f"stride_{side[0]}", 0), op.options.get(f"filter_{side}", 0)
        left = size if op.options.get("padding", "SAME") == "SAME" else size - window + 1
        if stride <= 0 or left <= 0:
            return f"a window of {window} with stride {stride} leaves nothing of a {side} of {size}"
    return ""


def depth_to_space(op: Op, graph: Graph) -> str:
    """The block size divides the channels."""
    size, channels = op.options.get("block_size", 0), (shape_of(op.input(0)) or (0,))[-1]
    if size > 0 and channels % (size * size) == 0:
        return ""
    return f"its block size is {size}, whose square does not divide {channels} channels"


def space_to_depth(op: Op, graph: Graph) -> str:
    """The block size divides height and width."""
    size, sizes = op.options.get("block_size", 0), shape_of(op.input(0))
    if size > 0 and all(each % size == 0 for each in sizes[1:3]):
        return ""
    return f"its block size is {size}, which does not divide {list(sizes[1:3])}"


def blocks(op: Op, graph: Graph) -> str:
    """There is a block size for each dimension between the first and the last, above 0 where it is constant."""
    source, sizes, found = shape_of(op.input(0)), shape_of(op.input(1)), integers(op.input(1))
    if sizes != (len(source) - 2,):
        return f"block shape has shape {list(sizes)}; [{len(source) - 2}] is supported"
    return f"block shape is {found}; numbers above 0 are supported" if found and min(found) <= 0 else ""


def dynamic_update_slice(op: Op, graph: Graph) -> str:
    """One start for each dimension, and an update no larger than the operand."""
    operand, update, start = (shape_of(op.input(slot)) for slot in range(3))
    if len(start) != 1 or start[0] != len(operand) or len(update) != len(operand):
        return "operand, update and start indices do not have the same number of dimensions"
    return "update is larger than the operand" if any(a > b for a, b in zip(update, operand, strict=True)) else ""


def expand_dims(op: Op, graph: Graph) -> str:
    """The output has the input's sizes and a 1 at the constant axis."""
    found, source, made = words(op.input(1)), shape_of(op.input(0)), shape_of(out()(op))
    if len(shape_of(op.input(1))) > 1 or not found:
        return "axis is not one number"
    place = found[0] + len(source) + 1 if found[0] < 0 else found[0]
    if 0 <= place <= len(source) and made == (*source[:place], 1, *source[place:]):
        return ""
    return f"input has shape {list(source)} and output {list(made)}, which is no 1 at axis {found[0]}"


def fill(op: Op, graph: Graph) -> str:
    """The value is a scalar of the output's type, and the constant sizes are the output's."""
    value, made, found = op.input(1), out()(op), integers(op.input(0))
    if shape_of(value) or type_name(value) != type_name(made):
        return "value is not a scalar of the output's element type"
    if len(shape_of(op.input(0))) == 1 and found is not None and tuple(found) == shape_of(made):
        return ""
    return f"output has shape {list(shape_of(made))}; {found} is asked for"


def gather(op: Op, graph: Graph) -> str:
    """Axis and batch dimensions exist, and constant indices are within the axis."""
    source, places = op.input(0), op.input(1)
    sizes, rank, places_rank = shape_of(source), len(shape_of(source)), len(shape_of(places))
    place, batch = op.options.get("axis", 0), op.options.get("batch_dims", 0)
    place, batch = place + rank if place < 0 else place, batch + places_rank if batch < 0 else batch
    if not 0 <= place < rank:
        return f"axis is {op.options.get('axis', 0)}; input has {rank} dimensions"
    if not 0 <= batch <= min(place, places_rank) or sizes[:batch] != shape_of(places)[:batch]:
        return f"batch_dims is {op.options.get('batch_dims', 0)}, which does not fit the indices"
    found = array_of(places)
    if found is None or not found.size or (int(found.min()) >= 0 and int(found.max()) < sizes[place]):
        return ""
    return f"indices are {int(found.min())} to {int(found.max())}; dimension {place} has {sizes[place]}"


def gather_nd(op: Op, graph: Graph) -> str:
    """The indices are at most 5 deep, and no deeper than the input."""
    rank, places = len(shape_of(op.input(0))), shape_of(op.input(1))
    if not rank or not places:
        return "input or indices are a scalar"
    if places[-1] > min(rank, 5):
        return f"indices are {places[-1]} deep; at most {min(rank, 5)} is supported"
    return _outside(op.input(1), shape_of(op.input(0)))


def _outside(indices: Tensor | None, sizes: tuple[int, ...]) -> str:
    """Why constant indices reach outside of a tensor of these sizes."""
    found = array_of(indices)
    if found is None or not found.size:
        return ""
    depth = found.shape[-1]
    steps = [prod(sizes[place + 1 :]) for place in range(depth)]
    first = (found.reshape(-1, depth).astype("int64") * steps).sum(axis=1)
    if int(first.min()) >= 0 and int(first.max()) + prod(sizes[depth:]) <= prod(sizes):
        return ""
    return f"constant indices reach outside of {list(sizes)}"


def two_sizes(op: Op, graph: Graph) -> str:
    """The size is two numbers, above 0 for INT8, and the output has at most 4 dimensions."""
    sizes, made, found = shape_of(op.input(1)), shape_of(out()(op)), integers(op.input(1))
    if sizes != (2,) or len(made) > 4:
        return f"size has shape {list(sizes)} and output {len(made)} dimensions; [2] and 4 are supported"
    if not is_type(op.input(0), DType.INT8) or not found or min(found) > 0:
        return ""
    return f"size is {found}; numbers above 0 are supported for INT8"


def mirror_pad(op: Op, graph: Graph) -> str:
    """There is a row of amounts for each dimension."""
    amounts, rank = shape_of(op.input(1)), len(shape_of(op.input(0)))
    if len(amounts) == 2 and amounts[0] == rank:
        return ""
    return f"amounts have shape {list(amounts)}; [{rank}, 2] is supported"


def pad(op: Op, graph: Graph) -> str:
    """The constant amounts, read as INT32, make the output's sizes."""
    source, made, amounts = shape_of(op.input(0)), shape_of(out()(op)), words(op.input(1))
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
    if type_name(value) != type_name(op.input(0)) or value.elements != 1:
        return "the value to pad with is not one element of the input's type"
    if is_type(value, DType.INT8) and (scale(value), zero_point(value)) != (scale(out()(op)), zero_point(out()(op))):
        return "the value to pad with differs from the output in scale or zero point"
    return ""


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
    return f"input has shape {list(a.default_shape)} and output {list(b.default_shape)}; as many elements are supported"


def resize_flags(op: Op, graph: Graph) -> str:
    """Corners are aligned, or pixels have their centre at a half, not both."""
    both = op.options.get("align_corners") and op.options.get("half_pixel_centers")
    return "align_corners and half_pixel_centers are both set" if both else ""


def reverse(op: Op, graph: Graph) -> str:
    """The axes are a list, no longer than the input's, and constant ones follow each other."""
    source, axes = shape_of(op.input(0)), shape_of(op.input(1))
    rank = len(source)
    if len(axes) != 1 or rank > 6 or not 1 <= axes[0] <= rank:
        return f"input has {rank} dimensions and axes have shape {list(axes)}; up to 6, and no more axes, are supported"
    found = integers(op.input(1)) or []
    if any(not -rank <= each < rank for each in found):
        return f"axes are {found}; input has {rank} dimensions"
    found = sorted(each + rank if each < 0 else each for each in found)
    if any(b != a + 1 for a, b in pairwise(found)):
        return f"axes are {found}; ones that follow each other are supported"
    return ""


def select(op: Op, graph: Graph) -> str:
    """Condition and values can be broadcast to the output."""
    shapes, made = [shape_of(op.input(slot)) for slot in range(3)], shape_of(out()(op))
    if len(set(shapes)) == 1 or all(prod(shape) == 1 for shape in (*shapes, made)):
        return ""
    rank = max(map(len, shapes))
    wide = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    largest = tuple(0 if 0 in sizes else max(sizes) for sizes in zip(*wide, strict=True))
    if made == largest and all(size in (1, most) for shape in wide for size, most in zip(shape, largest, strict=True)):
        return ""
    return f"its inputs have shapes {', '.join(str(list(shape)) for shape in shapes)}, and its output {list(made)}"


def squeeze(op: Op, graph: Graph) -> str:
    """The dimensions that go have size 1, and the others are the output's."""
    sizes, made, asked = shape_of(op.input(0)), shape_of(out()(op)), op.options.get("squeeze_dims") or ()
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
    source, made = shape_of(op.input(0)), shape_of(out()(op))
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
    rank, sizes, order = len(shape_of(op.input(0))), shape_of(op.input(1)), words(op.input(1))
    if len(sizes) == 1 and sizes[0] == rank and order and all(0 <= each < rank for each in order[:rank]):
        return ""
    return f"permutation is {order} for {rank} dimensions"
