"""The figures of constants, and the pieces they are read in."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tflint.analysis import weights
from tflint.analysis.weights import Statistics, raw, readable, statistics
from tflint.formats import read
from tflint.model import Tensor
from tflint.testing import GraphBuilder, model

NAN, INF = float("nan"), float("inf")


def constant(values: NDArray[Any], **more: Any) -> Tensor:
    g = GraphBuilder()
    g.constant("c", values, **more)
    return model(g).graphs[0].tensors[0]


def figures(*values: float, dtype: Any = np.float32) -> Statistics | None:
    return statistics(constant(np.array(values, dtype)))


def test_finite_numbers_have_extremes() -> None:
    assert figures(1, -2, 3) == Statistics(3, minimum=-2.0, maximum=3.0)


def test_nan_and_infinity_are_counted_and_placed_and_no_extremes() -> None:
    assert figures(1, NAN, -INF, 5, INF, NAN) == Statistics(6, 2, 2, 1, 2, 1.0, 5.0)


def test_where_nothing_is_finite_there_are_no_extremes() -> None:
    assert figures(NAN) == Statistics(1, 1, 0, 0, None, None, None)
    assert figures(INF) == Statistics(1, 0, 1, None, 0, None, None)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.int64])
def test_every_real_type_is_read(dtype: Any) -> None:
    assert figures(1, -2, 3, dtype=dtype) == Statistics(3, minimum=-2, maximum=3)


def test_bfloat16_is_the_upper_half_of_a_float32() -> None:
    bits = (np.array([1, -2, NAN], np.float32).view(np.uint32) >> 16).astype(np.uint16)
    found = statistics(constant(bits.view(np.uint8), dtype="BFLOAT16", shape=[3]))
    assert found == Statistics(3, 1, 0, 2, None, -2.0, 1.0)


def test_packed_integers_are_unpacked() -> None:
    found = statistics(constant(np.array([0x7F, 0x08], np.uint8), dtype="INT4", shape=[3]))
    assert found == Statistics(3, minimum=-8, maximum=7)


def test_sums_that_overflow_are_no_infinity() -> None:
    found = figures(3e38, 3e38, 3e38)
    assert found is not None
    assert found.infinities == 0


@pytest.mark.parametrize("dtype", [np.bool_, np.complex64])
def test_what_is_no_real_number_has_no_figures(dtype: Any) -> None:
    assert figures(1, 0, dtype=dtype) is None


def test_a_constant_that_is_too_short_or_empty_has_none() -> None:
    assert statistics(constant(np.ones(3, np.float32), shape=[4])) is None
    assert statistics(constant(np.ones(3, np.float32), shape=[0])) is None


def test_positions_count_across_the_pieces() -> None:
    values = np.zeros(1_000_000, np.float32)  # 4 pieces of 1 MiB
    values[600_000], values[900_000] = NAN, NAN
    values[700_000] = -INF
    values[0], values[999_999] = -1, 2
    found = statistics(constant(values))
    assert found == Statistics(1_000_000, 2, 1, 600_000, 700_000, -1.0, 2.0)


def test_pieces_without_finite_numbers_leave_the_extremes_to_the_others() -> None:
    values = np.full(600_000, NAN, np.float32)
    values[-1] = 7
    assert statistics(constant(values)) == Statistics(600_000, 599_999, 0, 0, None, 7.0, 7.0)


def test_raw_bytes_are_those_of_the_file_whatever_the_type() -> None:
    text = constant(np.frombuffer(b"abc", np.uint8), dtype="STRING", shape=[100])
    assert b"".join(chunk.tobytes() for chunk in raw(text)) == b"abc"
    g = GraphBuilder()
    g.tensor("none", [4])
    assert list(raw(model(g).graphs[0].tensors[0])) == []


def test_a_mapped_file_is_read_without_keeping_it_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.formats.MAP_FROM", 1)
    values = np.ones(1 << 20, np.float32)
    values[-1] = NAN
    g = GraphBuilder()
    g.constant("c", values)
    tensor = read(g.save(tmp_path / "model.tflite")).graphs[0].tensors[0]
    assert tensor.data is not None
    assert isinstance(tensor.data.obj, mmap.mmap)
    found = statistics(tensor)
    assert found is not None
    assert found.first_nan == (1 << 20) - 1


def sharing() -> GraphBuilder:
    g = GraphBuilder()
    buffer = g.buffer(np.ones(8, np.float32).tobytes())
    for name, dtype, count in (("a", "FLOAT32", 8), ("b", "FLOAT32", 8), ("c", "INT32", 8), ("d", "FLOAT32", 4)):
        g.tensor(name, [count], dtype, buffer=buffer)
    g.tensor("activation", [8])
    return g


def test_of_constants_that_read_the_same_bytes_alike_the_first_stands_for_all() -> None:
    built = model(sharing())
    a, b, c, d, activation = built.graphs[0].tensors
    assert readable(built) == {a: a, b: a, c: c, d: d}
    assert activation not in readable(built)


def test_constants_of_damaged_graphs_are_left_out() -> None:
    g = sharing()
    g.graph["outputs"].append(99)
    assert readable(model(g)) == {}


def test_constants_that_overlap_again_and_again_are_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PASSES", 0)
    assert readable(model(sharing())) == {}
