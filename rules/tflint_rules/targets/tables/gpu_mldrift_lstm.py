"""LSTM, as LiteRT's GPU accelerator reads its weights.

Source: LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc, LSTMOperationParser; the slots are those of
tflite/kernels/lstm_shared.h.
"""

from __future__ import annotations

from tflint import DType, Graph, Op
from tflint_rules.targets.tables.gpu_mldrift_reads import as_float, input_fault, output_faults, scales

__all__ = ["lstm"]

_GATES = {
    "input": (1, 5, 9, 12, 20),
    "forget": (2, 6, 10, 13, 21),
    "cell": (3, 7, None, 14, 22),
    "output": (4, 8, 11, 15, 23),
}
"""Of each gate: the slots of its input, recurrent and peephole weights, its bias, its normalization coefficients."""
_OUTPUT_STATE, _CELL_STATE = 18, 19
_NO_CIFG, _PEEPHOLE = 1, 10


def lstm(op: Op, graph: Graph) -> str:
    """Constant weights in the layouts that it reads; the full kernel needs layer normalization."""
    if op.options.get("kernel_type") == "BASIC":
        return as_float(op.input(2), "HW", "filter") or _inputs(op, 0, 1, 4) or output_faults(op, graph)
    if fault := _inputs(op, _CELL_STATE, _OUTPUT_STATE):
        return fault
    for gate, slots in _GATES.items():
        if gate == "input" and op.input(_NO_CIFG) is None:
            continue
        if fault := _gate(op, gate, slots):
            return fault
    return output_faults(op, graph)


def _inputs(op: Op, *slots: int) -> str:
    return next((fault for slot in slots if (fault := input_fault(op, slot, f"input {slot}"))), "")


def _gate(op: Op, gate: str, slots: tuple[int, int, int | None, int, int]) -> str:
    source, recurrent, peephole, bias, normalization = slots
    for slot, role in ((source, f"filter of the {gate} gate"), (recurrent, f"recurrent filter of the {gate} gate")):
        weights = op.input(slot)
        plain = weights is not None and weights.dtype is DType.INT8 and scales(weights) == 1
        if not plain and (fault := as_float(weights, "HW", role)):
            return fault
    linear = [(normalization, "layer normalization"), (bias, "bias")]
    if peephole is not None and op.input(_PEEPHOLE) is not None:
        linear.insert(0, (peephole, "peephole filter"))
    faults = (as_float(op.input(slot), "linear", f"{role} of the {gate} gate") for slot, role in linear)
    return next(filter(None, faults), "")
