"""What GitHub's answers say, as our values; what is not as documented is said to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.canonical import Json
from reconciler.github import CodeHostError, Comment, Issue, Kept, Pull, WorkflowRun

Entry = Mapping[str, Json]

_ADDRESS: Final = "look whether GITHUB_API_URL is the API's address"


def entry(value: Json) -> Entry:
    """The value, which is an object."""
    if not isinstance(value, dict):
        raise CodeHostError("GitHub's answer is not as documented.", _ADDRESS)
    return value


def text(of: Entry, name: str) -> str:
    """A member that is a text; where there is none, an empty one."""
    value = of.get(name)
    if value is not None and not isinstance(value, str):
        raise CodeHostError(f"GitHub's answer is not as documented: its `{name}` is not text.", _ADDRESS)
    return value or ""


def number(of: Entry, name: str) -> int:
    """A member that is a whole number."""
    value = of.get(name)
    if type(value) is not int:
        raise CodeHostError(f"GitHub's answer is not as documented: its `{name}` is not a number.", _ADDRESS)
    return value


def login(of: Entry, name: str) -> str | None:
    """Who a member names; nobody, where the account is gone."""
    who = of.get(name)
    return (text(who, "login") or None) if isinstance(who, dict) else None


def comment(of: Entry) -> Comment:
    """A comment."""
    return Comment(number(of, "id"), login(of, "user") or "", text(of, "body"))


def issue(of: Entry) -> Issue:
    """An issue."""
    listed = of.get("labels")
    labels = [text(one, "name") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return Issue(
        number=number(of, "number"),
        author=login(of, "user") or "",
        title=text(of, "title"),
        body=text(of, "body"),
        open=of.get("state") == "open",
        labels=tuple(labels),
        locked=of.get("locked") is True,
        lock_reason=text(of, "active_lock_reason"),
    )


def pull(of: Entry) -> Pull:
    """A pull request; of a repository that is gone there is no name."""
    head, base = entry(of.get("head")), entry(of.get("base"))
    merged = bool(of.get("merged_at")) or of.get("merged") is True
    return Pull(
        number=number(of, "number"),
        head=text(head, "sha"),
        head_repository=_repository(head, "repo"),
        base_repository=_repository(base, "repo"),
        merged=merged,
        merge_commit=text(of, "merge_commit_sha") or None if merged else None,
        base=text(base, "ref"),
        open=of.get("state") == "open",
        conflicting=of.get("mergeable") is False,
        branch=text(head, "ref"),
        author=login(of, "user"),
        created=text(of, "created_at"),
        merged_at=text(of, "merged_at"),
    )


def run(of: Entry) -> WorkflowRun:
    """A run of a workflow."""
    return WorkflowRun(
        id=number(of, "id"),
        attempt=number(of, "run_attempt") if "run_attempt" in of else 1,
        head=text(of, "head_sha"),
        head_repository=_repository(of, "head_repository"),
        event=text(of, "event"),
        status=text(of, "status"),
        conclusion=text(of, "conclusion") or None,
        created=text(of, "created_at"),
    )


def kept(of: Entry) -> Kept:
    """What a run kept."""
    return Kept(number(of, "id"), text(of, "name"), text(of, "created_at"), expired=bool(of.get("expired")))


def _repository(of: Entry, name: str) -> str:
    found = of.get(name)
    return text(found, "full_name") if isinstance(found, dict) else ""
