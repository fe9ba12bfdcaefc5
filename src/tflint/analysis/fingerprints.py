"""A name for a place in a model that stays the same when the model is converted again.

Indices, tensor names and bytes change from one conversion to the next. What an op is, what it takes and makes, and
what stands before it, does not.
"""

from __future__ import annotations

import hashlib

from tflint.model import Graph, Model, Op, Tensor

__all__ = ["structural_key"]

_ROUNDS = 2
"""So many ops back does a key look."""
_WIDTH = 16
"""So many inputs and outputs of an op count: a hostile file may have ops with a hundred thousand."""


def structural_key(model: Model, address: str) -> str:
    """The key of the op, tensor, graph or file at an address: 16 hexadecimal digits, or empty for the whole file."""
    found = model.find(address) if address else None
    if found is None:
        return ""
    if isinstance(found, Graph):
        return _digest(f"graph {found.index}")
    graph = model.graphs[found.graph_index]
    return _tensor_key(graph, found) if isinstance(found, Tensor) else _op_key(graph, found, _ROUNDS)


def _tensor_key(graph: Graph, tensor: Tensor) -> str:
    """The key of a tensor: where it is made, else where it is first read."""
    maker = graph.producer(tensor)
    if maker is not None:
        return _digest(f"{_op_key(graph, maker, _ROUNDS)} out {maker.outputs.index(tensor)}")
    readers = graph.consumers(tensor)
    if readers:
        return _digest(f"{_op_key(graph, readers[0], _ROUNDS)} in {readers[0].inputs.index(tensor)}")
    return _digest(f"tensor {_type(tensor)}")


def _op_key(graph: Graph, op: Op, rounds: int) -> str:
    parts = [op.kind, *(f"{name}={value}" for name, value in sorted(op.options.items()) if _is_plain(value))]
    parts += [_type(tensor) for tensor in (*op.inputs[:_WIDTH], *op.outputs[:_WIDTH])]
    if rounds:
        makers = (graph.producer(tensor) if tensor is not None else None for tensor in op.inputs[:_WIDTH])
        parts += [_op_key(graph, maker, rounds - 1) if maker is not None else "-" for maker in makers]
    return _digest("|".join(parts))


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str | tuple)


def _type(tensor: Tensor | None) -> str:
    """The element type and shape; the first dimension, most often the batch, counts only as there."""
    if tensor is None:
        return "-"
    rest = [size if size is not None else "?" for size in tensor.shape[1:]]
    return f"{tensor.dtype.value}{['n', *rest] if tensor.shape else []}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
