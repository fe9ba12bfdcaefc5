"""What a file is, once read: Model, Graph, Op, Tensor and the values they are made of.

Everything here is immutable, made once by a reader and compared by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tflint.tensor import DType, Location, QuantParams, Shape, SparseDimension, Sparsity, Tensor

if TYPE_CHECKING:  # imported only where it is used: start-up is a feature
    import networkx

    from tflint.description import Description

__all__ = [
    "Conversion",
    "DType",
    "Format",
    "Graph",
    "Location",
    "Model",
    "Op",
    "Problem",
    "ProblemKind",
    "QuantParams",
    "Shape",
    "Signature",
    "SparseDimension",
    "Sparsity",
    "Tensor",
]

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Format(StrEnum):
    """What a file is by its content; its name plays no part."""

    TFLITE = "tflite"
    KERAS = "keras"
    KERAS_H5 = "keras-h5"
    SAVED_MODEL = "saved-model"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Op:
    """One operation. `kind` is the field's name for it: `CONV_2D`, `Conv2D`, or a custom op's own code.

    `inputs` has None where an optional input is left out. `version` is the op's version in the file.
    `custom_options` are a custom op's own bytes. In a source an op is a node of a TensorFlow graph or a Keras layer:
    `name` is its name, `address` where it stands, `weights` what a layer holds, `source` the Python file and line that
    made it, where the file tells. `layer` is the Keras layer that it comes from, where that is known.
    """

    path: str
    graph_index: int
    index: int
    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    version: int = 1
    is_custom: bool = False
    intermediates: tuple[Tensor, ...] = ()
    custom_options: memoryview | None = None
    byte_offset: int | None = None
    byte_length: int | None = None
    decode: Callable[[], Mapping[str, Any]] | None = field(default=None, repr=False)
    name: str = ""
    address: str = ""
    layer: str | None = None
    weights: tuple[Tensor, ...] = ()
    source: tuple[str, int] | None = None
    is_unknown: bool = False
    """True where it stands for a layer, in a model that is yet to be made, of which nobody knows what it becomes."""

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """The op's attributes by the schema's names; enumerations as their names. Empty where it has none."""
        return _NO_OPTIONS if self.decode is None else self.decode()

    @property
    def location(self) -> Location:
        name = self.name or (self.outputs[0].name if self.outputs else "")
        address = self.address or f"{self.graph_index}/{self.index}:{self.kind}"
        return Location(self.path, address, self.layer, name, self.byte_offset, self.byte_length, self.source)

    def input(self, slot: int) -> Tensor | None:
        """The tensor in an input slot; None where the slot is left out or does not exist."""
        return self.inputs[slot] if slot < len(self.inputs) else None


@dataclass(frozen=True, eq=False)
class Graph:
    """A subgraph: its ops in the order the file runs them, and all its tensors."""

    path: str
    index: int
    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    intact: bool = True
    """False where a reference in it is broken: what is not known can't be judged."""

    @property
    def location(self) -> Location:
        return Location(self.path, str(self.index), None, self.name)

    def producer(self, tensor: Tensor) -> Op | None:
        """The first op that writes the tensor, or None."""
        return self._producers.get(tensor)

    def consumers(self, tensor: Tensor) -> tuple[Op, ...]:
        """The ops that read the tensor, in execution order, each once."""
        return tuple(self._consumers.get(tensor, ()))

    @cached_property
    def _producers(self) -> Mapping[Tensor, Op]:
        found: dict[Tensor, Op] = {}
        for op in self.ops:
            for tensor in op.outputs:
                found.setdefault(tensor, op)
        return found

    @cached_property
    def _consumers(self) -> Mapping[Tensor, list[Op]]:
        found: dict[Tensor, list[Op]] = {}
        for op in self.ops:
            for tensor in op.inputs:
                if tensor is None:
                    continue
                ops = found.setdefault(tensor, [])
                if not ops or ops[-1] is not op:
                    ops.append(op)
        return found

    @cached_property
    def nx(self) -> networkx.MultiDiGraph[Any]:
        """The graph as networkx has it: tensor -> op -> tensor; nodes are the objects, edge keys the slots."""
        import networkx

        graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
        graph.add_nodes_from(self.tensors)
        graph.add_nodes_from(self.ops)
        for op in self.ops:
            for slot, tensor in enumerate(op.inputs):
                if tensor is not None:
                    graph.add_edge(tensor, op, slot)
            for slot, tensor in enumerate(op.outputs):
                graph.add_edge(op, tensor, slot)
        return graph


@dataclass(frozen=True, eq=False)
class Signature:
    """A named way to call a model: its inputs and outputs by the names that callers use."""

    key: str
    graph_index: int
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class ProblemKind(Enum):
    """What is wrong with a file, as a reader met it."""

    EMPTY = "empty"
    LFS_POINTER = "lfs-pointer"
    UNSUPPORTED = "unsupported"
    """A model of a kind that is recognised and not read yet."""
    NOT_A_MODEL = "not-a-model"
    IDENTIFIER = "identifier"
    TRUNCATED = "truncated"
    BAD_OFFSET = "bad-offset"
    BAD_REFERENCE = "bad-reference"
    """An index into a table of the file that has no such entry."""
    NO_GRAPH = "no-graph"
    UNKNOWN_OP = "unknown-op"
    UNKNOWN_DTYPE = "unknown-dtype"
    SCHEMA_VERSION = "schema-version"
    TRAILING_BYTES = "trailing-bytes"
    OVERSIZED = "oversized"
    """More tables, or larger sizes, than a file of this size can mean."""
    DAMAGED = "damaged"
    """Bytes that do not follow the rules of their format, where it cannot be told why."""
    MISSING_FILE = "missing-file"
    """A part of a model that should stand in a file of its own, and does not."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with the file itself. `fatal` says that nothing of it could be read."""

    kind: ProblemKind
    location: Location
    message: str
    help: str = ""
    fatal: bool = False


@dataclass(frozen=True)
class Conversion:
    """What the converter wrote about itself into the file (its CONVERSION_METADATA)."""

    tensorflow_version: str = ""
    api_version: int = 0
    source: str = ""
    modes: tuple[str, ...] = ()
    """The optimization modes that were asked for, by the schema's names: `PTQ_FULL_INTEGER`, …"""
    allow_custom_ops: bool = False
    select_tf_ops: bool = False


@dataclass(frozen=True, eq=False)
class Model:
    """A model file. `graphs[0]` runs first; there are none where the file is unreadable."""

    path: str
    format: Format
    byte_size: int
    graphs: tuple[Graph, ...] = ()
    signatures: tuple[Signature, ...] = ()
    metadata: Mapping[str, memoryview] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    description: str = ""
    schema_version: int | None = None
    min_runtime: str | None = None
    """The file's own `min_runtime_version`; None where it says nothing."""
    conversion: Conversion | None = None
    producer: str = ""
    """What wrote a source, with its version: `keras 3.15.0`, `tensorflow 2.21.0`."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The configuration that a Keras source is built from, as its JSON has it; of a SavedModel what it says of its
    Keras layers, as a list below `keras_metadata`; empty for other formats."""
    describe: Callable[[], Description] | None = field(default=None, repr=False)

    @property
    def location(self) -> Location:
        return Location(self.path)

    @cached_property
    def described(self) -> Description | None:
        """What the file says of its inputs and outputs for those who call it; None where it says nothing."""
        return None if self.describe is None else self.describe()

    @cached_property
    def sha256(self) -> str:
        """The digest of the file, read anew in pieces; of nothing where it is a folder."""
        import hashlib
        from pathlib import Path

        if not Path(self.path).is_file():
            return ""
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def find(self, address: str) -> Op | Tensor | Graph | None:
        """What stands at an address of this model, or None."""
        if address in self._named:
            return self._named[address]
        graph_part, _, rest = address.partition("/")
        if not graph_part.isdecimal() or int(graph_part) >= len(self.graphs):
            return None
        graph = self.graphs[int(graph_part)]
        if not rest:
            return graph
        number = rest.removeprefix("t").partition(":")[0]
        group: tuple[Tensor, ...] | tuple[Op, ...] = graph.tensors if rest.startswith("t") else graph.ops
        if not number.isdecimal():
            return None
        place = int(number)
        if place < len(group) and group[place].index == place:
            return group[place]
        return next((each for each in group if each.index == place), None)  # after ops that could not be read

    @cached_property
    def _named(self) -> Mapping[str, Op | Tensor]:
        """What a source calls by a name instead of a number."""
        found: dict[str, Op | Tensor] = {}
        for graph in self.graphs:
            for op in graph.ops:
                if op.address:
                    found.setdefault(op.address, op)
                for weight in op.weights:
                    if weight.address:
                        found.setdefault(weight.address, weight)
        return found
