"""A team at work: its repository, where it is hosted, the server of its assistants, and the workflows it copied."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx

from support.checkout import plain
from support.emulator_world import BETA
from support.forking import Process
from support.github import BOT, Asked, Hub, github
from support.gits import git
from support.workflow import ROOT, Event, Job, Machine, read

KEY = "sk-of-the-team-0123456789"
FORK = "stranger/assistants"
WORKFLOWS = ROOT / ".github" / "workflows"

_CONFIG = """\
version: 1
stack: acme
manifests: [assistants]
environments:
  production: {{provider: openai, base_url: "{url}", api_key: {{env: ASSISTANTS_API_KEY}}}}
  sandbox: {{provider: openai, base_url: "{url}", api_key: {{env: ASSISTANTS_API_KEY}}, project: sandbox}}
"""

# What a request wants of the job's permissions, by method and path; collaborators want none beyond a repository's own.
# The numbers of pull requests have up to two digits in these tests, those of issues three.
_WANTED = [
    ("GET", r".*/actions/.*", "actions: read"),
    ("GET", r".*/(pulls(/\d+)?|commits/[^/]+/pulls)", "pull-requests: read"),
    ("GET", r".*/(issues/\d\d?/(labels|events|comments)|labels/.*)", "pull-requests: read"),
    ("(POST|DELETE)", r".*/(labels|issues/\d\d?/labels/.*)", "pull-requests: write"),
    ("(POST|PATCH)", r".*/issues/(\d\d?/comments|comments/\d+)", "pull-requests: write"),
    ("(POST|PATCH)", r".*/issues/\d+/comments", "issues: write"),
    ("GET", r".*/issues/\d+/(labels|events|comments)", "issues: read"),
    ("GET", r".*/issues", "issues: read"),
    ("(POST|PATCH)", r".*/issues(/\d+)?", "issues: write"),
    ("GET", r".*/collaborators/.*", ""),
]


def manifest(instructions: str = "You help.\n", **fields: str) -> str:
    """A manifest with a prompt."""
    fields = {"name": "HR Helper", **fields}
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    text = "".join(f"  {line}\n" for line in instructions.splitlines())
    return f"model: gpt-4o\n{lines}instructions: |\n{text}"


@dataclass
class Team:
    """What people do, and what their workflows make of it."""

    folder: Path
    hub: Hub
    url: str
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    workflows: Path = WORKFLOWS
    """The folder of their workflows."""

    def __post_init__(self) -> None:
        self.origin = self.folder / "origin"
        self.origin.mkdir()
        git(self.origin, "init", "-q", "-b", "main")
        self.variables |= {"RECONCILER_ENVIRONMENT": "production", "RECONCILER_SANDBOX": "sandbox"}
        names = ("RECONCILER_PLAN_KEY", "RECONCILER_APPLY_KEY", "RECONCILER_RECONCILE_KEY", "RECONCILER_SANDBOX_KEY")
        self.secrets |= dict.fromkeys(names, KEY)
        self.labels: dict[int, list[str]] = {}
        self.machine = Machine(self.folder / "jobs", self.origin, self.hub.url, secrets=self.secrets)
        self.machine.variables, self.machine.kept, self.machine.token = self.variables, self._kept, self._token
        self._numbers = 0
        self._is_fork = False
        self._granted: dict[str, Mapping[str, str]] = {}
        self._set_off: dict[int, Event] = {}
        """By run of plan.yml, what set it off."""
        self._obey()

    # what is in Git

    def commit(self, branch: str = "main", **files: str | None) -> str:
        """Manifests by key, or other files by their path; None takes one away. The commit."""
        if branch != git(self.origin, "branch", "--show-current"):
            git(self.origin, "checkout", "-q", branch)
        for name, text in files.items():
            path = self.origin / (name if "." in name else f"assistants/{name}.yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
        git(self.origin, "add", "-A")
        git(self.origin, "commit", "-q", "--allow-empty", "-m", f"{branch} moves on")
        commit = git(self.origin, "rev-parse", "HEAD")
        git(self.origin, "checkout", "-q", "main")
        return commit

    def begin(self, **files: str) -> str:
        """The repository's first commit."""
        return self.commit(**{"reconciler.yaml": _CONFIG.format(url=self.url)}, **files)

    def open(
        self, number: int, fork: str | None = None, workflow: Mapping[str, Any] | None = None, **files: str | None
    ) -> Job:
        """A pull request is opened, and brings the first assistant where there is none yet; what came of its plan."""
        if not (self.origin / "assistants").exists():
            files = {"hr": manifest(), **files}
        git(self.origin, "branch", f"change-{number}", "main")
        head = self.commit(f"change-{number}", **files)
        self.hub.pull(number, head=head, fork=fork)
        return self.planned(number, "opened", self._new(number, head), workflow=workflow)

    def push(self, number: int, **files: str | None) -> Job:
        """The pull request gets another commit."""
        head = self.commit(f"change-{number}", **files)
        self.hub.pulls[number]["head"]["sha"] = head
        return self.planned(number, "synchronize", self._new(number, head))

    def label(self, number: int, name: str, by: str = "maintainer") -> Job:
        """Somebody labels the pull request."""
        self.hub.label(number, name, by=by)
        self.labels.setdefault(number, []).append(name)
        return self.planned(number, "labeled", self._new(number, self._head(number)), label=name)

    def edit(self, number: int, **changes: Any) -> Job:
        """Somebody edits what the pull request says of itself, or its base."""
        return self.planned(number, "edited", self._new(number, self._head(number)), changes=changes or {"title": {}})

    def replanned(self, number: int) -> Job:
        """The newest job that planned the pull request is run again: with the event that it was set off by."""
        run = max(self._set_off)
        attempt = self.hub.again(run, conclusion=None, status="in_progress")
        (job,) = self.machine.run(read(self.workflows / "plan.yml"), self._set_off[run], run, attempt).values()
        self.hub.finish(run, job.conclusion)
        return job

    def unlabel(self, number: int, name: str) -> None:
        """Somebody takes a label off."""
        self.hub.unlabel(number, name)
        self.labels[number].remove(name)

    def merge(self, number: int) -> str:
        """The pull request is merged: its commits become one of main."""
        tree = git(self.origin, "rev-parse", f"refs/pull/{number}/merge^{{tree}}")
        commit = git(self.origin, "commit-tree", tree, "-p", "main", "-m", f"Change {number} (#{number})")
        git(self.origin, "reset", "-q", "--hard", commit)
        self.hub.merge(number, commit)
        return commit

    # what the workflows make of it

    def planned(
        self,
        number: int,
        action: str,
        run: int,
        label: str | None = None,
        workflow: Mapping[str, Any] | None = None,
        attempt: int = 1,
        changes: Mapping[str, Any] | None = None,
    ) -> Job:
        """plan.yml, or another that plans, for the pull request as it is."""
        workflow = workflow or read(self.workflows / "plan.yml")
        stranger = self._home(number) != self.hub.repository
        self.machine.secrets, self._is_fork = {} if stranger else self.secrets, stranger
        self.machine.variables = {} if stranger else self.variables
        self._set_off[run] = self._event(number, action, label, changes)
        (job,) = self.machine.run(workflow, self._set_off[run], run, attempt).values()
        self.hub.finish(run, job.conclusion)
        return job

    def queued(self, number: int) -> Job:
        """plan.yml, for the pull request as a merge queue would merge it."""
        merge, base = git(self.origin, "rev-parse", f"refs/pull/{number}/merge"), git(self.origin, "rev-parse", "main")
        run = self.hub.run("plan.yml", merge, event="merge_group", status="in_progress", conclusion=None)
        ref = f"refs/heads/gh-readonly-queue/main/pr-{number}-{base}"
        event = Event("merge_group", merge, ref, {"merge_group": {"base_sha": base, "head_sha": merge}})
        job = self.machine.run(read(self.workflows / "plan.yml"), event, run)["plan"]
        self.hub.finish(run, job.conclusion)
        return job

    def applied(self, commit: str | None = None, attempt: int = 1, workflow: Mapping[str, Any] | None = None) -> Job:
        """apply.yml, for a commit of main that was pushed; the job that applies to production."""
        return self.applied_in_turn(commit, attempt, workflow)["production"]

    def applied_in_turn(
        self, commit: str | None = None, attempt: int = 1, workflow: Mapping[str, Any] | None = None
    ) -> dict[str, Job]:
        """The same, every job."""
        commit = commit or git(self.origin, "rev-parse", "main")
        run = self._applying(commit, attempt)
        event = Event("push", commit, "refs/heads/main", {})
        jobs = self.machine.run(workflow or read(self.workflows / "apply.yml"), event, run, attempt)
        failed = any(job.conclusion == "failure" for job in jobs.values())
        self.hub.finish(run, "failure" if failed else "success")
        return jobs

    def _applying(self, commit: str, attempt: int) -> int:
        """A run of apply.yml; of a later attempt the one before, started again."""
        running: dict[str, Any] = {"status": "in_progress", "conclusion": None}
        before = [one for one in self.hub.all_runs if one["path"].endswith("/apply.yml") and one["head_sha"] == commit]
        if attempt == 1 or not before:
            return self.hub.run("apply.yml", commit, event="push", attempt=attempt, **running)
        self.hub.again(before[-1]["id"], **running)
        return int(before[-1]["id"])

    def called(self, **inputs: str) -> Job:
        """apply.yml, as somebody sets it off by hand; the job that was meant."""
        workflow, commit = read(self.workflows / "apply.yml"), git(self.origin, "rev-parse", "main")
        wanted = workflow["on"]["workflow_dispatch"]["inputs"]
        assert set(inputs) <= set(wanted)
        given = {name: inputs.get(name, one["default"]) for name, one in wanted.items()}
        run = self.hub.run("apply.yml", commit, event="workflow_dispatch", status="in_progress", conclusion=None)
        event = Event("workflow_dispatch", commit, "refs/heads/main", {"inputs": given})
        jobs = self.machine.run(workflow, event, run)
        (job,) = [one for one in jobs.values() if one.conclusion != "skipped"]
        self.hub.finish(run, job.conclusion)
        return job

    def reconciled(self) -> Job:
        """reconcile.yml, as the schedule sets it off."""
        commit = git(self.origin, "rev-parse", "main")
        run = self.hub.run("reconcile.yml", commit, event="schedule")
        event = Event("schedule", commit, "refs/heads/main")
        return self.machine.run(read(self.workflows / "reconcile.yml"), event, run)["production"]

    def tried(self, number: int, action: str, label: str | None = None) -> dict[str, Job]:
        """try.yml, for something that happened to the pull request."""
        run = self.hub.run("try.yml", self._head(number))
        return self.machine.run(read(self.workflows / "try.yml"), self._event(number, action, label), run)

    def swept(self) -> dict[str, Job]:
        """try.yml, as the schedule sets it off."""
        commit = git(self.origin, "rev-parse", "main")
        event = Event("schedule", commit, "refs/heads/main")
        return self.machine.run(
            read(self.workflows / "try.yml"), event, self.hub.run("try.yml", commit, event="schedule")
        )

    # what is live

    def live(self) -> dict[str, dict[str, Any]]:
        """What the server holds, by name; of several with one name the last."""
        return {one["name"]: one for one in self.everything()}

    def everything(self, url: str = "") -> list[dict[str, Any]]:
        """Every assistant, on another server where one is named."""
        found = httpx.get(f"{url or self.url}/assistants?limit=100", headers=self._headers()).json()["data"]
        assert isinstance(found, list)
        return found

    def move(self, id: str, url: str = "", **fields: Any) -> None:
        """Somebody changes an assistant in the dashboard."""
        answer = httpx.post(f"{url or self.url}/assistants/{id}", headers=self._headers(), json=fields)
        assert answer.status_code == 200, answer.text

    def make(self, **fields: Any) -> str:
        """Somebody makes an assistant in the dashboard; its id."""
        answer = httpx.post(f"{self.url}/assistants", headers=self._headers(), json={"model": "gpt-4o", **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def comment(self, number: int) -> str:
        """The one comment of ours on the pull request."""
        (body,) = self.hub.bodies(number)
        return str(body)

    def kept(self, name: str) -> list[str]:
        """The files of the newest artifact of that name."""
        artifacts = [one for one in self.hub.all_artifacts if one["name"] == name]
        return sorted(artifacts[-1]["files"])

    def _headers(self) -> dict[str, str]:
        return {**BETA, "Authorization": f"Bearer {KEY}"}

    def _head(self, number: int) -> str:
        return str(self.hub.pulls[number]["head"]["sha"])

    def _new(self, number: int, head: str) -> int:
        return self.hub.run("plan.yml", head, status="in_progress", conclusion=None, repository=self._home(number))

    def _home(self, number: int) -> str:
        return str(self.hub.pulls[number]["head"]["repo"]["full_name"])

    def _event(self, number: int, action: str, label: str | None, changes: Mapping[str, Any] | None = None) -> Event:
        """The event as GitHub has it: its commit is the merge of the pull request with what it would go into."""
        head, base = self._head(number), git(self.origin, "rev-parse", "main")
        if action != "closed" and self.hub.pulls[number]["state"] == "open":
            tree = git(self.origin, "merge-tree", "--write-tree", "main", head).split("\n")[0]
            merge = git(self.origin, "commit-tree", tree, "-p", base, "-p", head, "-m", "merge")
            git(self.origin, "update-ref", f"refs/pull/{number}/merge", merge)
        payload = {
            "action": action,
            "number": number,
            "pull_request": {
                "number": number,
                "state": self.hub.pulls[number]["state"],
                "head": {"sha": head, "ref": f"change-{number}", "repo": {"full_name": self._home(number)}},
                "base": {"sha": base, "ref": "main", "repo": {"full_name": self.hub.repository}},
                "labels": [{"name": name} for name in self.labels.get(number, [])],
            },
            "repository": {"full_name": self.hub.repository},
        } | ({"label": {"name": label}} if label else {})
        payload |= {"changes": changes} if changes else {}
        merge = git(self.origin, "rev-parse", f"refs/pull/{number}/merge")
        return Event("pull_request", merge, f"refs/pull/{number}/merge", payload, "main", f"change-{number}")

    def _kept(self, run: int, name: str, files: dict[str, bytes]) -> None:
        """An artifact: of one name a run has one, and keeping another fails."""
        names = [one["name"] for one in self.hub.all_artifacts if one["run"] == run]
        assert name not in names, f"the run has an artifact {name} already"
        self.hub.artifact(run, name, files)
        self.hub.all_artifacts[-1]["files"] = sorted(files)

    # what a job may do

    def _token(self, permissions: Mapping[str, str]) -> str:
        self._numbers += 1
        token = f"token-{self._numbers}"
        self.hub.tokens[token] = BOT
        self._granted[token] = dict.fromkeys(permissions, "read") if self._is_fork else permissions
        return token

    def _obey(self) -> None:
        """A token may do what the permissions of its job say; what wants more is a fault of the workflow."""
        answer = self.hub.answer

        def guarded(asked: Asked) -> Any:
            token = asked.headers.get("authorization", "").removeprefix("Bearer ")
            missing = _missing(asked, self._granted.get(token, {}))
            if missing:
                self.hub.faults.append(f"{asked.method} {asked.path} wants `{missing}`")
            return answer(asked)

        self.hub.answer = guarded  # type: ignore[method-assign]


def _missing(asked: Asked, granted: Mapping[str, str]) -> str:
    for method, path, wanted in _WANTED:
        if re.fullmatch(method, asked.method) and re.fullmatch(path, asked.path):
            name, _, access = wanted.partition(": ")
            return "" if granted.get(name) in (access, "write") or not wanted else wanted
    return f"something that is not known here: {asked.method} {asked.path}"


@contextmanager
def team(folder: Path) -> Iterator[Team]:
    """A team with an empty repository, a server with nothing on it, and workflows as this repository has them."""
    with github() as hub, server(folder / "server") as url:
        yield Team(folder, hub, url)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a server with nothing on it."""
    folder.mkdir()
    words = ("serve", "--port", "0", "--data", "live.db", "--api-key", KEY)
    with Process(*words, cwd=folder, env=plain(), stdout=PIPE) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+/v1", said)
            assert found, said
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)
