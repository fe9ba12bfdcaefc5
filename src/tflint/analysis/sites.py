"""The constants of a model where its ops read them: what is compared with another model's."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

from tflint.analysis.weights import readable
from tflint.model import DType, Format, Graph, Model, Op, Tensor
from tflint.tensor import give_back

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["BIASES", "LEAST", "PRODUCTS", "Site", "constant_of", "places", "sampled", "sites"]

BIASES: Mapping[str, tuple[int, ...]] = {
    "CONV_2D": (2,),
    "DEPTHWISE_CONV_2D": (2,),
    "FULLY_CONNECTED": (2,),
    "TRANSPOSE_CONV": (3,),
    "CONV_3D": (2,),
    "CONV_3D_TRANSPOSE": (3,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(12, 16)),
    "LSTM": tuple(range(12, 16)),
}
"""Op -> the slots of its biases.

Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,fully_connected,transpose_conv,conv3d,conv3d_transpose,
unidirectional_sequence_lstm,lstm}.cc.
"""
PRODUCTS = frozenset(BIASES) | {"BATCH_MATMUL", "EMBEDDING_LOOKUP", "GATHER", "SVDF", "RNN"}
"""What reads weights."""
_NUMBERS = frozenset(
    {DType.FLOAT32, DType.FLOAT16, DType.FLOAT64}
    | {DType.INT8, DType.UINT8, DType.INT16, DType.INT4, DType.UINT4, DType.INT2}
)
_UNPACKING = frozenset({"DEQUANTIZE", "QUANTIZE"})
LEAST = 16
"""Fewer elements than this say too little to know a constant by."""
_SAMPLE = 512
"""So many elements of a constant are looked at to know it again."""
_MOST_DIMENSIONS = 8


@dataclass(frozen=True, eq=False)
class Site:
    """A constant, and an op that reads it; `order` are its dimensions in the order that all layouts share.

    `stored` is the tensor that stands for all those with the same bytes.
    """

    graph: Graph
    tensor: Tensor
    stored: Tensor
    op: Op
    slot: int
    order: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes in the common order, without leading ones."""
        sizes = [self.tensor.default_shape[axis] for axis in self.order]
        while sizes and sizes[0] == 1:
            sizes.pop(0)
        return tuple(sizes)

    @property
    def bias(self) -> Tensor | None:
        """The bias that is added to the op's products with this constant; None where there is none in the file.

        What is larger than the constant itself is none.
        """
        slots = BIASES.get(self.op.kind, ())
        bias = constant_of(self.graph, self.op, slots[0]) if len(slots) == 1 else None
        return bias if bias is not None and bias.elements <= self.tensor.elements else None

    @property
    def form(self) -> tuple[int, ...]:
        """The sizes in the common order, without those that are 1."""
        return tuple(size for size in self.shape if size != 1)

    def in_order(self) -> NDArray[Any] | None:
        """The values as they are stored, in the common order; None where they cannot be read."""
        values = self.tensor.array()
        return None if values is None else values.transpose(self.order)

    @property
    def place(self) -> Hashable:
        """What stays the same from one conversion to the next."""
        return (self.op.graph_index, self.op.kind, self.slot, self.shape)


def sites(model: Model) -> Iterator[Site]:
    """The constants of numbers that the ops of a model read, in execution order; biases are left out.

    A constant that is widened or narrowed first belongs to the op that reads the result.
    """
    if model.format is not Format.TFLITE:
        return
    stands_for = readable(model)
    for graph in model.graphs:
        for op in graph.ops if graph.intact else ():
            if op.kind in _UNPACKING:
                continue
            for slot in range(len(op.inputs)):
                tensor = constant_of(graph, op, slot)
                stored = None if tensor is None else stands_for.get(tensor)
                if tensor is None or stored is None or slot in BIASES.get(op.kind, ()):
                    continue
                if tensor.dtype in _NUMBERS and tensor.elements >= LEAST and _is_readable(tensor):
                    yield Site(graph, tensor, stored, op, slot, _order(op, slot, len(tensor.default_shape)))


def constant_of(graph: Graph, op: Op, slot: int) -> Tensor | None:
    """The constant that an op reads in a slot, as it is stored; None where that is no constant."""
    tensor = op.input(slot)
    for _ in range(2):  # QUANTIZE and DEQUANTIZE in a row
        if tensor is None or tensor.is_constant:
            return tensor
        maker = graph.producer(tensor)
        if maker is None or maker.kind not in _UNPACKING:
            return None
        tensor = maker.input(0)
    return tensor if tensor is not None and tensor.is_constant else None


def sampled(site: Site) -> NDArray[numpy.float64]:
    """The real values at some places of a constant, spread over it; at the same places for all of one shape."""
    import numpy as np

    tensor, shape = site.tensor, site.shape
    values = tensor.array()
    assert values is not None, "sites are of constants that can be read"
    at = np.unravel_index(places(tensor.elements), shape)
    full = (np.zeros(at[0].size, np.intp),) * (values.ndim - len(shape)) + tuple(at)
    index: list[Any] = [None] * values.ndim
    for position, axis in enumerate(site.order):
        index[axis] = full[position]
    with np.errstate(all="ignore"):
        found: NDArray[numpy.float64] = values[tuple(index)].astype(np.float64)
        if not tensor.dtype.is_float and tensor.quant is not None:
            along = index[tensor.quant.stored_axis] if tensor.quant.scale.size > 1 else 0
            points = tensor.quant.zero_point
            found -= points[along if points.size > 1 else 0] if points.size else 0
            found *= tensor.quant.scale[along]
    give_back(tensor, 0, values.nbytes)
    found[~np.isfinite(found)] = 0
    return found


def places(elements: int) -> NDArray[numpy.intp]:
    """The numbers of the elements that are looked at, of so many."""
    import numpy as np

    if elements <= _SAMPLE:
        return np.arange(elements)
    stride = int(elements * 0.6180339887)
    while gcd(stride, elements) > 1:
        stride += 1
    return np.array([number * stride % elements for number in range(_SAMPLE)], np.intp)


def _is_readable(tensor: Tensor) -> bool:
    """Whether there are values, and they mean numbers in a way that is known."""
    need, quant = tensor.nbytes, tensor.quant
    if tensor.data is None or tensor.sparsity is not None or need is None or len(tensor.data) < need:
        return False
    if len(tensor.default_shape) > _MOST_DIMENSIONS:
        return False
    if tensor.dtype.is_float:
        return True
    if quant is None or quant.details is not None or not quant.scale.size:
        return False
    if quant.zero_point.size not in (0, 1, quant.scale.size):
        return False
    if quant.scale.size == 1:
        return True
    axis = quant.stored_axis
    return 0 <= axis < len(tensor.default_shape) and tensor.default_shape[axis] == quant.scale.size


def _order(op: Op, slot: int, rank: int) -> tuple[int, ...]:
    """The dimensions of a constant in the order of FULLY_CONNECTED's weights, outputs first."""
    order = list(range(rank))
    if op.kind == "BATCH_MATMUL" and slot == 1 and rank >= 2 and not op.options.get("adj_y"):
        order[-2:] = order[:-3:-1]
    return tuple(order)
