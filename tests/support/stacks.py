"""Sources as values, as small as can be: layers one after the other, nodes of a graph."""

from __future__ import annotations

from functools import partial
from typing import Any

from tflint import Format, Graph, Model, Op

PATH = "model.keras"


def dense(name: str = "dense") -> dict[str, Any]:
    return layer("Dense", name)


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """A layer as Keras 3 writes it."""
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **config}, "registered_name": None}


def stack(*layers: dict[str, Any], format: Format = Format.KERAS) -> Model:
    """A Keras model of these layers."""
    ops = []
    for index, each in enumerate(layers):
        name = each["config"]["name"]
        read = partial(dict[str, Any], each["config"])
        made = Op(
            PATH, 0, index, each["class_name"], (), (), decode=read, name=name, address=f"layers/{name}", layer=name
        )
        ops.append(made)
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": list(layers)}}
    return Model(PATH, format, 1, (Graph(PATH, 0, "net", (), tuple(ops), (), ()),), config=config)


def nodes(**kinds: str) -> Model:
    """A SavedModel of these nodes, by their names; two underscores stand for a slash."""
    ops = tuple(
        Op(PATH, 0, index, kind, (), (), name=name.replace("__", "/"), address=f"serving_default/{index}")
        for index, (name, kind) in enumerate(kinds.items())
    )
    return Model(PATH, Format.SAVED_MODEL, 1, (Graph(PATH, 0, "serving_default", (), ops, (), ()),))
