"""What ops become of which there are few: spectra, segments, boxes, and tables that are constant.

Source: tried with TensorFlow 2.21.0; LiteRT f67457790, tflite/converter/transforms/prepare_tf.cc (ConvertRfftToRfft2d)
and legalize_patterns.td.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tflint.forecast.layers.trace import Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.forecast.tf.call import Lowering, TfCall
from tflint.model import DType

__all__ = ["OTHERS"]


def _same_inputs(kind: str) -> Lowering:
    """An op that takes and gives what the op of TensorFlow does."""

    def lower(trace: Trace, call: TfCall) -> Sequence[Value]:
        outputs = [Value(call.shape(None, slot), call.dtype(slot)) for slot in range(len(call.op.outputs))]
        return trace.several(kind, call.values, outputs)

    return lower


def _each(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        return trace.emit(kind, [call.x()], call.shape(call.x().shape), call.dtype())

    return lower


def _segments(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Value:
        x, rows, count = call.x(0), call.x(1), call.x(2)
        if rows.dtype is DType.INT64 and not rows.is_constant:
            rows = trace.unary("CAST", rows, DType.INT32)
        return trace.emit(kind, [x, rows, count], call.shape(), call.dtype())

    return lower


def _resource_gather(trace: Trace, call: TfCall) -> Value:
    table, index = call.x(0), call.x(1)
    if not table.is_constant:
        raise Cannot(Status.BUILTIN, "it reads a variable that changes")
    batch = int(call.attr("batch_dims", 0))
    shape = (*index.sizes, *table.sizes[1:])
    return trace.emit("GATHER", [table, index], call.shape(shape), call.dtype(), axis=batch, batch_dims=batch)


def _conv_3d_transposed(trace: Trace, call: TfCall) -> Value:
    sizes, weights, x = call.x(0), call.x(1), call.x(2)
    strides, dilations = call.attr("strides"), call.attr("dilations", (1,) * 5)
    return trace.emit(
        "CONV_3D_TRANSPOSE", [sizes, weights, x, None], call.shape(), padding=str(call.attr("padding")),
        stride_d=strides[1], stride_h=strides[2], stride_w=strides[3], dilation_d_factor=dilations[1],
        dilation_h_factor=dilations[2], dilation_w_factor=dilations[3], fused_activation_function="NONE",
    )  # fmt: skip


def _bucketize(trace: Trace, call: TfCall) -> Value:
    x = call.x()
    return trace.emit(
        "BUCKETIZE", [x], call.shape(x.shape), call.dtype(), boundaries=tuple(call.attr("boundaries", ()))
    )


def _spectrum(trace: Trace, call: TfCall) -> Value:
    """A transformation of one dimension is one of two, the first of which has the size 1."""
    x = call.x()
    length = int(call.numbers(1)[0])
    if x.sizes[-1] != length:
        raise Cannot(Status.BUILTIN, "what it transforms is not as long as it says")
    wide = trace.expand(x, x.rank - 1)
    shape = (*x.sizes[:-1], 1, length // 2 + 1)
    made = trace.emit("RFFT2D", [wide, trace.ints([1, length])], shape, DType.COMPLEX64)
    final = (*shape[:-2], shape[-1])
    if sum(size is None for size in final) > 1:
        return trace.emit("SQUEEZE", [made], final, DType.COMPLEX64, squeeze_dims=(-2,))
    return trace.reshape(made, final)


def _boxes(kind: str) -> Lowering:
    def lower(trace: Trace, call: TfCall) -> Sequence[Value]:
        inputs = list(call.values)
        if call.op.kind == "NonMaxSuppressionV4" and call.attr("pad_to_max_output_size", False):
            raise Cannot(Status.BUILTIN, "what it makes is filled up")
        chosen = Value(call.shape(), DType.INT32)
        return trace.several(kind, inputs, [chosen, Value((), DType.INT32)])[: len(call.op.outputs)]

    return lower


_SEGMENTS = {"Sum": "SUM", "Max": "MAX", "Min": "MIN", "Prod": "PROD"}
OTHERS: Mapping[str, Lowering] = {
    **{f"UnsortedSegment{name}": _segments(f"UNSORTED_SEGMENT_{kind}") for name, kind in _SEGMENTS.items()},
    "Bucketize": _bucketize,
    "ComplexAbs": _each("COMPLEX_ABS"),
    "Conv3DBackpropInputV2": _conv_3d_transposed,
    "Imag": _each("IMAG"),
    "NonMaxSuppressionV3": _boxes("NON_MAX_SUPPRESSION_V4"),
    "RFFT": _spectrum,
    "Real": _each("REAL"),
    "ResourceGather": _resource_gather,
    "SegmentSum": _same_inputs("SEGMENT_SUM"),
}
"""Op of TensorFlow -> what it becomes."""
