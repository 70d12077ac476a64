"""GitHub's REST API, as much of it as a review needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final
from urllib.parse import quote

from reconciler.canonical import Json
from reconciler.github import AbsentError, Comment, Issue, Kept, Label, Pull, WorkflowRun, responses
from reconciler.github.archives import unpacked
from reconciler.github.errors import Ask
from reconciler.github.http import Exchange
from reconciler.github.responses import Entry

_PULLS: Final = "pull-requests: read"
_COMMENTS: Final = "pull-requests: write"
_ISSUES: Final = "issues: write"
_RUNS: Final = "actions: read"
_CONTENTS: Final = "contents: read"
_METADATA: Final = "metadata: read"
_WRITERS: Final = ("admin", "maintain", "write")
_RECENT: Final = 100
_COLOUR: Final = "d93f0b"


class GitHub:
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
        """Takes secrets out of what is written."""
        self._author = author
        """Who writes with this token, where it is known; asking is forbidden to the token of a job."""

    def me(self) -> str:
        """The login that writes with this token."""
        if self._author is None:
            self._author = responses.text(self._one(Ask("GET", "/user", _METADATA)), "login")
        return self._author

    def comments(self, number: int) -> Sequence[Comment]:
        """Every comment of a pull request or issue, the oldest first."""
        found = self._list(f"/issues/{number}/comments", _PULLS)
        return sorted((responses.comment(one) for one in found), key=lambda comment: comment.id)

    def comment(self, number: int, body: str) -> Comment:
        """Writes a comment; where it may have been written already, it is looked for before it is tried again."""
        path = f"/issues/{number}/comments"
        said: Entry = {"body": self._hide(body)}
        return responses.comment(
            self._one(self._ask("POST", path, _COMMENTS, said), lambda: self._written(path, said, {}))
        )

    def edit_comment(self, id: int, body: str) -> None:
        """Puts another text in the place of a comment's."""
        self._exchange.send(self._ask("PATCH", f"/issues/comments/{id}", _COMMENTS, {"body": self._hide(body)}))

    def issues(self, *, label: str = "", author: str = "", closed: bool = False) -> Sequence[Issue]:
        """The issues with a label, or by an author, pull requests left out, the oldest first; `closed` ones as well."""
        asked = {"labels": label, "creator": author, "state": "all" if closed else "open"}
        found = self._list("/issues", _ISSUES, {name: value for name, value in asked.items() if value})
        issues = [responses.issue(one) for one in found if "pull_request" not in one]
        return sorted(issues, key=lambda issue: issue.number)

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Opens an issue; where it may have been opened already, it is looked for before it is tried again."""
        said: Entry = {"title": title, "body": self._hide(body)}
        where = {"labels": label, "state": "open"}
        ask = self._ask("POST", "/issues", _ISSUES, {**said, "labels": [label]})
        return responses.issue(self._one(ask, lambda: self._written("/issues", said, where)))

    def edit_issue(self, number: int, *, title: str, body: str, open: bool) -> None:  # noqa: A002  # as Issue.open
        """Puts title, text and state of an issue."""
        said: Entry = {"title": title, "body": self._hide(body), "state": "open" if open else "closed"}
        self._exchange.send(self._ask("PATCH", f"/issues/{number}", _ISSUES, said))

    def set_label(self, number: int, name: str) -> None:
        """Sets a label of an issue; one that the repository does not know yet is made."""
        self._exchange.send(self._ask("POST", f"/issues/{number}/labels", _ISSUES, {"labels": [name]}))

    def lock(self, number: int, reason: str = "") -> None:
        """Locks an issue."""
        said: Entry = {"lock_reason": reason} if reason else {}
        self._exchange.send(self._ask("PUT", f"/issues/{number}/lock", _ISSUES, said))

    def unlock(self, number: int) -> None:
        """Unlocks an issue."""
        self._exchange.send(self._ask("DELETE", f"/issues/{number}/lock", _ISSUES))

    def labels(self, number: int) -> Sequence[Label]:
        """The labels of a pull request, with who set each last."""
        names = [responses.text(one, "name") for one in self._list(f"/issues/{number}/labels", _PULLS)]
        settings: dict[str, tuple[str | None, str]] = {}
        for event in self._events(number) if names else ():
            if event.get("event") == "labeled":
                name = responses.text(responses.entry(event.get("label")), "name")
                settings[name.lower()] = (responses.login(event, "actor"), responses.text(event, "created_at"))
        return [Label(name, *settings.get(name.lower(), (None, ""))) for name in names]

    def _events(self, number: int) -> list[Entry]:
        """What happened to a pull request, the oldest first; servers of the kind have one of two lists."""
        try:
            found = list(self._list(f"/issues/{number}/events", _PULLS))
        except AbsentError:
            found = list(self._list(f"/issues/{number}/timeline", _PULLS))
        return sorted(found, key=lambda event: responses.text(event, "created_at"))

    def make_label(self, name: str, description: str) -> None:
        """Has the repository know a label; nothing where it does already."""
        if self._label(name) is None:
            said: Entry = {"name": name, "color": _COLOUR, "description": description}
            self._one(self._ask("POST", "/labels", _COMMENTS, said), lambda: self._label(name))

    def _label(self, name: str) -> Json:
        try:
            return dict(self._one(self._ask("GET", f"/labels/{quote(name, safe='')}", _PULLS)))
        except AbsentError:
            return None

    def take_label(self, number: int, name: str) -> None:
        """Takes a label off a pull request; nothing where it is off already."""
        with suppress(AbsentError):
            self._exchange.send(self._ask("DELETE", f"/issues/{number}/labels/{quote(name, safe='')}", _COMMENTS))

    def may_write(self, login: str) -> bool:
        """Whether somebody may push to the repository; who is nobody here may not."""
        try:
            found = self._one(self._ask("GET", f"/collaborators/{quote(login, safe='')}/permission", _METADATA))
        except AbsentError:
            return False
        return found.get("permission") in _WRITERS

    def pulls_of(self, commit: str) -> Sequence[Pull]:
        """The pull requests that a commit belongs to; of one that was merged just now that is not listed at once."""
        try:
            listed = list(self._list(f"/commits/{quote(commit, safe='')}/pulls", f"{_CONTENTS}, {_PULLS}"))
        except AbsentError:
            listed = []
        found = [responses.pull(one) for one in listed]
        if any(one.merged for one in found):
            return found
        newest = {"state": "closed", "sort": "updated", "direction": "desc"}
        closed = (responses.pull(one) for one in islice(self._list("/pulls", _PULLS, newest), _RECENT))
        return [*found, *(one for one in closed if one.merge_commit == commit)]

    def pull(self, number: int) -> Pull:
        """A pull request by its number."""
        return responses.pull(self._one(self._ask("GET", f"/pulls/{number}", _PULLS)))

    def runs(self, workflow: str, head: str) -> Sequence[WorkflowRun]:
        """The runs of a workflow for a commit, the newest first."""
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        found = [responses.run(one) for one in self._list(path, _RUNS, {"head_sha": head}, "workflow_runs")]
        return sorted((run for run in found if run.head == head), key=lambda run: run.id, reverse=True)

    def runs_of(self, workflow: str, pull: Pull) -> Sequence[WorkflowRun]:
        """The runs of a workflow for whatever a pull request has proposed so far, the newest first."""
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        since = {"created": f">={pull.created}"} if pull.created else {}
        asked = {"event": "pull_request", "branch": pull.branch, **since}
        found = [responses.run(one) for one in self._list(path, _RUNS, asked, "workflow_runs")]
        return sorted(found, key=lambda run: run.id, reverse=True)

    def run(self, id: int, attempt: int | None = None) -> WorkflowRun | None:
        """A run as it is, or as one of its attempts was; None where there is none."""
        which = "" if attempt is None else f"/attempts/{attempt}"
        try:
            return responses.run(self._one(self._ask("GET", f"/actions/runs/{id}{which}", _RUNS)))
        except AbsentError:
            return None

    def artifacts(self, run: int) -> Sequence[Kept]:
        """What a run kept, the newest first."""
        found = self._list(f"/actions/runs/{run}/artifacts", _RUNS, member="artifacts")
        return sorted((responses.kept(one) for one in found), key=lambda kept: kept.id, reverse=True)

    def files(self, kept: Kept) -> Mapping[str, bytes] | None:
        """The files of an artifact; None where they are gone."""
        if kept.expired:
            return None
        content = self._exchange.download(self._ask("GET", f"/actions/artifacts/{kept.id}/zip", _RUNS))
        return None if content is None else unpacked(content)

    def _ask(self, method: str, path: str, needs: str, body: Entry | None = None) -> Ask:
        return Ask(method, f"{self._repository}{path}", needs, body=body)

    def _one(self, ask: Ask, look: Callable[[], Json] = lambda: None) -> Entry:
        return responses.entry(self._exchange.ask(ask, look))

    def _list(
        self, path: str, needs: str, params: Mapping[str, str] | None = None, member: str | None = None
    ) -> Iterator[Entry]:
        return self._exchange.pages(Ask("GET", f"{self._repository}{path}", needs, params or {}), member)

    def _written(self, path: str, said: Entry, params: Mapping[str, str]) -> Json:
        """What we wrote there, to the letter but for how a server keeps line ends."""
        me = self.me().lower()
        for one in self._list(path, _COMMENTS, params):
            by = responses.login(one, "user") or ""
            if by.lower() == me and all(_plain(responses.text(one, name)) == _plain(said[name]) for name in said):
                return dict(one)
        return None


def _plain(text: Json) -> str:
    return str(text).replace("\r\n", "\n").strip()
