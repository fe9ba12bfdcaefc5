"""Targets: the verdict on an op, in three layers and with three values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from made_up import DELEGATE
from tflint import Graph, Op, Support, Unknown, type_code
from tflint.target import Layer, Verdict
from tflint.testing import GraphBuilder, model


def op(kind: str, height: int = 4, version: int = 1) -> tuple[Op, Graph]:
    g = GraphBuilder()
    x = g.input("x", [1, height, 4, 2])
    g.output(g.op(kind, [x], g.tensor("y", [1, height, 4, 2]), {}, version=version))
    graph = model(g).graphs[0]
    return graph.ops[0], graph


def test_an_op_that_is_not_listed_is_refused_on_the_first_layer() -> None:
    verdict = DELEGATE.verdict(*op("EXP"))
    assert verdict == Verdict(False, "EXP is not among the ops of made-up", Layer.LISTED)


def test_an_incomplete_list_makes_it_unknown() -> None:
    assert replace(DELEGATE, unlisted=None).verdict(*op("EXP")).supported is None


def test_versions_belong_to_the_list() -> None:
    verdict = DELEGATE.verdict(*op("RELU", version=3))
    assert verdict == Verdict(False, "RELU has version 3; made-up knows versions 1 to 2", Layer.LISTED)
    only = replace(DELEGATE, ops={"RELU": Support((1, 1))})
    assert only.verdict(*op("RELU", version=3)).reason == "RELU has version 3; made-up knows version 1"


def test_what_fits_is_supported_and_has_no_reason() -> None:
    assert DELEGATE.verdict(*op("RELU")) == Verdict(True)


def test_types_are_asked_before_shapes_and_a_refusal_outweighs_a_doubt() -> None:
    def doubtful(op: Op, graph: Graph) -> str:
        return Unknown("nobody knows")

    target = replace(DELEGATE, types=(doubtful,))
    assert target.verdict(*op("ABS")) == Verdict(None, "ABS: nobody knows", Layer.TYPED)
    refused = target.verdict(*op("RELU", height=3))
    assert refused == Verdict(False, "RELU: its height is odd; an even one is supported", Layer.SHAPED)


def test_where_the_maker_decides_nobody_can_tell() -> None:
    assert DELEGATE.verdict(*op("NEG")) == Verdict(None, "its maker decides", Layer.SHAPED)


def test_a_custom_op_is_found_by_its_code_and_has_no_version() -> None:
    target = replace(DELEGATE, ops={"MyOp": Support((5, 5))})
    assert target.verdict(*op("MyOp")).supported is True


def test_a_question_to_the_whole_model_may_end_it() -> None:
    g = GraphBuilder()
    assert DELEGATE.refusal(model(g)) == ""
    g.tensor("state", [1], is_variable=True)
    assert DELEGATE.refusal(model(g)) == "it has variables"


@pytest.mark.parametrize(
    ("dtype", "more", "code"),
    [
        ("FLOAT32", {}, "f32"),
        ("FLOAT32", {"scale": 0.5}, "f32"),
        ("INT8", {}, "i8"),
        ("INT8", {"scale": 0.5}, "qi8"),
        ("INT8", {"scale": [0.5, 0.25]}, "qi8c"),
        ("BOOL", {}, "bool"),
    ],
)
def test_type_codes_are_short(dtype: str, more: dict[str, object], code: str) -> None:
    g = GraphBuilder()
    g.tensor("t", [2], dtype, **more)  # type: ignore[arg-type]
    assert type_code(model(g).graphs[0].tensors[0]) == code


def test_a_left_out_tensor_and_an_unknown_type_have_codes_too() -> None:
    g = GraphBuilder()
    g.tensor("t", [2], type=99)
    assert type_code(None) == "-"
    assert type_code(model(g).graphs[0].tensors[0]) == "?"
