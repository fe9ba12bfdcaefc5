"""Which arrays of the HDF5 file belong to which layer, and what they are called.

Source of the layouts: Keras 3.15.1, src/saving/saving_lib.py (a group for each object, by its place in the model) and
src/legacy/saving/legacy_h5_format.py (a group for each layer, by its name).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tflint.formats.keras.config import entries, mapping, name_of
from tflint.formats.keras.hdf5 import Dataset, Stored
from tflint.formats.keras.names import variable_names
from tflint.formats.keras.structure import Layer, Scope

__all__ = ["Weight", "by_layer_name", "by_place"]

_Tree = dict[str, Any]
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""Where the layers of a model stand: the second in files of Keras 2.12 and 2.13."""
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
_CELL = re.compile(r"(conv_)?(lstm|gru|simple_rnn|lstm\dd|lstm\d+d)_cell(_\d+)?|conv_lstm_cell(_\d+)?")
_FIRST = ("vars", "forward_layer", "backward_layer", "query_dense", "key_dense", "value_dense", "output_dense")
"""The parts of layers in the order that Keras lists their weights; others by their names."""
_DENSE = {"query_dense": "query", "key_dense": "key", "value_dense": "value", "output_dense": "attention_output",
          "gate_dense": "gate"}  # fmt: skip


@dataclass(frozen=True)
class Weight:
    """An array that a layer holds: the name that the layer has for it, and where it stands."""

    name: str
    address: str
    dataset: Dataset


def by_place(scope: Scope | None, stored: Stored, major: int) -> tuple[dict[Layer, list[Weight]], list[Weight]]:
    """The weights of each layer in the layout of `.keras` files, and those that belong to none.

    `major` is the version of Keras that wrote the file: names changed between 2 and 3.
    """
    tree = _tree(stored)
    found: dict[Layer, list[Weight]] = {}
    taken: set[str] = set()
    left: list[tuple[Scope, _Tree, str]] = [(scope, tree, "")] if scope is not None else []
    while left:
        inside, group, path = left.pop()
        for container in _CONTAINERS:
            groups = group.get(container)
            if isinstance(groups, dict):
                here = f"{path}{container}/"
                for layer, name in _placed(inside, groups, here, stored):
                    if layer.scope is not None:
                        left.append((layer.scope, groups[name], f"{here}{name}/"))
                        continue
                    taken.update(f"{here}{name}/{each}" for each in _paths(groups[name]))
                    found[layer] = _weights(layer, groups[name], major)
                break
    rest = [Weight(path, path, dataset) for path, dataset in sorted(stored.datasets.items()) if path not in taken]
    return found, rest


def _tree(stored: Stored) -> _Tree:
    """The groups as they nest; arrays are leaves."""
    tree: _Tree = {}
    for path, dataset in stored.datasets.items():
        *groups, name = path.split("/")
        at: Any = tree
        for group in groups:
            at = at.setdefault(group, {}) if isinstance(at, dict) else None
        if isinstance(at, dict):
            at.setdefault(name, dataset)
    return tree


def _paths(tree: _Tree) -> Iterator[str]:
    """The paths of all arrays below a group, those of its own first."""
    for name, each in sorted(tree.items(), key=_order):
        if isinstance(each, Dataset):
            yield name
        else:
            yield from (f"{name}/{path}" for path in _paths(each))


def _order(item: tuple[str, Any]) -> tuple[int, str, int]:
    base, number = _numbered(item[0])
    return _FIRST.index(base) if base in _FIRST else len(_FIRST), base, number


def _numbered(name: str) -> tuple[str, int]:
    """A name without the number at its end, and the number."""
    base = name.rstrip("0123456789")
    number = name[len(base) :]
    return base.strip("_"), int(number) if number and len(number) < 10 else 0


def _placed(scope: Scope, groups: _Tree, path: str, stored: Stored) -> Iterator[tuple[Layer, str]]:
    """Each layer that has arrays, and its group: named after its class, and numbered where there are several.

    Newer versions of Keras also write the layer's own name into the group, which counts where they disagree.
    """
    named = {stored.attribute(f"{path}{group}/vars", "name"): group for group in groups}
    seen: dict[str, int] = {}
    for layer in scope.layers:
        if layer.is_operation or (scope.is_chain and layer.is_input):
            continue
        base = _snake_case(layer.kind)
        number = seen.get(base, -1) + 1
        seen[base] = number
        group = f"{base}_{number}" if number else base
        said = stored.attribute(f"{path}{group}/vars", "name")
        if said != layer.name and layer.name in named:
            group = named[layer.name]
        if isinstance(groups.get(group), dict):
            yield layer, group


def _snake_case(name: str) -> str:
    """Source: Keras 3.15.1, src/utils/naming.py, to_snake_case."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _weights(layer: Layer, tree: _Tree, major: int) -> list[Weight]:
    found: list[tuple[str, Dataset]] = []
    left: list[tuple[_Tree, str, str, Mapping[str, Any]]] = [(tree, "", layer.kind, layer.config)]
    while left:
        group, prefix, kind, config = left.pop()
        own = group.get("vars")
        if isinstance(own, dict):
            held = [each for _, each in sorted(own.items(), key=_order) if isinstance(each, Dataset)]
            names = variable_names(kind, config, [each.shape for each in held], major)
            found += [(f"{prefix}{name}", each) for name, each in zip(names, held, strict=True)]
        for name, each in sorted(group.items(), key=_order, reverse=True):
            if isinstance(each, Dataset):
                found.append((f"{prefix}{name}", each))
            elif name != "vars":
                left.append((each, *_part(name, prefix, kind, config)))
    return _unique(layer, found)


def _part(name: str, prefix: str, kind: str, config: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """What a part of a layer is called, of which class it is, and its configuration."""
    if name == "cell":
        inner = mapping(config.get("cell"))
        if not inner:
            return prefix, f"{kind}Cell", config
        return prefix, *_entry(inner)
    if name in {"layer", "forward_layer", "backward_layer"}:
        inner = mapping(config.get(name)) or mapping(config.get("layer"))
        return prefix if name == "layer" else f"{prefix}{name}/", *_entry(inner)
    if name in {"layers", "cells"}:
        return prefix, name, {"inside": config.get(name)}
    if kind in {"layers", "cells"}:
        return _contained(name, prefix, config)
    if name.lstrip("_") in _DENSE and "Attention" in kind:  # Keras 2 has them with an underscore
        return f"{prefix}{_DENSE[name.lstrip('_')]}/", "EinsumDense", {"bias_axes": ""}
    if name == "seed_generator":
        return f"{prefix}{name}/", "SeedGenerator", {}
    return f"{prefix}{name}/", "", {}


def _contained(name: str, prefix: str, config: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """One of several parts of a layer, which are named after their classes."""
    seen: dict[str, int] = {}
    for each in entries(config.get("inside")):
        kind, inner = _entry(mapping(each))
        base = _snake_case(kind)
        seen[base] = number = seen.get(base, -1) + 1
        if name == (f"{base}_{number}" if number else base):
            return f"{prefix}{name_of(inner.get('name')) or name}/", kind, inner
    return f"{prefix}{name}/", "", {}


def _entry(value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return name_of(value.get("class_name")).rpartition(">")[2], mapping(value.get("config"))


def _unique(layer: Layer, found: Sequence[tuple[str, Dataset]]) -> list[Weight]:
    """The weights of a layer, each under a name of its own."""
    seen: dict[str, int] = {}
    weights = []
    for name, dataset in found:
        seen[name] = number = seen.get(name, -1) + 1
        own = f"{name}_{number}" if number else name
        weights.append(Weight(own, f"{layer.address}/{own}", dataset))
    return weights


def by_layer_name(scope: Scope | None, stored: Stored, group: str) -> tuple[dict[Layer, list[Weight]], list[Weight]]:
    """The weights of each layer in the layout of `.h5` files, and those that belong to none."""
    top = {layer.name: layer for layer in scope.layers} if scope is not None else {}
    found: dict[Layer, list[tuple[str, Dataset]]] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(stored.names(group, "layer_names")):
        layer = top.get(name)
        parts = _leaves(layer.scope) if layer is not None and layer.scope is not None else {}
        for weight in stored.names(f"{group}/{name}", "weight_names"):
            path = f"{group}/{name}/{weight}"
            dataset = stored.datasets.get(path)
            holder, rest = _holder(weight, layer, parts)
            if dataset is not None and holder is not None and path not in taken:
                taken.add(path)
                found.setdefault(holder, []).append((rest, dataset))
    rest_of = [
        Weight(path.removeprefix(f"{group}/"), path, dataset)
        for path, dataset in sorted(stored.datasets.items())
        if path not in taken and path.startswith(f"{group}/")
    ]
    return {layer: _unique(layer, each) for layer, each in found.items()}, rest_of


def _is(name: str, layer: Layer) -> bool:
    """Whether a scope is a layer's: TensorFlow numbers the scopes of one name."""
    number = name.removeprefix(f"{layer.name}_")
    return name == layer.name or (number != name and number.isdecimal())


def _leaves(scope: Scope) -> dict[str, list[Layer]]:
    """The layers in a model, and in the models in it, by their names."""
    found: dict[str, list[Layer]] = {}
    left = [scope]
    while left:
        for layer in left.pop().layers:
            if layer.scope is not None:
                left.append(layer.scope)
            else:
                found.setdefault(layer.name, []).append(layer)
    return found


def _holder(weight: str, layer: Layer | None, parts: Mapping[str, Sequence[Layer]]) -> tuple[Layer | None, str]:
    """The layer that a weight belongs to, and the name that the layer has for it."""
    components = weight.rpartition(":")[0].split("/") if ":" in weight else weight.split("/")
    if layer is None or layer.scope is None:
        named = (number for number, each in enumerate(components[:-1], 1) if layer is not None and _is(each, layer))
        start = next(named, 0)
        return layer, _short(layer, components[start:])
    for number, each in enumerate(components[:-1]):
        fitting = parts.get(each, ())
        if len(fitting) > 1:
            fitting = [one for one in fitting if one.address.split("/")[-2] in components[:number]]
        if len(fitting) == 1:
            return fitting[0], _short(fitting[0], components[number + 1 :])
    return None, ""


def _short(layer: Layer | None, components: list[str]) -> str:
    """The name of a weight, without the cells that recurrent layers are made of."""
    if layer is None or layer.kind not in _RECURRENT:
        return "/".join(components)
    kept = [each for each in components[:-1] if not _CELL.fullmatch(each)] + components[-1:]
    side = {"forward": "forward_layer", "backward": "backward_layer"}
    return "/".join([side.get(each.partition("_")[0], each) for each in kept])
