"""TFL323 requantize-chatter."""

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.conversions import needless
from tflint.analysis.phrases import count, size


class _Fault(NamedTuple):
    """A needless conversion: what one of them does, what several do, the rest of the sentence, what to do about it."""

    one: str
    several: str
    rest: str
    help: str


_FAULTS = {
    "copy": _Fault(
        "QUANTIZE copies",
        "QUANTIZE copy",
        "integers to the same type, scale and zero point",
        "Let what reads the output of the QUANTIZE read its input.",
    ),
    "again": _Fault(
        "conversion is",
        "conversions are",
        "made again, of the same tensor to the same type, scale and zero point",
        "Convert the tensor once, and let all that read it share the result.",
    ),
    "chain": _Fault(
        "QUANTIZE converts",
        "QUANTIZE convert",
        "what another QUANTIZE just converted and nothing else reads; one conversion does, and rounds once",
        "Convert the model in one go, or quantize to the last scale and zero point at once.",
    ),
    "detour": _Fault(
        "DEQUANTIZE feeds",
        "DEQUANTIZE feed",
        "nothing but QUANTIZE: from integers to float and back, without an op between; one QUANTIZE from integers to "
        "integers does",
        "Convert the model in one go, or join the pair into one QUANTIZE.",
    ),
    "undone": _Fault(
        "QUANTIZE is",
        "QUANTIZE are",
        "undone at once by DEQUANTIZE: the values are rounded to integers, and then used as floats",
        "Convert a quantization-aware model again with converter.optimizations = [tf.lite.Optimize.DEFAULT]; in a "
        "model of integers take the pair out.",
    ),
}


class RequantizeChatter(Rule):
    """Values are converted back and forth between scales or to float, with nothing computed between.

    ## What it does

    Looks for QUANTIZE that changes nothing, that follows upon another QUANTIZE, or that DEQUANTIZE undoes at once;
    for DEQUANTIZE that only QUANTIZE reads; and for the same conversion of the same tensor made twice. Each kind is
    one finding a model. Not counted are the QUANTIZE between UINT8 and INT8 at inputs and outputs, and one before a
    CONCATENATION or another op that needs equal scales: the converter puts them there, and they are needed.

    ## Why it is bad

    Each of them is a pass over the values, and rounds them once more. Tools that join models or add conversions leave
    pairs around nothing. QUANTIZE that DEQUANTIZE undoes is what a quantization-aware model has in it when it is
    converted without optimizations: as slow as float, with the error of integers.

    ## Example

    ```text
    warning TFL323 requantize-chatter: op 1 DEQUANTIZE, 'part_0/real'
      2 DEQUANTIZE feed nothing but QUANTIZE: from integers to float and back, without an op between;
      one QUANTIZE from integers to integers does. They write 2.0 KiB in each run.
      help: Convert the model in one go, or join the pair into one QUANTIZE.
      also: op 4 DEQUANTIZE, 'part_1/real'
    ```

    ## Fix

    Convert the whole model in one go. For a quantization-aware model set
    `converter.optimizations = [tf.lite.Optimize.DEFAULT]`. A tool that joins quantized models should end the first with
    the scale and zero point that the second begins with.

    ## References

    - LiteRT f67457790, tflite/kernels/quantize.cc and tflite/kernels/dequantize.cc
    - https://github.com/tensorflow/model-optimization/issues/316
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL323", "requantize-chatter", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[str, list[Op]] = {}
        for graph in ctx.graphs:
            for fault, op in ctx.once(needless, graph):
                found.setdefault(fault, []).append(op)
        for fault, ops in found.items():
            passed = sum(tensor.nbytes or 0 for op in ops for tensor in op.outputs[:1])
            one, several, rest, cure = _FAULTS[fault]
            write = "It writes" if len(ops) == 1 else "They write"
            yield self.finding(
                ops[0],
                f"{count(len(ops), one, several)} {rest}. {write} {size(passed)} in each run.",
                help=cure,
                related=ops[1:],
                evidence={"kind": fault, "ops": len(ops), "bytes": passed},
            )
