"""TFL603: inputs or outputs that nothing tells apart."""

from collections.abc import Sequence

import pytest

from sources import Source
from tflint import Format
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.no_signature import NoSignature

RULE = NoSignature()
SCORES, BOXES = [1, 10], [1, 10, 4]


def model(*outputs: tuple[str, Sequence[int | None]], inputs: Sequence[str] = ("image",)) -> GraphBuilder:
    g = GraphBuilder()
    given = [g.input(name, [1, 8]) for name in inputs]
    for name, shape in outputs:
        g.output(g.op("RELU", [given[0]], g.tensor(name, shape)))
    return g


def bad() -> GraphBuilder:
    return model(*((f"StatefulPartitionedCall:{place}", BOXES if place == 1 else SCORES) for place in (3, 2, 1, 0)))


def good() -> GraphBuilder:
    g = bad()
    g.signature("serving_default", {"image": 0}, {"scores": 1, "classes": 2, "boxes": 3, "anchors": 4})
    return g


def test_outputs_of_one_shape_without_a_signature_are_reported() -> None:
    [found] = findings(RULE, bad())
    assert found.message == (
        "3 outputs are FLOAT32[1, 10], and the model has no signature that tells which is which "
        "('StatefulPartitionedCall:3', 'StatefulPartitionedCall:2' and 'StatefulPartitionedCall:0'); their order is "
        "the converter's."
    )
    assert len(found.related) == 2


@pytest.mark.parametrize("names", [("Identity", "Identity_1"), ("PartitionedCall:0_int8", "PartitionedCall:1_int8"),
                                   ("", "Identity"), ("Identity_1_dequantize", "Identity_dequantize")])  # fmt: skip
def test_names_that_the_converter_makes_say_nothing(names: tuple[str, str]) -> None:
    assert len(findings(RULE, model(*((name, SCORES) for name in names)))) == 1


@pytest.mark.parametrize("names", [("scores", "classes"), ("Identity", "classes"), ("concat/split0", "concat/split2")])
def test_names_that_tell_are_enough(names: tuple[str, str]) -> None:
    assert findings(RULE, model(*((name, SCORES) for name in names))) == []


def test_shapes_that_tell_are_enough() -> None:
    assert findings(RULE, model(("Identity", SCORES), ("Identity_1", BOXES))) == []
    assert findings(RULE, model(("Identity", SCORES))) == []


def test_inputs_are_judged_too() -> None:
    [found] = findings(RULE, model(("y", SCORES), inputs=("Placeholder", "Placeholder_1")))
    assert found.message.startswith("2 inputs are FLOAT32[1, 8], ")
    assert findings(RULE, model(("y", SCORES), inputs=("left", "right"))) == []


def test_a_signature_is_enough() -> None:
    assert findings(RULE, good()) == []


def test_outputs_are_left_to_output_order_where_the_keras_source_is_known() -> None:
    assert findings(RULE, bad(), source=Source().model()) == []
    assert len(findings(RULE, bad(), source=Source("s", Format.SAVED_MODEL).model())) == 1


def test_a_broken_graph_is_not_judged() -> None:
    g = bad()
    g.op("RELU", [99], g.tensor("z", SCORES))
    assert findings(RULE, g) == []
