"""The workflows that `reconciler init` writes, and those of this repository: of one text, and in order for any name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from reconciler.drafts.workflows import (
    WorkflowEnvironment,
    WorkflowSetup,
    preview_environment,
    secrets_of,
    workflow_environments,
    workflows,
)
from support.expressions import Lenient, holds
from support.teamwork import WORKFLOWS
from support.workflow import lint, read

KEYS = ("ASSISTANTS_API_KEY", "ASSISTANTS_STAGING_API_KEY")
PINNED = f"acme/assistants-reconciler@{'0123456789' * 4}"


def own(job: str, variable: str, plan: str) -> WorkflowEnvironment:
    """An environment of this repository: which one it is, a variable says; reconciler.yaml names one of two keys."""
    apply, reconcile = (
        dict.fromkeys(KEYS[: 1 + (job == "staging")], f"RECONCILER_{word}_KEY") for word in ("APPLY", "RECONCILE")
    )
    return WorkflowEnvironment(
        f"${{{{ vars.{variable} }}}}",
        job,
        secrets_of([KEYS[job == "staging"]], plan),
        apply,
        reconcile,
        f"vars.{variable} != ''",
    )


OWN = WorkflowSetup(
    environments=(
        own("staging", "RECONCILER_STAGING", "RECONCILER_STAGING_PLAN_KEY"),
        own("production", "RECONCILER_ENVIRONMENT", "RECONCILER_PLAN_KEY"),
    ),
    sandbox=WorkflowEnvironment(
        "${{ vars.RECONCILER_SANDBOX }}",
        "try",
        {},
        {KEYS[0]: "RECONCILER_SANDBOX_KEY"},
        {},
        "vars.RECONCILER_SANDBOX != ''",
    ),
    uses="./ # in your repository: OWNER/assistants-reconciler@COMMIT",
    origin="docs/ci.md says how to set it up.",
    until="the variable RECONCILER_ENVIRONMENT names the environment; RECONCILER_STAGING may name one before it",
    until_previews="the variable RECONCILER_SANDBOX names the environment",
    offline="vars.RECONCILER_ENVIRONMENT == ''",
)


def test_the_workflows_of_this_repository_are_of_the_same_text() -> None:
    made = workflows(OWN)
    if os.environ.get("RECONCILER_GOLDEN"):
        for name, text in made.items():
            (WORKFLOWS / name).write_text(text)

    assert {name: (WORKFLOWS / name).read_text() for name in made} == made


SETUPS = {
    "several": WorkflowSetup(
        workflow_environments({"1.0": ["OLD_KEY"], "1-0": ["NEW_KEY", "NEW_HEADER"], "true": []}),
        preview_environment("sandbox", ["SANDBOX_KEY"]),
        uses=PINNED,
    ),
    "below": WorkflowSetup(
        workflow_environments({"production": KEYS[:1]}), uses=PINNED, folder='teams/Größe: "1" 🤖', branch="v+1"
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows of all setups, in one repository."""
    folder = tmp_path_factory.mktemp("repository") / ".github" / "workflows"
    folder.mkdir(parents=True)
    for prefix, setup in SETUPS.items():
        for name, text in workflows(setup).items():
            (folder / f"{prefix}-{name}").write_text(text)
    return folder


def test_whatever_the_names_are_the_workflows_pass_the_linters(written: Path) -> None:
    lint(written)


def test_every_environment_comes_after_those_before_it_and_only_if_none_of_them_failed(written: Path) -> None:
    jobs = read(written / "several-apply.yml")["jobs"]

    assert list(jobs) == ["_1-0", "_1-0-2", "_true"]
    assert [job.get("needs") for job in jobs.values()] == [None, ["_1-0"], ["_1-0", "_1-0-2"]]
    assert [job["environment"] for job in jobs.values()] == ["1.0", "1-0", "true"]
    assert all(jobs["_true"]["if"].count(f"needs.{name}.result == 'success'") == 1 for name in ("_1-0", "_1-0-2"))
    github, variables = {"event_name": "push"}, {"RECONCILER_ENABLED": "true"}
    for first, second, runs in [
        ("success", "success", True),
        ("failure", "skipped", False),
        ("success", "failure", False),
        ("skipped", "skipped", True),
    ]:
        needs = {"_1-0": {"result": first}, "_1-0-2": {"result": second}}
        context = {"github": github, "vars": variables, "needs": needs, "inputs": Lenient()}
        assert holds(jobs["_true"]["if"], context, {"cancelled": False, "success": runs}) == runs
    secrets = yaml.safe_load((written / "several-plan.yml").read_text())["jobs"]["plan"]["steps"][-1]["env"]
    assert secrets == {
        "OLD_KEY": "${{ secrets.RECONCILER_1_0_PLAN_KEY }}",
        "NEW_KEY": "${{ secrets.RECONCILER_1_0_2_PLAN_KEY }}",
        "NEW_HEADER": "${{ secrets.NEW_HEADER }}",
    }


def test_a_folder_below_the_top_has_files_checks_groups_and_plans_of_its_own(written: Path) -> None:
    plan, apply = (read(written / f"below-{name}-teams-grosse-1.yml") for name in ("plan", "apply"))
    given = plan["jobs"]["plan"]["steps"][-1]["with"]

    assert given["working-directory"] == 'teams/Größe: "1" 🤖'
    assert "'plan (teams-grosse-1)'" in plan["jobs"]["plan"]["name"]
    assert plan["concurrency"]["group"].startswith("plan-teams-grosse-1-")
    assert apply["jobs"]["production"]["concurrency"]["group"] == "reconciler-teams-grosse-1-production"
    assert apply["jobs"]["production"]["steps"][-1]["with"]["workflow"] == "plan-teams-grosse-1.yml"
    assert (
        apply["jobs"]["production"]["steps"][-1]["with"]["artifact"] == given["artifact"] == "reconciler-teams-grosse-1"
    )
