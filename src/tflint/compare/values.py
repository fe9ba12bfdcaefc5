"""Values of tensors as numbers, and as a model takes and gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tflint.comparison import Feed
from tflint.model import DType, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Affine", "Fed", "affine", "decoded", "encoded", "on_grid", "step_of"]

_QUANTIZED = frozenset({DType.INT8, DType.UINT8, DType.INT16})
_LARGEST_SCALE = 2.0**80
"""What is computed with a larger one overflows."""


@dataclass(frozen=True, eq=False)
class Fed:
    """Values for all inputs of a model's first graph, in their order.

    They are real numbers where the input is floating point or quantized, else what the input holds: integers, truth
    values, bytes.
    """

    feed: Feed
    values: tuple[NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class Affine:
    """The one quantization of a tensor of 8 or 16 bits: real = scale * (q - zero_point).

    Both are float64, of one entry or of one for each slice along `axis`; they are whole and finite, scales positive.
    """

    scale: NDArray[numpy.float64]
    zero_point: NDArray[numpy.float64]
    axis: int | None

    def fit(self, shape: tuple[int, ...]) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Scales and zero points as they meet an array of this shape; None where they do not."""
        if self.axis is None:
            return self.scale.reshape(()), self.zero_point.reshape(())
        if self.axis >= len(shape) or shape[self.axis] != self.scale.size:
            return None
        sizes = [-1 if place == self.axis else 1 for place in range(len(shape))]
        return self.scale.reshape(sizes), self.zero_point.reshape(sizes)


def step_of(tensor: Tensor) -> float | None:
    """The scale of a tensor that has one for all of it; None of others, and of what is not quantized."""
    held = affine(tensor)
    return float(held.scale[0]) if held is not None and held.scale.size == 1 else None


def affine(tensor: Tensor) -> Affine | None:
    """How a tensor is quantized; None where its integers stand for themselves, or nobody can tell for what."""
    import numpy as np

    quant = tensor.quant
    if quant is None or quant.details is not None or tensor.dtype not in _QUANTIZED:
        return None
    scale = np.asarray(quant.scale, np.float64).reshape(-1)
    point = np.asarray(quant.zero_point).astype(np.float64).reshape(-1)
    if not scale.size or point.size not in (0, 1, scale.size):
        return None
    if not (np.isfinite(scale).all() and (scale > 0).all() and scale.max() < _LARGEST_SCALE):
        return None
    point = np.broadcast_to(point if point.size else np.zeros(1), scale.shape)
    if (abs(point) > 2**16).any():
        return None
    if scale.size == 1:
        return Affine(scale, point, None)
    axis = quant.axis
    if axis is None or not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != scale.size:
        return None
    return Affine(scale, point, axis)


def encoded(values: Sequence[NDArray[Any]], tensors: Sequence[Tensor]) -> list[NDArray[Any]]:
    """Real values as these tensors take them: quantized, or of their element type, cut where that ends.

    What a tensor has no numpy type for is left as it is.

    Source: LiteRT f67457790, tflite/kernels/internal/reference/quantize.h, AffineQuantize: divides in float32, and
    rounds halves away from zero.
    """
    return [_encoded(value, tensor) for value, tensor in zip(values, tensors, strict=True)]


def decoded(values: Sequence[NDArray[Any]], tensors: Sequence[Tensor]) -> list[NDArray[Any]]:
    """The real values, as float32, of what is quantized; all others as they are."""
    return [_decoded(value, tensor) for value, tensor in zip(values, tensors, strict=True)]


def on_grid(values: Sequence[NDArray[Any]], tensors: Sequence[Tensor]) -> list[NDArray[Any]]:
    """The real values that tensors hold once they are given these: the nearest ones that they have."""
    return decoded(encoded(values, tensors), tensors)


def _encoded(value: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    import numpy as np

    value = np.asarray(value)
    name = tensor.dtype.numpy_name
    if name is None or value.dtype.kind not in "fiub":
        return value
    dtype = np.dtype(name)
    held = affine(tensor)
    fitting = held.fit(value.shape) if held is not None else None
    with np.errstate(all="ignore"):
        if fitting is not None:
            scale, point = fitting
            real = value.astype(np.float32) / scale.astype(np.float32)
            return _whole(_rounded(real) + point, dtype)
        if dtype.kind == "f":
            limit = float(np.finfo(dtype).max)
            is_wider = value.dtype.itemsize > dtype.itemsize or value.dtype.kind != "f"
            finite = np.where(np.isfinite(value), np.clip(value, -limit, limit), value) if is_wider else value
            return finite.astype(dtype)
        if dtype.kind in "iu" and value.dtype != dtype:
            return _whole(_rounded(value), dtype) if value.dtype.kind == "f" else _cut(value, dtype)
        return value.astype(dtype)


def _rounded(value: NDArray[Any]) -> NDArray[Any]:
    """To the next whole number, halves away from zero, as float64."""
    import numpy as np

    wide = value.astype(np.float64)
    return np.copysign(np.floor(np.abs(wide) + 0.5), wide)


def _whole(value: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Whole float64 numbers as integers, cut where their type ends; what is no number is 0."""
    import numpy as np

    limits = np.iinfo(dtype)
    most = float(limits.max)
    if most > limits.max:  # 2**63 is none of int64
        most = float(np.nextafter(most, 0.0))
    number = np.where(np.isnan(value), 0.0, value)
    found: NDArray[Any] = np.clip(number, float(limits.min), most).astype(dtype)
    return found


def _cut(value: NDArray[Any], dtype: Any) -> NDArray[Any]:
    import numpy as np

    if value.dtype.kind == "b":
        return value.astype(dtype)
    limits, own = np.iinfo(dtype), np.iinfo(value.dtype)
    found: NDArray[Any] = np.clip(value, max(limits.min, own.min), min(limits.max, own.max)).astype(dtype)
    return found


def _decoded(value: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    import numpy as np

    value = np.asarray(value)
    held = affine(tensor) if value.dtype.kind in "iu" else None
    fitting = held.fit(value.shape) if held is not None else None
    if fitting is None:
        return value
    scale, point = fitting
    with np.errstate(all="ignore"):
        real: NDArray[Any] = (value.astype(np.float64) - point) * scale
    return real.astype(np.float32)
