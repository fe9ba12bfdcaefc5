"""TFL327: data of another scale than those of the training."""

import numpy as np
import pytest

from calibrated import SIZE, network, photographs
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.input_range_suspect import InputRangeSuspect

RULE = InputRangeSuspect()


def bad() -> GraphBuilder:
    return network(photographs() * 255, logit_gain=0.5)


def good() -> GraphBuilder:
    return network(photographs())


def test_bytes_for_a_model_of_unit_values_make_logits_of_thousands() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.name == "logits"
    assert found.message.startswith("'logits', which SOFTMAX reads, goes from ")
    assert found.message.endswith("; the data of 'image', from 0 to 255, are likely of another scale than in training.")
    assert [place.name for place in found.related] == ["image"]


def test_a_step_that_multiplies_the_odds_by_much_is_told_in_figures() -> None:
    [found] = findings(RULE, network(photographs(), logit_gain=60.0))
    assert "steps multiplies the odds by" in found.message
    assert "more than" not in found.message
    [found] = findings(RULE, network(photographs() * 255, logit_gain=4.0))
    assert "multiplies the odds by more than 22,026;" in found.message


def test_a_relu6_that_clips_all_is_told() -> None:
    [found] = findings(RULE, network(photographs() * 255, clip="RELU6", logit_gain=0.5))
    assert found.location.name == "conv0"
    assert found.message.startswith("The RELU6 of the first CONV_2D clips 100 % of what ")
    assert found.message.endswith("the data of 'image', from 0 to 255, are likely of a larger scale than in training.")
    assert findings(RULE, network(photographs(), clip="RELU6")) == []


def test_inputs_that_make_no_difference_are_told() -> None:
    [found] = findings(RULE, network(photographs(), gain=1 / 255))
    assert found.location.name == "conv0"
    assert found.message.startswith("Inputs all over their range move the results of the first CONV_2D by ")
    assert found.message.endswith("the data of 'image', from 0 to 1, are likely of a smaller scale than in training.")


def test_biases_of_next_to_nothing_are_a_note() -> None:
    [found] = findings(RULE, network(photographs() * 255, head="NONE", bias=0.03))
    assert found.severity is Severity.NOTE
    assert found.message.startswith("The largest bias of 3 layers is < 0.1 % of their outputs, ")
    assert found.evidence["layers"] == 3  # the last one is so small that it is stored as 0


def test_no_biases_at_all_tell_nothing() -> None:
    assert findings(RULE, network(photographs() * 255, head="NONE", bias=0.0)) == []


@pytest.mark.parametrize("head", ["SOFTMAX", "LOGISTIC", "NONE"])
def test_data_of_the_right_scale_are_fine(head: str) -> None:
    for seed in range(3):
        assert findings(RULE, network(photographs(seed=seed), head=head)) == []
        assert findings(RULE, network(255 * photographs(seed=seed), gain=1 / 255, head=head)) == []


def test_zeros_are_another_rules() -> None:
    assert findings(RULE, network(np.zeros((60, SIZE, SIZE, 3)))) == []


def test_a_logistic_inside_is_no_answer() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=9.0)
    gate = g.op("LOGISTIC", [x], g.tensor("gate", [1, 4], "INT8", scale=1 / 256, zero_point=-128))
    g.output(g.op("MUL", [x, gate], g.tensor("y", [1, 4], "INT8", scale=9.0)))
    assert findings(RULE, g) == []


def test_an_input_without_a_range_is_not_named() -> None:
    g = GraphBuilder()
    a, b = (g.input(name, [1, 4], "INT8", scale=9.0) for name in "ab")
    total = g.op("ADD", [a, b], g.tensor("sum", [1, 4], "INT8", scale=9.0))
    g.output(g.op("SOFTMAX", [total], g.tensor("y", [1, 4], "INT8", scale=1 / 256, zero_point=-128)))
    [found] = findings(RULE, g)
    assert "; the representative data are likely of another scale" in found.message


def test_a_first_layer_of_zeros_moves_nothing_and_tells_nothing() -> None:
    assert findings(RULE, network(photographs(), gain=0.0, bias=0.0)) == []
