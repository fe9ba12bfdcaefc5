"""The shape of an op's outputs, by the shapes and the contents of its inputs, as LiteRT's kernels work it out.

Source: LiteRT f67457790, the Prepare functions of tflite/kernels/*.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from tflint.model import DType, Op

if TYPE_CHECKING:
    import numpy

__all__ = ["ONE", "SEVERAL", "Size", "UnknownSizeError", "View", "broadcast", "padded_window", "window"]

Size = tuple[int, ...]


class UnknownSizeError(Exception):
    """What is needed is known only when the model runs."""


class View:
    """An op as a rule sees it; what is not known raises UnknownSizeError."""

    def __init__(self, op: Op, shapes: Sequence[Size | None], content: Callable[[int], numpy.ndarray | None]) -> None:
        self.op = op
        self.shapes = shapes
        self._content = content

    def shape(self, slot: int) -> Size:
        """The shape of an input."""
        found = self.shapes[slot] if slot < len(self.shapes) else None
        if found is None:
            raise UnknownSizeError
        return found

    def content(self, slot: int) -> numpy.ndarray:
        """What an input holds."""
        found = self._content(slot)
        if found is None:
            raise UnknownSizeError
        return found

    def numbers(self, slot: int) -> Size:
        """What an input holds, as flat integers."""
        return tuple(int(each) for each in self.content(slot).reshape(-1))

    def number(self, slot: int) -> int:
        """The only element of an input."""
        return self.numbers(slot)[0]

    def option(self, name: str, default: Any = 0) -> Any:
        """An attribute of the op; `default` where it has none of that name."""
        return self.op.options.get(name, default)


def broadcast(*shapes: Size) -> Size:
    """The shape that others grow to in element-wise ops."""
    import numpy as np

    return tuple(np.broadcast_shapes(*shapes))


def window(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """The places that a window takes along a dimension."""
    covered = size if padding == "SAME" else size - (kernel - 1) * dilation
    return max(covered + stride - 1, 0) // stride


def padded_window(view: View, size: Size, kernel: Size, axes: str) -> Size:
    """The places of a window along the dimensions named in `axes`, as `hw` or `dhw`."""
    padding = view.option("padding", "SAME")
    strides = [max(view.option(f"stride_{axis}", 1), 1) for axis in axes]
    dilations = [view.option(f"dilation_{axis}_factor", 1) for axis in axes]
    return tuple(window(*each, padding) for each in zip(size, kernel, strides, dilations, strict=True))


def _place(axis: int, rank: int) -> int:
    place = axis + rank if axis < 0 else axis
    if not 0 <= place < rank:
        raise UnknownSizeError
    return place


def _with(shape: Size, axis: int, size: int) -> Size:
    place = _place(axis, len(shape))
    return (*shape[:place], size, *shape[place + 1 :])


def _without(shape: Size, axis: int) -> Size:
    place = _place(axis, len(shape))
    return (*shape[:place], *shape[place + 1 :])


def _same(view: View) -> Size:
    return view.shape(0)


def _broadcast(view: View) -> Size:
    return broadcast(*(view.shape(slot) for slot in range(len(view.shapes))))


def _given(slot: int) -> Callable[[View], Size]:
    """The shape is what an input holds."""
    return lambda view: view.numbers(slot)


def _conv_2d(view: View) -> Size:
    x, kernel = view.shape(0), view.shape(1)
    return (x[0], *padded_window(view, x[1:3], kernel[1:3], "hw"), kernel[0])


def _depthwise(view: View) -> Size:
    x, kernel = view.shape(0), view.shape(1)
    return (x[0], *padded_window(view, x[1:3], kernel[1:3], "hw"), kernel[3])


def _conv_3d(view: View) -> Size:
    x, kernel = view.shape(0), view.shape(1)
    return (x[0], *padded_window(view, x[1:4], kernel[:3], "dhw"), kernel[4])


def _pool(view: View) -> Size:
    x = view.shape(0)
    kernel = (view.option("filter_height", 1), view.option("filter_width", 1))
    return (x[0], *padded_window(view, x[1:3], kernel, "hw"), x[3])


def _fully_connected(view: View) -> Size:
    x, (units, depth) = view.shape(0), view.shape(1)
    if view.option("keep_num_dims", False):
        return (*x[:-1], units)
    return prod(x) // depth if depth else prod(x[:-1]), units


def _batch_matmul(view: View) -> Size:
    left, right = view.shape(0), view.shape(1)
    rows = left[-1] if view.option("adj_x", False) else left[-2]
    columns = right[-2] if view.option("adj_y", False) else right[-1]
    return (*broadcast(left[:-2], right[:-2]), rows, columns)


def _reshape(view: View) -> Size:
    x = view.shape(0)
    shape = view.op.input(1)
    if shape is not None and len(view.shape(1)) == 1 and shape.dtype is DType.INT32:
        wanted = view.numbers(1)
    else:
        wanted = tuple(int(size) for size in view.option("new_shape", None) or ())
        wanted = () if wanted == (0,) else wanted
    if -1 not in wanted:
        return wanted
    rest = prod(size for size in wanted if size != -1)
    return _with(wanted, wanted.index(-1), prod(x) // rest if rest else 0)


def _squeeze(view: View) -> Size:
    x = view.shape(0)
    axes = {_place(int(axis), len(x)) for axis in view.option("squeeze_dims", None) or ()}
    return tuple(size for axis, size in enumerate(x) if (axis not in axes if axes else size != 1))


def _expand_dims(view: View) -> Size:
    x = view.shape(0)
    place = _place(view.number(1), len(x) + 1)
    return (*x[:place], 1, *x[place:])


def _transpose(view: View) -> Size:
    x = view.shape(0)
    return tuple(x[axis] for axis in view.numbers(1))


def _pack(view: View) -> Size:
    x = view.shape(0)
    place = _place(view.option("axis"), len(x) + 1)
    return (*x[:place], len(view.shapes), *x[place:])


def _concatenation(view: View) -> Size:
    parts = [view.shape(slot) for slot in range(len(view.shapes))]
    if not parts[0]:
        return (len(parts),)
    place = _place(view.option("axis"), len(parts[0]))
    return _with(parts[0], place, sum(part[place] for part in parts))


def _slice(view: View) -> Size:
    sizes = zip(view.shape(0), view.numbers(1), view.numbers(2), strict=True)
    return tuple(size - begin if wanted < 0 else wanted for size, begin, wanted in sizes)


def strided(view: View) -> tuple[Any, ...]:
    """What a STRIDED_SLICE takes, as numpy's index."""
    begins, ends, strides = view.numbers(1), view.numbers(2), view.numbers(3)
    masks = [view.option(f"{each}_mask") for each in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")]
    index: list[Any] = []
    for place, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        no_begin, no_end, ellipsis, new_axis, shrink = (mask >> place & 1 for mask in masks)
        if ellipsis:
            index.append(Ellipsis)
        elif new_axis:
            index.append(None)
        elif shrink:
            index.append(begin)
        else:
            until = begin + end if view.option("offset", False) else end
            index.append(slice(None if no_begin else begin, None if no_end else until, stride))
    return tuple(index)


def _strided_slice(view: View) -> Size:
    import numpy as np

    return tuple(np.broadcast_to(np.int8(0), view.shape(0))[strided(view)].shape)


def _gather(view: View) -> Size:
    x, indices = view.shape(0), view.shape(1)
    axis = _place(view.option("axis"), len(x))
    shared = view.option("batch_dims")
    shared = shared + len(indices) if shared < 0 else shared
    return (*x[:axis], *indices[shared:], *x[axis + 1 :])


def _gather_nd(view: View) -> Size:
    x, indices = view.shape(0), view.shape(1)
    return (*indices[:-1], *x[indices[-1] :])


def _tile(view: View) -> Size:
    return tuple(size * times for size, times in zip(view.shape(0), view.numbers(1), strict=True))


def _pad(view: View) -> Size:
    pads = view.numbers(1)
    return tuple(size + pads[2 * axis] + pads[2 * axis + 1] for axis, size in enumerate(view.shape(0)))


def _range(view: View) -> Size:
    start, limit, delta = (view.content(slot).reshape(-1)[0].item() for slot in range(3))
    return (max(0, ceil((limit - start) / delta)),)


def _one_hot(view: View) -> Size:
    indices = view.shape(0)
    place = _place(view.option("axis", -1), len(indices) + 1)
    return (*indices[:place], view.number(1), *indices[place:])


def _arg(view: View) -> Size:
    return _without(view.shape(0), view.number(1))


def _reduce(view: View) -> Size:
    x = view.shape(0)
    axes = {_place(axis, len(x)) for axis in view.numbers(1)} if x else set()
    if view.option("keep_dims", False):
        return tuple(1 if axis in axes else size for axis, size in enumerate(x))
    return tuple(size for axis, size in enumerate(x) if axis not in axes)


def _resize(view: View) -> Size:
    x, (height, width) = view.shape(0), view.numbers(1)
    return x[0], height, width, x[3]


def _space_to_depth(view: View) -> Size:
    (batch, height, width, depth), block = view.shape(0), view.option("block_size")
    return batch, height // block, width // block, depth * block * block


def _depth_to_space(view: View) -> Size:
    (batch, height, width, depth), block = view.shape(0), view.option("block_size")
    return batch, height * block, width * block, depth // (block * block)


def _space_to_batch(view: View) -> Size:
    x, blocks, pads = view.shape(0), view.numbers(1), view.numbers(2)
    padded = [(x[1 + axis] + pads[2 * axis] + pads[2 * axis + 1]) // block for axis, block in enumerate(blocks)]
    return (x[0] * prod(blocks), *padded, *x[1 + len(blocks) :])


def _batch_to_space(view: View) -> Size:
    x, blocks, crops = view.shape(0), view.numbers(1), view.numbers(2)
    cropped = [x[1 + axis] * block - crops[2 * axis] - crops[2 * axis + 1] for axis, block in enumerate(blocks)]
    return (x[0] // prod(blocks), *cropped, *x[1 + len(blocks) :])


def _embedding(view: View) -> Size:
    return (*view.shape(0)[:1], *view.shape(1)[1:])


def _sequence_lstm(view: View) -> Size:
    return (*view.shape(0)[:-1], view.shape(8)[1])


def _sequence_rnn(view: View) -> Size:
    return (*view.shape(0)[:-1], view.shape(1)[0])


def _svdf(view: View) -> Size:
    return view.shape(0)[0], view.shape(1)[0] // max(view.option("rank", 1), 1)


def _segments(view: View) -> Size:
    return (view.number(2), *view.shape(0)[len(view.shape(1)) :])


def _segment_sum(view: View) -> Size:
    ids = view.numbers(1)
    return (ids[-1] + 1 if ids else 0, *view.shape(0)[1:])


def _broadcast_args(view: View) -> Size:
    return (max(view.shape(0)[0], view.shape(1)[0]),)


def _matrix_diag(view: View) -> Size:
    return (*view.shape(0), view.shape(0)[-1])


def _rfft_2d(view: View) -> Size:
    height, width = view.numbers(1)
    return (*view.shape(0)[:-2], height, width // 2 + 1)


def _scalar(_view: View) -> Size:
    return ()


def _where(view: View) -> Size:
    return int((view.content(0) != 0).sum()), len(view.shape(0))


def _one(rules: Mapping[str, Callable[[View], Size]]) -> dict[str, Callable[[View], Size]]:
    return {kind: rule for kinds, rule in rules.items() for kind in kinds.split()}


ONE: Mapping[str, Callable[[View], Size]] = _one(
    {
        "ABS BUCKETIZE CAST CEIL COMPLEX_ABS COS CUMSUM DEQUANTIZE DYNAMIC_UPDATE_SLICE ELU EXP FAKE_QUANT FLOOR GELU "
        "HARD_SWISH IMAG L2_NORMALIZATION LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_NOT LOGISTIC "
        "LOG_SOFTMAX MATRIX_SET_DIAG NEG QUANTIZE REAL RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 REVERSE_SEQUENCE "
        "REVERSE_V2 ROUND RSQRT SIGN SIN SOFTMAX SQRT SQUARE TANH ZEROS_LIKE ADD_N": _same,
        "ADD ATAN2 BITWISE_XOR DIV EQUAL FLOOR_DIV FLOOR_MOD GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND "
        "LOGICAL_OR MAXIMUM MINIMUM MUL NOT_EQUAL POW PRELU RIGHT_SHIFT SELECT_V2 SQUARED_DIFFERENCE SUB": _broadcast,
        "AVERAGE_POOL_2D L2_POOL_2D MAX_POOL_2D": _pool,
        "MEAN REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD SUM": _reduce,
        "MIRROR_PAD PAD PADV2": _pad,
        "ARG_MAX ARG_MIN": _arg,
        "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR": _resize,
        "UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_SUM": _segments,
        "CONV_3D_TRANSPOSE FILL RANDOM_STANDARD_NORMAL RANDOM_UNIFORM TRANSPOSE_CONV": _given(0),
        "BROADCAST_TO SPARSE_TO_DENSE": _given(1),
        "SCATTER_ND": _given(2),
        "BATCH_MATMUL": _batch_matmul, "BATCH_TO_SPACE_ND": _batch_to_space, "BROADCAST_ARGS": _broadcast_args,
        "CONCATENATION": _concatenation, "CONV_2D": _conv_2d, "CONV_3D": _conv_3d, "DEPTHWISE_CONV_2D": _depthwise,
        "DEPTH_TO_SPACE": _depth_to_space, "EMBEDDING_LOOKUP": _embedding, "EXPAND_DIMS": _expand_dims,
        "FULLY_CONNECTED": _fully_connected, "GATHER": _gather, "GATHER_ND": _gather_nd,
        "HASHTABLE_FIND": lambda view: view.shape(1), "MATRIX_DIAG": _matrix_diag, "ONE_HOT": _one_hot, "PACK": _pack,
        "RANGE": _range, "RFFT2D": _rfft_2d,
        "RANK": _scalar, "RESHAPE": _reshape, "SEGMENT_SUM": _segment_sum,
        "SELECT": lambda view: view.shape(1), "SHAPE": lambda view: (len(view.shape(0)),), "SLICE": _slice,
        "SPACE_TO_BATCH_ND": _space_to_batch, "SPACE_TO_DEPTH": _space_to_depth, "SQUEEZE": _squeeze,
        "STRIDED_SLICE": _strided_slice, "SVDF": _svdf, "TILE": _tile, "TRANSPOSE": _transpose,
        "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm, "UNIDIRECTIONAL_SEQUENCE_RNN": _sequence_rnn, "WHERE": _where,
    }
)  # fmt: skip
"""Op -> the shape of its only output."""


def _split(view: View) -> list[Size | None]:
    x, count = view.shape(1), len(view.op.outputs)
    place = _place(view.number(0), len(x))
    return [_with(x, place, x[place] // count)] * count


def _split_v(view: View) -> list[Size | None]:
    x, sizes = view.shape(0), view.numbers(1)
    place = _place(view.number(2), len(x))
    rest = x[place] - sum(size for size in sizes if size != -1)
    return [_with(x, place, rest if size == -1 else size) for size in sizes]


def _unpack(view: View) -> list[Size | None]:
    return [_without(view.shape(0), view.option("axis"))] * len(view.op.outputs)


def _top_k(view: View) -> list[Size | None]:
    return [(*view.shape(0)[:-1], view.number(1))] * 2


def _boxes(view: View) -> list[Size | None]:
    """The kept boxes, their scores where `SOFT` NMS gives them, and how many they are."""
    kept = (view.number(2),)
    return [kept] * (len(view.op.outputs) - 1) + [()]


def _unique(view: View) -> list[Size | None]:
    return [None, view.shape(0)]


SEVERAL: Mapping[str, Callable[[View], list[Size | None]]] = {
    "NON_MAX_SUPPRESSION_V4": _boxes, "NON_MAX_SUPPRESSION_V5": _boxes, "SPLIT": _split, "SPLIT_V": _split_v,
    "TOPK_V2": _top_k, "UNIQUE": _unique, "UNPACK": _unpack,
}  # fmt: skip
"""Op -> the shapes of its outputs; None for those that only a run tells."""
