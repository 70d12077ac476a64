"""`reconciler reconcile`: a scheduled run: it reports drift and applies what the policy permits."""

from __future__ import annotations

import os

import click

from reconciler.cli import completers, options
from reconciler.run.options import ApplyOptions


@click.command("reconcile")
@click.argument("keys", nargs=-1, shell_complete=completers.keys)
@options.environment
@options.option(
    "--put-back",
    is_flag=True,
    help="Put drift back now, of KEYS or of everything, whatever the policy says; nothing else is written.",
)
@options.option(
    "--issue/--no-issue",
    default=None,
    help="Keep the environment's issue; default: where GITHUB_REPOSITORY and a token are set.",
)
@options.option(
    "--author", metavar="LOGIN", help="Who writes the issue; default: the bot under Actions, else the token's owner."
)
@options.option(
    "--apply-workflow",
    metavar="FILE",
    shell_complete=completers.workflows,
    default="apply.yml",
    show_default=True,
    help="The workflow that applies reviewed plans: edits wait while it has failed for this commit.",
)
@options.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 when something needs review, 3 when an objection blocks."
)
@options.scheduled
def command(
    *,
    keys: tuple[str, ...],
    put_back: bool,
    issue: bool | None,
    author: str | None,
    apply_workflow: str,
    detailed_exitcode: bool,
    apply_options: ApplyOptions,
) -> int:
    """Report how an environment differs from Git, once, for a scheduled job.

    Nothing is written to the server unless `reconcile: {apply: [drift]}` in reconciler.yaml allows it, and nothing is
    asked. Conflicts, deletes and what an objection blocks need review, whatever the policy. What was found is kept in
    one issue of the environment.

    With --put-back drift is put back now, and the issue follows.
    """
    from reconciler.github.ci_context import code_host
    from reconciler.run.reporter import reporting
    from reconciler.run.scheduled_run import ScheduledRequest, run_scheduled
    from reconciler.run.session import open_session

    if keys and not put_back:
        raise click.UsageError("KEYS go with --put-back: a scheduled run covers the whole environment.")
    if issue is None:
        token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
        issue = bool(token and os.environ.get("GITHUB_REPOSITORY"))
    host = code_host(author) if issue else None
    with reporting(apply_options) as reporter:
        session = open_session(apply_options, owns=True)
        result = run_scheduled(ScheduledRequest(reporter, session, host, author, apply_workflow, keys, put_back))
    if result.code or not detailed_exitcode:
        return result.code
    return 3 if result.scheduled_run.objections else 2 if result.scheduled_run.to_review else 0
