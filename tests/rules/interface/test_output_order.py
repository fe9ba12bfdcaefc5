"""TFL601: outputs in another order than the source's."""

from typing import Any

import pytest

from sources import Source
from tflint import Finding, Model, Severity
from tflint.testing import GraphBuilder, context, findings
from tflint_rules.interface.output_order import OutputOrder
from twin_models import normal

RULE = OutputOrder()
KERNELS = {"left": normal(16, 8, seed=1), "right": normal(16, 8, seed=2)}


def source(*names: str) -> Model:
    made = Source()
    x = made.input()
    made.outputs = [made.layer("Dense", name, {"kernel": KERNELS[name]}, of=[x]) for name in names]
    return made.model()


CONTEXT = {"source": source("left", "right")}


def model(*names: str, keys: tuple[str, ...] = (), carry: bool = False) -> GraphBuilder:
    """The layers in this order; the outputs under these names in the signature."""
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    ends = []
    for number, name in enumerate(names):
        end = g.op("FULLY_CONNECTED", [x, g.constant(name, KERNELS[name].T.copy()), -1], g.tensor(f"y{number}", [1, 8]))
        if carry:
            end = g.op("QUANTIZE", [end], g.tensor(f"q{number}", [1, 8], "INT8", scale=0.1))
        ends.append(end)
    g.output(*ends)
    if keys:
        g.signature("serving_default", {"x": x}, dict(zip(keys, ends, strict=True)))
    return g


def bad() -> GraphBuilder:
    return model("right", "left", keys=("output_1", "output_0"))


def good() -> GraphBuilder:
    return model("left", "right", keys=("output_0", "output_1"))


def found(built: GraphBuilder, of: Any = CONTEXT["source"]) -> list[Finding]:
    return findings(RULE, built, source=of)


@pytest.mark.parametrize("keys", [("output_1", "output_0"), ("right", "left")])
def test_a_signature_tells_that_the_outputs_are_swapped(keys: tuple[str, str]) -> None:
    [one] = found(model("right", "left", keys=keys))
    assert one.severity is Severity.WARNING
    assert one.message == (
        "The outputs stand in another order than in the source 'model.keras': output 0 of the file is 'right', output "
        "1 of the source; output 1 of the file is 'left', output 0 of the source."
    )


@pytest.mark.parametrize("carry", [False, True])
def test_without_a_signature_it_is_an_error_that_the_weights_tell(carry: bool) -> None:
    [one] = found(model("right", "left", carry=carry))
    assert one.severity is Severity.ERROR
    assert found(model("left", "right", carry=carry)) == []


def test_names_that_say_nothing_leave_it_to_the_weights() -> None:
    assert found(model("right", "left", keys=("a", "b")))[0].severity is Severity.ERROR
    assert found(model("right", "left", keys=("output_7", "output_0")))[0].severity is Severity.ERROR


def test_one_layer_with_two_outputs_cannot_be_told_apart() -> None:
    made = Source()
    x = made.input()
    y = made.layer("Dense", "left", {"kernel": KERNELS["left"]}, of=[x])
    made.outputs = [y, y]
    assert found(model("right", "left"), made.model()) == []


def test_other_numbers_of_outputs_are_not_compared() -> None:
    assert found(model("left"), source("left")) == []
    assert found(model("left"), source("left", "right")) == []
    assert found(model("right", "left"), None) == []
    assert found(model("right", "left"), context(good()).model) == []


def test_an_output_that_nothing_writes_is_not_known() -> None:
    g = model("right")
    g.output(g.tensor("z", [1, 8]))
    assert found(g) == []
    g = model("right")
    g.output(g.op("QUANTIZE", [-1], g.tensor("z", [1, 8], "INT8", scale=0.1)))
    assert found(g) == []
