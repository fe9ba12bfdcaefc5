"""TFL317 zero-point-range."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, named, typed
from tflint.analysis.quantized import parameters


class ZeroPointRange(Rule):
    """A zero point that its element type cannot hold, or not one zero point for each scale.

    ## What it does

    Compares each zero point with the range of the tensor's element type (-128 to 127 of INT8, 0 to 255 of UINT8),
    and the number of zero points with the number of scales.

    ## Why it is bad

    With a number of zero points that is not the number of scales LiteRT refuses to load the file. One that is out of
    range means that 0, and with it padding and the bound of a RELU, has no integer: XNNPACK refuses the model with
    "unsupported zero-point value" or ends the process, and the other kernels clip or wrap around. Beyond 32 bits the
    runtime keeps the lower ones, and computes with another zero point.

    ## Example

    ```text
    error TFL317 zero-point-range: tensor 0, 'image'
      The zero point of 'image' INT8[1, 4] is 128; INT8 holds -128 to 127.
      help: Convert the model again, or clip the zero point to the range of the type where you write
            it.
    ```

    ## Fix

    Convert the model again. Where a tool of your own writes the parameters, round the zero point and clip it to the
    range of the type, and write one zero point a scale. An UINT8 model turned to INT8 needs 128 subtracted from every
    zero point.

    ## References

    - LiteRT f67457790, tflite/core/interpreter_builder.cc, ParseQuantization
    - LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, CheckTensorQuantization
    - each case run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL317", "zero-point-range", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        known = ctx.once(parameters, ctx.model)
        uneven = [tensor for tensor in known.tensors if _points(tensor) != _scales(tensor)]
        if uneven:
            yield self._uneven(uneven)
        outside = [tensor for tensor in known.out_of_range if _points(tensor) == _scales(tensor)]
        if outside:
            yield self._outside(outside)

    def _uneven(self, tensors: list[Tensor]) -> Finding:
        first = tensors[0]
        points, scales = _points(first), _scales(first)
        has = f"{count(scales, 'scale')} and {count(points, 'zero point') if points else 'no zero point'}"
        return self.finding(
            first,
            f"{named(first)} {typed(first)} has {has}; as many of both are needed, and the runtime refuses to load the "
            f"file.{_also(tensors)}",
            help="Write one zero point for each scale.",
            related=tensors[1:],
            evidence={"scales": scales, "zero_points": points, "tensors": len(tensors)},
        )

    def _outside(self, tensors: list[Tensor]) -> Finding:
        first = tensors[0]
        least, most = first.dtype.integer_range or (0, 0)
        points: list[int] = [] if first.quant is None else first.quant.zero_point.tolist()
        channel = next(index for index, point in enumerate(points) if not least <= point <= most)
        where = f" of channel {channel}" if len(points) > 1 else ""
        return self.finding(
            first,
            f"The zero point{where} of {named(first)} {typed(first)} is {points[channel]}; {first.dtype.value} holds "
            f"{least} to {most}.{_also(tensors)}",
            help="Convert the model again, or clip the zero point to the range of the type where you write it.",
            related=tensors[1:],
            evidence={"zero_point": points[channel], "least": least, "most": most, "tensors": len(tensors)},
        )


def _also(tensors: list[Tensor]) -> str:
    return f" The same is wrong with {count(len(tensors) - 1, 'more tensor')}." if len(tensors) > 1 else ""


def _scales(tensor: Tensor) -> int:
    return tensor.quant.scale.size if tensor.quant is not None else 0


def _points(tensor: Tensor) -> int:
    """The number of zero points in the file."""
    quant = tensor.quant
    return 0 if quant is None or quant.lacks_zero_point else quant.zero_point.size
