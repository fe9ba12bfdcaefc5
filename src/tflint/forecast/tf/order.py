"""The order that the converter's importer gives the ops of a graph, which the memory that they need depends on.

Source: TensorFlow v2.21.0, tensorflow/core/graph/algorithm.cc, GetReversePostOrder, with names compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tflint.model import Graph, Op, Tensor

__all__ = ["in_order"]


def in_order(graph: Graph) -> Graph:
    """The graph with its ops in the converter's order; as it is where a loop goes around in it."""
    found = _reverse_post_order(graph)
    if len(found) < len(graph.ops):
        return graph
    place = {op: number for number, op in enumerate(found)}
    for op in found:
        for tensor in op.inputs:
            maker = None if tensor is None else graph.producer(tensor)
            if maker is not None and place[maker] >= place[op]:
                return graph
    return replace(graph, ops=tuple(found))


def _reverse_post_order(graph: Graph) -> Sequence[Op]:
    """Depth first from what needs nothing, the last name first, each op after all that read it; then turned around."""
    readers: dict[Tensor, list[Op]] = {}
    for op in graph.ops:
        for tensor in op.inputs:
            if tensor is not None:
                readers.setdefault(tensor, []).append(op)
    sources: list[tuple[str, list[Op]]] = [
        (op.name, [op]) for op in graph.ops if not any(tensor is not None for tensor in op.inputs)
    ]
    for tensor, ops in readers.items():
        if graph.producer(tensor) is None:
            sources.append((_name(tensor, ops[0]), ops))
    left: list[tuple[Op, bool]] = []
    seen: set[Op] = set()
    finished: list[Op] = []
    for _, ops in sorted(sources, key=lambda source: source[0], reverse=True):
        left.extend((op, False) for op in _by_name(ops))
        while left:
            op, is_done = left.pop()
            if is_done:
                finished.append(op)
                continue
            if op in seen:
                continue
            seen.add(op)
            left.append((op, True))
            after = [reader for tensor in op.outputs for reader in readers.get(tensor, ())]
            left.extend((reader, False) for reader in _by_name(after) if reader not in seen)
    return finished[::-1]


def _by_name(ops: Iterable[Op]) -> list[Op]:
    return sorted(ops, key=lambda op: op.name)


_RESOURCE = "_readvariableop_resource"


def _name(tensor: Tensor, reader: Op) -> str:
    """What the importer calls a value that no op makes: of a variable, the argument that hands it to the function."""
    prefix = reader.name[: len(reader.name) - len(_local(reader.name))]
    name = tensor.name.partition(":")[0]
    if not tensor.is_constant:
        return prefix + name.removeprefix("serving_default_")
    if name.startswith(prefix) and prefix:
        return name
    return prefix + _local(reader.name).lower().replace("/", "_") + _RESOURCE


_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def _local(name: str) -> str:
    """A name without the calls that it stands in."""
    parts = name.split("/")
    while len(parts) > 1 and parts[0].startswith(_CALLS):
        parts = parts[1:]
    return "/".join(parts)
