"""The weights of sources in the layouts and with the factors that conversions give them."""

from typing import Any

import numpy as np
import pytest

from sources import Source, batch_norm, folded
from tflint import Format, Model
from tflint.analysis.compared import values_of
from tflint.analysis.kin import kin
from tflint.analysis.origins import Origin, origins
from tflint.testing import GraphBuilder, model
from twin_models import normal


def made_from(source: Model, *constants: Any, kind: str = "FULLY_CONNECTED") -> dict[str, Origin]:
    """The weight that each of these constants of a conversion was made from."""
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    for number, values in enumerate(constants):
        w = g.constant(f"w{number}", np.ascontiguousarray(values, np.float32))
        x = g.op(kind, [x, w, -1], g.tensor(f"y{number}", [1, 8]), {})
    g.output(x)
    found = kin(model(g), source).pairs
    return {pair.converted.tensor.name: pair.original for pair in found if isinstance(pair.original, Origin)}


def layer(kind: str, weights: dict[str, Any], name: str = "a", **options: Any) -> Model:
    made = Source()
    made.input()
    made.layer(kind, name, weights, **options)
    return made.model()


def graph() -> Source:
    made = Source("saved_model", Format.SAVED_MODEL)
    made.input()
    return made


@pytest.mark.parametrize(
    ("kind", "shape", "order"),
    [
        ("Dense", (16, 8), (1, 0)),
        ("Conv2D", (3, 3, 4, 8), (3, 0, 1, 2)),
        ("Conv2DTranspose", (3, 3, 8, 4), (2, 0, 1, 3)),
        ("Conv1D", (5, 4, 8), (2, 0, 1)),
        ("Conv3D", (2, 3, 3, 4, 8), (0, 1, 2, 3, 4)),
        ("Embedding", (20, 6), (0, 1)),
    ],
)
def test_kernels_are_found_in_the_layout_of_the_converter(kind: str, shape: Any, order: Any) -> None:
    kernel = normal(*shape)
    found = made_from(layer(kind, {"kernel": kernel}), kernel.transpose(order))
    assert found["w0"].tensor.address == "layers/a/kernel"
    values = found["w0"].in_order()
    assert values is not None
    assert np.array_equal(values.reshape(-1), kernel.transpose(order).reshape(-1))


def test_filters_of_single_channels_are_merged() -> None:
    kernel = normal(3, 3, 4, 2)
    found = made_from(layer("DepthwiseConv2D", {"depthwise_kernel": kernel}), kernel.reshape(1, 3, 3, 8))
    assert list(found) == ["w0"]


def test_the_heads_of_attention_are_merged() -> None:
    query, output = normal(12, 3, 4), normal(3, 4, 12, seed=1)
    source = layer("MultiHeadAttention", {"query/kernel": query, "attention_output/kernel": output})
    found = made_from(source, query.reshape(12, 12).T, output.reshape(12, 12).T)
    assert [each.tensor.name for each in found.values()] == ["query/kernel", "attention_output/kernel"]


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_the_gates_of_recurrent_layers_are_parted(kind: str, gates: int) -> None:
    kernel, state = normal(6, 5 * gates), normal(5, 5 * gates, seed=1)
    weights = {"kernel": kernel, "recurrent_kernel": state, "bias": normal(5 * gates)}
    found = made_from(layer(kind, weights), kernel[:, 5:10].T, state[:, :5].T)
    assert [each.view.part for each in found.values()] == [(5, 10), (0, 5)]
    assert [each.bias for each in found.values()] == [None, None]


def test_the_bias_of_a_layer_belongs_to_its_kernel() -> None:
    kernel, bias = normal(16, 8), normal(8, seed=1)
    found = made_from(layer("Dense", {"kernel": kernel, "bias": bias}), kernel.T)
    values = values_of(found["w0"].bias)
    assert values is not None
    assert np.allclose(values, bias)
    assert found["w0"].factor is None


@pytest.mark.parametrize("kind", ["Activation", "Dropout"])
def test_batch_normalization_is_folded_past_what_does_nothing(kind: str) -> None:
    kernel, bias, norm = normal(16, 8), normal(8, seed=1), batch_norm(8)
    source = Source()
    source.input()
    source.layer("Dense", "a", {"kernel": kernel, "bias": bias}, activation="linear")
    source.layer(kind, "b", activation="linear")
    source.layer("BatchNormalization", "c", norm)
    source.layer("ReLU", "d")
    weights, added = folded(kernel, bias, norm)
    found = made_from(source.model(), weights.T)
    values = found["w0"].in_order()
    assert values is not None
    assert np.allclose(values, weights.T, rtol=1e-6)
    assert np.allclose(values_of(found["w0"].bias) if found["w0"].bias else 0, added, rtol=1e-5)


def test_nothing_is_folded_past_an_activation() -> None:
    source = Source()
    source.input()
    source.layer("Dense", "a", {"kernel": normal(16, 8)}, activation="relu")
    source.layer("BatchNormalization", "c", batch_norm(8))
    [plain] = [each for each in origins(source.model(), [(8, 16)]) if each.view.order == (1, 0)]
    assert plain.factor is None


def test_an_unscaled_batch_normalization_has_fewer_numbers() -> None:
    kernel, norm = normal(16, 8), batch_norm(8)
    source = Source()
    source.input()
    source.layer("Dense", "a", {"kernel": kernel})
    source.layer("BatchNormalization", "c", {key: norm[key] for key in ("moving_mean", "moving_variance")})
    weights, _ = folded(kernel, np.zeros(8), {**norm, "gamma": np.ones(8), "beta": np.zeros(8)})
    values = made_from(source.model(), weights.T)["w0"].in_order()
    assert values is not None
    assert np.allclose(values, weights.T)


@pytest.mark.parametrize("fused", [True, False])
def test_batch_normalization_of_nodes_is_folded(fused: bool) -> None:
    kernel, bias, norm = normal(3, 3, 4, 8), normal(8, seed=1), batch_norm(8)
    g = graph()
    w, b = g.constant("conv/kernel", kernel), g.constant("conv/bias", bias)
    gamma, beta, mean, variance = (g.constant(f"bn/{name}", norm[name]) for name in norm)
    read = g.node("ReadVariableOp", "read", w)
    out = g.node("BiasAdd", "bias", g.node("Conv2D", "conv", g.inputs[0], read), b)
    if fused:
        out = g.node("FusedBatchNormV3", "bn", out, gamma, beta, mean, variance, epsilon=1e-3, is_training=False)
    else:
        epsilon = g.constant("epsilon", np.float32([1e-3]))
        root = g.node("Rsqrt", "rsqrt", g.node("AddV2", "add", variance, epsilon))
        factor = g.node("Mul", "factor", root, gamma)
        shift = g.node("Sub", "shift", beta, g.node("Mul", "moved", mean, factor))
        out = g.node("AddV2", "added", g.node("Mul", "scaled", out, factor), shift)
    g.node("Relu", "relu", out)
    weights, added = folded(kernel, bias, norm)
    found = made_from(g.model(), weights.transpose(3, 0, 1, 2), kind="CONV_2D")["w0"]
    values, total, own = found.in_order(), values_of(found.bias), values_of(found.own)
    assert values is not None
    assert total is not None
    assert own is not None
    assert np.allclose(values, weights.transpose(3, 0, 1, 2), rtol=1e-5)
    assert np.allclose(total, added, rtol=1e-4)
    assert np.allclose(own, bias * norm["gamma"] / np.sqrt(norm["moving_variance"] + 1e-3), rtol=1e-5)


def test_batch_normalization_that_is_trained_is_not_folded() -> None:
    g = graph()
    parts = [g.constant(name, values) for name, values in batch_norm(8).items()]
    out = g.node("MatMul", "m", g.inputs[0], g.constant("kernel", normal(16, 8)))
    g.node("FusedBatchNormV3", "bn", out, *parts, is_training=True)
    assert {each.factor is None for each in origins(g.model(), [(8, 16)])} == {True}


@pytest.mark.parametrize(
    ("kind", "apply"), [("Mul", lambda w, c: w * c), ("RealDiv", lambda w, c: w / c), ("Sub", lambda w, c: w)]
)
def test_what_is_done_to_the_channels_afterwards_is_folded(kind: str, apply: Any) -> None:
    kernel, numbers = normal(16, 8), np.abs(normal(8, seed=1)) + 0.5
    g = graph()
    out = g.node("MatMul", "m", g.inputs[0], g.constant("kernel", kernel))
    g.node(kind, "c", out, g.constant("numbers", numbers))
    values = made_from(g.model(), apply(kernel, numbers).T)["w0"].in_order()
    assert values is not None
    assert np.allclose(values, apply(kernel, numbers).T)


def test_what_divides_by_the_channels_is_not_folded() -> None:
    g = graph()
    out = g.node("MatMul", "m", g.inputs[0], g.constant("kernel", normal(16, 8)))
    g.node("RealDiv", "c", g.constant("numbers", np.abs(normal(8)) + 1), out)
    assert {each.factor is None for each in origins(g.model(), [(8, 16)])} == {True}


def test_a_scale_before_the_first_layer_may_be_folded() -> None:
    kernel = normal(16, 8)
    source = Source()
    source.input()
    source.layer("Rescaling", "scale", scale=1 / 255, offset=0)
    source.layer("Dense", "a", {"kernel": kernel})
    found = made_from(source.model(), kernel.T / 255)["w0"]
    assert not found.is_certain
    values = found.in_order()
    assert values is not None
    assert np.allclose(values, kernel.T / 255)


@pytest.mark.parametrize(("kind", "factor"), [("Mul", 0.5), ("RealDiv", 2.0)])
def test_a_node_before_the_first_may_be_folded(kind: str, factor: float) -> None:
    kernel = normal(16, 8)
    g = graph()
    scaled = g.node(kind, "scale", g.inputs[0], g.constant("factor", np.float32([factor])))
    moved = g.node("Sub", "mean", scaled, g.constant("mean", np.float32([3])))
    g.node("MatMul", "m", moved, g.constant("kernel", kernel))
    values = made_from(g.model(), kernel.T / 2)["w0"].in_order()
    assert values is not None
    assert np.allclose(values, kernel.T / 2)


def test_numbers_per_input_are_not_folded() -> None:
    g = graph()
    scaled = g.node("Mul", "scale", g.inputs[0], g.constant("factor", normal(16)))
    g.node("MatMul", "m", scaled, g.constant("kernel", normal(16, 8)))
    assert all(each.is_certain for each in origins(g.model(), [(8, 16)]))


def test_channels_that_something_else_multiplies_are_found() -> None:
    kernel = normal(16, 8)
    factors = np.linspace(-1, 5, 8) ** 3
    found = made_from(layer("Dense", {"kernel": kernel}), (kernel * factors).T)
    assert found["w0"].tensor.name == "kernel"


def test_zeros_and_other_values_are_no_pairs() -> None:
    kernel = normal(16, 8)
    source = layer("Dense", {"kernel": kernel})
    assert made_from(source, 0 * kernel.T) == {}
    assert made_from(source, normal(8, 16, seed=9)) == {}
    assert made_from(source, 1 + 0 * kernel.T) == {}


def test_the_same_weight_twice_is_one() -> None:
    source = Source()
    source.input()
    weights = {"kernel": normal(16, 8)}
    source.layer("Dense", "a", weights)
    source.ops.append(source.ops[0])
    assert len(list(origins(source.model(), [(8, 16)]))) == 1
