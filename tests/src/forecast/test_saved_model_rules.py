"""Rules on what a SavedModel will become on a target, and how much memory it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from saved_models import const, info, node, saved_model, write
from tflint.config import Config
from tflint.engine import Settings, check
from tflint.finding import Finding
from tflint.model import DType
from tflint_rules import PACK
from tflint_rules.memory.oversized_tensor import OversizedTensor
from tflint_rules.targets.refused_op import RefusedOp


def found(folder: Path, *targets: str, last: str = "Relu") -> tuple[Finding, ...]:
    """What is found in a product of matrices with an op behind it."""
    nodes = [
        node("x", "Placeholder", dtype=DType.FLOAT32, shape=(1, 8)),
        const("w", np.ones((8, 1000), np.float32)),
        node("net/dense/MatMul", "MatMul", ["x", "w"], T=DType.FLOAT32, _output_shapes=[(1, 1000)]),
        node("net/last/Op", last, ["net/dense/MatMul"], T=DType.FLOAT32, _output_shapes=[(1, 1000)]),
    ]
    sides = ({"x": info("x:0", shape=(1, 8))}, {"y": info("net/last/Op:0", shape=(1, 1000))})
    path = write(folder / "model", saved_model(nodes, signatures={"serving_default": sides}))
    rules = (RefusedOp(), OversizedTensor(max_bytes=1000))
    report = check([str(path)], Settings(rules, Config(targets=targets), targets=PACK.targets), jobs=1)
    assert not report.crashes
    return report.findings


def test_the_node_that_a_target_does_not_run_is_named(tmp_path: Path) -> None:
    refused = [finding for finding in found(tmp_path, "ethos-u55", last="Elu") if finding.code == "TFL401"]
    assert {finding.location.name for finding in refused} == {"net/last/Op"}
    assert {finding.location.address for finding in refused} == {"serving_default/net/last/Op"}
    assert not [finding for finding in found(tmp_path, "ethos-u55") if finding.code == "TFL401"]


def test_memory_is_judged_without_a_target(tmp_path: Path) -> None:
    [one] = found(tmp_path)
    assert (one.code, one.evidence["bytes"]) == ("TFL503", 4000)


def test_no_target_is_asked_about_an_op_that_is_unknown(tmp_path: Path) -> None:
    assert not [finding for finding in found(tmp_path, "xnnpack", last="Erf") if "TENSORFLOW" in finding.message]


def test_nothing_of_it_is_loaded_before_a_saved_model_is_judged() -> None:
    code = "import sys, tflint.engine, tflint.cli; print([name for name in sys.modules if 'forecast.tf.' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
