"""The conditions that several targets share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tflint import Condition, Unknown
from tflint.testing import GraphBuilder, model
from tflint_rules.targets import conditions


def asked(condition: Condition, shapes: Sequence[Any], dtypes: Sequence[str] = (), options: Any = None) -> str:
    """What a condition says of a RELU with inputs of these shapes (None: left out) and types, and one output."""
    g = GraphBuilder()
    types = [*dtypes, *["FLOAT32"] * len(shapes)]
    inputs = [-1 if shape is None else g.input("x", shape, dtype) for shape, dtype in zip(shapes, types, strict=False)]
    g.op("CONV_2D", inputs, g.tensor("y", [1, 2]), options or {})
    graph = model(g).graphs[0]
    return condition(graph.ops[0], graph)


def test_arity_counts_inputs_and_outputs() -> None:
    assert asked(conditions.arity((1, 2)), [[1], [1]]) == ""
    assert asked(conditions.arity((1, 1)), [[1], [1]]) == "it has 2 inputs; 1 is supported"
    assert asked(conditions.arity((1, 2), (2, 3)), [[1]]) == "it has 1 outputs; 2 to 3 are supported"


def test_required_inputs_may_not_be_left_out() -> None:
    assert asked(conditions.required(1, "bias"), [[1], [1]]) == ""
    assert asked(conditions.required(1, "bias"), [[1], None]) == "it has no bias"


def test_constants_are_told_from_what_is_computed() -> None:
    g = GraphBuilder()
    g.op("RELU", [g.constant("c", [1.0], "FLOAT32"), g.input("x", [1])], g.tensor("y", [1]))
    graph = model(g).graphs[0]
    assert conditions.constant(0, "filter")(graph.ops[0], graph) == ""
    assert conditions.constant(1, "filter")(graph.ops[0], graph) == "filter is not constant"
    assert conditions.constant(2, "filter")(graph.ops[0], graph) == ""


def test_element_types_are_named_with_what_would_do() -> None:
    condition = conditions.input_types(0, "f32 qi8", "filter")
    assert asked(condition, [[1]]) == ""
    assert asked(condition, [None]) == ""
    assert asked(condition, [[1]], ["INT32"]) == "filter is INT32; f32 or qi8 is supported"
    g = GraphBuilder()
    g.op("RELU", [g.input("x", [2], "INT16", scale=[0.5, 0.5]), g.input("z", [1], "INT16", scale=0.5)], [])
    graph = model(g).graphs[0]
    reason = conditions.input_types(0, "f32")(graph.ops[0], graph)
    assert reason == "input 0 is INT16 with a scale for each channel; f32 is supported"
    reason = conditions.input_types(1, "f32")(graph.ops[0], graph)
    assert reason == "input 1 is INT16 with one scale; f32 is supported"


def test_a_type_that_is_newer_than_this_program_is_unknown() -> None:
    g = GraphBuilder()
    g.op("RELU", [g.input("x", [1], type=99)], g.tensor("y", [1]))
    graph = model(g).graphs[0]
    assert isinstance(conditions.input_types(0, "f32")(graph.ops[0], graph), Unknown)


def test_types_that_differ_are_named() -> None:
    assert asked(conditions.same_type(0, 1), [[1], None]) == ""
    assert asked(conditions.same_type(0, 1), [[1], [1]], ["INT8"]) == "its element types differ: FLOAT32, INT8"
    assert asked(conditions.same_type(0, output=None), [[1]], ["INT8"]) == ""
    assert asked(conditions.same_type(0, output=7), [[1]], ["INT8"]) == ""


def test_ranks_have_a_lowest_and_a_highest() -> None:
    assert asked(conditions.rank(0, 1, 2), [[1, 2]]) == ""
    assert asked(conditions.rank(0, 1, 2), [None]) == ""
    assert asked(conditions.rank(0, 4, 4), [[1, 2]]) == "input 0 has 2 dimensions; 4 are supported"


def test_attributes_have_values_that_are_taken() -> None:
    condition = conditions.attribute("padding", ("SAME",))
    assert asked(condition, [[1]], options={"padding": "SAME"}) == ""
    assert asked(condition, [[1]], options={"padding": "VALID"}) == "padding is VALID; SAME is supported"
    assert asked(conditions.attribute("no_such_option", (1,)), [[1]]) == ""


def test_no_activation_is_always_taken() -> None:
    assert asked(conditions.activation("RELU"), [[1]]) == ""
    refused = asked(conditions.activation("RELU"), [[1]], options={"fused_activation_function": "TANH"})
    assert refused == "fused_activation_function is TANH; NONE or RELU is supported"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (conditions.arity((1, 2), (1, 1)), "1 to 2 inputs, 1 outputs"),
        (conditions.required(2, "bias"), "has a bias"),
        (conditions.constant(1, "filter"), "filter is constant"),
        (conditions.input_types(1, "f32 f16", "filter"), "filter is f32 or f16"),
        (conditions.same_type(0), "inputs and output have one element type"),
        (conditions.rank(0, 4, 4), "input 0 has 4 dimensions"),
        (conditions.attribute("beta", (1.0,)), "beta is 1.0"),
    ],
)
def test_each_says_in_words_what_it_asks(condition: Condition, words: str) -> None:
    assert condition.__doc__ == words
