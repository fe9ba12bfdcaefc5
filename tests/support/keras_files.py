"""Small Keras files, written without Keras: its JSON, its HDF5 groups, its archives."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tflint.formats.keras import hdf5, reader, worker
from tflint.formats.keras.graph import make_graph
from tflint.formats.keras.hdf5 import Look, Stored, Window
from tflint.formats.keras.problems import Problems
from tflint.formats.keras.structure import model_scope
from tflint.model import Graph, Problem

Arrays = Mapping[str, NDArray[Any]]


def tensor(layer: str, node: int = 0, index: int = 0, shape: Sequence[int | None] | None = None) -> dict[str, Any]:
    """An output of a call of a layer, as Keras 3 refers to it."""
    config = {"shape": shape, "dtype": "float32", "keras_history": [layer, node, index]}
    return {"class_name": "__keras_tensor__", "config": config}


def call(*inputs: Any, **arguments: Any) -> dict[str, Any]:
    """A call of a layer, as Keras 3 writes it."""
    return {"args": list(inputs), "kwargs": arguments}


def layer(kind: str, name: str, *nodes: Any, beside: Mapping[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    """A layer as Keras 3 writes it; `beside` is what stands beside its configuration."""
    entry = {"module": "keras.layers", "class_name": kind, "registered_name": None, "name": name}
    return {**entry, "config": {"name": name, **config}, "inbound_nodes": list(nodes), **(beside or {})}


def old(kind: str, name: str, *nodes: Any, **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 writes it."""
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": list(nodes)}


def entry(name: str, shape: Sequence[int | None] | None = (None, 4), dtype: Any = "float32") -> dict[str, Any]:
    return layer("InputLayer", name, batch_shape=None if shape is None else list(shape), dtype=dtype)


def functional(layers: Sequence[Any], inputs: Any, outputs: Any, name: str = "net", **beside: Any) -> dict[str, Any]:
    config = {"name": name, "layers": list(layers), "input_layers": inputs, "output_layers": outputs}
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "name": name,
        **beside,
    }


def sequential(layers: Sequence[Any], name: str = "net", **config: Any) -> dict[str, Any]:
    held = {"name": name, "layers": list(layers), **config}
    return {"module": "keras", "class_name": "Sequential", "config": held, "name": name}


def small() -> dict[str, Any]:
    """Two layers, one after the other."""
    layers = [
        entry("x"),
        layer("Dense", "a", call(tensor("x", shape=[None, 4])), units=3),
        layer("Dense", "b", call(tensor("a", shape=[None, 3])), units=2, use_bias=False),
    ]
    return functional(layers, ["x", 0, 0], ["b", 0, 0])


def values(*shape: int, dtype: str = "<f4") -> NDArray[Any]:
    """Different numbers in some shape."""
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) + 1).astype(dtype)


SMALL: Arrays = {
    "layers/dense/vars/0": values(4, 3),
    "layers/dense/vars/1": values(3),
    "layers/dense_1/vars/0": values(3, 2),
}


def hdf5_file(arrays: Arrays, attributes: Mapping[str, Mapping[str, Any]] | None = None, **options: Any) -> bytes:
    """An HDF5 file: arrays by their paths, attributes of groups by theirs."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for path, array in arrays.items():
            file.create_dataset(path, data=array, **options)
        for path, held in (attributes or {}).items():
            group = file.require_group(path) if path else file
            for name, value in held.items():
                group.attrs[name] = value
    return out.getvalue()


def archive(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as written:
        for name, data in members.items():
            written.writestr(name, data)
    return out.getvalue()


def keras_file(
    config: Any,
    weights: bytes | Arrays = SMALL,
    version: str = "3.15.0",
    compression: int = zipfile.ZIP_STORED,
    **members: bytes,
) -> bytes:
    """A `.keras` file; two underscores in the name of a further member stand for a dot."""
    parts = {
        "metadata.json": json.dumps({"keras_version": version}).encode(),
        "config.json": config if isinstance(config, bytes) else json.dumps(config).encode(),
        "model.weights.h5": weights if isinstance(weights, bytes) else hdf5_file(weights),
    }
    return archive({**parts, **{name.replace("__", "."): data for name, data in members.items()}}, compression)


def whole_h5(config: Any, layers: Mapping[str, Arrays], version: str | None = "2.15.0", **attributes: Any) -> bytes:
    """An `.h5` file of a whole model: for each layer its arrays, by the names of the variables."""
    arrays = {f"model_weights/{name}/{path}": array for name, held in layers.items() for path, array in held.items()}
    groups: dict[str, dict[str, Any]] = {
        f"model_weights/{name}": {"weight_names": [path.encode() for path in held]} for name, held in layers.items()
    }
    groups["model_weights"] = {"layer_names": [name.encode() for name in layers]}
    groups[""] = {"model_config": config if isinstance(config, str) else json.dumps(config), **attributes}
    if version is not None:
        groups[""]["keras_version"] = version
    return hdf5_file(arrays, groups)


def graph_of(config: Any) -> tuple[Graph, tuple[Problem, ...]]:
    """The graph that a configuration tells of, and what is wrong with it."""
    problems = Problems("m.keras")
    scope = model_scope(config)
    assert scope is not None
    return make_graph(scope, scope.name, {}, [], problems), problems.all()


def edges(graph: Graph) -> list[str]:
    """What each op takes, by addresses: `x -> layers/a`."""
    names = {output: op.address for op in graph.ops for output in op.outputs}
    inputs = {tensor: tensor.name for tensor in graph.inputs}
    return [
        f"{'?' if tensor is None else names.get(tensor, inputs.get(tensor, '?'))} -> {op.address}"
        for op in graph.ops
        for tensor in op.inputs
    ]


class Here(Look):
    """A look into an HDF5 file in this process."""

    def __init__(self, file: Any, windows: Sequence[Window]) -> None:
        self.windows, self.process, self.file = windows, None, file

    def result(self) -> Stored:
        out = io.BytesIO()
        numbers = [str(number) for window in self.windows for number in (window.start, window.length)]
        worker.main(numbers, self.file, out)
        return hdf5._merged(out.getvalue(), self.windows)


def stay_here(monkeypatch: Any) -> None:
    """Read HDF5 in this process: for tests that read many healthy files."""
    monkeypatch.setattr(reader, "Look", Here)


def save(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)
