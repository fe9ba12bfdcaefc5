from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import described
from sources import Source, batch_norm
from tf_graphs import TensorFlowGraph
from tflint.compare.picks import limit_of
from tflint.compare.ranges import span_of
from tflint.compare.spans import Span
from tflint.compare.values import affine
from tflint.model import DType, Format, Model
from tflint.testing import GraphBuilder, model

IMAGE = (1, 32, 32, 3)


def ends(span: Span | None) -> tuple[str, float, float] | None:
    return None if span is None else (span.by, *(round(each, 2) for each in span.ends))


def taking(shape: Sequence[int | None] = IMAGE, dtype: str = "FLOAT32", **more: Any) -> GraphBuilder:
    """A model that does nothing with its input."""
    g = GraphBuilder()
    x = g.input("x", shape, dtype, **more)
    g.output(g.op("NEG", [x], g.tensor("y", shape, dtype, **more)))
    return g


def told(built: GraphBuilder, source: Model | None = None) -> tuple[str, float, float] | None:
    origin = None if source is None else (source.graphs[0], source.graphs[0].inputs[0])
    return ends(span_of(model(built), 0, origin))


def layered(*layers: tuple[str, Mapping[str, Any], Mapping[str, Any]], shape: Sequence[int | None] = IMAGE) -> Model:
    """A Keras source of layers: kind, options and weights."""
    source = Source()
    source.input("x", tuple(shape))
    for number, (kind, options, weights) in enumerate(layers):
        source.layer(kind, f"{kind.lower()}_{number}", weights, **options)
    return source.model()


def behind(*ops: tuple[str, Any], shape: Sequence[int | None] = IMAGE) -> GraphBuilder:
    """A float model whose first ops take the value so far and a constant, each."""
    g = GraphBuilder()
    value = g.input("x", shape)
    for number, (kind, other) in enumerate(ops):
        inputs = [value] if other is None else [value, g.constant(f"c{number}", np.asarray(other, np.float32))]
        value = g.op(kind, inputs, g.tensor(f"t{number}", shape))
    g.output(g.op("CONV_2D", [value], g.tensor("y", shape)))
    return g


def saved(*ops: tuple[str, Any]) -> Model:
    g = TensorFlowGraph()
    value = g.input(IMAGE)
    for kind, other in ops:
        value = g.op(kind, [value] if other is None else [value, g.constant(other)])
    g.output(value)
    return Model("m", Format.SAVED_MODEL, 0, (g.graph(),))


# --- what tells a range


def test_a_quantized_input_has_the_range_of_its_integers() -> None:
    assert told(taking(dtype="INT8", scale=1 / 128)) == ("quantized", -1.0, 0.99)
    assert told(taking(dtype="UINT8", scale=1 / 255)) == ("quantized", 0.0, 1.0)
    assert told(taking(dtype="INT16", scale=2.0**-15)) == ("quantized", -1.0, 1.0)


def test_an_input_with_a_scale_for_each_channel_has_a_range_for_each() -> None:
    span = span_of(model(taking(dtype="INT8", scale=[1.0, 2.0, 0.5], axis=3)), 0)
    assert span is not None
    assert span.high.tolist() == [127.0, 254.0, 63.5]
    assert told(taking((4, 3), "INT8", scale=[1.0, 2.0, 0.5, 0.1], axis=0)) == ("quantized", -256.0, 254.0)


def test_a_float_input_has_the_range_of_the_quantize_that_takes_it() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    reshaped = g.op("RESHAPE", [x], g.tensor("r", [8, 1]))
    g.output(g.op("QUANTIZE", [reshaped], g.tensor("q", [8, 1], "INT8", scale=0.5, zero_point=-128)))
    assert told(g) == ("quantized", 0.0, 127.5)


def test_what_the_input_is_added_to_is_no_quantization_of_it() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8], "INT32")
    g.output(g.op("RESHAPE", [g.constant("c", np.zeros(8, np.float32)), x], g.tensor("r", [8, 1])))
    assert told(g) is None


def test_what_a_model_was_quantized_for_tells_more_than_a_rescaling_layer_of_its_source() -> None:
    source = layered(("Rescaling", {"scale": 1 / 127.5, "offset": -1}, {}))
    assert told(taking(dtype="INT8", scale=1 / 128), source) == ("quantized", -1.0, 0.99)
    assert told(taking(), source) == ("rescaled", 0.0, 255.0)


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [
        ({"scale": 1 / 255}, 0.0, 255.0),
        ({"scale": 1 / 255, "offset": -0.5}, 0.0, 255.0),
        ({"scale": 1 / 127.5, "offset": -1.0}, 0.0, 255.0),
        ({"scale": 2.0, "offset": -1.0}, 0.0, 1.0),
        ({"scale": 0.1}, 0.0, 10.0),
        ({"scale": 0.1, "offset": -1.0}, 0.0, 20.0),
        ({"scale": 255}, 0.0, 1.0),
        ({"scale": 0.25, "offset": 3.0}, -16.0, -8.0),
        ({"scale": 0.5, "offset": 0.5}, -1.0, 1.0),
        ({"scale": -0.5, "offset": 0.5}, -1.0, 1.0),
    ],
)
def test_rescaling_is_read_backwards(options: Mapping[str, float], low: float, high: float) -> None:
    assert told(taking(), layered(("Rescaling", options, {}))) == ("rescaled", low, high)


@pytest.mark.parametrize("scale", ["1", None, True, [], {"class_name": "x"}, [[1], [2, 3]], 10**400, 0, float("nan")])
def test_a_scale_that_is_no_number_tells_nothing(scale: Any) -> None:
    assert told(taking(), layered(("Rescaling", {"scale": scale}, {}))) is None


def test_rescaling_is_found_behind_layers_that_keep_values() -> None:
    source = layered(("Resizing", {}, {}), ("RandomFlip", {}, {}), ("Rescaling", {"scale": 1 / 255}, {}))
    assert told(taking(), source) == ("rescaled", 0.0, 255.0)


def test_rescaling_behind_a_layer_that_makes_other_values_tells_nothing() -> None:
    assert told(taking(), layered(("Dense", {}, {}), ("Rescaling", {"scale": 1 / 255}, {}))) is None


def test_two_rescalings_count_together() -> None:
    source = layered(("Rescaling", {"scale": 1 / 127.5}, {}), ("Rescaling", {"offset": -1}, {}))
    assert told(taking(), source) == ("rescaled", 0.0, 255.0)


def test_a_normalization_tells_three_deviations_for_each_feature() -> None:
    weights = {"mean": np.float32([1, 10]), "variance": np.float32([1, 4])}
    source = layered(("Normalization", {}, weights), shape=(None, 2))
    span = span_of(model(taking([1, 2])), 0, (source.graphs[0], source.graphs[0].inputs[0]))
    assert span is not None
    assert (span.by, span.deviations) == ("normalized", 3.0)
    np.testing.assert_allclose(span.low, [-2, 4], atol=1e-5)
    np.testing.assert_allclose(span.high, [4, 16], atol=1e-5)


def test_a_normalization_may_have_its_numbers_in_its_options() -> None:
    source = layered(("Normalization", {"mean": 2.0, "variance": 4.0}, {}), shape=(None, 5))
    assert told(taking([1, 5]), source) == ("normalized", -4.0, 8.0)


def test_a_normalization_of_other_sizes_than_the_input_tells_its_extremes() -> None:
    weights = {"mean": np.float32([1, 10]), "variance": np.float32([1, 4])}
    assert told(taking([1, 5]), layered(("Normalization", {}, weights), shape=(None, 5))) == ("normalized", -2, 16)


def test_a_batch_normalization_of_the_input_tells_its_range_as_well() -> None:
    norm = batch_norm(3) | {"moving_mean": np.float32([5, 5, 5]), "moving_variance": np.float32([1, 1, 1])}
    assert told(taking([1, 3]), layered(("BatchNormalization", {}, norm), shape=(None, 3))) == ("normalized", 2, 8)


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({"invert": True, "mean": 1, "variance": 1}, {}),
        ({"mean": 1}, {}),
        ({"mean": [1, 2], "variance": [1, 2, 3]}, {}),
        ({"mean": 1, "variance": -1}, {}),
        ({}, {"mean": np.zeros((0,), np.float32), "variance": np.zeros((0,), np.float32)}),
        ({}, {"mean": np.float32([np.nan]), "variance": np.float32([1])}),
    ],
)
def test_a_normalization_without_numbers_tells_nothing(options: Any, weights: Any) -> None:
    assert told(taking([1, 3]), layered(("Normalization", options, weights), shape=(None, 3))) is None


def test_colours_that_are_normalized_as_photographs_are_have_levels_of_grey() -> None:
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    as_ones = layered(("Normalization", {}, {"mean": mean, "variance": deviation**2}))
    assert told(taking(), as_ones) == ("normalized", 0.0, 1.0)
    as_bytes = layered(("Normalization", {}, {"mean": mean * 255, "variance": (deviation * 255) ** 2}))
    assert told(taking(), as_bytes) == ("normalized", 0.0, 255.0)
    of_little_light = layered(("Normalization", {}, {"mean": mean, "variance": (deviation / 4) ** 2}))
    assert told(taking(), of_little_light) == ("normalized", 0.24, 0.66)
    reaching_below = layered(("Normalization", {}, {"mean": mean * 0 + 0.2, "variance": (deviation / 2) ** 2}))
    assert told(taking(), reaching_below) == ("normalized", -0.14, 0.54)


def test_the_first_ops_of_a_saved_model_tell_as_much() -> None:
    assert told(taking(), saved(("Cast", None), ("Mul", 1 / 255))) == ("source", 0.0, 255.0)
    assert told(taking(), saved(("RealDiv", 127.5), ("Sub", 1.0))) == ("source", 0.0, 255.0)


def test_a_normalization_in_a_saved_model_is_read_through_its_square_root() -> None:
    g = TensorFlowGraph()
    x = g.input((None, 2))
    shifted = g.op("Sub", [x, g.constant([[1.0, 10.0]])])
    root = g.op("Sqrt", [g.op("Identity", [g.constant([[1.0, 4.0]])])])
    most = g.op("Maximum", [root, g.constant(1e-7)])
    g.output(g.op("RealDiv", [shifted, most]))
    source = Model("m", Format.SAVED_MODEL, 0, (g.graph(),))
    assert told(taking([1, 2]), source) == ("source", -2.0, 16.0)


def test_a_factor_that_is_computed_in_other_ways_tells_nothing() -> None:
    g = TensorFlowGraph()
    x = g.input((None, 2))
    root = g.op("Rsqrt", [g.constant([[1.0, 4.0]])])
    g.output(g.op("Mul", [g.op("Mul", [x, root]), g.op("Exp", [g.constant(1.0)])]))
    assert told(taking([1, 2]), Model("m", Format.SAVED_MODEL, 0, (g.graph(),))) is None
    g = TensorFlowGraph()
    uneven = g.op("Maximum", [g.constant([1.0, 2.0]), g.constant([1.0, 2.0, 3.0])])
    g.output(g.op("Mul", [g.input((None, 2)), uneven]))
    assert told(taking([1, 2]), Model("m", Format.SAVED_MODEL, 0, (g.graph(),))) is None


def test_the_first_ops_of_the_model_itself_tell_its_range() -> None:
    assert told(behind(("MUL", 1 / 255))) == ("ops", 0.0, 255.0)
    assert told(behind(("SUB", 127.5), ("DIV", 127.5))) == ("ops", 0.0, 255.0)
    assert told(behind(("SUB", [1.0, 2.0, 3.0]), ("MUL", [1.0, 1.0, 0.5]))) == ("ops", -3.0, 9.0)
    assert told(behind(("MUL", [1.0, 1.0, 0.5]), ("ADD", [0.0, 0.0, -1.5]))) == ("ops", -3.0, 9.0)


@pytest.mark.parametrize(
    "ops",
    [
        [("MUL", 0.5)],
        [("MUL", 0.5), ("ADD", 3.0)],
        [("ADD", 3.0)],
        [("MUL", 0.0), ("ADD", 3.0)],
        [("NEG", None), ("MUL", 1 / 255)],
        [("MUL", np.ones((4, 3)))],
        [("SUB", [1.0, 2.0, 3.0]), ("MUL", [1.0, 2.0])],
        [("SUB", 1.0), ("MUL", 1e-38)],
    ],
)
def test_arithmetic_that_prepares_nothing_tells_nothing(ops: Sequence[tuple[str, Any]]) -> None:
    assert told(behind(*ops)) is None


def test_a_constant_from_which_the_input_is_taken_tells_nothing() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    g.output(g.op("SUB", [g.constant("c", np.float32([1.0])), x], g.tensor("y", [1, 4])))
    assert told(g) is None


def test_ops_that_are_not_known_are_passed_over() -> None:
    g = behind(("MUL", 1 / 255))
    x = g.graph["inputs"][0]
    first, g.graph["operators"] = g.graph["operators"], []
    g.op("MyOp", [x], g.tensor("m", IMAGE))
    g.op("ASSIGN_VARIABLE", [g.tensor("v", [], "RESOURCE"), x], [])
    g.op("ADD", [x, -1], g.tensor("o", IMAGE))
    g.op("ADD", [x, x], g.tensor("d", IMAGE))
    g.op("MUL", [x, g.constant("whole", np.int32([2]))], g.tensor("w", IMAGE))
    g.graph["operators"] += first
    assert told(g) == ("ops", 0.0, 255.0)


def test_an_endless_factor_is_not_followed_to_its_end() -> None:
    g = TensorFlowGraph()
    x = g.input((None, 2))
    factor = g.constant(1 / 255)
    for _ in range(9):
        factor = g.op("Identity", [factor])
    g.output(g.op("Mul", [x, factor]))
    assert told(taking([1, 2]), Model("m", Format.SAVED_MODEL, 0, (g.graph(),))) is None
    g = TensorFlowGraph()
    whole = g.op("Sqrt", [g.constant([1, 4], "int32")])
    g.output(g.op("Mul", [g.input((None, 2)), whole]))
    assert told(taking([1, 2]), Model("m", Format.SAVED_MODEL, 0, (g.graph(),))) is None


def test_the_metadata_of_an_image_tells_what_bytes_become() -> None:
    g = taking()
    g.metadata("TFLITE_METADATA", described.metadata([described.normalized(127.5, 127.5)]))
    assert told(g) == ("metadata", -1.0, 1.0)
    g = taking()
    options = {"mean": [127.5, 127.5, 0.0], "std": [127.5, 127.5, 255.0]}
    colours = {"name": "image", "process_units": [{"options": ("NormalizationOptions", options)}]}
    g.metadata("TFLITE_METADATA", described.metadata([colours]))
    span = span_of(model(g), 0)
    assert span is not None
    assert (span.low.tolist(), span.high.tolist()) == ([-1, -1, 0], [1, 1, 1])


@pytest.mark.parametrize(
    ("shape", "dtype", "mean", "deviation"),
    [
        ([1, 16], "FLOAT32", 127.5, 127.5),
        (IMAGE, "INT32", 0, 1),
        (IMAGE, "FLOAT32", 0, 0),
        ([1, 8, 8, 9], "FLOAT32", 0, 1),
    ],
)
def test_metadata_of_what_is_no_image_tells_nothing(
    shape: Sequence[int], dtype: str, mean: float, deviation: float
) -> None:
    g = taking(shape, dtype)
    g.metadata("TFLITE_METADATA", described.metadata([described.normalized(mean, deviation)]))
    assert told(g) is None


def test_metadata_that_says_nothing_of_the_input_is_no_range() -> None:
    g = taking()
    g.metadata("TFLITE_METADATA", described.metadata([]))
    assert told(g) is None


def test_bytes_without_a_scale_go_from_0_to_255() -> None:
    assert told(taking(dtype="UINT8")) == ("bytes", 0.0, 255.0)
    assert told(taking(dtype="INT32")) is None


# --- odd quantization


@pytest.mark.parametrize(
    ("scale", "points", "axis"),
    [
        ([], [], 0),
        ([0.0], [0], 0),
        ([-1.0], [0], 0),
        ([float("nan")], [0], 0),
        ([float("inf")], [0], 0),
        ([3e38], [0], 0),
        ([1.0], [1 << 40], 0),
        ([1.0, 1.0], [0, 0, 0], 1),
        ([1.0, 1.0], [0, 0], 0),
        ([1.0, 1.0], [0, 0], 7),
    ],
)
def test_a_broken_quantization_is_none(scale: list[float], points: list[int], axis: int) -> None:
    table = {"scale": np.float32(scale), "zero_point": np.int64(points), "quantized_dimension": axis}
    built = model(taking([1, 5], "INT8", quantization=table))
    assert affine(built.graphs[0].inputs[0]) is None
    assert span_of(built, 0) is None


def test_a_scale_without_zero_points_has_them_at_0() -> None:
    table = {"scale": np.float32([0.5]), "zero_point": np.int64([])}
    assert told(taking([1, 5], "INT8", quantization=table)) == ("quantized", -64.0, 63.5)


# --- what a range is like


def test_ranges_of_images_are_known() -> None:
    for low, high in [(0, 1), (-1, 1), (0, 255), (0, 0.996), (-1, 0.992), (-128, 127)]:
        assert Span(np.array(low), np.array(high), "quantized").is_image
    for low, high in [(0, 6), (-3, 3), (-1, 0.5), (0, 128)]:
        assert not Span(np.array(low), np.array(high), "quantized").is_image


# --- numbers that choose


def choosing(kind: str, table: Sequence[int | None], slot: int = 1, *, via: str = "", **options: Any) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("ids", [1, 4], "INT32")
    value = g.op(via, [x], g.tensor("v", [1, 4], "INT32")) if via else x
    params = g.tensor("table", table)
    g.output(g.op(kind, [params, value] if slot else [value, params], g.tensor("y", [1, 4, 8]), options or None))
    return g


def limit(built: GraphBuilder) -> int | None:
    graph = model(built).graphs[0]
    return limit_of(graph, graph.inputs[0])


def test_an_input_that_a_gather_takes_rows_by_is_limited() -> None:
    assert limit(choosing("GATHER", [100, 8])) == 100
    assert limit(choosing("GATHER", [100, 8], axis=1)) == 8
    assert limit(choosing("GATHER", [100, 8], axis=-1)) == 8
    assert limit(choosing("GATHER", [None, 8])) is None
    assert limit(choosing("GATHER", [100, 8], axis=5)) is None
    assert limit(choosing("GATHER", [100, 8], 0)) is None


def test_ids_are_followed_through_casts_and_reshapes() -> None:
    assert limit(choosing("GATHER", [100, 8], via="CAST")) == 100
    assert limit(choosing("GATHER", [100, 8], via="NEG")) is None


def test_lookups_and_one_hots_limit_too() -> None:
    assert limit(choosing("EMBEDDING_LOOKUP", [50, 8], 0)) == 50
    assert limit(choosing("EMBEDDING_LOOKUP", [50, 8], 1)) is None
    assert limit(choosing("GATHER_ND", [9, 7, 5, 3], 1)) == 3
    assert limit(choosing("GATHER_ND", [], 1)) is None
    g = GraphBuilder()
    x = g.input("ids", [1, 4], "INT32")
    depth = g.constant("depth", np.int32(12), shape=[])
    one = g.constant("one", np.float32(1), shape=[])
    g.output(g.op("ONE_HOT", [x, depth, one, one], g.tensor("y", [1, 4, 12])))
    assert limit(g) == 12


def test_of_several_limits_the_smallest_counts() -> None:
    g = GraphBuilder()
    x = g.input("ids", [1, 4], "INT32")
    g.output(g.op("GATHER", [g.tensor("a", [100, 8]), x], g.tensor("y", [1, 4, 8])))
    g.output(g.op("GATHER", [g.tensor("b", [60, 8]), x], g.tensor("z", [1, 4, 8])))
    g.output(g.op("GATHER", [g.tensor("c", [0, 8]), x], g.tensor("w", [1, 4, 8])))
    assert limit(g) == 60


def test_layers_of_a_source_limit_as_well() -> None:
    for kind, options, wanted in [
        ("Embedding", {"input_dim": 1000}, 1000),
        ("Embedding", {"input_dim": "many"}, None),
        ("CategoryEncoding", {"num_tokens": 7}, 7),
        ("Dense", {"units": 3}, None),
    ]:
        graph = layered((kind, options, {}), shape=(None, 4)).graphs[0]
        assert limit_of(graph, graph.inputs[0]) == wanted


def test_a_gather_of_a_saved_model_names_its_axis_in_an_input() -> None:
    g = TensorFlowGraph()
    ids = g.input((None, 4), "INT32")
    table = g.tensor((100, 8))
    g.output(g.op("GatherV2", [table, ids, g.constant(1, "int32")]))
    graph = g.graph()
    assert limit_of(graph, graph.inputs[0]) == 8
    g = TensorFlowGraph()
    ids = g.input((None, 4), "INT32")
    g.output(g.op("GatherV2", [g.tensor((100, 8)), ids, g.tensor((), "INT32")]))
    graph = g.graph()
    assert limit_of(graph, graph.inputs[0]) is None


def test_a_loop_of_values_ends() -> None:
    g = GraphBuilder()
    x = g.input("ids", [1, 4], "INT32")
    other = g.tensor("v", [1, 4], "INT32")
    g.op("RESHAPE", [x], other)
    g.op("RESHAPE", [other], x)
    assert limit(g) is None
    assert DType.INT32 is model(g).graphs[0].inputs[0].dtype
    assert told(g) is None
