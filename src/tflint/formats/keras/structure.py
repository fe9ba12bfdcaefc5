"""The layers of a model and how they are connected, as its configuration tells.

Source of the format: Keras 3.15.1, src/models/{functional,sequential}.py and src/saving/serialization_lib.py; for
Keras 2: tf_keras 2.21.0, src/engine/functional.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from tflint.formats.keras.config import dtype_of, entries, is_number, mapping, name_of, shape_of, walk
from tflint.model import DType, Shape

__all__ = ["Layer", "Node", "Reference", "Scope", "model_scope"]

_OWN = ("keras", "tf_keras", "tensorflow")
"""The packages whose classes are not somebody's own."""


@dataclass(frozen=True)
class Reference:
    """An output of a call of a layer. `key` is the name under which a call takes it, where it has one."""

    layer: str
    node: int
    tensor: int
    shape: Shape | None = None
    dtype: DType = DType.UNKNOWN
    key: str = ""


@dataclass(frozen=True)
class Node:
    """A call of a layer: the tensors that it takes, and its other arguments by their names."""

    inputs: tuple[Reference, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Scope:
    """A model made of layers. Layers of a `chain` (Sequential) follow each other; others say what they take."""

    name: str
    layers: tuple[Layer, ...]
    is_chain: bool
    inputs: tuple[Reference, ...] = ()
    outputs: tuple[Reference, ...] = ()
    input_shape: Shape | None = None

    @cached_property
    def size(self) -> int:
        """So much work it is to add its own layers to a graph: itself, they, and the tensors that they take."""
        return 20 + len(self.layers) + sum(len(node.inputs) for layer in self.layers for node in layer.nodes)


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a model; `scope` is what it is made of where it is a model itself.

    `class_name` is as the file has it, `kind` without the package that it was registered under.
    """

    name: str
    kind: str
    address: str
    config: Mapping[str, Any]
    options: Mapping[str, Any]
    is_custom: bool
    is_operation: bool
    nodes: tuple[Node, ...]
    listed: bool
    """True where the nodes are lists, as Keras 2 writes them: there calls of a model count from 1."""
    scope: Scope | None
    input_shape: Shape | None

    @property
    def is_input(self) -> bool:
        return self.kind == "InputLayer"


def model_scope(config: Mapping[str, Any], address: str = "layers") -> Scope | None:
    """The layers of the model with this configuration; None where it does not tell, as of a subclassed model."""
    inner = config.get("config")
    if isinstance(inner, list):  # a Sequential of Keras before 2.2.3
        inner = {"layers": inner}
    held = mapping(inner)
    layers = held.get("layers")
    is_functional = "input_layers" in held and "output_layers" in held
    is_chain = not is_functional and (_kind(config) == "Sequential" or "build_input_shape" in held)
    if not isinstance(layers, list) or not (is_functional or is_chain):
        return None
    name = name_of(held.get("name")) or name_of(config.get("name")) or "sequential"
    return Scope(
        name,
        tuple([_layer(mapping(each), number, address) for number, each in enumerate(layers)]),
        is_chain,
        tuple(_references(held.get("input_layers"))),
        tuple(_references(held.get("output_layers"))),
        shape_of(held.get("build_input_shape")),
    )


def _kind(config: Mapping[str, Any]) -> str:
    return name_of(config.get("class_name")).rpartition(">")[2]


def _layer(entry: Mapping[str, Any], number: int, above: str) -> Layer:
    config = mapping(entry.get("config"))
    kind = _kind(entry) or "Unknown"
    name = name_of(entry.get("name")) or name_of(config.get("name")) or f"{kind.lower()}_{number}"
    address = f"{above}/{name}"
    module = entry.get("module")
    registered = entry.get("registered_name", entry.get("class_name"))
    is_foreign = module is None and "module" in entry
    if isinstance(module, str):
        is_foreign = module.partition(".")[0] not in _OWN
    nodes = entries(entry.get("inbound_nodes"))
    return Layer(
        name=name,
        kind=kind,
        address=address,
        config=config,
        options=_options(entry, config),
        is_custom=is_foreign or (isinstance(registered, str) and ">" in registered),
        is_operation=isinstance(module, str) and module.startswith("keras") and ".ops" in module,
        nodes=tuple([_node(each) for each in nodes]),
        listed=any(isinstance(each, list) or "args" not in mapping(each) for each in nodes),
        scope=model_scope(entry, address),
        input_shape=_input_shape(entry, config),
    )


def _options(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration of a layer, and what stands beside it: where its class is from, and what it was built with."""
    beside = {key: entry[key] for key in ("module", "registered_name", "build_config") if entry.get(key) is not None}
    return MappingProxyType({**beside, **config})


def _input_shape(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Shape | None:
    """The shape that a layer was made for, batch first."""
    given = mapping(entry.get("build_config")).get("input_shape")
    for key in ("batch_shape", "batch_input_shape"):
        given = config.get(key, given)
    return shape_of(given)


def _node(entry: Any) -> Node:
    held = mapping(entry)
    if "args" in held:
        arguments = mapping(held.get("kwargs"))
        inputs = [*_references(held["args"]), *_references(arguments)]
        return Node(tuple(inputs), {key: each for key, each in arguments.items() if not any(_references(each))})
    inputs = list(_references(entry))
    arguments = _listed_arguments(entry)
    return Node(tuple(inputs), {key: each for key, each in arguments.items() if not any(_references(each))})


def _listed_arguments(entry: Any) -> Mapping[str, Any]:
    """The arguments of a call by name, which Keras 2 writes beside its first input."""
    for each in walk(entry):
        if _is_place(each):
            return mapping(each[3]) if len(each) > 3 else {}
    return {}


def _is_place(value: Any) -> bool:
    """True for [layer, node, tensor], and [layer, node, tensor, arguments]."""
    return (
        isinstance(value, list)
        and 3 <= len(value) <= 4
        and isinstance(value[0], str)
        and is_number(value[1])
        and is_number(value[2])
        and value[1] >= 0
    )


def _references(value: Any, key: str = "") -> Iterator[Reference]:
    """Yield what a structure refers to, dictionaries in the order of their keys, as Keras flattens them."""
    left: list[tuple[Any, str]] = [(value, key)]
    while left:
        each, key = left.pop()
        if _is_place(each):
            yield Reference(name_of(each[0]), each[1], each[2], key=key)
            each = each[3] if len(each) > 3 else None  # arguments may be tensors
        held = mapping(each)
        if held.get("class_name") == "__keras_tensor__":
            tensor = mapping(held.get("config"))
            place = entries(tensor.get("keras_history"))
            if _is_place(place):
                shape, dtype = shape_of(tensor.get("shape")), dtype_of(tensor.get("dtype"))
                yield Reference(name_of(place[0]), place[1], place[2], shape, dtype, key)
        elif held:
            names = list(held) if "class_name" in held else sorted(held)  # a part of the format, or made by a user
            left.extend((held[name], name_of(name)) for name in reversed(names))
        elif isinstance(each, list):
            left.extend((item, key) for item in reversed(each))
