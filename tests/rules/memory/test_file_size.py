"""TFL501: a file that is larger than it may be."""

import numpy as np

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.memory.file_size import FileSize

RULE = FileSize()
CONTEXT = {"expectations": Expectations(max_kb=32)}


def dense(units: int) -> GraphBuilder:
    g = GraphBuilder()
    w, b = g.constant("dense/kernel", np.ones((units, 64), np.float32)), g.constant("bias", np.ones(units, np.float32))
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 64]), w, b], g.tensor("y", [1, units]), {}))
    return g


def bad() -> GraphBuilder:
    return dense(256)


def good() -> GraphBuilder:
    return dense(64)


def test_a_file_over_the_limit_is_a_warning_that_names_its_largest_constant() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.WARNING
    assert found.location.address == ""
    assert "at most 32 KiB were expected" in found.message
    assert "of the file is 'dense/kernel', 64.0 KiB." in found.message
    assert [place.address for place in found.related] == ["0/t0"]
    assert found.evidence["max_bytes"] == 32768


def test_a_file_within_the_limit_is_fine() -> None:
    assert findings(RULE, good(), **CONTEXT) == []


def test_a_file_just_as_large_is_fine() -> None:
    size = len(good().to_bytes())
    assert findings(RULE, good(), expectations=Expectations(max_kb=size / 1024)) == []
    assert len(findings(RULE, good(), expectations=Expectations(max_kb=(size - 1) / 1024))) == 1


def test_without_a_limit_nothing_is_said() -> None:
    assert findings(RULE, bad(), expectations=Expectations(io="int8")) == []


def test_a_file_without_constants_has_a_size_too() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [4])], g.tensor("y", [4])))
    [found] = findings(RULE, g, expectations=Expectations(max_kb=0.1))
    assert found.message.endswith("at most 0.1 KiB were expected.")
    assert found.related == ()
