"""TFL115: kernels of one value, models that nobody trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from saved_models import const, info, node, saved_model, write
from sources import Source, batch_norm
from tflint import DType, Format, Model, Severity, Signature
from tflint.formats import read
from tflint.testing import findings
from tflint_rules.structure.degenerate_weights import DegenerateWeights

RULE = DegenerateWeights()
Arrays = Mapping[str, NDArray[Any]]


def full(value: float, *shape: int) -> NDArray[Any]:
    return np.full(shape, value, np.float32)


def trained(*shape: int) -> NDArray[Any]:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def fresh(channels: int = 4, **other: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The weights of a batch normalization as it is made."""
    made = {"gamma": full(1, channels), "beta": full(0, channels)}
    return {**made, "moving_mean": full(0, channels), "moving_variance": full(1, channels), **other}


def dense(kernel: NDArray[Any], kind: str = "Dense", name: str = "head", key: str = "kernel", **options: Any) -> Model:
    made = Source()
    made.input()
    made.layer(kind, name, {key: kernel}, **options)
    return made.model()


def stack(*layers: tuple[str, Arrays]) -> Model:
    made = Source()
    made.input()
    for number, (kind, weights) in enumerate(layers):
        made.layer(kind, f"{kind.lower()}_{number}", weights)
    return made.model()


def variables(*held: tuple[str, NDArray[Any]], kind: str = "MatMul") -> Model:
    """A SavedModel whose two signatures both read these variables."""
    made = Source("model", Format.SAVED_MODEL)
    value = x = made.input("x", (None, 4))
    for number, (name, array) in enumerate(held):
        value = made.node(kind, f"op_{number}", value, made.constant(name, array))
    model = made.model()
    keys = ("serving_default", "serve")
    graphs = tuple(replace(model.graphs[0], index=index) for index in range(2))
    signatures = tuple(Signature(key, index, {"x": x}, {"y": value}) for index, key in enumerate(keys))
    return replace(model, graphs=graphs, signatures=signatures, byte_size=100_000)


def bad() -> Model:
    return dense(full(0, 16, 4))


def good() -> Model:
    return stack(("Dense", {"kernel": trained(4, 4), "bias": full(0, 4)}), ("BatchNormalization", batch_norm(4)))


def test_a_kernel_of_zeros_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "layers/head/kernel"
    assert found.message == (
        "'layers/head/kernel' FLOAT32[16, 4] is all zeros; what is multiplied by it is lost."
    )  # fmt: skip


def test_trained_weights_are_fine() -> None:
    assert findings(RULE, good()) == []


def test_kernels_of_zeros_are_one_finding() -> None:
    made = stack(("Dense", {"kernel": full(0, 4, 4)}), ("LSTM", {"recurrent_kernel": full(0, 4, 16)}))
    [found] = findings(RULE, made)
    assert found.message == (
        "2 kernels ('layers/dense_0/kernel' and 'layers/lstm_1/recurrent_kernel') are all zeros; what is multiplied by "
        "them is lost."
    )
    assert [place.address for place in found.related] == ["layers/lstm_1/recurrent_kernel"]


def test_a_kernel_of_one_value_is_told_with_the_value() -> None:
    [found] = findings(RULE, dense(full(0.25, 4, 4)))
    assert found.message == (
        "'layers/head/kernel' FLOAT32[4, 4] is 0.25 throughout; its inputs and outputs cannot be told apart."
    )


def test_kernels_of_one_value_each_are_one_finding() -> None:
    made = stack(("Dense", {"kernel": full(2, 4, 4)}), ("Embedding", {"embeddings": full(3, 9, 4)}))
    [found] = findings(RULE, made)
    assert "are each one value throughout; their inputs and outputs cannot be told apart." in found.message


@pytest.mark.parametrize(
    ("kernel", "kind", "key", "options"),
    [
        (full(1, 16, 1), "Dense", "kernel", {}),
        (full(1, 3, 3, 1, 8), "Conv3DTranspose", "kernel", {}),
        (full(1, 3, 3, 4, 1), "DepthwiseConv2D", "kernel", {}),
        (full(1, 3, 3, 4, 2), "SeparableConv2D", "depthwise_kernel", {}),
        (full(1, 4, 16), "LSTM", "recurrent_kernel", {}),
        (full(1, 4, 4), "Dense", "kernel", {"trainable": False}),
    ],
)
def test_sums_blurs_and_fixed_layers_are_meant(
    kernel: NDArray[Any], kind: str, key: str, options: dict[str, Any]
) -> None:
    assert findings(RULE, dense(kernel, kind, key=key, **options)) == []


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (full(0, 2, 2), "kernel"),
        (full(0, 64), "kernel"),
        (full(0, 4, 4), "table"),
        (full(float("nan"), 4, 4), "kernel"),
        (np.zeros((4, 4), np.int32), "kernel"),
    ],
)
def test_what_is_small_or_no_kernel_is_not_judged(values: NDArray[Any], key: str) -> None:
    assert findings(RULE, dense(values, key=key)) == []


def test_a_kernel_with_infinity_is_not_of_one_value() -> None:
    kernel = full(0, 4, 4)
    kernel[0, 0] = np.inf
    assert findings(RULE, dense(kernel)) == []


def test_weights_that_cannot_be_read_are_not_judged() -> None:
    made = bad()
    weight = replace(made.graphs[0].ops[0].weights[0], data=memoryview(b"\0"))
    op = replace(made.graphs[0].ops[0], weights=(weight,))
    assert findings(RULE, replace(made, graphs=(replace(made.graphs[0], ops=(op,)),))) == []


def test_a_model_that_was_never_trained_is_a_note() -> None:
    layer = ("Conv2D", {"kernel": trained(3, 3, 4, 4), "bias": full(0, 4)})
    [found] = findings(RULE, stack(layer, ("BatchNormalization", fresh()), layer, ("BatchNormalization", fresh())))
    assert found.severity is Severity.NOTE
    assert found.location.address == ""
    assert found.message == (
        "All 2 batch normalizations are as they were made (gamma 1, beta 0, mean 0, variance 1), and no bias differs "
        "from 0; the model looks as if it was never trained."
    )


def test_normalizations_without_gamma_and_beta_tell_the_same() -> None:
    bare = {name: values for name, values in fresh().items() if name.startswith("moving")}
    assert len(findings(RULE, stack(("BatchNormalization", bare), ("BatchNormalization", bare)))) == 1


@pytest.mark.parametrize(
    "other", [{"gamma": trained(4)}, {"moving_mean": full(0.1, 4)}, {"moving_variance": full(0, 4)}]
)
def test_one_normalization_that_learned_something_is_enough(other: dict[str, NDArray[Any]]) -> None:
    layers = [("BatchNormalization", fresh()), ("BatchNormalization", fresh()), ("BatchNormalization", fresh(**other))]
    assert findings(RULE, stack(*layers)) == []


def test_so_is_a_bias_unless_a_recurrent_layer_began_with_it() -> None:
    two = [("BatchNormalization", fresh()), ("BatchNormalization", fresh())]
    assert findings(RULE, stack(*two, ("Dense", {"bias": trained(4)}))) == []
    lstm = {"kernel": trained(4, 16), "recurrent_kernel": trained(4, 16), "bias": trained(16)}
    assert len(findings(RULE, stack(*two, ("LSTM", lstm)))) == 1


def test_a_single_normalization_tells_too_little() -> None:
    assert findings(RULE, stack(("BatchNormalization", fresh()))) == []


def test_the_variables_of_a_saved_model_are_judged_once_for_all_signatures() -> None:
    [found] = findings(RULE, variables(("net/dense/kernel_1", full(0, 4, 4)), ("net/dense/bias:0", trained(4))))
    assert found.message.startswith("'net/dense/kernel_1' FLOAT32[4, 4] is all zeros;")
    assert found.related == ()


def test_constants_of_other_names_and_types_are_not() -> None:
    assert findings(RULE, variables(("zeros", full(0, 4, 4)), ("kernel", np.zeros((4, 4), np.int32)))) == []


def test_a_constant_that_cannot_be_read_is_not() -> None:
    made = variables(("kernel", full(0, 4, 4)))
    assert findings(RULE, replace(made, byte_size=0)) == []
    [first, *_] = made.graphs
    short = tuple(replace(each, data=None if each.data is None else each.data[:8]) for each in first.tensors)
    op = replace(first.ops[0], inputs=(short[0], short[1]))
    graph = replace(first, tensors=short, ops=(op,))
    assert findings(RULE, replace(made, graphs=(graph,), signatures=made.signatures[:1])) == []


def test_a_saved_model_that_was_never_trained_is_a_note() -> None:
    held = [(f"net/{name}/{key}_2", array) for name in ("bn", "bn_1") for key, array in fresh().items()]
    [found] = findings(RULE, variables(*held, kind="Mul"))
    assert found.message.startswith("All 2 batch normalizations are as they were made")


def test_a_frozen_graph_is_read_as_it_is(tmp_path: Path) -> None:
    nodes = [
        node("x", "Placeholder", dtype=DType.FLOAT32, shape=(1, 4)),
        const("dense/kernel", full(0, 4, 4)),
        node("y", "MatMul", ["x", "dense/kernel"], T=DType.FLOAT32),
    ]
    sides = ({"x": info("x:0", shape=(1, 4))}, {"y": info("y:0", shape=(1, 4))})
    [found] = findings(RULE, read(write(tmp_path / "m", saved_model(nodes, signatures={"serving_default": sides}))))
    assert "dense/kernel" in found.message


def test_variables_at_the_same_place_of_two_files_are_kept_apart(tmp_path: Path) -> None:
    nodes = [node("x", "Placeholder", dtype=DType.FLOAT32, shape=(1, 4))]
    for name in ("a/kernel", "b/kernel"):
        nodes.append(node(name, "VariableV2", dtype=DType.FLOAT32, shape=(4, 4)))
        nodes.append(node(f"{name}/read", "Identity", [name], T=DType.FLOAT32))
    nodes.append(node("m", "MatMul", ["x", "a/kernel/read"], T=DType.FLOAT32))
    nodes.append(node("y", "MatMul", ["m", "b/kernel/read"], T=DType.FLOAT32))
    sides = ({"x": info("x:0", shape=(1, 4))}, {"y": info("y:0", shape=(1, 4))})
    values = {"a/kernel": trained(4, 4), "b/kernel": full(0, 4, 4)}
    made = saved_model(nodes, signatures={"serving_default": sides})
    [found] = findings(RULE, read(write(tmp_path / "m", made, values, shards=2)))
    assert found.message.startswith("'b/kernel' FLOAT32[4, 4] is all zeros;")
