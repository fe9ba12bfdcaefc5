"""TFL204: a file that claims an older runtime than its ops allow."""

import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.min_runtime_metadata import MinRuntimeMetadata

RULE = MinRuntimeMetadata()


def claiming(runtime: bytes | None, *ops: tuple[str, int]) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, (kind, version) in enumerate(ops):
        last = g.op(kind, [last], g.tensor(f"dense/{number}", [1, 8]), version=version)
    g.output(last)
    if runtime is not None:
        g.metadata("min_runtime_version", runtime.ljust(16, b"\0"))
    return g


OPS = [("LOG", 2), ("FULLY_CONNECTED", 12), ("FULLY_CONNECTED", 12), ("RELU", 1)]


def bad() -> GraphBuilder:
    return claiming(b"2.3.0", *OPS)


def good() -> GraphBuilder:
    return claiming(b"2.17.0", *OPS)


def test_a_claim_that_is_too_low_is_a_warning_with_the_op_that_needs_more() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == ""
    assert found.message == (
        "The metadata says that runtime 2.3.0 is enough; FULLY_CONNECTED version 12 (2 ops) needs 2.17."
    )
    assert [place.address for place in found.related] == ["0/1:FULLY_CONNECTED", "0/2:FULLY_CONNECTED"]
    assert found.evidence == {"claimed": "2.3.0", "needed": "2.17.0"}


def test_a_right_claim_and_one_that_is_too_high_are_fine() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, claiming(b"2.20.0", *OPS)) == []


@pytest.mark.parametrize("claim", [None, b"", b"unknown", b"2.x"])
def test_a_file_that_claims_nothing_is_fine(claim: bytes | None) -> None:
    assert findings(RULE, claiming(claim, *OPS)) == []


def test_runtimes_that_nobody_ships_any_more_count_as_one() -> None:
    old = claiming(b"1.5.0", ("CONV_2D", 3))  # since 1.14
    assert findings(RULE, old) == []
    [found] = findings(MinRuntimeMetadata(oldest="1.0"), old)
    assert "needs 1.14" in found.message


def test_an_option_that_is_no_version_is_none() -> None:
    assert findings(MinRuntimeMetadata(oldest="never"), claiming(b"1.5.0", ("CONV_2D", 3))) != []


def test_ops_that_no_table_knows_do_not_count() -> None:
    assert findings(RULE, claiming(b"2.3.0", ("CONV_2D", 999), ("MyOp", 1))) == []
