"""`reconciler comment`: one comment on the pull request for each stack and environment, kept up to date in place."""

from __future__ import annotations

import click

from reconciler.cli import completers, options


@click.command("comment")
@click.argument("plans", nargs=-1, metavar="[PLAN.json]...", shell_complete=completers.files)
@options.environments
@options.stack
@options.pull
@options.option("--author", metavar="LOGIN", help="Who writes here; default: the job's bot, else the token's owner.")
@options.option(
    "--state",
    type=click.Choice(["planned", "applying"]),
    default="planned",
    show_default=True,
    help="Stage to report.",
)
@options.option("--events", metavar="FILE", help="What `apply --json-into FILE` wrote: report its results.")
@options.option("--failed", metavar="FILE", help="What a plan or an apply printed that failed: report why.")
@options.option(
    "--history",
    metavar="NAME",
    help="Where each attempt of the apply keeps its events, as NAME-1 …: results of earlier attempts stay reported."
    " NAME/FOLDER are those of a folder.",
)
@options.allowances
@options.option("--url", metavar="URL", help="The page with the whole output; default: the page of this run.")
@options.option("--dry-run", is_flag=True, help="Print the comment without posting it.")
def command(
    *,
    plans: tuple[str, ...],
    environments: tuple[str, ...],
    stack: str | None,
    pull: int | None,
    author: str | None,
    state: str,
    events: str | None,
    failed: str | None,
    history: str | None,
    allowances: tuple[str, ...],
    url: str | None,
    dry_run: bool,
) -> int:
    """Keep one comment on the pull request for each stack and environment.

    It is edited in place, left alone where nothing differs, and never overwritten by an older run. `--state applying`
    and then `--events` update it after the merge; `--failed` reports why there is nothing to show. The plans of
    several environments have one comment, each updated by itself. Without a pull request there is nothing to do.
    """
    from reconciler.github.comment_content import CommentRequest, content_of_plans, content_without_plan
    from reconciler.github.comment_posting import post_comment

    if (events or failed) and (len(plans) > 1 or (events and failed)):
        raise click.UsageError("--events and --failed are about one plan, and exclude each other.")
    request = CommentRequest.of(
        state=state, events=events, failed=failed, url=url, allowances=allowances, history=history
    )
    if plans:
        content, failures = content_of_plans(plans, request)
    else:
        content, failures = content_without_plan(environments, stack, request), ()
    if dry_run:
        click.echo(content.body if content is not None else "", nl=False)
    elif content is not None:
        post_comment(content, pull, author)
    for failure in failures:
        failure.show()
    return 1 if failures else 0
