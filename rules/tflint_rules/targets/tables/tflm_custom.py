"""The custom ops that TensorFlow Lite Micro has kernels for: its signal library, and a few others.

Source: tflite-micro 90b983c2, tensorflow/lite/micro/micro_mutable_op_resolver.h, signal/micro/kernels/*.cc, and
tensorflow/lite/micro/kernels/{circular_buffer_common,decode,detection_postprocess,ethosu}.cc.
"""

from __future__ import annotations

from tflint import Condition, Graph, Op, Support
from tflint_rules.targets.conditions import arity, same_type
from tflint_rules.targets.tables import tflm_shapes as shape
from tflint_rules.targets.tables import tflm_weights as heavy
from tflint_rules.targets.tables.tflm_conditions import gives, inp, out, ranks, takes

__all__ = ["CUSTOM_OPS"]


def _with_driver(op: Op, graph: Graph) -> str:
    return "it runs in builds with the driver of the Ethos-U alone, and the reference build has none"


def _signal(inputs: str, outputs: str, *more: Condition) -> Support:
    """A custom op of the signal library: the types of its inputs and outputs, in order."""
    ins, outs = inputs.split(), outputs.split()
    typed = (
        *(takes(slot, name.replace("|", " ")) for slot, name in enumerate(ins)),
        *(gives(name.replace("|", " "), slot, f"output {slot}") for slot, name in enumerate(outs)),
    )
    return Support(None, typed, (arity((len(ins), len(ins)), (len(outs), len(outs))), *more))


def _flat(inputs: int, *outputs: int) -> tuple[Condition, ...]:
    """The inputs are lists, and the outputs have so many dimensions."""
    made = (ranks(out(slot), count, count, f"output {slot}") for slot, count in enumerate(outputs))
    return (*(ranks(inp(slot), 1, 1, f"input {slot}") for slot in range(inputs)), *made)


CUSTOM_OPS = {
    "SignalDelay": _signal("INT16", "INT16"),
    "SignalEnergy": _signal("INT16", "UINT32", *_flat(1, 1)),
    "SignalFftAutoScale": _signal("INT16", "INT16 INT32", *_flat(1, 1, 0)),
    "SignalFilterBank": _signal("UINT32 INT16 INT16 INT16 INT16 INT16", "UINT64", *_flat(6, 1)),
    "SignalFilterBankLog": _signal("UINT32", "INT16", *_flat(1, 1)),
    "SignalFilterBankSpectralSubtraction": _signal("UINT32", "UINT32 UINT32", *_flat(1, 1, 1)),
    "SignalFilterBankSquareRoot": _signal("UINT64 INT32", "UINT32", *_flat(1, 1), ranks(inp(1), 0, 0, "input 1")),
    "SignalFramer": _signal("INT16", "INT16 BOOL", ranks(out(1), 0, 0, "output 1")),
    "SignalIrfft": _signal("INT16|INT32|FLOAT32", "INT16|INT32|FLOAT32", same_type(0)),
    "SignalOverlapAdd": _signal("INT16|FLOAT32", "INT16|FLOAT32", same_type(0)),
    "SignalPCAN": _signal("UINT32 UINT32 INT16", "UINT32", *_flat(3, 1)),
    "SignalRfft": _signal("INT16|INT32|FLOAT32", "INT16|INT32|FLOAT32"),
    "SignalStacker": _signal("INT16", "INT16 BOOL", *_flat(1, 1, 0)),
    "SignalWindow": _signal("INT16 INT16", "INT16", ranks(inp(1), 1, 1, "weights")),
    "CIRCULAR_BUFFER": Support(None, (takes(0, "INT8", "input"), gives("INT8")), (shape.circular_buffer,)),
    "TFLM_DECODE": Support(),
    "TFLite_Detection_PostProcess": Support(
        None,
        (takes(0, "FLOAT32", "boxes"), takes(1, "FLOAT32", "scores"), takes(2, "", "anchors")),
        (arity((3, 3), (4, 4)), heavy.detections),
    ),
    "ethos-u": Support(None, (), (_with_driver,)),
}
