"""`reconciler destroy`: deletes everything of a preview stack, through a plan like any other."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli import completers, options
from reconciler.run.options import ApplyOptions


@click.command("destroy")
@options.one_name(
    "--stack",
    required=True,
    shell_complete=completers.stacks,
    help="The stack of which everything is to be destroyed.",
)
@options.option(
    "--closed-pulls",
    is_flag=True,
    help="A `*` in --stack stands for the number of a pull request: destroy the stacks of those that are closed or have"
    " conflicts.",
)
@options.environment
@options.allow
@options.config_from
@options.writing(command="destroy", events=True)
def command(*, closed_pulls: bool, allow: tuple[str, ...], config_from: str | None, apply_options: ApplyOptions) -> int:
    """Delete everything that a stack owns in an environment, as if its folder of manifests were empty.

    Meant for preview stacks that `apply --stack NAME` made. It is guarded like any delete: more than a fifth at
    once needs `--allow too-many-deletes`, and what was applied with `on_removal` is kept or refused.

    With --closed-pulls the code host is asked which pull requests are still open: for a scheduled job.
    """
    from reconciler.console.output import stdout_style
    from reconciler.run.base_plan import session_by_revision
    from reconciler.run.planning import objection_codes
    from reconciler.run.remove import destroy, destroy_previews
    from reconciler.run.reporter import reporting

    with reporting(apply_options) as reporter:
        session_options = replace(apply_options, stack=None) if closed_pulls else apply_options
        session = session_by_revision(config_from, stdout_style(colour=apply_options.colour), session_options)
        if not closed_pulls:
            return destroy(reporter, session, objection_codes(allow))
        return destroy_previews(reporter, session, str(apply_options.stack), objection_codes(allow))
