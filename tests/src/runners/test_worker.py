"""The worker in this process: LiteRT itself, and stand-ins for TensorFlow and Keras."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fatal_models
from tflint.runners import keras_model, worker
from tflint.runners import litert as on_litert
from tflint.runners import run as running
from tflint.runners.worker import NO_LIBRARY, main
from tflint.testing import GraphBuilder

ONES = np.ones((1, 4), np.float32)


class Asked:
    """A folder for the worker, and what it left there."""

    def __init__(self, folder: Path, runtime: str, feeds: Sequence[Sequence[Any]] = ((ONES,),)) -> None:
        self.folder, self.runtime, self.status = folder, runtime, -1
        held = {f"{number}_{place}": each for number, feed in enumerate(feeds) for place, each in enumerate(feed)}
        np.savez(folder / "feeds.npz", **held)

    def runs(self, *runs: Mapping[str, Any], first: int = 0) -> dict[str, Any]:
        """The answer to a request for these runs."""
        request = {"runtime": self.runtime, "first": first, "runs": [{"feeds": [0]} | dict(each) for each in runs]}
        (self.folder / "request.json").write_text(json.dumps(request))
        with warnings.catch_warnings():
            self.status = main(self.folder)
        answer: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return answer

    def values(self, name: str) -> dict[str, Any]:
        with np.load(self.folder / f"{name}.npz") as held:
            return dict(held)

    def files(self) -> list[str]:
        return sorted(each.stem for each in self.folder.glob("[0-9]*.npz"))


# LiteRT.


@pytest.fixture
def litert(tmp_path: Path) -> Callable[..., Asked]:
    pytest.importorskip("ai_edge_litert")
    return lambda *feeds: Asked(tmp_path, "litert", feeds or ((ONES,),))


def saved(folder: Path, built: GraphBuilder, name: str = "m") -> str:
    return str(built.save(folder / f"{name}.tflite"))


@pytest.mark.parametrize("engine", ["xnnpack", "builtin", "reference", "source"])
def test_each_engine_runs_a_tflite(litert: Any, tmp_path: Path, engine: str) -> None:
    asked = litert([ONES], [2 * ONES])
    told = asked.runs({"path": saved(tmp_path, fatal_models.steady()), "engine": engine, "feeds": [0, 1]})
    assert asked.status == 0
    assert (told["done"], told["runs"]["0"]["ended"]) == (True, True)
    assert "error" not in told["runs"]["0"]
    assert told["runs"]["0"]["ops"][0] == ["NEG", [0], [1]]
    assert [asked.values(f"0-{number}")["out_0"].tolist() for number in (0, 1)] == [[[-1] * 4], [[-2] * 4]]
    assert asked.files() == ["0-0", "0-1"]


def test_what_fails_is_told_and_the_next_one_runs(litert: Any, tmp_path: Path) -> None:
    asked = litert()
    told = asked.runs(
        {"path": str(tmp_path / "none.tflite"), "engine": "builtin"},
        {"path": saved(tmp_path, fatal_models.refused()), "engine": "builtin"},
        {"path": saved(tmp_path, fatal_models.steady(), "good"), "engine": "builtin"},
    )["runs"]
    assert [each.get("failed") for each in told.values()] == ["load", "allocate", None]
    assert told["0"]["error"]["type"] == "ValueError"
    assert "broadcastable" in told["1"]["error"]["text"]
    assert all(each["ended"] for each in told.values())
    assert asked.files() == ["2-0"]


def test_it_goes_on_from_the_run_that_it_is_told(litert: Any, tmp_path: Path) -> None:
    asked = litert()
    path = saved(tmp_path, fatal_models.steady())
    told = asked.runs({"path": "none", "engine": "builtin"}, {"path": path, "engine": "builtin"}, first=1)
    assert asked.files() == ["1-0"]
    assert "0" not in told["runs"]
    assert told["runs"]["1"]["runtime"].startswith("LiteRT ")


def picking() -> GraphBuilder:
    g = GraphBuilder()
    n = g.input("n", [1], "INT32")
    table = g.constant("table", np.array([[1, 2], [3, 4]], np.float32))
    g.output(g.op("GATHER", [table, n], g.tensor("y", [1, 2]), {"axis": 0}))
    return g


def test_inputs_that_fail_are_passed_over_where_another_does_not(litert: Any, tmp_path: Path) -> None:
    far, near = np.array([900], np.int32), np.array([1], np.int32)
    asked = litert([far], [near], [far])
    path = saved(tmp_path, picking())
    told = asked.runs({"path": path, "engine": "builtin", "feeds": [0, 1, 2], "repeat": True})["runs"]["0"]
    assert "error" not in told
    assert asked.files() == ["0-1", "0-repeat"]
    told = asked.runs({"path": path, "engine": "builtin", "feeds": [0, 2]})["runs"]["0"]
    assert (told["failed"], told["at"]) == ("invoke", 0)


def test_the_first_input_runs_again_and_through_the_signature(litert: Any, tmp_path: Path) -> None:
    g = GraphBuilder()
    a, b = g.input("a", [1, 4]), g.input("b", [1, 4])
    y = g.op("SUB", [a, b], g.tensor("y", [1, 4]), {})
    z = g.op("NEG", [y], g.tensor("z", [1, 4]))
    g.output(y, z)
    g.signature("run", {"left": a, "right": b}, {"why": y, "zed": z})
    asked = litert([ONES, 3 * ONES])
    signature = {"key": "run", "inputs": {"left": 0, "right": 1}, "outputs": ["why", "other"]}
    asked.runs({"path": saved(tmp_path, g), "engine": "xnnpack", "repeat": True, "signature": signature})
    assert asked.files() == ["0-0", "0-repeat", "0-signature"]
    assert asked.values("0-repeat")["out_1"].tolist() == [[2] * 4]
    through = asked.values("0-signature")
    assert list(through) == ["out_0"]
    assert through["out_0"].tolist() == [[-2] * 4]


def test_a_signature_that_fails_is_told_and_the_outputs_are_kept(litert: Any, tmp_path: Path) -> None:
    asked = litert()
    signature = {"key": "none", "inputs": {"x": 0}, "outputs": ["y"]}
    told = asked.runs({"path": saved(tmp_path, fatal_models.steady()), "engine": "xnnpack", "signature": signature})
    assert "none" in told["runs"]["0"]["signature"]
    assert "error" not in told["runs"]["0"]
    assert asked.files() == ["0-0"]


def test_each_input_stands_for_itself(litert: Any, tmp_path: Path) -> None:
    """A model that counts: what it keeps is forgotten in between."""
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    state = g.tensor("state", [1, 4], is_variable=True)
    w = g.constant("w", np.eye(4, dtype=np.float32))
    bias = g.constant("b", np.zeros(4, np.float32))
    options = {"fused_activation_function": "NONE"}
    g.output(g.op("RNN", [x, w, w, bias, state], g.tensor("y", [1, 4]), options))
    asked = litert([ONES], [ONES])
    asked.runs({"path": saved(tmp_path, g), "engine": "builtin", "feeds": [0, 1], "repeat": True})
    for name in ("0-0", "0-1", "0-repeat"):
        assert asked.values(name)["out_0"].tolist() == [[1] * 4]


def test_open_sizes_are_those_of_the_input_and_a_batch_is_given_twice(litert: Any, tmp_path: Path) -> None:
    g = GraphBuilder()
    x, scalar = g.input("x", [None, 4]), g.input("s", [])
    g.output(g.op("MUL", [x, scalar], g.tensor("y", [None, 4]), {}))
    asked = litert([np.ones((3, 4), np.float32), np.float32(2)])
    path = saved(tmp_path, g)
    asked.runs({"path": path, "engine": "xnnpack"}, {"path": path, "engine": "xnnpack", "batch": 2})
    assert asked.values("0-0")["out_0"].shape == (3, 4)
    assert asked.values("1-0")["out_0"].shape == (6, 4)


def looked_into() -> GraphBuilder:
    """A value of each kind: floats, integers, truth, an empty one, a text, one that nothing computes."""
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    y = g.op("LOG", [x], g.tensor("log", [1, 4]))
    q = g.op("QUANTIZE", [x], g.tensor("q", [1, 4], "INT8", scale=1 / 128))
    t = g.op("GREATER", [x, y], g.tensor("t", [1, 4], "BOOL"), {})
    begin, size = (g.constant(name, np.array(each, np.int32)) for name, each in (("b", [0, 0]), ("s", [1, 0])))
    e = g.op("SLICE", [x, begin, size], g.tensor("e", [1, 0]))
    g.output(y, q, t, e)
    g.tensor("nobody", [1, 4])
    return g


def test_what_is_inside_is_looked_into(litert: Any, tmp_path: Path) -> None:
    asked = litert([np.array([[0, 0.5, 9, -9]], np.float32)], [np.full((1, 4), 0.25, np.float32)])
    request = {"path": saved(tmp_path, looked_into()), "engine": "builtin", "feeds": [0, 1], "inside": [0]}
    told = asked.runs({**request, "watch": [1, 2, 3, 6, 7, 99]})
    assert "error" not in told["runs"]["0"]
    first, second = asked.values("0-0"), asked.values("0-1")
    seen = dict(zip(first["watched"].tolist(), first["seen"].tolist(), strict=True))
    assert seen[1] == [0.5, 0, 0, 0]
    assert seen[2] == [0, 0.25, 0.25, 0]
    assert seen[3] == [0, 0, 0, 0]
    assert 6 not in seen
    assert 99 not in seen
    assert first["t_2"].tolist() == [[0, 64, 127, -128]]
    assert not [name for name in second if name.startswith("t_")]
    alike = dict(zip(second["watched"].tolist(), second["seen"].tolist(), strict=True))
    assert [alike[number][3] for number in (1, 2, 3)] == [1, 1, 1]


def test_no_more_is_kept_than_there_is_room_for(litert: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_KEPT", 20)
    asked = litert([ONES])
    request = {"path": saved(tmp_path, looked_into()), "engine": "builtin", "inside": [0], "watch": [1, 2]}
    asked.runs(request)
    assert asked.values("0-0")["watched"].tolist() == [1, 2]
    assert "t_1" in asked.values("0-0")
    assert "t_2" in asked.values("0-0")
    monkeypatch.setattr(running, "MOST_KEPT", 19)
    asked.runs(request)
    assert "t_2" not in asked.values("0-0")


def test_a_long_list_of_ops_and_one_that_there_is_not_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_litert._ops(SimpleNamespace()) == []
    one = {"op_name": "NEG", "inputs": np.array([0]), "outputs": np.array([1])}
    assert on_litert._ops(SimpleNamespace(_get_ops_details=lambda: [one])) == [["NEG", [0], [1]]]
    monkeypatch.setattr(on_litert, "MOST_CALLS", 1)
    assert on_litert._ops(SimpleNamespace(_get_ops_details=lambda: [one] * 2)) == []


def test_a_model_without_inputs_is_run(litert: Any, tmp_path: Path) -> None:
    g = GraphBuilder()
    g.output(g.op("NEG", [g.constant("c", np.array([1, 2], np.float32))], g.tensor("y", [2])))
    asked = litert([])
    asked.runs({"path": saved(tmp_path, g), "engine": "builtin", "feeds": [0]})
    assert asked.values("0-0")["out_0"].tolist() == [-1, -2]
    asked.runs({"path": saved(tmp_path, g), "engine": "builtin", "feeds": []})
    assert asked.status == 0


@pytest.mark.parametrize(
    ("runtime", "library"), [("litert", "ai_edge_litert"), ("keras", "tensorflow"), ("tensorflow", "tensorflow")]
)
def test_a_library_that_is_missing_is_told_by_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    asked = Asked(tmp_path, runtime)
    told = asked.runs({"path": "m"})
    assert asked.status == NO_LIBRARY
    assert told["stage"] == "import"


def test_it_is_a_program(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    asked = Asked(tmp_path, "litert")
    asked.runs({"path": saved(tmp_path, fatal_models.steady()), "engine": "builtin"})
    (tmp_path / "0-0.npz").unlink()
    done = subprocess.run([sys.executable, worker.__file__, str(tmp_path)], check=False, timeout=120)
    assert done.returncode == 0
    assert asked.files() == ["0-0"]


# TFLite Micro.


@pytest.mark.parametrize(
    ("printed", "arena"),
    [(b"[RecordingMicroAllocator] Arena allocation total 1234 bytes\n", 1234), (b"nothing of that", None)],
)
def test_the_arena_of_tflite_micro_is_read_from_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: bytes, arena: int | None
) -> None:
    interpreter = SimpleNamespace(print_allocations=lambda: os.write(1, printed))
    part: Any = ModuleType("tflite_micro.python.tflite_micro")
    part.runtime = SimpleNamespace(Interpreter=SimpleNamespace(from_file=lambda _: interpreter))
    for name in ("tflite_micro", "tflite_micro.python"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, part.__name__, part)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "0.1")
    told = Asked(tmp_path, "tflm", []).runs({"path": "m", "feeds": []})["runs"]["0"]
    assert (told["arena"], told["runtime"]) == (arena, "TFLite Micro 0.1")


def test_without_tflite_micro_the_status_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", none)
    asked = Asked(tmp_path, "tflm", [])
    asked.runs({"path": "m", "feeds": []})
    assert asked.status == NO_LIBRARY


# Stand-ins.


class Tensor:
    """A tensor of TensorFlow."""

    def __init__(self, value: Any, name: str = "", dtype: Any = None) -> None:
        self.value = np.asarray(value)
        self.name, self.dtype, self.shape = name, dtype, self.value.shape

    def numpy(self) -> Any:
        return self.value


class Ragged:
    def to_tensor(self) -> Tensor:
        return Tensor([[1.0, 0.0]])


class SparseTensor:
    pass


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> Any:
    tf: Any = ModuleType("tensorflow")
    tf.__version__ = "2.21.0"
    tf.constant = lambda value, dtype=None: Tensor(value, dtype=dtype)
    tf.sparse = SimpleNamespace(to_dense=lambda _: Tensor([7.0, 8.0]))
    monkeypatch.setitem(sys.modules, "tensorflow", tf)
    return tf


class Operation:
    """What Keras' layers and functions are."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function

    def __call__(self, *values: Any) -> Any:
        return self.function(*values)


@pytest.fixture
def keras(tensorflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Asked, Any]]:
    """A function that runs a Keras model of this call: what the worker left, and how the model was loaded."""

    def run(call: Callable[..., Any], feeds: Sequence[Sequence[Any]] = ((ONES,),), *, is_legacy: bool = False,
            inside: Sequence[int] = (0,), allow_code: bool = False, **model: Any) -> tuple[Asked, Any]:  # fmt: skip
        class Layer(Operation):
            def __call__(self, *values: Any) -> Any:
                return super().__call__(*values)

        class Op(Operation):
            def __call__(self, *values: Any) -> Any:
                return super().__call__(*values)

        loaded: dict[str, Any] = {}

        class Model:
            def __call__(self, value: Any, *, training: bool) -> Any:
                assert training is False
                return call(value, Layer, Op)

        def load_model(path: str, **options: Any) -> Any:
            loaded.update(options, path=path)
            made = Model()
            for name, each in model.items():
                setattr(made, name, each)
            return made

        held: Any = ModuleType("keras")
        held.__version__ = "2.15.0" if is_legacy else "3.15.0"
        held.layers = SimpleNamespace(Layer=Layer)
        held.models = SimpleNamespace(load_model=load_model)
        name = "tf_keras" if is_legacy else "keras"
        monkeypatch.setitem(sys.modules, name, held)
        operation: Any = ModuleType("keras.src.ops.operation")
        operation.Operation = Op
        for part in ("keras.src", "keras.src.ops"):
            monkeypatch.setitem(sys.modules, part, ModuleType(part))
        monkeypatch.setitem(sys.modules, "keras.src.ops.operation", operation)
        asked = Asked(tmp_path, "keras", feeds)
        request = {"path": "m.keras", "feeds": list(range(len(feeds))), "inside": list(inside)}
        told = asked.runs({**request, "is_legacy": is_legacy, "allow_code": allow_code})
        assert "error" not in told["runs"]["0"], told
        loaded["runtime"] = told["runs"]["0"]["runtime"]
        return asked, loaded

    return run


def double(value: Any, layer: Any, operation: Any) -> Any:
    """Two layers and an operation between them."""
    first = layer("first", lambda each: Tensor(each.value * 2))(value)
    second = operation("add", lambda each: Tensor(each.value + 1))(first)
    return layer("last", lambda each: each)(second)


def inside(asked: Asked, feed: int = 0) -> list[tuple[str, float]]:
    held = asked.values(f"0-{feed}")
    return [(name, float(held[f"node_{place}"].flat[0])) for place, name in enumerate(json.loads(str(held["names"])))]


def test_a_keras_model_is_run_and_its_layers_listened_to(keras: Any) -> None:
    asked, loaded = keras(double, [[ONES], [ONES]])
    assert asked.values("0-0")["out_0"].tolist() == [[3] * 4]
    assert inside(asked) == [("first", 2.0), ("add", 3.0)]
    assert list(asked.values("0-1")) == ["out_0"]
    assert loaded == {"path": "m.keras", "compile": False, "safe_mode": True, "runtime": "Keras 3.15.0"}


def test_code_is_loaded_only_where_it_is_allowed(keras: Any) -> None:
    assert keras(double, allow_code=True)[1]["safe_mode"] is False


def test_an_old_model_is_run_by_the_keras_of_old(keras: Any) -> None:
    asked, loaded = keras(double, is_legacy=True)
    assert loaded["runtime"] == "Keras 2.15.0"
    assert [name for name, _ in inside(asked)] == ["first", "last"]


def test_nothing_is_listened_to_where_that_is_not_asked_for(keras: Any) -> None:
    assert list(keras(double, inside=())[0].values("0-0")) == ["out_0"]


def test_layers_of_several_outputs_of_texts_and_of_nothing(keras: Any) -> None:
    def call(value: Any, layer: Any, _: Any) -> Any:
        layer("two", lambda each: [Tensor(each.value * 2), Tensor(each.value * 3)])(value)
        layer("texts", lambda each: Tensor(np.array([b"a"])))(value)
        layer("none", lambda each: None)(value)
        layer("plain", lambda each: 5)(value)
        return {"b": value, "a": [Tensor([9.0])]}

    asked, _ = keras(call)
    assert inside(asked) == [("two", 2.0), ("two", 3.0)]
    held = asked.values("0-0")
    assert [held[f"out_{place}"].tolist() for place in (0, 1)] == [[9.0], [[1.0] * 4]]


def test_calls_and_bytes_without_end_are_not_kept(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_model, "MOST_CALLS", 1)
    assert inside(keras(double)[0]) == [("first", 2.0)]
    monkeypatch.setattr(keras_model, "MOST_CALLS", 9)
    monkeypatch.setattr(running, "MOST_KEPT", 31)
    assert inside(keras(double)[0]) == [("first", 2.0)]


def test_inputs_have_the_structure_that_the_model_was_built_with(keras: Any) -> None:
    seen: list[Any] = []

    def call(value: Any, *_: Any) -> Any:
        seen.append(value)
        return Tensor([0.0])

    two = [[ONES, 2 * ONES]]
    a, b = Tensor(0, "a", "int32"), Tensor(0, "b:0", "float32")
    keras(call)
    keras(call, two)
    keras(call, _inputs_struct=[a], inputs=[a])
    keras(call, two, inputs=[a, b], _inputs_struct={"left": b, "right": a})
    keras(call, two, inputs=[a, b], _nested_inputs={"left": a, "other": Tensor(0, "c")})
    keras(call, two, inputs=[a, b], _inputs_struct={"left": a})
    plain, pair, alone, named, odd, short = seen
    assert (plain.value.tolist(), plain.dtype) == (ONES.tolist(), None)
    assert [each.value[0, 0] for each in pair] == [1, 2]
    assert [each.dtype for each in alone] == ["int32"]
    assert {key: (each.value[0, 0], each.dtype) for key, each in named.items()} == {
        "right": (1, "int32"),
        "left": (2, "float32"),
    }
    assert {key: each.value[0, 0] for key, each in odd.items()} == {"left": 1, "b": 2}
    assert isinstance(short, list)


def test_tensors_of_all_sorts_become_arrays(tensorflow: Any) -> None:
    assert running.plain(Ragged()).tolist() == [[1, 0]]
    assert running.plain(SparseTensor()).tolist() == [7, 8]
    assert running.plain(3).tolist() == 3
    texts = running.plain(Tensor(np.array([b"caf\xc3\xa9", "x", b"\xff"], object)))
    assert texts.tolist() == ["café".encode(), b"x", "\ufffd".encode()]


def test_half_floats_of_tensorflow_are_widened() -> None:
    types = pytest.importorskip("ml_dtypes")
    found = running.plain(np.array([1.5, 2], types.bfloat16))
    assert (found.dtype, found.tolist()) == (np.float32, [1.5, 2])


class Signature:
    """A signature of a SavedModel that doubles 'x' and adds 'y'."""

    structured_input_signature = ((), {"x": SimpleNamespace(dtype="f32"), "y": SimpleNamespace(dtype="i32")})

    def __init__(self) -> None:
        self.fed: list[Any] = []

    def __call__(self, **fed: Any) -> Any:
        self.fed.append({name: each.dtype for name, each in fed.items()})
        return {"sum": Tensor(fed["x"].value * 2 + fed["y"].value), "x": fed["x"]}


class Frozen:
    """The signature with its variables frozen: three nodes, one of which gives nothing."""

    def __init__(self, *inputs: str) -> None:
        self.inputs = [SimpleNamespace(op=SimpleNamespace(name=name)) for name in inputs]
        held = {"net/double": ["d"], "net/sum": ["s"], "net/none": []}
        ops = [SimpleNamespace(name=name, outputs=outputs) for name, outputs in held.items()]
        self.graph = SimpleNamespace(get_operations=lambda: ops)

    def prune(self, inputs: Any, fetched: Sequence[str]) -> Callable[..., Any]:
        assert inputs is self.inputs
        return lambda *values: [Tensor(values[0].value * (10 if each == "d" else 100)) for each in fetched]


@pytest.fixture
def saved_model(tensorflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Asked, Any]]:
    """A function that runs a SavedModel: what the worker left, and the signature that was called."""

    def run(frozen: Any, nodes: Sequence[str] = ("net/sum", "net/lost", "net/none", "net/double"),
            inside: Sequence[int] = (0,)) -> tuple[Asked, Any]:  # fmt: skip
        def freeze(_: Any) -> Any:
            if isinstance(frozen, Exception):
                raise frozen
            return frozen

        signature = Signature()
        tensorflow.saved_model = SimpleNamespace(load=lambda path: SimpleNamespace(signatures={"serve": signature}))
        part: Any = ModuleType("tensorflow.python.framework.convert_to_constants")
        part.convert_variables_to_constants_v2 = freeze
        for name in ("tensorflow.python", "tensorflow.python.framework"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        monkeypatch.setitem(sys.modules, part.__name__, part)
        asked = Asked(tmp_path, "tensorflow", [[ONES, np.int32(1)], [3 * ONES, np.int32(1)]])
        request = {"path": "m", "feeds": [0, 1], "inside": list(inside), "nodes": list(nodes)}
        told = asked.runs({**request, "signature": "serve", "inputs": ["x", "y"], "outputs": ["sum", "x"]})
        assert "error" not in told["runs"]["0"], told
        assert told["runs"]["0"]["runtime"] == "TensorFlow 2.21.0"
        return asked, signature

    return run


def test_a_saved_model_is_run_and_its_nodes_fetched(saved_model: Any) -> None:
    asked, signature = saved_model(Frozen("x", "serving_default_y"))
    assert signature.fed == [{"x": "f32", "y": "i32"}] * 2
    held = asked.values("0-0")
    assert (held["out_0"].tolist(), held["out_1"].tolist()) == ([[3] * 4], [[1] * 4])
    assert inside(asked) == [("net/sum", 100.0), ("net/double", 10.0)]
    assert sorted(asked.values("0-1")) == ["out_0", "out_1"]


def test_inputs_of_nodes_are_in_the_order_that_they_want(saved_model: Any) -> None:
    assert inside(saved_model(Frozen("serving_default_y", "x"), ["net/sum"])[0]) == [("net/sum", 100.0)]
    assert inside(saved_model(Frozen("unknown", "other"), ["net/sum"])[0]) == [("net/sum", 100.0)]


def test_one_that_cannot_be_frozen_or_whose_nodes_are_not_known_gives_its_outputs(saved_model: Any) -> None:
    for frozen, nodes in ((ValueError("tables"), ["net/sum"]), (Frozen("x", "y"), ["lost"])):
        assert sorted(saved_model(frozen, nodes)[0].values("0-0")) == ["out_0", "out_1"]
    assert sorted(saved_model(Frozen("x", "y"), inside=())[0].values("0-0")) == ["out_0", "out_1"]


# Where TensorFlow is.


def test_a_real_keras_file_is_run(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(4, name="dense", kernel_initializer="ones", activation="relu")(x)
    keras.Model(x, keras.layers.Rescaling(0.5, name="half")(y + 1)).save(tmp_path / "m.keras")
    answer = _in_process(
        tmp_path, "keras", {"path": str(tmp_path / "m.keras"), "is_legacy": False, "allow_code": False}
    )
    assert "error" not in answer.told, answer.told
    assert answer.values("0-0")["out_0"].tolist() == [[2.5] * 4]
    assert [(name, value) for name, value in inside(answer) if name in ("dense", "half")] == [
        ("dense", 4.0),
        ("half", 2.5),
    ]


def test_a_real_saved_model_is_run(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")

    class Net(tf.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.w = tf.Variable(tf.ones((4, 4)))

        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])  # type: ignore[untyped-decorator]
        def serve(self, x: Any) -> Any:
            return {"y": tf.nn.relu(tf.matmul(x, self.w, name="product"), name="positive")}

    net = Net()
    tf.saved_model.save(net, str(tmp_path / "saved"), signatures={"serving_default": net.serve})
    more = {"signature": "serving_default", "inputs": ["x"], "outputs": ["y"], "nodes": ["product", "positive", "lost"]}
    answer = _in_process(tmp_path, "tensorflow", {"path": str(tmp_path / "saved"), **more})
    assert "error" not in answer.told, answer.told
    assert answer.values("0-0")["out_0"].tolist() == [[4] * 4]
    assert inside(answer) == [("product", 4.0), ("positive", 4.0)]


class _Answered(Asked):
    told: Mapping[str, Any] = {}


def _in_process(folder: Path, runtime: str, run: Mapping[str, Any]) -> _Answered:
    """What a run in a process of its own left."""
    asked = _Answered(folder, runtime)
    request = {"runtime": runtime, "first": 0, "runs": [{"feeds": [0], "inside": [0], **run}]}
    (folder / "request.json").write_text(json.dumps(request))
    subprocess.run([sys.executable, worker.__file__, str(folder)], check=True, timeout=300, capture_output=True)
    asked.told = json.loads((folder / "result.json").read_text())["runs"]["0"]
    return asked
