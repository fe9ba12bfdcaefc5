"""TFL608 label-mismatch."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, named, typed

_LABELS = "TENSOR_AXIS_LABELS"


class LabelMismatch(Rule):
    """The list of labels in the model has more or fewer entries than the output has classes.

    ## What it does

    Counts the lines of the label files that the TFLite Metadata names for an output's classes (TENSOR_AXIS_LABELS) and
    compares them with the last dimension of the output. Labels of values (TENSOR_VALUE_LABELS) are not judged: which
    values an output can have is not known.

    ## Why it is bad

    Task Library and MediaPipe refuse the model. Apps that read the list themselves show the label of the next class,
    or none: a list with a background class beside a model without one shifts every answer by one.

    ## Example

    ```text
    error TFL608 label-mismatch: tensor 1, 'scores'
      The list 'labels.txt' has 4 labels; the output 'scores' FLOAT32[1, 3] has 3 classes.
      help: Pack the list of labels that the model was trained with, one a line.
    ```

    ## Fix

    Pack the list that the model was trained with, one label a line, a background class included where it has one.

    ## References

    - tflite-support dd3362ea6, tensorflow_lite_support/cc/task/vision/image_classifier.cc
    - https://github.com/tensorflow/tensorflow/issues/23940
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL608", "label-mismatch", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        described = ctx.model.described
        graphs = [graph for graph in ctx.graphs if graph.index == 0]
        if described is None or not graphs or len(described.outputs) != len(graphs[0].outputs):
            return
        for tensor, told in zip(graphs[0].outputs, described.outputs, strict=True):
            classes = _classes(tensor)
            for file in told.files:
                if classes is None or file.kind != _LABELS or file.lines is None or file.lines == classes:
                    continue
                yield self.finding(
                    tensor,
                    f"The list '{file.name}' has {count(file.lines, 'label')}; the output {named(tensor)} "
                    f"{typed(tensor)} has {count(classes, 'class', 'classes')}.",
                    help="Pack the list of labels that the model was trained with, one a line.",
                    evidence={"file": file.name, "labels": file.lines, "classes": classes},
                )


def _classes(tensor: Tensor) -> int | None:
    """The size of the last dimension; None where it is not known, or a single score."""
    size = tensor.shape[-1] if tensor.has_rank and tensor.shape else None
    return size if size is not None and size > 1 else None
