"""The code host, behind one seam: comments, issues, labels, pull requests, runs and their artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


def same_name(name: str, other: str) -> bool:
    """Whether two logins, repositories or labels are the same: their case does not count."""
    return name.casefold() == other.casefold()


class CodeHostError(Exception):
    """What could not be asked of the code host, and what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class AbsentError(CodeHostError):
    """What does not exist, or may not be read with this token."""


class TransientError(CodeHostError):
    """What may succeed the next time: when to try, and whether it may have been done already."""

    def __init__(self, message: str, *, after: float | None = None, may_have_happened: bool = False) -> None:
        super().__init__(message, "run it again later")
        self.after = after
        self.may_have_happened = may_have_happened


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
    """Whether only those who may push can write there."""
    lock_reason: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a pull request, and who set it last."""

    name: str
    by: str | None
    at: str = ""
    """When, by the code host's clock: 2026-01-31T10:00:00Z."""


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
    """The branch that it goes into, where the code host says so."""
    open: bool = False
    """Whether it is neither merged nor closed."""
    conflicting: bool = False
    """Whether it is known that it cannot be merged as it is; only a pull request asked for by its number says so."""
    branch: str = ""
    """The branch that it comes from."""
    author: str | None = None
    created: str = ""
    """When it was opened, by the code host's clock."""
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
    """When it was first set off, by the code host's clock."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact of a run, and when it was made; its files may have expired."""

    id: int
    name: str
    made: str = ""
    expired: bool = False


@dataclass(frozen=True, slots=True)
class BranchRules:
    """What has to be before a branch changes, as far as this token may see it."""

    pull_request: bool = False
    approvals: int = 0
    dismisses_stale: bool = False
    """Whether a push takes back the approvals."""
    last_push_approved: bool = False
    """Whether somebody else than who pushed last has to approve."""
    code_owners: bool = False
    checks: tuple[str, ...] = ()
    up_to_date: bool = False


class CodeHost(Protocol):
    """One repository on its code host; every method raises CodeHostError where it cannot keep its promise."""

    def me(self) -> str:
        """The login that owns the token."""

    def comments(self, number: int) -> Sequence[Comment]:
        """Every comment of a pull request or issue, the oldest first."""

    def comment(self, number: int, body: str) -> Comment:
        """Writes a comment, once: where it may have been written already, it is looked for before another try."""

    def edit_comment(self, id: int, body: str) -> None:
        """Replaces the text of a comment."""

    def issues(self, *, label: str = "", author: str = "", closed: bool = False) -> Sequence[Issue]:
        """The issues with a label, or by an author, pull requests left out, the oldest first; `closed` ones as well."""

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Opens an issue, once, as a comment is written."""

    def edit_issue(self, number: int, *, title: str, body: str, open: bool) -> None:  # noqa: A002  # as Issue.open
        """Replaces title, text and state of an issue."""

    def set_label(self, number: int, name: str) -> None:
        """Sets a label of an issue; one that the repository does not have yet is made."""

    def lock(self, number: int, reason: str = "") -> None:
        """Locks an issue."""

    def unlock(self, number: int) -> None:
        """Unlocks an issue."""

    def labels(self, number: int) -> Sequence[Label]:
        """The labels of a pull request, with who set each last."""

    def make_label(self, name: str, description: str) -> None:
        """Makes a label in the repository; nothing where it exists."""

    def take_label(self, number: int, name: str) -> None:
        """Removes a label from a pull request; nothing where it has none such."""

    def label_names(self) -> Sequence[str]:
        """The names of all labels that the repository has."""

    def branch_rules(self, branch: str) -> BranchRules:
        """The rules of a branch; those that only its settings say are not among them."""

    def may_write(self, login: str) -> bool:
        """Whether somebody may push to the repository."""

    def pulls_of(self, commit: str) -> Sequence[Pull]:
        """The pull requests that a commit belongs to."""

    def pull(self, number: int) -> Pull:
        """A pull request by its number."""

    def runs(self, workflow: str, head: str) -> Sequence[WorkflowRun]:
        """The runs of a workflow for a commit, the newest first."""

    def runs_of(self, workflow: str, pull: Pull) -> Sequence[WorkflowRun]:
        """The runs of a workflow for whatever a pull request has proposed so far, the newest first."""

    def run(self, id: int, attempt: int | None = None) -> WorkflowRun | None:
        """A run as it is, or as one of its attempts was; None where there is none."""

    def artifacts(self, run: int) -> Sequence[Artifact]:
        """The artifacts of a run, the newest first."""

    def files(self, kept: Artifact) -> Mapping[str, bytes] | None:
        """The files of an artifact; None where they are deleted."""
