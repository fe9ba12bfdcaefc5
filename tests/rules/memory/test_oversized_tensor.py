"""TFL503: one activation that takes too much memory."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.memory.oversized_tensor import OversizedTensor

RULE = OversizedTensor()
SMALL = OversizedTensor(max_bytes=1000)


def segmentation(size: int) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("image", [1, size, size, 3])
    w = g.constant("kernel", np.ones((32, 1, 1, 3), np.float32))
    y = g.op("CONV_2D", [x, w, -1], g.tensor("features", [1, size, size, 32]), {})
    g.output(
        g.op("ARG_MAX", [y, g.constant("axis", np.array(3, np.int32))], g.tensor("classes", [1, size, size], "INT64"))
    )
    return g


def bad() -> GraphBuilder:
    return segmentation(1024)


def good() -> GraphBuilder:
    return segmentation(512)


def test_an_activation_over_the_limit_is_a_warning_at_the_op_that_makes_it() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/0:CONV_2D"
    assert found.message == (
        "'features' FLOAT32[1, 1024, 1024, 32], which op 0 CONV_2D makes, takes 128.0 MiB; at most 64.0 MiB were "
        "expected of one activation."
    )
    assert found.evidence == {"bytes": 1 << 27, "max_bytes": 1 << 26, "activations": 1}


def test_smaller_activations_are_fine() -> None:
    assert findings(RULE, good()) == []


def test_a_graph_has_one_finding_at_its_largest_activation() -> None:
    [found] = findings(OversizedTensor(max_bytes=4 << 20), bad())
    assert "2 more activations are over it: 'image' (12.0 MiB) and 'classes' (8.0 MiB)." in found.message
    assert [place.address for place in found.related] == ["0/t0", "0/1:ARG_MAX"]


def test_each_graph_has_its_own() -> None:
    g = segmentation(16)
    s = g.subgraph("body")
    s.output(s.op("ABS", [s.input("a", [400])], s.tensor("b", [300])))
    assert [found.location.address for found in findings(SMALL, g)] == ["0/0:CONV_2D", "1/t0"]
    assert "which the graph takes in" in findings(SMALL, g)[1].message
    assert "1 more activation is over it" in findings(SMALL, g)[1].message


def test_constants_and_what_is_made_of_them_alone_do_not_count() -> None:
    g = GraphBuilder()
    half = g.constant("half", np.ones(4096, np.float16))
    w = g.op("DEQUANTIZE", [half], g.tensor("w", [4096]))
    g.graph["inputs"].append(half)
    g.output(g.op("MUL", [g.input("x", [1]), w], g.tensor("y", [1]), {}))
    assert findings(SMALL, g) == []


def test_an_op_without_inputs_makes_an_activation() -> None:
    g = GraphBuilder()
    g.output(g.op("READ", [], g.tensor("y", [4096])))
    assert len(findings(SMALL, g)) == 1


def test_a_tensor_that_is_there_twice_counts_once() -> None:
    g = GraphBuilder()
    x = g.input("x", [4096])
    g.graph["inputs"].append(x)
    g.output(g.op("ABS", [x], x))
    [found] = findings(SMALL, g)
    assert found.evidence["activations"] == 1


def test_dynamic_dimensions_count_as_what_is_allocated_first() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [None, 100])], g.tensor("y", [None, 100])))
    assert findings(SMALL, g) == []


def test_sizes_that_cannot_be_told_are_not_judged() -> None:
    g = GraphBuilder()
    strings, unknown = g.input("s", [4096], "STRING"), g.input("u", [], has_rank=False)
    g.output(g.op("ABS", [strings, unknown], g.tensor("y", [300], "STRING")))
    assert findings(SMALL, g) == []


def test_a_shape_that_cannot_be_meant_is_reported_and_harms_nobody() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1])], g.tensor("y", [2**31 - 1] * 2)))
    [found] = findings(RULE, g)
    assert "takes 16.0 EiB" in found.message


def test_sizes_that_read_alike_are_told_in_bytes() -> None:
    [found] = findings(OversizedTensor(max_bytes=(128 << 20) - 1), bad())
    assert "takes 134,217,728 bytes; at most 134,217,727 bytes were expected" in found.message


def test_a_limit_of_one_byte_is_a_sentence_too() -> None:
    assert "at most 1 byte was expected" in findings(OversizedTensor(max_bytes=1), good())[0].message
