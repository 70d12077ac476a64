"""`reconciler reconcile`: a scheduled pass reports, puts back what it may, and keeps one issue of it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from reconciler.apply import journal
from reconciler.github.posts.issue_text import LABEL, is_same, memory_line, remembered
from reconciler.run.lock import only_one
from support.checkout import Checkout, Told, plain
from support.emulator_world import call
from support.forking import Process
from support.github import BOT, LIMIT, Hub, github
from support.gits import commit, git, repository
from support.needing import PATIENCE
from support.ports import Gate, on_port

pytestmark = pytest.mark.covered_elsewhere

HR = "model: gpt-4o\nname: HR Helper\ninstructions: Be kind.\n"
DRIFT = "reconcile: {apply: [drift]}\n"
EDITS = "reconcile: {apply: [drift, edits]}\n"
FIRST = "<!-- reconciler: issue acme local -->"
APPLY = "apply.yml"


class Job:
    """A checkout whose assistants are as Git says, a job that looks after them, and where it tells of it."""

    def __init__(self, here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here = here
        self.hub = hub
        self._monkeypatch = monkeypatch
        self.policy("")
        assert here.run("apply", "--auto-approve").code == 0
        (self.id,) = here.live()
        hub.forget()

    def policy(self, text: str) -> None:
        """What reconciler.yaml says of it."""
        self.here.config(f"stack: acme\ndefault_environment: local\n{text}")

    def hosted(self) -> None:
        """From now on the job runs under Actions."""
        for name, value in self.hub.environ().items():
            self._monkeypatch.setenv(name, value)

    def drifts(self, **fields: Any) -> None:
        """Somebody changes something in the dashboard."""
        self.here.call("POST", f"/{self.id}", fields)

    def run(self, *arguments: str) -> Told:
        return self.here.run("reconcile", "-e", "local", *arguments)

    @property
    def live(self) -> dict[str, Any]:
        return self.here.live()[self.id]

    @property
    def issues(self) -> list[dict[str, Any]]:
        """Every issue that carries our label."""
        return [one for one in self.hub.all_issues.values() if any(has["name"] == LABEL for has in one["labels"])]

    @property
    def issue(self) -> dict[str, Any]:
        """The one issue there is."""
        (one,) = self.issues
        return one

    @property
    def comments(self) -> list[str]:
        return self.hub.bodies(self.issue["number"])


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github() as hub:
        yield hub


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hub: Hub) -> Job:
    return Job(Checkout(tmp_path, monkeypatch, capsys, hr=HR), hub, monkeypatch)


# what a pass reports


def test_by_default_a_pass_reports_and_writes_nothing(job: Job) -> None:
    job.drifts(instructions="Be rude.")

    told = job.run()

    assert told.code == 0
    assert "instructions" in told.out
    assert "assistant.hr: `reconcile.apply` does not include `drift`" in told.out
    assert job.live["instructions"] == "Be rude."
    assert [one["command"] for one in job.here.run("history", "--json").data] == ["apply"]


def test_nothing_to_report_is_said_in_terraforms_words(job: Job) -> None:
    told = job.run("--detailed-exitcode")

    assert told.code == 0
    assert told.out.endswith("No changes. Your assistants match the manifests.\n")


def test_what_is_left_is_an_exit_code(job: Job) -> None:
    job.drifts(instructions="Be rude.")

    assert job.run("--detailed-exitcode").code == 2


def test_an_objection_that_stands_is_another(job: Job) -> None:
    job.drifts(instructions="Be rude.")
    job.here.write(hr=HR.replace("kind", "brief"))

    assert job.run("--detailed-exitcode").code == 3
    assert job.run().code == 0


def test_wrong_manifests_end_the_pass_and_leave_the_issue_as_it_is(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    before = dict(job.issue)
    job.here.write(hr="model: 4\n")

    assert job.run().code == 1
    assert job.issue == before
    assert job.comments == []


def test_a_server_that_cannot_be_reached_closes_no_issue(job: Job) -> None:
    job.hosted()
    far = "environments: {far: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}}\n"
    job.policy(far)
    first_line = "<!-- reconciler: issue acme far -->"
    number = job.hub.issue("t", first_line, labels=(LABEL,), by=BOT)

    told = job.here.run("reconcile", "-e", "far", "--timeout", "1")

    assert told.code == 1
    assert job.hub.all_issues[number]["state"] == "open"
    assert job.hub.writes() == []


def test_a_pass_that_only_reports_does_not_wait_for_an_apply(job: Job) -> None:
    job.drifts(instructions="Be rude.")
    with only_one(job.here.root / ".reconciler"):
        assert job.run().code == 0


# what it puts back


def test_drift_is_put_back_and_recorded(job: Job) -> None:
    job.policy(DRIFT)
    job.drifts(instructions="Be rude.", temperature=0.3)

    told = job.run("--detailed-exitcode")

    assert told.code == 0, told
    assert told.out.endswith("Apply complete! Resources: 0 added, 1 changed, 0 destroyed.\n")
    assert job.live["instructions"] == "Be kind."
    assert job.here.run("plan", "--detailed-exitcode").code == 0
    assert job.here.run("history", "--json").data[0]["command"] == "reconcile"


def test_a_rollback_of_the_pass_brings_back_what_it_wrote_over(job: Job) -> None:
    job.policy(DRIFT)
    job.drifts(instructions="Be rude.")
    job.run()

    assert job.here.run("rollback", "--auto-approve").code == 0
    assert job.live["instructions"] == "Be rude."
    told = job.run()
    assert "blocked: rolled-back" in told.out
    assert job.live["instructions"] == "Be rude."


def test_a_drifted_tool_beside_an_edited_one_is_put_back(job: Job) -> None:
    tools = "tools: [{type: code_interpreter}, {type: function, function: {name: %s}}]\n"
    job.here.write(hr=HR + tools % "ask")
    job.here.run("apply", "--auto-approve")
    job.policy(DRIFT)
    job.drifts(tools=[{"type": "function", "function": {"name": "ask"}}])
    job.here.write(hr=HR + tools % "tell")

    told = job.run()

    assert "`reconcile.apply` does not include `edits`" in told.out
    assert {tool["type"] for tool in job.live["tools"]} == {"function", "code_interpreter"}
    assert "ask" in json.dumps(job.live["tools"])
    fields = job.here.run("plan", "--json").data["changes"][0]["fields"]
    assert sorted(one["cause"] for one in fields) == ["edit", "edit"]


def test_an_edit_stays_an_edit_after_drift_beside_it_is_put_back(job: Job) -> None:
    job.policy(DRIFT)
    job.drifts(temperature=0.3)
    job.here.write(hr=HR.replace("kind", "brief"))

    for _ in range(2):
        job.run()

    causes = {one["path"]: one["cause"] for one in job.here.run("plan", "--json").data["changes"][0]["fields"]}
    assert causes == {"instructions": "edit"}
    assert job.live.get("temperature", 1) == 1


def test_a_field_that_is_left_to_the_dashboard_is_not_even_found(job: Job) -> None:
    job.here.write(hr=HR + "reconciler: {ignore_changes: [temperature]}\n")
    job.here.run("apply", "--auto-approve")
    job.policy(DRIFT)
    job.drifts(temperature=0.3)

    assert job.run("--detailed-exitcode").code == 0
    assert job.live["temperature"] == 0.3


def test_drift_that_comes_back_is_put_back_again(job: Job) -> None:
    job.policy(DRIFT)
    for text in ("Be rude.", "Be ruder.", "Be rude."):
        job.drifts(instructions=text)
        assert job.run().code == 0

    assert job.live["instructions"] == "Be kind."


def test_drift_in_a_checkout_that_is_older_is_no_drift(job: Job) -> None:
    repository(job.here.root)
    job.here.write(hr=HR.replace("kind", "brief"))
    git(job.here.root, "add", "-A")
    commit(job.here.root)
    job.here.run("apply", "--auto-approve")
    git(job.here.root, "checkout", "-q", "HEAD~1", "--", "assistants")
    job.policy(DRIFT)

    told = job.run()

    assert "Be brief." in job.live["instructions"]
    assert "does not include `edits`" in told.out


@pytest.mark.parametrize("policy", [DRIFT, EDITS])
def test_conflicts_and_deletes_are_never_done(job: Job, policy: str) -> None:
    job.here.write(it="model: gpt-4o\nname: IT\n")
    job.here.run("apply", "--auto-approve")
    job.policy(policy)
    job.drifts(instructions="Be rude.")
    job.here.write(hr=HR.replace("kind", "brief"))
    (job.here.root / "assistants" / "it.yaml").unlink()
    repository(job.here.root)

    told = job.run()

    assert told.code == 0
    assert "assistant.hr: it changed in Git and on the server: choose which of the two applies" in told.out
    assert "assistant.it: a deletion always needs review" in told.out
    assert len(job.here.live()) == 2


def test_a_conflict_shows_the_value_that_was_applied_last(job: Job) -> None:
    job.here.write(hr=f"{HR}temperature: 0.2\n")
    job.here.run("apply", "--auto-approve")
    job.drifts(temperature=0.7)
    job.here.write(hr=f"{HR}temperature: 0.9\n")

    assert "~ temperature  last applied 0.2, live 0.7 -> Git 0.9" in job.run().out


def test_another_apply_in_the_checkout_ends_the_pass(job: Job) -> None:
    job.policy(DRIFT)
    job.drifts(instructions="Be rude.")
    with only_one(job.here.root / ".reconciler"):
        told = job.run()

    assert told.code == 1
    assert job.live["instructions"] == "Be rude."


def test_a_pass_that_cannot_be_recorded_writes_nothing_and_tells_what_it_found(job: Job) -> None:
    job.policy(DRIFT)
    job.hosted()
    job.drifts(instructions="Be rude.")
    folder = job.here.root / ".reconciler" / "history"
    for path in journal.paths(folder):
        path.unlink()
    folder.rmdir()
    folder.write_text("")

    told = job.run()

    assert told.code == 1
    assert "Cannot record the run" in told.err
    assert job.live["instructions"] == "Be rude."
    assert "it was not done" in job.issue["body"]


def test_programs_hear_of_it_too(job: Job, tmp_path: Path) -> None:
    job.policy(DRIFT)
    job.hosted()
    job.drifts(instructions="Be rude.")

    job.run("--json-into", str(tmp_path / "events"))

    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [one["type"] for one in told] == [
        "version",
        "planned_change",
        "change_summary",
        "apply_start",
        "apply_complete",
        "change_summary",
        "diagnostic",
    ]
    assert told[-1]["@message"] == f"Issue #{job.issue['number']} is closed."


# edits


@pytest.fixture
def edited(job: Job) -> Job:
    """Git has gone on, and nobody has applied it."""
    repository(job.here.root)
    job.policy(EDITS)
    job.here.write(hr=HR.replace("kind", "brief"), it="model: gpt-4o\nname: IT\n")
    git(job.here.root, "add", "-A")
    commit(job.here.root)
    return job


def test_markers_are_refreshed_where_edits_are_carried_out(edited: Job) -> None:
    edited.here.run("apply", "--auto-approve")
    edited.here.write(hr=HR.replace("kind", "quick"))
    git(edited.here.root, "add", "-A")
    commit(edited.here.root)
    edited.drifts(instructions="Be quick.")

    assert "1 marker refreshed." in edited.run().out
    assert edited.here.run("plan", "--json").data["marks"] == []


def _head(job: Job) -> str:
    return git(job.here.root, "rev-parse", "HEAD")


def test_edits_are_carried_out_where_the_policy_says_so(edited: Job) -> None:
    told = edited.run()

    assert told.code == 0, told
    assert "1 added, 1 changed" in told.out
    assert edited.live["instructions"] == "Be brief."
    assert edited.here.run("plan", "--detailed-exitcode").code == 0


def test_that_a_model_retires_holds_no_edit_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, hr=HR.replace("gpt-4o", "gpt-4.1"))
    repository(here.root)
    with on_port(Gate()) as server:
        here.config(f"stack: acme\n{EDITS}environments: {{far: {{provider: openai, base_url: '{server.url}'}}}}\n")
        git(here.root, "add", "-A")
        commit(here.root)

        told = here.run("reconcile", "-e", "far")

        assert "`gpt-4.1` retires on 2027-01-14" in told.out
        assert server.names() == ["HR Helper"]


def _waits(job: Job, why: str) -> None:
    told = job.run("--detailed-exitcode")
    assert told.code == 2, told
    assert why in told.out
    assert job.live["instructions"] == "Be kind."
    assert len(job.here.live()) == 1


def test_edits_wait_while_the_apply_of_the_commit_has_failed(edited: Job) -> None:
    edited.hosted()
    edited.hub.run(APPLY, _head(edited), conclusion="failure")

    _waits(edited, f"the reviewed apply of {_head(edited)[:12]} did not succeed (apply.yml: failure)")
    assert "did not succeed" in edited.issue["body"]


def test_edits_wait_while_it_goes_on(edited: Job) -> None:
    edited.hosted()
    edited.hub.run(APPLY, _head(edited), status="in_progress", conclusion=None)

    _waits(edited, "still runs")


@pytest.mark.covers
def test_the_newest_apply_of_the_commit_counts(edited: Job) -> None:
    edited.hosted()
    edited.hub.run(APPLY, _head(edited), conclusion="failure")
    edited.hub.run(APPLY, _head(edited))
    edited.hub.run(APPLY, "e" * 40, conclusion="failure")

    assert edited.run().code == 0
    assert edited.live["instructions"] == "Be brief."


def test_a_workflow_of_another_name_is_asked(edited: Job) -> None:
    edited.hosted()
    edited.hub.run("ship.yml", _head(edited), conclusion="cancelled")

    told = edited.run("--apply-workflow", "ship.yml")

    assert "(ship.yml: cancelled)" in told.out


def test_edits_wait_where_the_hosting_cannot_tell(edited: Job) -> None:
    edited.hosted()
    edited.hub.fail("GET", "/actions/", times=99, status=403)

    _waits(edited, "whether the reviewed apply of")


def test_edits_wait_after_an_apply_from_here_that_ended_incomplete(edited: Job) -> None:
    edited.drifts(instructions="Be rude.")
    assert edited.here.run("apply", "--auto-approve").code == 1  # the conflict is held back, and recorded as not done
    edited.drifts(instructions="Be kind.")
    assert edited.here.run("forget", "it", "--auto-approve").code == 0

    told = edited.run()

    assert "ended incomplete" in told.out
    assert edited.live["instructions"] == "Be kind."


def test_an_apply_that_went_well_later_makes_up_for_it(edited: Job) -> None:
    edited.drifts(instructions="Be rude.")
    assert edited.here.run("apply", "--auto-approve").code == 1
    edited.drifts(instructions="Be kind.")
    assert edited.here.run("apply", "--auto-approve").code == 0
    edited.drifts(instructions="Be rude.")

    assert edited.run().code == 0
    assert edited.live["instructions"] == "Be brief."


def test_edits_wait_where_files_differ_from_the_commit(edited: Job) -> None:
    edited.here.write(it="model: gpt-4o\nname: not in Git\n")

    _waits(edited, "files here differ from the commit")


def test_edits_wait_where_git_ignores_a_manifest(edited: Job) -> None:
    (edited.here.root / ".git" / "info" / "exclude").write_text("secret.yaml\n.reconciler\n")
    edited.here.write(secret="model: gpt-4o\nname: Secret\n")

    _waits(edited, "files that Git ignores are among the manifests")


def test_edits_wait_without_git(job: Job) -> None:
    job.policy(EDITS)
    job.here.write(hr=HR.replace("kind", "brief"))

    _waits(job, "nothing here is in Git")


def test_drift_is_put_back_while_edits_wait(job: Job) -> None:
    job.policy(EDITS)
    job.drifts(instructions="Be rude.")

    assert job.run().code == 0
    assert job.live["instructions"] == "Be kind."


def test_edits_wait_where_something_newer_was_applied(edited: Job) -> None:
    edited.here.write(law="model: gpt-4o\nname: Law\n")
    git(edited.here.root, "add", "-A")
    commit(edited.here.root)
    edited.here.run("apply", "--auto-approve")
    git(edited.here.root, "checkout", "-q", "HEAD~1")
    edited.here.call("DELETE", f"/{edited.id}")

    told = edited.run()

    assert "was applied from a commit that this checkout does not have" in told.out
    assert sorted(one["name"] for one in edited.here.live().values()) == ["IT", "Law"]


def test_edits_wait_in_a_shallow_clone(edited: Job, tmp_path_factory: pytest.TempPathFactory) -> None:
    edited.here.run("apply", "--auto-approve")
    edited.here.write(hr=HR)
    git(edited.here.root, "add", "-A")
    commit(edited.here.root)
    clone = tmp_path_factory.mktemp("shallow") / "clone"
    git(edited.here.root, "clone", "-q", "--depth", "1", f"file://{edited.here.root}", str(clone))

    state = str(edited.here.root / ".reconciler")
    told = edited.here.run("-C", str(clone), "reconcile", "-e", "local", "--state-dir", state)

    assert "this clone is shallow" in told.out
    assert edited.live["instructions"] == "Be brief."


# the issue


def test_an_issue_is_opened_when_something_is_found(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")

    told = job.run()

    assert told.code == 0
    assert f"Issue #{job.issue['number']} is opened." in told.out
    assert job.issue["title"] == "local differs from Git (stack acme)"
    assert job.issue["body"].startswith(f"{FIRST}\n<!-- reconciler: remembers {{")
    assert "\n### Needs review: 1 drifted\n" in job.issue["body"]
    assert "Be rude." in job.issue["body"]
    assert job.issue["state"] == "open"


def test_while_nothing_differs_only_when_it_was_looked_at_changes(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    before = job.issue["body"]
    job.hub.forget()

    told = job.run()

    assert "is unchanged" in told.out
    assert job.hub.writes() == [("PATCH", f"/repos/acme/assistants/issues/{job.issue['number']}")]
    assert is_same(before, job.issue["body"])
    assert "([run](<https://github.example/acme/assistants/actions/runs/1>))" in job.issue["body"]


def test_it_is_updated_in_place_when_it_differs(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    number = job.issue["number"]
    job.issue["title"] = "somebody gave it another title"
    job.drifts(temperature=0.2)

    assert f"Issue #{number} is updated." in job.run().out
    assert "temperature" in job.issue["body"]
    assert job.issue["title"] == "somebody gave it another title"
    assert job.comments == []


def test_it_is_closed_with_a_comment_when_all_is_well_again(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    job.drifts(instructions="Be kind.")

    assert "is closed." in job.run().out
    assert job.issue["state"] == "closed"
    assert job.comments == ["`local` matches Git again."]


@pytest.mark.covers
def test_a_closed_issue_is_reopened_when_something_is_found_again(job: Job) -> None:
    job.hosted()
    for text in ("Be rude.", "Be kind.", "Be rude."):
        job.drifts(instructions=text)
        told = job.run()

    assert f"Issue #{job.issue['number']} is reopened." in told.out
    assert job.issue["state"] == "open"
    assert "it has differed 2 times since " in job.issue["body"]
    assert "`local` differs from Git again: 2 times since " in job.comments[-1]


@pytest.mark.covers
def test_an_issue_that_was_closed_by_hand_is_reopened_and_the_same_finding_is_no_second_time(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    job.issue["state"] = "closed"

    told = job.run()

    assert "is reopened." in told.out
    assert job.issue["state"] == "open"
    assert "times" not in job.issue["body"].partition("### ")[2]
    assert job.comments == [
        "This was closed, but `local` still differs from Git. To accept that, use `ignore_changes`."
    ]


def test_all_is_well_beside_a_closed_issue_writes_nothing(job: Job) -> None:
    job.hosted()
    for text in ("Be rude.", "Be kind."):
        job.drifts(instructions=text)
        job.run()
    job.hub.forget()

    assert job.run().code == 0
    assert job.hub.writes() == []


def test_what_is_put_back_at_once_is_quoted_in_the_closed_issue(job: Job) -> None:
    job.hosted()
    job.policy(DRIFT)
    for text in ("Be rude.", "Be ruder."):
        job.drifts(instructions=text)
        told = job.run()

    assert f"Issue #{job.issue['number']} has a new comment." in told.out
    assert job.issue["state"] == "closed"
    assert ["Be rude." in one or "Be ruder." in one for one in job.comments] == [True, True]


@pytest.mark.parametrize("well", [False, True])
def test_a_label_that_was_taken_off_is_set_again(job: Job, *, well: bool) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    number = job.issue["number"]
    job.hub.unlabel(number, LABEL)
    job.drifts(instructions="Be kind." if well else "Be ruder.")

    told = job.run()

    end = "closed" if well else "updated"
    assert f"Issue #{number} is {end}. Its label `reconciler` had been removed and is set again." in told.out
    assert (job.issue["number"], len(job.hub.all_issues)) == (number, 1)


def test_a_hosting_that_cannot_list_by_author_is_believed(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.hub.refuses_creators = True

    assert job.run().code == 0
    assert job.issue["state"] == "open"


@pytest.mark.parametrize("reason", ["resolved", None])
def test_a_locked_issue_is_unlocked_to_write_to_it_and_locked_again(job: Job, reason: str | None) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    job.issue.update(locked=True, active_lock_reason=reason)
    job.policy(DRIFT)

    told = job.run()

    assert told.code == 0
    assert "is closed. It is locked: it was unlocked to write to it, and locked again." in told.out
    assert (job.issue["locked"], job.issue["active_lock_reason"], job.issue["state"]) == (True, reason, "closed")
    assert "Be rude." in job.comments[0]


def test_a_locked_issue_that_the_token_cannot_unlock_is_told_as_that(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    job.issue["locked"] = True
    job.hub.fail("DELETE", "/lock", status=403)

    told = job.run()

    assert told.code == 1
    assert f"Issue #{job.issue['number']} is locked, and this token cannot unlock it" in told.err
    assert f"unlock issue #{job.issue['number']}" in told.err


def test_without_a_finding_no_issue_is_opened(job: Job) -> None:
    job.hosted()

    assert job.run().code == 0
    assert job.issues == []
    assert job.hub.writes() == []


def test_what_a_correction_overwrites_is_quoted_and_the_issue_closed(job: Job) -> None:
    job.hosted()
    job.policy(DRIFT)
    job.drifts(instructions="Be rude.\nVery rude.")

    told = job.run()

    assert told.code == 0
    assert f"Issue #{job.issue['number']} is closed." in told.out
    assert job.issue["state"] == "closed"
    (comment,) = job.comments
    assert "```text\nBe rude.\nVery rude.\n```" in comment
    assert job.here.run("history", "--json").data[0]["run"] in comment


def test_a_correction_beside_something_that_is_left_comments_in_the_open_issue(job: Job) -> None:
    job.here.write(it="model: gpt-4o\nname: IT\n")
    job.hosted()
    job.policy(DRIFT)
    job.run()
    number = job.issue["number"]
    job.drifts(instructions="Be rude.")

    assert f"Issue #{number} has a new comment." in job.run().out
    assert len(job.comments) == 1
    assert job.issue["state"] == "open"


def test_a_prompt_too_long_for_a_comment_is_quoted_whole_in_several(job: Job) -> None:
    job.hosted()
    job.policy(DRIFT)
    text = "\n".join(f"{number}: @everyone ``` </details> <!-- --> ::error::no" for number in range(4200))[:255_999]
    job.drifts(instructions=text)

    assert job.run().code == 0
    assert all(len(comment) <= LIMIT for comment in job.comments)
    assert len(job.comments) > 3
    quoted = "".join(comment.split("````text\n")[1].split("\n````")[0] + "\n" for comment in job.comments)
    assert quoted.rstrip("\n") == text


def test_a_forged_issue_is_ignored(job: Job) -> None:
    job.hosted()
    forged = job.hub.issue("mine", f"{FIRST}\nall is well", labels=(LABEL,), by="mallory")
    job.drifts(instructions="Be rude.")

    job.run()

    assert job.hub.all_issues[forged]["body"] == f"{FIRST}\nall is well"
    assert [one["user"]["login"] for one in job.issues if one["body"] != f"{FIRST}\nall is well"] == [BOT]


def test_an_issue_of_ours_on_something_else_is_left_alone(job: Job) -> None:
    job.hosted()
    number = job.hub.issue("other", "<!-- reconciler: issue acme production -->\n", labels=(LABEL,), by=BOT)

    job.run()

    assert job.hub.all_issues[number]["state"] == "open"


def test_of_two_issues_the_older_goes_on(job: Job) -> None:
    job.hosted()
    one, other = (job.hub.issue("t", f"{FIRST}\n", labels=(LABEL,), by=BOT) for _ in range(2))
    job.drifts(instructions="Be rude.")

    job.run()

    assert [job.hub.all_issues[number]["state"] for number in (one, other)] == ["open", "closed"]
    assert job.hub.bodies(other) == [f"Two runs opened an issue at once. #{one} is kept."]


def test_two_passes_at_once_make_one_issue(job: Job) -> None:
    job.drifts(instructions="Be rude.")
    job.hub.fail("POST", "/issues", times=2, slow=2.0)
    words = ["reconcile", "-e", "local"]
    environ = plain(**job.hub.environ())
    passes = [Process(*words, cwd=job.here.root, env=environ) for _ in range(2)]

    assert [one.wait(30) for one in passes] == [0, 0]
    assert sorted(one["state"] for one in job.issues if one["state"] == "open") == ["open"]


def test_an_issue_that_no_pass_would_find_again_is_closed_at_once(job: Job) -> None:
    job.hosted()
    job.hub.may_not_label.add(job.hub.token)
    job.drifts(instructions="Be rude.")

    told = job.run()

    assert told.code == 1
    assert "has no label `reconciler`" in told.err
    assert [one["state"] for one in job.hub.all_issues.values()] == ["closed"]


def test_a_server_that_lists_no_labels_of_an_issue_is_believed(job: Job) -> None:
    job.hosted()
    job.hub.fail("GET", "/labels", status=404)
    job.drifts(instructions="Be rude.")

    assert job.run().code == 0
    assert [one["state"] for one in job.hub.all_issues.values()] == ["open"]


def test_an_issue_that_cannot_be_told_undoes_nothing(job: Job) -> None:
    job.hosted()
    job.policy(DRIFT)
    job.hub.read_only.add(job.hub.token)
    job.drifts(instructions="Be rude.\nVery rude.")

    told = job.run()

    assert told.code == 1
    assert "Could not update the issue" in told.err
    assert "What was written stands." in told.err
    assert "Be rude.\nVery rude.\n" in told.out  # what was quoted nowhere is quoted here
    assert job.live["instructions"] == "Be kind."


@pytest.mark.covers
def test_an_issue_that_cannot_be_told_hides_no_other_failure(job: Job) -> None:
    job.policy(DRIFT)
    job.hosted()
    job.hub.read_only.add(job.hub.token)
    job.drifts(instructions="Be rude.")
    folder = job.here.root / ".reconciler" / "history"
    folder.rename(folder.with_name("away"))
    folder.write_text("")

    told = job.run()

    assert told.code == 1
    assert "Cannot record the run" in told.err
    assert "Could not update the issue" in told.err
    assert "Nothing was written." in told.err


def test_keys_are_in_no_issue(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("STATE_KEY", "reconciler: issue")
    job.hosted()
    job.policy(DRIFT)
    job.drifts(instructions="the key is\nsk-0123456789abcdef")

    job.run()

    assert "sk-0123456789abcdef" not in job.issue["body"] + job.comments[0]
    assert "the key is\n(the value of SOME_API_KEY)" in job.comments[0]
    assert job.issue["body"].startswith(FIRST)


def test_without_hosting_nothing_but_print(job: Job) -> None:
    job.drifts(instructions="Be rude.")

    assert job.run().code == 0
    assert job.hub.requests == []


def test_no_issue_where_none_is_wanted(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")

    assert job.run("--no-issue").code == 0
    assert job.hub.requests == []


def test_an_issue_that_is_wanted_where_there_is_no_hosting_is_an_error(job: Job) -> None:
    told = job.run("--issue")

    assert told.code == 1
    assert "GITHUB" in told.err + told.out


def test_another_author_may_be_named(job: Job) -> None:
    job.hosted()
    job.hub.tokens["token-of-ours"] = "acme-bot"
    job.drifts(instructions="Be rude.")
    job.here._capsys.readouterr()

    told = job.here.process(
        "reconcile", "-e", "local", "--author", "Acme-Bot", **{**job.hub.environ(), "GITHUB_TOKEN": "token-of-ours"}
    )

    assert told.code == 0, told
    assert job.issue["user"]["login"] == "acme-bot"


# drift that waits, a label that holds it, and somebody who wants it back now


WAITING = "reconcile: {apply: [drift], after: 24h}\n"


@pytest.fixture
def waiting(job: Job) -> Job:
    """Drift that the issue has told of, and that is put back a day later."""
    job.hosted()
    job.policy(WAITING)
    job.drifts(instructions="Be rude.")
    assert job.run().code == 0
    return job


def yesterday(job: Job) -> None:
    """What the issue told of first is a day older."""
    found = remembered(job.issue["body"])
    assert found is not None
    aged = replace(found, reported=dict.fromkeys(found.reported, "2026-01-01T00:00:00Z"))
    job.issue["body"] = job.issue["body"].replace(memory_line(found), memory_line(aged))


def test_drift_waits_from_when_the_issue_told_of_it(waiting: Job) -> None:
    job = waiting
    assert job.live["instructions"] == "Be rude."
    assert "it is put back from " in job.issue["body"]
    assert "Be rude." in job.issue["body"]
    before = job.issue["body"]

    assert "is unchanged" in job.run().out
    assert is_same(before, job.issue["body"])
    yesterday(job)
    told = job.run()

    assert told.code == 0
    assert job.live["instructions"] == "Be kind."
    assert job.issue["state"] == "closed"
    assert "```text\nBe rude.\n```" in job.comments[0] or '`"Be rude."`' in job.comments[0]


def test_drift_that_changed_meanwhile_waits_anew(waiting: Job) -> None:
    job = waiting
    yesterday(job)
    job.drifts(instructions="Be ruder.")

    job.run()

    assert job.live["instructions"] == "Be ruder."


def test_drift_beside_an_edit_waits_by_itself(waiting: Job) -> None:
    job = waiting
    job.here.write(hr=f"{HR}description: new\n")
    job.run()
    yesterday(job)

    job.run()

    assert (job.live["instructions"], job.live["description"]) == ("Be kind.", None)
    assert job.issue["state"] == "open"
    assert "edited: `description`" in job.issue["body"]


def test_a_label_on_the_issue_holds_drift_and_edits(waiting: Job) -> None:
    job = waiting
    yesterday(job)
    job.hub.label(job.issue["number"], "reconciler/hold")
    job.policy("reconcile: {apply: [drift, edits], after: 24h}\n")
    job.here.write(it="model: gpt-4o\nname: IT\n")

    told = job.run()

    assert told.code == 0
    assert job.live["instructions"] == "Be rude."
    assert [one["name"] for one in job.here.live().values()] == ["HR Helper"]
    assert "the label `reconciler/hold` on the issue of this environment stops it" in told.out
    job.hub.unlabel(job.issue["number"], "reconciler/hold")
    job.policy(WAITING)
    job.run()
    assert job.live["instructions"] == "Be kind."


def test_the_label_that_holds_can_be_chosen_on_a_phone(waiting: Job) -> None:
    assert "reconciler/hold" in waiting.hub.all_labels


def test_a_label_holds_drift_that_need_not_wait(job: Job) -> None:
    job.hosted()
    job.drifts(instructions="Be rude.")
    job.run()
    job.hub.label(job.issue["number"], "reconciler/hold")
    job.policy(DRIFT)

    assert "stops it" in job.run().out
    assert job.live["instructions"] == "Be rude."


def test_an_issue_of_somebody_else_tells_and_holds_nothing(job: Job) -> None:
    job.hosted()
    job.policy(WAITING)
    job.drifts(instructions="Be rude.")
    job.run()
    yesterday(job)
    forged = job.issue["body"]
    job.hub.all_issues.clear()
    job.hub.issue("mine", forged, labels=(LABEL, "reconciler/hold"), by="mallory")

    job.run()

    assert job.live["instructions"] == "Be rude."
    job.policy(DRIFT)
    job.run()
    assert job.live["instructions"] == "Be kind."


def test_drift_waits_for_ever_where_no_issue_is_kept(job: Job) -> None:
    job.policy(WAITING)
    job.drifts(instructions="Be rude.")

    told = job.run("--no-issue")

    assert "`reconcile.after` counts from the moment that an issue reported it, and this run keeps none" in told.out
    assert job.live["instructions"] == "Be rude."


def test_nothing_is_put_back_while_nobody_knows_whether_it_is_held(job: Job) -> None:
    job.hosted()
    job.policy(DRIFT)
    job.drifts(instructions="Be rude.")
    job.hub.fail("GET", "/issues", status=403, times=9)

    told = job.run()

    assert told.code == 1
    assert "whether `reconciler/hold` is set is not known" in told.out
    assert job.live["instructions"] == "Be rude."


@pytest.mark.covers
@pytest.mark.parametrize("policy", ["", WAITING])
@pytest.mark.parametrize("keys", [[], ["hr"], ["h*"]])
def test_somebody_puts_drift_back_now(job: Job, policy: str, keys: list[str]) -> None:
    job.hosted()
    job.policy(policy)
    job.drifts(instructions="Be rude.")
    job.run()

    told = job.run(*keys, "--put-back")

    assert told.code == 0
    assert job.live["instructions"] == "Be kind."
    assert job.issue["state"] == "closed"
    assert "Be rude." in job.comments[0]


def test_only_what_was_asked_for_is_put_back_and_all_of_it_told(job: Job) -> None:
    job.here.write(it="model: gpt-4o\nname: IT\ninstructions: Be kind.\n")
    job.here.run("apply", "--auto-approve")
    job.hosted()
    for id in job.here.live():
        job.here.call("POST", f"/{id}", {"instructions": "Be rude."})

    told = job.run("it", "--put-back")

    assert {one["name"]: one["instructions"] for one in job.here.live().values()} == {
        "HR Helper": "Be rude.",
        "IT": "Be kind.",
    }
    assert job.issue["state"] == "open"
    assert "assistant.hr" in job.issue["body"]
    assert "assistant.hr: `reconcile.apply` does not include `drift`" in told.out


@pytest.mark.parametrize(("words", "says"), [(["hr"], "KEYS go with --put-back"), (["x", "--put-back"], "called 'x'")])
def test_keys_that_make_no_sense_are_refused(job: Job, words: list[str], says: str) -> None:
    told = job.run(*words)

    assert told.code != 0
    assert says in told.err


# a server that is far away, refuses, or is slow


class Stubborn(Gate):
    """A server that refuses every write, while it is told to."""

    refusing = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET" or not self.refusing:
            await super().__call__(scope, receive, send)
            return
        told = json.dumps({"error": {"message": "no, not today", "type": "invalid_request_error"}}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": told})


@dataclass
class Far:
    """Three assistants behind an address, all of which drifted; the policy puts drift back."""

    here: Checkout
    hub: Hub
    server: Stubborn

    def words(self) -> list[str]:
        return ["reconcile", "-e", "far", "--parallelism", "1"]

    def environ(self) -> dict[str, str]:
        return plain(**self.hub.environ())

    def texts(self) -> list[str]:
        page = call(self.server.emulator, "GET", "/v1/assistants?limit=100").json()["data"]
        return sorted(one["instructions"] for one in page)

    @property
    def issue(self) -> dict[str, Any]:
        (one,) = self.hub.all_issues.values()
        return one


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hub: Hub) -> Iterator[Far]:
    files = {f"n{number}": HR.replace("HR Helper", f"N{number}") for number in range(3)}
    here = Checkout(tmp_path, monkeypatch, capsys, **files)
    with on_port(Stubborn()) as server:
        here.config(f"stack: acme\n{DRIFT}environments: {{far: {{provider: openai, base_url: '{server.url}'}}}}\n")
        assert here.run("apply", "-e", "far", "--auto-approve").code == 0
        for one in call(server.emulator, "GET", "/v1/assistants").json()["data"]:
            body = {"instructions": f"{one['name']} is rude."}
            assert call(server.emulator, "POST", f"/v1/assistants/{one['id']}", body).status_code == 200
        while not server.arrived.empty():
            server.arrived.get()
        yield Far(here, hub, server)


def test_a_correction_that_fails_each_time_is_told_once(far: Far) -> None:
    far.server.refusing = True

    for _ in range(2):
        told = far.here.process(*far.words(), **far.hub.environ())
        assert told.code == 1, told

    assert "it failed: 400: no, not today" in far.issue["body"]
    assert far.issue["state"] == "open"
    (comment,) = far.hub.bodies(far.issue["number"])
    assert "it may have been overwritten" in comment


def test_two_passes_from_two_machines_do_no_harm(far: Far, tmp_path_factory: pytest.TempPathFactory) -> None:
    states = [str(tmp_path_factory.mktemp("state")) for _ in range(2)]
    passes = [Process(*far.words(), "--state-dir", state, cwd=far.here.root, env=far.environ()) for state in states]

    assert {one.wait(30) for one in passes} <= {0, 1}  # 1 where the other was quicker: that object has moved
    assert far.texts() == ["Be kind."] * 3
    assert far.here.process(*far.words(), **far.hub.environ()).code == 0
    assert {one["state"] for one in far.hub.all_issues.values()} == {"closed"}


def test_a_pass_that_only_reports_wants_no_folder(far: Far) -> None:
    far.here.config(f"stack: acme\nenvironments: {{far: {{provider: openai, base_url: '{far.server.url}'}}}}\n")

    told = far.here.process(*far.words(), "--state-dir", "/dev/null/nowhere")

    assert told.code == 0, told
    assert told.out.count("does not include `drift`") == 3
    assert "Be kind." not in far.texts()


def test_a_signal_lets_finish_what_is_in_flight_and_all_of_it_is_told(far: Far) -> None:
    far.server.free = 1
    with Process(*far.words(), cwd=far.here.root, env=far.environ(), stdout=PIPE, stderr=PIPE) as process:
        far.server.wait(2)
        process.send_signal(signal.SIGTERM)
        while "Interrupted" not in process.stderr.readline():
            assert process.poll() is None
        far.server.open()
        out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert len([text for text in far.texts() if text == "Be kind."]) == 2
    assert "it was not done: interrupted" in out
    (comment,) = far.hub.bodies(far.issue["number"])
    assert comment.count("is rude.") == 2
    assert far.issue["state"] == "open"
    assert far.issue["body"].count("is rude.") == 1


def test_a_signal_while_it_is_told_prints_what_was_to_be_quoted(far: Far) -> None:
    far.hub.fail("POST", "/comments", slow=5.0)
    with Process(*far.words(), cwd=far.here.root, env=far.environ(), stdout=PIPE) as process:
        while not any(path.endswith("/comments") for _, path in far.hub.writes()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                break
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert out.count("is rude.") >= 6  # in the plan, and quoted
    assert "Written by this run." in out
