"""`tflint inspect`: show what tflint knows of a model."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from tflint.analysis.phrases import typed
from tflint.cli.terminal import errors_as_sentences
from tflint.model import Graph, Model, Op
from tflint.reporters.text import escape

__all__ = ["command"]


@click.command("inspect")
@click.argument("paths", nargs=-1, required=True, metavar="MODEL...")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--tensors", is_flag=True, help="Show the tensors, too.")
def command(paths: tuple[str, ...], format_: str, tensors: bool) -> None:
    """Show what tflint knows of a model: its signatures, ops, sizes, multiply-accumulates."""
    from tflint.formats import read
    from tflint.inspection import inspect

    with errors_as_sentences():
        models = [read(path) for path in paths]
        if format_ == "json":
            click.echo(json.dumps(inspect(models, tensors=tensors), indent=1, allow_nan=False, default=str))
            return
        click.echo("\n\n".join("\n".join(_model(model, tensors)) for model in models))


def _model(model: Model, tensors: bool) -> Iterator[str]:
    yield f"{escape(model.path)}  {model.format.value}  {model.byte_size:,} bytes"
    conversion = model.conversion
    if conversion is not None:
        modes = ", ".join(conversion.modes) or "no optimization"
        yield f"  converted by TensorFlow {escape(conversion.tensorflow_version)} from {conversion.source}, {modes}"
    if model.min_runtime:
        yield f"  says that it needs runtime {escape(model.min_runtime)} or newer"
    for problem in model.problems:
        yield f"  problem: {escape(problem.message)}"
    for signature in model.signatures:
        names = [", ".join(map(escape, side)) or "nothing" for side in (signature.inputs, signature.outputs)]
        yield f"  signature {escape(signature.key)} (graph {signature.graph_index}): {names[0]} -> {names[1]}"
    for graph in model.graphs:
        yield from _graph(graph, tensors)


def _graph(graph: Graph, tensors: bool) -> Iterator[str]:
    from tflint.analysis.cost import macs

    costs = [macs(op) for op in graph.ops]
    known = sum(cost for cost in costs if cost is not None)
    unknown = sum(cost is None for cost in costs)
    rest = f" and {unknown} ops of unknown cost" if unknown else ""
    yield ""
    yield f"  graph {graph.index} {escape(graph.name)}: {len(graph.ops)} ops, {known:,} MACs{rest}"
    for side, found in (("input", graph.inputs), ("output", graph.outputs)):
        for tensor in found:
            yield f"    {side:6} {typed(tensor)}  {escape(tensor.name)}"
    width = max((len(op.kind) for op in graph.ops), default=0)
    for op, cost in zip(graph.ops, costs, strict=True):
        shown = "?" if cost is None else f"{cost:,}"
        yield f"    {op.index:5}  {escape(op.kind):{width}} v{op.version:<3} {shown:>13}  {_result(op)}"
    if tensors:
        for tensor in graph.tensors:
            constant = f"{len(tensor.data):,} bytes" if tensor.data is not None else ""
            yield f"    t{tensor.index:<5} {typed(tensor):32} {constant:>16}  {escape(tensor.name)}"


def _result(op: Op) -> str:
    return ", ".join(f"{typed(tensor)} {escape(tensor.name)}" for tensor in op.outputs)
