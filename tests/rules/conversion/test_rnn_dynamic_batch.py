"""TFL209: recurrent layers with an open batch."""

import pytest

from layered import layered, step
from tflint import Expectations, Format, Model
from tflint.testing import findings
from tflint_rules.conversion.rnn_dynamic_batch import RnnDynamicBatch

RULE = RnnDynamicBatch()


def bad() -> Model:
    return layered((None, 16, 8), step("LSTM", units=4), step("Dense", units=2))


def good() -> Model:
    return layered((1, 16, 8), step("LSTM", units=4), step("Dense", units=2))


def test_an_open_batch_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.location.address == "layers/lstm"
    assert found.message.startswith("LSTM 'lstm' reads values with an open batch")


def test_a_fixed_batch_is_fine_whatever_the_steps_are() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, layered((1, None, 8), step("GRU", units=4))) == []


def test_unrolled_layers_are_fine() -> None:
    assert findings(RULE, layered((None, 16, 8), step("LSTM", units=4, unroll=True))) == []


def test_several_layers_are_one_finding() -> None:
    wrapped = {"class_name": "GRU", "config": {"units": 3}}
    model = layered((None, 16, 8), step("LSTM", units=4, return_sequences=True), step("Bidirectional", layer=wrapped))
    [found] = findings(RULE, model)
    assert found.message.startswith("2 layers (LSTM 'lstm' and Bidirectional 'bidirectional') read values")
    assert len(found.related) == 1


@pytest.mark.parametrize("ops", ["select", "any"])
def test_it_is_silent_where_select_ops_are_wanted(ops: str) -> None:
    assert findings(RULE, bad(), expectations=Expectations(ops=ops)) == []


def test_an_lstm_of_keras_2_becomes_one_op() -> None:
    model = layered((None, 16, 8), step("LSTM", units=4), producer="keras 2.15.0", format=Format.KERAS_H5)
    assert findings(RULE, model) == []


def test_nothing_is_said_of_a_model_without_layers() -> None:
    assert findings(RULE, layered((None, 8))) == []
