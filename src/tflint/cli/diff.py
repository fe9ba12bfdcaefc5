"""`tflint diff`: compare two builds of a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tflint.changes import Grade
from tflint.cli.options import configuration, named_output, split, version
from tflint.cli.running import NUMBERS, Numbers
from tflint.cli.terminal import COLOR, errors_as_sentences, use_color
from tflint.errors import ConfigError
from tflint.reporters import Style
from tflint.reporters.difference import FORMATS, render

if TYPE_CHECKING:
    from tflint.changes import Difference
    from tflint.target import Target

__all__ = ["command"]

_NEVER = "never"
_FAIL_ON = (*(grade.label for grade in reversed(Grade)), _NEVER)


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--target", multiple=True, metavar="TARGET", help="Compare where the ops run there; repeatable.")
@click.option("--runtime", metavar="VERSION", help="The oldest TFLite or LiteRT runtime that has to load the model.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Use this configuration file.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="The report.")
@click.option("--output", multiple=True, metavar="FORMAT:PATH", help="Write a report to a file as well; repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice(_FAIL_ON),
    default=Grade.BREAKING.label,
    show_default=True,
    help="Exit with 1 from this grade on.",
)
@NUMBERS
@COLOR
def command(
    old: str,
    new: str,
    target: tuple[str, ...],
    runtime: str | None,
    config_path: Path | None,
    isolated: bool,
    format_: str,
    output: tuple[str, ...],
    fail_on: str,
    color: str,
    **numbers: Any,
) -> None:
    r"""Compare two builds of a model: what changed, and what that breaks.

    OLD is the build that is in use, NEW the one that takes its place: two .tflite files, or two sources (Keras models,
    SavedModels). Ops are compared by what they do and hold; names of tensors and their order in the file do not matter.
    Nothing is run unless --run asks for it; then two .tflite files are run on the same inputs, and what they give is
    compared.

    \b
    breaking  a program that runs OLD fails with NEW, or misreads its results
    minor     the model is built otherwise inside: ops, types, sizes, placement
    weights   the same model with other numbers

    Of the configuration, targets and runtime count. Exit codes: 0 nothing at or above --fail-on; 1 changes;
    2 tflint could not do its job.
    """
    with errors_as_sentences():
        outputs = [named_output(text, FORMATS) for text in output]
        config = configuration(config_path, isolated)
        targets = _targets(split(target) or config.targets)
        found = Numbers(**numbers).added(_difference(old, new, targets, version(runtime) or config.runtime))
        for name, path in outputs:
            _write(path, render(name, found))
        colored = format_ == "text" and use_color(color, sys.stdout)
        click.echo(render(format_, found, Style(colored)).rstrip("\n"), color=colored)
        sys.exit(_exit_code(found, fail_on))


def _targets(names: tuple[str, ...]) -> list[Target]:
    from tflint.packs import load_packs, load_target

    packs = load_packs() if names else ()
    return [load_target(name, packs) for name in names]


def _difference(old: str, new: str, targets: list[Target], runtime: str | None) -> Difference:
    from tflint.collector import without_collector
    from tflint.difference import diff
    from tflint.formats import read

    with without_collector():
        return diff(read(old), read(new), targets=targets, runtime=runtime)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as reason:
        raise ConfigError(f"The report '{path}' cannot be written: {reason.strerror}.") from reason


def _exit_code(found: Difference, fail_on: str) -> int:
    if fail_on == _NEVER or found.verdict is None:
        return 0
    return int(found.verdict >= Grade.from_label(fail_on))
