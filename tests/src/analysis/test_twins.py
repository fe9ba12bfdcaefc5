"""Which constant of a conversion was which of its original."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tflint import Format
from tflint.analysis import twins as module
from tflint.analysis.sites import sites
from tflint.analysis.twins import Twins, in_layout_of, twins
from tflint.testing import GraphBuilder, model
from twin_models import Layer, Stored, float_model, layers, normal, quantized, rounded

LAYERS = layers()
ORIGINAL = model(float_model(LAYERS), "float.tflite")


def paired(built: GraphBuilder, of: GraphBuilder | None = None) -> Twins:
    return twins(model(built), ORIGINAL if of is None else model(of, "float.tflite"))


def names(found: Twins) -> dict[str, str]:
    return {twin.converted.tensor.name: twin.original.tensor.name for twin in found.pairs}


def one_op(kind: str, weights: Any, options: dict[str, Any] | None = None, **more: Any) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    w = g.constant("w", weights, **more)
    g.output(g.op(kind, [x, w], g.tensor("y", [1, 8]), options or {}))
    return g


def test_constants_at_the_same_place_are_twins() -> None:
    found = paired(quantized(LAYERS))
    assert names(found) == {f"dense_{i}/kernel": f"dense_{i}/kernel" for i in range(3)}
    assert found.strangers == found.zeroed == found.moved == found.unpaired == ()


def test_names_play_no_part_where_places_and_values_agree() -> None:
    renamed = [replace(layer, name=f"constant_{2 - at}") for at, layer in enumerate(LAYERS)]
    assert names(paired(quantized(renamed)))["constant_2/kernel"] == "dense_0/kernel"


def test_layers_in_another_order_are_found_by_name() -> None:
    g = quantized([*reversed(LAYERS)])
    assert names(paired(g)) == {f"dense_{i}/kernel": f"dense_{i}/kernel" for i in range(3)}


def test_layers_in_another_order_are_found_by_value() -> None:
    renamed = [replace(layer, name=f"c{at}") for at, layer in enumerate(reversed(LAYERS))]
    found = paired(quantized(renamed))
    assert names(found) == {"c0/kernel": "dense_2/kernel", "c1/kernel": "dense_1/kernel", "c2/kernel": "dense_0/kernel"}
    assert found.moved == ()


def test_a_layer_more_or_less_hides_no_other() -> None:
    more = [Layer("new", normal(8, 16, seed=99)), *LAYERS]
    found = paired(quantized([replace(layer, name=f"c{at}") for at, layer in enumerate(more)]))
    assert len(found.pairs) == 3
    assert [site.tensor.name for site in found.unpaired] == ["c0/kernel"]


def test_a_constant_that_fits_two_alike_is_left_out() -> None:
    twice = [replace(LAYERS[0], name="a"), replace(LAYERS[0], name="b"), LAYERS[1]]
    found = paired(quantized([replace(LAYERS[0], name="c")]), float_model(twice))
    assert names(found) == {}
    assert [site.tensor.name for site in found.unpaired] == ["c/kernel"]


def test_what_is_like_another_original_is_no_stranger() -> None:
    twice = [replace(LAYERS[0], name="a"), replace(LAYERS[0], name="b"), LAYERS[1]]
    new = replace(LAYERS[1], weights=LAYERS[0].weights)
    found = paired(quantized([replace(LAYERS[0], name="a"), replace(LAYERS[0], name="b"), new]), float_model(twice))
    assert found.strangers == ()


def test_among_too_many_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_ALIKE", 2)
    other = [replace(layer, weights=normal(8, 16, seed=50 + at)) for at, layer in enumerate(LAYERS)]
    found = paired(quantized(other))
    assert found.strangers == found.pairs == ()
    assert len(found.unpaired) == 3


def test_other_values_at_the_same_place_are_strangers() -> None:
    other = [replace(LAYERS[0], weights=normal(8, 16, seed=9)), *LAYERS[1:]]
    [twin] = paired(quantized(other)).strangers
    assert (twin.converted.tensor.name, twin.original.tensor.name) == ("dense_0/kernel", "dense_0/kernel")


def test_wrong_scales_do_not_hide_a_twin() -> None:
    def shuffled(layer: Layer) -> Stored:
        kept = rounded(layer)
        return replace(kept, scale=kept.scale * np.geomspace(1, 1e6, 8).astype(np.float32))

    assert len(paired(quantized(LAYERS, shuffled)).pairs) == 3


def test_zeros_are_told_apart_from_other_values() -> None:
    found = paired(quantized(LAYERS, lambda layer: replace(rounded(layer), values=np.zeros((8, 16), np.int8))))
    assert len(found.zeroed) == 3
    assert found.pairs == found.strangers == ()


def test_zeros_of_the_sample_are_not_taken_for_zeros_of_all() -> None:
    sparse = np.zeros((64, 64), np.int8)
    sparse[0, 1] = 1
    source = float_model([Layer("a", normal(64, 64))])
    found = paired(quantized([Layer("a", normal(64, 64))], lambda _: Stored(sparse, np.ones(1, np.float32))), source)
    assert found.zeroed == found.pairs == ()


def test_zeros_in_both_say_nothing() -> None:
    zeros = [Layer("a", normal(8, 16) * 0)]
    kept = Stored(np.zeros((8, 16), np.int8), np.ones(1, np.float32))
    found = paired(quantized(zeros, lambda _: kept), float_model(zeros))
    assert found.zeroed == found.pairs == found.strangers == ()


def test_constants_that_do_not_vary_say_nothing() -> None:
    alike = [Layer("a", normal(8, 16) * 0 + 3)]
    found = paired(quantized(alike), float_model(alike))
    assert found.pairs == found.strangers == ()


def test_an_all_positive_constant_needs_more_than_signs() -> None:
    found = paired(
        quantized([Layer("a", abs(normal(8, 16, seed=3)))]), float_model([Layer("a", abs(normal(8, 16, seed=4)))])
    )
    assert len(found.strangers) == 1


def test_float16_constants_belong_to_the_op_that_reads_them_widened() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    for layer in reversed(LAYERS):
        half = g.constant(f"{layer.name}/kernel", layer.weights.astype(np.float16))
        w = g.op("DEQUANTIZE", [half], g.tensor("w", [8, 16]), {})
        x = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor(layer.name, [1, 8]), {})
    assert {twin.converted.op.kind for twin in paired(g).pairs} == {"FULLY_CONNECTED"}
    assert len(paired(g).pairs) == 3


def test_a_product_with_a_transposed_constant_is_the_same_layer() -> None:
    weights = LAYERS[0].weights
    for values, options in ((weights.T[None], {}), (weights[None], {"adj_y": True})):
        found = twins(model(one_op("BATCH_MATMUL", np.ascontiguousarray(values), options)), ORIGINAL)
        [twin] = found.pairs
        assert twin.original.tensor.name == "dense_0/kernel"
        back = in_layout_of(twin)
        assert back is not None
        assert np.array_equal(back, values)


def test_a_constant_that_is_read_again_is_paired_once() -> None:
    g = quantized(LAYERS[:1])
    op = g.graph["operators"][0]
    g.graph["operators"] += [dict(op)] * 3
    assert len(paired(g).pairs) == 1


def test_a_constant_that_many_ops_read_is_looked_at_a_few_times() -> None:
    other = quantized([replace(LAYERS[0], weights=normal(8, 16, seed=9), name="c")])
    op = other.graph["operators"][0]
    other.graph["operators"] += [dict(op)] * 10
    assert paired(other).pairs == ()


def test_an_original_in_integers_is_none() -> None:
    assert twins(model(quantized(LAYERS)), model(quantized(LAYERS))).pairs == ()


def test_of_other_formats_nothing_is_known() -> None:
    assert twins(model(quantized(LAYERS)), replace(ORIGINAL, format=Format.KERAS)).pairs == ()


@pytest.mark.parametrize(
    "quantization",
    [
        {"scale": np.ones(8, np.float32), "zero_point": np.zeros(3, np.int64)},
        {"scale": np.ones(3, np.float32), "zero_point": np.zeros(3, np.int64)},
        {"scale": np.ones(8, np.float32), "zero_point": np.zeros(8, np.int64), "quantized_dimension": 9},
        {"scale": np.ones(8, np.float32), "zero_point": np.zeros(8, np.int64), "quantized_dimension": -1},
        {"details": ("BlockwiseQuantization", {"scales": 1, "zero_points": -1, "block_size": 32})},
        {},
    ],
)
def test_parameters_that_mean_nothing_leave_a_constant_out(quantization: dict[str, Any]) -> None:
    g = one_op("FULLY_CONNECTED", np.ones((8, 16), np.int8), quantization=quantization)
    assert list(sites(model(g))) == []


def test_scales_without_zero_points_are_enough() -> None:
    weights = np.round(LAYERS[0].weights * 40).astype(np.int8)
    g = one_op("FULLY_CONNECTED", weights, quantization={"scale": np.full(1, 0.025, np.float32)})
    assert len(paired(g).pairs) == 1


def test_constants_that_cannot_be_read_are_left_out() -> None:
    for shape in ([1] * 8 + [8, 16], [64, 64], [2, 2]):
        g = one_op("FULLY_CONNECTED", np.ones((8, 16), np.float32), shape=shape)
        assert list(sites(model(g))) == []
    text = one_op("FULLY_CONNECTED", np.ones((8, 16), np.int32), scale=0.1)
    assert list(sites(model(text))) == []


def test_what_is_computed_is_no_constant() -> None:
    g = GraphBuilder()
    x = g.input("x", [8, 16])
    y = g.op("ABS", [x], g.tensor("y", [8, 16]))
    z = g.op("QUANTIZE", [y], g.tensor("z", [8, 16], "INT8", scale=0.1))
    for _ in range(2):
        z = g.op("DEQUANTIZE", [z], g.tensor("more", [8, 16]))
    g.output(g.op("FULLY_CONNECTED", [x, z, -1], g.tensor("out", [8, 8]), {}))
    assert list(sites(model(g))) == []
