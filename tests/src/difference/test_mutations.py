"""One thing is different: it is found, graded, and nothing worse is said."""

from __future__ import annotations

import pytest

from builds import MUTATIONS, Mutation, detector, mutated, rewritten
from tflint.changes import Difference, Sameness
from tflint.difference import diff
from tflint.testing import GraphBuilder, model

each_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)


def compared(old: GraphBuilder | bytes, new: GraphBuilder | bytes) -> Difference:
    return diff(model(old, "old.tflite"), model(new, "new.tflite"))


def said(found: Difference) -> list[str]:
    return [f"{change.grade.label} {change.what}: {change.message} {change.effect}" for change in found.changes]


@each_mutation
def test_it_is_found_with_its_grade(mutation: Mutation) -> None:
    found = compared(detector(quantized=mutation.quantized), mutated(mutation))
    told = {change.what: change.grade for change in found.changes}
    assert told.get(mutation.what) is mutation.grade, said(found)
    assert found.verdict is (mutation.verdict or mutation.grade), said(found)
    assert found.same is None


@each_mutation
def test_it_is_found_as_well_where_the_rest_is_written_otherwise(mutation: Mutation) -> None:
    new = mutated(mutation)
    straight = compared(detector(quantized=mutation.quantized), new)
    for seed in (1, 2):
        found = compared(detector(quantized=mutation.quantized), rewritten(new.tables, seed))
        assert [(each.what, each.grade) for each in found.changes] == [
            (each.what, each.grade) for each in straight.changes
        ], said(found)


@each_mutation
def test_messages_are_sentences(mutation: Mutation) -> None:
    for change in compared(detector(quantized=mutation.quantized), mutated(mutation)).changes:
        assert change.message.endswith(".")
        assert not change.message[0].islower()
        assert not change.effect or change.effect.endswith(".")
        assert "  " not in change.message


@each_mutation
def test_a_build_against_itself_has_no_change(mutation: Mutation) -> None:
    found = compared(mutated(mutation), mutated(mutation))
    assert found.changes == (), said(found)
    assert found.same is Sameness.MODEL
