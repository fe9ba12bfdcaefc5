"""Which ops read which weights, beside what, and the extremes of all of them: shared by the rules on weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tflint import Context, DType, Model, Op, Tensor
from tflint.analysis.channels import Channels, channels
from tflint.analysis.phrases import count
from tflint.analysis.weights import readable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BIASED",
    "SAMPLE",
    "Extremes",
    "WeightUse",
    "also",
    "extremes",
    "is_affine",
    "not_zero",
    "several_scales",
    "uses",
]

SAMPLE = 256
"""So many values of each tensor are looked at before it is decided whether to count all."""
_RUNS = 4
_INTEGERS = (DType.INT8, DType.UINT8, DType.INT4, DType.INT2, DType.UINT4, DType.INT16)
_GATES = tuple(range(1, 9))
_SLOTS: dict[str, tuple[tuple[int, ...], int, int | None, int | None]] = {
    "CONV_2D": ((1,), 0, 2, 0),
    "DEPTHWISE_CONV_2D": ((1,), 0, 2, 3),
    "TRANSPOSE_CONV": ((1,), 2, 3, 0),
    "FULLY_CONNECTED": ((1,), 0, 2, 0),
    "BATCH_MATMUL": ((1,), 0, None, None),
    "EMBEDDING_LOOKUP": ((1,), 0, None, 0),
    "SVDF": ((1, 2), 0, None, None),
    "RNN": ((1, 2), 0, None, None),
    "UNIDIRECTIONAL_SEQUENCE_RNN": ((1, 2), 0, None, None),
    "BIDIRECTIONAL_SEQUENCE_RNN": ((1, 2, 5, 6), 0, None, None),
    "LSTM": (_GATES, 0, None, None),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (_GATES, 0, None, None),
    "BIDIRECTIONAL_SEQUENCE_LSTM": ((*_GATES, *range(18, 26)), 0, None, None),
}
"""Op -> the slots of its weights, of what they are multiplied with, of the bias; and the dimension of the outputs.

Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,batch_matmul,
embedding_lookup,svdf,basic_rnn,unidirectional_sequence_rnn,bidirectional_sequence_rnn,lstm,
unidirectional_sequence_lstm,bidirectional_sequence_lstm}.cc.
"""
BIASED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"})
"""The ops that add a bias to a sum of products, one for each output channel."""


class WeightUse(NamedTuple):
    """An op's use of quantized weights. `axis` is the dimension of its output channels, None where it has none."""

    op: Op
    slot: int
    weights: Tensor
    source: Tensor | None
    bias: Tensor | None
    axis: int | None


def uses(model: Model) -> tuple[WeightUse, ...]:
    """The uses of integer weights with quantization parameters in the intact graphs of a model."""
    found = []
    for graph in model.graphs:
        for op in graph.ops if graph.intact else ():
            if op.is_custom or op.kind not in _SLOTS:
                continue
            slots, source, bias, axis = _SLOTS[op.kind]
            for slot in slots:
                weights = op.input(slot)
                if weights is not None and weights.quant is not None and weights.dtype in _INTEGERS:
                    added = None if bias is None else op.input(bias)
                    found.append(WeightUse(op, slot, weights, op.input(source), added, axis))
    return tuple(found)


def is_affine(tensor: Tensor | None) -> bool:
    """True where a tensor has scales, and a zero point for each."""
    quant = None if tensor is None else tensor.quant
    return quant is not None and quant.details is None and 0 < quant.scale.size == quant.zero_point.size


def not_zero(arrays: Sequence[NDArray[Any]]) -> frozenset[int]:
    """The positions of the arrays that hold anything but 0, all of them looked at in one go."""
    import numpy as np

    places = np.flatnonzero(np.concatenate(arrays)) if arrays else np.empty(0, np.int64)
    if not places.size:
        return frozenset()
    return frozenset(np.searchsorted(np.cumsum([each.size for each in arrays]), places, side="right").tolist())


def several_scales(tensor: Tensor) -> bool:
    """True where a tensor has more than one scale."""
    return tensor.quant is not None and tensor.quant.scale.size > 1


def also(number: int, what: str = "tensor") -> str:
    """The end of a message on the first of so many places: ` The same is true of 2 more tensors.`"""
    return f" The same is true of {count(number - 1, f'more {what}')}." if number > 1 else ""


@dataclass(frozen=True, eq=False)
class Extremes:
    """The extremes of the output channels of INT8 weights, in one array each: those of `uses[i]` begin at `starts[i]`.

    Weights that several ops read are there once, with the first of them.
    """

    uses: tuple[WeightUse, ...]
    constants: tuple[Tensor, ...]
    """What stands for the weights in the file: see `weights.readable`."""
    starts: NDArray[Any]
    minimum: NDArray[Any]
    maximum: NDArray[Any]
    sampled: tuple[int, ...]
    """The positions of those with at least `SAMPLE` values."""
    samples: NDArray[Any]
    """Of each of them so many of its values, from several places."""

    @cached_property
    def magnitude(self) -> NDArray[Any]:
        """The largest absolute value of each channel, as int16."""
        import numpy as np

        return np.maximum(-self.minimum.astype(np.int16), self.maximum.astype(np.int16))

    @cached_property
    def counts(self) -> NDArray[Any]:
        """The number of channels of each."""
        import numpy as np

        return np.diff(self.starts, append=self.minimum.size)


def extremes(ctx: Context) -> Extremes:
    """The extremes of the constant INT8 weights of a model; ask for them with `ctx.once(extremes, ctx)`."""
    import numpy as np

    stands = ctx.once(readable, ctx.model)
    found: dict[Tensor, tuple[WeightUse, Channels]] = {}
    samples: dict[int, NDArray[Any]] = {}
    for use in ctx.once(uses, ctx.model):
        constant = stands.get(use.weights) if use.weights.dtype is DType.INT8 else None
        if constant is None or constant in found:
            continue
        if (sample := _sample(constant)) is not None:  # before all of it is read: its pages are given back then
            samples[len(found)] = sample
        values = ctx.once(channels, constant, use.axis or 0)
        if values is not None:
            found[constant] = (use, values)
        else:
            samples.pop(len(found), None)
    lows = [values.minimum for _, values in found.values()]
    highs = [values.maximum for _, values in found.values()]
    sizes = np.array([each.size for each in lows], np.int64)
    return Extremes(
        tuple(use for use, _ in found.values()),
        tuple(found),
        np.cumsum(sizes) - sizes,
        np.concatenate(lows) if lows else np.empty(0, np.int8),
        np.concatenate(highs) if highs else np.empty(0, np.int8),
        tuple(samples),
        np.stack(list(samples.values())).reshape(len(samples), -1) if samples else np.empty((0, SAMPLE), np.int8),
    )


def _sample(constant: Tensor) -> NDArray[Any] | None:
    """Some values of a constant, from the beginnings of its parts; None where it has too few."""
    size = constant.elements
    if constant.data is None or size < SAMPLE or len(constant.data) < size or constant.sparsity is not None:
        return None
    import numpy as np

    run, step = SAMPLE // _RUNS, size // _RUNS
    parts = (constant.data[start : start + run] for start in range(0, step * _RUNS, step))
    return np.frombuffer(b"".join(parts), np.int8)
