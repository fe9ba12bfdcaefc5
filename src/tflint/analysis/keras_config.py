"""The objects in the configuration of a Keras model, wherever they stand: layers, losses, metrics, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tflint.analysis.phrases import cut
from tflint.model import Location, Model, Op

__all__ = ["Part", "clean", "owner", "parts", "place", "texts"]

_MOST = 2_000_000
"""So many objects are looked at: a configuration of the largest size that is read may hold more, and no model does."""
_LAYERS = frozenset({"layers", "layer", "forward_layer", "backward_layer", "cell", "cells", "keras_metadata"})
"""Where Keras writes a layer, or several; the last holds what a SavedModel says of each of its layers."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A JSON object of a configuration: where it stands, and the layer that it belongs to.

    `layer` is the name of the innermost layer around it, itself included; `address` that of the outermost one that is
    an op of the graph. Both are empty outside of layers, as in the configuration of the training.
    """

    value: Mapping[str, Any]
    key: str
    above: Part | None
    layer: str
    address: str

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to it."""
        keys: list[str] = []
        part: Part | None = self
        while part is not None:
            keys.append(part.key)
            part = part.above
        return tuple(clean(key) for key in reversed(keys[:-1]))

    @property
    def kind(self) -> str:
        """The name of its class without the package that it is registered under; empty where it has none."""
        kind = self.value.get("class_name")
        return kind.rpartition(">")[2] if isinstance(kind, str) else ""

    @property
    def config(self) -> Mapping[str, Any]:
        """Its settings; empty where it has none."""
        config = self.value.get("config")
        return config if isinstance(config, dict) else {}


def parts(model: Model) -> tuple[Part, ...]:
    """All objects of the configuration of a model, in the order of the file."""
    found: list[Part] = []
    left: list[tuple[Any, str, Part | None, bool]] = [(model.config, "", None, False)]
    while left and len(found) < _MOST:
        value, key, above, is_listed = left.pop()
        if isinstance(value, list):
            held = [(each, key, above, key == "layers") for each in value if isinstance(each, dict | list)]
        else:
            part = _part(value, key, above, is_listed)
            found.append(part)
            held = [(each, name, part, False) for name, each in value.items() if isinstance(each, dict | list)]
        left += reversed(held)
    return tuple(found)


def texts(found: Sequence[Part]) -> Iterator[str]:
    """Yield the texts in objects, those that are values and not keys, as the file has them."""
    for part in found:
        left: list[Any] = [part.value.values()]
        while left:
            for value in left.pop():
                if isinstance(value, str):
                    yield value
                elif isinstance(value, list):
                    left.append(value)


def _part(value: Mapping[str, Any], key: str, above: Part | None, is_listed: bool) -> Part:
    layer, address = ("", "") if above is None else (above.layer, above.address)
    name = _name(value) if key in _LAYERS else ""
    if name and is_listed:
        # the layers of a model in a wrapper are no ops of the graph
        outer = _holder(above)
        if outer is not None:
            address = f"{outer or 'layers'}/{name}"
    return Part(value, key, above, name or layer, address)


def _name(value: Mapping[str, Any]) -> str:
    """The name of a layer."""
    config = value.get("config")
    for name in (value.get("name"), config.get("name") if isinstance(config, dict) else None):
        if isinstance(name, str) and name:
            return clean(name[:256])
    return ""


def _holder(config: Part | None) -> str | None:
    """The address of the model whose list of layers this is the configuration of; None where it is in a wrapper."""
    held = config.above if config is not None else None
    if held is None:
        return None
    return held.address if held.above is None or held.key == "layers" else None


def clean(value: Any) -> str:
    """The value where it is a text, as UTF-8 can have it; else an empty one."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def place(model: Model, part: Part) -> Location:
    """Where a finding on a part is: its layer, where that is an op of the graph, else the model."""
    found = model.find(part.address) if part.address else None
    if isinstance(found, Op):
        return found.location
    return Location(model.path, part.address, part.layer or None, part.layer)


def owner(part: Part) -> str:
    """How a message names what a part belongs to, to begin a sentence with: its layer, or its place in the file."""
    if part.layer:
        return f"Layer '{cut(part.layer)}'"
    return f"Setting '{cut('.'.join(part.path))}'" if part.path else "The model"
