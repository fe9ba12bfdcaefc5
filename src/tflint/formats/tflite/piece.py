"""A piece of a model as a model of its own: some of its ops, with their constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tflint.formats.tflite.schema import OPERATORS
from tflint.formats.tflite.writer import options_table, write
from tflint.model import Op, Tensor

__all__ = ["piece"]

_OTHER_GRAPHS = frozenset({"WHILE", "IF", "CALL", "CALL_ONCE"})
"""Ops that run other graphs. Those of StableHLO do as well."""
_LARGEST = 512 << 20


def piece(ops: Sequence[Op], inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes | None:
    """The `.tflite` file of some ops.

    Args:
        ops: what it runs, in this order.
        inputs: what it takes: all values that the ops read and do not make, constants apart.
        outputs: what it gives.

    Returns:
        The file; None where the ops run other graphs, keep state, or have constants that cannot be copied.
    """
    tensors = _tensors(ops, inputs, outputs)
    constants = sum(len(tensor.data) for tensor in tensors if tensor.data is not None)
    if constants > _LARGEST or any(map(_cannot_be_copied, tensors)):
        return None
    if any(op.kind in _OTHER_GRAPHS or op.kind.startswith("STABLEHLO") for op in ops):
        return None
    places = {tensor: place for place, tensor in enumerate(tensors)}
    buffers: list[dict[str, Any]] = [{}]
    tables = [_tensor(tensor, buffers, is_fed=tensor in inputs) for tensor in tensors]
    codes: list[dict[str, Any]] = []
    operators = [_operator(op, codes, places) for op in ops]
    graph = {
        "name": "main",
        "tensors": tables,
        "operators": operators,
        "inputs": [places[tensor] for tensor in inputs],
        "outputs": [places[tensor] for tensor in outputs],
    }
    return write({"version": 3, "operator_codes": codes, "subgraphs": [graph], "buffers": buffers})


def _cannot_be_copied(tensor: Tensor) -> bool:
    is_of_a_newer_scheme = tensor.quant is not None and tensor.quant.details is not None
    return tensor.is_variable or tensor.external or tensor.sparsity is not None or is_of_a_newer_scheme


def _tensors(ops: Sequence[Op], inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """All that the ops touch, each once."""
    touched = [each for op in ops for each in (*op.inputs, *op.intermediates, *op.outputs) if each is not None]
    return tuple(dict.fromkeys((*inputs, *touched, *outputs)))


def _tensor(tensor: Tensor, buffers: list[dict[str, Any]], *, is_fed: bool) -> dict[str, Any]:
    table: dict[str, Any] = {"name": tensor.name, "type": tensor.dtype.value, "shape": list(tensor.default_shape)}
    if tensor.is_dynamic and tensor.has_rank:
        table["shape_signature"] = [-1 if size is None else size for size in tensor.shape]
    if tensor.quant is not None:
        table["quantization"] = {
            "scale": tensor.quant.scale,
            "zero_point": tensor.quant.zero_point,
            "quantized_dimension": tensor.quant.stored_axis,
        }
    if tensor.data is not None and not is_fed:
        table["buffer"] = len(buffers)
        buffers.append({"data": tensor.data})
    return table


def _operator(op: Op, codes: list[dict[str, Any]], places: dict[Tensor, int]) -> dict[str, Any]:
    number = OPERATORS.index("CUSTOM") if op.is_custom else OPERATORS.index(op.kind)
    code: dict[str, Any] = {
        "deprecated_builtin_code": min(number, 127), "builtin_code": number, "version": op.version,
    }  # fmt: skip
    if op.is_custom:
        code["custom_code"] = op.kind
    if code not in codes:
        codes.append(code)
    table: dict[str, Any] = {
        "opcode_index": codes.index(code),
        "inputs": [-1 if tensor is None else places[tensor] for tensor in op.inputs],
        "outputs": [places[tensor] for tensor in op.outputs],
        "intermediates": [places[tensor] for tensor in op.intermediates],
    }
    place = None if op.is_custom else options_table(op.kind)
    if place is not None:
        union, name = place
        table["builtin_options" if union == "BuiltinOptions" else "builtin_options_2"] = (name, dict(op.options))
    if op.custom_options is not None:
        table["custom_options"] = op.custom_options
    return table
