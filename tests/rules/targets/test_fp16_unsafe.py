"""TFL423: constants that float16 does not hold."""

from typing import Any

import numpy as np
import pytest

from made_up import DELEGATE
from tflint import Severity
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.fp16_unsafe import Fp16Unsafe

RULE = Fp16Unsafe()
GPU = load_target("gpu", load_packs())
COREML = load_target("coreml", load_packs())
CONTEXT = {"targets": (GPU,)}


def scaled(factor: float, dtype: Any = np.float32, shape: tuple[int, ...] = (1, 8, 8, 4)) -> GraphBuilder:
    g = GraphBuilder()
    mask = g.input("mask", shape)
    y = g.tensor("penalty", shape)
    g.output(g.op("MUL", [mask, g.constant("factor", np.array([factor], dtype))], y, {}))
    return g


def guarded(epsilon: float, *kinds: str, guard: str = "ADD") -> GraphBuilder:
    """ADD of a small number, and ops behind it."""
    g = GraphBuilder()
    shape = [1, 8, 8, 4]
    x = g.input("variance", shape)
    y = g.op(guard, [x, g.constant("epsilon", np.array([epsilon], np.float32))], g.tensor("sum", shape), {})
    for kind in kinds:
        read = [x, y] if kind == "DIV" else [y]
        y = g.op(kind, read, g.tensor(kind.lower(), shape), {} if kind == "DIV" else None)
    g.output(y)
    return g


def bad() -> GraphBuilder:
    return scaled(-1e9)


def good() -> GraphBuilder:
    return scaled(-1e4)


def test_a_factor_beyond_float16_is_a_warning() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/0:MUL"
    assert found.message == (
        "'factor' holds -1e+09, and float16 makes infinity of it; where gpu computes in float16, MUL gives infinity "
        "or NaN."
    )
    assert found.help == "Keep the constant within 65504 (-1e4 for a mask), or let the target compute in float32."
    assert found.evidence == {"value": -1e9, "constants": 1}


def test_what_float16_holds_is_fine() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, scaled(65519.0), **CONTEXT) == []
    assert findings(RULE, scaled(0.0), **CONTEXT) == []


def test_a_factor_that_vanishes_is_a_warning() -> None:
    [found] = findings(RULE, scaled(1e-9), **CONTEXT)
    assert "float16 makes 0 of it; where gpu computes in float16, all that MUL makes is 0." in found.message


@pytest.mark.parametrize("kinds", [("RSQRT",), ("LOG",), ("DIV",), ("SQRT", "DIV")])
def test_an_epsilon_that_vanishes_in_front_of_what_needs_it_is_a_warning(kinds: tuple[str, ...]) -> None:
    [found] = findings(RULE, guarded(1e-12, *kinds), **CONTEXT)
    assert found.location.address == "0/0:ADD"
    assert f"'epsilon' holds 1e-12 to keep {kinds[-1]} from 0, and float16 makes 0 of it" in found.message
    assert len(findings(RULE, guarded(1e-12, *kinds, guard="MAXIMUM"), **CONTEXT)) == 1


@pytest.mark.parametrize("kinds", [(), ("RELU",), ("SQRT",), ("SQRT", "RELU")])
def test_elsewhere_a_small_number_does_no_harm(kinds: tuple[str, ...]) -> None:
    assert findings(RULE, guarded(1e-12, *kinds), **CONTEXT) == []


def test_an_epsilon_that_float16_holds_is_fine_unless_it_shall_not_be() -> None:
    assert findings(RULE, guarded(1e-6, "RSQRT"), **CONTEXT) == []
    [found] = findings(Fp16Unsafe(max_epsilon=6.1e-5), guarded(1e-6, "RSQRT"), **CONTEXT)
    assert "float16 may make 0 of it" in found.message


def test_constants_with_one_fate_are_one_finding_and_targets_are_named_together() -> None:
    g = bad()
    x = g.input("x", [1, 8, 8, 4])
    big = g.constant("big", np.full((4, 1, 1, 4), 1e6, np.float32))
    bias = g.constant("bias", np.zeros(4, np.float32))
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}
    y = g.op("CONV_2D", [x, big, bias], g.tensor("y", [1, 8, 8, 4]), options)
    g.output(g.op("ADD", [y, 0], g.tensor("z", [1, 8, 8, 4]), {}))
    [found] = findings(RULE, g, targets=(GPU, COREML))
    assert "where gpu and coreml compute in float16, " in found.message
    assert found.message.endswith("So it is with 1 more constant.")
    assert [place.address for place in found.related] == ["0/1:CONV_2D"]


def test_what_does_not_run_there_is_not_judged() -> None:
    assert findings(RULE, bad(), targets=(DELEGATE,)) == []
    g = bad()
    g.op("WHERE", [g.input("c", [4], "BOOL")], g.tensor("w", [None, 1], "INT64"))
    assert findings(RULE, g, **CONTEXT) == []
    assert findings(RULE, scaled(-1e9, np.float64), **CONTEXT) == []
    assert findings(RULE, scaled(-1e9, shape=(1, 2, 2, 2, 4)), **CONTEXT) == []


def test_ops_that_miss_their_tensors_do_no_harm() -> None:
    g = GraphBuilder()
    small = g.constant("epsilon", np.array(1e-12, np.float32))
    g.op("ADD", [small, -1], [])
    x = g.input("x", [1, 4])
    y = g.op("ADD", [x, small], g.tensor("y", [1, 4]), {})
    g.op("SQRT", [y], [])
    g.output(y)
    assert findings(RULE, g, targets=(load_target("gpu-compat", load_packs()), GPU)) == []
