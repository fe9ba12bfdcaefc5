"""TFL226 static-batch-lost."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Need, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import listed, named, typed

_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})


class StaticBatchLost(Rule):
    """Inputs whose sizes the Keras model fixes are dynamic in the conversion.

    ## What it does

    Compares the inputs of a file with those of its Keras source. Reports those of which a size is fixed in the source,
    mostly the batch, and dynamic in the file.

    ## Why it is bad

    The batch was fixed so that the sizes of all tensors are known: GPU delegates, NPUs and microcontrollers refuse
    tensors of unknown size, and ops that compute shapes (SHAPE, STRIDED_SLICE, PACK) stay in the model.
    `model.export()` of older Keras 3 drops a fixed batch, and so does a conversion from such a SavedModel.

    ## Example

    ```text
    warning TFL226 static-batch-lost: tensor 0, 'x0'
      An input of fixed size in the source 'model.keras' is dynamic here ('x0' FLOAT32[?, 8, 8, 3], in
      the source FLOAT32[1, 8, 8, 3]).
      help: Convert with from_keras_model, or from a concrete function whose input has the fixed
            shape.
    ```

    ## Fix

    Convert with `TFLiteConverter.from_keras_model`, or from a concrete function with an input of the fixed shape.

    ## References

    - https://github.com/keras-team/keras/pull/19462
    - LiteRT f67457790, tflite/converter/schema/schema.fbs: Tensor.shape_signature
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL226", "static-batch-lost", Severity.WARNING, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        source = ctx.source
        if source is None or source.format not in _KERAS or not ctx.model.graphs or not source.graphs:
            return
        mine, theirs = ctx.model.graphs[0], source.graphs[0]
        if not mine.intact or not theirs.intact or len(mine.inputs) != len(theirs.inputs):
            return
        lost: list[tuple[Tensor, Tensor]] = []
        for tensor in mine.inputs:
            twins = [each for each in theirs.inputs if _is_same(tensor, each)]
            if len(twins) == 1 and _is_lost(tensor, twins[0]):
                lost.append((tensor, twins[0]))
        if not lost:
            return
        one = len(lost) == 1
        told = listed(f"{named(tensor)} {typed(tensor)}, in the source {typed(twin)}" for tensor, twin in lost)
        yield self.finding(
            lost[0][0],
            f"{'An input' if one else 'Inputs'} of fixed size in the source '{source.path}' "
            f"{'is' if one else 'are'} dynamic here ({told}).",
            help="Convert with from_keras_model, or from a concrete function whose input has the fixed shape.",
            related=[tensor for tensor, _ in lost[1:]],
            evidence={"inputs": [tensor.name for tensor, _ in lost]},
        )


def _is_same(mine: Tensor, theirs: Tensor) -> bool:
    """Whether an input can be that of the source, as far as sizes tell."""
    if not mine.has_rank or not theirs.has_rank or len(mine.shape) != len(theirs.shape):
        return False
    return all(None in (size, of) or size == of for size, of in zip(mine.shape, theirs.shape, strict=True))


def _is_lost(mine: Tensor, theirs: Tensor) -> bool:
    return any(size is None and of is not None for size, of in zip(mine.shape, theirs.shape, strict=True))
