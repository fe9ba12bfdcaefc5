"""The model that the converter would make of a SavedModel's default signature."""

from __future__ import annotations

from tflint.analysis.quantizable import INT16_GAPS
from tflint.forecast.layers.deploy import deployed
from tflint.forecast.layers.staying import stays
from tflint.forecast.layers.trace import Layers, Node
from tflint.forecast.model import broken, forecast_model
from tflint.forecast.status import Int8, Status
from tflint.forecast.tf.lowering import lower
from tflint.forecast.tf.recurrent import LSTM
from tflint.model import DType, Format, Graph, Model

__all__ = ["predicted"]


def _crashes(model: Model) -> bool:
    """Whether calibration ends the converter's process."""
    told = forecast_model(model, only_default=True)
    return told is None or told.int8 is Int8.CRASHES


def _has_own_types(found: Layers) -> bool:
    """Whether something is quantized in a way of its own: what loops and branches run, and whole LSTM layers."""
    graphs = found.main.graphs
    return len(graphs) > 1 or any(node.kind == LSTM for node in graphs[0].nodes)


def _default(model: Model) -> Graph | None:
    """The graph of the default signature, which is the first."""
    if model.format is not Format.SAVED_MODEL or not model.graphs:
        return None
    number = model.signatures[0].graph_index if model.signatures else model.graphs[0].index
    graph = next((graph for graph in model.graphs if graph.index == number), None)
    return graph if graph is not None and graph.intact and graph.ops else None


def predicted(model: Model, precision: str = "float32") -> Model | None:
    """The converted model; None where there is nothing to tell, or it does not convert, or its calibration crashes."""
    graph = _default(model)
    if graph is None or broken(model, [graph]):
        return None
    found = lower(graph, {graph.name: graph for graph in model.graphs})
    if any(status is Status.FAILS for status, _ in found.said.values()):
        return None
    if precision != "float32" and (_has_own_types(found) or _crashes(model)):
        return None
    gaps = INT16_GAPS if precision == "int16x8" else frozenset[str]()
    trace = found.main
    read = {value for node in trace.nodes for value in node.inputs} | set(trace.outputs)

    def in_float(node: Node) -> bool:
        unread = any(value not in read and value.dtype is DType.FLOAT32 for value in node.outputs)
        return unread or stays(node) or node.kind in gaps  # calibration sees no range of what nothing reads

    return deployed(model, found, precision, in_float)
