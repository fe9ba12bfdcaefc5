"""Lists of tensors, which loops write their steps to: lowered to tensors, or left to TensorFlow."""

from __future__ import annotations

from tflint.forecast.known import Known, rank, static
from tflint.forecast.status import OpForecast, Status
from tflint.model import DType, Op

__all__ = ["TENSOR_LISTS", "tensor_list"]

_MADE = frozenset({"TensorListReserve", "EmptyTensorList"})
_LOWERED = {
    "TensorListFromTensor": (), "TensorListGetItem": ("GATHER",), "TensorListLength": ("SHAPE",),
    "TensorListPushBack": ("CONCATENATION",), "TensorListStack": ("RESHAPE",), "TensorListResize": ("IF",),
    "TensorListSetItem": ("SLICE", "CONCATENATION"), "TensorListConcatV2": ("CONCATENATION",),
}  # fmt: skip
"""Source: LiteRT f67457790, tflite/converter/transforms/lower_static_tensor_list.cc."""
_LEFT = frozenset(
    """
    TensorListConcat TensorListConcatLists TensorListElementShape TensorListGather TensorListPopBack
    TensorListPushBackBatch TensorListScatter TensorListScatterIntoExistingList TensorListScatterV2 TensorListSplit
    """.split()
)
TENSOR_LISTS = _MADE | frozenset(_LOWERED) | _LEFT
_ELEMENTS = frozenset({
    DType.FLOAT16, DType.FLOAT32, DType.FLOAT64, DType.BOOL, DType.INT8, DType.INT16, DType.INT32, DType.INT64,
})  # fmt: skip


def tensor_list(op: Op, known: Known) -> OpForecast:
    """What becomes of an op on a list.

    Source: LiteRT f67457790, tflite/converter/transforms/lower_static_tensor_list.cc, ConvertTensorListInitOp.
    """
    if op.kind in _MADE:
        return _made(op, known)
    if op.kind in _LEFT:
        return _flex(op, "it is not among the ops on lists that are lowered")
    if op.kind == "TensorListSetItem" and op.options.get("resize_if_index_out_of_bounds"):
        return _flex(op, "a list that grows as it is written to is not lowered")
    return OpForecast(op, Status.BUILTIN, "", _LOWERED[op.kind])


def _flex(op: Op, reason: str) -> OpForecast:
    return OpForecast(op, Status.FLEX, f"{op.kind} needs SELECT_TF_OPS: {reason}")


def _made(op: Op, known: Known) -> OpForecast:
    dtype = op.options.get("element_dtype")
    if isinstance(dtype, DType) and dtype not in _ELEMENTS:
        return _flex(op, f"lists of {dtype.value} elements are not lowered")
    shape = op.input(0)
    sizes = known.numbers(shape)
    if rank(shape) == 0 and not _written(op, known):
        return _flex(op, "nothing tells the shape of the list's elements")
    if rank(shape) != 0 and sizes and sizes[0] == -1:
        return _flex(
            op, "the first size of the list's elements, as the batch, is not known; give the input a fixed batch"
        )
    return OpForecast(op, Status.BUILTIN, "", ("FILL",))


def _written(op: Op, known: Known) -> bool:
    """True where something of known sizes is written to the list, here or in a loop: its elements get that shape."""
    for handle in op.outputs:
        for reader in known.graph.consumers(handle):
            if reader.kind == "TensorListSetItem":
                return True
            body = known.functions.get(str(reader.options.get("body")))
            if body is not None and handle in reader.inputs:
                place = reader.inputs.index(handle)
                if place < len(body.inputs) and any(_sized(each) for each in body.consumers(body.inputs[place])):
                    return True
    return False


def _sized(op: Op) -> bool:
    return op.kind == "TensorListSetItem" and static(op.input(2)) is not None
