"""`tflint targets`: list the deployment targets, or show one's table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from tflint.cli.terminal import errors_as_sentences
from tflint.target import Condition, Support, Target

__all__ = ["command", "first_line"]


@click.command("targets")
@click.argument("names", nargs=-1, metavar="[TARGET]...")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(names: tuple[str, ...], format_: str) -> None:
    """List the deployment targets with the source of their facts; with TARGET, show the ops that it takes.

    `converter` as the TARGET shows what TensorFlow's converter does with each op of a graph.
    """
    from tflint.packs import load_packs, load_target, target_names

    if names == ("converter",):
        from tflint.cli import converter

        click.echo(json.dumps(converter.document(), indent=1) if format_ == "json" else "\n".join(converter.page()))
        return
    with errors_as_sentences():
        packs = load_packs()
        found = [load_target(name, packs) for name in names or target_names(packs)]
        if format_ == "json":
            click.echo(
                json.dumps({"schema": "tflint-targets/1", "targets": [_document(each) for each in found]}, indent=1)
            )
            return
        for target in found:
            click.echo("\n".join(_page(target) if names else _entry(target)))


def _entry(target: Target) -> Iterator[str]:
    import textwrap

    yield f"{target.name}  {target.summary}"
    if target.deprecated:
        yield f"    deprecated: {target.deprecated}"
    yield f"    {len(target.ops)} ops; {target.kind.value}; as of {target.source.date}"
    yield from textwrap.wrap(f"source: {target.source.text}", 100, initial_indent="    ", subsequent_indent="      ")
    yield from textwrap.wrap(
        f"checked: {target.source.coverage}", 100, initial_indent="    ", subsequent_indent="      "
    )
    yield ""


def _page(target: Target) -> Iterator[str]:
    yield from _entry(target)
    yield from (f"    every op: {each}" for each in _words((*target.types, *target.conditions)))
    width = max((len(kind) for kind in target.ops), default=0)
    for kind, support in sorted(target.ops.items()):
        versions = "" if support.versions is None else f"v{support.versions[0]}-{support.versions[1]}"
        first, *more = [*_all_words(support), ""]
        yield f"    {kind:{width}}  {versions:6}  {first}".rstrip()
        yield from (f"    {'':{width}}          {each}" for each in more if each)


def _all_words(support: Support) -> list[str]:
    """What a target asks of an op, a line each."""
    decided = [support.decided_elsewhere] if support.decided_elsewhere else []
    return [*_words((*support.types, *support.conditions)), *decided]


def _words(conditions: Iterable[Condition]) -> list[str]:
    """The first line of each condition's docstring; of one without, its name, or that of the function it is made by."""
    return [first_line(each) for each in conditions]


def first_line(condition: Callable[..., Any]) -> str:
    """A condition in words: the first line of its docstring, else its name."""
    name = getattr(condition, "__qualname__", "").partition(".<locals>")[0]
    text = condition.__doc__ or name.strip("_").replace("_", " ")
    return text.strip().partition("\n")[0]


def _document(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "summary": target.summary,
        "kind": target.kind.value,
        "deprecated": target.deprecated or None,
        "source": {"text": target.source.text, "date": target.source.date, "coverage": target.source.coverage},
        "ops": {
            kind: {
                "versions": None if support.versions is None else list(support.versions),
                "conditions": _words((*support.types, *support.conditions)),
                "decided_elsewhere": support.decided_elsewhere or None,
            }
            for kind, support in sorted(target.ops.items())
        },
    }
