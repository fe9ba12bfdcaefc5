"""What a command imports: start-up is a feature, and TensorFlow an extra."""

import subprocess
import sys
from pathlib import Path

import pytest

from tflint.testing import GraphBuilder


def imported(*arguments: str) -> set[str]:
    """The modules that a command imports, in a process of its own."""
    command = [sys.executable, "-X", "importtime", "-m", "tflint", *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize("arguments", ["--version", "--help", "check --help", "explain TFL116", "rules"])
def test_what_reads_no_model_imports_nothing_heavy(arguments: str) -> None:
    assert not imported(*arguments.split()) & {"numpy", "networkx", "flatbuffers", "rich"}


def test_a_check_imports_neither_tensorflow_nor_what_only_tests_and_terminals_need(tmp_path: Path) -> None:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1, 4])], g.tensor("y", [1, 4])))
    found = imported("check", str(g.save(tmp_path / "model.tflite")))
    assert "tflint.formats.tflite.reader" in found
    assert not found & {"tensorflow", "ai_edge_litert", "keras", "tflite", "rich", "jsonschema", "hypothesis"}
