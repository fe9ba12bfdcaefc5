"""What ranges tell of the data: the questions one by one, and odd models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calibrated import network, parameters, photographs
from tflint.analysis.calibration import (
    biases,
    byte_width,
    clipped,
    constant_input,
    first_layer,
    logits,
    moved,
    noise,
    relu6_tops,
    winning_chance,
)
from tflint.analysis.replay import Response
from tflint.model import Graph
from tflint.testing import GraphBuilder, model


def graph(g: GraphBuilder) -> Graph:
    return model(g).graphs[0]


def tables(data: Any, layers: int = 3, units: int = 24) -> GraphBuilder:
    """Fully connected layers, calibrated on the rows of a table."""
    random = np.random.default_rng(2)
    g = GraphBuilder()
    values = data
    x = g.input("row", [1, data.shape[1]], "INT8", **parameters(float(data.min()), float(data.max())))
    for number in range(layers):
        matrix = random.standard_normal((units, values.shape[1])) / np.sqrt(values.shape[1])
        scale = abs(matrix).max() / 127
        w = g.constant(f"w{number}", np.round(matrix / scale).astype(np.int8), scale=scale)
        values = np.maximum(values @ matrix.T, 0) if number < layers - 1 else values @ matrix.T
        act = "RELU" if number < layers - 1 else "NONE"
        y = g.tensor(f"y{number}", [1, units], "INT8", **parameters(float(values.min()), float(values.max())))
        x = g.op("FULLY_CONNECTED", [x, w, -1], y, {"fused_activation_function": act})
    g.output(x)
    return g


def test_uniform_noise_in_place_of_a_table_is_told() -> None:
    found = noise(graph(tables(np.random.default_rng(0).random((100, 13)))))
    assert found is not None
    assert found.kind == "uniform noise from 0 to 1"
    assert 20 < found.samples < 500


def test_a_table_scaled_to_its_extremes_is_not_uniform_noise() -> None:
    data = np.random.default_rng(0).random((100, 13))
    assert noise(graph(tables((data - data.min()) / (data.max() - data.min())))) is None


def test_standardised_columns_of_a_narrow_table_may_well_be_normal() -> None:
    random = np.random.default_rng(0)
    assert noise(graph(tables(random.standard_normal((100, 13))))) is None
    found = noise(graph(tables(random.standard_normal((100, 80)))))
    assert found is not None
    assert found.kind == "normally distributed noise"


def test_bytes_take_more_layers_to_be_told_as_noise_and_more_than_a_few_columns() -> None:
    data = np.random.default_rng(0).integers(0, 256, (100, 80)).astype(float)
    found = noise(graph(tables(data, layers=5)))
    assert found is not None
    assert found.kind == "uniform noise from 0 to 255"
    assert noise(graph(tables(data, layers=3))) is None
    assert noise(graph(tables(data[:, :20], layers=5))) is None


def test_noise_starts_at_the_first_layer() -> None:
    g = tables(np.random.default_rng(0).random((100, 13)), layers=5)
    assert noise(graph(g)) is not None
    first = next(each for each in g.graph["tensors"] if each["name"] == "y0")
    first["quantization"]["scale"] = first["quantization"]["scale"] * 2
    assert noise(graph(g)) is None


def test_few_samples_of_normal_noise_may_well_be_real() -> None:
    assert noise(graph(tables(np.random.default_rng(0).standard_normal((2, 80))))) is None


def test_a_few_inputs_may_well_be_uniform() -> None:
    data = np.random.default_rng(0).random((100, 4))
    assert noise(graph(tables(data))) is None
    assert first_layer(graph(tables(data))) is None


def test_rows_that_go_beyond_their_bounds_are_no_noise() -> None:
    data = np.random.default_rng(0).random((100, 13)) * 1.01
    assert noise(graph(tables(data))) is None


def test_an_end_at_0_that_noise_would_have_passed_tells_against_it() -> None:
    g = tables(np.random.default_rng(0).random((100, 13)))
    for each in g.graph["tensors"]:
        if each["name"] == "y2":
            each["quantization"] |= parameters(0, 4)
    assert noise(graph(g)) is None


def test_unequal_estimates_are_no_noise() -> None:
    data = np.random.default_rng(0).random((100, 13))
    for factor in (0.3, 3.0, 30.0):
        g = tables(data)
        for each in g.graph["tensors"]:
            if each["name"].startswith("y"):
                each["quantization"]["scale"] = each["quantization"]["scale"] * factor
        assert noise(graph(g)) is None


def test_two_estimates_are_too_few() -> None:
    random = np.random.default_rng(0)
    g = tables(random.random((100, 13)))
    del g.graph["operators"][1:]
    g.graph["outputs"] = [g.graph["operators"][0]["outputs"][0]]
    assert noise(graph(g)) is None


def test_without_an_input_there_is_nothing_to_tell() -> None:
    g = graph(GraphBuilder())
    assert noise(g) is None
    assert constant_input(g) is None
    assert first_layer(g) is None
    assert byte_width(g) is None
    assert logits(g) == []
    assert relu6_tops(g) == []
    assert biases(g) == []


def test_an_input_without_layers_is_no_constant() -> None:
    g = GraphBuilder()
    g.output(g.op("ELU", [g.input("x", [1, 16], "INT8", **parameters(0, 1))], g.tensor("y", [1, 16], "INT8")))
    assert constant_input(graph(g)) is None
    assert noise(graph(g)) is None
    assert first_layer(graph(g)) is None


def test_a_constant_needs_ranges_that_are_exactly_its_own() -> None:
    ones = np.ones((3, 16, 16, 3))
    found = constant_input(graph(network(ones)))
    assert found is not None
    assert found[0].name == "image"
    assert found[1] == pytest.approx(1)
    assert constant_input(graph(network(ones, gain=0.0))) is None
    ones[1] = photographs(1)[0]
    ones[2] = 1 - ones[1]
    assert constant_input(graph(network(ones))) is None


def test_what_is_not_finite_tells_nothing() -> None:
    g = graph(network(photographs()))
    first = first_layer(g)
    assert first is not None
    broken = Response(first.op, np.full((100, 3), np.nan), 1)
    assert moved(broken) is None
    assert broken.samples_for(1.0, 1) == 1e300
    huge = network(np.ones((3, 16, 16, 3)))
    for each in huge.graph["tensors"]:
        if each["name"] == "conv0/kernel":
            each["quantization"]["scale"] = np.full(8, 3e38, np.float32)
    assert constant_input(graph(huge)) is None
    assert noise(graph(huge)) is None


def test_only_a_relu6_clips() -> None:
    first = first_layer(graph(network(photographs())))
    assert first is not None
    assert clipped(first) is None


def test_no_class_wins_by_less_than_the_logits_differ() -> None:
    assert winning_chance(2, 0.0) == 0.5
    assert winning_chance(10, 2.0) == pytest.approx(0.45, abs=0.01)
    assert winning_chance(10, 1e9) == 1.0


def test_the_last_softmax_may_be_followed_by_what_only_moves_it() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    y = g.op("SOFTMAX", [x], g.tensor("y", [1, 4], "INT8", scale=1 / 256, zero_point=-128))
    y = g.op("RESHAPE", [y], g.tensor("flat", [4], "INT8", scale=1 / 256, zero_point=-128))
    for number in range(2):
        y = g.op("QUANTIZE", [y], g.tensor(f"q{number}", [4], "INT8", scale=1 / 256, zero_point=-128))
    g.output(g.op("DEQUANTIZE", [y], g.tensor("real", [4])))
    assert logits(graph(g)) == []
    g.graph["outputs"] = [y]
    [(op, given, low, high)] = logits(graph(g))
    assert (op.kind, given.name) == ("SOFTMAX", "x")
    assert (low, high) == pytest.approx((-12.8, 12.7))


def test_a_softmax_that_is_read_by_several_is_no_answer() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    y = g.op("SOFTMAX", [x], g.tensor("y", [1, 4], "INT8", scale=1 / 256, zero_point=-128))
    for number in range(2):
        g.output(g.op("DEQUANTIZE", [y], g.tensor(f"real{number}", [1, 4])))
    floats = g.input("floats", [1, 4])
    g.output(g.op("SOFTMAX", [floats], g.tensor("z", [1, 4])))
    assert logits(graph(g)) == []


@pytest.mark.parametrize(
    ("shape", "low", "high", "levels"),
    [
        ((1, 32, 32, 3), 0, 1, 255),
        ((1, 32, 32, 3), 0, 180 / 255, 180),
        ((1, 32, 32, 1), 20 / 127.5 - 1, 200 / 127.5 - 1, 180),
        ((1, 32, 32, 3), 0, 191, 191),
        ((1, 32, 32, 3), 0, 0.7313, None),
        ((1, 32, 32, 3), 0, 4, None),
        ((1, 32, 32, 3), 0, 300, None),
        ((1, 32, 32, 9), 0, 1, None),
        ((1, 4, 32, 3), 0, 1, None),
        ((1, 32, 32), 0, 1, None),
    ],
)
def test_images_of_bytes_are_known_by_their_steps(
    shape: tuple[int, ...], low: float, high: float, levels: int | None
) -> None:
    g = GraphBuilder()
    x = g.input("x", shape, "INT8", **parameters(low, high))
    g.output(g.op("RELU", [x], g.tensor("y", shape, "INT8", scale=0.1)))
    found = byte_width(graph(g))
    assert (None if found is None else found[1]) == levels
