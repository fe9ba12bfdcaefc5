"""What the options of several commands mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tflint.errors import ConfigError

if TYPE_CHECKING:
    from tflint.config import Config

__all__ = ["configuration", "named_output", "split", "version"]


def configuration(path: Path | None, isolated: bool) -> Config:
    """The configuration that is named, or the nearest one.

    Raises:
        ConfigError: it cannot be read, or the options contradict one another.
    """
    from tflint.config import Config, find_config, load_config

    if isolated and path is not None:
        raise ConfigError("--isolated and --config contradict one another.")
    found = path if path is not None or isolated else find_config(Path.cwd())
    return load_config(found) if found is not None else Config(root=Path.cwd())


def split(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Selectors, given one by one or with commas."""
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())


def version(text: str | None) -> str | None:
    """The version that --runtime gives. Raises ConfigError where it is none."""
    if text is not None and not all(part.isdecimal() for part in text.split(".")):
        raise ConfigError(f"--runtime is '{text}'; it takes a version like 2.14.")
    return text


def named_output(text: str, formats: Sequence[str]) -> tuple[str, Path]:
    """The format and the file that --output names. Raises ConfigError where it names none."""
    name, colon, path = text.partition(":")
    if not colon or not path or name not in formats:
        raise ConfigError(f"--output is '{text}'; it takes FORMAT:PATH with a format of {', '.join(formats)}.")
    return name, Path(path)
