"""What TensorFlow's converter will do with a source, TensorFlow's ops or Keras' layers, told without TensorFlow.

The tables wait until somebody asks: most models that are checked are no sources.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tflint.model import Format, Model

if TYPE_CHECKING:
    from tflint.forecast.graph import forecast_graph, forecast_op
    from tflint.forecast.keras_model import forecast_layers
    from tflint.forecast.model import forecast_model
    from tflint.forecast.status import Forecast, Int8, OpForecast, Status

__all__ = [
    "Forecast",
    "Int8",
    "OpForecast",
    "Status",
    "forecast",
    "forecast_graph",
    "forecast_layers",
    "forecast_model",
    "forecast_op",
    "left_in_float",
    "predicted",
]

_HOME = {
    "forecast_graph": "graph",
    "forecast_op": "graph",
    "forecast_layers": "keras_model",
    "forecast_model": "model",
    **dict.fromkeys(("Forecast", "Int8", "OpForecast", "Status"), "status"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tflint.forecast' has no attribute '{name}'")
    return getattr(import_module(f"tflint.forecast.{_HOME[name]}"), name)


def forecast(model: Model) -> Forecast | None:
    """What the converter makes of a source; None for a model that is no source, or where there is nothing to judge."""
    if model.format is Format.SAVED_MODEL:
        from tflint.forecast.model import forecast_model

        return forecast_model(model)
    from tflint.forecast.keras_model import forecast_layers

    return forecast_layers(model)


def left_in_float(model: Model, *, int16: bool = False) -> tuple[OpForecast, ...]:
    """The layers that quantization to int8 (or int16 with int8 weights) leaves in float, or that end it.

    `becomes` of each are the ops that are the cause.
    """
    from tflint.forecast import keras_model

    return keras_model.left_in_float(model, int16=int16)


def predicted(model: Model, precision: str = "float32") -> Model | None:
    """The model that the converter would make of a source; None where there is nothing to tell, or it fails.

    `precision` is `float32`, `int8` or `int16x8`. Its ops stand where the layers, or nodes, do that they come from. Of
    a SavedModel it is what the default signature becomes.
    """
    if model.format is Format.SAVED_MODEL:
        from tflint.forecast.tf import predict

        return predict.predicted(model, precision)
    from tflint.forecast import keras_model

    return keras_model.predicted(model, precision)
