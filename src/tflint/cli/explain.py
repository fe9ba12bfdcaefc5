"""`tflint explain`: a rule's own documentation."""

from __future__ import annotations

import sys

import click

from tflint.cli.terminal import COLOR, errors_as_sentences, use_color
from tflint.errors import ConfigError

__all__ = ["command"]


@click.command("explain")
@click.argument("rule", metavar="CODE|NAME")
@COLOR
def command(rule: str, color: str) -> None:
    """Explain a rule: what it looks for, why it matters, how to mend it."""
    from tflint.config import nearest
    from tflint.docs import explain
    from tflint.packs import all_rules, load_packs

    with errors_as_sentences():
        rules = all_rules(load_packs())
        wanted = rule.strip()
        found = next((each for each in rules if wanted.upper() == each.meta.code or wanted == each.meta.name), None)
        if found is None:
            names = [each.meta.code for each in rules] + [each.meta.name for each in rules]
            raise ConfigError(f"No rule is called '{wanted}'.{nearest(wanted, names)} `tflint rules` lists them.")
        colored = use_color(color, sys.stdout)
        click.echo(explain(found, color=colored).rstrip("\n"), color=colored)
