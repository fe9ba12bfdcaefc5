"""Which layer of its source each op of a converted model comes from: by names, by weights, and by what is around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tflint.analysis.compared import Compared, compared
from tflint.analysis.layers import ROOTS, Naming, layer_of, naming
from tflint.analysis.origins import Origin
from tflint.model import Format, Graph, Model, Op, Tensor

__all__ = ["Layering", "layering"]

_CARRYING = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""What a conversion puts between layers."""
_SIZES = frozenset({"SHAPE", "STRIDED_SLICE", "PACK", "CONCATENATION", "RESHAPE", "CAST", "GATHER", "REDUCE_PROD"})
"""What computes the sizes that an op of a layer takes."""
_PARTS = re.compile(r"(lstm|gru|simple_rnn)_cell(_\d+)?|query|key|value|attention_output|(forward|backward)_.+")
"""What Keras calls the layers that its own layers are made of."""
_MOST_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class Layering:
    """The layers of the ops of a model, as far as they are known."""

    named: Naming | None
    placed: Mapping[Op, str] = field(default_factory=dict)

    def layer(self, op: Op, graph: Graph | None = None) -> str | None:
        """The layer of an op."""
        if op in self.placed:
            return self.placed[op]
        return None if self.named is None or graph is None else layer_of(op, graph, self.named)

    def at(self, at: Op | Tensor, graph: Graph) -> str | None:
        """The layer of an op, or of the one that writes a tensor, or is the only one to read it."""
        if isinstance(at, Op):
            return self.layer(at, graph)
        maker = graph.producer(at)
        if maker is not None:
            return self.layer(maker, graph)
        readers = graph.consumers(at) if at.is_constant else ()
        return self.layer(readers[0], graph) if len(readers) == 1 else None


def layering(model: Model, source: Model | None, weights: Compared | None = None) -> Layering | None:
    """The layers of a model's ops, with its source where it is known; None where nothing is.

    `weights` are those of both, compared, where that was done before.
    """
    named = naming(model)
    known = {} if source is None or source.format is Format.TFLITE else _layers(source)
    if source is None or not known or model.format is not Format.TFLITE:
        return None if named is None else Layering(named)
    return Layering(None, _Placing(model, source, known, named, weights).placed)


def _layers(source: Model) -> Mapping[str, Op]:
    """The layers of a source, each with an op of it."""
    found: dict[str, Op] = {}
    for graph in source.graphs[:1] if source.format is not Format.SAVED_MODEL else source.graphs:
        for op in graph.ops:
            if op.layer:
                found.setdefault(op.layer, op)
    return found


class _Placing:
    """What is known so far."""

    def __init__(
        self, model: Model, source: Model, known: Mapping[str, Op], named: Naming | None, weights: Compared | None
    ) -> None:
        self.known = known
        self.placed: dict[Op, str] = {}
        weighed = _by_weights(compared(model, source) if weights is None else weights)
        self.is_numbered = named.is_numbered if named is not None else _is_numbered(model, known, weighed)
        for graph in model.graphs:
            for op in graph.ops:
                layer = self._by_names(op, graph) or weighed.get(op)
                if layer is not None:
                    self.placed[op] = layer
        if model.graphs and source.graphs:
            self._outputs(model, source)
        for graph in model.graphs:
            self._fill(graph)

    def _by_names(self, op: Op, graph: Graph) -> str | None:
        """The layer of an op by the names of what it writes, or of weights that are its alone."""
        roots = ROOTS.get(op.kind, ())
        for output in op.outputs:
            found = self._of_name(output.name, roots)
            if found is not None:
                return found
        weights = op.input(1) if roots else None
        if weights is not None and weights.is_constant and len(graph.consumers(weights)) == 1:
            return self._of_name(weights.name, roots)
        return None

    def _of_name(self, name: str, roots: tuple[str, ...]) -> str | None:
        parts = [part for part in name.split(";") if part]
        of_roots = (
            {self._of_part(part) for part in parts if part.rpartition("/")[2].startswith(roots)} if roots else set()
        )
        if len(of_roots) == 1:
            return of_roots.pop()
        return self._of_part(parts[0]) if parts else None

    def _of_part(self, name: str) -> str | None:
        """The innermost layer in a name, parts of layers of Keras' own apart."""
        found = None
        for segment in reversed(name.split("/")[:-1]):
            plain = _plain(segment) if self.is_numbered else segment
            if plain in self.known:
                found = found or plain
                if _PARTS.fullmatch(plain) is None:
                    return plain
        return found

    def _outputs(self, model: Model, source: Model) -> None:
        """The ops that write the outputs of the model, whose names the conversion replaces."""
        for tensor, layer in _ends(model, source):
            op = model.graphs[0].producer(tensor)
            while op is not None and op.kind in _CARRYING and op not in self.placed:
                self.placed[op] = layer
                data = op.input(0)
                op = model.graphs[0].producer(data) if data is not None else None
            if op is not None:
                self.placed.setdefault(op, layer)

    def _fill(self, graph: Graph) -> None:
        """What has no name that tells: as what is around it, where that agrees."""
        for _ in range(_MOST_ROUNDS):
            found: dict[Op, str] = {}
            for op in graph.ops:
                if op not in self.placed:
                    layer = self._from_around(op, graph)
                    if layer is not None:
                        found[op] = layer
            if not found:
                return
            self.placed.update(found)

    def _from_around(self, op: Op, graph: Graph) -> str | None:
        makers = [graph.producer(tensor) for tensor in op.inputs if tensor is not None and not tensor.is_constant]
        readers = [reader for tensor in op.outputs for reader in graph.consumers(tensor)]
        before = {self.placed.get(maker) for maker in makers if maker is not None}
        after = {self.placed.get(reader) for reader in readers}
        if op.kind in _CARRYING and len(before) == 1:
            return before.pop()
        if op.kind in _CARRYING and not before and len(after) == 1:
            return after.pop()
        if op.kind in _SIZES and readers and len(after) == 1:
            return after.pop()
        around = before | after
        return around.pop() if len(around) == 1 else None


def _plain(segment: str) -> str:
    """A name without the number that was appended to it."""
    plain, _, number = segment.rpartition("_")
    return plain if number.isdecimal() else ""


def _by_weights(weights: Compared) -> Mapping[Op, str]:
    """The layers of the ops whose weights are those of one."""
    found: dict[Op, str] = {}
    for each in weights.measured:
        original = each.twin.original
        if not isinstance(original, Origin) or not original.op.layer:
            continue
        site = each.twin.converted
        if len(site.graph.consumers(site.tensor)) == 1:
            found.setdefault(site.op, original.op.layer)
    return found


def _is_numbered(model: Model, known: Mapping[str, Op], weighed: Mapping[Op, str]) -> bool:
    """Whether the names of a model have a number behind each layer: what the weights say, or most of the names."""
    plain = numbered = 0
    for op, layer in weighed.items():
        segments = {segment for part in _names(op) for segment in part.split("/")}
        plain += layer in segments
        numbered += any(_plain(segment) == layer for segment in segments)
    if plain == numbered:
        for graph in model.graphs:
            for op in graph.ops:
                segments = {segment for part in _names(op) for segment in part.split("/")[:-1]}
                plain += bool(segments & known.keys())
                numbered += any(_plain(segment) in known for segment in segments)
    return numbered > plain


def _names(op: Op) -> Iterator[str]:
    for tensor in (*op.outputs, op.input(1)):
        if tensor is not None:
            yield from tensor.name.split(";")


def _ends(model: Model, source: Model) -> Iterator[tuple[Tensor, str]]:
    """The outputs of a model, each with the layer of the source that makes it."""
    mine, theirs = model.graphs[0], source.graphs[0]
    layers = [_maker(theirs, tensor) for tensor in theirs.outputs]
    if len(mine.outputs) == len(layers) == 1:
        if layers[0] is not None:
            yield mine.outputs[0], layers[0]
        return
    for signature in model.signatures:
        if signature.graph_index != 0:
            continue
        named = {key: _maker(theirs, tensor) for each in source.signatures for key, tensor in each.outputs.items()}
        for key, tensor in signature.outputs.items():
            number = key.removeprefix("output_")
            layer = named.get(key)
            if layer is None and number.isdecimal() and int(number) < len(layers) == len(signature.outputs):
                layer = layers[int(number)]
            if layer is None and key in {each for each in layers if each is not None}:
                layer = key
            if layer is not None:
                yield tensor, layer
        return


def _maker(graph: Graph, tensor: Tensor) -> str | None:
    """The layer that makes a tensor."""
    for _ in range(4):
        op = graph.producer(tensor)
        if op is None or op.layer:
            return None if op is None else op.layer
        data = op.input(0)
        if op.kind not in {"Identity", "StopGradient"} or data is None:
            return None
        tensor = data
    return None
