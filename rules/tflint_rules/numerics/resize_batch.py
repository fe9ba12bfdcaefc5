"""TFL910 resize-batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Need, Rule, RuleMeta, Severity
from tflint.analysis.phrases import listed, named, typed
from tflint_rules.numerics.judged import is_repeatable, ran

_STAGES = {"load": "is loaded", "allocate": "is prepared for it", "invoke": "runs on it"}


class ResizeBatch(Rule):
    """The model leaves its batch open, and does not work with a batch of two.

    ## What it does

    With `--diff`, models whose inputs all have an open first dimension are run on a batch of two as well, the first
    input twice. Reports a runtime that refuses it, outputs whose first dimension does not follow, and rows that are
    not what the input gives alone. Inputs of one dimension, of which the first is hardly a batch, are left out.

    ## Why it is bad

    The file says that callers may resize its batch. Whoever does gets an error, or the values of the wrong row.

    ## Example

    ```text
    warning TFL910 resize-batch: tensor 0, 'x0'
      'x0' FLOAT32[?, 8] leaves the batch open, and a batch of 2 fails when it is prepared for it:
      RESHAPE cannot make 16 elements 8.
      help: Make the batch 1 for the conversion, or look for a RESHAPE or state with the batch written
            into it.
    ```

    ## Fix

    Look for a RESHAPE, a BROADCAST_TO or a recurrent state with the batch written into it. In Keras use `-1` for the
    batch, or fix it for the conversion: `model.export` with an input signature of batch 1.

    ## References

    - LiteRT f67457790, tflite/core/interpreter.cc, ResizeInputTensor; tflite/kernels/reshape.cc
    - https://github.com/tensorflow/tensorflow/issues/38158
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL910", "resize-batch", Severity.WARNING, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        if comparison is None or graph is None:
            return
        words = comparison.facts.get("batch", "")
        if not words or not is_repeatable(comparison) or not _is_batched(graph):
            return
        stage, _, rest = words.partition(": ")
        what = f"fails when it {_STAGES[stage]}: {rest}" if stage in _STAGES else f"does not work: {words}"
        yield self.finding(
            graph.inputs[0],
            f"{listed(f'{named(each)} {typed(each)}' for each in graph.inputs)} "
            f"{'leaves' if len(graph.inputs) == 1 else 'leave'} the batch open, and a batch of 2 {what}.",
            help="Make the batch 1 for the conversion, or look for a RESHAPE or state with the batch written into it.",
            related=graph.inputs[1:],
            evidence={"words": words[:2_000]},
        )


def _is_batched(graph: Graph) -> bool:
    """Whether the first dimension is a batch: that of all inputs is open, and one has more dimensions."""
    shapes = [each.shape for each in graph.inputs if each.has_rank]
    is_open = len(shapes) == len(graph.inputs) and all(shape and shape[0] is None for shape in shapes)
    return is_open and any(len(shape) > 1 for shape in shapes)
