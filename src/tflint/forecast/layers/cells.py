"""What a step of a recurrent layer becomes.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/rnn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tflint.forecast.layers.activations import activate, activation_of
from tflint.forecast.layers.convolution import conv_2d
from tflint.forecast.layers.dense import fully_connected
from tflint.forecast.layers.shapes import cells_of, output_shapes
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import Shape

__all__ = ["Cell", "States", "cells", "has_bias"]

States = list[Value | None]
"""What a cell remembers; None for zeros at the start, which the converter leaves out."""


@dataclass(frozen=True)
class Cell:
    """A step of a recurrent layer."""

    call: Call
    kind: str
    state_shapes: tuple[Shape, ...]
    step: Callable[[Trace, Call, Value, States], tuple[Value, States]]


def _cell(call: Call, x: Value, kind: str) -> Cell:
    steps = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple}
    if kind not in steps:
        raise Cannot(Status.UNKNOWN, f"its cell, {kind[:60]}, is somebody's own")
    state: Shape = (x.sizes[0], call.number("units", 0))
    return Cell(call, kind, (state,) * (2 if kind == "LSTM" else 1), steps[kind])


def _product(trace: Trace, h: Value | None, units: int, *, bias: bool = False) -> Value | None:
    """The product of a state with its weights; of zeros there is none."""
    return None if h is None else fully_connected(trace, h, units, bias=bias)


def _plus(trace: Trace, x: Value, y: Value | None) -> Value:
    return x if y is None else trace.binary("ADD", x, y)


def _simple(trace: Trace, call: Call, x: Value, states: States) -> tuple[Value, States]:
    units = call.number("units", 0)
    made = fully_connected(trace, x, units, bias=has_bias(call))
    y = activate(trace, _plus(trace, made, _product(trace, states[0], units)), activation_of(call, default="tanh"))
    return y, [y]


def has_bias(call: Call) -> bool:
    return bool(call.config.get("use_bias", True))


def _lstm(trace: Trace, call: Call, x: Value, states: States) -> tuple[Value, States]:
    units = call.number("units", 0)
    h, c = states
    inside = h is None and has_bias(call)
    z = fully_connected(trace, x, 4 * units, bias=inside)
    z = _plus(trace, z, _product(trace, h, 4 * units))
    if has_bias(call) and not inside:
        z = trace.binary("ADD", z, trace.constant(4 * units))
    gate, act = activation_of(call, "recurrent_activation", "sigmoid"), activation_of(call, default="tanh")
    one, two, three, four = trace.split(z, 4, 1)
    candidate = activate(trace, three, act)
    new = trace.binary("MUL", activate(trace, one, gate), candidate)
    if c is not None:
        new = trace.binary("ADD", trace.binary("MUL", activate(trace, two, gate), c), new)
    y = trace.binary("MUL", activate(trace, four, gate), activate(trace, new, act))
    return y, [y, new]


def _gru(trace: Trace, call: Call, x: Value, states: States) -> tuple[Value, States]:
    units = call.number("units", 0)
    h = states[0]
    gate, act = activation_of(call, "recurrent_activation", "sigmoid"), activation_of(call, default="tanh")
    after = bool(call.config.get("reset_after", True))
    made = trace.split(fully_connected(trace, x, 3 * units, bias=has_bias(call)), 3, 1)
    held: list[Value | None]
    if after:
        whole = _product(trace, h, 3 * units, bias=has_bias(call))
        held = [trace.constant(units) for _ in range(3)] if whole is None else _columns(trace, whole, 3, units)
    else:
        whole = _product(trace, h, 2 * units)
        held = [None] * 3 if whole is None else [*_columns(trace, whole, 2, units), None]
    update = activate(trace, _plus(trace, made[0], held[0]), gate)
    reset = activate(trace, _plus(trace, made[1], held[1]), gate)
    if after:
        recalled: Value | None = trace.binary("MUL", reset, held[2]) if held[2] is not None else None
    else:
        recalled = None if h is None else fully_connected(trace, trace.binary("MUL", reset, h), units, bias=False)
    candidate = activate(trace, _plus(trace, made[2], recalled), act)
    rest = trace.binary("MUL", trace.binary("SUB", trace.scalar(), update), candidate)
    y = rest if h is None else trace.binary("ADD", trace.binary("MUL", update, h), rest)
    return y, [y]


def _columns(trace: Trace, x: Value, count: int, units: int) -> list[Value | None]:
    """Pieces of a row, cut one by one."""
    return [
        trace.strided(
            x, (x.sizes[0], units), begin=[0, place * units], end=[0, (place + 1) * units], begin_mask=1, end_mask=1
        )
        for place in range(count)
    ]


def _conv_lstm_cell(call: Call, x: Value) -> Cell:
    frame = output_shapes(Call(call.kind, {**call.config, "return_sequences": False, "return_state": False}, (x,)))
    if not frame or frame[0] is None:
        raise Cannot(Status.UNKNOWN, "the shape that it makes is not known")
    return Cell(call, "ConvLSTM", (frame[0],) * 2, _conv_lstm)


def _conv_lstm(trace: Trace, call: Call, x: Value, states: States) -> tuple[Value, States]:
    """Four gates, each of two convolutions."""
    h, c = states
    rank = int(call.kind[-2])
    shape = output_shapes(Call(f"Conv{rank}D", call.config, (x,)))[0]
    assert shape is not None
    kernel = (*(1,) * (2 - rank), *call.numbers("kernel_size", rank)) if rank < 3 else ()
    gate, act = activation_of(call, "recurrent_activation", "sigmoid"), activation_of(call, default="tanh")
    padding = "SAME" if call.config.get("padding") == "same" else "VALID"

    def convolved(value: Value, how: str) -> Value:
        if rank == 3:
            return trace.emit(
                "CONV_3D",
                [value, trace.constant(*call.numbers("kernel_size", 3), value.sizes[-1], shape[-1])],
                shape,
                padding=how,
            )
        wide = trace.expand(value, 1) if rank == 1 else value
        row = (shape[0], 1, *shape[1:]) if rank == 1 else shape
        made = conv_2d(trace, "CONV_2D", wide, (shape[-1], *kernel, value.sizes[-1]), row, strides=(1, 1), padding=how)
        return trace.reshape(made, shape)

    gates = []
    for _ in range(4):
        made = convolved(x, padding)
        made = made if h is None else trace.binary("ADD", made, convolved(h, "SAME"))
        gates.append(trace.binary("ADD", made, trace.constant(shape[-1])) if rank != 2 and has_bias(call) else made)
    one, two, three, four = gates
    new = trace.binary("MUL", activate(trace, one, gate), activate(trace, three, act))
    forgotten = activate(trace, two, gate)
    if c is not None:
        new = trace.binary("ADD", trace.binary("MUL", forgotten, c), new)
    y = trace.binary("MUL", activate(trace, four, gate), activate(trace, new, act))
    return y, [y, new]


def cells(call: Call, x: Value) -> list[Cell]:
    """The cells of a recurrent layer, one on the other."""
    if call.kind.startswith("ConvLSTM"):
        return [_conv_lstm_cell(call, call.first)]
    if call.kind != "RNN":
        return [_cell(call, x, call.kind)]
    found = []
    width: Value = x
    for each in cells_of(call):
        cell = _cell(each, width, each.kind.removesuffix("Cell"))
        found.append(cell)
        width = Value((x.sizes[0], each.number("units", 0)))
    return found
