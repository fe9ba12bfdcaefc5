"""Finding the packs of rules: those installed, and those that a caller names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from tflint.errors import PackError
from tflint.rule import Pack, Rule

if TYPE_CHECKING:  # imported where a target is asked: start-up is a feature
    from tflint.target import Target

__all__ = ["GROUP", "all_rules", "find_target", "load_packs", "load_target", "target_at", "target_names"]

GROUP = "tflint.packs"
"""The entry point group: `[project.entry-points."tflint.packs"] mine = "my_package:PACK"`."""


def load_packs(named: Iterable[str] = ()) -> tuple[Pack, ...]:
    """Return the installed packs in the order of their prefixes, then the `module:attribute` ones in `named`.

    Raises:
        PackError: one cannot be imported, is no `Pack`, or two of them use one rule code or name.
    """
    packs: list[Pack] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        owner = entry.dist.name if entry.dist else "an unknown distribution"
        try:
            packs.append(_pack(entry.load(), f"'{entry.value}' of {owner}"))
        except PackError:
            raise
        except Exception as reason:  # a foreign package may fail in any way
            raise PackError(
                f"The pack '{entry.value}' of {owner} cannot be loaded: {type(reason).__name__}: {reason}."
            ) from reason
    packs.extend(_named(text) for text in named)
    packs = list({id(pack): pack for pack in packs}.values())
    _check(packs)
    return tuple(packs)


def all_rules(packs: Iterable[Pack]) -> tuple[type[Rule], ...]:
    """The rules of all packs, sorted by code."""
    return tuple(sorted((rule for pack in packs for rule in pack.rules), key=lambda rule: rule.meta.code))


def target_names(packs: Iterable[Pack]) -> tuple[str, ...]:
    """The names of the targets of all packs, sorted."""
    return tuple(sorted({name for pack in packs for name in pack.targets}))


def find_target(name: str, packs: Iterable[Pack]) -> str:
    """Where the target of this name is defined, as `module:attribute`.

    Raises:
        PackError: no pack has it; the sentence names the nearest one.
    """
    packs = tuple(packs)
    for pack in packs:
        if name in pack.targets:
            return pack.targets[name]
    import difflib

    names = target_names(packs)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else f" There are {', '.join(names)}." if names else ""
    raise PackError(f"No target is called '{name}'.{hint}")


def target_at(name: str, where: str) -> Target:
    """The target of a name, from the `module:attribute` that defines it.

    Raises:
        PackError: it cannot be loaded, or is no target.
    """
    module, _, attribute = where.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as reason:  # a foreign module may fail in any way
        raise PackError(f"The target '{name}' cannot be loaded: {type(reason).__name__}: {reason}.") from reason
    from tflint.target import Target

    if not isinstance(found, Target):
        raise PackError(f"The target '{name}' is a {type(found).__name__}, not a tflint.Target.")
    return found


def load_target(name: str, packs: Iterable[Pack]) -> Target:
    """The target of this name.

    Raises:
        PackError: no pack has it, or it cannot be loaded.
    """
    return target_at(name, find_target(name, packs))


def _named(text: str) -> Pack:
    module, colon, attribute = text.partition(":")
    if not colon:
        raise PackError(f"The pack '{text}' is not of the form module:attribute, as in 'my_project.lint:PACK'.")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as reason:  # a foreign module may fail in any way
        raise PackError(f"The pack '{text}' cannot be loaded: {type(reason).__name__}: {reason}.") from reason
    return _pack(found, f"'{text}'")


def _pack(found: object, what: str) -> Pack:
    if not isinstance(found, Pack):
        raise PackError(f"The pack {what} is a {type(found).__name__}, not a tflint.Pack.")
    for rule in found.rules:
        if not rule.meta.code.startswith(found.prefix):
            raise PackError(f"The rule {rule.meta.code} of the pack {what} does not begin with '{found.prefix}'.")
    return found


def _check(packs: list[Pack]) -> None:
    rules = all_rules(packs)
    for what, count in (
        *Counter(rule.meta.code for rule in rules).items(),
        *Counter(rule.meta.name for rule in rules).items(),
    ):
        if count > 1:
            raise PackError(f"{count} rules of the loaded packs are called '{what}'; codes and names are unique.")
