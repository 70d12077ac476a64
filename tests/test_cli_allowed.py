"""`reconciler allowed`, and then `--allowances`: what labels on the pull request let pass, and until when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.checkout import Checkout, Told
from support.github import Hub, github
from support.gits import git, repository

pytestmark = pytest.mark.covered_elsewhere

HEAD, NEXT, MERGE = "a" * 40, "b" * 40, "e" * 40
DELETES = "reconciler/allow:too-many-deletes"
CONFIG = "stack: acme\nenvironments: {local: {}}\n"
KEYS = "abcdefghi"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with github() as found:
        found.pull(7, head=HEAD)
        for name, value in found.environ(pull=7).items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Nine assistants are live, and three of them are to go."""
    found = Checkout(tmp_path, monkeypatch, capsys, **{key: f"model: gpt-4o\nname: {key}\n" for key in KEYS})
    found.config(CONFIG)
    assert found.run("apply", "-e", "local", "--auto-approve").code == 0
    remove(found, "abc")
    return found


def remove(here: Checkout, keys: str) -> None:
    for key in keys:
        (here.root / "assistants" / f"{key}.yaml").unlink()


def planned(here: Checkout, hub: Hub, head: str = HEAD, *arguments: str, **how: Any) -> int:
    """A run plans what is checked out, and keeps it; its number."""
    hub.pulls[7]["head"]["sha"] = head
    run = hub.run("plan.yml", head, conclusion="failure", **how)
    assert here.run("plan", "-e", "local", "--out", "plan.json", *arguments).code == 0
    hub.artifact(run, "reconciler-local-1", {"plan.json": (here.root / "plan.json").read_bytes()})
    return run


def allowed(here: Checkout, *arguments: str) -> Told:
    return here.run("allowed", "-e", "local", "--out", "allowed.json", *arguments)


def ignored(here: Checkout, *arguments: str) -> str:
    """What is said of a label that does not count; and the plan is blocked as before."""
    told = allowed(here, *arguments)
    assert (told.code, told.out) == (0, "")
    assert here.run("plan", "-e", "local", "--allowances", "allowed.json", "--detailed-exitcode").code == 3
    return "".join(line for line in told.err.splitlines(keepends=True) if not line.startswith("::"))


def passes(here: Checkout, *arguments: str) -> bool:
    """Whether the objection is let pass now."""
    assert allowed(here, *arguments).code == 0
    return here.run("plan", "-e", "local", "--allowances", "allowed.json", "--detailed-exitcode").code == 2


@pytest.mark.covers
def test_a_label_lets_pass_what_stood_when_it_was_set(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    hub.label(7, "bug")

    told = allowed(here)

    assert told.code == 0
    assert f"The label {DELETES!r}, set by maintainer, allows 3 changes of the plan that it was set on.\n" in told.err
    plan = here.run("plan", "-e", "local", "--allowances", "allowed.json", "--detailed-exitcode")
    assert plan.code == 2
    assert "(allowed by maintainer)" in " ".join(plan.out.split())


def test_a_label_with_a_former_name_counts_and_says_the_name_of_today(here: Checkout, hub: Hub) -> None:
    here.call("POST", "", {"model": "gpt-4o", "name": "new"})
    here.write(new="model: gpt-4o\nname: new\n")
    planned(here, hub)
    hub.label(7, "reconciler/allow:looks-like")

    told = allowed(here)

    assert (
        "allows 1 change of the plan that it was set on; this objection is now called 'possible-duplicate'." in told.err
    )


def test_three_deletions_that_became_eight_are_blocked_again(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    assert passes(here)

    remove(here, "defgh")
    planned(here, hub, NEXT)

    assert not passes(here)
    hub.unlabel(7, DELETES)
    hub.label(7, DELETES)
    assert passes(here)


def test_a_push_that_leaves_what_was_allowed_as_it_is_leaves_the_label(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    here.write(d="model: gpt-4o\nname: d\ndescription: pushed\n")
    planned(here, hub, NEXT)

    assert passes(here)


def test_what_is_merged_is_applied_as_it_was_allowed(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    hub.merge(7, MERGE)
    for name, value in hub.environ(sha=MERGE).items():
        monkeypatch.setenv(name, value)

    assert allowed(here).code == 0
    told = here.run("apply", "plan.json", "--allowances", "allowed.json")

    assert told.code == 0
    assert "(allowed by maintainer)" in " ".join(told.out.split())
    assert len(here.live()) == 6


def test_a_label_after_the_merge_counts_for_nothing(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.merge(7, MERGE)
    hub.label(7, DELETES)

    assert "does not count: it was set after the merge." in ignored(here)


def test_what_a_plan_file_says_was_allowed_has_to_be_said_again(here: Checkout, hub: Hub) -> None:
    planned(here, hub, HEAD, "--allow", "too-many-deletes")

    refused = here.run("apply", "plan.json")
    assert refused.code == 1
    assert "--allow too-many-deletes" in refused.err
    assert len(here.live()) == 9

    assert here.run("apply", "plan.json", "--allow", "too-many-deletes").code == 0
    assert len(here.live()) == 6


# whose labels, and on what


def test_without_such_a_label_nobody_is_asked_about(here: Checkout, hub: Hub) -> None:
    hub.label(7, "bug")
    hub.forget()

    assert ignored(here) == ""
    assert {one.path.rpartition("/")[2] for one in hub.requests} == {"labels", "events"}


@pytest.mark.parametrize(
    ("by", "permission", "said"),
    [
        ("octocat", "triage", "octocat set it, who may not write to this repository"),
        ("labeler[bot]", "admin", "labeler[bot] set it, and a program cannot allow anything"),
    ],
)
def test_a_label_of_who_may_not_allow_does_not_count(
    here: Checkout, hub: Hub, by: str, permission: str, said: str
) -> None:
    hub.permissions[by] = permission
    planned(here, hub)
    hub.label(7, DELETES)
    hub.unlabel(7, DELETES)
    hub.label(7, DELETES, by=by)

    assert ignored(here) == f"The label {DELETES!r} does not count: {said}.\n"


def test_a_label_that_nobody_was_seen_to_set_does_not_count(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    hub.events[7].clear()

    assert "the code host does not say who set it, and when" in ignored(here)


@pytest.mark.parametrize("name", ["reconciler-production-1", "reconciler-local", "reconciler-local-1-html"])
def test_only_a_plan_of_the_environment_was_seen(here: Checkout, hub: Hub, name: str) -> None:
    planned(here, hub)
    hub.all_artifacts[0]["name"] = name
    hub.label(7, DELETES)

    assert "it was set before there was a plan to look at" in ignored(here)


@pytest.mark.parametrize("how", [{"event": "workflow_dispatch"}, {"event": "push"}, {"repository": "stranger/fork"}])
def test_only_a_run_of_the_pull_request_showed_a_plan(here: Checkout, hub: Hub, how: dict[str, str]) -> None:
    planned(here, hub, HEAD, **how)
    hub.label(7, DELETES)

    assert "it was set before there was a plan to look at" in ignored(here)


def test_a_plan_of_an_older_pull_request_from_the_same_branch_was_not_seen_here(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    del hub.pulls[7]
    hub.pull(7, head=NEXT)
    hub.label(7, DELETES)

    assert "it was set before there was a plan to look at" in ignored(here)


@pytest.mark.covers
@pytest.mark.parametrize("how", ["expired", "damaged"])
def test_a_plan_that_cannot_be_read_any_more_allows_nothing(here: Checkout, hub: Hub, how: str) -> None:
    run = planned(here, hub)
    hub.label(7, DELETES)
    if how == "expired":
        hub.all_artifacts[0]["expired"] = True
    else:
        del hub.all_artifacts[0]
        hub.artifact(run, "reconciler-local-1", {"plan.json": "{}"})
        hub.unlabel(7, DELETES)
        hub.label(7, DELETES)

    said = ignored(here)

    assert f"reconciler-local-1 of the run {run}" in said
    assert "the plan that it was set on has no objection" in said


def test_a_label_may_be_for_one_environment(here: Checkout, hub: Hub) -> None:
    here.config("stack: acme\nenvironments: {local: {}, production: {provider: openai}}\n")
    planned(here, hub)
    hub.label(7, f"{DELETES}@production")
    assert ignored(here) == ""

    hub.label(7, f"{DELETES}@local")
    assert passes(here)


def test_a_label_for_an_environment_that_there_is_none_of_is_told_of(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, f"{DELETES}@locale")

    assert "does not count: there is no environment 'locale' (did you mean `local`?)." in ignored(here)


def test_several_environments_are_asked_about_at_once(here: Checkout, hub: Hub) -> None:
    here.config("stack: acme\nenvironments: {local: {}, staging: {provider: local, stack: shop}}\n")
    planned(here, hub)
    hub.all_artifacts[0]["name"] = "reconciler-plans-1"
    hub.label(7, DELETES)

    later = hub.run("plan.yml", HEAD)
    hub.forget()
    told = here.run("allowed", "--all-environments", "--out", "allowed.json")

    listed = [one.path for one in hub.requests if one.path.endswith("/artifacts")]
    assert len(listed) == 1  # of a run that came after the label nobody has to know anything
    assert str(later) not in listed[0]
    assert told.code == 0
    assert "allows 3 changes" in told.err
    assert "The plan is of local, stack acme, and not of staging, stack shop." in told.err
    assert here.run("plan", "-e", "local", "--allowances", "allowed.json", "--detailed-exitcode").code == 2


def test_the_workflow_and_the_artifact_may_have_other_names(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.all_runs[0]["path"] = ".github/workflows/review.yml"
    hub.all_artifacts[0]["name"] = "plans-1"
    hub.label(7, DELETES)

    assert passes(here, "--workflow", "review.yml", "--artifact", "plans")


@pytest.mark.parametrize(
    "config",
    ["allow: {by_author: false}\n", "allow: {by_author: true}\nenvironments: {local: {allow: {by_author: false}}}\n"],
)
def test_who_opened_a_pull_request_may_be_kept_from_allowing(here: Checkout, hub: Hub, config: str) -> None:
    hub.permissions["author"] = "admin"
    planned(here, hub)
    hub.label(7, DELETES, by="author")
    assert passes(here)

    here.config(f"stack: acme\n{config}")
    assert "author set it, who opened the pull request" in ignored(here)
    hub.unlabel(7, DELETES)
    hub.label(7, DELETES)
    assert passes(here)


@pytest.mark.needs("git")
def test_whether_an_author_may_allow_is_read_from_the_base(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    hub.permissions["author"] = "admin"
    here.config(f"{CONFIG}allow: {{by_author: false}}\n")
    repository(here.root)
    git(here.root, "checkout", "-qb", "feature")
    here.config(CONFIG)
    planned(here, hub)
    hub.label(7, DELETES, by="author")

    assert "author set it, who opened the pull request" in ignored(here, "--base", "main")
    assert passes(here)


def test_a_base_without_a_configuration_keeps_nobody_from_allowing(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    planned(here, hub)
    (here.root / "reconciler.yaml").rename(here.root / "elsewhere")
    repository(here.root)
    (here.root / "elsewhere").rename(here.root / "reconciler.yaml")
    hub.label(7, DELETES)

    assert passes(here, "--base", "main")


def test_without_a_pull_request_there_are_none(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in hub.environ(sha=MERGE).items():
        monkeypatch.setenv(name, value)

    assert ignored(here) == ""


def test_a_pull_request_may_be_named(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    for name, value in hub.environ(sha=MERGE).items():
        monkeypatch.setenv(name, value)

    assert passes(here, "--pull", "7")


# the file between


def test_without_a_file_it_prints_what_it_would_write(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    assert allowed(here).code == 0

    told = here.run("allowed", "-e", "local")

    assert json.loads(told.out) == json.loads((here.root / "allowed.json").read_text())


def test_several_files_count_each_for_its_environment(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    assert here.run("allowed", "-e", "local", "--out", "none.json").code == 0
    hub.label(7, DELETES)
    assert allowed(here).code == 0
    other = json.loads((here.root / "allowed.json").read_text())
    other[0]["environment"] = "production"
    (here.root / "other.json").write_text(json.dumps(other))

    def code(*files: str) -> int:
        given = [argument for file in files for argument in ("--allowances", file)]
        return here.run("plan", "-e", "local", "--detailed-exitcode", *given).code

    assert code("none.json", "other.json") == 3
    assert code("none.json", "other.json", "allowed.json") == 2


@pytest.mark.covers
@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"label": "x"}]', "null"])
def test_a_file_that_is_none_is_said_to_be(here: Checkout, hub: Hub, text: str) -> None:
    (here.root / "bad.json").write_text(text)

    told = here.run("plan", "-e", "local", "--allowances", "bad.json")

    assert told.code == 1
    assert "bad.json is not a list of allowances." in told.err


def test_a_file_that_is_not_there_is_named(here: Checkout, hub: Hub) -> None:
    told = here.run("apply", "-e", "local", "--allowances", "absent.json")

    assert told.code == 1
    assert f"There is no file {here.root}/absent.json." in told.err


def test_what_cannot_be_written_is_said(here: Checkout, hub: Hub) -> None:
    told = here.run("allowed", "-e", "local", "--out", "absent/allowed.json")

    assert told.code == 1
    assert "Cannot write the allowances to absent/allowed.json: No such file or directory." in told.err


def test_a_token_that_may_not_look_allows_nothing_and_says_so(here: Checkout, hub: Hub) -> None:
    planned(here, hub)
    hub.label(7, DELETES)
    hub.fail("GET", "/runs", status=403, message="Resource not accessible by integration")

    told = allowed(here)

    assert (told.code, told.out) == (1, "")
    assert not (here.root / "allowed.json").exists()
    assert "permissions: {actions: read}" in told.err


def test_a_label_is_told_of_inertly(here: Checkout, hub: Hub) -> None:
    hub.label(7, "reconciler/allow:\n::error::x\u202e")

    assert "\n::error" not in ignored(here)
    assert "\u202e" not in ignored(here)
