"""TFL506: files that the device has no room for."""

import numpy as np

from tflint import Severity
from tflint.expectations import Expectations
from tflint.testing import GraphBuilder, findings
from tflint_rules.memory.flash_budget import FlashBudget

RULE = FlashBudget()
CONTEXT = {"expectations": Expectations(flash_kib=64)}


def dense(units: int) -> GraphBuilder:
    g = GraphBuilder()
    w = g.constant("dense/kernel", np.ones((units, 128), np.float32))
    b = g.constant("dense/bias", np.ones(units, np.float32))
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 128]), w, b], g.tensor("y", [1, units]), {}))
    return g


def bad() -> GraphBuilder:
    return dense(256)


def good() -> GraphBuilder:
    return dense(64)


def test_a_file_over_the_budget_is_an_error_with_its_largest_constants() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.ERROR
    assert "KiB; the device has 64 KiB for it. The largest constants are 'dense/kernel' (128.0 KiB, 99 %) and" in (
        found.message
    )
    assert [place.name for place in found.related] == ["dense/kernel", "dense/bias"]
    assert found.help == "Quantize the weights to int8, or raise flash_kib."
    assert found.evidence["max_bytes"] == 65536


def test_what_fits_is_fine_and_without_a_budget_nothing_is_said() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, bad()) == []


def test_a_constant_that_several_tensors_share_counts_once() -> None:
    g = bad()
    g.tensor("again", [256, 128], buffer=1)
    [found] = findings(RULE, g, **CONTEXT)
    assert len(found.related) == 2


def test_a_file_without_constants_is_told_too() -> None:
    g = GraphBuilder()
    g.tensor("x" * 100_000, [1])
    [found] = findings(RULE, g, **CONTEXT)
    assert found.message.endswith("the device has 64 KiB for it.")
    assert found.help == "Make the largest layers narrower, or raise flash_kib."
