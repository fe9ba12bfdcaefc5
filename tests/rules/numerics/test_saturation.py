"""TFL906: values that are cut off."""

from typing import Any

import numpy as np

from comparisons import compared, feeds
from tflint import Finding
from tflint.comparison import Comparison, Inside
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.saturation import Saturation

RULE = Saturation()
GIVEN = feeds(randoms=0, given=4, edges=())


def chain(*ops: tuple[str, Any]) -> GraphBuilder:
    """Int8 ops one after the other; tensor 2n+1 is what the nth writes."""
    g = GraphBuilder()
    held = g.input("x", [1, 8], "INT8", scale=0.1)
    for number, (kind, options) in enumerate(ops):
        weights = g.constant(f"w{number}", np.ones((8, 8), np.int8), scale=0.01)
        inputs = [held, weights, -1] if kind == "FULLY_CONNECTED" else [held]
        held = g.op(kind, inputs, g.tensor(f"value_{number}", [1, 8], "INT8", scale=0.1), options)
    g.output(held)
    return g


def cut(*shares: float, **more: Any) -> Comparison:
    """The values of a chain with these shares at an end of their range."""
    inside = tuple(Inside(f"0/t{2 * place + 2}", "saturated", share, 1) for place, share in enumerate(shares))
    return compared(**{"feeds": GIVEN, "inside": inside} | more)


LAYER: tuple[str, Any] = ("FULLY_CONNECTED", {})
CONTEXT = {"comparison": cut(0.1, 0.31)}
GOOD_CONTEXT = {"comparison": cut(0.01, 0.02)}


def bad() -> GraphBuilder:
    return chain(LAYER, LAYER)


def good() -> GraphBuilder:
    return bad()


def found(comparison: Comparison, built: GraphBuilder) -> list[Finding]:
    return findings(RULE, built, comparison=comparison)


def test_all_are_one_finding_with_the_worst_first() -> None:
    [one] = found(cut(0.1, 0.31), bad())
    assert one.location.address == "0/1:FULLY_CONNECTED"
    assert one.message == (
        "31 % of 'value_1' lie at an end of the range that it is quantized for, on the input 'sample 2'; 1 further value "
        "is cut off as well; at most 5.0 % were expected."
    )
    assert [each.address for each in one.related] == ["0/0:FULLY_CONNECTED"]
    [one] = found(cut(0.1, 0.31, 0.2), chain(LAYER, LAYER, LAYER))
    assert "; 2 further values are cut off as well;" in one.message
    [one] = found(cut(0.1), bad())
    assert "on the input 'sample 2'; at most 5.0 % were expected." in one.message


def test_the_share_can_be_set() -> None:
    assert findings(Saturation(max_share=0.5), bad(), comparison=cut(0.1, 0.31)) == []


def test_made_up_inputs_are_not_judged() -> None:
    assert found(cut(0.9, 0.9, feeds=feeds()), bad()) == []
    assert findings(RULE, bad()) == []


def test_what_ends_there_by_nature_is_not_judged() -> None:
    clamped = ("FULLY_CONNECTED", {"fused_activation_function": "RELU6"})
    assert found(cut(0.9, 0.9, 0.9, 0.9), chain(clamped, ("TANH", None), ("RESHAPE", None), ("LOGISTIC", None))) == []
    [one] = found(cut(0.9, 0.9), chain(LAYER, ("RESHAPE", None)))
    assert one.evidence["values"] == 1
