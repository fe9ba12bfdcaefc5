"""TFL304: integer weights with float values."""

import numpy as np

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.hybrid_op import HybridOp

RULE = HybridOp()


def dense(g: GraphBuilder, x: int, *, hybrid: bool = True, name: str = "dense") -> int:
    kind, scale = (np.int8, 0.1) if hybrid else (np.float32, None)
    w = g.constant(f"{name}/kernel", np.ones((8, 8), kind), scale=scale)
    return g.op("FULLY_CONNECTED", [x, w, -1], g.tensor(name, [1, 8]), {})


def bad() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    for number in range(2):
        x = dense(g, x, name=f"dense_{number}")
    g.output(dense(g, x, hybrid=False, name="scores"))
    return g


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.output(dense(g, g.input("x", [1, 8]), hybrid=False))
    return g


def mixed() -> GraphBuilder:
    """A model of integers with one hybrid op."""
    g = GraphBuilder()
    x = g.input("x", [1, 8], "INT8", scale=0.1)
    for number in range(3):
        x = g.op("RELU", [x], g.tensor(f"relu_{number}", [1, 8], "INT8", scale=0.1))
    g.output(dense(g, g.op("DEQUANTIZE", [x], g.tensor("real", [1, 8]))))
    return g


def test_hybrid_ops_are_one_note() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.NOTE
    assert found.message == (
        "2 of 3 ops (67 % of the multiply-accumulates) have integer weights and float values (FULLY_CONNECTED); "
        "TFLite Micro and integer-only chips take none of that."
    )
    assert [each.name for each in found.related] == ["dense_1"]


def test_float_weights_with_float_values_are_no_hybrid() -> None:
    assert findings(RULE, good()) == []


def test_one_that_was_left_over_in_a_model_of_integers_is_a_warning() -> None:
    [found] = findings(RULE, mixed())
    assert found.severity is Severity.WARNING
    assert "while 3 other ops compute in integers" in found.message


def test_who_promises_a_precision_is_answered_by_another_rule() -> None:
    assert findings(RULE, bad(), expectations=Expectations(precision="dynamic")) == []
    g = mixed()
    g.converted("PTQ_FULL_INTEGER")
    assert findings(RULE, g) == []


def test_a_lookup_in_an_integer_table_runs_on_microcontrollers_too() -> None:
    g = GraphBuilder()
    table = g.constant("table", np.ones((4, 8), np.int8), scale=0.1)
    ids = g.input("ids", [2], "INT32")
    g.output(g.op("EMBEDDING_LOOKUP", [ids, table], g.tensor("rows", [2, 8])))
    [found] = findings(RULE, g)
    assert found.message == (
        "1 of 1 op has integer weights and float values (EMBEDDING_LOOKUP); integer-only chips take none of that."
    )
