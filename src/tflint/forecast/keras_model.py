"""What becomes of a whole Keras model, layer by layer."""

from __future__ import annotations

from tflint.analysis.quantizable import INT16_GAPS
from tflint.forecast.layers.deploy import deployed
from tflint.forecast.layers.lowering import lower
from tflint.forecast.layers.staying import FLOAT_KINDS, is_float, stays
from tflint.forecast.layers.trace import HOLE, Layers
from tflint.forecast.status import Forecast, Int8, OpForecast, Status, worst
from tflint.model import Format, Graph, Model, Op

__all__ = ["CRASHING", "FLOAT_KINDS", "KERAS", "forecast_layers", "left_in_float", "predicted"]

_FUSED = "UNIDIRECTIONAL_SEQUENCE_LSTM"
"""The op whose integer form has tensors of its own, of which nothing is told."""
KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
CRASHING = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
"""Layers whose loop the calibration of full integer quantization dies on.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1: the process ends with a segmentation fault.
"""


def layers_of(model: Model) -> Layers | None:
    """What the layers of a Keras model become; None where there is nothing to judge."""
    if model.format not in KERAS or not model.graphs or not model.graphs[0].intact or not model.graphs[0].ops:
        return None
    return lower(model.graphs[0], major_of(model))


def major_of(model: Model) -> int:
    """The first number of the version of Keras that wrote a model."""
    number = model.producer.removeprefix("keras ").partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 4 else 3


def forecast_layers(model: Model) -> Forecast | None:
    """What the converter makes of a Keras model, of each of its layers; None where there is nothing to judge."""
    if (broken := _unloadable(model)) and model.format in KERAS:
        graph = next(iter(model.graphs), Graph(model.path, 0, "", (), (), (), ()))
        return Forecast(graph, Status.FAILS, (broken,), (), Int8.FAILS)
    found = layers_of(model)
    if found is None:
        return None
    ops = tuple(_of_layer(op, found, int16=False) for op in model.graphs[0].ops)
    verdict = worst(each.status for each in ops)
    reasons = dict.fromkeys(each.reason for each in ops if each.status is verdict and verdict is not Status.BUILTIN)
    order = (Int8.CRASHES, Int8.FAILS, Int8.UNKNOWN, Int8.FLOAT)
    integers = {each.int8 for each in ops}
    if verdict is Status.FLEX and Int8.FAILS not in integers:
        integers.add(Int8.FAILS)  # with builtin ops of integers alone it does not convert
    int8 = next((each for each in order if each in integers), Int8.OK)
    return Forecast(model.graphs[0], verdict, tuple(reasons), ops, int8)


def _unloadable(model: Model) -> str:
    """Why Keras does not load the file at all; empty where nothing is known to stand in the way."""
    if model.format is Format.KERAS_H5 and model.path.endswith(".keras"):
        return "Keras opens a file named '.keras' as a zip archive, and this one is HDF5."
    return next((problem.message for problem in model.problems if problem.fatal), "")


def left_in_float(model: Model, *, int16: bool = False) -> tuple[OpForecast, ...]:
    """The layers that quantization to int8 (or int16 with int8 weights) leaves in float, or that end it.

    `becomes` of each are the ops that are the cause.
    """
    found = layers_of(model)
    if found is None:
        return ()
    each = (_of_layer(op, found, int16=int16, only_causes=True) for op in model.graphs[0].ops)
    return tuple(one for one in each if one.int8 in (Int8.FLOAT, Int8.FAILS, Int8.CRASHES))


def _of_layer(op: Op, found: Layers, *, int16: bool, only_causes: bool = False) -> OpForecast:
    status, reason = found.said.get(op, (Status.UNKNOWN, ""))
    kinds = tuple(dict.fromkeys(found.made.get(op, ())))
    kinds = tuple(kind for kind in kinds if not kind.startswith("KERAS_"))
    int8, causes = _integer(op, found, status, int16=int16)
    if status is Status.BUILTIN and not kinds and not reason:
        reason = "nothing is left of it"
    return OpForecast(op, status, reason, causes if only_causes else kinds, int8)


def _integer(op: Op, found: Layers, status: Status, *, int16: bool) -> tuple[Int8, tuple[str, ...]]:
    """What quantization makes of a layer, and the ops that are the cause."""
    if status is Status.FAILS:
        return Int8.FAILS, ()
    if status is Status.UNKNOWN:
        return Int8.UNKNOWN, ()
    nodes = found.nodes.get(op, ())
    if op.kind in CRASHING and any(node.kind == "WHILE" for node in nodes):
        if status is Status.FLEX or found.main.major < 3:
            return (Int8.FAILS if status is Status.FLEX else Int8.UNKNOWN), ("WHILE",)
        return Int8.CRASHES, ("WHILE",)
    if any(HOLE in node.options for node in nodes):
        return Int8.UNKNOWN, ()
    causes = tuple(dict.fromkeys(node.kind for node in nodes if stays(node)))
    if int16:
        gaps = tuple(dict.fromkeys(node.kind for node in nodes if node.kind in INT16_GAPS and is_float(node)))
        if gaps:
            return Int8.FAILS, gaps
    return (Int8.FLOAT, causes) if causes else (Int8.OK, ())


def predicted(model: Model, precision: str = "float32") -> Model | None:
    """The model that the converter would make of a Keras model; None where there is nothing to tell, or it fails.

    `precision` is `float32`, `int8` or `int16x8`. Its ops stand where the layers do that they come from.
    """
    found = layers_of(model)
    if found is None or any(status is Status.FAILS for status, _ in found.said.values()):
        return None
    if any(value.shape is None for trace in found.main.graphs for node in trace.nodes for value in node.outputs):
        return None
    if precision != "float32":
        ends = (_integer(op, found, said[0], int16=precision == "int16x8")[0] for op, said in found.said.items())
        if Int8.CRASHES in ends or any(_FUSED in kinds for kinds in found.made.values()):
            return None
    gaps = INT16_GAPS if precision == "int16x8" else frozenset[str]()
    return deployed(model, found, precision, lambda node: stays(node) or node.kind in gaps)
