"""TFL219: inputs and outputs of types that apps cannot pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sources import Source
from tflint import DType, Format, Severity, Signature
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.conversion.unsupported_io_dtype import UnsupportedIoDtype

RULE = UnsupportedIoDtype()


def cast(dtype: str, result: str = "FLOAT32", kind: str = "CAST") -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op(kind, [g.input("reading", [1, 4], dtype)], g.tensor("y", [1, 4], result)))
    return g


def bad() -> GraphBuilder:
    return cast("FLOAT64")


def good() -> GraphBuilder:
    return cast("FLOAT32")


def test_a_float64_input_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/t0"
    assert found.message == (
        "Input 'reading' FLOAT64[1, 4] is of type FLOAT64; LiteRT's Interpreter for Java and Kotlin cannot pass it."
    )


@pytest.mark.parametrize("dtype", ["COMPLEX64", "COMPLEX128", "UINT32", "UINT64"])
def test_so_are_other_types_that_java_does_not_know(dtype: str) -> None:
    [found] = findings(RULE, cast("FLOAT32", dtype))
    assert found.message.startswith(f"Output 'y' {dtype}[1, 4] is of type {dtype};")


@pytest.mark.parametrize("dtype", ["FLOAT32", "STRING", "BOOL", "INT64", "INT8", "UINT8", "INT16", "FLOAT16", "INT4"])
def test_types_that_are_meant_are_fine(dtype: str) -> None:
    assert findings(RULE, cast(dtype)) == []


def test_several_are_one_finding() -> None:
    [found] = findings(RULE, cast("FLOAT64", "COMPLEX64"))
    assert found.message == (
        "2 inputs and outputs are of type COMPLEX64 and FLOAT64 (input 'reading' FLOAT64[1, 4] and output 'y' "
        "COMPLEX64[1, 4]); LiteRT's Interpreter for Java and Kotlin cannot pass them."
    )
    assert found.help.startswith("Make them float32")
    assert [place.address for place in found.related] == ["0/t1"]


@pytest.mark.parametrize("dtype", ["RESOURCE", "VARIANT"])
def test_a_handle_can_be_made_by_nobody(dtype: str) -> None:
    [found] = findings(RULE, cast(dtype))
    assert found.message == (
        f"Input 'reading' {dtype}[1, 4] is of type {dtype}; it can neither be made nor read outside of the runtime."
    )


def test_what_only_custom_ops_of_an_app_read_is_left_to_the_app() -> None:
    assert findings(RULE, cast("FLOAT64", kind="MyOp")) == []
    assert len(findings(RULE, cast("FLOAT64", kind="FlexMul"))) == 1


def test_an_input_that_nothing_reads_is_passed_all_the_same() -> None:
    g = good()
    g.input("spare", [1], "FLOAT64")
    [found] = findings(RULE, g)
    assert found.message.startswith("Input 'spare'")


def test_a_value_inside_of_the_model_is_fine() -> None:
    g = GraphBuilder()
    middle = g.op("CAST", [g.input("x", [4])], g.tensor("middle", [4], "FLOAT64"))
    g.output(g.op("CAST", [middle], g.tensor("y", [4])))
    assert findings(RULE, g) == []


def test_the_graph_of_a_loop_may_pass_handles() -> None:
    g = good()
    body = g.subgraph("body")
    body.output(body.op("CAST", [body.input("list", [1], "VARIANT")], body.tensor("z", [1])))
    assert findings(RULE, g) == []


def test_signatures_of_other_graphs_are_judged() -> None:
    g = good()
    second = g.subgraph("second")
    x = second.input("x", [1], "FLOAT64")
    y = second.op("CAST", [x], second.tensor("y", [1]))
    second.output(y)
    second.signature("second", {"x": x}, {"y": y})
    [found] = findings(RULE, g)
    assert found.location.address == "1/t0"


def test_the_types_of_a_source_stay_in_its_conversion() -> None:
    layers = Source()
    layers.input("x", (None, 4), DType.FLOAT64)
    layers.layer("Dense", "dense")
    [found] = findings(RULE, layers.model())
    assert found.message.startswith("Input 'x' FLOAT64[?, 4]")
    graph = Source("model", Format.SAVED_MODEL)
    x = graph.input("x", (None, 4), DType.FLOAT64)
    y = graph.node("MyOp", "y", x)
    graph.signatures.append(Signature("serving_default", 0, {"x": x}, {"y": y}))
    assert len(findings(RULE, graph.model())) == 1
    assert findings(RULE, replace(graph.model(), signatures=())) == []


def test_a_broken_graph_is_not_judged() -> None:
    g = bad()
    g.signature("main", {"x": 0}, {"y": 1})
    made = model(g)
    assert findings(RULE, replace(made, graphs=(replace(made.graphs[0], intact=False),))) == []
