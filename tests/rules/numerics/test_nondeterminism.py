"""TFL912: another result for the same input."""

from pathlib import Path

import numpy as np

from comparisons import compared, dense, output, real
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.nondeterminism import Nondeterminism
from tflint_rules.numerics.output_diff import OutputDiff

RULE = Nondeterminism()
CONTEXT = {"comparison": compared(facts={"repeat": "0"})}
GOOD_CONTEXT = {"comparison": compared(facts={"repeat": ""})}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def random() -> GraphBuilder:
    """Uniform noise added to the input."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    shape = g.constant("shape", np.array([1, 8], np.int32))
    noise = g.op("RANDOM_UNIFORM", [shape], g.tensor("noise", [1, 8]), {"seed": 7, "seed2": 9})
    g.output(g.op("ADD", [x, noise], g.tensor("y", [1, 8]), {}))
    return g


def test_it_names_the_outputs() -> None:
    [one] = findings(RULE, bad(), **CONTEXT)
    assert one.message == (
        "Run again on the same input, the model gives other values at 1 output ('probs'); no op of it is random or keeps "
        "a state."
    )


def test_places_that_do_not_exist_are_passed_over() -> None:
    assert findings(RULE, bad(), comparison=compared(facts={"repeat": "9"})) == []
    assert findings(RULE, bad()) == []


def test_random_numbers_are_meant_to_differ(tmp_path: Path) -> None:
    ctx = real(tmp_path, random())
    assert ctx.comparison is not None
    assert ctx.comparison.facts["repeat"] == "0"
    assert list(RULE.check(ctx)) == []
    off = compared(output(3.0), facts=ctx.comparison.facts)
    assert findings(OutputDiff(), random(), comparison=off) == []
