"""The engine: reading, running rules, isolating what fails, and collecting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest

from deadly import Deadly
from models import healthy, lost_weights
from tflint import Context, Finding, Format, ReadError, Rule, RuleMeta, Severity
from tflint import engine as module
from tflint.config import Config, Pair, Suppression, load_config
from tflint.engine import Settings, check, expand
from tflint.expectations import Expectations
from tflint.rule import Need
from tflint.testing import GraphBuilder


@dataclass(frozen=True)
class Every(Rule):
    """Reports each op."""

    meta: ClassVar[RuleMeta] = RuleMeta("EVE001", "every-op", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            for op in reversed(graph.ops):
                yield self.finding(op, f"{op.kind} is here.")


@dataclass(frozen=True)
class Failing(Rule):
    """Reports one thing, and fails."""

    meta: ClassVar[RuleMeta] = RuleMeta("EVE002", "failing", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It began.")
        raise ZeroDivisionError("by design")


@dataclass(frozen=True)
class Needing(Rule):
    """Wants a runtime version and a claim."""

    meta: ClassVar[RuleMeta] = RuleMeta(
        "EVE003", "needing", Severity.NOTE, needs=frozenset({Need.RUNTIME, Need.EXPECT})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, f"It wants {ctx.runtime}.")


@dataclass(frozen=True)
class Sourced(Rule):
    meta: ClassVar[RuleMeta] = RuleMeta("EVE004", "sourced", Severity.NOTE, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        assert ctx.source is not None
        yield self.finding(ctx.model, f"It comes from {ctx.source.path}.")


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    return [str(healthy().save(tmp_path / "a.tflite")), str(lost_weights().save(tmp_path / "b.tflite"))]


def test_findings_stand_by_model_the_worst_first_then_by_place(models: list[str]) -> None:
    report = check(models, Settings((Every(), Failing())))
    assert [(Path(f.location.path).name, f.code, f.location.address) for f in report.findings] == [
        ("a.tflite", "EVE002", ""),
        ("a.tflite", "EVE001", "0/0:FULLY_CONNECTED"),
        ("b.tflite", "EVE002", ""),
        ("b.tflite", "EVE001", "0/0:VAR_HANDLE"),
        ("b.tflite", "EVE001", "0/1:READ_VARIABLE"),
        ("b.tflite", "EVE001", "0/2:FULLY_CONNECTED"),
    ]


def test_a_rule_that_fails_is_a_crash_and_hides_nothing(models: list[str]) -> None:
    report = check(models[:1], Settings((Failing(), Every())))
    assert [finding.code for finding in report.findings] == ["EVE002", "EVE001"]
    [crash] = report.crashes
    assert crash.rule == "EVE002"
    assert crash.message == "ZeroDivisionError: by design"
    assert "in check" in crash.traceback


def test_a_reader_that_fails_is_a_crash_and_the_others_go_on(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.read

    def broken(path: str) -> object:
        if path == models[0]:
            raise RuntimeError("by design")
        return real(path)

    monkeypatch.setattr(module, "read", broken)
    report = check(models, Settings((Every(),)))
    assert [crash.rule for crash in report.crashes] == ["reader"]
    assert {finding.location.path for finding in report.findings} == {models[1]}


def test_a_file_that_is_gone_by_now_is_told_and_the_others_are_checked(models: list[str], tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.tflite")
    report = check([gone, *models], Settings((Every(),)))
    [crash] = report.crashes
    assert (crash.path, crash.rule, crash.traceback) == (gone, "", "")
    assert crash.message == f"There is no file or folder '{gone}'."
    assert {finding.location.path for finding in report.findings} == set(models)


def test_rules_whose_needs_are_not_met_do_not_run_and_are_counted(models: list[str]) -> None:
    report = check(models, Settings((Every(), Needing())))
    assert report.coverage.ran == 1
    assert report.coverage.rules == 2
    assert {need: number for need, number in report.coverage.needs.items() if number} == {"expect": 1}
    config = Config(runtime="2.14", expect=Expectations(ops="builtin"))
    assert check(models, Settings((Needing(),), config)).findings[0].message == "It wants 2.14."


def test_rules_see_the_source_that_the_configuration_or_the_caller_names(models: list[str], tmp_path: Path) -> None:
    config = Config(root=tmp_path, models=(Pair("a.tflite", ("*.tflite",)),))
    for settings in (Settings((Sourced(),), config), Settings((Sourced(),), source=models[0])):
        report = check(models, settings)
        assert [(f.location.path, f.message) for f in report.findings] == [(models[1], f"It comes from {models[0]}.")]
        assert report.coverage.ran == 1
    assert check(models, Settings((Sourced(),))).coverage.needs["source"] == 1


def test_a_source_that_cannot_be_read_is_told_and_the_model_is_checked_all_the_same(
    models: list[str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.tflite"
    empty.write_bytes(b"")
    gone = str(tmp_path / "gone.tflite")
    for source, words in ((str(empty), f"'{empty}' cannot be read. The file is empty."), (gone, "There is no file")):
        report = check(models[1:], Settings((Failing(), Sourced()), source=source))
        assert [f.code for f in report.findings if f.code == "EVE002"] == ["EVE002"]
        assert any(crash.rule == "" and words in crash.message for crash in report.crashes)


def test_a_rule_runs_on_the_formats_that_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "empty.tflite"
    path.write_bytes(b"")
    report = check([str(path)], Settings((Every(),)))
    assert report.coverage.ran == 0
    assert report.models[0].format is Format.UNKNOWN


def test_the_configuration_has_the_last_word_on_severity_and_on_files(tmp_path: Path) -> None:
    model = str(healthy().save(tmp_path / "a.tflite"))
    by_code = Config(root=tmp_path, severity={"EVE001": Severity.NOTE})
    assert check([model], Settings((Every(),), by_code)).findings[0].severity is Severity.NOTE
    by_name = Config(root=tmp_path, severity={"every-op": Severity.ERROR})
    assert check([model], Settings((Every(),), by_name)).findings[0].severity is Severity.ERROR
    off = Config(root=tmp_path, per_file_ignores={"*.tflite": ("EVE0",)})
    report = check([model], Settings((Every(),), off))
    assert report.findings == ()
    assert report.coverage.ran == 0


def test_suppressions_and_the_baseline_take_findings_away_and_count_them(tmp_path: Path) -> None:
    model = str(lost_weights().save(tmp_path / "b.tflite"))
    everything = check([model], Settings((Every(),)))
    config = Config(root=tmp_path, suppress=(Suppression("EVE001", "known", where="*VAR_HANDLE"),))
    report = check([model], Settings((Every(),), config, today=date(2026, 1, 1)))
    assert [finding.location.address for finding in report.findings] == ["0/1:READ_VARIABLE", "0/2:FULLY_CONNECTED"]
    assert report.suppressed == 1
    accepted = dict.fromkeys([everything.findings[1].fingerprint], 1)
    report = check([model], Settings((Every(),), Config(), accepted=accepted))
    assert [finding.location.address for finding in report.findings] == ["0/0:VAR_HANDLE", "0/2:FULLY_CONNECTED"]


def test_fingerprints_survive_another_conversion_and_tell_places_apart(tmp_path: Path) -> None:
    config = Config(root=tmp_path)
    path = tmp_path / "m.tflite"
    first = check([str(lost_weights().save(path))], Settings((Every(),), config)).findings
    changed = lost_weights()
    changed.graph["tensors"][1]["name"] = "renamed_1/kernel"
    changed.tables["description"] = "another conversion"
    second = check([str(changed.save(path))], Settings((Every(),), config)).findings
    assert [finding.fingerprint for finding in first] == [finding.fingerprint for finding in second]
    assert len({finding.fingerprint for finding in first}) == len(first)


def test_several_processes_report_the_same_as_one(models: list[str]) -> None:
    from tflint.config import active_rules
    from tflint.packs import all_rules, load_packs

    settings = Settings(active_rules(Config(), all_rules(load_packs())))
    done: list[str] = []
    alone = check(models, settings, jobs=1)
    shared = check(models, settings, jobs=2, on_model=done.append)
    assert sorted(done) == sorted(models)
    assert alone == replace(shared)


def test_a_model_that_kills_its_process_is_a_crash_and_the_others_are_checked(tmp_path: Path) -> None:
    names = ["a.tflite", "deadly.tflite", "z.tflite"]
    paths = [str(healthy().save(tmp_path / name)) for name in names]
    report = check(paths, Settings((Deadly(),)), jobs=2)
    assert [Path(finding.location.path).name for finding in report.findings] == ["a.tflite", "z.tflite"]
    [crash] = report.crashes
    assert crash.path == paths[1]
    assert "was killed" in crash.message


def test_large_inputs_share_the_work_among_processes(models: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert module._workers(models) == 1
    monkeypatch.setattr(module, "_PARALLEL_FROM", 10)
    assert module._workers(models) == (os.cpu_count() or 1)
    assert module._workers([*models[:1], "gone"]) == (os.cpu_count() or 1)
    assert module._workers(models[:1]) == 1


def test_files_folders_and_patterns_are_expanded_once(tmp_path: Path) -> None:
    healthy().save(tmp_path / "a.tflite")
    (tmp_path / "deep").mkdir()
    healthy().save(tmp_path / "deep" / "b.tflite")
    found, excluded = expand([str(tmp_path), f"{tmp_path}/**/*.tflite", f"{tmp_path}/a.tflite"], Config())
    assert [Path(path).name for path in found] == ["a.tflite", "b.tflite"]
    assert excluded == 0
    with pytest.raises(ReadError, match="No file fits the pattern"):
        expand([f"{tmp_path}/*.gone"], Config())
    with pytest.raises(ReadError, match="There is no file or folder"):
        expand([f"{tmp_path}/gone"], Config())


def test_excluded_files_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    path = healthy().save(tmp_path / "old.tflite")
    (tmp_path / "tflint.toml").write_text('exclude = ["old.tflite"]')
    config = load_config(tmp_path / "tflint.toml")
    assert expand([str(tmp_path)], config) == ([], 1)
    assert expand([str(path)], config) == ([str(path)], 0)
    assert expand([str(path)], config, force_exclude=True) == ([], 1)


def test_digests_are_worked_out_where_they_are_asked_for(models: list[str]) -> None:
    import hashlib

    report = check(models[:1], Settings((Every(),), digests=True))
    assert report.models[0].sha256 == hashlib.sha256(Path(models[0]).read_bytes()).hexdigest()
    assert check(models[:1], Settings((Every(),))).models[0].sha256 == ""


@dataclass(frozen=True)
class Related(Rule):
    """Reports the first op, and all its tensors with it."""

    meta: ClassVar[RuleMeta] = RuleMeta("EVE009", "related", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        [graph] = ctx.graphs
        yield self.finding(graph.ops[0], "It is here.", related=[*graph.tensors, graph])


def test_findings_carry_the_keras_layer_that_their_places_come_from(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    g.output(g.op("RELU", [x], g.tensor("model/activation/Relu", [1, 4])))
    path = str(g.save(tmp_path / "model.tflite"))
    [found] = check([path], Settings(rules=(Related(),))).findings
    assert found.location.layer == "activation"
    assert [place.layer for place in found.related] == [None, "activation", None]


def test_where_no_name_tells_there_is_no_layer(tmp_path: Path) -> None:
    path = str(healthy().save(tmp_path / "model.tflite"))
    [found] = check([path], Settings(rules=(Related(),))).findings
    assert {place.layer for place in (found.location, *found.related)} == {None}
