"""TFL311: sums of products that leave their accumulator."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.accumulator_overflow import AccumulatorOverflow
from weighted import weighted

RULE = AccumulatorOverflow()
LIMIT = 2**31 - 1


def bias(value: int, dtype: Any = np.int32) -> Any:
    values = np.zeros(8, dtype)
    values[5] = value
    return values


def bad() -> GraphBuilder:
    return weighted(bias=bias(LIMIT - 1000))


def good() -> GraphBuilder:
    return weighted(bias=bias(1000))


def full(columns: int, rows: int = 8, most: int = 127, dtype: Any = np.int8) -> Any:
    return np.full((rows, columns), most, dtype)


def test_a_bias_near_the_limit_overflows_with_the_products() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    reached = found.evidence["most"]
    assert reached > LIMIT
    assert found.evidence["least"] < LIMIT
    assert found.message == (
        f"The sums of output channel 5 of CONV_2D with the weights 'kernel' can reach {reached:,}; 32 bits hold up to "
        "2,147,483,647."
    )


def test_a_negative_bias_overflows_downwards() -> None:
    [found] = findings(RULE, weighted(bias=bias(1000 - LIMIT)))
    assert f"can reach {found.evidence['least']:,};" in found.message


def test_a_large_bias_with_room_for_the_products_is_silent() -> None:
    assert findings(RULE, weighted(bias=bias(2**30 + 5))) == []


def test_the_sums_are_those_of_the_stored_weights_and_zero_points() -> None:
    columns = LIMIT // (127 * 128) + 100
    [found] = findings(RULE, weighted("FULLY_CONNECTED", full(columns)))
    assert found.evidence["least"] == -128 * 127 * columns
    [found] = findings(RULE, weighted("FULLY_CONNECTED", full(columns // 2 + 300), point=-128))
    assert found.evidence["most"] == 255 * 127 * (columns // 2 + 300)
    assert findings(RULE, weighted("FULLY_CONNECTED", full(columns, most=100))) == []


def test_unsigned_weights_are_counted_from_their_zero_point() -> None:
    values = full(140_000, most=129, dtype=np.uint8)
    assert findings(RULE, weighted("FULLY_CONNECTED", values, source="UINT8", zero_point=128)) == []
    assert len(findings(RULE, weighted("FULLY_CONNECTED", values, source="UINT8", zero_point=0))) == 1


@pytest.mark.parametrize(
    ("more", "bits"),
    [
        ({}, 32),
        ({"bias": bias(1)}, 32),
        ({"bias": bias(1, np.int64)}, None),
        ({"options": {"quantized_bias_type": "INT64"}}, None),
    ],
)
def test_beside_16_bits_the_bias_says_how_wide_the_sums_are(more: dict[str, Any], bits: int | None) -> None:
    found = findings(RULE, weighted("FULLY_CONNECTED", full(1000), source="INT16", **more))
    assert [each.evidence["bits"] for each in found] == ([] if bits is None else [bits])


def test_a_convolution_beside_16_bits_sums_in_32_where_it_says_so() -> None:
    values = np.full((8, 8, 8, 16), 127, np.int8)
    narrow = weighted(values=values, source="INT16", bias=bias(1), options={"quantized_bias_type": "INT32"})
    assert len(findings(RULE, narrow)) == 1
    assert findings(RULE, weighted(values=values, source="INT16", bias=bias(1, np.int64))) == []


def test_what_overflows_with_every_input_is_an_error() -> None:
    [found] = findings(RULE, weighted(source="INT16", bias=bias(2**50, np.int64)))
    assert found.severity is Severity.ERROR
    assert found.message.endswith(
        "with the weights 'kernel' are always beyond 140,737,488,355,327; 48 bits hold up to 140,737,488,355,327."
    )


@pytest.mark.parametrize(("stride", "overflows"), [(1, True), (2, False), (20, False)])
def test_a_transposed_convolution_adds_the_weights_of_one_phase(stride: int, overflows: bool) -> None:
    values = np.full((8, 20, 20, 340), 127, np.int8)
    g = weighted("TRANSPOSE_CONV", values, options={"stride_h": stride, "stride_w": stride})
    assert bool(findings(RULE, g)) is overflows


def test_ops_that_overflow_are_one_finding() -> None:
    g = bad()
    g.output(g.op("CONV_2D", [0, 1, 2], g.tensor("z", [1, 8, 8, 8], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is true of 1 more op.")
    assert [each.name for each in found.related] == ["z"]


def test_a_bias_that_does_not_fit_the_channels_counts_as_none() -> None:
    values = np.ones(3, np.int32) * LIMIT
    assert findings(RULE, weighted(bias=values, bias_scale=0.1)) == []


def test_what_cannot_be_told_is_not_judged() -> None:
    large = bias(LIMIT)
    computed = GraphBuilder()
    x = computed.input("x", [1, 8, 8, 4], "INT8", scale=0.1)
    w = computed.input("w", [8, 3, 3, 4], "INT8", scale=0.1)
    b = computed.constant("b", large, scale=0.01)
    computed.output(computed.op("CONV_2D", [x, w, b], computed.tensor("y", [1, 8, 8, 8], "INT8", scale=0.1), {}))
    assert findings(RULE, computed) == []
    assert findings(RULE, weighted(values=np.zeros((8, 0, 3, 4), np.int8), bias=large)) == []
    assert findings(RULE, weighted(values=np.zeros((0, 3, 3, 4), np.int8), bias=large, bias_scale=0.1)) == []
    assert findings(RULE, weighted(source="FLOAT32", bias=large)) == []
    assert findings(RULE, weighted("SVDF", bias=large)) == []
    assert findings(RULE, weighted(bias=large, point=2**40)) == []
    assert findings(RULE, weighted(bias=large, source="UINT8", weights="UINT8", zero_point=2**40)) == []
    unscaled = {"scale": np.ones(1, np.float32), "zero_point": np.zeros(2, np.int64)}
    assert findings(RULE, weighted(quantization=unscaled, bias=large)) == []
    assert findings(RULE, weighted(values=np.ones((8, 4), np.int8), kind="DEPTHWISE_CONV_2D", bias=large)) == []


def test_a_flat_kernel_of_a_transposed_convolution_is_summed_whole() -> None:
    g = weighted("TRANSPOSE_CONV", np.ones((8, 4), np.int8), bias=bias(LIMIT))
    assert len(findings(RULE, g)) == 1
