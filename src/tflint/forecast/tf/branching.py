"""Loops and branches: the graphs that they run, without what no turn of a loop needs.

Source: LiteRT f67457790, tflite/converter/ir/tfl_ops.cc, canonicalization of WhileOp; tried with TensorFlow 2.21.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tflint.forecast.control import LOOPS, branches, inner_constants
from tflint.forecast.layers.trace import Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.forecast.tf.call import TfCall
from tflint.model import DType, Graph, Op, Tensor

__all__ = ["Run", "branched"]

Run = Callable[[Trace, Graph, Mapping[Tensor, Any]], None]
"""Writes down what a function becomes, with the inputs of it that are constant, and their values where known."""
_HANDLES = frozenset({DType.RESOURCE, DType.VARIANT})


def branched(trace: Trace, call: TfCall, functions: Mapping[str, Graph], run: Run) -> Sequence[Value]:
    """A loop or a branch.

    Raises:
        Cannot: its functions are not known, or lists or variables go through it.
    """
    op, known = call.op, call.known
    told, names = branches(op, known)
    found = [functions.get(name) for name in names]
    if told.status is not Status.BUILTIN or len(names) != 2:
        raise Cannot(told.status, told.reason or "which of its branches runs is known before")
    graphs = [graph for graph in found if graph is not None]
    if len(graphs) < 2 or any(not graph.intact for graph in graphs) or len(trace.graphs) > _MOST_GRAPHS:
        raise Cannot(Status.UNKNOWN, "the functions that it runs are not known")
    given = op.inputs if op.kind in LOOPS else op.inputs[1:]
    if any(len(graph.inputs) != len(given) for graph in graphs):
        raise Cannot(Status.BUILTIN, "what its functions take is more than values")
    if any(tensor is None or tensor.dtype in _HANDLES for tensor in (*given, *op.outputs)):
        raise Cannot(Status.BUILTIN, "lists or variables go through it")
    if op.kind in LOOPS:
        return _loop(trace, call, graphs[0], graphs[1], run)
    return _choice(trace, call, graphs, run)


_MOST_GRAPHS = 256


def _choice(trace: Trace, call: TfCall, graphs: Sequence[Graph], run: Run) -> Sequence[Value]:
    subgraphs = []
    for graph in graphs:
        inner = trace.subgraph(graph.name)
        run(inner, graph, _constants(call, graph))
        subgraphs.append(inner.number)
    outputs = [Value(call.shape(None, slot), call.dtype(slot)) for slot in range(len(call.op.outputs))]
    then, other = subgraphs
    return trace.several("IF", call.values, outputs, then_subgraph_index=then, else_subgraph_index=other)


def _constants(call: TfCall, graph: Graph) -> Mapping[Tensor, Any]:
    """The inputs of a function that are constant, and their values."""
    given = call.op.inputs if call.op.kind in LOOPS else call.op.inputs[1:]
    fixed = set(inner_constants(call.op, graph, call.known, call.known.functions))
    return {
        taken: call.known.value(outer) for taken, outer in zip(graph.inputs, given, strict=True) if taken in fixed
    }  # fmt: skip


def _loop(trace: Trace, call: TfCall, condition: Graph, body: Graph, run: Run) -> Sequence[Value]:
    if len(body.outputs) != len(body.inputs):
        raise Cannot(Status.UNKNOWN, "its body gives more or less than it takes")
    kept = _needed(call, condition, body)
    numbers = []
    for graph, outputs in ((condition, condition.outputs), (body, tuple(body.outputs[place] for place in kept))):
        inner = trace.subgraph(graph.name)
        fixed = _constants(call, graph)
        run(inner, replace(graph, outputs=outputs), fixed)
        inner.inputs = [inner.inputs[place] for place in kept]
        numbers.append(inner.number)
    made = [Value(call.shape(None, place), call.dtype(place)) for place in kept]
    inputs = [call.x(place) for place in kept]
    trace.several("WHILE", inputs, made, cond_subgraph_index=numbers[0], body_subgraph_index=numbers[1])
    by_place = dict(zip(kept, made, strict=True))
    return [by_place.get(place) or call.x(place) for place in range(len(call.op.outputs))]


def _needed(call: TfCall, condition: Graph, body: Graph) -> list[int]:
    """The places of the values that the loop changes for a purpose, or hands to what does."""
    graph = call.known.graph
    wanted = {
        place
        for place, tensor in enumerate(call.op.outputs)
        if tensor in graph.outputs or any(_counts(reader) for reader in graph.consumers(tensor))
    }
    wanted |= _reached(condition, condition.outputs)
    fixed = {
        place for place, tensor in enumerate(body.inputs) if tensor in _constants(call, body)
    }  # fmt: skip
    wanted -= fixed
    while True:
        more = wanted | (_reached(body, [body.outputs[place] for place in wanted]) - fixed)
        if more == wanted:
            return sorted(wanted)
        wanted = more


def _counts(op: Op) -> bool:
    return op.kind != "NoOp"


def _reached(graph: Graph, outputs: Iterable[Tensor]) -> set[int]:
    """The places of the inputs that these outputs depend on."""
    left, seen = list(outputs), set(outputs)
    while left:
        maker = graph.producer(left.pop())
        for tensor in () if maker is None else maker.inputs:
            if tensor is not None and tensor not in seen:
                seen.add(tensor)
                left.append(tensor)
    return {place for place, tensor in enumerate(graph.inputs) if tensor in seen}
