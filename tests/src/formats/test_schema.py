"""The schema as data: complete, and the same as the code that flatbuffers generates from it."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest

from other_readers import camel, generated_code
from tflint.formats.tflite import flat
from tflint.formats.tflite.flat import fields
from tflint.formats.tflite.schema import ENUMS, OPERATORS, TABLES, UNIONS
from tflint.formats.tflite.writer import options_table

DESCRIPTION = {
    "AssociatedFile", "AudioProperties", "BertTokenizerOptions", "BoundingBoxProperties", "Content", "CustomMetadata",
    "FeatureProperties", "ImageProperties", "ImageSize", "ModelMetadata", "NormalizationOptions", "ProcessUnit",
    "RegexTokenizerOptions", "ScoreCalibrationOptions", "ScoreThresholdingOptions", "SentencePieceTokenizerOptions",
    "Stats", "SubGraphMetadata", "TensorGroup", "TensorMetadata", "ValueRange",
}  # fmt: skip
"""The tables of TFLite Metadata, which another schema has."""
CONVERSION = {"Environment", "SparsityBlockSize", "ConversionOptions", "ConversionMetadata"}
"""Tables of another schema, of the metadata that the converter writes."""


def test_every_type_that_a_field_or_a_union_names_is_described() -> None:
    known = {*TABLES, *ENUMS, *UNIONS, *flat._SCALARS, "string", "BuiltinOperator"}
    assert {field.type for table in TABLES for field in fields(table)} <= known
    assert {name for names in UNIONS.values() for name in names} <= set(TABLES)


def test_no_table_has_more_fields_than_the_walk_looks_at() -> None:
    assert max(field.slot for table in TABLES for field in fields(table)) < flat._SLOTS


def test_every_options_table_belongs_to_an_op() -> None:
    found = {options_table(kind) for kind in OPERATORS}
    assert {(union, name) for union in ("BuiltinOptions", "BuiltinOptions2") for name in UNIONS[union]} <= found


def _accessors(module: ModuleType, table: str) -> set[str]:
    """The fields of a table in generated code; the helpers beside them left out."""
    names = {name for name, _ in inspect.getmembers(getattr(module, table), inspect.isfunction) if name != "Init"}
    helpers = {name + suffix for name in names for suffix in ("Length", "AsNumpy", "IsNone")}
    return {name for name in names - helpers if "BufferHasIdentifier" not in name and "GetRootAs" not in name}


@pytest.mark.parametrize("table", sorted(set(TABLES) - CONVERSION - DESCRIPTION))
def test_the_schema_has_the_fields_of_generated_code(table: str) -> None:
    older, newer = generated_code()[0], generated_code()[-1]
    ours = {camel(field.name) for field in fields(table)}
    ours |= {camel(field.name) + "Type" for field in fields(table) if field.type in UNIONS}
    assert not hasattr(older, table) or _accessors(older, table) <= ours
    assert newer is older or ours <= _accessors(newer, table)


@pytest.mark.parametrize("enum", sorted(ENUMS))
def test_the_schema_has_the_numbers_of_generated_code(enum: str) -> None:
    module = importlib.import_module("tflite")
    if not hasattr(module, enum):
        pytest.skip("not of this schema")
    found = vars(getattr(module, enum)).items()
    theirs = {name: value for name, value in found if isinstance(value, int) and not name.startswith("__")}
    assert theirs.items() <= {name: number for number, name in ENUMS[enum][1].items()}.items()
