"""`reconciler forget`: stops managing agents and assistants without deleting them, through a plan like any other."""

from __future__ import annotations

import click

from reconciler.cli import completers, options
from reconciler.run.options import ApplyOptions


@click.command("forget")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...", shell_complete=completers.keys)
@options.environment
@options.writing(command="forget")
def command(*, keys: tuple[str, ...], apply_options: ApplyOptions) -> int:
    """Stop managing agents and assistants without deleting them.

    Removes the marker; they stay as they are and are unmanaged from then on. Remove their manifests
    too, or the next plan creates them again.
    """
    from reconciler.run.remove import forget
    from reconciler.run.reporter import reporting
    from reconciler.run.session import open_session

    with reporting(apply_options) as reporter:
        return forget(reporter, open_session(apply_options, owns=True), keys)
