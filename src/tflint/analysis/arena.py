"""Where values lie in memory while a graph runs, as TFLite Micro and LiteRT plan it.

Both place the largest value first, each where nothing lies that is alive at the same time. They differ in how long
values live, in alignment, in which gap they take, and in which ops write over what they read.

Sources: LiteRT f67457790, tflite/arena_planner.cc and tflite/simple_memory_arena.cc; tflite-micro 90b983c2,
tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc, micro_allocation_info.cc and micro_allocator.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tflint.analysis.calls import called
from tflint.analysis.sizing import sizing
from tflint.model import DType, Graph, Model, Op, Tensor

if TYPE_CHECKING:
    import numpy

__all__ = ["Peak", "litert_arena", "peak", "tflm_arena"]

_FOREVER = 1 << 62
_LITERT_ALIGNMENT = 64
_TFLM_ALIGNMENT = 16
_IN_PLACE = {
    "ADD": 2, "SUB": 2, "MUL": 2, "DIV": 2, "SOFTMAX": 1, "DYNAMIC_UPDATE_SLICE": 1,
    "BITCAST": 1, "EXPAND_DIMS": 1, "RESHAPE": 1, "SQUEEZE": 1,
}  # fmt: skip
"""How many of its first inputs an op may write over (LiteRT f67457790, inplace_operator of tflite/kernels/*.cc)."""
_UNCHANGED = frozenset({"BITCAST", "EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
"""Ops that only look at the same bytes in another way."""


@dataclass(frozen=True)
class _Request:
    """Memory that is wanted from one op to another, both included."""

    size: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Peak:
    """The most bytes that are alive at once, without any plan: no arena can be smaller."""

    byte_size: int
    op: Op
    alive: tuple[Tensor, ...]
    """What is alive then, the largest first."""


def peak(graph: Graph) -> Peak | None:
    """The op at which the most bytes are alive; None for a graph without ops, or one with sizes that are unknown."""
    spans = _spans(graph, keep_inputs=False)
    if not graph.ops or any(tensor.nbytes is None for tensor in spans):
        return None
    change = [0] * (len(graph.ops) + 1)
    for tensor, (first, last) in spans.items():
        change[first] += tensor.nbytes or 0
        change[min(last, len(graph.ops) - 1) + 1] -= tensor.nbytes or 0
    most, at, now = -1, 0, 0
    for index in range(len(graph.ops)):
        now += change[index]
        if now > most:
            most, at = now, index
    alive = [tensor for tensor, (first, last) in spans.items() if first <= at <= last]
    return Peak(most, graph.ops[at], tuple(sorted(alive, key=lambda tensor: -(tensor.nbytes or 0))))


def _spans(graph: Graph, *, keep_inputs: bool) -> dict[Tensor, tuple[int, int]]:
    """From which op to which a value is alive; outputs to the end, and inputs too where `keep_inputs`."""
    end = len(graph.ops) - 1
    spans: dict[Tensor, tuple[int, int]] = dict.fromkeys(graph.inputs, (0, end if keep_inputs else 0))
    for index, op in enumerate(graph.ops):
        for tensor in op.inputs:
            if tensor in spans:
                first, last = spans[tensor]
                spans[tensor] = (first, max(last, index))
        for tensor in op.outputs:
            first, last = spans.get(tensor, (index, index))
            spans[tensor] = (first, max(last, index))
    for tensor in graph.outputs:
        if tensor in spans:
            spans[tensor] = (spans[tensor][0], end)
    return {tensor: span for tensor, span in spans.items() if not tensor.is_constant and not tensor.is_variable}


def litert_arena(model: Model, graph: Graph) -> int:
    """The bytes of LiteRT's arena for a graph, kernel temporaries left out.

    Values whose size is learnt only at run time lie elsewhere; at each op that makes one the plan is made anew for what
    follows.

    Source: LiteRT f67457790, tflite/arena_planner.cc, and Subgraph::PrepareOpsAndTensors in tflite/core/subgraph.cc.
    """
    found = sizing(model, graph)
    elsewhere = found.late | found.early
    owner = {made: base for made, base in _shared(graph).items() if made not in elsewhere and base not in elsewhere}
    spans = _litert_spans(graph, owner)
    piece_of: list[int] = []
    piece = 0
    for op in graph.ops:
        piece_of.append(piece)
        piece += any(tensor in found.late for tensor in op.outputs)
    pieces: list[list[tuple[int, _Request]]] = [[] for _ in range(piece + 1)]
    for tensor, (first, last) in spans.items():
        size = _litert_size(tensor)
        if tensor in owner or tensor in elsewhere or tensor.is_variable or tensor.is_constant or not size:
            continue
        pieces[piece_of[first] if piece_of else 0].append((tensor.index, _Request(size, first, last)))
    requests = [request for each in pieces for _, request in sorted(each, key=lambda item: _litert_order(*item))]
    return _arena(requests, _LITERT_ALIGNMENT, best_fit=True)


def _litert_size(tensor: Tensor) -> int:
    return 4 if tensor.dtype is DType.RESOURCE else tensor.nbytes or 0


def _litert_spans(graph: Graph, owner: dict[Tensor, Tensor]) -> dict[Tensor, list[int]]:
    """From which op to which LiteRT keeps a value; inputs and outputs are kept for good."""
    spans: dict[Tensor, list[int]] = {tensor: [0, _FOREVER] for tensor in graph.inputs}
    left: dict[Tensor, int] = {}
    for op in graph.ops:
        for tensor in op.inputs:
            if tensor is not None:
                base = owner.get(tensor, tensor)
                left[base] = left.get(base, 0) + 1
    kept = {*graph.outputs, *graph.inputs}
    for index, op in enumerate(graph.ops):
        for tensor in op.outputs:
            spans.setdefault(tensor, [index, _FOREVER])
        for tensor in op.inputs:
            if tensor is None:
                continue
            base = owner.get(tensor, tensor)
            left[base] -= 1
            if not left[base] and base not in kept and base in spans:
                spans[base][1] = index
    return spans


def _litert_order(index: int, request: _Request) -> tuple[int, int, int]:
    """What lives all the time comes first, by index; then the largest, of equal ones the earliest."""
    if request.first == 0 and request.last == _FOREVER:
        return -1, index, 0
    return 0, -request.size, request.first


def _shared(graph: Graph) -> dict[Tensor, Tensor]:
    """Outputs that take the place of an input, and the value whose memory that is.

    Source: LiteRT f67457790, ArenaPlanner::IdentifyInPlaceTensors and InputTensorCanBeShared.
    """
    readers: dict[Tensor, int] = {}
    for tensor in (*graph.inputs, *graph.outputs):
        readers[tensor] = readers.get(tensor, 0) + 1
    for op in graph.ops:
        for tensor in op.inputs:
            if tensor is not None:
                readers[tensor] = readers.get(tensor, 0) + 1
    fixed_inputs, fixed_outputs = set(graph.inputs), set(graph.outputs)
    owner: dict[Tensor, Tensor] = {}
    for op in graph.ops:
        if op.kind not in _IN_PLACE or not op.outputs or op.outputs[0] in fixed_outputs:
            continue
        unchanged = op.kind in _UNCHANGED
        for tensor in op.inputs[: _IN_PLACE[op.kind]]:
            if tensor is None or tensor in fixed_inputs or tensor.is_constant or tensor.is_variable:
                continue
            same = tensor.nbytes == op.outputs[0].nbytes and (tensor.nbytes or 0) > 4
            if unchanged or (same and readers[tensor] <= 1):
                base = owner.get(tensor, tensor)
                if unchanged or readers.get(base, 0) <= 1:
                    owner[op.outputs[0]] = base
                break
    return owner


def tflm_arena(model: Model) -> int | None:
    """The bytes that TFLite Micro plans for values and the scratch memory of its reference kernels: the arena's head.

    None where sizes are known only at run time, or where the file brings a plan of its own.

    Source: tflite-micro 90b983c2, micro_allocation_info.cc, micro_allocator.cc.
    """
    if "OfflineMemoryAllocation" in model.metadata or not model.graphs:
        return None
    life: dict[Tensor, list[int]] = {}
    scratch: list[_Request] = []
    if not _walk(model, 0, [0], life, scratch, frozenset()):
        return None
    requests: list[_Request] = []
    for graph in model.graphs:
        for tensor in graph.tensors:
            if tensor.is_constant or tensor.is_variable:
                continue
            size = 4 if tensor.dtype is DType.RESOURCE else tensor.nbytes
            if size is None:
                return None
            if size:  # what no op of the main graph's run touches is planned, too, all at one time
                requests.append(_Request(_up(size, _TFLM_ALIGNMENT), *life.get(tensor, (-1, -1))))
    requests += scratch
    requests.reverse()  # of equal sizes the last one comes first
    requests.sort(key=lambda request: -request.size)
    return _arena(requests, 1, best_fit=False)


def _walk(
    model: Model,
    index: int,
    clock: list[int],
    life: dict[Tensor, list[int]],
    scratch: list[_Request],
    inside: frozenset[int],
) -> bool:
    """Mark when values of a graph, and of those that it runs, are made and last used; False where it runs itself."""
    if index in inside or not 0 <= index < len(model.graphs):
        return False
    graph = model.graphs[index]

    def touch(tensor: Tensor) -> None:
        life.setdefault(tensor, [clock[0], clock[0]])[1] = clock[0]

    for tensor in graph.inputs:
        touch(tensor)
    for op in graph.ops:
        clock[0] += 1
        start = clock[0]
        for tensor in op.outputs:
            touch(tensor)
        for _, number in called(op) if op.kind in ("IF", "WHILE", "CALL_ONCE") else ():
            clock[0] += 1
            if not _walk(model, number, clock, life, scratch, inside | {index}):
                return False
        for tensor in (*op.inputs, *op.outputs):
            if tensor is not None:
                touch(tensor)
        scratch += [_Request(_up(size, _TFLM_ALIGNMENT), start, clock[0]) for size in _scratch(op) if size]
    for tensor in graph.outputs:
        touch(tensor)
    return True


def _scratch(op: Op) -> Iterable[int]:
    """The scratch memory that TFLM's reference kernel of an op asks for, in bytes, on a machine of 64 bits.

    Source: tflite-micro 90b983c2, tensorflow/lite/micro/kernels: reduce_common, transpose_conv, add_n, mirror_pad,
    unidirectional_sequence_lstm, svdf_common, conv_common, depthwise_conv_common, fully_connected .cc.
    """
    x, result = op.input(0), op.outputs[0] if op.outputs else None
    if x is None or result is None:
        return ()
    other = op.input(1)
    ranks = 4 * len(x.default_shape)
    if op.kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL", "REDUCE_ANY") and other is not None:
        sums = 4 * result.elements if op.kind in ("MEAN", "SUM") and x.dtype in (DType.INT8, DType.INT16) else 0
        return sums, ranks, 4 * other.elements
    if op.kind == "TRANSPOSE_CONV" and (values := op.input(2)) is not None:
        return (result.elements * {DType.INT8: 4, DType.INT16: 8}.get(values.dtype, 0),)
    if op.kind == "ADD_N" and result.dtype in (DType.FLOAT32, DType.INT8):
        return (8 * len(op.inputs),)
    if op.kind == "MIRROR_PAD":
        return ranks, ranks
    if op.kind == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        state = op.input(19)
        return (state.nbytes or 0,) * 4 if state is not None else ()
    if op.kind == "SVDF" and other is not None and len(other.default_shape) == 2 and x.default_shape:
        filters, batch = other.default_shape[0], x.default_shape[0]
        if x.dtype is DType.INT8:
            return 4 * batch * filters, 4 * batch * (filters // max(op.options.get("rank", 1), 1))
        return (4 * batch * filters,)
    if (
        op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
        and other is not None
        and other.dtype is DType.INT4
    ):
        return (other.elements,)
    return ()


def _up(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment


def _arena(requests: Sequence[_Request], alignment: int, *, best_fit: bool) -> int:
    """The bytes that the requests take, placed one after the other, each in a gap among what is alive with it.

    `best_fit` takes the smallest gap that is large enough, else it is the first one.
    """
    import numpy as np

    placed = np.empty((4, len(requests)), dtype=np.int64)  # offset, end, first, last; in the order of offsets
    count = highest = 0
    for request in requests:
        if not request.size:
            continue
        now = placed[:, :count]
        alive = now[:, (now[2] <= request.last) & (now[3] >= request.first)]
        offset = _gap(alive, request.size, alignment, best_fit)
        at = int(np.searchsorted(now[0], offset, side="right"))
        placed[:, at + 1 : count + 1] = placed[:, at:count].copy()
        placed[:, at] = (offset, offset + request.size, request.first, request.last)
        count += 1
        highest = max(highest, offset + request.size)
    return highest


def _gap(alive: numpy.ndarray, size: int, alignment: int, best_fit: bool) -> int:
    """The offset for a request among what is alive with it."""
    import numpy as np

    if not alive.shape[1]:
        return 0
    ends = np.maximum.accumulate(alive[1])
    begins = (np.concatenate(([0], ends[:-1])) + alignment - 1) // alignment * alignment
    room = alive[0] - begins
    fitting = np.flatnonzero(room >= size)
    if not fitting.size:
        return _up(int(ends[-1]), alignment)
    chosen = fitting[np.argmin(room[fitting])] if best_fit else fitting[0]
    return int(begins[chosen])
