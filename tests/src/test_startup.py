"""What a command imports: start-up is a feature, and TensorFlow an extra."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_files import keras_file, save, small
from saved_models import const, saved_model, write
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


def test_neither_does_a_check_of_sources_and_hdf5_stays_in_its_own_process(tmp_path: Path) -> None:
    save(tmp_path / "model.keras", keras_file(small()))
    write(tmp_path / "served", saved_model([const("one", np.ones(4, np.float32))]))
    found = imported("check", "--exit-zero", str(tmp_path))
    assert {"tflint.formats.keras.reader", "tflint.formats.saved_model.reader"} <= found
    assert not found & {"tensorflow", "keras", "tf_keras", "h5py", "ai_edge_litert"}
