"""TFL217 keras-tf-version."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity
from tflint_rules.conversion.layer_walk import KERAS

_FIRST = (2, 16)
"""The first TensorFlow that comes with Keras 3.

Source: https://github.com/tensorflow/tensorflow/releases/tag/v2.16.1.
"""


class KerasTfVersion(Rule):
    """A model of Keras 3 was converted by a TensorFlow that knows Keras 2.

    ## What it does

    Compares the version of Keras that the source was saved with, and the version of TensorFlow that the converted file
    names. It needs the source: `--source`, or `source` in the configuration.

    ## Why it is bad

    Before TensorFlow 2.16 the converter knows Keras 2. On models of Keras 3 it ends with *missing attribute 'value'*,
    or *Failed to infer result type(s)*; what it does convert was rebuilt by hand, and may be another model.

    ## Example

    ```text
    warning TFL217 keras-tf-version
      TensorFlow 2.15.1, which comes with Keras 2, converted this model; its source was saved with
      Keras 3.15.1.
      help: Convert again with TensorFlow 2.17 or newer.
    ```

    ## Fix

    Convert again with TensorFlow 2.17 or newer.

    ## References

    - https://github.com/tensorflow/tensorflow/releases/tag/v2.16.1
    - https://github.com/tensorflow/tensorflow/issues/63987
    - https://github.com/keras-team/keras/issues/19108
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL217", "keras-tf-version", Severity.WARNING, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        source, conversion = ctx.source, ctx.model.conversion
        if source is None or conversion is None or source.format not in KERAS:
            return
        number = source.producer.removeprefix("keras ").partition(".")[0]
        version = _numbers(conversion.tensorflow_version)
        if not number.isdecimal() or int(number) < 3 or version is None or version >= _FIRST:
            return
        yield self.finding(
            ctx.model,
            f"TensorFlow {conversion.tensorflow_version}, which comes with Keras 2, converted this model; its source "
            f"was saved with {source.producer.capitalize()}.",
            help="Convert again with TensorFlow 2.17 or newer.",
            evidence={"tensorflow": conversion.tensorflow_version, "producer": source.producer},
        )


def _numbers(text: str) -> tuple[int, int] | None:
    """The first two numbers of a version."""
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isdecimal() and len(part) < 5 for part in parts[:2]):
        return None
    return int(parts[0]), int(parts[1])
