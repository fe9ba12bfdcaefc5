"""TFL410: targets that nobody should start with."""

from made_up import DELEGATE, OLD
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.deprecated_target import DeprecatedTarget

RULE = DeprecatedTarget()
CONTEXT = {"targets": (load_target("hexagon", load_packs()),)}


def bad() -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1, 4])], g.tensor("y", [1, 4])))
    return g


def good() -> GraphBuilder:
    g = bad()
    g.graph["outputs"].append(99)  # nothing to run anywhere
    return g


def test_the_reason_is_named() -> None:
    [found] = findings(RULE, bad(), targets=(OLD, DELEGATE))
    assert found.message == "The target made-up-old is deprecated: nobody makes it any more."


def test_other_targets_are_fine() -> None:
    assert findings(RULE, bad(), targets=(DELEGATE,)) == []
