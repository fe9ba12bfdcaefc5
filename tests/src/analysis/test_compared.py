"""What a conversion made of the weights of its original, channel by channel."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tflint.analysis import losses
from tflint.analysis.compared import Compared, Measured, compared, reason, values_of
from tflint.analysis.losses import loss
from tflint.analysis.twins import twins
from tflint.testing import GraphBuilder, model
from twin_models import Layer, Stored, float_model, layers, normal, quantized, rounded

LAYERS = layers(1)


def measured(store: Callable[[Layer], Stored] = rounded, of: list[Layer] = LAYERS, **more: Any) -> Measured:
    [found] = compared(model(quantized(of, store, **more)), model(float_model(of))).measured
    return found


def of(built: GraphBuilder) -> Compared:
    return compared(model(built), model(float_model(LAYERS)))


def test_the_ratio_is_that_of_the_definition() -> None:
    found = measured()
    kept = rounded(LAYERS[0])
    real = LAYERS[0].weights.astype(np.float64)
    errors = kept.values * kept.scale.astype(np.float64)[:, None] - real
    assert found.loss.db == pytest.approx(10 * np.log10((real**2).sum() / (errors**2).sum()))
    each = 10 * np.log10((real**2).sum(axis=1) / (errors**2).sum(axis=1))
    assert found.loss.channel_db == pytest.approx(each)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("CONV_2D", (8, 3, 3, 64)),
        ("DEPTHWISE_CONV_2D", (1, 20, 20, 8)),
        ("TRANSPOSE_CONV", (8, 3, 3, 64)),
        ("FULLY_CONNECTED", (8, 512)),
    ],
)
def test_rounding_leaves_what_its_steps_say(kind: str, shape: tuple[int, ...]) -> None:
    for levels in (127, 7):
        found = measured(lambda layer, levels=levels: rounded(layer, levels), [Layer("a", normal(*shape), None, kind)])
        assert found.loss.channel_db.size == 8
        exact = replace(found.loss, levels=levels)
        assert exact.channel_db == pytest.approx(exact.ideal_db, abs=1.5)
        assert found.loss.is_rounded.all()


def test_pieces_make_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, shape in (("CONV_2D", (8, 5, 5, 7)), ("DEPTHWISE_CONV_2D", (1, 9, 9, 8)), ("MUL", (8, 40))):
        layer = Layer("a", normal(*shape), None, kind)
        whole = measured(of=[layer]).loss
        for piece in (16, 100):
            monkeypatch.setattr(losses, "_PIECE", piece)
            found = measured(of=[layer]).loss
            assert found.noise == pytest.approx(whole.noise)
            assert found.energy == pytest.approx(whole.energy)
            assert found.largest == pytest.approx(whole.largest)
        monkeypatch.undo()


def test_values_of_a_constant_of_unknown_channels_are_one_channel() -> None:
    layer = Layer("a", normal(8, 16), None, "MUL")
    assert measured(lambda each: rounded(each, per_channel=False), [layer]).loss.energy.size == 1


def test_factors_are_found_whatever_the_bits() -> None:
    for factor in (0.25, 1.5, 8.0):
        found = measured(lambda layer, by=factor: replace(rounded(layer), scale=rounded(layer).scale * np.float32(by)))
        assert found.loss.factors == pytest.approx(np.full(8, factor), rel=0.02)
        assert found.scaled.all()


def test_factors_of_floats_are_found() -> None:
    twice = [replace(layer, weights=layer.weights * 2) for layer in LAYERS]
    [found] = compared(model(float_model(twice)), model(float_model(LAYERS))).measured
    assert found.loss.factors == pytest.approx(np.full(8, 2.0))
    assert np.isnan(found.loss.shifts).all()


def test_few_odd_channels_are_chance() -> None:
    def odd(layer: Layer) -> Stored:
        kept = rounded(layer)
        noise = np.random.default_rng(0).normal(0, 30, kept.values.shape)
        values = np.where(np.arange(8)[:, None] < 5, np.clip(kept.values + noise, -127, 127), kept.values // 2)
        return replace(kept, values=values.astype(np.int8))

    found = measured(odd)
    assert not found.is_wrong


def test_rounding_that_makes_up_for_errors_is_not_another_model() -> None:
    def pushed(layer: Layer) -> Stored:
        kept = rounded(layer, 7)
        return replace(
            kept, values=np.clip(kept.values + np.random.default_rng(0).integers(-1, 2, (8, 16)), -7, 7).astype(np.int8)
        )

    found = measured(pushed)
    assert not found.loss.is_rounded.all()
    assert not found.is_replaced


def test_a_channel_of_next_to_nothing_is_not_counted() -> None:
    weights = normal(8, 16)
    weights[3] *= 1e-6
    assert measured(of=[replace(LAYERS[0], weights=weights)], activations="FLOAT32").counted.sum() == 7


@pytest.mark.parametrize("scale", [0.0, float("inf"), float("nan")])
def test_activations_without_a_proper_scale_hide_nothing(scale: float) -> None:
    g = quantized(LAYERS, lambda layer: rounded(layer, 3))
    g.graph["tensors"][0]["quantization"]["scale"] = np.array([scale], np.float32)
    assert of(g).measured[0].counted.all()


def test_activations_without_a_zero_point_have_zero() -> None:
    g = quantized(LAYERS, lambda layer: rounded(layer, 3))
    g.graph["tensors"][0]["quantization"]["zero_point"] = np.empty(0, np.int64)
    assert of(g).measured[0].counted.all()


def test_an_op_without_outputs_hides_nothing() -> None:
    g = quantized(LAYERS, lambda layer: rounded(layer, 3))
    g.graph["operators"][0]["outputs"] = []
    g.graph["outputs"] = []
    assert of(g).measured[0].counted.all()


def test_values_that_are_not_finite_are_not_measured() -> None:
    weights = LAYERS[0].weights.copy()
    weights[0, 0] = np.inf
    g = float_model([replace(LAYERS[0], weights=weights)])
    assert compared(model(g), model(float_model(LAYERS))).measured == ()
    wrong = quantized(LAYERS)
    wrong.graph["tensors"][1]["quantization"]["scale"] = np.array([np.nan] + [0.02] * 7, np.float32)
    assert of(wrong).measured == ()


def test_unsigned_weights_are_measured_from_their_zero_point() -> None:
    def unsigned(layer: Layer) -> Stored:
        kept = rounded(layer)
        return replace(kept, values=(kept.values.astype(int) + 128).astype(np.uint8), zero_point=128)

    found = measured(unsigned)
    assert found.loss.levels == 127
    assert found.loss.is_rounded.all()


def test_the_bias_decides_where_it_tells_something() -> None:
    doubled = lambda layer: replace(rounded(layer), scale=rounded(layer).scale * 2)  # noqa: E731
    twice = lambda layer, _: layer.bias * 2  # noqa: E731
    assert measured(doubled, bias=twice).is_folded
    assert not measured(doubled).is_folded
    assert not measured(doubled, bias=lambda layer, _: layer.bias * 0).is_folded
    assert not measured(doubled, bias=lambda *_: None).is_folded
    g = quantized(LAYERS, doubled)
    g.graph["operators"][0]["inputs"][2] = g.constant("short", np.ones(3, np.int32), scale=0.1)
    assert not of(g).measured[0].is_folded


def test_the_reason_of_a_loss_is_the_largest_part_of_it() -> None:
    assert reason(measured(lambda layer: rounded(layer, 3))) == "steps 42 times as large as needed"


def test_a_bias_that_is_larger_than_the_weights_is_none() -> None:
    g = quantized(LAYERS)
    g.graph["operators"][0]["inputs"][2] = g.constant("long", np.ones(300, np.int32), scale=0.1)
    assert of(g).measured[0].twin.converted.bias is None


def test_the_values_of_a_bias_are_known_or_not() -> None:
    g = GraphBuilder()
    g.constant("float", np.ones(4, np.float32))
    g.constant("scaled", np.ones(4, np.int32), scale=[1, 2, 3, 4])
    g.constant("plain", np.ones(4, np.int32))
    g.constant("odd", np.ones(4, np.int32), scale=[1, 2])
    g.constant("deep", np.ones((1, 2, 2), np.float32))
    g.constant("truth", np.ones(4, np.bool_))
    tensors = model(g).graphs[0].tensors
    known = [values_of(tensor) for tensor in tensors]
    assert [None if each is None else each.tolist() for each in known] == [
        [1, 1, 1, 1],
        [1, 2, 3, 4],
        None,
        None,
        None,
        None,
    ]
    assert values_of(None) is None


def test_a_pair_that_cannot_be_read_has_no_loss() -> None:
    [twin] = twins(model(quantized(LAYERS)), model(float_model(LAYERS))).pairs
    gone = replace(twin.original.tensor, data=None)
    assert loss(replace(twin, original=replace(twin.original, tensor=gone))) is None


FILE = quantized(layers(2)).to_bytes()
SOURCE = model(float_model(layers(2)))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(8, len(FILE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_files_are_compared_without_a_crash(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(FILE)
    for place, value in changes:
        damaged[place] = value
    compared(model(bytes(damaged)), SOURCE)
    compared(SOURCE, model(bytes(damaged)))
