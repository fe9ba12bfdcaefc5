"""TFL336: weights and biases that the source has and the conversion has not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from real_pairs import LOST, TRUE_PAIRS, source_at
from sources import Source, batch_norm, folded
from tflint import Finding, Model, Severity
from tflint.formats import read
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.quantization.lost_weights import LostWeights
from twin_models import Floats, Layer, Stored, conversions, float_model, layers, normal, quantized, rounded

RULE = LostWeights()
LAYERS = layers()
SOURCE = model(float_model(LAYERS), "float.tflite")
CONTEXT = {"source": SOURCE}


def bad() -> GraphBuilder:
    return quantized(LAYERS, bias=lambda layer, _: None if layer.name == "dense_1" else layer.bias)


def good() -> GraphBuilder:
    return quantized(LAYERS)


def found(built: GraphBuilder, source: GraphBuilder | None = None) -> list[Finding]:
    return findings(RULE, built, source=SOURCE if source is None else model(source, "float.tflite"))


def empty(layer: Layer) -> Stored:
    kept = rounded(layer)
    return replace(kept, values=kept.values * 0) if layer.name == "dense_0" else kept


def test_a_bias_that_is_left_out_is_an_error() -> None:
    [one] = found(bad())
    assert one.severity is Severity.ERROR
    assert one.location.address == "0/1:FULLY_CONNECTED"
    assert one.message == (
        "1 op adds no bias, or zeros; in the source the op with the same weights adds 'dense_1/bias'."
    )


def test_biases_of_zeros_are_an_error() -> None:
    [one] = found(quantized(LAYERS, bias=lambda layer, _: normal(8) * 0))
    assert one.message == (
        "3 ops add no bias, or zeros; in the source the ops with the same weights add 'dense_0/bias', 'dense_1/bias' "
        "and 'dense_2/bias'."
    )
    assert [each.address for each in one.related] == ["0/1:FULLY_CONNECTED", "0/2:FULLY_CONNECTED"]


def test_a_float_conversion_can_lose_its_biases_too() -> None:
    without = [replace(layer, bias=None) for layer in LAYERS]
    [one] = found(float_model(without))
    assert one.message.startswith("3 ops add no bias")


def test_a_source_without_a_bias_loses_none() -> None:
    without = [replace(layer, bias=None) for layer in LAYERS]
    zeros = [replace(layer, bias=normal(8) * 0) for layer in LAYERS]
    nothing = [replace(layer, bias=normal(8) * 1e-9) for layer in LAYERS]
    assert found(quantized(without), float_model(without)) == []
    assert found(quantized(without), float_model(zeros)) == []
    assert found(float_model(without), float_model(nothing)) == []


def test_a_bias_below_half_a_step_of_the_output_is_not_missed() -> None:
    small = [replace(layer, bias=normal(8) * 0.001) for layer in LAYERS]
    assert found(quantized(small, bias=lambda *_: None), float_model(small)) == []


def test_a_bias_that_rounds_to_zero_is_not_lost() -> None:
    small = [replace(layer, bias=normal(8) * 1e-4) for layer in LAYERS]
    assert found(quantized(small), float_model(small)) == []


def test_a_constant_that_is_added_later_may_be_the_bias() -> None:
    for kind in ("ADD", "Mystery"):
        g = quantized(LAYERS[:1], bias=lambda *_: None)
        out = g.graph["outputs"][0]
        shaped = g.op("RESHAPE", [out], g.tensor("shaped", [8], "INT8", scale=0.05), {})
        added = g.constant("bias", np.ones(8, np.int8), scale=0.05)
        g.op(kind, [shaped, added], g.tensor("sum", [8], "INT8", scale=0.05))
        assert found(g, float_model(LAYERS[:1])) == []


def test_a_sum_without_a_constant_is_no_bias() -> None:
    g = quantized(LAYERS[:1], bias=lambda *_: None)
    out = g.graph["outputs"][0]
    g.op("ADD", [out, out], g.tensor("twice", [1, 8], "INT8", scale=0.05))
    assert len(found(g, float_model(LAYERS[:1]))) == 1


def test_a_bias_that_is_computed_is_not_judged() -> None:
    g = quantized(LAYERS[:1], bias=lambda *_: None)
    g.graph["operators"][0]["inputs"][2] = g.input("bias", [8], "INT32", scale=0.01)
    assert found(g, float_model(LAYERS[:1])) == []


def test_ops_without_a_slot_for_a_bias_are_not_judged() -> None:
    products = [Layer("scale", normal(8, 16), None, "MUL")]
    source = float_model(products)
    source.graph["operators"][0]["opcode_index"] = source._code("FULLY_CONNECTED", 1)
    source.graph["operators"][0]["inputs"].append(source.constant("bias", normal(8)))
    assert found(quantized(products), source) == []


def test_an_op_without_outputs_is_judged_by_its_bias_alone() -> None:
    g = quantized(LAYERS[:1], bias=lambda *_: None, activations="FLOAT32")
    g.graph["operators"][0]["outputs"] = []
    assert len(found(g, float_model(LAYERS[:1]))) == 1


def test_weights_of_zeros_are_an_error() -> None:
    [one] = found(quantized(LAYERS, empty))
    assert one.message == "1 weight tensor is all zeros ('dense_0/kernel'); the source has other values there."
    assert one.location.name == "dense_0/kernel"


def test_weights_that_the_output_does_not_show_may_be_zeros() -> None:
    g = quantized(LAYERS, empty)
    g.graph["tensors"][0]["quantization"]["scale"] = np.array([1e-9], np.float32)
    assert found(g) == []


def test_several_weights_of_zeros_are_one_finding() -> None:
    [one] = found(quantized(LAYERS, lambda layer: replace(rounded(layer), values=rounded(layer).values * 0)))
    assert one.message.startswith("3 weight tensors are all zeros (")


def test_weights_of_another_model_have_lost_nothing() -> None:
    other = [replace(layer, weights=normal(8, 16, seed=60 + at), bias=None) for at, layer in enumerate(LAYERS)]
    assert found(quantized(other)) == []


def test_nothing_is_said_without_a_source() -> None:
    assert findings(RULE, bad()) == []


@pytest.mark.skipif(not conversions(), reason="there are no real models")
def test_real_conversions_are_silent() -> None:
    for path, original in conversions():
        assert findings(RULE, read(str(path)), source=read(str(original))) == [], path


def normalised(bias: Floats) -> tuple[Model, Floats, Floats]:
    """A source with a layer and a batch normalization; what its kernel, and its bias without the layer's, become."""
    kernel, norm = normal(16, 8), batch_norm(8)
    made = Source()
    made.input()
    made.layer("Dense", "dense", {"kernel": kernel, "bias": bias})
    made.layer("BatchNormalization", "bn", norm)
    weights, added = folded(kernel, 0 * bias, norm)
    return made.model(), weights.T, added


@pytest.mark.parametrize("convert", [quantized, float_model])
def test_a_bias_that_was_lost_when_batch_normalization_was_folded_is_an_error(
    convert: Callable[[list[Layer]], GraphBuilder],
) -> None:
    source, weights, added = normalised(normal(8, seed=3))
    [one] = findings(RULE, convert([Layer("d", weights, added)]), source=source)
    assert one.message.startswith(
        "1 op adds what batch normalization does, and not the bias of the source's layer before it ('dense/bias'); up"
    )


def test_a_bias_that_is_folded_with_the_others_is_not_lost() -> None:
    bias = normal(8, seed=3)
    source, weights, _ = normalised(bias)
    _, added = folded(normal(16, 8), bias, batch_norm(8))
    assert findings(RULE, float_model([Layer("d", weights, added)]), source=source) == []


def test_a_bias_of_another_training_is_not_lost() -> None:
    source, weights, _ = normalised(normal(8, seed=3))
    assert findings(RULE, float_model([Layer("d", weights, normal(8, seed=4))]), source=source) == []


def test_a_bias_of_nothing_is_not_lost() -> None:
    source, weights, added = normalised(normal(8, seed=3) * 1e-9)
    assert findings(RULE, float_model([Layer("d", weights, added)]), source=source) == []


@pytest.mark.parametrize(("path", "of"), TRUE_PAIRS, ids=lambda path: "/".join(path.parts[-2:]))
def test_the_conversion_of_a_source_lost_nothing(path: Path, of: Path) -> None:
    assert findings(RULE, read(path), source=source_at(of)) == []


@pytest.mark.parametrize(("path", "of"), LOST, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_published_conversion_lost_its_biases(path: Path, of: Path) -> None:
    [one] = findings(RULE, read(path), source=source_at(of))
    assert one.message.startswith("8 ops add what batch normalization does")
