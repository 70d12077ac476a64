"""The command that prints a key is run for whoever may say what is run, once, and for nothing that sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator import Settings
from reconciler.providers.openai import OpenAISettings
from reconciler.run.commands import why_not_run
from support.checkout import Checkout
from support.gits import commit, git, repository
from support.ports import Gate, on_port

HR = "model: gpt-4o\nname: HR Helper\n"
KEY = "a-key-of-this-very-hour"

pytestmark = pytest.mark.needs("git")


class Story:
    """A checkout whose environment `far` gets its key from a program outside, which notes that it was run."""

    def __init__(self, here: Checkout, gate: Gate, outside: Path) -> None:
        self.here, self.gate, self.outside = here, gate, outside
        self.program("az", f"echo {KEY}")
        self.config("az")
        self.here.root.joinpath(".gitignore").write_text(".reconciler/\n*.json\n")
        repository(self.here.root)

    def program(self, name: str, script: str) -> None:
        path = self.outside / name
        path.write_text(f"#!/bin/sh\necho {name} >> {self.outside}/ran\n{script}\n")
        path.chmod(0o755)

    def config(self, *argv: str) -> None:
        self.here.config(
            f"stack: acme\nenvironments:\n  far: {{provider: openai, base_url: '{self.gate.url}',"
            f" api_key: {{command: {json.dumps(argv)}}}}}\n"
        )

    def branch(self, *argv: str) -> None:
        """A branch that changes the command, and a manifest."""
        git(self.here.root, "checkout", "-qb", "feature")
        self.config(*argv)
        self.here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
        git(self.here.root, "add", "-A")
        commit(self.here.root)

    @property
    def ran(self) -> list[str]:
        log = self.outside / "ran"
        return log.read_text().split() if log.exists() else []


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Story]:
    for name in ("checkout", "outside"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/outside:/usr/bin:/bin")
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "far")
    with on_port(Gate(Settings(require_key=KEY))) as gate:
        yield Story(Checkout(tmp_path / "checkout", monkeypatch, capsys, hr=HR), gate, tmp_path / "outside")


def pull_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, head: str | None) -> None:
    """This is a job for a pull request that comes from a repository."""
    repo = {"full_name": head} if head else None
    event = {"pull_request": {"head": {"repo": repo}, "base": {"repo": {"full_name": "acme/assistants"}}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))


def test_it_is_run_once_for_a_command_and_never_where_nothing_is_sent(story: Story) -> None:
    for arguments in (["validate"], ["plan", "--base", "main", "--offline"]):
        assert story.here.run(*arguments).code == 0
    assert story.ran == []

    assert story.here.run("apply", "--auto-approve").code == 0
    assert story.ran == ["az"]


def test_where_it_fails_nothing_is_sent(story: Story) -> None:
    story.program("az", "echo Please run az login. >&2; exit 1")
    story.gate.reads = True

    told = story.here.run("plan")

    assert told.code == 1
    assert "far (openai, http" in told.err
    assert "The command `az` failed (exit code 1): Please run az login." in told.err
    assert "run it yourself until it prints a key: az" in told.err
    assert story.gate.arrived.empty()


def test_a_rejected_key_says_which_command_it_is_from(story: Story) -> None:
    story.program("az", "echo another-key-altogether")

    told = story.here.run("plan")

    assert "The key came from the command `az`." in told.err
    assert "another-key" not in told.err
    assert story.ran == ["az", "az"]


def test_a_pull_request_cannot_say_what_is_run(story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    story.program("evil", "echo evil")
    story.branch("evil")
    pull_request(monkeypatch, tmp_path, "acme/assistants")

    for arguments in (["plan"], ["apply", "--auto-approve"], ["status"]):
        told = story.here.run(*arguments)
        assert "is run for a pull request only as the base branch has it" in told.err
        assert "--base REV" in told.err
        assert told.code == 1
    assert story.ran == []
    planned = story.here.run("plan", "--base", "main")
    assert "this change modifies `api_key` of `far`" in planned.out
    assert story.here.run("apply", "--auto-approve", "--config-from", "main").code == 0
    destroyed = story.here.run("destroy", "--stack", "acme", "--auto-approve", "--config-from", "main")
    assert "1 destroyed" in destroyed.out
    assert story.ran == ["az", "az", "az"]


@pytest.mark.parametrize("head", ["someone/assistants", None])
def test_for_a_fork_none_is_run(
    story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, head: str | None
) -> None:
    story.branch("az", "x")
    pull_request(monkeypatch, tmp_path, head)

    planned = story.here.run("plan", "--base", "main")
    applied = story.here.run("apply", "--auto-approve", "--config-from", "main")

    assert "never run for a pull request from a fork" in planned.out
    assert '"gpt-4o" -> "gpt-4.1"' in planned.out
    assert (planned.code, applied.code) == (0, 1)
    assert story.ran == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"GITHUB_BASE_REF": "main"}, "only as the base branch has it"),
        ({"GITHUB_REF": "refs/pull/7/merge"}, "only as the base branch has it"),
        ({"event": {"pull_request": {"head": {"repo": None}}}}, "from a fork"),
        ({"event": {"issue": {"pull_request": {"url": "x"}}}}, "from a fork"),
        (
            {
                "event": {
                    "workflow_run": {"event": "pull_request", "head_repository": {"full_name": "x/y"}},
                    "repository": {"full_name": "acme/assistants"},
                }
            },
            "from a fork",
        ),
        (
            {
                "CI_MERGE_REQUEST_IID": "7",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
                "CI_MERGE_REQUEST_PROJECT_ID": "1",
            },
            "only as the base branch has it",
        ),
        ({"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "1"}, "from a fork"),
        ({"ATLANTIS_TERRAFORM_VERSION": "1.9", "HEAD_REPO_OWNER": "x", "BASE_REPO_OWNER": "acme"}, "from a fork"),
        (
            {"SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "SYSTEM_PULLREQUEST_ISFORK": "False"},
            "only as the base branch has it",
        ),
        ({"SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "SYSTEM_PULLREQUEST_ISFORK": "True"}, "from a fork"),
        ({"CHANGE_ID": "7"}, "only as the base branch has it"),
        ({"CHANGE_ID": "7", "CHANGE_FORK": "someone"}, "from a fork"),
        ({"event": {"workflow_run": {"event": "push"}}}, ""),
        ({"event": {"issue": {}}, "GITHUB_REF": "refs/heads/main"}, ""),
    ],
)
def test_whose_pull_request_it_is_says_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, Any], words: str
) -> None:
    (tmp_path / "event.json").write_text(json.dumps(environ.pop("event", {})))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    settings = OpenAISettings.model_validate({"api_key": {"command": ["az"]}})

    assert words in why_not_run(settings, of_base=False)
    assert bool(why_not_run(settings, of_base=False)) == bool(words)
    assert why_not_run(OpenAISettings(), of_base=False) == ""


def test_a_program_of_the_repository_is_not_run(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    own = story.here.root / "tools"
    own.mkdir()
    (own / "az").write_text(f"#!/bin/sh\necho own >> {story.outside}/ran\n")
    (own / "az").chmod(0o755)
    monkeypatch.setenv("PATH", f"{own}:.:/usr/bin:/bin")

    assert "was not found on PATH" in story.here.run("plan").err
    story.config(str(own / "az"))
    assert "is in this repository" in story.here.run("plan").err
    assert story.ran == []
