"""The reader sees in real files what LiteRT's interpreter and the schema's generated code see in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from other_readers import FOLDER, REAL_MODELS, generated_code, refusal, same_as_generated_code, same_as_interpreter
from tflint.formats import read
from tflint.model import ProblemKind

needs_models = pytest.mark.skipif(not REAL_MODELS, reason="there is no folder of real models")
each_model = pytest.mark.parametrize("path", REAL_MODELS, ids=lambda path: str(path.relative_to(FOLDER)))
NOT_STRUCTURE = {"Didn't find op", "num_scales must", "quantized_dimension must", "required_bytes <= bytes"}
"""Why the interpreter refuses a file that the reader has nothing to say of: rules judge these."""


@needs_models
@each_model
def test_the_interpreter_sees_what_the_reader_sees(path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    model = read(path)
    refused = refusal(path)
    if refused:
        assert model.problems or any(text in refused for text in NOT_STRUCTURE)
    elif {problem.kind for problem in model.problems} <= {ProblemKind.TRAILING_BYTES}:
        same_as_interpreter(path, model)


@needs_models
@each_model
def test_generated_code_sees_what_the_reader_sees(path: Path) -> None:
    model = read(path)
    if all(problem.kind is ProblemKind.TRAILING_BYTES for problem in model.problems):
        for schema in generated_code():
            same_as_generated_code(schema, path.read_bytes(), model)
