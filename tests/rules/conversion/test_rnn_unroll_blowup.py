"""TFL210: unrolled recurrent layers."""

from layered import layered, step
from tflint import Model
from tflint.testing import findings
from tflint_rules.conversion.rnn_unroll_blowup import RnnUnrollBlowup

RULE = RnnUnrollBlowup()


def bad() -> Model:
    return layered((1, 200, 8), step("LSTM", units=4, unroll=True))


def good() -> Model:
    return layered((1, 200, 8), step("LSTM", units=4, unroll=False))


def test_many_steps_are_reported_with_the_ops_that_they_make() -> None:
    [found] = findings(RULE, bad())
    assert found.evidence == {"steps": 200, "ops": 2800, "max_ops": 1000}


def test_loops_and_short_sequences_are_fine() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, layered((1, 20, 8), step("LSTM", units=4, unroll=True))) == []
    assert findings(RULE, layered((1, None, 8), step("LSTM", units=4, unroll=True))) == []


def test_a_bidirectional_layer_makes_twice_as_many() -> None:
    held = {"class_name": "SimpleRNN", "config": {"units": 4, "unroll": True}}
    [found] = findings(RULE, layered((1, 200, 8), step("Bidirectional", layer=held)))
    assert found.evidence["ops"] == 1600
    assert findings(RULE, layered((1, 200, 8), step("Bidirectional", layer={"class_name": "LSTM"}))) == []
    assert findings(RULE, layered((1, 200, 8), step("Dense", units=3), step("Bidirectional", layer=3))) == []


def test_the_limit_is_an_option() -> None:
    [found] = findings(RnnUnrollBlowup(max_ops=1), layered((1, 2, 8), step("SimpleRNN", units=4, unroll=True)))
    assert "at most 1 was expected" in found.message


def test_wrappers_in_wrappers_end() -> None:
    held: dict[str, object] = {"class_name": "LSTM", "config": {"units": 1, "unroll": True}}
    for _ in range(40):
        held = {"class_name": "TimeDistributed", "config": {"layer": held}}
    assert findings(RULE, layered((1, 2, 8), step("TimeDistributed", layer=held))) == []
