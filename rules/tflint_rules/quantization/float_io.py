"""TFL303 float-io."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import entry_graphs
from tflint.analysis.phrases import count, listed, named, size, typed
from tflint.analysis.precision import Precision, profile

_READERS = frozenset({"QUANTIZE", "SHAPE", "RANK"})


class FloatIo(Rule):
    """A quantized model takes or gives float32, and converts it itself at its first and last op.

    ## What it does

    Looks for float32 inputs that nothing but QUANTIZE reads and float32 outputs that DEQUANTIZE writes, in a graph
    that computes in integers. Silent where the model has float ops of its own at these ends (a spectrum in front, box
    decoding behind), and where `io` in `[tool.tflint.expect]` says what is wanted: TFL301 compares with that.

    ## Why it is bad

    It is what the converter does unless told otherwise, and on a phone often what the caller wants. On a
    microcontroller or an accelerator it costs two passes over the data and four times the memory for inputs and
    outputs, and needs float kernels that nothing else in the model needs; some compilers refuse such a model.

    ## Example

    ```text
    note TFL303 float-io: tensor 0, 'image'
      The input 'image' FLOAT32[1, 8, 8, 3] and output 'scores' FLOAT32[1, 8, 8, 3] are converted by
      the model itself, between float32 and the int8 that it computes in: 2 conversions of 1.5 KiB in
      each run; int8 inputs and outputs need none.
      help: Set inference_input_type and inference_output_type of the converter to tf.int8, or say io
            = 'float32' in [tool.tflint.expect].
      also: tensor 3, 'scores'
    ```

    ## Fix

    ```python
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    ```

    The caller then computes with the scale and zero point of the input and output. Where floats are wanted, say so:
    `io = "float32"` in `[tool.tflint.expect]`.

    ## References

    - TensorFlow v2.21.0, tensorflow/lite/python/lite.py: inference_input_type
    - https://github.com/tensorflow/tensorflow/issues/41697
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL303", "float-io", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.expectations.io is not None:
            return
        for graph in entry_graphs(ctx.model):
            ends = _converted_ends(graph)
            groups = ctx.once(profile, ctx.model).of_graph[graph] if ends else {}
            if ends and (groups[Precision.INT8] or groups[Precision.INT16]):
                yield self._ends(graph, ends, "int16" if groups[Precision.INT16] else "int8")

    def _ends(self, graph: Graph, ends: list[Tensor], dtype: str) -> Finding:
        inputs = frozenset(graph.inputs)
        names = listed(f"{'input' if end in inputs else 'output'} {named(end)} {typed(end)}" for end in ends)
        verb = "is" if len(ends) == 1 else "are"
        held = sum(end.nbytes or 0 for end in ends)
        return self.finding(
            ends[0],
            f"The {names} {verb} converted by the model itself, between float32 and the {dtype} that it computes in: "
            f"{count(len(ends), 'conversion')} of {size(held)} in each run; {dtype} inputs and outputs need none.",
            help=f"Set inference_input_type and inference_output_type of the converter to tf.{dtype}, or say "
            "io = 'float32' in [tool.tflint.expect].",
            related=ends[1:],
            evidence={"tensors": len(ends), "bytes": held},
        )


def _converted_ends(graph: Graph) -> list[Tensor]:
    """The float ends of a graph, where each of them goes through a conversion; else none."""
    ins = [tensor for tensor in graph.inputs if tensor.dtype is DType.FLOAT32 and graph.consumers(tensor)]
    outs = [tensor for tensor in graph.outputs if tensor.dtype is DType.FLOAT32]
    for tensor in ins:
        if any(op.kind not in _READERS for op in graph.consumers(tensor)):
            return []
    if any(not _is_dequantized(graph.producer(tensor)) for tensor in outs):
        return []
    return [*ins, *outs]


def _is_dequantized(maker: Op | None) -> bool:
    """True of an op that turns integers of this run into floats."""
    given = maker.input(0) if maker is not None and maker.kind == "DEQUANTIZE" else None
    return given is not None and given.dtype.is_integer and not given.is_constant
