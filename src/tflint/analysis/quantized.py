"""The quantization parameters of a model: all of them at once, and which op reads those of which tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tflint.model import DType, Graph, Model, Op, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["LEAST_SCALE", "Parameters", "ScaleRead", "bad_channels", "parameters", "scale_reads"]

LEAST_SCALE = 2.0**-126
"""The smallest normal float32: XNNPACK takes no scale below it, and what is divided by a smaller one overflows.

Source: LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, CheckTensorQuantization and its callers.
"""

_WEIGHT_AXIS = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 3,
    "TRANSPOSE_CONV": 0,
    "FULLY_CONNECTED": 0,
    "EMBEDDING_LOOKUP": 0,
}
"""Op -> the dimension of its weights, input 1, along which its kernel takes a scale each.

Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,embedding_lookup}.cc, and
tflite/converter/tools/optimize/operator_property.cc.
"""

_RANGES = {
    dtype: (dtype.integer_range if (dtype.bits or 64) <= 32 else None) or (-(2**63), 2**63 - 1) for dtype in DType
}
"""The zero points that a type holds: all that the file can say where it is wider than 32 bits, or not an integer."""
_I8, _U8, _I16 = DType.INT8, DType.UINT8, DType.INT16
_WEIGHTS = frozenset({_I8, _U8, DType.INT4, DType.INT2})
_CONV = ((0,), (0,), frozenset({_I8, _U8, _I16}))
_COMPARE = ((0, 1), (), frozenset({_I8, _U8}))
_UNARY = {
    "ABS": {_I8},
    "ELU": {_I8},
    "EXP": {_I8, _I16},
    "GELU": {_I8, _U8, _I16},
    "HARD_SWISH": {_I8, _U8},
    "LEAKY_RELU": {_I8, _U8, _I16},
    "LOG": {_I8, _I16},
    "LOGISTIC": {_I8, _U8, _I16},
    "LOG_SOFTMAX": {_I8, _U8},
    "QUANTIZE": {_I8, _U8, _I16},
    "RELU": {_I8, _U8, _I16},
    "RELU6": {_I8, _U8, _I16},
    "RSQRT": {_I8, _I16},
    "SOFTMAX": {_I8, _U8, _I16},
    "SQRT": {_I8, _I16},
    "TANH": {_I8, _U8, _I16},
}
_READS: dict[str, tuple[tuple[int, ...], tuple[int, ...], frozenset[DType]]] = {
    **{kind: ((0,), (0,), frozenset(dtypes)) for kind, dtypes in _UNARY.items()},
    **dict.fromkeys("EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL".split(), _COMPARE),
    **dict.fromkeys("CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED".split(), _CONV),
    "TRANSPOSE_CONV": ((2,), (0,), frozenset({_I8, _U8, _I16})),
    "BATCH_MATMUL": ((0, 1), (0,), frozenset({_I8, _I16})),
    "ADD": ((0, 1), (0,), frozenset({_I8, _U8})),
    "SUB": ((0, 1), (0,), frozenset({_I8, _U8, _I16})),
    "MUL": ((0, 1), (0,), frozenset({_I8, _U8})),
    "SQUARED_DIFFERENCE": ((0, 1), (0,), frozenset({_I8})),
    "L2_NORMALIZATION": ((), (0,), frozenset({_I8, _U8})),
    "DEQUANTIZE": ((0,), (), frozenset({_I8, _U8, _I16})),
}
"""Op -> the inputs and outputs whose one scale its kernel computes with, where they are of one of these types.

Without a scale the kernel refuses the model, ends the process, or gives the same numbers whatever the input. Other
types of the same op, and other ops, work on plain integers too.

Source: LiteRT f67457790, the kernels of these ops in tflite/kernels; each entry run with ai-edge-litert 2.3.0, with
and without scales.
"""


class ScaleRead(NamedTuple):
    """A kernel's use of a tensor's scale; `axis` is where it may have several, None where it has to be one."""

    op: Op
    tensor: Tensor
    axis: int | None


@dataclass(frozen=True, eq=False)
class Parameters:
    """The affine parameters of the tensors of all intact graphs, in one array each."""

    tensors: tuple[Tensor, ...]
    scales: NDArray[numpy.float32]
    zero_points: NDArray[numpy.int64]

    @cached_property
    def degenerate(self) -> tuple[Tensor, ...]:
        """The tensors with a scale that is not a positive, finite, normal number."""
        return self._owners(_degenerate(self.scales), _scale)

    def smaller_than(self, limit: float) -> tuple[Tensor, ...]:
        """The tensors with a proper scale below a limit."""
        chosen = (self.scales >= LEAST_SCALE) & (self.scales < limit)
        return self._owners(chosen, _scale)

    @cached_property
    def out_of_range(self) -> tuple[Tensor, ...]:
        """The tensors of integers with a zero point that their type does not hold; each holds 0."""
        import numpy as np

        places = np.flatnonzero(self.zero_points)
        owners = self._owner(places, _zero_point)
        least, most = np.array([_RANGES[tensor.dtype] for tensor in self.tensors], np.int64).reshape(-1, 2)[owners].T
        points = self.zero_points[places]
        outside = owners[(points < least) | (points > most)].tolist()
        return tuple(self.tensors[owner] for owner in dict.fromkeys(outside))

    def _owners(self, chosen: NDArray[Any], part: Callable[[Tensor], NDArray[Any]]) -> tuple[Tensor, ...]:
        """The tensors that have a chosen scale, or zero point."""
        import numpy as np

        places = np.flatnonzero(chosen)
        owners = self._owner(places, part).tolist() if places.size else ()
        return tuple(self.tensors[owner] for owner in dict.fromkeys(owners))

    def _owner(self, places: NDArray[Any], part: Callable[[Tensor], NDArray[Any]]) -> NDArray[Any]:
        """The number of the tensor that each place in the array of scales, or of zero points, belongs to."""
        import numpy as np

        return np.searchsorted(np.cumsum([part(tensor).size for tensor in self.tensors]), places, side="right")


def parameters(model: Model) -> Parameters:
    """The affine parameters of a model. Tensors of the newer schemes, blockwise and others, have none."""
    import numpy as np

    tensors = [
        tensor
        for graph in model.graphs
        if graph.intact
        for tensor in graph.tensors
        if tensor.quant is not None and tensor.quant.details is None
    ]
    scales = [_scale(tensor) for tensor in tensors]
    zero_points = [_zero_point(tensor) for tensor in tensors]
    return Parameters(
        tuple(tensors),
        np.concatenate(scales) if scales else np.empty(0, np.float32),
        np.concatenate(zero_points) if zero_points else np.empty(0, np.int64),
    )


def scale_reads(graph: Graph) -> tuple[ScaleRead, ...]:
    """Each use of a scale that a kernel cannot do without, in execution order; ask with `ctx.once(scale_reads, …)`."""
    return tuple(_reads(graph))


def _reads(graph: Graph) -> Iterator[ScaleRead]:
    for op in graph.ops:
        if op.kind not in _READS and op.kind not in _WEIGHT_AXIS:
            continue
        weights = op.input(1) if op.kind in _WEIGHT_AXIS and not op.is_custom else None
        if weights is not None and _are_scaled(op, weights):
            yield ScaleRead(op, weights, _WEIGHT_AXIS[op.kind])
        if op.kind in _READS and not op.is_custom:
            for tensor in _read_whole(op):
                yield ScaleRead(op, tensor, None)


def _read_whole(op: Op) -> list[Tensor]:
    """The tensors whose one scale a kernel computes with."""
    ins, outs, dtypes = _READS[op.kind]
    written = [op.outputs[slot] for slot in outs if slot < len(op.outputs) and op.outputs[slot].dtype in dtypes]
    if op.kind == "BATCH_MATMUL" and not any(tensor.dtype in dtypes for tensor in op.outputs):
        return []  # 8-bit factors with a 32-bit product are plain integers
    given = (op.inputs[slot] for slot in ins if slot < len(op.inputs))
    return [tensor for tensor in given if tensor is not None and tensor.dtype in dtypes] + written


def _are_scaled(op: Op, weights: Tensor) -> bool:
    """True where weights are integers that the kernel scales: a lookup may also hand them on as they are."""
    if weights.dtype not in _WEIGHTS:
        return False
    return op.kind != "EMBEDDING_LOOKUP" or any(tensor.dtype is DType.FLOAT32 for tensor in op.outputs)


def bad_channels(tensor: Tensor) -> tuple[int, ...]:
    """The channels whose scale is not a positive, finite, normal number, as their positions.

    Weights that are all 0 mean the same under a scale of next to 0: such channels are left out.
    """
    import numpy as np

    scale = _scale(tensor)
    bad = _degenerate(scale)
    vanishing = bad & (abs(scale) < LEAST_SCALE)
    if vanishing.any():
        bad &= ~vanishing | _used(tensor)
    return tuple(np.flatnonzero(bad).tolist())


def _degenerate(scales: NDArray[Any]) -> NDArray[Any]:
    """A mask that is True also for what does not compare, NaN."""
    import numpy as np

    return np.asarray(~((scales >= LEAST_SCALE) & (scales < np.inf)))


def _used(tensor: Tensor) -> NDArray[Any]:
    """For each scale of a tensor, or for all of them, whether it may scale anything but zeros."""
    import numpy as np

    scales, axis = _scale(tensor).size, tensor.quant.stored_axis if tensor.quant is not None else 0
    values = tensor.array() if tensor.is_constant else None
    if values is None:
        return np.asarray(True)
    if scales == 1:
        return np.asarray(values.any())
    if not 0 <= axis < values.ndim or values.shape[axis] != scales:
        return np.asarray(True)
    return np.asarray(values.any(axis=tuple(each for each in range(values.ndim) if each != axis)))


def _scale(tensor: Tensor) -> NDArray[numpy.float32]:
    assert tensor.quant is not None
    return tensor.quant.scale


def _zero_point(tensor: Tensor) -> NDArray[numpy.int64]:
    assert tensor.quant is not None
    return tensor.quant.zero_point
