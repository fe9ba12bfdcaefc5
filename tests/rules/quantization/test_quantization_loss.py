"""TFL335: what quantized weights lost of the float source."""

from dataclasses import replace

import numpy as np
import pytest

from sources import Source
from tflint import Finding, Severity
from tflint.formats import read
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.quantization.quantization_loss import QuantizationLoss
from twin_models import Layer, Stored, conversions, float_model, layers, normal, quantized, rounded

RULE = QuantizationLoss()
LAYERS = layers()
SOURCE = model(float_model(LAYERS), "float.tflite")
CONTEXT = {"source": SOURCE}


def bad() -> GraphBuilder:
    return quantized(LAYERS, lambda layer: doubled(layer) if layer.name == "dense_1" else rounded(layer))


def good() -> GraphBuilder:
    return quantized(LAYERS)


def doubled(layer: Layer) -> Stored:
    kept = rounded(layer)
    return replace(kept, scale=kept.scale * 2)


def uneven() -> list[Layer]:
    """A layer whose channels differ up to 100 times in size."""
    sizes = np.geomspace(1, 100, 8).astype(np.float32)[:, None]
    return [Layer("dense", normal(8, 16) * sizes)]


def found(built: GraphBuilder, of: list[Layer] | None = None) -> list[Finding]:
    return findings(RULE, built, source=SOURCE if of is None else model(float_model(of), "float.tflite"))


def test_weights_with_a_wrong_scale_are_an_error() -> None:
    [one] = found(bad())
    assert one.severity is Severity.ERROR
    assert one.location.name == "dense_1/kernel"
    assert one.message == (
        "'dense_1/kernel' holds the weights of the source times 2, in 8 of 8 channels; rounded they were expected, "
        "and the results are wrong."
    )
    [figures] = one.evidence["tensors"]
    assert figures["db"] == pytest.approx(0, abs=0.1)
    assert figures["channels"] == 8
    assert figures["channels_below"] == 8


def test_all_weights_with_wrong_scales_are_one_finding() -> None:
    [one] = found(quantized(LAYERS, doubled))
    assert one.message.endswith("The same is wrong with 2 more constants.")
    assert [each.name for each in one.related] == ["dense_1/kernel", "dense_2/kernel"]


def test_factors_of_some_channels_are_named() -> None:
    def some(layer: Layer) -> Stored:
        kept = rounded(layer)
        return replace(kept, scale=kept.scale * np.array([2, 4, 1, 1, 1, 1, 1, 1], np.float32))

    [one] = found(quantized(LAYERS[:1], some), LAYERS[:1])
    assert "times 2 to 4, in 2 of 8 channels;" in one.message


def test_a_wrong_zero_point_is_an_error() -> None:
    def moved(layer: Layer) -> Stored:
        kept = rounded(layer)
        return replace(kept, values=(kept.values.astype(int) + 128).astype(np.uint8), zero_point=100)

    [one] = found(quantized(LAYERS, moved))
    assert one.severity is Severity.ERROR
    assert "moved by up to 28 steps, in 8 of 8 channels;" in one.message


def test_a_wrong_zero_point_of_a_whole_constant_names_no_channels() -> None:
    whole = [Layer("scale", normal(8, 16), None, "MUL")]
    kept = rounded(whole[0], per_channel=False)
    [one] = found(quantized(whole, lambda _: replace(kept, zero_point=20)), whole)
    assert "'scale/kernel' holds the weights of the source moved by up to 20 steps; rounded" in one.message


def test_factors_that_the_bias_has_too_are_meant() -> None:
    built = quantized(LAYERS, doubled, bias=lambda layer, _: None if layer.bias is None else layer.bias * 2)
    assert found(built) == []


def test_factors_where_another_op_was_folded_in_are_meant() -> None:
    source = float_model(LAYERS)
    source.op("MUL", [0, 0], source.tensor("more", [1, 16]))
    assert findings(RULE, quantized(LAYERS, doubled), source=model(source, "float.tflite")) == []


def test_another_model_is_told_as_such_and_not_as_a_loss() -> None:
    other = [replace(layer, weights=normal(8, 16, seed=50 + at)) for at, layer in enumerate(LAYERS)]
    [one] = found(quantized(other))
    assert one.severity is Severity.ERROR
    assert one.message == (
        "3 of 3 constants have other values than the source has in the same place ('dense_0/kernel', 'dense_1/kernel' "
        "and 'dense_2/kernel'); the file was converted from another source, from another state of it, or changed since."
    )
    assert one.evidence == {"different": 3, "alike": 0}


def test_a_layer_that_was_trained_on_is_told_as_such() -> None:
    trained = replace(LAYERS[1], weights=LAYERS[1].weights + 0.3 * normal(8, 16, seed=9))
    [one] = found(quantized([LAYERS[0], trained, LAYERS[2]]))
    assert one.severity is Severity.WARNING
    assert one.message.startswith("1 of 3 constants has other values than the source has in the same place")


def test_mixed_up_layers_are_an_error() -> None:
    mixed = [replace(LAYERS[0], weights=LAYERS[1].weights), replace(LAYERS[1], weights=LAYERS[0].weights), LAYERS[2]]
    [one] = found(quantized(mixed))
    assert one.severity is Severity.ERROR
    assert one.message == (
        "'dense_0/kernel' holds what the source has in 'dense_1/kernel'; the weights of 'dense_0/kernel' were expected "
        "there. So it is with 1 more constant."
    )


def test_one_mixed_up_layer_is_enough() -> None:
    [moved] = found(quantized([replace(LAYERS[0], weights=LAYERS[1].weights), *LAYERS[1:]]))
    assert moved.message.endswith("the weights of 'dense_0/kernel' were expected there.")


def test_one_scale_for_channels_of_different_sizes_loses_the_small_ones() -> None:
    built = quantized(uneven(), lambda layer: rounded(layer, per_channel=False), activations="FLOAT32")
    [one] = found(built, uneven())
    assert one.severity is Severity.WARNING
    assert one.message == (
        "1 of 1 constant has lost much of the source's values: 'dense/kernel' keeps less than 10 dB in 1 of 8 channels "
        "(one scale for channels that differ 61 times in size). 20 dB are expected, and 10 dB of a channel."
    )


def test_clipped_weights_lose_much() -> None:
    one_layer = LAYERS[:1]
    kept = rounded(one_layer[0])
    tight = (kept.scale / 4).astype(np.float32)
    values = np.clip(np.round(one_layer[0].weights / tight[:, None]), -127, 127).astype(np.int8)
    [one] = found(quantized(one_layer, lambda _: Stored(values, tight)), one_layer)
    assert one.severity is Severity.WARNING
    assert "(its largest values are clipped)" in one.message


def test_steps_that_are_too_large_lose_much() -> None:
    [one] = found(quantized(LAYERS, lambda layer: rounded(layer, 3)), None)
    assert "steps 42 times as large as needed" in one.message
    assert one.message.startswith("3 of 3 constants have lost much of the source's values:")
    assert len(one.related) == 2


def test_no_more_than_three_are_named() -> None:
    many = layers(5)
    [one] = found(quantized(many, lambda layer: rounded(layer, 3)), many)
    assert "; and 2 more. 20 dB are expected, and 10 dB of a channel." in one.message


def test_one_value_that_is_far_larger_costs_the_others() -> None:
    weights = normal(2, 4000)
    weights[:, 0] = 400
    lone = [Layer("dense", weights)]
    [one] = found(quantized(lone, activations="FLOAT32"), lone)
    assert "keeps 17.7 dB (a few values are far larger than the rest)" in one.message


def test_factors_of_any_size_are_readable() -> None:
    def some(layer: Layer) -> Stored:
        kept = rounded(layer)
        return replace(kept, scale=kept.scale * np.array([0.25, 4096, 1, 1, 1, 1, 1, 1], np.float32))

    [one] = found(quantized(LAYERS, some, activations="FLOAT32"))
    assert "times 0.25 to 4,101, in 2 of 8 channels;" in one.message


def test_4_bits_are_measured_by_what_4_bits_can_hold() -> None:
    four = [Layer("dense", normal(8, 64))]
    fine = quantized(four, lambda layer: replace(rounded(layer, 7), dtype="INT4"))
    assert found(fine, four) == []
    coarse = quantized(four, lambda layer: replace(rounded(layer, 2), dtype="INT4"))
    [one] = found(coarse, four)
    assert "steps 4 times as large as needed" in one.message


def test_a_loss_that_the_output_does_not_show_is_none() -> None:
    tiny = quantized(LAYERS, lambda layer: rounded(layer, 3), scale=0.05)
    for tensor in tiny.graph["tensors"]:
        if tensor["name"] == "x":
            tensor["quantization"]["scale"] = np.array([1e-6], np.float32)
    [one] = found(tiny)
    assert "2 of 3" in one.message


def test_float16_conversions_are_silent() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    for layer in LAYERS:
        half = g.constant(f"{layer.name}/half", layer.weights.astype(np.float16))
        w = g.op("DEQUANTIZE", [half], g.tensor(f"{layer.name}/kernel", [8, 16]), {})
        x = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor(f"{layer.name}/out", [1, 8]), {})
    g.output(x)
    assert found(g) == []


def test_nothing_is_said_without_a_source() -> None:
    assert findings(RULE, bad()) == []


@pytest.mark.skipif(not conversions(), reason="there are no real models")
def test_real_conversions_are_silent() -> None:
    for path, original in conversions():
        assert findings(RULE, read(str(path)), source=read(str(original))) == [], path


def test_other_values_than_those_of_a_keras_source_are_told_by_another_rule() -> None:
    made = Source()
    made.input()
    made.layer("Dense", "dense", {"kernel": normal(16, 8, seed=77)})
    assert findings(RULE, quantized(LAYERS), source=made.model()) == []
