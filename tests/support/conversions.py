"""Sources to be converted by what stands in for TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_files import keras_file, small
from tflint import Context, Rule
from tflint.config import Config
from tflint.convert import GUARDS, Conversions
from tflint.engine import Settings, check
from tflint.formats import read
from tflint.packs import all_rules, load_packs
from tflint.report import Report

FAKE = str(Path(__file__).with_name("fake_converter.py"))
RULES = all_rules(load_packs())
ALL = tuple(rule() for rule in RULES)


def conversions(**more: Any) -> Conversions:
    """Conversions by the fake, with the rules that guard them."""
    guards = tuple(rule for rule in ALL if rule.meta.code.startswith(GUARDS))
    return Conversions(**{"guards": guards, "program": FAKE, "seconds": 60.0, **more})


def source(folder: Path, name: str, config: Any = None, **more: Any) -> str:
    """A Keras file whose name says what the fake does with it."""
    path = folder / f"{name}.keras"
    path.write_bytes(keras_file(config or small(), **more))
    return str(path)


def context(path: str, **more: Any) -> Context:
    return Context(read(path), **more)


def checked(path: str, config: Config | None = None, rules: tuple[Rule, ...] = ALL, **more: Any) -> Report:
    """The report of the rules on a source and what is made of it."""
    settings = Settings(rules, config or Config(root=Path(path).parent), convert=conversions(**more))
    return check([path], settings, jobs=1)
