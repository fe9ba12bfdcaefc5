"""TFL104: tensors that are read and have no value."""

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.undefined_input import UndefinedInput

RULE = UndefinedInput()


def reading(*shape: int, kind: str = "FULLY_CONNECTED", dtype: str = "FLOAT32") -> GraphBuilder:
    """An op whose second input nothing gives a value."""
    g = GraphBuilder()
    x = g.input("x", [1, 4], dtype)
    w = g.tensor("dense/kernel", shape, dtype)
    g.output(g.op(kind, [x, w, -1], g.tensor("y", [1, 4], dtype)))
    return g


def bad() -> GraphBuilder:
    return reading(4, 4)


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    w = g.constant("dense/kernel", np.ones((4, 4), np.float32))
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4])))
    return g


def test_weights_without_data_are_an_error_at_the_op_that_reads_them() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:FULLY_CONNECTED"
    assert found.message.startswith("FULLY_CONNECTED reads 'dense/kernel' FLOAT32[4, 4]; nothing gives it a value")


def test_a_tensor_that_two_ops_read_is_one_finding_with_both() -> None:
    g = bad()
    g.output(g.op("ABS", [1], g.tensor("z", [4, 4])))
    [found] = findings(RULE, g)
    assert [place.address for place in found.related] == ["0/1:ABS"]


def test_stripped_weights_are_one_finding() -> None:
    g = bad()
    for number in range(4):
        g.output(g.op("ABS", [g.tensor(f"w{number}", [4])], g.tensor(f"y{number}", [4])))
    [found] = findings(RULE, g)
    assert found.message.startswith("5 tensors that ops read have no value: 'dense/kernel', 'w0', 'w1' and 2 more;")
    assert found.evidence == {"tensors": [1, 3, 5, 7, 9]}


@pytest.mark.parametrize("dtype", ["STRING", "RESOURCE", "VARIANT"])
def test_strings_and_handles_need_a_value_too(dtype: str) -> None:
    assert len(findings(RULE, reading(dtype=dtype))) == 1


@pytest.mark.parametrize("more", [{"is_variable": True}, {"external_buffer": 1}], ids=str)
def test_variables_and_constants_in_another_file_have_values(more: dict[str, object]) -> None:
    g = bad()
    g.graph["tensors"][1] |= more
    assert findings(RULE, g) == []


def test_a_tensor_without_elements_needs_no_data() -> None:
    g = reading(0)
    g.output(g.tensor("nothing", [4, 0]))
    assert findings(RULE, g) == []


def test_the_shape_of_a_reshape_is_needed_only_where_it_is_a_vector() -> None:
    assert findings(RULE, reading(kind="RESHAPE")) == []
    assert len(findings(RULE, reading(2, kind="RESHAPE"))) == 1
    g = reading(kind="RESHAPE")
    g.graph["operators"][0]["inputs"] = [1, 0]  # now what is reshaped is missing
    assert len(findings(RULE, g)) == 1


def test_a_custom_op_may_be_given_scratch_memory_and_one_of_tensorflow_is_not() -> None:
    assert findings(RULE, reading(4, kind="ethos-u")) == []
    assert len(findings(RULE, reading(4, kind="FlexAdd"))) == 1


def test_what_a_later_op_writes_is_out_of_order_and_not_undefined() -> None:
    g = bad()
    g.op("ABS", [0], 1)
    assert findings(RULE, g) == []


def test_an_output_that_nothing_writes_is_an_error() -> None:
    g = good()
    g.output(g.tensor("state", [4]))
    [found] = findings(RULE, g)
    assert found.location.address == "0/t3"
    assert found.message == "The output 'state' FLOAT32[4] holds no data, and no op writes it."


def test_several_such_outputs_are_one_finding() -> None:
    g = good()
    lost = g.tensor("a", [4])
    g.output(lost, lost, g.tensor("b", [4]))
    [found] = findings(RULE, g)
    assert found.message == "The outputs 'a' and 'b' hold no data, and no op writes them."


def test_an_output_that_an_op_reads_too_is_told_once() -> None:
    g = bad()
    g.output(1)
    assert len(findings(RULE, g)) == 1
