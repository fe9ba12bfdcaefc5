"""Packs: where they come from, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, ClassVar

import pytest

from tflint import Context, Finding, Pack, PackError, Rule, RuleMeta, Severity
from tflint import packs as module


@dataclass(frozen=True)
class Mine(Rule):
    meta: ClassVar[RuleMeta] = RuleMeta("MINE1", "my-fault", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It is.")


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: Any = ModuleType("my_lint")
    made.PACK = Pack("MINE", (Mine,))
    made.TWICE = Pack("MI", (Mine,))
    made.WRONG = Pack("OTHER", (Mine,))
    made.NONE = 3
    monkeypatch.setitem(sys.modules, "my_lint", made)
    return made


def test_the_built_in_rules_are_a_pack_that_is_installed_like_any_other() -> None:
    [pack] = module.load_packs()
    assert pack.prefix == "TFL"
    assert "TFL116" in [rule.meta.code for rule in module.all_rules([pack])]


@pytest.mark.usefixtures("lint")
def test_a_named_pack_comes_beside_the_installed_ones_once() -> None:
    found = module.load_packs(["my_lint:PACK", "my_lint:PACK"])
    assert [pack.prefix for pack in found] == ["TFL", "MINE"]


@pytest.mark.usefixtures("lint")
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("my_lint", "module:attribute"),
        ("my_lint:GONE", "cannot be loaded: AttributeError"),
        ("no_such_module:PACK", "cannot be loaded: ModuleNotFoundError"),
        ("my_lint:NONE", "is a int, not a tflint.Pack"),
        ("my_lint:WRONG", "MINE1 of the pack 'my_lint:WRONG' does not begin with 'OTHER'"),
    ],
)
def test_what_is_no_pack_is_refused(name: str, part: str) -> None:
    with pytest.raises(PackError) as caught:
        module.load_packs([name])
    assert part in str(caught.value)


@pytest.mark.usefixtures("lint")
def test_two_rules_with_one_code_are_refused() -> None:
    with pytest.raises(PackError, match="2 rules of the loaded packs are called 'MINE1'"):
        module.load_packs(["my_lint:PACK", "my_lint:TWICE"])


@pytest.mark.parametrize(("value", "part"), [("my_lint:NONE", "is a int"), ("gone_module:PACK", "cannot be loaded")])
@pytest.mark.usefixtures("lint")
def test_an_installed_pack_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, value: str, part: str) -> None:
    entry = EntryPoint("broken", value, module.GROUP)
    monkeypatch.setattr(module, "entry_points", lambda group: [entry])
    with pytest.raises(PackError) as caught:
        module.load_packs()
    assert part in str(caught.value)
    assert value in str(caught.value)
