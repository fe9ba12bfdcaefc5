"""TFL610: 64-bit integers at the edges of a model."""

import numpy as np
import pytest

from tflint import Finding
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.int64_io import Int64Io

RULE = Int64Io()


def argmax(dtype: str = "INT64", after: str = "") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    axis = g.constant("axis", np.array([1], np.int32))
    y = g.op("ARG_MAX", [x, axis], g.tensor("index", [1], "INT32" if after == "CAST" else dtype), {})
    if after:
        y = g.op(after, [y], g.tensor("y", [1], dtype), {})
    g.output(y)
    return g


def bad() -> GraphBuilder:
    return argmax()


def good() -> GraphBuilder:
    return argmax("INT32")


def found(built: GraphBuilder) -> list[Finding]:
    return findings(RULE, built)


@pytest.mark.parametrize("after", ["", "CAST", "RESHAPE"])
def test_an_index_of_64_bits_is_told(after: str) -> None:
    [one] = found(argmax(after=after))
    name = "y" if after else "index"
    assert one.message == f"'{name}' holds 64-bit integers, which few delegates take; the value fits into 32."


def test_inputs_that_are_cast_at_once_are_told() -> None:
    g = GraphBuilder()
    ids, other = g.input("ids", [1, 4], "INT64"), g.input("other", [1, 4], "INT64")
    small = g.op("CAST", [ids], g.tensor("small", [1, 4], "INT32"), {})
    more = g.op("CAST", [other], g.tensor("more", [1, 4], "INT32"), {})
    g.output(small, more)
    [one] = found(g)
    assert one.message == "'ids' and 'other' hold 64-bit integers, which few delegates take; the values fit into 32."


def test_other_64_bit_values_are_left_alone() -> None:
    g = GraphBuilder()
    x, unused = g.input("x", [1, 4], "INT64"), g.input("unused", [1, 4], "INT64")
    g.output(g.op("ADD", [x, x], g.tensor("y", [1, 4], "INT64"), {}), unused)
    g.output(g.op("CAST", [-1], g.tensor("z", [1, 4], "INT64"), {}))
    assert found(g) == []
