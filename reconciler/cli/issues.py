"""The one open issue of an environment: found again, opened, followed, closed; never somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.hosting import AbsentError, HostingError
from reconciler.render.console import report

if TYPE_CHECKING:
    from reconciler.hosting import Hosting, Issue
    from reconciler.unattended import Pass


def tell(place: Hosting, author: str, passed: Pass, comments: list[str]) -> str:
    """Brings the issue to what a pass found, and says what was done with it; nothing where nothing is to be said.

    The comments are taken from the list as they are written: what is still in it after a failure was not told.
    """
    first_line, text = report.first_line(passed.plan.where), report.body(passed)
    found = _one(place, author, first_line)
    if found is None and passed.is_well and not comments:
        return ""
    issue = found or _opened(place, author, first_line, report.title(passed.plan.where), text)
    if passed.is_well and not comments:
        comments.append(report.well(passed.plan))
    said = "has a new comment" if _commented(place, author, issue, passed, comments) else "is unchanged"
    if passed.is_well or not _same(issue.body, text):
        place.edit_issue(issue.number, title=issue.title, body=text, open=not passed.is_well)
        said = "is closed" if passed.is_well else "is updated"
    return f"Issue #{issue.number} {said if found or passed.is_well else 'is opened'}."


def _commented(place: Hosting, author: str, issue: Issue, passed: Pass, comments: list[str]) -> bool:
    """Writes the comments; not again what every pass tries to write over and cannot."""
    left = {id(one.change) for one in passed.left}
    tried_only = bool(passed.overwrote) and all(id(change) in left for change in passed.overwrote)
    if tried_only and _is_known(place, author, issue, comments[0]):
        comments.clear()
    told = bool(comments)
    while comments:
        place.comment(issue.number, comments[0])
        del comments[0]
    return told


def _is_known(place: Hosting, author: str, issue: Issue, comment: str) -> bool:
    first_line = comment.partition("\n")[0]
    return any(_is_by(one.author, author) and _begins(one.body, first_line) for one in place.comments(issue.number))


def _one(place: Hosting, author: str, first_line: str) -> Issue | None:
    """The oldest open issue that is ours; younger ones, of passes that ran at the same moment, are closed."""
    found = _ours(place.issues(report.LABEL), author, first_line)
    for twin in found[1:]:
        _superseded(place, twin, found[0].number)
    return found[0] if found else None


def _opened(place: Hosting, author: str, first_line: str, title: str, text: str) -> Issue:
    """Opens the issue, and looks whether the next pass will find it, and whether another pass did the same."""
    made = place.open_issue(title, text, report.LABEL)
    with suppress(AbsentError):  # a server without this list keeps the labels that it was given
        _labelled(place, made)
    older = [one for one in _ours(place.issues(report.LABEL), author, first_line) if one.number < made.number]
    if older:
        _superseded(place, made, older[0].number)
        return older[0]
    return made


def _labelled(place: Hosting, made: Issue) -> None:
    if all(label.name.casefold() != report.LABEL for label in place.labels(made.number)):
        place.edit_issue(made.number, title=made.title, body=made.body, open=False)
        message = f"Issue #{made.number} was closed again: it has no label `{report.LABEL}`, so no pass would find it."
        raise HostingError(message, "the token has to be one that may set labels: `issues: write`")


def _superseded(place: Hosting, issue: Issue, number: int) -> None:
    place.comment(issue.number, report.superseded(number))
    place.edit_issue(issue.number, title=issue.title, body=issue.body, open=False)


def _ours(issues: Sequence[Issue], author: str, first_line: str) -> list[Issue]:
    """Those that carry the mark and that we wrote, the oldest first: the mark alone anybody can write."""
    found = [one for one in issues if one.open and _is_by(one.author, author) and _begins(one.body, first_line)]
    return sorted(found, key=lambda one: one.number)


def _is_by(login: str, author: str) -> bool:
    return login.casefold() == author.casefold()


def _begins(text: str, first_line: str) -> bool:
    return text.splitlines()[:1] == [first_line]


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same, whatever the hosting does to line ends."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
