"""The Core ML delegate, on iPhones, iPads and Macs, for Core ML 3, which it uses unless told otherwise.

Source: LiteRT f67457790, tflite/delegates/coreml/coreml_delegate.mm and tflite/delegates/coreml/builders/*.cc.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, DType, Graph, Kind, Limits, Op, Source, Support, Target, Unknown, Verdict
from tflint_rules.targets.conditions import activation, arity, attribute
from tflint_rules.targets.tables.delegates import computed_sizes, fixed, is_unpacked, packed, shaped, whole

__all__ = ["TARGET"]

_FLOATS = frozenset({DType.FLOAT32, DType.FLOAT16})
_LARGEST_KERNEL = 16384
_ACTIVATIONS = ("RELU", "RELU_N1_TO_1", "RELU6", "TANH")


def _floating(slot: int, role: str) -> Condition:
    """An input is FLOAT32."""

    def check(op: Op, graph: Graph) -> str:
        tensor = packed(op, slot, graph)
        if tensor is None:
            return f"it has no {role}"
        return "" if tensor.dtype is DType.FLOAT32 else f"{role} is {tensor.dtype.value}; FLOAT32 is supported"

    check.__doc__ = f"{role} is FLOAT32"
    return check


def _weights(slot: int, role: str) -> Condition:
    """Weights are floats, FLOAT16 ones too; of others the delegate would build an empty layer."""

    def check(op: Op, graph: Graph) -> str:
        tensor = packed(op, slot, graph)
        if tensor is None or tensor.dtype in _FLOATS:
            return ""
        return f"{role} is {tensor.dtype.value}; FLOAT32 or FLOAT16 is supported"

    check.__doc__ = f"{role} is FLOAT32 or FLOAT16"
    return check


def _two_floats(op: Op, graph: Graph) -> str:
    """The inputs of ADD and MUL are FLOAT32, or FLOAT16 constants."""
    for slot in (0, 1):
        tensor = packed(op, slot, graph)
        if tensor is None:
            return f"it has no input {slot}"
        if tensor.dtype is not DType.FLOAT32 and not (tensor.dtype is DType.FLOAT16 and tensor.is_constant):
            return f"input {slot} is {tensor.dtype.value}; FLOAT32, or a FLOAT16 constant, is supported"
    return ""


def _broadcast(op: Op, graph: Graph) -> str:
    """The inputs of ADD and MUL have one shape, or one is 1 x 1 in height and width, or has one channel."""
    first, second = (tensor for slot in (0, 1) if (tensor := packed(op, slot, graph)) is not None)
    (*_, b0, h0, w0, c0), (*_, b1, h1, w1, c1) = ((1, 1, 1, 1, *each.default_shape) for each in (first, second))
    shapes = f"its inputs have shapes {list(first.default_shape)} and {list(second.default_shape)}"
    if b0 != b1 and not any(each.is_constant and each.elements == 1 for each in (first, second)):
        return f"{shapes}; equal batches are supported"
    if (h0, w0) != (h1, w1) and (1, 1) not in ((h0, w0), (h1, w1)):
        return f"{shapes}; equal heights and widths, or 1 x 1, are supported"
    return "" if c0 == c1 or 1 in (c0, c1) else f"{shapes}; equal numbers of channels, or one channel, are supported"


def _concatenation(op: Op, graph: Graph) -> str:
    """CONCATENATION joins channels."""
    first = op.input(0)
    dimensions = 0 if first is None else len(first.default_shape)
    if dimensions not in (3, 4):
        return f"input has {dimensions} dimensions; 3 or 4 are supported"
    axis = op.options.get("axis", 0)
    return "" if axis in (-1, dimensions - 1) else f"axis is {axis}; -1 or {dimensions - 1}, the channels, is supported"


def _kernel(op: Op, graph: Graph) -> str:
    """The kernel of a convolution is not too large."""
    tensor = packed(op, 1, graph)
    sizes = () if tensor is None else tensor.default_shape[1:3]
    largest = max(sizes, default=0)
    return "" if largest <= _LARGEST_KERNEL else f"filter has size {largest}; up to {_LARGEST_KERNEL} is supported"


def _one_row(op: Op, graph: Graph) -> str:
    """All dimensions of the input of FULLY_CONNECTED but the last are 1."""
    tensor = op.input(0)
    if tensor is None or (tensor.default_shape and tensor.elements == tensor.default_shape[-1]):
        return ""
    return f"input has shape {list(tensor.default_shape)}; a batch of 1 is supported"


def _bias(op: Op, graph: Graph) -> str:
    """A bias that stands in the list of inputs is there."""
    if len(op.inputs) < 3:
        return ""
    if op.input(2) is None:
        return "its bias is an empty input, which the delegate reads all the same; a bias, or 2 inputs, is supported"
    return fixed(2, "bias")(op, graph) or _weights(2, "bias")(op, graph)


def _mean(op: Op, graph: Graph) -> str:
    """MEAN is over height and width."""
    axis = op.input(1)
    values = None if axis is None else whole(axis)
    if axis is None or not axis.is_constant:
        return "axis is not constant"
    if values is None:
        return Unknown("axis cannot be read from the file")
    wrong = [value for value in values if (value + 4) % 4 not in (1, 2)]
    return f"axis is {wrong[0]}; 1 and 2, height and width, are supported" if wrong else ""


def _amounts(op: Op, graph: Graph) -> str:
    """PAD pads height and width of four dimensions."""
    tensor = op.input(1)
    if tensor is None or not tensor.is_constant:
        return "padding is not constant"
    if tensor.default_shape != (4, 2):
        return f"padding has shape {list(tensor.default_shape)}; [4, 2], for 4 dimensions, is supported"
    values = whole(tensor)
    if values is None:
        return Unknown("padding cannot be read from the file")
    if any(values[:2]):
        return "it pads the batch; height and width are supported"
    return "it pads the channels; height and width are supported" if any(values[6:]) else ""


def _half(op: Op, graph: Graph) -> str:
    """DEQUANTIZE is of FLOAT16 constants."""
    return "" if is_unpacked(op) else "its input is no FLOAT16 constant"


def _reshape(op: Op, graph: Graph) -> str:
    """RESHAPE is for Core ML 2 alone."""
    return "the delegate takes it for Core ML 2 alone, and Core ML 3 is used"


_FLOAT = (_floating(0, "input"),)


def _support(*conditions: Condition, last: int = 1, types: tuple[Condition, ...] = _FLOAT) -> Support:
    return Support((1, last), types, conditions)


_ELEMENTWISE = _support(arity((2, 2), (1, 1)), _broadcast, types=(*_FLOAT, _two_floats))
_POOL = _support(arity((1, 1), (1, 1)), activation())
_CONVOLUTION = (
    *(activation(*_ACTIVATIONS), arity((3, 3), (1, 1)), fixed(1, "filter"), shaped(1, 4, 4, "filter")),
    *(_kernel, fixed(2, "bias")),
)
_CONVOLVED = (*_FLOAT, _weights(1, "filter"), _weights(2, "bias"))
_PADDING = (arity((2, 3), (1, 1)), _amounts)
_UNARY = _support(arity((1, 1), (1, 1)))

_OPS = {
    **dict.fromkeys(("HARD_SWISH", "LOGISTIC", "RELU", "RELU_N1_TO_1", "RELU6", "TANH"), _UNARY),
    **dict.fromkeys(("ADD", "MUL"), _ELEMENTWISE),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _POOL),
    **dict.fromkeys(("PAD", "PADV2"), _support(*_PADDING)),
    "CONCATENATION": _support(activation(), arity((2, 1 << 20), (1, 1)), _concatenation),
    "CONV_2D": _support(*_CONVOLUTION, types=_CONVOLVED),
    "DEPTHWISE_CONV_2D": _support(*_CONVOLUTION, last=2, types=_CONVOLVED),
    "TRANSPOSE_CONV": _support(
        *(arity((3, 3), (1, 1)), fixed(0, "output shape"), fixed(1, "filter"), shaped(1, 4, 4, "filter"), _kernel),
        types=(_floating(2, "input"), _weights(1, "filter")),
    ),
    "DEQUANTIZE": Support(conditions=(_half,)),
    "FULLY_CONNECTED": _support(
        *(attribute("weights_format", ("DEFAULT",), "DEFAULT"), activation(*_ACTIVATIONS), fixed(1, "filter")),
        *(_one_row, _bias),
        last=6,
        types=(*_FLOAT, _weights(1, "filter")),
    ),
    "MEAN": _support(arity((2, 2), (1, 1)), attribute("keep_dims", (True,), False), shaped(0, 4, 4, "input"), _mean),
    "MIRROR_PAD": _support(attribute("mode", ("REFLECT",), "REFLECT"), *_PADDING),
    "RESHAPE": _support(_reshape),
    "RESIZE_BILINEAR": _support(arity((2, 2), (1, 1)), fixed(1, "size")),
    "SOFTMAX": _support(arity((1, 1), (1, 1)), attribute("beta", (1.0,), 0.0)),
}


def _at_most_4(op: Op, graph: Graph) -> str:
    """What crosses into a Core ML model or out of it has at most four dimensions."""
    for tensor in (*op.inputs, *op.outputs):
        if tensor is not None and len(tensor.default_shape) > 4:
            return f"it reads or makes {len(tensor.default_shape)} dimensions; up to 4 are supported"
    return ""


def _whole_or_nothing(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The unpacking of FLOAT16 constants goes with the rest of the graph, or stays where it is."""
    others = [(op, verdict.supported) for op, verdict in zip(graph.ops, verdicts, strict=True) if not verdict.supported]
    if not others:
        return verdicts
    refused = next((op for op, supported in others if supported is False), None)
    kind = (refused or others[0][0]).kind
    reason = f"DEQUANTIZE: it stays on the CPU, since {kind} does" if refused else f"DEQUANTIZE: it goes with {kind}"
    return tuple(
        replace(verdict, supported=None if refused is None else False, reason=reason)
        if verdict.supported and op.kind == "DEQUANTIZE"
        else verdict
        for op, verdict in zip(graph.ops, verdicts, strict=True)
    )


TARGET = Target(
    name="coreml",
    summary="Core ML delegate of TFLite, for Apple's Neural Engine",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, tflite/delegates/coreml/coreml_delegate.mm and builders",
        "2026-08-21",
        "All that the delegate checks when it chooses ops, and what its builders need, for Core ML 3. Not checked: "
        "which layers Core ML then runs on the Neural Engine, the GPU or the CPU, and that a graph of one op is taken.",
    ),
    ops=_OPS,
    conditions=(_at_most_4,),
    limits=Limits(min_ops=2),
    refuses=(computed_sizes,),
    revise=_whole_or_nothing,
)
