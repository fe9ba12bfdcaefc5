"""What delegates see of a graph: constants unpacked for them, sizes that are computed."""

from one_op import One, build, ints, k, t
from tflint.model import Op
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.delegates import computed_sizes, fixed, packed, shaped, whole


def op(*inputs: One | None) -> Op:
    g = GraphBuilder()
    build(g, "ADD", inputs, t("f32", 4))
    return model(g).graphs[0].ops[0]


def test_sizes_that_only_the_run_tells() -> None:
    g = GraphBuilder()
    build(g, "TANH", [t("f32", None, 4)], t("f32", None, 4))
    assert computed_sizes(model(g)) == ""
    build(g, "Custom", [t("f32", 4)], t("f32", None))
    assert computed_sizes(model(g)) == "", "how large the outputs of a custom op are, its code says"
    build(g, "FILL", [t("i32", 2), k("f32")], t("f32", 2, 2))
    assert computed_sizes(model(g)).endswith("which FILL makes, is known only when the model runs")


def test_broken_graphs_are_not_looked_at() -> None:
    g = GraphBuilder()
    build(g, "FILL", [t("i32", 2), k("f32"), 99], t("f32", 2, 2))
    assert computed_sizes(model(g)) == ""


def test_constants_of_float16_are_seen_through() -> None:
    g = GraphBuilder()
    (unpacked,) = build(g, "DEQUANTIZE", [k("f16", 4)], t("f32", 4))
    (other,) = build(g, "TANH", [t("f32", 4)], t("f32", 4))
    build(g, "ADD", [unpacked, other], t("f32", 4))
    graph = model(g).graphs[0]
    found = [packed(graph.ops[2], slot, graph) for slot in range(3)]
    assert [each and each.dtype.value for each in found] == ["FLOAT16", "FLOAT32", None]


def test_small_constants_of_integers_are_read() -> None:
    graph = model(_with(ints(1, -2), k("i32", 20), k("f32", 2), t("i32", 2))).graphs[0]
    assert [whole(tensor) for tensor in graph.tensors[:4]] == [[1, -2], None, None, None]


def _with(*inputs: One) -> GraphBuilder:
    g = GraphBuilder()
    build(g, "PACK", inputs, t("f32", 4))
    return g


def test_conditions_name_what_is_missing() -> None:
    graph = model(_with(t("f32", 4))).graphs[0]
    assert fixed(1, "bias")(op(t("f32", 4), None), graph) == "it has no bias"
    assert fixed(0, "bias")(op(t("f32", 4)), graph) == "bias is not constant"
    assert shaped(1, 1, 1, "bias")(op(t("f32", 4)), graph) == "it has no bias"
    assert shaped(0, 2, None, "bias")(op(t("f32", 4)), graph) == "bias has 1 dimension; 2 or more are supported"
    assert shaped(0, 1, None, "bias")(op(t("f32", 4)), graph) == ""
