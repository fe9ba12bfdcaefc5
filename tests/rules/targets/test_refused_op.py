"""TFL401: ops that a target does not run."""

from dataclasses import replace

import numpy as np

from made_up import DELEGATE, RUNTIME
from tflint import Finding, Severity, Support
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.refused_op import RefusedOp

RULE = RefusedOp()
CONTEXT = {"targets": (load_target("xnnpack", load_packs()),)}


def mobile(activation: str) -> GraphBuilder:
    """Two INT8 convolutions, each with an activation behind it."""
    g = GraphBuilder()
    shape = [1, 16, 16, 8]
    x = g.input("image", shape, "INT8", scale=0.1)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}
    for number in (1, 2):
        w = g.constant(f"conv{number}/kernel", np.ones((8, 3, 3, 8), np.int8), scale=0.1)
        b = g.constant(f"conv{number}/bias", np.zeros(8, np.int32), scale=0.01)
        x = g.op("CONV_2D", [x, w, b], g.tensor(f"conv{number}", shape, "INT8", scale=0.1), options)
        name = f"{activation.lower()}{number}"
        x = g.op(activation, [x], g.tensor(name, shape, "INT8", scale=0.1))
    g.output(x)
    return g


def chain(*kinds: str, height: int = 4) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, height, 4, 2])
    for number, kind in enumerate(kinds):
        x = g.op(kind, [x], g.tensor(f"t{number}", [1, height, 4, 2]), {})
    g.output(x)
    return g


def bad() -> GraphBuilder:
    return mobile("HARD_SWISH")


def good() -> GraphBuilder:
    return mobile("TANH")


def test_ops_that_a_delegate_refuses_for_one_reason_are_one_warning() -> None:
    [found] = findings(RULE, chain("RELU", "EXP", "ABS", "EXP"), targets=(DELEGATE,))
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/1:EXP"
    assert [place.address for place in found.related] == ["0/3:EXP"]
    assert found.evidence["target"] == "made-up"


def test_on_a_runtime_it_is_an_error() -> None:
    [found] = findings(RULE, chain("EXP"), targets=(RUNTIME,))
    assert found.severity is Severity.ERROR
    assert "the model does not run there" in found.message


def test_a_condition_says_what_does_not_fit() -> None:
    [found] = findings(RULE, chain("RELU", height=3), targets=(DELEGATE,))
    assert (
        "refuses 1 op (RELU), so it runs on the CPU instead: its height is odd; an even one is supported."
        in found.message
    )


def test_what_nobody_can_tell_is_not_reported() -> None:
    assert findings(RULE, chain("NEG"), targets=(DELEGATE,)) == []
    assert findings(RULE, chain("RELU", height=99), targets=(DELEGATE,)) == []


def test_a_model_that_is_refused_whole_is_left_to_refused_model() -> None:
    g = chain("EXP")
    g.tensor("state", [1], is_variable=True)
    assert findings(RULE, g, targets=(DELEGATE,)) == []


TALKING = replace(
    DELEGATE,
    ops={
        "TANH": Support(),
        "RELU": Support((1, 2)),
        "NEG": Support(conditions=(lambda op, _: f"its output is '{op.outputs[0].name}'",)),
        "ABS": Support(conditions=(lambda _op, _graph: "it is negative",)),
    },
)


def layer(*kinds: str, name: str = "model/lstm/", signs: str = "model/dense/BiasAdd", version: int = 1) -> GraphBuilder:
    """Ops of one layer, by the names of Keras, behind an op of another."""
    g = GraphBuilder()
    x = g.op("TANH", [g.input("x", [1, 4, 4, 2])], g.tensor(signs, [1, 4, 4, 2]), {})
    for number, kind in enumerate(kinds):
        x = g.op(kind, [x], g.tensor(f"{name}op{number}", [1, 4, 4, 2]), {}, version=version)
    g.output(x)
    g.converted()
    return g


def xnnpack(built: GraphBuilder) -> list[Finding]:
    return findings(RULE, built, **CONTEXT)


def test_several_reasons_within_one_layer_are_one_finding() -> None:
    [found] = xnnpack(layer("WHERE", "SHAPE", "FILL", "SHAPE"))
    assert found.message == (
        "xnnpack refuses 4 ops of the layer 'lstm', so they run on the CPU instead: WHERE, SHAPE and FILL are not among "
        "its ops."
    )
    assert found.evidence["layer"] == "lstm"
    assert list(found.evidence["reasons"].values()) == [1, 2, 1]
    assert [place.address for place in found.related] == ["0/2:SHAPE", "0/4:SHAPE", "0/3:FILL"]


def test_two_reasons_are_two_findings() -> None:
    assert len(xnnpack(layer("WHERE", "SHAPE", "WHERE"))) == 2


def test_a_reason_that_other_layers_share_stays_a_finding_of_its_own() -> None:
    g = layer("WHERE", "SHAPE", "FILL", "RANK")
    g.output(g.op("RANK", [0], g.tensor("model/other/Rank", []), {}))
    assert [found.evidence.get("layer") for found in xnnpack(g)] == ["lstm", None]


def test_layers_that_cannot_be_told_are_not_grouped() -> None:
    assert len(xnnpack(layer("WHERE", "SHAPE", "FILL", name="a", signs="b"))) == 3


def test_what_does_not_fit_is_told_with_the_reason() -> None:
    def old(kinds: str) -> str:
        built = layer(*kinds.split(), version=3)
        [found] = findings(RULE, built, targets=(TALKING,))
        return found.message.partition("instead: ")[2]

    assert old("EXP SIN RELU") == (
        "EXP and SIN are not among its ops, and it refuses RELU (has version 3; made-up knows versions 1 to 2)."
    )
    assert old("EXP RELU NEG") == (
        "EXP is not among its ops, and it refuses RELU (has version 3; made-up knows versions 1 to 2) and NEG (its "
        "output is 'model/lstm/op2')."
    )
    assert old("RELU NEG ABS") == (
        "RELU (has version 3; made-up knows versions 1 to 2), NEG (its output is 'model/lstm/op1') and 1 more."
    )


def test_reasons_that_differ_in_names_only_are_one_finding() -> None:
    [found] = findings(RULE, chain("NEG", "NEG", "NEG"), targets=(TALKING,))
    assert found.message.endswith(
        "refuses 3 ops (NEG), so they run on the CPU instead: its output is 't0'; 2 more reasons differ in numbers or "
        "names only."
    )
    assert len(findings(RULE, chain("NEG", "NEG"), targets=(TALKING,))) == 2


def test_ops_that_are_not_listed_stay_apart_whatever_numbers_they_are_named_with() -> None:
    assert len(findings(RULE, chain("CONV_2D", "CONV_3D", "CONV_4D"), targets=(TALKING,))) == 3
