"""Models with TFLite Metadata and the files that it names."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from tflint.formats.tflite.writer import write
from tflint.testing import GraphBuilder

Tables = Sequence[Mapping[str, Any]]


def labels(name: str = "labels.txt", kind: str = "TENSOR_AXIS_LABELS") -> dict[str, Any]:
    """The description of an output with a list of labels."""
    return {"name": "scores", "associated_files": [{"name": name, "type": kind}]}


def normalized(mean: float, deviation: float) -> dict[str, Any]:
    """The description of an input that the app has to normalize."""
    options = ("NormalizationOptions", {"mean": [mean], "std": [deviation]})
    return {"name": "image", "process_units": [{"options": ("ScoreThresholdingOptions", {})}, {"options": options}]}


def metadata(inputs: Tables = (), outputs: Tables = ()) -> bytes:
    """TFLite Metadata that says this of the inputs and outputs."""
    graph = {"input_tensor_metadata": list(inputs), "output_tensor_metadata": list(outputs)}
    return write({"name": "net", "subgraph_metadata": [graph]}, "ModelMetadata", b"M001")


def classifier(classes: int | None = 3, shape: Sequence[int | None] | None = None) -> GraphBuilder:
    """A model with one input, and an output of so many classes."""
    g = GraphBuilder()
    x = g.input("image", [1, 16])
    g.output(g.op("SOFTMAX", [x], g.tensor("scores", [1, classes] if shape is None else shape), {"beta": 1.0}))
    return g


def packed(built: GraphBuilder, files: Mapping[str, bytes]) -> bytes:
    """The file of a model, with these files in an archive behind it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as held:
        for name, content in files.items():
            held.writestr(name, content)
    return built.to_bytes() + archive.getvalue()
