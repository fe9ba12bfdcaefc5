"""TFL406: models that a delegate takes in pieces."""

import numpy as np

from made_up import DELEGATE, LARGEST, PREFIX, RUNTIME
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.many_partitions import ManyPartitions

RULE = ManyPartitions()
CONTEXT = {"targets": (load_target("xnnpack", load_packs()),)}


def chain(*kinds: str) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2])
    for number, kind in enumerate(kinds):
        y = g.tensor(f"t{number}", [1, 4, 4, 2])
        if kind == "CONV_2D":
            w = g.constant(f"w{number}", np.ones((2, 1, 1, 2), np.float32))
            x = g.op(kind, [x, w, -1], y, {"padding": "SAME", "stride_w": 1, "stride_h": 1})
        else:
            x = g.op(kind, [x], y, {})
    g.output(x)
    return g


def mobile(activation: str) -> GraphBuilder:
    """An activation between two INT8 convolutions."""
    g = GraphBuilder()
    shape = [1, 16, 16, 8]
    x = g.input("image", shape, "INT8", scale=0.1)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}
    for number in (1, 2):
        w = g.constant(f"conv{number}/kernel", np.ones((8, 3, 3, 8), np.int8), scale=0.1)
        b = g.constant(f"conv{number}/bias", np.zeros(8, np.int32), scale=0.01)
        x = g.op("CONV_2D", [x, w, b], g.tensor(f"conv{number}", shape, "INT8", scale=0.1), options)
        if number == 1:
            x = g.op(activation, [x], g.tensor(activation.lower(), shape, "INT8", scale=0.1))
    g.output(x)
    return g


def bad() -> GraphBuilder:
    return mobile("HARD_SWISH")


def good() -> GraphBuilder:
    return mobile("TANH")


def pieces() -> GraphBuilder:
    return chain("RELU", "EXP", "ABS")


def test_two_pieces_are_reported_at_the_op_between_them() -> None:
    [found] = findings(RULE, pieces(), targets=(DELEGATE,))
    assert found.location.address == "0/1:EXP"
    assert "takes 2 ops of 3 in 2 pieces" in found.message
    assert "copies 256 bytes" in found.message
    assert found.help.startswith("Start with EXP at 1 place (2 → 1 piece)")


def test_the_share_of_the_work_is_told_where_there_is_any() -> None:
    [found] = findings(RULE, chain("RELU", "CONV_2D", "ABS"), targets=(DELEGATE,))
    assert "0 % of the multiply-accumulates" in found.message
    assert "0 % → 100 % of the multiply-accumulates" in found.help


def test_where_the_work_stays_where_it_is_the_help_tells_of_the_pieces_alone() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.help.startswith("Start with HARD_SWISH at 1 place (2 → 1 piece): HARD_SWISH: input is INT8")


def test_more_pieces_can_be_allowed() -> None:
    assert findings(ManyPartitions(max_partitions=2), pieces(), targets=(DELEGATE,)) == []


def test_what_a_gpu_or_edge_tpu_leaves_out_is_told() -> None:
    [found] = findings(RULE, chain("RELU", "ABS", "EXP", "ABS"), targets=(LARGEST,))
    assert "leaves out 1 op that it could run" in found.message
    [found] = findings(RULE, chain("RELU", "EXP", "ABS", "ABS"), targets=(PREFIX,))
    assert "takes 1 op of 4 in 1 piece" in found.message
    assert "leaves out 2 ops" in found.message


def test_where_no_single_change_helps_the_help_says_where_to_look() -> None:
    [found] = findings(RULE, chain("RELU", "NEG", "ABS"), targets=(DELEGATE,))
    assert found.help == "Replace the ops that split the graph; `tflint inspect --target` shows them."


def test_a_runtime_makes_no_pieces_and_a_refused_model_has_none() -> None:
    assert findings(RULE, pieces(), targets=(RUNTIME,)) == []
    g = pieces()
    g.tensor("state", [1], is_variable=True)
    assert findings(RULE, g, targets=(DELEGATE,)) == []
