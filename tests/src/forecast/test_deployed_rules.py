"""Rules on what a source will become: the engine hands them the model that the converter would make."""

from __future__ import annotations

from pathlib import Path

import pytest

from keras_files import keras_file
from tflint.config import Config
from tflint.engine import Settings, check
from tflint.expectations import Expectations
from tflint.finding import Finding
from tflint_rules import PACK
from tflint_rules.memory.oversized_tensor import OversizedTensor
from tflint_rules.targets.refused_op import RefusedOp


def config(*layers: tuple[str, dict[str, object]], shape: tuple[int | None, ...] = (1, 8)) -> dict[str, object]:
    made = [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": list(shape), "dtype": "float32"}}]
    made += [{"class_name": kind, "config": {"name": kind.lower(), **given}} for kind, given in layers]
    for each in made:
        each["module"] = "keras.layers"  # type: ignore[assignment]
    return {"class_name": "Sequential", "module": "keras", "config": {"name": "net", "layers": made}}


def found(tmp_path: Path, described: dict[str, object], *targets: str, **more: object) -> tuple[Finding, ...]:
    path = tmp_path / "model.keras"
    path.write_bytes(keras_file(described))
    rules = (RefusedOp(), OversizedTensor(max_bytes=1000))
    settings = Settings(rules, Config(targets=targets, **more), targets=PACK.targets)  # type: ignore[arg-type]
    report = check([str(path)], settings, jobs=1)
    assert not report.crashes
    return report.findings


def test_the_layer_that_a_target_does_not_run_is_named(tmp_path: Path) -> None:
    described = config(("Dense", {"units": 4}), ("Discretization", {"bin_boundaries": [0.0, 1.0]}))
    [one] = found(tmp_path, described, "xnnpack")
    assert (one.code, one.location.layer) == ("TFL401", "discretization")


def test_an_npu_is_asked_about_the_quantized_model(tmp_path: Path) -> None:
    assert found(tmp_path, config(("Dense", {"units": 4})), "ethos-u55") == ()
    findings = found(tmp_path, config(("Dense", {"units": 4}), ("ELU", {})), "ethos-u55")
    assert {finding.location.layer for finding in findings} == {"elu"}
    assert {finding.location.address for finding in findings} == {"layers/elu"}


def test_memory_is_judged_without_a_target(tmp_path: Path) -> None:
    [one] = found(tmp_path, config(("Dense", {"units": 1000})))
    assert (one.code, one.location.layer, one.evidence["bytes"]) == ("TFL503", "dense", 4000)


@pytest.mark.parametrize("precision", ["int8", "int16x8"])
def test_an_expected_precision_decides(tmp_path: Path, precision: str) -> None:
    [one] = found(tmp_path, config(("Dense", {"units": 3000})), expect=Expectations(precision=precision))
    assert one.evidence["bytes"] == 3000 * (1 if precision == "int8" else 2)


def test_an_unknown_layer_is_never_refused(tmp_path: Path) -> None:
    assert found(tmp_path, config(("AutoContrast", {}), shape=(1, 2, 2, 3)), "ethos-u55", "xnnpack") == ()
