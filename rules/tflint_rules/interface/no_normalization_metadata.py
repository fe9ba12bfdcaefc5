"""TFL606 no-normalization-metadata."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Need, Rule, RuleMeta, Severity
from tflint.analysis.phrases import named, typed

_COLOURS = (3, 4)
_VALUES = (1, 3)


class NoNormalizationMetadata(Rule):
    """An image model for Task Library or MediaPipe does not say how its float input is to be normalized.

    ## What it does

    With `uses = "task-library"` in `[tool.tflint.expect]` looks at models with one input, of floats and as an image is:
    one of height, width and 3 colours (or 4, of which MediaPipe knows). Reports those whose TFLite Metadata has no
    NormalizationOptions for it, or not one or three means with as many deviations.

    ## Why it is bad

    Task Library and MediaPipe Tasks refuse to make the task: "Input tensor has type float32: it requires specifying
    NormalizationOptions metadata to preprocess input images." They take 8-bit pixels as they are, but of floats nobody
    knows whether the model wants 0 to 255, 0 to 1 or -1 to 1.

    ## Example

    ```text
    error TFL606 no-normalization-metadata: tensor 0, 'image'
      The input 'image' is an image of floats, FLOAT32[1, 96, 96, 3], and no TFLite Metadata says how
      it is normalized; Task Library and MediaPipe refuse such a model.
      help: Write metadata with the mean and the deviation that the model was trained with.
    ```

    ## Fix

    Write the metadata with the model's own mean and deviation: `ImageClassifierWriter.create_for_inference(model,
    [127.5], [127.5], ["labels.txt"])` for pixels of -1 to 1, 0 and 255 for 0 to 1, 0 and 1 where the model scales its
    input itself.

    ## References

    - tflite-support dd3362ea6, tensorflow_lite_support/cc/task/vision/utils/image_tensor_specs.cc
    - MediaPipe 85c0cdc7d, mediapipe/tasks/cc/vision/utils/image_tensor_specs.cc, BuildInputImageTensorSpecs
    - https://github.com/google-ai-edge/mediapipe/issues/5583
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL606", "no-normalization-metadata", Severity.ERROR, needs=frozenset({Need.EXPECT})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        described = ctx.model.described
        main = [graph for graph in ctx.graphs if graph.index == 0]
        if ctx.expectations.uses != "task-library" or not main or len(main[0].inputs) != 1:
            return
        if described is not None and (described.fault or len(described.inputs) > 1):
            return  # metadata-schema says so
        image = main[0].inputs[0]
        sizes = image.default_shape
        if image.dtype is not DType.FLOAT32 or len(sizes) != 4 or sizes[0] != 1 or sizes[3] not in _COLOURS:
            return
        told = described.inputs[0] if described is not None and described.inputs else None
        means, deviations = (told.means, told.deviations) if told is not None else ((), ())
        if len(means) == len(deviations) and len(means) in _VALUES:
            return
        fact = "no TFLite Metadata says how it is normalized"
        if means or deviations:
            fact = f"the TFLite Metadata asks for {len(means):,} means and {len(deviations):,} deviations"
        yield self.finding(
            image,
            f"The input {named(image)} is an image of floats, {typed(image)}, and {fact}; Task Library and "
            f"MediaPipe refuse such a model.",
            help="Write metadata with the mean and the deviation that the model was trained with.",
            evidence={"means": list(means), "deviations": list(deviations), "has_metadata": described is not None},
        )
