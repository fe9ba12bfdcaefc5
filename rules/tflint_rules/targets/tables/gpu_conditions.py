"""Conditions that the tables of LiteRT's GPU delegates are made of.

An op without an options table has all its options at zero, as for the runtime.

Source: LiteRT f67457790, tflite/tools/versioning/gpu_compatibility.cc; tflite/delegates/gpu/common/model_builder.cc,
IsAllAllowedTensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tflint import Condition, DType, Graph, Op, Tensor, Unknown
from tflint_rules.targets.tables.gpu_graph import is_half_constant

__all__ = [
    "FLOATS",
    "activation",
    "are",
    "at_least",
    "axes",
    "branch",
    "broadcasts",
    "constants",
    "counted",
    "dtypes",
    "either",
    "inputs",
    "is_constant",
    "number",
    "operands",
    "outputs_fault",
    "pair",
    "rank",
    "runtime_inputs",
    "shape",
    "short",
    "size",
    "types_within",
]

FLOATS = (DType.FLOAT16, DType.FLOAT32)


def is_constant(tensor: Tensor | None) -> bool:
    """True where the value stands in a file."""
    return tensor is not None and tensor.is_constant


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


def size(first: str, second: str, what: str) -> Condition:
    """Two options that have to be positive; `what` names them: strides, dilations, filter sizes."""

    def check(op: Op, graph: Graph) -> str:
        a, b = number(op, first), number(op, second)
        return "" if a > 0 and b > 0 else f"its {what} are {a} and {b}; positive ones are supported"

    return check


def inputs(*numbers: int, outputs: int | None = None) -> Condition:
    """So many inputs, constant or not, and outputs."""

    def check(op: Op, graph: Graph) -> str:
        if len(op.inputs) not in numbers:
            return f"it has {counted(len(op.inputs), 'input')}; {either(numbers)} {are(numbers[-1])} supported"
        return outputs_fault(op, outputs)

    return check


def at_least(number_of: int) -> Condition:
    """So many inputs or more."""

    def check(op: Op, graph: Graph) -> str:
        if len(op.inputs) >= number_of:
            return ""
        return f"it has {counted(len(op.inputs), 'input')}; {number_of} or more are supported"

    return check


def operands(runtime: int, constant: int | None = None, outputs: int | None = 1) -> Condition:
    """So many inputs that are not constant, so many that are, and outputs."""

    def check(op: Op, graph: Graph) -> str:
        found = constants(op)
        if constant is not None and found != constant:
            return f"{found} of its inputs {are(found)} constant; {constant} constant {are(constant)} supported"
        found = runtime_inputs(op)
        if found != runtime:
            return f"{found} of its inputs {are(found)} not constant; {runtime} {are(runtime)} supported"
        return outputs_fault(op, outputs)

    return check


def outputs_fault(op: Op, wanted: int | None) -> str:
    """Why the op has not so many outputs; None takes any number."""
    if wanted is None or len(op.outputs) == wanted:
        return ""
    return f"it has {counted(len(op.outputs), 'output')}; {wanted} {are(wanted)} supported"


_UNARY_PAIR, _BINARY_PAIR = operands(1, 1), operands(2, 0)


def pair(op: Op, graph: Graph) -> str:
    """Two operands, of which one may be constant, and one output."""
    if not _BINARY_PAIR(op, graph) or not _UNARY_PAIR(op, graph):
        return ""
    if len(op.outputs) != 1:
        return outputs_fault(op, 1)
    kept, moving = constants(op), runtime_inputs(op)
    found = f"{kept} of its inputs {are(kept)} constant and {moving} {are(moving)} not"
    return f"{found}; two, or one of each, are supported"


def activation(op: Op, graph: Graph) -> str:
    """The fused activation is not SIGN_BIT; the runtime takes one that it does not know as none."""
    value = op.options.get("fused_activation_function", "NONE")
    return "its fused activation is SIGN_BIT" if value == "SIGN_BIT" else ""


def rank(slot: int, *allowed: int, role: str = "input") -> Condition:
    """An input has so many dimensions."""

    def check(op: Op, graph: Graph) -> str:
        found = len(shape(op.input(slot)))
        return (
            "" if found in allowed else f"its {role} has {counted(found, 'dimension')}; {either(allowed)} are supported"
        )

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
        return f"its {role} is {tensor.dtype.value}; {either([dtype.value for dtype in allowed])} is supported"

    return check


def types_within(allowed: Callable[[Op], tuple[frozenset[DType], frozenset[DType]]]) -> Condition:
    """Inputs and outputs that are neither constant nor variables have types that a delegate takes for the op."""

    def check(op: Op, graph: Graph) -> str:
        doubt = ""
        for what, tensors, types in zip(("input", "output"), (op.inputs, op.outputs), allowed(op), strict=True):
            for tensor in tensors:
                if tensor is None or tensor.dtype in types or tensor.is_constant or tensor.is_variable:
                    continue
                if tensor.dtype is not DType.UNKNOWN:
                    names = [dtype.value for dtype in DType if dtype in types]
                    return f"an {what} is {tensor.dtype.value}; {either(names)} is supported"
                doubt = Unknown(f"an {what} has an element type that is newer than tflint")
        return doubt

    return check


def short(op: Op, graph: Graph) -> str:
    """No tensor has five dimensions or more, but a constant of FLOAT16 that the op only widens."""
    for what, tensors in (("input", op.inputs), ("output", op.outputs)):
        for tensor in tensors:
            if tensor is not None and len(tensor.default_shape) > 4 and not is_half_constant(op):
                return f"an {what} has {len(tensor.default_shape)} dimensions; up to 4 are supported"
    return ""


_AXES = dtypes(1, DType.INT32, role="axis")


def axes(op: Op, graph: Graph) -> str:
    """The second input is a constant of INT32."""
    return _AXES(op, graph) if is_constant(op.input(1)) else "its axis is not constant"


def broadcasts(a: Sequence[int], b: Sequence[int]) -> bool:
    """True where the sizes agree from the right, or one of them is 1."""
    return all(x in (y, 1) or y == 1 for x, y in zip(reversed(a), reversed(b), strict=False))


def branch(op: Op, slot: int, role: str) -> str:
    """A branch of a selection has the shape of the output, or one element."""
    sizes, made = shape(op.input(slot)), op.outputs[0].default_shape
    if not sizes or sizes == made or (len(sizes) == 1 and sizes[0] <= 1):
        return ""
    return f"its {role} has shape {list(sizes)} and its output {list(made)}; equal ones, or a scalar, are supported"


def are(number_of: int) -> str:
    """The verb for so many."""
    return "is" if number_of == 1 else "are"


def counted(number_of: int, noun: str) -> str:
    """So many of a noun: 1 input, 2 inputs."""
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"


def either(values: Sequence[object]) -> str:
    """Values in words: 3, or 3 or 4."""
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last
