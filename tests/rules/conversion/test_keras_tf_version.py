"""TFL217: models of Keras 3 and converters of Keras 2."""

import pytest

from layered import layered, step
from tflint import Format, Model
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.keras_tf_version import KerasTfVersion

RULE = KerasTfVersion()


def source(producer: str = "keras 3.15.1", format: Format = Format.KERAS) -> Model:
    return layered((1, 8), step("Dense", units=2), producer=producer, format=format)


CONTEXT = {"source": source()}


def converted(tensorflow: str) -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1, 8])], g.tensor("y", [1, 8])))
    g.converted(tensorflow=tensorflow)
    return g


def bad() -> GraphBuilder:
    return converted("2.15.1")


def good() -> GraphBuilder:
    return converted("2.21.0")


def test_an_old_converter_is_reported() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.message.startswith("TensorFlow 2.15.1, which comes with Keras 2")


def test_new_ones_are_fine_and_so_are_sources_of_keras_2() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, bad(), source=source("keras 2.15.0")) == []
    assert findings(RULE, bad(), source=source("")) == []


@pytest.mark.parametrize("version", ["", "nightly", "2.x"])
def test_unknown_versions_are_not_judged(version: str) -> None:
    assert findings(RULE, converted(version), **CONTEXT) == []


def test_without_a_source_or_a_version_nothing_is_said() -> None:
    assert findings(RULE, bad()) == []
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1, 8])], g.tensor("y", [1, 8])))
    assert findings(RULE, g, **CONTEXT) == []
    assert findings(RULE, bad(), source=source(format=Format.SAVED_MODEL)) == []
