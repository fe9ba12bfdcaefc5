"""The table of ops, and what is printed of it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from tf_graphs import TensorFlowGraph as G
from tflint.cli import program
from tflint.forecast import Status
from tflint.forecast.flex_ops import EXTENSION_OPS, FLEX_OPS
from tflint.forecast.table import entry, kinds, type_name
from tflint.forecast.tf_conditions import CONDITIONS
from tflint.forecast.tf_ops import TF_OPS, VERSION
from tflint.model import DType


def test_every_row_of_the_table_can_be_read() -> None:
    assert len(TF_OPS) > 500
    assert VERSION == "2.21.0"
    for kind in kinds():
        row = entry(kind)
        assert row is not None
        assert row.best.rank <= row.otherwise.rank
        assert (kind in TF_OPS) is row.is_probed


def test_every_condition_belongs_to_an_op_that_may_be_builtin_and_says_what_it_asks() -> None:
    for kind, conditions in CONDITIONS.items():
        row = entry(kind)
        assert row is not None
        assert row.best is Status.BUILTIN, kind
        assert all(each.__doc__ for each in conditions)


def test_an_op_that_was_tried_and_needs_flex_is_among_the_flex_ops() -> None:
    flex = {kind for kind in TF_OPS if entry(kind).best is Status.FLEX}  # type: ignore[union-attr]
    assert flex - FLEX_OPS <= {"PlaceholderWithDefault", "Placeholder"}
    assert not FLEX_OPS & EXTENSION_OPS


def test_an_element_type_that_was_not_tried_gets_what_others_get() -> None:
    row = entry("Abs")
    assert row is not None
    g = G()
    g.op("Abs", [g.input((2,), "UINT64")], T="UINT64")
    refusal = row.refusal(g.ops[0])
    assert refusal is not None
    assert refusal.status is Status.FLEX


def test_an_op_without_its_type_attribute_is_taken_for_the_best() -> None:
    row = entry("Abs")
    assert row is not None
    g = G()
    g.op("Abs", [g.input()])
    assert row.refusal(g.ops[0]) is None


def test_element_types_have_the_names_of_tensorflow() -> None:
    assert [type_name(each) for each in (DType.FLOAT16, DType.BFLOAT16, DType.INT8, DType.BOOL, DType.STRING)] == [
        "float16", "bfloat16", "int8", "bool", "string",
    ]  # fmt: skip


def test_the_table_is_printed_in_words() -> None:
    text = CliRunner().invoke(program, ["targets", "converter"], prog_name="tflint").output
    assert "what the converter of TensorFlow 2.21.0 does with each op of a graph" in text
    assert "becomes ATAN2" in text
    assert "where both inputs have the same shape" in text
    assert "not tried: the list of Flex ops has it" in text


def test_the_table_is_a_document_too() -> None:
    result = CliRunner().invoke(program, ["targets", "converter", "--format", "json"], prog_name="tflint")
    document = json.loads(result.output)
    assert (document["schema"], document["tensorflow"]) == ("tflint-converter/1", "2.21.0")
    row = document["ops"]["Atan2"]
    assert row["status"] == "builtin"
    assert row["becomes"] == ["ATAN2"]
    assert row["conditions"] == ["both inputs have the same shape"]
    assert row["types"]["T"]["float16"] == "flex"
