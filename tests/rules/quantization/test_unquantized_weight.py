"""TFL329: large float constants in a quantized model."""

import numpy as np

from tflint import Expectations
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.unquantized_weight import UnquantizedWeight

RULE = UnquantizedWeight()


def dense(g: GraphBuilder, x: int, units: int = 64, *, hybrid: bool = False, name: str = "dense") -> int:
    scale = None if hybrid else 0.1
    w = g.constant(f"{name}/kernel", np.ones((units, 64), np.int8), scale=0.1)
    result = g.tensor(name, [1, units], "FLOAT32" if hybrid else "INT8", scale=scale)
    return g.op("FULLY_CONNECTED", [x, w, -1], result, {})


def embedded(rows: int = 512, *, layers: int = 3) -> GraphBuilder:
    """A table of float embeddings in front of integer layers."""
    g = GraphBuilder()
    ids = g.input("ids", [1], "INT32")
    table = g.constant("embeddings", np.ones((rows, 64), np.float32))
    x = g.op("GATHER", [table, ids], g.tensor("row", [1, 64]), {})
    x = g.op("QUANTIZE", [x], g.tensor("row/q", [1, 64], "INT8", scale=0.1))
    for number in range(layers):
        x = dense(g, x, name=f"dense_{number}")
    g.output(x)
    return g


def dynamic(bias: int = 64) -> GraphBuilder:
    """Integer weights and float values, with a table of positions that is added."""
    g = GraphBuilder()
    w = g.constant("dense/kernel", np.ones((bias, 64), np.int8), scale=0.1)
    b = g.constant("dense/bias", np.ones(bias, np.float32))
    x = g.op("FULLY_CONNECTED", [g.input("x", [128, 64]), w, b], g.tensor("dense", [128, bias]), {})
    positions = g.constant("positions", np.ones((128, bias), np.float32))
    g.output(g.op("ADD", [x, positions], g.tensor("y", [128, bias]), {}))
    return g


def bad() -> GraphBuilder:
    return embedded()


def good() -> GraphBuilder:
    return embedded(rows=8)


def test_a_table_in_float_is_told_with_its_share() -> None:
    [found] = findings(RULE, bad())
    assert found.message == (
        "1 float32 constant of 128.0 KiB is left in a quantized model, 91 % of all its constants: 'embeddings' "
        "FLOAT32[512, 64], which GATHER reads; 8 bits each would take 32.0 KiB."
    )
    assert found.location.name == "embeddings"
    assert [each.address for each in found.related] == ["0/0:GATHER"]


def test_what_the_converter_leaves_of_dynamic_range_is_told_too() -> None:
    [found] = findings(RULE, dynamic())
    assert "'positions' FLOAT32[128, 64], which ADD reads" in found.message


def test_biases_of_hybrid_ops_have_to_be_float() -> None:
    g = dynamic(bias=8192)
    [found] = findings(RULE, g)
    assert found.message.startswith("1 float32 constant of 4.0 MiB")


def test_a_constant_that_is_quantized_in_each_run() -> None:
    g = embedded(rows=8)
    w = g.constant("late/kernel", np.ones((128, 64), np.float32))
    w = g.op("QUANTIZE", [w], g.tensor("late/kernel/q", [128, 64], "INT8", scale=0.1))
    x = g.input("x", [1, 64], "INT8", scale=0.1)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("late", [1, 128], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g, expectations=Expectations(precision="int8"))
    assert "'late/kernel' FLOAT32[128, 64], which QUANTIZE reads" in found.message


def test_what_is_undone_at_once_is_told_elsewhere() -> None:
    g = embedded(rows=8)
    w = g.constant("late/kernel", np.ones((128, 64), np.float32))
    w = g.op("QUANTIZE", [w], g.tensor("late/kernel/q", [128, 64], "INT8", scale=0.1))
    g.output(g.op("DEQUANTIZE", [w], g.tensor("late/kernel/real", [128, 64])))
    assert findings(RULE, g) == []


def test_a_promise_of_integers_is_broken_elsewhere() -> None:
    assert findings(RULE, bad(), expectations=Expectations(precision="int8")) == []
    g = bad()
    g.converted("PTQ_FULL_INTEGER")
    assert findings(RULE, g) == []


def test_islands_are_told_elsewhere() -> None:
    g = embedded(rows=8, layers=2)
    [x] = g.graph["outputs"]
    g.graph["outputs"].clear()
    x = g.op("DEQUANTIZE", [x], g.tensor("real", [1, 64]))
    table = g.constant("table", np.ones((128, 64), np.float32))
    x = g.op("MUL", [x, table], g.tensor("product", [128, 64]), {})
    x = g.op("QUANTIZE", [x], g.tensor("product/q", [128, 64], "INT8", scale=0.1))
    for number in range(3):
        x = dense(g, x, name=f"tail_{number}")
    g.output(x)
    assert findings(RULE, g) == []


def test_where_floats_are_wanted_or_rule_it_is_silent() -> None:
    assert findings(RULE, bad(), expectations=Expectations(precision="float32")) == []
    assert findings(RULE, bad(), expectations=Expectations(precision="dynamic"))
    assert findings(RULE, embedded(layers=1)) == []


def test_a_small_part_passes() -> None:
    assert findings(UnquantizedWeight(min_share=0.95), bad()) == []
    assert findings(UnquantizedWeight(min_bytes=1 << 20), bad()) == []


def test_what_custom_ops_read_is_their_own() -> None:
    g = embedded(rows=8, layers=5)
    anchors = g.constant("anchors", np.ones((4096, 4), np.float32))
    g.output(g.op("TFLite_Detection_PostProcess", [anchors], g.tensor("boxes", [1, 4])))
    assert findings(RULE, g) == []
    table = g.constant("table", np.ones((256, 64), np.float32))
    g.output(g.op("GATHER", [table, g.graph["inputs"][0]], g.tensor("row_2", [1, 64]), {}))
    [found] = findings(RULE, g)
    assert "anchors" not in found.message
