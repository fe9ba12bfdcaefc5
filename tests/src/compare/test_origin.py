"""How the source of a model is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chains import SIZE, float_chain, int8_chain, weights
from sources import Source
from tflint.compare.matching import Matched
from tflint.compare.origin import nodes, reordered, source_graph, unmatched, wanted
from tflint.compare.runs import Ran, Wanted
from tflint.comparison import Ended, EngineRun
from tflint.model import Format, Graph, Model, Signature
from tflint.testing import GraphBuilder, model

TFLITE = model(float_chain(weights(2)), "source.tflite")
INT8 = model(int8_chain(weights(2)), "int8.tflite")


def keras(producer: str = "keras 3.15.0") -> Model:
    source = Source()
    source.input("x", (None, SIZE))
    source.layer("Dense", "scores", {"kernel": np.ones((SIZE, 2), np.float32)})
    return replace(source.model(), producer=producer)


def saved(path: Path, *keys: str) -> Model:
    """A SavedModel with a graph for each signature."""
    source = Source(str(path), Format.SAVED_MODEL)
    x = source.input("serving_default_x:0", (None, SIZE))
    y = source.node("Softmax", "y", x)
    made = source.model()
    graphs = tuple(replace(made.graphs[0], index=place) for place in range(len(keys)))
    signatures = tuple(Signature(key, place, {"image": x}, {"probs": y}) for place, key in enumerate(keys))
    return replace(made, graphs=graphs, signatures=signatures)


def called(*keys: str) -> Model:
    """A model with these signatures."""
    g = GraphBuilder()
    x = g.input("x", [1, SIZE])
    y = g.op("SOFTMAX", [x], g.tensor("net/y/Softmax;net/y", [1, SIZE]), {"beta": 1.0})
    g.output(y)
    for key in keys:
        g.signature(key, {"image": x}, {"probs": y})
    return model(g)


def test_the_first_graph_is_the_one() -> None:
    assert source_graph(TFLITE, INT8) is TFLITE.graphs[0]
    source = keras()
    assert source_graph(source, INT8) is source.graphs[0]


@pytest.mark.parametrize("change", [{"outputs": ()}, {"intact": False}])
def test_a_graph_that_cannot_be_run_is_none(change: dict[str, Any]) -> None:
    broken = replace(TFLITE, graphs=(replace(TFLITE.graphs[0], **change),))
    assert source_graph(broken, INT8) is None
    assert source_graph(replace(TFLITE, graphs=()), INT8) is None


def test_of_a_saved_model_that_of_the_signature_with_the_same_key(tmp_path: Path) -> None:
    source = saved(tmp_path, "first", "second")
    assert source_graph(source, called("second")) is source.graphs[1]
    assert source_graph(source, called("other")) is source.graphs[0]
    assert source_graph(source, called()) is source.graphs[0]
    assert source_graph(replace(source, signatures=()), called()) is None


def test_a_file_of_a_saved_model_alone_cannot_be_run(tmp_path: Path) -> None:
    assert source_graph(saved(tmp_path / "saved_model.pb", "first"), called("first")) is None


def asked(source: Model, inside: Sequence[int] = (0,), *, allow_code: bool = False) -> tuple[str, Wanted]:
    graph = source_graph(source, called("first"))
    assert graph is not None
    return wanted(source, graph, called("first"), [0, 1], inside, allow_code=allow_code)


def test_a_tflite_source_is_run_on_litert() -> None:
    runtime, found = asked(TFLITE)
    outputs = [op.outputs[0].index for op in TFLITE.graphs[0].ops]
    assert (runtime, found.engine, list(found.feeds), list(found.inside)) == ("litert", "source", [0, 1], [0])
    assert found.more == {"watch": outputs}
    assert found.path == str(Path("source.tflite").resolve())
    assert asked(TFLITE, ())[1].more == {"kernels": "xnnpack"}


def test_a_saved_model_by_its_signature_and_the_nodes_that_the_model_tells_of(tmp_path: Path) -> None:
    runtime, found = asked(saved(tmp_path, "first", "second"))
    assert (runtime, found.path) == ("tensorflow", str(tmp_path.resolve()))
    assert found.more == {
        "signature": "first",
        "inputs": ["image"],
        "outputs": ["probs"],
        "nodes": ["net/y/Softmax", "net/y"],
    }


def test_one_that_two_signatures_call_by_the_names_of_its_tensors(tmp_path: Path) -> None:
    source = saved(tmp_path, "first")
    source = replace(source, signatures=(*source.signatures, replace(source.signatures[0], key="twin")))
    _, found = asked(source)
    assert found.more["signature"] == ""
    assert found.more["inputs"] == ["serving_default_x:0"]


@pytest.mark.parametrize(
    ("producer", "there", "is_legacy"),
    [
        ("keras 2.15.0", True, True),
        ("keras 1.0", True, True),
        ("keras 2.15.0", False, False),
        ("keras 3.2.0", True, False),
        ("", True, False),
    ],
)
def test_a_keras_model_by_the_keras_that_wrote_it_where_that_is_installed(
    producer: str, there: bool, is_legacy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tflint.convert.run.find_spec", lambda _: object() if there else None)
    runtime, found = asked(keras(producer), allow_code=True)
    assert (runtime, found.more) == ("keras", {"is_legacy": is_legacy, "allow_code": True})
    assert asked(keras(producer))[1].more["allow_code"] is False


def test_inputs_are_put_in_the_order_of_the_source() -> None:
    assert reordered(["a", "b", "c"], Matched((2, 0, 1), ("name",) * 3)) == ["b", "c", "a"]


def ran(folder: Path, **values: Any) -> Ran:
    np.savez(folder / "0-0.npz", **values)
    return Ran(EngineRun("source", Ended.DONE), Wanted("source", "m", [0]), folder, 0, {})


def told(source: Model, graph: Graph, run: Ran) -> list[tuple[str, list[float]]]:
    return [(each.name, each.value.ravel()[:1].tolist()) for each in nodes(source, graph, run, 0)]


def test_the_values_inside_a_tflite_are_real_and_in_the_order_of_its_ops(tmp_path: Path) -> None:
    graph = INT8.graphs[0]
    first, second = (op.outputs[0] for op in graph.ops)
    held = {f"t_{each.index}": np.full((1, SIZE), -118, np.int8) for each in (second, first)}
    found = told(INT8, graph, ran(tmp_path, t_0=np.ones(3, np.int8), **held))
    assert [name for name, _ in found] == ["dense_0", "dense_1"]
    assert first.quant is not None
    assert found[0][1] == pytest.approx([10 * float(first.quant.scale[0])])
    whole = ran(tmp_path, **{f"t_{first.index}": np.ones(4, np.int32)})
    assert told(TFLITE, TFLITE.graphs[0], whole) == []


def test_those_inside_another_source_are_those_of_its_layers(tmp_path: Path) -> None:
    source = keras()
    run = ran(tmp_path, node_0=np.array([1, 2], np.float32), node_1=np.array([3]), names=np.array('["a", "b"]'))
    assert told(source, source.graphs[0], run) == [("a", [1.0])]


def test_why_inputs_do_not_match_is_a_sentence() -> None:
    g = GraphBuilder()
    g.input("a", [None, 3])
    g.input("b", [])
    assert unmatched(model(g).graphs[0], TFLITE.graphs[0]) == (
        "The model takes inputs of the shapes [?, 3], [] and its source [1, 16]: they are not the same."
    )
    assert unmatched(replace(TFLITE.graphs[0], inputs=()), TFLITE.graphs[0]).startswith(
        "The model takes inputs of the shapes none and"
    )
