"""What values the inputs of a model take in all likelihood: by its source, its quantization, its first ops."""

from __future__ import annotations

from tflint.compare.preparation import prepared
from tflint.compare.spans import Span, as_span
from tflint.compare.values import affine
from tflint.model import DType, Graph, Model, Tensor

__all__ = ["span_of"]

_IMAGE_CHANNELS = frozenset({1, 3, 4})


def span_of(model: Model, place: int, origin: tuple[Graph, Tensor] | None = None) -> Span | None:
    """The range of an input of a model, by what tells it best; None where nothing does.

    What a model was quantized for comes first: beyond it nothing is right, whatever the source was made for.

    `place` is its number; `origin` the same input in the graph that the model was converted from, where it is known.
    """
    graph = model.graphs[0]
    tensor = graph.inputs[place]
    found = _quantized(tensor) or _quantized_behind(graph, tensor)
    if found is None and origin is not None:
        found = prepared(*origin, "source")
    found = found or _described(model, place)
    found = found or prepared(graph, tensor, "ops")
    if found is None and tensor.dtype is DType.UINT8:
        found = as_span(0.0, 255.0, "bytes")
    return found


def _quantized(tensor: Tensor) -> Span | None:
    """The range that a quantized tensor has integers for."""
    held = affine(tensor)
    if held is None:
        return None
    least, most = tensor.dtype.integer_range or (0, 0)
    low, high = (least - held.zero_point) * held.scale, (most - held.zero_point) * held.scale
    if held.axis is not None and held.axis == len(tensor.shape) - 1:
        return as_span(low, high, "quantized")
    return as_span(low.min(), high.max(), "quantized")


def _quantized_behind(graph: Graph, tensor: Tensor) -> Span | None:
    """The range of the QUANTIZE that takes an input."""
    for _ in range(4):
        ops = graph.consumers(tensor)
        for op in ops:
            if op.kind == "QUANTIZE" and op.outputs and (found := _quantized(op.outputs[0])) is not None:
                return found
        follow = next((op for op in ops if op.kind in {"RESHAPE", "CAST", "EXPAND_DIMS"} and op.outputs), None)
        if follow is None or follow.input(0) is not tensor:
            return None
        tensor = follow.outputs[0]
    return None


def _described(model: Model, place: int) -> Span | None:
    """What the bytes of an image become that is normalized as the model's metadata says."""
    import numpy as np

    told = model.described
    tensor = model.graphs[0].inputs[place]
    if told is None or place >= len(told.inputs) or not tensor.dtype.is_float or len(tensor.shape) != 4:
        return None
    mean, deviation = (np.array(each, np.float64) for each in (told.inputs[place].means, told.inputs[place].deviations))
    if not (mean.size == deviation.size > 0 and (deviation > 0).all()) or tensor.shape[-1] not in _IMAGE_CHANNELS:
        return None
    with np.errstate(all="ignore"):
        low, high = -mean / deviation, (255 - mean) / deviation
    if mean.size != tensor.shape[-1]:
        low, high = low.min(), high.max()
    return as_span(low.squeeze(), high.squeeze(), "metadata")
