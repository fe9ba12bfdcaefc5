"""What a file shows at the op that a run blames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tflint.causes import with_causes
from tflint.finding import Finding, Severity
from tflint.model import Location, Model
from tflint.testing import GraphBuilder, model

OF_RUNS = frozenset({"TFL901"})


def chain() -> Model:
    """Two layers: ops 0 and 1; w1 is tensor 1, h 2, w2 3 and y 4."""
    g = GraphBuilder()
    value = g.input("x", [1, 2])
    for number in (1, 2):
        w = g.constant(f"w{number}", [[1.0, 2.0], [3.0, 4.0]])
        value = g.op("FULLY_CONNECTED", [value, w, -1], g.tensor(f"v{number}", [1, 2]), {})
    g.output(value)
    return model(g)


MODEL = chain()
FIRST, SECOND = (op.location.address for op in MODEL.graphs[0].ops)


def at(address: str, path: str = MODEL.path) -> Location:
    return Location(path, address)


def seen(address: str = FIRST, code: str = "TFL901", **more: Any) -> Finding:
    return Finding(
        **{
            "code": code,
            "name": "wrong-scale" if code != "TFL901" else "blamed",
            "severity": Severity.ERROR,
            "location": at(address),
            "message": "It differs.",
        }
        | more
    )


def told(*findings: Finding) -> Sequence[Finding]:
    return list(with_causes(findings, MODEL, OF_RUNS))


@pytest.mark.parametrize("address", [FIRST, "0/t1", "0/t2"])
def test_what_is_reported_at_the_op_its_weights_or_its_result_is_the_likely_cause(address: str) -> None:
    run, static = told(seen(), seen(address, "TFL316"))
    assert run.message == ("It differs. TFL316 wrong-scale is reported at the same op, and is the likely cause.")
    assert run.evidence == {"cause": "TFL316"}
    assert static == seen(address, "TFL316")


@pytest.mark.parametrize("address", [SECOND, "0/t0", "0/t3", "0/t4", "0", "", "0/9:NEG"])
def test_what_is_reported_elsewhere_is_not(address: str) -> None:
    assert told(seen(), seen(address, "TFL316")) == [seen(), seen(address, "TFL316")]


def test_a_value_stands_for_the_op_that_makes_it() -> None:
    assert told(seen("0/t2"), seen("0/t1", "TFL316"))[0].evidence == {"cause": "TFL316"}
    assert told(seen("0/t0"), seen("0/t0", "TFL316"))[0].evidence == {}
    assert told(seen("0"), seen("0", "TFL316"))[0].evidence == {}
    assert told(seen(""), seen("", "TFL316"))[0].evidence == {}


def test_related_places_count() -> None:
    static = seen(SECOND, "TFL316", related=(at("0/t1"),))
    assert told(seen(), static)[0].evidence == {"cause": "TFL316"}
    elsewhere = seen(SECOND, "TFL316", related=(at("0/t1", "source.keras"),))
    assert told(seen(), elsewhere)[0].evidence == {}


def test_notes_are_no_causes_and_warnings_are() -> None:
    assert told(seen(), seen(FIRST, "TFL316", severity=Severity.NOTE))[0].evidence == {}
    assert told(seen(), seen(FIRST, "TFL316", severity=Severity.WARNING))[0].evidence == {"cause": "TFL316"}


def test_one_run_is_not_the_cause_of_another_and_the_first_cause_is_named() -> None:
    assert told(seen(), seen()) == [seen(), seen()]
    run, *_ = told(seen(evidence={"snr": 3.0}), seen(FIRST, "TFL316"), seen(FIRST, "TFL107"))
    assert run.evidence == {"snr": 3.0, "cause": "TFL316"}


def test_nothing_is_added_where_nothing_ran() -> None:
    assert list(with_causes([seen(FIRST, "TFL316")], MODEL, ())) == [seen(FIRST, "TFL316")]
