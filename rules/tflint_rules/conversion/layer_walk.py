"""The layers of a Keras model, those in wrappers too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tflint import Context, Format, Op

__all__ = ["KERAS", "RECURRENT", "SOURCES", "is_keras_3", "layers", "named_layer", "recurrent"]

KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
SOURCES = KERAS | {Format.SAVED_MODEL}
RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
_DEEPEST = 16


def layers(ctx: Context) -> Iterator[Op]:
    """The calls of layers that can be judged."""
    for graph in ctx.graphs:
        yield from graph.ops


def recurrent(op: Op) -> Mapping[str, Any] | None:
    """The configuration of the recurrent layer that a layer is, or wraps; None where it is no such layer."""
    kind, config = op.kind, op.options
    for _ in range(_DEEPEST):
        if kind in RECURRENT:
            return config
        held = config.get("layer")
        if kind not in ("Bidirectional", "TimeDistributed") or not isinstance(held, Mapping):
            return None
        inner = held.get("config")
        if not isinstance(inner, Mapping):
            return None
        kind, config = str(held.get("class_name")).rpartition(">")[2], inner
    return None


def is_keras_3(ctx: Context) -> bool:
    """True where Keras 3, or nobody knows what, wrote the model."""
    return not ctx.model.producer.startswith(("keras 1.", "keras 2."))


def named_layer(op: Op) -> str:
    """`LSTM 'lstm'`"""
    return f"{op.kind} '{op.layer or op.name}'"
