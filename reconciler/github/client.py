"""GitHub's REST API, as much of it as a review needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final
from urllib.parse import quote

from reconciler.canonical import Json
from reconciler.github import (
    AbsentError,
    Artifact,
    BranchRules,
    CodeHost,
    CodeHostError,
    Comment,
    Issue,
    Label,
    Pull,
    WorkflowRun,
    same_name,
)
from reconciler.github.archives import unpacked
from reconciler.github.http import CHECK_URL, ApiRequest, Exchange

Entry = Mapping[str, Json]

_PULLS: Final = "pull-requests: read"
_COMMENTS: Final = "pull-requests: write"
_ISSUES: Final = "issues: write"
_RUNS: Final = "actions: read"
_CONTENTS: Final = "contents: read"
_METADATA: Final = "metadata: read"
_WRITERS: Final = ("admin", "maintain", "write")
_RECENT: Final = 100
_COLOR: Final = "d93f0b"


class GitHub(CodeHost):
    """One repository on GitHub, or on a server of its kind."""

    def __init__(
        self,
        exchange: Exchange,
        repository: str,
        author: str | None = None,
        hide: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._exchange = exchange
        self._repository = f"/repos/{repository}"
        self._hide = hide
        """Removes secrets from what is written."""
        self._author = author
        """Who writes with this token, where it is known; the token of a job may not ask."""

    def me(self) -> str:
        if self._author is None:
            self._author = _text_member(self._entry(ApiRequest("GET", "/user", _METADATA)), "login")
        return self._author

    def comments(self, number: int) -> Sequence[Comment]:
        entries = self._list(f"/issues/{number}/comments", _PULLS)
        return sorted(map(_comment, entries), key=lambda comment: comment.id)

    def comment(self, number: int, body: str) -> Comment:
        path, content = f"/issues/{number}/comments", {"body": self._hide(body)}
        request = self._request("POST", path, _COMMENTS, content)
        return _comment(self._entry(request, lambda: self._written(path, content, {})))

    def edit_comment(self, id: int, body: str) -> None:
        self._send("PATCH", f"/issues/comments/{id}", _COMMENTS, {"body": self._hide(body)})

    def issues(self, *, label: str = "", author: str = "", closed: bool = False) -> Sequence[Issue]:
        params = {"labels": label, "creator": author, "state": "all" if closed else "open"}
        entries = self._list("/issues", _ISSUES, {name: value for name, value in params.items() if value})
        issues = [_issue(entry) for entry in entries if "pull_request" not in entry]
        return sorted(issues, key=lambda issue: issue.number)

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        content: Entry = {"title": title, "body": self._hide(body)}
        request = self._request("POST", "/issues", _ISSUES, {**content, "labels": [label]})
        params = {"labels": label, "state": "open"}
        return _issue(self._entry(request, lambda: self._written("/issues", content, params)))

    def edit_issue(self, number: int, *, title: str, body: str, open: bool) -> None:  # noqa: A002  # as Issue.open
        content: Entry = {"title": title, "body": self._hide(body), "state": "open" if open else "closed"}
        self._send("PATCH", f"/issues/{number}", _ISSUES, content)

    def set_label(self, number: int, name: str) -> None:
        self._send("POST", f"/issues/{number}/labels", _ISSUES, {"labels": [name]})

    def lock(self, number: int, reason: str = "") -> None:
        self._send("PUT", f"/issues/{number}/lock", _ISSUES, {"lock_reason": reason} if reason else {})

    def unlock(self, number: int) -> None:
        self._send("DELETE", f"/issues/{number}/lock", _ISSUES)

    def labels(self, number: int) -> Sequence[Label]:
        names = [_text_member(entry, "name") for entry in self._list(f"/issues/{number}/labels", _PULLS)]
        set_by: dict[str, tuple[str | None, str]] = {}
        for event in self._events(number) if names else ():
            if event.get("event") == "labeled":
                name = _text_member(_json_object(event.get("label")), "name")
                set_by[name.lower()] = (_login_member(event, "actor"), _text_member(event, "created_at"))
        return [Label(name, *set_by.get(name.lower(), (None, ""))) for name in names]

    def _events(self, number: int) -> list[Entry]:
        """The events of a pull request, the oldest first; servers of the kind have one of two lists."""
        try:
            events = list(self._list(f"/issues/{number}/events", _PULLS))
        except AbsentError:
            events = list(self._list(f"/issues/{number}/timeline", _PULLS))
        return sorted(events, key=lambda event: _text_member(event, "created_at"))

    def make_label(self, name: str, description: str) -> None:
        if self._label(name) is None:
            content: Entry = {"name": name, "color": _COLOR, "description": description}
            self._entry(self._request("POST", "/labels", _COMMENTS, content), lambda: self._label(name))

    def _label(self, name: str) -> Json:
        entry = self._entry_if_any(self._request("GET", f"/labels/{quote(name, safe='')}", _PULLS))
        return None if entry is None else dict(entry)

    def take_label(self, number: int, name: str) -> None:
        with suppress(AbsentError):
            self._send("DELETE", f"/issues/{number}/labels/{quote(name, safe='')}", _COMMENTS)

    def label_names(self) -> Sequence[str]:
        return [_text_member(entry, "name") for entry in self._list("/labels", _PULLS)]

    def branch_rules(self, branch: str) -> BranchRules:
        return _branch_rules(self._list(f"/rules/branches/{quote(branch, safe='')}", _METADATA))

    def may_write(self, login: str) -> bool:
        path = f"/collaborators/{quote(login, safe='')}/permission"
        entry = self._entry_if_any(self._request("GET", path, _METADATA))
        return entry is not None and entry.get("permission") in _WRITERS

    def pulls_of(self, commit: str) -> Sequence[Pull]:
        try:
            path = f"/commits/{quote(commit, safe='')}/pulls"
            pulls = [_pull(entry) for entry in self._list(path, f"{_CONTENTS}, {_PULLS}")]
        except AbsentError:
            pulls = []
        if any(pull.merged for pull in pulls):
            return pulls
        newest = {"state": "closed", "sort": "updated", "direction": "desc"}  # one merged just now is not listed yet
        closed = (_pull(entry) for entry in islice(self._list("/pulls", _PULLS, newest), _RECENT))
        return [*pulls, *(pull for pull in closed if pull.merge_commit == commit)]

    def pull(self, number: int) -> Pull:
        return _pull(self._entry(self._request("GET", f"/pulls/{number}", _PULLS)))

    def runs(self, workflow: str, head: str) -> Sequence[WorkflowRun]:
        return [run for run in self._runs(workflow, {"head_sha": head}) if run.head == head]

    def runs_of(self, workflow: str, pull: Pull) -> Sequence[WorkflowRun]:
        since = {"created": f">={pull.created}"} if pull.created else {}
        return self._runs(workflow, {"event": "pull_request", "branch": pull.branch, **since})

    def _runs(self, workflow: str, params: Mapping[str, str]) -> list[WorkflowRun]:
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        runs = map(_workflow_run, self._list(path, _RUNS, params, "workflow_runs"))
        return sorted(runs, key=lambda run: run.id, reverse=True)

    def run(self, id: int, attempt: int | None = None) -> WorkflowRun | None:
        which = "" if attempt is None else f"/attempts/{attempt}"
        entry = self._entry_if_any(self._request("GET", f"/actions/runs/{id}{which}", _RUNS))
        return None if entry is None else _workflow_run(entry)

    def artifacts(self, run: int) -> Sequence[Artifact]:
        entries = self._list(f"/actions/runs/{run}/artifacts", _RUNS, member="artifacts")
        return sorted(map(_artifact, entries), key=lambda kept: kept.id, reverse=True)

    def files(self, kept: Artifact) -> Mapping[str, bytes] | None:
        if kept.expired:
            return None
        content = self._exchange.download(self._request("GET", f"/actions/artifacts/{kept.id}/zip", _RUNS))
        return None if content is None else unpacked(content)

    def _request(self, method: str, path: str, needs: str, body: Entry | None = None) -> ApiRequest:
        return ApiRequest(method, f"{self._repository}{path}", needs, body=body)

    def _send(self, method: str, path: str, needs: str, body: Entry | None = None) -> None:
        self._exchange.send(self._request(method, path, needs, body))

    def _entry(self, request: ApiRequest, look: Callable[[], Json] = lambda: None) -> Entry:
        return _json_object(self._exchange.ask(request, look))

    def _entry_if_any(self, request: ApiRequest) -> Entry | None:
        try:
            return self._entry(request)
        except AbsentError:
            return None

    def _list(
        self, path: str, needs: str, params: Mapping[str, str] | None = None, member: str | None = None
    ) -> Iterator[Entry]:
        return self._exchange.pages(ApiRequest("GET", f"{self._repository}{path}", needs, params or {}), member)

    def _written(self, path: str, content: Entry, params: Mapping[str, str]) -> Json:
        """What this token wrote there, to the letter but for how a server keeps line ends."""
        me = self.me()
        for entry in self._list(path, _COMMENTS, params):
            is_mine = same_name(_login_member(entry, "user") or "", me)
            if is_mine and all(
                _normal_text(_text_member(entry, name)) == _normal_text(content[name]) for name in content
            ):
                return dict(entry)
        return None


def _normal_text(text: Json) -> str:
    return str(text).replace("\r\n", "\n").strip()


def _json_object(value: Json) -> Entry:
    if not isinstance(value, dict):
        raise CodeHostError("GitHub's response is not as documented.", CHECK_URL)
    return value


def _text_member(entry: Entry, name: str) -> str:
    """A member that is a text; an empty one where it is absent."""
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise CodeHostError(f"GitHub's response is not as documented: its `{name}` is not text.", CHECK_URL)
    return value or ""


def _integer(entry: Entry, name: str) -> int:
    value = entry.get(name)
    if type(value) is not int:
        raise CodeHostError(f"GitHub's response is not as documented: its `{name}` is not a number.", CHECK_URL)
    return value


def _login_member(entry: Entry, name: str) -> str | None:
    """The login of a member; None where the account was deleted."""
    account = entry.get(name)
    return (_text_member(account, "login") or None) if isinstance(account, dict) else None


def _repository_name(entry: Entry, name: str) -> str:
    """The full name of a repository; empty where it was deleted."""
    repository = entry.get(name)
    return _text_member(repository, "full_name") if isinstance(repository, dict) else ""


def _comment(entry: Entry) -> Comment:
    return Comment(_integer(entry, "id"), _login_member(entry, "user") or "", _text_member(entry, "body"))


def _issue(entry: Entry) -> Issue:
    listed = entry.get("labels")
    labels = (
        [_text_member(label, "name") for label in listed if isinstance(label, dict)] if isinstance(listed, list) else []
    )
    return Issue(
        number=_integer(entry, "number"),
        author=_login_member(entry, "user") or "",
        title=_text_member(entry, "title"),
        body=_text_member(entry, "body"),
        open=entry.get("state") == "open",
        labels=tuple(labels),
        locked=entry.get("locked") is True,
        lock_reason=_text_member(entry, "active_lock_reason"),
    )


def _pull(entry: Entry) -> Pull:
    head, base = _json_object(entry.get("head")), _json_object(entry.get("base"))
    merged = bool(entry.get("merged_at")) or entry.get("merged") is True
    return Pull(
        number=_integer(entry, "number"),
        head=_text_member(head, "sha"),
        head_repository=_repository_name(head, "repo"),
        base_repository=_repository_name(base, "repo"),
        merged=merged,
        merge_commit=_text_member(entry, "merge_commit_sha") or None if merged else None,
        base=_text_member(base, "ref"),
        open=entry.get("state") == "open",
        conflicting=entry.get("mergeable") is False,
        branch=_text_member(head, "ref"),
        author=_login_member(entry, "user"),
        created=_text_member(entry, "created_at"),
        merged_at=_text_member(entry, "merged_at"),
    )


def _workflow_run(entry: Entry) -> WorkflowRun:
    return WorkflowRun(
        id=_integer(entry, "id"),
        attempt=_integer(entry, "run_attempt") if "run_attempt" in entry else 1,
        head=_text_member(entry, "head_sha"),
        head_repository=_repository_name(entry, "head_repository"),
        event=_text_member(entry, "event"),
        status=_text_member(entry, "status"),
        conclusion=_text_member(entry, "conclusion") or None,
        created=_text_member(entry, "created_at"),
    )


def _branch_rules(entries: Iterable[Entry]) -> BranchRules:
    """What several rules require together."""
    by_type: dict[str, list[Entry]] = {}
    for entry in entries:
        parameters = entry.get("parameters")
        by_type.setdefault(_text_member(entry, "type"), []).append(parameters if isinstance(parameters, dict) else {})
    reviews, checks = by_type.get("pull_request", []), by_type.get("required_status_checks", [])
    approvals = [rule.get("required_approving_review_count") for rule in reviews]
    listed = [rule.get("required_status_checks") for rule in checks]
    return BranchRules(
        pull_request=bool(reviews),
        approvals=max((number for number in approvals if isinstance(number, int)), default=0),
        dismisses_stale=any(rule.get("dismiss_stale_reviews_on_push") is True for rule in reviews),
        last_push_approved=any(rule.get("require_last_push_approval") is True for rule in reviews),
        code_owners=any(rule.get("require_code_owner_review") is True for rule in reviews),
        checks=tuple(_text_member(_json_object(one), "context") for each in listed for one in _entries(each)),
        up_to_date=any(rule.get("strict_required_status_checks_policy") is True for rule in checks),
    )


def _entries(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _artifact(entry: Entry) -> Artifact:
    made, expired = _text_member(entry, "created_at"), bool(entry.get("expired"))
    return Artifact(_integer(entry, "id"), _text_member(entry, "name"), made, expired=expired)
