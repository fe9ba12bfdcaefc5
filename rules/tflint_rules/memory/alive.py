"""What is alive at the op where a graph needs the most memory, in words."""

from __future__ import annotations

from tflint import DType, Graph, Op, Tensor
from tflint.analysis.arena import Peak
from tflint.analysis.phrases import listed, named, size

__all__ = ["activations", "cure", "largest", "makers"]


def activations(graph: Graph, peak: Peak) -> list[Tensor]:
    """What is alive at the peak and not made of constants alone, the largest first."""
    return [tensor for tensor in peak.alive if not _is_prepared(graph, tensor)]


def _is_prepared(graph: Graph, tensor: Tensor) -> bool:
    maker = graph.producer(tensor)
    return maker is not None and bool(maker.inputs) and all(each is None or each.is_constant for each in maker.inputs)


def largest(peak: Peak, alive: list[Tensor]) -> str:
    """`'a' (64.0 MiB), 'b' (64.0 MiB) and 'c' (2.0 KiB); 2.0 KiB of it only waits for later ops`"""
    names = listed((f"{named(each)} ({size(each.nbytes or 0)})" for each in alive), 3)
    near = {*peak.op.inputs, *peak.op.outputs}
    waiting = sum(each.nbytes or 0 for each in alive if each not in near)
    return f"{names}; {size(waiting)} of it only waits for later ops" if waiting else names


def makers(graph: Graph, peak: Peak, alive: list[Tensor]) -> list[Op | Tensor]:
    """Where the largest of what is alive comes from, without the op of the peak itself."""
    places = [graph.producer(tensor) or tensor for tensor in alive[:3]]
    return list(dict.fromkeys(place for place in places if place is not peak.op))


def cure(alive: list[Tensor]) -> str:
    """What would make the peak smaller."""
    total = sum(each.nbytes or 0 for each in alive)
    floats = sum(each.nbytes or 0 for each in alive if each.dtype is DType.FLOAT32)
    if 2 * floats > total:
        return "Quantize the activations to int8 (a quarter of float32), or make the input smaller"
    return "Make the input smaller, the widest layers narrower, or what skips over layers shorter-lived"
