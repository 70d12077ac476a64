"""What a team copies: each workflow is linted, holds to its rules, and runs for real, step by step."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from reconciler.cli import COMMANDS, module_of
from support.checkout import answering
from support.expressions import Lenient, evaluated, holds
from support.github import BOT
from support.gits import git
from support.teamwork import FORK, KEY, WORKFLOWS, Team, manifest, server, team
from support.workflow import INSTEAD, ROOT, Event, read

pytestmark = [pytest.mark.no_cover, pytest.mark.needs("git", "bash")]

COPIED = ("plan", "apply", "reconcile", "try")
FILES = sorted(WORKFLOWS.glob("*.yml"))
ACTION = read(ROOT / "action.yml")

APPLIES = "${{ github.event_name == 'push' && 'apply' || 'on-call' }}"

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_copied = pytest.mark.parametrize("name", COPIED)


def jobs(path: Path) -> Mapping[str, Any]:
    found = read(path)["jobs"]
    assert isinstance(found, dict)
    return found


def copied(name: str) -> Mapping[str, Any]:
    return read(WORKFLOWS / f"{name}.yml")


def steps(path: Path) -> Iterator[Mapping[str, Any]]:
    yield from chain.from_iterable(job["steps"] for job in jobs(path).values())


SCRIPTS = [
    pytest.param(step["run"], step.get("shell", "bash"), id=f"{path.stem}-{number}")
    for path, found in [*((path, steps(path)) for path in FILES), (ROOT / "action.yml", ACTION["runs"]["steps"])]
    for number, step in enumerate(found)
    if "run" in step
] + [pytest.param((ROOT / ".ci" / "each-folder.sh").read_text(), "bash", id="each-folder")]


# what holds of their text


@pytest.mark.parametrize(("script", "shell"), SCRIPTS)
def test_every_script_is_in_order(script: str, shell: str) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run(
        [str(shellcheck), "--norc", "--shell", shell, "-"],
        input=script,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("script", "shell"), SCRIPTS)
def test_no_expression_is_text_of_a_script(script: str, shell: str) -> None:
    assert "${{" not in script


@each_file
def test_nothing_is_granted_but_to_a_job(path: Path) -> None:
    assert read(path)["permissions"] == {}
    assert all(job["permissions"] for job in jobs(path).values())
    assert all(int(job["timeout-minutes"]) <= 60 for job in jobs(path).values())


@each_file
def test_nothing_runs_with_rights_on_what_a_stranger_sent(path: Path) -> None:
    assert not set(read(path)["on"]) & {"pull_request_target", "workflow_run", "issue_comment"}


@each_file
def test_no_checkout_leaves_a_token_behind(path: Path) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]

    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_every_action_of_others_is_pinned_to_one_commit_with_its_version() -> None:
    text = "".join(path.read_text() for path in (*FILES, ROOT / "action.yml", ROOT / "docs" / "ci.md"))
    uses = re.findall(r"uses: ([a-z]+/[a-z-]+)@(.*)", text)
    pins: dict[str, set[str]] = {}
    for name, pin in uses:
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), f"{name}@{pin}"
        pins.setdefault(name, set()).add(pin)

    assert {name: len(found) for name, found in pins.items()} == dict.fromkeys(pins, 1)


def test_applies_of_one_environment_wait_for_each_other_and_for_the_scheduled_pass() -> None:
    groups = {name: [job["concurrency"] for job in copied(name)["jobs"].values()] for name in ("apply", "reconcile")}

    assert groups["apply"] == groups["reconcile"]
    assert {group["cancel-in-progress"] for group in groups["apply"]} == {"false"}
    assert {group["queue"] for group in groups["apply"]} == {"max"}
    names = ("vars.RECONCILER_STAGING", "vars.RECONCILER_ENVIRONMENT")
    assert [group["group"] for group in groups["apply"]] == [f"reconciler-${{{{ {name} }}}}" for name in names]


def test_a_plan_is_never_skipped_since_a_skipped_check_counts_as_passed() -> None:
    plan = copied("plan")

    assert set(plan["on"]["pull_request"]) == {"branches", "types"}
    assert {"opened", "reopened", "synchronize", "labeled", "unlabeled", "edited"} == {
        *plan["on"]["pull_request"]["types"]
    }
    assert plan["on"]["pull_request"]["branches"] == copied("apply")["on"]["push"]["branches"]
    assert all("if" not in job for job in plan["jobs"].values())


def test_a_plan_has_a_key_of_its_own_and_no_protected_environment() -> None:
    secrets = {name: re.findall(r"secrets\.(\w+)", (WORKFLOWS / f"{name}.yml").read_text()) for name in COPIED}

    assert not [job for job in copied("plan")["jobs"].values() if "environment" in job]
    assert all("environment" in job for name in COPIED if name != "plan" for job in copied(name)["jobs"].values())
    assert not set(secrets["plan"]) & {key for name in COPIED if name != "plan" for key in secrets[name]}


@each_copied
def test_what_is_copied_takes_no_more_than_a_checkout_and_the_action(name: str) -> None:
    for job in copied(name)["jobs"].values():
        checkout, action = job["steps"]
        assert checkout["with"]["fetch-depth"] == "0"
        assert action["uses"] == "./"
        assert action["with"]["command"] in ("plan", APPLIES, "reconcile", "try", "destroy")


def test_every_command_line_is_one_that_the_command_takes() -> None:
    texts = [
        (ROOT / "docs" / "ci.md").read_text(),
        (ROOT / "action.yml").read_text().replace('"$RECONCILER"', "reconciler"),
    ]
    lines = [
        line for text in texts for line in re.findall(r"(?:^|[ `-])reconciler ((?:[a-z]+ )[^`\n]*|[a-z]+$)", text, re.M)
    ]
    taken = [words for line in lines if (words := _words(line))[0] in COMMANDS]

    for name, *arguments in taken:
        command = importlib.import_module(module_of(name)).command
        command.make_parser(click.Context(command)).parse_args(
            [re.sub(r"^-(?=[a-z]{2})", "--", one) for one in arguments]
        )
    assert len(taken) > 15


def _words(line: str) -> list[str]:
    """The words of a command, up to where the shell goes on with another."""
    words = shlex.split(re.split(r" (?:\||>|2>|#)", line.rstrip("\\"))[0], comments=False)
    return [word for word in words if word != '"${against[@]}"' and not word.startswith("${")]


def test_the_pipeline_of_gitlab_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(# \.gitlab-ci\.yml\n.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.S)
    check = [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*check, "--default-filetype", "yaml", "-"], input=text, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_every_input_and_output_of_the_action_is_documented(part: str) -> None:
    text = (ROOT / "docs" / "ci.md").read_text()

    assert [name for name in ACTION[part] if f"`{name}`" not in text] == []


@pytest.mark.soak
def test_the_action_installs_itself(tmp_path: Path) -> None:
    install = ACTION["runs"]["steps"][0]
    said = tmp_path / "output"
    environ = {"COMMAND": "plan", "PYTHON": sys.executable, "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(said)}

    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", install["run"]],
        cwd=tmp_path,
        env={**os.environ, **environ, "GITHUB_ACTION_PATH": str(ROOT)},
        check=True,
    )

    command = dict(line.split("=", 1) for line in said.read_text().splitlines())["command"]
    assert subprocess.run([command, "--version"], capture_output=True, text=True).stdout.startswith("reconciler ")


# what happens when they run


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Team]:
    with team(tmp_path) as found:
        found.begin()
        yield found


def ended(job: Any, **outcomes: str) -> None:
    """A job ended so, and these of its steps so."""
    found = {name: job.all[name].outcome for name in outcomes}
    assert found == outcomes, job.log


def test_a_pull_request_gets_a_comment_and_keeps_its_plan(acme: Team) -> None:
    job = acme.open(7)

    assert job.conclusion == "success", job.log
    assert job.outputs["has_changes"] == "true"
    assert (job.outputs["add"], job.outputs["objections"]) == ("1", "0")
    assert "hr" in acme.comment(7)
    assert acme.kept("reconciler-production-1") == ["plan.html", "plan.json", "plan.md"]
    assert acme.kept("reconciler-production-1.html") == ["reconciler-production-1.html"]
    assert "hr" in job.summary


def test_a_pull_request_that_changes_no_manifest_gets_no_comment_unless_one_stood_before(acme: Team) -> None:
    acme.open(1)
    acme.merge(1)
    acme.applied()
    (live,) = acme.everything()
    acme.move(live["id"], instructions="Somebody fixed something.\n")
    job = acme.open(7, **{"README.md": "Hello.\n"})
    assert (job.conclusion, acme.hub.bodies(7)) == ("success", []), job.log

    acme.push(7, hr=manifest("You help.\n", description="helps"))
    assert "helps" in acme.comment(7)
    acme.push(7, hr=manifest("You help.\n"))
    assert "helps" not in acme.comment(7)


def test_another_push_edits_the_same_comment_and_a_forged_one_is_left_alone(acme: Team) -> None:
    acme.open(7)
    (first,) = acme.hub.comments(7, BOT)
    forged = acme.hub.comment(7, first["body"].replace("assistant.hr", "forged"), by="stranger")
    job = acme.push(7, sales=manifest("You sell.\n"))

    assert job.conclusion == "success", job.log
    (second,) = acme.hub.comments(7, BOT)
    assert second["id"] == first["id"]
    assert "sales" in second["body"]
    assert [one["id"] for one in acme.hub.comments(7, "stranger")] == [forged]
    assert "forged" in acme.hub.bodies(7, "stranger")[0]


def test_an_objection_makes_the_check_red_until_somebody_who_may_lets_it_pass(acme: Team) -> None:
    acme.make(name="HR Helper", instructions="Made by hand.")
    red = acme.open(7)
    ended(red, Plan="failure", **{"Comment on the pull request": "success", "Keep the plan for its apply": "success"})
    assert red.conclusion == "failure"
    assert "reconciler/allow:possible-duplicate" in acme.comment(7)
    assert "reconciler/allow:possible-duplicate" in acme.hub.all_labels

    assert acme.label(7, "reconciler/allow:possible-duplicate", by="stranger").conclusion == "failure"
    assert acme.label(7, "reconciler/allow:possible-duplicate", by="maintainer").conclusion == "success"
    assert acme.push(7, sales=manifest("You sell.\n", name="Sales")).conclusion == "success"
    assert acme.push(7, hr=manifest("You help others.\n")).conclusion == "failure"
    assert acme.hub.all_issues[7]["labels"] == []
    assert "`reconciler/allow:possible-duplicate`, set by `maintainer`, was removed" in acme.comment(7)


def test_an_edit_that_leaves_the_base_alone_plans_keeps_and_says_nothing(acme: Team) -> None:
    plan = acme.open(7)
    before = (acme.comment(7), len(acme.hub.all_artifacts))
    edited = acme.edit(7, title={"from": "before"})

    assert (plan.name, edited.name) == ("plan", "nothing to plan")
    assert edited.conclusion == "success"
    assert {step.outcome for step in edited.steps} == {"skipped"}
    assert (acme.comment(7), len(acme.hub.all_artifacts)) == before

    moved = acme.edit(7, base={"ref": {"from": "develop"}})
    assert (moved.name, moved.conclusion) == ("plan", "success")
    assert len(acme.hub.all_artifacts) == before[1] + 2


def test_an_edit_that_leaves_the_base_alone_cancels_no_plan(acme: Team) -> None:
    def group(action: str, **changes: Any) -> str:
        payload = {"action": action, "pull_request": {"number": 7}, **({"changes": changes} if changes else {})}
        return acme.machine.group(copied("plan"), Event("pull_request", "c", "refs/pull/7/merge", payload))

    assert group("edited", title={"from": "x"}) == "plan-7-edited"
    assert {group("opened"), group("labeled"), group("edited", base={"ref": {"from": "x"}})} == {"plan-7"}


def test_a_workflow_that_does_not_leave_such_an_edit_out_keeps_and_says_nothing_either(acme: Team) -> None:
    acme.open(7)
    acme.make(name="HR Helper", instructions="Made by hand.")
    before = (acme.comment(7), len(acme.hub.all_artifacts))
    workflow = copied("plan")
    for step in workflow["jobs"]["plan"]["steps"]:
        del step["if"]
    run = acme.hub.run("plan.yml", acme.hub.pulls[7]["head"]["sha"], status="in_progress", conclusion=None)
    job = acme.planned(7, "edited", run, workflow=workflow, changes={"title": {"from": "before"}})

    assert job.conclusion == "failure"  # a check that it shares with plans is no greener for it
    assert (acme.comment(7), len(acme.hub.all_artifacts)) == before


def test_a_plan_that_is_made_after_the_merge_is_not_what_was_reviewed(acme: Team) -> None:
    acme.open(7)
    acme.merge(7)
    before = acme.make(name="HR Helper", instructions="Made by hand.")
    again = acme.replanned(7)
    job = acme.applied()

    assert [one["name"] for one in acme.hub.all_artifacts if one["name"].startswith("reconciler-production-2")]
    assert again.conclusion == "failure"
    assert "attempt 1" in job.log
    assert "assistant.hr" in job.log
    assert [one["id"] for one in acme.everything()] == [before]  # and the objection is computed afresh


def test_a_fork_gets_the_offline_review_and_neither_a_secret_nor_a_comment(acme: Team) -> None:
    acme.commit(hr=manifest())
    job = acme.open(7, fork=FORK, sales=manifest("You sell.\n"))

    assert job.conclusion == "success", job.log
    ended(job, Plan="success", **{"Comment on the pull request": "skipped"})
    assert acme.hub.writes() == []
    assert "sales" in job.summary
    assert "assistant.hr" not in job.summary
    assert KEY not in job.log


def test_a_fork_is_reviewed_whatever_the_environment_is_called(acme: Team) -> None:
    acme.variables["RECONCILER_ENVIRONMENT"] = "live"
    config = (acme.origin / "reconciler.yaml").read_text()
    acme.commit(**{"reconciler.yaml": config.replace("  production:", "  live:")})
    job = acme.open(7, fork=FORK, sales=manifest("You sell.\n"))

    assert job.conclusion == "success", job.log
    assert "**live**" in job.summary
    assert "sales" in job.summary


def test_running_a_plan_again_shows_its_page_again(acme: Team) -> None:
    acme.open(7)
    run = acme.hub.all_runs[-1]["id"]
    again = acme.planned(7, "opened", run, attempt=2)

    assert again.conclusion == "success", again.log
    ended(again, **{"Keep the plan for its apply": "success", "Show the page": "success"})


def test_what_was_reviewed_is_applied_once_it_is_merged_and_again_is_harmless(acme: Team) -> None:
    acme.open(7, sales=manifest("You sell.\n", description="sells"))
    acme.merge(7)
    job = acme.applied()

    assert job.conclusion == "success", job.log
    assert "Apply complete! Resources: 2 added, 0 changed, 0 destroyed." in job.log
    assert len(acme.everything()) == 2
    assert len(acme.hub.comments(7, BOT)) == 1
    assert acme.everything()[0]["id"] in acme.comment(7)
    assert any(name.endswith(".jsonl") for name in acme.kept("reconciler-history-production-apply-1"))

    told = acme.comment(7).splitlines()[1:-1]
    again = acme.applied(attempt=2)
    assert again.conclusion == "success", again.log
    assert len(acme.everything()) == 2
    assert acme.comment(7).splitlines()[1:-1] == told

    for one in acme.hub.all_artifacts:
        one["expired"] = True
    expired = acme.applied(attempt=3)
    ended(expired, Apply="skipped", **{"Find the reviewed plan": "failure"})
    assert "reconciler plan" in acme.comment(7)


def test_each_attempt_keeps_its_own_history(acme: Team) -> None:
    acme.open(7)
    acme.merge(7)
    acme.applied()
    acme.applied(attempt=2)

    names = [one["name"] for one in acme.hub.all_artifacts if "history" in one["name"]]
    assert names == ["reconciler-history-production-apply-1", "reconciler-history-production-apply-2"]


def test_an_apply_that_is_cut_off_does_not_stay_being_applied(acme: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off = {"if": "inputs.command == 'apply'", "shell": "bash", "run": "exit 1"}
    monkeypatch.setitem(INSTEAD, "apply", {"name": "Apply", "id": "apply", **cut_off})
    acme.open(7)
    acme.merge(7)
    job = acme.applied()

    ended(job, **{"Comment on what is about to happen": "success", "Comment on what happened": "success"})
    assert "### Not applied" in acme.comment(7)
    assert "did not finish" in acme.comment(7)


@pytest.mark.parametrize("command", ["plan", "apply", "reconcile", "try", "destroy"])
@pytest.mark.parametrize("outcome", ["success", "failure", "cancelled", "skipped"])
def test_however_a_job_ends_its_comment_is_told(command: str, outcome: str) -> None:
    """A job that is cancelled still runs what runs always."""
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    ids = {step["id"]: {"outcome": "skipped"} for step in ACTION["runs"]["steps"] if "id" in step}
    of_command = {"plan": "plan", "apply": "reviewed", "try": "try", "destroy": "try"}
    ran = {"install": {"outcome": "success"}, of_command.get(command, ""): {"outcome": outcome}}
    repository = "acme/assistants"
    pull = {"state": "open", "head": {"repo": {"full_name": repository}}}
    context = {
        "inputs": {"command": command, "folders": "", "stack": "acme-pr-7" if command in ("try", "destroy") else ""},
        "steps": {**ids, **ran},
        "github": {"event": Lenient(pull_request=pull), "repository": repository},
    }
    status = {"always": True, "success": outcome == "success"}

    told = [name for name, step in steps.items() if name.startswith("Comment") and holds(step["if"], context, status)]

    assert told == {
        "plan": ["Comment on the pull request"],
        "apply": {
            "skipped": [],
            "success": ["Comment on what is about to happen", "Comment on what happened"],
        }.get(outcome, ["Comment on what is about to happen"]),
        "reconcile": [],
    }.get(command, [] if outcome == "skipped" else ["Comment on what happened"])


def test_a_label_on_a_merged_pull_request_leaves_its_comment_and_plans_nothing(acme: Team) -> None:
    acme.open(7)
    acme.merge(7)
    acme.applied()
    before = acme.comment(7)
    job = acme.label(7, "reconciler/allow:conflict")

    assert job.conclusion == "failure"
    ended(job, Plan="skipped", **{"Comment on the pull request": "skipped"})
    assert acme.comment(7) == before
    assert acme.applied(attempt=2).conclusion == "success"


def test_a_merge_queue_is_planned_beside_what_it_stands_on(acme: Team) -> None:
    acme.make(name="HR Helper", instructions="Made by hand.")
    acme.open(7)
    with answering(200, '{"data": [], "has_more": false}') as thief:
        config = (acme.origin / "reconciler.yaml").read_text().replace(acme.url, thief.url)
        acme.push(7, **{"reconciler.yaml": config})
        red = acme.queued(7)
        acme.hub.label(7, "reconciler/allow:possible-duplicate")
        green = acme.queued(7)

    assert thief.asked == []
    ended(red, Plan="failure", **{"Comment on the pull request": "skipped"})
    assert green.conclusion == "success", green.log


@pytest.fixture
def staging(acme: Team, tmp_path: Path) -> Iterator[str]:
    """The address of another environment of the team's, which is applied first."""
    with server(tmp_path / "staging") as url:
        there = f'{{provider: openai, base_url: "{url}", api_key: {{env: ASSISTANTS_STAGING_API_KEY}}}}'
        config = (acme.origin / "reconciler.yaml").read_text()
        acme.commit(**{"reconciler.yaml": f"{config}  staging: {there}\n"})
        acme.variables["RECONCILER_STAGING"] = "staging"
        acme.secrets["RECONCILER_STAGING_PLAN_KEY"] = KEY
        yield url


def test_one_run_plans_both_environments_and_a_merge_is_applied_to_one_after_the_other(
    acme: Team, staging: str
) -> None:
    job = acme.open(7, sales=manifest("You sell.\n", description="sells"))
    assert job.conclusion == "success", job.log
    assert (job.outputs["add"], acme.everything(), acme.everything(staging)) == ("4", [], [])
    assert job.summary.count("You sell.") == 1
    assert " in staging, production" in job.summary
    assert acme.comment(7).count("You sell.") == 1
    kept = ["plan.html", "plan.md", "plans/production.json", "plans/staging.json"]
    assert acme.kept("reconciler-plans-1") == kept

    acme.merge(7)
    jobs = acme.applied_in_turn()

    ends = [(name, one.conclusion) for name, one in jobs.items()]
    assert ends == [("staging", "success"), ("production", "success")], "".join(one.log for one in jobs.values())
    assert (len(acme.everything()), len(acme.everything(staging))) == (2, 2)
    told = acme.comment(7)
    assert told.count("### Applied: 2 added") == 2
    assert all(one["id"] in told for one in (*acme.everything(), *acme.everything(staging)))
    assert all(acme.kept(f"reconciler-history-{name}-apply-1") for name in ("staging", "production"))


def with_folders(name: str, folders: str) -> Mapping[str, Any]:
    workflow = copied(name)
    for job in workflow["jobs"].values():
        job["steps"][1]["with"]["folders"] = folders
    return workflow


def test_one_step_plans_and_applies_several_folders_and_each_has_its_comment(acme: Team) -> None:
    shared = (acme.origin / "reconciler.yaml").read_text().replace("stack: acme\nmanifests: [assistants]\n", "")
    teams = {
        f"teams/{name}/reconciler.yaml": f"version: 1\nstack: {name}\nextends: ../../reconciler.yaml\n"
        for name in ("hr", "it")
    }
    acme.commit(**{"reconciler.yaml": shared, **teams})
    helpers = {f"teams/{name}/assistants/helper.yaml": manifest(name=f"{name} helper") for name in ("hr", "it")}
    plan, apply = (with_folders(name, "teams/hr\n teams/it") for name in ("plan", "apply"))
    plan["jobs"]["plan"]["steps"][1]["with"]["environment"] = "production"

    job = acme.open(7, workflow=plan, **helpers)
    assert job.conclusion == "success", job.log
    assert (job.outputs["add"], job.outputs["has_changes"], len(acme.hub.bodies(7))) == ("2", "true", 2)
    assert [f"teams/{name}/assistants/helper.yaml" in job.log for name in ("hr", "it")] == [True, True]
    assert [job.summary.count(f"stack `{name}`") for name in ("hr", "it")] == [1, 1]
    folders = [f"folders/teams/{name}/plan.{kind}" for name in ("hr", "it") for kind in ("html", "json", "md")]
    assert acme.kept("reconciler-plans-1") == folders

    acme.merge(7)
    applied = acme.applied(workflow=apply)
    assert applied.conclusion == "success", applied.log
    assert {one["metadata"]["reconciler"].split()[1] for one in acme.everything()} == {
        "hr/production/helper",
        "it/production/helper",
    }
    assert all("### Applied: 1 added" in body for body in acme.hub.bodies(7))
    assert {f"folders/teams/{name}/events.jsonl" for name in ("hr", "it")} <= {
        *acme.kept("reconciler-history-production-apply-1")
    }

    acme.commit(**{"teams/new/reconciler.yaml": teams["teams/hr/reconciler.yaml"].replace("hr", "new")})
    acme.open(8, workflow=plan, **{"teams/it/assistants/helper.yaml": manifest(name="IT")})
    (told,) = acme.hub.bodies(8)
    assert told.startswith("<!-- reconciler: comment it production run ")

    acme.merge(8)
    partly = acme.applied(workflow=with_folders("apply", "teams/new teams/it"))
    assert partly.conclusion == "failure"
    ended(partly, Apply="success", **{"Find the reviewed plan": "failure", "Comment on what happened": "success"})
    assert "IT" in acme.live()
    assert [body.split("### ")[1].split("\n")[0] for body in acme.hub.bodies(8)] == [
        "Applied: 1 changed",
        "Not applied",
    ]

    wrong = acme.open(9, workflow=plan, **{"teams/hr/assistants/helper.yaml": "model: ["})
    ended(wrong, Validate="failure", Plan="failure")
    (told,) = acme.hub.bodies(9)  # the other folder was planned, and has no changes to tell
    assert told.startswith("<!-- reconciler: comment hr production run ")


@pytest.mark.parametrize(
    ("folders", "code", "told"),
    [
        ("hr/\n./it", 0, "In hr:\nhere\nIn it:\nhere\n"),
        (" \n", 1, "::error::folders has only blanks, and names no folder\n"),
        ("hr ./hr/", 1, "::error::folders names hr twice\n"),
        ("hr ../it", 1, "::error::folders takes paths below the working directory, and not ../it\n"),
        ("no it", 1, "In no:\n::error::There is no folder no.\nIn it:\nhere\n"),
    ],
)
def test_a_step_is_carried_out_in_each_folder_or_says_why_not(
    tmp_path: Path, folders: str, code: int, told: str
) -> None:
    done = in_each_folder(tmp_path, folders, "echo here")
    assert (done.returncode, done.stdout) == (code, told)


@pytest.mark.parametrize("name", ["STACK", "RECONCILER_STACK"])
def test_two_folders_never_get_one_stack(tmp_path: Path, name: str) -> None:
    done = in_each_folder(tmp_path, "hr it", "echo here", **{name: "preview"})
    assert (done.returncode, done.stdout.partition(",")[0]) == (1, "::error::with folders")

    done = in_each_folder(tmp_path, "hr", "echo here", **{name: "{stack}-pr-7"})
    assert (done.returncode, done.stdout) == (0, "In hr:\nhere\n")


def test_after_an_interrupt_no_other_folder_has_its_turn(tmp_path: Path) -> None:
    done = in_each_folder(tmp_path, "hr it", 'kill -INT "$PPID"')
    assert (done.returncode, done.stdout) == (130, "In hr:\n")


def in_each_folder(root: Path, folders: str, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    for name in ("hr", "it"):
        (root / name).mkdir(exist_ok=True)
    (root / "step.sh").write_text(f'. "{ROOT / ".ci" / "each-folder.sh"}"\n{script}\n')
    environ = {"PATH": os.environ["PATH"], "FOLDERS": folders, "FOLDER": str(root / "made"), **more}
    words = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(root / "step.sh")]
    return subprocess.run(words, cwd=root, env=environ, capture_output=True, text=True)


def test_an_objection_in_one_environment_is_told_and_allowed_there(acme: Team, staging: str) -> None:
    acme.make(name="HR Helper", instructions="Made by hand.")
    red = acme.open(7)
    assert red.conclusion == "failure"
    assert "In production:" in acme.comment(7)

    assert acme.label(7, "reconciler/allow:possible-duplicate@staging").conclusion == "failure"
    green = acme.label(7, "reconciler/allow:possible-duplicate@production")
    assert green.conclusion == "success", green.log
    acme.merge(7)
    jobs = acme.applied_in_turn()

    assert [one.conclusion for one in jobs.values()] == ["success", "success"], jobs["production"].log
    assert (len(acme.everything()), len(acme.everything(staging))) == (2, 1)


def test_production_is_left_alone_while_staging_fails(acme: Team, staging: str) -> None:
    acme.open(1)
    acme.merge(1)
    acme.applied_in_turn()
    acme.open(7, hr=manifest("You help a lot.\n"))
    (there,) = acme.everything(staging)
    acme.move(there["id"], staging, instructions="You help nobody.\n")
    acme.merge(7)

    jobs = acme.applied_in_turn()

    assert [(name, one.conclusion) for name, one in jobs.items()] == [("staging", "failure"), ("production", "skipped")]
    assert [one["instructions"] for one in acme.everything()] == ["You help."]


def test_each_environment_has_its_scheduled_pass(acme: Team, staging: str) -> None:
    commit = acme.commit(hr=manifest())
    event = Event("schedule", commit, "refs/heads/main")
    jobs = acme.machine.run(copied("reconcile"), event, acme.hub.run("reconcile.yml", commit, event="schedule"))

    assert {name: job.conclusion for name, job in jobs.items()} == dict.fromkeys(("staging", "production"), "success")
    titles = [one["title"] for one in acme.hub.all_issues.values()]
    assert sorted(title.split()[0] for title in titles) == ["production", "staging"]


def test_what_moved_since_its_review_is_refused_and_shown(acme: Team) -> None:
    acme.open(1)
    acme.merge(1)
    assert acme.applied().conclusion == "success"
    acme.open(7, hr=manifest("You help a lot.\n"), sales=manifest("You sell.\n", description="sells"))
    (live,) = acme.everything()
    acme.move(live["id"], instructions="You help nobody.\n")
    acme.merge(7)
    job = acme.applied()

    assert job.conclusion == "failure"
    ended(job, Apply="failure", **{"Comment on what happened": "success", "Keep the history": "success"})
    assert len(acme.everything()) == 2
    assert next(one for one in acme.everything() if one["id"] == live["id"])["instructions"] == "You help nobody.\n"
    assert "You help [-nobody-]." in acme.comment(7)


def test_a_merge_leaves_a_hotfix_and_a_direct_push_and_its_comment_says_so(acme: Team) -> None:
    acme.open(1, sales=manifest("You sell.\n"))
    acme.merge(1)
    assert acme.applied().conclusion == "success"
    sales = next(one["id"] for one in acme.everything() if one["instructions"].startswith("You sell"))
    acme.move(sales, description="a hotfix")
    acme.commit(**{"assistants/pushed.yaml": manifest("Nobody reviewed me.\n", name="Pushed")})
    assert acme.applied().conclusion == "failure"
    acme.open(7, sales=manifest("You sell a lot.\n"))
    assert "Not done by merging" in acme.comment(7)
    acme.merge(7)

    job = acme.applied()

    live = {one["id"]: one for one in acme.everything()}
    assert job.conclusion == "success", job.log
    assert (live[sales]["instructions"].strip(), live[sales]["description"]) == ("You sell a lot.", "a hotfix")
    assert len(live) == 2
    left = "Applied 1. production still differs: 1 drifted, 1 to be created."
    assert left in job.log
    assert left in acme.comment(7)


def test_without_a_reviewed_plan_nothing_is_applied(acme: Team) -> None:
    job = acme.applied()

    assert job.conclusion == "failure"
    ended(job, Apply="skipped", **{"Find the reviewed plan": "failure"})
    assert "reconciler plan" in job.log
    assert acme.everything() == []


def test_a_comment_that_fails_hides_nothing(acme: Team) -> None:
    acme.hub.fail("GET", "/issues/7/comments", times=99, status=403, message="no")
    plan = acme.open(7)
    acme.merge(7)
    apply = acme.applied()

    assert (plan.conclusion, apply.conclusion) == ("success", "success")
    ended(plan, **{"Comment on the pull request": "failure"})
    ended(apply, **{"Comment on what happened": "failure"})
    assert len(acme.everything()) == 1


def test_wrong_manifests_are_told_where_they_stand(acme: Team) -> None:
    job = acme.open(7, sales="model: gpt-4o\ntemprature: 1\n")

    assert job.conclusion == "failure"
    ended(job, Validate="failure", Plan="skipped", **{"Comment on the pull request": "success"})
    assert "assistants/sales.yaml:2:1" in acme.comment(7)
    assert "::" not in acme.comment(7)
    assert any(line.startswith("::error file=assistants/sales.yaml,line=2,") for line in obeyed(job.log))


def test_a_pull_request_sends_no_key_elsewhere(acme: Team) -> None:
    acme.variables["RECONCILER_SANDBOX"] = "production"
    with answering(200, '{"data": [], "has_more": false}') as thief:
        config = (acme.origin / "reconciler.yaml").read_text().replace(acme.url, thief.url)
        plan = acme.open(7, **{"reconciler.yaml": config})
        acme.labels[7] = ["reconciler/try"]
        tried = acme.tried(7, "labeled", "reconciler/try")["try"]

    assert thief.asked == []
    assert plan.conclusion == "success", plan.log
    assert tried.conclusion == "success", tried.log


def test_a_bare_repository_that_a_pull_request_brings_gets_no_key_either(acme: Team, tmp_path: Path) -> None:
    infra, fake, bare = acme.origin / "infra", tmp_path / "fake", tmp_path / "bare"
    (infra / "assistants").mkdir(parents=True)
    (infra / "assistants" / "hr.yaml").write_text(manifest())
    (acme.origin / "reconciler.yaml").rename(infra / "reconciler.yaml")
    acme.commit()
    workflow = copied("plan")
    workflow["jobs"]["plan"]["steps"][-1]["with"]["working-directory"] = "infra"
    with answering(200, '{"data": [], "has_more": false}') as thief:
        git(tmp_path, "clone", "-q", str(acme.origin), str(fake))
        config = fake / "infra" / "reconciler.yaml"
        config.write_text(config.read_text().replace(acme.url, thief.url))
        git(fake, "commit", "-qam", "mine")
        git(tmp_path, "clone", "-q", "--bare", str(fake), str(bare))
        (bare / "refs" / "remotes" / "origin").mkdir(parents=True)
        (bare / "refs" / "remotes" / "origin" / "main").write_text(f"{git(fake, 'rev-parse', 'HEAD')}\n")
        for one in ("HEAD", "config", "objects", "refs", "packed-refs"):
            (bare / one).rename(infra / one)
        plan = acme.open(7, workflow=workflow)

    assert git(acme.origin, "cat-file", "-t", "change-7:infra/HEAD") == "blob"
    assert thief.asked == []
    assert plan.conclusion == "success", plan.log


def test_the_action_asks_git_only_through_the_tool() -> None:
    steps = read(ROOT / "action.yml")["runs"]["steps"]

    assert [step["name"] for step in steps if re.search(r"\bgit\b", step.get("run", ""))] == []


def test_a_tag_that_is_called_like_the_base_branch_sends_no_key_elsewhere(acme: Team) -> None:
    acme.variables["RECONCILER_SANDBOX"] = "production"
    with answering(200, '{"data": [], "has_more": false}') as thief:
        config = (acme.origin / "reconciler.yaml").read_text().replace(acme.url, thief.url)
        git(acme.origin, "branch", "evil")
        git(acme.origin, "tag", "origin/main", acme.commit("evil", **{"reconciler.yaml": config}))
        plan = acme.open(7)
        acme.labels[7] = ["reconciler/try"]
        tried = acme.tried(7, "labeled", "reconciler/try")["try"]

    assert thief.asked == []
    assert (plan.conclusion, tried.conclusion) == ("success", "success"), plan.log + tried.log


def test_once_it_is_set_up_a_review_has_seen_what_is_live(acme: Team) -> None:
    acme.secrets["RECONCILER_PLAN_KEY"] = ""
    red = acme.open(7)
    assert red.conclusion == "failure"
    assert "::error::This is an offline plan" in red.log
    assert "Nothing live was read" in red.summary

    del acme.variables["RECONCILER_ENVIRONMENT"]
    assert acme.push(7, sales=manifest("You sell.\n")).conclusion == "success"
    assert acme.applied().conclusion == "skipped"
    assert acme.reconciled().conclusion == "skipped"


def test_a_scheduled_pass_tells_what_moved_and_puts_it_back_where_it_may(acme: Team) -> None:
    acme.open(1)
    acme.merge(1)
    acme.applied()
    (live,) = acme.everything()
    acme.move(live["id"], instructions="Moved.\n")
    told = acme.reconciled()

    assert told.conclusion == "success", told.log
    (issue,) = [one for one in acme.hub.all_issues.values() if "pull_request" not in one]
    assert (issue["state"], "Moved." in issue["body"]) == ("open", True)
    assert acme.everything()[0]["instructions"] == "Moved.\n"

    config = (acme.origin / "reconciler.yaml").read_text()
    acme.commit(**{"reconciler.yaml": f"{config}reconcile: {{apply: [drift]}}\n"})
    put_back = acme.reconciled()
    assert put_back.conclusion == "success", put_back.log
    assert acme.everything()[0]["instructions"] == "You help."


def test_on_call_everything_is_applied_that_no_objection_blocks(acme: Team) -> None:
    acme.commit(hr=manifest(), it=manifest(name="IT"))
    acme.make(name="IT", instructions="somebody else's")

    job = acme.called()

    assert job.conclusion == "failure"  # something is blocked
    assert sorted(one["name"] for one in acme.everything()) == ["HR Helper", "IT"]
    assert "possible-duplicate" in job.all["On call"].log
    assert "### Applied in part" in job.summary
    assert "possible" in job.summary or "possible-duplicate" in job.summary
    again = acme.called(keys="it", allow="possible-duplicate")
    assert again.conclusion == "success", again.log
    assert "### Applied: 1 added" in again.summary


def test_on_call_keys_are_rolled_back_to_a_commit(acme: Team) -> None:
    first = acme.commit(hr=manifest("Be kind."), it=manifest(name="IT"))
    acme.commit(hr=manifest("Be rude."), it=manifest("changed as well", name="IT"))
    assert acme.called().conclusion == "success"

    job = acme.called(task="rollback", keys="hr", commit=first)

    assert job.conclusion == "success", job.log
    assert acme.live()["HR Helper"]["instructions"].strip() == "Be kind."
    assert acme.live()["IT"]["instructions"].strip() == "changed as well"
    assert "### Applied: 1 changed" in job.summary
    assert "reconciler-history-production-on-call-1" in {one["name"] for one in acme.hub.all_artifacts}


def test_on_call_drift_is_put_back_and_its_text_can_be_copied(acme: Team) -> None:
    acme.commit(hr=manifest("Be kind."), it=manifest("Be kind.", name="IT"))
    assert acme.called().conclusion == "success"
    for name in ("HR Helper", "IT"):
        acme.move(acme.live()[name]["id"], instructions="Be rude.\nVery rude.\n")

    job = acme.called(task="put drift back", keys="hr")

    assert job.conclusion == "success", job.log
    assert acme.live()["HR Helper"]["instructions"].strip() == "Be kind."
    assert acme.live()["IT"]["instructions"].strip().startswith("Be rude.")
    assert "`assistant.hr` `instructions` was:\n\n```text\nBe rude.\nVery rude.\n" in job.summary
    (issue,) = acme.hub.all_issues.values()
    assert "assistant.it" in issue["body"]
    assert "Very rude." in acme.hub.bodies(issue["number"])[0]


@pytest.mark.parametrize(
    "inputs",
    [
        {"task": "rollback", "keys": "hr", "commit": "$(touch owned)"},
        {"task": "rollback", "keys": "hr", "commit": "--output=owned"},
        {"task": "rollback", "keys": "", "commit": "HEAD"},
        {"keys": "--help; touch owned"},
        {"keys": "`touch owned` $(touch owned)"},
        {"allow": "nope; touch owned"},
        {"task": "destroy"},
    ],
)
def test_on_call_nothing_but_what_is_meant_is_done(acme: Team, inputs: dict[str, str]) -> None:
    acme.commit(hr=manifest())
    acme.commit(hr=manifest("Be rude."))

    job = acme.called(**inputs)

    assert job.conclusion == "failure", job.log
    assert acme.everything() == []
    assert list(acme.folder.rglob("owned")) == []
    assert job.all["On call"].outcome == "failure"


def test_on_call_staging_is_meant_where_it_is_named(acme: Team, staging: str) -> None:
    acme.commit(hr=manifest())

    assert acme.called(where="staging").conclusion == "success"
    assert acme.everything() == []
    assert [one["name"] for one in acme.everything(staging)] == ["HR Helper"]


def test_a_label_makes_copies_that_go_with_it(acme: Team) -> None:
    acme.open(1)
    acme.merge(1)
    acme.applied()
    (own,) = acme.everything()
    acme.open(7, hr=manifest("You help a lot.\n"))
    acme.hub.label(7, "reconciler/try")
    acme.labels[7] = ["reconciler/try"]
    assert {job.conclusion for job in acme.tried(7, "labeled", "other").values()} == {"skipped"}
    tried = acme.tried(7, "labeled", "reconciler/try")
    assert (tried["try"].conclusion, tried["destroy"].conclusion) == ("success", "skipped"), tried["try"].log
    (copy,) = (one for one in acme.everything() if one["id"] != own["id"])
    assert any(copy["id"] in body for body in acme.hub.bodies(7))

    acme.push(7, hr=manifest("You help even more.\n"))
    again = acme.tried(7, "synchronize")["try"]
    assert again.conclusion == "success", again.log
    assert {one["id"]: one["instructions"] for one in acme.everything()} == {
        own["id"]: "You help.",
        copy["id"]: "You help even more.",
    }

    acme.unlabel(7, "reconciler/try")
    gone = acme.tried(7, "unlabeled", "reconciler/try")
    assert (gone["try"].conclusion, gone["destroy"].conclusion) == ("skipped", "success"), gone["destroy"].log
    assert acme.everything() == [own]


def test_the_schedule_destroys_copies_whose_pull_request_was_closed_unseen(acme: Team) -> None:
    for number in (7, 8):
        acme.open(number)
        acme.hub.label(number, "reconciler/try")
        acme.labels[number] = ["reconciler/try"]
        assert acme.tried(number, "labeled", "reconciler/try")["try"].conclusion == "success"
    acme.hub.pulls[7]["state"] = "closed"  # with a conflict: no workflow runs

    jobs = acme.swept()

    assert {name: job.conclusion for name, job in jobs.items()} == {
        "try": "skipped",
        "destroy": "skipped",
        "closed": "success",
    }, jobs["closed"].log
    ended(jobs["closed"], Try="success", **{"Comment on what happened": "skipped", "Keep the history": "success"})
    assert len(acme.everything()) == 1
    assert "Destroyed 1 preview stack." in jobs["closed"].log
    assert any("acme-pr-7" in body and "Applied: 1 destroyed" in body for body in acme.hub.bodies(7))
    assert acme.kept("reconciler-history-sandbox-stack-pr--destroy-1")


def test_the_six_lines_of_the_documentation_do_it(acme: Team) -> None:
    (lines,) = re.findall(r"### Six lines\n.*?```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.S)
    assert len(lines.splitlines()) == 6
    workflow = copied("plan")
    workflow["jobs"]["plan"]["steps"][1:] = yaml.load(textwrap.dedent(lines), yaml.BaseLoader)

    job = acme.open(7, workflow=workflow)

    assert job.conclusion == "success", job.log
    assert "assistant.hr" in acme.comment(7)


def test_nothing_that_people_write_acts_on_the_runner(acme: Team) -> None:
    evil = "::error::from a prompt\n##[error]too\n::set-output name=has_changes::false\n"
    acme.make(name="::warning::from a dashboard", instructions=evil)
    job = acme.open(7, sales=manifest(evil, description="'::notice::from a manifest'"))

    assert job.conclusion == "success", job.log
    assert [line for line in obeyed(job.log) if " from a" in line or "set-output" in line] == []
    assert {line.partition(" ")[0] for line in obeyed(job.log)} <= {"::notice"}
    assert job.outputs["has_changes"] == "true"


def obeyed(log: str) -> Iterator[str]:
    """The lines that a runner takes for commands."""
    token = None
    for line in log.splitlines():
        said = line.strip()
        if token:
            token = None if said == f"::{token}::" else token
        elif said.startswith("::stop-commands::"):
            token = said.removeprefix("::stop-commands::")
        elif re.match(r"::[a-z-]+[ :]", said) or "##[" in said:
            yield said


# what the tests stand on


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a' == 'A' && 'b' != 'c'", True),
        ("(github.event.label.name == 'x' || !true) && 'no'", False),
        ("github.event.nothing.at.all == ''", True),
        ("github.event.none || 'other'", "other"),
        ("contains(github.event.labels.*.name, 'two') && 'it''s there'", "it's there"),
    ],
)
def test_an_expression_comes_to_what_a_runner_makes_of_it(text: str, value: Any) -> None:
    event = Lenient(labels=[{"name": "one"}, {"name": "two"}])

    assert evaluated(text, {"github": {"event": event}}) == value


@pytest.mark.parametrize("text", ["hashFiles('x')", "github.unknown", "needs.plan", "1 +", "inputs.a b"])
def test_an_expression_that_is_not_known_is_no_guess(text: str) -> None:
    with pytest.raises(AssertionError):
        evaluated(text, {"github": {"event": Lenient()}, "inputs": {"a": "b"}})
