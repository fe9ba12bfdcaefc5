"""`tflint inspect`: show what tflint knows of a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

import click

from tflint.analysis.phrases import count, cut, typed
from tflint.cli.terminal import COLOR, errors_as_sentences, use_color
from tflint.model import Format, Graph, Model, Op
from tflint.reporters.text import escape
from tflint.target import Target

__all__ = ["command"]


@click.command("inspect")
@click.argument("paths", nargs=-1, required=True, metavar="MODEL...")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--target", "names", multiple=True, metavar="TARGET", help="Show where the ops run there; repeatable.")
@click.option("--tensors", is_flag=True, help="Show the tensors, too.")
@COLOR
def command(paths: tuple[str, ...], format_: str, names: tuple[str, ...], tensors: bool, color: str) -> None:
    """Show what tflint knows of a model: its signatures, ops, sizes, where it would run."""
    from tflint.formats import read
    from tflint.inspection import inspect
    from tflint.packs import load_packs, load_target
    from tflint.reporters.json import plain

    with errors_as_sentences():
        packs = load_packs() if names else ()
        targets = [load_target(name.strip(), packs) for text in names for name in text.split(",")]
        models = [read(path) for path in paths]
        if format_ == "json":
            click.echo(json.dumps(plain(inspect(models, targets=targets, tensors=tensors)), indent=1, allow_nan=False))
            return
        colored = use_color(color, sys.stdout)
        pages = ("\n".join(_model(model, targets, tensors, colored)) for model in models)
        click.echo("\n\n".join(pages), color=colored)


def _model(model: Model, targets: Sequence[Target], tensors: bool, color: bool) -> Iterator[str]:
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
    is_source = model.format is not Format.TFLITE
    becomes: dict[Op, str] = {}
    if is_source and model.graphs:
        from tflint.forecast import forecast

        told = forecast(model)
        if told is not None:
            becomes = {each.op: each.status.value for each in told.ops}
            yield f"  the converter: {told.verdict.value}; quantized to int8: {told.int8.value}"
            yield from (f"    {escape(reason)}" for reason in told.reasons)
    refusals = {} if is_source else {target: target.refusal(model) for target in targets}
    for graph in model.graphs:
        yield from _graph(model, graph, tensors, becomes)
        yield from _placements(graph, refusals, color)


def _memory(model: Model, graph: Graph) -> Iterator[str]:
    from tflint.analysis.arena import litert_arena, peak, tflm_arena
    from tflint.analysis.phrases import named, size

    most = peak(graph) if graph.intact and model.format is Format.TFLITE else None
    if most is None:
        return
    alive = ", ".join(f"{escape(named(tensor))} {size(tensor.nbytes or 0)}" for tensor in most.alive[:3])
    yield f"    memory peaks at op {most.op.index} {escape(most.op.kind)} with {most.byte_size:,} bytes alive: {alive}"
    litert = litert_arena(model, graph)
    tflm = tflm_arena(model) if graph.index == 0 else None
    plans = [f"{litert:,} bytes in LiteRT"] if litert is not None else []
    if tflm is not None:
        plans.append(f"{tflm.least_bytes:,} in TFLite Micro ({tflm.head_bytes:,} of it for values; 64-bit host)")
    if plans:
        yield f"    arena: {', '.join(plans)}"


def _placements(graph: Graph, refusals: Mapping[Target, str], color: bool) -> Iterator[str]:
    from tflint.analysis.placement import placed
    from tflint.cli import placements

    if refusals and graph.ops:
        yield ""
        yield f"    {placements.LEGEND}"
        for target, refusal in refusals.items():
            yield from placements.lines(placed(target, graph, refusal), color=color)


def _graph(model: Model, graph: Graph, tensors: bool, becomes: Mapping[Op, str]) -> Iterator[str]:
    from tflint.analysis.cost import macs

    is_source = model.format is not Format.TFLITE
    costs = [None if is_source else macs(op) for op in graph.ops]
    known = sum(cost for cost in costs if cost is not None)
    unknown = sum(cost is None for cost in costs)
    rest = f" and {count(unknown, 'op')} of unknown cost" if unknown else ""
    work = "" if is_source else f", {known:,} MACs{rest}"
    yield ""
    yield f"  graph {graph.index} {escape(graph.name)}: {count(len(graph.ops), 'op')}{work}"
    for side, found in (("input", graph.inputs), ("output", graph.outputs)):
        for tensor in found:
            yield f"    {side:6} {typed(tensor)}  {escape(tensor.name)}"
    yield from _memory(model, graph)
    width = max((len(op.kind) for op in graph.ops), default=0)
    for op, cost in zip(graph.ops, costs, strict=True):
        shown = becomes.get(op, "") if is_source else "?" if cost is None else f"{cost:,}"
        yield f"    {op.index:5}  {escape(op.kind):{width}} v{op.version:<3} {shown:>13}  {_result(op)}"
    if tensors:
        for tensor in graph.tensors:
            constant = f"{len(tensor.data):,} bytes" if tensor.data is not None else ""
            yield f"    t{tensor.index:<5} {typed(tensor):32} {constant:>16}  {escape(tensor.name)}"


def _result(op: Op) -> str:
    return ", ".join(f"{typed(tensor)} {escape(cut(tensor.name))}" for tensor in op.outputs)
