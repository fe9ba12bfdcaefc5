"""What programs rely on: cases beside those that one mutation makes."""

from __future__ import annotations

import pytest

from builds import values
from tflint.analysis.alignment import aligned
from tflint.analysis.contract import contract_changes
from tflint.changes import Change, Grade
from tflint.testing import GraphBuilder, model


def changes(old: GraphBuilder, new: GraphBuilder) -> list[Change]:
    both = model(old, "old.tflite"), model(new, "new.tflite")
    return list(contract_changes(*both, aligned(*both)))


def heads(*seeds: int, outputs: tuple[int, ...] = (0, 1), names: tuple[str, ...] = ("a", "b")) -> GraphBuilder:
    """Two heads that differ only in their weights."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    ends = []
    for number, seed in enumerate(seeds):
        y = g.op(
            "FULLY_CONNECTED",
            [x, g.constant(f"w{number}", values(4, 8, seed=seed)), -1],
            g.tensor(f"t{number}", [1, 4]),
        )
        ends.append(g.op("LOGISTIC", [y], g.tensor(names[number], [1, 4])))
    g.output(*(ends[number] for number in outputs))
    return g


def one(shape: list[int | None], **more: object) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", shape, **more)
    g.output(g.op("NEG", [x], g.tensor("y", [1, 4])))
    return g


def test_heads_that_are_alike_and_were_trained_again_are_not_taken_for_swapped() -> None:
    assert changes(heads(1, 2), heads(11, 12)) == []
    assert [each.what for each in changes(heads(1, 2), heads(12, 11, names=("c", "d")))] == ["tensor-name"]


def test_heads_that_are_alike_and_were_swapped_fail_nowhere() -> None:
    swapped = changes(heads(1, 2), heads(2, 1))
    assert [each.what for each in swapped][:1] == ["output-order"]
    assert "nothing fails" in swapped[0].effect


def test_an_output_that_came_first_moves_the_others() -> None:
    [one_more] = changes(heads(1, 2, outputs=(1,)), heads(1, 2, outputs=(0, 1)))
    assert (one_more.what, one_more.grade) == ("output-count", Grade.BREAKING)
    [at_the_end] = changes(heads(1, 2, outputs=(0,)), heads(1, 2, outputs=(0, 1)))
    assert (at_the_end.what, at_the_end.grade) == ("output-count", Grade.MINOR)


def test_inputs_of_an_op_that_takes_them_in_any_order_are_not_swapped() -> None:
    def added(*order: int) -> GraphBuilder:
        g = GraphBuilder()
        ends = [g.input("a", [4]), g.input("b", [4])]
        g.output(g.op("ADD", [ends[number] for number in order], g.tensor("y", [4]), {}))
        return g

    assert changes(added(0, 1), added(1, 0)) == []


@pytest.mark.parametrize(
    ("old", "new", "grade"),
    [
        ([1, 4], [None, 4], Grade.MINOR),
        ([2, 4], [None, 4], Grade.BREAKING),
        ([None, 4], [1, 4], Grade.BREAKING),
        ([1, 4], [1, 4, 1], Grade.BREAKING),
        ([1, 4], [1, 5], Grade.BREAKING),
    ],
)
def test_a_shape_breaks_where_the_old_one_cannot_be_used(
    old: list[int | None], new: list[int | None], grade: Grade
) -> None:
    [change] = changes(one(old), one(new))
    assert (change.what, change.grade) == ("input-shape", grade)


def test_fixing_what_callers_chose_breaks_those_that_resize() -> None:
    [change] = changes(one([None, 4]), one([1, 4]))
    assert change.effect == "A program that resizes it to other sizes fails."


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({"scale": 0.1}, {}, "none"),
        ({"scale": 0.1}, {"scale": [0.1, 0.2, 0.3, 0.4], "axis": 1}, "4 scales"),
        ({"scale": 0.0}, {"scale": 0.1}, "scale 0.1"),
    ],
)
def test_quantization_that_cannot_be_compared_breaks(old: dict[str, object], new: dict[str, object], what: str) -> None:
    [change] = changes(one([1, 4], dtype="INT8", **old), one([1, 4], dtype="INT8", **new))
    assert (change.what, change.grade) == ("input-quantization", Grade.BREAKING)
    assert what in change.message


def test_several_ends_with_the_same_change_are_one() -> None:
    def many(kind: str) -> GraphBuilder:
        g = GraphBuilder()
        ends = [g.input(f"i{number}", [4], kind) for number in range(5)]
        g.output(g.op("CONCATENATION", ends, g.tensor("y", [20], kind), {}))
        return g

    messages = [each.message for each in changes(many("FLOAT32"), many("INT32"))]
    assert messages == [
        "Inputs 'i0', 'i1', 'i2' and 2 more are INT32 now; they were FLOAT32.",
        "Output 'y' is INT32 now; it was FLOAT32.",
    ]


def test_a_signature_that_calls_another_graph_is_compared_with_that() -> None:
    def two(size: int) -> GraphBuilder:
        g = one([1, 4])
        inner = g.subgraph("more")
        x = inner.input("p", [size])
        inner.output(inner.op("ABS", [x], inner.tensor("q", [size])))
        inner.signature("more", {"p": x}, {"q": inner.graph["outputs"][0]})
        return g

    assert [each.what for each in changes(two(3), two(4))] == ["input-shape", "output-shape"]


def test_signatures_are_listed_where_several_came_and_went() -> None:
    def signed(*keys: str) -> GraphBuilder:
        g = one([1, 4])
        for key in keys:
            g.signature(key, {"x": 0}, {"y": 1})
        return g

    found = changes(signed("a", "b"), signed("c", "d", "e"))
    assert [(each.what, each.grade) for each in found] == [
        ("signature-gone", Grade.BREAKING),
        ("signature-new", Grade.MINOR),
    ]
    assert found[0].message == "The signatures 'a' and 'b' are gone."


def test_names_of_a_signature_that_no_graph_knows_came_or_went() -> None:
    def signed(*inputs: str) -> GraphBuilder:
        g = one([1, 4])
        g.signature("run", dict.fromkeys(inputs, 0), {"y": 1})
        return g

    found = changes(signed("x"), signed("x", "z"))
    assert [(each.what, each.grade) for each in found] == [("signature-input-new", Grade.BREAKING)]
    assert [each.what for each in changes(signed("x", "z"), signed("x"))] == ["signature-input-gone"]


def test_scales_of_wide_integers_are_not_measured() -> None:
    found = changes(one([1, 4], dtype="INT64", scale=0.1), one([1, 4], dtype="INT64", scale=0.2))
    assert [each.grade for each in found] == [Grade.BREAKING]
