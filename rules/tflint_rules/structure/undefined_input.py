"""TFL104 undefined-input."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import Unready, given, unready
from tflint.analysis.phrases import cut, listed, named, typed


class UndefinedInput(Rule):
    """A tensor is read, or is an output of the graph, and nothing gives it a value.

    ## What it does

    Looks for tensors that an op reads or the graph returns and that are none of these: the output of an op, a constant
    with data, an input of the graph, a variable. All of one graph are one finding, what the graph returns is another.

    Tensors without elements need no data. The shape that RESHAPE is given besides its options is read only where it is
    a vector. Custom ops may be handed scratch memory as inputs (Vela's `ethos-u` is), so what only they read is not
    judged, except for TensorFlow's own (`Flex…`).

    ## Why it is bad

    The model loads. The first run stops with "Input tensor … lacks data", or, where the tensor holds strings or a
    resource handle, the process crashes. Most often the weights were stripped from the file, or an edit removed the op
    that made the tensor.

    ## Example

    ```text
    error TFL104 undefined-input: op 0 FULLY_CONNECTED, 'y'
      FULLY_CONNECTED reads 'dense/kernel' FLOAT32[4, 4]; nothing gives it a value: it holds no data,
      no op writes it, and it is no input of the graph.
      help: Convert the model again; if its weights were stripped, use the file that has them.
    ```

    ## Fix

    Convert the model again. Where weights were stripped on purpose (`strip_buffers`), ship the whole file.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, InvokeImpl ("lacks data"; the exception for RESHAPE)
    - LiteRT f67457790, tflite/core/tools/verifier.cc, VerifySubGraphConsistency
    - run with ai-edge-litert 2.3.0: the message, and the crash with strings and handles
    - tflite-micro 90b983c2, tensorflow/lite/micro/kernels/ethos_u/ethosu.cc (scratch memory as inputs)
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL104", "undefined-input", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            reads = [read for read in ctx.once(unready, graph) if read.writer is None and _needs_data(read)]
            if reads:
                yield self._read(reads)
            seen = {read.tensor for read in reads} | ctx.once(given, graph)
            lost = [tensor for tensor in dict.fromkeys(graph.outputs) if tensor not in seen and _is_lost(graph, tensor)]
            if lost:
                yield self._returned(lost)

    def _read(self, reads: list[Unready]) -> Finding:
        tensors = list(dict.fromkeys(read.tensor for read in reads))
        first = reads[0]
        if len(tensors) == 1:
            message = (
                f"{cut(first.op.kind)} reads {named(first.tensor)} {typed(first.tensor)}; nothing gives it a value: "
                f"it holds no data, no op writes it, and it is no input of the graph."
            )
        else:
            message = (
                f"{len(tensors):,} tensors that ops read have no value: {listed(map(named, tensors))}; "
                f"they hold no data, no op writes them, and they are no inputs of the graph."
            )
        return self.finding(
            first.op,
            message,
            help="Convert the model again; if its weights were stripped, use the file that has them.",
            related=dict.fromkeys(read.op for read in reads if read.op is not first.op),
            evidence={"tensors": [tensor.index for tensor in tensors]},
        )

    def _returned(self, lost: list[Tensor]) -> Finding:
        what = f"The output {named(lost[0])} {typed(lost[0])} holds"
        if len(lost) > 1:
            what = f"The outputs {listed(named(tensor) for tensor in lost)} hold"
        return self.finding(
            lost[0],
            f"{what} no data, and no op writes {'them' if lost[1:] else 'it'}.",
            help="Convert the model again.",
            related=lost[1:],
            evidence={"tensors": [tensor.index for tensor in lost]},
        )


def _needs_data(read: Unready) -> bool:
    """True where the runtime looks at the value, and there is one to look at."""
    if 0 in read.tensor.default_shape:
        return False
    if read.op.kind == "RESHAPE" and read.slot == 1 and len(read.tensor.default_shape) != 1:
        return False
    return not read.op.is_custom or read.op.kind.startswith("Flex")


def _is_lost(graph: Graph, tensor: Tensor) -> bool:
    return graph.producer(tensor) is None and 0 not in tensor.default_shape
