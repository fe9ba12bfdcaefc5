"""What the first ops and layers of a model say of the values that it takes.

Source: Keras 3.15.1, src/layers/preprocessing/{rescaling,normalization}.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.compare.spans import LEVELS, NEAR, Span, as_span, is_near
from tflint.model import Graph, Op, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["SAME", "constant", "prepared"]

_DEEPEST = 32
"""So many ops behind an input are looked at."""
_MOST_VALUES = 1 << 16
"""No larger constant is a part of a preparation."""
SAME: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(
        "CAST EXPAND_DIMS SQUEEZE RESHAPE TRANSPOSE PAD PADV2 MIRROR_PAD RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR "
        "DEQUANTIZE QUANTIZE Cast ExpandDims Squeeze Reshape Transpose Pad PadV2 MirrorPad ResizeBilinear "
        "ResizeNearestNeighbor Identity StopGradient PreventGradient PlaceholderWithDefault Snapshot "
        "InputLayer Flatten Permute Dropout GaussianNoise GaussianDropout SpatialDropout1D SpatialDropout2D "
        "Resizing CenterCrop ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D".split(),
        (0,),
    )
}
"""Op or layer -> the inputs that it hands on, so that what follows says something of the values of them."""
_ARITHMETIC = {
    **dict.fromkeys(("ADD", "Add", "AddV2"), "+"),
    **dict.fromkeys(("SUB", "Sub"), "-"),
    **dict.fromkeys(("MUL", "Mul"), "*"),
    **dict.fromkeys(("DIV", "Div", "RealDiv"), "/"),
}
_NORMAL = {"Normalization": ("mean", "variance"), "BatchNormalization": ("moving_mean", "moving_variance")}
"""Layer -> what it calls the mean and the variance of what it takes."""


@dataclass(frozen=True, eq=False)
class _Step:
    """What an op does to what it takes: y = factor * x + offset. `is_layer` says that it is there to prepare inputs."""

    factor: NDArray[numpy.float64]
    offset: NDArray[numpy.float64]
    is_layer: bool = False
    is_normal: bool = False
    """Its results have a mean of 0 and a deviation of 1."""


def prepared(graph: Graph, tensor: Tensor, by: str) -> Span | None:
    """The range that the first ops of a graph bring to one that layers like; `by` says whose ops they are."""
    import numpy as np

    value, factor, offset = tensor, np.ones(()), np.zeros(())
    kinds: list[str] = []
    last: _Step | None = None
    for _ in range(_DEEPEST):
        op, step = _next(graph, value)
        if op is None:
            break
        value = op.outputs[0]
        if step is None:
            continue
        try:
            with np.errstate(all="ignore"):
                factor, offset = factor * step.factor, offset * step.factor + step.offset
        except ValueError:  # one for each of the entries of a dimension, and then of another one
            break
        kinds.append("scale" if (step.factor != 1).any() else "shift")
        last = step
        if step.is_normal:
            break
        found = _levels(factor, offset, "rescaled" if step.is_layer else by)
        if found is not None:
            return found
    if last is None or _is_flat(factor):
        return None
    return _guessed(factor, offset, last, kinds, tensor, by)


def _guessed(
    factor: NDArray[Any], offset: NDArray[Any], last: _Step, kinds: list[str], tensor: Tensor, by: str
) -> Span | None:
    """The range behind y = factor * x + offset, which are no levels of grey."""
    if last.is_layer and not last.is_normal and factor.size == 1 and offset.size == 1:
        targets = ((0, 1), (-1, 1), (-0.5, 0.5)) if abs(factor) < 1 else ((0, 255), (-127.5, 127.5), (-1, 1))
        for target in targets:
            low, high = _back(factor, offset, *target)
            if min(abs(low), abs(low + high)) <= NEAR * (high - low):
                return as_span(low, high, "rescaled")
        return as_span(*_back(factor, offset, *targets[1]), "rescaled")
    if not last.is_layer and kinds[:2] != ["shift", "scale"] and (len(set(kinds)) < 2 or factor.size == 1):
        return None
    told = "normalized" if last.is_layer else by
    low, high = _back(factor, offset, -3.0, 3.0)
    grey = _grey(low, high, tensor)
    if grey is not None:
        return as_span(0.0, grey, told)
    channels = tensor.shape[-1] if tensor.has_rank and tensor.shape else None
    if low.ndim and low.size != channels:
        low, high = low.min(), high.max()
    return as_span(low, high, told, 3.0)


def _grey(low: NDArray[Any], high: NDArray[Any], tensor: Tensor) -> float | None:
    """The largest value of photographs, 1 or 255, where three deviations around their mean are this range."""
    import numpy as np

    if len(tensor.shape) != 4 or tensor.shape[-1] not in (3, 4) or not np.isfinite(low).all():
        return None
    mean = (low + high) / 2
    for level in (1.0, 255.0):
        if (mean > 0.15 * level).all() and (mean < 0.85 * level).all() and low.min() < 0.1 * level < high.max():
            return level if high.max() > 0.85 * level else None
    return None


def _levels(factor: NDArray[Any], offset: NDArray[Any], by: str) -> Span | None:
    """The range 0 to 255 where that is what becomes 0 to 1 or -1 to 1; 0 to 1 where that becomes -1 to 1."""
    if factor.size != 1 or offset.size != 1 or _is_flat(factor):
        return None
    for target in ((0, 1), (-1, 1), (-0.5, 0.5)):
        low, high = _back(factor, offset, *target)
        if abs(low) <= NEAR * abs(high) and (is_near(high, *LEVELS) or (target == (-1, 1) and is_near(high, 1.0))):
            return as_span(0.0, 255.0 if high > 2 else 1.0, by)
    return None


def _back(factor: NDArray[Any], offset: NDArray[Any], low: float, high: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """What becomes these values, the smaller first."""
    import numpy as np

    with np.errstate(all="ignore"):
        ends = (low - offset) / factor, (high - offset) / factor
    return np.minimum(*ends), np.maximum(*ends)


def _is_flat(factor: NDArray[Any]) -> bool:
    import numpy as np

    return not (np.isfinite(factor).all() and (factor != 0).all())


def _next(graph: Graph, value: Tensor) -> tuple[Op | None, _Step | None]:
    """The op that a value goes through next and what it does to it; no step where it hands it on."""
    for op in graph.consumers(value)[:16]:
        if len(op.outputs) != 1 or op.outputs[0] is value or (op.is_custom and op.kind not in SAME):
            continue
        slots = [slot for slot, each in enumerate(op.inputs) if each is value]
        step = _step(graph, op, slots[0]) if len(slots) == 1 else None
        if step is not None:
            return op, step
        if slots[0] in SAME.get(op.kind, ()) or op.kind.startswith("Random"):
            return op, None
    return None, None


def _step(graph: Graph, op: Op, slot: int) -> _Step | None:
    """What an op or a layer multiplies with and adds; None where it does anything else."""
    import numpy as np

    if op.kind == "Rescaling":
        found = _numbers(op.options.get("scale", 1.0)), _numbers(op.options.get("offset", 0.0))
        return None if found[0] is None or found[1] is None else _Step(found[0], found[1], is_layer=True)
    if op.kind in _NORMAL:
        return _normalization(op)
    kind = _ARITHMETIC.get(op.kind)
    if kind is None or len(op.inputs) != 2:
        return None
    other = constant(graph, op.input(1 - slot))
    if other is None or other.dtype.kind != "f" or not _is_vector(other) or (kind in "-/" and slot == 1):
        return None
    by = other.reshape(-1).astype(np.float64) if other.size > 1 else other.reshape(()).astype(np.float64)
    one, zero = np.ones(()), np.zeros(())
    with np.errstate(all="ignore"):
        return {"+": _Step(one, by), "-": _Step(one, -by), "*": _Step(by, zero), "/": _Step(1 / by, zero)}[kind]


def _normalization(op: Op) -> _Step | None:
    """What a layer does that normalizes, by what it has learned or was told; what it learned to make of it left out."""
    import numpy as np

    held = {weight.name.rpartition("/")[2].partition(":")[0]: weight for weight in op.weights}
    mean, variance = (
        _numbers(op.options.get(name)) if name not in held else _stored(held[name]) for name in _NORMAL[op.kind]
    )
    if mean is None or variance is None or op.options.get("invert"):
        return None
    mean, variance = (each.reshape(-1 if each.size > 1 else ()) for each in (mean, variance))
    if mean.ndim and variance.ndim and mean.size != variance.size:
        return None
    with np.errstate(all="ignore"):
        deviation = np.maximum(np.sqrt(variance), 1e-7)
        return _Step(1 / deviation, -mean / deviation, is_layer=True, is_normal=True)


def _numbers(value: Any) -> NDArray[numpy.float64] | None:
    """Numbers of a configuration, flat; None where they are none."""
    import numpy as np

    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    if value is None or isinstance(value, str | bool) or not 0 < found.size <= _MOST_VALUES:
        return None
    return found.reshape(-1) if found.size > 1 else found.reshape(())


def _stored(weight: Tensor) -> NDArray[numpy.float64] | None:
    import numpy as np

    found = weight.array() if weight.elements <= _MOST_VALUES else None
    return None if found is None or not found.size or found.dtype.kind not in "fiu" else found.astype(np.float64)


def _is_vector(values: NDArray[Any]) -> bool:
    """Whether there is one value, or one for each entry of the last dimension."""
    return values.size == 1 or (values.ndim > 0 and values.shape[-1] == values.size)


def constant(graph: Graph, tensor: Tensor | None, depth: int = 0) -> NDArray[Any] | None:
    """What a small value holds that is constant, or made of constants in the few ways of a normalization."""
    import numpy as np

    if tensor is None or depth > 6:
        return None
    if tensor.is_constant:
        found = tensor.array() if tensor.elements <= _MOST_VALUES else None
        return found if found is not None and found.size else None
    op = graph.producer(tensor)
    if op is None or op.kind not in {"Sqrt", "Rsqrt", "Maximum", "Identity", "ReadVariableOp"}:
        return None
    held = [constant(graph, each, depth + 1) for each in op.inputs]
    given = [each for each in held if each is not None and each.dtype.kind == "f"]
    if len(given) != len(held) or len(given) != (2 if op.kind == "Maximum" else 1):
        return None
    try:
        with np.errstate(all="ignore"):
            ways: Mapping[str, Callable[[], NDArray[Any]]] = {
                "Sqrt": lambda: np.sqrt(given[0]),
                "Rsqrt": lambda: 1 / np.sqrt(given[0]),
                "Maximum": lambda: np.maximum(given[0], given[1]),
            }
            return ways[op.kind]() if op.kind in ways else given[0]
    except ValueError:
        return None
