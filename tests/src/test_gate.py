"""What is not given to TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stacks import layer, stack
from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.gate import refusal

KERAS = frozenset({Format.KERAS})


@dataclass(frozen=True)
class Damaged(Rule):
    """Reports an error."""

    meta: ClassVar[RuleMeta] = RuleMeta("TFL199", "damaged", Severity.ERROR, formats=KERAS)

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It is damaged.")


@dataclass(frozen=True)
class Dangerous(Rule):
    """Reports a warning and an error."""

    meta: ClassVar[RuleMeta] = RuleMeta("TFL899", "dangerous", Severity.WARNING, formats=KERAS)

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It might be dangerous.")
        if ctx.runtime is not None:
            yield self.finding(ctx.model, "It is.", severity=Severity.ERROR)


@dataclass(frozen=True)
class Broken(Rule):
    """Fails."""

    meta: ClassVar[RuleMeta] = RuleMeta("TFL898", "broken", Severity.ERROR, formats=KERAS)

    def check(self, ctx: Context) -> Iterator[Finding]:
        raise ValueError
        yield


PLAIN = Context(stack(layer("Dense", "dense")))


def test_a_sound_model_passes() -> None:
    assert refusal(PLAIN, [], allow_code=False) == ""
    assert refusal(PLAIN, [Dangerous()], allow_code=False) == ""


def test_damage_is_refused_even_where_code_is_allowed() -> None:
    for allow_code in (False, True):
        assert refusal(PLAIN, [Damaged()], allow_code=allow_code) == "TFL199 damaged reports an error in it"


def test_errors_of_security_are_refused_unless_code_is_allowed() -> None:
    ctx = Context(PLAIN.model, runtime="2.14")
    assert refusal(ctx, [Dangerous()], allow_code=False).startswith(
        "TFL899 dangerous reports an error in it, and loading"
    )
    assert refusal(ctx, [Dangerous()], allow_code=True) == ""


def test_what_cannot_be_judged_is_refused() -> None:
    assert refusal(PLAIN, [Broken()], allow_code=False) == "TFL898 could not judge it (ValueError)"


def test_rules_for_other_formats_do_not_count() -> None:
    assert refusal(Context(stack(format=Format.KERAS_H5)), [Damaged()], allow_code=False) == ""


def test_code_that_no_rule_calls_an_error_is_refused_too() -> None:
    tfsm = Context(stack(layer("TFSMLayer", "inner", filepath="/share/model")))
    assert refusal(tfsm, [], allow_code=False).startswith("it loads other code, in a TFSMLayer, and loading it may run")
    assert refusal(tfsm, [], allow_code=True) == ""
    function = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
    system = Context(stack(layer("Lambda", "a", function=function)))
    assert "os.system" in refusal(system, [], allow_code=False)


def test_what_it_would_do_then_is_said_in_its_own_words() -> None:
    ctx = Context(PLAIN.model, runtime="2.14")
    for verb in ("runs", "converts"):
        text = refusal(ctx, [Dangerous()], allow_code=False, verb=verb)
        assert text.endswith(f"and loading it may run code; --allow-code {verb} it nevertheless")
        tfsm = Context(stack(layer("TFSMLayer", "inner", filepath="/share/model")))
        assert refusal(tfsm, [], allow_code=False, verb=verb).endswith(f"--allow-code {verb} it nevertheless")
    assert refusal(PLAIN, [Damaged()], allow_code=False, verb="runs") == "TFL199 damaged reports an error in it"
