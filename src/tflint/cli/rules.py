"""`tflint rules`: list the rules."""

from __future__ import annotations

import json

import click

from tflint.cli.terminal import errors_as_sentences

__all__ = ["command"]


@click.command("rules")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(format_: str) -> None:
    """List the rules: code, name, severity, and what each reports."""
    from tflint.docs import doc
    from tflint.packs import all_rules, load_packs

    with errors_as_sentences():
        rules = all_rules(load_packs())
        if format_ == "json":
            listed = [
                {
                    "code": rule.meta.code,
                    "name": rule.meta.name,
                    "severity": rule.meta.severity.label,
                    "summary": doc(rule).summary,
                    "formats": sorted(rule.meta.formats),
                    "needs": sorted(need.value for need in rule.meta.needs),
                    "preview": rule.meta.preview,
                    "options": [
                        {"name": each.name, "default": each.default, "help": each.help} for each in rule.options()
                    ],
                }
                for rule in rules
            ]
            click.echo(json.dumps({"schema": "tflint-rules/1", "rules": listed}, indent=2))
            return
        width = max(len(rule.meta.name) for rule in rules)
        for rule in rules:
            meta = rule.meta
            click.echo(f"{meta.code}  {meta.name:{width}}  {meta.severity.label:7}  {doc(rule).summary}")
