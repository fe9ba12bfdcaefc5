"""TFL505: arenas that the device has no room for."""

from typing import Any

import numpy as np

from tflint import Severity
from tflint.expectations import Expectations
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.memory.arena_budget import ArenaBudget

RULE = ArenaBudget()
CONTEXT = {"expectations": Expectations(arena_kib=96)}
TFLM, XNNPACK, ETHOS = (load_target(name, load_packs()) for name in ("tflm", "xnnpack", "ethos-u55"))


def vision(size: int) -> GraphBuilder:
    """Two layers of 8 channels on a grey image."""
    g = GraphBuilder()
    shape = [1, size, size, 8]
    x = g.input("image", [1, size, size, 1], "INT8", scale=0.1)
    w = g.constant("kernel", np.ones((1, 3, 3, 8), np.int8), scale=0.1)
    b = g.constant("bias", np.zeros(8, np.int32), scale=0.01)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}
    x = g.op(
        "DEPTHWISE_CONV_2D", [x, w, b], g.tensor("wide", shape, "INT8", scale=0.1), options | {"depth_multiplier": 8}
    )
    g.output(g.op("RELU", [x], g.tensor("active", shape, "INT8", scale=0.1)))
    return g


def bad() -> GraphBuilder:
    return vision(96)


def good() -> GraphBuilder:
    return vision(72)


def context(kib: float, *targets: Any) -> dict[str, Any]:
    return {"expectations": Expectations(arena_kib=kib), "targets": targets}


def test_a_plan_over_the_budget_is_an_error_at_the_op_that_needs_most() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/1:RELU"
    assert found.message.startswith("TFLite Micro needs an arena of 144.0 KiB for values and scratch memory, and ")
    assert "; the device has 96 KiB. Most is alive at op 1 RELU: 'wide' (72.0 KiB) and 'active' (72.0 KiB)." in (
        found.message
    )
    assert found.help == (
        "Make the input smaller, the widest layers narrower, or what skips over layers shorter-lived, or raise "
        "arena_kib."
    )
    assert [place.address for place in found.related] == ["0/0:DEPTHWISE_CONV_2D"]


def test_what_fits_is_fine_and_without_a_budget_nothing_is_said() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, bad()) == []


def test_where_the_tables_alone_are_too_much_it_is_a_warning() -> None:
    [found] = findings(RULE, bad(), **context(144.25))
    assert found.severity is Severity.WARNING
    assert findings(RULE, bad(), **context(145)) == []


def test_the_plan_is_that_of_the_runtime_that_was_named() -> None:
    assert findings(RULE, bad(), **context(96, XNNPACK))[0].message.startswith("LiteRT plans an arena of 153.0 KiB")
    assert findings(RULE, bad(), **context(200, XNNPACK)) == []
    assert findings(RULE, bad(), **context(96, XNNPACK, TFLM))[0].message.startswith("TFLite Micro needs")


def test_a_model_for_an_ethos_u_is_judged_once_it_is_compiled() -> None:
    assert findings(RULE, bad(), **context(96, ETHOS)) == []
    g = GraphBuilder()
    x = g.input("x", [1, 100_000], "INT8")
    g.output(g.op("ethos-u", [x], g.tensor("y", [1, 100], "INT8"), custom_options=b""))
    [found] = findings(RULE, g, **context(96, ETHOS))
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:ethos-u"
    assert found.help.startswith("Compile with `vela --optimise Size`")


def test_sizes_that_nobody_knows_are_not_judged() -> None:
    g = bad()
    g.op("ABS", [g.input("s", [4096], "STRING")], g.tensor("t", [4096], "STRING"))
    assert findings(RULE, g, **CONTEXT) == []
    g = bad()
    g.graph["outputs"].append(99)
    assert findings(RULE, g, **CONTEXT) == []


def test_a_graph_without_ops_has_no_peak() -> None:
    g = GraphBuilder()
    g.output(g.input("x", [1, 200_000], "INT8"))
    [found] = findings(RULE, g, **CONTEXT)
    assert found.location.address == "0"
    assert found.message.endswith("the device has 96 KiB.")


def test_only_constants_alive_are_no_activations() -> None:
    g = GraphBuilder()
    half = g.constant("half", np.ones(50_000, np.float16))
    g.output(g.op("DEQUANTIZE", [half], g.tensor("w", [50_000])))
    [found] = findings(RULE, g, **CONTEXT)
    assert found.message.endswith("the device has 96 KiB.")
