"""The real converter: only where TensorFlow is installed, and never in this process."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from conversions import checked, conversions
from tflint.config import Config
from tflint.conversion import ConversionResult, Outcome
from tflint.convert import convert
from tflint.expectations import Expectations
from tflint.finding import Finding
from tflint.formats import read
from tflint.report import Report
from tflint.rule import Context

pytestmark = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models that Keras and TensorFlow saved."""
    folder = tmp_path_factory.mktemp("models")
    program = Path(__file__).parents[2] / "support" / "keras_models.py"
    subprocess.run([sys.executable, "-P", str(program), str(folder)], check=True, capture_output=True)
    return folder


def report(path: Path, **expected: Any) -> Report:
    config = Config(root=path.parent, expect=Expectations(**expected))
    found = checked(str(path), config, program="", seconds=300.0)
    assert found.crashes == ()
    assert "tensorflow" not in sys.modules
    return found


def failure(path: Path, **expected: Any) -> Finding:
    [found] = [each for each in report(path, **expected).findings if each.code == "TFL227"]
    return found


def result(path: Path, expected: Expectations | None = None, **more: Any) -> ConversionResult:
    found, _ = convert(Context(read(path), expected or Expectations()), conversions(program="", **more))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"precision": "float16"},
        {"precision": "dynamic"},
        {"precision": "int8"},
        {"precision": "int8", "io": "uint8"},
        {"precision": "int16x8", "io": "int16"},
    ],
    ids=str,
)
def test_each_precision_gives_a_model_that_is_what_was_asked_for(models: Path, expected: dict[str, str]) -> None:
    found = report(models / "conv.keras", **expected)
    assert [model.path for model in found.models] == [
        str(models / "conv.keras"),
        f"{models / 'conv.keras'} (converted)",
    ]
    codes = {each.code for each in found.findings}
    assert not codes & {"TFL227", "TFL301", "TFL303", "TFL336"}
    assert ("TFL228" in codes) is (expected.get("precision", "").startswith("int"))


def test_inputs_are_told_apart_by_their_names(models: Path) -> None:
    assert len(report(models / "two.keras", precision="int8").models) == 2


def test_an_op_without_a_kernel_is_told_at_its_layer_and_converts_with_select(models: Path) -> None:
    found = failure(models / "pool.keras")
    assert (found.location.layer, found.evidence["ops"]) == ("pool", {"MaxPool3D": 1})
    again = report(models / "pool.keras", ops="select")
    assert len(again.models) == 2


def test_a_recurrent_layer_without_a_batch_is_told(models: Path) -> None:
    found = failure(models / "dynamic_lstm.keras")
    assert found.location.layer == "memory"
    assert "batch_size=1" in found.help


def test_the_crash_on_an_lstm_in_int8_is_survived(models: Path) -> None:
    found = failure(models / "lstm.keras", precision="int8", io="int8")
    assert found.evidence["outcome"] == "crashed"
    assert "SIGSEGV" in found.message
    assert "unroll=True" in found.help
    assert len(report(models / "lstm.keras").models) == 2


def test_double_precision_is_told(models: Path) -> None:
    found = failure(models / "float64.keras")
    assert found.location.layer == "wide"
    assert "float32 values" in found.help


def test_a_saved_model_converts_and_an_op_that_nobody_has_is_told_at_its_node(models: Path) -> None:
    assert len(report(models / "double", precision="int8").models) == 2
    assert len(report(models / "exported", precision="int8").models) == 2
    found = failure(models / "betainc", ops="select")
    assert found.evidence["ops"] == {"Betainc": 1}
    assert found.location.name.endswith("Betainc")
    assert "no runtime has these" in found.help


def test_code_runs_only_where_that_is_allowed(models: Path) -> None:
    assert "TFL801" in failure(models / "lambda.keras").message
    unguarded = result(models / "lambda.keras", guards=(), allow_code=True)
    assert unguarded.outcome is Outcome.CONVERTED


def test_a_class_that_is_not_in_the_file_is_told(models: Path) -> None:
    found = failure(models / "custom.keras")
    assert found.evidence["outcome"] == "not-loaded"
    assert "Could not locate class 'Net'" in found.message
    assert "where its classes and functions are" in found.help


def test_time_and_memory_are_limited(models: Path) -> None:
    assert result(models / "conv.keras", seconds=1.0).outcome is Outcome.OUT_OF_TIME
    starved = result(models / "conv.keras", memory=200 << 20)
    assert starved.outcome in {Outcome.OUT_OF_MEMORY, Outcome.CRASHED}  # not all libraries say why they give up
