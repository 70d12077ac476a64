"""Where the code is hosted, behind one seam: comments, issues, labels, pull requests, runs and what they kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class CodeHostError(Exception):
    """What could not be asked of the hosting, and what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class AbsentError(CodeHostError):
    """What is not there, or not for this token to see."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request or an issue."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that is no pull request."""

    number: int
    author: str
    title: str
    body: str
    open: bool
    labels: tuple[str, ...] = ()
    locked: bool = False
    """Whether nobody may write there but who may push."""
    lock_reason: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a pull request, and who set it last."""

    name: str
    by: str | None
    at: str = ""
    """When, as the hosting's clock says: 2026-01-31T10:00:00Z."""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request: the commit that it proposes, from where and into what."""

    number: int
    head: str
    head_repository: str
    base_repository: str
    merged: bool
    merge_commit: str | None = None
    """The commit that it became where it was merged."""
    base: str = ""
    """The branch that it goes into, where the hosting says so."""
    open: bool = False
    """Whether it is neither merged nor closed."""
    conflicting: bool = False
    """Whether it is known that it cannot be merged as it is; only a pull request asked for by its number says so."""
    branch: str = ""
    """The branch that it comes from."""
    author: str | None = None
    created: str = ""
    """When it was opened, as the hosting's clock says."""
    merged_at: str = ""
    """When it was merged; nothing where it was not."""


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow: of which commit, and how it ended."""

    id: int
    attempt: int
    head: str
    head_repository: str
    event: str
    status: str
    conclusion: str | None
    created: str = ""
    """When it was first set off, as the hosting's clock says."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run kept under a name, and when; its files may have expired."""

    id: int
    name: str
    made: str = ""
    expired: bool = False


class CodeHost(Protocol):
    """One repository where it is hosted; every method raises CodeHostError where it cannot keep its promise."""

    def me(self) -> str:
        """The login that owns the token."""
        ...

    def comments(self, number: int) -> Sequence[Comment]:
        """Every comment of a pull request or issue, the oldest first."""
        ...

    def comment(self, number: int, body: str) -> Comment:
        """Writes a comment, once."""
        ...

    def edit_comment(self, id: int, body: str) -> None:
        """Puts another text in the place of a comment's."""
        ...

    def issues(self, *, label: str = "", author: str = "", closed: bool = False) -> Sequence[Issue]:
        """The issues with a label, or by an author, pull requests left out, the oldest first; `closed` ones as well."""
        ...

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Opens an issue, once."""
        ...

    def edit_issue(self, number: int, *, title: str, body: str, open: bool) -> None:  # noqa: A002  # as Issue.open
        """Puts title, text and state of an issue."""
        ...

    def set_label(self, number: int, name: str) -> None:
        """Sets a label of an issue; one that the repository does not know yet is made."""
        ...

    def lock(self, number: int, reason: str = "") -> None:
        """Locks an issue."""
        ...

    def unlock(self, number: int) -> None:
        """Unlocks an issue."""
        ...

    def labels(self, number: int) -> Sequence[Label]:
        """The labels of a pull request, with who set each last."""
        ...

    def make_label(self, name: str, description: str) -> None:
        """Has the repository know a label; nothing where it does already."""
        ...

    def take_label(self, number: int, name: str) -> None:
        """Takes a label off a pull request; nothing where it is off already."""
        ...

    def may_write(self, login: str) -> bool:
        """Whether somebody may push to the repository."""
        ...

    def pulls_of(self, commit: str) -> Sequence[Pull]:
        """The pull requests that a commit belongs to."""
        ...

    def pull(self, number: int) -> Pull:
        """A pull request by its number."""
        ...

    def runs(self, workflow: str, head: str) -> Sequence[WorkflowRun]:
        """The runs of a workflow for a commit, the newest first."""
        ...

    def runs_of(self, workflow: str, pull: Pull) -> Sequence[WorkflowRun]:
        """The runs of a workflow for whatever a pull request has proposed so far, the newest first."""
        ...

    def run(self, id: int, attempt: int | None = None) -> WorkflowRun | None:
        """A run as it is, or as one of its attempts was; None where there is none."""
        ...

    def artifacts(self, run: int) -> Sequence[Kept]:
        """What a run kept, the newest first."""
        ...

    def files(self, kept: Kept) -> Mapping[str, bytes] | None:
        """The files of an artifact; None where they are gone."""
        ...
