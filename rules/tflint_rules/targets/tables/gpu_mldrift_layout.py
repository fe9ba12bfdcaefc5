"""What LiteRT's GPU accelerator asks of ops that move data: joins, cuts, permutations, selections, reductions.

Source: LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc, IsSupported of each operation parser.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflint import Graph, Op
from tflint_rules.targets.tables.gpu_conditions import branch, is_constant, number, shape
from tflint_rules.targets.tables.gpu_mldrift_reads import (
    Sizes,
    as_float,
    as_integers,
    axis_fault,
    bhwc,
    constant_value,
    exactly,
    flow_fault,
    fused,
    input_fault,
    numbers,
)

__all__ = [
    "broadcast_in_dim",
    "concatenation",
    "gather",
    "masks",
    "named_axis",
    "pack",
    "paddings",
    "reduction_axes",
    "select",
    "slice_",
    "split",
    "split_v",
    "strided_slice",
    "top_k",
    "transpose",
    "unpack",
    "update_slice",
]


def named_axis(op: Op, source: int, slot: int) -> str:
    """The first value of a constant names a dimension of an input."""
    found = numbers(op.input(slot), 1)
    if not found:
        return "its axis cannot be read"
    return axis_fault(shape(op.input(source)), found[0])


def broadcast_in_dim(op: Op, graph: Graph) -> str:
    """The axes name dimensions of the output, each once, that have the operand's size, or the operand has 1."""
    source, made = shape(op.input(0)), op.outputs[0].default_shape
    for what, sizes in (("operand", source), ("output", made)):
        if not 1 <= len(sizes) <= 4:
            return f"its {what} has {len(sizes)} dimensions; 1 to 4 are supported"
    if fault := as_integers(op.input(1), "linear", "axis"):
        return fault
    found = numbers(op.input(1), 4)
    for place, axis in enumerate(found):
        if not 0 <= axis < len(made):
            return f"its axis {axis} is not a dimension of its output"
        if source[place] not in (1, made[axis]):
            return f"its operand has {source[place]} in dimension {place}, and its output {made[axis]}"
    return "" if len(set(found)) == len(found) else "its axes name a dimension twice"


def concatenation(op: Op, graph: Graph) -> str:
    """The inputs differ from the first in one dimension."""
    for slot in range(len(op.inputs)):
        if fault := _value_or_constant(op, slot, "input"):
            return fault
    if _no_axis([bhwc(tensor) for tensor in op.inputs]):
        return "its inputs differ in more than one dimension"
    return fused(op, graph)


def _no_axis(sizes: Sequence[Sizes]) -> bool:
    """True where the accelerator finds no axis: it tries batch, height, width and channels in turn."""

    def differs(axes: Sequence[int]) -> bool:
        return any(all(each[axis] != sizes[0][axis] for axis in axes) for each in sizes[1:])

    return all(differs([other for other in range(4) if other != axis]) for axis in range(4))


def update_slice(op: Op, graph: Graph) -> str:
    """The start indices are not constant; the update is no larger than the operand."""
    if is_constant(op.input(2)):
        return "its start indices are constant; others are supported"
    for slot, role in enumerate(("operand", "update", "start index")):
        if fault := flow_fault(op, slot, role):
            return fault
    operand, update = shape(op.input(0)), shape(op.input(1))
    made = op.outputs[0].default_shape if op.outputs else ()
    for what, sizes in (("operand", operand), ("update", update), ("output", made)):
        if not 1 <= len(sizes) <= 4:
            return f"its {what} has {len(sizes)} dimensions; 1 to 4 are supported"
    if any(small > large for small, large in zip(update, operand, strict=True)):
        return f"its update has shape {list(update)} and its operand {list(operand)}; no larger ones are supported"
    return ""


def gather(op: Op, graph: Graph) -> str:
    """Input and output have one element type."""
    source, made = op.input(0), op.outputs[0]
    if fault := _value_or_constant(op, 0, "table") or input_fault(op, 1, "index"):
        return fault
    if source is None or source.dtype is made.dtype:
        return ""
    return f"its input is {source.dtype.value} and its output {made.dtype.value}; equal types are supported"


def pack(op: Op, graph: Graph) -> str:
    """The axis is one of up to four dimensions."""
    if len(op.inputs) == 1:
        return flow_fault(op, 0, "input")
    for slot in range(len(op.inputs)):
        if fault := _value_or_constant(op, slot, "input"):
            return fault
    if not op.outputs:
        return "it has no output"
    return axis_fault(op.outputs[0].default_shape, int(number(op, "axis")))


def _value_or_constant(op: Op, slot: int, role: str) -> str:
    return input_fault(op, slot, role) or constant_value(op.input(slot), role)


def paddings(op: Op, graph: Graph) -> str:
    """The paddings are constants of INT32, the value of PADV2 a constant scalar."""
    if fault := input_fault(op, 0, "input") or as_integers(op.input(1), "HW", "padding"):
        return fault
    return as_float(op.input(2), "scalar", "value") if op.kind == "PADV2" and len(op.inputs) == 3 else ""


def reduction_axes(op: Op, graph: Graph) -> str:
    """The axes name dimensions, of which there are up to four."""
    if fault := input_fault(op, 0, "input"):
        return fault
    sizes = shape(op.input(0))
    return next((fault for axis in numbers(op.input(1)) if (fault := axis_fault(sizes, axis))), "")


def select(op: Op, graph: Graph) -> str:
    """The branches have the shape of the output, or one element."""
    for slot, role in ((1, "first branch"), (2, "second branch")):
        if fault := branch(op, slot, role):
            return fault
    for slot, role in enumerate(("condition", "first branch", "second branch")):
        if fault := _value_or_constant(op, slot, role):
            return fault
    return ""


def slice_(op: Op, graph: Graph) -> str:
    """Constant begins and sizes of INT32, one for each dimension, that make the output's shape."""
    if fault := input_fault(op, 0, "input"):
        return fault
    if is_constant(op.input(0)):
        return "its input is constant"
    for slot, role in ((1, "begin"), (2, "size")):
        if fault := as_integers(op.input(slot), "linear", role):
            return fault
    starts, sizes = numbers(op.input(1), 5), numbers(op.input(2), 5)
    source = shape(op.input(0))
    if len(starts) != len(sizes):
        return f"it has {len(starts)} begins and {len(sizes)} sizes; as many are supported"
    if not 1 <= len(source) <= 4:
        return f"its input has {len(source)} dimensions; 1 to 4 are supported"
    if len(starts) != len(source) and (len(source), len(starts)) != (4, 3):
        return f"it has {len(starts)} begins for an input of {len(source)} dimensions"
    kept = source[len(source) - len(starts) :]
    ends = [limit if want == -1 else first + want for first, want, limit in zip(starts, sizes, kept, strict=True)]
    ends = [end + limit if end < 0 else end for end, limit in zip(ends, kept, strict=True)]
    found = [end - first for first, end in zip(starts, ends, strict=True)]
    return _makes(op, [*source[: len(source) - len(starts)], *found], len(source))


def _makes(op: Op, found: Sequence[int], rank: int) -> str:
    """The op's output has these sizes, as the accelerator lays them out."""
    made = op.outputs[0] if op.outputs else None
    if made is not None and _laid(found) == bhwc(made):
        return ""
    return f"it makes {list(found)}, and its output has shape {list(shape(made))}"


def _laid(sizes: Sequence[int]) -> Sizes:
    full = (*sizes, 1, 1, 1)
    if len(sizes) == 1:
        return (full[0], 1, 1, 1)
    if len(sizes) == 2:
        return (full[0], 1, 1, full[1])
    return (full[0], 1, full[1], full[2]) if len(sizes) == 3 else (full[0], full[1], full[2], full[3])


def split(op: Op, graph: Graph) -> str:
    """The axis is one of up to four dimensions."""
    if number(op, "num_splits") == 1:
        return "it has one split, at which the accelerator aborts" if is_constant(op.input(0)) else ""
    if op.input(0) is None or op.input(1) is None:
        return "it has no input"
    if not is_constant(op.input(0)):
        return "its axis is not constant"
    return named_axis(op, 1, 0) or flow_fault(op, 1, "input")


_SPLIT_V = exactly(1, 2)


def split_v(op: Op, graph: Graph) -> str:
    """Constant sizes and axis; the axis is one of up to four dimensions."""
    if fault := _SPLIT_V(op, graph) or input_fault(op, 0, "input"):
        return fault
    return "" if number(op, "num_splits") == 1 else named_axis(op, 0, 2)


def masks(op: Op, graph: Graph) -> str:
    """None of the masks but those of begin and end."""
    names = ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return next((f"its {name} is {number(op, name)}; 0 is supported" for name in names if number(op, name)), "")


def strided_slice(op: Op, graph: Graph) -> str:
    """Constant bounds and strides for each dimension, or each but the batch, that make the output's shape."""
    source = shape(op.input(0))
    for slot, role in ((1, "begin"), (2, "end"), (3, "stride")):
        if fault := as_integers(op.input(slot), "linear", role):
            return fault
    starts, ends, steps = (numbers(op.input(slot), 5) for slot in (1, 2, 3))
    if len(starts) not in (len(source), len(source) - 1):
        return f"it has {len(starts)} begins for an input of {len(source)} dimensions"
    if not 1 <= len(source) <= 4 or not len(starts) == len(ends) == len(steps):
        return "its begins, ends and strides differ in number"
    if any(step < 1 for step in steps):
        return f"its strides are {steps}; positive ones are supported"
    return _makes(op, _sliced(op, source, starts, ends, steps), len(source))


def _sliced(op: Op, source: Sequence[int], starts: list[int], ends: list[int], steps: list[int]) -> list[int]:
    """The sizes that the accelerator works out; without the batch it reads the bounds of the last dimensions."""
    left = len(source) - len(starts)
    found = list(source)
    for place in range(len(source)):
        first, last, step = 0, source[place], 1
        if place >= left:
            first, last, step = starts[place - left], ends[place - left], steps[place - left]
        last += source[place] if last < 0 else 0
        first += source[place] if first < 0 else 0
        if int(number(op, "begin_mask")) >> place & 1:
            first = 0
        if int(number(op, "end_mask")) >> place & 1:
            last = source[place]
        found[place] = -((first - last) // step)
    return found


def top_k(op: Op, graph: Graph) -> str:
    """The number is one constant."""
    if fault := input_fault(op, 0, "input"):
        return fault
    found = op.input(1)
    if found is None or not is_constant(found):
        return "its number of values is not constant"
    return "" if found.elements == 1 else f"its number of values has {found.elements} elements; 1 is supported"


def transpose(op: Op, graph: Graph) -> str:
    """A constant permutation of INT32, of two to four dimensions."""
    if fault := input_fault(op, 0, "input") or as_integers(op.input(1), "linear", "permutation"):
        return fault
    found = shape(op.input(1))[-1]
    return "" if 2 <= found <= 4 else f"its permutation has {found} elements; 2 to 4 are supported"


def unpack(op: Op, graph: Graph) -> str:
    """The axis is one of up to four dimensions."""
    if fault := flow_fault(op, 0, "input"):
        return fault
    return "" if number(op, "num") == 1 else axis_fault(shape(op.input(0)), int(number(op, "axis")))
