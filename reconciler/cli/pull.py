"""`reconciler pull`: takes what changed on the server into the files that state it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import completers, options
from reconciler.console.failure import Failure
from reconciler.run.options import SessionOptions

if TYPE_CHECKING:
    from reconciler.plan.taken import Side


@click.command("pull")
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=completers.keys)
@options.environment
@options.option("--only", metavar="ENV", help="Take values from ENV, and write them to that environment's patch.")
@options.option("--take", type=click.Choice(("live", "git")), help="Which side wins where both changed.")
@options.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.timeout
@options.in_session
def command(
    *, keys: tuple[str, ...], only: str | None, take: Side | None, dry_run: bool, session_options: SessionOptions
) -> int:
    """Take what changed on the server into the files that state it.

    Writes each live value to the file that states it: the prompt or function file, the manifest, the environment's
    patch, or its `values` in reconciler.yaml. KEY names an object and may be a glob; the default is everything that
    changed only on the server. Nothing is sent, and nothing is committed.

    If Git changed too, texts whose edits do not overlap are merged. --take decides the rest.
    """
    from dataclasses import replace

    from reconciler.authoring.pulling import PullRequest, pull
    from reconciler.run.session import open_session

    if only is not None:
        if session_options.environment not in (None, only):
            raise Failure(f"--only {only} takes from {only}, but -e names another environment.", "pass one of the two")
        session_options = replace(session_options, environment=only)
    session = open_session(session_options, owns=True)
    request = PullRequest(keys, take, only is not None, dry_run)
    return pull(session, request, session_options.timeout)
