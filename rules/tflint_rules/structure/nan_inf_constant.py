"""TFL114 nan-inf-constant."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from tflint import Context, Finding, Format, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, cut, named, typed
from tflint.analysis.weights import Statistics, readable, statistics

_HANDS_ON = frozenset(
    {"DEQUANTIZE", "DENSIFY", "CAST", "RESHAPE", "TRANSPOSE", "EXPAND_DIMS", "SQUEEZE", "FILL", "BROADCAST_TO"}
)
"""Ops whose output has the values of their input: what reads that output reads the constant."""
_SELECTS = frozenset({"SELECT", "SELECT_V2"})
_MULTIPLY = frozenset(
    {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "TRANSPOSE_CONV",
        "CONV_3D",
        "CONV_3D_TRANSPOSE",
        "FULLY_CONNECTED",
        "BATCH_MATMUL",
    }
    | {"LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "SVDF"}
    | {"RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"}
)
"""Ops that sum products with their constants of two and more dimensions; those of one are biases, which are added."""
_LARGEST = {"FLOAT32": 3.4028234663852886e38, "FLOAT16": 65504.0}
_MOST_USES = 100
"""So many of the ops that compute with a constant are looked at."""


@dataclass(frozen=True)
class _Found:
    tensor: Tensor
    reader: Op
    what: str
    """The fault of the constant, to follow `holds`."""


class NanInfConstant(Rule):
    """Constants that ops compute with hold NaN, or weights hold infinity.

    ## What it does

    Reads every floating-point constant that an op reads. NaN is reported wherever it stands, but for a constant of
    nothing but NaN that only SELECT reads: that marks a result as undefined on purpose. Infinity is reported in the
    weights of convolutions, matrix products and recurrent cells; elsewhere, as in an attention mask or the start value
    of a maximum, it is what was meant. The largest number of float32 or float16 in such a weight is reported too: it
    is what the converter stores in place of infinity, and of what is too large for float16. In a Keras model the
    weights of all layers are read: NaN anywhere, infinity in kernels.

    ## Why it is bad

    What is computed from NaN is NaN: one such weight makes a whole channel of a result NaN, and most often all results
    behind it. The converter does not look, and the runtime does not stop. In an int8 conversion nothing is left to
    see: NaN becomes a number like any other.

    ## Example

    ```text
    error TFL114 nan-inf-constant: tensor 1, 'conv/kernel'
      'conv/kernel' FLOAT32[4, 3, 3, 8] holds NaN in 2 of 288 elements, the first at [0, 1, 0, 2]; op
      0 CONV_2D reads it, and what it computes from that is NaN.
      help: Look for NaN in the weights of the source model, go back to a checkpoint without, and
            convert again.
    ```

    ## Fix

    Find out where the value comes from: `[w.name for w in model.weights if not numpy.isfinite(w).all()]`. Where the
    training diverged, convert an earlier checkpoint. Where only the float16 conversion is reported, a weight is beyond
    65504: rescale it, or convert without float16.

    ## References

    - IEEE 754-2019, section 6: infinity arithmetic, and operations on NaN
    - https://github.com/tensorflow/tensorflow/issues/44114
    - tried with TensorFlow 2.21.0: a Dense weight of NaN, infinity and 1e5 in float, float16 and int8 conversions
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL114",
        "nan-inf-constant",
        Severity.ERROR,
        formats=frozenset({Format.TFLITE, Format.SAVED_MODEL, Format.KERAS, Format.KERAS_H5}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        nan: list[_Found] = []
        infinite: list[_Found] = []
        clamped: list[_Found] = []
        for graph, tensor, figures in _suspects(ctx):
            uses = list(islice(_uses(graph, tensor), _MOST_USES))
            if not uses:
                continue  # handed on in a circle
            weighing = next((op for op, value in uses if _is_weight(op, value)), None)
            marker = figures.nans == figures.elements and all(op.kind in _SELECTS for op, _ in uses)
            if figures.nans and not marker:
                nan.append(_Found(tensor, uses[0][0], _counted(tensor, figures, "NaN")))
            if figures.infinities and weighing is not None:
                infinite.append(_Found(tensor, weighing, _counted(tensor, figures, "infinity")))
            elif _is_clamped(tensor, figures) and weighing is not None:
                largest = f"{_LARGEST[tensor.dtype.value]:.8g}, the largest {tensor.dtype.value} number"
                clamped.append(_Found(tensor, weighing, largest))
        for op, weight, figures in _held(ctx):
            if figures.nans:
                nan.append(_Found(weight, op, _counted(weight, figures, "NaN")))
            if figures.infinities and len(weight.default_shape) > 1:
                infinite.append(_Found(weight, op, _counted(weight, figures, "infinity")))
        cure = "Look for {} in the weights of the source model, go back to a checkpoint without, and convert again."
        yield from self._report(nan, "reads it, and what it computes from that is NaN", cure.format("NaN"))
        yield from self._report(infinite, "multiplies by it, and gets infinity or NaN", cure.format("infinity"))
        yield from self._report(
            clamped,
            "multiplies by it, and the converter stores this for what is too large",
            "Look for infinity in the weights of the source model, and for values over 65504 where it is float16.",
        )

    def _report(self, found: list[_Found], effect: str, help: str) -> Iterator[Finding]:
        if not found:
            return
        tensor, reader = found[0].tensor, found[0].reader
        others = f" So it is with {count(len(found) - 1, 'more constant')}." if len(found) > 1 else ""
        yield self.finding(
            tensor,
            f"{named(tensor)} {typed(tensor)} holds {found[0].what}; {_called(reader)} {effect}.{others}",
            help=help,
            related=[each.tensor for each in found[1:]],
            evidence={"constants": [f"{each.tensor.location.address} holds {each.what}" for each in found[:50]]},
        )


def _suspects(ctx: Context) -> Iterator[tuple[Graph, Tensor, Statistics]]:
    """The constants that an op reads and that hold NaN, infinity, or the largest number of their type."""
    for graph in ctx.graphs:
        for tensor in graph.tensors:
            if tensor.data is None or not tensor.dtype.is_float or not graph.consumers(tensor):
                continue
            constant = ctx.once(readable, ctx.model).get(tensor)
            figures = None if constant is None else ctx.once(statistics, constant)
            if figures is not None and (figures.nans or figures.infinities or _is_clamped(tensor, figures)):
                yield graph, tensor, figures


def _held(ctx: Context) -> Iterator[tuple[Op, Tensor, Statistics]]:
    """The weights that the layers of a Keras model hold, each once, with their figures."""
    holders = {weight: op for graph in ctx.graphs for op in graph.ops for weight in op.weights}
    for weight, op in holders.items():
        figures = ctx.once(statistics, weight) if weight.dtype.is_float else None
        if figures is not None:
            yield op, weight, figures


def _called(op: Op) -> str:
    return f"the {op.kind} layer '{cut(op.name)}'" if op.layer else f"op {op.index} {op.kind}"


def _is_clamped(tensor: Tensor, figures: Statistics) -> bool:
    largest = _LARGEST.get(tensor.dtype.value)
    return largest is not None and (figures.maximum == largest or figures.minimum == -largest)


def _counted(tensor: Tensor, figures: Statistics, what: str) -> str:
    """`NaN in 2 of 9 elements, the first at [1, 0]`"""
    nan = what == "NaN"
    hits, position = (figures.nans, figures.first_nan) if nan else (figures.infinities, figures.first_infinity)
    index: list[int] = []
    for size in reversed(tensor.default_shape):
        position, rest = divmod(position or 0, size)
        index.insert(0, rest)
    where = f", the first at {index}" if index else ""
    return f"{what} in {hits:,} of {count(figures.elements, 'element')}{where}"


def _uses(graph: Graph, tensor: Tensor) -> Iterator[tuple[Op, Tensor]]:
    """The ops that compute with a value, each with the tensor that hands it over, past those that only hand it on."""
    waiting, seen = [tensor], {tensor}
    while waiting:
        value = waiting.pop()
        for op in graph.consumers(value):
            result = op.outputs[0] if op.outputs else None
            if op.kind not in _HANDS_ON or result is None or not graph.consumers(result):
                yield op, value
            elif result not in seen:
                seen.add(result)
                waiting.append(result)


def _is_weight(op: Op, tensor: Tensor) -> bool:
    by_matrix = op.kind == "BATCH_MATMUL" or op.input(0) is not tensor
    return op.kind in _MULTIPLY and not op.is_custom and by_matrix and len(tensor.default_shape) > 1
