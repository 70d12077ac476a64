"""`reconciler reconcile`: one pass of a scheduled job; it reports, and does what the policy allows without anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.github import CodeHost
    from reconciler.run.execute import ApplyOptions
    from reconciler.run.scheduled_run import ScheduledRequest, ScheduledResult


@click.command("reconcile")
@click.argument("keys", nargs=-1)
@options.environment
@options.option(
    "--put-back",
    is_flag=True,
    help="Put drift back now, of KEYS or wherever there is any, whatever the policy says; nothing else is written.",
)
@options.option(
    "--issue/--no-issue",
    default=None,
    help="Keep the environment's issue; default: where GITHUB_REPOSITORY and a token are set.",
)
@options.option(
    "--author", metavar="LOGIN", help="Whose issues are ours; default: the bot under Actions, else the token's."
)
@options.option(
    "--apply-workflow",
    metavar="FILE",
    default="apply.yml",
    show_default=True,
    help="The workflow that applies what was reviewed: edits wait while it has failed for this commit.",
)
@options.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something is left, 3 when an objection stands.")
@options.option("--json-into", metavar="FILE", help="Write what happens as JSON lines to a file as well.")
@options.parallelism
@options.timeout
@options.state_dir
@options.colour
def command(
    keys: tuple[str, ...],
    environment: str | None,
    put_back: bool,
    issue: bool | None,
    author: str | None,
    apply_workflow: str,
    detailed_exitcode: bool,
    json_into: str | None,
    parallelism: int,
    timeout: float | None,
    state_dir: str | None,
    color: bool | None,
) -> int:
    """Report how an environment differs from Git, once, for a scheduled job.

    Nothing is written to the server unless `reconcile: {apply: [drift]}` in reconciler.yaml allows it, and nobody is
    asked. Conflicts, deletes and what an objection holds back are left for people, whatever the policy. What was
    found is kept in one issue of the environment.

    With --put-back somebody is there: what drifted is put back now, and the issue follows.
    """
    from reconciler.run.execute import telling
    from reconciler.run.scheduled_run import ScheduledRequest
    from reconciler.run.session import open_session

    if keys and not put_back:
        raise click.UsageError("KEYS go with --put-back: a scheduled run looks at the whole environment.")
    place = _place(author) if _wants_issue(issue) else None
    with telling(_manner(parallelism, json_into), colour=color) as told:
        session = open_session(environment, colour=color, owns=True, state=state_dir)
        asked = ScheduledRequest(told, session, place, author, apply_workflow, timeout, keys, put_back)
        return _code(_passed(asked), detailed=detailed_exitcode)


def _manner(parallelism: int, json_into: str | None) -> ApplyOptions:
    """How to write while nobody watches: every object is read once more before it is overwritten."""
    from reconciler.run.execute import ApplyOptions

    return ApplyOptions(
        approved=True,
        may_ask=False,
        parallelism=parallelism,
        json_into=json_into,
        command="reconcile",
        saved=True,
        beside=(json_into,) if json_into else (),
    )


def _passed(asked: ScheduledRequest) -> ScheduledResult:
    """The pass; then it is told, and a failure of either ends the command."""
    from contextlib import nullcontext

    from reconciler.run.interrupts import terminable
    from reconciler.run.lock import only_one
    from reconciler.run.scheduled_run import one_pass, tell
    from reconciler.run.session import in_loop

    writes = asked.policy.apply or asked.put_back
    alone = only_one(asked.session.connection.state_dir) if writes else nullcontext()
    with alone:
        found = in_loop(one_pass, asked, timeout=asked.timeout)
        with terminable():  # the loop has taken the signal's handler down with it
            tell(asked, found)
    if found.failure is not None:
        raise found.failure
    return found


def _wants_issue(said: bool | None) -> bool:
    """Whether an issue is kept: as was said, else where the hosting can be asked."""
    import os

    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    return bool(token and os.environ.get("GITHUB_REPOSITORY")) if said is None else said


def _place(author: str | None) -> CodeHost:
    from reconciler.github.ci_context import hosting

    return hosting(author)


def _code(found: ScheduledResult, *, detailed: bool) -> int:
    if found.code or not detailed:
        return found.code
    return 3 if found.passed.objections else 2 if found.passed.left else 0
