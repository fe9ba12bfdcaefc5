"""Real Keras files are read without a problem, and damaged ones without an exception, soon."""

from __future__ import annotations

import random
import time
import zipfile
from pathlib import Path

import pytest

from keras_files import call, entry, functional, keras_file, layer, save, small, stay_here, tensor, values, whole_h5
from other_readers import FOLDER
from tflint.formats import read
from tflint.formats.keras import hdf5
from tflint.model import Model, ProblemKind

FILES = sorted(
    path
    for pattern in ("keras/**/*.hdf5", "generated/*/source*.keras", "generated/*/source*.h5", "pairs/*/source*.h5")
    for path in FOLDER.glob(pattern)
    if "weights" not in path.name and "subclassed" not in path.parent.name
)


def whole(model: Model) -> bool:
    """True where each thing refers to things that exist."""
    for graph in model.graphs:
        tensors = set(graph.tensors)
        for op in graph.ops:
            assert {each for each in (*op.inputs, *op.outputs, *op.weights) if each is not None} <= tensors
            assert op.options is not None
        assert [each.index for each in graph.tensors] == list(range(len(graph.tensors)))
        assert set(graph.inputs) | set(graph.outputs) <= tensors
        for each in graph.tensors:
            each.array()
    assert all(problem.message.endswith(".") for problem in model.problems)
    return True


@pytest.mark.skipif(not FILES, reason="the corpus is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_real_files_are_read_without_a_problem(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stay_here(monkeypatch)
    model = read(path)
    assert model.problems == ()
    (graph,) = model.graphs
    assert graph.intact
    assert graph.ops
    assert graph.inputs
    assert graph.outputs
    assert model.producer.startswith("keras ")
    assert whole(model)
    held = [weight for op in graph.ops for weight in op.weights]
    assert all(weight.data is not None and weight.byte_offset is not None for weight in held)
    assert not [each for each in graph.tensors if each.data is not None and each not in held]
    with open(path, "rb") as file:
        for weight in held:
            file.seek(weight.byte_offset or 0)
            assert file.read(weight.nbytes or 0) == bytes(weight.data or b"")


@pytest.mark.skipif(not FILES, reason="the corpus is not here")
def test_two_files_of_one_model_have_the_same_layers_and_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    stay_here(monkeypatch)
    compared = 0
    for path in FILES:
        twin = path.with_suffix(".h5")
        if path.suffix != ".keras" or not twin.exists():
            continue
        first, second = read(path).graphs[0], read(twin).graphs[0]
        assert [(op.kind, op.address) for op in first.ops] == [(op.kind, op.address) for op in second.ops]
        for one, other in zip(first.ops, second.ops, strict=True):
            assert {each.name: bytes(each.data or b"") for each in one.weights} == {
                each.name: bytes(each.data or b"") for each in other.weights
            }
            compared += len(one.weights)
    assert compared > 100


def varied() -> dict[str, bytes]:
    """Small files of each layout, with models in models."""
    inner = functional(
        [entry("i"), layer("Dense", "d", call(tensor("i")))], ["i", 0, 0], ["d", 0, 0], "inner",
        inbound_nodes=[call(tensor("x"))],
    )  # fmt: skip
    config = functional(
        [entry("x"), inner, layer("LSTM", "l", call(tensor("inner"))), layer("Mine", "m", call(tensor("l")))],
        ["x", 0, 0], {"y": ["m", 0, 0]},
    )  # fmt: skip
    arrays = {
        "layers/functional/layers/dense/vars/0": values(4, 4),
        "layers/lstm/cell/vars/0": values(4, 8),
        "layers/mine/vars/0": values(3).astype(">f4"),
    }
    held = {"inner": {"d/kernel:0": values(4, 4)}, "l": {"l/lstm_cell/kernel:0": values(4, 8)}}
    return {
        "stored.keras": keras_file(config, arrays),
        "deflated.keras": keras_file(config, arrays, compression=zipfile.ZIP_DEFLATED),
        "whole.h5": whole_h5(config, held),
        "small.keras": keras_file(small()),
    }


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The file with some bytes changed, moved or gone."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 2, 8, 40])):
        place = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[place] ^= 1 << chance.randrange(8)
            case 1:
                changed[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                size = chance.choice([1, 2, 4, 8])
                changed[place : place + size] = chance.choice([b"\xff", b"\0", b"\x7f"]) * size
            case 3:
                changed[place : place + 8] = changed[(other := chance.randrange(len(changed))) : other + 8]
            case _:
                if chance.random() < 0.1:
                    del changed[place:]
                    changed += b"\0" * chance.choice([0, 1])
        if not changed:
            return b"\0"
    return bytes(changed)


@pytest.mark.parametrize("name", varied())
def test_mutated_files_are_never_an_exception(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "_SECONDS", 5)
    data = varied()[name]
    chance = random.Random(name)
    for _ in range(25):
        begin = time.monotonic()
        model = read(save(tmp_path / name, mutated(data, chance)))
        assert time.monotonic() - begin < 8
        assert whole(model)


@pytest.mark.parametrize("name", ["stored.keras", "whole.h5"])
def test_a_file_may_be_cut_off_anywhere(name: str, tmp_path: Path) -> None:
    data = varied()[name]
    for size in range(1, len(data), len(data) // 12):
        model = read(save(tmp_path / name, data[:size]))
        assert any(problem.fatal for problem in model.problems)
        assert model.problems[0].kind in {ProblemKind.TRUNCATED, ProblemKind.DAMAGED}
