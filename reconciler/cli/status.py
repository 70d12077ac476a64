"""`reconciler status`: the state of everything that is live, managed and unmanaged."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.run.options import SessionOptions


@click.command("status")
@options.environment
@options.stack
@options.formats("text", "json", help="How to print it.")
@options.timeout
@options.in_session
def command(*, format: str, session_options: SessionOptions) -> int:
    """List the managed and unmanaged agents and assistants, and what differs.

    Each with its id, model, state (in sync, edited, drifted, conflict, to be created, to be deleted,
    unmanaged …) and the commit that it was applied from. Exits 0 whatever differs; `plan --detailed-exitcode` is
    for scripts.
    """
    from reconciler.run.live_output import print_status
    from reconciler.run.session import open_session, run_async

    session = open_session(session_options, owns=False)
    run_async(print_status, session, format, timeout=session_options.timeout)
    return 0
