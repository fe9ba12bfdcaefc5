"""What a source does to the channels of a layer after its kernel: a factor and an addend, as a converter folds them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.model import Graph, Op, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Affine", "after", "before", "constant_of_source", "value"]

_LONGEST = 12
"""So many ops are followed from a kernel to what is done to its channels."""
_DEEPEST = 10
_MOST_ELEMENTS = 1 << 16
_SAME = frozenset({
    "Identity", "Reshape", "Squeeze", "ExpandDims", "BatchToSpaceND", "Cast", "ReadVariableOp", "StopGradient",
    "Snapshot", "PreventGradient", "CheckNumerics",
})  # fmt: skip
"""Nodes that leave the numbers and their channels as they are."""
_SAME_LAYERS = frozenset({"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise",
                          "GaussianDropout", "AlphaDropout", "ActivityRegularization", "Identity"})  # fmt: skip
_FUSED = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
_EPSILON = 1e-4
"""What FusedBatchNorm has where the node does not say."""
_LAYER_EPSILON = 1e-3
"""What BatchNormalization has where its configuration does not say."""
_ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("Add", "AddV2", "BiasAdd"), operator.add),
    **dict.fromkeys(("RealDiv", "Div"), operator.truediv),
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Neg": operator.neg,
    "Rsqrt": lambda a: a**-0.5,
    "Sqrt": lambda a: a**0.5,
    "Square": lambda a: a * a,
}


@dataclass(frozen=True, eq=False)
class Affine:
    """x * factor + addend, of each channel. Either may be one number for all."""

    factor: NDArray[numpy.float64]
    addend: NDArray[numpy.float64]
    is_batch_norm: bool = False
    """Whether a batch normalization is in it."""

    def then(self, later: Affine) -> Affine:
        """This, and `later` after it."""
        return Affine(
            self.factor * later.factor,
            self.addend * later.factor + later.addend,
            self.is_batch_norm or later.is_batch_norm,
        )


def after(graph: Graph, op: Op, channels: int) -> Iterator[tuple[Op, Affine]]:
    """What the ops after one do to its channels: each op that does something, and all that was done until then."""
    import numpy as np

    done = Affine(np.ones(1), np.zeros(1))
    with np.errstate(all="ignore"):
        for _ in range(_LONGEST):
            readers = graph.consumers(op.outputs[0]) if len(op.outputs) >= 1 else ()
            if len(readers) != 1 or not _is_linear(op):
                return
            data = op.outputs[0]
            op = readers[0]
            step = _step(graph, op, data, channels)
            if step is None and not _passes(op):
                return
            if step is not None:
                done = done.then(step)
                yield op, done


def before(graph: Graph, op: Op, slot: int = 0) -> float | None:
    """The number that the inputs of an op are multiplied with; None where there is none, or not one for all."""
    data = op.input(slot)
    for _ in range(4):
        maker = None if data is None else graph.producer(data)
        if maker is None or data is None:
            return None
        if maker.kind == "Rescaling":
            scale = maker.options.get("scale")
            return float(scale) if isinstance(scale, int | float) else None
        if maker.kind in {"Mul", "RealDiv"}:
            sides = [value(graph, tensor) for tensor in maker.inputs]
            found = [side for side in sides if side is not None and side.size == 1]
            factor = float(found[0].reshape(-1)[0]) if len(found) == 1 else 0.0
            return (factor if maker.kind == "Mul" else 1 / factor) if factor else None
        if maker.kind not in {"Add", "AddV2", "Sub", "Cast", "Identity", "ZeroPadding2D", "Pad"}:
            return None
        data = next((tensor for tensor in maker.inputs if tensor is not None and value(graph, tensor) is None), None)
    return None


def constant_of_source(graph: Graph, tensor: Tensor | None) -> Tensor | None:
    """The stored constant that a node of a source reads, past what changes only its shape."""
    for _ in range(_DEEPEST):
        if tensor is None or tensor.data is not None:
            return tensor
        maker = graph.producer(tensor)
        if maker is None or maker.kind not in _SAME | {"Transpose"}:
            return None
        tensor = maker.input(0)
    return None


def value(graph: Graph, tensor: Tensor | None, depth: int = 0) -> NDArray[numpy.float64] | None:
    """The value of a small tensor that depends on nothing but constants; None where it is not known."""
    if tensor is None or depth > _DEEPEST:
        return None
    import numpy as np

    if tensor.data is not None:
        array = tensor.array() if tensor.elements <= _MOST_ELEMENTS else None
        return None if array is None or array.dtype.kind not in "fiu" else array.astype(np.float64)
    maker = graph.producer(tensor)
    if maker is None:
        return None
    if maker.kind in _SAME:
        held = value(graph, maker.input(0), depth + 1)
        return held if held is None or held.size > 1 or maker.kind != "Reshape" else held.reshape(-1)
    function = _ELEMENTWISE.get(maker.kind)
    if function is None:
        return None
    sides = [value(graph, each, depth + 1) for each in maker.inputs]
    if any(side is None for side in sides) or not 1 <= len(sides) <= 2:
        return None
    try:
        made = np.asarray(function(*sides), np.float64)
    except (ValueError, TypeError):  # shapes that do not fit, inputs that are missing
        return None
    return made if made.size <= _MOST_ELEMENTS else None


def _passes(op: Op) -> bool:
    return op.kind in _SAME or op.kind in _SAME_LAYERS or (op.kind == "Activation" and _is_linear(op))


def _is_linear(op: Op) -> bool:
    """Whether a layer applies no activation of its own to what it gives."""
    return op.options.get("activation") in (None, "linear")


def _step(graph: Graph, op: Op, data: Tensor, channels: int) -> Affine | None:
    """What one op does to the channels of its input `data`; None where it is nothing that can be folded."""
    if op.kind in {"BatchNormalization", "SyncBatchNormalization"} and op.weights:
        return _batch_norm_layer(op, channels)
    if op.kind == "Rescaling":
        return _numbers(op.options.get("scale", 1), op.options.get("offset", 0), channels)
    if op.kind in _FUSED:
        parts = [value(graph, op.input(slot)) for slot in range(1, 5)]
        epsilon = op.options.get("epsilon", _EPSILON)
        return None if op.options.get("is_training") else _normalised(parts, epsilon, channels)
    if op.kind not in {"Add", "AddV2", "BiasAdd", "Sub", "Mul", "RealDiv"} or len(op.inputs) != 2:
        return None
    side = 0 if op.inputs[1] is data else 1
    other = value(graph, op.inputs[side])
    if other is None or other.size not in (1, channels) or (side == 0 and op.kind in {"Sub", "RealDiv"}):
        return None
    return _one(op.kind, other.reshape(-1))


def _one(kind: str, other: NDArray[numpy.float64]) -> Affine:
    import numpy as np

    if kind in {"Mul", "RealDiv"}:
        return Affine(other if kind == "Mul" else 1 / other, np.zeros(1))
    return Affine(np.ones(1), -other if kind == "Sub" else other)


def _numbers(scale: Any, offset: Any, channels: int) -> Affine | None:
    import numpy as np

    try:
        factor, addend = (np.asarray(each, np.float64).reshape(-1) for each in (scale, offset))
    except (ValueError, TypeError):
        return None
    return Affine(factor, addend) if factor.size in (1, channels) and addend.size in (1, channels) else None


def _batch_norm_layer(op: Op, channels: int) -> Affine | None:
    """What a batch normalization does when it is not trained."""
    import numpy as np

    held = {weight.name.rpartition("/")[2]: weight.array() for weight in op.weights}
    gamma, beta, mean, variance = (held.get(name) for name in ("gamma", "beta", "moving_mean", "moving_variance"))
    gamma = np.ones(channels) if gamma is None else gamma
    beta = np.zeros(channels) if beta is None else beta
    parts = [gamma, beta, mean, variance]
    return _normalised(parts, op.options.get("epsilon", _LAYER_EPSILON), channels)


def _normalised(parts: list[Any], epsilon: Any, channels: int) -> Affine | None:
    import numpy as np

    if any(part is None or part.size != channels for part in parts) or not isinstance(epsilon, int | float):
        return None
    gamma, beta, mean, variance = (np.asarray(part, np.float64).reshape(-1) for part in parts)
    factor = gamma / np.sqrt(variance + epsilon)
    return Affine(factor, beta - mean * factor, is_batch_norm=True)
