"""Conditions that the tables of several targets are made of.

Each function returns a `Condition`: called with an op and its graph, it returns nothing where the op fits, else the
fact that does not, as it stands in a report: `filter is not constant`. A left-out input never fails a condition on
its type or shape; `required` says that it may not be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from tflint import Condition, Graph, Op, Tensor, Unknown, type_code

__all__ = [
    "activation",
    "arity",
    "attribute",
    "constant",
    "input_types",
    "output_types",
    "rank",
    "required",
    "same_quant",
    "same_shape",
    "same_type",
    "signatures",
    "static",
]


def arity(inputs: tuple[int, int], outputs: tuple[int, int] | None = None) -> Condition:
    """So many inputs (the first and the last number that is taken), and outputs."""

    def check(op: Op, graph: Graph) -> str:
        for what, number, limits in (("inputs", len(op.inputs), inputs), ("outputs", len(op.outputs), outputs)):
            if limits is not None and not limits[0] <= number <= limits[1]:
                wanted = str(limits[0]) if limits[0] == limits[1] else f"{limits[0]} to {limits[1]}"
                return f"it has {number} {what}; {wanted} {'is' if wanted == '1' else 'are'} supported"
        return ""

    return check


def required(slot: int, role: str) -> Condition:
    """An input that may not be left out; `role` is what the field calls it: bias, filter, axis."""
    return lambda op, graph: "" if op.input(slot) is not None else f"it has no {role}"


def constant(slot: int, role: str) -> Condition:
    """An input that is a constant, where it is there."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        return "" if tensor is None or tensor.is_constant else f"{role} is not constant"

    return check


def input_types(slot: int, codes: str, role: str = "") -> Condition:
    """An input's element type is one of these codes (of `tflint.type_code`), where it is there."""
    return _types(lambda op: op.input(slot), codes, role or f"input {slot}")


def output_types(slot: int, codes: str, role: str = "") -> Condition:
    """An output's element type is one of these codes, where it is there."""
    return _types(lambda op: op.outputs[slot] if slot < len(op.outputs) else None, codes, role or f"output {slot}")


def _types(of: Callable[[Op], Tensor | None], codes: str, role: str) -> Condition:
    allowed = frozenset(codes.split())

    def check(op: Op, graph: Graph) -> str:
        tensor = of(op)
        if tensor is None:
            return ""
        code = type_code(tensor)
        if code == "?":
            return Unknown(f"{role} has an element type that is newer than tflint")
        return "" if code in allowed else f"{role} is {describe(tensor)}; {' or '.join(codes.split())} is supported"

    return check


def describe(tensor: Tensor) -> str:
    """An element type in words: `FLOAT32`, `INT8 with one scale`, `INT8 with a scale for each channel`."""
    name = str(tensor.dtype.value)
    if not tensor.dtype.is_integer or name in ("INT32", "INT64") or tensor.quant is None:
        return name
    return f"{name} with {'a scale for each channel' if tensor.quant.is_per_axis else 'one scale'}"


def signatures(*rows: str) -> Condition:
    """The element types of inputs and outputs are one of these rows: `qi8 qi8|qi8c qi32|- > qi8`.

    `|` is or, `-` a left-out input. Inputs that a row does not name are not looked at.
    """
    parsed = [tuple(side.split() for side in row.split(">")) for row in rows]

    def check(op: Op, graph: Graph) -> str:
        ins, outs = [type_code(each) for each in op.inputs], [type_code(each) for each in op.outputs]
        if any(_fits(ins, row[0]) and _fits(outs, row[1] if len(row) > 1 else []) for row in parsed):
            return ""
        if "?" in ins + outs:
            return Unknown("an element type is newer than tflint")
        return (
            f"{', '.join(ins) or 'nothing'} to {', '.join(outs) or 'nothing'} is no combination of types that it takes"
        )

    return check


def _fits(found: list[str], wanted: list[str]) -> bool:
    return all((found[slot] if slot < len(found) else "-") in code.split("|") for slot, code in enumerate(wanted))


def same_type(*slots: int, output: int | None = 0) -> Condition:
    """These inputs, and an output, have one element type."""

    def check(op: Op, graph: Graph) -> str:
        found = [tensor.dtype for slot in slots if (tensor := op.input(slot)) is not None]
        if output is not None and output < len(op.outputs):
            found.append(op.outputs[output].dtype)
        names = sorted({dtype.value for dtype in found})
        return "" if len(names) < 2 else f"its element types differ: {', '.join(names)}"

    return check


def same_shape(first: int, second: int) -> Condition:
    """Two inputs have one shape."""

    def check(op: Op, graph: Graph) -> str:
        a, b = op.input(first), op.input(second)
        if a is None or b is None or a.default_shape == b.default_shape:
            return ""
        return f"its inputs have shapes {list(a.default_shape)} and {list(b.default_shape)}; equal ones are supported"

    return check


def same_quant(first: Callable[[Op], Tensor | None], second: Callable[[Op], Tensor | None], what: str) -> Condition:
    """Two tensors have one scale and zero point; `what` names them in the reason."""

    def check(op: Op, graph: Graph) -> str:
        a, b = first(op), second(op)
        if a is None or b is None or a.quant is None or b.quant is None:
            return ""
        same = list(a.quant.scale) == list(b.quant.scale) and list(a.quant.zero_point) == list(b.quant.zero_point)
        return "" if same else f"{what} differ in scale or zero point"

    return check


def rank(slot: int, lowest: int, highest: int, role: str = "") -> Condition:
    """An input has between so many dimensions, where it is there."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or lowest <= len(tensor.default_shape) <= highest:
            return ""
        wanted = str(lowest) if lowest == highest else f"{lowest} to {highest}"
        return f"{role or f'input {slot}'} has {len(tensor.default_shape)} dimensions; {wanted} are supported"

    return check


def attribute(name: str, allowed: Collection[Any], absent: Any = None) -> Condition:
    """An option of the op has one of these values; `absent` stands for one that the file leaves out."""

    def check(op: Op, graph: Graph) -> str:
        value = op.options.get(name, absent)
        if value in allowed or value is None:
            return ""
        return f"{name} is {value}; {_or(allowed)} is supported"

    return check


def activation(*allowed: str) -> Condition:
    """The fused activation is one of these, as the schema names them; NONE need not be named."""
    return attribute("fused_activation_function", ("NONE", *allowed), "NONE")


def static(op: Op, graph: Graph) -> str:
    """No tensor of the op has a dynamic dimension."""
    for tensor in (*op.inputs, *op.outputs):
        if tensor is not None and tensor.is_dynamic:
            return f"'{tensor.name}' has a size that is known only when the model runs"
    return ""


def _or(values: Iterable[Any]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last
