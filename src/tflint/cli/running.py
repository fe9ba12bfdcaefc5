"""The options of `tflint check` that run something: TensorFlow's converter, and models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tflint.errors import ConfigError

if TYPE_CHECKING:
    from tflint.changes import Difference
    from tflint.compare import Session
    from tflint.convert import Conversions
    from tflint.rule import Rule

__all__ = ["NUMBERS", "RUNNING", "Numbers", "Running"]

_F = TypeVar("_F", bound=Callable[..., Any])
_GIB = 1 << 30
_POSITIVE = click.FloatRange(0, min_open=True)
_PATH = click.Path(path_type=Path)
_ALLOW = click.option(
    "--allow-code", is_flag=True, help="Convert or run models even where that runs code that they bring."
)
_RUN = (
    click.option("--inputs", type=_PATH, help="What to run models on: a .npz or .npy file, or a folder of .npy files."),
    click.option(
        "--budget",
        type=_POSITIVE,
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="The time that running may take in all.",
    ),
    click.option(
        "--diff-memory",
        type=_POSITIVE,
        default=8.0,
        show_default=True,
        metavar="GIB",
        help="The memory that running a model may take.",
    ),
)
_OPTIONS = (
    click.option(
        "--convert", is_flag=True, help="Convert sources with TensorFlow, which takes a while; check the results."
    ),
    click.option(
        "--convert-timeout",
        type=_POSITIVE,
        default=600.0,
        show_default=True,
        metavar="SECONDS",
        help="The time that a conversion may take.",
    ),
    click.option(
        "--convert-memory",
        type=_POSITIVE,
        default=8.0,
        show_default=True,
        metavar="GIB",
        help="The memory that a conversion may take.",
    ),
    click.option("--keep-converted", type=_PATH, metavar="DIR", help="Write the converted models there."),
    click.option("--diff", is_flag=True, help="Run the models, beside their sources, and compare what they give."),
    *_RUN,
    click.option("--save-run", type=_PATH, metavar="FILE", help="Keep what --diff measured, as .npz."),
    click.option("--from-run", type=_PATH, metavar="FILE", help="Judge what --save-run kept again, and run nothing."),
    _ALLOW,
)


def RUNNING(function: _F) -> _F:  # noqa: N802 - a decorator as those of click
    """The options of `tflint check`."""
    for each in reversed(_OPTIONS):
        function = each(function)
    return function


def NUMBERS(function: _F) -> _F:  # noqa: N802 - a decorator as those of click
    """The options of `tflint diff`."""
    run = click.option("--run", is_flag=True, help="Run both on the same inputs, and compare what they give.")
    for each in reversed((run, *_RUN, _ALLOW)):
        function = each(function)
    return function


@dataclass(frozen=True)
class Running:
    """What they were set to.

    Raises:
        ConfigError: they contradict one another, or what they need is not installed.
    """

    convert: bool
    convert_timeout: float
    convert_memory: float
    keep_converted: Path | None
    diff: bool
    inputs: Path | None
    budget: float
    diff_memory: float
    save_run: Path | None
    from_run: Path | None
    allow_code: bool

    def __post_init__(self) -> None:
        needed = (
            ("--keep-converted", self.keep_converted is not None, "--convert", self.convert),
            ("--inputs", self.inputs is not None, "--diff", self.diff),
            ("--save-run", self.save_run is not None, "--diff", self.diff),
            ("--allow-code", self.allow_code, "--convert or --diff", self.convert or self.diff),
        )
        for option, is_given, wanted, is_there in needed:
            if is_given and not is_there:
                raise ConfigError(f"{option} says how that is done; it goes with {wanted}.")
        if self.save_run is not None and not self.save_run.absolute().parent.is_dir():
            raise ConfigError(f"There is no folder for '{self.save_run}', which --save-run names.")
        if self.from_run is not None and self.diff:
            raise ConfigError("--from-run judges a run that was saved, and --diff runs anew; give one of them.")
        if self.convert:
            from tflint.convert import is_installed

            if not is_installed():
                raise ConfigError(
                    "--convert runs TensorFlow's converter, and TensorFlow is not installed; "
                    "pip install 'tflint[tensorflow]' adds it."
                )
        if self.diff:
            _check(self.inputs, "--diff")

    @property
    def is_on(self) -> bool:
        """Whether anything is converted, run, or judged again."""
        return self.convert or self.diff or self.from_run is not None

    def conversions(self, rules: tuple[type[Rule], ...]) -> Conversions | None:
        """How to convert; None where that is not asked for."""
        if not self.convert:
            return None
        from tflint.convert import Conversions

        return Conversions(
            guards=_guards(rules),
            seconds=self.convert_timeout,
            memory=int(self.convert_memory * _GIB),
            allow_code=self.allow_code,
            keep=None if self.keep_converted is None else str(self.keep_converted),
        )

    def session(
        self, models: Sequence[str], rules: tuple[type[Rule], ...], on_stage: Callable[[str], None] | None
    ) -> Session | None:
        """How to run models; None where that is not asked for.

        Raises:
            RunError: the run that was saved cannot be read.
        """
        if not self.diff and self.from_run is None:
            return None
        from tflint.compare import Session, Settings

        settings = Settings(
            guards=_guards(rules),
            memory=int(self.diff_memory * _GIB),
            allow_code=self.allow_code,
            inputs=None if self.inputs is None else str(self.inputs),
            on_stage=on_stage,
        )
        if self.from_run is None:
            return Session(settings, self.budget, len(models))
        from tflint.compare.record import read_run

        return Session(settings, self.budget, len(models), read_run(self.from_run), is_replay=True)

    def save(self, session: Session | None) -> None:
        """Keep what was measured, where that is asked for.

        Raises:
            RunError: the file cannot be written.
        """
        if self.save_run is not None and session is not None:
            from tflint.compare.record import write_run

            write_run(self.save_run, session)


@dataclass(frozen=True)
class Numbers:
    """What the options of `tflint diff` were set to.

    Raises:
        ConfigError: they contradict one another, or LiteRT is not installed.
    """

    run: bool
    inputs: Path | None
    budget: float
    diff_memory: float
    allow_code: bool

    def __post_init__(self) -> None:
        for option, is_given in (("--inputs", self.inputs is not None), ("--allow-code", self.allow_code)):
            if is_given and not self.run:
                raise ConfigError(f"{option} says how to run models; it goes with --run.")
        if self.run:
            _check(self.inputs, "--run")

    def added(self, found: Difference) -> Difference:
        """The difference with what running both builds gives, where that is asked for.

        Raises:
            RunError: the inputs cannot be read, or no process can be started.
        """
        if not self.run:
            return found
        from tflint.compare import Session, Settings
        from tflint.compare.builds import with_numbers
        from tflint.packs import all_rules, load_packs

        settings = Settings(
            guards=_guards(all_rules(load_packs())),
            memory=int(self.diff_memory * _GIB),
            allow_code=self.allow_code,
            inputs=None if self.inputs is None else str(self.inputs),
            looks_inside=False,
        )
        return with_numbers(found, Session(settings, self.budget, 1))


def _check(inputs: Path | None, option: str) -> None:
    """Raise ConfigError where models cannot be run, or there are no such inputs."""
    if find_spec("ai_edge_litert") is None:
        raise ConfigError(
            f"{option} runs models on LiteRT, and LiteRT is not installed; pip install 'tflint[run]' adds it."
        )
    if inputs is not None and not inputs.exists():
        raise ConfigError(f"There is no file or folder '{inputs}', which --inputs names.")


def _guards(rules: tuple[type[Rule], ...]) -> tuple[Rule, ...]:
    """The rules that may forbid it: as they are, whatever a configuration says of them."""
    from tflint.gate import GUARDS

    return tuple(rule() for rule in rules if rule.meta.code.startswith(GUARDS))
