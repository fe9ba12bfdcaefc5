"""What TensorFlow's converter will do with a source, TensorFlow's ops or Keras' layers, told without TensorFlow."""

from tflint.forecast.graph import forecast_graph, forecast_op
from tflint.forecast.keras_model import forecast_layers, left_in_float, predicted
from tflint.forecast.model import forecast_model
from tflint.forecast.status import Forecast, Int8, OpForecast, Status
from tflint.model import Format, Model

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


def forecast(model: Model) -> Forecast | None:
    """What the converter makes of a source; None for a model that is no source, or where there is nothing to judge."""
    if model.format is Format.SAVED_MODEL:
        return forecast_model(model)
    return forecast_layers(model)
