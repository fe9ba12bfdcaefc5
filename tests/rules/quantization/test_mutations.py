"""One change to the quantization of a sound model: one finding, as severe as what the runtime makes of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

import activation_mutations
import lstm_mutations
import quant_mutations
import weight_mutations
from litert_runs import Run, runs
from quant_mutations import Mutation, Outcome
from tflint import Finding, Severity
from tflint.testing import GraphBuilder, context
from tflint_rules import PACK

PARTS = (quant_mutations, activation_mutations, lstm_mutations, weight_mutations)
BASES = {name: base for part in PARTS for name, base in part.BASES.items()}
MUTATIONS = tuple(mutation for part in PARTS for mutation in part.MUTATIONS)
each_base = pytest.mark.parametrize("base", BASES)
each_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.label)
needs_litert = pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason="no ai-edge-litert")


def said(g: GraphBuilder) -> list[Finding]:
    """What all rules of the pack that need no more than the model say of it."""
    ctx = context(g)
    return [found for rule in PACK.rules if not rule.meta.needs for found in rule().check(ctx)]


def telling(found: Iterable[Finding]) -> list[Finding]:
    """The findings on quantization, and all errors."""
    return [each for each in found if each.code.startswith("TFL3") or each.severity is Severity.ERROR]


@cache
def notes(base: str) -> frozenset[str]:
    """The codes of what is said of a sound model."""
    return frozenset(each.code for each in telling(said(BASES[base]())))


@cache
def all_runs() -> dict[tuple[str, bool], Run]:
    """Every model on both interpreters, by its label and whether it ran on the built-in kernels alone."""
    models = {name: base() for name, base in BASES.items()}
    models |= {each.label: each.build(BASES[each.base]()) for each in MUTATIONS}
    cases = {(name, builtin): g.to_bytes() for name, g in models.items() for builtin in (True, False)}
    found = runs([(content, builtin) for (_, builtin), content in cases.items()])
    return dict(zip(cases, found, strict=True))


def outcome(mutation: Mutation, *, builtin: bool) -> Outcome:
    """What an interpreter makes of a mutated model."""
    sound, mutated = (all_runs()[name, builtin] for name in (mutation.base, mutation.label))
    if mutated.refusal:
        return Outcome.REFUSES
    for before, after, *steps in zip(sound.outputs, mutated.outputs, sound.steps, mutated.steps, strict=True):
        if np.abs(before - after).max() > mutation.steps * max(steps):
            return Outcome.WRONG
    return Outcome.SAME


@each_base
def test_a_sound_model_is_silent(base: str) -> None:
    """But for notes: that UINT8 is old."""
    assert [each for each in telling(said(BASES[base]())) if each.severity is not Severity.NOTE] == []


@needs_litert
@each_base
def test_a_sound_model_runs(base: str) -> None:
    for builtin in (True, False):
        run = all_runs()[base, builtin]
        assert run.refusal == ""
        assert all(output.any() for output in run.outputs)


@each_mutation
def test_a_mutated_model_is_one_finding(mutation: Mutation) -> None:
    before = notes(mutation.base)
    found = [each for each in telling(said(mutation.build(BASES[mutation.base]()))) if each.code not in before]
    assert sorted(each.code for each in found) == sorted(code for code in (mutation.code, *mutation.also) if code)
    outcomes = {mutation.builtin, mutation.xnnpack}
    for each in found:
        if each.code == mutation.code:
            assert (each.severity is Severity.ERROR) == (outcomes != {Outcome.SAME})


@needs_litert
@each_mutation
def test_the_interpreters_do_what_is_said(mutation: Mutation) -> None:
    assert outcome(mutation, builtin=True) is mutation.builtin, all_runs()[mutation.label, True]
    assert outcome(mutation, builtin=False) is mutation.xnnpack, all_runs()[mutation.label, False]
