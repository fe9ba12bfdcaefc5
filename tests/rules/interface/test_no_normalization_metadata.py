"""TFL606: float images without NormalizationOptions."""

from collections.abc import Sequence
from typing import Any

import pytest

from described import metadata, normalized
from tflint import Severity
from tflint.expectations import Expectations
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.no_normalization_metadata import NoNormalizationMetadata

RULE = NoNormalizationMetadata()
CONTEXT = {"expectations": Expectations(uses="task-library")}


def image(shape: Sequence[int | None] = (1, 96, 96, 3), dtype: str = "FLOAT32", inputs: int = 1) -> GraphBuilder:
    g = GraphBuilder()
    given = [g.input(f"image{number or ''}", shape, dtype) for number in range(inputs)]
    g.output(g.op("RELU", given[:1], g.tensor("scores", [1, 10])))
    return g


def described(*inputs: dict[str, Any]) -> GraphBuilder:
    g = image()
    g.metadata("TFLITE_METADATA", metadata(inputs))
    return g


def asking(means: list[float], deviations: list[float]) -> dict[str, Any]:
    options = ("NormalizationOptions", {"mean": means, "std": deviations})
    return {"name": "image", "process_units": [{"options": options}]}


def bad() -> GraphBuilder:
    return image()


def good() -> GraphBuilder:
    return described(normalized(127.5, 127.5))


def test_a_float_image_without_metadata_is_an_error() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.ERROR
    assert found.message == (
        "The input 'image' is an image of floats, FLOAT32[1, 96, 96, 3], and no TFLite Metadata says "
        "how it is normalized; Task Library and MediaPipe refuse such a model."
    )
    assert found.evidence["has_metadata"] is False


def test_metadata_that_says_nothing_of_it_is_an_error_too() -> None:
    [found] = findings(RULE, described({"name": "image"}), **CONTEXT)
    assert found.evidence["has_metadata"] is True
    assert len(findings(RULE, described(), **CONTEXT)) == 1


@pytest.mark.parametrize(("means", "deviations"), [([0.0, 0.0], [1.0, 1.0]), ([0.0], [1.0, 1.0, 1.0])])
def test_numbers_that_fit_no_image_are_an_error(means: list[float], deviations: list[float]) -> None:
    [found] = findings(RULE, described(asking(means, deviations)), **CONTEXT)
    assert f"the TFLite Metadata asks for {len(means)} means and {len(deviations)} deviations" in found.message


def test_one_or_three_means_pass() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, described(asking([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])), **CONTEXT) == []


@pytest.mark.parametrize(
    "built",
    [
        image(dtype="UINT8"),
        image((1, 96)),
        image((1, 40, 49, 1)),
        image((8, 96, 96, 3)),
        image(inputs=2),
        described(normalized(0, 1), normalized(0, 1)),
    ],
)
def test_what_is_no_float_image_is_not_judged(built: GraphBuilder) -> None:
    assert findings(RULE, built, **CONTEXT) == []


def test_an_open_batch_is_an_image() -> None:
    assert len(findings(RULE, image((None, 96, 96, 3)), **CONTEXT)) == 1


def test_nothing_is_said_where_nobody_said_what_uses_the_model() -> None:
    assert findings(RULE, bad()) == []
    assert findings(RULE, bad(), expectations=Expectations(precision="int8")) == []


def test_metadata_that_cannot_be_read_is_for_metadata_schema() -> None:
    g = image()
    g.metadata("TFLITE_METADATA", b"not a flatbuffer")
    assert findings(RULE, g, **CONTEXT) == []


def test_a_broken_graph_is_not_judged() -> None:
    g = bad()
    g.op("RELU", [99], g.tensor("z", [1, 10]))
    assert findings(RULE, g, **CONTEXT) == []
