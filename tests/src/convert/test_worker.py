"""The worker with a stand-in for TensorFlow, in this process: what it asks of it, and what it tells."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tflint.convert.worker import NO_LIBRARY, _errors, _first, main

X = {"key": "run", "inputs": {"x": ["float32", [None, 4]], "ids": ["int32", [None, None]]}}
KERAS_INPUT = SimpleNamespace(name="a:0", dtype="float32", shape=(None, 2))
ALSO = {"key": "serve", "inputs": {"on": ["bool", [1]], "texts": ["string", [2]]}}


class Converter:
    """A converter that does what `convert` says."""

    def __init__(self, convert: Callable[[Any], bytes]) -> None:
        self.target_spec = SimpleNamespace()
        self.made = convert

    def convert(self) -> bytes:
        return self.made(self)


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs the worker: the answer to a request, and the converter that was asked."""

    def run(convert: Callable[[Any], bytes] = lambda _: b"model", **more: Any) -> tuple[dict[str, Any], Any]:
        request: dict[str, Any] = {
            "path": "m",
            "format": "saved-model",
            "precision": "float32",
            "io": None,
            "ops": "builtin",
        }
        request |= {"allow_code": False, "is_legacy": False, "signatures": [X]}
        (tmp_path / "request.json").write_text(json.dumps({**request, **more}))
        converter = Converter(convert)
        tf: Any = ModuleType("tensorflow")
        tf.__version__, tf.float16, tf.uint8 = "2.21.0", "f16", "u8"
        sets = ("TFLITE_BUILTINS", "TFLITE_BUILTINS_INT8", "SELECT_TF_OPS")
        all_sets = (*sets, "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8")
        tf.lite = SimpleNamespace(
            TFLiteConverter=SimpleNamespace(
                from_saved_model=lambda path: converter, from_keras_model=lambda model: converter
            ),
            OpsSet=SimpleNamespace(**{name: name for name in all_sets}),
            Optimize=SimpleNamespace(DEFAULT="default"),
        )
        monkeypatch.setitem(sys.modules, "tensorflow", tf)
        for name in ("keras", "tf_keras"):
            keras: Any = ModuleType(name)
            keras.__version__ = name
            keras.models = SimpleNamespace(load_model=lambda path, **how: SimpleNamespace(inputs=[KERAS_INPUT]))
            monkeypatch.setitem(sys.modules, name, keras)
        assert main(tmp_path) == 0
        return json.loads((tmp_path / "result.json").read_text()), converter

    return run


def test_a_saved_model_is_converted_as_it_is_asked_for(tell: Any, tmp_path: Path) -> None:
    told, converter = tell()
    assert told == {"stage": "done", "tensorflow": "2.21.0"}
    assert (tmp_path / "model.tflite").read_bytes() == b"model"
    assert converter.target_spec.supported_ops == ["TFLITE_BUILTINS"]
    assert not converter.allow_custom_ops
    _, converter = tell(precision="float16", ops="any")
    assert converter.target_spec.supported_types == ["f16"]
    assert converter.target_spec.supported_ops == ["TFLITE_BUILTINS", "SELECT_TF_OPS"]
    assert converter.allow_custom_ops
    _, converter = tell(precision="int8", io="uint8")
    assert (converter.inference_input_type, converter.inference_output_type) == ("u8", "u8")
    _, converter = tell(precision="int8")
    assert not hasattr(converter, "inference_input_type")


def test_samples_are_random_and_the_same_each_time(tell: Any) -> None:
    _, converter = tell(precision="int8")
    first, second = list(converter.representative_dataset()), list(converter.representative_dataset())
    assert len(first) == 8
    assert first[0]["x"].shape == (1, 4)
    assert first[0]["ids"].shape == (1, 32)
    assert set(np.unique(first[0]["ids"])) == {0, 1}
    assert (first[3]["x"] == second[3]["x"]).all()
    _, converter = tell(precision="int8", signatures=[X, ALSO])
    keys = [key for key, _ in converter.representative_dataset()]
    assert keys[:2] == ["run", "serve"]
    [_, (_, inputs), *_] = converter.representative_dataset()
    assert (inputs["on"].dtype, inputs["texts"][0]) == (bool, b"text")


@pytest.mark.parametrize(("is_legacy", "name"), [(False, "keras"), (True, "tf_keras")])
def test_a_keras_file_is_loaded_by_its_keras(tell: Any, is_legacy: bool, name: str) -> None:
    told, converter = tell(format="keras", is_legacy=is_legacy, precision="int8")
    assert told["keras"] == name
    [sample, *_] = converter.representative_dataset()
    assert [each.shape for each in sample] == [(1, 2)]


def test_signatures_that_the_converter_joined_are_left_out(tell: Any) -> None:
    def joined(converter: Any) -> bytes:
        has_keys = isinstance(next(converter.representative_dataset()), tuple)
        if has_keys:
            raise ValueError('Invalid signature_key provided: "serve".')
        return b"one"

    told, _ = tell(joined, precision="int8", signatures=[X, ALSO])
    assert told["stage"] == "done"

    def vague(converter: Any) -> bytes:
        has_keys = isinstance(next(converter.representative_dataset()), tuple)
        if has_keys:
            raise ValueError("Invalid signature_key provided.")
        return b"one"

    told, _ = tell(vague, precision="int8", signatures=[X, ALSO])
    assert told["stage"] == "done"

    def lost(converter: Any) -> bytes:
        raise ValueError('Invalid signature_key provided: "run".')

    told, _ = tell(lost, precision="int8")
    assert told["error"] == {"type": "ValueError", "text": 'Invalid signature_key provided: "run".', "errors": []}

    def other(converter: Any) -> bytes:
        raise ValueError("No.")

    told, _ = tell(other, signatures=[X, ALSO])
    assert told["error"]["text"] == "No."


def test_where_tensorflow_cannot_be_imported_the_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "request.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert main(tmp_path) == NO_LIBRARY
    assert json.loads((tmp_path / "result.json").read_text())["stage"] == "import"


def test_the_errors_of_the_converter_are_told_one_by_one() -> None:
    class Data:
        ErrorCode = SimpleNamespace(Name=lambda code: f"CODE_{code}")
        operator = SimpleNamespace(name="tf.Erf")
        error_code = 3
        location = SimpleNamespace(
            call=[SimpleNamespace(name="erf", source=SimpleNamespace(filename="net.py", line=7))]
        )

    reason: Any = ValueError()
    reason.errors = [Data()]
    assert _errors(reason) == [{"op": "tf.Erf", "code": "CODE_3", "calls": [["erf", "net.py", 7]]}]


def test_why_a_model_cannot_be_exported_stands_for_what_follows_from_it(tmp_path: Path) -> None:
    later, cause = TypeError("later"), ValueError("cause")

    class Model:
        def __init__(self, reason: Exception | None) -> None:
            self.reason = reason

        def export(self, path: str) -> None:
            if self.reason is not None:
                raise self.reason

    class ConverterError(Exception):
        pass

    assert _first(later, Model(cause), tmp_path) is cause
    assert _first(later, Model(None), tmp_path) is later
    assert _first(later, None, tmp_path) is later
    refused = ConverterError()
    assert _first(refused, Model(cause), tmp_path) is refused
