"""TFL218 dynamic-shape-chain."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.flow import entry_graphs
from tflint.analysis.phrases import count, listed
from tflint_rules.conversion.computed_sizes import computed_sizes, size_operands


class DynamicShapeChain(Rule):
    """Sizes are computed while the model runs, only because the batch was left open.

    ## What it does

    Follows the size operand of RESHAPE, FILL, TRANSPOSE_CONV and the like back through arithmetic (STRIDED_SLICE, PACK,
    …) to SHAPE ops. Reports them, in one finding a graph, where the first dimension of the inputs is all that is not
    fixed, so that a fixed batch makes the sizes constants; and where nothing is dynamic any more. What other dynamic
    dimensions or values have a part in is not reported.

    ## Why it is bad

    The result of such an op has no size before the model runs. LiteRT takes its memory from the heap in each run, and
    neither XNNPACK nor the GPU and NPU compilers take the chain: they cut the model there, or refuse it as a whole. A
    small EfficientNet with eight chains falls into nine XNNPACK partitions and does not compile for the GPU at all.

    ## Example

    ```text
    warning TFL218 dynamic-shape-chain: op 0 SHAPE, 'r0/Shape'
      1 op (RESHAPE) takes sizes that 3 ops compute while the model runs (SHAPE, STRIDED_SLICE and
      PACK), only because the first dimension of the inputs, the batch, is not fixed.
      help: Fix the batch and convert again: keras.Input(shape, batch_size=1), or
            from_concrete_functions with tf.TensorSpec([1, …]).
      also: op 3 RESHAPE, 'r0/Reshape'
    ```

    ## Fix

    Fix the batch before the conversion: `keras.Input(shape, batch_size=1)`, or for a SavedModel
    `from_concrete_functions([f.get_concrete_function(tf.TensorSpec([1, 96, 96, 3]))])`. The converter then folds the
    chain into a constant. `resize_tensor_input` afterwards does not remove it.

    ## References

    - LiteRT f67457790, tflite/kernels/reshape.cc, transpose_conv.cc, fill.cc, pack.cc
    - seen: TensorFlow 2.21's converter folds the chain with both cures; LiteRT 2.3, its GPU accelerator and Vela 5.2.0
    - https://github.com/tensorflow/tensorflow/issues/54261
    - https://github.com/tensorflow/tflite-micro/issues/197
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL218", "dynamic-shape-chain", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in entry_graphs(ctx.model):
            if any(op.kind == "SHAPE" for op in graph.ops):
                yield from self._judge(graph)

    def _judge(self, graph: Graph) -> Iterator[Finding]:
        sizes = computed_sizes(graph)
        users = [
            op
            for op in graph.ops
            if any(size in sizes for size in size_operands(op)) and not any(tensor in sizes for tensor in op.outputs)
        ]
        if not users:
            return
        chain = _chain(graph, users, sizes)
        starts = sum(op.kind == "SHAPE" for op in chain)
        is_open = any(tensor.is_dynamic for tensor in graph.inputs)
        why = "only because the first dimension of the inputs, the batch, is not fixed"
        if not is_open:
            why = "although all dimensions are fixed and the sizes could be constants"
        yield self.finding(
            chain[0],
            f"{count(len(users), 'op')} ({listed(op.kind for op in users)}) {'takes' if len(users) == 1 else 'take'} "
            f"sizes that {count(len(chain), 'op')} compute while the model runs "
            f"({listed((op.kind for op in chain), 4)}), {why}.",
            help=_FIX if is_open else "Convert again with a current converter, which folds the chain into a constant.",
            related=users,
            evidence={"chains": starts, "chain_ops": len(chain), "users": len(users)},
        )


_FIX = (
    "Fix the batch and convert again: keras.Input(shape, batch_size=1), or from_concrete_functions with "
    "tf.TensorSpec([1, …])."
)


def _chain(graph: Graph, users: list[Op], sizes: set[Tensor]) -> list[Op]:
    """The ops that compute the sizes that some ops take, in their order."""
    found: set[Op] = set()
    waiting = [size for op in users for size in size_operands(op) if size in sizes]
    while waiting:
        op = graph.producer(waiting.pop())
        if op is not None and op not in found:
            found.add(op)
            waiting += [tensor for tensor in op.inputs if tensor is not None and tensor in sizes]
    return sorted(found, key=lambda op: op.index)
