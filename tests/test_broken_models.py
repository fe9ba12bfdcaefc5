"""Broken model files: each is found, under the code and in the words of its own fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tflint import Finding, Severity, check
from tflint.engine import Settings
from tflint.packs import all_rules, load_packs

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder with broken models is not there")

ERRORS = {
    "invalid/coral_model_invoking_error.tflite": ("TFL202", "fake-op-double"),
    "generated/broken/empty.tflite": ("TFL001", "The file is empty"),
    "generated/broken/truncated_half.tflite": ("TFL001", "the file ends at byte 49,248"),
    "generated/broken/wrong_identifier.tflite": ("TFL001", "identifier is 'TFL2'"),
    "generated/broken/root_offset_oob.tflite": ("TFL001", "it refers to byte 2,147,483,632"),
    "generated/broken/h5_named_tflite.tflite": ("TFL001", "an HDF5 file"),
    "generated/broken/no_subgraphs.tflite": ("TFL001", "no graph"),
    "generated/broken/no_config.keras": ("TFL001", "config.json"),
    "generated/broken/truncated.keras": ("TFL001", "zip archive"),
    "generated/broken/truncated.h5": ("TFL001", "cut off"),
    "generated/broken/h5_named_keras.keras": ("TFL122", "under the name of a .keras archive"),
    "generated/broken/savedmodel_no_variables": ("TFL122", "their values are missing"),
    "generated/broken/opcode_index_oob.tflite": ("TFL102", "Op 2 of graph 0 uses operator code 77"),
    "generated/broken/tensor_index_oob.tflite": ("TFL102", "refers to tensor 9999"),
    "generated/broken/buffer_index_oob.tflite": ("TFL102", "uses buffer 5000"),
    "generated/broken/short_weight_data.tflite": ("TFL103", "holds 416 bytes"),
    "generated/broken/weights_typed_float.tflite": ("TFL103", "FLOAT32[16, 3, 3, 3] holds 432 bytes"),
    "generated/broken/missing_weight_data.tflite": ("TFL104", "reads 'model/conv2d/Conv2D' INT8[16, 3, 3, 3]"),
    "generated/broken/reversed_op_order.tflite": ("TFL106", "read what a later op writes"),
    "generated/broken/unknown_builtin_250.tflite": ("TFL117", "250"),
    "generated/broken/schema_version_7.tflite": ("TFL117", "schema version 7"),
    "generated/broken/no_outputs.tflite": ("TFL121", "The graph has no outputs"),
    "generated/broken/op_version_999.tflite": ("TFL20", "999"),
    "generated/broken/scale_count_mismatch.tflite": ("TFL312", "14 scales"),
    "generated/broken/zero_scale.tflite": ("TFL316", "is 0;"),
    "generated/broken/nan_scale.tflite": ("TFL316", "not a number"),
}
"""File -> the code (or its beginning) of the error that names the fault, and words of its message."""

MILDER = {
    "invalid/lfs_pointer_yolo-fastest_192_face_v4_vela_H128.tflite": ("TFL001", Severity.NOTE, "git-LFS pointer"),
    "generated/broken/trailing_garbage.tflite": ("TFL101", Severity.WARNING, "bytes follow byte"),
}
"""Files that a runtime loads as if nothing was wrong, and those that are not read yet or were not fetched."""

HARMLESS = {
    "generated/broken/bias_scale_mismatch.tflite": "the runtime takes its scale from input and weights",
}
"""Files whose fault no runtime notices and no rule looks for."""


def found_in(name: str) -> list[Finding]:
    report = check([str(FOLDER / name)], Settings(tuple(rule() for rule in all_rules(load_packs()))), jobs=1)
    assert report.crashes == ()
    return list(report.findings)


@pytest.mark.parametrize(("name", "code", "words"), [(name, *rest) for name, rest in ERRORS.items()], ids=ERRORS.keys())
def test_the_fault_is_an_error_with_its_own_code_and_sentence(name: str, code: str, words: str) -> None:
    errors = [found for found in found_in(name) if found.severity is Severity.ERROR]
    assert any(found.code.startswith(code) and words in found.message for found in errors), errors


@pytest.mark.parametrize(
    ("name", "code", "severity", "words"), [(name, *rest) for name, rest in MILDER.items()], ids=MILDER.keys()
)
def test_what_breaks_nothing_or_was_not_read_is_told_and_is_no_error(
    name: str, code: str, severity: Severity, words: str
) -> None:
    found = [each for each in found_in(name) if each.code == code]
    assert [each.severity for each in found] == [severity]
    assert words in found[0].message


@pytest.mark.parametrize("name", [name for name, (code, _) in ERRORS.items() if code == "TFL001"])
def test_a_file_that_cannot_be_read_has_that_one_finding(name: str) -> None:
    assert [found.code for found in found_in(name)] == ["TFL001"]


def broken_files() -> Iterator[str]:
    for folder in ("invalid", "generated/broken"):
        yield from (f"{folder}/{path.name}" for path in (FOLDER / folder).iterdir())


def test_every_broken_file_is_in_a_table() -> None:
    assert set(broken_files()) == ERRORS.keys() | MILDER.keys() | HARMLESS.keys()
