"""TFL801: functions that are stored as bytecode."""

import json
from pathlib import Path
from typing import Any

import h5py
import pytest

from plain_sources import Nodes, dumped, keras, lambda_layer, layer, saved, sequential
from tflint import Format, Model, Severity
from tflint.analysis import bytecode
from tflint.testing import findings
from tflint_rules.security.lambda_bytecode import LambdaBytecode

RULE = LambdaBytecode()
CODE = (
    "4wEAAAAAAAAAAAAAAAMAAAADAAAA80oAAACXAHQBAAAAAAAAAAAAAGQBpgEAAKsBAAAAAAAAAACgAQAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAZAKmAQAAqwEAAAAAAAAAAHABfABTACkDTtoCb3PaBHRydWUpAtoKX19pbXBvcnRfX9oGc3lzdGVt"
    "KQHaAXhzAQAAACD6CG1vZGVsLnB5+gg8bGFtYmRhPnIIAAAAAQAAAHMhAAAAgACNapgU0Q4e1A4e1w4l0g4loGbRDi"
    "3UDi3QDjKwEYAA8wAAAAA="
)
"""The bytecode of `lambda x: __import__("os").system("true") or x` in Python 3.11: its size differs from one to the next."""
PLAIN = dumped(lambda x: x * 2)


def marked(code: str = CODE) -> dict[str, Any]:
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}


def old(name: str, **config: Any) -> dict[str, Any]:
    """A Lambda layer of Keras 2."""
    return {"class_name": "Lambda", "config": {"name": name, "function": [CODE, None, None], **config}}


def bad() -> Model:
    return keras(layer("Dense", "dense"), lambda_layer("scale", marked()))


def good() -> Model:
    return keras(layer("Dense", "dense"), layer("Rescaling", "scale", scale=2.0))


def test_a_lambda_with_bytecode_is_an_error_at_its_layer() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "layers/scale"
    assert "'__import__', 'os' and 'system'" in found.message
    assert "safe_mode=False" in found.message
    assert found.evidence["settings"] == ["config.layers.config.function"]


def test_a_plain_h5_file_is_silent_and_one_with_bytecode_runs_it_whatever_safe_mode_says() -> None:
    assert findings(RULE, keras(layer("Dense", "dense"), format=Format.KERAS_H5)) == []
    [found] = findings(RULE, keras(old("scale", function_type="lambda"), format=Format.KERAS_H5))
    assert "3.11.3" in found.message
    assert "whatever safe_mode says" in found.message


def test_keras_2_code_is_found_without_its_type_too() -> None:
    [found] = findings(RULE, keras(old("scale"), format=Format.KERAS_H5))
    assert found.evidence["functions"] == 1


def test_a_lambda_in_a_wrapper_is_found_at_the_wrapper_and_named() -> None:
    [found] = findings(RULE, keras(layer("TimeDistributed", "times", layer=lambda_layer("inner", marked()))))
    assert found.location.address == "layers/times"
    assert found.message.startswith("Layer 'inner' holds ")


def test_a_lambda_in_a_model_in_a_wrapper_is_found_at_the_wrapper() -> None:
    inner = sequential(lambda_layer("deep", marked()), name="inner")
    [found] = findings(RULE, keras(layer("TimeDistributed", "times", layer=inner)))
    assert found.location.address == "layers/times"
    assert "'deep'" in found.message


def test_a_lambda_in_a_model_within_the_model_has_its_address() -> None:
    [found] = findings(RULE, keras(sequential(lambda_layer("deep", marked()), name="inner")))
    assert found.location.address == "layers/inner/deep"


def test_losses_metrics_and_output_shapes_are_looked_at() -> None:
    model = keras(layer("Dense", "dense"), compile_config={"loss": marked(), "metrics": [marked(PLAIN)]})
    [found] = findings(RULE, model)
    assert found.message.startswith("Setting 'compile_config.loss' ")
    assert found.evidence["functions"] == 2
    [found] = findings(RULE, keras(lambda_layer("a", marked(PLAIN), output_shape=marked(CODE))))
    assert found.evidence["functions"] == 2
    assert found.related == ()


def test_all_layers_with_bytecode_are_one_finding() -> None:
    [found] = findings(RULE, keras(*(lambda_layer(name, marked(PLAIN)) for name in "abc")))
    assert found.message.startswith("Layer 'a' and 2 other layers or settings hold ")
    assert [place.layer for place in found.related] == ["b", "c"]
    assert ", which mentions" not in found.message


def test_what_a_saved_model_keeps_of_its_keras_layers_is_looked_at_once() -> None:
    kept = {"class_name": "Lambda", "name": "lam", "config": {"name": "lam", "function_type": "lambda"}}
    kept["config"]["function"] = {"class_name": "__tuple__", "items": [CODE, None, None]}  # type: ignore[index]
    whole = {"class_name": "Functional", "name": "net", "config": {"name": "net", "layers": [kept]}}
    [found] = findings(RULE, saved(Nodes(), config={"keras_metadata": [whole, kept]}))
    assert found.message.startswith("Layer 'lam' holds ")
    assert "load_model()" in found.message
    assert found.evidence["functions"] == 1


def test_of_very_much_bytecode_the_first_is_searched_for_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "_MOST_SEARCHED", 10)
    [found] = findings(RULE, keras(lambda_layer("a", marked(PLAIN)), lambda_layer("b", marked(CODE))))
    assert found.evidence["functions"] == 2
    assert found.evidence["names"] == []


def test_a_file_without_a_version_is_looked_at_too(tmp_path: Path) -> None:
    for described in (json.dumps(keras(old("scale"), format=Format.KERAS_H5).config), "{"):
        with h5py.File(tmp_path / "model.h5", "w") as file:
            file.attrs["model_config"] = described
        found = findings(RULE, tmp_path / "model.h5")
        assert [each.code for each in found] == ["TFL801"] * (described != "{")


def test_code_that_is_no_base64_and_odd_values_are_taken_as_they_are() -> None:
    [found] = findings(
        RULE, keras(old("a", function_type="lambda", function="\xe3\x01", output_shape_type="lambda", output_shape=[]))
    )
    assert found.evidence["bytes"] == 2
    [found] = findings(RULE, keras(lambda_layer("b", {"class_name": "__lambda__", "config": "abcd"})))
    assert found.evidence["bytes"] == 3
    assert findings(RULE, keras(lambda_layer("c", {"class_name": "__lambda__", "config": {}}))) == []
    assert findings(RULE, keras(lambda_layer("d", {"class_name": ["__lambda__"], "config": 1}))) == []
