"""What layers become that convolve.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/backend/tensorflow/nn.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tflint.forecast.layers.activations import activate, activation_of
from tflint.forecast.layers.shapes import output_shapes
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType, Shape

__all__ = ["CONVOLUTIONS", "bias_and_activation", "conv_2d", "from_last", "shape_of", "to_last"]

_INSIDE = frozenset({"relu", "relu6", "tanh"})
"""Activations that a transposition is moved behind."""


def shape_of(call: Call) -> Shape:
    """The shape of the layer's first output.

    Raises:
        Cannot: it is not known.
    """
    found = output_shapes(call)
    if not found or found[0] is None:
        raise Cannot(Status.UNKNOWN, "the shape that it makes is not known")
    return found[0]


def to_last(trace: Trace, x: Value) -> Value:
    """The channels moved to the end."""
    return trace.transpose(x, [0, *range(2, x.rank), 1])


def from_last(trace: Trace, x: Value) -> Value:
    """The channels moved back behind the batch."""
    return trace.transpose(x, [0, x.rank - 1, *range(1, x.rank - 1)])


def last(shape: Shape, call: Call) -> Shape:
    """A shape with its channels at the end, as the ops of the runtime have them."""
    return (shape[0], *shape[2:], shape[1]) if call.channels_first else shape


def has_bias(call: Call) -> bool:
    return bool(call.config.get("use_bias", True))


def conv_2d(
    trace: Trace,
    kind: str,
    x: Value,
    filters: Sequence[int | None],
    shape: Shape,
    *,
    strides: Sequence[int],
    dilation: Sequence[int] = (1, 1),
    padding: str,
    multiplier: int | None = None,
) -> Value:
    """A CONV_2D or DEPTHWISE_CONV_2D; `filters` is the shape of its weights as the runtime has them."""
    options: dict[str, Any] = {
        "padding": padding,
        "stride_h": strides[0],
        "stride_w": strides[1],
        "dilation_h_factor": dilation[0],
        "dilation_w_factor": dilation[1],
        "fused_activation_function": "NONE",
    }
    if multiplier is not None:
        options["depth_multiplier"] = multiplier
    return trace.emit(
        kind, [x, trace.constant(*filters), trace.constant(shape[-1])], shape, **options
    )  # a conversion gives each a bias, of zeros where the layer has none


def bias_and_activation(trace: Trace, call: Call, x: Value, *, added: bool) -> Value:
    """What follows a convolution: the bias where it is not yet in it, and the activation function."""
    if not added and has_bias(call):
        channels = x.sizes[1] if call.channels_first else x.sizes[-1]
        x = trace.binary("ADD", x, trace.constant(channels, *[1] * (x.rank - 2) if call.channels_first else []))
    return activate(trace, x, activation_of(call))


def _check_bias(call: Call, rank: int, *, images: bool = False) -> None:
    """Refuse what the converter cannot add a bias to.

    Raises:
        Cannot: the channels come first, and it is not about images.
    """
    if not call.channels_first or not has_bias(call) or rank == 2 or images:
        return
    if shape_of(call)[1] != 1:
        raise Cannot(Status.FAILS, "the converter takes a bias with channels first on images only")


def _padding(call: Call) -> str:
    return "SAME" if str(call.config.get("padding", "valid")) == "same" else "VALID"


def _conv(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[4])
    if rank == 3:
        return _conv_3d(trace, call)
    _check_bias(call, rank, images=True)
    shape = shape_of(call)
    x = call.first
    if call.config.get("padding") == "causal":
        left = call.numbers("dilation_rate", 1)[0] * (call.numbers("kernel_size", 1)[0] - 1)
        padded = (x.sizes[0], None if x.sizes[1] is None else x.sizes[1] + left, x.sizes[2])
        x = trace.emit("PAD", [x, trace.constant(3, 2, dtype=DType.INT32)], padded) if left else x
    if call.channels_first:
        x = to_last(trace, x)
    groups = call.number("groups", 1)
    depth = x.sizes[-1]
    new = last(shape, call)
    kernel, strides, dilation = (_two(call, key, rank) for key in ("kernel_size", "strides", "dilation_rate"))
    filters = (new[-1], *kernel, None if depth is None else depth // groups)
    body = Convolution("CONV_2D", filters, strides, dilation, _padding(call), has_bias(call))
    if rank == 1:
        return one_dimensional(trace, call, x, new, [body])
    return _finish(trace, call, two_dimensional(trace, x, new, body), added=True)


class Convolution:
    """A convolution of images: the op, the shape of its weights, and its settings."""

    def __init__(
        self,
        kind: str,
        filters: Sequence[int | None],
        strides: Sequence[int],
        dilation: Sequence[int],
        padding: str,
        bias: bool,
        multiplier: int | None = None,
    ) -> None:
        self.kind, self.filters, self.strides, self.dilation = kind, filters, strides, dilation
        self.padding, self.bias, self.multiplier = padding, bias, multiplier

    def emit(self, trace: Trace, x: Value, shape: Shape, *, dilated: bool = True) -> Value:
        return conv_2d(
            trace, self.kind, x, self.filters, shape, strides=self.strides,
            dilation=self.dilation if dilated else (1, 1), padding=self.padding if dilated else "VALID",
            multiplier=self.multiplier,
        )  # fmt: skip

    @property
    def is_dilated(self) -> bool:
        return max(self.dilation) > 1


def one_dimensional(trace: Trace, call: Call, x: Value, shape: Shape, bodies: Sequence[Convolution]) -> Value:
    """Convolutions of sequences, as those of images that are one row high."""
    first = bodies[0]
    if first.kind == "CONV_2D" and first.is_dilated and not x.is_static:
        return _blocks_of_sequences(trace, call, x, shape, first)
    y = trace.expand(x, 1)
    for body in bodies:
        y = two_dimensional(
            trace, y, (shape[0], 1, shape[1], body.filters[0] if body.kind == "CONV_2D" else body.filters[-1]), body
        )
    added = len(bodies) == 1 and not (first.is_dilated and not x.is_static)
    activation = activation_of(call)
    if activation in _ROW_FUSED and added:
        y, activation = activate(trace, y, activation), "linear"
    y = trace.reshape(y, shape)
    if not added and has_bias(call):
        y = trace.binary("ADD", y, trace.constant(shape[-1]))
    y = activate(trace, y, activation)
    return from_last(trace, y) if call.channels_first else y


_ROW_FUSED = frozenset({"relu", "relu6"})


def _blocks_of_sequences(trace: Trace, call: Call, x: Value, shape: Shape, body: Convolution) -> Value:
    """A dilated convolution of an open number of sequences."""
    y = _space_to_batch(trace, x)
    y = trace.expand(y, 1)
    y = body.emit(trace, y, (None, 1, None, shape[-1]), dilated=False)
    y = trace.emit("RESHAPE", [y, trace.constant(3, dtype=DType.INT32)], (None, None, shape[-1]))
    y = _batch_to_space(trace, y, shape)
    if body.bias:
        y = trace.binary("ADD", y, trace.constant(shape[-1]))
    y = activate(trace, y, activation_of(call))
    return from_last(trace, y) if call.channels_first else y


def _space_to_batch(trace: Trace, x: Value) -> Value:
    sizes = trace.constant(x.rank - 2, dtype=DType.INT32)
    pads = trace.constant(x.rank - 2, 2, dtype=DType.INT32)
    return trace.emit("SPACE_TO_BATCH_ND", [x, sizes, pads], (*[None] * (x.rank - 1), x.sizes[-1]))


def _batch_to_space(trace: Trace, x: Value, shape: Shape) -> Value:
    sizes = trace.constant(x.rank - 2, dtype=DType.INT32)
    pads = trace.constant(x.rank - 2, 2, dtype=DType.INT32)
    return trace.emit("BATCH_TO_SPACE_ND", [x, sizes, pads], shape)


def two_dimensional(trace: Trace, x: Value, shape: Shape, body: Convolution) -> Value:
    """A convolution of images; dilated ones of an open number of images work on blocks of them."""
    if not body.is_dilated or x.is_static:
        return body.emit(trace, x, shape)
    y = body.emit(trace, _space_to_batch(trace, x), (None, None, None, shape[-1]), dilated=False)
    return _batch_to_space(trace, y, shape)


def _two(call: Call, key: str, rank: int) -> tuple[int, int]:
    values = call.numbers(key, rank)
    return (1, values[0]) if rank == 1 else (values[0], values[1])


def _finish(trace: Trace, call: Call, y: Value, *, added: bool) -> Value:
    """Channels back to where the layer has them; the activation before or after that."""
    if not call.channels_first:
        return bias_and_activation(trace, call, y, added=added)
    if activation_of(call) in _INSIDE:
        return from_last(trace, activate(trace, y, activation_of(call)))
    return bias_and_activation(trace, call, from_last(trace, y), added=added)


def _conv_3d(trace: Trace, call: Call) -> Value:
    shape, x = shape_of(call), call.first
    _check_bias(call, 3)
    new = shape
    kernel, strides, dilation = (call.numbers(key, 3) for key in ("kernel_size", "strides", "dilation_rate"))
    if call.number("groups", 1) > 1:
        y = trace.flex("Conv3D", [x], new, "a convolution in groups over three dimensions needs FlexConv3D")
    elif call.channels_first:
        y = trace.flex("Conv3D", [x], new, "a convolution over three dimensions with channels first needs FlexConv3D")
    else:
        depth = x.sizes[-1]
        dilated = max(dilation) > 1
        if dilated:
            x = trace.flex(
                "SpaceToBatchND",
                [x],
                (None,) * 5,
                "a dilated convolution over three dimensions needs FlexSpaceToBatchND",
            )
        y = trace.emit(
            "CONV_3D", [x, trace.constant(*kernel, depth, new[-1])], (None,) * 5 if dilated else new,
            padding="VALID" if dilated else _padding(call), stride_d=strides[0], stride_h=strides[1],
            stride_w=strides[2], dilation_d_factor=1, dilation_h_factor=1, dilation_w_factor=1,
            fused_activation_function="NONE",
        )  # fmt: skip
        if dilated:
            y = trace.flex(
                "BatchToSpaceND", [y], new, "a dilated convolution over three dimensions needs FlexBatchToSpaceND"
            )
    return bias_and_activation(trace, call, y, added=False)


def _depthwise(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[-2])
    _check_bias(call, rank)
    shape = shape_of(call)
    x = to_last(trace, call.first) if call.channels_first else call.first
    body = depthwise_body(call, rank, x, bias=has_bias(call))
    new = last(shape, call)
    if rank == 1:
        return one_dimensional(trace, call, x, new, [body])
    return _finish(trace, call, two_dimensional(trace, x, new, body), added=True)


def depthwise_body(call: Call, rank: int, x: Value, *, bias: bool) -> Convolution:
    """The depthwise convolution of a layer."""
    multiplier = call.number("depth_multiplier", 1)
    depth = x.sizes[-1]
    kernel, strides, dilation = (_two(call, key, rank) for key in ("kernel_size", "strides", "dilation_rate"))
    if rank == 1:
        strides = (strides[1], strides[1])
    channels = None if depth is None else depth * multiplier
    return Convolution("DEPTHWISE_CONV_2D", (1, *kernel, channels), strides, dilation, _padding(call), bias, multiplier)


def _separable(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[-2])
    _check_bias(call, rank)
    shape = shape_of(call)
    x = to_last(trace, call.first) if call.channels_first else call.first
    new = last(shape, call)
    body = depthwise_body(call, rank, x, bias=False)
    middle: Shape = (*new[:-1], body.filters[-1])
    pointwise = Convolution("CONV_2D", (new[-1], 1, 1, middle[-1]), (1, 1), (1, 1), "VALID", has_bias(call))
    if rank == 1:
        return one_dimensional(trace, call, x, new, [body, pointwise])
    y = two_dimensional(trace, two_dimensional(trace, x, middle, body), new, pointwise)
    return _finish(trace, call, y, added=True)


def _transposed(trace: Trace, call: Call) -> Value:
    rank = int(call.kind[4])
    _check_bias(call, rank)
    shape = shape_of(call)
    x = to_last(trace, call.first) if call.channels_first else call.first
    new = last(shape, call)
    kernel, strides, dilation = (call.numbers(key, rank) for key in ("kernel_size", "strides", "dilation_rate"))
    depth = x.sizes[-1]
    if rank == 3 and call.channels_first:
        why = "a transposed convolution over three dimensions with channels first needs FlexConv3DBackpropInputV2"
        y = trace.flex("Conv3DBackpropInputV2", [call.first], shape, why)
        return bias_and_activation(trace, call, y, added=False)
    if rank == 3:
        return bias_and_activation(trace, call, _transposed_3d(trace, call, x, new), added=False)
    row: Shape = (new[0], 1, *new[1:]) if rank == 1 else new
    sizes = _output_sizes(trace, x, row, rank)
    wide = trace.expand(x, 1) if rank == 1 else x
    if max(dilation) > 1:
        y = trace.flex(
            "Conv2DBackpropInput", [sizes, wide], row, "a dilated transposed convolution needs FlexConv2DBackpropInput"
        )
    else:
        y = trace.emit(
            "TRANSPOSE_CONV", [sizes, trace.constant(new[-1], *((1,) if rank == 1 else ()), *kernel, depth), wide], row,
            padding=_padding(call), stride_h=1 if rank == 1 else strides[0], stride_w=strides[-1],
            fused_activation_function="NONE",
        )  # fmt: skip
    if rank == 1 and activation_of(call) in _ROW_FUSED and max(dilation) == 1:
        y = trace.reshape(activate(trace, y, activation_of(call)), new)
        return from_last(trace, y) if call.channels_first else y
    return _finish(trace, call, trace.reshape(y, new), added=max(dilation) == 1)


def _output_sizes(trace: Trace, x: Value, row: Shape, rank: int) -> Value:
    if None not in row:
        return trace.ints([size or 0 for size in row])
    measured = trace.emit("SHAPE", [x], (x.rank,), DType.INT32, out_type="INT32")
    if x.sizes == row:
        return measured
    batch = trace.strided(measured, (), shrink=1)
    if rank == 1:
        one = trace.reshape(batch, (1,))
        return trace.emit("CONCATENATION", [one, trace.constant(3, dtype=DType.INT32)], (4,), DType.INT32, axis=0)
    rest = [trace.scalar(DType.INT32) for _ in row[1:]]
    return trace.emit("PACK", [batch, *rest], (len(row),), DType.INT32, values_count=len(row), axis=0)


def _transposed_3d(trace: Trace, call: Call, x: Value, new: Shape) -> Value:
    kernel, strides, dilation = (call.numbers(key, 3) for key in ("kernel_size", "strides", "dilation_rate"))
    sizes = _output_sizes(trace, x, new, 3)
    return trace.emit(
        "CONV_3D_TRANSPOSE", [sizes, trace.constant(*kernel, new[-1], x.sizes[-1]), x], new, padding=_padding(call),
        stride_d=strides[0], stride_h=strides[1], stride_w=strides[2], dilation_d_factor=dilation[0],
        dilation_h_factor=dilation[1], dilation_w_factor=dilation[2], fused_activation_function="NONE",
    )  # fmt: skip


CONVOLUTIONS: Mapping[str, Callable[[Trace, Call], Value]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _conv),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
}
"""Class of a layer -> what it becomes."""
