"""The calls that make an interpreter of TensorFlow Lite Micro know the ops of a model.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/micro_mutable_op_resolver.h.
"""

from __future__ import annotations

from tflint import Model
from tflint_rules.targets.tables.tflm import TARGET

__all__ = ["resolver_calls"]

_SPELT = {
    "BATCH_MATMUL": "BatchMatMul",
    "CIRCULAR_BUFFER": "CircularBuffer",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "TFLM_DECODE": "Decode",
    "TFLite_Detection_PostProcess": "DetectionPostprocess",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
    "ethos-u": "EthosU",
}
"""Ops whose method is not called after their name."""


def resolver_calls(model: Model) -> tuple[str, ...]:
    """The methods of `MicroMutableOpResolver` that register the ops of a model, in the order that the ops come in.

    Ops that TFLM does not have are left out.
    """
    kinds = dict.fromkeys(op.kind for graph in model.graphs for op in graph.ops)
    return tuple(f"Add{_method(kind)}" for kind in kinds if kind in TARGET.ops)


def _method(kind: str) -> str:
    if kind in _SPELT:
        return _SPELT[kind]
    if kind.startswith("Signal"):
        return kind.removeprefix("Signal")
    return "".join(part if part[:1].isdigit() else part.capitalize() for part in kind.split("_"))
