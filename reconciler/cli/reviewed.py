"""`reconciler reviewed`: the plan that was reviewed on the merged pull request, as its run kept it."""

from __future__ import annotations

import os

import click

from reconciler.cli import options
from reconciler.console.failure import Failure


@click.command("reviewed")
@options.option("--out", metavar="FILE", required=True, help="Where to write the plan.")
@options.environment
@options.stack
@options.option("--commit", metavar="SHA", help="The merge commit of the pull request; default: the job's commit.")
@options.plan_artifact
def command(
    *, out: str, environment: str | None, stack: str | None, commit: str | None, workflow: str, artifact: str | None
) -> int:
    """Fetch the plan that was reviewed on the merged pull request.

    It is the newest plan that a successful attempt of the plan's workflow kept before the merge, for the head of the
    merged pull request, in the same repository; it is found through the API, whatever comments say. Where there is
    none, nobody has reviewed what an apply would do: exits 1, and prints how to plan it.
    """
    from reconciler.github.comment_content import stack_and_environment
    from reconciler.github.reviewed_plan import reviewed_plan
    from reconciler.run.plan_output import write_plan

    stack, name = stack_and_environment(environment, stack)
    commit = commit or os.environ.get("GITHUB_SHA")
    if not commit:
        raise Failure("No commit is named as the merged one.", "pass `--commit SHA`")
    text, source = reviewed_plan(commit, stack, name, workflow, artifact)
    write_plan(text, out)
    click.echo(f"{out} is the plan of {source}.", err=True)
    return 0
