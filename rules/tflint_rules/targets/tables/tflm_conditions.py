"""What the kernels of TensorFlow Lite Micro ask of the tensors of an op: element types, constants, scales, shapes.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/micro_allocator.cc, micro_interpreter_graph.cc, memory_helpers.cc
and micro_allocation_info.cc; tensorflow/lite/kernels/kernel_util.cc and internal/quantization_util.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import copysign, inf, isnan
from struct import pack, unpack, unpack_from
from typing import TYPE_CHECKING, Any

from tflint import Condition, DType, Graph, Op, QuantParams, Tensor, Unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Take",
    "activation_range",
    "affine",
    "array_of",
    "constant",
    "gives",
    "holdable",
    "inp",
    "integers",
    "is_constant",
    "is_type",
    "known_size",
    "multiplier_fault",
    "no_intermediates",
    "one_element",
    "one_of",
    "out",
    "plain_int32",
    "plain_options",
    "quantized",
    "range_fault",
    "ranks",
    "same_sizes",
    "scale",
    "shape_of",
    "single",
    "takes",
    "type_name",
    "words",
    "zero_point",
    "zero_points",
]

_UNHELD = frozenset({DType.STRING, DType.VARIANT, DType.INT2, DType.UINT4, DType.UNKNOWN})
"""Element types that TFLM cannot size. Source: memory_helpers.cc, TfLiteTypeSizeOf, and the wheel: it holds FLOAT8."""
_MOST_VALUES = 64
"""More axes, sizes or paddings than any kernel reads."""

Take = Callable[[Op], Tensor | None]


def inp(slot: int) -> Take:
    """The tensor in an input slot."""
    return lambda op: op.input(slot)


def out(slot: int = 0) -> Take:
    """An output."""
    return lambda op: op.outputs[slot] if slot < len(op.outputs) else None


def one_of(names: Sequence[str]) -> str:
    """`A`, `A or B`, `A, B or C`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def affine(tensor: Tensor | None) -> QuantParams | None:
    """The scales and zero points that TFLM reads; None where it reads none."""
    quant = None if tensor is None else tensor.quant
    return quant if quant is not None and len(quant.scale) and len(quant.zero_point) else None


def scale(tensor: Tensor | None) -> float:
    """The first scale of a tensor; 0 where it has none."""
    quant = affine(tensor)
    return 0.0 if quant is None else float(quant.scale[0])


def zero_point(tensor: Tensor | None) -> int:
    """The first zero point of a tensor, in 32 bits; 0 where it has none."""
    quant = affine(tensor)
    return 0 if quant is None else (int(quant.zero_point[0]) + 2**31) % 2**32 - 2**31


def single(value: float) -> float:
    """A number in single precision."""
    try:
        return float(unpack("<f", pack("<f", value))[0])
    except OverflowError:
        return copysign(inf, value)


def is_constant(tensor: Tensor | None) -> bool:
    """True for a tensor whose bytes stand in the file."""
    return tensor is not None and tensor.data is not None and len(tensor.data) > 0


def words(tensor: Tensor | None, at_most: int = _MOST_VALUES) -> list[int] | None:
    """The first 32-bit numbers of a constant, whatever its element type; None where there are too few."""
    data = None if tensor is None else tensor.data
    count = 0 if tensor is None else min(tensor.elements, at_most)
    if data is None or len(data) < 4 * count:
        return None
    return list(unpack_from(f"<{count}i", data))


def integers(tensor: Tensor | None, at_most: int = _MOST_VALUES) -> list[int] | None:
    """The first numbers of a constant of 8 to 64 bits; None where there are none."""
    array = array_of(tensor)
    if tensor is None or not tensor.dtype.is_integer or array is None:
        return None
    return [int(each) for each in array.reshape(-1)[:at_most]]


def array_of(tensor: Tensor | None) -> NDArray[Any] | None:
    """The numbers of a constant; None where there are none."""
    return tensor.array() if tensor is not None and is_constant(tensor) else None


def type_name(tensor: Tensor | None) -> str:
    """The schema's name for the element type of a tensor."""
    return "left out" if tensor is None else str(tensor.dtype.value)


def holdable(op: Op, graph: Graph) -> str:
    """Every tensor has an element type that TFLM can hold."""
    for tensor in (*op.inputs, *op.outputs, *op.intermediates):
        if tensor is None or tensor.dtype not in _UNHELD:
            continue
        if tensor.dtype is DType.UNKNOWN:
            return Unknown(f"'{tensor.name}' has an element type that is newer than tflint")
        return f"'{tensor.name}' is {tensor.dtype.value}, which TFLM cannot hold"
    return ""


def plain_options(op: Op, graph: Graph) -> str:
    """A builtin op has no custom options."""
    return "it has custom options, which only a custom op may have" if op.custom_options and not op.is_custom else ""


def no_intermediates(op: Op, graph: Graph) -> str:
    """Intermediate tensors are empty: TFLM reads their scales only."""
    held = next((tensor for tensor in op.intermediates if tensor.elements), None)
    return "" if held is None else f"intermediate tensor '{held.name}' has {held.elements} elements; 0 are supported"


_SIZED_BY_INPUTS = frozenset(
    {"BATCH_MATMUL", "DEPTH_TO_SPACE", "EMBEDDING_LOOKUP", "GATHER", "GATHER_ND", "L2_POOL_2D", "SPACE_TO_DEPTH"}
)
"""Ops whose kernels write the sizes of their output."""


def known_size(op: Op, graph: Graph) -> str:
    """No output has a dimension of size 0, which TFLM takes for one that is not known; [0] is a scalar."""
    sized = op.kind in _SIZED_BY_INPUTS
    for tensor in op.inputs if sized else op.outputs:
        if tensor is not None and 0 in tensor.default_shape and (sized or len(tensor.default_shape) > 1):
            return f"'{tensor.name}' has a dimension of size 0"
    return ""


def _type_fault(tensor: Tensor | None, allowed: Sequence[str], role: str) -> str:
    if tensor is None:
        return f"it has no {role}"
    if tensor.dtype.value in allowed:
        return ""
    if tensor.dtype is DType.UNKNOWN:
        return Unknown(f"{role} has an element type that is newer than tflint")
    return f"{role} is {tensor.dtype.value}; {one_of(allowed)} is supported"


def takes(slot: int, types: str = "", role: str = "") -> Condition:
    """An input is there, with one of these element types, by the schema's names; any where none is named."""
    allowed, name = types.split(), role or f"input {slot}"

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is not None and not allowed:
            return ""
        return _type_fault(tensor, allowed, name)

    return check


def gives(types: str = "", slot: int = 0, role: str = "output") -> Condition:
    """An output is there, with one of these element types; any where none is named."""
    allowed = types.split()

    def check(op: Op, graph: Graph) -> str:
        tensor = out(slot)(op)
        return "" if tensor is not None and not allowed else _type_fault(tensor, allowed, role)

    return check


def constant(slot: int, role: str) -> Condition:
    """An input is there, and its bytes stand in the file."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None:
            return f"it has no {role}"
        if is_constant(tensor):
            return ""
        return Unknown(f"{role} lives in another file") if tensor.external else f"{role} is not constant"

    return check


def quantized(take: Take, role: str, *when: str) -> Condition:
    """A tensor has a scale and a zero point, where its element type is one of `when`."""

    def check(op: Op, graph: Graph) -> str:
        tensor = take(op)
        if tensor is None or affine(tensor) is not None or tensor.dtype.value not in when:
            return ""
        return f"{role} is {tensor.dtype.value} without a scale and a zero point"

    return check


def plain_int32(*roles: tuple[Take, str]) -> Condition:
    """None of these tensors has a scale where the output is INT32."""

    def check(op: Op, graph: Graph) -> str:
        made = out()(op)
        if made is None or made.dtype is not DType.INT32:
            return ""
        found = next((role for take, role in roles if affine(take(op)) is not None), "")
        return f"{found} has a scale, and output is INT32; none is supported then" if found else ""

    return check


def zero_points(value: int, when: str, *roles: tuple[Take, str]) -> Condition:
    """These tensors have this zero point, where the first of them has the element type `when`."""

    def check(op: Op, graph: Graph) -> str:
        first = roles[0][0](op)
        if first is None or first.dtype.value != when:
            return ""
        for take, role in roles:
            found = zero_point(take(op))
            if found != value:
                return f"{role} has zero point {found}; {value} is supported for {when}"
        return ""

    return check


def ranks(take: Take, lowest: int, highest: int, role: str) -> Condition:
    """A tensor has between so many dimensions, where it is there."""

    def check(op: Op, graph: Graph) -> str:
        tensor = take(op)
        if tensor is None or lowest <= len(tensor.default_shape) <= highest:
            return ""
        wanted = str(lowest) if lowest == highest else f"{lowest} to {highest}"
        return f"{role} has {len(tensor.default_shape)} dimensions; {wanted} are supported"

    return check


def same_sizes(first: Take, second: Take, what: str) -> Condition:
    """Two tensors have one shape; `what` names them."""

    def check(op: Op, graph: Graph) -> str:
        a, b = first(op), second(op)
        if a is None or b is None or a.default_shape == b.default_shape:
            return ""
        return f"{what} have shapes {list(a.default_shape)} and {list(b.default_shape)}; one shape is supported"

    return check


def range_fault(op: Op, tensor: Tensor) -> str:
    """Why the bounds of a fused activation cannot be written in the output's 8 or 16 bits; empty where they can.

    Source: kernel_util.cc, CalculateActivationRangeQuantized.
    """
    if tensor.dtype not in (DType.INT8, DType.UINT8, DType.INT16):
        return f"output is {tensor.dtype.value}; INT8, UINT8 or INT16 is supported"
    name = op.options.get("fused_activation_function", "NONE")
    bounds = {"RELU": (0.0,), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}.get(str(name), ())
    step = scale(tensor)
    for bound in bounds:
        if not step or isnan(step) or abs(bound / step) >= 2**31:
            return f"the output's scale of {step:g} is too small for {name}"
    return ""


def activation_range(op: Op, graph: Graph) -> str:
    """The bounds of the fused activation can be written in the 8 or 16 bits of the output."""
    tensor = out()(op)
    if tensor is None or tensor.dtype not in (DType.INT8, DType.INT16):
        return ""
    return range_fault(op, tensor)


def multiplier_fault(value: float, what: str) -> str:
    """Why a kernel stops the program over a ratio of scales that has to be between 0 and 1.

    Source: quantization_util.cc, QuantizeMultiplierSmallerThanOneExp.
    """
    return "" if 0.0 < value < 1.0 else f"{what} is {value:g}; the program stops where it is not between 0 and 1"


def one_element(take: Take, role: str) -> Condition:
    """A tensor has one element."""

    def check(op: Op, graph: Graph) -> str:
        tensor = take(op)
        if tensor is None or tensor.elements == 1:
            return ""
        return f"{role} has {tensor.elements} elements; 1 is supported"

    return check


def shape_of(tensor: Tensor | None) -> tuple[int, ...]:
    """The sizes of a tensor; none where it is left out."""
    return () if tensor is None else tensor.default_shape


def is_type(tensor: Tensor | None, *types: DType) -> bool:
    """True for a tensor of one of these element types."""
    return tensor is not None and tensor.dtype in types
