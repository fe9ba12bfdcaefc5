"""How the first layers of a quantized graph respond to made-up inputs: the ranges that a calibration on them records.

Works on the real values of the weights, in float, on a few samples cut to a small size: a bounded amount of work
whatever the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import erfc, log, prod, sqrt
from typing import TYPE_CHECKING, Any

from tflint.analysis.forward import WEIGHTED, forward
from tflint.model import DType, Graph, Op, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MEDIAN", "Response", "clip_of", "ends", "fed", "replayed", "samples_within"]

MEDIAN = log(2)
"""Half of the maxima of noise lie beyond the place that so many values are expected to pass."""
_BYTES = frozenset({DType.INT8, DType.UINT8})
_LAYERS = 14
_OPS = 64
_SIDE = 40
"""Images are cut to so many rows and columns: noise is the same everywhere."""
_VALUES = 8192
"""About so many values a channel of the input are made, in so many samples at least and at most:"""
_SAMPLES = (6, 1024)
_WORK = 80_000_000
"""So many multiplications are done at most for one graph."""
_BYTES_OF_WEIGHTS = 4 << 20
"""Layers with more weights are not followed."""
_FRESH = WEIGHTED | {"ADD", "MEAN"}
"""Ops whose output has a range of its own."""
_FORCED = frozenset("CONCATENATION PACK MAXIMUM MINIMUM SELECT SELECT_V2 RELU RELU6 LEAKY_RELU".split())
"""Ops that share one range with what they read."""
_MOVES = frozenset("RESHAPE TILE MAX_POOL_2D PAD RESIZE_NEAREST_NEIGHBOR RESIZE_BILINEAR TRANSPOSE".split())
"""Ops that give their input's range to their output."""
_IN_PLACE = frozenset({"ADD", "SUB", "MUL", "DIV"})
"""Ops that may write over what they read: a calibration then records one range for both."""
_CLIPS: Mapping[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


@dataclass(frozen=True, eq=False)
class Response:
    """What an op made of the inputs: `values` [samples and places, channels], before its fused activation function."""

    op: Op
    values: NDArray[Any]
    positions: int
    """The places that a channel has for one sample in the real model."""

    @property
    def tensor(self) -> Tensor:
        return self.op.outputs[0]

    def samples_for(self, end: float, sign: int) -> float:
        """How many samples are needed until one value passes an end of the range, upwards or downwards.

        The tail of each channel is continued as that of a normal distribution, from two of its quantiles.
        """
        import numpy as np

        if self._quantiles is None:
            return 1e300
        far, inner, outer = self._quantiles[sign]
        z = far + (sign * end - outer) / np.maximum(outer - inner, 1e-12)
        tails = sum(_above(min(max(float(each), -30.0), 35.0)) for each in z)
        return MEDIAN / max(1e-300, tails * self.positions)

    @cached_property
    def _quantiles(self) -> Mapping[int, tuple[float, NDArray[Any], NDArray[Any]]] | None:
        """For each sign how many deviations out a far quantile of the values lies, one a deviation nearer, and that."""
        import numpy as np

        count = len(self.values)
        if not np.isfinite(self.values).all():
            return None
        far = min(2.5, _deviations(3 / max(7, count)))
        near_place, far_place = (min(count - 1, round(_below(each) * (count - 1))) for each in (far - 1, far))
        places = [near_place, far_place, count - 1 - near_place, count - 1 - far_place]
        ordered = np.partition(np.ascontiguousarray(self.values.T), places, axis=1)
        near, outer, below, least = (ordered[:, place] for place in places)
        return {1: (far, near, outer), -1: (far, -below, -least)}


def ends(tensor: Tensor) -> tuple[float, float] | None:
    """The real values of the lowest and the highest integer of a tensor of bytes with one scale."""
    quant = tensor.quant
    if quant is None or tensor.dtype not in _BYTES or quant.scale.size != 1 or quant.zero_point.size != 1:
        return None
    scale, point = float(quant.scale[0]), int(quant.zero_point[0])
    least, most = tensor.dtype.integer_range or (0, 0)
    if not (0 < scale < float("inf") and least <= point <= most) or quant.details is not None:
        return None
    return (least - point) * scale, (most - point) * scale


def fed(graph: Graph) -> Tensor | None:
    """The quantized value that the one input of a graph becomes; None where there is not exactly one."""
    if len(graph.inputs) != 1:
        return None
    given = graph.inputs[0]
    for _ in range(2):
        readers = graph.consumers(given)
        if len(readers) != 1 or readers[0].kind != "QUANTIZE" or not readers[0].outputs:
            break
        given = readers[0].outputs[0]
    return given if ends(given) is not None else None


def replayed(
    graph: Graph, make: Callable[[tuple[int, ...]], NDArray[Any]], samples: int | None = None, layers: int = _LAYERS
) -> Iterator[Response]:
    """Yield the responses of the first layers to inputs that `make` gives for a shape, in execution order.

    Without `samples` there are as many as a few thousand values a channel of the input take.
    """
    import numpy as np

    start = fed(graph)
    shape = start.default_shape if start is not None else ()
    if start is None or not 1 < len(shape) <= 4 or shape[0] != 1 or not 0 < prod(shape) <= 1 << 26:
        return
    cut = len(shape) == 4 and max(shape[1:3]) > _SIDE
    if cut:
        shape = (1, min(shape[1], _SIDE), min(shape[2], _SIDE), shape[3])
    if prod(shape) > 1 << 15:
        return
    if samples is None:
        samples = max(_SAMPLES[0], min(_SAMPLES[1], _VALUES // prod(shape[1:-1]), (1 << 18) // prod(shape)))
    values: dict[Tensor, NDArray[Any]] = {start: make((samples, *shape[1:])).astype(np.float32)}
    count = 0
    for op, made in _answers(graph, values, cut):
        if op.kind in (_FRESH if layers > 1 else WEIGHTED) and ends(op.outputs[0]) is not None:
            count += 1
            if layers == 1 or _is_own(graph, op):
                positions = min(prod(op.outputs[0].default_shape[1:-1]), 1 << 40)
                yield Response(op, made.reshape(-1, made.shape[-1]), positions)
        if count >= layers:
            return


def _answers(graph: Graph, values: dict[Tensor, NDArray[Any]], cut: bool) -> Iterator[tuple[Op, NDArray[Any]]]:
    """Yield what the first ops make of the values so far, before their activation functions, while work is left."""
    import numpy as np

    left = _WORK
    for op in graph.ops[:_OPS]:
        if op.is_custom or len(op.outputs) != 1 or op.outputs[0] in values:
            continue
        first = values.get(op.inputs[0]) if op.inputs and op.inputs[0] is not None else None
        left -= 0 if first is None else _expected(op, first)
        if left <= 0:
            return
        with np.errstate(all="ignore"):
            made = None if first is None else forward(op, values, cut)
            if made is None:
                continue
            clip = clip_of(op)
            values[op.outputs[0]] = made if clip == (None, None) else np.clip(made, *clip)
        yield op, made


def _is_own(graph: Graph, op: Op) -> bool:
    """False where the range of an op's output may be, or is, also that of another value, or mixes no values at all."""
    bounds = ends(op.outputs[0]) or (0.0, 0.0)
    if op.kind == "ADD" and any(each is not None and each.is_constant for each in op.inputs):
        return False
    moved = [op.outputs[0]]
    for tensor in moved:
        for reader in graph.consumers(tensor):
            if reader.kind in _FORCED:
                return False
            moved += reader.outputs[:1] if reader.kind in _MOVES and len(moved) < 16 else ()
    for reader in graph.consumers(op.outputs[0]):
        over = ends(reader.outputs[0]) if reader.kind in _IN_PLACE and reader.outputs else None
        if over is not None and abs(over[1] - bounds[1]) < 0.01 * (bounds[1] - bounds[0]):
            return False
    return True


def clip_of(op: Op) -> tuple[float | None, float | None]:
    """The bounds of an op's fused activation function."""
    name = op.kind if op.kind in _CLIPS else str(op.options.get("fused_activation_function"))
    return _CLIPS.get(name, (None, None))


def _deviations(share: float) -> float:
    """How many standard deviations of a normal distribution leave this share above."""
    low, high = 0.0, 8.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if _above(middle) > share else (low, middle)
    return low


def _below(deviations: float) -> float:
    """The share of a normal distribution below so many standard deviations."""
    return 1 - _above(deviations)


def _above(deviations: float) -> float:
    return 0.5 * erfc(deviations / sqrt(2))


def _expected(op: Op, x: NDArray[Any]) -> int:
    """The multiplications of an op on these samples, before its strides are thought of."""
    weights = op.input(1)
    if op.kind in WEIGHTED and weights is not None and len(weights.data or b"") > _BYTES_OF_WEIGHTS:
        return _WORK
    out = op.outputs[0].default_shape
    known = len(out) == x.ndim and 0 < prod(out[1:]) <= prod(x.shape[1:-1]) * max(out[-1], 1)
    return len(x) * cost(op, out if known else (1, *x.shape[1:]))


def cost(op: Op, shape: tuple[int, ...]) -> int:
    """The multiplications of an op on one sample that gives a result of this shape, and about as many a value."""
    weights = op.input(1)
    size = len(weights.data or b"") if op.kind in WEIGHTED and weights is not None else 0
    return (size + 16) * prod(shape[1:-1]) + 4 * prod(shape[1:])


def samples_within(graph: Graph, work: int) -> int:
    """How many samples the first layers can be tried with for so many multiplications."""
    ops = (op for op in graph.ops[:_OPS] if op.outputs and len(op.outputs[0].default_shape) > 1)
    return work // max(1, sum(cost(op, op.outputs[0].default_shape) for op in ops))
