"""Conversions in a process of their own: what comes of those that work, fail, die, hang and lie."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from conversions import context, conversions, source
from keras_files import functional, layer
from saved_models import graph_def
from tflint import ConversionResult, Outcome, Recipe
from tflint import convert as package
from tflint.convert import run as module
from tflint.convert.run import Conversions, convert, recipe
from tflint.errors import RunError
from tflint.expectations import Expectations
from tflint.model import Format, Location, Model, Problem, ProblemKind, Signature, Tensor
from tflint.rule import Context
from tflint.tensor import DType
from tflint.workers import Ended


def outcome(folder: Path, name: str, **more: Any) -> ConversionResult:
    result, content = convert(context(source(folder, name)), conversions(**more))
    assert result is not None
    assert (content is None) is (result.outcome is not Outcome.CONVERTED)
    return result


def test_what_converts_is_a_file_that_outlives_its_folder(tmp_path: Path) -> None:
    result, content = convert(context(source(tmp_path, "fine")), conversions())
    assert result is not None
    assert (result.outcome, result.tensorflow, result.keras, result.is_made_up) == (
        Outcome.CONVERTED, "2.21.0", "3.15.1", False,
    )  # fmt: skip
    assert content is not None
    assert bytes(content[4:8]) == b"TFL3"


def test_a_large_file_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAP_FROM", 1)
    _, content = convert(context(source(tmp_path, "fine")), conversions())
    assert content is not None
    assert bytes(content[4:8]) == b"TFL3"


def test_it_can_be_kept(tmp_path: Path) -> None:
    kept = tmp_path / "a" / "b"
    convert(context(source(tmp_path, "fine")), conversions(keep=str(kept)))
    assert [path.name for path in kept.iterdir()] == ["fine.keras.tflite"]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunError, match=r"fine\.keras\.tflite' cannot be written"):
        convert(context(source(tmp_path, "fine")), conversions(keep=str(blocked)))


def test_a_crash_is_an_outcome(tmp_path: Path) -> None:
    result = outcome(tmp_path, "crash")
    assert result.outcome is Outcome.CRASHED
    assert result.words == "its process ended with SIGSEGV, in <module> of fake_converter.py"


@pytest.mark.parametrize("name", ["hang", "fork"])
def test_what_hangs_is_stopped_with_all_that_it_started(tmp_path: Path, name: str) -> None:
    start = time.monotonic()
    result = outcome(tmp_path, name, seconds=3.0)
    assert result.outcome is Outcome.OUT_OF_TIME
    assert result.words == "it took more than the 3 s that it had, and was stopped"
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("name", ["eat", "abort", "starved"])
def test_memory_that_runs_out_is_told_as_that(tmp_path: Path, name: str) -> None:
    result = outcome(tmp_path, name, memory=512 << 20)
    assert result.outcome is Outcome.OUT_OF_MEMORY
    assert result.words == "it took more than the 0.5 GiB of memory that it had"


@pytest.mark.parametrize("name", ["garbage", "list", "nothing", "large"])
def test_what_answers_nothing_that_makes_sense_has_crashed(tmp_path: Path, name: str) -> None:
    result = outcome(tmp_path, name)
    assert (result.outcome, result.words) == (Outcome.CRASHED, "its process ended without an answer")


def test_what_fails_says_so_in_its_own_words(tmp_path: Path) -> None:
    result = outcome(tmp_path, "unloadable")
    assert (result.outcome, result.blamed) == (Outcome.NOT_LOADED, ())
    assert result.words == "TypeError: Could not locate class 'Net'. Make sure it is"
    result = outcome(tmp_path, "failing")
    assert result.outcome is Outcome.FAILED
    assert result.words == "'tf.Erf' op is neither a custom op nor a flex op"
    assert [(each.kind, each.node, each.need) for each in result.blamed] == [
        ("Erf", "sequential_1/dense_1/Erf", "flex")
    ]


def test_what_talks_much_does_not_fill_memory(tmp_path: Path) -> None:
    assert outcome(tmp_path, "chatter").outcome is Outcome.CONVERTED


def test_a_model_that_is_not_there_after_all_is_empty(tmp_path: Path) -> None:
    assert bytes(module._content(tmp_path / "gone")) == b""


def test_where_there_is_no_tensorflow_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="TensorFlow is not installed"):
        convert(context(source(tmp_path, "missing")), conversions())
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert not package.is_installed()


def test_where_no_process_can_be_started_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone"))
    model = Model(str(tmp_path), Format.SAVED_MODEL, 1)
    with pytest.raises(RunError, match="cannot be started: No such file"):
        convert(Context(model), conversions())


def test_what_is_no_source_or_cannot_be_read_is_not_converted() -> None:
    assert convert(Context(Model("m.tflite", Format.TFLITE, 1)), Conversions()) == (None, None)
    fatal = Problem(ProblemKind.TRUNCATED, Location("m.keras"), "It ends.", fatal=True)
    assert convert(Context(Model("m.keras", Format.KERAS, 1, problems=(fatal,))), Conversions()) == (None, None)


def test_a_graph_by_itself_is_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "frozen.pb"
    path.write_bytes(graph_def().SerializeToString())
    result, _ = convert(Context(Model(str(path), Format.SAVED_MODEL, 1)), conversions())
    assert result is not None
    assert result.outcome is Outcome.REFUSED
    assert "no SavedModel" in result.words


def test_a_lambda_with_code_is_only_converted_where_code_is_allowed(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    config = functional([layer("Lambda", "scale", function=code)], [], [])
    path = source(tmp_path, "fine", config)
    result, _ = convert(context(path), conversions(guards=()))
    assert result is not None
    assert result.outcome is Outcome.REFUSED
    assert "it holds Python bytecode, and loading it may run code; --allow-code" in result.words
    result, _ = convert(context(path), conversions(allow_code=True))
    assert result is not None
    assert result.outcome is Outcome.CONVERTED


def test_the_worker_is_told_what_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def spy(program: str, arguments: list[str], **more: Any) -> Ended:
        seen.update(json.loads((Path(arguments[0]) / "request.json").read_text()), **more)
        return Ended(1, 0.0)

    monkeypatch.setattr(module, "run", spy)
    monkeypatch.setattr(module, "find_spec", lambda name: name)
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    expected = Expectations(precision="int8", io="uint8", ops="select")
    result, _ = convert(context(source(tmp_path, "fine", version="3.1"), expectations=expected), conversions())
    assert result is not None
    assert result.recipe == Recipe("int8", "uint8", "select")
    assert (seen["precision"], seen["io"], seen["ops"], seen["is_legacy"]) == ("int8", "uint8", "select", False)
    assert "TF_USE_LEGACY_KERAS" not in seen["environment"]
    assert seen["folder"] is not None
    convert(context(source(tmp_path, "fine", version="2.15.0")), conversions(allow_code=True))
    assert (seen["is_legacy"], seen["environment"]["TF_USE_LEGACY_KERAS"], seen["folder"]) == (True, "1", None)


def test_signatures_that_take_something_are_handed_on() -> None:
    x = Tensor("m", 0, 0, "x", DType.FLOAT32, (None, 4), ())
    signatures = (Signature("reset", 0, {}, {}), Signature("run", 0, {"x": x}, {}))
    model = Model("m", Format.SAVED_MODEL, 1, signatures=signatures)
    assert module._signatures(model) == [{"key": "run", "inputs": {"x": ["float32", [None, 4]]}}]


def test_nothing_expected_is_float_with_builtin_ops() -> None:
    assert recipe(Expectations()) == Recipe("float32", None, "builtin")


def test_what_is_quantized_has_integers_at_its_ends_unless_said_otherwise() -> None:
    assert recipe(Expectations(precision="int16x8")) == Recipe("int16x8", "int16", "builtin")
    assert recipe(Expectations(precision="int8", io="float32")).io == "float32"
