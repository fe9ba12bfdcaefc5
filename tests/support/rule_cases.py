"""The rules of the installed packs, each with the `bad()` and `good()` models of its test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tflint.packs import all_rules, load_packs
from tflint.rule import Rule

TESTS = Path(__file__).parent.parent / "rules"
RULES = all_rules(load_packs())


@dataclass(frozen=True)
class Case:
    """A rule and the models of its test; `context` is what it needs beside the model: `CONTEXT` of the test.

    `good_context` is what it needs beside the good one, where that differs: `GOOD_CONTEXT`.
    """

    rule: type[Rule]
    bad: Callable[[], Any]
    good: Callable[[], Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    good_context: Mapping[str, Any] = field(default_factory=dict)


def file_of_test(rule: type[Rule]) -> Path:
    """Where the test of a rule stands: it mirrors the rule's own file."""
    *_, family, module = rule.__module__.split(".")
    return TESTS / family / f"test_{module}.py"


def case(rule: type[Rule]) -> Case:
    """The case of a rule, from its test file."""
    path = file_of_test(rule)
    name = f"case_{path.stem}"
    if name in sys.modules:
        return _case(rule, sys.modules[name])
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None, f"{path} is missing"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return _case(rule, module)


def _case(rule: type[Rule], module: ModuleType) -> Case:
    needed = getattr(module, "CONTEXT", {})
    return Case(rule, module.bad, module.good, needed, getattr(module, "GOOD_CONTEXT", needed))
