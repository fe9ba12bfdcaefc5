"""TFL318 missing-quant-params."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, listed, named, typed
from tflint.analysis.quantized import scale_reads


class MissingQuantParams(Rule):
    """An integer tensor without a scale meets an op that cannot compute without one.

    ## What it does

    Looks for INT8, UINT8 and INT16 inputs, weights and outputs that have no scale, of ops whose kernels take one:
    convolutions and other products, ADD, SUB, MUL, comparisons, activation functions, QUANTIZE and DEQUANTIZE. Ops
    that also work on plain integers are left alone: CAST, RESHAPE, GATHER, MAXIMUM, pooling, ADD on INT16.

    ## Why it is bad

    The kernel refuses the model ("quantization.type != kTfLiteAffineQuantization"), ends the process (ADD, SUB and
    comparisons on INT8), or gives the same numbers whatever the input (MUL, RELU, TANH, DEQUANTIZE: zeros).

    ## Example

    ```text
    error TFL318 missing-quant-params: tensor 1, 'offset'
      'offset' INT8[1, 4] has no scale; ADD, which reads it, needs one to know what its integers stand
      for.
      help: Convert again with a representative dataset, or cast to INT32 where plain integers are
            meant.
      also: op 0 ADD, 'y'
    ```

    ## Fix

    Convert the model again with a representative dataset, so that every tensor gets its range. Arithmetic that is
    meant to be on plain integers, as on pixels, needs a wider type: cast to INT32 before it.

    ## References

    - LiteRT f67457790, the kernels in tflite/kernels: add.cc, mul.cc, conv.cc, activations.cc, elementwise.cc, …
    - each op run with ai-edge-litert 2.3.0, with and without scales
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL318", "missing-quant-params", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        missing: dict[Tensor, Op] = {}
        for graph in ctx.graphs:
            for op, tensor, _ in ctx.once(scale_reads, graph):
                if tensor.quant is None:
                    missing.setdefault(tensor, op)
        if not missing:
            return
        first, op = next(iter(missing.items()))
        verb = "writes" if first in op.outputs else "reads"
        more = ""
        if len(missing) > 1:
            kinds = listed(each.kind for each in list(missing.values())[1:])
            more = f" The same is wrong with {count(len(missing) - 1, 'more tensor')}, of {kinds}."
        yield self.finding(
            first,
            f"{named(first)} {typed(first)} has no scale; {op.kind}, which {verb} it, needs one to know what its "
            f"integers stand for.{more}",
            help="Convert again with a representative dataset, or cast to INT32 where plain integers are meant.",
            related=[*list(missing)[1:], op],
            evidence={"tensors": len(missing), "ops": len(set(missing.values()))},
        )
