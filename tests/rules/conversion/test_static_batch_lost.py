"""TFL226: sizes that the source fixes, and the conversion does not."""

import pytest

from sources import Source
from tflint import Finding, Model, Shape
from tflint.testing import GraphBuilder, context, findings
from tflint_rules.conversion.static_batch_lost import StaticBatchLost

RULE = StaticBatchLost()


def source(*shapes: Shape | None) -> Model:
    made = Source()
    for number, shape in enumerate(shapes):
        made.input(f"x{number}", shape)
    made.layer("ReLU", "relu")
    return made.model()


CONTEXT = {"source": source((1, 8, 8, 3))}


def model(*shapes: Shape) -> GraphBuilder:
    g = GraphBuilder()
    for number, shape in enumerate(shapes):
        g.output(g.op("RELU", [g.input(f"x{number}", shape)], g.tensor(f"y{number}", shape)))
    return g


def bad() -> GraphBuilder:
    return model((None, 8, 8, 3))


def good() -> GraphBuilder:
    return model((1, 8, 8, 3))


def found(built: GraphBuilder, of: Model | None) -> list[Finding]:
    return findings(RULE, built, source=of)


def test_a_batch_that_became_dynamic_is_told() -> None:
    [one] = found(bad(), source((1, 8, 8, 3)))
    assert one.message == (
        "An input of fixed size in the source 'model.keras' is dynamic here ('x0' FLOAT32[?, 8, 8, 3], in the source "
        "FLOAT32[1, 8, 8, 3])."
    )
    [one] = found(model((None, 4), (None, 7)), source((1, 7), (1, 4)))
    assert one.evidence == {"inputs": ["x0", "x1"]}


@pytest.mark.parametrize(
    "of", [source((None, 8, 8, 3)), source((1, 4)), source(None), source((1, 8, 8, 3), (1, 4)), None]
)
def test_what_is_dynamic_or_not_known_in_the_source_is_not_lost(of: Model | None) -> None:
    assert found(bad(), of) == []


def test_inputs_that_cannot_be_told_apart_are_left_out() -> None:
    assert found(model((None, 4), (None, 4)), source((1, 4), (1, 4))) == []


def test_models_that_cannot_be_judged_are_left_out() -> None:
    broken = bad()
    broken.graph["outputs"] = [99]
    assert found(broken, source((1, 8, 8, 3))) == []
    assert found(bad(), context(good()).model) == []
