"""The extremes of the channels of a constant."""

from __future__ import annotations

import numpy as np
import pytest

from tflint.analysis import channels as module
from tflint.analysis.channels import channels
from tflint.model import DType, Tensor


def constant(values: np.ndarray, dtype: DType, shape: tuple[int, ...] | None = None) -> Tensor:
    shape = values.shape if shape is None else shape
    return Tensor("m", 0, 0, "w", dtype, shape, shape, data=memoryview(values.tobytes()))


@pytest.mark.parametrize("piece", [1, 64, 1 << 20])
@pytest.mark.parametrize(
    ("shape", "axis"), [((6, 3, 3, 5), 0), ((1, 3, 3, 7), 3), ((4, 9), 1), ((5,), 0), ((2, 3, 4), 1)]
)
def test_they_are_what_numpy_says_however_the_constant_is_cut(
    shape: tuple[int, ...], axis: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIECE", piece)
    values = np.random.default_rng(1).integers(-128, 128, shape, dtype=np.int8)
    others = tuple(each for each in range(values.ndim) if each != axis)
    found = channels(constant(values, DType.INT8), axis)
    assert found is not None
    assert found.minimum.tolist() == values.min(axis=others).tolist()
    assert found.maximum.tolist() == values.max(axis=others).tolist()
    assert found.elements == values.size // shape[axis]


def test_the_magnitude_of_the_lowest_value_does_not_overflow() -> None:
    found = channels(constant(np.array([[-128, 5], [3, -4]], np.int8), DType.INT8), 0)
    assert found is not None
    assert found.magnitude.tolist() == [128, 4]


def test_packed_integers_are_unpacked() -> None:
    found = channels(constant(np.array([0x7F, 0x80], np.uint8), DType.INT4, (2, 2)), 0)
    assert found is not None
    assert (found.minimum.tolist(), found.maximum.tolist()) == ([-1, -8], [7, 0])


def test_not_a_number_is_handed_on() -> None:
    found = channels(constant(np.array([[1, np.nan], [2, 3]], np.float32), DType.FLOAT32), 0)
    assert found is not None
    assert np.isnan(found.maximum[0])
    assert found.magnitude[1] == 3


@pytest.mark.parametrize(
    ("values", "dtype", "shape", "axis"),
    [
        (np.zeros(4, np.int8), DType.INT8, (2, 2), 2),
        (np.zeros(4, np.int8), DType.INT8, (2, 2), -1),
        (np.zeros(0, np.int8), DType.INT8, (2, 0), 0),
        (np.zeros(4, np.bool_), DType.BOOL, (2, 2), 0),
        (np.zeros(3, np.int8), DType.INT8, (2, 2), 0),
    ],
)
def test_what_cannot_be_read_or_has_no_channels_has_no_extremes(
    values: np.ndarray, dtype: DType, shape: tuple[int, ...], axis: int
) -> None:
    assert channels(constant(values, dtype, shape), axis) is None
