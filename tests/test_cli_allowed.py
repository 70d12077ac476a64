"""`reconciler allowed`: which labels on the pull request let an objection pass."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import Checkout, command, plain
from github import Hub, github

HEAD, NEXT, MERGE = "a" * 40, "b" * 40, "e" * 40
CONFLICT = "reconciler/allow:conflict"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with github() as found:
        found.pull(7, head=HEAD)
        found.push(7, HEAD)
        for name, value in found.environ(pull=7).items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys)


def ignored(here: Checkout) -> str:
    """What is said of a label that does not count."""
    told = here.run("allowed")
    assert (told.code, told.out) == (0, "")
    return "".join(line for line in told.err.splitlines(keepends=True) if not line.startswith("::"))


def test_a_label_of_somebody_who_may_write_allows_its_code(here: Checkout, hub: Hub) -> None:
    hub.label(7, "reconciler/allow:too-many-deletes")
    hub.label(7, CONFLICT)
    hub.label(7, "bug")
    hub.label(7, "allow:conflict", by="octocat")

    told = here.run("allowed")

    assert (told.code, told.out, told.err) == (0, "conflict\ntoo-many-deletes\n", "")


def test_what_it_prints_is_what_a_plan_takes(here: Checkout, hub: Hub) -> None:
    """Click splits a variable at any white space; a job's runner adds nothing to what is captured."""
    here.write(hr="model: gpt-4o\nname: HR\n")
    hub.label(7, "reconciler/allow:too-many-deletes")
    hub.label(7, CONFLICT)
    script = 'RECONCILER_ALLOW="$(python -m reconciler allowed)" python -m reconciler plan -e local --json'

    done = subprocess.run(
        ["sh", "-euc", script.replace("python", command()[0])],
        cwd=here.root,
        env=plain(**hub.environ(pull=7)),
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("{")


def test_without_such_a_label_nobody_is_asked_about(here: Checkout, hub: Hub) -> None:
    hub.label(7, "bug")
    hub.forget()

    assert ignored(here) == ""
    assert {one.path.rpartition("/")[2] for one in hub.requests} == {"labels", "events"}


def test_a_label_that_somebody_else_set_does_not_count(here: Checkout, hub: Hub) -> None:
    hub.label(7, CONFLICT, by="octocat")

    assert ignored(here) == (
        "The label 'reconciler/allow:conflict' does not count: octocat set it, who may not write to this repository.\n"
    )


def test_a_label_that_a_program_set_does_not_count(here: Checkout, hub: Hub) -> None:
    hub.permissions["labeler[bot]"] = "admin"
    hub.label(7, CONFLICT, by="labeler[bot]")

    assert "labeler[bot] set it, and a program cannot allow anything" in ignored(here)


def test_a_label_that_nobody_was_seen_to_set_does_not_count(here: Checkout, hub: Hub) -> None:
    hub.label(7, CONFLICT)
    hub.events[7].clear()

    assert "nobody can tell who set it" in ignored(here)


def test_a_label_that_names_no_objection_does_not_count(here: Checkout, hub: Hub) -> None:
    hub.label(7, "reconciler/allow:conflicts")

    assert "there is no objection 'conflicts', did you mean" in ignored(here)


def test_who_set_a_label_last_counts(here: Checkout, hub: Hub) -> None:
    hub.label(7, CONFLICT, by="maintainer")
    hub.unlabel(7, CONFLICT, by="maintainer")
    hub.label(7, CONFLICT, by="octocat")

    assert "octocat set it" in ignored(here)


def test_a_label_allows_what_was_seen_and_not_what_was_pushed_later(here: Checkout, hub: Hub) -> None:
    hub.label(7, CONFLICT)
    hub.push(7, NEXT)

    assert "it was set before the newest push" in ignored(here)
    hub.unlabel(7, CONFLICT)
    hub.label(7, CONFLICT)
    assert here.run("allowed").out == "conflict\n"


@pytest.mark.parametrize("event", ["head_ref_force_pushed", "base_ref_changed"])
def test_a_label_allows_nothing_in_what_took_the_place_of_what_was_seen(here: Checkout, hub: Hub, event: str) -> None:
    hub.label(7, CONFLICT)
    hub.events[7].append({"event": event, "actor": {"login": "author"}, "created_at": hub.now()})

    assert "it was set before the newest push" in ignored(here)


@pytest.mark.parametrize(
    ("run", "label", "counts"),
    [
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00.500Z", True),
        ("2026-01-31T10:00:00.500Z", "2026-01-31T10:00:00Z", False),
        ("2026-01-31T10:00:00Z", "2026-01-31T11:30:00+02:00", False),
        ("2026-01-31T10:00:00", "2026-01-31T10:00:00Z", True),
        ("2026-01-31T10:00:00Z", "just now", False),
        ("", "2026-01-31T10:00:00Z", False),
    ],
)
def test_moments_are_compared_as_moments(here: Checkout, hub: Hub, run: str, label: str, counts: bool) -> None:
    hub.label(7, CONFLICT)
    hub.all_runs[0]["created_at"], hub.events[7][0]["created_at"] = run, label

    assert (here.run("allowed").out == "conflict\n") is counts


def test_a_label_is_one_in_any_case(here: Checkout, hub: Hub) -> None:
    hub.label(7, "Reconciler/Allow: Conflict")

    assert here.run("allowed").out == "conflict\n"


def test_a_run_that_is_started_again_does_not_make_a_push_newer(here: Checkout, hub: Hub) -> None:
    hub.label(7, CONFLICT)
    hub.run("plan.yml", HEAD)

    assert here.run("allowed").out == "conflict\n"


@pytest.mark.parametrize("event", ["workflow_dispatch", "push"])
def test_only_a_run_of_the_pull_request_shows_when_it_was_pushed(here: Checkout, hub: Hub, event: str) -> None:
    hub.push(7, NEXT, run=False)
    hub.run("plan.yml", NEXT, event=event)
    hub.label(7, CONFLICT)

    assert "plan.yml has not run for the newest push" in ignored(here)


def test_the_workflow_may_have_another_name(here: Checkout, hub: Hub) -> None:
    hub.push(7, NEXT, workflow="review.yml")
    hub.label(7, CONFLICT)

    assert here.run("allowed", "--workflow", "review.yml").out == "conflict\n"


def test_after_the_merge_the_labels_of_the_merged_pull_request_count(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.label(7, CONFLICT)
    hub.merge(7, MERGE)
    for name, value in hub.environ(sha=MERGE).items():
        monkeypatch.setenv(name, value)

    assert here.run("allowed").out == "conflict\n"


def test_without_a_pull_request_there_are_none(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in hub.environ(sha=MERGE).items():
        monkeypatch.setenv(name, value)

    assert ignored(here) == ""


def test_a_pull_request_may_be_named(here: Checkout, hub: Hub) -> None:
    hub.pull(8, head=NEXT)
    hub.push(8, NEXT)
    hub.label(8, CONFLICT)

    assert here.run("allowed", "--pull", "8").out == "conflict\n"


def test_a_token_that_may_not_look_allows_nothing_and_says_so(here: Checkout, hub: Hub) -> None:
    hub.label(7, CONFLICT)
    hub.fail("GET", "/runs", status=403, message="Resource not accessible by integration")

    told = here.run("allowed")

    assert (told.code, told.out) == (1, "")
    assert "permissions: {actions: read}" in told.err


def test_a_label_is_told_of_inertly(here: Checkout, hub: Hub) -> None:
    hub.label(7, "reconciler/allow:\n::error::x\u202e")

    assert "\n::error" not in ignored(here)
    assert "\u202e" not in ignored(here)
