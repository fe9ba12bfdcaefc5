"""What ops become that look at images through windows, or give them another size.

Source: tried with TensorFlow 2.21.0; LiteRT f67457790, tflite/converter/transforms/prepare_tf.cc and
legalize_patterns.td.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tflint.forecast.layers.trace import Cannot, Trace, Value
from tflint.forecast.layers.windows import window
from tflint.forecast.status import Status
from tflint.forecast.tf.call import Lowering, TfCall, of_floats
from tflint.model import Shape

__all__ = ["WINDOWS"]

_TO_LAST, _FROM_LAST = (0, 2, 3, 1), (0, 3, 1, 2)


class _Settings:
    """How a window moves: over the height and the width, wherever the channels stand."""

    def __init__(self, call: TfCall) -> None:
        self.is_first = call.attr("data_format", "NHWC") == "NCHW"
        places = (2, 3) if self.is_first else (1, 2)
        self.strides = _pair(call.attr("strides", (1, 1, 1, 1)), places)
        self.dilations = _pair(call.attr("dilations", (1, 1, 1, 1)), places)
        self.size = _pair(call.attr("ksize", (1, 1, 1, 1)), places)
        self.padding = str(call.attr("padding", "VALID"))


def _pair(values: Any, places: tuple[int, int]) -> tuple[int, int]:
    if len(values) != 4:
        raise Cannot(Status.UNKNOWN, "its settings are not those of an image")
    return int(values[places[0]]), int(values[places[1]])


def _space(x: Value, kernel: Sequence[int | None], how: _Settings, padding: str) -> tuple[int | None, ...]:
    return tuple(
        None if size is None or length is None else window(size, length, stride, dilation, padding.lower())
        for size, length, stride, dilation in zip(x.sizes[1:3], kernel, how.strides, how.dilations, strict=True)
    )


def _filters(trace: Trace, call: TfCall) -> Value:
    """The weights of a convolution, outputs first; those that are no constant are turned when the model runs."""
    weights = call.x(1)
    height, width, depth, count = weights.sizes
    if call.op.kind != "DepthwiseConv2dNative":
        if not weights.is_constant:
            return trace.transpose(weights, [3, 0, 1, 2])
        return trace.constant(count, height, width, depth)
    channels = None if depth is None or count is None else depth * count
    if not weights.is_constant:
        return trace.reshape(weights, (1, height, width, channels))
    return trace.constant(1, height, width, channels)


def _padded(trace: Trace, call: TfCall, x: Value, how: _Settings) -> tuple[Value, str]:
    """What is added around an image by an op of its own, and the padding that is left."""
    if how.padding != "EXPLICIT":
        return x, how.padding
    added = [int(each) for each in call.attr("explicit_paddings", ())]
    if len(added) != 8:
        raise Cannot(Status.UNKNOWN, "what it adds around the image is not told")
    if how.is_first:
        added = [*added[:2], *added[4:], *added[2:4]]
    amounts = trace.ints(added)
    amounts.shape = (4, 2)
    shape = tuple(
        None if size is None else size + before + after
        for size, before, after in zip(x.sizes, added[::2], added[1::2], strict=True)
    )
    return trace.emit("PAD", [x, amounts], shape, x.dtype), "VALID"


def _convolution(trace: Trace, call: TfCall) -> Value:
    how = _Settings(call)
    x = trace.transpose(call.x(), _TO_LAST) if how.is_first else call.x()
    weights = call.x(1)
    x, padding = _padded(trace, call, x, how)
    filters = _filters(trace, call)
    is_depthwise = call.op.kind == "DepthwiseConv2dNative"
    channels = filters.sizes[3] if is_depthwise else filters.sizes[0]
    if channels is None:
        raise Cannot(Status.BUILTIN, "the number of its channels is not known")
    new: Shape = (x.sizes[0], *_space(x, weights.sizes[:2], how, padding), channels)
    shape = new if how.is_first else call.shape(new)
    options: dict[str, Any] = {
        "padding": padding, "stride_h": how.strides[0], "stride_w": how.strides[1],
        "dilation_h_factor": how.dilations[0], "dilation_w_factor": how.dilations[1],
        "fused_activation_function": "NONE",
    }  # fmt: skip
    if is_depthwise:
        options["depth_multiplier"] = weights.sizes[3]
    bias = of_floats((channels,), [0.0] * channels) if channels < _MANY else trace.constant(channels)
    y = trace.emit("DEPTHWISE_CONV_2D" if is_depthwise else "CONV_2D", [x, filters, bias], shape, **options)
    return trace.transpose(y, _FROM_LAST) if how.is_first else y


_MANY = 1 << 12


def _transposed(trace: Trace, call: TfCall) -> Value:
    how = _Settings(call)
    if how.is_first:
        raise Cannot(Status.BUILTIN, "its channels come first")
    if how.padding == "EXPLICIT":
        raise Cannot(Status.BUILTIN, "what it adds around the image is told in numbers")
    sizes, weights, x = call.x(0), call.x(1), call.x(2)
    height, width, count, depth = weights.sizes
    if not weights.is_constant:
        filters = trace.transpose(weights, [2, 0, 1, 3])
    else:
        filters = trace.constant(count, height, width, depth)
    return trace.emit(
        "TRANSPOSE_CONV", [sizes, filters, x], call.shape((x.sizes[0], None, None, count)), padding=how.padding,
        stride_h=how.strides[0], stride_w=how.strides[1], fused_activation_function="NONE",
    )  # fmt: skip


def _conv_3d(trace: Trace, call: TfCall) -> Value:
    x, weights = call.x(0), call.x(1)
    strides, dilations = call.attr("strides"), call.attr("dilations", (1,) * 5)
    if call.attr("padding") not in ("SAME", "VALID"):
        raise Cannot(Status.UNKNOWN, "what it adds around the image is not told")
    return trace.emit(
        "CONV_3D", [x, weights, None], call.shape(), padding=str(call.attr("padding")), stride_d=strides[1],
        stride_h=strides[2], stride_w=strides[3], dilation_d_factor=dilations[1], dilation_h_factor=dilations[2],
        dilation_w_factor=dilations[3], fused_activation_function="NONE",
    )  # fmt: skip


def _pool(trace: Trace, call: TfCall) -> Value:
    how = _Settings(call)
    x = trace.transpose(call.x(), _TO_LAST) if how.is_first else call.x()
    is_max = call.op.kind != "AvgPool"
    if how.padding == "EXPLICIT":
        raise Cannot(Status.UNKNOWN, "what it adds around the image is told in numbers")
    shape: Shape = (x.sizes[0], *_space(x, how.size, how, how.padding), x.sizes[3])
    y = trace.emit(
        "MAX_POOL_2D" if is_max else "AVERAGE_POOL_2D", [x], shape if how.is_first else call.shape(shape), x.dtype,
        padding=how.padding, filter_height=how.size[0], filter_width=how.size[1], stride_h=how.strides[0],
        stride_w=how.strides[1], fused_activation_function="NONE",
    )  # fmt: skip
    return trace.transpose(y, _FROM_LAST) if how.is_first else y


def _batch_norm(trace: Trace, call: TfCall) -> Value:
    """A product and a sum, of constants that are computed before."""
    if call.attr("is_training", True):
        raise Cannot(Status.BUILTIN, "it learns while it runs")
    if not all(call.is_constant(slot) for slot in (1, 2, 3, 4)):
        raise Cannot(Status.BUILTIN, "what it scales by is no constant")
    x, channels = call.x(), call.x(1).sizes[0]
    if channels is None:
        raise Cannot(Status.UNKNOWN, "the number of its channels is not known")
    is_first = call.attr("data_format", "NHWC") == "NCHW"
    y = trace.transpose(x, _TO_LAST) if is_first else x
    y = trace.binary("ADD", trace.binary("MUL", y, trace.constant(channels)), trace.constant(channels))
    return trace.transpose(y, _FROM_LAST) if is_first else y


def _resize(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        options = {name: bool(call.attr(name, False)) for name in ("align_corners", "half_pixel_centers")}
        x = call.x()
        space: Sequence[int | None] = call.numbers(1) if call.is_constant(1) else (None, None)
        return trace.emit(
            kind, [x, call.x(1)], call.shape((x.sizes[0], *space, x.sizes[3])), call.dtype(), **options
        )  # fmt: skip

    return lower


def _blocks(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        return trace.emit(
            kind, [call.x()], call.shape(), call.dtype(), block_size=int(call.attr("block_size", 1))
        )  # fmt: skip

    return lower


def _batches(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        return trace.emit(kind, call.values, call.shape(), call.dtype())

    return lower


def _lrn(trace: Trace, call: TfCall) -> Value:
    return trace.emit(
        "LOCAL_RESPONSE_NORMALIZATION", [call.x()], call.shape(call.x().shape),
        radius=int(call.attr("depth_radius", 5)), bias=float(call.attr("bias", 1.0)),
        alpha=float(call.attr("alpha", 1.0)), beta=float(call.attr("beta", 0.5)),
    )  # fmt: skip


WINDOWS: Mapping[str, Lowering] = {
    "AvgPool": _pool,
    "BatchToSpaceND": _batches("BATCH_TO_SPACE_ND"),
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _transposed,
    "Conv3D": _conv_3d,
    "DepthToSpace": _blocks("DEPTH_TO_SPACE"),
    "DepthwiseConv2dNative": _convolution,
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
    "LRN": _lrn,
    "MaxPool": _pool,
    "ResizeBilinear": _resize("RESIZE_BILINEAR"),
    "ResizeNearestNeighbor": _resize("RESIZE_NEAREST_NEIGHBOR"),
    "SpaceToBatchND": _batches("SPACE_TO_BATCH_ND"),
    "SpaceToDepth": _blocks("SPACE_TO_DEPTH"),
}
"""Op of TensorFlow -> what it becomes."""
