"""TFL218: sizes that are computed while the model runs, because the batch was left open."""

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.dynamic_shape_chain import DynamicShapeChain

RULE = DynamicShapeChain()
Shape = list[int | None]


def numbers(g: GraphBuilder, name: str, *values: int) -> int:
    return g.constant(name, np.array(values, np.int32))


def first_size(g: GraphBuilder, x: int, name: str) -> int:
    """SHAPE and STRIDED_SLICE: the first size of a tensor."""
    shape = g.op("SHAPE", [x], g.tensor(f"{name}/Shape", [3], "INT32"), {"out_type": "INT32"})
    bounds = [numbers(g, f"{name}/{each}", value) for each, value in (("begin", 0), ("end", 1), ("step", 1))]
    return g.op("STRIDED_SLICE", [shape, *bounds], g.tensor(f"{name}/size", [], "INT32"), {"shrink_axis_mask": 1})


def reshaped(g: GraphBuilder, x: int, size: int, name: str = "reshape") -> int:
    """PACK and RESHAPE: x with a computed first size."""
    packed = g.op(
        "PACK", [size, numbers(g, f"{name}/const", 64)], g.tensor(f"{name}/shape", [2], "INT32"), {"values_count": 2}
    )
    return g.op("RESHAPE", [x, packed], g.tensor(name, [None, 64]), {})


def model(shape: Shape, times: int = 1) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", shape)
    for each in range(times):
        g.output(reshaped(g, x, first_size(g, x, f"r{each}"), f"r{each}/Reshape"))
    return g


def bad() -> GraphBuilder:
    return model([None, 8, 8])


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8, 8])
    g.output(g.op("RESHAPE", [x, numbers(g, "shape", 1, 64)], g.tensor("reshape", [1, 64]), {}))
    return g


def test_a_chain_from_the_open_batch_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/0:SHAPE"
    assert [place.address for place in found.related] == ["0/3:RESHAPE"]
    assert "1 op (RESHAPE) takes sizes that 3 ops compute" in found.message
    assert "(SHAPE, STRIDED_SLICE and PACK), only because the first dimension" in found.message
    assert found.evidence == {"chains": 1, "chain_ops": 3, "users": 1}


def test_a_constant_shape_is_fine() -> None:
    assert findings(RULE, good()) == []


def test_all_chains_of_a_graph_are_one_finding() -> None:
    [found] = findings(RULE, model([None, 8, 8], times=3))
    assert found.evidence == {"chains": 3, "chain_ops": 9, "users": 3}
    assert "3 ops (RESHAPE) take sizes" in found.message


def test_what_several_ops_take_from_one_chain_counts_once() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8, 8])
    size = first_size(g, x, "r")
    g.output(reshaped(g, x, size, "a"), reshaped(g, x, size, "b"))
    [found] = findings(RULE, g)
    assert found.evidence == {"chains": 1, "chain_ops": 4, "users": 2}


def test_a_chain_in_a_model_with_fixed_sizes_only_is_named_as_such() -> None:
    [found] = findings(RULE, model([1, 8, 8]))
    assert "although all dimensions are fixed" in found.message
    assert "folds the chain" in found.help


@pytest.mark.parametrize("shape", [[None, None, 8], [1, None, 8], [None]])
def test_other_open_dimensions_are_not_judged(shape: Shape) -> None:
    assert findings(RULE, model(shape)) == []


def test_an_input_of_unknown_rank_is_not_judged() -> None:
    g = model([])
    g.graph["tensors"][0] |= {"has_rank": False}
    assert findings(RULE, g) == []


def test_the_size_of_a_tensor_deep_in_the_graph_counts() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8, 8])
    y = g.op("RELU", [x], g.tensor("relu", [None, 8, 8]))
    g.output(reshaped(g, y, first_size(g, y, "r")))
    assert len(findings(RULE, g)) == 1


@pytest.mark.parametrize("kind", ["WHERE", "MyOp", "READ_VARIABLE", "STABLEHLO_GATHER"])
def test_a_size_that_values_decide_is_not_judged(kind: str) -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8])
    y = g.op(kind, [x], g.tensor("y", [None, 8]))
    z = g.op("RELU", [y], g.tensor("z", [None, 8]))
    g.output(reshaped(g, z, first_size(g, z, "r")))
    assert findings(RULE, g) == []


def test_a_size_that_an_input_decides_is_not_judged() -> None:
    g = GraphBuilder()
    x, wanted = g.input("x", [None, 8]), g.input("wanted", [2], "INT32")
    y = g.op("FILL", [wanted, g.constant("zero", np.float32(0))], g.tensor("y", [None, 8]))
    g.output(reshaped(g, y, first_size(g, y, "r")), x)
    assert findings(RULE, g) == []


def test_a_size_that_comes_from_nowhere_is_not_judged() -> None:
    g = GraphBuilder()
    x, seed = g.input("x", [None, 8]), g.input("seed", [1, 8])
    y = g.op("RELU", [seed], g.tensor("y", [None, 8]))
    g.output(reshaped(g, y, first_size(g, y, "r")), x)
    assert findings(RULE, g) == []


def test_arithmetic_on_constants_alone_is_no_chain() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8, 8])
    size = g.op("MUL", [numbers(g, "a", 2), numbers(g, "b", 4)], g.tensor("product", [], "INT32"), {})
    y = reshaped(g, x, size, "a/Reshape")
    g.op("SHAPE", [y], g.tensor("Shape", [2], "INT32"))
    g.output(y)
    assert findings(RULE, g) == []


def test_the_size_of_a_fixed_tensor_may_take_part() -> None:
    g = GraphBuilder()
    x, fixed = g.input("x", [None, 8]), g.constant("table", np.ones((64, 8), np.float32))
    product = g.tensor("product", [], "INT32")
    size = g.op("MUL", [first_size(g, x, "r"), first_size(g, fixed, "t")], product, {})
    g.output(reshaped(g, x, size))
    assert len(findings(RULE, g)) == 1


def test_a_size_mixed_with_a_value_is_not_judged() -> None:
    g = GraphBuilder()
    x, factor = g.input("x", [None, 8]), g.input("factor", [], "INT32")
    size = g.op("MUL", [first_size(g, x, "r"), factor], g.tensor("product", [], "INT32"), {})
    g.output(reshaped(g, x, size))
    assert findings(RULE, g) == []


def test_a_size_that_only_becomes_an_output_is_fine() -> None:
    g = GraphBuilder()
    g.output(first_size(g, g.input("x", [None, 8]), "r"))
    assert findings(RULE, g) == []


def test_what_follows_a_computed_shape_is_judged_too() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8, 8])
    y = reshaped(g, x, first_size(g, x, "a"), "a/Reshape")
    g.output(reshaped(g, y, first_size(g, y, "b"), "b/Reshape"))
    [found] = findings(RULE, g)
    assert found.evidence["users"] == 2


def test_the_body_of_a_loop_is_not_judged_and_a_signature_is() -> None:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [None, 8, 8])], g.tensor("y", [None, 8, 8])))
    other = g.subgraph("other")
    x = other.input("x", [None, 8, 8])
    y = reshaped(other, x, first_size(other, x, "r"))
    other.output(y)
    assert findings(RULE, g) == []
    other.signature("other", {"x": x}, {"y": y})
    [found] = findings(RULE, g)
    assert found.location.address == "1/0:SHAPE"


def test_ops_that_miss_their_inputs_do_no_harm() -> None:
    g = bad()
    g.op("SHAPE", [], g.tensor("nothing", [1], "INT32"))
    g.op("RESHAPE", [-1, -1], g.tensor("nowhere", [1]))
    g.op("PACK", [], g.tensor("none", [1], "INT32"))
    assert len(findings(RULE, g)) == 1
