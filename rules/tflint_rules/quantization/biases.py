"""What is wrong with the biases of a model, and what the kernels make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tflint import Context, DType, QuantParams, Tensor
from tflint.analysis.weights import readable
from tflint_rules.quantization.weight_uses import BIASED, WeightUse, is_affine, not_zero, uses

__all__ = ["Cause", "Fault", "faults"]

_SOURCES = (DType.INT8, DType.UINT8, DType.INT16)
_NARROW, _WIDE, _ONLY_WIDE = {DType.INT32}, {DType.INT32, DType.INT64}, {DType.INT64}
_OFF_BY = 0.02
"""So many steps of the output may a bias' scale differ from the product where the kernel compares them."""


class Cause(Enum):
    """What is wrong with a bias."""

    TYPE = "type"
    READ = "read as another type"
    POINT = "zero point"
    COUNT = "number of scales"
    SCALE = "scale"


@dataclass(frozen=True)
class Fault:
    """What is wrong with the bias of an op; `harms` is False where the runtime ignores it."""

    use: WeightUse
    cause: Cause
    harms: bool
    text: str
    wanted: str = "INT32"
    evidence: Mapping[str, Any] = field(default_factory=dict)


def faults(ctx: Context, tolerance: float) -> Iterator[Fault]:
    """Yield at most one fault for each bias."""
    affine = []
    for use in ctx.once(uses, ctx.model):
        if use.bias is None or use.source is None or use.op.kind not in BIASED or use.source.dtype not in _SOURCES:
            continue
        fault = _type(use)
        if fault is not None:
            yield fault
        elif is_affine(use.bias):
            affine.append(use)
    pointed = not_zero([_quant(use.bias).zero_point for use in affine])
    comparable = []
    for index, use in enumerate(affine):
        if index in pointed:
            yield _point(use, ctx)
        elif (fault := _number(use, ctx)) is not None:
            yield fault
        elif is_affine(use.source) and is_affine(use.weights):
            comparable.append(use)
    yield from _scales(comparable, ctx, tolerance)


def _type(use: WeightUse) -> Fault | None:
    """A type that the kernel refuses, or one that it reads as another."""
    source, bias = use.source, use.bias
    assert source is not None
    assert bias is not None
    kind, wide, dtype = use.op.kind, source.dtype is DType.INT16, bias.dtype
    if not wide and dtype is DType.INT32:
        return None
    beside, wanted = f"beside {source.dtype.value} inputs", "INT64" if wide else "INT32"
    taken = _WIDE if wide or kind == "FULLY_CONNECTED" else _NARROW
    if dtype not in (_ONLY_WIDE if kind == "DEPTHWISE_CONV_2D" and wide else taken):
        return Fault(use, Cause.TYPE, True, f"is refused {beside}; {wanted} is needed", wanted)
    if kind == "DEPTHWISE_CONV_2D":
        return None
    said = use.op.options.get("quantized_bias_type", "FLOAT32") if wide else "FLOAT32"
    if said not in ("FLOAT32", dtype.value):
        return Fault(use, Cause.TYPE, True, f"is refused; the op's quantized_bias_type is {said}", str(said))
    if dtype.value in (wanted, said) or (wide and kind == "FULLY_CONNECTED"):
        return None
    more = " unless the op's quantized_bias_type is INT32" if wide else ""
    return Fault(use, Cause.READ, True, f"is read as {wanted} {beside}{more}, so that wrong numbers are added", wanted)


def _point(use: WeightUse, ctx: Context) -> Fault:
    """A zero point that is not 0: refused, or ignored."""
    quant = _quant(use.bias)
    kind, source = use.op.kind, _dtype(use.source)
    if quant.scale.size > 1:  # the built-in kernels look at the one zero point of a whole tensor only
        refused = source is DType.INT8 and _goes_to_xnnpack(use, ctx)
        who = "XNNPACK, the default on CPUs, refuses the model"
    else:
        unsigned = kind == "TRANSPOSE_CONV" and source is DType.UINT8
        refused, who = kind != "FULLY_CONNECTED" and not unsigned, "the runtime refuses the model"
    point = int(quant.zero_point[quant.zero_point != 0][0])
    text = f"has zero point {point}; 0 is needed, and {who if refused else 'the kernel adds the bias as if it were 0'}"
    return Fault(use, Cause.POINT, refused, text, evidence={"zero_point": point})


def _number(use: WeightUse, ctx: Context) -> Fault | None:
    """One scale beside several, or several beside one: XNNPACK takes the op, and then cannot prepare it."""
    have, need = _quant(use.bias).scale.size, _quant(use.weights).scale.size
    if (have > 1) == (need > 1) or use.op.kind == "FULLY_CONNECTED":
        return None
    if _dtype(use.source) is not DType.INT8 or use.weights.dtype is not DType.INT8 or not _goes_to_xnnpack(use, ctx):
        return None
    text = f"has {_count(have)}, the weights have {_count(need)}; XNNPACK, the default on CPUs, refuses the model"
    return Fault(use, Cause.COUNT, True, text, evidence={"scales": have, "weight_scales": need})


def _goes_to_xnnpack(use: WeightUse, ctx: Context) -> bool:
    """True where XNNPACK, which runs models on a CPU by default, takes an op before it looks at its bias."""
    from tflint_rules.targets.tables.xnnpack import TARGET  # few models need the table

    return TARGET.verdict(use.op, ctx.model.graphs[use.op.graph_index]).supported is True


def _scales(places: list[WeightUse], ctx: Context, tolerance: float) -> Iterator[Fault]:
    """The biases whose scales are not the products, all compared at once."""
    import numpy as np

    rows = []
    for use in places:
        bias, weights = _quant(use.bias).scale, _quant(use.weights).scale
        if bias.size == weights.size:
            rows.append((use, bias, weights, _quant(use.source).scale[0]))
    if not rows:
        return
    known, biases, factors, sources = zip(*rows, strict=True)
    sizes = np.array([each.size for each in biases])
    with np.errstate(all="ignore"):
        have, need = np.concatenate(biases), np.concatenate(factors) * np.repeat(sources, sizes)
        sound = np.isfinite(need) & (need > 0)  # what is no scale is told by another rule
        off = np.flatnonzero(sound & ~(abs(have - need) <= np.float32(tolerance) * need))
    if not off.size:
        return
    owners, first = np.unique(np.searchsorted(np.cumsum(sizes), off, side="right"), return_index=True)
    for owner, at in zip(owners.tolist(), off[first].tolist(), strict=True):
        fault = _scale(known[owner], at - int(sizes[:owner].sum()), float(have[at]), float(need[at]))
        if fault.harms or not _is_zero(fault.use, ctx):
            yield fault


def _scale(use: WeightUse, channel: int, have: float, need: float) -> Fault:
    """A scale that is not the product: refused where the kernel compares them, ignored elsewhere."""
    where = f" in channel {channel}" if _quant(use.weights).scale.size > 1 else ""
    text = f"has scale {have:.6g}{where}; input scale times weight scale is {need:.6g}"
    evidence = {"scale": have, "product": need, "channel": channel}
    if _is_refused(use, abs(have - need)):
        return Fault(use, Cause.SCALE, True, f"{text}, and the built-in kernel refuses the model", evidence=evidence)
    return Fault(use, Cause.SCALE, False, f"{text}, which the kernels use, and other tools may not", evidence=evidence)


def _is_refused(use: WeightUse, off: float) -> bool:
    """True where the kernel compares the one scale with the product, and finds it too far off."""
    compares = _dtype(use.source) is DType.UINT8 or use.op.kind == "FULLY_CONNECTED"
    made = use.op.outputs[0] if use.op.outputs else None
    if not compares or _quant(use.weights).scale.size > 1 or not is_affine(made):
        return False
    return not off <= _OFF_BY * float(_quant(made).scale[0])


def _is_zero(use: WeightUse, ctx: Context) -> bool:
    """True where every value of a bias is 0."""
    constant = None if use.bias is None else ctx.once(readable, ctx.model).get(use.bias)
    values = None if constant is None else constant.array()
    return values is not None and not values.any()


def _quant(tensor: Tensor | None) -> QuantParams:
    assert tensor is not None
    assert tensor.quant is not None
    return tensor.quant


def _dtype(tensor: Tensor | None) -> DType:
    return DType.UNKNOWN if tensor is None else tensor.dtype


def _count(scales: int) -> str:
    return "one scale" if scales == 1 else f"{scales:,} scales"
