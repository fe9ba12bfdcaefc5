"""check(): read the models, run the rules on each, and collect what they say."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from tflint.analysis.fingerprints import structural_key
from tflint.config import Config, matching_rules
from tflint.errors import ReadError
from tflint.expectations import Expectations
from tflint.finding import Finding
from tflint.formats import discover, read
from tflint.model import Format, Model
from tflint.packs import target_at
from tflint.rule import Context, Need, Rule, RuleMeta

__all__ = ["Checked", "Coverage", "Crash", "Report", "Settings", "check", "expand"]

_PARALLEL_FROM = 32 << 20
"""Below so many bytes in all, starting worker processes costs more than it saves."""


@dataclass(frozen=True)
class Settings:
    """What to check with: the rules that are on, and the configuration they came from.

    `digests` asks for the SHA-256 of each file, which costs another pass over it.
    """

    rules: tuple[Rule, ...]
    config: Config = field(default_factory=Config)
    accepted: Mapping[str, int] = field(default_factory=dict)
    """How often each fingerprint of the baseline may occur."""
    digests: bool = False
    targets: Mapping[str, str] = field(default_factory=dict)
    """The targets that the configuration names, and where each is defined, as `module:attribute`."""
    source: str | None = None
    """What all of the models were converted from; where None, the configuration's pairs tell."""
    today: date = field(default_factory=date.today)


@dataclass(frozen=True)
class Checked:
    """A model that was checked. `sha256` is empty where it was not asked for, or for a folder."""

    path: str
    format: Format
    byte_size: int
    sha256: str = ""
    graphs: int = 0
    judged: int = 0
    """So many of its graphs could be judged; the references of the others are broken."""


@dataclass(frozen=True)
class Crash:
    """A model that could not be checked, or not by every rule.

    `rule` is the code of a rule that failed, or `reader`: a fault of tflint or of a pack, with a traceback. It is empty
    where the file could not be read at all, or its process was killed.
    """

    path: str
    rule: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Coverage:
    """How much was checked: of `rules` that are on, `ran` ran; `needs` says what the others wait for."""

    rules: int
    ran: int
    needs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything a reporter needs. Findings stand by model, in the order of the models, the worst first."""

    models: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    crashes: tuple[Crash, ...]
    coverage: Coverage
    rules: tuple[RuleMeta, ...] = ()
    suppressed: int = 0
    """So many findings were left out by suppressions and the baseline."""
    rule_types: tuple[type[Rule], ...] = ()


@dataclass(frozen=True)
class _Result:
    """What one model gave, in a form that travels between processes."""

    model: Checked
    findings: tuple[Finding, ...] = ()
    crashes: tuple[Crash, ...] = ()
    ran: frozenset[str] = frozenset()


def expand(paths: Iterable[str], config: Config, *, force_exclude: bool = False) -> tuple[list[str], int]:
    """The models that paths, folders and patterns mean, each once, and how many the configuration leaves out.

    A path that is named is checked even where `exclude` covers it, unless `force_exclude`.

    Raises:
        ReadError: a path does not exist, or a pattern fits nothing.
    """
    found: dict[str, None] = {}
    excluded: set[str] = set()
    for text in paths:
        for start in _glob(text):
            for path in discover(start):
                named = path == start and start.as_posix() == Path(text).as_posix()
                if config.excludes(str(path)) and (force_exclude or not named):
                    excluded.add(str(path))
                else:
                    found.setdefault(str(path))
    return list(found), len(excluded - found.keys())


def _glob(text: str) -> Iterator[Path]:
    """The paths that a text means: itself where it exists or has no wildcard, else what the pattern fits."""
    import glob

    if os.path.lexists(text) or not glob.has_magic(text):
        yield Path(text)
        return
    fitting = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - of a text, with a root or without
    if not fitting:
        raise ReadError(f"No file fits the pattern '{text}'.")
    yield from map(Path, fitting)


def check(
    paths: Sequence[str],
    settings: Settings,
    *,
    jobs: int = 0,
    on_model: Callable[[str], None] | None = None,
) -> Report:
    """Check models and return everything found.

    Args:
        paths: model files and SavedModel folders, as `expand` gives them.
        settings: the rules and the configuration.
        jobs: how many processes share the work; 0 chooses, 1 stays in this one.
        on_model: called with each path when it is done, in the order they finish.
    """
    workers = min(_workers(paths) if jobs <= 0 else jobs, len(paths))
    results: dict[str, _Result] = {}
    for result in _results(paths, settings, workers):
        results[result.model.path] = result
        if on_model is not None:
            on_model(result.model.path)
    ordered = [results[path] for path in paths]
    findings, suppressed = _accepted(ordered, settings)
    return Report(
        models=tuple(result.model for result in ordered),
        findings=findings,
        crashes=tuple(crash for result in ordered for crash in result.crashes),
        coverage=_coverage(settings.rules, frozenset().union(*(result.ran for result in ordered))),
        rules=tuple(rule.meta for rule in settings.rules),
        suppressed=suppressed,
        rule_types=tuple(type(rule) for rule in settings.rules),
    )


def _workers(paths: Sequence[str]) -> int:
    size = 0
    for path in paths:
        with suppress(OSError):
            size += os.stat(path).st_size
    return (os.cpu_count() or 1) if len(paths) > 1 and size >= _PARALLEL_FROM else 1


def _results(paths: Sequence[str], settings: Settings, workers: int) -> Iterator[_Result]:
    if workers <= 1:
        for path in paths:
            yield _check_one(path, settings)
        return
    yield from _in_processes(paths, settings, workers)


def _in_processes(paths: Sequence[str], settings: Settings, workers: int) -> Iterator[_Result]:
    """Check models in worker processes; one that kills its process is a crash, and the others are still checked."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    left = dict.fromkeys(paths)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(_check_one, path, settings): path for path in paths}
        for future in as_completed(futures):
            with suppress(BrokenProcessPool):
                result = future.result()
                del left[futures[future]]
                yield result
    for path in left:  # one of them killed its process: each in a process of its own
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            try:
                yield pool.submit(_check_one, path, settings).result()
            except BrokenProcessPool:
                crash = Crash(path, "", "The process that checked the model was killed.")
                yield _Result(Checked(path, Format.UNKNOWN, 0), crashes=(crash,))


def _check_one(path: str, settings: Settings) -> _Result:
    """Read a model and run the rules on it; whatever fails, the others still run."""
    crashes: list[Crash] = []
    try:
        model = read(path)
        source = _source(path, settings, crashes)
    except ReadError as reason:  # it is gone, or may not be read: the others are still checked
        return _Result(Checked(path, Format.UNKNOWN, 0), crashes=(Crash(path, "", str(reason)),))
    except Exception as reason:  # a reader must never fail: where it does, that is ours to mend
        return _Result(Checked(path, Format.UNKNOWN, 0), crashes=(_crash(path, "reader", reason),))
    ctx = Context(
        model,
        expectations=settings.config.expect,
        runtime=settings.config.runtime,
        targets=tuple(target_at(name, settings.targets[name]) for name in settings.config.targets_of(path)),
        source=source,
    )
    types = tuple(type(rule) for rule in settings.rules)
    off = {rule for text in settings.config.ignored_in(path) for rule in matching_rules(text, types)}
    findings: list[Finding] = []
    ran: set[str] = set()
    for rule in settings.rules:
        if type(rule) in off or model.format not in rule.meta.formats or _unmet(rule.meta, ctx):
            continue
        ran.add(rule.meta.code)
        try:
            findings.extend(rule.check(ctx))
        except Exception as reason:  # a rule that fails must not hide the findings of the others
            crashes.append(_crash(path, rule.meta.code, reason))
    judged = len(ctx.graphs)
    info = Checked(
        path, model.format, model.byte_size, model.sha256 if settings.digests else "", len(model.graphs), judged
    )
    return _Result(info, _finished(findings, model, settings.config), tuple(crashes), frozenset(ran))


def _source(path: str, settings: Settings, crashes: list[Crash]) -> Model | None:
    """What the model at `path` was converted from, None where nobody said; one that cannot be read is a crash."""
    pair = settings.config.pair(path)
    named = settings.source or (str(settings.config.root / pair.source) if pair is not None else None)
    if named is None or Path(named).resolve() == Path(path).resolve():
        return None
    try:
        source = read(named)
    except ReadError as reason:
        crashes.append(Crash(path, "", f"Its source cannot be read. {reason}"))
        return None
    fault = next((problem.message for problem in source.problems if problem.fatal), None)
    if fault is not None:
        crashes.append(Crash(path, "", f"Its source '{named}' cannot be read. {fault}"))
    return source if fault is None else None


def _crash(path: str, rule: str, reason: Exception) -> Crash:
    return Crash(path, rule, f"{type(reason).__name__}: {reason}", "".join(traceback.format_exception(reason)))


def _unmet(meta: RuleMeta, ctx: Context) -> frozenset[Need]:
    """What a rule needs and this run does not have."""
    have = {
        Need.SOURCE: ctx.source is not None,
        Need.TARGET: bool(ctx.targets),
        Need.PREVIOUS: ctx.previous is not None,
        Need.RUNTIME: ctx.runtime is not None,
        Need.EXPECT: ctx.expectations != Expectations(),
    }
    return frozenset(need for need in meta.needs if not have.get(need, False))


def _finished(findings: list[Finding], model: Model, config: Config) -> tuple[Finding, ...]:
    """The findings of a model with their final severity and fingerprint, the worst first."""
    name = config.relative(model.path)
    seen: Counter[str] = Counter()
    done: list[Finding] = []
    for finding in findings:
        severity = config.severity.get(finding.code, config.severity.get(finding.name, finding.severity))
        key = f"{finding.code}|{name}|{structural_key(model, finding.location.address)}"
        seen[key] += 1
        done.append(replace(finding, severity=severity, fingerprint=_digest(f"{key}|{seen[key]}")))
    return tuple(sorted(done, key=lambda finding: (-finding.severity, finding.code, _order(finding.location.address))))


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _order(address: str) -> tuple[int, ...]:
    """Addresses by graph and op, as numbers."""
    numbers = address.partition(":")[0].replace("t", "").split("/")
    return tuple(int(number) for number in numbers if number.isdecimal())


def _accepted(results: list[_Result], settings: Settings) -> tuple[tuple[Finding, ...], int]:
    """The findings that neither a suppression nor the baseline covers, and how many are covered."""
    left = Counter(settings.accepted)
    kept: list[Finding] = []
    total = 0
    for result in results:
        name = settings.config.relative(result.model.path)
        for finding in result.findings:
            total += 1
            if any(each.covers(finding, name, settings.today) for each in settings.config.suppress):
                continue
            if left[finding.fingerprint] > 0:
                left[finding.fingerprint] -= 1
                continue
            kept.append(finding)
    return tuple(kept), total - len(kept)


def _coverage(rules: tuple[Rule, ...], ran: frozenset[str]) -> Coverage:
    waiting = Counter(
        min(rule.meta.needs, key=lambda need: need.value).value
        for rule in rules
        if rule.meta.needs and rule.meta.code not in ran
    )
    return Coverage(len(rules), len(ran), {need.value: waiting[need.value] for need in Need})
