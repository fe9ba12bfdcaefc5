"""TFL336 lost-weights."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Need, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.compared import Measured, compared, values_of
from tflint.analysis.origins import Origin
from tflint.analysis.phrases import count, listed, named
from tflint.analysis.sites import BIASES, Site, constant_of
from tflint.analysis.twins import Twin

_LEAST = 1e-6
"""A bias that is so much smaller than the largest weight is nothing."""
_NEAR = 2e-6
"""Folding in 32 bits errs less than this."""
_HALF = 0.55
"""Rounding to the nearest errs by half a step."""
_CLEARLY = 4
_ADDING = frozenset({"ADD", "SUB"})
_PASSING = frozenset({
    "QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "BATCH_TO_SPACE_ND", "STRIDED_SLICE", "SLICE",
})  # fmt: skip


class LostWeights(Rule):
    """Weights or biases of the source are missing from its conversion, or are all zeros there.

    ## What it does

    Pairs the constants of a file with those of the source that it was converted from, as TFL335 and TFL613 do.
    Reports weights that are all zeros where the source's are not, and biases that are left out or all zeros where the
    op with the same weights adds one in the source, or that are only what batch normalization adds after it. Not
    reported is what cannot be seen in the op's output, and a bias where a constant is added after the op.

    ## Why it is bad

    The model loads and runs, and a layer of it gives zeros, or answers without its bias. Nothing but the source shows
    it. Published models lost their biases when batch normalization was folded into the layers before it.

    ## Example

    ```text
    error TFL336 lost-weights: op 1 FULLY_CONNECTED, 'dense_1/out'
      1 op adds no bias, or zeros; in the source the op with the same weights adds 'dense_1/bias'.
      help: Convert the source again, and compare the results of both.
    ```

    ## Fix

    Convert again with a current converter, by `TFLiteConverter.from_keras_model` where the source is a Keras model,
    and compare the results of both.

    ## References

    - LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,fully_connected}.cc: a bias that is left out is zero
    - LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/tfl_quantization_driver.cc, kBiasMax
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL336", "lost-weights", Severity.ERROR, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.source is None:
            return
        known = ctx.once(compared, ctx.model, ctx.source)
        if known.zeroed:
            yield self._zeroed(known.zeroed)
        kept = [each for each in known.measured if not each.is_replaced]
        if lost := [each for each in kept if _lacks_bias(each)]:
            yield self._biases(lost)
        if parts := [(each, largest) for each in kept if (largest := _lost_part(each)) is not None]:
            yield self._parts(parts)

    def _zeroed(self, found: tuple[Twin, ...]) -> Finding:
        tensors = [twin.converted.tensor for twin in found]
        are = "is" if len(tensors) == 1 else "are"
        return self.finding(
            tensors[0],
            f"{count(len(tensors), 'weight tensor')} {are} all zeros ({listed(map(named, tensors))}); the source has "
            f"other values there.",
            help="Convert the source again, and compare the results of both.",
            related=tensors[1:],
            evidence={"tensors": len(tensors)},
        )

    def _biases(self, found: list[Measured]) -> Finding:
        ops = [each.twin.converted.op for each in found]
        biases = [bias for each in found if (bias := each.twin.original.bias) is not None]
        one = len(ops) == 1
        return self.finding(
            ops[0],
            f"{count(len(ops), 'op')} {'adds' if one else 'add'} no bias, or zeros; in the source the "
            f"{'op' if one else 'ops'} with the same weights {'adds' if one else 'add'} {listed(map(named, biases))}.",
            help="Convert the source again, and compare the results of both.",
            related=ops[1:],
            evidence={"ops": len(ops)},
        )

    def _parts(self, found: list[tuple[Measured, float]]) -> Finding:
        ops = [each.twin.converted.op for each, _ in found]
        biases = [own for each, _ in found if (own := _own(each)) is not None]
        one = len(ops) == 1
        largest = max(size for _, size in found)
        return self.finding(
            ops[0],
            f"{count(len(ops), 'op')} {'adds' if one else 'add'} what batch normalization does, and not the bias of "
            f"the source's layer before it ({listed(map(named, biases))}); up to {largest:.2g} "
            f"{'is' if one else 'are'} missing.",
            help="Convert the source again with a current converter, and compare the results of both.",
            related=ops[1:],
            evidence={"ops": len(ops), "largest": float(f"{largest:.3g}")},
        )


def _own(each: Measured) -> Tensor | None:
    """The part of the source's bias that is the layer's own, where batch normalization adds another."""
    original = each.twin.original
    return original.own if isinstance(original, Origin) and original.factor is not None else None


def _lost_part(each: Measured) -> float | None:
    """The largest value of a layer's own bias, where all of the bias but that is in the conversion."""
    found, own = values_of(each.twin.converted.bias), values_of(_own(each))
    wanted = values_of(each.twin.original.bias)
    if found is None or own is None or wanted is None or not found.size == own.size == wanted.size:
        return None
    allowed = _HALF * _scale(each.twin.converted.bias) + _NEAR * (abs(wanted) + float(abs(wanted).max()))
    if (abs(found - (wanted - own)) > allowed).any() or not (abs(found - wanted) > _CLEARLY * allowed).any():
        return None
    return float(abs(own).max())


def _lacks_bias(each: Measured) -> bool:
    """Whether the source adds a bias that can be seen, and the conversion none, at this op or after it."""
    mine, theirs = each.twin.converted, each.twin.original
    wanted = values_of(theirs.bias)
    if wanted is None or not wanted.size or not _is_absent(mine):
        return False
    largest = float(abs(wanted).max())
    if not _LEAST * float(each.loss.largest.max()) < largest < float("inf") or largest < _least_seen(mine):
        return False
    return not _is_added_later(mine)


def _is_absent(site: Site) -> bool:
    """Whether an op adds no bias."""
    slots = BIASES.get(site.op.kind, ())
    if len(slots) != 1:
        return False
    if site.op.input(slots[0]) is None:
        return True
    values = values_of(site.bias)
    return values is not None and not values.any()


def _least_seen(site: Site) -> float:
    """The smallest bias that would not be rounded to zero, or that the output shows, where these are known."""
    scales = [_scale(site.bias), (_scale(site.op.outputs[0]) / 2) if site.op.outputs else 0.0]
    return max(scales)


def _scale(tensor: Tensor | None) -> float:
    if tensor is None or tensor.quant is None or not tensor.quant.scale.size:
        return 0.0
    return float(tensor.quant.scale.max())


def _is_added_later(site: Site) -> bool:
    """Whether a constant is added to the op's result."""
    op: Op | None = site.op
    for _ in range(4):
        readers = [] if op is None or not op.outputs else site.graph.consumers(op.outputs[0])
        if any(reader.is_custom or _adds_constant(site.graph, reader) for reader in readers):
            return True
        op = next((reader for reader in readers if reader.kind in _PASSING), None)
    return False


def _adds_constant(graph: Graph, op: Op) -> bool:
    return op.kind in _ADDING and any(constant_of(graph, op, slot) is not None for slot in range(2))
