"""`reconciler help`: the help of a command, as `--help` prints it."""

from __future__ import annotations

import click

from reconciler.cli import completers


@click.command("help")
@click.argument("name", required=False, metavar="[COMMAND]", shell_complete=completers.commands)
@click.pass_context
def command(context: click.Context, name: str | None) -> int:
    """Print what a command is for and its options, or list the commands."""
    group = context.find_root()
    if name is None or not isinstance(group.command, click.Group):
        click.echo(group.get_help(), color=group.color)
        return 0
    _, found, _ = group.command.resolve_command(group, [name])
    if found is not None:
        with found.make_context(name, [], parent=group, resilient_parsing=True) as own:
            click.echo(own.get_help(), color=own.color)
    return 0
