"""What the XNNPACK delegate asks of single kinds of op without weights, beyond the element types of their tensors.

Source: LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, the Visit… functions and CheckPoolingParams.
"""

from __future__ import annotations

from math import prod

from tflint import Condition, DType, Graph, Op, Unknown
from tflint_rules.targets.tables.xnnpack_conditions import (
    FLOAT32,
    MOST_DIMENSIONS,
    affine,
    is_normal,
    per_tensor,
    present,
    ratio,
    scale_fault,
    type_fault,
    unpacks,
    values,
)

__all__ = [
    "SHORT",
    "attention",
    "block_size",
    "concatenation",
    "densify",
    "integers",
    "known_composite",
    "leaky_relu",
    "mask_type",
    "one_type",
    "paddings",
    "permutation",
    "pool",
    "quantize",
    "reduction_axes",
    "reshape",
    "resize",
    "scales_of_product",
    "scales_of_sum",
    "slice_sizes",
    "softmax",
    "space_to_depth",
    "split",
    "strided_slice",
    "unless_unpacked",
    "variable_value",
]

SHORT = Unknown("the file holds fewer bytes than its constant needs")
_8BIT = (DType.INT8, DType.UINT8)


def unless_unpacked(condition: Condition) -> Condition:
    """A condition on ops that run; one that only unpacks a constant does not."""
    return lambda op, graph: "" if unpacks(op, graph) else condition(op, graph)


def densify(op: Op, graph: Graph) -> str:
    """DENSIFY is taken where it unpacks a constant."""
    return "" if unpacks(op, graph) else "its input is not a sparse FLOAT32, FLOAT16 or INT8 constant"


def one_type(op: Op, graph: Graph) -> str:
    """Both inputs and the output have one element type."""
    names = sorted({str(each.dtype.value) for each in (*present(op, 0, 1), *op.outputs[:1])})
    return "" if len(names) < 2 else f"its element types differ: {', '.join(names)}"


def scales_of_sum(op: Op, graph: Graph) -> str:
    """ADD and SUB of 8-bit tensors: how far the scales of the inputs may be from that of the output."""
    for slot, tensor in enumerate(present(op, 0, 1)):
        if fault := _span(op, per_tensor(tensor)[0], 2.0**-10, f"scale of input {slot}"):
            return fault
    return ""


def scales_of_product(op: Op, graph: Graph) -> str:
    """MUL of 8-bit tensors: how far the product of the scales may be from that of the output."""
    product = ratio(prod(per_tensor(tensor)[0] for tensor in present(op, 0, 1)), 1.0)
    return _span(op, product, 2.0**-16, "product of the input scales")


def _span(op: Op, scale: float, lowest: float, what: str) -> str:
    if op.outputs[0].dtype not in _8BIT:
        return ""
    found = ratio(scale, per_tensor(op.outputs[0])[0])
    if not (found < lowest or found >= 256):
        return ""
    return f"{what} is {found:.3g} times that of the output; 1/{1 / lowest:.0f} to less than 256 is supported"


def leaky_relu(op: Op, graph: Graph) -> str:
    """The slope is a number, and the scales of 8-bit tensors fit it."""
    alpha = float(op.options.get("alpha", 0.0))
    if not is_normal(alpha):
        return f"alpha is {alpha:g}; a number other than 0 is supported"
    above, below = per_tensor(present(op, 0)[0])[0], per_tensor(op.outputs[0])[0]
    if not is_normal(above) or not is_normal(below):
        return ""
    found = ratio(above, below)
    if not 2.0**-8 <= found <= 128:
        return f"scale of the input is {found:.3g} times that of the output; 1/256 to 128 is supported"
    slope = ratio(found * alpha, 1.0)
    if not -127.99609375 <= slope <= 128 or abs(slope) < 2.0**-8:
        return f"alpha times the ratio of its scales is {slope:.3g}; 1/256 to 128 in size is supported"
    return ""


def quantize(op: Op, graph: Graph) -> str:
    """A float becomes anything; an 8-bit tensor only the same type again, with a scale that is near."""
    source, made = present(op, 0)[0], op.outputs[0]
    if source.dtype not in _8BIT:
        return ""
    if made.dtype is not source.dtype:
        return f"it turns {source.dtype.value} into {made.dtype.value}; the same type, or from a float, is supported"
    for tensor, role in ((source, "input"), (made, "output")):
        quant = affine(tensor)
        if quant is not None and (fault := scale_fault(tensor, quant, role)):
            return fault
    found = ratio(per_tensor(source)[0], per_tensor(made)[0])
    if 2.0**-8 <= found <= 128:
        return ""
    return f"scale of the input is {found:.3g} times that of the output; 1/256 to 128 is supported"


def pool(op: Op, graph: Graph) -> str:
    """The stride is not larger than the filter."""
    for stride, name in (("stride_w", "filter_width"), ("stride_h", "filter_height")):
        step, size = op.options.get(stride, 0), op.options.get(name, 0)
        if step > size:
            return f"{stride} is {step} and {name} {size}; a stride that is not larger is supported"
    return ""


def concatenation(op: Op, graph: Graph) -> str:
    """The axis is there, and UINT8 inputs have the scale and zero point of the output."""
    axis, made, tensors = op.options.get("axis", 0), op.outputs[0], present(op, *range(len(op.inputs)))
    for tensor in tensors:
        if axis >= len(tensor.default_shape):
            return f"axis is {axis} and an input has {len(tensor.default_shape)} dimensions"
    if made.dtype is DType.UINT8 and any(per_tensor(each) != per_tensor(made) for each in tensors):
        return "its inputs differ from its output in scale or zero point; UINT8 needs the same"
    return ""


def integers(slot: int, role: str, *, long: bool = False) -> Condition:
    """An input, where it is there, holds INT32 numbers, with `long` also INT64."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is not None and tensor.dtype is DType.UNKNOWN:
            return Unknown(f"{role} has an element type that is newer than tflint")
        if tensor is None or tensor.dtype is DType.INT32 or (long and tensor.dtype is DType.INT64):
            return ""
        return f"{role} is {tensor.dtype.value}; INT32{' or INT64' if long else ''} is supported"

    return check


def reduction_axes(op: Op, graph: Graph) -> str:
    """The axes are one to six, in a constant of at most one dimension."""
    source, axes = present(op, 0, 1)
    if len(axes.default_shape) > 1:
        return f"axis has {len(axes.default_shape)} dimensions; at most 1 is supported"
    count = axes.elements
    if not 0 < count <= MOST_DIMENSIONS:
        return f"it has {count} axes; 1 to {MOST_DIMENSIONS} are supported"
    if count == 1 and not source.default_shape and values(axes, 1) == [0]:
        return "it reduces a scalar"
    return ""


def paddings(op: Op, graph: Graph) -> str:
    """The amounts are there for each dimension, and none is negative."""
    source, amounts = present(op, 0, 1)
    if amounts.default_shape != (len(source.default_shape), 2):
        return "amounts are not two numbers for each dimension"
    found = values(amounts, 2 * MOST_DIMENSIONS)
    if found is None:
        return SHORT
    return f"it pads by {min(found)}; 0 or more is supported" if min(found) < 0 else ""


def reshape(op: Op, graph: Graph) -> str:
    """The new shape is not the old way to say scalar, and 8-bit values keep their meaning."""
    shape, made = op.input(1), op.outputs[0]
    if made.dtype in _8BIT and per_tensor(present(op, 0)[0]) != per_tensor(made):
        return "its input and output differ in scale or zero point"
    sizes: list[int] | None = list(op.options.get("new_shape") or ())
    if shape is not None:
        if any(size != 1 for size in shape.default_shape[:-1]):
            return "shape is not a list"
        sizes = values(shape, 1) if shape.elements == 1 else []
    if sizes is None:
        return SHORT
    return "its new shape is the old way to say scalar" if sizes in ([0], [-1]) else ""


def resize(op: Op, graph: Graph) -> str:
    """The new size is two numbers, the first of them positive."""
    size = present(op, 1)[0]
    if size.default_shape != (2,):
        return f"size has shape {list(size.default_shape)}; [2] is supported"
    found = values(size, 2)
    if found is None:
        return SHORT
    return "" if found[0] > 0 else f"its new height is {found[0]}; a positive number is supported"


def slice_sizes(op: Op, graph: Graph) -> str:
    """Begin and size are lists of one length, and no number is left to the runtime."""
    begin, size = present(op, 1, 2)
    if len(begin.default_shape) != 1 or begin.default_shape != size.default_shape:
        return "begin and size are not lists of one length"
    if size.elements > MOST_DIMENSIONS:
        return f"it has {size.elements} dimensions; at most {MOST_DIMENSIONS} are supported"
    first, found = values(begin, MOST_DIMENSIONS), values(size, MOST_DIMENSIONS)
    if first is None or found is None:
        return SHORT
    if (least := min(first, default=0)) < 0:
        return f"begin has {least}; 0 or more is supported"
    return f"size has {least}; positive numbers are supported" if (least := min(found, default=1)) < 1 else ""


def strided_slice(op: Op, graph: Graph) -> str:
    """No dimension is added or dropped, and every stride is 1."""
    for mask in ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask"):
        if op.options.get(mask, 0):
            return f"{mask} is {op.options[mask]}; 0 is supported"
    source, *lists = present(op, 0, 1, 2, 3)
    count = len(source.default_shape)
    if any(each.default_shape != (count,) for each in lists):
        return "begin, end and strides are not a number for each dimension"
    if count > MOST_DIMENSIONS:
        return f"it has {count} dimensions; at most {MOST_DIMENSIONS} are supported"
    found = values(lists[2], MOST_DIMENSIONS)
    if found is None:
        return SHORT
    wrong = next((each for each in found if each != 1), None)
    return "" if wrong is None else f"it has a stride of {wrong}; 1 is supported"


def permutation(op: Op, graph: Graph) -> str:
    """There are at most six dimensions."""
    count = present(op, 1)[0].elements
    return (
        "" if count <= MOST_DIMENSIONS else f"permutation has {count} numbers; at most {MOST_DIMENSIONS} are supported"
    )


def softmax(op: Op, graph: Graph) -> str:
    """The logits are taken as they are."""
    beta = op.options.get("beta", 0.0)
    return "" if beta == 1 else f"beta is {beta:g}; 1 is supported"


def block_size(op: Op, graph: Graph) -> str:
    """A block has more than one element."""
    size = op.options.get("block_size", 0)
    return "" if size > 1 else f"block_size is {size}; 2 or more is supported"


def space_to_depth(op: Op, graph: Graph) -> str:
    """Height and width are whole numbers of blocks."""
    sizes, size = present(op, 0)[0].default_shape, op.options["block_size"]
    if len(sizes) < 3:
        return f"input has {len(sizes)} dimensions; 4 are supported"
    wrong = next((each for each in sizes[1:3] if each % size), None)
    return "" if wrong is None else f"block_size is {size}, which does not divide {wrong}"


def split(op: Op, graph: Graph) -> str:
    """There are as many outputs as it says."""
    wanted = op.options.get("num_splits", 0)
    return "" if wanted == len(op.outputs) else f"num_splits is {wanted} and it has {len(op.outputs)} outputs"


def known_composite(op: Op, graph: Graph) -> str:
    """A composite op is attention; a custom op says so by its code."""
    name = op.options.get("name") or ""
    if op.is_custom or name == "odml.scaled_dot_product_attention":
        return ""
    return f"composite '{name}' is not among those that are supported"


def mask_type(op: Op, graph: Graph) -> str:
    """The mask, where there is one, is FLOAT32."""
    return "" if len(op.inputs) < 4 else type_fault(op.inputs[3], FLOAT32, "mask")


def attention(op: Op, graph: Graph) -> str:
    """Query, key and value have one last size; the mask has the length of the keys."""
    query, key, value, *masks = (each.default_shape for each in present(op, 0, 1, 2, 3))
    if not query or not key or not value:
        return "its query, key or value is a scalar"
    if not query[-1] == key[-1] == value[-1]:
        return f"query, key and value end in sizes {query[-1]}, {key[-1]} and {value[-1]}; one size is supported"
    if masks and not key[1:2] == value[1:2] == masks[0][-1:]:
        return "the last size of its mask is not the number of its keys and values"
    return ""


def variable_value(op: Op, graph: Graph) -> str:
    """What is read from a variable has a shape."""
    return "" if op.outputs[0].default_shape else f"'{op.outputs[0].name}' is a scalar"
