"""The LSTM layers of tf_keras, in a SavedModel: one op for the loop and all around it."""

from __future__ import annotations

import numpy as np
import pytest

from tf_graphs import TensorFlowGraph, model
from tflint.forecast import predicted
from tflint.model import Graph, Tensor

CALL = "net/lstm/PartitionedCall/"


def _body() -> TensorFlowGraph:
    body = TensorFlowGraph("body", 1)
    taken = [body.input((1, 4)) for _ in range(6)]
    gates = [body.tensor((1, 4)) for _ in range(4)]
    body.op("Split", [body.constant(1, "int32"), taken[0]], gates, num_split=4)
    made = [body.op("Sigmoid", [gate]) for gate in gates[:3]]
    made.append(body.op("Tanh", [body.op("Tanh", [gates[3]])]))
    body.output(*made, *taken[4:])
    return body


def lstm(*, last: bool = True, units: int = 4, first: str = "Transpose") -> TensorFlowGraph:
    """The graph of a layer with 4 units on 5 steps of 3 values; the function gives the last step, or all."""
    g = TensorFlowGraph()
    x = g.input((1, 5, 3))
    order = g.constant([1, 0, 2], "int32")
    major = g.op(first, [x, order], [g.tensor((5, 1, 3))], f"{CALL}transpose")
    steps = g.op("TensorListFromTensor", [major, g.constant([1, 3], "int32")], [g.tensor((), "VARIANT")], f"{CALL}list")
    state = g.op("Fill", [g.constant([1, 4], "int32"), g.constant(0.0)], [g.tensor((1, 4))], "net/lstm/zeros")
    weights: list[Tensor] = [g.constant(np.ones(shape)) for shape in ((3, 4 * units), (4, 16), (16,))]
    outputs = [g.tensor((), "VARIANT"), *[g.tensor(each.shape) for each in (state, state, *weights)]]
    g.op("StatelessWhile", [steps, state, state, *weights], outputs, f"{CALL}while", cond="cond", body="body")
    whole = g.op("TensorListStack", [outputs[0], order], [g.tensor((5, 1, 4))], f"{CALL}stack/TensorListStack")
    if last:
        ends = [g.constant([each], "int32") for each in (-1, 0, 1)]
        y = g.op("StridedSlice", [whole, *ends], [g.tensor((1, 4))], f"{CALL}slice", shrink_axis_mask=1)
    else:
        y = g.op("Transpose", [whole, order], [g.tensor((1, 5, 4))], f"{CALL}transpose_1")
    return g.output(g.op("Relu", [g.op("Identity", [y], name=f"{CALL}Identity")], name="net/relu"))


def graph(g: TensorFlowGraph, precision: str = "float32") -> Graph:
    found = predicted(model(g, _body()), precision)
    assert found is not None
    return found.graphs[0]


def test_the_last_step_is_cut_from_what_the_op_makes() -> None:
    found = graph(lstm())
    assert [op.kind for op in found.ops] == ["UNIDIRECTIONAL_SEQUENCE_LSTM", "STRIDED_SLICE", "RELU"]
    assert len(found.ops[0].inputs) == 24
    assert found.ops[0].outputs[0].shape == (1, 5, 4)
    assert found.outputs[0].shape == (1, 4)


def test_all_steps_are_what_the_op_makes() -> None:
    found = graph(lstm(last=False))
    assert [op.kind for op in found.ops] == ["UNIDIRECTIONAL_SEQUENCE_LSTM", "RELU"]
    assert found.outputs[0].shape == (1, 5, 4)


@pytest.mark.parametrize("g", [lstm(units=5), lstm(first="Reshape")], ids=["other weights", "another order"])
def test_a_layer_that_differs_is_unknown(g: TensorFlowGraph) -> None:
    assert any(op.is_unknown for op in graph(g).ops)


def test_nothing_is_told_of_a_quantized_one() -> None:
    assert predicted(model(lstm(), _body()), "int8") is None
