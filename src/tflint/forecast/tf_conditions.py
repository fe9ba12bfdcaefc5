"""When an op gets the best that its kind may get: conditions on shapes, attributes and constants.

Each was read off what the converter of TensorFlow 2.21.0 said of ops in many configurations (tools/probe_converter.py),
and checked at the source that the pattern stands in, which it names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tflint.forecast.known import Known, rank, static
from tflint.forecast.status import Refusal, Status
from tflint.model import DType, Op, Tensor

__all__ = ["CONDITIONS", "Condition", "vanishes"]

Condition = Callable[[Op, Known], Refusal | None]
"""Returns what an op is refused for, None where it fits, or where that cannot be told."""


def vanishes(op: Op, known: Known) -> bool:
    """True for an op that gives its input back as it is: nothing is left of it, whatever its types."""
    match op.kind:
        case "AddN" | "IdentityN" | "Pack":
            return len(op.inputs) == 1
        case "Transpose":
            order = known.numbers(op.input(1))
            return order is not None and order == sorted(order)
        case "Pad" | "PadV2":
            return _all(known.numbers(op.input(1)), 0)
        case "Tile":
            return _all(known.numbers(op.input(1)), 1)
        case "BroadcastTo":
            target = known.numbers(op.input(1))
            return target is not None and static(op.input(0)) == tuple(target)
        case "Concat" | "ConcatV2":
            return len(op.inputs) == 2
        case "Cast":
            source, made = op.input(0), op.options.get("DstT")
            return source is not None and source.dtype is made and not op.options.get("Truncate")
    return False


def _all(numbers: list[Any] | None, value: int) -> bool:
    return numbers is not None and all(each == value for each in numbers)


# ---------------------------------------------------------------------------------------------- makers of conditions


def constant(slot: int, name: str, status: Status | None = None) -> Condition:
    """A condition that an input is a constant."""

    def condition(op: Op, known: Known) -> Refusal | None:
        if op.input(slot) is None or known.is_constant(op.input(slot)):
            return None
        return Refusal(f"{name} is no constant", status)

    condition.__doc__ = f"{name} is a constant"
    return condition


def channels_last(status: Status | None = None) -> Condition:
    """A condition on the order of an image's dimensions."""

    def condition(op: Op, known: Known) -> Refusal | None:
        layout = op.options.get("data_format", "NHWC")
        return None if layout in {"NHWC", "NDHWC", "", None} else Refusal(f"data_format is {layout}", status)

    condition.__doc__ = "channels come last"
    return condition


def known_shape(slot: int, status: Status | None = None) -> Condition:
    """A condition that an input has no open dimension."""

    def condition(op: Op, known: Known) -> Refusal | None:
        tensor = op.input(slot)
        if tensor is None or static(tensor) is not None:
            return None
        return Refusal("a size of its input is not known", status)

    condition.__doc__ = "all sizes of its input are known"
    return condition


def between(slot: int, low: int, high: int) -> Condition:
    """A condition on the rank of an input."""

    def condition(op: Op, known: Known) -> Refusal | None:
        dimensions = rank(op.input(slot))
        if dimensions is None or low <= dimensions <= high:
            return None
        return Refusal(f"its input has {dimensions} dimensions, not {low} to {high}")

    condition.__doc__ = f"its input has {low} to {high} dimensions"
    return condition


def option(name: str, *allowed: Any, status: Status | None = None) -> Condition:
    """A condition on an attribute."""

    def condition(op: Op, known: Known) -> Refusal | None:
        value = op.options.get(name)
        return None if value is None or value in allowed else Refusal(f"{name} is {value}", status)

    condition.__doc__ = f"{name} is {' or '.join(str(each) for each in allowed)}"
    return condition


def unused(*slots: int) -> Condition:
    """A condition that nothing takes some outputs."""

    def condition(op: Op, known: Known) -> Refusal | None:
        for slot in slots:
            if slot < len(op.outputs) and _taken(op.outputs[slot], known):
                return Refusal(f"output {slot} is used, which only training makes")
        return None

    condition.__doc__ = "only its first output is used"
    return condition


def _taken(tensor: Tensor, known: Known) -> bool:
    return tensor in known.graph.outputs or bool(known.graph.consumers(tensor))


# ---------------------------------------------------------------------------------------------- conditions of one op


def equal_shapes(op: Op, known: Known) -> Refusal | None:
    """Both inputs have the same shape"""
    shapes = [op.input(0), op.input(1)]
    if any(rank(each) is None for each in shapes):
        return None
    left, right = (each.shape if each is not None else () for each in shapes)
    return None if left == right else Refusal("its inputs differ in shape", Status.FAILS)


def all_constant_rows(op: Op, known: Known) -> Refusal | None:
    """It is a constant which rows go where"""
    rows = op.inputs[: len(op.inputs) // 2]
    return None if all(known.is_constant(each) for each in rows) else Refusal("it is no constant which rows go where")


def all_known(op: Op, known: Known) -> Refusal | None:
    """All sizes of its inputs are known"""
    for tensor in op.inputs:
        if tensor is not None and static(tensor) is None:
            return Refusal("a size of its inputs is not known")
    return None


def main_diagonal(op: Op, known: Known) -> Refusal | None:
    """K is the constant 0"""
    row = op.input(0)
    if op.kind.startswith("MatrixDiag") and row is not None and row.shape == (None,):
        return None
    numbers = known.numbers(op.input(2 if op.kind.startswith("MatrixSet") else 1))
    if numbers is None:
        return Refusal("which diagonal is no constant")
    return None if set(numbers) <= {0} else Refusal(f"the diagonal is number {numbers[0]}, not the main one")


def last_dimension(op: Op, known: Known) -> Refusal | None:
    """The last dimension is reduced"""
    dimensions = rank(op.input(0))
    reduced = op.options.get("reduction_dimension", -1)
    if dimensions is None or reduced in {-1, dimensions - 1}:
        return None
    return Refusal(f"dimension {reduced} is reduced, and only the last can be", Status.FAILS)


def image_bias(op: Op, known: Known) -> Refusal | None:
    """Channels come last, or its input has 4 dimensions"""
    dimensions = rank(op.input(0))
    if op.options.get("data_format") != "NCHW" or dimensions in {None, 4}:
        return None
    return Refusal(f"data_format is NCHW, and its input has {dimensions} dimensions, not 4", Status.FAILS)


def movable(op: Op, known: Known) -> Refusal | None:
    """Not more than 6 runs of dimensions change places"""
    order, tensor = known.numbers(op.input(1)), op.input(0)
    if order is None or tensor is None or len(order) != len(tensor.shape):
        return None
    moved = [each for each in order if 0 <= each < len(order) and tensor.shape[each] != 1]
    kept = {each: place for place, each in enumerate(sorted(moved))}
    runs = sum(not place or kept[each] != kept[moved[place - 1]] + 1 for place, each in enumerate(moved))
    return None if runs <= 6 else Refusal(f"{runs} runs of dimensions change places, and TRANSPOSE moves 6")


def strings_in_a_row(op: Op, known: Known) -> Refusal | None:
    """Strings are gathered from one dimension"""
    strings = op.input(0)
    dimensions = rank(strings)
    if strings is None or strings.dtype is not DType.STRING or dimensions in {None, 1}:
        return None
    return Refusal(f"it gathers strings from {dimensions} dimensions, and GATHER from one")


def compared_strings(op: Op, known: Known) -> Refusal | None:
    """Strings that differ in shape have at most 4 dimensions"""
    tensors = [tensor for tensor in op.inputs if tensor is not None and tensor.has_rank]
    if not any(tensor.dtype is DType.STRING for tensor in tensors) or len({tensor.shape for tensor in tensors}) < 2:
        return None
    most = max(len(tensor.shape) for tensor in tensors)
    return Refusal(f"strings of {most} dimensions cannot be broadcast") if most > 4 else None


def filled_shape(op: Op, known: Known) -> Refusal | None:
    """All sizes of its input are known, or the runtime can broadcast its type"""
    tensor = op.input(0)
    if tensor is None or static(tensor) is not None or tensor.dtype in _BROADCAST:
        return None
    return Refusal(f"a size of its input is not known, and BROADCAST_TO takes no {tensor.dtype.value}")


_BROADCAST = frozenset({
    DType.FLOAT32, DType.INT32, DType.BOOL, DType.INT8, DType.UINT8, DType.UINT32, DType.INT16, DType.INT64,
    DType.COMPLEX64,
})  # fmt: skip
"""Source: LiteRT f67457790, tflite/converter/ir/tfl_ops.td, TFL_BroadcastToOp."""


def broadcast_choice(op: Op, known: Known) -> Refusal | None:
    """All its inputs have the same shape, or those of more than 5 dimensions have known sizes"""
    shapes = [tensor.shape for tensor in op.inputs if tensor is not None and tensor.has_rank]
    if len(set(shapes)) < 2:
        return None
    for shape in shapes:
        if len(shape) > 5 and None in shape:
            return Refusal(
                f"SELECT_V2 cannot broadcast {len(shape)} dimensions of which one is not known", Status.FAILS
            )
    return None


def selected(op: Op, known: Known) -> Refusal | None:
    """Its second input is a constant, or all sizes are known, or it has at most 5 dimensions"""
    if known.is_constant(op.input(1)):
        return None
    for tensor in op.inputs:
        dimensions = rank(tensor)
        if dimensions is not None and dimensions > 5 and static(tensor) is None:
            return Refusal(
                f"SELECT_V2 cannot broadcast {dimensions} dimensions of which one is not known", Status.FAILS
            )
    return None


CONDITIONS: dict[str, tuple[Condition, ...]] = {
    "ApproxTopK": (option("is_max_k", True), last_dimension),
    **dict.fromkeys("Atan2 RsqrtGrad SigmoidGrad SqrtGrad TanhGrad".split(), (equal_shapes,)),
    "BiasAdd": (image_bias,),
    "Conv3D": (channels_last(),),
    "Conv2DBackpropInput": (option("dilations", (1, 1, 1, 1)),),
    "DepthToSpace": (channels_last(),),
    "DepthwiseConv2dNative": (channels_last(),),
    **dict.fromkeys(("DivNoNan", "MulNoNan"), (selected,)),
    "DynamicStitch": (all_constant_rows, all_known),
    "FakeQuantWithMinMaxVars": (constant(1, "the smallest value"), constant(2, "the largest value")),
    "FusedBatchNorm": (unused(1, 2, 3, 4, 5),),
    "FusedBatchNormV3": (unused(1, 2, 3, 4, 5),),
    **dict.fromkeys(("Equal", "NotEqual"), (compared_strings,)),
    "Gather": (strings_in_a_row,),
    "GatherV2": (constant(2, "the axis"), strings_in_a_row),
    "InvertPermutation": (known_shape(0),),
    "MatrixDiagV2": (main_diagonal,),
    "MatrixDiagV3": (main_diagonal,),
    "MatrixSetDiagV2": (main_diagonal,),
    "MatrixSetDiagV3": (main_diagonal,),
    "OnesLike": (filled_shape,),
    **dict.fromkeys(
        ("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV4"),
        (constant(1, "the smallest value", Status.FAILS), constant(2, "the largest value", Status.FAILS)),
    ),
    "Roll": (constant(1, "the shift"), constant(2, "the axis"), known_shape(0)),
    "SelectV2": (broadcast_choice,),
    "SpaceToBatchND": (between(0, 3, 4),),
    "SpaceToDepth": (channels_last(),),
    "SparseSoftmaxCrossEntropyWithLogits": (known_shape(0),),
    "Transpose": (movable,),
}
