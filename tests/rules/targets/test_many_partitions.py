"""TFL406: models that a delegate takes in pieces."""

import numpy as np
from made_up import DELEGATE, LARGEST, PREFIX, RUNTIME
from tflint_rules.targets.many_partitions import ManyPartitions

from tflint.testing import GraphBuilder, findings

RULE = ManyPartitions()
CONTEXT = {"targets": (DELEGATE,)}


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


def bad() -> GraphBuilder:
    return chain("RELU", "EXP", "ABS")


def good() -> GraphBuilder:
    return chain("RELU", "ABS")


def test_two_pieces_are_reported_at_the_op_between_them() -> None:
    [found] = findings(RULE, bad(), targets=(DELEGATE,))
    assert found.location.address == "0/1:EXP"
    assert "takes 2 ops of 3 in 2 pieces" in found.message
    assert "copies 256 bytes" in found.message
    assert found.help.startswith("Start with EXP at 1 place (2 → 1 piece)")


def test_the_share_of_the_work_is_told_where_there_is_any() -> None:
    [found] = findings(RULE, chain("RELU", "CONV_2D", "ABS"), targets=(DELEGATE,))
    assert "0 % of the multiply-accumulates" in found.message
    assert "0 % → 100 % of the multiply-accumulates" in found.help


def test_more_pieces_can_be_allowed() -> None:
    assert findings(ManyPartitions(max_partitions=2), bad(), targets=(DELEGATE,)) == []


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
    assert findings(RULE, bad(), targets=(RUNTIME,)) == []
    g = bad()
    g.tensor("state", [1], is_variable=True)
    assert findings(RULE, g, targets=(DELEGATE,)) == []
