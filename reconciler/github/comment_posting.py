"""Post the comment on a pull request: written once, edited in place, never over that of a newer run."""

from __future__ import annotations

import click

from reconciler.console.failure import Failure
from reconciler.github import AbsentError, CodeHost, CodeHostError, ci_context, same_name
from reconciler.github.comment_content import CommentContent
from reconciler.github.posts.sticky import DUPLICATE, CommentMarker, decide
from reconciler.plan.allowances import LABEL, moment


def post_comment(content: CommentContent, pull: int | None, author: str | None) -> None:
    """Writes or edits the comment on the pull request, with the labels that it names, and prints what was done."""
    with ci_context.connected(author) as host:
        number = ci_context.pull_number(pull, host)
        if number is None:
            click.echo("There is no pull request to comment on.")
            return
        login = ci_context.author_of(author, host)
        _update_labels(host, number, content)
        try:
            done = _post(host, number, login, content)
        except AbsentError:  # deleted meanwhile: it is written anew
            done = _post(host, number, login, content)
        click.echo(f"{content.title} on #{number}: {done}")


def _update_labels(host: CodeHost, number: int, content: CommentContent) -> None:
    """Makes the labels that the comment names, and removes those that no longer count; an error is a warning."""
    try:
        for code in content.codes:
            host.make_label(f"{LABEL}{code}", f"Override the objection `{code}` of this plan: reconciler")
        labels = host.labels(number) if content.taken else ()
        current = {(label.name, label.by, moment(label.at)) for label in labels}
        for name in sorted({each.label for each in content.taken if (each.label, each.by, each.at) in current}):
            host.take_label(number, name)
    except CodeHostError as error:
        click.echo(f"Warning: The labels are unchanged: {error.message}", err=True)


def _post(host: CodeHost, number: int, author: str, content: CommentContent) -> str:
    """What was done, in a word."""

    def is_newer(marker: CommentMarker) -> bool:
        """Whether the run that a comment names exists; not where the token may not ask."""
        try:
            run = host.run(marker.run)
        except CodeHostError:
            return False
        return run is not None and run.attempt >= marker.attempt

    decision = decide(host.comments(number), author, content.marker, content.body, is_newer, content.part)
    if decision.newer is not None:
        return f"left alone, a newer run has commented ({decision.newer.run}.{decision.newer.attempt})"
    if decision.kept is None and content.quiet:
        return "no comment, since no manifest changed and there was none before"
    if decision.kept is None:
        _check_author(host.comment(number, content.body).author, author)
        return "commented"
    if decision.what == "edit":
        host.edit_comment(decision.kept.id, decision.body)
    for duplicate in decision.duplicates:
        host.edit_comment(duplicate.id, DUPLICATE)
    return "edited" if decision.what == "edit" else "left alone, nothing differs"


def _check_author(author: str, presumed: str) -> None:
    """Ends the command where the next run would not find its comment, and write another."""
    if author and not same_name(author, presumed):
        message = f"The comment was written by {author}, and is looked for among those of {presumed}."
        raise Failure(message, f"pass `--author '{author}'`, or the next run writes another one")
