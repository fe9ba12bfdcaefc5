"""TFL333: LSTMs on integers that lack what their kernels read. What becomes of each is in `lstm_mutations`."""

import pytest

from lstm_mutations import BASES, MUTATIONS, cut, lstm, slots
from quant_mutations import Mutation, change, tensor, unquantized
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.lstm_quant_incomplete import LstmQuantIncomplete

RULE = LstmQuantIncomplete()


def bad() -> GraphBuilder:
    g = lstm()
    change("cell", scale=1.3)(g)
    return g


def good() -> GraphBuilder:
    return lstm()


@pytest.mark.parametrize("base", BASES)
def test_a_complete_lstm_is_fine(base: str) -> None:
    assert findings(RULE, BASES[base]()) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.label)
def test_what_is_missing_is_one_error(mutation: Mutation) -> None:
    found = findings(RULE, mutation.build(BASES[mutation.base]()))
    assert len(found) == (mutation.code == "TFL333")


def test_wrong_values_are_an_error_too() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message == (
        "UNIDIRECTIONAL_SEQUENCE_LSTM on INT8 lacks what its kernel needs: its cell state 'cell' has scale 0.000634766, which "
        "is not a power of two from 2^-15 to 2^-9; the kernel computes wrong values without a word."
    )
    assert found.evidence == {"faults": ["cell scale"], "effect": "wrong", "ops": 1}


@pytest.mark.parametrize("scale", [0.0, -1.0, 2.0**12])
def test_a_cell_scale_may_be_no_number_to_compute_with(scale: float) -> None:
    g = lstm()
    change("cell", scale=scale)(g)
    assert len(findings(RULE, g)) == 1


def test_all_that_an_op_lacks_is_one_finding_with_the_worst_effect() -> None:
    g = lstm()
    slots(s12=-1, s13=-1)(g)
    cut("intermediates", 0)(g)
    [found] = findings(RULE, g)
    assert (
        "it has 0 intermediate tensors, not 5, its input gate has no bias and its forget gate has no bias; the runtime refuses"
        in found.message
    )
    g = lstm()
    slots(s12=-1)(g)
    [found] = findings(RULE, g)
    assert found.message.endswith("its input gate has no bias; the runtime ends the process.")


def test_ops_with_the_same_lack_are_one_finding() -> None:
    g = bad()
    g.graph["operators"].append(dict(g.graph["operators"][0]))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is wrong with 1 more UNIDIRECTIONAL_SEQUENCE_LSTM.")
    assert len(found.related) == 1


def test_types_are_told() -> None:
    g = lstm(peephole=True)
    tensor(g, "cell_to_output")["type"] = "INT32"
    tensor(g, "cell")["type"] = "INT8"
    [found] = findings(RULE, g)
    assert "its peephole weights 'cell_to_output' are INT32, not INT16" in found.message
    assert "its cell state 'cell' is INT8, not INT16" in found.message


def test_a_state_without_a_scale_is_not_compared() -> None:
    g = lstm()
    unquantized("state")(g)
    change("cell", scale=1.3)(g)
    [found] = findings(RULE, g)
    assert found.evidence["faults"] == ["scale"]


def test_scales_by_channel_are_for_per_axis_dim() -> None:
    g = lstm()
    for name in ("state", "cell", "hidden", "y"):
        tensor(g, name)["quantization"] |= {"scale": [0.1, 0.2], "zero_point": [0, 0]}
    assert findings(RULE, g) == []


def test_the_kernel_of_12_intermediates_is_not_judged_further() -> None:
    g = lstm("LSTM")
    g.graph["operators"][0]["intermediates"] = [0] * 12
    change("cell", scale=1.3)(g)
    assert findings(RULE, g) == []


@pytest.mark.parametrize("name", ["x", "input_to_output"])
def test_other_types_are_left_alone(name: str) -> None:
    g = bad()
    tensor(g, name)["type"] = "UINT8"
    assert findings(RULE, g) == []


def test_an_lstm_without_its_first_tensors_is_no_concern_of_this_rule() -> None:
    g = bad()
    slots(s0=-1)(g)
    assert findings(RULE, g) == []
    g = lstm("LSTM")
    g.graph["operators"][0]["builtin_options"] = ("LSTMOptions", {"kernel_type": "BASIC"})
    cut("inputs", 5)(g)
    assert findings(RULE, g) == []
    g.graph["operators"][0]["outputs"] = []
    assert findings(RULE, g) == []


def test_nothing_at_all_behind_the_input_is_told() -> None:
    g = lstm()
    cut("inputs", 1)(g)
    [found] = findings(RULE, g)
    assert found.message.startswith(
        "UNIDIRECTIONAL_SEQUENCE_LSTM on INT8 lacks what its kernel needs: it has 1 input, not 24,"
    )
