"""The command line: one file a command, each imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["program"]

_COMMANDS = {
    "check": "Check models and report what is wrong with them.",
    "diff": "Compare two builds of a model: what changed, and what that breaks.",
    "explain": "Explain a rule: what it looks for, why it matters, how to mend it.",
    "inspect": "Show what tflint knows of a model: its ops, tensors, sizes.",
    "rules": "List the rules.",
    "targets": "List the deployment targets, or the ops that one takes.",
}


class _Lazy(click.Group):
    """A group that imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"tflint.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from tflint.config import nearest

            ctx.fail(f"There is no command '{args[0]}'.{nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from tflint import __version__

        click.echo(f"tflint {__version__} (the linter for TFLite, LiteRT, Keras and TensorFlow models)")
        ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show the version and exit."
)
def program() -> None:
    """Find what is wrong with a TFLite or LiteRT model before it reaches a device.

    Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 tflint could not do its job.
    """
