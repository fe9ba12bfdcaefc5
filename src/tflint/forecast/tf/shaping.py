"""What ops become that move values, measure them, or put them together.

Source: tried with TensorFlow 2.21.0; LiteRT f67457790, tflite/converter/transforms/legalize_patterns.td and
prepare_tf.cc (ConvertTFStridedSlice).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tflint.forecast.layers.trace import Cannot, Trace, Value, product
from tflint.forecast.status import Status
from tflint.forecast.tf.call import Lowering, TfCall
from tflint.model import DType, Shape, Tensor

__all__ = ["SHAPING", "reshaped"]


def _reshape(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    if x.shape == call.shape() and sum(size is None for size in x.sizes) < 2:
        return x
    if not call.is_constant(1):
        if call.measured.get(call.x(1)) is x:
            return x
        made = trace.emit("RESHAPE", [x, call.x(1)], call.shape(), x.dtype)
        _open_sizes(call, made)
        return made
    return reshaped(trace, x, _told(x, call))


def _open_sizes(call: TfCall, made: Value) -> None:
    """Forget the sizes that the converter cannot tell from how the shape is put together."""
    sizes = _put_together(call, call.op.input(1))
    if sizes is None or made.shape is None or len(sizes) != len(made.shape):
        return
    told = tuple(size if open_ is not None else None for size, open_ in zip(made.shape, sizes, strict=True))
    if told != made.shape and sum(size is None for size in told) > 1:
        made.shape = told
        call.weak.add(made)


def _put_together(call: TfCall, tensor: Tensor | None, depth: int = 0) -> Shape | None:
    """The sizes in a shape that ops make, where they are constants; None where nothing is known of them.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/shape_inference.cc,
    ComputeOutputComponent.
    """
    if tensor is None or not tensor.has_rank or len(tensor.shape) != 1 or depth > _DEEPEST:
        return None
    numbers = call.known.numbers(tensor)
    if numbers is not None:
        return tuple(None if size < 0 else int(size) for size in numbers)
    maker = call.known.graph.producer(tensor)
    if maker is not None and maker.kind == "Shape":
        return call.measured[call.value(tensor)].shape if call.value(tensor) in call.measured else None
    if maker is not None and maker.kind == "Pack":
        parts = [call.known.numbers(each) for each in maker.inputs]
        return tuple(None if part is None or part[0] < 0 else int(part[0]) for part in parts)
    if maker is not None and maker.kind == "ConcatV2":
        groups = [_put_together(call, each, depth + 1) for each in maker.inputs[:-1]]
        return None if None in groups else tuple(size for group in groups for size in group or ())
    if maker is not None and maker.kind == "GatherV2":
        whole, places = _put_together(call, maker.input(0), depth + 1), call.known.numbers(maker.input(1))
        return None if whole is None or places is None else tuple(whole[int(place)] for place in places)
    length = tensor.shape[0]
    return None if length is None or length > _MOST_RANKS else (None,) * length


_DEEPEST = 6
_MOST_RANKS = 64


def _told(x: Value, call: TfCall) -> Shape:
    """The shape that a constant asks for."""
    wanted = [int(size) for size in call.numbers(1)]
    whole = product(x.sizes)
    rest = product(size for size in wanted if size != -1)
    free = whole // rest if whole is not None and rest else None
    return call.shape(tuple(free if size == -1 else size for size in wanted)) or ()


def reshaped(trace: Trace, x: Value, shape: Shape) -> Value:
    """A RESHAPE to a shape that is known but for one size at most.

    Raises:
        Cannot: more sizes are open.
    """
    if sum(size is None for size in shape) < 2:
        return trace.reshape(x, shape)
    if x.shape == shape:
        return x
    raise Cannot(Status.BUILTIN, "more than one size of what it makes is open")


def _expand(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    return trace.expand(x, int(call.numbers(1)[0]) % (x.rank + 1))


def _squeeze(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    given = [int(place) % x.rank for place in call.attr("squeeze_dims", ())]
    if not given and not x.is_static:
        raise Cannot(Status.BUILTIN, "which of its sizes are 1 is not known")
    places = given or [place for place, size in enumerate(x.sizes) if size == 1]
    shape = tuple(size for place, size in enumerate(x.sizes) if place not in places)
    if sum(size is None for size in shape) > 1:
        return trace.emit("SQUEEZE", [x], shape, x.dtype, squeeze_dims=tuple(places))
    return trace.reshape(x, shape)


def _transpose(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    if not call.is_constant(1):
        return trace.emit("TRANSPOSE", [x, call.x(1)], call.shape(), x.dtype)
    return trace.transpose(x, [int(place) % x.rank for place in call.numbers(1)])


def _pack(trace: Trace, call: TfCall) -> Value:
    values = call.values
    first = values[0]
    axis = int(call.attr("axis", 0)) % (first.rank + 1)
    shape = (*first.sizes[:axis], len(values), *first.sizes[axis:])
    if len(values) == 1:
        return trace.expand(first, axis)
    whole = _shape_put_together(call)
    if whole is not None:
        return whole
    return trace.emit("PACK", values, call.shape(shape), call.dtype(), values_count=len(values), axis=axis)


def _shape_put_together(call: TfCall) -> Value | None:
    """The shape whose sizes, one by one, an op packs again.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/ir/tf_ops_n_z.cc, PackOp::fold.
    """
    graph, found = call.known.graph, None
    for place, tensor in enumerate(call.op.inputs):
        part = None if tensor is None else graph.producer(tensor)
        whole = part.input(0) if part is not None and part.kind == "StridedSlice" else None
        maker = None if whole is None else graph.producer(whole)
        if part is None or whole is None or maker is None or maker.kind != "Shape":
            continue
        if call.known.numbers(part.input(1)) != [place] or not part.options.get("shrink_axis_mask"):
            return None
        if found not in (None, whole):
            return None
        found = whole
    if found is None:
        return None
    given = call.measured.get(value := call.value(found))
    if given is None or given.shape is None or len(given.shape) != len(call.op.inputs):
        return None
    for tensor, size in zip(call.op.inputs, given.shape, strict=True):
        told = call.known.numbers(tensor)
        if told is not None and told != [size]:
            return None
    return value


def _unpack(trace: Trace, call: TfCall) -> Sequence[Value]:
    x = call.x()
    axis = int(call.attr("axis", 0)) % x.rank
    shape = (*x.sizes[:axis], *x.sizes[axis + 1 :])
    outputs = [Value(call.shape(shape, slot), call.dtype(slot)) for slot in range(len(call.op.outputs))]
    return trace.several("UNPACK", [x], outputs, num=len(outputs), axis=axis)


def _concat(trace: Trace, call: TfCall) -> Value:
    *values, _ = call.values
    slot = len(values)
    if call.op.kind == "Concat":
        _, *values = call.values
        slot = 0
    rank = next((value.rank for value in values if value.shape is not None), None)
    if rank is None or any(value.rank != rank for value in values):
        raise Cannot(Status.BUILTIN, "the ranks of what it joins are not known")
    values = [value for value in values if 0 not in value.sizes] or values[:1]
    if len(values) == 1:
        return values[0]
    made = trace.concat(values, int(call.numbers(slot)[0]))
    made.dtype = call.dtype()
    return made


def _split(trace: Trace, call: TfCall) -> Sequence[Value]:
    x = call.x(1)
    return trace.split(x, len(call.op.outputs), int(call.numbers(0)[0]) % x.rank)


def _split_v(trace: Trace, call: TfCall) -> Sequence[Value]:
    x = call.x()
    axis = int(call.numbers(2)[0]) % x.rank
    sizes = [int(size) for size in call.numbers(1)]
    outputs = []
    for slot, size in enumerate(sizes):
        shape = (*x.sizes[:axis], None if size < 0 else size, *x.sizes[axis + 1 :])
        outputs.append(Value(call.shape(shape, slot), x.dtype))
    axes = Value((), DType.INT32, is_constant=True, data=axis.to_bytes(4, "little"))
    return trace.several("SPLIT_V", [x, call.x(1), axes], outputs, num_splits=len(outputs))


_ENDS = ("begin_mask", "end_mask")
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def _strided_slice(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    masks: dict[str, Any] = {name: int(call.attr(name, 0)) for name in _MASKS}
    if not all(call.is_constant(slot) for slot in (1, 2, 3)):
        if masks["ellipsis_mask"] or masks["new_axis_mask"]:
            raise Cannot(Status.BUILTIN, "where it begins or ends is only known when the model runs")
        return trace.emit("STRIDED_SLICE", call.values, call.shape(), x.dtype, **masks, offset=False)
    begin, end, strides = ([int(each) for each in call.numbers(slot)] for slot in (1, 2, 3))
    if masks["new_axis_mask"]:
        x, masks = _with_axes(trace, x, masks)
    if masks["ellipsis_mask"]:
        begin, end, strides, masks = _spread(x, begin, end, strides, masks)
    if call.is_constant(0):
        raise Cannot(Status.BUILTIN, "it slices a constant")
    more = x.rank - len(begin)
    if more < 0:
        raise Cannot(Status.UNKNOWN, "it slices more dimensions than there are")
    if more:
        begin, end, strides = ([*each, *[fill] * more] for each, fill in ((begin, 0), (end, 0), (strides, 1)))
        whole = ((1 << more) - 1) << (x.rank - more)
        masks = {name: mask | (whole if name in _ENDS else 0) for name, mask in masks.items()}
    if not any(masks.values()) and _is_plain(begin, end, strides):
        sizes = [last - first for first, last in zip(begin, end, strict=True)]
        if not any(begin) and tuple(sizes) == x.sizes:
            return x
        return trace.emit("SLICE", [x, trace.ints(begin), trace.ints(sizes)], call.shape(), x.dtype)
    ends = [trace.ints(each) for each in (begin, end, strides)]
    return trace.emit("STRIDED_SLICE", [x, *ends], call.shape(), x.dtype, **masks, offset=False)


def _is_plain(begin: Sequence[int], end: Sequence[int], strides: Sequence[int]) -> bool:
    steps_of_one = all(step == 1 for step in strides)
    return steps_of_one and all(0 <= first <= last for first, last in zip(begin, end, strict=True))


def _with_axes(trace: Trace, x: Value, masks: Mapping[str, int]) -> tuple[Value, dict[str, int]]:
    """The new dimensions made by a RESHAPE, and taken whole by the slice."""
    new, ellipsis = masks["new_axis_mask"], masks["ellipsis_mask"]
    if new & ellipsis:
        raise Cannot(Status.BUILTIN, "its masks contradict each other")
    shape = list(x.sizes)
    for bit in range(new.bit_length()):
        if ellipsis >> bit & 1:
            raise Cannot(Status.BUILTIN, "it adds dimensions behind those that are left out")
        if new >> bit & 1:
            shape.insert(bit, 1)
    taken = {**masks, "new_axis_mask": 0}
    taken["begin_mask"] |= new
    taken["end_mask"] |= new
    taken["shrink_axis_mask"] &= ~new
    return reshaped(trace, x, tuple(shape)), taken


def _spread(
    x: Value, begin: list[int], end: list[int], strides: list[int], masks: Mapping[str, int]
) -> tuple[list[int], list[int], list[int], dict[str, int]]:
    """The slice with the dimensions that an ellipsis stands for, taken whole."""
    at = masks["ellipsis_mask"].bit_length() - 1
    more = x.rank - len(begin) + 1
    if more < 0:
        raise Cannot(Status.UNKNOWN, "it slices more dimensions than there are")
    spread = {}
    for name, mask in masks.items():
        low, high = mask & ((1 << at) - 1), mask >> (at + 1)
        whole = ((1 << more) - 1) << at if name in _ENDS else 0
        spread[name] = low | whole | high << (at + more)
    spread["ellipsis_mask"] = 0
    begin, end, strides = (
        [*each[:at], *[fill] * more, *each[at + 1 :]] for each, fill in ((begin, 0), (end, 0), (strides, 1))
    )
    return begin, end, strides, spread


def _slice(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    if call.is_constant(1) and call.is_constant(2):
        begin, sizes = call.numbers(1), call.numbers(2)
        if not any(begin) and all(size in (-1, known) for size, known in zip(sizes, x.sizes, strict=True)):
            return x
    return trace.emit("SLICE", call.values, call.shape(), x.dtype)


def _gather(trace: Trace, call: TfCall) -> Value:
    x, index = call.x(0), call.x(1)
    axis = int(call.numbers(2)[0]) % x.rank if len(call.inputs) > 2 else 0
    batch = int(call.attr("batch_dims", 0))
    shape = (*x.sizes[:axis], *index.sizes[batch:], *x.sizes[axis + 1 :])
    return trace.emit("GATHER", [x, index], call.shape(shape), call.dtype(), axis=axis, batch_dims=batch)


def _gather_nd(trace: Trace, call: TfCall) -> Value:
    x, index = call.x(0), call.x(1)
    depth = index.sizes[-1]
    shape = None if depth is None else (*index.sizes[:-1], *x.sizes[depth:])
    return trace.emit("GATHER_ND", [x, index], call.shape(shape), call.dtype())


def _one_hot(trace: Trace, call: TfCall) -> Value:
    return trace.emit("ONE_HOT", call.values, call.shape(), call.dtype(), axis=int(call.attr("axis", -1)))


def _tile(trace: Trace, call: TfCall) -> Value:
    x, shape = call.x(), None
    if call.is_constant(1):
        times = [int(each) for each in call.numbers(1)]
        shape = tuple(None if size is None else size * each for size, each in zip(x.sizes, times, strict=True))
    return trace.emit("TILE", call.values, call.shape(shape), call.dtype())


def _broadcast(trace: Trace, call: TfCall) -> Value:
    return trace.emit("BROADCAST_TO", call.values, call.shape(), call.dtype())


def _pad(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    shape: Shape | None = None
    if call.is_constant(1):
        added = [int(each) for each in call.numbers(1)]
        if not any(added) and x.is_static:
            return x
        shape = tuple(
            None if size is None else size + before + after
            for size, before, after in zip(x.sizes, added[::2], added[1::2], strict=True)
        )
    kind = {"Pad": "PAD", "PadV2": "PADV2", "MirrorPad": "MIRROR_PAD"}[call.op.kind]
    options: dict[str, Any] = {"mode": str(call.attr("mode", "REFLECT"))} if kind == "MIRROR_PAD" else {}
    return trace.emit(kind, call.values, call.shape(shape), call.dtype(), **options)


def _shape(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    out = call.dtype()
    made = trace.emit("SHAPE", [x], (x.rank,), out, out_type=out.value)
    call.measured[made] = x
    return made


def _plain(kind: str, **options: Any) -> Lowering:
    """An op that takes and gives what the op of TensorFlow does."""

    def lower(trace: Trace, call: TfCall) -> Sequence[Value]:
        outputs = [Value(call.shape(None, slot), call.dtype(slot)) for slot in range(len(call.op.outputs))]
        return trace.several(kind, call.values, outputs, **options)

    return lower


def _cumsum(trace: Trace, call: TfCall) -> Value:
    options: dict[str, Any] = {name: bool(call.attr(name, False)) for name in ("exclusive", "reverse")}
    return trace.emit("CUMSUM", call.values, call.shape(call.x().shape), call.dtype(), **options)


def _reverse_sequence(trace: Trace, call: TfCall) -> Value:
    options: dict[str, Any] = {name: int(call.attr(name, 0)) for name in ("seq_dim", "batch_dim")}
    return trace.emit("REVERSE_SEQUENCE", call.values, call.shape(call.x().shape), call.dtype(), **options)


SHAPING: Mapping[str, Lowering] = {
    "BroadcastTo": _broadcast,
    "Concat": _concat,
    "ConcatV2": _concat,
    "Cumsum": _cumsum,
    "ExpandDims": _expand,
    "Fill": _plain("FILL"),
    "Gather": _gather,
    "GatherNd": _gather_nd,
    "GatherV2": _gather,
    "MirrorPad": _pad,
    "OneHot": _one_hot,
    "Pack": _pack,
    "Pad": _pad,
    "PadV2": _pad,
    "Range": _plain("RANGE"),
    "Rank": _plain("RANK"),
    "Reshape": _reshape,
    "ReverseSequence": _reverse_sequence,
    "ReverseV2": _plain("REVERSE_V2"),
    "ScatterNd": _plain("SCATTER_ND"),
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "SplitV": _split_v,
    "Squeeze": _squeeze,
    "StridedSlice": _strided_slice,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unpack": _unpack,
    "Where": _plain("WHERE"),
}
"""Op of TensorFlow -> what it becomes."""
