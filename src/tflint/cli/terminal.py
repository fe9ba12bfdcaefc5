"""What the commands share: colour, errors as one sentence, progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from tflint.errors import TflintError

__all__ = ["COLOR", "conversions", "errors_as_sentences", "progress", "use_color"]

COLOR: Callable[[Any], Any] = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours: auto means on a terminal, and heeds NO_COLOR and FORCE_COLOR.",
)

_SHOW_AFTER = 1.0
"""Work that takes fewer seconds shows no progress."""


def use_color(choice: str, stream: IO[str]) -> bool:
    """Whether to colour a stream: the flag, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Print what a user can cause as one sentence on standard error, and end with exit code 2."""
    try:
        yield
    except TflintError as error:
        click.echo(f"tflint: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("tflint: interrupted.", err=True)
        sys.exit(130)


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None] | None]:
    """Yield a function to call with each finished path; it draws a bar on standard error once work takes long.

    Yields None where standard error is no terminal.
    """
    if not sys.stderr.isatty() or total < 2:
        yield None
        return
    start, done = time.monotonic(), 0
    bar: Any = None

    def finished(path: str) -> None:
        nonlocal done, bar
        done += 1
        if bar is None and time.monotonic() - start > _SHOW_AFTER:
            bar = _bar(total)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done, description=os.path.basename(path))  # noqa: PTH119

    try:
        yield finished
    finally:
        if bar is not None:
            bar.stop()


_On = Callable[[str], None] | None


@contextmanager
def conversions(total: int) -> Iterator[tuple[_On, _On, _On]]:
    """Yield what to call with each finished path, with each path that is converted, and with what else is being done.

    On standard error a bar tells that, and since when; where it is no terminal all are None.
    """
    if not sys.stderr.isatty():
        yield None, None, None
        return
    bar = _bar(total, timed=True)
    task = bar.task_ids[0]

    def finished(path: str) -> None:
        bar.update(task, advance=1, description=os.path.basename(path))  # noqa: PTH119

    def converting(path: str) -> None:
        bar.update(task, description=f"converting {os.path.basename(path)}")  # noqa: PTH119

    def doing(words: str) -> None:
        bar.update(task, description=words)

    try:
        yield finished, converting, doing
    finally:
        bar.stop()


def _bar(total: int, *, timed: bool = False) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    more = (TimeElapsedColumn(),) if timed else ()
    bar = Progress(*columns, *more, console=Console(stderr=True), transient=True)
    bar.add_task("", total=total)
    bar.start()
    return bar
