"""TFL605: what programs relied on in the previous build."""

import numpy as np

from tflint import Finding, Format, Model
from tflint.testing import GraphBuilder, context, findings
from tflint_rules.interface.contract_changed import ContractChanged

RULE = ContractChanged()
WEIGHTS = [np.random.default_rng(seed).normal(size=(4, 8)).astype(np.float32) for seed in (1, 2)]


def detector(*order: int, name: str = "x", kind: str = "FLOAT32") -> GraphBuilder:
    """Two heads on one input, whose outputs stand in this order."""
    g = GraphBuilder()
    more = {"scale": 0.1} if kind == "INT8" else {}
    x = g.input(name, [1, 8], kind, **more)
    heads = [
        g.op("FULLY_CONNECTED", [x, g.constant(f"w{number}", WEIGHTS[number]), -1], g.tensor(f"y{number}", [1, 4]))
        for number in (0, 1)
    ]
    g.output(*(heads[number] for number in order))
    return g


CONTEXT = {"previous": context(detector(0, 1), path="old.tflite").model}


def bad() -> GraphBuilder:
    return detector(1, 0)


def good() -> GraphBuilder:
    return detector(0, 1)


def found(built: GraphBuilder | Model, of: Model | None = CONTEXT["previous"]) -> list[Finding]:
    return findings(RULE, built, previous=of)


def test_outputs_that_were_swapped_are_told_apart_by_their_weights() -> None:
    [one] = found(bad())
    assert one.message == (
        "The outputs stand in another order: 'y0' is output 1 (before, 0) and 'y1' is output 0 (before, 1)."
    )
    assert "nothing fails" in one.help
    assert [place.address for place in (one.location, *one.related)] == ["0/t2", "0/t4"]


def test_an_output_that_is_gone_is_shown_at_the_model() -> None:
    [one] = found(detector(0))
    assert one.location.address == ""
    assert one.message == "The model has 1 output; it had 2: 'y1' is gone."


def test_what_breaks_nobody_is_left_out() -> None:
    assert found(detector(0, 1, name="another")) == []


def test_without_a_previous_build_of_the_same_kind_nothing_is_compared() -> None:
    assert found(bad(), None) == []
    assert found(bad(), Model("old.keras", Format.KERAS, 0)) == []
    assert found(Model("broken.tflite", Format.TFLITE, 0)) == []
