"""TFL320: weights as TensorFlow 1 quantized them."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.legacy_uint8 import LegacyUint8

RULE = LegacyUint8()
SHAPE = [1, 4, 4, 4]


def convs(dtype: str, number: int = 2, *, values: str = "", scale: float | None = 0.1) -> GraphBuilder:
    g = GraphBuilder()
    values = values or dtype
    x = g.input("x", SHAPE, values, scale=0.1)
    for index in range(number):
        kind = np.uint8 if dtype == "UINT8" else np.int8
        w = g.constant(f"conv_{index}/kernel", np.ones((4, 1, 1, 4), kind), scale=scale)
        x = g.op("CONV_2D", [x, w, -1], g.tensor(f"conv_{index}", SHAPE, values, scale=0.1), {})
    g.output(x)
    return g


def bad() -> GraphBuilder:
    return convs("UINT8")


def good() -> GraphBuilder:
    """INT8 weights with UINT8 ends."""
    g = convs("INT8")
    [y] = g.graph["outputs"]
    g.graph["outputs"].clear()
    g.output(g.op("QUANTIZE", [y], g.tensor("y", SHAPE, "UINT8", scale=0.1)))
    return g


def test_ops_with_uint8_weights_are_one_note() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.NOTE
    assert found.message.startswith("2 ops have UINT8 weights, with one scale and zero point for all channels")
    assert [each.address for each in found.related] == ["0/1:CONV_2D"]
    [found] = findings(RULE, convs("UINT8", 1))
    assert found.message.startswith("1 op has UINT8 weights")


def test_other_uint8_is_no_legacy() -> None:
    assert findings(RULE, convs("UINT8", values="FLOAT32")) == []
    assert findings(RULE, convs("UINT8", scale=None)) == []
    g = GraphBuilder()
    x = g.input("x", SHAPE, "UINT8", scale=0.1)
    x = g.op("MAX_POOL_2D", [x], g.tensor("pool", SHAPE, "UINT8", scale=0.1), {})
    g.output(g.op("CONV_2D", [x], g.tensor("y", SHAPE, "UINT8", scale=0.1), {}))
    assert findings(RULE, g) == []
