"""Nothing that a file may hold makes the forecast stop."""

from __future__ import annotations

from typing import Any

import pytest

from tf_graphs import TensorFlowGraph as G
from tflint.forecast.control import BRANCHING
from tflint.forecast.lists import TENSOR_LISTS
from tflint.forecast.resources import RESOURCES
from tflint.forecast.table import kinds

KINDS = sorted({*kinds(), *BRANCHING, *TENSOR_LISTS, *RESOURCES, "DeviceIndex", "Shape", "", "Nobody"})
OPTIONS: list[dict[str, Any]] = [
    {},
    {
        "T": None,
        "dtype": "text",
        "data_format": 7,
        "axis": "x",
        "is_max_k": "?",
        "body": 3,
        "branches": 4,
        "num_split": [],
    },
]


@pytest.mark.parametrize("options", OPTIONS, ids=["no attributes", "attributes of wrong types"])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_ops_with_any_inputs_and_attributes_are_judged(count: int, options: dict[str, Any]) -> None:
    for kind in KINDS:
        for make in (
            lambda g: None,
            lambda g: g.input(None),
            lambda g: g.input((None, 0, 1 << 60), "UNKNOWN"),
            lambda g: g.constant([1, 0], "int32"),
            lambda g: g.tensor((1 << 40,), data=memoryview(b"")),
        ):
            g = G()
            g.output(g.op(kind, [make(g) for _ in range(count)], [g.tensor(None), g.tensor()], **options))
            g.forecast()


def test_an_op_that_makes_nothing_is_judged() -> None:
    for kind in KINDS:
        g = G()
        g.op(kind, [g.input()], 0)
        g.forecast()
