"""TFL501 file-size."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import named, share, size


class FileSize(Rule):
    """The file is larger than the configuration allows.

    ## What it does

    Compares the size of the file with `max_kb` of `[tool.tflint.expect]`, in units of 1024 bytes. Says nothing where
    that is not set.

    ## Why it is bad

    The model does not fit where it has to: the flash of a microcontroller, the download that was promised, the limit
    of an app store. A model that grew by accident, say because it was converted without quantization, shows here first.

    ## Example

    ```text
    warning TFL501 file-size
      The file takes 65.5 KiB; at most 32 KiB were expected. 98 % of the file is 'dense/kernel', 64.0
      KiB.
      help: Quantize the weights, make the largest constants smaller, or raise max_kb.
      also: tensor 0, 'dense/kernel'
    ```

    ## Fix

    Quantize the weights: `converter.optimizations = [tf.lite.Optimize.DEFAULT]` makes the file about four times
    smaller. Or make the largest constant smaller, or raise `max_kb`.

    ## References

    - https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_quantization
    - LiteRT f67457790, tflite/converter/schema/schema.fbs: constants are stored as they are, without compression
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL501", "file-size", Severity.WARNING, needs=frozenset({Need.EXPECT}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        limit = ctx.expectations.max_kb
        found = ctx.model.byte_size
        if limit is None or found <= limit * 1024:
            return
        largest = max(
            (tensor for graph in ctx.graphs for tensor in graph.tensors if tensor.data is not None),
            key=_stored,
            default=None,
        )
        most = (
            f" {share(_stored(largest), found)} of the file is {named(largest)}, {size(_stored(largest))}."
            if largest is not None
            else ""
        )
        yield self.finding(
            ctx.model,
            f"The file takes {found / 1024:,.1f} KiB; at most {limit:,.10g} KiB were expected.{most}",
            help="Quantize the weights, make the largest constants smaller, or raise max_kb.",
            related=[] if largest is None else [largest],
            evidence={"bytes": found, "max_bytes": int(limit * 1024)},
        )


def _stored(tensor: Tensor) -> int:
    return 0 if tensor.data is None else len(tensor.data)
