"""What the authors of rules write their tests with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tflint import Context, Finding, Rule, RuleMeta, Severity
from tflint.expectations import Expectations
from tflint.formats import read
from tflint.testing import GraphBuilder, context, example, findings, model


@dataclass(frozen=True)
class EveryOp(Rule):
    """Reports each op."""

    meta: ClassVar[RuleMeta] = RuleMeta("TST001", "every-op", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            for op in graph.ops:
                yield self.finding(op, f"{op.kind} is here.", help="Look at it.")


def dense() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [None, 8], "INT8", scale=0.1)
    w = g.constant("w", np.ones((4, 8), np.int8), scale=[0.1, 0.2, 0.3, 0.4])
    y = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [None, 4], "INT8", scale=0.1, zero_point=-3))
    g.output(y)
    return g


def test_a_builder_makes_the_model_that_its_calls_say() -> None:
    read_ = model(dense())
    graph = read_.graphs[0]
    x, w, y = graph.tensors
    assert read_.problems == ()
    assert read_.description == "built by tflint.testing"
    assert (graph.inputs, graph.outputs) == ((x,), (y,))
    assert (x.shape, x.default_shape) == ((None, 8), (1, 8))
    assert w.quant is not None
    assert (w.quant.axis, w.quant.zero_point.tolist()) == (0, [0, 0, 0, 0])
    assert graph.ops[0].inputs == (x, w, None)


def test_a_saved_builder_is_the_file(tmp_path: Path) -> None:
    path = dense().save(tmp_path / "model.tflite")
    assert path.read_bytes() == dense().to_bytes()
    assert len(read(path).graphs[0].ops) == 1


def test_graphs_of_a_file_share_its_tables_and_count_up() -> None:
    g = GraphBuilder("main")
    body = g.subgraph("body")
    assert (g.index, body.index, body.subgraph("more").index) == (0, 1, 2)
    assert body.tables is g.tables
    assert [graph.name for graph in model(body).graphs] == ["main", "body", "more"]


def test_ops_of_one_kind_and_version_share_a_code() -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    for version in (1, 1, 2):
        g.op("RELU", [x], g.tensor("y", [1]), version=version)
    assert g.op("Mine", [x], []) == -1
    assert len(g.tables["operator_codes"]) == 3
    assert [(op.kind, op.version, op.is_custom) for op in model(g).graphs[0].ops] == [
        ("RELU", 1, False),
        ("RELU", 1, False),
        ("RELU", 2, False),
        ("Mine", 1, True),
    ]


def test_an_op_may_have_many_outputs_and_returns_the_first() -> None:
    g = GraphBuilder()
    outputs = [g.tensor("a", [1]), g.tensor("b", [1])]
    assert g.op("SPLIT", [g.input("x", [2])], outputs, {"num_splits": 2}) == outputs[0]
    assert [tensor.name for tensor in model(g).graphs[0].ops[0].outputs] == ["a", "b"]


def test_what_the_schema_does_not_have_is_refused_by_name() -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    with pytest.raises(KeyError, match="RELU has no options"):
        g.op("RELU", [x], x, {"alpha": 1})
    g.op("ADD", [x, x], x, {"alpha": 1})
    with pytest.raises(KeyError, match=r"AddOptions has no field \['alpha'\]"):
        g.to_bytes()
    g.graph["operators"].clear()
    g.tensor("z", [1], "FLOAT")
    with pytest.raises(KeyError, match="TensorType has no 'FLOAT'"):
        g.to_bytes()


def test_fields_that_are_none_are_left_out() -> None:
    g = GraphBuilder()
    g.tensor("x", [2], quantization=None)
    g.tables["metadata_buffer"] = []
    assert model(g).graphs[0].tensors[0].quant is None


def test_a_rule_is_tried_on_a_builder_a_file_or_a_model() -> None:
    rule = EveryOp()
    expected = findings(rule, dense())
    assert [finding.message for finding in expected] == ["FULLY_CONNECTED is here."]
    assert findings(rule, dense().to_bytes()) == expected
    assert findings(rule, model(dense())) == expected
    assert findings(rule, GraphBuilder()) == []


def test_a_context_has_what_the_test_says() -> None:
    assert context(dense()).model.path == "model.tflite"
    assert context(dense(), path="other.tflite").model.path == "other.tflite"
    assert context(dense(), runtime="2.14").runtime == "2.14"
    assert context(dense(), expectations=Expectations(precision="int8")).expectations.precision == "int8"


def test_an_example_is_what_the_text_report_prints() -> None:
    printed = example(EveryOp(), dense())
    assert printed.lstrip().startswith("note TST001 every-op: op 0 FULLY_CONNECTED")
    assert "FULLY_CONNECTED is here." in printed
    assert printed.endswith("help: Look at it.\n")
    assert example(EveryOp(), GraphBuilder()) == ""
