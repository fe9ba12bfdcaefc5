"""Which value inside a model is which of its source's: by the names of layers and nodes, and by what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tflint.analysis.layering import layering
from tflint.model import Format, Graph, Model, Op, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Aligned", "Names", "Node", "align", "naming", "node_names", "outcome"]

_ALIKE = {"float32": 1e-3, "float16": 1e-2, "dynamic": 0.05, "int8": 0.05, "int16x8": 0.02}
"""Values that differ by no more than this, relative to their size, are taken for the same whatever they are called."""
_NEAR = 0.2
_CLEARLY = 3.0
"""So many times the error of the second best has to be that of the best, where names tell nothing."""
_MOST_CANDIDATES = 64
_MOST_ABSORBED = 4
"""So many layers behind one may be fused into it: batch normalization, an activation, a reshape."""
_ABSORBED = frozenset(
    """
    Activation ActivityRegularization AlphaDropout BatchNormalization Dropout ELU Flatten GaussianDropout GaussianNoise
    Identity LeakyReLU PReLU ReLU Reshape Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D ThresholdedReLU
    """.split()
)
"""Layers that may be fused into the one before them, or of which nothing is left."""
_SAMPLE = 1024
"""So many elements tell whether it is worth looking at all of them."""
_LEAST = 2
"""A single number says nothing of where it comes from."""


Names = Callable[[Op, Tensor], Sequence[str]]
"""What the source may call the value that an op writes, the likeliest name first."""


@dataclass(frozen=True, eq=False)
class Node:
    """A value of the source: what it calls it, and its place among the others, in the order they were computed."""

    name: str
    value: NDArray[Any]

    def is_near(self, other: NDArray[Any]) -> bool:
        """Whether a value could be the same, by a sample of its elements."""
        step = max(1, other.size // _SAMPLE)
        return _error(other.ravel()[::step], self._sample[: -(-other.size // step)]) <= _NEAR

    @cached_property
    def _sample(self) -> NDArray[Any]:
        return self.value.ravel()[:: max(1, self.value.size // _SAMPLE)]


@dataclass(frozen=True, eq=False)
class Aligned:
    """A value of the model and the source's."""

    tensor: Tensor
    op: Op
    mine: NDArray[Any]
    """Real values."""
    theirs: NDArray[Any]
    """The source's, in the shape of the model's."""
    name: str
    error: float
    """Relative to the source's, by root mean squares."""


def node_names(model: Model) -> tuple[str, ...]:
    """The names of TensorFlow's nodes that the tensors of a model tell of."""
    found: dict[str, None] = {}
    for graph in model.graphs[:1]:
        for op in graph.ops:
            for tensor in op.outputs:
                found.update(dict.fromkeys(part.rpartition(":")[0] or part for part in tensor.name.split(";")))
    return tuple(name for name in found if name)


def align(
    model: Model, named: Names, values: Mapping[int, NDArray[Any]], nodes: Sequence[Node], precision: str
) -> Mapping[Tensor, Aligned]:
    """The values of the model's first graph that are known on both sides.

    A value that the source has nowhere else is that one. Else a name is believed, so that a value that is wrong has one
    to be compared with; but where what follows agrees, it was the wrong one.

    Args:
        model: the converted model.
        named: what the source may call its values, from `naming`.
        values: real values inside the model by the numbers of its tensors.
        nodes: real values inside the source.
        precision: of the model.
    """
    alike = _ALIKE.get(precision, 0.05)
    graph = model.graphs[0]
    by_size: dict[tuple[int, ...], list[int]] = {}
    for place, node in enumerate(nodes):
        by_size.setdefault(_plain(node.value.shape), []).append(place)
    found: dict[Tensor, Aligned] = {}
    others: dict[Tensor, Aligned] = {}
    for op in graph.ops:
        if _is_fixed(op):
            continue
        for tensor in op.outputs:
            mine = values.get(tensor.index)
            if mine is None or mine.size < _LEAST or mine.dtype.kind != "f":
                continue
            candidates = by_size.get(_plain(mine.shape), ())
            names = named(op, tensor)
            by_name = _by_name(op, tensor, mine, candidates, nodes, names)
            by_value = None
            if by_name is None or by_name.error > alike:
                by_value = _by_value(op, tensor, mine, candidates, nodes, alike)
            if by_value is not None and (by_name is None or by_value.name not in names):
                found[tensor] = by_value
            elif by_name is not None:
                found[tensor] = by_name
                if by_value is not None:  # what it was before all of its layers had been at it
                    others[tensor] = by_value
    return _settled(found, others, graph, alike)


def outcome(op: Op, tensor: Tensor, mine: NDArray[Any], theirs: NDArray[Any]) -> Aligned | None:
    """An output of which is known what it is of the source's; None where there are no numbers to compare."""
    if mine.size != theirs.size or mine.size < _LEAST or not mine.dtype.kind == theirs.dtype.kind == "f":
        return None
    shaped = theirs.reshape(mine.shape)
    return Aligned(tensor, op, mine, shaped, "the output", _error(mine, shaped))


def _settled(
    known: Mapping[Tensor, Aligned], others: Mapping[Tensor, Aligned], graph: Graph, alike: float
) -> Mapping[Tensor, Aligned]:
    """What is aligned without what cannot be right: a value that differs, and of which what follows does not."""
    kept = dict(known)
    for tensor, at in known.items():
        if at.error <= alike or tensor in graph.outputs:
            continue
        after = list(_after(tensor, graph, known))
        if after and min(each.error for each in after) * _CLEARLY < at.error:
            del kept[tensor]
            if tensor in others:
                kept[tensor] = others[tensor]
    order = {tensor: place for place, tensor in enumerate(known)}
    return dict(sorted(kept.items(), key=lambda each: order[each[0]]))


def _after(tensor: Tensor, graph: Graph, known: Mapping[Tensor, Aligned]) -> Iterator[Aligned]:
    """The next values behind a tensor that are aligned."""
    waiting, seen = list(graph.consumers(tensor)), set[Op]()
    while waiting and len(seen) < _MOST_CANDIDATES:
        op = waiting.pop()
        if op in seen:
            continue
        seen.add(op)
        for output in op.outputs:
            if output in known:
                yield known[output]
            else:
                waiting += graph.consumers(output)


def _by_name(
    op: Op, tensor: Tensor, mine: NDArray[Any], candidates: Sequence[int], nodes: Sequence[Node], names: Sequence[str]
) -> Aligned | None:
    """The value of the first of these names that the source has in this size; of several calls the closest."""
    for name in names:
        tried = [(_error(mine, nodes[place].value), place) for place in candidates if nodes[place].name == name]
        if tried:
            error, place = min(tried)
            return Aligned(tensor, op, mine, nodes[place].value.reshape(mine.shape), name, error)
    return None


def _by_value(
    op: Op, tensor: Tensor, mine: NDArray[Any], candidates: Sequence[int], nodes: Sequence[Node], alike: float
) -> Aligned | None:
    """The only value of the source that is the same."""
    near = [place for place in candidates[-_MOST_CANDIDATES:] if nodes[place].is_near(mine)]
    scored = sorted((_error(mine, nodes[place].value), place) for place in near)
    if not scored or scored[0][0] > alike or not _is_alone(scored, nodes):
        return None
    error, place = scored[0]
    return Aligned(tensor, op, mine, nodes[place].value.reshape(mine.shape), nodes[place].name, error)


def _is_alone(scored: Sequence[tuple[float, int]], nodes: Sequence[Node]) -> bool:
    """Whether the best of the candidates is clearly the best; the same value under two names is no rival."""
    import numpy as np

    best = scored[0]
    value = nodes[best[1]].value.ravel()
    rivals = [each for each in scored[1:] if not np.array_equal(nodes[each[1]].value.ravel(), value)]
    return not rivals or rivals[0][0] > _CLEARLY * max(best[0], 1e-6)


def _error(mine: NDArray[Any], theirs: NDArray[Any]) -> float:
    import numpy as np

    other = theirs.ravel()
    with np.errstate(all="ignore"):
        error = mine.ravel() - other
        signal = float(np.dot(other, other))
        noise = float(np.dot(error, error))
    if not (signal > 0 and noise < float("inf")):
        return 0.0 if noise == 0 else float("inf")
    return float((noise / signal) ** 0.5)


def _plain(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _is_fixed(op: Op) -> bool:
    """Whether an op only works on constants: weights that are widened."""
    return all(tensor is None or tensor.is_constant for tensor in op.inputs)


def naming(model: Model, source: Model) -> Names:
    """What the source may call the value that an op writes, the likeliest name first."""
    graph = model.graphs[0]
    if source.format is Format.TFLITE:
        return lambda _op, tensor: (tensor.name,)
    if source.format is Format.SAVED_MODEL:
        return lambda _op, tensor: [part.rpartition(":")[0] or part for part in tensor.name.split(";")]
    placed = layering(model, source)
    if placed is None or not source.graphs:
        return lambda _op, _tensor: ()
    layers = {op: placed.layer(op, graph) for op in graph.ops if not _is_fixed(op)}
    last = {layer: op for op, layer in layers.items() if layer is not None}
    behind = _Behind(source.graphs[0], set(last))

    def names(op: Op, _tensor: Tensor) -> Sequence[str]:
        layer = layers.get(op)
        if layer is None or last[layer] is not op:
            return ()  # it is a value inside its layer
        return [each.rpartition("/")[2] for each in (*reversed(behind.of(layer)), layer)]

    return names


class _Behind:
    """The layers that may be fused into the one before them: they have no op of their own."""

    def __init__(self, graph: Graph, owned: set[str]) -> None:
        self._graph, self._owned = graph, owned
        self._ops: dict[str, Op] = {}
        for op in graph.ops:
            if op.layer:
                self._ops.setdefault(op.layer, op)

    def of(self, layer: str) -> Sequence[str]:
        """The layers behind one, as long as there is one way on and nothing of its own."""
        found: list[str] = []
        op = self._ops.get(layer)
        while op is not None and len(found) < _MOST_ABSORBED:
            readers = [reader for tensor in op.outputs for reader in self._graph.consumers(tensor)]
            if len(readers) != 1 or readers[0].kind not in _ABSORBED or readers[0].layer in self._owned:
                break
            op = readers[0]
            found.append(str(op.layer))
        return found
