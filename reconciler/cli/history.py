"""`reconciler history`: the recorded runs, the newest first."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.run.options import SessionOptions


@click.command("history")
@options.formats("text", "json", help="How to print it.")
@options.in_session
def command(*, format: str, session_options: SessionOptions) -> int:
    """List the applies that were recorded here, the newest first."""
    from reconciler.run.records import print_history

    print_history(session_options, format)
    return 0
