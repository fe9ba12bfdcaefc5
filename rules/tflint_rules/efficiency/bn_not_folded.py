"""TFL703 bn-not-folded."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, share, size

_KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "CONV_3D"})
_FOLDABLE = frozenset({"MUL", "ADD", "SUB"})
_LEAST = 2


class BnNotFolded(Rule):
    """Batch normalization stands behind its layers as ops of its own, where it could be in their weights.

    ## What it does

    Counts the MUL, ADD and SUB ops with a constant for each channel that take the result of a convolution or a dense
    layer which has no activation of its own and no other reader. A multiplication has to be among them: constants that
    are only added may be a bias that the layer's kernel cannot take.

    ## Why it is bad

    Each of them reads and writes the whole activation for what a multiplication of the weights does once, when the
    model is converted. Quantized, each rounds the values once more. The converter folds batch normalization that is
    not in training and stands directly behind its layer.

    ## Example

    ```text
    warning TFL703 bn-not-folded: op 1 MUL, 'z0'
      2 ops (67 % of all) multiply or add a constant for each channel right behind a convolution or
      dense layer, writing 64 bytes a run; in the weights and the bias they cost nothing.
      help: Convert from the Keras model with batch normalization in inference mode.
      also: op 2 ADD, 'z1'
    ```

    ## Fix

    Call the layer and its normalization with `training=False`, without an op in between, and convert from the Keras
    model with a current converter.

    ## References

    - LiteRT f67457790, tflite/converter/transforms/optimize_patterns.td, optimize_pass.cc: FuseMulAndFullyConnected
    - https://github.com/tensorflow/tensorflow/issues/25033
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL703", "bn-not-folded", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = [op for graph in ctx.graphs for op in _unfolded(graph)]
        if not found:
            return
        total = sum(len(graph.ops) for graph in ctx.graphs)
        moved = sum(op.outputs[0].nbytes or 0 for op in found)
        one = len(found) == 1
        yield self.finding(
            found[0],
            f"{count(len(found), 'op')} ({share(len(found), total)} of all) "
            f"{'multiplies or adds' if one else 'multiply or add'} a constant for each channel right behind a "
            f"convolution or dense layer, writing {size(moved)} a run; in the weights and the bias "
            f"{'it costs' if one else 'they cost'} nothing.",
            help="Convert from the Keras model with batch normalization in inference mode.",
            related=found[1:],
            evidence={"ops": len(found), "bytes": moved},
        )


def _unfolded(graph: Graph) -> Iterator[Op]:
    """The ops that could be part of the layer before them, where one of a layer's multiplies."""
    for op in graph.ops:
        if op.kind not in _KERNELS or not op.outputs or not _is_linear(op):
            continue
        chain = list(_chain(graph, op.outputs[0]))
        if any(each.kind == "MUL" for each in chain):
            yield from chain


def _chain(graph: Graph, tensor: Tensor) -> Iterator[Op]:
    """The ops behind a tensor that do something to each channel, one after the other."""
    for _ in range(4):
        readers = graph.consumers(tensor)
        if len(readers) != 1 or tensor in graph.outputs or not _is_by_channel(readers[0], tensor):
            return
        yield readers[0]
        if not readers[0].outputs or not _is_linear(readers[0]):
            return
        tensor = readers[0].outputs[0]


def _is_by_channel(op: Op, data: Tensor) -> bool:
    """Whether an op applies one number for each of the last dimension of `data`."""
    if op.kind not in _FOLDABLE or len(op.inputs) != 2 or not op.outputs or not data.shape:
        return False
    if op.kind == "SUB" and op.input(0) is not data:
        return False
    other = op.input(1) if op.input(0) is data else op.input(0)
    if other is None or not other.is_constant or not other.shape:
        return False
    return bool(other.shape[-1] == data.shape[-1] == other.elements and other.elements >= _LEAST)


def _is_linear(op: Op) -> bool:
    return bool(op.options.get("fused_activation_function", "NONE") == "NONE")
