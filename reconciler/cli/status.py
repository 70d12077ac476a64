"""`reconciler status`: the state of everything that is live, managed and unmanaged."""

from __future__ import annotations

from functools import partial

import click

from reconciler.cli import options
from reconciler.run.options import SessionOptions


@click.command("status")
@options.environment
@options.stack
@options.option(
    "--all-stacks", is_flag=True, help="Show what each other stack manages on the server, such as previews, apart."
)
@options.formats("text", "json", help="How to print it.")
@options.timeout
@options.in_session
def command(*, all_stacks: bool, format: str, session_options: SessionOptions) -> int:
    """List the managed and unmanaged agents and assistants, and what differs.

    Each with its id, model, state (in sync, edited, drifted, conflict, to be created, to be deleted,
    unmanaged …) and the commit that it was applied from. Exits 0 whatever differs; `plan --detailed-exitcode` is
    for scripts.

    With --all-stacks each other stack and environment on the server is named with its objects and their age, and a
    preview stack with the command that removes it.
    """
    from reconciler.run.live_output import print_status
    from reconciler.run.session import open_session, run_async

    session = open_session(session_options, owns=False)
    run_async(partial(print_status, session, format, all_stacks=all_stacks), timeout=session_options.timeout)
    return 0
