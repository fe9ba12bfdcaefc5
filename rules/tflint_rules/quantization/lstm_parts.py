"""What the integer kernels of LSTM and UNIDIRECTIONAL_SEQUENCE_LSTM need, and what an op lacks of it.

Source: LiteRT f67457790, tflite/kernels/lstm.cc and unidirectional_sequence_lstm.cc (CheckInputTensorDimensions, and
Prepare, which leaves the status of PopulateQuantizedLstmParams8x8_16 unread), tflite/kernels/lstm_eval.cc
(EvalInteger8x8_16), tflite/kernels/internal/reference/portable_tensor_utils.cc (PortableApplyTanh). Each fault was run
with ai-edge-litert 2.3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from math import log2
from typing import NamedTuple

from tflint import DType, Graph, Op, Tensor
from tflint.analysis.phrases import count, named, typed
from tflint_rules.quantization.same_scale import one, rounds_away

__all__ = ["Effect", "Fault", "faults"]


class Effect(Enum):
    """What comes of a fault, in words."""

    REFUSES = "the runtime refuses the model"
    DIES = "the runtime ends the process"
    WRONG = "the kernel computes wrong values without a word"


class Fault(NamedTuple):
    """What is missing, its kind as a word."""

    what: str
    effect: Effect
    text: str


_KINDS = ("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
_GATES = ("input", "forget", "cell", "output")
_INPUTS, _RECURRENT, _PEEPHOLES, _BIASES, _NORMS = 1, 5, {0: 9, 1: 10, 3: 11}, 12, 20
_PROJECTION, _PROJECTION_BIAS, _STATE, _CELL = 16, 17, 18, 19
_HIDDEN, _INTERMEDIATES, _ALL_8_BIT = 4, 5, 12
_LEAST_LOG2, _MOST_LOG2, _LOG2_TOLERANCE = -15, -9, 1e-3


def faults(op: Op, graph: Graph) -> list[Fault]:
    """What keeps an LSTM from being computed with integers; nothing where it is none on INT8 values and weights."""
    x, weights = op.input(0), op.input(_INPUTS + 3)
    if op.is_custom or op.kind not in _KINDS or op.options.get("kernel_type") == "BASIC" or len(op.outputs) != 1:
        return []
    if x is None or x.dtype is not DType.INT8 or (weights is not None and weights.dtype is not DType.INT8):
        return []
    found = [*_parts(op), *_states(op, graph)]
    if not found and len(op.intermediates) == _INTERMEDIATES:
        found = list(_scales(op)) or list(_meanings(op))
    return found


def _parts(op: Op) -> Iterator[Fault]:
    """Tensors that are missing, or of another type than the kernel reads."""
    allowed = (_INTERMEDIATES, _ALL_8_BIT) if op.kind == "LSTM" else (_INTERMEDIATES,)
    if len(op.inputs) not in (20, 24):
        yield Fault("inputs", Effect.REFUSES, f"it has {count(len(op.inputs), 'input')}, not 24")
    if len(op.intermediates) not in allowed:
        number = count(len(op.intermediates), "intermediate tensor")
        yield Fault("intermediates", Effect.REFUSES, f"it has {number}, not {_INTERMEDIATES}")
    yield from _gates(op)
    yield from _together(op, "peephole", [_PEEPHOLES[gate] for gate in _used(op) if gate in _PEEPHOLES])
    if op.input(_NORMS + 1) is not None:
        yield from _together(op, "layer normalization", [_NORMS + gate for gate in _used(op)])
    if op.input(_PROJECTION) is None and op.input(_PROJECTION_BIAS) is not None:
        yield Fault("projection", Effect.REFUSES, "it has a projection bias without projection weights")


def _states(op: Op, graph: Graph) -> Iterator[Fault]:
    """States that are missing or not kept; one that nothing writes at all is for undefined-input."""
    for slot, name in ((_STATE, "output state"), (_CELL, "cell state")):
        state = op.input(slot)
        if state is None:
            yield Fault(name, Effect.REFUSES, f"its {name} is missing")
        elif not state.is_variable and (
            state in graph.inputs or state.is_constant or graph.producer(state) is not None
        ):
            yield Fault(name, Effect.REFUSES, f"its {name} {named(state)} is not marked as a variable")
    cell = op.input(_CELL)
    if cell is not None and (cell.dtype.bits or 16) < 16:
        yield Fault("cell type", Effect.WRONG, f"its cell state {named(cell)} is {cell.dtype.value}, not INT16")


def _gates(op: Op) -> Iterator[Fault]:
    """Weights and biases of the four gates; without any weights of the input gate, it is coupled to the forget gate."""
    for gate, name in enumerate(_GATES):
        missing = [side for side in (_INPUTS, _RECURRENT) if op.input(side + gate) is None]
        is_coupled = gate == 0 and len(missing) == 2
        if missing and not is_coupled:
            side = "input" if missing[0] == _INPUTS else "recurrent"
            yield Fault("weights", Effect.REFUSES, f"its {name} gate has no {side} weights")
        bias = op.input(_BIASES + gate)
        if bias is None and not is_coupled:
            effect = Effect.REFUSES if gate else Effect.DIES
            yield Fault("bias", effect, f"its {name} gate has no bias")
        elif bias is not None and is_coupled:
            yield Fault("bias", Effect.REFUSES, "its input gate has a bias and no weights")
        elif bias is not None and bias.dtype is not DType.INT32:
            yield Fault("bias type", Effect.REFUSES, f"the bias of its {name} gate is {bias.dtype.value}, not INT32")


def _used(op: Op) -> tuple[int, ...]:
    return (0, 1, 2, 3) if op.input(_INPUTS) is not None else (1, 2, 3)


def _together(op: Op, what: str, slots: list[int]) -> Iterator[Fault]:
    """Weights that are there for all gates or for none, as INT16."""
    there = [tensor for slot in slots if (tensor := op.input(slot)) is not None]
    if there and len(there) < len(slots):
        yield Fault(what, Effect.REFUSES, f"it has {what} weights for {len(there)} of {len(slots)} gates")
    wrong = next((tensor for tensor in there if tensor.dtype is not DType.INT16), None)
    if wrong is not None:
        yield Fault(
            f"{what} type", Effect.REFUSES, f"its {what} weights {named(wrong)} are {wrong.dtype.value}, not INT16"
        )


def _scales(op: Op) -> Iterator[Fault]:
    """Tensors without a scale; several where one is read are for per-axis-dim."""
    used = _used(op)
    slots = [0, *(side + gate for side in (_INPUTS, _RECURRENT) for gate in used), _PROJECTION, _STATE, _CELL]
    slots += [_PEEPHOLES[gate] for gate in used if gate in _PEEPHOLES]
    is_normalized = op.input(_NORMS + 1) is not None
    slots += [_NORMS + gate for gate in used] if is_normalized else []
    read: list[Tensor | None] = [*(op.input(slot) for slot in slots), *op.outputs]
    between = [*(op.intermediates[:_HIDDEN] if is_normalized else ()), op.intermediates[_HIDDEN]]
    for tensor in (*read, *between):
        if tensor is None or tensor.quant is not None:
            continue
        effect = Effect.WRONG
        if tensor is op.intermediates[_HIDDEN] and op.kind != "LSTM":
            effect = Effect.REFUSES
        elif op.kind == "LSTM" and (tensor in between or tensor is op.input(_CELL)):
            effect = Effect.DIES
        yield Fault("scale", effect, f"{named(tensor)} {typed(tensor)} has no scale")


def _meanings(op: Op) -> Iterator[Fault]:
    """Scales that the kernel does not compute with."""
    state, cell, hidden, output = op.input(_STATE), op.input(_CELL), op.intermediates[_HIDDEN], op.outputs[0]
    scale = one(cell.quant) if cell is not None else None
    if cell is not None and scale is not None and not _is_power(scale[0]):
        yield Fault(
            "cell scale",
            Effect.WRONG,
            f"its cell state {named(cell)} has scale {scale[0]:.6g}, which is not a power of two from 2^-15 to 2^-9",
        )
    ends = [("output", output), *([("hidden state", hidden)] if op.input(_PROJECTION) is None else [])]
    after = one(state.quant) if state is not None else None
    for name, tensor in ends:
        before = one(tensor.quant)
        if before is not None and after is not None and not rounds_away(before, after, DType.INT8):
            yield Fault(
                "same scale",
                Effect.WRONG,
                f"its {name} {named(tensor)} has scale {before[0]:.6g} and zero point {before[1]}, its output state "
                f"{after[0]:.6g} and {after[1]}",
            )


def _is_power(scale: float) -> bool:
    """True for the powers of two that the kernel has a tanh for."""
    if not 0 < scale < 1:
        return False
    exponent = log2(scale)
    return abs(exponent - round(exponent)) < _LOG2_TOLERANCE and _LEAST_LOG2 <= round(exponent) <= _MOST_LOG2
