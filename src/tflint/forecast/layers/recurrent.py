"""What recurrent layers become: a loop, or its steps one after the other.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/rnn and keras/src/backend/tensorflow/rnn.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tflint.forecast.layers.activations import activation_of
from tflint.forecast.layers.cells import Cell, States, cells, has_bias
from tflint.forecast.layers.shapes import inner, output_shapes
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType, Shape

__all__ = ["DYNAMIC_BATCH", "RECURRENT", "fused_lstm", "recurrent_layer"]

DYNAMIC_BATCH = (
    "with an open batch its loop keeps its outputs in a TensorList of a size that is not known, which needs "
    "FlexTensorListReserve"
)
_LONGEST = 256
"""So many steps are written out; longer ones are all alike."""


def recurrent_layer(trace: Trace, call: Call) -> tuple[Value, ...]:
    """What a recurrent layer becomes."""
    x = call.first
    shapes = output_shapes(call)
    if not shapes or any(shape is None for shape in shapes):
        raise Cannot(Status.UNKNOWN, "the shape that it makes is not known")
    if call.config.get("stateful"):
        raise Cannot(Status.UNKNOWN, "it keeps its state from run to run")
    if call.channels_first and call.kind == "ConvLSTM3D":
        raise Cannot(Status.FLEX, "convolutions over three dimensions with channels first need FlexConv3D")
    if call.channels_first and call.kind == "ConvLSTM1D" and has_bias(call):
        raise Cannot(Status.FAILS, "the converter takes a bias with channels first on images only")
    if call.channels_first:
        raise Cannot(Status.UNKNOWN, "its loop works with the channels first")
    if trace.major < 3 and _is_fused(call):
        return (fused_lstm(trace, call, x),)
    batch, time = x.sizes[0], x.sizes[1]
    step = Value((batch, *x.sizes[2:]), x.dtype)
    found = cells(call, step)
    unrolled = bool(call.config.get("unroll"))
    if unrolled and time is None:
        raise Cannot(Status.FAILS, "Keras unrolls no loop of an open number of steps")
    for cell in found:
        activation_of(cell.call)
    if unrolled:
        return _unrolled(trace, call, found, shapes)
    return _loop(trace, call, found, shapes)


def _is_fused(call: Call) -> bool:
    """Whether tf_keras writes the layer so that the converter makes one op of it."""
    return (
        call.kind == "LSTM"
        and not any(call.config.get(key) for key in ("unroll", "go_backwards", "return_state", "time_major"))
        and activation_of(call, default="tanh") == "tanh"
        and activation_of(call, "recurrent_activation", "sigmoid") == "sigmoid"
        and not call.first.is_masked
    )


def fused_lstm(trace: Trace, call: Call, x: Value) -> Value:
    """The op for a whole LSTM, and the last step cut from what it makes."""
    units, depth = call.number("units", 0), x.sizes[-1]
    batch, time = x.sizes[0], x.sizes[1]
    of_input: list[Value | None] = [trace.constant(units, depth) for _ in range(4)]
    of_state: list[Value | None] = [trace.constant(units, units) for _ in range(4)]
    biases: list[Value | None] = [trace.constant(units) for _ in range(4)]
    states: list[Value | None] = [Value((batch, units), is_variable=True) for _ in range(2)]
    none: list[Value | None] = [None]
    inputs = [x, *of_input, *of_state, *none * 3, *biases, *none * 2, *states, *none * 4]
    y = trace.emit(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (batch, time, units), fused_activation_function="TANH",
        cell_clip=10.0, proj_clip=0.0, time_major=False, asymmetric_quantize_inputs=False,
    )  # fmt: skip
    if call.config.get("return_sequences"):
        return y
    return trace.strided(y, (batch, units), shrink=2, begin=[0, -1, 0], end=[0, 0, 0], begin_mask=5, end_mask=5)


def _major(trace: Trace, x: Value) -> Value:
    """The steps first."""
    return trace.transpose(x, [1, 0, *range(2, x.rank)])


def _zeros(trace: Trace, x: Value, found: Sequence[Cell]) -> list[Value]:
    """The states at the start; with an open batch they are made when the model runs."""
    states = []
    made: dict[Shape, Value] = {}
    for cell in found:
        for shape in cell.state_shapes:
            if None not in shape:
                states.append(trace.constant(*shape))
                continue
            if shape not in made:
                size = trace.measured(x, shape)
                made[shape] = trace.emit("FILL", [size, trace.scalar(value=0)], shape)
            states.append(made[shape])
    return states


def _run(trace: Trace, found: Sequence[Cell], x: Value, states: States) -> tuple[Value, States]:
    """One step through all cells."""
    after: States = []
    for cell in found:
        count = len(cell.state_shapes)
        x, new = cell.step(trace, cell.call, x, states[len(after) : len(after) + count])
        after += new
    return x, after


def _unrolled(trace: Trace, call: Call, found: Sequence[Cell], shapes: Sequence[Shape | None]) -> tuple[Value, ...]:
    x = call.first
    time = x.sizes[1] or 0
    if time > _LONGEST:
        raise Cannot(Status.BUILTIN, f"its {time} steps become ops one after the other")
    static = x.sizes[0] is not None
    zeros: States = [None] * sum(len(cell.state_shapes) for cell in found)
    states: States = zeros if static else list(_zeros(trace, x, found))
    steps = [Value((x.sizes[0], *x.sizes[2:]), x.dtype) for _ in range(time)]
    trace.several("UNPACK", [_major(trace, x)], steps, num=time, axis=0)
    if call.config.get("go_backwards"):
        steps.reverse()
    outputs = []
    for step in steps:
        y, states = _run(trace, found, step, states)
        outputs.append(y)
    if call.config.get("return_sequences"):
        packed = trace.emit("PACK", outputs, (time, *outputs[0].sizes), values_count=time, axis=0)
        first = _major(trace, packed)
    else:
        first = outputs[-1]
    return (first, *(state for state in states[: len(shapes) - 1] if state is not None))


def _loop(trace: Trace, call: Call, found: Sequence[Cell], shapes: Sequence[Shape | None]) -> tuple[Value, ...]:
    x = call.first
    time = x.sizes[1]
    sequences = bool(call.config.get("return_sequences"))
    shape = _frame(found)
    count = time if sequences else 1
    is_open = None in shape
    listed = Value((), DType.VARIANT)
    if is_open:
        listed = trace.flex("TensorListReserve", [], (), DYNAMIC_BATCH, DType.VARIANT)
    states = _zeros(trace, x, found)
    major = _major(trace, x)
    if call.config.get("go_backwards"):
        major = trace.emit("REVERSE_V2", [major, trace.scalar(DType.INT32, 0)], major.sizes, x.dtype)
    steps = trace.scalar(DType.INT32)
    if time is None:
        steps = trace.strided(trace.emit("SHAPE", [major], (major.rank,), DType.INT32), (), shrink=1)
    kept = listed if is_open else trace.constant(*[1 if count is None else count, *shape])
    carried = [trace.scalar(DType.INT32), trace.scalar(DType.INT32), kept, *states, steps, major]
    condition, body = trace.subgraph("while_cond"), trace.subgraph("while_body")
    _condition(condition, carried)
    _body(body, carried, found, shape, sequences=sequences, is_open=is_open)
    outputs = [
        Value((count, *shape) if place == 2 and not is_open else value.shape, value.dtype)
        for place, value in enumerate(carried)
    ]
    trace.several("WHILE", carried, outputs, cond_subgraph_index=condition.number, body_subgraph_index=body.number)
    stacked = outputs[2]
    if is_open:
        stacked = trace.emit("FlexTensorListStack", [stacked], (count, *shape), custom=True)
    first = _major(trace, stacked) if sequences else trace.strided(stacked, shape, shrink=1)
    return (first, *outputs[3 : 3 + len(shapes) - 1])


def _frame(found: Sequence[Cell]) -> Shape:
    return found[-1].state_shapes[0]


def _inputs(graph: Trace, carried: Sequence[Value]) -> list[Value]:
    graph.inputs = [Value(value.shape, value.dtype) for value in carried]
    return graph.inputs


def _condition(graph: Trace, carried: Sequence[Value]) -> None:
    given = _inputs(graph, carried)
    one = graph.binary("LESS", given[1], graph.scalar(DType.INT32), DType.BOOL)
    other = graph.binary("LESS", given[0], graph.scalar(DType.INT32), DType.BOOL)
    graph.outputs = [graph.binary("LOGICAL_AND", one, other, DType.BOOL)]


def _body(
    graph: Trace, carried: Sequence[Value], found: Sequence[Cell], shape: Shape, *, sequences: bool, is_open: bool
) -> None:
    given = _inputs(graph, carried)
    counters = [graph.binary("ADD", value, graph.scalar(DType.INT32)) for value in given[:2]]
    major = given[-1]
    step = graph.emit("GATHER", [major, given[0]], major.sizes[1:], major.dtype, axis=0, batch_dims=0)
    y, states = _run(graph, found, step, list(given[3:-2]))
    if is_open:
        kept = graph.emit("FlexTensorListSetItem", [given[2], given[1], y], (), DType.VARIANT, custom=True)
    else:
        kept = _stored(graph, given[2], given[1], y, shape, sequences=sequences)
    graph.outputs = [*counters, kept, *(state for state in states if state is not None), *given[-2:]]


def _stored(graph: Trace, held: Value, place: Value, y: Value, shape: Shape, *, sequences: bool) -> Value:
    """A step's output put where it belongs: between what is before and what is after it."""
    row = graph.emit("RESHAPE", [y, graph.ints([1, *(size or 0 for size in shape)])], (1, *shape))
    if not sequences:
        return row
    parts = []
    for _ in range(2):
        one = graph.emit("RESHAPE", [place, graph.constant(1, dtype=DType.INT32)], (1,), DType.INT32)
        rest = graph.constant(len(shape), dtype=DType.INT32)
        size = graph.emit("CONCATENATION", [one, rest], (len(shape) + 1,), DType.INT32, axis=0)
        parts.append(graph.emit("SLICE", [held, size, size], (None, *shape)))
    return graph.emit(
        "CONCATENATION", [parts[0], row, parts[1]], (held.sizes[0], *shape), axis=0, fused_activation_function="NONE"
    )


def _bidirectional(trace: Trace, call: Call) -> tuple[Value, ...]:
    """The layer forwards and backwards, and what is made of the two."""
    forward = inner(call)
    if forward.kind not in RECURRENT or forward.kind == "Bidirectional":
        raise Cannot(Status.UNKNOWN, f"the layer that it wraps, {forward.kind[:60]}, is not known")
    backwards = Call(
        forward.kind, {**forward.config, "go_backwards": not forward.config.get("go_backwards")}, forward.inputs
    )
    if isinstance(call.config.get("backward_layer"), Mapping):
        backwards = inner(call, "backward_layer")
    one, other = recurrent_layer(trace, forward), recurrent_layer(trace, backwards)
    last = other[0]
    if forward.config.get("return_sequences"):
        last = trace.emit("REVERSE_V2", [last, trace.scalar(DType.INT32)], last.sizes)
    mode = call.config.get("merge_mode", "concat")
    if mode is None:
        return (one[0], last, *one[1:], *other[1:])
    if mode == "concat":
        y = trace.concat([one[0], last], one[0].rank - 1)
    else:
        y = trace.binary("MUL" if mode == "mul" else "ADD", one[0], last)
        y = trace.binary("MUL", y, trace.scalar()) if mode == "ave" else y
    return (y, *one[1:], *other[1:])


RECURRENT: Mapping[str, Callable[[Trace, Call], tuple[Value, ...]]] = {
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), recurrent_layer),
    "Bidirectional": _bidirectional,
}
"""Class of a layer -> what it becomes."""
