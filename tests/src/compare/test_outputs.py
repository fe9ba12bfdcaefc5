"""The outputs of a model beside those of its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from tflint.compare.matching import Matched, ends
from tflint.compare.outputs import differences
from tflint.comparison import OutputDifference
from tflint.testing import GraphBuilder, model


def giving(*names: str, **more: Any) -> Any:
    """The outputs of a model, by these names."""
    g = GraphBuilder()
    x = g.input("x", [1, 2])
    g.output(*(g.op("NEG", [x], g.tensor(name, [1, 2], **more)) for name in names))
    made = model(g)
    return ends(made, made.graphs[0], of_inputs=False)


def rows(*values: Sequence[float]) -> list[list[Any]]:
    """For each input the value of the only output."""
    return [[np.array([each], np.float32)] for each in values]


def compared(
    mine: list[list[Any]], theirs: list[list[Any]], counted: Sequence[int] | None = None, **more: Any
) -> OutputDifference:
    counted = range(len(mine)) if counted is None else counted
    [found], left_out = differences(
        giving("y", **more), giving("t"), Matched((0,), ("name",)), mine, theirs, list(counted)
    )
    assert left_out == []
    return found


def test_an_output_is_measured_on_the_inputs_that_count() -> None:
    found = compared(rows([1, 2], [9, 9]), rows([1, 1], [3, 4]), counted=[0])
    assert (found.place, found.name, found.reference_name, found.matched_by) == (0, "y", "t", "name")
    assert (found.dtype, found.span, found.worst) == ("FLOAT32", (1.0, 1.0), 0)
    assert found.figures == found.by_feed[0]
    assert [each.max_abs for each in found.by_feed] == [1.0, 6.0]


def test_the_worst_input_is_the_one_with_the_lowest_ratio() -> None:
    assert compared(rows([1, 1], [1, 9], [1, 2]), rows([1, 1], [1, 1], [1, 1])).worst == 1
    assert compared(rows([1, 1], [1, nan]), rows([1, 9], [1, 1])).worst == 1
    assert compared(rows([0, 1]), rows([0, 0])).worst is None
    assert compared(rows([0, 1], [1, 2]), rows([0, 0], [1, 1])).worst == 1


def test_where_no_input_counts_there_are_no_figures() -> None:
    found = compared(rows([1, 2]), rows([1, 1]), counted=[])
    assert (found.figures.snr_db, found.figures.max_abs, found.worst) == (None, 0.0, None)
    assert found.span == (0.0, 0.0)
    assert found.by_feed[0].max_abs == 1.0


def test_the_span_is_that_of_finite_values() -> None:
    assert compared(rows([1, 2]), rows([inf, -3])).span == (-3.0, -3.0)
    assert compared(rows([1, 2]), rows([inf, nan])).span == (0.0, 0.0)


def test_errors_are_told_in_steps_of_the_output() -> None:
    found = compared(rows([1, 2]), rows([1, 1]), dtype="INT8", scale=0.5)
    assert found.figures.steps == 2.0


def test_scores_of_classes_are_noticed() -> None:
    found = compared(rows([0.2, 0.8], [0.6, 0.4]), rows([0.3, 0.7], [0.4, 0.6]))
    assert (found.figures.top1, found.by_feed[0].top1, found.by_feed[1].top1) == (0.5, 1.0, 0.0)
    assert compared(rows([0.2, 0.8]), rows([3, 4])).figures.top1 is None


def test_another_layout_of_as_many_elements_is_compared() -> None:
    mine = [[np.array([[1, 2]], np.float32)]]
    assert compared(mine, [[np.array([[1], [2]], np.float32)]]).figures.snr_db == inf


@pytest.mark.parametrize("theirs", [np.zeros(3, np.float32), np.array([b"a", b"b"])])
def test_what_cannot_be_compared_is_told(theirs: Any) -> None:
    found, left_out = differences(giving("y"), giving("t"), Matched((0,), ("order",)), rows([1, 2]), [[theirs]], [0])
    assert found == ()
    assert left_out == ["Output 'y' has another size than that of the source, or is no number."]


def test_an_output_that_matches_nothing_is_told() -> None:
    found, left_out = differences(giving("y"), giving("t"), Matched((None,), ("",)), rows([1, 2]), rows([1, 2]), [0])
    assert found == ()
    assert left_out == ["Output 'y' has none of its shape in the source."]


def swapped(*others: Sequence[float]) -> OutputDifference:
    """The first of two outputs, and what the source's outputs are."""
    names = tuple("abcde"[: len(others)])
    found, _ = differences(
        giving("y"),
        giving(*names),
        Matched((0,), ("order",)),
        rows([1, 2]),
        [[np.array([each], np.float32) for each in others]],
        [0],
    )
    return found[0]


def test_an_output_that_fits_another_one_far_better_is_told() -> None:
    assert swapped([7, -7], [1, 2]).fits_better == 1
    assert swapped([7, -7], [1.1, 2], [1, 2]).fits_better == 2
    assert swapped([7, -7], [1, 2], [1.1, 2]).fits_better == 1
    assert swapped([7, -7], [5, 2]).fits_better is None
    assert swapped([1, 2], [1, 2]).fits_better is None
    assert swapped([1.05, 2], [1, 2.01]).fits_better == 1
    assert swapped([1.05, 2], [1.03, 2]).fits_better is None
    assert swapped([0, 0], [1, 2]).fits_better == 1
    assert swapped([7, -7], [1, 2, 3]).fits_better is None


def test_no_inputs_give_no_figures() -> None:
    found, _ = differences(giving("y"), giving("t"), Matched((0,), ("order",)), [], [], [])
    assert found[0].by_feed == ()
    assert found[0].fits_better is None
    assert replace(found[0], name="").name == ""
