"""A large file costs the memory of its graph, and not that of its weights."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from other_readers import refusal, same_as_interpreter
from tflint.formats import MAP_FROM, read
from tflint.testing import GraphBuilder

LARGE = 200 << 20
SCRIPT = """
import sys
import numpy
from tflint.formats import read
from tflint.formats.tflite import reader

def now(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) >> 10

before = now("VmRSS")
model = read(sys.argv[1])
assert not model.problems, model.problems
tensor = model.graphs[0].tensors[0]
assert len(tensor.data) == tensor.nbytes == int(sys.argv[2])
opened = now("VmHWM")
total = sum(int(piece.sum()) for piece in tensor.chunks())
print(total, opened - before, now("VmHWM") - before)
"""


def large(path: Path) -> int:
    """Write a model of one constant that lies after the flatbuffer and is a hole but for its last byte."""
    g = GraphBuilder()
    offset = 1 << 16
    g.tables["buffers"].append({"offset": offset, "size": LARGE})
    g.output(g.tensor("c", [LARGE], "UINT8", buffer=1))
    with open(path, "wb") as file:
        file.write(g.to_bytes())
        file.seek(offset + LARGE - 1)
        file.write(b"\7")
    return LARGE


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_opening_and_passing_over_a_mapped_model_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.tflite"
    command = [sys.executable, "-c", SCRIPT, str(path), str(large(path))]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total, opened, passed = map(int, told.split())
    assert total == 7
    assert opened < 16, "MiB for opening it"
    assert passed < 32, "MiB at most while its weights were looked at"


def test_a_constant_beyond_four_gigabytes_is_found(tmp_path: Path) -> None:
    path, offset = tmp_path / "huge.tflite", 5 << 30
    g = GraphBuilder()
    g.tables["buffers"].append({"offset": offset, "size": 16})
    c = g.tensor("c", [4], buffer=1)
    g.output(g.op("ADD", [g.input("x", [4]), c], g.tensor("y", [4]), {}))
    with open(path, "wb") as file:
        file.write(g.to_bytes())
        file.seek(offset)
        file.write(np.array([1, 2, 3, 4], np.float32).tobytes())
    found = read(path)
    assert found.problems == ()
    array = found.graphs[0].tensors[c].array()
    assert array is not None
    assert array.tolist() == [1, 2, 3, 4]
    if importlib.util.find_spec("ai_edge_litert"):
        assert refusal(path) == ""
        same_as_interpreter(path, found)


def test_a_mapped_model_is_read_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "large.tflite"
    large(path)
    assert path.stat().st_size > MAP_FROM
    tensor = read(path).graphs[0].tensors[0]
    array = tensor.array()
    assert array is not None
    assert array.dtype == np.uint8
    assert array[-1] == 7
