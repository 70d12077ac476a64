"""`reconciler reviewed`: the plan of the merged pull request, as its run kept it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model import Base
from reconciler.render import FORMATS, Style, document
from support.checkout import Checkout, Told
from support.github import Hub, github
from support.render_plans import WHERE, create, plan

HEAD, MERGE = "a" * 40, "e" * 40
LATER = "2030-01-01T00:00:00Z"
PLACE = ("-e", "production", "--stack", "acme")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with github() as found:
        found.pull(7, head=HEAD, merged=MERGE)
        found.pulls[7]["merged_at"] = LATER
        for name, value in found.environ(sha=MERGE).items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys)


def text(key: str = "hr", environment: str = "production", stack: str = "acme") -> str:
    where = replace(WHERE, environment=environment, stack=stack)
    return FORMATS["json"](document(replace(plan(create(key)), where=where)), Style())


def kept(hub: Hub, content: str | bytes, run: int | None = None, name: str = "reconciler-production-1") -> int:
    run = run or hub.run("plan.yml", HEAD)
    hub.artifact(run, name, {"plan.json": content})
    return run


def fetched(here: Checkout, *arguments: str) -> Told:
    return here.run("reviewed", "--out", "plan.json", *PLACE, *arguments)


def refused(here: Checkout, *arguments: str) -> str:
    told = fetched(here, *arguments)
    assert told.code == 1
    assert not (here.root / "plan.json").exists()
    assert list(here.root.glob(".plan*")) == []
    return told.err


def test_the_reviewed_plan_is_the_newest_that_a_successful_run_kept(here: Checkout, hub: Hub) -> None:
    kept(hub, text("before"))
    newest = kept(hub, text("newest"))
    kept(hub, text("objected"), hub.run("plan.yml", HEAD, conclusion="failure"))
    kept(hub, text("other"), hub.run("plan.yml", "f" * 40))
    kept(hub, text("elsewhere"), hub.run("plan.yml", HEAD, repository="somebody/assistants"))
    kept(hub, text("dispatched"), hub.run("plan.yml", HEAD, event="workflow_dispatch"))
    kept(hub, text("workflow"), hub.run("other.yml", HEAD))

    told = fetched(here)

    assert (told.code, told.out) == (0, "")
    assert (here.root / "plan.json").read_text() == text("newest")
    assert f"plan.json is the plan of #7 for production, from the run {newest}, attempt 1, at {HEAD[:12]}" in told.err


def test_what_a_comment_says_is_nothing(here: Checkout, hub: Hub) -> None:
    run = kept(hub, text("forged"), hub.run("plan.yml", "f" * 40))
    hub.comment(7, f"<!-- reconciler: comment acme production run {run}.1 -->\nreviewed", by="github-actions[bot]")

    assert "or 'reconciler-plans' of #7 at aaaaaaaaaaaa before the merge." in refused(here)
    assert not any("comments" in one.path for one in hub.requests)


def test_a_direct_push_was_reviewed_by_nobody(here: Checkout, hub: Hub) -> None:
    said = refused(here, "--commit", "d" * 40)

    assert "No merged pull request brought dddddddddddd, so nobody has reviewed a plan of it." in said
    assert "  reconciler plan -e production --out plan.json\n    reconciler apply plan.json\n" in said
    assert "protected environment" in said


def test_a_pull_request_that_is_open_was_not_merged(here: Checkout, hub: Hub) -> None:
    hub.pull(8, head="d" * 40)

    assert "No merged pull request brought dddddddddddd" in refused(here, "--commit", "d" * 40)


def test_of_several_pull_requests_it_is_the_one_that_became_the_commit(here: Checkout, hub: Hub) -> None:
    hub.pull(6, head=MERGE, merged="d" * 40)
    hub.pull(5, head=MERGE, merged=MERGE, base="somebody/assistants")
    kept(hub, text())

    assert fetched(here).code == 0


def test_several_that_are_as_good_are_none(here: Checkout, hub: Hub) -> None:
    hub.pull(5, head=MERGE, merged="1" * 40)
    hub.pull(6, head=MERGE, merged="2" * 40)
    del hub.pulls[7]

    assert "No merged pull request brought" in refused(here)


def test_a_merge_into_another_branch_was_no_review_for_this_one(here: Checkout, hub: Hub) -> None:
    hub.pulls[7]["base"]["ref"] = "develop"
    kept(hub, text())

    assert "No merged pull request brought" in refused(here)


def test_a_merge_of_just_now_is_found_although_its_commit_does_not_name_it(here: Checkout, hub: Hub) -> None:
    hub.forgetful = True
    kept(hub, text())

    assert fetched(here).code == 0


def test_a_plan_for_which_nothing_live_was_read_is_refused(here: Checkout, hub: Hub) -> None:
    unseen = replace(plan(create("hr")), where=replace(WHERE, environment="production"), offline="no key")
    kept(hub, FORMATS["json"](document(unseen), Style()))

    assert "made without looking at what is live" in refused(here)


def test_a_fork_cannot_have_had_a_plan(here: Checkout, hub: Hub) -> None:
    hub.pull(7, head=HEAD, merged=MERGE, fork="somebody/assistants")
    hub.pulls[7]["merged_at"] = LATER
    kept(hub, text(), hub.run("plan.yml", HEAD, repository="somebody/assistants"))

    assert "#7 came from somebody/assistants, where no plan of what is live can be made." in refused(here)
    hub.pulls[7]["head"]["repo"] = None
    assert "#7 came from a deleted repository" in refused(here)


@pytest.mark.parametrize(
    ("status", "conclusion"), [("completed", "failure"), ("in_progress", None), ("completed", "cancelled")]
)
def test_a_run_that_did_not_succeed_was_no_review(
    here: Checkout, hub: Hub, status: str, conclusion: str | None
) -> None:
    kept(hub, text(), hub.run("plan.yml", HEAD, status=status, conclusion=conclusion))

    assert "No run of plan.yml that planned #7 at aaaaaaaaaaaa for main succeeded." in refused(here)


def test_a_plan_that_was_made_after_the_merge_was_no_review(here: Checkout, hub: Hub) -> None:
    """Running the old job again plans once more, with the event of then; it changes nothing of what was reviewed."""
    run = kept(hub, text("reviewed"))
    hub.pulls[7]["merged_at"] = hub.now()
    assert hub.again(run) == 2
    kept(hub, text("later"), run, name="reconciler-production-2")
    kept(hub, text("latest"))

    assert fetched(here).code == 0
    assert (here.root / "plan.json").read_text() == text("reviewed")


def test_a_plan_of_the_moment_of_the_merge_was_no_review(here: Checkout, hub: Hub) -> None:
    kept(hub, text())
    hub.pulls[7]["merged_at"] = hub.all_artifacts[0]["created_at"]

    said = refused(here)

    assert "of #7 at aaaaaaaaaaaa before the merge; what was planned after" in said


def test_an_attempt_that_failed_stays_failed_when_the_next_one_succeeds_after_the_merge(
    here: Checkout, hub: Hub
) -> None:
    run = kept(hub, text("objected"), hub.run("plan.yml", HEAD, conclusion="failure"))
    hub.pulls[7]["merged_at"] = hub.now()
    hub.again(run)
    kept(hub, text("later"), run, name="reconciler-production-2")

    assert "No run of plan.yml that planned #7 at aaaaaaaaaaaa for main succeeded; what was planned after" in refused(
        here
    )


def test_an_attempt_that_succeeded_stays_a_review_while_the_next_one_runs(here: Checkout, hub: Hub) -> None:
    run = kept(hub, text("reviewed"))
    hub.again(run, conclusion=None, status="in_progress")
    kept(hub, text("unfinished"), run, name="reconciler-production-2")

    assert fetched(here).code == 0
    assert (here.root / "plan.json").read_text() == text("reviewed")


def test_an_attempt_that_is_not_known_any_more_was_no_review(here: Checkout, hub: Hub) -> None:
    kept(hub, text(), name="reconciler-production-9")

    assert "No run of plan.yml that planned #7" in refused(here)


@pytest.mark.parametrize("name", ["reconciler-production", "reconciler-production-new", "reconciler-production-2-1"])
def test_an_artifact_of_another_name_is_none(here: Checkout, hub: Hub, name: str) -> None:
    kept(hub, text(), name=name)

    assert "kept no plan 'reconciler-production'" in refused(here)


def test_what_has_expired_is_said(here: Checkout, hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD)
    hub.artifact(run, "reconciler-production-1", {"plan.json": text()}, expired=True)

    assert f"The run {run} planned #7, and 'reconciler-production-1' is not kept any more." in refused(here)


def test_a_plan_of_the_same_commit_for_another_branch_is_passed_over(here: Checkout, hub: Hub) -> None:
    def beside(revision: str, key: str) -> str:
        whole = replace(plan(create(key)), where=replace(WHERE, environment="production"), base=Base(revision))
        return FORMATS["json"](document(whole), Style())

    kept(hub, beside("abc123", "by-its-hash"))
    assert fetched(here).code == 0
    (here.root / "plan.json").unlink()
    kept(hub, beside("origin/main", "main"))
    kept(hub, beside("origin/release", "release"))

    assert fetched(here).code == 0
    assert (here.root / "plan.json").read_text() == beside("origin/main", "main")


def test_a_run_that_kept_no_plan_is_passed_over(here: Checkout, hub: Hub) -> None:
    kept(hub, text())
    hub.run("plan.yml", HEAD)

    assert fetched(here).code == 0


def test_the_artifact_may_have_another_name_and_hold_many_environments(here: Checkout, hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD)
    files = {"plans/production.json": text(), "plans/staging.json": text(environment="staging"), "page.html": "<p>"}
    hub.artifact(run, "plans-1", files)

    assert fetched(here, "--artifact", "plans").code == 0
    assert (here.root / "plan.json").read_text() == text()


@pytest.mark.parametrize("files", [{}, {"page.html": "<p>"}, {"a/plan.json": text(), "b/plan.json": text()}])
def test_an_artifact_holds_one_plan(here: Checkout, hub: Hub, files: dict[str, str]) -> None:
    hub.artifact(hub.run("plan.yml", HEAD), "reconciler-production-1", files)

    assert "files called plan.json or production.json, and not one" in refused(here)


@pytest.mark.parametrize("content", ["{}", "", b"\xff", text().replace("assistant.hr", "assistant.it")])
def test_a_plan_that_is_damaged_is_refused(here: Checkout, hub: Hub, content: str | bytes) -> None:
    kept(hub, content)

    assert "What the run kept is not a saved plan" in refused(here)


@pytest.mark.parametrize("where", [{"environment": "staging"}, {"stack": "other"}])
def test_a_plan_of_another_place_is_refused(here: Checkout, hub: Hub, where: dict[str, str]) -> None:
    kept(hub, text(**where))

    assert "and not of production, stack acme." in refused(here)


def test_an_archive_that_is_none_is_refused(here: Checkout, hub: Hub) -> None:
    hub.artifact(hub.run("plan.yml", HEAD), "reconciler-production-1", b"no archive")

    assert "The artifact is not an archive that can be read" in refused(here)


def test_the_place_is_read_from_the_configuration(here: Checkout, hub: Hub) -> None:
    here.config("stack: acme\ndefault_environment: production\nenvironments:\n  production: {provider: openai}\n")
    kept(hub, text())

    assert here.run("reviewed", "--out", "plan.json").code == 0


def test_without_a_commit_there_is_a_remedy(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_SHA")

    assert "pass `--commit SHA`" in refused(here)


def test_what_cannot_be_written_is_said(here: Checkout, hub: Hub) -> None:
    kept(hub, text())

    told = here.run("reviewed", "--out", "absent/plan.json", *PLACE)

    assert told.code == 1
    assert "Cannot write the plan to absent/plan.json: No such file or directory." in told.err


def test_a_token_that_may_not_look_has_a_remedy(here: Checkout, hub: Hub) -> None:
    hub.fail("GET", "/runs", status=403, message="Resource not accessible by integration")

    assert "permissions: {actions: read}" in refused(here)


def test_what_it_wrote_is_what_apply_takes(here: Checkout, hub: Hub) -> None:
    here.config("stack: acme\nenvironments:\n  staging: {provider: local, stack: shop}\n")
    here.write(hr="model: gpt-4o\nname: HR\n")
    assert here.run("plan", "-e", "staging", "--out", "reviewed.json").code == 0
    kept(hub, (here.root / "reviewed.json").read_text(), name="reconciler-staging-1")

    assert here.run("reviewed", "-e", "staging", "--out", "plan.json").code == 0

    assert here.run("apply", "plan.json").code == 0
    assert len(here.live()) == 1


def test_a_plan_may_have_been_kept_with_others(here: Checkout, hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD)
    hub.artifact(run, "reconciler-plans-1", {"plans/production.json": text(), "plans/staging.json": text()})

    assert fetched(here).code == 0
