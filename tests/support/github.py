"""A small GitHub: the part of its REST API that a review needs, on loopback, from a state in memory.

    with github() as hub:
        hub.pull(7, head="a" * 40)
        hub.comment(7, "hello", by="octocat")
        subprocess.run([...], env={**os.environ, **hub.environ(pull=7)})
        assert hub.bodies(7) == [...]

It is strict: what it does not know is 404 and kept in `hub.faults`, which leaving the block checks to be empty.
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

BOT = "github-actions[bot]"
LIMIT = 65_536
_EPOCH = 1_800_000_000


@dataclass
class Asked:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    by: str | None


@dataclass
class Fault:
    """What goes wrong with some requests: by method and a pattern of their path, so many times."""

    method: str
    pattern: str
    times: int = 1
    status: int | None = None
    """Answer this instead."""
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "as laid"
    after: bool = False
    """Do what was asked first."""
    drop: bool = False
    """Close the connection without an answer."""
    slow: float = 0.0
    """Answer after so many seconds."""


@dataclass
class _Refused(Exception):
    status: int
    message: str
    errors: list[Any] = field(default_factory=list)


class Hub:
    """One repository, and what everybody did to it."""

    def __init__(self, repository: str = "acme/assistants") -> None:
        self.repository = repository
        self.url = ""
        self.storage = ""
        self.token = "token-of-the-job"
        self.tokens: dict[str, str] = {self.token: BOT}
        """Who writes with which token."""
        self.apps = {BOT}
        """Logins that are no users: they may not ask who they are."""
        self.permissions: dict[str, str] = {"maintainer": "write"}
        self.read_only: set[str] = set()
        """Tokens that may write nothing."""
        self.may_not_label: set[str] = set()
        """Tokens whose labels are dropped without a word, as those of who may not push are."""
        self.refuses_creators = False
        """Whether it lists no issues by who opened them."""
        self.pulls: dict[int, dict[str, Any]] = {}
        self.all_issues: dict[int, dict[str, Any]] = {}
        self.all_labels: dict[str, dict[str, Any]] = {}
        """What labels the repository knows; one that somebody sets is known from then on."""
        self.rules: list[dict[str, Any]] = []
        """The rules of its main branch."""
        self.all_comments: dict[int, list[dict[str, Any]]] = {}
        self.events: dict[int, list[dict[str, Any]]] = {}
        self.forgetful = False
        """Whether it does not list yet which pull request a commit belongs to."""
        self.all_runs: list[dict[str, Any]] = []
        self.all_artifacts: list[dict[str, Any]] = []
        self.requests: list[Asked] = []
        self.stored: list[Asked] = []
        """Requests to the storage of artifacts, which is another host."""
        self.laid: list[Fault] = []
        self.faults: list[str] = []
        self._ids = count(1001)
        self._moment = count(_EPOCH, 60)
        self._lock = threading.Lock()

    # what people do

    def pull(
        self,
        number: int,
        *,
        head: str = "a" * 40,
        merged: str | None = None,
        fork: str | None = None,
        base: str | None = None,
        by: str = "author",
    ) -> int:
        """Opens a pull request, or moves it to another head; `merged` is the commit that it became."""
        self.pulls[number] = {
            "number": number,
            "state": "closed" if merged else "open",
            "title": f"Change {number}",
            "user": {"login": by},
            "created_at": self.pulls[number]["created_at"] if number in self.pulls else self.now(),
            "head": {"sha": head, "ref": f"change-{number}", "repo": {"full_name": fork or self.repository}},
            "base": {"sha": "b" * 40, "ref": "main", "repo": {"full_name": base or self.repository}},
            "merged_at": self.now() if merged else None,
            "merge_commit_sha": merged or "c" * 40,
        }
        self._issue(number, f"Change {number}", "", by)["pull_request"] = {"url": f"{self.url}/pulls/{number}"}
        return number

    def push(self, number: int, head: str, *, run: bool = True, workflow: str = "plan.yml") -> int:
        """Pushes to a pull request, which sets a run of its workflow off; the run's number."""
        self.pulls[number]["head"]["sha"] = head
        return self.run(workflow, head, conclusion=None, status="in_progress") if run else 0

    def merge(self, number: int, commit: str) -> None:
        """Merges a pull request."""
        self.pulls[number].update(merged_at=self.now(), merge_commit_sha=commit, state="closed")

    def comment(self, number: int, body: str, *, by: str = "octocat") -> int:
        """Somebody comments; the comment's number."""
        one = {"id": next(self._ids), "user": {"login": by}, "body": body, "created_at": self.now()}
        self.all_comments.setdefault(number, []).append(one)
        return int(one["id"])

    def comments(self, number: int, by: str | None = None) -> list[dict[str, Any]]:
        """The comments there are, the oldest first."""
        return [one for one in self.all_comments.get(number, []) if by in (None, one["user"]["login"])]

    def bodies(self, number: int, by: str | None = BOT) -> list[str]:
        """What the comments say; those of the bot, unless somebody else is named."""
        return [one["body"] for one in self.comments(number, by)]

    def issue(self, title: str, body: str = "", *, labels: tuple[str, ...] = (), by: str = "octocat") -> int:
        """Somebody opens an issue; its number."""
        number = max([100, *self.all_issues]) + 1
        self._issue(number, title, body, by)["labels"] = [{"name": label} for label in labels]
        return number

    def label(self, number: int, name: str, *, by: str = "maintainer") -> None:
        """Somebody sets a label."""
        self._labelled(number, "labeled", name, by)
        self.all_labels.setdefault(name.lower(), {"name": name})
        labels = self.all_issues[number]["labels"]
        labels += [] if any(one["name"] == name for one in labels) else [{"name": name}]

    def unlabel(self, number: int, name: str, *, by: str = "maintainer") -> None:
        """Somebody takes a label off."""
        self._labelled(number, "unlabeled", name, by)
        self.all_issues[number]["labels"] = [one for one in self.all_issues[number]["labels"] if one["name"] != name]

    def run(
        self,
        workflow: str,
        head: str,
        *,
        conclusion: str | None = "success",
        status: str = "completed",
        event: str = "pull_request",
        repository: str | None = None,
        attempt: int = 1,
    ) -> int:
        """A workflow runs; the run's number."""
        one = {
            "id": next(self._ids),
            "run_attempt": attempt,
            "path": f".github/workflows/{workflow}",
            "head_sha": head,
            "head_branch": next((p["head"]["ref"] for p in self.pulls.values() if p["head"]["sha"] == head), "main"),
            "head_repository": {"full_name": repository or self.repository},
            "event": event,
            "status": status,
            "conclusion": conclusion,
            "created_at": self.now(),
        }
        self.all_runs.append(one)
        return int(one["id"])

    def again(self, run: int, *, conclusion: str | None = "success", status: str = "completed") -> int:
        """A run is tried again; the attempt's number. What became of the attempts before stays known."""
        one = next(one for one in self.all_runs if one["id"] == run)
        before = {name: value for name, value in one.items() if name != "attempts"}
        one.setdefault("attempts", []).append(before)
        one.update(run_attempt=one["run_attempt"] + 1, conclusion=conclusion, status=status)
        return int(one["run_attempt"])

    def finish(self, run: int, conclusion: str = "success") -> None:
        """A run ends."""
        next(one for one in self.all_runs if one["id"] == run).update(status="completed", conclusion=conclusion)

    def artifact(
        self, run: int, name: str, files: Mapping[str, str | bytes] | bytes | Path, *, expired: bool = False
    ) -> int:
        """A run keeps files, or a folder's, under a name; bytes are taken for the archive itself."""
        if isinstance(files, Path):
            files = {str(path.relative_to(files)): path.read_bytes() for path in files.rglob("*") if path.is_file()}
        content = files if isinstance(files, bytes) else zipped(files)
        one = {"id": next(self._ids), "name": name, "expired": expired, "created_at": self.now()}
        one |= {"run": run, "content": content}
        self.all_artifacts.append(one)
        return int(one["id"])

    # what goes wrong

    def fail(self, method: str, pattern: str, **how: Any) -> None:
        """Lays a fault on the next requests whose path holds the pattern: see Fault."""
        self.laid.append(Fault(method, pattern, **how))

    def writes(self) -> list[tuple[str, str]]:
        """The requests that were to change something."""
        return [(one.method, one.path) for one in self.requests if one.method != "GET"]

    def forget(self) -> None:
        """Forgets what was asked so far."""
        self.requests.clear()

    # how to reach it

    def environ(self, *, pull: int | None = None, sha: str | None = None, run: int = 1, **more: str) -> dict[str, str]:
        """The environment of a job: of a pull request, or of a push to the main branch."""
        ref = f"refs/pull/{pull}/merge" if pull else "refs/heads/main"
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_TOKEN": self.token,
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_EVENT_NAME": "pull_request" if pull else "push",
            "GITHUB_REF": ref,
            "GITHUB_SHA": sha or "d" * 40,
            **more,
        }

    def now(self) -> str:
        """The moment, which is a minute later each time."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(next(self._moment)))

    def _issue(self, number: int, title: str, body: str, by: str) -> dict[str, Any]:
        one = {
            "number": number,
            "title": title,
            "body": body,
            "user": {"login": by},
            "state": "open",
            "locked": False,
            "labels": self.all_issues.get(number, {}).get("labels", []),
        }
        self.all_issues[number] = one
        return one

    def _labelled(self, number: int, event: str, name: str, by: str) -> None:
        one = {"event": event, "actor": {"login": by}, "label": {"name": name}, "created_at": self.now()}
        self.events.setdefault(number, []).append(one)

    # what the API does

    def answer(self, asked: Asked) -> Any:
        """What the API answers; what it knows nothing of is kept as a fault."""
        with self._lock:
            self.requests.append(asked)
            if asked.by is None:
                raise _Refused(401, "Bad credentials")
            for method, pattern, handler in _ROUTES:
                found = re.fullmatch(pattern, asked.path)
                if found and method == asked.method:
                    token = asked.headers.get("authorization", "").removeprefix("Bearer ")
                    if method != "GET" and token in self.read_only:
                        raise _Refused(403, "Resource not accessible by integration")
                    return handler(self, asked, *(unquote(one) for one in found.groups()))
            self.faults.append(f"{asked.method} {asked.path}")
            raise _Refused(404, "Not Found")

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that is laid on a request, which is then one less."""
        with self._lock:
            for laid in self.laid:
                if laid.times > 0 and laid.method == method and laid.pattern in path:
                    laid.times -= 1
                    return laid
        return None


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """An archive of files, the same bytes each time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


# the routes


def _known(table: Mapping[int, Any], number: str) -> Any:
    if int(number) not in table:
        raise _Refused(404, "Not Found")
    return table[int(number)]


def _text(asked: Asked, name: str, *, wanted: bool = True) -> str:
    said = asked.body.get(name) if isinstance(asked.body, dict) else None
    if not isinstance(said, str) or (wanted and not said):
        raise _Refused(422, "Validation Failed", [{"field": name, "code": "missing_field"}])
    if len(said) > LIMIT:
        raise _Refused(422, "Validation Failed", [{"message": f"{name} is too long (maximum is {LIMIT} characters)"}])
    return said


def _user(hub: Hub, asked: Asked) -> Any:
    if asked.by in hub.apps:
        raise _Refused(403, "Resource not accessible by integration")
    return {"login": asked.by}


def _comments(hub: Hub, asked: Asked, number: str) -> Any:
    _known(hub.all_issues, number)
    return hub.comments(int(number))


def _add_comment(hub: Hub, asked: Asked, number: str) -> Any:
    _open_to_apps(hub, asked, _known(hub.all_issues, number), "Unable to create comment because issue is locked.")
    id = hub.comment(int(number), _text(asked, "body"), by=str(asked.by))
    return next(one for one in hub.comments(int(number)) if one["id"] == id)


def _edit_comment(hub: Hub, asked: Asked, id: str) -> Any:
    for one in (one for comments in hub.all_comments.values() for one in comments):
        if one["id"] == int(id):
            one["body"] = _text(asked, "body")
            return one
    raise _Refused(404, "Not Found")


def _issues(hub: Hub, asked: Asked) -> Any:
    if hub.refuses_creators and "creator" in asked.query:
        raise _Refused(422, "The listed users cannot be searched")
    label, state, by = (asked.query.get(name) for name in ("labels", "state", "creator"))
    return [
        one
        for one in hub.all_issues.values()
        if (state or "open") in ("all", one["state"])
        and (label is None or any(has["name"] == label for has in one["labels"]))
        and by in (None, one["user"]["login"])
    ]


def _add_issue(hub: Hub, asked: Asked) -> Any:
    title, body = _text(asked, "title"), _text(asked, "body", wanted=False)
    token = asked.headers.get("authorization", "").removeprefix("Bearer ")
    labels = () if token in hub.may_not_label else tuple(asked.body.get("labels", ()))
    number = hub.issue(title, body, labels=labels, by=str(asked.by))
    return hub.all_issues[number]


def _edit_issue(hub: Hub, asked: Asked, number: str) -> Any:
    one = _known(hub.all_issues, number)
    _open_to_apps(hub, asked, one, "Unable to edit issue because it is locked.")
    for name in ("title", "body"):
        if name in asked.body:
            one[name] = _text(asked, name, wanted=name == "title")
    one["state"] = asked.body.get("state", one["state"])
    return one


def _open_to_apps(hub: Hub, asked: Asked, issue: dict[str, Any], message: str) -> None:
    """What is locked an app may unlock, and not write to."""
    if issue["locked"] and asked.by in hub.apps:
        raise _Refused(403, message)


def _lock(hub: Hub, asked: Asked, number: str) -> Any:
    reason = (asked.body or {}).get("lock_reason")
    _known(hub.all_issues, number).update(locked=True, active_lock_reason=reason)


def _unlock(hub: Hub, asked: Asked, number: str) -> Any:
    _known(hub.all_issues, number).update(locked=False, active_lock_reason=None)


def _set_labels(hub: Hub, asked: Asked, number: str) -> Any:
    for name in asked.body["labels"]:
        hub.label(int(_known(hub.all_issues, number)["number"]), name, by=str(asked.by))
    return hub.all_issues[int(number)]["labels"]


def _labels(hub: Hub, asked: Asked, number: str) -> Any:
    return _known(hub.all_issues, number)["labels"]


def _known_label(hub: Hub, asked: Asked, name: str) -> Any:
    if name.lower() not in hub.all_labels:
        raise _Refused(404, "Not Found")
    return hub.all_labels[name.lower()]


def _make_label(hub: Hub, asked: Asked) -> Any:
    name = _text(asked, "name")
    if name.lower() in hub.all_labels:
        raise _Refused(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
    if len(name) > 50 or len(asked.body.get("description", "")) > 100:
        raise _Refused(422, "Validation Failed", [{"resource": "Label", "code": "invalid", "field": "name"}])
    hub.all_labels[name.lower()] = {"name": name, "color": asked.body["color"]}
    return hub.all_labels[name.lower()]


def _take_label(hub: Hub, asked: Asked, number: str, name: str) -> Any:
    labels = _known(hub.all_issues, number)["labels"]
    if all(one["name"].lower() != name.lower() for one in labels):
        raise _Refused(404, "Label does not exist")
    hub.unlabel(int(number), next(one["name"] for one in labels if one["name"].lower() == name.lower()), by=asked.by)
    return _labels(hub, asked, number)


def _events(hub: Hub, asked: Asked, number: str) -> Any:
    _known(hub.all_issues, number)
    return hub.events.get(int(number), [])


def _permission(hub: Hub, asked: Asked, login: str) -> Any:
    if login.endswith("[bot]"):
        raise _Refused(404, f"{login} is not a user")
    return {"permission": hub.permissions.get(login, "read"), "user": {"login": login}}


def _pulls_of(hub: Hub, asked: Asked, commit: str) -> Any:
    if hub.forgetful:
        return []
    return [one for one in hub.pulls.values() if commit in (one["head"]["sha"], one["merge_commit_sha"])]


def _pulls(hub: Hub, asked: Asked) -> Any:
    state = asked.query.get("state", "open")
    return [one for one in hub.pulls.values() if state in ("all", one["state"])]


def _pull(hub: Hub, asked: Asked, number: str) -> Any:
    return _known(hub.pulls, number)


def _runs(hub: Hub, asked: Asked, workflow: str) -> Any:
    wanted = {"head_sha": "head_sha", "event": "event", "branch": "head_branch"}
    since = asked.query.get("created", ">=").removeprefix(">=")
    found = [one for one in hub.all_runs if one["path"] == f".github/workflows/{workflow}"]
    for parameter, name in wanted.items():
        found = [one for one in found if asked.query.get(parameter) in (None, one[name])]
    found = [one for one in found if one["created_at"] >= since]
    return {"total_count": len(found), "workflow_runs": sorted(found, key=lambda one: -one["id"])}


def _run(hub: Hub, asked: Asked, id: str, attempt: str | None = None) -> Any:
    one = next((one for one in hub.all_runs if one["id"] == int(id)), None)
    attempts = [] if one is None else [*one.get("attempts", []), one]
    found = next((one for one in attempts if attempt is None or one["run_attempt"] == int(attempt)), None)
    if one is None or found is None:
        raise _Refused(404, "Not Found")
    return one if attempt is None else found


def _artifacts(hub: Hub, asked: Asked, run: str) -> Any:
    name = asked.query.get("name")
    found = [one for one in hub.all_artifacts if one["run"] == int(run) and name in (None, one["name"])]
    return {
        "total_count": len(found),
        "artifacts": [{key: one[key] for key in ("id", "name", "expired", "created_at")} for one in found],
    }


def _zip(hub: Hub, asked: Asked, id: str) -> Any:
    one = next((one for one in hub.all_artifacts if one["id"] == int(id)), None)
    if one is None:
        raise _Refused(404, "Not Found")
    if one["expired"]:
        raise _Refused(410, "Artifact has expired")
    return _Elsewhere(f"{hub.storage}/kept/{id}?sig=secret")


@dataclass
class _Elsewhere:
    url: str


_R = "/repos/[^/]+/[^/]+"
_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("GET", r"/user", _user),
    ("GET", rf"{_R}/issues/(\d+)/comments", _comments),
    ("POST", rf"{_R}/issues/(\d+)/comments", _add_comment),
    ("PATCH", rf"{_R}/issues/comments/(\d+)", _edit_comment),
    ("GET", rf"{_R}/issues", _issues),
    ("POST", rf"{_R}/issues", _add_issue),
    ("PATCH", rf"{_R}/issues/(\d+)", _edit_issue),
    ("GET", rf"{_R}/issues/(\d+)/labels", _labels),
    ("DELETE", rf"{_R}/issues/(\d+)/labels/([^/]+)", _take_label),
    ("GET", rf"{_R}/labels/([^/]+)", _known_label),
    ("GET", rf"{_R}/labels", lambda hub, asked: list(hub.all_labels.values())),
    ("GET", rf"{_R}/rules/branches/main", lambda hub, asked: hub.rules),
    ("POST", rf"{_R}/labels", _make_label),
    ("POST", rf"{_R}/issues/(\d+)/labels", _set_labels),
    ("PUT", rf"{_R}/issues/(\d+)/lock", _lock),
    ("DELETE", rf"{_R}/issues/(\d+)/lock", _unlock),
    ("GET", rf"{_R}/issues/(\d+)/events", _events),
    ("GET", rf"{_R}/collaborators/([^/]+)/permission", _permission),
    ("GET", rf"{_R}/commits/([^/]+)/pulls", _pulls_of),
    ("GET", rf"{_R}/pulls", _pulls),
    ("GET", rf"{_R}/pulls/(\d+)", _pull),
    ("GET", rf"{_R}/actions/workflows/([^/]+)/runs", _runs),
    ("GET", rf"{_R}/actions/runs/(\d+)", _run),
    ("GET", rf"{_R}/actions/runs/(\d+)/attempts/(\d+)", _run),
    ("GET", rf"{_R}/actions/runs/(\d+)/artifacts", _artifacts),
    ("GET", rf"{_R}/actions/artifacts/(\d+)/zip", _zip),
]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.hub = hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who does not wait for an answer is no fault of this server's, and of no test that runs by then."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Base(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *arguments: Any) -> None: ...

    def asked(self) -> Asked:
        """The request, read whole."""
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        token = headers.get("authorization", "").removeprefix("Bearer ")
        body = json.loads(content) if content else None
        by = self.server.hub.tokens.get(token)
        return Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body, by)

    def tell(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        """Answers."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815  # the names that http.server looks for

    def answer(self) -> None:
        """Answers a request."""
        raise NotImplementedError


class _Storage(_Base):
    """Where artifacts are kept: another host, which would tell anybody's token on."""

    def answer(self) -> None:
        asked, hub = self.asked(), self.server.hub
        hub.stored.append(asked)
        if "authorization" in asked.headers:
            hub.faults.append("the storage was sent a token")
        fault = hub.fault("GET", asked.path)
        if fault is not None and fault.status is not None:
            self.tell(fault.status, b"", fault.headers)
            return
        id = int(asked.path.rpartition("/")[2])
        kept = next(one for one in hub.all_artifacts if one["id"] == id)
        self.tell(200, kept["content"], {"Content-Type": "application/zip"})


class _Api(_Base):
    """The API itself."""

    def answer(self) -> None:
        asked, hub = self.asked(), self.server.hub
        fault = hub.fault(asked.method, asked.path)
        if fault is None:
            self._told(*self._answered(asked))
            return
        if fault.after:
            self._answered(asked)
        else:
            hub.requests.append(asked)
        time.sleep(fault.slow)
        if fault.drop:
            self.close_connection = True
        elif fault.status is not None:
            self._told(fault.status, {"message": fault.message}, fault.headers)
        else:
            self._told(*self._answered(asked))

    def _answered(self, asked: Asked) -> tuple[int, Any, Mapping[str, str]]:
        try:
            found = self.server.hub.answer(asked)
        except _Refused as refused:
            return refused.status, {"message": refused.message, "errors": refused.errors}, {}
        if isinstance(found, _Elsewhere):
            return 302, None, {"Location": found.url}
        whole, headers = self._page(asked, found)
        return 201 if asked.method == "POST" else 200, whole, headers

    def _page(self, asked: Asked, found: Any) -> tuple[Any, Mapping[str, str]]:
        """As much of a list as a page holds, and where the next is."""
        member = next(
            (name for name in ("workflow_runs", "artifacts") if isinstance(found, dict) and name in found), None
        )
        entries = found[member] if member else found
        if not isinstance(entries, list):
            return found, {}
        size, number = int(asked.query.get("per_page", 30)), int(asked.query.get("page", 1))
        page = entries[size * (number - 1) : size * number]
        more = size * number < len(entries)
        query = "&".join(f"{name}={value}" for name, value in {**asked.query, "page": str(number + 1)}.items())
        link = {"Link": f'<{self.server.url}{asked.path}?{query}>; rel="next"'} if more else {}
        return ({**found, member: page} if member else page), link

    def _told(self, status: int, data: Any, headers: Mapping[str, str]) -> None:
        content = b"" if data is None else json.dumps(data).encode()
        self.tell(status, content, {"Content-Type": "application/json; charset=utf-8", **headers})


@contextmanager
def github(repository: str = "acme/assistants", *, strict: bool = True) -> Iterator[Hub]:
    """The hub, for as long as it is needed; where it is strict, nothing may have been asked that it does not know."""
    hub = Hub(repository)
    with _Server(hub, _Api) as api, _Server(hub, _Storage) as storage:
        hub.url, hub.storage = api.url, storage.url
        threads = [threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}) for one in (api, storage)]
        for thread in threads:
            thread.start()
        try:
            yield hub
        finally:
            for server in (api, storage):
                server.shutdown()
            for thread in threads:
                thread.join()
    assert not strict or hub.faults == []
