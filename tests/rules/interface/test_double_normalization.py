"""TFL607: an input that is normalized twice."""

from typing import Any

import pytest

from described import classifier, metadata, normalized
from sources import Source
from tflint import Model
from tflint.testing import GraphBuilder, context, findings
from tflint_rules.interface.double_normalization import DoubleNormalization

RULE = DoubleNormalization()


def source(kind: str = "Rescaling", inputs: int = 1) -> Model:
    made = Source()
    for number in range(inputs):
        made.input(f"image{number}")
    made.layer(kind, "first")
    made.layer("Dense", "dense")
    return made.model()


CONTEXT = {"source": source()}


def model(described: list[dict[str, Any]]) -> GraphBuilder:
    g = classifier()
    g.metadata("TFLITE_METADATA", metadata(described))
    return g


def bad() -> GraphBuilder:
    return model([normalized(127.5, 127.5)])


def good() -> GraphBuilder:
    return model([normalized(0, 1)])


def test_both_normalize() -> None:
    [one] = findings(RULE, bad(), source=source())
    assert one.message == (
        "The metadata of the input 'image' asks for a normalization with mean 127.5 and standard deviation 127.5; the "
        "layer 'first' (Rescaling) of the source normalizes it, too."
    )
    assert findings(RULE, model([normalized(0, 255)]), source=source("Normalization"))


@pytest.mark.parametrize("of", [source("Conv2D"), source(inputs=2), Model("a.keras", source().format, 1), None])
def test_where_the_source_does_not_or_is_not_known_nothing_is_said(of: Model | None) -> None:
    assert findings(RULE, bad(), source=of) == []


def test_metadata_that_asks_for_nothing_is_right() -> None:
    assert findings(RULE, model([{"name": "image"}]), source=source()) == []
    assert findings(RULE, model([]), source=source()) == []
    assert findings(RULE, classifier(), source=source()) == []
    assert list(RULE.check(context(bad(), source=context(bad()).model))) == []
