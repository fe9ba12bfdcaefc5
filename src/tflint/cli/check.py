"""`tflint check`: read models, run the rules, report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tflint.cli.options import configuration, named_output, split, version
from tflint.cli.running import RUNNING, Running
from tflint.cli.terminal import COLOR, conversions, errors_as_sentences, progress, use_color
from tflint.errors import ConfigError
from tflint.finding import Severity
from tflint.reporters import FORMATS, Style, render

if TYPE_CHECKING:
    from tflint.config import Config
    from tflint.report import Report

__all__ = ["command"]

_LABELS = [each.label for each in reversed(Severity)]


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--select", multiple=True, metavar="RULES", help="Only these rules: codes, their beginnings, or names.")
@click.option("--ignore", multiple=True, metavar="RULES", help="All but these rules.")
@click.option("--target", multiple=True, metavar="TARGET", help="Check against a deployment target; repeatable.")
@click.option("--runtime", metavar="VERSION", help="The oldest TFLite or LiteRT runtime that has to load the models.")
@click.option("--source", type=click.Path(path_type=Path), help="What the models were converted from.")
@click.option("--previous", type=click.Path(path_type=Path), help="The build that the model takes the place of.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Use this configuration file.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="The report.")
@click.option("--output", multiple=True, metavar="FORMAT:PATH", help="Write a report to a file as well; repeatable.")
@click.option("--fail-on", type=click.Choice(_LABELS), help="Exit with 1 from this severity on.  [default: error]")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even where there are findings.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them.")
@click.option("--jobs", "-j", type=click.IntRange(0), default=0, help="Processes to use.  [default: as the work needs]")
@click.option("--force-exclude", is_flag=True, help="Heed `exclude` for files that are named, too (for hooks).")
@click.option("--baseline", type=click.Path(path_type=Path), help="Leave out the findings that this file accepts.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Accept all findings of this run in this file.")
@click.option(
    "--allow-packs", is_flag=True, help="Import the packs that the configuration names: this runs their code."
)
@RUNNING
@COLOR
def command(
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    target: tuple[str, ...],
    runtime: str | None,
    source: Path | None,
    previous: Path | None,
    config_path: Path | None,
    isolated: bool,
    format_: str,
    output: tuple[str, ...],
    fail_on: str | None,
    exit_zero: bool,
    statistics: bool,
    jobs: int,
    force_exclude: bool,
    baseline: Path | None,
    write_baseline: Path | None,
    allow_packs: bool,
    color: str,
    **running: Any,
) -> None:
    """Check models and report what is wrong with them.

    PATH is a model file, a folder (all models in it are checked), or a pattern like "models/**/*.tflite".

    With --convert, each Keras model and SavedModel is converted by TensorFlow's own converter, in a process of its own,
    to what [tool.tflint.expect] says (precision, io, ops), else to float with builtin ops. What fails is a finding;
    what comes out is checked as well.

    With --diff, each .tflite is run on LiteRT, beside its source where it has one (--source, the configuration, the
    same folder, or --convert), on the inputs of --inputs or on made-up ones; where they differ, the op that broke it
    is looked for. What runs, runs in processes of its own, held to a share of time and memory. A model that is damaged
    or brings code is neither converted nor run.
    """
    with errors_as_sentences():
        config = configuration(config_path, isolated)
        config = replace(
            config,
            select=split(select) or config.select,
            ignore=config.ignore + split(ignore),
            targets=split(target) or config.targets,
            models=tuple(replace(pair, targets=None) for pair in config.models) if target else config.models,
            runtime=version(runtime) or config.runtime,
            fail_on=Severity.from_label(fail_on) if fail_on else config.fail_on,
        )
        outputs = [named_output(text, FORMATS) for text in output]
        formats = [format_, *(name for name, _ in outputs)]
        how = Running(**running)
        report = _run(paths, config, source, previous, formats, jobs, force_exclude, baseline, allow_packs, how)
        if report is None:
            click.echo("tflint: the configuration excludes everything that was named.", err=True)
            return
        if write_baseline is not None:
            _accept(write_baseline, report)
            sys.exit(2 if report.crashes else 0)
        _write(report, format_, outputs, statistics, color)
        sys.exit(_exit_code(report, config.fail_on, exit_zero))


def _run(
    paths: tuple[str, ...],
    config: Config,
    source: Path | None,
    previous: Path | None,
    formats: list[str],
    jobs: int,
    force_exclude: bool,
    baseline: Path | None,
    allow_packs: bool,
    running: Running,
) -> Report | None:
    """The report; None where the configuration excludes everything."""
    from tflint.baseline import read_baseline
    from tflint.config import active_rules
    from tflint.engine import Settings, check, expand
    from tflint.packs import all_rules, find_target, load_packs

    if config.packs and not allow_packs:
        raise ConfigError(
            f"'{config.path}' names the packs {', '.join(config.packs)}; loading one runs its code. "
            f"Pass --allow-packs if you trust it."
        )
    for option, named in (("--source", source), ("--previous", previous)):
        if named is not None and not named.exists():
            raise ConfigError(f"There is no file or folder '{named}', which {option} names.")
    with _importable(config):  # worker processes inherit the path, and import the packs again
        packs = load_packs(config.packs)
        rules = active_rules(config, all_rules(packs))
        every_target = [config.targets, *(pair.targets or () for pair in config.models)]
        targets = {name: find_target(name, packs) for names in every_target for name in names}
        if not rules:
            raise ConfigError("No rule is on: select and ignore leave none.")
        models, excluded = expand(paths, config, force_exclude=force_exclude)
        if not models:
            if excluded:
                return None
            raise ConfigError(f"There is no model to check in {', '.join(repr(path) for path in paths)}.")
        known = config.root / config.baseline if config.baseline else None
        file = baseline or known
        every = all_rules(packs)
        convert = running.conversions(every)
        settings = Settings(
            rules,
            config,
            accepted=read_baseline(file) if file is not None else {},
            digests=any(name != "text" for name in formats),
            targets=targets,
            source=None if source is None else str(source),
            previous=None if previous is None else str(previous),
            convert=convert,
        )
        if running.is_on:
            with conversions(len(models)) as (on_model, on_conversion, on_stage):
                session = running.session(models, every, on_stage)
                settings = replace(settings, comparing=session)
                report = check(models, settings, jobs=jobs or 1, on_model=on_model, on_conversion=on_conversion)
            running.save(session)
            return report if convert is None else _with_sources(report, paths)
        with progress(len(models)) as on_model:
            return check(models, settings, jobs=jobs, on_model=on_model)


def _with_sources(report: Report, paths: tuple[str, ...]) -> Report:
    """The report, once there is something in it that could be converted."""
    from tflint.convert import SOURCES
    from tflint.model import Format

    if not any(model.format in SOURCES or model.format is Format.UNKNOWN for model in report.models):
        named = ", ".join(repr(path) for path in paths)
        raise ConfigError(f"There is no Keras model and no SavedModel to convert in {named}.")
    return report


@contextmanager
def _importable(config: Config) -> Iterator[None]:
    """Let packs that the configuration names be imported from its folder."""
    if not config.packs:
        yield
        return
    sys.path.insert(0, str(config.root))
    try:
        yield
    finally:
        sys.path.remove(str(config.root))


def _accept(path: Path, report: Report) -> None:
    from tflint.baseline import write_baseline

    count = write_baseline(path, report.findings)
    click.echo(f"{count} finding{'' if count == 1 else 's'} accepted in {path}.", err=True)


def _write(report: Report, format_: str, outputs: list[tuple[str, Path]], statistics: bool, color: str) -> None:
    for name, path in outputs:
        try:
            path.write_text(render(name, report), encoding="utf-8")
        except OSError as reason:
            raise ConfigError(f"The report '{path}' cannot be written: {reason.strerror}.") from reason
    colored = format_ == "text" and use_color(color, sys.stdout)
    text = render(format_, report, Style(colored, statistics))
    click.echo(text.rstrip("\n"), color=colored)


def _exit_code(report: Report, fail_on: Severity, exit_zero: bool) -> int:
    if report.crashes:
        return 2
    found = any(finding.severity >= fail_on for finding in report.findings)
    return int(found and not exit_zero)
