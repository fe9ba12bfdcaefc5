"""TFL610 int64-io."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import listed, named

_INDEXING = frozenset({"ARG_MAX", "ARG_MIN"})


class Int64Io(Rule):
    """An input or output is of 64-bit integers, where 32 bits would do.

    ## What it does

    Reports outputs of the model that ARG_MAX or ARG_MIN writes as int64, directly or through a CAST, and int64 inputs
    that the model casts to int32 before it uses them. Other int64 values may need their bits, and are left alone.

    ## Why it is bad

    GPU delegates, NPUs and most microcontroller kernels know no 64-bit integers: the op, and the piece of the model
    that ends in it, stays on the CPU. TensorFlow's argmax gives int64 unless it is told otherwise; no index of a model
    needs it.

    ## Example

    ```text
    note TFL610 int64-io: tensor 2, 'index'
      'index' holds 64-bit integers, which few delegates take; the value fits into 32.
      help: Set output_type=tf.int32 of argmax, and dtype='int32' of the input.
    ```

    ## Fix

    `tf.argmax(x, axis, output_type=tf.int32)`, `keras.ops.argmax` followed by a cast, and `dtype="int32"` of inputs.

    ## References

    - LiteRT f67457790, tflite/kernels/arg_min_max.cc: output types int32 and int64
    - https://github.com/tensorflow/tensorflow/issues/51433
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL610", "int64-io", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs[:1]:
            found = [*_outputs(graph), *_inputs(graph)]
            if not found:
                continue
            one = len(found) == 1
            yield self.finding(
                found[0],
                f"{listed(map(named, found))} {'holds' if one else 'hold'} 64-bit integers, which few delegates take; "
                f"{'the value fits' if one else 'the values fit'} into 32.",
                help="Set output_type=tf.int32 of argmax, and dtype='int32' of the input.",
                related=found[1:],
                evidence={"tensors": len(found)},
            )


def _outputs(graph: Graph) -> Iterator[Tensor]:
    """The int64 outputs that are indices."""
    for tensor in graph.outputs:
        op: Op | None = graph.producer(tensor)
        if op is not None and op.kind in {"CAST", "RESHAPE"}:
            data = op.input(0)
            op = graph.producer(data) if data is not None else None
        if tensor.dtype is DType.INT64 and op is not None and op.kind in _INDEXING:
            yield tensor


def _inputs(graph: Graph) -> Iterator[Tensor]:
    """The int64 inputs that are cast to int32 wherever they are read."""
    for tensor in graph.inputs:
        readers = graph.consumers(tensor)
        if tensor.dtype is DType.INT64 and readers and all(_narrows(op) for op in readers):
            yield tensor


def _narrows(op: Op) -> bool:
    return op.kind == "CAST" and bool(op.outputs) and op.outputs[0].dtype is DType.INT32
