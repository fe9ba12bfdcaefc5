"""TFL405: values without a size, and what they go back to."""

from collections.abc import Sequence

import numpy as np

from made_up import DELEGATE
from tflint import Severity
from tflint.packs import load_packs, load_target
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.dynamic_tensor import DynamicTensor

RULE = DynamicTensor()
GPU = load_target("gpu", load_packs())
ETHOS = load_target("ethos-u55", load_packs())
CONTEXT = {"targets": (GPU,)}
Shape = Sequence[int | None]


def numbers(g: GraphBuilder, *values: int) -> int:
    return g.constant(f"c{len(g.graph['tensors'])}", np.array(values, np.int32))


def bad() -> GraphBuilder:
    """The boxes with a good score: as many as there are."""
    g = GraphBuilder()
    boxes, scores = g.input("boxes", [100, 4]), g.input("scores", [100])
    good_ones = g.op(
        "GREATER", [scores, g.constant("half", np.array(0.5, np.float32))], g.tensor("is_good", [100], "BOOL"), {}
    )
    where = g.op("WHERE", [good_ones], g.tensor("where", [None, 1], "INT64"))
    g.output(g.op("GATHER_ND", [boxes, where], g.tensor("good_boxes", [None, 4]), {}))
    return g


def good() -> GraphBuilder:
    g = GraphBuilder()
    boxes, scores = g.input("boxes", [100, 4]), g.input("scores", [100, 1])
    g.output(g.op("MUL", [boxes, scores], g.tensor("weighted", [100, 4]), {}))
    return g


def sliced(g: GraphBuilder, x: int, place: int, name: str) -> int:
    """One size of a tensor, computed."""
    shape = g.op("SHAPE", [x], g.tensor(f"{name}/shape", [3], "INT32"), {"out_type": "INT32"})
    bounds = [numbers(g, place), numbers(g, place + 1), numbers(g, 1)]
    return g.op("STRIDED_SLICE", [shape, *bounds], g.tensor(f"{name}/size", [], "INT32"), {"shrink_axis_mask": 1})


def reshaped(shape: Shape, place: int, times: int = 1) -> GraphBuilder:
    """RESHAPE with a size that is computed from one of the input's."""
    g = GraphBuilder()
    x = g.input("x", shape)
    for each in range(times):
        name = f"r{each}"
        sizes = [sliced(g, x, place, name), numbers(g, 64)]
        packed = g.op("PACK", sizes, g.tensor(f"{name}/sizes", [2], "INT32"), {"values_count": 2})
        y = g.op("RESHAPE", [x, packed], g.tensor(name, [None, 64]), {})
        g.output(g.op("RELU", [y], g.tensor(f"{name}/relu", [None, 64])))
    return g


def test_an_op_that_makes_as_many_values_as_there_are_is_a_warning_at_that_op() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/1:WHERE"
    assert found.message == (
        "WHERE makes 'where' INT64[?, 1], which has no size before the model runs, nor has 1 value behind it: it "
        "depends on the values that it reads; gpu takes nothing of such a model."
    )
    assert found.evidence == {"targets": ["gpu"], "values": 2, "ops": 1}


def test_a_model_of_fixed_sizes_is_fine() -> None:
    assert findings(RULE, good(), **CONTEXT) == []


def test_where_no_target_minds_nothing_is_said() -> None:
    assert findings(RULE, bad(), targets=(DELEGATE,)) == []
    assert findings(RULE, bad()) == []


def test_an_open_input_is_one_finding_with_all_ops_that_wait_for_it() -> None:
    [found] = findings(RULE, reshaped([1, None, 64], 1, times=2), **CONTEXT)
    assert found.location.address == "0/t0"
    assert found.message == (
        "Input 'x' FLOAT32[1, ?, 64] is open in dimension 1, so what 2 ops (RESHAPE) make has no size before the "
        "model runs, nor have 4 values behind it; gpu takes nothing of such a model."
    )
    assert [place.address for place in found.related] == ["0/3:RESHAPE", "0/8:RESHAPE"]


def test_an_input_of_unknown_rank_is_open_in_all_dimensions() -> None:
    g = reshaped([1, 8, 64], 1)
    g.graph["tensors"][0] |= {"has_rank": False, "shape": []}
    [found] = findings(RULE, g, **CONTEXT)
    assert "is open in all dimensions, so what RESHAPE makes" in found.message


def test_the_batch_alone_is_left_to_dynamic_shape_chain() -> None:
    assert findings(RULE, reshaped([None, 8, 64], 0), **CONTEXT) == []


def test_a_size_that_an_input_gives_is_followed_to_it() -> None:
    g = GraphBuilder()
    x, k = g.input("x", [1, 8]), g.input("k", [], "INT32")
    more = g.op("ADD", [k, g.constant("one", np.array(1, np.int32))], g.tensor("more", [], "INT32"), {})
    values, places = g.tensor("values", [1, None]), g.tensor("places", [1, None], "INT32")
    g.op("TOPK_V2", [x, more], [values, places])
    g.output(values, places)
    [found] = findings(RULE, g, **CONTEXT)
    assert "before the model runs: it is computed from 'k' (an input of the graph); gpu takes" in found.message
    assert [place.address for place in found.related] == ["0/0:ADD"]
    assert found.help.startswith("Give the layer that makes it fixed sizes")


def test_a_size_that_an_op_computes_from_values_is_followed_to_that() -> None:
    g = GraphBuilder()
    best = g.op("ARG_MAX", [g.input("x", [4, 8]), numbers(g, 1)], g.tensor("best", [4], "INT64"))
    sizes = g.op("CAST", [best], g.tensor("sizes", [4], "INT32"), {})
    zero = g.constant("zero", np.array(0, np.float32))
    y = g.op("FILL", [sizes, zero], g.tensor("y", [None, None, None, None]), {})
    again = g.op("SHAPE", [y], g.tensor("shape", [4], "INT32"), {})
    flat = g.op("REDUCE_PROD", [again, numbers(g, 0)], g.tensor("flat", [1], "INT32"), {})
    more = g.op("PACK", [flat], g.tensor("more", [1], "INT32"), {"values_count": 1})
    g.output(g.op("RESHAPE", [y, more], g.tensor("z", [None]), {}))
    [found] = findings(RULE, g, **CONTEXT)
    assert "it is computed from 'best' (of ARG_MAX)" in found.message
    assert found.evidence["ops"] == 2


def test_an_op_that_litert_sizes_late_for_reasons_of_its_own_is_told_too() -> None:
    g = GraphBuilder()
    x, places = g.input("x", [8, 4]), g.input("places", [8], "INT32")
    kind = "UNSORTED_SEGMENT_SUM"
    g.output(g.op(kind, [x, places, g.constant("count", np.array(2, np.int32))], g.tensor("y", [2, 4]), {}))
    [found] = findings(RULE, g, targets=(load_target("nnapi", load_packs()),))
    assert "UNSORTED_SEGMENT_SUM makes 'y' FLOAT32[2, 4], which has no size before the model runs" in found.message


def test_what_inherits_an_open_size_without_computing_it_goes_back_to_the_input() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8])
    y = g.op("SLICE", [x, numbers(g, 0, 0), numbers(g, -1, 4)], g.tensor("y", [None, 4]))
    g.output(y)
    [found] = findings(RULE, g, targets=(load_target("coreml", load_packs()),))
    assert found.location.address == "0/t0"


def test_tables_and_strings_are_one_finding() -> None:
    g = GraphBuilder()
    table = g.op("HASHTABLE", [], g.tensor("table", [1], "RESOURCE"), {"table_id": 1})
    words = g.op("GATHER", [g.input("words", [4], "STRING"), numbers(g, 0)], g.tensor("word", [1], "STRING"), {})
    g.output(table, words)
    [found] = findings(RULE, g, **CONTEXT)
    assert found.message == (
        "2 ops (HASHTABLE and GATHER) make RESOURCE and STRING values, which have no size before the model runs; gpu "
        "takes nothing of such a model."
    )
    assert [place.address for place in found.related] == ["0/1:GATHER"]


def test_what_a_graph_does_that_an_op_runs_is_told_there() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    inner = g.subgraph("branch")
    a = inner.input("a", [1, 4])
    mask = inner.op("GREATER", [a, a], inner.tensor("mask", [1, 4], "BOOL"), {})
    inner.output(inner.op("WHERE", [mask], inner.tensor("where", [None, 2], "INT64")))
    options = {"then_subgraph_index": 1, "else_subgraph_index": 1}
    g.output(g.op("IF", [g.input("c", [1], "BOOL"), x], g.tensor("y", [None, 2], "INT64"), options))
    [found] = findings(RULE, g, **CONTEXT)
    assert found.location.address == "1/1:WHERE"


def image(shape: Shape) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("image", shape, "INT8", scale=0.1)
    y = g.op("ABS", [x], g.tensor("a", shape, "INT8", scale=0.1))
    g.output(g.op("NEG", [y], g.tensor("b", shape, "INT8", scale=0.1)))
    return g


def test_a_target_may_mind_open_sizes_alone() -> None:
    [found] = findings(RULE, image([1, None, None, 3]), targets=(ETHOS, GPU))
    assert found.message == (
        "Input 'image' INT8[1, ?, ?, 3] is open in dimensions 1 and 2, so it has no size before the model runs, nor "
        "have 2 values behind it; ethos-u55 takes no op that reads or makes them."
    )
    assert findings(RULE, image([None, 8, 8, 3]), targets=(ETHOS, GPU)) == []


def test_targets_that_refuse_all_and_some_are_named_together() -> None:
    g = image([1, None, None, 3])
    size = g.op("SHAPE", [0], g.tensor("shape", [4], "INT32"), {})
    size = g.op("ADD", [size, size], g.tensor("twice", [4], "INT32"), {})
    g.output(
        g.op("FILL", [size, g.constant("zero", np.array(0, np.int8))], g.tensor("y", [1, None, None, 3], "INT8"), {})
    )
    [found] = findings(RULE, g, targets=(ETHOS, GPU))
    assert "; gpu takes nothing of such a model, and ethos-u55 takes no op that reads or makes them." in found.message
