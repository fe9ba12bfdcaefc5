"""How the source of a model is run: which of its graphs, on which runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tflint.compare import engines
from tflint.compare.alignment import Node, node_names
from tflint.compare.feeds import decoded
from tflint.compare.matching import Matched, signature_of
from tflint.compare.runs import Ran, Wanted
from tflint.convert.run import is_of_keras_2
from tflint.model import Format, Graph, Model, Tensor

__all__ = ["nodes", "reordered", "source_graph", "unmatched", "wanted"]


def source_graph(source: Model, model: Model) -> Graph | None:
    """The graph that a model was made from: that of the signature with the same key, else the first; None for none."""
    if source.format is Format.SAVED_MODEL:
        if not Path(source.path).is_dir():
            return None
        keys = [each.key for each in model.signatures]
        chosen = sorted(source.signatures, key=lambda each: each.key not in keys)[:1]
        graphs = [graph for graph in source.graphs for each in chosen if graph.index == each.graph_index]
    else:
        graphs = list(source.graphs[:1])
    return graphs[0] if graphs and graphs[0].intact and graphs[0].outputs else None


def wanted(
    source: Model, graph: Graph, model: Model, feeds: Sequence[int], inside: Sequence[int], *, allow_code: bool
) -> tuple[str, Wanted]:
    """The runtime that runs a source, and what it is asked for."""
    path = str(Path(source.path).resolve())
    more: dict[str, Any]
    if source.format is Format.TFLITE:
        how = {"watch": engines.readable(graph)} if inside else {"kernels": "xnnpack"}
        return "litert", Wanted("source", path, feeds, inside, how)
    if source.format is Format.SAVED_MODEL:
        signature = signature_of(source, graph)
        more = {
            "signature": "" if signature is None else signature.key,
            "inputs": _aliases(graph.inputs, {} if signature is None else signature.inputs),
            "outputs": _aliases(graph.outputs, {} if signature is None else signature.outputs),
            "nodes": list(node_names(model)),
        }
        return "tensorflow", Wanted("source", path, feeds, inside, more)
    more = {"is_legacy": is_of_keras_2(source), "allow_code": allow_code}
    return "keras", Wanted("source", path, feeds, inside, more)


def reordered(values: Sequence[Any], inputs: Matched) -> list[Any]:
    """The values of a model's inputs in the order of its source."""
    order = {number: place for place, number in enumerate(inputs.places) if number is not None}
    return [values[order[number]] for number in range(len(values))]


def nodes(source: Model, chosen: Graph, ran: Ran, feed: int) -> list[Node]:
    """The real values inside a source, in the order they were computed."""
    if source.format is not Format.TFLITE:
        return [Node(name, value) for name, value in ran.nodes(feed) if value.dtype.kind == "f"]
    inner = ran.tensors(feed)
    ordered = [tensor for op in chosen.ops for tensor in op.outputs if tensor.index in inner]
    found = [Node(each.name, decoded([inner[each.index]], [each])[0]) for each in ordered]
    return [each for each in found if each.value.dtype.kind == "f"]


def unmatched(graph: Graph, source: Graph) -> str:
    """Why inputs could not be matched, as a sentence."""
    mine, theirs = (", ".join(_shape(each) for each in one.inputs) or "none" for one in (graph, source))
    return f"The model takes inputs of the shapes {mine} and its source {theirs}: they are not the same."


def _aliases(tensors: Sequence[Tensor], table: Mapping[str, Tensor]) -> list[str]:
    names = {tensor: name for name, tensor in table.items()}
    return [names.get(tensor, tensor.name) for tensor in tensors]


def _shape(tensor: Tensor) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in tensor.shape) + "]"
