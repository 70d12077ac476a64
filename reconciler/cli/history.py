"""`reconciler history`: the applies that were recorded here, the newest first."""

from __future__ import annotations

import click

from reconciler.cli import options


@click.command("history")
@options.formats("text", "json", help="How to print it.")
@options.state_dir
@options.colour
def command(format: str, state_dir: str | None, color: bool | None) -> int:
    """List the applies that were recorded here, the newest first."""
    import sys

    from reconciler.apply import journal
    from reconciler.console.credentials import hidden
    from reconciler.console.output import style_of
    from reconciler.render.runs import as_dict, as_line
    from reconciler.render.values import in_ascii, inert
    from reconciler.run.lock import is_held, state_folder
    from reconciler.run.session import load

    state = state_folder(load(style_of(sys.stdout, colour=color)), state_dir)
    found = []
    for path in reversed(journal.paths(state / journal.FOLDER)):
        try:
            found.append(hidden().deep(journal.read(path)))
        except (journal.BadRecord, OSError) as error:
            click.echo(f"Note: {inert(str(error))}", err=True)
    if format == "json":
        click.echo(in_ascii([as_dict(past) for past in found], indent=2))
    elif found:
        running = is_held(state)
        click.echo("".join(as_line(past, running=running and past is found[0]) for past in found), nl=False)
    else:
        click.echo("Nothing was applied from here yet.")
    return 0
