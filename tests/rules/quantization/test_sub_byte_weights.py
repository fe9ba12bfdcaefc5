"""TFL332: weights of 4 and 2 bits."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.sub_byte_weights import SubByteWeights
from weighted import ramp, weighted

RULE = SubByteWeights()
REFUSED = "the runtime refuses the model."


def packed(kind: str, source: str, weights: str) -> GraphBuilder:
    shapes = {"CONV_2D": (8, 3, 3, 4), "DEPTHWISE_CONV_2D": (1, 3, 3, 8), "TRANSPOSE_CONV": (8, 3, 3, 4)}
    return weighted(kind, ramp(*shapes.get(kind, (8, 16)), most=1), source=source, weights=weights)


def bad() -> GraphBuilder:
    return packed("DEPTHWISE_CONV_2D", "INT16", "INT4")


def good() -> GraphBuilder:
    return packed("DEPTHWISE_CONV_2D", "INT8", "INT4")


def test_weights_that_the_kernel_misreads_are_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message == (
        "DEPTHWISE_CONV_2D has the weights 'kernel' INT4[1, 3, 3, 8] beside INT16 inputs; the kernel reads them as "
        "another type, and its results are wrong."
    )


@pytest.mark.parametrize(
    ("kind", "source", "weights", "end"),
    [
        ("CONV_2D", "INT8", "INT2", REFUSED),
        ("CONV_2D", "FLOAT32", "INT2", "its results are wrong."),
        ("CONV_2D", "INT16", "UINT4", REFUSED),
        ("DEPTHWISE_CONV_2D", "FLOAT32", "INT4", "fails when it runs."),
        ("DEPTHWISE_CONV_2D", "INT8", "INT2", REFUSED),
        ("TRANSPOSE_CONV", "INT8", "INT4", REFUSED),
        ("BATCH_MATMUL", "FLOAT32", "INT4", REFUSED),
        ("FULLY_CONNECTED", "INT8", "UINT4", REFUSED),
        ("SVDF", "FLOAT32", "INT4", REFUSED),
    ],
)
def test_what_a_kernel_does_not_compute_with_is_an_error(kind: str, source: str, weights: str, end: str) -> None:
    [found] = findings(RULE, packed(kind, source, weights))
    assert found.message.endswith(end)
    assert found.help == "Quantize the weights again as INT8."


@pytest.mark.parametrize(
    ("kind", "source", "weights"),
    [
        ("CONV_2D", "INT16", "INT4"),
        ("CONV_2D", "FLOAT32", "INT4"),
        ("FULLY_CONNECTED", "INT8", "INT2"),
        ("FULLY_CONNECTED", "FLOAT32", "INT4"),
        ("EMBEDDING_LOOKUP", "INT32", "INT4"),
        ("EMBEDDING_LOOKUP", "INT32", "UINT4"),
        ("CONV_2D", "INT32", "INT2"),
        ("CONV_2D", "INT8", ""),
    ],
)
def test_what_a_kernel_computes_with_is_silent(kind: str, source: str, weights: str) -> None:
    assert findings(RULE, packed(kind, source, weights)) == []


def test_weights_with_the_same_fault_are_one_finding() -> None:
    g = packed("TRANSPOSE_CONV", "INT8", "INT4")
    w = g.constant("second", np.zeros(144, np.uint8), "INT4", shape=(8, 3, 3, 4), scale=0.1)
    z = g.tensor("z", [1, 8, 8, 8], "INT8", scale=0.1)
    g.output(g.op("TRANSPOSE_CONV", [2, w, 0], z, {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is true of 1 more tensor.")
    assert [each.name for each in found.related] == ["second", "y"]


def blocks(
    size: int = 32,
    scales: Any = 2,
    kind: str = "FULLY_CONNECTED",
    source: str = "FLOAT32",
    name: str = "BlockwiseQuantization",
    shape: tuple[int, ...] = (8, 64),
) -> GraphBuilder:
    """Weights with a scale for each block of so many values; `scales` are those of a row, or the tensor's index."""
    g = GraphBuilder()
    x = g.input("x", [1, 64], source, **({} if source == "FLOAT32" else {"scale": 0.1}))
    place = scales
    if not isinstance(scales, str):
        place = g.constant("scales", np.ones((8, scales), np.float16))
    fields = {"BlockwiseQuantization": {"scales": place, "zero_points": -1, "block_size": size}}
    values = np.zeros(int(np.prod(shape)) // 2, np.uint8)
    w = g.constant("kernel", values, "INT4", shape=shape, quantization={"details": (name, fields.get(name, {}))})
    g.output(g.op(kind, [x, w, -1], g.tensor("y", [1, 8]), {}))
    return g


def test_a_scale_for_each_block_is_silent() -> None:
    assert findings(RULE, blocks()) == []
    assert findings(RULE, blocks(name="CustomQuantization")) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"source": "INT8"}, "they are quantized in blocks, with which the runtime refuses the model"),
        ({"size": 0}, "their blocks have 0 values, which ends the program"),
        ({"scales": 3}, "24 scales of 32 values each do not cover 512 weights"),
        ({"size": 48}, "16 scales of 48 values each do not cover 512 weights"),
        ({"shape": ()}, "16 scales of 32 values each do not cover 1 weights"),
    ],
)
def test_blocks_without_a_scale_each_are_an_error(more: dict[str, Any], words: str) -> None:
    [found] = findings(RULE, blocks(**more))
    assert words in found.message
    assert found.help.startswith("Write a FLOAT16 scale for each block")


def test_the_scales_of_blocks_are_there_and_half_floats() -> None:
    g = blocks()
    g.graph["tensors"][1]["type"] = "FLOAT32"
    [found] = findings(RULE, g)
    assert "the scales of their blocks are FLOAT32 and are read as FLOAT16" in found.message
    g = blocks()
    g.graph["tensors"][2]["quantization"]["details"][1]["scales"] = 77
    [found] = findings(RULE, g)
    assert "the scales of their blocks are tensor 77, which is not there" in found.message
