"""What an op is by itself, as one number: in every detail, or without what conversions change."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

from tflint.model import Op, Tensor
from tflint.tensor import give_back

__all__ = ["CARRYING", "content", "exact", "loose", "settings"]

CARRYING = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""What changes the type of a value and not what it stands for."""
_LEAST = 16
"""Fewer elements than this say too little to know a constant by."""
_PIECE = 4096
_WHOLE = 1 << 20
"""Of larger constants so many bytes, in pieces that are spread over them, are looked at."""
_NAMES = frozenset({"name", "shared_name", "container", "module", "registered_name", "shared_object_id", "trainable"})
_NO_MATTER = frozenset(
    {"build_config", "call_arguments", "batch_input_shape", "batch_shape", "seed", "T", "synchronized"}
)
_POLICIES = frozenset({"DTypePolicy", "Policy"})
"""What Keras wraps the name of a type in."""
_DEEPEST = 6


def settings(op: Op) -> Mapping[str, Any]:
    """The options of an op that say what it computes: no names, no numbers of graphs, nothing of its training."""
    return {name: _plain(value) for name, value in op.options.items() if _matters(name)}


def exact(op: Op) -> int:
    """What an op is in every detail but the values of its constants."""
    options = sorted((name, repr(value)) for name, value in settings(op).items())
    types = [_type(tensor) for tensor in (*op.inputs, *op.outputs, *op.weights)]
    return hash((op.kind, op.version, tuple(map(tuple, options)), tuple(types)))


def loose(op: Op) -> int:
    """What an op is, without options, element types and the size of a batch."""
    sizes = [_sizes(tensor) for tensor in (*op.outputs, *op.weights)]
    sizes += [tensor.shape for tensor in op.inputs if tensor is not None and tensor.is_constant]
    return hash((op.kind, tuple(sizes)))


def content(stands_for: Mapping[Tensor, Tensor]) -> dict[Tensor, int]:
    """A number for the value of each constant that is large enough to be known by it.

    `stands_for` is what `readable` gives: each value is looked at once.
    """
    known = cache(_digest)
    found = {}
    for tensor, stored in stands_for.items():
        if tensor.elements >= _LEAST and stored.data is not None:
            found[tensor] = known(stored)
    return found


def _digest(tensor: Tensor) -> int:
    import hashlib

    data = tensor.data
    assert data is not None
    hasher = hashlib.blake2b(digest_size=8)
    size = len(data)
    if size <= _WHOLE:
        hasher.update(data)
    else:
        step = size * _PIECE // _WHOLE
        for start in range(0, size, step):
            hasher.update(data[start : start + _PIECE])
    give_back(tensor, 0, size)
    return hash((hasher.digest(), size))


def _matters(name: str) -> bool:
    if name in _NAMES or name in _NO_MATTER or name.startswith(("_", "^")):
        return False
    return not name.endswith(("subgraph_index", "subgraph_indices", "_initializer")) and name != "subgraph"


def _plain(value: Any, depth: int = 0) -> Any:
    """A value of an option as JSON can hold it, without the names in it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        if value.get("class_name") in _POLICIES and isinstance(value.get("config"), Mapping):
            return str(value["config"].get("name", ""))
        return {str(key): _plain(item, depth + 1) for key, item in value.items() if _matters(str(key))}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return _plain(value.tolist(), depth + 1) if hasattr(value, "tolist") else str(value)


def _type(tensor: Tensor | None) -> tuple[Any, ...]:
    return () if tensor is None else (tensor.dtype.value, tensor.shape, tensor.is_constant)


def _sizes(tensor: Tensor) -> tuple[int | None, ...]:
    return tensor.shape[1:]
