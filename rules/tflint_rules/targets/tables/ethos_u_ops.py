"""What Vela asks of single kinds of op without weights: axes, sizes, permutations.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite: tflite_supported_operators.cpp, tflite_supported_operators_u55.cpp,
tflite_supported_operators_u85.cpp.
"""

from __future__ import annotations

from itertools import combinations
from math import prod

from tflint import Condition, DType, Graph, Op, Tensor, Unknown
from tflint_rules.targets.tables.ethos_u_tensors import by_role, first_input, map_sizes, sizes_of, values

__all__ = [
    "argmax_axis",
    "argmax_depth",
    "equal_quant",
    "gather_axis",
    "input_is",
    "lstm",
    "mean",
    "padding_types",
    "resize_u55",
    "resize_u85",
    "reverse_axes",
    "same_shape",
    "scatter",
    "softmax_size",
    "splits",
    "strided_slice",
    "transpose_rank",
    "transpose_u55",
]

_AXIS = 1 << 16


_REDUCED = {DType.INT8: 1 << 24, DType.UINT8: 1 << 23, DType.INT16: 1 << 16}


_REDUCED_AXIS = 64 * 64


def input_is(*allowed: DType, output: bool = False) -> Condition:
    """The element type of the input; with `output` that of the output is the same."""
    words = " or ".join(each.value for each in allowed)

    def check(op: Op, graph: Graph) -> str:
        tensor = first_input(op)
        if tensor is None or tensor.dtype not in allowed:
            return f"input is {'left out' if tensor is None else tensor.dtype.value}; {words} is supported"
        if output and op.outputs and op.outputs[0].dtype is not tensor.dtype:
            return f"input is {tensor.dtype.value} and output {op.outputs[0].dtype.value}; equal types are supported"
        return ""

    return check


def same_shape(op: Op, graph: Graph) -> str:
    """Input and output have one shape."""
    read, made = sizes_of(first_input(op), graph), sizes_of(op.outputs[0] if op.outputs else None, graph)
    return "" if read == made else f"input has shape {list(read)} and output {list(made)}; equal ones are supported"


def equal_quant(op: Op, graph: Graph) -> str:
    """Both inputs and the output have one scale and zero point."""
    keys = {_key(each) for each in (*by_role(op, "i")[:2], *op.outputs[:1])}
    return "" if len(keys) < 2 else "inputs and output differ in scale or zero point"


def _key(tensor: Tensor) -> tuple[object, ...]:
    quant = tensor.quant
    if quant is None:
        return ()
    return quant.scale.tobytes(), quant.zero_point.tobytes(), quant.stored_axis


def softmax_size(op: Op, graph: Graph) -> str:
    """Height times width is up to 2^16."""
    sizes = map_sizes(op, graph)[0]
    area = sizes[-2] * sizes[-3]
    return "" if area <= _AXIS else f"it has {area} rows; up to {_AXIS} are supported"


def padding_types(op: Op, graph: Graph) -> str:
    """The amounts of padding are INT32 or INT64."""
    found = by_role(op, "p")
    if not found:
        return "it has no paddings"
    dtype = found[0].dtype
    return "" if dtype in (DType.INT32, DType.INT64) else f"paddings are {dtype.value}; INT32 or INT64 is supported"


def _axes(op: Op, rank: int) -> set[int] | None:
    """The constant axes of an op, from 0 to the rank; None where they cannot be read."""
    found = by_role(op, "p")
    numbers = values(found[0]) if found else None
    if numbers is None or len(numbers) > rank + 8:
        return None
    axes = {int(each) + (rank if each < 0 else 0) for each in numbers}
    return axes if all(0 <= each < rank for each in axes) else None


def mean(op: Op, graph: Graph) -> str:
    """Batch 1, few elements, and over the depth only where one of height, width and depth is 1."""
    tensor = first_input(op)
    rank = len(sizes_of(tensor, graph))
    sizes, axes = sizes_of(tensor, graph, 4), _axes(op, rank)
    if sizes[-4] > 1:
        return f"its batch is {sizes[-4]}; 1 is supported"
    if axes is None:
        return Unknown("its axes cannot be read")
    places = [axis + len(sizes) - rank for axis in axes]
    if len(sizes) - 1 in places and 1 not in sizes[1:4]:
        return f"it reduces the last dimension of {list(sizes)}; with a height, width or depth of 1 that is supported"
    reduced = [sizes[place] for place in places]
    if any(size > _REDUCED_AXIS for size in reduced):
        return f"it reduces a dimension of {max(reduced)}; up to {_REDUCED_AXIS} is supported"
    most = _REDUCED.get(tensor.dtype, 0) if tensor is not None else 0
    return "" if prod(reduced) <= most else f"it reduces {prod(reduced)} elements; up to {most} is supported"


def strided_slice(op: Op, graph: Graph) -> str:
    """Strides along height and width alone, none below 0, and nothing empty."""
    sizes, numbers = sizes_of(first_input(op), graph), [values(each) for each in by_role(op, "p")]
    if len(numbers) < 3 or any(each is None for each in numbers):
        return Unknown("its begin, end or strides cannot be read")
    begins, ends, strides = ([int(each) for each in found[:32]] for found in numbers if found is not None)
    mask = {name: int(op.options.get(f"{name}_mask", 0)) for name in ("begin", "end", "ellipsis", "shrink_axis")}
    count, at = min(len(begins), len(ends), len(strides)), 0
    left, steps = list(sizes), [1] * len(sizes)
    for spec in range(count):
        if mask["ellipsis"] >> spec & 1:
            at = len(sizes) - (count - spec - 1)
            continue
        if not 0 <= at < len(sizes):
            return Unknown("its begin, end and strides are more than its dimensions")
        size, shrinks, first = sizes[at], mask["shrink_axis"] >> spec & 1, 0
        if not mask["begin"] >> spec & 1 or shrinks:
            first = _clamp(begins[spec] + (size if begins[spec] < 0 else 0), 0, size - 1)
            left[at] = 1 if shrinks else size - first
        if not mask["end"] >> spec & 1 and not shrinks:
            left[at] = _clamp(ends[spec] + (size if ends[spec] < 0 else 0), 1, size) - first
        steps[at] = strides[spec]
        at += 1
    if prod(steps[:-3] + steps[-1:]) != 1:
        return f"its strides are {steps}; along height and width alone they may differ from 1"
    if min(steps, default=1) < 0:
        return f"its strides are {steps}; 0 or more is supported"
    return "" if any(size > 0 for size in left) else f"what it takes has shape {left}"


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def splits(op: Op, graph: Graph) -> str:
    """The op makes as many parts as its option says."""
    wanted = int(op.options.get("num_splits", 0))
    return "" if wanted == len(op.outputs) else f"num_splits is {wanted}, and it has {len(op.outputs)} outputs"


def lstm(op: Op, graph: Graph) -> str:
    """All gates have weights; no peephole, no projection, no layer normalization."""
    if any(op.input(slot) is None for slot in range(1, 9)):
        return "a gate has no weights (CIFG)"
    for slots, what in (((9, 10, 11), "peephole"), ((16, 17), "projection"), ((20, 21, 22, 23), "layer normalization")):
        if any(op.input(slot) is not None for slot in slots):
            return f"it has {what} tensors"
    return ""


def argmax_depth(op: Op, graph: Graph) -> str:
    """The last dimension is up to 127."""
    size = map_sizes(op, graph)[0][-1]
    return "" if size <= 127 else f"its last dimension is {size}; up to 127 is supported"


def argmax_axis(op: Op, graph: Graph) -> str:
    """It looks along the last dimension."""
    rank = len(sizes_of(first_input(op), graph))
    found = by_role(op, "p")
    numbers = values(found[0]) if found else None
    if numbers is None or not len(numbers):
        return Unknown("its axis cannot be read")
    axis = int(numbers[0])
    return "" if axis in (rank - 1, -1) else f"its axis is {axis} of {rank} dimensions; the last is supported"


def reverse_axes(op: Op, graph: Graph) -> str:
    """No axis is reversed."""
    found = by_role(op, "p")
    numbers = values(found[0]) if found else None
    if numbers is None:
        return ""  # it dies
    return f"it reverses dimensions {[int(each) for each in numbers[:8]]}; none is supported" if len(numbers) else ""


def transpose_rank(op: Op, graph: Graph) -> str:
    """Up to 8 dimensions."""
    found = by_role(op, "p")
    sizes = sizes_of(found[0] if found else None, graph)
    return (
        "" if sizes and sizes[-1] <= 8 else f"it permutes {sizes[-1] if sizes else 0} dimensions; up to 8 are supported"
    )


_SWAPS = ((0, 2, 1, 3), (0, 1, 3, 2), (0, 3, 1, 2), (0, 2, 3, 1), (0, 3, 2, 1))
"""Permutations of height, width and depth alone, except the one that changes nothing."""


def transpose_u55(op: Op, graph: Graph) -> str:
    """Which permutations the hardware does at which sizes."""
    tensor, found = first_input(op), by_role(op, "p")
    numbers = values(found[0]) if found else None
    sizes = sizes_of(tensor, graph)
    if tensor is None or numbers is None or not 0 < len(numbers) <= 8:
        return Unknown("its permutation cannot be read")
    moved = [int(each) + (len(numbers) if each < 0 else 0) for each in numbers]
    before = 8 - len(moved)
    order = (*range(before), *(each + before for each in moved))
    inner = tuple(each - 4 for each in order[4:]) if order[:4] == (0, 1, 2, 3) else ()
    if tensor.dtype is DType.INT32:
        return _transpose_32bit(inner, sizes_of(tensor, graph, 4))
    if inner == (0, 1, 2, 3) or tensor.dtype.bits not in (8, 16):
        return ""
    if inner in _SWAPS and prod(sizes[:-3]) == 1:
        big = [size for size in sizes[-3:] if size > _AXIS]
        return f"it permutes a dimension of {big[0]}; up to {_AXIS} is supported" if big else ""
    total = prod(sizes)
    for first, second in combinations(sizes, 2):
        if total > 0 and total // (first * second) > _AXIS:
            return f"it permutes {list(sizes)}; without any two dimensions up to {_AXIS} elements are supported"
    return ""


def _transpose_32bit(order: tuple[int, ...], sizes: tuple[int, ...]) -> str:
    if len(sizes) > 4:
        return f"it permutes {len(sizes)} dimensions of INT32; up to 4 are supported"
    most: tuple[int, ...]
    if order == (0, 1, 2, 3):
        most = (1 << 31, 1 << 31, 1 << 31, 1 << 15)
    elif order == (0, 2, 1, 3):
        most = (1, _AXIS, _AXIS, 1 << 14)
    elif order == (0, 1, 3, 2):
        sizes, most = (1, sizes[0] * sizes[1], sizes[2], sizes[3]), (1, _AXIS, _AXIS, _AXIS)
    else:
        return "it permutes INT32 in an order that is not supported; swapping height and width, or width and depth, is"
    if all(size <= limit for size, limit in zip(sizes, most, strict=True)):
        return ""
    return f"it permutes INT32 of shape {list(sizes)}; a shape of up to {list(most)} is supported"


def _corners(op: Op) -> tuple[bool, bool]:
    return bool(op.options.get("align_corners", False)), bool(op.options.get("half_pixel_centers", False))


def resize_u55(op: Op, graph: Graph) -> str:
    """From one pixel, to the same size, or by 2, 4 or 8 in both directions."""
    aligned, centers = _corners(op)
    centers = centers and op.kind == "RESIZE_BILINEAR"
    (_, height, width, _), (_, to_height, to_width, _) = (each[-4:] for each in map_sizes(op, graph))
    if height == width == 1:
        return ""
    if (height, width) == (to_height, to_width):
        return "it keeps the size with half_pixel_centers" if centers else ""
    up, across = _factor(to_height, height, aligned), _factor(to_width, width, aligned)
    one_line = (to_height == 1 and up == 1) or (to_width == 1 and across == 1)
    if up != across and (not one_line or centers):
        return f"it scales {up:g}x in height and {across:g}x in width; equal factors are supported"
    most = 2 if centers else 8
    factor = max(up, across)
    if factor in (2, 4, 8) and factor <= most:
        return ""
    return f"scale {factor:g}x; {'2x' if centers else '2x, 4x or 8x'} is supported"


def _factor(made: int, read: int, aligned: bool) -> float:
    from struct import pack, unpack

    if aligned and made == 1:
        return 1.0
    above, below = (made - 1, read - 1) if aligned else (made, read)
    if not below:
        return float("inf")
    return float(unpack("<f", pack("<f", above / below))[0])


def resize_u85(op: Op, graph: Graph) -> str:
    """Factors of up to 2048, or 1024 with half_pixel_centers; for RESIZE_BILINEAR powers of two."""
    aligned, centers = _corners(op)
    if aligned and centers:
        return "it has both align_corners and half_pixel_centers"
    if op.kind != "RESIZE_BILINEAR":
        centers = not aligned
    read, made = map_sizes(op, graph)
    most = 1024 if centers else 2048
    for name, place in (("width", -2), ("height", -3)):
        less = 1 if aligned and read[place] > 1 else 0
        above, below = made[place] - less, read[place] - less
        if above == 0 or below <= 0 or above // below > most:
            return f"it scales {name} by {above}/{below}; up to {most} is supported"
        if op.kind != "RESIZE_BILINEAR" or read[-3] == read[-2] == 1:
            continue
        if above % below or (above // below) & (above // below - 1):
            return f"it scales {name} by {above}/{below}; powers of two are supported"
    return ""


def gather_axis(op: Op, graph: Graph) -> str:
    """The axis follows the batch dimensions."""
    rank = len(sizes_of(first_input(op), graph))
    axis, batch = int(op.options.get("axis", 0)), int(op.options.get("batch_dims", 0))
    axis += rank if axis < 0 else 0
    return "" if axis == batch else f"its axis is {axis} and its batch_dims {batch}; equal ones are supported"


def scatter(op: Op, graph: Graph) -> str:
    """Indices and shape are constant; indices have one column and occur once."""
    places, sizes = first_input(op), by_role(op, "p")
    if places is None or not sizes or not sizes[0].is_constant or not places.is_constant:
        return "indices or shape are not constant"
    if sizes_of(places, graph)[-1:] != (1,):
        return f"indices have shape {list(sizes_of(places, graph))}; a last dimension of 1 is supported"
    numbers = values(places)
    if numbers is None:
        return Unknown("its indices cannot be read")
    return "" if len(set(numbers.tolist())) == len(numbers) else "an index occurs twice"
