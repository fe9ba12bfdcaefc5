"""What becomes of a whole SavedModel."""

from __future__ import annotations

import os
from collections.abc import Iterable

from tflint.forecast.graph import forecast_graph
from tflint.forecast.int8 import worst_int8
from tflint.forecast.status import Forecast, Int8, OpForecast, Status, worst
from tflint.model import DType, Graph, Model, Op, ProblemKind

__all__ = ["broken", "forecast_model"]


def forecast_model(model: Model, *, only_default: bool = False) -> Forecast | None:
    """What the converter makes of a SavedModel.

    It converts all signatures unless it is told which; `only_default` asks for the first, which is the default one
    where there is one. The forecast's graph is that signature's. None where there is nothing to judge.
    """
    chosen = model.signatures[:1] if only_default else model.signatures
    keys = {signature.graph_index for signature in chosen}
    graphs = [graph for graph in model.graphs if graph.index in keys] or list(model.graphs[:1])
    if not graphs or any(not graph.intact for graph in graphs):
        return None
    functions = {graph.name: graph for graph in model.graphs}
    found = [forecast_graph(graph, functions) for graph in graphs]
    reason = broken(model, graphs)
    if reason:
        return Forecast(graphs[0], Status.FAILS, (reason,), found[0].ops, Int8.FAILS)
    verdict = worst(each.verdict for each in found)
    reasons = dict.fromkeys(reason for each in found if each.verdict is verdict for reason in each.reasons)
    ops: tuple[OpForecast, ...] = tuple(each for one in found for each in one.ops)
    int8 = worst_int8(each.int8 for each in found)
    if len(graphs) > 1 and any(not graph.inputs for graph in graphs):
        int8 = Int8.FAILS  # calibration runs each signature with samples, and refuses one that takes none
    return Forecast(graphs[0], verdict, tuple(reasons), ops, int8)


def broken(model: Model, graphs: Iterable[Graph]) -> str:
    """Why a model cannot be loaded, or its signatures not be written; empty where nothing stands in the way."""
    return _unloadable(model) or _untyped(graphs)


def _unloadable(model: Model) -> str:
    """Why TensorFlow does not load the model, or cannot freeze it; empty where nothing is known to stand in the way."""
    for problem in model.problems:
        if problem.kind is ProblemKind.MISSING_FILE:
            return problem.message
    kinds = {op.kind for graph in model.graphs for op in graph.ops}
    if "RestoreV2" in kinds and os.path.isdir(model.path):  # noqa: PTH112
        index = os.path.join(model.path, "variables", "variables.index")  # noqa: PTH118
        if not os.path.exists(index):  # noqa: PTH110
            return "The model is restored from 'variables/variables.index', and there is no such file."
    for graph in model.graphs:
        for op in graph.ops:
            if op.kind == "Assign" and not _restores(op, graph):
                return f"'{op.name}' assigns a reference variable of TensorFlow 1; the converter freezes none of these."
    return ""


def _restores(op: Op, graph: Graph) -> bool:
    """True for an assignment that a variable begins with, or that takes it from a checkpoint."""
    variable, value = op.input(0), op.input(1)
    if variable is None or value is None or op.name == f"{variable.name}/Assign":
        return True
    for _ in range(4):
        producer = graph.producer(value)
        if producer is None or producer.kind not in {"Identity", "Reshape", "Cast"} or producer.input(0) is None:
            break
        value = producer.inputs[0] or value
    return producer is not None and producer.kind.startswith("Restore")


def _untyped(graphs: Iterable[Graph]) -> str:
    """Why the ends of a signature cannot be written to a file: the runtime has no quantized types of TensorFlow's."""
    for graph in graphs:
        for tensor in (*graph.inputs, *graph.outputs):
            if tensor.dtype is DType.UNKNOWN:
                return f"'{tensor.name}' is an input or output of a type that the runtime does not have."
    return ""
