"""The one issue of an environment: found again, opened, followed, closed, reopened; never somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.github import AbsentError, CodeHostError
from reconciler.github.errors import PassingError
from reconciler.github.posts import issue_memory, issue_text

if TYPE_CHECKING:
    from reconciler.github import CodeHost, Issue
    from reconciler.github.posts.issue_memory import Memory, PassStamp
    from reconciler.model import Target
    from reconciler.plan.unattended import Pass


def update_issue(
    host: CodeHost, author: str, passed: Pass, comments: list[str], look: PassStamp, *, may_write: bool
) -> str:
    """Brings the issue to what a pass found, and says what was done with it; nothing where nothing is to be said.

    The comments are taken from the list as they are written: what is still in it after a failure was not told.
    """
    where = passed.plan.where
    ours = known_issues(host, author, where)
    found = ours[0] if ours else None
    for twin in ours[1:]:
        _superseded(host, twin, ours[0].number)
    if passed.is_well and not comments and not (found and found.open):
        return ""
    before = issue_memory.remembered(found.body) if found else None
    digests = {left.change.digest for left in passed.left}
    now = issue_memory.following(before, look, is_well=passed.is_well, digests=digests)
    text = issue_text.body(passed, now, look)
    issue = found or _opened(host, author, where, text)
    if may_write and not (found and found.open):
        _hold_is_known(host)
    with _unlocked(host, issue), _relabelled(host, issue):
        said = _brought(host, author, issue, passed, comments, (before, now, text))
    return f"Issue #{issue.number} {said if found or passed.is_well else 'is opened'}.{_amended(issue)}"


def known_issues(host: CodeHost, author: str, where: Target) -> list[Issue]:
    """Our issues of an environment, the one that goes on first: the oldest open one, else the newest closed one.

    Younger open ones are of passes that ran at the same moment.
    """
    first_line = issue_text.first_line(where)
    labelled = _ours(host.issues(label=issue_text.LABEL, closed=True), author, first_line)
    is_open = [one for one in labelled if one.open] or _unlabelled(host, author, first_line)
    return is_open or labelled[:-2:-1]


def _unlabelled(host: CodeHost, author: str, first_line: str) -> list[Issue]:
    """Open ones of ours whose label somebody took off; none where the hosting cannot list by author."""
    try:
        return _ours(host.issues(author=author), author, first_line)
    except PassingError:
        raise
    except CodeHostError:
        return []


def _brought(
    host: CodeHost,
    author: str,
    issue: Issue,
    passed: Pass,
    comments: list[str],
    texts: tuple[Memory | None, Memory, str],
) -> str:
    """Writes what is to be said into the issue; what became of it."""
    before, now, text = texts
    if passed.is_well and not comments:
        comments.append(issue_text.well(passed.plan))
    returns = not issue.open and not passed.is_well
    if returns:
        where, is_new = passed.plan.where, before is None or not before.since
        host.comment(issue.number, issue_text.again(where, now) if is_new else issue_text.reopened(where))
    said = "has a new comment" if _commented(host, author, issue, passed, comments) else "is unchanged"
    if passed.is_well:
        said = "is closed" if issue.open else said
    elif returns or not issue_text.is_same(issue.body, text):
        said = "is reopened" if returns else "is updated"
    host.edit_issue(issue.number, title=issue.title, body=text, open=not passed.is_well)
    return said


def _hold_is_known(host: CodeHost) -> None:
    """Has the repository know the label that stops a pass: on a phone one can only choose among those there are."""
    with suppress(CodeHostError):
        host.make_label(issue_text.HOLD, "Scheduled runs write nothing to this environment")


@contextmanager
def _unlocked(host: CodeHost, issue: Issue) -> Iterator[None]:
    """Within, a locked issue may be written to: a job's token may unlock one, and write to none that is locked."""
    if not issue.locked:
        yield
        return
    try:
        host.unlock(issue.number)
    except CodeHostError as error:
        message = f"Issue #{issue.number} is locked, and this token cannot unlock it: {error.message}"
        raise CodeHostError(message, f"unlock issue #{issue.number}, or {error.remedy}") from error
    try:
        yield
    finally:
        host.lock(issue.number, issue.lock_reason)


@contextmanager
def _relabelled(host: CodeHost, issue: Issue) -> Iterator[None]:
    """Sets the label again by which the next pass finds the issue, once all else is told."""
    yield
    if not _has_label(issue):
        host.set_label(issue.number, issue_text.LABEL)


def _amended(issue: Issue) -> str:
    label = "" if _has_label(issue) else f" Its label `{issue_text.LABEL}` had been removed and is set again."
    return label + (" It is locked: it was unlocked to write to it, and locked again." if issue.locked else "")


def _has_label(issue: Issue) -> bool:
    return any(name.casefold() == issue_text.LABEL for name in issue.labels)


def _commented(host: CodeHost, author: str, issue: Issue, passed: Pass, comments: list[str]) -> bool:
    """Writes the comments; not again what every pass tries to write over and cannot."""
    left = {id(one.change) for one in passed.left}
    tried_only = bool(passed.overwrote) and all(id(change) in left for change in passed.overwrote)
    if tried_only and _is_known(host, author, issue, comments[0]):
        comments.clear()
    told = bool(comments)
    while comments:
        host.comment(issue.number, comments[0])
        del comments[0]
    return told


def _is_known(host: CodeHost, author: str, issue: Issue, comment: str) -> bool:
    first_line = comment.partition("\n")[0]
    return any(_is_by(one.author, author) and _begins(one.body, first_line) for one in host.comments(issue.number))


def _opened(host: CodeHost, author: str, where: Target, text: str) -> Issue:
    """Opens the issue, and looks whether the next pass will find it, and whether another pass did the same."""
    made = host.open_issue(issue_text.title(where), text, issue_text.LABEL)
    with suppress(AbsentError):  # a server without this list keeps the labels that it was given
        _labelled(host, made)
    ours = _ours(host.issues(label=issue_text.LABEL), author, issue_text.first_line(where))
    older = [one for one in ours if one.open and one.number < made.number]
    if older:
        _superseded(host, made, older[0].number)
        return older[0]
    return replace(made, labels=(issue_text.LABEL,))


def _labelled(host: CodeHost, made: Issue) -> None:
    if all(label.name.casefold() != issue_text.LABEL for label in host.labels(made.number)):
        host.edit_issue(made.number, title=made.title, body=made.body, open=False)
        message = (
            f"Issue #{made.number} was closed again: it has no label `{issue_text.LABEL}`, so no pass would find it."
        )
        raise CodeHostError(message, "the token has to be one that may set labels: `issues: write`")


def _superseded(host: CodeHost, issue: Issue, number: int) -> None:
    """Closes an issue such that no pass takes it up again."""
    host.comment(issue.number, issue_text.superseded(number))
    host.edit_issue(issue.number, title=issue.title, body=issue_text.superseded(number), open=False)


def _ours(issues: Sequence[Issue], author: str, first_line: str) -> list[Issue]:
    """Those that carry the mark and that we wrote, the oldest first: the mark alone anybody can write."""
    found = [one for one in issues if _is_by(one.author, author) and _begins(one.body, first_line)]
    return sorted(found, key=lambda one: one.number)


def _is_by(login: str, author: str) -> bool:
    return login.casefold() == author.casefold()


def _begins(text: str, first_line: str) -> bool:
    return text.splitlines()[:1] == [first_line]
