"""What XNNPACK accepts of an op when it chooses, and then cannot prepare.

Each function returns a `Fault`, or None. They are asked of ops that the table of xnnpack takes: what that refuses runs
on the built-in kernels. Zero points of weights and biases, and the number of a bias' scales, are for weight-zero-point
and bias-params, which say of every kernel what it makes of them.

Source: LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, DefineXNNPACKValue and GetXNNPackDatatype;
XNNPACK 75db3c093, src/subgraph/*.c (xnn_define_…), src/subgraph/validation.c, and the limits of scales in
src/operators/{convolution-nhwc,deconvolution-nhwc,fully-connected-nc}.c. Each was asked of ai-edge-litert 2.3.0;
TensorFlow 2.21 differs in two: it takes a depth multiplier that contradicts the shapes, and a SPLIT to another scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from tflint import DType, Graph, Op, QuantParams, Tensor
from tflint_rules.quantization.same_scale import rounds_away

__all__ = ["Cause", "Fault", "fault"]

_EIGHT_BIT = frozenset({DType.INT8, DType.UINT8})
_MOST_DIMENSIONS = 6
_LARGEST_RATIO = 256.0
_MOVED = "XNNPACK moves the bytes as they are"


class Cause(Enum):
    """What is to be done about a fault."""

    REQUANTIZED = "Give its input and its output one scale and zero point, or put a QUANTIZE between them."
    DIMENSIONS = "Reshape to at most 6 dimensions before it, or {builtin}."
    RATIO = "Calibrate again with inputs that reach its output, or {builtin}."
    PERMUTATION = "Write its permutation as INT32."
    MULTIPLIER = "Write the depth_multiplier that the shapes have, or {builtin}."
    TYPES = "Convert again, or write its input and output with one element type."


Fault = tuple[Cause, str]
"""The cause, and the fact in words: `its input has 7 dimensions; XNNPACK has room for 6`."""


def fault(op: Op, graph: Graph) -> Fault | None:
    """What keeps XNNPACK from preparing an op that it takes; None where nothing is known to."""
    if op.kind in ("ASSIGN_VARIABLE", "READ_VARIABLE"):
        return _variable(op, graph)
    return next((found for ask in _ASKED.get(op.kind, ()) if (found := ask(op)) is not None), None)


def _present(op: Op) -> list[Tensor]:
    return [tensor for tensor in (*op.inputs, *op.outputs) if tensor is not None]


def _one(quant: QuantParams | None) -> tuple[float, int] | None:
    """The scale and zero point of a whole tensor."""
    if quant is None or len(quant.scale) != 1 or len(quant.zero_point) != 1:
        return None
    return float(quant.scale[0]), int(quant.zero_point[0])


def _copied(op: Op) -> Fault | None:
    """Bytes that are moved as they are mean exactly the same before and after.

    Where they mean something else by more than rounding it is not XNNPACK's fault: same-scale-violation tells.
    """
    source = op.input(1 if op.kind == "SPLIT" else 0)
    if source is None or source.dtype not in _EIGHT_BIT or (before := _one(source.quant)) is None:
        return None
    for output in op.outputs:
        if output.dtype is source.dtype and output.quant is None:
            return Cause.REQUANTIZED, f"its input is {source.dtype.value} with a scale, its output has none"
        after = _one(output.quant)
        if output.dtype is not source.dtype or after is None or after == before:
            continue
        if rounds_away(before, after, source.dtype):
            return Cause.REQUANTIZED, f"its input has {_affine(before)}, its output {_affine(after)}; {_MOVED}"
    return None


def _affine(quant: tuple[float, int]) -> str:
    return f"scale {quant[0]:.8g} and zero point {quant[1]}"


def _variable(op: Op, graph: Graph) -> Fault | None:
    """All reads and writes of a variable in a graph have one scale and zero point."""
    handle, value = op.input(0), _value(op)
    maker = None if handle is None else graph.producer(handle)
    if handle is None or maker is None or maker.kind != "VAR_HANDLE" or value is None:
        return None
    first = _value(graph.consumers(handle)[0])
    if first is None or first.dtype is not value.dtype or value.dtype not in _EIGHT_BIT:
        return None
    before, after = _one(first.quant), _one(value.quant)
    if before is None or after is None or before == after:
        return None
    return Cause.REQUANTIZED, f"its variable has {_affine(before)} elsewhere, here {_affine(after)}; {_MOVED}"


def _value(op: Op) -> Tensor | None:
    if op.kind == "READ_VARIABLE":
        return op.outputs[0] if op.outputs else None
    return op.input(1) if op.kind == "ASSIGN_VARIABLE" else None


def _permutation(op: Op) -> Fault | None:
    """A permutation is read as INT32, whatever it is: of INT64, every other number is then the upper half of one."""
    order = op.input(1)
    values = None if order is None or order.dtype is not DType.INT64 else order.array()
    if values is None or not values.size:
        return None
    count = values.size
    read = values.reshape(-1).view("<i4")[:count].tolist()
    if sorted(each + count if each < 0 else each for each in read) == list(range(count)):
        return None
    return Cause.PERMUTATION, "its permutation is INT64 and is read as INT32"


def _dimensions(op: Op) -> Fault | None:
    """No tensor has more dimensions than XNNPACK has room for."""
    most = max((len(tensor.default_shape) for tensor in _present(op)), default=0)
    if most <= _MOST_DIMENSIONS:
        return None
    return Cause.DIMENSIONS, f"it has a tensor of {most} dimensions; XNNPACK has room for {_MOST_DIMENSIONS}"


def _ratio(op: Op) -> Fault | None:
    """The output is not quantized so much finer than the products that it sums."""
    source, kernel, output = op.input(2 if op.kind == "TRANSPOSE_CONV" else 0), op.input(1), op.outputs[:1]
    if source is None or kernel is None or not output or kernel.quant is None or not len(kernel.quant.scale):
        return None
    read, made = _one(source.quant), _one(output[0].quant)
    if read is None or made is None or not made[0] > 0 or output[0].dtype not in _EIGHT_BIT:
        return None
    if op.kind == "BATCH_MATMUL" and not kernel.is_constant:
        return None
    import numpy as np

    with np.errstate(all="ignore"):
        ratio = float((np.float32(read[0]) * kernel.quant.scale / np.float32(made[0])).max())
    if not ratio >= _LARGEST_RATIO:
        return None
    return Cause.RATIO, (
        f"input scale times filter scale is {ratio:,.0f} times the output scale ({made[0]:.3g}); XNNPACK takes less "
        f"than {_LARGEST_RATIO:.0f}"
    )


def _multiplier(op: Op) -> Fault | None:
    """The depth multiplier is that of the shapes."""
    source, kernel = op.input(0), op.input(1)
    if source is None or kernel is None or len(source.shape) != 4 or len(kernel.shape) != 4:
        return None
    channels, made, by = source.shape[3], kernel.shape[3], op.options.get("depth_multiplier", 0)
    if channels is None or made is None or by * channels == made:
        return None
    return Cause.MULTIPLIER, f"its depth_multiplier is {by}, but it makes {made} channels of {channels}"


def _types(op: Op) -> Fault | None:
    """Input, slope and outputs have one element type."""
    source = op.input(1 if op.kind == "SPLIT" else 0)
    others = [*op.outputs, *(op.inputs[1:2] if op.kind == "PRELU" else ())]
    wrong = next((each for each in others if each and source and each.dtype is not source.dtype), None)
    if source is None or wrong is None:
        return None
    role = "output" if wrong in op.outputs else "slope"
    return Cause.TYPES, f"its input is {source.dtype.value} and its {role} {wrong.dtype.value}; XNNPACK takes one type"


_ASKED: Mapping[str, tuple[Callable[[Op], Fault | None], ...]] = {
    **dict.fromkeys(("BATCH_MATMUL",), (_types, _ratio)),
    **dict.fromkeys(("CEIL", "DIV", "EXP", "FLOOR", "MAXIMUM", "MINIMUM", "NEG", "PRELU", "RESHAPE"), (_types,)),
    **dict.fromkeys(("ROUND", "SQUARED_DIFFERENCE"), (_types,)),
    **dict.fromkeys(("CONCATENATION", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"), (_dimensions,)),
    **dict.fromkeys(("CONV_2D", "TRANSPOSE_CONV"), (_ratio,)),
    "DEPTHWISE_CONV_2D": (_multiplier, _ratio),
    **dict.fromkeys(("DEPTH_TO_SPACE", "MAX_POOL_2D", "PAD", "SLICE", "SPACE_TO_DEPTH"), (_copied,)),
    "FULLY_CONNECTED": (_dimensions, _ratio),
    "RESIZE_BILINEAR": (_types, _copied),
    "SOFTMAX": (_types, _dimensions),
    "SPLIT": (_types, _copied, _dimensions),
    "STRIDED_SLICE": (_copied,),
    "TRANSPOSE": (_copied, _permutation),
}
