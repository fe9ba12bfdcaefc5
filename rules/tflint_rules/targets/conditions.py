"""Conditions that the tables of several targets are made of.

Each function returns a `Condition`: called with an op and its graph, it returns nothing where the op fits, else the
fact that does not, as it stands in a report: `filter is not constant`. Its docstring says what it asks, as
`tflint targets NAME` shows it. A left-out input never fails a condition on its type or shape; `required` says that it
may not be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from tflint import Condition, Graph, Op, Tensor, Unknown, type_code

__all__ = ["activation", "arity", "attribute", "constant", "input_types", "rank", "required", "same_type"]


def _says(words: str) -> Callable[[Condition], Condition]:
    """Make `words` the docstring of a condition."""

    def name(check: Condition) -> Condition:
        check.__doc__ = words
        return check

    return name


def arity(inputs: tuple[int, int], outputs: tuple[int, int] | None = None) -> Condition:
    """So many inputs (the first and the last number that is taken), and outputs."""

    @_says(f"{_span(inputs)} inputs" + (f", {_span(outputs)} outputs" if outputs is not None else ""))
    def check(op: Op, graph: Graph) -> str:
        for what, number, limits in (("inputs", len(op.inputs), inputs), ("outputs", len(op.outputs), outputs)):
            if limits is not None and not limits[0] <= number <= limits[1]:
                wanted = _span(limits)
                return f"it has {number} {what}; {wanted} {'is' if wanted == '1' else 'are'} supported"
        return ""

    return check


def required(slot: int, role: str) -> Condition:
    """An input that may not be left out; `role` is what the field calls it: bias, filter, axis."""

    @_says(f"has a {role}")
    def check(op: Op, graph: Graph) -> str:
        return "" if op.input(slot) is not None else f"it has no {role}"

    return check


def constant(slot: int, role: str) -> Condition:
    """An input that is a constant, where it is there."""

    @_says(f"{role} is constant")
    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        return "" if tensor is None or tensor.is_constant else f"{role} is not constant"

    return check


def input_types(slot: int, codes: str, role: str = "") -> Condition:
    """An input's element type is one of these codes (of `tflint.type_code`), where it is there."""
    allowed = frozenset(codes.split())
    name = role or f"input {slot}"

    @_says(f"{name} is {_or(codes.split())}")
    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or type_code(tensor) in allowed:
            return ""
        if type_code(tensor) == "?":
            return Unknown(f"{name} has an element type that is newer than tflint")
        return f"{name} is {_described(tensor)}; {' or '.join(codes.split())} is supported"

    return check


def same_type(*slots: int, output: int | None = 0) -> Condition:
    """These inputs, and an output, have one element type."""

    @_says("inputs and output have one element type")
    def check(op: Op, graph: Graph) -> str:
        found = [tensor.dtype for slot in slots if (tensor := op.input(slot)) is not None]
        if output is not None and output < len(op.outputs):
            found.append(op.outputs[output].dtype)
        names = sorted({dtype.value for dtype in found})
        return "" if len(names) < 2 else f"its element types differ: {', '.join(names)}"

    return check


def rank(slot: int, lowest: int, highest: int, role: str = "") -> Condition:
    """An input has between so many dimensions, where it is there."""
    name = role or f"input {slot}"

    @_says(f"{name} has {_span((lowest, highest))} dimensions")
    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or lowest <= len(tensor.default_shape) <= highest:
            return ""
        return f"{name} has {len(tensor.default_shape)} dimensions; {_span((lowest, highest))} are supported"

    return check


def attribute(name: str, allowed: Collection[Any], absent: Any = None) -> Condition:
    """An option of the op has one of these values; `absent` stands for one that the file leaves out."""

    @_says(f"{name} is {_or(allowed)}")
    def check(op: Op, graph: Graph) -> str:
        value = op.options.get(name, absent)
        if value in allowed or value is None:
            return ""
        return f"{name} is {value}; {_or(allowed)} is supported"

    return check


def activation(*allowed: str) -> Condition:
    """The fused activation is one of these, as the schema names them; NONE need not be named."""
    return attribute("fused_activation_function", ("NONE", *allowed), "NONE")


def _described(tensor: Tensor) -> str:
    """An element type in words: `FLOAT32`, `INT8 with one scale`, `INT8 with a scale for each channel`."""
    name = str(tensor.dtype.value)
    if not tensor.dtype.is_integer or name in ("INT32", "INT64") or tensor.quant is None:
        return name
    return f"{name} with {'a scale for each channel' if tensor.quant.is_per_axis else 'one scale'}"


def _span(limits: tuple[int, int]) -> str:
    return str(limits[0]) if limits[0] == limits[1] else f"{limits[0]} to {limits[1]}"


def _or(values: Iterable[Any]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last
