"""Conversions that a graph could do without; the tests of the rule on them go through each kind."""

from tflint.analysis.conversions import needless
from tflint.testing import GraphBuilder, model


def test_each_conversion_stands_under_one_fault() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    x = g.op("DEQUANTIZE", [x], g.tensor("real", [1, 4]))
    x = g.op("QUANTIZE", [x], g.tensor("again", [1, 4], "INT8", scale=0.2))
    g.output(g.op("DEQUANTIZE", [x], g.tensor("y", [1, 4])))
    [graph] = model(g).graphs
    assert [(fault, op.index) for fault, op in needless(graph)] == [("detour", 0)]


def test_of_a_row_of_conversions_the_last_one_would_do() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    for number in range(4):
        x = g.op("QUANTIZE", [x], g.tensor(f"q{number}", [1, 4], "INT8", scale=0.1 + number))
    g.output(x)
    [graph] = model(g).graphs
    assert [(fault, op.index) for fault, op in needless(graph)] == [("chain", 1), ("chain", 2), ("chain", 3)]
