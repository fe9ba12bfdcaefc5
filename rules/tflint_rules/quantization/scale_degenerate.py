"""TFL316 scale-degenerate."""

from collections.abc import Iterator
from math import isinf, isnan
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, named, typed
from tflint.analysis.quantized import bad_channels, parameters, scale_reads

_LIMITS = {"RELU6": 6.0, "RELU_N1_TO_1": 1.0}
"""Fused activation -> the real value at which it clips: quantized, it has to fit 32 bits."""
_MOST_STEPS = 2.0**31
_FUSED = frozenset(
    "ADD AVERAGE_POOL_2D CONV_2D DEPTHWISE_CONV_2D DIV FULLY_CONNECTED MAX_POOL_2D MUL SUB TRANSPOSE_CONV".split()
)

_PASSES = 4


class ScaleDegenerate(Rule):
    """A quantized tensor has a scale that is zero, negative, not a number, infinite, or too small to compute with.

    ## What it does

    Looks at every scale that a kernel computes with, of activations and of weights per channel. The scales of biases
    are left out, which the kernels ignore, and so are zeros on channels of weights that are all zero. An output that
    a fused RELU6 or RELU_N1_TO_1 clips is also reported where its scale is so small that the clip does not fit 32
    bits: below 2.8e-9 and 4.7e-10.

    ## Why it is bad

    A channel of weights with such a scale is dead: its results are the bias alone, and neither the converter nor the
    runtime says so. For an activation the runtime refuses the model with "no_integer_overflow_from_quantization was
    not true" or "unsupported scale value", or computes zeros.

    ## Example

    ```text
    error TFL316 scale-degenerate: tensor 1, 'kernel'
      1 of the 4 scales of 'kernel' INT8[4, 1, 1, 4], of channel 1, is not a number; a scale has to be
      a positive and finite number, at least 1.2e-38.
      help: Look for NaN and for outputs that are always 0 in the weights and the representative data,
            and convert again.
    ```

    ## Fix

    Look at what the calibration saw: a NaN in the representative data or in the weights, or a layer whose output is
    always 0, makes such scales. Repair that and convert again. A channel of weights that is all zero can be pruned.

    ## References

    - LiteRT f67457790, tflite/kernels/kernel_util.cc, CalculateActivationRangeQuantized and
      PopulateConvolutionQuantizationParams
    - LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, CheckTensorQuantization
    - https://github.com/google-coral/edgetpu/issues/453
    - each case run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL316", "scale-degenerate", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        known = ctx.once(parameters, ctx.model)
        suspects = set(known.degenerate)
        if suspects:
            read = dict.fromkeys(each.tensor for graph in ctx.graphs for each in ctx.once(scale_reads, graph))
            yield from self._degenerate(
                _affordable([tensor for tensor in read if tensor in suspects], ctx.model.byte_size)
            )
        small = set(known.smaller_than(max(_LIMITS.values()) / _MOST_STEPS))
        clips = [clip for graph in ctx.graphs for clip in _clips(graph, small)] if small else []
        if clips:
            yield self._clipped(clips)

    def _degenerate(self, tensors: list[Tensor]) -> Iterator[Finding]:
        found: dict[str, list[tuple[Tensor, tuple[int, ...]]]] = {}
        for tensor in tensors:
            channels = bad_channels(tensor)
            if channels:
                found.setdefault(_fault(_scale(tensor, channels[0])), []).append((tensor, channels))
        for fault, places in found.items():
            tensor, channels = places[0]
            total = tensor.quant.scale.size if tensor.quant is not None else 1
            what = f"The scale of {named(tensor)} {typed(tensor)} is"
            if total > 1:
                what = f"{len(channels):,} of the {total:,} scales of {named(tensor)} {typed(tensor)}"
                what += (
                    f", of channel {channels[0]}, is" if len(channels) == 1 else f", from channel {channels[0]} on, are"
                )
            more = f" The same is wrong with {count(len(places) - 1, 'more tensor')}." if len(places) > 1 else ""
            yield self.finding(
                tensor,
                f"{what} {fault}; a scale has to be a positive and finite number, at least 1.2e-38.{more}",
                help="Look for NaN and for outputs that are always 0 in the weights and the representative data, and "
                "convert again.",
                related=[place for place, _ in places[1:]],
                evidence={"fault": fault, "channels": len(channels), "of": total, "tensors": len(places)},
            )

    def _clipped(self, clips: list[tuple[Op, float]]) -> Finding:
        op, limit = clips[0]
        scale = _scale(op.outputs[0], 0)
        more = f" The same is wrong with {count(len(clips) - 1, 'more op')}." if len(clips) > 1 else ""
        return self.finding(
            op,
            f"The {op.kind} clips at {limit:g}, {limit / scale:.2g} steps of {scale:.2g}, the scale of its output "
            f"{named(op.outputs[0])}; at most 2.1e+09 steps fit, so the runtime refuses the model.{more}",
            help="Check the weights and the representative data: this output is next to 0 always. Then convert again.",
            related=[place for place, _ in clips[1:]],
            evidence={"scale": scale, "limit": limit, "ops": len(clips)},
        )


def _affordable(tensors: list[Tensor], file_size: int) -> list[Tensor]:
    """The tensors whose values can be read with a few passes over the file: constants may overlap in it."""
    left = _PASSES * file_size
    found = []
    for tensor in tensors:
        left -= len(tensor.data) if tensor.data is not None else 0
        if left >= 0:
            found.append(tensor)
    return found


def _clips(graph: Graph, small: set[Tensor]) -> Iterator[tuple[Op, float]]:
    """The ops whose fused activation clips at more steps of their output's scale than 32 bits count."""
    for op in graph.ops:
        if op.kind not in _FUSED or op.is_custom or not op.outputs or op.outputs[0] not in small:
            continue
        limit = _LIMITS.get(str(op.options.get("fused_activation_function")))
        bits = op.outputs[0].dtype.bits or 0
        if limit is not None and bits <= 16 and limit / _scale(op.outputs[0], 0) > _MOST_STEPS:
            yield op, limit


def _scale(tensor: Tensor, channel: int) -> float:
    return float(tensor.quant.scale[channel]) if tensor.quant is not None else 0.0


def _fault(scale: float) -> str:
    if isnan(scale):
        return "not a number"
    if isinf(scale):
        return "infinite"
    if scale < 0:
        return "negative"
    return "0" if scale == 0 else "denormal"
