"""Two builds compared: what is refused, what is unknown, figures, targets, sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builds import chain, detector, rewritten, values
from keras_files import functional, keras_file, layer, sequential, tensor
from made_up import DELEGATE, RUNTIME
from mutants import editable, edits, mutants
from other_readers import FOLDER, REAL_MODELS
from saved_models import node, saved_model, write
from tflint import DType, Format, Model
from tflint.changes import Difference, Grade, Sameness
from tflint.difference import diff
from tflint.errors import ReadError
from tflint.formats import read
from tflint.formats.tflite.flat import Damage
from tflint.testing import GraphBuilder, model

HARMLESS = {"file-grew", "file-shrank", "associated-file-gone", "input-shape", "output-shape", "op-shape"}
"""What `editable` does to a file: no archive behind it, no empty shapes."""


def compared(old: GraphBuilder | bytes, new: GraphBuilder | bytes, **more: Any) -> Difference:
    return diff(model(old, "old.tflite"), model(new, "new.tflite"), **more)


def told(found: Difference) -> dict[str, Grade]:
    return {change.what: change.grade for change in found.changes}


def test_the_same_bytes_are_the_same_file(tmp_path: Path) -> None:
    paths = [str(detector().save(tmp_path / name)) for name in ("a.tflite", "b.tflite")]
    found = diff(*map(read, paths))
    assert (found.same, found.verdict, found.changes) == (Sameness.FILE, None, ())
    assert [(each.name, each.ratio) for each in found.figures][:2] == [("file", 0.0), ("ops", 0.0)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("quantized", [False, True])
def test_a_model_that_is_written_otherwise_is_the_same(seed: int, quantized: bool) -> None:
    built = detector(quantized=quantized)
    assert compared(built, rewritten(built.tables, seed)).same is Sameness.MODEL


@pytest.mark.parametrize("path", REAL_MODELS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_real_models_that_are_written_otherwise_are_the_same(path: Path) -> None:
    old = read(path)
    if any(problem.fatal for problem in old.problems) or not old.graphs:
        return
    try:
        new = rewritten(editable(path.read_bytes()), 3)
    except (Damage, KeyError, IndexError, TypeError, OverflowError):
        pytest.skip("cannot be written")
    found = diff(old, model(new, "new.tflite"))
    assert set(told(found)) <= HARMLESS | {"damaged"}


def test_a_source_and_its_conversion_are_no_two_builds(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(sequential([layer("Dense", "dense", units=2)]), {}))
    with pytest.raises(ReadError, match=r"tflint check new\.tflite --source"):
        diff(read(path), model(detector(), "new.tflite"))


def test_what_cannot_be_read_is_not_compared() -> None:
    with pytest.raises(ReadError, match=r"'new\.tflite' cannot be compared\. The file cannot be read"):
        compared(detector(), b"\0\0\0\0TFL3")
    with pytest.raises(ReadError, match=r"'empty\.tflite' cannot be compared\. There is no graph in it\."):
        diff(model(detector(), "old.tflite"), Model("empty.tflite", Format.TFLITE, 0))


def test_of_a_damaged_build_the_rest_is_compared() -> None:
    broken = detector()
    broken.graph["operators"][3]["inputs"] = [99, 98]
    broken.graph["tensors"][0]["shape"] = [1, 32, 32, 3]
    found = compared(detector(), broken)
    assert told(found)["damaged"] is Grade.BREAKING
    assert told(found)["input-shape"] is Grade.BREAKING
    assert "weights" not in told(found)
    assert any("the only graph of the new build" in sentence for sentence in found.unknown)
    again = compared(broken, broken)
    assert (again.changes, again.same) == ((), None)


def test_metadata_that_cannot_be_read_is_said() -> None:
    broken = detector()
    broken.metadata("TFLITE_METADATA", b"none")
    broken.tables["metadata"].reverse()
    found = compared(broken, broken)
    assert found.changes == ()


@pytest.mark.parametrize(
    ("runtime", "grade"), [(None, Grade.BREAKING), ("2.17", Grade.MINOR), ("2.16", Grade.BREAKING)]
)
def test_a_newer_runtime_breaks_where_the_oldest_one_lacks_it(runtime: str | None, grade: Grade) -> None:
    new = chain(("FULLY_CONNECTED", 1))
    new.tables["operator_codes"][0]["version"] = 12
    found = compared(chain(("FULLY_CONNECTED", 1)), new, runtime=runtime)
    assert told(found)["runtime-newer"] is grade
    assert told(compared(new, chain(("FULLY_CONNECTED", 1))))["runtime-older"] is Grade.MINOR


def test_ops_that_are_not_needed_any_more_are_told() -> None:
    found = compared(chain(("FlexErf", 0), ("Mine", 0)), chain(("NEG", 0), ("NEG", 0)))
    assert {"flex-op-gone", "custom-op-gone"} <= told(found).keys()
    assert found.verdict is Grade.MINOR


def test_what_an_accelerator_runs_in_one_piece_says_nothing_of_its_outputs() -> None:
    old = chain(("FULLY_CONNECTED", 1), ("SOFTMAX", 0))
    found = compared(old, chain(("ethos-u", 2)))
    assert "output-meaning" not in told(found)
    assert next(each for each in found.figures if each.name == "parameters").new is None


def test_own_options_of_a_custom_op_are_compared() -> None:
    def custom(data: bytes) -> GraphBuilder:
        g = GraphBuilder()
        x = g.input("x", [4])
        g.output(g.op("Mine", [x], g.tensor("y", [4]), custom_options=data))
        return g

    assert [each.message for each in compared(custom(b"one"), custom(b"two")).changes] == [
        "Mine: its own options have other bytes (op 0)."
    ]


def test_a_bias_that_came_is_told() -> None:
    new = chain(("FULLY_CONNECTED", 1))
    new.graph["operators"][0]["inputs"][2] = new.constant("bias", values(8, seed=2))
    assert "FULLY_CONNECTED has a bias now; before, it had none." in [
        each.message for each in compared(chain(("FULLY_CONNECTED", 1)), new).changes
    ]
    assert "FULLY_CONNECTED has lost a bias." in [
        each.message for each in compared(new, chain(("FULLY_CONNECTED", 1))).changes
    ]


def test_other_weights_of_many_layers_are_one_change() -> None:
    old, new = (chain(*[("FULLY_CONNECTED", base + number) for number in range(30)]) for base in (1, 100))
    [change] = compared(old, new).changes
    assert change.message.startswith("30 of 30 weight tensors have other values, 1,920 numbers in all (100 %); ")
    assert len(change.new["largest"]) == 20
    assert len(change.places) == 30


def test_a_model_of_another_kind_is_one_change() -> None:
    new = chain(*[(kind, 0) for kind in ("EXP", "LOG", "SIN", "COS", "ABS", "SQRT", "RSQRT", "FLOOR")])
    found = compared(chain(*[("NEG", 0)] * 8), new)
    assert told(found)["ops-rebuilt"] is Grade.MINOR
    assert not {"ops-added", "ops-removed", "ops-replaced"} & told(found).keys()


def test_other_ops_at_many_places_are_summed_up() -> None:
    kinds = (
        "EXP",
        "LOG",
        "SIN",
        "COS",
        "ABS",
        "SQRT",
        "RSQRT",
        "FLOOR",
        "CEIL",
        "ROUND",
        "ELU",
        "RELU6",
        "SQUARE",
        "RELU",
    )
    old = chain(*[("FULLY_CONNECTED", number + 1) for number in range(len(kinds))])
    new = chain(*[part for number, kind in enumerate(kinds) for part in (("FULLY_CONNECTED", number + 1), (kind, 0))])
    found = compared(old, new)
    assert [change.what for change in found.changes].count("ops-added") == 12
    assert told(found)["ops-changed"] is Grade.MINOR


def test_a_graph_that_came_is_told() -> None:
    new = chain(("NEG", 0))
    inner = new.subgraph("more")
    x = inner.input("x", [4])
    inner.output(inner.op("ABS", [x], inner.tensor("y", [4])))
    assert "1 graph with 1 op is new." in [change.message for change in compared(chain(("NEG", 0)), new).changes]


def test_where_the_ops_run_is_compared_for_each_target() -> None:
    def even(size: int) -> GraphBuilder:
        g = GraphBuilder()
        x = g.input("x", [1, size, 4, 2])
        g.output(g.op("RELU", [x], g.tensor("y", [1, size, 4, 2])))
        return g

    found = compared(even(4), even(5), targets=[DELEGATE])
    [change] = [each for each in found.changes if each.what == "placement"]
    assert change.grade is Grade.MINOR
    assert change.old["placed"] == 1
    assert change.new["placed"] == 0
    better = compared(even(5), even(4), targets=[DELEGATE])
    assert "On it now: RELU" in next(each.message for each in better.changes if each.what == "placement")


def test_a_runtime_that_refuses_the_new_build_is_a_break() -> None:
    found = compared(chain(("RELU", 0)), chain(("SIN", 0)), targets=[RUNTIME])
    [change] = [each for each in found.changes if each.what == "placement"]
    assert change.grade is Grade.BREAKING
    assert change.effect == f"{RUNTIME.name} does not run the model any more."


def test_memory_that_nobody_can_plan_is_unknown() -> None:
    def wide(number: int) -> GraphBuilder:
        g = GraphBuilder()
        g.output(
            g.op("CONCATENATION", [g.input(f"i{place}", [1]) for place in range(number)], g.tensor("y", [number]), {})
        )
        return g

    figures = {each.name: each for each in compared(wide(30), wide(3000)).figures}
    assert figures["arena"].old is not None
    assert figures["arena"].new is None
    assert figures["arena"].ratio is None


def net(*, name: str = "dense", units: int = 2, seed: int = 1, activation: str = "linear", more: bool = False) -> bytes:
    layers = [
        layer("InputLayer", "x", batch_shape=[None, 4], dtype="float32"),
        layer("Dense", name, {"args": [tensor("x")], "kwargs": {}}, units=units, activation=activation),
    ]
    if more:
        layers.append(layer("Softmax", "last", {"args": [tensor(name)], "kwargs": {}}))
    config = functional(layers, [["x", 0, 0]], [["last" if more else name, 0, 0]])
    kernel = values(4, units, seed=seed)
    return keras_file(config, {"layers/dense/vars/0": kernel, "layers/dense/vars/1": np.zeros(units, np.float32)})


def sources(tmp_path: Path, old: bytes, new: bytes, **more: Any) -> Difference:
    paths = tmp_path / "old.keras", tmp_path / "new.keras"
    for path, data in zip(paths, (old, new), strict=True):
        path.write_bytes(data)
    return diff(*map(read, paths), **more)


def test_layers_of_a_source_are_compared(tmp_path: Path) -> None:
    assert told(sources(tmp_path, net(), net(seed=2))) == {"weights": Grade.WEIGHTS}
    assert told(sources(tmp_path, net(), net(more=True)))["output-meaning"] is Grade.BREAKING
    assert told(sources(tmp_path, net(), net(activation="relu")))["op-option"] is Grade.MINOR
    wider = told(sources(tmp_path, net(), net(units=3)))
    assert wider["weight-shape"] is Grade.MINOR


def test_another_precision_of_a_layer_is_told(tmp_path: Path) -> None:
    def policy(name: str) -> bytes:
        config = {"name": name} if name else {}
        dtype = {"module": "keras", "class_name": "DTypePolicy", "config": config, "registered_name": None}
        layers = [
            layer("InputLayer", "x", batch_shape=[None, 4], dtype="float32"),
            layer(
                "Dense", "dense", {"args": [tensor("x")], "kwargs": {}}, units=2, dtype=dtype, deep=[[[[[[[[1]]]]]]]]
            ),
        ]
        return keras_file(
            functional(layers, [["x", 0, 0]], [["dense", 0, 0]]), {"layers/dense/vars/0": values(4, 2, seed=1)}
        )

    found = sources(tmp_path, policy("float32"), policy("mixed_float16"))
    assert "Dense: dtype is mixed_float16 now ('dense'); it was float32." in [each.message for each in found.changes]


def test_a_layer_that_was_renamed_is_no_other(tmp_path: Path) -> None:
    found = sources(tmp_path, net(), net(name="head"))
    assert set(told(found)) <= {"tensor-name"}


def test_where_the_ops_of_a_source_run_is_not_known(tmp_path: Path) -> None:
    found = sources(tmp_path, net(), net(seed=2), targets=[DELEGATE])
    assert "Where the ops of a source run is not known before it is converted." in found.unknown


def saved(folder: Path, kind: str = "Neg", **signatures: Any) -> str:
    nodes = [node("x", "Placeholder", dtype=DType.FLOAT32), node("y", kind, ["x"], T=DType.FLOAT32)]
    signatures = signatures or {"serving_default": ({"x": "x:0"}, {"y": "y:0"})}
    return str(write(folder, saved_model(nodes, signatures=signatures)))


def test_two_kinds_of_sources_have_no_ops_in_common(tmp_path: Path) -> None:
    path = tmp_path / "old.keras"
    path.write_bytes(net())
    found = diff(read(path), read(saved(tmp_path / "saved")))
    assert told(found)["format"] is Grade.BREAKING
    assert found.unknown[0].startswith("The layers of a Keras model and the nodes of a SavedModel")
    assert not {"ops-added", "ops-rebuilt", "tensor-name"} & told(found).keys()


def test_nodes_of_saved_models_are_compared(tmp_path: Path) -> None:
    old, new = read(saved(tmp_path / "old")), read(saved(tmp_path / "new", "Abs"))
    assert "ops-replaced" in told(diff(old, new))
    assert diff(old, read(saved(tmp_path / "again"))).changes == ()


def test_what_the_converter_will_do_with_a_source_is_told(tmp_path: Path) -> None:
    old, new = read(saved(tmp_path / "old")), read(saved(tmp_path / "new", "Erf"))
    assert told(diff(old, new))["conversion"] is Grade.BREAKING
    assert told(diff(new, old))["conversion"] is Grade.MINOR


def test_a_conversion_to_other_types_keeps_its_ops() -> None:
    """Floats go in and out; between them the ops are quantized."""
    new = detector(quantized=True)
    g, ends = new.graph, {}
    for side, kind in (("inputs", "QUANTIZE"), ("outputs", "DEQUANTIZE")):
        for place, inner in enumerate(list(g[side])):
            outer = new.tensor(f"{side}_{place}", g["tensors"][inner]["shape"])
            pair = (outer, inner) if side == "inputs" else (inner, outer)
            new.op(kind, [pair[0]], pair[1])
            if side == "inputs":
                g["operators"].insert(0, g["operators"].pop())
            ends[inner] = g[side][place] = outer
    for entry in [*new.tables["signature_defs"][0]["inputs"], *new.tables["signature_defs"][0]["outputs"]]:
        entry["tensor_index"] = ends[entry["tensor_index"]]
    found = compared(detector(), new)
    assert {"ops-added", "op-dtype", "weight-dtype"} <= told(found).keys()
    assert not {"ops-rebuilt", "ops-removed", "wiring", "input-dtype", "output-order"} & told(found).keys()
    assert "weights-requantized" not in told(found), "the weights are the old ones, rounded"


def quantized_by(scale: Any = None, values_: Any = None, sparse: bool = False, kind: str = "INT8") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 16], kind, scale=0.1)
    w = g.constant("w", values_ if values_ is not None else np.ones((4, 16), np.int8), scale=0.1)
    if sparse:
        g.graph["tensors"][w]["sparsity"] = {"traversal_order": [0, 1], "block_map": []}
    more = {} if scale is None else {"scale": scale}
    y = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4], kind, **more), {})
    g.output(g.op("NEG", [y], g.tensor("z", [1, 4], kind, scale=0.1)))
    return g


def test_results_that_are_quantized_otherwise_are_told() -> None:
    assert [each.message for each in compared(quantized_by(), quantized_by(0.2)).changes] == [
        "The results of op 0 FULLY_CONNECTED are quantized per tensor now; they were not quantized."
    ]


def test_weights_that_are_stored_sparse_are_told() -> None:
    assert told(compared(quantized_by(0.1), quantized_by(0.1, sparse=True)))["weight-layout"] is Grade.MINOR


def test_long_constants_that_say_what_an_op_does_are_told_apart() -> None:
    def gathered(last: int, seed: int = 1) -> GraphBuilder:
        g = GraphBuilder()
        x = g.input("x", [64])
        at = np.array([*range(30), last], np.int32)
        g.output(g.op("GATHER", [x, g.constant("at", at)], g.tensor("y", [31]), {}))
        return g

    [change] = compared(gathered(1), gathered(2)).changes
    assert change.what == "op-constant"
    assert "31 numbers (SHA-256 " in change.message


def test_hostile_builds_are_compared_or_refused() -> None:
    data = detector(quantized=True).to_bytes()
    old = model(data, "old.tflite")
    for bad in [*edits(data, 60, 1), *mutants(data, 60, 2)]:
        new = model(bad, "new.tflite")
        for pair in ((old, new), (new, old)):
            try:
                found = diff(*pair, targets=[DELEGATE, RUNTIME])
            except ReadError:
                continue
            assert all(change.message for change in found.changes)
