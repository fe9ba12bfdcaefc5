"""Which graphs a caller can run."""

from pathlib import Path
from typing import Any

from saved_models import Func, function, node, saved_model, write
from tflint.analysis.served import served
from tflint.formats import read
from tflint.model import DType, Model
from tflint.testing import GraphBuilder, model

F = DType.FLOAT32
X = node("x", "Placeholder", dtype=F)


def branch(name: str, *nodes: Any) -> Any:
    return function(name, {"x": F}, nodes, {"y": ("x", F)})


def names(of: Model) -> list[str]:
    return [graph.name for graph in served(of)]


def test_the_graphs_of_signatures_and_what_their_ops_name_are_served(tmp_path: Path) -> None:
    nodes = [
        X,
        node("a", "Case", ["x", "x"], branches=[Func("one"), Func("two")], Tout=[F]),
        node("b", "If", ["x", "x"], then_branch=Func("one"), else_branch=Func("lost"), Tout=[F]),
    ]
    functions = [
        branch("one", node("again", "If", ["x", "x"], then_branch=Func("one"), else_branch=Func("deep"), Tout=[F])),
        branch("two"), branch("deep", node("n", "Neg", ["x"], T=F, note="idle")), branch("idle"),
    ]  # fmt: skip
    sides = {"f": ({"x": "x:0"}, {"y": "a:0"}), "g": ({"x": "x:0"}, {"y": "b:0"})}
    found = read(write(tmp_path / "m", saved_model(nodes, functions, sides)))
    assert set(names(found)) == {"f", "g", "one", "two", "deep"}
    assert "idle" in [graph.name for graph in found.graphs]


def test_without_signatures_the_first_graph_is_served() -> None:
    g = GraphBuilder()
    g.output(g.op("NEG", [g.input("x", [1])], g.tensor("y", [1]), {}))
    g.subgraph("other")
    built = model(g)
    assert served(built) == built.graphs[:1]
    assert served(Model("none", built.format, 0)) == ()
