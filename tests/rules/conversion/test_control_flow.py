"""TFL207: loops and branches that no accelerator takes."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.control_flow import ControlFlow

RULE = ControlFlow()


def body(of: GraphBuilder, name: str, *, dense: bool) -> int:
    g = of.subgraph(name)
    x = g.input("state", [1, 8])
    if dense:
        weights = g.constant(f"{name}/kernel", np.ones((8, 8), np.float32))
        g.output(g.op("FULLY_CONNECTED", [x, weights, -1], g.tensor(f"{name}/MatMul", [1, 8]), {}))
    else:
        g.output(g.op("RELU", [x], g.tensor(f"{name}/Relu", [1, 8])))
    return g.index


def loops(number: int, *, dense: bool = True) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    cond, step = body(g, "cond", dense=False), body(g, "step", dense=dense)
    for each in range(number):
        options = {"cond_subgraph_index": cond, "body_subgraph_index": step}
        last = g.op("WHILE", [last], g.tensor(f"lstm/while_{each}", [1, 8]), options)
    g.output(last)
    return g


def bad() -> GraphBuilder:
    return loops(1)


def good() -> GraphBuilder:
    g = GraphBuilder()
    g.op("CALL_ONCE", [], [], {"init_subgraph_index": body(g, "init", dense=True)})
    x = g.input("x", [1, 8])
    g.output(g.op("RELU", [x], g.tensor("y", [1, 8])))
    return g


def test_a_loop_that_does_work_is_a_warning_with_what_is_inside() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/0:WHILE"
    assert found.message.startswith("1 loop (WHILE) cuts the model, with 2 ops and 64 multiply-accumulates a pass")
    assert found.evidence == {"control_ops": 1, "ops_inside": 2, "macs_inside": 64}
    assert "unroll=True" in found.help


def test_setting_variables_up_once_is_normal() -> None:
    assert findings(RULE, good()) == []


def test_a_loop_with_little_arithmetic_is_a_note() -> None:
    [found] = findings(RULE, loops(1, dense=False))
    assert found.severity is Severity.NOTE
    assert "multiply" not in found.message


def test_all_loops_and_branches_of_a_model_are_one_finding() -> None:
    g = loops(2)
    then = body(g, "then", dense=False)
    x = g.input("flag", [1], "BOOL")
    g.output(g.op("IF", [x], g.tensor("y", [1, 8]), {"then_subgraph_index": then, "else_subgraph_index": then}))
    [found] = findings(RULE, g)
    assert found.message.startswith("2 loops (WHILE) and 1 branch (IF) cut the model, with 3 ops")
    assert len(found.related) == 2
    assert "tf.where" in found.help
    assert "unroll=True" in found.help


def test_what_runs_inside_an_inner_loop_counts() -> None:
    g = loops(1, dense=False)
    inner = body(g, "inner", dense=True)
    options = {"cond_subgraph_index": inner, "body_subgraph_index": inner}
    step = g.tables["subgraphs"][2]
    step["operators"][0] = {
        "opcode_index": 1, "inputs": [0], "outputs": [1], "builtin_options": ("WhileOptions", options),
    }  # fmt: skip
    [found] = findings(RULE, g)
    assert found.evidence["macs_inside"] == 64
    assert [place.address for place in found.related] == ["2/0:WHILE"]


def test_a_body_that_does_not_exist_or_is_damaged_holds_nothing() -> None:
    g = loops(1)
    g.graph["operators"][0]["builtin_options"] = (
        "WhileOptions",
        {"cond_subgraph_index": 99, "body_subgraph_index": 2},
    )
    g.tables["subgraphs"][2]["outputs"].append(99)
    [found] = findings(RULE, g)
    assert found.severity is Severity.NOTE
    assert found.evidence["ops_inside"] == 0
