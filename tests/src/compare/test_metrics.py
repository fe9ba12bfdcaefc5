"""The figures of a difference, beside numpy's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tflint.compare.metrics import figures, is_scores, relative
from tflint.comparison import Figures

NUMBERS = st.floats(-1e6, 1e6, width=32)
ANY = st.one_of(NUMBERS, st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0]))


def arrays(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[NDArray[Any], NDArray[Any]]]:
    """Two arrays of one shape, from empty ones on."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    return shapes.flatmap(
        lambda shape: st.tuples(
            hnp.arrays(np.float32, shape, elements=numbers), hnp.arrays(np.float32, shape, elements=numbers)
        )
    )


def of(*values: Any) -> NDArray[Any]:
    return np.array(values, np.float32)


@settings(deadline=None)
@given(arrays(NUMBERS))
def test_they_are_those_of_numpy(pair: tuple[NDArray[Any], NDArray[Any]]) -> None:
    ours, theirs = (each.astype(np.float64) for each in pair)
    found = figures([pair[0]], [pair[1]], step=0.5)
    assert found.finite
    if not ours.size:
        assert found == Figures(0.0, 0.0, 0.0, None, None)
        return
    error = ours - theirs
    assert found.max_abs == np.abs(error).max()
    assert found.steps == np.abs(error).max() / 0.5
    assert found.mean_abs == pytest.approx(np.abs(error).mean())
    assert found.rmse == pytest.approx(np.sqrt(np.mean(error**2)))
    signal, noise = np.sum(theirs**2), np.sum(error**2)
    if signal and noise:
        assert found.snr_db == pytest.approx(10 * np.log10(signal / noise))
        assert relative(found) == pytest.approx(np.sqrt(noise / signal))
    else:
        assert found.snr_db == (None if noise else math.inf)
    length = np.linalg.norm(ours) * np.linalg.norm(theirs)
    if length > 1e-100:
        assert found.cosine == pytest.approx(np.sum(ours * theirs) / length, abs=1e-9)


@settings(deadline=None)
@given(arrays(ANY))
def test_what_is_not_finite_is_left_out_and_told(pair: tuple[NDArray[Any], NDArray[Any]]) -> None:
    ours, theirs = pair
    found = figures([ours], [theirs])
    whole = np.isfinite(ours) & np.isfinite(theirs)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    assert found.finite == bool(np.all(whole | same))
    rest = figures([ours[whole]], [theirs[whole]])
    assert (found.max_abs, found.rmse, found.snr_db) == (rest.max_abs, rest.rmse, rest.snr_db)
    assert found.steps is None


@settings(deadline=None)
@given(arrays(ANY))
def test_a_value_differs_in_nothing_from_itself(pair: tuple[NDArray[Any], NDArray[Any]]) -> None:
    found = figures([pair[0]], [pair[0]])
    assert (found.max_abs, found.mean_abs, found.rmse, found.finite) == (0.0, 0.0, 0.0, True)
    assert relative(found) == 0.0


def test_sums_are_over_all_inputs() -> None:
    parts = [of(1, 2), of(3)], [of(1, 1), of(5)]
    assert figures(*parts) == figures([of(1, 2, 3)], [of(1, 1, 5)])
    assert figures([], []) == Figures(0.0, 0.0, 0.0, None, None)


def test_integers_and_truth_values_are_numbers() -> None:
    assert figures([np.array([True, False])], [np.array([True, True])]).max_abs == 1
    assert figures([np.array([1 << 40])], [np.array([0])]).max_abs == float(1 << 40)


def test_a_step_of_zero_tells_no_steps() -> None:
    assert figures([of(1)], [of(2)], step=0.0).steps is None


def test_a_reference_of_zeros_has_no_ratio() -> None:
    found = figures([of(0, 1)], [of(0, 0)])
    assert (found.snr_db, found.cosine) == (None, None)
    assert relative(found) == math.inf


def test_numbers_whose_squares_overflow_are_compared() -> None:
    large = np.array([1e200, -1e200])
    found = figures([large], [large / 2])
    assert found.max_abs == 5e199
    assert found.cosine == pytest.approx(1.0)


def test_the_class_is_the_largest_score_and_clear_where_it_leads_by_two_steps() -> None:
    theirs = [of([0.5, 0.3, 0.2], [0.34, 0.33, 0.33])]
    mine = [of([0.6, 0.2, 0.2], [0.33, 0.34, 0.33])]
    found = figures(mine, theirs, scores=True)
    assert (found.top1, found.top1_clear) == (0.5, 0.5)
    found = figures(mine, theirs, scores=True, step=0.01)
    assert (found.top1, found.top1_clear) == (0.5, 1.0)
    found = figures(mine, theirs, scores=True, step=0.5)
    assert (found.top1, found.top1_clear) == (0.5, None)
    assert figures(mine, theirs).top1 is None


@pytest.mark.parametrize(
    ("values", "is_it"),
    [
        ([[[0.25, 0.75]]], True),
        ([[[0.25, 0.75]], [[1, 0], [0.5, 0.51]]], True),
        ([], False),
        ([[0.25, 0.75]], False),
        ([[[1.0]]], False),
        ([[[-0.25, 1.25]]], False),
        ([[[0.25, 0.25]]], False),
        ([[[math.nan, 1.0]]], False),
        ([[[0.25, 0.75]], [[[0.25, 0.75]]]], False),
    ],
)
def test_scores_are_rows_that_sum_up_to_one(values: list[Any], is_it: bool) -> None:
    assert is_scores([np.array(each, np.float32) for each in values]) is is_it


def test_more_entries_than_there_are_classes_are_no_scores() -> None:
    assert not is_scores([np.full((1, 100_001), 1 / 100_001)])


def test_scores_of_no_rows_are_none() -> None:
    assert not is_scores([np.zeros((0, 3), np.float32)])


def test_a_signal_that_an_endless_noise_hides_has_a_ratio() -> None:
    found = figures([np.array([1e200])], [np.array([1.0])])
    assert found.snr_db is None or found.snr_db < -1000
    both = figures([np.array([1e200])], [np.array([-1e200])])
    assert both.snr_db is None or not math.isnan(both.snr_db)
    assert relative(both) > 0
