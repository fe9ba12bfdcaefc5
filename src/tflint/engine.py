"""check(): read the models, run the rules on each, and collect what they say."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tflint.analysis.compared import compared
from tflint.analysis.fingerprints import structural_key
from tflint.analysis.layering import Layering, layering
from tflint.causes import with_causes
from tflint.collector import without_collector
from tflint.config import Config, matching_rules
from tflint.errors import ReadError, RunError
from tflint.expectations import Expectations
from tflint.finding import Finding
from tflint.forecast.deployments import Deployments
from tflint.formats import discover, read
from tflint.model import Format, Location, Model, Op, Tensor
from tflint.packs import target_at
from tflint.pairing import Reader, is_plausible, pair_up
from tflint.report import Checked, Coverage, Crash, Report
from tflint.rule import Context, Need, Rule, RuleMeta
from tflint.source_lines import SourceLines

if TYPE_CHECKING:  # imported only where it is used: start-up is a feature
    from tflint.compare import Session
    from tflint.convert import Conversions

__all__ = ["Settings", "check", "expand"]

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
    previous: str | None = None
    """The build that the models take the place of; None where nobody said."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """The sources that were found beside their conversions; `check` looks for them where nobody said."""
    convert: Conversions | None = None
    """How sources are converted; None where they are not."""
    comparing: Session | None = None
    """How models are run and compared; None where they are not. One process checks all of them then."""
    today: date = field(default_factory=date.today)

    @cached_property
    def lines(self) -> SourceLines:
        """The Python lines below the configuration's folder."""
        return SourceLines(self.config.root)


@dataclass(frozen=True)
class _Result:
    """What one model gave, in a form that travels between processes."""

    model: Checked
    findings: tuple[Finding, ...] = ()
    crashes: tuple[Crash, ...] = ()
    ran: frozenset[str] = frozenset()
    waiting: Mapping[str, frozenset[Need]] = field(default_factory=dict)
    """The codes of the rules that need something which is not there, and what."""
    conversion: _Result | None = None
    """That of the model that was made of it."""


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
    on_conversion: Callable[[str], None] | None = None,
) -> Report:
    """Check models and return everything found.

    Args:
        paths: model files and SavedModel folders, as `expand` gives them.
        settings: the rules and the configuration.
        jobs: how many processes share the work; 0 chooses, 1 stays in this one.
        on_model: called with each path when it is done, in the order they finish.
        on_conversion: called with the path of each source before it is converted, where this process does that.
    """
    workers = 1 if settings.comparing else min(_workers(paths) if jobs <= 0 else jobs, len(paths))
    results: dict[str, _Result] = {}
    reader = Reader(read)
    if settings.source is None:
        settings = replace(settings, beside=pair_up(paths, reader))
    for result in _results(paths, settings, workers, on_conversion, reader):
        results[result.model.path] = result
        if on_model is not None:
            on_model(result.model.path)
    ordered = [each for path in paths for each in (results[path], results[path].conversion) if each is not None]
    findings, suppressed = _accepted(ordered, settings)
    return Report(
        models=tuple(result.model for result in ordered),
        findings=findings,
        crashes=tuple(crash for result in ordered for crash in result.crashes),
        coverage=_coverage(settings.rules, ordered),
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


def _results(
    paths: Sequence[str],
    settings: Settings,
    workers: int,
    on_conversion: Callable[[str], None] | None,
    reader: Reader,
) -> Iterator[_Result]:
    if workers <= 1:
        for path in paths:
            yield _check_one(path, settings, on_conversion, reader)
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


def _check_one(
    path: str,
    settings: Settings,
    on_conversion: Callable[[str], None] | None = None,
    reader: Reader | None = None,
) -> _Result:
    with without_collector():
        return _judged(path, settings, on_conversion, Reader(read) if reader is None else reader)


def _judged(path: str, settings: Settings, on_conversion: Callable[[str], None] | None, reader: Reader) -> _Result:
    """Read a model, convert it where that is asked for, and run the rules on both; whatever fails, the others run."""
    crashes: list[Crash] = []
    try:
        model = reader.read(path)
        source = _source(model, settings, crashes, reader)
        previous = None if settings.previous is None else reader.read(settings.previous)
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
        previous=previous,
    )
    made = content = None
    if settings.convert is not None:
        ctx, made, content = _converted(ctx, settings.convert, crashes, on_conversion)
    result = _ruled(_compared(ctx, settings, crashes), settings, crashes)
    if made is None:
        return result
    from tflint.convert import without_bytes

    more: list[Crash] = []
    second = _ruled(_compared(made, settings, more, content), settings, more)
    info = replace(second.model, converted_from=path)
    return replace(result, conversion=replace(second, model=info, findings=without_bytes(second.findings, info.path)))


def _converted(
    ctx: Context, how: Conversions, crashes: list[Crash], on_conversion: Callable[[str], None] | None
) -> tuple[Context, Context | None, memoryview | None]:
    """The context with what came of converting its model, and a context of the result, with its bytes."""
    from tflint.convert import SOURCES, converted

    path = ctx.model.path
    if on_conversion is not None and ctx.model.format in SOURCES:
        on_conversion(path)
    try:
        return converted(ctx, how)
    except RunError as reason:
        crashes.append(Crash(path, "", str(reason)))
    except Exception as reason:  # the findings on the source are still worth having
        crashes.append(_crash(path, "converter", reason))
    return ctx, None, None


def _compared(ctx: Context, settings: Settings, crashes: list[Crash], content: memoryview | None = None) -> Context:
    """The context with what came of running its model, where that is asked for."""
    if settings.comparing is None:
        return ctx
    path = ctx.model.path
    pair = settings.config.pair(path)
    inputs = None if pair is None or pair.inputs is None else str(settings.config.root / pair.inputs)
    try:
        found = settings.comparing.compare(
            ctx, content=content, inputs=inputs, sizes={} if pair is None else pair.shapes
        )
    except RunError as reason:
        crashes.append(Crash(path, "", str(reason)))
    except Exception as reason:  # the findings of the other rules are still worth having
        crashes.append(_crash(path, "diff", reason))
    else:
        missing = next((run for run in (found.runs if found is not None else ()) if run.lacks_runtime), None)
        if missing is not None:
            what = "Its source" if missing.engine == "source" else "The model"
            crashes.append(Crash(path, "", f"{what} was not run: {missing.words}."))
        return replace(ctx, comparison=found)
    return ctx


def _ruled(ctx: Context, settings: Settings, crashes: list[Crash]) -> _Result:
    """What the rules say of a model."""
    model, path = ctx.model, ctx.model.path
    types = tuple(type(rule) for rule in settings.rules)
    off = {rule for text in settings.config.ignored_in(path) for rule in matching_rules(text, types)}
    findings: list[Finding] = []
    ran: set[str] = set()
    waiting: dict[str, frozenset[Need]] = {}
    deployments = Deployments(ctx)
    for rule in settings.rules:
        unmet = _unmet(rule.meta, ctx)
        if unmet:
            waiting[rule.meta.code] = unmet
        if unmet or type(rule) in off or (rule.meta.of_ranges and not ctx.has_ranges):
            continue
        seen = (ctx,) if model.format in rule.meta.formats else deployments.contexts(rule.meta)
        for each in seen:
            ran.add(rule.meta.code)
            try:
                findings.extend(rule.check(each))
            except Exception as reason:  # a rule that fails must not hide the findings of the others
                crashes.append(_crash(path, rule.meta.code, reason))
    judged = len(ctx.graphs)
    digest = model.sha256 if settings.digests else ""
    source = "" if ctx.source is None else ctx.source.path
    info = Checked(
        path, model.format, model.byte_size, digest, len(model.graphs), judged, source=source, comparison=ctx.comparison
    )
    if ctx.comparison is not None:
        of_runs = {rule.meta.code for rule in settings.rules if Need.RUN in rule.meta.needs}
        findings = list(with_causes(findings, model, of_runs))
    return _Result(info, _finished(findings, ctx, settings), tuple(crashes), frozenset(ran), waiting)


def _source(model: Model, settings: Settings, crashes: list[Crash], reader: Reader) -> Model | None:
    """What a model was converted from, None where nobody said and none fits; one that cannot be read is a crash."""
    path = model.path
    pair = settings.config.pair(path)
    named = settings.source or (str(settings.config.root / pair.source) if pair is not None else None)
    if named is None and path in settings.beside:
        source = reader.read(settings.beside[path])
        return source if is_plausible(model, source) else None
    if named is None or Path(named).resolve() == Path(path).resolve():
        return None
    try:
        source = reader.read(named)
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
        Need.CONVERSION: ctx.converted is not None,
        Need.RUN: ctx.comparison is not None,
    }
    return frozenset(need for need in meta.needs if not have.get(need, False))


def _finished(findings: list[Finding], ctx: Context, settings: Settings) -> tuple[Finding, ...]:
    """The findings of a model with their final severity and fingerprint, the worst first."""
    model, config = ctx.model, settings.config
    name = config.relative(model.path)
    seen: Counter[str] = Counter()
    done: list[Finding] = []
    for finding in settings.lines.placed(_with_layers(findings, ctx)):
        severity = config.severity.get(finding.code, config.severity.get(finding.name, finding.severity))
        key = f"{finding.code}|{name}|{structural_key(model, finding.location.address)}"
        seen[key] += 1
        done.append(replace(finding, severity=severity, fingerprint=_digest(f"{key}|{seen[key]}")))
    return tuple(sorted(done, key=lambda finding: (-finding.severity, finding.code, _order(finding.location.address))))


def _with_layers(findings: list[Finding], ctx: Context) -> Iterator[Finding]:
    """The findings with the Keras layers that their places come from, where names or the source tell."""
    model = ctx.model
    layers = _layers(ctx) if findings else None

    def placed(at: Location) -> Location:
        found = model.find(at.address) if layers is not None and at.layer is None and at.path == model.path else None
        if layers is None or not isinstance(found, Op | Tensor):
            return at
        layer = layers.at(found, model.graphs[found.graph_index])
        return at if layer is None else replace(at, layer=layer)

    for finding in findings:
        if layers is None:
            yield finding
        else:
            yield replace(finding, location=placed(finding.location), related=tuple(map(placed, finding.related)))


def _layers(ctx: Context) -> Layering | None:
    """The layers of the ops of a model."""
    source = ctx.source
    if source is None or source.format is Format.TFLITE or ctx.model.format is not Format.TFLITE:
        return layering(ctx.model, None)
    return layering(ctx.model, source, ctx.once(compared, ctx.model, source))


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


def _coverage(rules: tuple[Rule, ...], results: Sequence[_Result]) -> Coverage:
    """How many rules ran on any model, and what the others wait for."""
    ran = frozenset[str]().union(*(result.ran for result in results))
    told: dict[str, frozenset[Need]] = {}
    for code, unmet in (each for result in results for each in result.waiting.items()):
        if code not in ran and len(unmet) < len(told.get(code, frozenset(Need))):
            told[code] = unmet
    waiting = Counter(min(need.value for need in unmet) for unmet in told.values())
    return Coverage(len(rules), len(ran), {need.value: waiting[need.value] for need in Need})
