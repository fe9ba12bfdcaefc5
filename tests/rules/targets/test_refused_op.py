"""TFL401: ops that a target does not run."""

import numpy as np

from made_up import DELEGATE, RUNTIME
from tflint import Severity
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
