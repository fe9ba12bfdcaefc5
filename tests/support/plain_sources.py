"""Keras models and SavedModels as plain values: configurations and nodes, for rules on what they bring with them."""

from __future__ import annotations

import base64
import marshal
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tflint import DType, Format, Graph, Model, Op, Tensor
from tflint.formats.keras.graph import make_graph
from tflint.formats.keras.problems import Problems
from tflint.formats.keras.structure import model_scope

PATH = "model.keras"


def dumped(function: Callable[..., Any]) -> str:
    """The bytecode of a function, as Keras stores it."""
    code = function.__code__
    if Path(code.co_filename).exists():  # where these tests lie is nobody's business
        code = code.replace(co_filename="model.py")
    return base64.b64encode(marshal.dumps(code)).decode()


def lambda_layer(name: str, function: Any, **config: Any) -> dict[str, Any]:
    """A Lambda layer of a function: one that is dumped, or how the configuration names it."""
    if callable(function):
        code = {"code": dumped(function), "defaults": None, "closure": None}
        function = {"class_name": "__lambda__", "config": code}
    return layer("Lambda", name, function=function, **config)


def function(module: str | None, name: str) -> dict[str, Any]:
    """A function that a configuration names."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def layer(
    kind: str, name: str, *, module: str | None = "keras.layers", registered: str | None = None, **config: Any
) -> dict[str, Any]:
    """A layer as Keras 3 writes it."""
    return {"module": module, "class_name": kind, "registered_name": registered, "config": {"name": name, **config}}


def sequential(*layers: Any, name: str = "net") -> dict[str, Any]:
    return {"module": "keras", "class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def keras(*layers: Any, format: Format = Format.KERAS, **beside: Any) -> Model:
    """A model of layers that follow each other; `beside` is what stands beside its configuration."""
    config = {**sequential(*layers), **beside}
    scope = model_scope(config)
    assert scope is not None
    graph = make_graph(scope, scope.name, {}, [], Problems(PATH))
    return Model(PATH, format, 1024, graphs=(graph,), config=config)


class Nodes:
    """A graph of a SavedModel, node by node."""

    def __init__(self, name: str = "serving_default", index: int = 0) -> None:
        self.name, self.index = name, index
        self.ops: list[Op] = []
        self.tensors: list[Tensor] = []
        self.inputs: list[Tensor] = []

    def tensor(self, name: str, data: memoryview | None = None, *, dtype: DType = DType.STRING, **more: Any) -> Tensor:
        made = Tensor(PATH, self.index, len(self.tensors), name, dtype, (), (), data=data, **more)
        self.tensors.append(made)
        return made

    def input(self, name: str) -> Tensor:
        self.inputs.append(self.tensor(name))
        return self.inputs[-1]

    def text(self, *texts: str) -> Tensor:
        """A constant of texts, in the layout of TFLite: how many, where each begins, where the last ends."""
        parts = [text.encode() for text in texts]
        start = 4 * (len(parts) + 2)
        places = [start + sum(map(len, parts[:number])) for number in range(len(parts) + 1)]
        data = struct.pack(f"<{len(places) + 1}i", len(parts), *places) + b"".join(parts)
        return self.tensor(f"const_{len(self.tensors)}", memoryview(data))

    def op(
        self,
        kind: str,
        *inputs: Tensor | None,
        custom: bool = False,
        source: tuple[str, int] | None = None,
        **options: Any,
    ) -> Tensor:
        """Add a node, and return its output."""
        name = f"{kind}_{len(self.ops)}"
        out = self.tensor(f"{name}:0")
        made = Op(
            PATH,
            self.index,
            len(self.ops),
            kind,
            inputs,
            (out,),
            is_custom=custom,
            decode=lambda: options,
            name=name,
            address=f"{self.name}/{name}",
            source=source,
        )
        self.ops.append(made)
        return out

    def graph(self, outputs: Sequence[Tensor] = ()) -> Graph:
        return Graph(
            PATH, self.index, self.name, tuple(self.tensors), tuple(self.ops), tuple(self.inputs), tuple(outputs)
        )


def saved(
    *parts: Nodes, path: str = PATH, format: Format = Format.SAVED_MODEL, config: Mapping[str, Any] | None = None
) -> Model:
    """A SavedModel of graphs; `config` is what it says of its Keras layers."""
    return Model(path, format, 1024, graphs=tuple(part.graph() for part in parts), config=config or {})
