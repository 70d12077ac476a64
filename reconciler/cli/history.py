"""`reconciler history`: the recorded runs, the newest first, or what one of them did."""

from __future__ import annotations

import click

from reconciler.cli import completers, options
from reconciler.run.options import SessionOptions


@click.command("history")
@click.argument("run", required=False, shell_complete=completers.runs)
@options.formats("text", "json", help="How to print it.")
@options.in_session
def command(*, run: str | None, format: str, session_options: SessionOptions) -> int:
    """List the applies that were recorded here, the newest first.

    With RUN, show what that run did: who ran it, and the outcome of each object, field by field. The beginning of its
    id is enough, or that of the part behind the dash. RUN may also be a record's file, such as one that CI kept.
    """
    from reconciler.run.records import print_history, print_run

    if run is None:
        print_history(session_options, format)
    else:
        print_run(run, session_options, format)
    return 0
