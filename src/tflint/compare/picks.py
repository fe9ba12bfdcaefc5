"""Inputs whose numbers choose from entries: words of a vocabulary, rows of a table.

Source: LiteRT f67457790, tflite/kernels/{gather,gather_nd,one_hot,embedding_lookup,embedding_lookup_sparse}.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.compare.preparation import SAME, constant
from tflint.model import Graph, Op, Tensor

__all__ = ["limit_of"]

_ANY = tuple(range(64))
_PICKS: Mapping[str, tuple[int, ...]] = {
    **SAME,
    **dict.fromkeys(
        "SLICE STRIDED_SLICE TILE BROADCAST_TO UNPACK SPLIT_V GATHER GATHER_ND REVERSE_V2 REVERSE_SEQUENCE "
        "RepeatVector Slice StridedSlice Tile BroadcastTo Unpack SplitV GatherV2 Gather ReverseV2".split(),
        (0,),
    ),
    **dict.fromkeys("SPLIT Split".split(), (1,)),
    **dict.fromkeys("SELECT SELECT_V2 Select SelectV2".split(), (1, 2)),
    **dict.fromkeys("PACK CONCATENATION MAXIMUM MINIMUM Pack ConcatV2 Maximum Minimum Concatenate".split(), _ANY),
}
"""Op or layer -> the inputs that it hands on where they are such numbers: those may be picked and put together."""


def limit_of(graph: Graph, tensor: Tensor) -> int | None:
    """How many entries the numbers of an input choose from; None where they choose nothing, or it is not known."""
    seen = {tensor}
    waiting = [tensor]
    found: list[int] = []
    while waiting:
        value = waiting.pop()
        for op in graph.consumers(value):
            slots = [slot for slot, each in enumerate(op.inputs) if each is value]
            limits = [limit for slot in slots if (limit := _limit(graph, op, slot)) is not None and limit > 0]
            found += limits
            if limits or not any(slot in _PICKS.get(op.kind, ()) for slot in slots):
                continue
            waiting += [each for each in op.outputs if each not in seen]
            seen.update(op.outputs)
    return min(found, default=None)


def _limit(graph: Graph, op: Op, slot: int) -> int | None:
    """How many entries an op has for the numbers in one of its slots."""
    chooser = _CHOOSERS.get(op.kind)
    return None if chooser is None else chooser(graph, op, slot)


def _gather(graph: Graph, op: Op, slot: int) -> int | None:
    table = op.input(0)
    if slot != 1 or table is None or not table.has_rank:
        return None
    axis = op.options.get("axis", 0)
    if op.kind == "GatherV2":
        given = constant(graph, op.input(2))
        axis = int(given.reshape(-1)[0]) if given is not None and given.size == 1 else None
    if not isinstance(axis, int) or not -len(table.shape) <= axis < len(table.shape):
        return None
    return table.shape[axis]


def _gather_nd(_graph: Graph, op: Op, slot: int) -> int | None:
    table, chosen = op.input(0), op.input(1)
    if slot != 1 or table is None or chosen is None or not (table.shape and chosen.shape):
        return None
    sizes = table.shape[: chosen.shape[-1] or 0]
    return min((size for size in sizes if size is not None), default=None)


def _lookup(_graph: Graph, op: Op, slot: int) -> int | None:
    table = op.input(4 if op.kind == "EMBEDDING_LOOKUP_SPARSE" else 1)
    return table.shape[0] if slot == 0 and table is not None and table.shape else None


def _one_hot(graph: Graph, op: Op, slot: int) -> int | None:
    depth = constant(graph, op.input(1)) if slot == 0 else None
    return int(depth.reshape(-1)[0]) if depth is not None and depth.size == 1 else None


def _layer(_graph: Graph, op: Op, _slot: int) -> int | None:
    found = op.options.get("num_tokens" if op.kind == "CategoryEncoding" else "input_dim")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


_CHOOSERS: Mapping[str, Callable[[Graph, Op, int], int | None]] = {
    **dict.fromkeys(("GATHER", "GatherV2", "Gather", "ResourceGather"), _gather),
    **dict.fromkeys(("GATHER_ND", "GatherNd"), _gather_nd),
    **dict.fromkeys(("EMBEDDING_LOOKUP", "EMBEDDING_LOOKUP_SPARSE"), _lookup),
    **dict.fromkeys(("ONE_HOT", "OneHot"), _one_hot),
    **dict.fromkeys(("Embedding", "CategoryEncoding"), _layer),
}
