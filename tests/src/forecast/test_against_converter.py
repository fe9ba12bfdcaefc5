"""The forecast says what the real converter said, of real models and of single ops."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from other_readers import FOLDER
from tflint.forecast import Status, forecast_model
from tflint.forecast.flex_ops import FLEX_OPS
from tflint.forecast.table import entry
from tflint.formats import read

MANIFEST = FOLDER / "MANIFEST.csv"
ORACLE = FOLDER.parent / "oracles" / "tf_ops.jsonl"
OF_MEMORY = {"generated/random_flip_preprocess/source_savedmodel"}
"""What is recorded of these is the conversion of the model in memory; that of the folder needs Flex."""
ONLY_CONSTANTS = frozenset(
    """
    Empty Fact PlaceholderWithDefault RaggedTensorToSparse SparseSegmentMeanWithNumSegments
    SparseSegmentSqrtNWithNumSegments StoreMinibatchStatisticsInFdo StatelessRandomUniform
    """.split()
)
"""What is recorded of these is how constants fold."""
QUANTIZED = ("Quantize", "Dequantize")
"""What is recorded of these is that a signature cannot take or return quantized types."""


def sources() -> list[tuple[str, str]]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(newline="", encoding="utf-8") as file:
        rows = [(row["path"], row["converter_outcome"]) for row in csv.DictReader(file)]
    return [(path, outcome) for path, outcome in rows if outcome and (FOLDER / path).is_dir()]


def recorded(outcome: str) -> Status:
    modes = dict(part.strip().partition("=")[::2] for part in outcome.split("; "))
    if modes.get("float", "").startswith("ok"):
        return Status.BUILTIN
    return Status.FLEX if modes.get("select", "").startswith("ok") else Status.FAILS


@pytest.mark.skipif(not sources(), reason="there is no folder of real models")
@pytest.mark.parametrize(("path", "outcome"), sources())
def test_a_saved_model_becomes_what_the_converter_made_of_it(path: str, outcome: str) -> None:
    if path in OF_MEMORY:
        pytest.skip("the record is of another model")
    found = forecast_model(read(Path(FOLDER / path)))
    assert found is not None
    assert found.verdict is recorded(outcome), found.reasons


@pytest.mark.skipif(not ORACLE.is_file(), reason="there is no record of single ops")
def test_the_best_of_an_op_is_what_the_converter_made_of_its_best_case() -> None:
    names = {"builtin": Status.BUILTIN, "folded": Status.BUILTIN, "flex": Status.FLEX, "fail": Status.FAILS}
    wrong = []
    rows = [json.loads(line) for line in ORACLE.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        found = entry(row["op"])
        best = found.best if found is not None else Status.FLEX if row["op"] in FLEX_OPS else Status.FAILS
        if (
            best is not names[row["verdict"]]
            and row["op"] not in ONLY_CONSTANTS
            and not row["op"].startswith(QUANTIZED)
        ):
            wrong.append((row["op"], best.value, row["verdict"]))
    assert len(wrong) <= 0.03 * len(rows), wrong
