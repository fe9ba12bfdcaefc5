"""The configuration: `[tool.tflint]` in pyproject.toml or the same keys in tflint.toml, the nearest up the tree.

A repository's configuration is as untrusted as its models: it chooses and tunes rules, and cannot make tflint run
code, write files or reach outside its folder.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tflint.errors import ConfigError
from tflint.expectations import Expectations
from tflint.finding import Finding, Severity
from tflint.rule import Rule

__all__ = ["Config", "Pair", "Suppression", "active_rules", "find_config", "load_config", "matching_rules", "nearest"]

FILES = ("tflint.toml", "pyproject.toml")


@dataclass(frozen=True)
class Suppression:
    """A finding that a project accepts, with its reason: an entry of `[[suppress]]`."""

    rule: str
    reason: str
    model: str = "*"
    where: str = "*"
    until: date | None = None

    def covers(self, finding: Finding, path: str, today: date) -> bool:
        """Whether the finding, in the model at `path` (relative to the configuration), is meant, and still is."""
        at = finding.location
        return (
            self.rule in (finding.code, finding.name)
            and fnmatchcase(path, self.model)
            and any(fnmatchcase(text, self.where) for text in (at.name, at.address, at.layer or ""))
            and (self.until is None or today < self.until)
        )


@dataclass(frozen=True)
class Pair:
    """A source, the models that are converted from it, and what holds for them: an entry of `[[models]]`.

    `converted` are patterns relative to the configuration; `targets` stand in the place of the general ones, None
    where the entry names none.
    """

    source: str
    converted: tuple[str, ...]
    targets: tuple[str, ...] | None = None
    inputs: str | None = None
    """The file or folder of inputs that they are run on with `--diff`."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The shapes of inputs with open dimensions, by the names of the inputs."""

    def means(self, path: str) -> bool:
        """Whether the model at `path` (relative to the configuration) is one of the conversions."""
        return path != self.source and any(_matches(path, pattern) for pattern in self.converted)


@dataclass(frozen=True)
class Config:
    """All settings. `root` is the folder that its patterns and paths are relative to."""

    root: Path = Path()
    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    runtime: str | None = None
    fail_on: Severity = Severity.ERROR
    exclude: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    baseline: str | None = None
    severity: Mapping[str, Severity] = field(default_factory=dict)
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    expect: Expectations = field(default_factory=Expectations)
    suppress: tuple[Suppression, ...] = ()
    models: tuple[Pair, ...] = ()

    def relative(self, path: str) -> str:
        """A path relative to the configuration's folder, with forward slashes; as it is where it lies outside."""
        resolved = Path(path).resolve()
        root = self.root.resolve()
        return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else Path(path).as_posix()

    def excludes(self, path: str) -> bool:
        """Whether the configuration leaves this file out."""
        name = self.relative(path)
        return any(_matches(name, pattern) for pattern in self.exclude)

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """The selectors of rules that are off for this file."""
        name = self.relative(path)
        return tuple(
            selector
            for pattern, selectors in self.per_file_ignores.items()
            if _matches(name, pattern)
            for selector in selectors
        )

    def pair(self, path: str) -> Pair | None:
        """The first entry of `models` that this file is a conversion of."""
        name = self.relative(path) if self.models else ""
        return next((pair for pair in self.models if pair.means(name)), None)

    def targets_of(self, path: str) -> tuple[str, ...]:
        """The names of the targets that this file is checked against."""
        name = self.relative(path) if self.models else ""
        pair = self.pair(path) or next((pair for pair in self.models if pair.source == name), None)
        named = self.targets if pair is None or pair.targets is None else pair.targets
        return tuple(dict.fromkeys(named))


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern means this path: `*` crosses slashes, and a folder means all that is in it."""
    plain = pattern.removesuffix("/**").rstrip("/")
    return fnmatchcase(name, pattern) or fnmatchcase(name, plain) or fnmatchcase(name, f"{plain}/*")


def find_config(start: Path) -> Path | None:
    """The nearest configuration file at `start` or above it; a pyproject.toml only with a [tool.tflint] table."""
    for folder in (start.resolve(), *start.resolve().parents):
        for name in FILES:
            path = folder / name
            if path.is_file() and (name != "pyproject.toml" or "tflint" in _toml(path).get("tool", {})):
                return path
    return None


def load_config(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigError: it cannot be read, or a key or value is wrong; the sentence names the key, the file and the
            nearest valid name.
    """
    table = _toml(path)
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("tflint", {})
    if not isinstance(table, dict):
        raise ConfigError(f"tool.tflint in '{path}' is no table.")
    values: dict[str, Any] = {}
    for key, value in _known(table, _KEYS, path, "").items():
        values[key.replace("-", "_")] = _KEYS[key](value, f"{key}", path)
    return Config(root=path.parent, path=path, **values)


def _toml(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as reason:
        raise ConfigError(f"There is no configuration file '{path}'.") from reason
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise ConfigError(f"The configuration '{path}' cannot be read: {reason}.") from reason


def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean …?' with the most similar name, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{found[0]}'?" if found else ""


def _known(table: Mapping[str, Any], known: Iterable[str], path: Path, prefix: str) -> Mapping[str, Any]:
    """The table, once each of its keys is known."""
    for key in table:
        if key not in known:
            raise ConfigError(f"Unknown key '{prefix}{key}' in '{path}'.{nearest(key, known)}")
    return table


def _wrong(key: str, path: Path, wanted: str, value: object) -> ConfigError:
    return ConfigError(f"'{key}' in '{path}' is {value!r}; it takes {wanted}.")


def _text(value: Any, key: str, path: Path) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(key, path, "a text", value)
    return value


def _texts(value: Any, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(key, path, "a list of texts", value)
    return tuple(value)


def _severity(value: Any, key: str, path: Path) -> Severity:
    labels = [each.label for each in Severity]
    if value not in labels:
        raise _wrong(key, path, f"one of {', '.join(labels)}", value)
    return Severity.from_label(value)


def _version(value: Any, key: str, path: Path) -> str:
    if not isinstance(value, str) or not all(part.isdecimal() for part in value.split(".")):
        raise _wrong(key, path, "a version as text, like '2.14'", value)
    return value


def _inside(value: Any, key: str, path: Path) -> str:
    text = _text(value, key, path)
    if not (path.parent / text).resolve().is_relative_to(path.parent.resolve()):
        raise ConfigError(f"'{key}' in '{path}' is '{text}', which lies outside the configuration's folder.")
    return text


def _table(value: Any, key: str, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(key, path, "a table", value)
    return value


def _table_of(each: Callable[[Any, str, Path], Any]) -> Callable[[Any, str, Path], Any]:
    def read(value: Any, key: str, path: Path) -> dict[str, Any]:
        return {name: each(item, f"{key}.{name}", path) for name, item in _table(value, key, path).items()}

    return read


def _shape(value: Any, key: str, path: Path) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(size) is int and size > 0 for size in value):
        raise _wrong(key, path, "a list of sizes above 0", value)
    return tuple(value)


def _one_of(*allowed: str) -> Callable[[Any, str, Path], Any]:
    def read(value: Any, key: str, path: Path) -> Any:
        if value not in allowed:
            raise ConfigError(
                f"'{key}' in '{path}' is {value!r}; it takes one of {', '.join(allowed)}."
                f"{nearest(value, allowed) if isinstance(value, str) else ''}"
            )
        return value

    return read


def _flag(value: Any, key: str, path: Path) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, path, "true or false", value)
    return value


def _positive(value: Any, key: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise _wrong(key, path, "a number above 0", value)
    return value


_EXPECT: Mapping[str, Callable[[Any, str, Path], Any]] = {
    "precision": _one_of("float32", "float16", "dynamic", "int8", "int16x8"),
    "io": _one_of("float32", "int8", "uint8", "int16"),
    "static": _flag,
    "max_kb": _positive,
    "arena_kib": _positive,
    "flash_kib": _positive,
    "ops": _one_of("builtin", "select", "any"),
    "uses": _one_of("task-library"),
}


def _expect(value: Any, key: str, path: Path) -> Expectations:
    table = _known(_table(value, key, path), _EXPECT, path, f"{key}.")
    return Expectations(**{name: _EXPECT[name](item, f"{key}.{name}", path) for name, item in table.items()})


def _suppress(value: Any, key: str, path: Path) -> tuple[Suppression, ...]:
    if not isinstance(value, list):
        raise _wrong(key, path, "a list of tables, written [[suppress]]", value)
    names = [each.name for each in fields(Suppression)]
    found = []
    for item in value:
        table = dict(_known(_table(item, key, path), names, path, f"{key}."))
        for name in ("rule", "reason"):
            if name not in table:
                raise ConfigError(
                    f"An entry of '{key}' in '{path}' has no '{name}'; each names a rule and gives a reason."
                )
        until = table.pop("until", None)
        if until is not None and type(until) is not date:
            raise _wrong(f"{key}.until", path, "a date, like 2027-01-31", until)
        texts = {name: _text(text, f"{key}.{name}", path) for name, text in table.items()}
        found.append(Suppression(until=until, **texts))
    return tuple(found)


def _models(value: Any, key: str, path: Path) -> tuple[Pair, ...]:
    readers: Mapping[str, Callable[[Any, str, Path], Any]] = {
        "source": _inside,
        "converted": _texts,
        "targets": _texts,
        "inputs": _inside,
        "shapes": _table_of(_shape),
    }
    if not isinstance(value, list):
        raise _wrong(key, path, "a list of tables, written [[models]]", value)
    found = []
    for item in value:
        table = _known(_table(item, key, path), readers, path, f"{key}.")
        for name in ("source", "converted"):
            if name not in table:
                raise ConfigError(
                    f"An entry of '{key}' in '{path}' has no '{name}'; each names a source and its conversions."
                )
        found.append(Pair(**{name: readers[name](entry, f"{key}.{name}", path) for name, entry in table.items()}))
    return tuple(found)


_KEYS: Mapping[str, Callable[[Any, str, Path], Any]] = {
    "select": _texts,
    "ignore": _texts,
    "targets": _texts,
    "runtime": _version,
    "fail-on": _severity,
    "exclude": _texts,
    "packs": _texts,
    "baseline": _inside,
    "severity": _table_of(_severity),
    "per-file-ignores": _table_of(_texts),
    "rules": _table_of(_table),
    "expect": _expect,
    "suppress": _suppress,
    "models": _models,
}


def matching_rules(selector: str, rules: Iterable[type[Rule]]) -> tuple[type[Rule], ...]:
    """The rules that a code, the beginning of a code, or a name means."""
    return tuple(
        rule for rule in rules if rule.meta.name == selector or (selector and rule.meta.code.startswith(selector))
    )


def active_rules(config: Config, rules: tuple[type[Rule], ...]) -> tuple[Rule, ...]:
    """The rules that a configuration turns on, with their options set, in the order of their codes.

    The longest selector that means a rule decides; where `select` and `ignore` are equally long, `ignore` does.

    Raises:
        ConfigError: a selector, a rule or an option that does not exist, or a value of the wrong type.
    """
    where = f"'{config.path}'" if config.path else "the command line"
    names = [rule.meta.name for rule in rules] + [rule.meta.code for rule in rules]
    groups = {
        "select": config.select,
        "ignore": config.ignore,
        "per-file-ignores": tuple(text for group in config.per_file_ignores.values() for text in group),
    }
    single = {
        "severity": tuple(config.severity),
        "rules": tuple(config.rules),
        "suppress": tuple(each.rule for each in config.suppress),
    }
    for key, texts in (groups | single).items():
        for text in texts:
            if text not in names and not (key in groups and matching_rules(text, rules)):
                raise ConfigError(f"No rule is called '{text}', which '{key}' in {where} names.{nearest(text, names)}")
    return tuple(_with_options(rule, config) for rule in rules if _is_on(rule, config, rules))


def _is_on(rule: type[Rule], config: Config, rules: tuple[type[Rule], ...]) -> bool:
    def strength(selectors: Iterable[str]) -> int:
        means = (text for text in selectors if rule in matching_rules(text, rules))
        return max((100 if text == rule.meta.name else len(text) for text in means), default=0)

    on = strength(config.select) if config.select else 1
    return on > strength(config.ignore)


def _with_options(rule: type[Rule], config: Config) -> Rule:
    given: dict[str, Any] = {}
    for key in (rule.meta.code, rule.meta.name):
        given |= config.rules.get(key, {})
    options = {each.name: each for each in rule.options()}
    for name, value in given.items():
        if name not in options:
            raise ConfigError(
                f"The rule '{rule.meta.name}' has no option '{name}', which '{config.path}' sets."
                f"{nearest(name, options)}"
            )
        wanted = type(options[name].default)
        fits = type(value) is wanted or (wanted is float and type(value) is int)
        if not fits:
            raise ConfigError(
                f"The option '{name}' of the rule '{rule.meta.name}' in '{config.path}' is {value!r}; "
                f"it takes a value of type {wanted.__name__}."
            )
    return rule(**given)
