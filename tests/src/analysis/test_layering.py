"""The layers of a model's ops, with the source at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sources import Source
from tflint import Format, Model
from tflint.analysis.compared import compared
from tflint.analysis.layering import layering
from tflint.testing import GraphBuilder, model
from twin_models import normal


def source(*layers: str, format: Format = Format.KERAS) -> Model:
    """Layers in a row, those called dense or conv with a kernel of their own."""
    made = Source(format=format)
    made.input()
    for number, name in enumerate(layers):
        weights = {"kernel": normal(16, 16, seed=number)} if name.startswith("dense") else {}
        made.layer("Dense" if weights else "ReLU", name, weights)
    return made.model()


def converted(*names: str, kinds: tuple[str, ...] = (), weights: tuple[int, ...] = ()) -> Model:
    """Ops of these names in a row: FULLY_CONNECTED with the kernel of that layer of the source, or RELU."""
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    for number, name in enumerate(names):
        kind = kinds[number] if kinds else "FULLY_CONNECTED" if weights and weights[number] >= 0 else "RELU"
        inputs = [x]
        if kind == "FULLY_CONNECTED":
            inputs += [g.constant(f"w{number}", np.ascontiguousarray(normal(16, 16, seed=weights[number]).T)), -1]
        x = g.op(kind, inputs, g.tensor(name, [1, 16]), {} if kind == "FULLY_CONNECTED" else None)
    g.output(x)
    return model(g)


def layers(made: Model, of: Model | None) -> list[str | None]:
    found = layering(made, of)
    return [] if found is None else [found.layer(op, made.graphs[0]) for op in made.graphs[0].ops]


def test_names_of_keras_3_have_a_number_behind_each_layer() -> None:
    of = source("dense", "dense_1", "relu")
    made = converted("f_1/dense_1/MatMul", "f_1/dense_1_2/MatMul", "f_1/relu_1/Relu", weights=(0, 1, -1))
    assert layers(made, of) == ["dense", "dense_1", "relu"]


def test_names_of_keras_2_have_none() -> None:
    of = source("dense", "dense_1", "relu")
    made = converted("f/dense/MatMul", "f/dense_1/MatMul", "f/relu/Relu", weights=(0, 1, -1))
    assert layers(made, of) == ["dense", "dense_1", "relu"]


def test_without_weights_the_names_tell_which_it_is() -> None:
    assert layers(converted("f/act_1/Relu", "f/act_1_1/Relu", "y"), source("act", "act_1")) == ["act", "act_1", "act_1"]
    assert layers(converted("f/act/Relu", "f/act_1/Relu", "y"), source("act", "act_1")) == ["act", "act_1", "act_1"]


def test_weights_tell_where_names_do_not() -> None:
    made = converted("a", "b", "c", weights=(1, 0, -1))
    assert layers(made, source("dense", "dense_1", "relu")) == ["dense_1", "dense", "relu"]
    of = source("dense", "dense_1", "relu")
    found = layering(made, of, compared(made, of))
    assert found is not None
    assert found.at(made.graphs[0].ops[0].inputs[1], made.graphs[0]) == "dense_1"  # type: ignore[arg-type]
    assert found.at(made.graphs[0].inputs[0], made.graphs[0]) is None
    assert found.at(made.graphs[0].ops[1].outputs[0], made.graphs[0]) == "dense"


def test_of_joined_ops_the_root_counts() -> None:
    name = "f_1/relu_1/Relu;f_1/dense_1/MatMul;f_1/dense_1/BiasAdd"
    assert layers(converted(name, "f_1/relu_1/Relu", weights=(5, -1)), source("dense", "relu")) == ["dense", "relu"]


def test_layers_inside_layers_of_keras_count_as_these() -> None:
    of = source("lstm", "lstm_cell", "relu", format=Format.SAVED_MODEL)
    made = converted("f_1/lstm_1/lstm_cell_1/Sigmoid", "f_1/relu_1/Relu", "f_1/lstm_cell_1/Relu")
    assert layers(made, of) == ["lstm", "relu", "lstm_cell"]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("QUANTIZE", "RELU", "DEQUANTIZE", "RELU"), ["a", "a", "a", "b"]),
        (("RELU", "RELU", "RESHAPE", "RELU"), [None, "a", "b", "b"]),
        (("RELU", "RELU", "RELU", "RELU"), [None, "a", None, "b"]),
    ],
)
def test_what_has_no_name_belongs_to_what_is_around_it(kinds: tuple[str, ...], expected: list[Any]) -> None:
    made = converted("x1", "f_1/a_1/Relu", "x2", "f_1/b_1/Relu", kinds=kinds)
    found = layers(made, source("a", "b"))
    assert found[1:] == expected[1:]
    if kinds[0] == "QUANTIZE":
        assert found[0] == "a"


def test_the_outputs_of_a_model_lost_their_names() -> None:
    made = converted("f_1/a_1/Relu", "y", "StatefulPartitionedCall:0", kinds=("RELU", "RELU", "DEQUANTIZE"))
    assert layers(made, source("a", "b")) == ["a", "b", "b"]


@pytest.mark.parametrize("keys", [("output_0", "output_1"), ("left", "right")])
def test_several_outputs_are_known_by_their_signature(keys: tuple[str, str]) -> None:
    made = Source()
    x = made.input()
    made.outputs = [made.layer("ReLU", "left", of=[x]), made.layer("ReLU", "right", of=[x])]
    g = GraphBuilder()
    y = g.input("x", [1, 16])
    ends = [g.op("RELU", [y], g.tensor(f"Call:{number}", [1, 16])) for number in range(2)]
    g.output(*ends)
    g.signature("serve", {"x": y}, {keys[0]: ends[1], keys[1]: ends[0], "more": y} if keys[0] == "left" else
                {keys[0]: ends[1], keys[1]: ends[0]})  # fmt: skip
    assert layers(model(g), made.model()) == ["right", "left"]


def test_without_a_source_the_names_alone_tell() -> None:
    made = converted("model/a/Relu", "model/b/Relu")
    assert layers(made, None) == ["a", "b"]
    assert layers(converted("y"), None) == []
    assert layers(made, made) == ["a", "b"]
