"""TFL607 double-normalization."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Graph, Need, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import named

_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
_SCALING = frozenset({"Rescaling", "Normalization"})


class DoubleNormalization(Rule):
    """The metadata asks the app to normalize an input that the model normalizes itself.

    ## What it does

    Compares the NormalizationOptions in the TFLite Metadata of an input with the Keras source. Reports inputs that a
    Rescaling or Normalization layer takes first, where mean and standard deviation in the metadata are not 0 and 1.

    ## Why it is bad

    Task Library, MediaPipe and ML Kit subtract the mean and divide by the deviation before they run the model, which
    does the like once more: pixels of 0 to 255 become values around 0, and the model sees next to nothing. It runs,
    and its answers are bad.

    ## Example

    ```text
    error TFL607 double-normalization: tensor 0, 'image'
      The metadata of the input 'image' asks for a normalization with mean 127.5 and standard
      deviation 127.5; the layer 'first' (Rescaling) of the source normalizes it, too.
      help: Write mean 0 and standard deviation 1 into the metadata.
    ```

    ## Fix

    Write mean 0 and standard deviation 1 into the metadata, or leave the layer out of the model that is converted.

    ## References

    - tflite-support dd3362ea6, tensorflow_lite_support/metadata/metadata_schema.fbs: NormalizationOptions
    - https://github.com/tensorflow/tflite-support/issues/911
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL607", "double-normalization", Severity.ERROR, needs=frozenset({Need.SOURCE})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        source, described = ctx.source, ctx.model.described
        if source is None or source.format not in _KERAS or described is None or not ctx.graphs or not source.graphs:
            return
        mine, theirs = ctx.graphs[0], source.graphs[0]
        if not len(described.inputs) == len(mine.inputs) == len(theirs.inputs) == 1:
            return
        layer = _scaling(theirs, theirs.inputs[0])
        told = described.inputs[0]
        if layer is None or (_is_identity(told.means, 0) and _is_identity(told.deviations, 1)):
            return
        yield self.finding(
            mine.inputs[0],
            f"The metadata of the input {named(mine.inputs[0])} asks for a normalization with mean "
            f"{_numbers(told.means)} and standard deviation {_numbers(told.deviations)}; the layer '{layer.name}' "
            f"({layer.kind}) of the source normalizes it, too.",
            help="Write mean 0 and standard deviation 1 into the metadata.",
            evidence={"means": list(told.means), "deviations": list(told.deviations), "layer": layer.name},
        )


def _scaling(graph: Graph, tensor: Tensor) -> Op | None:
    """The layer that normalizes an input before anything else takes it."""
    readers = graph.consumers(tensor)
    return readers[0] if len(readers) == 1 and readers[0].kind in _SCALING else None


def _is_identity(values: tuple[float, ...], neutral: float) -> bool:
    return all(value == neutral for value in values)


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in dict.fromkeys(values)) or "none"
