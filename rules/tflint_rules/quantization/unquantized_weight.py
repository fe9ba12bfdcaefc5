"""TFL329 unquantized-weight."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, DType, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor, option
from tflint.analysis.conversions import needless
from tflint.analysis.phrases import count, listed, named, share, size, typed
from tflint.analysis.precision import Precision, profile
from tflint_rules.quantization.left_in_float import is_to_be_integer, judged_islands

_SMALL = 1024
"""The converter leaves weights with fewer elements in float.

Source: LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/quantization_config.h.
"""
_KNOWN_FLOAT = frozenset({"float32", "float16"})


@dataclass(frozen=True)
class UnquantizedWeight(Rule):
    """Large float32 constants are left in a model that is otherwise quantized.

    ## What it does

    Adds up the float32 constants of 1,024 elements and more that float ops or QUANTIZE read, in a model that computes
    mostly in integers or with integer weights, and reports them where they are a tenth of all constants or more. What
    TFL301, TFL302 or TFL323 explain is left out, and so are biases of ops with integer weights, which have to be float,
    and constants of custom ops.

    ## Why it is bad

    A table of embeddings or positions that stays in float takes four times its share: most of a small model's file may
    be the one part that was not quantized. A constant that QUANTIZE converts is stored four times as large as it is
    used, and converted in each run.

    ## Example

    ```text
    warning TFL329 unquantized-weight: tensor 1, 'embeddings'
      1 float32 constant of 128.0 KiB is left in a quantized model, 91 % of all its constants:
      'embeddings' FLOAT32[512, 64], which GATHER reads; 8 bits each would take 32.0 KiB.
      help: Take these ops off the list of ops not to quantize, and convert again with a current
            TensorFlow.
      also: op 0 GATHER, 'row'
    ```

    ## Fix

    Look whether the op is on a list of ops not to quantize (`denylisted_ops`, the scope of a recipe of
    ai-edge-quantizer), and convert again with a current TensorFlow, which quantizes the tables of GATHER and
    EMBEDDING_LOOKUP too. Write a table that is added as its own layer, so that the converter sees a constant.

    ## References

    - LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/quantization_config.h
    - LiteRT f67457790, tflite/kernels/quantize.cc: constants are converted in each run
    - https://github.com/tensorflow/tensorflow/issues/58823
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL329", "unquantized-weight", Severity.WARNING)
    min_bytes: int = option(16 * 1024, "Float constants that take fewer bytes in all pass.")
    min_share: float = option(0.1, "Float constants that are a smaller part of the bytes of all constants pass.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.expectations.precision in _KNOWN_FLOAT or not _is_quantized(ctx):
            return
        found = {tensor: op for graph in ctx.graphs for tensor, op in _left(ctx, graph)}
        held = sum(tensor.nbytes or 0 for tensor in found)
        if held < max(self.min_bytes, 1):
            return
        constants = (tensor for graph in ctx.graphs for tensor in graph.tensors if tensor.is_constant)
        whole = sum(tensor.nbytes or 0 for tensor in constants)
        if held < self.min_share * whole:
            return
        tensors = sorted(found, key=lambda tensor: -(tensor.nbytes or 0))
        names = listed(f"{named(each)} {typed(each)}, which {found[each].kind} reads" for each in tensors)
        many = len(tensors) > 1
        yield self.finding(
            tensors[0],
            f"{count(len(tensors), 'float32 constant')} of {size(held)} {'are' if many else 'is'} left in a quantized "
            f"model, {share(held, whole)} of all its constants: {names}; 8 bits each would take {size(held // 4)}.",
            help="Take these ops off the list of ops not to quantize, and convert again with a current TensorFlow.",
            related=[*tensors[1:], *dict.fromkeys(found[each] for each in tensors)],
            evidence={"constants": len(tensors), "bytes": held, "share": held / whole},
        )


def _is_quantized(ctx: Context) -> bool:
    """True of a model with integer weights under float values, or with more ops on integers than on floats."""
    ops = ctx.once(profile, ctx.model).ops
    integer = len(ops[Precision.INT8]) + len(ops[Precision.INT16])
    return bool(ops[Precision.HYBRID]) or integer > len(ops[Precision.FLOAT])


def _left(ctx: Context, graph: Graph) -> Iterator[tuple[Tensor, Op]]:
    """The large float constants of a graph that no other finding explains, each with the first op that reads it."""
    groups = ctx.once(profile, ctx.model).of_graph[graph]
    readers = [op for op in groups[Precision.CONVERSION] if op.kind == "QUANTIZE"]
    if not is_to_be_integer(ctx):
        readers += groups[Precision.FLOAT]
    large = [tensor for op in readers if not op.is_custom for tensor in op.inputs if _is_large(tensor)]
    if not large:
        return
    explained = {op for island in judged_islands(ctx) for op in island.ops} | {
        op for _, op in ctx.once(needless, graph)
    }
    for op in readers:
        if op.is_custom or op in explained:
            continue
        yield from ((tensor, op) for tensor in op.inputs if tensor is not None and _is_large(tensor))


def _is_large(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.is_constant and tensor.dtype is DType.FLOAT32 and tensor.elements >= _SMALL
