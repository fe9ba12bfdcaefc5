"""TFL703: batch normalization that was not folded into the weights before it."""

from typing import Any

import numpy as np
import pytest

from tflint import Finding
from tflint.testing import GraphBuilder, findings
from tflint_rules.efficiency.bn_not_folded import BnNotFolded

RULE = BnNotFolded()


def model(
    *kinds: str, activation: str = "NONE", sizes: int = 8, shape: Any = None, turned: bool = False
) -> GraphBuilder:
    """A dense layer, and these ops with a constant behind it."""
    g = GraphBuilder()
    x = g.input("x", [1, 16])
    w = g.constant("w", np.ones((8, 16), np.float32))
    x = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 8]), {"fused_activation_function": activation})
    for number, kind in enumerate(kinds):
        c = g.constant(f"c{number}", np.ones(sizes if shape is None else shape, np.float32))
        x = g.op(kind, [c, x] if turned else [x, c], g.tensor(f"z{number}", [1, 8]), {})
    g.output(x)
    return g


def bad() -> GraphBuilder:
    return model("MUL", "ADD")


def good() -> GraphBuilder:
    return model("ADD")


def found(built: GraphBuilder) -> list[Finding]:
    return findings(RULE, built)


@pytest.mark.parametrize("turned", [False, True])
def test_a_scale_and_a_shift_behind_a_layer_are_told(turned: bool) -> None:
    [one] = found(model("MUL", "ADD", turned=turned))
    assert one.message == (
        "2 ops (67 % of all) multiply or add a constant for each channel right behind a convolution or dense layer, "
        "writing 64 bytes a run; in the weights and the bias they cost nothing."
    )
    assert found(model("MUL"))[0].message.startswith("1 op (50 % of all) multiplies or adds a constant")


@pytest.mark.parametrize(
    "built",
    [
        model("MUL", activation="RELU"),
        model("MUL", sizes=1),
        model("MUL", shape=()),
        model("MUL", shape=(8, 8)),
        model("SUB", "ADD"),
        model("SUB", "MUL", turned=True),
        model("DIV"),
        model(),
    ],
)
def test_what_cannot_be_folded_is_not_told(built: GraphBuilder) -> None:
    assert found(built) == []


def test_a_chain_ends_at_an_activation_and_at_its_longest() -> None:
    g = model("MUL", "ADD")
    g.graph["operators"][1]["builtin_options"] = ("MulOptions", {"fused_activation_function": "RELU"})
    assert found(g)[0].evidence["ops"] == 1
    assert found(model(*["MUL"] * 6))[0].evidence["ops"] == 4


def test_a_result_that_others_read_stays() -> None:
    g = model("MUL")
    g.output(2)
    assert found(g) == []
    g = model("MUL")
    g.output(g.op("MUL", [g.input("o", [1, 8]), -1], g.tensor("p", [1, 8]), {}))
    g.graph["operators"][0]["outputs"] = []
    assert found(g) == []


def test_values_without_dimensions_have_no_channels() -> None:
    g = GraphBuilder()
    x = g.op("FULLY_CONNECTED", [g.input("x", []), -1, -1], g.tensor("y", []), {})
    y = g.op("MUL", [x, x], g.tensor("z", []), {})
    g.output(y)
    assert found(g) == []
