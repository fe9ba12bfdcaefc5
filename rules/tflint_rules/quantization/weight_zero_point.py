"""TFL308 weight-zero-point."""

from collections.abc import Iterator
from enum import Enum
from typing import ClassVar

from tflint import Context, DType, Finding, Rule, RuleMeta, Severity
from tflint.analysis.phrases import named, typed
from tflint_rules.quantization.weight_uses import WeightUse, also, is_affine, not_zero, several_scales, uses


class _Fate(Enum):
    """What a kernel makes of a zero point of its weights."""

    REFUSED = "refuses the model"
    IGNORED = "computes as if it were 0, so that its results are wrong"
    COMPUTED = "computes with it, which costs time; other runtimes take weights for symmetric"


_UNSIGNED = frozenset({DType.UINT8, DType.UINT4})
_PACKED = frozenset({DType.INT4, DType.INT2})
_WIDE = frozenset({DType.INT8, DType.INT16})


class WeightZeroPoint(Rule):
    """Signed weights have a zero point that is not 0.

    ## What it does

    Looks at the zero points of INT8, INT4, INT2 and INT16 weights of convolutions, matrix products, lookups and
    recurrent cells. UINT8 weights have a zero point by design and are left out, and so is a factor of BATCH_MATMUL
    with INT8 on both sides, which is quantized like an activation.

    ## Why it is bad

    The specification makes signed weights symmetric, and most kernels do not subtract a zero point. CONV_2D refuses
    to prepare; DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED with a scale for each channel, and every op with
    float activations compute as if it were 0, without a word. With XNNPACK the same model often does not load.

    ## Example

    ```text
    error TFL308 weight-zero-point: tensor 1, 'kernel'
      The zero point of the weights 'kernel' INT8[8, 3, 3, 4] is 5, where 0 is needed; CONV_2D refuses
      the model.
      help: Quantize the weights symmetrically, with zero point 0.
      also: op 0 CONV_2D, 'y'
    ```

    ## Fix

    Convert again with a current converter, which writes symmetric weights. Where a tool of your own writes them,
    divide by the largest absolute value of the channel, round to -127 to 127, and write zero point 0. A model with
    UINT8 weights is turned into a signed one by converting the float model again, not by shifting its bytes.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md, "Symmetric vs asymmetric"
    - LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,batch_matmul}.cc
    - LiteRT f67457790, tflite/kernels/{embedding_lookup,svdf,lstm}.cc
    - each kind of convolution and product run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL308", "weight-zero-point", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, _Fate], list[WeightUse]] = {}
        known = ctx.once(uses, ctx.model)
        points = [use.weights.quant.zero_point for use in known if use.weights.quant is not None]
        for index in sorted(not_zero(points)):
            use = known[index]
            fate = _fate(use) if _in_range(use) else None
            if fate is not None:
                found.setdefault((use.op.kind, fate), []).append(use)
        for (kind, fate), places in found.items():
            yield self._found(kind, fate, places)

    def _found(self, kind: str, fate: _Fate, places: list[WeightUse]) -> Finding:
        tensors = list(dict.fromkeys(use.weights for use in places))
        first = tensors[0]
        points = [] if first.quant is None else first.quant.zero_point.tolist()
        channel = next(index for index, point in enumerate(points) if point)
        where = f" of channel {channel}" if len(points) > 1 else ""
        return self.finding(
            first,
            f"The zero point{where} of the weights {named(first)} {typed(first)} is {points[channel]}, where 0 is "
            f"needed; {kind} {fate.value}.{also(len(tensors))}",
            help="Quantize the weights symmetrically, with zero point 0.",
            related=[*tensors[1:], places[0].op],
            severity=Severity.WARNING if fate is _Fate.COMPUTED else Severity.ERROR,
            evidence={"zero_point": points[channel], "channel": channel, "fate": fate.name, "tensors": len(tensors)},
        )


def _in_range(use: WeightUse) -> bool:
    """True where the type holds all zero points, and there is one a scale: other rules tell the rest."""
    least, most = use.weights.dtype.integer_range or (0, 0)
    points = use.weights.quant.zero_point if use.weights.quant is not None else None
    return points is not None and is_affine(use.weights) and least <= points.min() and points.max() <= most


def _fate(use: WeightUse) -> _Fate | None:
    """What the kernel makes of a zero point that is not 0; None where it is as it should be, or nobody knows."""
    kind, weights = use.op.kind, use.weights
    source = DType.UNKNOWN if use.source is None else use.source.dtype
    if weights.dtype in _UNSIGNED:
        return None
    if kind == "EMBEDDING_LOOKUP":
        return _looked_up(use)
    if kind == "FULLY_CONNECTED" and weights.dtype in _PACKED:
        return _Fate.REFUSED
    if source is DType.FLOAT32:
        return _Fate.IGNORED
    if source not in _WIDE:
        return None
    if kind == "CONV_2D":
        return _Fate.REFUSED
    if kind == "BATCH_MATMUL":
        return _Fate.REFUSED if source is DType.INT16 else None
    if kind == "FULLY_CONNECTED" and not several_scales(weights):
        return _Fate.COMPUTED if weights.is_constant else None
    return _Fate.IGNORED


def _looked_up(use: WeightUse) -> _Fate | None:
    """What EMBEDDING_LOOKUP makes of it: it looks at the first zero point only, and hands integers on as they are."""
    if not any(made.dtype is DType.FLOAT32 for made in use.op.outputs):
        return None
    return _Fate.REFUSED if use.weights.quant is not None and use.weights.quant.zero_point[0] else _Fate.IGNORED
