"""TFL402: models that a target takes nothing of."""

from typing import Any

import numpy as np

from made_up import DELEGATE, RUNTIME
from tflint import Severity
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.refused_model import RefusedModel

RULE = RefusedModel()
CONTEXT = {"targets": (load_target("edgetpu", load_packs()),)}


def dense(dtype: str) -> GraphBuilder:
    g = GraphBuilder()
    scale: dict[str, Any] = {"scale": 0.1} if dtype == "INT8" else {}
    x = g.input("image", [1, 64], dtype, **scale)
    w = g.constant("kernel", np.ones((10, 64), np.int8 if scale else np.float32), **scale)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("scores", [1, 10], dtype, **scale), {}))
    return g


def bad() -> GraphBuilder:
    return dense("FLOAT32")


def good() -> GraphBuilder:
    return dense("INT8")


def stateful() -> GraphBuilder:
    g = good()
    g.tensor("state", [1], is_variable=True)
    return g


def test_a_delegate_that_takes_nothing_is_a_warning_with_the_reason() -> None:
    [found] = findings(RULE, stateful(), targets=(DELEGATE,))
    assert found.severity is Severity.WARNING
    assert found.message == "made-up takes nothing of this model: it has variables."


def test_a_runtime_that_takes_nothing_is_an_error() -> None:
    [found] = findings(RULE, stateful(), targets=(RUNTIME,))
    assert found.severity is Severity.ERROR


def test_a_file_without_a_graph_that_can_be_judged_is_not_asked_about() -> None:
    g = stateful()
    g.graph["outputs"].append(99)
    assert findings(RULE, g, targets=(DELEGATE,)) == []
