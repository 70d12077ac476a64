"""`reconciler history`: the recorded runs, the newest first."""

from __future__ import annotations

import click

from reconciler.cli import options


@click.command("history")
@options.formats("text", "json", help="How to print it.")
@options.state_dir
@options.colour
def command(format: str, state_dir: str | None, colour: bool | None) -> int:
    """List the applies that were recorded here, the newest first."""
    from reconciler.apply import journal
    from reconciler.console.credentials import hidden
    from reconciler.console.output import stdout_style
    from reconciler.plan import run_record
    from reconciler.render.history import as_dict, table
    from reconciler.render.values import in_ascii, inert
    from reconciler.run.lock import is_held, state_folder
    from reconciler.run.session import load_config

    style = stdout_style(colour=colour)
    state = state_folder(load_config(style), state_dir)
    records = []
    for path in reversed(journal.paths(state / journal.FOLDER)):
        try:
            records.append(hidden().deep(journal.read(path)))
        except (run_record.BadRecord, OSError) as error:
            click.echo(f"Note: {inert(str(error))}", err=True)
    if format == "json":
        click.echo(in_ascii([as_dict(record) for record in records], indent=2))
    elif records:
        click.echo(table(records, style, running=is_held(state)), nl=False)
    else:
        click.echo("Nothing was applied from here yet.")
    return 0
