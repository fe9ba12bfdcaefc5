"""A sound INT8 LSTM, and changes to what its kernel needs beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant_mutations import Base, Edit, Mutation, Outcome, both, change, fields, real, tensor, unquantized, values
from tflint.testing import GraphBuilder

__all__ = ["BASES", "MUTATIONS", "lstm"]

_BATCH, _STEPS, _DEPTH, _CELLS = 1, 3, 4, 5
_GATES = ("input", "forget", "cell", "output")
OUTPUT: Mapping[str, Any] = {"scale": 1 / 128, "zero_point": 3}


def lstm(
    kind: str = "UNIDIRECTIONAL_SEQUENCE_LSTM",
    *,
    cifg: bool = False,
    peephole: bool = False,
    normalized: bool = False,
    projected: bool = False,
) -> GraphBuilder:
    """An LSTM on 'x' that makes 'y'; its weights are 'input_to_cell', 'recurrent_to_cell', its states 'state', 'cell'."""
    g = GraphBuilder()
    steps = [] if kind == "LSTM" else [_STEPS]
    made = 3 if projected else _CELLS
    x = g.input("x", [_BATCH, *steps, _DEPTH], "INT8", scale=1 / 127)
    inputs = [x] + [-1] * 23
    gates = [(number, name) for number, name in enumerate(_GATES) if number or not cifg]
    for number, name in gates:
        inputs[1 + number] = _weights(g, f"input_to_{name}", _CELLS, _DEPTH)
        inputs[5 + number] = _weights(g, f"recurrent_to_{name}", _CELLS, made)
        inputs[12 + number] = g.constant(f"{name}_bias", np.arange(_CELLS, dtype=np.int32) * 100, scale=1 / 127**2)
        if peephole and name != "cell":
            slot = {"input": 9, "forget": 10, "output": 11}[name]
            inputs[slot] = g.constant(f"cell_to_{name}", _sixteen(_CELLS), scale=1 / 32767)
        if normalized:
            inputs[20 + number] = g.constant(f"{name}_norm", _sixteen(_CELLS), scale=1 / 32767)
    if projected:
        inputs[16] = _weights(g, "projection", made, _CELLS)
    inputs[18] = g.tensor("state", [_BATCH, made], "INT8", is_variable=True, **OUTPUT)
    inputs[19] = g.tensor("cell", [_BATCH, _CELLS], "INT16", is_variable=True, scale=2**-11)
    scaled: dict[str, Any] = {"dtype": "INT16", "scale": 2**-12} if normalized else {}
    between = [g.tensor(f"between{number}", [0], **scaled) for number in range(4)]
    between.append(g.tensor("hidden", [0], "INT8", **OUTPUT))
    y = g.tensor("y", [_BATCH, *steps, made], "INT8", **OUTPUT)
    options = {"fused_activation_function": "TANH", "cell_clip": 10.0}
    g.op(kind, inputs, y, options, intermediates=between)
    g.output(y)
    return g


def _weights(g: GraphBuilder, name: str, rows: int, columns: int) -> int:
    values = np.round(real(rows, columns) * 127)
    return g.constant(name, values.astype(np.int8), scale=1 / 127)


def _sixteen(count: int) -> NDArray[np.int16]:
    return np.round(real(count) * 32767).astype(np.int16)


def slots(**changes: int) -> Edit:
    """Put another tensor, or -1, into input slots of the LSTM: `s13=-1`."""

    def edit(g: GraphBuilder) -> None:
        for slot, index in changes.items():
            g.graph["operators"][0]["inputs"][int(slot[1:])] = index

    return edit


def cut(what: str, length: int) -> Edit:
    """Keep so many of the `inputs` or `intermediates`."""

    def edit(g: GraphBuilder) -> None:
        op = g.graph["operators"][0]
        op[what] = op[what][:length]

    return edit


def field(name: str, **more: Any) -> Edit:
    """Set fields of a tensor: `type`, `is_variable`."""
    return lambda g: tensor(g, name).update(more)


def fed(name: str) -> Edit:
    """Make a tensor an input of the graph."""

    def edit(g: GraphBuilder) -> None:
        g.graph["inputs"].append(g.graph["tensors"].index(tensor(g, name)))

    return edit


_UNI, _ONE = "UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM"
_VARIANTS: Mapping[str, dict[str, bool]] = {
    "": {},
    " coupled": {"cifg": True},
    " with peepholes": {"peephole": True},
    " normalized": {"normalized": True},
    " projected": {"projected": True},
    " in full": {"peephole": True, "normalized": True, "projected": True},
}
BASES: dict[str, Base] = {
    f"{kind}{name}": partial(lstm, kind, **more) for kind in (_UNI, _ONE) for name, more in _VARIANTS.items()
}
_WIDER = both(*(change(name, scale=2) for name in ("state", "y", "hidden")))
_ROWS = fields("input_to_cell", scale=[0.1] * _CELLS, zero_point=[0] * _CELLS)
_MOVED = both(
    values("cell_to_forget", lambda each: (each // 2 + 16000).astype(np.int16), np.int16),
    change("cell_to_forget", scale=2, zero_point=16000),
)
R, W, S = Outcome.REFUSES, Outcome.WRONG, Outcome.SAME


def _of_both() -> list[Mutation]:
    """What both kernels do alike."""
    edits: list[tuple[str, str, Edit, Outcome]] = [
        ("", "no intermediates", cut("intermediates", 0), R),
        ("", "four intermediates", cut("intermediates", 4), R),
        ("", "19 inputs", cut("inputs", 19), R),
        ("", "20 inputs", cut("inputs", 20), S),
        ("", "no bias of the forget gate", slots(s13=-1), R),
        ("", "no bias of the input gate", slots(s12=-1), R),
        ("", "no weights of the forget gate", slots(s2=-1), R),
        ("", "no recurrent weights of the input gate", slots(s5=-1), R),
        ("", "no weights of the input gate and its bias", slots(s1=-1, s5=-1), R),
        ("", "a projection bias alone", slots(s17=4), R),
        ("", "no cell state", slots(s19=-1), R),
        ("", "a cell state from outside", both(field("cell", is_variable=False), fed("cell")), R),
        ("", "an output state from outside", both(field("state", is_variable=False), fed("state")), R),
        ("", "a cell scale that is no power of two", change("cell", scale=1.3), W),
        ("", "a cell scale twice as large", change("cell", scale=2), S),
        ("", "a cell scale too large", change("cell", scale=8), W),
        ("", "a cell scale too small", change("cell", scale=2**-5), W),
        ("", "weights without a scale", unquantized("input_to_cell"), W),
        ("", "an input without a scale", unquantized("x"), W),
        ("", "another output scale", change("y", scale=2), W),
        ("", "another output zero point", change("y", zero_point=20), W),
        ("", "another scale of the fifth intermediate", change("hidden", scale=2), W),
        ("", "another scale of all three", _WIDER, S),
        (" projected", "another scale of the fifth intermediate", change("hidden", scale=1.5), S),
        (" projected", "another output scale", change("y", scale=2), W),
        (" projected", "projection weights without a scale", unquantized("projection"), W),
        (" with peepholes", "a peephole missing", slots(s10=-1), R),
        (" normalized", "a normalization missing", slots(s22=-1), R),
        (" coupled", "a bias of the input gate", slots(s12=3), R),
    ]
    return [
        Mutation(f"{kind}{variant}", name, edit, "" if outcome is S else "TFL333", outcome, outcome)
        for kind in (_UNI, _ONE)
        for variant, name, edit, outcome in edits
    ]


MUTATIONS: tuple[Mutation, ...] = (
    *_of_both(),
    Mutation(_UNI, "a zero point of the cell state", change("cell", zero_point=500), "TFL321", S, S),
    Mutation(f"{_UNI} with peepholes", "a zero point of a peephole", _MOVED, "TFL321", W, W),
    *(
        Mutation(kind, name, edit, code, outcome, outcome, also)
        for kind in (_UNI, _ONE)
        for name, edit, code, outcome, also in (
            ("a bias of floats", field("forget_bias", type="FLOAT32"), "TFL333", R, ("TFL304",)),
            ("a cell state that nothing writes", field("cell", is_variable=False), "TFL104", R, ()),
            ("weights with a scale for each row", _ROWS, "TFL312", W, ()),
        )
    ),
    Mutation(_UNI, "a fifth intermediate without a scale", unquantized("hidden"), "TFL333", R, R),
    Mutation(_UNI, "a cell state without a scale", unquantized("cell"), "TFL333", W, W),
    Mutation(f"{_UNI} normalized", "an intermediate without a scale", unquantized("between1"), "TFL333", W, W),
    Mutation(_ONE, "a fifth intermediate without a scale", unquantized("hidden"), "TFL333", R, R),
    Mutation(_ONE, "a cell state without a scale", unquantized("cell"), "TFL333", R, R),
    Mutation(f"{_ONE} normalized", "an intermediate without a scale", unquantized("between1"), "TFL333", R, R),
)
