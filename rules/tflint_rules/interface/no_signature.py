"""TFL603 no-signature."""

import re
from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import listed, named, typed
from tflint_rules.interface.alike import alike

_SAYS_NOTHING = re.compile(
    r"((Stateful)?PartitionedCall|Identity|Placeholder|unknown)?([_:]\d{1,9})*(_(u?int8|int16|(de|re)?quantized?))*"
)
"""Names that TensorFlow and the converter make up for what has none."""
_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})


class NoSignature(Rule):
    """Inputs or outputs of one type and shape have neither a signature nor names that tell them apart.

    ## What it does

    Looks, in files without a signature, for inputs or outputs of one element type and shape whose names say nothing:
    `StatefulPartitionedCall:1`, `Identity_2`, `Placeholder_1`, or none. Where the Keras source is known, output-order
    judges the outputs.

    ## Why it is bad

    All that a caller has is their order, and that is the converter's: it has come out otherwise than in the Keras
    model, and otherwise than the version before. Scores are then read as classes; shapes and types fit, so nothing
    fails.

    ## Example

    ```text
    warning TFL603 no-signature: tensor 1, 'StatefulPartitionedCall:3'
      3 outputs are FLOAT32[1, 10], and the model has no signature that tells which is which
      ('StatefulPartitionedCall:3', 'StatefulPartitionedCall:2' and 'StatefulPartitionedCall:0');
      their order is the converter's.
      help: Convert again with a current TensorFlow, which writes a signature, and use the outputs by
            name.
      also: tensor 2, 'StatefulPartitionedCall:2'; tensor 4, 'StatefulPartitionedCall:0'
    ```

    ## Fix

    Convert the Keras model or the SavedModel again with TensorFlow 2.7 or newer, which writes a signature, and run the
    model with `get_signature_runner()`. Name outputs by returning a dict.

    ## References

    - LiteRT f67457790, tflite/core/signature_runner.h; tflite/converter/schema/schema.fbs: SignatureDef
    - https://github.com/tensorflow/tensorflow/issues/33303
    - https://github.com/tensorflow/tensorflow/issues/55242
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL603", "no-signature", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        main = [graph for graph in ctx.graphs if graph.index == 0]
        if ctx.model.signatures or not main:
            return
        yield from self._judge("inputs", main[0].inputs)
        if ctx.source is None or ctx.source.format not in _KERAS:
            yield from self._judge("outputs", main[0].outputs)

    def _judge(self, side: str, tensors: tuple[Tensor, ...]) -> Iterator[Finding]:
        for group in alike((tensor.name, tensor) for tensor in tensors):
            mute = [tensor for name, tensor in group if _SAYS_NOTHING.fullmatch(name)]
            if len(mute) < 2:
                continue
            yield self.finding(
                mute[0],
                f"{len(mute)} {side} are {typed(mute[0])}, and the model has no signature that tells which is which "
                f"({listed(map(named, mute))}); their order is the converter's.",
                help=f"Convert again with a current TensorFlow, which writes a signature, and use the {side} by name.",
                related=mute[1:],
                evidence={side: [tensor.name for tensor in mute]},
            )
