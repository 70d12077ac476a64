"""The one issue of an environment: found, opened, updated, closed, reopened; never an issue of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import click

from reconciler.github import AbsentError, CodeHost, CodeHostError, Issue, TransientError, same_name
from reconciler.github.ci_context import author_of, run_url
from reconciler.github.posts import issue_text, overwritten
from reconciler.github.posts.issue_text import Memory, RunStamp
from reconciler.model import Change, Target
from reconciler.plan.policy import ScheduledRun
from reconciler.render.values import inert

HOLD: Final = "reconciler/hold"
"""The label that, on the issue of an environment, stops scheduled runs from writing there."""


@dataclass(frozen=True, slots=True)
class IssueState:
    """What the issue of an environment says before a scheduled run."""

    is_held: bool
    memory: Memory | None

    def reported_at(self, change: Change) -> datetime | None:
        """When the issue first reported the change."""
        at = self.memory.of(change.digest) if self.memory is not None else None
        return datetime.fromisoformat(at) if at else None


def issue_state(host: CodeHost, author: str | None, where: Target) -> IssueState:
    """What the issue says; nothing where there is none."""
    issue = next(iter(_DriftIssue(host, author_of(author, host), where).issues()), None)
    if issue is None:
        return IssueState(is_held=False, memory=None)
    return IssueState(_has_label(issue, HOLD), issue_text.remembered(issue.body))


def report(host: CodeHost, author: str | None, scheduled: ScheduledRun, now: datetime, *, may_write: bool) -> str:
    """Writes what a scheduled run found into the issue; what was done, or nothing where there is no need of one.

    What cannot be posted is printed: what was overwritten must not be lost.
    """
    comments = list(overwritten.comments(scheduled))
    try:
        issue = _DriftIssue(host, author_of(author, host), scheduled.plan.where)
        return issue.update(scheduled, comments, RunStamp(issue_text.moment(now), run_url()), may_write=may_write)
    except (CodeHostError, KeyboardInterrupt):
        for text in comments:
            click.echo(f"\n{inert(text)}")
        raise


@dataclass(frozen=True, slots=True)
class _DriftIssue:
    """The issue of an environment, on a code host, by an author."""

    host: CodeHost
    author: str
    where: Target

    def issues(self) -> list[Issue]:
        """The issues of this environment, the one to update first: the oldest open one, else the newest closed one.

        Younger open ones are of runs at the same moment.
        """
        labelled = self._own(self.host.issues(label=issue_text.LABEL, closed=True))
        is_open = [issue for issue in labelled if issue.open] or self._unlabelled()
        return is_open or labelled[:-2:-1]

    def _unlabelled(self) -> list[Issue]:
        """Open ones whose label was removed; none where the code host cannot list by author."""
        try:
            return self._own(self.host.issues(author=self.author))
        except TransientError:
            raise
        except CodeHostError:
            return []

    def _own(self, issues: Sequence[Issue]) -> list[Issue]:
        """Those with the marker and by the author, the oldest first: the marker alone can be written by anybody."""
        first_line = issue_text.first_line(self.where)
        own = [issue for issue in issues if self._wrote(issue.author, issue.body, first_line)]
        return sorted(own, key=lambda issue: issue.number)

    def _wrote(self, login: str, text: str, first_line: str) -> bool:
        return same_name(login, self.author) and text.splitlines()[:1] == [first_line]

    def update(self, scheduled: ScheduledRun, comments: list[str], stamp: RunStamp, *, may_write: bool) -> str:
        """What was done; comments are removed from the list as they are posted."""
        issues = self.issues()
        current = issues[0] if issues else None
        for duplicate in issues[1:]:
            self._supersede(duplicate, issues[0].number)
        if scheduled.is_well and not comments and not (current and current.open):
            return ""
        before = issue_text.remembered(current.body) if current else None
        digests = {item.change.digest for item in scheduled.to_review}
        now = issue_text.following(before, stamp, is_well=scheduled.is_well, digests=digests)
        text = issue_text.body(scheduled, now, stamp)
        issue = current or self._open(text)
        if may_write and not (current and current.open):
            with suppress(CodeHostError):  # on a phone one can only choose among the labels that exist
                self.host.make_label(HOLD, "Scheduled runs write nothing to this environment")
        with self._unlocked(issue), self._relabelled(issue):
            done = self._write(issue, scheduled, comments, (before, now, text))
        if current is None and not scheduled.is_well:
            done = "is opened"
        return f"Issue #{issue.number} {done}.{_restored(issue)}"

    def _write(
        self, issue: Issue, scheduled: ScheduledRun, comments: list[str], texts: tuple[Memory | None, Memory, str]
    ) -> str:
        before, now, text = texts
        if scheduled.is_well and not comments:
            comments.append(issue_text.well(scheduled.plan))
        reopens = not issue.open and not scheduled.is_well
        if reopens:
            is_new = before is None or not before.since
            again = issue_text.again(self.where, now) if is_new else issue_text.reopened(self.where)
            self.host.comment(issue.number, again)
        done = "has a new comment" if self._post(issue, scheduled, comments) else "is unchanged"
        if scheduled.is_well:
            done = "is closed" if issue.open else done
        elif reopens or not issue_text.is_same(issue.body, text):
            done = "is reopened" if reopens else "is updated"
        self.host.edit_issue(issue.number, title=issue.title, body=text, open=not scheduled.is_well)
        return done

    def _post(self, issue: Issue, scheduled: ScheduledRun, comments: list[str]) -> bool:
        """Writes the comments; not again what every run tries to overwrite and cannot."""
        needs_review = {id(item.change) for item in scheduled.to_review}
        tried_only = bool(scheduled.overwrote) and all(id(change) in needs_review for change in scheduled.overwrote)
        if tried_only:
            first_line = comments[0].partition("\n")[0]
            posted = self.host.comments(issue.number)
            if any(self._wrote(comment.author, comment.body, first_line) for comment in posted):
                comments.clear()
        has_any = bool(comments)
        while comments:
            self.host.comment(issue.number, comments[0])
            del comments[0]
        return has_any

    def _open(self, text: str) -> Issue:
        """Opens the issue, and checks that the next run will find it, and that no other run did the same."""
        issue = self.host.open_issue(issue_text.title(self.where), text, issue_text.LABEL)
        with suppress(AbsentError):  # a server without this list keeps the labels that it was given
            if not any(same_name(label.name, issue_text.LABEL) for label in self.host.labels(issue.number)):
                self.host.edit_issue(issue.number, title=issue.title, body=issue.body, open=False)
                reason = f"it has no label `{issue_text.LABEL}`, so no scheduled run would find it"
                remedy = "the token has to be one that may set labels: `issues: write`"
                raise CodeHostError(f"Issue #{issue.number} was closed again: {reason}.", remedy)
        own = self._own(self.host.issues(label=issue_text.LABEL))
        older = [each for each in own if each.open and each.number < issue.number]
        if older:
            self._supersede(issue, older[0].number)
            return older[0]
        return replace(issue, labels=(issue_text.LABEL,))

    def _supersede(self, issue: Issue, number: int) -> None:
        """Closes an issue such that no run updates it again."""
        self.host.comment(issue.number, issue_text.superseded(number))
        self.host.edit_issue(issue.number, title=issue.title, body=issue_text.superseded(number), open=False)

    @contextmanager
    def _unlocked(self, issue: Issue) -> Iterator[None]:
        """Within, a locked issue is unlocked: a job's token may unlock one, and may not write to a locked one."""
        if not issue.locked:
            yield
            return
        try:
            self.host.unlock(issue.number)
        except CodeHostError as error:
            message = f"Issue #{issue.number} is locked, and this token cannot unlock it: {error.message}"
            raise CodeHostError(message, f"unlock issue #{issue.number}, or {error.remedy}") from error
        try:
            yield
        finally:
            self.host.lock(issue.number, issue.lock_reason)

    @contextmanager
    def _relabelled(self, issue: Issue) -> Iterator[None]:
        """Restores the label by which the next run finds the issue, once all else is written."""
        yield
        if not _has_label(issue, issue_text.LABEL):
            self.host.set_label(issue.number, issue_text.LABEL)


def _restored(issue: Issue) -> str:
    had_label = _has_label(issue, issue_text.LABEL)
    label = "" if had_label else f" Its label `{issue_text.LABEL}` had been removed and is set again."
    return label + (" It is locked: it was unlocked to write to it, and locked again." if issue.locked else "")


def _has_label(issue: Issue, label: str) -> bool:
    return any(same_name(name, label) for name in issue.labels)
