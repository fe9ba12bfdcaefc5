"""Float islands in graphs of integers."""

import numpy as np

from tflint.analysis.islands import Island, islands
from tflint.analysis.precision import Precision, of_ops
from tflint.testing import GraphBuilder, model

SHAPE = [1, 4]


class Builder(GraphBuilder):
    """A graph that begins with an integer op."""

    def __init__(self, dtype: str = "INT8") -> None:
        super().__init__()
        self.dtype = dtype
        self.start = self.integer("RELU", self.input("x", SHAPE, dtype, scale=0.1))

    def integer(self, kind: str, *ins: int) -> int:
        return self.op(kind, list(ins), self.tensor(kind, SHAPE, self.dtype, scale=0.1))

    def real(self, kind: str, *ins: int, dtype: str = "FLOAT32") -> int:
        return self.op(kind, list(ins), self.tensor(kind, SHAPE, dtype))

    def found(self) -> tuple[Island, ...]:
        graph = model(self).graphs[0]
        return islands(graph, of_ops(graph))

    def kinds(self) -> list[list[str]]:
        return [[op.kind for op in island.ops] for island in self.found()]


def test_an_island_lies_between_dequantize_and_quantize() -> None:
    g = Builder()
    g.output(g.integer("QUANTIZE", g.real("NEG", g.real("DEQUANTIZE", g.start))))
    [island] = g.found()
    assert [op.kind for op in island.ops] == ["NEG"]
    assert [tensor.name for tensor in island.entering] == ["DEQUANTIZE"]
    assert [tensor.name for tensor in island.leaving] == ["NEG"]
    assert island.scheme is Precision.INT8


def test_the_scheme_is_what_most_integer_ops_compute_in() -> None:
    g = Builder("INT16")
    g.output(g.integer("QUANTIZE", g.real("NEG", g.real("DEQUANTIZE", g.start))))
    assert g.found()[0].scheme is Precision.INT16


def test_float_ops_that_share_a_value_are_one_island() -> None:
    g = Builder()
    y = g.real("DEQUANTIZE", g.start)
    g.output(g.integer("QUANTIZE", g.real("NEG", y)), g.integer("QUANTIZE", g.real("ABS", y)))
    assert g.kinds() == [["NEG", "ABS"]]


def test_a_shared_constant_does_not_join() -> None:
    g = Builder()
    c = g.constant("c", np.ones(SHAPE, np.float32))
    x = g.start
    for _ in range(2):
        x = g.integer("QUANTIZE", g.real("POW", g.real("DEQUANTIZE", x), c))
    g.output(x)
    assert g.kinds() == [["POW"], ["POW"]]


def test_complex_numbers_and_variables_join() -> None:
    g = Builder()
    y = g.real("RFFT2D", g.real("DEQUANTIZE", g.start), dtype="COMPLEX64")
    y = g.real("RESHAPE", y, dtype="COMPLEX64")
    x = g.integer("QUANTIZE", g.real("COMPLEX_ABS", y))
    handle = g.op("VAR_HANDLE", [], g.tensor("handle", [], "RESOURCE"))
    g.op("ASSIGN_VARIABLE", [handle, g.real("DEQUANTIZE", x)], [])
    g.output(g.integer("QUANTIZE", g.real("READ_VARIABLE", handle)))
    assert g.kinds() == [["RFFT2D", "COMPLEX_ABS"], ["ASSIGN_VARIABLE", "READ_VARIABLE"]]


def test_truth_values_of_integer_ops_lead_into_an_island_too() -> None:
    g = Builder()
    flags = g.op("GREATER", [g.start, g.start], g.tensor("flags", SHAPE, "BOOL"))
    g.output(g.integer("QUANTIZE", g.real("CAST", flags)))
    [island] = g.found()
    assert island.entering == ()


def test_heads_and_tails_are_no_islands() -> None:
    g = Builder()
    g.output(g.real("NEG", g.real("DEQUANTIZE", g.start)))
    g.output(g.integer("QUANTIZE", g.real("NEG", g.input("y", SHAPE))))
    g.output(g.integer("QUANTIZE", g.real("RANGE")))
    assert g.found() == ()


def test_constants_that_are_dequantized_make_no_island() -> None:
    g = Builder()
    w = g.real("DEQUANTIZE", g.constant("w", np.ones(SHAPE, np.int8), scale=0.1))
    g.output(g.integer("QUANTIZE", g.real("NEG", w)))
    assert g.found() == ()


def test_a_conversion_without_an_input_crosses_nothing() -> None:
    g = Builder()
    g.op("QUANTIZE", [-1], g.tensor("q", SHAPE, "INT8", scale=0.1))
    g.output(g.real("NEG", g.real("DEQUANTIZE", g.start)))
    assert g.found() == ()


def test_graphs_of_one_kind_have_none() -> None:
    g = Builder()
    g.output(g.integer("RELU", g.start))
    assert g.found() == ()
    h = GraphBuilder()
    h.output(h.op("ABS", [h.input("x", SHAPE)], h.tensor("y", SHAPE)))
    graph = model(h).graphs[0]
    assert islands(graph, of_ops(graph)) == ()
