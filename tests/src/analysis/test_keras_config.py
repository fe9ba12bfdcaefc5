"""The objects in a Keras configuration."""

import json

import pytest

from plain_sources import keras, layer, sequential
from tflint.analysis import keras_config
from tflint.analysis.keras_config import clean, owner, parts, place, texts
from tflint.formats.keras.config import parse
from tflint.model import Format, Model


def test_each_object_knows_its_layer_its_address_and_its_path() -> None:
    inner = sequential(layer("Dense", "dense", kernel={"class_name": "Zeros", "config": {}}), name="inner")
    found = {
        part.kind: part for part in parts(keras(layer("TimeDistributed", "times", layer=layer("LSTM", "cell")), inner))
    }
    assert (found["LSTM"].layer, found["LSTM"].address) == ("cell", "layers/times")
    assert (found["Zeros"].layer, found["Zeros"].address) == ("dense", "layers/inner/dense")
    assert found["Zeros"].path == ("config", "layers", "config", "layers", "config", "kernel")
    assert found["Sequential"].config["name"] == "inner"


def test_a_place_is_the_op_of_the_layer_or_else_the_model() -> None:
    model = keras(layer("Dense", "dense"), compile_config={"loss": {"class_name": "MeanSquaredError"}})
    dense, loss = (part for part in parts(model) if part.kind in {"Dense", "MeanSquaredError"})
    assert place(model, dense) == model.graphs[0].ops[0].location
    assert place(model, loss).address == ""
    assert (owner(dense), owner(loss)) == ("Layer 'dense'", "Setting 'compile_config.loss'")
    assert owner(parts(model)[0]) == "The model"


def test_names_that_are_none_are_passed_over() -> None:
    odd = [{"class_name": "Dense", "config": 3}, {"class_name": 4, "name": ["x"]}, 5, None]
    model = Model("m", Format.KERAS, 1, config={"config": {"layers": odd}})
    assert [part.layer for part in parts(model)] == ["", "", "", ""]
    assert {part.kind for part in parts(model)} == {"", "Dense"}


def test_texts_that_utf_8_cannot_have_are_made_fit_to_print() -> None:
    model = Model("m", Format.KERAS, 1, config={"layer": {"class_name": "Dense", "name": "a\ud800"}})
    assert parts(model)[1].layer == "a?"
    assert clean(["x"]) == ""


def test_texts_are_values() -> None:
    model = Model("m", Format.KERAS, 1, config={"a": "one", "b": ["two", {"c": "three", "d": 4}]})
    assert sorted(texts(parts(model))) == ["one", "three", "two"]


def test_the_walk_is_bounded_and_deep_files_do_not_break_it(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = json.loads('{"a":' * 190 + "1" + "}" * 190)
    assert len(parts(Model("m", Format.KERAS, 1, config=parse(json.dumps(deep))))) == 190
    monkeypatch.setattr(keras_config, "_MOST", 10)
    assert len(parts(Model("m", Format.KERAS, 1, config={"a": [{}] * 100}))) == 10
