"""What the converter computes itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_graphs import TensorFlowGraph as G
from tflint.forecast.folding import evaluate
from tflint.forecast.known import Known
from tflint.model import DType


def values(g: G, known: Known | None = None) -> Any:
    """The values of the last op, after all others were folded."""
    graph = g.graph()
    known = known or Known(graph)
    found = None
    for op in graph.ops:
        found = evaluate(op, known)
        if found is not None:
            known.fold(op, found)
    return found


def test_the_shape_of_a_value_is_known_where_all_sizes_are() -> None:
    for kind, expected in (("Shape", [2, 3]), ("Size", 6), ("Rank", 2)):
        g = G()
        g.op(kind, [g.input((2, 3))], [g.tensor((2,), "INT32")])
        assert np.array_equal(values(g)[0], expected)


def test_the_shape_of_a_value_with_an_open_size_is_not_known_and_its_rank_is() -> None:
    for kind, known in (("Shape", False), ("Size", False), ("Rank", True)):
        g = G()
        g.op(kind, [g.input((None, 3))], [g.tensor((2,), "INT32")])
        assert (values(g) is not None) is known
    g = G()
    g.op("Rank", [g.input(None)], [g.tensor((), "INT32")])
    assert values(g) is None


def test_a_size_that_is_too_large_to_compute_is_folded_without_a_value() -> None:
    g = G()
    g.op("Shape", [g.input((1 << 40, 1 << 40))], [g.tensor((2,), "INT32")])
    assert values(g) == [None]


def test_sizes_that_are_taken_out_of_shapes_and_put_together_are_known() -> None:
    g = G()
    shape = g.op("Shape", [g.input((4, 6))], [g.tensor((2,), "INT32")])
    one = g.constant([1], "int32")
    size = g.op(
        "StridedSlice", [shape, g.constant([0], "int32"), one, one], [g.tensor((), "INT32")], shrink_axis_mask=1
    )
    doubled = g.op("Mul", [size, g.constant(2, "int32")], T="INT32")
    g.op("Pack", [doubled, g.constant(-1, "int32")], [g.tensor((2,), "INT32")], axis=0)
    assert np.array_equal(values(g)[0], [8, -1])


CASES: list[tuple[str, list[Any], dict[str, Any], Any]] = [
    ("ConcatV2", [[1, 2], [3], 0], {}, [1, 2, 3]),
    ("Reshape", [[1, 2, 3, 4], [2, 2]], {}, [[1, 2], [3, 4]]),
    ("Range", [0, 6, 2], {}, [0, 2, 4]),
    ("ExpandDims", [[1, 2], 0], {}, [[1, 2]]),
    ("Squeeze", [[[1, 2]]], {}, [1, 2]),
    ("Prod", [[2, 3, 4], [0]], {}, 24),
    ("Max", [[[2, 5], [7, 4]], [1]], {"keep_dims": True}, [[5], [7]]),
    ("Cast", [[1, 2]], {}, [1, 2]),
    ("Neg", [[1, -2]], {}, [-1, 2]),
    ("StridedSlice", [[5, 6, 7, 8], [1], [3], [1]], {}, [6, 7]),
    ("StridedSlice", [[5, 6, 7, 8], [1], [3], [1]], {"begin_mask": 1, "end_mask": 1}, [5, 6, 7, 8]),
]


@pytest.mark.parametrize(("kind", "inputs", "options", "expected"), CASES, ids=lambda each: str(each)[:20])
def test_small_values_are_computed(kind: str, inputs: list[Any], options: dict[str, Any], expected: Any) -> None:
    g = G()
    g.op(kind, [g.constant(each, "int32") for each in inputs], [g.tensor((2,), "INT32")], **options)
    assert np.array_equal(values(g)[0], expected)


@pytest.mark.parametrize(
    ("kind", "inputs", "options"),
    [
        ("Range", [0, 6, 0], {}),
        ("Range", [0, 100_000, 1], {}),
        ("Reshape", [[1, 2], [3]], {}),
        ("StridedSlice", [[[1], [2]], [0], [1], [1]], {}),
        ("StridedSlice", [[1, 2], [0], [1], [1]], {"new_axis_mask": 1}),
        ("Acos", [[0]], {}),
    ],
)
def test_what_is_not_computed_is_folded_without_a_value(kind: str, inputs: list[Any], options: dict[str, Any]) -> None:
    g = G()
    g.op(kind, [g.constant(each, "int32") for each in inputs], [g.tensor((2,), "INT32")], **options)
    assert values(g) == [None]


def test_random_numbers_and_variables_are_not_folded() -> None:
    for kind, dtype in (("StatelessRandomUniform", "FLOAT32"), ("RandomUniform", "FLOAT32"), ("Identity", "VARIANT")):
        g = G()
        g.op(kind, [g.constant([2], "int32")], [g.tensor((2,), dtype)])
        assert values(g) is None


def test_a_result_that_is_large_and_more_than_twice_what_it_is_made_of_is_not_folded() -> None:
    for shape, folds in (((1 << 14,), True), ((1 << 20,), False), (None, True)):
        g = G()
        g.op("BroadcastTo", [g.constant([1.0]), g.constant([1 << 20], "int32")], [g.tensor(shape)], T="FLOAT32")
        assert (values(g) is not None) is folds


def test_the_value_of_a_constant_is_looked_at_where_it_is_small() -> None:
    g = G()
    small, large, text = (
        g.constant([1, 2], "int32"),
        g.constant(np.zeros(5000)),
        g.tensor((1,), "STRING", external=True),
    )
    known = Known(g.graph())
    assert known.numbers(small) == [1, 2]
    assert known.numbers(large) is None
    assert known.numbers(text) is None
    assert known.numbers(None) is None
    assert known.is_constant(text)
    assert not known.is_constant(None)


def test_a_left_out_input_has_no_size() -> None:
    g = G()
    g.op("Abs", [None])
    assert not Known(g.graph()).folds(g.ops[0])


def test_the_device_is_the_cpu_or_none_of_the_list() -> None:
    for names, expected in ((("GPU", "CPU"), 1), (("TPU",), 1), (None, 0)):
        g = G()
        g.op("DeviceIndex", (), [g.tensor((), "INT32")], device_names=names)
        assert values(g)[0] == expected


def test_element_types_without_a_width_do_not_count() -> None:
    g = G()
    g.op("AsString", [g.constant([1.0])], [g.tensor((1 << 30,), "STRING")], T="FLOAT32")
    assert values(g) is not None
    assert g.tensors[0].dtype is DType.FLOAT32


def test_what_has_no_elements_is_folded_whatever_it_is_made_of() -> None:
    for shape, dtype, folds in (((0, 3), "FLOAT32", True), ((0, 3), "STRING", False), ((None, 0), "FLOAT32", False)):
        g = G()
        g.op("Erf", [g.input()], [g.tensor(shape, dtype)], T="FLOAT32")
        assert (values(g) is not None) is folds
