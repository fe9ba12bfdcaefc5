"""TFL323: conversions that the model could do without."""

import numpy as np
import pytest

from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.requantize_chatter import RequantizeChatter

RULE = RequantizeChatter()
SHAPE = [1, 8, 8, 4]


def start(dtype: str = "INT8") -> tuple[GraphBuilder, int]:
    g = GraphBuilder()
    scale = None if dtype == "FLOAT32" else 0.1
    return g, g.input("x", SHAPE, dtype, scale=scale)


def quantize(g: GraphBuilder, x: int, dtype: str = "INT8", scale: float = 0.1, name: str = "q") -> int:
    return g.op("QUANTIZE", [x], g.tensor(name, SHAPE, dtype, scale=scale))


def dequantize(g: GraphBuilder, x: int, name: str = "real") -> int:
    return g.op("DEQUANTIZE", [x], g.tensor(name, SHAPE))


def relu(g: GraphBuilder, x: int, dtype: str = "INT8") -> int:
    scale = None if dtype == "FLOAT32" else 0.1
    return g.op("RELU", [x], g.tensor("relu", SHAPE, dtype, scale=scale))


def bad() -> GraphBuilder:
    """Two quantized models, joined by a tool."""
    g, x = start()
    x = relu(g, x)
    for number in range(2):
        real = dequantize(g, x, f"part_{number}/real")
        x = relu(g, quantize(g, real, scale=0.2, name=f"part_{number + 1}/quantized"))
    g.output(x)
    return g


def good() -> GraphBuilder:
    """UINT8 at the ends, and equal scales for a CONCATENATION."""
    g, x = start("UINT8")
    x = quantize(g, x, "INT8")
    y = quantize(g, relu(g, x), "INT8", 0.2)
    joined = g.op("CONCATENATION", [x, y], g.tensor("both", SHAPE, "INT8", scale=0.1), {})
    g.output(quantize(g, joined, "UINT8"))
    return g


def said(g: GraphBuilder) -> list[tuple[str, str]]:
    return [(found.evidence["kind"], found.message) for found in findings(RULE, g)]


def test_from_integers_to_float_and_back() -> None:
    [found] = findings(RULE, bad())
    assert found.message == (
        "2 DEQUANTIZE feed nothing but QUANTIZE: from integers to float and back, without an op between; one QUANTIZE "
        "from integers to integers does. They write 2.0 KiB in each run."
    )
    assert [found.location.address, *(each.address for each in found.related)] == ["0/1:DEQUANTIZE", "0/4:DEQUANTIZE"]


@pytest.mark.parametrize(
    ("before", "after", "is_direct"),
    [
        ("INT8", "INT16", True),
        ("UINT8", "INT8", True),
        ("INT16", "INT8", True),
        ("INT16", "UINT8", False),
        ("INT4", "INT8", False),
    ],
)
def test_a_way_over_float_is_needed_where_no_kernel_goes_directly(before: str, after: str, is_direct: bool) -> None:
    g, x = start(before)
    g.output(quantize(g, dequantize(g, x), after, 0.2))
    assert [kind for kind, _ in said(g)] == (["detour"] if is_direct else [])


def test_a_float_value_that_something_else_reads_is_needed() -> None:
    g, x = start()
    real = dequantize(g, x)
    g.output(quantize(g, real), relu(g, real, "FLOAT32"))
    assert said(g) == []
    g, x = start()
    real = dequantize(g, x)
    g.output(quantize(g, real), real)
    assert said(g) == []


def test_quantize_that_changes_nothing() -> None:
    g, x = start()
    g.output(relu(g, quantize(g, x)))
    [(kind, message)] = said(g)
    assert kind == "copy"
    assert message.startswith("1 QUANTIZE copies integers to the same type, scale and zero point. It writes 256 bytes")
    g, x = start()
    g.output(g.op("QUANTIZE", [x], g.tensor("q", SHAPE, "INT8", scale=0.1, zero_point=5)))
    assert said(g) == []


def test_two_quantize_in_a_row() -> None:
    g, x = start("FLOAT32")
    g.output(relu(g, quantize(g, quantize(g, x, scale=0.3), scale=0.2)))
    assert [kind for kind, _ in said(g)] == ["chain"]
    g, x = start("UINT8")
    g.output(relu(g, quantize(g, quantize(g, x, scale=0.3), scale=0.2)))
    assert [kind for kind, _ in said(g)] == ["chain"]


def test_two_quantize_in_a_row_may_be_needed() -> None:
    g, x = start("UINT8")
    g.output(quantize(g, quantize(g, x, "INT16", 0.3), "INT32", 0.2))
    assert said(g) == [], "no kernel turns UINT8 into INT32"
    g, x = start("UINT8")
    first = quantize(g, x, "INT8", 0.3)
    g.output(first, quantize(g, first, "INT8", 0.2))
    assert said(g) == [], "both are outputs"
    g, x = start("UINT8")
    first = quantize(g, x, "INT8", 0.3)
    g.output(relu(g, first), quantize(g, first, "INT8", 0.2))
    assert said(g) == [], "both are read"


def test_a_model_that_was_trained_for_integers_and_converted_without() -> None:
    g, x = start("FLOAT32")
    x = dequantize(g, quantize(g, x))
    w = g.constant("kernel", np.ones((4, 1, 1, 4), np.float32))
    w = g.op("QUANTIZE", [w], g.tensor("kernel/q", [4, 1, 1, 4], "INT8", scale=0.1))
    w = g.op("DEQUANTIZE", [w], g.tensor("kernel/real", [4, 1, 1, 4]))
    g.output(g.op("CONV_2D", [x, w, -1], g.tensor("y", SHAPE), {}))
    [found] = findings(RULE, g)
    assert found.message.startswith("2 QUANTIZE are undone at once by DEQUANTIZE: the values are rounded to integers")
    assert found.evidence == {"kind": "undone", "ops": 2, "bytes": 256 + 16}
    assert "Optimize.DEFAULT" in found.help


def test_the_same_conversion_made_twice() -> None:
    g, x = start()
    for number in range(3):
        g.output(relu(g, dequantize(g, x, f"real_{number}"), "FLOAT32"))
    [(kind, message)] = said(g)
    assert kind == "again"
    assert message.startswith("2 conversions are made again, of the same tensor to the same type")
    g, x = start("FLOAT32")
    g.output(quantize(g, x), quantize(g, x, scale=0.2), quantize(g, x))
    assert [kind for kind, _ in said(g)] == ["again"]


def test_constants_that_are_widened_are_read_once() -> None:
    g = GraphBuilder()
    w = g.constant("w", np.ones((4, 4), np.int8), scale=0.1)
    g.output(*(g.op("DEQUANTIZE", [w], g.tensor(f"r{each}", [4, 4])) for each in range(2)))
    assert said(g) == []


def test_damaged_ops_are_left_alone() -> None:
    g, x = start()
    g.op("QUANTIZE", [x], [])
    g.op("DEQUANTIZE", [-1], g.tensor("y", SHAPE))
    plain = g.tensor("plain", SHAPE, "INT8")
    g.output(g.op("QUANTIZE", [x], plain), g.op("QUANTIZE", [plain], g.tensor("other", SHAPE, "INT8")))
    assert said(g) == []
