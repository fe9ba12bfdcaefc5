"""TFL332 sub-byte-weights."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Rule, RuleMeta, Severity
from tflint.analysis.phrases import named, typed
from tflint_rules.quantization.weight_uses import WeightUse, also, uses

_I4, _I2, _U4 = DType.INT4, DType.INT2, DType.UINT4
_PACKED = frozenset({_I4, _I2, _U4})
_SOURCES = frozenset({DType.FLOAT32, DType.INT8, DType.INT16, DType.UINT8})
_REFUSED = "the runtime refuses the model"
_FAILS = "the runtime loads the model and fails when it runs"
_WRONG = "the kernel reads them as another type, and its results are wrong"
_ANY = ("FULLY_CONNECTED", "EMBEDDING_LOOKUP")
"""Ops that compute with INT4 and INT2 weights beside every type of input."""
_TAKEN = {"CONV_2D": frozenset({DType.FLOAT32, DType.INT8, DType.INT16}), "DEPTHWISE_CONV_2D": frozenset({DType.INT8})}
"""Op -> the types of input beside which its kernel computes with INT4 weights.

Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,fully_connected,embedding_lookup}.cc; each pair of types
run with ai-edge-litert 2.3.0.
"""
_OTHERWISE = {
    ("CONV_2D", _I2, DType.FLOAT32): _WRONG,
    ("CONV_2D", _U4, DType.FLOAT32): _WRONG,
    ("DEPTHWISE_CONV_2D", _I4, DType.INT16): _WRONG,
    ("DEPTHWISE_CONV_2D", _I4, DType.FLOAT32): _FAILS,
}
"""Op, weights and input that are not refused: they were run with ai-edge-litert 2.3.0."""


class SubByteWeights(Rule):
    """Weights of 4 or 2 bits in an op whose kernel does not compute with them.

    ## What it does

    Looks at INT4, INT2 and UINT4 weights of convolutions, matrix products, lookups and recurrent cells, and at the
    type of what they are multiplied with. LiteRT has kernels for INT4 in CONV_2D, FULLY_CONNECTED and
    EMBEDDING_LOOKUP, in DEPTHWISE_CONV_2D beside INT8 inputs alone, and for INT2 in FULLY_CONNECTED and
    EMBEDDING_LOOKUP. Of weights quantized in blocks it also checks that there is a FLOAT16 scale for each block, and
    that the input is float.

    ## Why it is bad

    What a kernel does not know it refuses, or, worse, reads as if it were another type: DEPTHWISE_CONV_2D on INT16
    inputs takes the packed bytes for INT8 weights and gives numbers that have nothing to do with the model.

    ## Example

    ```text
    error TFL332 sub-byte-weights: tensor 1, 'kernel'
      DEPTHWISE_CONV_2D has the weights 'kernel' INT4[1, 3, 3, 8] beside INT16 inputs; the kernel
      reads them as another type, and its results are wrong.
      help: Quantize the weights again as INT8.
      also: op 0 DEPTHWISE_CONV_2D, 'y'
    ```

    ## Fix

    Quantize the weights of such ops to 8 bits, and only those of CONV_2D, FULLY_CONNECTED and EMBEDDING_LOOKUP to
    fewer. With ai-edge-quantizer, leave the op out of the recipe for 4 bits.

    ## References

    - LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,batch_matmul}.cc
    - LiteRT f67457790, tflite/kernels/{embedding_lookup,svdf,lstm}.cc
    - LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, CheckTensorFilterType: blocks
    - each pair of types run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL332", "sub-byte-weights", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, str], list[WeightUse]] = {}
        for use in ctx.once(uses, ctx.model):
            if use.weights.dtype not in _PACKED:
                continue
            fault = _unknown(use) or _blocks(use, ctx)
            if fault:
                found.setdefault((use.op.kind, fault), []).append(use)
        for (kind, fault), places in found.items():
            first = places[0]
            assert first.source is not None
            beside = "" if kind == "EMBEDDING_LOOKUP" else f" beside {first.source.dtype.value} inputs"
            tensors = list(dict.fromkeys(use.weights for use in places))
            yield self.finding(
                first.weights,
                f"{kind} has the weights {named(first.weights)} {typed(first.weights)}{beside}; {fault}."
                f"{also(len(tensors))}",
                help="Quantize the weights again as INT8."
                if first.weights.quant is None or first.weights.quant.details is None
                else "Write a FLOAT16 scale for each block, beside a float input, or quantize the weights as INT8.",
                related=[*tensors[1:], first.op],
                evidence={"weights": first.weights.dtype.value, "input": first.source.dtype.value, "ops": len(places)},
            )


def _unknown(use: WeightUse) -> str:
    """What comes of weights that the kernel does not know; empty where it does, or where nobody can tell."""
    kind, weights = use.op.kind, use.weights.dtype
    if use.source is None or (kind in _ANY and weights is not _U4):
        return ""
    source = use.source.dtype
    if kind == "EMBEDDING_LOOKUP" or source not in _SOURCES or (weights is _I4 and source in _TAKEN.get(kind, ())):
        return ""
    return _OTHERWISE.get((kind, weights, source), _REFUSED)


def _blocks(use: WeightUse, ctx: Context) -> str:
    """What is wrong with scales of blocks; empty where nothing is."""
    quant = use.weights.quant
    if use.op.kind not in _ANY or use.source is None or quant is None or quant.details is None:
        return ""
    name, fields = quant.details
    if name != "BlockwiseQuantization":
        return ""
    if use.op.kind == "FULLY_CONNECTED" and use.source.dtype in (DType.INT8, DType.INT16, DType.UINT8):
        return f"they are quantized in blocks, with which {_REFUSED}"
    size, place = int(fields.get("block_size") or 0), int(fields.get("scales") or 0)
    if size <= 0:
        return f"their blocks have {size} values, which ends the program"
    tensors = ctx.model.graphs[use.weights.graph_index].tensors
    scales = tensors[place] if 0 <= place < len(tensors) else None
    if scales is None:
        return f"the scales of their blocks are tensor {place}, which is not there"
    if scales.dtype is not DType.FLOAT16:
        return f"the scales of their blocks are {scales.dtype.value} and are read as FLOAT16"
    width = use.weights.default_shape[-1] if use.weights.default_shape else 0
    if width % size or scales.elements * size != use.weights.elements:
        return f"{scales.elements:,} scales of {size} values each do not cover {use.weights.elements:,} weights"
    return ""
