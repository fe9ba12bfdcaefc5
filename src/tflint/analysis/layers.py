"""Which Keras layer an op comes from, by the names that the converter gives to tensors: right, or silent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from tflint.model import Graph, Model, Op, Tensor

__all__ = ["ROOTS", "Naming", "layer_at", "layer_of", "naming"]

_ENOUGH = 1_000
"""The names of so many ops tell how a model names its layers."""
_CALLS = frozenset({"StatefulPartitionedCall", "PartitionedCall"})
"""What calling a function puts before the names in it."""
_AUTOMATIC = re.compile(r"(model|sequential|functional)(_\d+)*")
"""The names that Keras gives to models."""
_LAYER = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBERED = re.compile(r"(.+)_\d+")
_SCOPES = frozenset({"Tensordot", "cond", "einsum", "l2_normalize", "moments", "while"})
"""TensorFlow's own functions that name the ops in them, as a layer does."""
_KERAS_2_ONLY = ("Conv2D", "FusedBatchNormV3")
_IN_A_LAYER = ("BiasAdd", "MatMul", "Relu")
_KERAS_3_SINCE = (2, 16)
"""The first TensorFlow that comes with Keras 3."""
ROOTS: Mapping[str, tuple[str, ...]] = {
    "CONV_2D": ("Conv2D", "Conv1D", "convolution", "BiasAdd"),
    "DEPTHWISE_CONV_2D": ("depthwise", "BiasAdd"),
    "FULLY_CONNECTED": ("MatMul", "Tensordot", "BiasAdd"),
    "TRANSPOSE_CONV": ("conv2d_transpose", "conv_transpose", "BiasAdd"),
}
"""Op -> how the ops of TensorFlow are named that it was made of, beside what was fused into it."""


@dataclass(frozen=True)
class Naming:
    """How a model names its layers: `model/dense/MatMul`, or `functional_1/dense_1/MatMul`, with a number appended.

    Keras 3 opens the scope of a layer twice, to build it and to call it, and TensorFlow makes the second name unique.
    Source: Keras 3.15.1, keras/src/layers/layer.py, Layer.__call__.
    """

    model: str
    """The first part of the names: the model itself."""
    is_numbered: bool

    def layer(self, name: str) -> str | None:
        """The layer of the model that a name tells of, None where it tells none."""
        parts = _parts(name)
        if len(parts) < 3 or parts[0] != self.model or _LAYER.fullmatch(parts[1]) is None:
            return None
        numbered = _NUMBERED.fullmatch(parts[1])
        plain = parts[1] if numbered is None else numbered[1]
        if plain in _SCOPES or (self.is_numbered and numbered is None):
            return None
        return plain if self.is_numbered else parts[1]


def naming(model: Model) -> Naming | None:
    """How a model names its layers; None where Keras did not name them, or where it cannot be told how.

    `dense_1` may be the layer `dense_1`, or `dense` with the number of Keras 3. What the converter wrote of itself and
    what the other names look like tell which.
    """
    names = [parts for name in islice(_names(model), _ENOUGH) if len(parts := _parts(name)) > 2]
    if not names:
        return None
    [(top, _)] = Counter(parts[0] for parts in names).most_common(1)
    is_keras = model.conversion is not None and model.conversion.source == "KERAS_MODEL"
    if not (is_keras and _LAYER.fullmatch(top)) and _AUTOMATIC.fullmatch(top) is None:
        return None
    if _NUMBERED.fullmatch(top) is None or any(_is_of_keras_2(parts) for parts in names if parts[0] == top):
        return Naming(top, is_numbered=False)
    version = _version(model)
    if version is None or (version >= _KERAS_3_SINCE and top.startswith("model_")):
        return None
    return Naming(top, is_numbered=version >= _KERAS_3_SINCE)


def layer_of(op: Op, graph: Graph, named: Naming) -> str | None:
    """The layer that an op comes from, by the names of its outputs, or of weights that are its alone."""
    if op.layer is not None or not op.outputs:
        return op.layer
    roots = ROOTS.get(op.kind, ())
    weights = op.input(1) if roots else None
    readers = len(graph.consumers(weights)) if weights is not None and weights.is_constant else 0
    found = _of_name(op.outputs[0].name, roots, named)
    if found is None and weights is not None and readers == 1:
        return _of_name(weights.name, roots, named)
    is_called_again = readers > 1 and not named.is_numbered and found is not None and _NUMBERED.fullmatch(found)
    return None if is_called_again else found


def layer_at(at: Op | Tensor, graph: Graph, named: Naming) -> str | None:
    """The layer of an op, or of the op that a tensor belongs to: the one that writes it, or the only one to read it."""
    if isinstance(at, Op):
        return layer_of(at, graph, named)
    maker = graph.producer(at)
    if maker is not None:
        return layer_of(maker, graph, named)
    readers = graph.consumers(at) if at.is_constant else ()
    return layer_of(readers[0], graph, named) if len(readers) == 1 else None


def _of_name(name: str, roots: tuple[str, ...], named: Naming) -> str | None:
    """The layer of a name that may be several, of ops that became one: the root's, else that of the first, the last op.

    Behind these stand the names of constants that only happen to be equal.
    """
    parts = [part for part in name.split(";") if part]
    of_roots = {named.layer(part) for part in parts if part.rpartition("/")[2].startswith(roots)} if roots else set()
    if len(of_roots) == 1:
        return of_roots.pop()
    return named.layer(parts[0]) if parts else None


def _names(model: Model) -> Iterator[str]:
    """The names of the ops of a model, each of its own: those of joined ones apart."""
    for graph in model.graphs:
        for op in graph.ops:
            if op.outputs:
                yield from op.outputs[0].name.split(";")


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    while parts and parts[0] in _CALLS:
        del parts[0]
    return parts


def _is_of_keras_2(parts: list[str]) -> bool:
    """True of names that Keras 3 does not give."""
    if parts[2].startswith(_KERAS_2_ONLY):
        return True
    return _NUMBERED.fullmatch(parts[1]) is None and parts[2].startswith(_IN_A_LAYER)


def _version(model: Model) -> tuple[int, ...] | None:
    """The first two numbers of the converter's version."""
    numbers = model.conversion.tensorflow_version.split(".")[:2] if model.conversion is not None else []
    return tuple(int(number) for number in numbers) if numbers and all(map(str.isdecimal, numbers)) else None
