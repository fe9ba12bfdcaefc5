"""What precision ops compute in."""

import numpy as np
import pytest

from tflint.analysis.precision import Precision, floats, mac_share, of_ops, profile
from tflint.testing import GraphBuilder, model


def precision_of(kind: str, ins: list[str], out: str, *, weights: str = "", scale: float | None = 0.1) -> Precision:
    """The precision of an op with inputs of these types, and weights of another one in slot 1."""
    g = GraphBuilder()
    names = [*ins[:1], *([weights] if weights else []), *ins[1:]]
    inputs = [
        g.tensor(f"t{number}", [4, 4], name, scale=scale if name.startswith(("INT", "UINT")) else None)
        for number, name in enumerate(names)
    ]
    g.output(g.op(kind, inputs, g.tensor("out", [4, 4], out, scale=scale if out.startswith("INT") else None)))
    groups = of_ops(model(g).graphs[0])
    [found] = [each for each, ops in groups.items() if ops]
    return found


@pytest.mark.parametrize(
    ("kind", "ins", "out", "expected"),
    [
        ("ADD", ["FLOAT32", "FLOAT32"], "FLOAT32", Precision.FLOAT),
        ("CAST", ["INT32"], "FLOAT32", Precision.FLOAT),
        ("GREATER", ["FLOAT16", "FLOAT16"], "BOOL", Precision.FLOAT),
        ("WHILE", ["INT32", "FLOAT32"], "INT32", Precision.FLOAT),
        ("SHAPE", ["FLOAT32"], "INT32", Precision.PLAIN),
        ("QUANTIZE", ["FLOAT32"], "INT8", Precision.CONVERSION),
        ("DEQUANTIZE", ["INT8"], "FLOAT32", Precision.CONVERSION),
        ("ADD", ["INT8", "INT8"], "INT8", Precision.INT8),
        ("MUL", ["UINT8", "UINT8"], "INT8", Precision.INT8),
        ("GREATER", ["INT8", "INT8"], "BOOL", Precision.INT8),
        ("ADD", ["INT16", "INT16"], "INT16", Precision.INT16),
        ("LOGICAL_NOT", ["BOOL"], "BOOL", Precision.PLAIN),
    ],
)
def test_an_op_is_what_its_values_are(kind: str, ins: list[str], out: str, expected: Precision) -> None:
    assert precision_of(kind, ins, out) is expected


@pytest.mark.parametrize("weights", ["INT8", "INT4", "UINT8"])
def test_integer_weights_make_a_float_product_hybrid(weights: str) -> None:
    assert precision_of("FULLY_CONNECTED", ["FLOAT32"], "FLOAT32", weights=weights) is Precision.HYBRID


def test_an_integer_that_is_no_weight_does_not() -> None:
    assert precision_of("FULLY_CONNECTED", ["FLOAT32", "INT8"], "FLOAT32", weights="FLOAT32") is Precision.FLOAT
    assert precision_of("GATHER", ["FLOAT32", "INT8"], "FLOAT32") is Precision.FLOAT


def test_integers_without_a_scale_are_plain() -> None:
    assert precision_of("ADD", ["INT8", "INT8"], "INT8", scale=None) is Precision.PLAIN


def test_an_input_that_is_left_out_says_nothing() -> None:
    g = GraphBuilder()
    x = g.input("x", [4], "INT32")
    g.output(g.op("FULLY_CONNECTED", [-1, x], g.tensor("y", [4], "INT32")))
    assert of_ops(model(g).graphs[0])[Precision.PLAIN]


def test_a_profile_joins_the_graphs_of_a_model() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    w = g.constant("w", np.ones((4, 4), np.float32))
    y = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4]))
    half = g.constant("half", np.ones((4, 4), np.float16))
    v = g.constant("v", np.ones((4, 4), np.int8), scale=0.1)
    g.output(
        g.op("FULLY_CONNECTED", [y, v, g.op("DEQUANTIZE", [half], g.tensor("real", [4, 4]))], g.tensor("z", [1, 4]))
    )
    other = g.subgraph("other")
    other.output(other.op("ABS", [other.input("a", [4])], other.tensor("b", [4])))
    known = profile(model(g))
    assert [op.kind for op in known.ops[Precision.FLOAT]] == ["FULLY_CONNECTED", "ABS"]
    assert known.total == len(known.all_ops) == 4
    assert [tensor.name for tensor in known.float_weights] == ["w"]
    assert [tensor.name for tensor in known.integer_weights] == ["v"]
    assert [tensor.name for tensor in known.float16] == ["half"]
    assert known.is_whole
    other.graph["outputs"].append(99)
    assert not profile(model(g)).is_whole


def test_weights_that_are_computed_are_no_stored_ones() -> None:
    g = GraphBuilder()
    x, w = g.input("x", [1, 4]), g.input("w", [4, 4])
    g.output(g.op("FULLY_CONNECTED", [x, w], g.tensor("y", [1, 4])))
    g.output(g.op("CONV_2D", [x], g.tensor("z", [1, 4])))
    assert profile(model(g)).float_weights == ()


def test_floats_are_the_tensors_of_every_float_type() -> None:
    g = GraphBuilder()
    for dtype in ("FLOAT32", "BFLOAT16", "FLOAT64", "COMPLEX64", "INT8"):
        g.input(dtype, [4], dtype)
    assert {tensor.name for tensor in floats(model(g).graphs[0])} == {"FLOAT32", "BFLOAT16", "FLOAT64"}


def test_the_share_of_multiply_accumulates() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    for number, size in enumerate((1, 3)):
        w = g.tensor(f"w{number}", [size, 4])
        g.output(g.op("FULLY_CONNECTED", [x, w], g.tensor(f"y{number}", [1, size])))
    g.output(g.op("ABS", [x], g.tensor("z", [1, 4])))
    ops = model(g).graphs[0].ops
    assert mac_share(ops[:1], ops) == 0.25
    assert mac_share(ops[2:], ops[2:]) is None
    g.output(g.op("my_op", [x], g.tensor("v", [1, 4])))
    assert mac_share(ops[:1], model(g).graphs[0].ops) is None
