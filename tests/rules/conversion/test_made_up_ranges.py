"""TFL228: what was quantized on random values."""

from __future__ import annotations

from dataclasses import replace

from stacks import layer, stack
from tflint import ConversionResult, Model, Outcome, Recipe
from tflint.testing import findings
from tflint_rules.conversion.made_up_ranges import MadeUpRanges

RULE = MadeUpRanges()
INT8 = ConversionResult(Outcome.CONVERTED, Recipe("int8", "int8"), is_made_up=True)
CONTEXT = {"converted": INT8}
GOOD_CONTEXT = {"converted": ConversionResult(Outcome.CONVERTED)}


def bad() -> Model:
    return stack(layer("Dense", "dense"))


def good() -> Model:
    return bad()


def test_it_is_told_of_a_conversion_that_worked() -> None:
    [found] = findings(RULE, bad(), converted=INT8)
    assert found.message.startswith("The conversion to int8 was calibrated on random inputs")


def test_nothing_is_said_of_others() -> None:
    assert findings(RULE, bad()) == []
    assert findings(RULE, bad(), converted=replace(INT8, outcome=Outcome.CRASHED)) == []
