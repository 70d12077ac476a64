"""Runs the steps of a workflow for real, as a runner would, in a folder of its own.

It knows as much of workflows as ours use, and fails at anything else. Every `run` is carried out by bash. What `uses`
somebody else's action is done by an explicit table; our own action is read and its steps are run one by one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from support import forking
from support.expressions import Lenient, filled, holds
from support.gits import git

ROOT = Path(__file__).resolve().parents[2]
OURS = ("./", "OWNER/assistants-reconciler")

_STEP = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory", "continue-on-error"}
_JOB = {
    "name",
    "if",
    "needs",
    "runs-on",
    "timeout-minutes",
    "permissions",
    "environment",
    "steps",
    "concurrency",
    "strategy",
}
_SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"],
}

Values = dict[str, str]


def read(path: Path) -> dict[str, Any]:
    """A workflow or an action, every scalar as its text: `on` is no boolean, `0` no number."""
    found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    assert isinstance(found, dict)
    return found


def lint(folder: Path) -> None:
    """Fails where zizmor or the schema of workflows has an objection to a file of the folder."""
    for program, *arguments in (
        ("zizmor", "--offline", "--pedantic", "--strict-collection", "--no-progress", "--quiet"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
    ):
        command = [str(Path(sys.executable).parent / program), *arguments, *map(str, sorted(folder.iterdir()))]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


class ActionError(Exception):
    """Why somebody else's action fails."""


@dataclass(frozen=True)
class Event:
    """What set a workflow off."""

    name: str
    sha: str
    ref: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    base_ref: str = ""
    head_ref: str = ""


@dataclass(frozen=True)
class Step:
    """How one step ended, and what it printed."""

    name: str
    outcome: str
    conclusion: str
    log: str = ""
    outputs: Values = field(default_factory=dict)
    inner: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Job:
    """How one job ended, step by step."""

    conclusion: str
    steps: tuple[Step, ...] = ()
    summary: str = ""
    name: str = ""
    """What its check is called."""

    @property
    def all(self) -> dict[str, Step]:
        """Every step that has a name, our action's too."""
        return {step.name: step for outer in self.steps for step in (outer, *outer.inner)}

    @property
    def log(self) -> str:
        """Everything that was printed, in its order."""
        return "".join(step.log for outer in self.steps for step in (outer, *outer.inner))

    @property
    def outputs(self) -> Values:
        """The outputs of the last step, which is our action."""
        return self.steps[-1].outputs


@dataclass
class Machine:
    """Where jobs run: a folder each, with the repository, the secrets and what a runner says of itself."""

    folder: Path
    origin: Path
    hosting: str
    repository: str = "acme/assistants"
    variables: Values = field(default_factory=dict)
    secrets: Values = field(default_factory=dict)
    environ: Values = field(default_factory=dict)
    kept: Callable[[int, str, dict[str, bytes]], None] = lambda run, name, files: None
    token: Callable[[Mapping[str, str]], str] = lambda permissions: "token"
    jobs: int = 0
    patience: float = 120
    """How many seconds a script may take."""
    artifacts: set[tuple[int, str]] = field(default_factory=set)
    """What there is, by run and name."""

    def run(self, workflow: Mapping[str, Any], event: Event, run: int, attempt: int = 1) -> dict[str, Job]:
        """Every job of the workflow for the event, each behind those that it needs."""
        assert event.name in workflow["on"], f"{event.name} does not set off {workflow['name']}"
        wanted = workflow["on"][event.name]
        if isinstance(wanted, dict) and "types" in wanted:
            assert event.payload["action"] in wanted["types"]
        done: dict[str, Job] = {}
        for name, job in workflow["jobs"].items():
            needed = {one: done[one] for one in job.get("needs", ())}
            done[name] = _together([self._job(job, event, run, attempt, needed, one) for one in _matrix(job)])
        return done

    def _job(
        self,
        job: Mapping[str, Any],
        event: Event,
        run: int,
        attempt: int,
        needed: Mapping[str, Job],
        matrix: Mapping[str, str],
    ) -> Job:
        assert set(job) <= _JOB, f"not known here: {set(job) - _JOB}"
        self.jobs += 1
        github = self._github(event, run, attempt, self.token(job["permissions"]))
        needs = {name: {"result": one.conclusion} for name, one in needed.items()}
        inputs = Lenient(event.payload.get("inputs", {}))
        context = {
            "github": github,
            "vars": Lenient(self.variables),
            "needs": needs,
            "inputs": inputs,
            "matrix": matrix,
        }
        success = all(one.conclusion == "success" for one in needed.values())
        if not holds(job.get("if"), context, {"success": success, "always": True, "cancelled": False}):
            return Job("skipped")
        environment = job.get("environment", "")
        filled(environment if isinstance(environment, str) else environment["name"], context)
        name = filled(job.get("name", ""), context)
        folder = self.folder / f"job-{self.jobs}"
        running = Running(self, folder, event, run, attempt)
        context |= {"secrets": Lenient(self.secrets), "runner": {"temp": str(running.temp)}}
        steps, conclusion = running.steps(job["steps"], context, {})
        return Job(conclusion, steps, running.summary.read_text(), name)

    def group(self, workflow: Mapping[str, Any], event: Event) -> str:
        """The concurrency group of the workflow for the event."""
        github = self._github(event, 1, 1, "")
        return filled(workflow["concurrency"]["group"], {"github": github, "vars": Lenient(self.variables)})

    def _github(self, event: Event, run: int, attempt: int, token: str) -> dict[str, Any]:
        """The `github` context, as far as it is used."""
        return {
            "event": Lenient(event.payload),
            "event_name": event.name,
            "repository": self.repository,
            "ref": event.ref,
            "ref_name": event.ref.split("/", 2)[2],
            "sha": event.sha,
            "base_ref": event.base_ref,
            "run_id": str(run),
            "run_attempt": str(attempt),
            "token": token,
        }


class Running:
    """One job while it runs."""

    def __init__(self, machine: Machine, folder: Path, event: Event, run: int, attempt: int) -> None:
        self.machine, self.event, self.run, self.attempt = machine, event, run, attempt
        self.workspace, self.temp = folder / "workspace", folder / "temp"
        self.summary = folder / "summary"
        for made in (self.workspace, self.temp):
            made.mkdir(parents=True)
        self.summary.touch()
        (folder / "event.json").write_text(json.dumps(event.payload))
        self._environ = self._told(folder)
        self._number = 0

    def _told(self, folder: Path) -> Values:
        """What a runner puts into the environment of each step; the token is not among it."""
        event, machine = self.event, self.machine
        return {
            # Not measured: what the steps run is covered by tests of its own, and measuring takes half as long again.
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COVERAGE"))},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": machine.hosting,
            "GITHUB_SERVER_URL": "https://github.example.com",
            "GITHUB_REPOSITORY": machine.repository,
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_REF": event.ref,
            "GITHUB_SHA": event.sha,
            "GITHUB_BASE_REF": event.base_ref,
            "GITHUB_HEAD_REF": event.head_ref,
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temp),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "FORKING": str(forking.command()),
            **machine.environ,
        }

    def steps(self, steps: list[Any], context: dict[str, Any], environ: Values) -> tuple[tuple[Step, ...], str]:
        """Runs steps one after the other, of a job or of our action; how they ended, and how all ended."""
        done: list[Step] = []
        known: dict[str, Any] = {}
        failed = False
        for step in steps:
            assert set(step) <= _STEP, f"not known here: {set(step) - _STEP}"
            status = {"success": not failed, "failure": failed, "always": True, "cancelled": False}
            here = {**context, "steps": known}
            ended = self._step(step, here, environ) if holds(step.get("if"), here, status) else _skipped(step)
            done.append(ended)
            failed = failed or ended.conclusion == "failure"
            if "id" in step:
                said = {"outcome": ended.outcome, "conclusion": ended.conclusion, "outputs": Lenient(ended.outputs)}
                known[step["id"]] = said
        return tuple(done), "failure" if failed else "success"

    def _step(self, step: Mapping[str, Any], context: dict[str, Any], environ: Values) -> Step:
        environ = environ | {name: filled(value, context) for name, value in step.get("env", {}).items()}
        carry_out = self._script if "run" in step else self._action
        ended = carry_out(step, context, environ)
        tolerated = step.get("continue-on-error") == "true" and ended.outcome == "failure"
        conclusion = "success" if tolerated else ended.outcome
        return Step(_name(step), ended.outcome, conclusion, ended.log, ended.outputs, ended.inner)

    def _script(self, step: Mapping[str, Any], context: dict[str, Any], environ: Values) -> Step:
        assert "${{" not in step["run"], "text of an expression would be read by the shell"
        self._number += 1
        script, output = self.temp.parent / f"{self._number}.sh", self.temp.parent / f"{self._number}.out"
        script.write_text(step["run"])
        output.touch()
        done = subprocess.run(
            [*_SHELLS[step.get("shell")], str(script)],
            cwd=self.workspace / filled(step.get("working-directory", ""), context),
            env={**self._environ, **environ, "GITHUB_OUTPUT": str(output)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=self.machine.patience,
        )
        outcome = "success" if done.returncode == 0 else "failure"
        return Step(_name(step), outcome, outcome, done.stdout, outputs(output.read_text()))

    def _action(self, step: Mapping[str, Any], context: dict[str, Any], environ: Values) -> Step:
        given = {name: filled(value, context) for name, value in step.get("with", {}).items()}
        name, _, pin = step["uses"].partition("@")
        if name in OURS:
            return self._ours(given, context, environ)
        assert re.fullmatch(r"[0-9a-f]{40}", pin), f"{step['uses']} is not pinned"
        try:
            return Step(_name(step), "success", "success", "", ACTIONS[name](self, given))
        except ActionError as error:
            return Step(_name(step), "failure", "failure", f"Error: {error}\n")

    def _ours(self, given: Values, context: dict[str, Any], environ: Values) -> Step:
        action = read(ROOT / "action.yml")
        unknown = set(given) - set(action["inputs"])
        assert not unknown, f"the action has no such input: {unknown}"
        inputs = {
            name: given.get(name, filled(one.get("default", ""), context)) for name, one in action["inputs"].items()
        }
        missing = [name for name, one in action["inputs"].items() if one.get("required") and name not in given]
        assert not missing, f"the action wants: {missing}"
        inner = {name: context[name] for name in ("github", "runner")} | {"inputs": inputs}
        steps = [INSTEAD.get(step.get("id"), step) for step in action["runs"]["steps"]]
        done, outcome = self.steps(steps, inner, environ | {"GITHUB_ACTION_PATH": str(ROOT)})
        known = {
            step["id"]: Lenient(outputs=Lenient(ended.outputs))
            for step, ended in zip(steps, done, strict=True)
            if "id" in step
        }
        told = {name: filled(one["value"], {"steps": known}) for name, one in action["outputs"].items()}
        return Step("", outcome, outcome, "", told, done)


def outputs(text: str) -> Values:
    """What a step wrote to GITHUB_OUTPUT: `name=value`, or lines between delimiters."""
    found: Values = {}
    lines = iter(text.splitlines())
    for line in lines:
        if heading := re.fullmatch(r"([\w-]+)<<(.+)", line):
            taken = list(iter(lambda: next(lines), heading[2]))
            found[heading[1]] = "\n".join(taken)
        else:
            name, is_one, value = line.partition("=")
            assert is_one, f"not understood: {line}"
            found[name] = value
    return found


def _matrix(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """The values with which a job runs, once each."""
    axes = job.get("strategy", {}).get("matrix", {})
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def _together(jobs: list[Job]) -> Job:
    """Jobs of one matrix as one, which fails where any of them does."""
    worst = next((job for job in jobs if job.conclusion == "failure"), jobs[-1])
    return worst if len(jobs) == 1 else Job(worst.conclusion, tuple(step for job in jobs for step in job.steps))


def _name(step: Mapping[str, Any]) -> str:
    return str(step.get("name", step.get("uses", "")))


def _skipped(step: Mapping[str, Any]) -> Step:
    return Step(_name(step), "skipped", "skipped")


def _checkout(running: Running, given: Values) -> Values:
    """The commit of the event, or another, with every branch; as deep as it was asked for."""
    assert given["persist-credentials"] == "false"
    assert given["fetch-depth"] == "0"
    here = running.workspace
    git(here, "init", "-q")
    git(here, "remote", "add", "origin", str(running.machine.origin))
    git(
        here,
        "fetch",
        "-q",
        "origin",
        "+refs/heads/*:refs/remotes/origin/*",
        "+refs/pull/*:refs/remotes/pull/*",
        "+refs/tags/*:refs/tags/*",
    )
    git(here, "checkout", "-q", "--detach", f"origin/{given['ref']}" if "ref" in given else running.event.sha)
    return {}


def _upload(running: Running, given: Values) -> Values:
    """The files, in what the fake of the hosting API keeps of this run: one of a name, unless it is deleted before.

    With `archive: false` it is called as its file is, but `overwrite` deletes what is called `name`.
    """
    lines = [str(running.workspace / line.strip()) for line in given["path"].splitlines() if line.strip()]
    files = [found for line in lines for path in sorted(Path("/").glob(line[1:])) for found in _files(path)]
    if not files:
        assert given.get("if-no-files-found") == "ignore", f"nothing to keep: {given['path']}"
        return {}
    alone = given.get("archive") == "false"
    assert not alone or len(files) == 1
    name = files[0].name if alone else given["name"]
    assert re.fullmatch(r'[^":<>|*?\r\n\\/]+', name), f"no artifact may be called {name}"
    if given.get("overwrite") == "true":
        running.machine.artifacts.discard((running.run, given.get("name", "artifact")))
    if (running.run, name) in running.machine.artifacts:
        raise ActionError(f"(409) Conflict: {name} already exists on the workflow run")
    running.machine.artifacts.add((running.run, name))
    searched = [Path(line.partition("/*")[0]) for line in lines]
    top = Path(os.path.commonpath(searched if len(lines) > 1 else [file.parent for file in files]))
    running.machine.kept(running.run, name, {str(file.relative_to(top)): file.read_bytes() for file in files})
    return {"artifact-url": f"https://github.example.com/{running.machine.repository}/runs/{running.run}/{name}"}


def _files(path: Path) -> list[Path]:
    """A file, or those in a folder, hidden ones left out."""
    found = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    return [one for one in found if not any(part.startswith(".") for part in one.relative_to(path).parts)]


ACTIONS: dict[str, Callable[[Running, Values], Values]] = {
    "actions/checkout": _checkout,
    "actions/setup-python": lambda running, given: {},
    "actions/upload-artifact": _upload,
}

# What is already installed is taken; that the action installs itself is a test of its own.
INSTEAD: dict[str | None, dict[str, Any]] = {
    "install": {
        "name": "Install",
        "id": "install",
        "shell": "bash",
        "working-directory": "${{ runner.temp }}",
        "run": "mkdir reconciler\n"
        'ln -s "$FORKING" command\n'
        'echo "folder=$RUNNER_TEMP/reconciler" >> "$GITHUB_OUTPUT"\n'
        'echo "command=$RUNNER_TEMP/command" >> "$GITHUB_OUTPUT"\n',
    }
}
