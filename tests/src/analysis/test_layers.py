"""The Keras layer of an op, by the names of tensors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tflint.analysis.layers import layer_at, layer_of, naming
from tflint.model import Model
from tflint.testing import GraphBuilder, model


def relus(*names: str, source: str = "", tensorflow: str = "") -> Model:
    """A model of one RELU for each name; with the converter's metadata where its version is given."""
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    for name in names:
        x = g.op("RELU", [x], g.tensor(name, [1, 4]))
    g.output(x)
    if not tensorflow:
        return model(g)
    g.converted(tensorflow=tensorflow)
    made = model(g)
    assert made.conversion is not None
    return replace(made, conversion=replace(made.conversion, source=source or made.conversion.source))


def layers(made: Model) -> list[str | None]:
    named = naming(made)
    return [] if named is None else [layer_of(op, made.graphs[0], named) for op in made.graphs[0].ops]


def test_keras_2_names_the_layer_as_it_is() -> None:
    made = relus("model/conv2d/Conv2D", "model/conv2d_1/Conv2D", "model/dense/BiasAdd")
    assert layers(made) == ["conv2d", "conv2d_1", "dense"]


def test_keras_3_appends_a_number_to_each_layer() -> None:
    made = relus(
        "functional_1/conv2d_1/convolution", "functional_1/conv2d_1_2/convolution", "functional_1/dense_12/MatMul1",
        tensorflow="2.21.0",
    )  # fmt: skip
    assert layers(made) == ["conv2d", "conv2d_1", "dense"]


def test_older_converters_do_not_know_keras_3() -> None:
    made = relus("functional_1/dense_1/MatMul", "functional_1/dense_2/MatMul", tensorflow="2.14.0")
    assert layers(made) == ["dense_1", "dense_2"]


def test_names_of_keras_2_are_known_under_any_converter() -> None:
    assert layers(relus("sequential_1/conv2d_3/Conv2D", tensorflow="2.21.0")) == ["conv2d_3"]
    assert layers(relus("functional_1/dense/BiasAdd", "functional_1/dense_1/BiasAdd")) == ["dense", "dense_1"]


@pytest.mark.parametrize("version", ["", "2.21.0", "2.x"])
def test_where_both_may_have_named_it_nothing_is_known(version: str) -> None:
    assert naming(relus("model_1/dense_1/MatMul", tensorflow=version)) is None


def test_other_scopes_than_layers_have_no_layer() -> None:
    made = relus(
        "functional_1/dense_1/MatMul", "functional_1/einsum_1/Einsum", "functional_1/moments/mean", "functional_1/Add",
        "other/dense_1/MatMul", "functional_1/a layer_1/MatMul", "",
        tensorflow="2.21.0",
    )  # fmt: skip
    assert layers(made) == ["dense", None, None, None, None, None, None]


def test_a_model_of_another_name_counts_where_the_converter_says_keras() -> None:
    assert layers(relus("kws/dense/MatMul", source="KERAS_MODEL", tensorflow="2.14.0")) == ["dense"]
    assert naming(relus("kws/dense/MatMul", source="TF_SAVED_MODEL", tensorflow="2.14.0")) is None
    assert naming(relus("kws/dense/MatMul")) is None
    assert naming(relus("dense/MatMul", "y")) is None


def test_calls_of_functions_stand_before_the_names() -> None:
    made = relus("StatefulPartitionedCall/StatefulPartitionedCall/model/dense/Relu", "PartitionedCall:0")
    assert layers(made) == ["dense", None]


def conv(name: str, weights: str = "w", *, readers: int = 1) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 4])
    w = g.constant(weights, np.ones((4, 1, 1, 4), np.float32))
    for _ in range(readers):
        x = g.op("CONV_2D", [x, w, -1], g.tensor(name, [1, 4, 4, 4]), {})
    g.output(x)
    return g


def test_of_several_names_the_one_of_the_op_itself_counts() -> None:
    name = "model/act/Relu;model/bn/FusedBatchNormV3;model/conv2d/BiasAdd;model/conv2d/Conv2D1"
    assert layers(model(conv(name))) == ["conv2d"]


def test_the_last_op_counts_where_equal_constants_brought_other_layers_in() -> None:
    name = "model/act/Relu;model/conv2d/BiasAdd;model/conv2d_4/Conv2D;model/conv2d/Conv2D"
    assert layers(model(conv(name))) == ["act"]


def test_weights_tell_where_the_output_of_the_model_was_renamed() -> None:
    other = "model/act/Relu"
    g = conv("Identity", "model/conv2d/Conv2D")
    g.op("RELU", [g.graph["inputs"][0]], g.tensor(other, [1, 4, 4, 4]))
    assert layers(model(g)) == ["conv2d", "act"]
    g = conv("Identity", "model/conv2d/Conv2D", readers=2)
    g.op("RELU", [g.graph["inputs"][0]], g.tensor(other, [1, 4, 4, 4]))
    assert layers(model(g)) == [None, None, "act"]


def test_a_layer_that_is_called_again_is_not_taken_for_another() -> None:
    assert layers(model(conv("model/conv2d_1/Conv2D", readers=2))) == [None, None]
    assert layers(model(conv("model/conv2d/Conv2D", readers=2))) == ["conv2d", "conv2d"]


def test_a_tensor_has_the_layer_of_the_op_that_it_belongs_to() -> None:
    made = model(conv("model/conv2d/Conv2D"))
    graph, named = made.graphs[0], naming(made)
    assert named is not None
    x, weights, y = graph.tensors
    assert [layer_at(each, graph, named) for each in (x, weights, y, graph.ops[0])] == [None, *["conv2d"] * 3]


def test_an_op_without_outputs_has_none() -> None:
    g = conv("model/conv2d/Conv2D")
    g.op("ASSIGN_VARIABLE", [-1, 0], [])
    assert layers(model(g)) == ["conv2d", None]


def test_what_a_source_says_counts() -> None:
    made = model(conv("model/conv2d/Conv2D"))
    named = naming(made)
    assert named is not None
    assert layer_of(replace(made.graphs[0].ops[0], layer="stem"), made.graphs[0], named) == "stem"
