"""`reconciler comment`: one comment on the pull request for each stack and environment, kept up to date in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.github import CodeHost
    from reconciler.github.comment_content import About
    from reconciler.github.posts.sticky import CommentMarker


@click.command("comment")
@click.argument("plans", nargs=-1, metavar="[PLAN.json]...")
@options.environments
@options.stack
@options.option("--pull", type=click.IntRange(min=1), metavar="N", help="The pull request; default: the job's own.")
@options.option("--author", metavar="LOGIN", help="Who writes here; default: the job's bot, else the token's owner.")
@options.option(
    "--state",
    type=click.Choice(["planned", "applying"]),
    default="planned",
    show_default=True,
    help="Stage to report.",
)
@options.option("--events", metavar="FILE", help="What `apply --json-into FILE` wrote: say what became of the plan.")
@options.option("--failed", metavar="FILE", help="What a plan or an apply printed that failed: say why.")
@options.option(
    "--history",
    metavar="NAME",
    help="Where each attempt of the apply keeps its events, as NAME-1 …: what an earlier one did stays told.",
)
@options.allowances
@options.option("--url", metavar="URL", help="Where the whole is; default: the page of this run.")
@options.option("--dry-run", is_flag=True, help="Print the comment without posting it.")
def command(
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
    and then `--events` carry it on after the merge; `--failed` says why there is nothing to show. The plans of several
    environments have one comment, in which each is carried on by itself. Where there is no pull request, there is
    nothing to do.
    """
    from reconciler.github.comment_content import CommentRequest, about_places, about_plans

    if (events or failed) and (len(plans) > 1 or (events and failed)):
        raise click.UsageError("--events and --failed are about one plan, and exclude each other.")
    telling = CommentRequest.of(
        state=state, events=events, failed=failed, url=url, allowances=allowances, history=history
    )
    unread: list[Failure] = []
    found: Sequence[About]
    if plans:
        found, unread = about_plans(plans, telling)
    else:
        found = [about_places(environments, stack, telling)]
    say(found, pull, author, dry_run=dry_run)
    for failure in unread:
        failure.show()
    return 1 if unread else 0


def say(found: Sequence[About], pull: int | None, author: str | None, *, dry_run: bool) -> None:
    """Prints what was found, or has the comments on the pull request say it."""
    from reconciler.github import ci_context

    if dry_run or not found:
        for one in found:
            click.echo(one.body, nl=False)
        return
    with ci_context.asking(author) as place:
        number = ci_context.pull_number(pull, place)
        if number is None:
            click.echo("There is no pull request to comment on.")
            return
        who = ci_context.author(author, place)
        _label(place, number, found)
        for one in found:
            click.echo(f"{one.title} on #{number}: {_put(place, number, who, one)}")


def _label(place: CodeHost, number: int, found: Sequence[About]) -> None:
    """Has the labels be there that comments name, and takes off those that do not count any more.

    What cannot be done is said, and hides no comment.
    """
    from reconciler.github import CodeHostError
    from reconciler.plan.allowances import LABEL, moment

    codes, taken = {code for one in found for code in one.codes}, {label for one in found for label in one.taken}
    try:
        for code in sorted(codes):
            place.make_label(f"{LABEL}{code}", f"Let the objection `{code}` of this plan pass: reconciler")
        now = {(one.name, one.by, moment(one.at)) for one in place.labels(number)} if taken else set()
        for name in sorted({one.label for one in taken if (one.label, one.by, one.at) in now}):
            place.take_label(number, name)
    except CodeHostError as error:
        click.echo(f"Warning: The labels are left as they are: {error.message}", err=True)


def _put(place: CodeHost, number: int, author: str, one: About) -> str:
    """Has the comment say it, written anew where somebody deletes it meanwhile; what was done, in a word."""
    from reconciler.github import AbsentError

    try:
        return _kept(place, number, author, one)
    except AbsentError:
        return _kept(place, number, author, one)


def _kept(place: CodeHost, number: int, author: str, one: About) -> str:
    from reconciler.github.posts.sticky import TWIN, decide

    comments = place.comments(number)
    decision = decide(comments, author, one.marker, one.body, lambda newer: _exists(place, newer), one.part)
    if decision.newer is not None:
        return f"left alone, a newer run has commented ({decision.newer.run}.{decision.newer.attempt})"
    if decision.kept is None and one.quiet:
        return "no comment, since no manifest changed and none stood before"
    if decision.kept is None:
        _written_by(place.comment(number, one.body).author, author)
        return "commented"
    if decision.what == "edit":
        place.edit_comment(decision.kept.id, decision.body)
    for twin in decision.twins:
        place.edit_comment(twin.id, TWIN)
    return "edited" if decision.what == "edit" else "left alone, nothing differs"


def _exists(place: CodeHost, marker: CommentMarker) -> bool:
    """Whether there is the run that a comment says it is of; not where nobody may ask."""
    from reconciler.github import CodeHostError

    try:
        found = place.run(marker.run)
    except CodeHostError:
        return False
    return found is not None and found.attempt >= marker.attempt


def _written_by(author: str, presumed: str) -> None:
    """Ends the command where the next run would look for its comment in vain, and write another."""
    if author and author.lower() != presumed.lower():
        message = f"The comment was written by {author}, and is looked for among those of {presumed}."
        raise Failure(message, f"say `--author '{author}'`, or the next run writes another one")
