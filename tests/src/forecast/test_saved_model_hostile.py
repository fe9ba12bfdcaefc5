"""Graphs that no TensorFlow would write: something is told of each, or nothing, and it takes no time."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from tf_graphs import TensorFlowGraph, model
from tflint.forecast import predicted
from tflint.forecast.tf.elementwise import ELEMENTWISE
from tflint.forecast.tf.matrices import MATRICES
from tflint.forecast.tf.others import OTHERS
from tflint.forecast.tf.shaping import SHAPING
from tflint.forecast.tf.windows import WINDOWS
from tflint.model import DType, Shape, Tensor

KINDS = sorted({*ELEMENTWISE, *MATRICES, *OTHERS, *SHAPING, *WINDOWS, "Identity", "Erf", "Tan", "Mine", "StatelessIf"})
SIZES = [None, 0, 1, 2, 3, 1 << 31, 1 << 62]
TYPES = ["FLOAT32", "FLOAT32", "INT32", "INT64", "BOOL", "STRING", "UNKNOWN", "RESOURCE"]
VALUES: list[Any] = [
    0,
    -1,
    7,
    1 << 40,
    "SAME",
    "NCHW",
    (),
    (1, 2),
    (1, 1, 1, 1),
    (0,) * 8,
    True,
    None,
    1.5,
    "ab,bc->ac",
]
SETTINGS = (
    "strides dilations padding data_format ksize axis squeeze_dims begin_mask end_mask ellipsis_mask new_axis_mask "
    "shrink_axis_mask keep_dims equation explicit_paddings block_size transpose_a adj_y batch_dims then_branch"
).split()


def _shape(rng: Random) -> Shape | None:
    if rng.random() < 0.1:
        return None
    return tuple(rng.choice(SIZES) for _ in range(rng.randint(0, 5)))


def _given(rng: Random, g: TensorFlowGraph, made: list[Tensor]) -> Tensor | None:
    drawn = rng.random()
    if drawn < 0.05:
        return None
    if drawn < 0.4:
        shape = tuple(rng.randint(0, 3) for _ in range(rng.randint(0, 4)))
        return g.constant(np.full(shape, rng.choice([0, 1, -1, 3])), rng.choice(["float32", "int32", "int64"]))
    return rng.choice(made)


@pytest.mark.parametrize("seed", range(250))
def test_whatever_a_graph_holds_nothing_is_raised(seed: int) -> None:
    rng = Random(seed)
    g = TensorFlowGraph()
    made = [g.input(_shape(rng), rng.choice(TYPES)) for _ in range(3)]
    for _ in range(25):
        inputs = [_given(rng, g, made) for _ in range(rng.randint(0, 5))]
        outputs = [g.tensor(_shape(rng), rng.choice(TYPES)) for _ in range(rng.randint(1, 3))]
        settings = {name: rng.choice(VALUES) for name in rng.sample(SETTINGS, 6)}
        g.op(rng.choice(KINDS), inputs, outputs, **settings)
        made += outputs
    g.output(*rng.sample(made, 4))
    for precision in ("float32", "int8", "int16x8"):
        predicted(model(g), precision)


def test_a_long_chain_takes_no_time() -> None:
    g = TensorFlowGraph()
    y = g.input((1, 8))
    for number in range(3_000):
        y = g.op("Relu" if number % 3 else "Neg", [y])
    found = predicted(model(g.output(y)))
    assert found is not None
    assert len(found.graphs[0].ops) < 3_000


def test_a_graph_that_goes_around_keeps_its_order() -> None:
    g = TensorFlowGraph()
    back = g.tensor()
    y = g.op("AddV2", [g.input(), back])
    g.op("Exp", [y], [back])
    found = predicted(model(g.output(y)))
    assert found is not None
    assert [op.kind for op in found.graphs[0].ops] == ["ADD"]


def test_types_without_a_width_are_handed_on() -> None:
    g = TensorFlowGraph()
    y = g.op("Reshape", [g.input((2, 3), "STRING"), g.constant([6], "int32")], [g.tensor((6,), "STRING")])
    found = predicted(model(g.output(y)))
    assert found is not None
    assert found.graphs[0].outputs[0].dtype is DType.STRING
