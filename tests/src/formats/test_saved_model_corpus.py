"""Real SavedModels, where there are any, are read whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from other_readers import FOLDER
from tflint.formats import read
from tflint.model import DType, ProblemKind

REAL = sorted({path.parent for pattern in ("saved_model.pb", "saved_model.pbtxt") for path in FOLDER.rglob(pattern)})
needs_models = pytest.mark.skipif(not REAL, reason="there is no folder of real models")
each_model = pytest.mark.parametrize("path", REAL, ids=lambda path: str(path.relative_to(FOLDER)))


@needs_models
@each_model
def test_a_real_model_has_no_problem_and_all_its_values(path: Path) -> None:
    model = read(path)
    if "broken" in path.parts:
        assert [problem.kind for problem in model.problems] == [ProblemKind.MISSING_FILE]
        return
    assert model.problems == ()
    assert model.signatures
    assert model.producer.startswith("tensorflow ")
    has_values = (path / "variables" / "variables.index").exists()
    for graph in model.graphs:
        assert graph.intact
        for op in graph.ops:
            assert model.find(op.address) is op
            assert all(tensor is not None for tensor in op.inputs)
            assert isinstance(dict(op.options), dict)
    for signature in model.signatures:
        graph = model.graphs[signature.graph_index]
        assert graph.name == signature.key
        assert {op.kind for op in graph.ops}.isdisjoint({"PartitionedCall", "StatefulPartitionedCall"})
        if has_values:
            assert all(
                tensor.is_constant for op in graph.ops if op.kind == "VarHandleOp" for tensor in op.outputs
            ) or any(tensor.is_variable for tensor in graph.tensors)
        known = [tensor for op in graph.ops for tensor in op.outputs if tensor.dtype is not DType.UNKNOWN]
        assert len(known) >= 0.9 * sum(len(op.outputs) for op in graph.ops)


@needs_models
@each_model
def test_a_real_model_that_is_damaged_is_a_problem(path: Path, tmp_path: Path) -> None:
    source = next(path / name for name in ("saved_model.pb", "saved_model.pbtxt") if (path / name).exists())
    content = bytearray(source.read_bytes())
    if len(content) > 200_000:
        pytest.skip("large ones take their time")
    chance = random.Random(len(content))
    for number in range(3):
        for _ in range(20):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / source.name).write_bytes(content)
        for graph in read(folder).graphs:
            for op in graph.ops:
                dict(op.options)
