"""TFL613: a file that is not, or no longer, the conversion of the source beside it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from real_pairs import NOT_A_PAIR, TRUE_PAIRS, source_at
from sources import Source, batch_norm, folded
from tflint import Finding, Model, Severity
from tflint.formats import read
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.interface.stale_conversion import StaleConversion
from twin_models import Layer, float_model, layers, normal, quantized

RULE = StaleConversion()
LAYERS = layers()


def source(of: list[Layer] = LAYERS, trained: float = 0.0) -> Model:
    """A Keras model of these layers, after a step of training of this size."""
    made = Source()
    made.input()
    for number, layer in enumerate(of):
        weights: dict[str, Any] = {
            "kernel": (layer.weights + trained * normal(*layer.weights.shape, seed=50 + number)).T
        }
        if layer.bias is not None:
            weights["bias"] = layer.bias
        made.layer("Dense", layer.name, weights, activation="linear")
    return made.model()


CONTEXT = {"source": source(trained=0.01)}
GOOD_CONTEXT = {"source": source()}


def bad() -> GraphBuilder:
    return quantized(LAYERS)


def good() -> GraphBuilder:
    return quantized(LAYERS)


def found(built: GraphBuilder, of: Model) -> list[Finding]:
    return findings(RULE, built, source=of)


@pytest.mark.parametrize("size", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("convert", [quantized, float_model])
def test_one_step_of_training_is_an_error(convert: Any, size: float) -> None:
    [one] = found(convert(LAYERS), source(trained=size))
    assert one.severity is Severity.ERROR
    assert one.evidence["different"] == 3 or size < 1e-3
    assert "near those of the source 'model.keras', and not what a conversion makes of them" in one.message


def test_one_layer_that_was_trained_is_enough() -> None:
    trained = [replace(LAYERS[0], weights=LAYERS[0].weights + normal(8, 16, seed=9) / 100), *LAYERS[1:]]
    [one] = found(float_model(LAYERS), source(trained))
    assert one.message.startswith("1 of 3 weight tensors is near those of the source")
    assert one.related == ()


def test_another_training_from_the_start_is_an_error() -> None:
    [one] = found(quantized(layers()), source([Layer(f"d{i}", normal(8, 16, seed=70 + i)) for i in range(3)]))
    assert one.severity is Severity.ERROR
    assert one.message.startswith("None of 3 weight tensors is what the source 'model.keras' has; 'dense_0/kernel'")


def test_a_layer_of_another_training_is_a_warning() -> None:
    [one] = found(quantized(LAYERS), source([Layer("new", normal(8, 16, seed=70)), *LAYERS[1:]]))
    assert one.severity is Severity.WARNING
    assert one.message.startswith("2 of 3 weight tensors are what the source 'model.keras' has; 'dense_0/kernel' has")


def test_another_model_is_an_error() -> None:
    [one] = found(quantized(LAYERS), source([Layer(f"d{i}", normal(5, 7, seed=i)) for i in range(3)]))
    assert one.message.startswith("No weight of the file has the sizes of one in the source 'model.keras'")


def test_a_few_weights_of_other_sizes_say_nothing() -> None:
    assert found(quantized(LAYERS), source([Layer("only", normal(5, 7))])) == []


def test_batch_normalization_that_is_folded_in_is_no_difference() -> None:
    kernel, bias, norm = normal(16, 8), normal(8, seed=1), batch_norm(8)
    made = Source()
    made.input()
    made.layer("Dense", "dense", {"kernel": kernel, "bias": bias})
    made.layer("BatchNormalization", "bn", norm, epsilon=1e-3)
    weights, added = folded(kernel, bias, norm)
    assert found(float_model([Layer("d", weights.T, added)]), made.model()) == []
    assert found(quantized([Layer("d", weights.T, added)]), made.model()) == []
    [one] = found(float_model([Layer("d", weights.T * 1.01, added)]), made.model())
    assert one.evidence["different"] == 1


def test_a_tflite_source_is_judged_by_another_rule() -> None:
    other = model(float_model([Layer("d", normal(8, 16, seed=70))]), "float.tflite")
    assert found(quantized(LAYERS[:1]), other) == []
    assert findings(RULE, quantized(LAYERS)) == []


def test_weights_that_training_rounds_are_near_by_nature() -> None:
    made = Source()
    made.input()
    made.layer("QuantizeWrapperV2", "quant_dense", {"kernel": LAYERS[0].weights.T})
    assert found(float_model([replace(LAYERS[0], weights=np.round(LAYERS[0].weights * 4) / 4)]), made.model()) == []


@pytest.mark.parametrize(("path", "of"), TRUE_PAIRS, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_true_pair_is_silent(path: Any, of: Any) -> None:
    assert findings(RULE, read(path), source=source_at(of)) == []


@pytest.mark.parametrize(("path", "of"), NOT_A_PAIR, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_published_pair_that_is_none_is_found(path: Any, of: Any) -> None:
    [one] = findings(RULE, read(path), source=source_at(of))
    assert one.severity is Severity.ERROR
