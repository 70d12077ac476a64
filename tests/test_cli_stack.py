"""`--stack` and `reconciler destroy`: throw-away copies of a folder of manifests, and the end of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checkout import Checkout

MANIFESTS = {"one": "model: gpt-4o\nname: One\n", "two": "model: gpt-4o\nname: Two\n"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    found = Checkout(tmp_path, monkeypatch, capsys, **MANIFESTS)
    assert found.run("apply", "--auto-approve").code == 0
    return found


def ids(here: Checkout, *arguments: str) -> dict[str, str]:
    return {key: one["id"] for key, one in here.run("output", "--json", *arguments).data.get("assistant", {}).items()}


def test_another_stack_makes_copies_and_leaves_the_first_alone(here: Checkout) -> None:
    first = ids(here)

    told = here.run("apply", "--stack", "acme-pr-7", "--auto-approve")

    assert (told.code, told.out.splitlines()[-1]) == (0, "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.")
    assert ids(here) == first
    assert ids(here, "--stack", "acme-pr-7").keys() == first.keys()
    assert not set(ids(here, "--stack", "acme-pr-7").values()) & set(first.values())


def test_a_pinned_id_is_the_first_stacks(here: Checkout) -> None:
    first = ids(here)
    here.write(one=MANIFESTS["one"] + f"reconciler: {{id: {{local: {first['one']}}}}}\n")

    assert here.run("plan", "--stack", "acme-pr-7").out.splitlines()[-1].startswith("Plan: 2 to add")
    assert here.run("plan", "--detailed-exitcode").code == 0


def test_a_stack_is_destroyed_as_if_its_folder_were_empty(here: Checkout) -> None:
    first = ids(here)
    here.run("apply", "--stack", "acme-pr-7", "--auto-approve")

    held = here.run("destroy", "--stack", "acme-pr-7", "--auto-approve")
    done = here.run("destroy", "--stack", "acme-pr-7", "--auto-approve", "--allow", "too-many-deletes")

    assert held.code == 1
    assert "--allow too-many-deletes" in held.err
    assert (done.code, done.out.splitlines()[-1]) == (0, "Apply complete! Resources: 0 added, 0 changed, 2 destroyed.")
    assert (ids(here, "--stack", "acme-pr-7"), ids(here)) == ({}, first)


def test_what_destroy_would_delete_is_planned_without_doing_it(here: Checkout) -> None:
    here.run("apply", "--stack", "acme-pr-7", "--auto-approve")

    planned = here.run("plan", "-destroy", "--stack", "acme-pr-7", "--detailed-exitcode")
    destroyed = here.run("destroy", "--stack", "acme-pr-7", "--auto-approve")
    own = here.run("plan", "--destroy", "--allow", "too-many-deletes", "--json").data
    absent = here.run("plan", "--destroy", "--stack", "acme-pr-77")

    assert planned.code == 3
    assert planned.out == destroyed.out
    assert planned.out.splitlines()[-1] == "Plan: 0 to add, 0 to change, 2 to destroy."
    assert "Objection (too-many-deletes)" in planned.out
    assert [(one["key"], one["action"]) for one in own["changes"]] == [("one", "delete"), ("two", "delete")]
    assert [(one["code"], one["allowed"]) for one in own["objections"]] == [("too-many-deletes", True)]
    assert "Note: Nothing here is of stack `acme-pr-77`." in absent.out
    assert (len(ids(here)), len(ids(here, "--stack", "acme-pr-7"))) == (2, 2)


@pytest.mark.parametrize("more", [("one",), ("--base", "main"), ("--drift",), ("--out", "x")])
def test_a_plan_of_destroy_is_of_the_whole_stack_and_not_saved(here: Checkout, more: tuple[str, ...]) -> None:
    told = here.run("plan", "--destroy", *more)

    assert (told.code, told.out) == (1, "")
    assert f"does not go with {'KEYS' if more == ('one',) else more[0]}." in told.err


def test_a_stack_that_is_destroyed_is_not_asked_for_its_manifests(here: Checkout) -> None:
    here.run("apply", "--stack", "acme-pr-7", "--auto-approve")

    assert "no-manifests" not in here.run("destroy", "--stack", "acme-pr-7", "--auto-approve").out


def test_a_stack_that_owns_nothing_is_said_to(here: Checkout) -> None:
    told = here.run("destroy", "--stack", "acme-pr-77", "--auto-approve")

    assert told.code == 0
    assert "Note: Nothing here is of stack `acme-pr-77`." in told.out


def test_nothing_goes_where_no_stack_is_named(here: Checkout) -> None:
    told = here.run("destroy", "--auto-approve")

    assert told.code == 1
    assert "--stack" in told.err
    assert len(ids(here)) == 2


def test_a_copy_goes_with_its_stack_whatever_is_to_become_of_what_it_is_a_copy_of(here: Checkout) -> None:
    here.write(one=MANIFESTS["one"] + "reconciler: {on_removal: keep}\n")
    here.run("apply", "--stack", "acme-pr-7", "--auto-approve")

    told = here.run("destroy", "--stack", "acme-pr-7", "--auto-approve", "--allow", "too-many-deletes")

    assert told.out.splitlines()[-1] == "Apply complete! Resources: 0 added, 0 changed, 2 destroyed."


def test_a_stack_has_a_name_like_any_other(here: Checkout) -> None:
    told = here.run("plan", "--stack", "Acme PR")

    assert told.code == 1
    assert "'Acme PR' is not a valid stack name." in told.err
