"""TFL211: loops that quantization dies on."""

from layered import layered, step
from tflint import Expectations, Format, Model
from tflint.testing import findings
from tflint_rules.conversion.rnn_int8_ptq import RnnInt8Ptq

RULE = RnnInt8Ptq()
CONTEXT = {"expectations": Expectations(precision="int8")}


def bad() -> Model:
    return layered((1, 16, 8), step("LSTM", units=4))


def good() -> Model:
    return layered((1, 16, 8), step("LSTM", units=4, unroll=True))


def test_a_loop_is_an_error() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert "segmentation fault" in found.message
    assert findings(RULE, bad(), expectations=Expectations(precision="int16x8"))


def test_unrolled_ones_are_fine_and_so_are_other_precisions() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, bad(), expectations=Expectations(precision="float16")) == []


def test_several_layers_are_one_finding() -> None:
    [found] = findings(
        RULE, layered((1, 9, 8), step("GRU", units=4, return_sequences=True), step("LSTM", units=2)), **CONTEXT
    )
    assert "2 layers (GRU 'gru' and LSTM 'lstm') become WHILE loops" in found.message


def test_an_lstm_of_keras_2_is_fine() -> None:
    model = layered((1, 16, 8), step("LSTM", units=4), producer="keras 2.15.0", format=Format.KERAS_H5)
    assert findings(RULE, model, **CONTEXT) == []


def test_nothing_is_said_of_a_model_without_layers() -> None:
    assert findings(RULE, layered((None, 8)), **CONTEXT) == []
