"""A whole story: a pull request and its comment, a forged one, drift, the merge, the apply, the scheduled job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.checkout import Checkout, Told
from support.github import Hub, github
from support.gits import git, repository

PROMPT = """\
Answer questions about company policy from the handbook.
Always name the section that you used.
If you do not know, say so.
"""
HR = "name: HR Helper\nmodel: gpt-4o\ninstructions: |\n" + "".join(f"  {line}\n" for line in PROMPT.splitlines())
MATHS = "name: Maths Tutor\nmodel: gpt-4o\n"
CONFIG = "stack: acme\nenvironments: {local: {}}\n"

pytestmark = [pytest.mark.no_cover, pytest.mark.needs("git")]


class Repository:
    """A checkout, the hosting that it is pushed to, and the jobs that run there."""

    def __init__(self, here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here, self.hub = here, hub
        self._monkeypatch = monkeypatch

    def job(self, **environ: str) -> None:
        """From now on commands run in this job."""
        for name, value in environ.items():
            self._monkeypatch.setenv(name, value)

    def commit(self) -> str:
        git(self.here.root, "add", "-A")
        git(self.here.root, "commit", "-qm", "again")
        return git(self.here.root, "rev-parse", "HEAD")

    def push(self, text: str) -> str:
        """Another prompt on the branch; its commit."""
        self.here.write(hr=text)
        head = self.commit()
        self.hub.pulls[7]["head"]["sha"] = head
        return head

    def planned(self, head: str) -> str:
        """What the job of the pull request does: plan, comment, keep the plan. What it said."""
        run = self.hub.run("plan.yml", head)
        self.job(**self.hub.environ(pull=7, sha=head, run=run))
        told = self.run("plan", "-e", "local", "--base", "main", "--out", ".reconciler/plan.json")
        assert self.run("comment", ".reconciler/plan.json").code == 0
        plan = self.here.root / ".reconciler" / "plan.json"
        self.hub.artifact(run, "reconciler-local-1", {"plan.json": plan.read_bytes()})
        return told.out

    def merge(self) -> str:
        git(self.here.root, "checkout", "-q", "main")
        git(self.here.root, "merge", "-q", "--no-ff", "-m", "merge", "feature")
        merged = git(self.here.root, "rev-parse", "HEAD")
        self.hub.merge(7, merged)
        self.job(**self.hub.environ(sha=merged, run=self.hub.run("apply.yml", merged, event="push")))
        return merged

    def run(self, *arguments: str) -> Told:
        return self.here.run(*arguments)

    @property
    def comment(self) -> str:
        """The one comment that is ours."""
        (body,) = self.hub.bodies(7)
        return str(body)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Repository]:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    here = Checkout(tmp_path, monkeypatch, capsys, hr=HR, maths=MATHS)
    here.config(CONFIG)
    (tmp_path / ".gitignore").write_text(".reconciler/\n")
    repository(tmp_path)
    with github() as hub:
        yield Repository(here, hub, monkeypatch)


def test_a_change_is_reviewed_merged_applied_and_looked_after(repo: Repository) -> None:
    here, hub = repo.here, repo.hub
    assert repo.run("apply", "-e", "local", "--auto-approve").code == 0
    ids = {name: key for key, name in ((one["id"], one["name"]) for one in here.live().values())}

    # A branch is pushed, and its pull request has a comment.
    git(here.root, "checkout", "-qb", "feature")
    here.write(hr=HR.replace("Always name", "Name"), payroll="name: Payroll\nmodel: gpt-4o\n")
    head = repo.commit()
    hub.pull(7, head=head)
    repo.planned(head)
    first = repo.comment
    assert first.splitlines()[0].startswith("<!-- reconciler:")
    assert "1 prompt changed" in first
    assert "1 new assistant" in first
    assert "Always" in first

    # Somebody writes a comment that looks like it. It is never taken for ours.
    forged = hub.comment(7, first.replace("1 prompt changed", "No changes"), by="mallory")

    # A second push edits the same comment; meanwhile somebody turned a knob in the dashboard.
    here.call("POST", f"/{ids['Maths Tutor']}", {"temperature": 0.2})
    head = repo.push(HR.replace("Always name", "Name").replace("say so", "say that you do not"))
    told = repo.planned(head)
    second = repo.comment
    assert "say that you do not" in second
    assert "temperature" not in told.partition("Not done by merging:")[0]
    assert "temperature" in told.partition("Not done by merging:")[2]
    assert "Not done by merging" in second
    assert [one["body"] for one in hub.comments(7) if one["id"] == forged] == [
        first.replace("1 prompt changed", "No changes")
    ]

    # It is merged. What was reviewed is found, and one object that moved since is refused and shown.
    repo.merge()
    assert repo.run("reviewed", "-e", "local", "--out", ".reconciler/reviewed.json").code == 0
    assert repo.run("comment", ".reconciler/reviewed.json", "--state", "applying").code == 0
    assert "### Being applied" in repo.comment
    here.call("POST", f"/{ids['HR Helper']}", {"instructions": "Say yes to everybody."})
    refused = repo.run("apply", ".reconciler/reviewed.json", "--json-into", ".reconciler/events.jsonl")
    assert refused.code == 1
    assert "it is no longer what was reviewed" in refused.out
    assert repo.run("comment", ".reconciler/reviewed.json", "--events", ".reconciler/events.jsonl").code == 0
    assert "Say yes to everybody." in repo.comment
    assert here.live()[ids["HR Helper"]]["instructions"] == "Say yes to everybody."
    assert {one["name"] for one in here.live().values()} == {"HR Helper", "Maths Tutor", "Payroll"}

    # Put back as it was, the job is run again, and ends.
    here.call("POST", f"/{ids['HR Helper']}", {"instructions": PROMPT.strip()})
    done = repo.run("apply", ".reconciler/reviewed.json", "--json-into", ".reconciler/events.jsonl")
    assert done.code == 0, done.out
    assert repo.run("comment", ".reconciler/reviewed.json", "--events", ".reconciler/events.jsonl").code == 0
    assert "pplied" in repo.comment.splitlines()[1] + repo.comment.splitlines()[2]
    assert len(hub.bodies(7)) == 1

    # What somebody had changed in the dashboard is no part of it: that is left, and told. A person applies it.
    assert "local still differs: 1 drifted." in done.out
    assert here.live()[ids["Maths Tutor"]]["temperature"] == 0.2
    assert repo.run("apply", "-e", "local", "--auto-approve").code == 0
    assert repo.run("plan", "-e", "local", "--detailed-exitcode").code == 0

    # Somebody rewrites the prompt in the dashboard. The job tells, and writes nothing.
    here.call("POST", f"/{ids['HR Helper']}", {"instructions": "Be brief.\nBe @rude."})
    assert repo.run("reconcile", "-e", "local").code == 0
    (issue,) = [one for one in hub.all_issues.values() if "pull_request" not in one]
    assert (issue["state"], issue["user"]["login"]) == ("open", "github-actions[bot]")
    assert here.live()[ids["HR Helper"]]["instructions"] == "Be brief.\nBe @rude."

    # Once the policy says so, it puts drift back, and what it overwrites is kept where people look.
    here.config(CONFIG + "reconcile: {apply: [drift]}\n")
    repo.commit()
    assert repo.run("reconcile", "-e", "local").code == 0
    assert here.live()[ids["HR Helper"]]["instructions"].startswith("Answer questions")
    assert issue["state"] == "closed"
    assert "Be brief." in "".join(hub.bodies(issue["number"]))
    writes = len(hub.writes())
    assert repo.run("reconcile", "-e", "local").code == 0
    assert len(hub.writes()) == writes


def test_a_commit_that_nobody_reviewed_is_not_applied(repo: Repository) -> None:
    repo.here.write(hr=HR.replace("Always name", "Name"))
    pushed = repo.commit()
    repo.job(**repo.hub.environ(sha=pushed))

    told = repo.run("reviewed", "-e", "local", "--out", ".reconciler/reviewed.json")

    assert told.code == 1
    assert "reconciler plan -e local" in told.err
    assert not (repo.here.root / ".reconciler" / "reviewed.json").exists()


def test_what_a_comment_says_is_never_what_is_applied(repo: Repository) -> None:
    assert repo.run("apply", "-e", "local", "--auto-approve").code == 0
    git(repo.here.root, "checkout", "-qb", "feature")
    repo.here.write(hr=HR.replace("Always name", "Name"))
    head = repo.commit()
    repo.hub.pull(7, head=head)
    repo.planned(head)
    plan = json.dumps({"format_version": "1.1", "changes": []})
    repo.hub.comment(7, f"<!-- reconciler: plan -->\n```json\n{plan}\n```", by="mallory")
    newer = repo.hub.run("plan.yml", head, repository="mallory/assistants")
    repo.hub.artifact(newer, "reconciler-local-1", {"plan.json": plan})
    repo.merge()

    told = repo.run("reviewed", "-e", "local", "--out", ".reconciler/reviewed.json")

    assert told.code == 0
    kept = json.loads((repo.here.root / ".reconciler" / "reviewed.json").read_text())
    assert [change["key"] for change in kept["changes"]] == ["hr"]
